
# --- a server that is closed ------------------------------------------------------------------------------------------------------
#
# Environment: REST_AUTHORITY, a file with the certificate of who signed the server's; and for basic authentication REST_USER, and
# REST_PASSWORD_FILE, a file with the password.

[[ -r $REST_AUTHORITY ]] || fail "$USAGE" "cannot read \`$REST_AUTHORITY\`"
[[ ! ${REST_USER-} || -r $REST_PASSWORD_FILE ]] || fail "$USAGE" "cannot read the password of \`$REST_USER\` from \`$REST_PASSWORD_FILE\`"

# Every call of curl gets in: by a file, because everyone on the node can read the arguments of a process. The password is read for each,
# because it may change while the Job waits.
curl() {
  command curl --cacert "$REST_AUTHORITY" --config <(login) "$@"
}

login() {
  local password
  [[ ${REST_USER-} ]] || return 0
  password=$(<"$REST_PASSWORD_FILE")
  password=${password//\\/\\\\}
  printf 'user = "%s:%s"\n' "$REST_USER" "${password//\"/\\\"}"
}
