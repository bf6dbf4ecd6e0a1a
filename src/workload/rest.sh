#!/usr/bin/env bash
# The calls of a Job's script to a server with a REST interface, and what it says. A script sources it.
#
# Of the image it needs bash, and curl for https: bash alone speaks HTTP here.

readonly RETRY=1 USAGE=2 REFUSED=3
readonly CALL_SECONDS=60

say() { printf '%s\n' "$*"; }
complain() { printf 'error: %s\n' "$*" >&2; }
fail() {
  local status=$1
  shift
  complain "$@"
  exit "$status"
}

scheme='' host='' port='' prefix='' media_type='' authorization='' authority=''

# server VARIABLE TYPE [AUTHORIZATION [AUTHORITY]]: the variable has the URL of the server; TYPE is that of the bodies, AUTHORIZATION the
# value of the header, and AUTHORITY a file with the certificate of who signed the server's.
server() {
  local url=${!1}
  media_type=$2 authorization=${3-} authority=${4-}
  # A Secret whose value was written with `echo` ends with a new line.
  while [[ $authorization == *[$'\r\n'] ]]; do authorization=${authorization%?}; done
  [[ $authorization != *[$'\r\n']* ]] || fail "$USAGE" 'the value of the header `Authorization` is not one line'
  [[ $url =~ ^(https?)://(\[[0-9a-fA-F:.]+\]|[^/:]+)(:([0-9]+))?(/.*)?$ ]] || fail "$USAGE" "\`$1\` is not an http(s) URL: \`$url\`"
  scheme=${BASH_REMATCH[1]} host=${BASH_REMATCH[2]} port=${BASH_REMATCH[4]} prefix=${BASH_REMATCH[5]%/}
  [[ $port ]] || port=$([[ $scheme == https ]] && echo 443 || echo 80)
  [[ $scheme == http ]] || type -P curl >/dev/null || fail "$USAGE" 'no `curl` in this image, which https needs'
}

status='' body=''

# call METHOD PATH [BODY]: puts the answer into `status` and `body`. A status of 000 is no answer. Every call may be made twice, so one that
# a busy server took and did not answer is made again.
call() {
  local method=$1 path=$2 data=${3-} tries
  for tries in 1 2 3; do
    status=000 body=''
    if [[ $scheme == https ]]; then
      call_with_curl
    else
      call_with_bash || return 0
    fi
    [[ $status == 000 ]] || return 0
  done
}

call_with_curl() {
  local answer arguments=(--silent --show-error --max-time "$CALL_SECONDS" --request "$method" --header "Accept: $media_type")
  [[ ! $authorization ]] || arguments+=(--header @-)
  [[ ! $authority ]] || arguments+=(--cacert "$authority")
  arguments+=(--write-out $'\n%{http_code}' "$scheme://$host:$port$prefix$path")
  # The header is in the standard input, because everyone on the node can read the arguments of a process. What `<(…)` opens is closed when
  # its command ends: it must be one of curl itself.
  if [[ $data ]]; then
    answer=$(curl "${arguments[@]}" --header "Content-Type: $media_type" --data-binary @<(printf '%s' "$data") 2>&1 <<<"Authorization: $authorization") || true
  else
    answer=$(curl "${arguments[@]}" 2>&1 <<<"Authorization: $authorization") || true
  fi
  status=${answer##*$'\n'} body=${answer%$'\n'*}
  [[ $status =~ ^[0-9]{3}$ ]] || status=000 body=$answer
}

# HTTP 1.0, so that the answer ends with the connection and is not cut into chunks.
call_with_bash() {
  local line length='' connection
  { exec {connection}<>"/dev/tcp/${host//[\[\]]/}/$port"; } 2>/dev/null || {
    body="cannot connect to $host:$port"
    return 1
  }
  {
    printf '%s %s HTTP/1.0\r\nHost: %s:%s\r\nAccept: %s\r\nConnection: close\r\n' "$method" "$prefix$path" "$host" "$port" "$media_type"
    [[ ! $authorization ]] || printf 'Authorization: %s\r\n' "$authorization"
    [[ $method != P* ]] || printf 'Content-Type: %s\r\nContent-Length: %s\r\n' "$media_type" "${#data}"
    printf '\r\n%s' "$data"
  } >&"$connection" 2>/dev/null || true
  body='no answer in time'
  if IFS= read -r -t "$CALL_SECONDS" -u "$connection" line && [[ $line =~ ^HTTP/1\.[01]\ ([0-9]{3}) ]]; then
    status=${BASH_REMATCH[1]} body=''
    while IFS= read -r -t "$CALL_SECONDS" -u "$connection" line && [[ $line != $'\r' && $line ]]; do
      [[ ${line,,} =~ ^content-length:\ *([0-9]+) ]] && length=${BASH_REMATCH[1]}
    done
    if [[ $length ]]; then
      IFS= read -r -d '' -t "$CALL_SECONDS" -N "$length" -u "$connection" body || true
    else
      IFS= read -r -d '' -t "$CALL_SECONDS" -u "$connection" body || true
    fi
  fi
  exec {connection}>&-
}

# field NAME: a number or a string of the answer, in REPLY.
field() {
  local text="\"$1\"[[:space:]]*:[[:space:]]*(\"(([^\"\\\\]|\\\\.)*)\"|-?[0-9]+)"
  REPLY=''
  [[ $body =~ $text ]] || return 1
  REPLY=${BASH_REMATCH[2]:-${BASH_REMATCH[1]}}
}

# The words of the server, in REPLY.
words() {
  local code=''
  field error_code && code=" ($REPLY)"
  if field message; then
    REPLY=${REPLY//\\\"/\"}
    REPLY=${REPLY//\\n/ }
  else
    REPLY=${body:-no words}
  fi
  REPLY="HTTP $status$code: $REPLY"
}

# give_up WHAT: ends with what the server said. 4xx is a refusal, but for a time-out and too many requests.
give_up() {
  words
  case $status in
    408 | 429 | 5* | 000) fail "$RETRY" "$1: $REPLY" ;;
    *) fail "$REFUSED" "$1: $REPLY" ;;
  esac
}
