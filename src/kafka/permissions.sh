#!/usr/bin/env bash
# Brings users, permissions and quotas of a closed cluster to what is declared. It touches only users that are declared: what such a user may
# do beside that is removed. It never prints a password, and gives none as an argument.
#
# PERMISSIONS_FILE has one fact in each line. A line that starts with `#` is a comment.
#   billing password                              a user of SCRAM-SHA-512, whose password is in PASSWORDS/billing/password
#   orders token                                  a user that shows a token of an identity provider, and has no password
#   platform:exporter certificate                 a user that shows a certificate, and has no password
#   billing acl topic literal calls READ          kind, pattern, name, operation; kind is topic, group, transactional-id or cluster
#   billing quota producer_byte_rate 5242880
#   * quota request_percentage 200                of all users that have no quota of their own; without such a line these quotas are left alone
#   * quota none                                  they are removed
#   crm retired                                   the user is gone: its password, permissions and quotas are removed
#
# A changed password is found by logging in with the declared one.
#
# Environment: BOOTSTRAP_SERVERS and COMMAND_CONFIG, by which the administrator connects; LOGIN_SERVERS, where users log in; PERMISSIONS_FILE;
#   PASSWORDS; and optionally
#   WAIT_SECONDS    how long to wait for the brokers
#   PARALLEL        how many commands run at the same time; each is a JVM of about 150 MB
#   KAFKA_ACLS, KAFKA_CONFIGS, KAFKA_BROKER_API_VERSIONS  the commands, for an image that names them differently
# Exit status: 0 all is as declared; 1 a failure that a retry may fix, such as a missing password; 2 wrong file or environment; 3 Kafka
#   refuses what is declared, and a retry does not help.
set -euo pipefail
export LC_ALL=C
umask 077

# The commands are short-lived: the JVM's defaults for servers would only make them slower.
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xmx128m}"
export KAFKA_JVM_PERFORMANCE_OPTS="${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1}"
export LOG_DIR="${LOG_DIR:-/tmp}" # Kafka's start script makes this directory; its default is on the read-only root

COMMAND_CONFIG="${COMMAND_CONFIG:-}"
WAIT_SECONDS="${WAIT_SECONDS:-600}"
PARALLEL="${PARALLEL:-2}"
KAFKA_ACLS="${KAFKA_ACLS:-kafka-acls}"
KAFKA_CONFIGS="${KAFKA_CONFIGS:-kafka-configs}"
KAFKA_BROKER_API_VERSIONS="${KAFKA_BROKER_API_VERSIONS:-kafka-broker-api-versions}"

readonly RETRY=1 USAGE=2 REFUSED=3
readonly CALL_SECONDS=120 # of one command; Kafka's own limit of a request is 60 s
readonly LOGIN_SECONDS=60 # a login that nothing refuses and nothing answers
readonly MECHANISM=SCRAM-SHA-512
readonly ITERATIONS=8192

# Declared and actual state. An entry of `acls` is `KIND PATTERN NAME OPERATION`, in lines of a string.
users=()
declare -A kind=() acls=() quotas=()
declare -A actual_acls=() actual_quotas=() credentials=()

# What has to be done: `plan` in words, for a person; the rest by user.
plan=() problems=() missing=()
declare -A grants=() revokes=() sets=() deletes=() logins=() drops=()

say() { printf '%s\n' "$*"; }
complain() { printf 'error: %s\n' "$*" >&2; }
fail() {
  local status=$1
  shift
  complain "$@"
  exit "$status"
}

# --- declared state ---------------------------------------------------------------------------------------------------------------

read_declared() {
  local line user fact rest number=0
  wrong() { fail "$USAGE" "$PERMISSIONS_FILE:$number: $*"; }
  while IFS= read -r line || [[ $line ]]; do
    number=$((number + 1))
    read -r user fact rest <<<"$line" || true
    [[ ! $user || $user == '#'* ]] && continue
    [[ $user == '*' || $user =~ ^(platform:)?[a-zA-Z0-9._-]+$ ]] || wrong "\`$user\` cannot be the name of a user"
    if [[ ! ${kind[$user]+set} ]]; then
      users+=("$user")
      kind[$user]='' acls[$user]='' quotas[$user]=''
    fi
    case $fact in
      password | certificate | token | retired)
        [[ ! $rest && ! ${kind[$user]} && $user != '*' ]] || wrong "unexpected \`$line\`"
        kind[$user]=$fact
        ;;
      acl)
        [[ $rest =~ ^(topic|group|transactional-id|cluster)\ (literal|prefixed)\ [^[:space:]]+\ [A-Z_]+$ && $user != '*' ]] ||
          wrong "expected \`USER acl KIND PATTERN NAME OPERATION\`, found \`$line\`"
        acls[$user]+=$rest$'\n'
        ;;
      quota)
        [[ $user != '*' || $rest != none ]] || continue
        [[ $rest =~ ^(producer_byte_rate|consumer_byte_rate|request_percentage)\ [1-9][0-9]{0,17}$ ]] ||
          wrong "expected \`USER quota KEY VALUE\`, found \`$line\`"
        quotas[$user]+=$rest$'\n'
        ;;
      *) wrong "expected \`USER password|certificate|token|retired|acl|quota …\`, found \`$line\`" ;;
    esac
  done <"$PERMISSIONS_FILE"
  ((${#users[@]})) || fail "$USAGE" "$PERMISSIONS_FILE: declares no user"
  for user in "${users[@]}"; do
    [[ ${kind[$user]} || $user == '*' ]] || fail "$USAGE" "$PERMISSIONS_FILE: user \`$user\` has neither \`password\` nor \`certificate\` nor \`token\`"
    [[ ${kind[$user]} != retired || ! ${acls[$user]}${quotas[$user]} ]] || fail "$USAGE" "$PERMISSIONS_FILE: user \`$user\` is retired and has permissions"
  done
}

# check_password USER: 0 if its file is there and a client could use what it holds; the reason in REPLY otherwise.
check_password() {
  local file=$PASSWORDS/$1/password password=''
  if [[ ! -r $file ]]; then
    REPLY="no password of \`$1\`: its Secret is missing, or has no key \`password\`"
    return 1
  fi
  IFS= read -r -d '' password <"$file" || true
  case $password in
    '') REPLY="the password of \`$1\` is empty" ;;
    *$'\n'*) REPLY="the password of \`$1\` has a line break: a client cannot log in with it. Write the Secret without one (\`printf\`, not \`echo\`)" ;;
    *[!\ -~]* | *['"\']*) REPLY="the password of \`$1\` has a character that a client's settings cannot hold: use printable ASCII without \`\"\` and \`\\\`" ;;
    *) return 0 ;;
  esac
  return 1
}

# --- Kafka's commands -------------------------------------------------------------------------------------------------------------

# kafka COMMAND ARGUMENT…: as the administrator.
kafka() {
  local command=$1
  shift
  timeout "$CALL_SECONDS" "$command" --bootstrap-server "$BOOTSTRAP_SERVERS" ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} "$@"
}

# reason STATUS OUTPUT: puts the error message of a command into REPLY, as one line.
reason() {
  local status=$1 line last='' cause='' unreached=''
  local exception='^(Caused by: |Exception in thread "[^"]*" )?([a-z]+[.])+([A-Z][A-Za-z]*(Exception|Error).*)'
  local connection='(Connection to node .+ (could not be established|failed authentication).*)'
  while IFS= read -r line; do
    if [[ $line =~ $exception ]]; then
      cause=${BASH_REMATCH[3]}
    elif [[ $line =~ $connection ]]; then
      unreached=${BASH_REMATCH[1]}
    elif [[ $line == 'Error while executing'* ]]; then
      cause=${cause:-${line#*: }}
    elif [[ $line == *[![:blank:]]* ]]; then
      last=$line
    fi
  done <<<"$2"
  if ((status == 124 || status == 143)) || [[ $cause == TimeoutException* ]]; then
    REPLY="no answer in time${unreached:+: $unreached}"
  else
    REPLY=${cause:-${last:-exit status $status}}
  fi
}

# whole NUMBER: a number as Java prints a double, such as `5.24288E7`, in digits, in REPLY.
whole() {
  local digits
  if [[ $1 =~ ^([0-9]+)\.([0-9]+)E([0-9]+)$ ]]; then
    printf -v digits '%s%-*s' "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}" "${BASH_REMATCH[2]}"
    digits=${digits// /0}
    REPLY=${digits:0:${#BASH_REMATCH[1]}+BASH_REMATCH[3]}
  else
    REPLY=${1%.0}
  fi
}

# Reads what there is. Fails if there is no answer, with the reason in REPLY.
read_actual() {
  local acls_pid status=0
  kafka "$KAFKA_ACLS" --list >"$tmp/acls" 2>"$tmp/acls.err" &
  acls_pid=$!
  kafka "$KAFKA_CONFIGS" --describe --entity-type users >"$tmp/users" 2>"$tmp/users.err" || status=$?
  if ((status)); then
    wait "$acls_pid" || true
    reason "$status" "$(<"$tmp/users")"$'\n'"$(<"$tmp/users.err")"
    return 1
  fi
  wait "$acls_pid" || status=$?
  # It also ends with 0 after an error.
  if ((status)) || [[ $(<"$tmp/acls") == *'Error while executing'* ]]; then
    reason "$status" "$(<"$tmp/acls")"$'\n'"$(<"$tmp/acls.err")"
    return 1
  fi
  parse_acls <"$tmp/acls"
  parse_users <"$tmp/users"
}

# ``Current ACLs for resource `ResourcePattern(resourceType=TOPIC, name=calls, patternType=LITERAL)`: ``, then one line per entry:
# `(principal=User:billing, host=*, operation=READ, permissionType=ALLOW)`.
parse_acls() {
  local line resource='' user entry
  local of_resource='resourceType=([A-Z_]+), name=(.+), patternType=([A-Z]+)\)'
  local of_entry='\(principal=User:(.+), host=(.+), operation=([A-Z_]+), permissionType=([A-Z]+)\)'
  actual_acls=()
  while IFS= read -r line; do
    if [[ $line =~ $of_resource ]]; then
      resource=${BASH_REMATCH[1],,} entry=${BASH_REMATCH[3],,}
      resource="${resource/_/-} $entry ${BASH_REMATCH[2]}"
    elif [[ $line =~ $of_entry ]]; then
      user=${BASH_REMATCH[1]}
      [[ ${kind[$user]+set} ]] || continue
      entry="$resource ${BASH_REMATCH[3]}"
      [[ ${BASH_REMATCH[4]} == ALLOW && ${BASH_REMATCH[2]} == '*' ]] || entry+=" ${BASH_REMATCH[4]} ${BASH_REMATCH[2]}"
      actual_acls[$user]+=$entry$'\n'
    fi
  done
}

# `SCRAM credential configs for user-principal 'billing' are SCRAM-SHA-512=iterations=8192`,
# `Quota configs for user-principal 'billing' are producer_byte_rate=50000.0, …`, `Quota configs for the default user-principal are …`.
parse_users() {
  local line user facts fact
  actual_quotas=() credentials=()
  while IFS= read -r line; do
    if [[ $line =~ ^SCRAM\ credential\ configs\ for\ user-principal\ \'(.+)\'\ are\ (.+)$ ]]; then
      user=${BASH_REMATCH[1]} facts=${BASH_REMATCH[2]}
      [[ ${kind[$user]+set} ]] || continue
      while [[ $facts =~ (SCRAM-SHA-[0-9]+)(.*)$ ]]; do
        credentials[$user]+=" ${BASH_REMATCH[1]} " facts=${BASH_REMATCH[2]}
      done
      continue
    elif [[ $line =~ ^Quota\ configs\ for\ user-principal\ \'(.+)\'\ are\ (.+)$ ]]; then
      user=${BASH_REMATCH[1]} facts=${BASH_REMATCH[2]}
    elif [[ $line =~ ^Quota\ configs\ for\ the\ default\ user-principal\ are\ (.+)$ ]]; then
      user='*' facts=${BASH_REMATCH[1]}
    else
      continue
    fi
    [[ ${kind[$user]+set} ]] || continue
    for fact in ${facts//, / }; do
      whole "${fact#*=}"
      actual_quotas[$user]+="${fact%%=*} $REPLY"$'\n'
    done
  done
}

# logs_in USER: 0 if it does, 1 if it is refused, 2 if there is no answer.
logs_in() {
  local output status=0
  # The command finds the password by itself: it is neither in its arguments nor in this file.
  {
    printf '%s\n' 'security.protocol=SASL_SSL' "sasl.mechanism=$MECHANISM" 'config.providers=dir' \
      'config.providers.dir.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider' \
      "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"$1\" password=\"\${dir:$PASSWORDS/$1:password}\";"
    # The same trust as the administrator's.
    while IFS= read -r output; do
      [[ $output != ssl.truststore.* ]] || printf '%s\n' "$output"
    done <"$COMMAND_CONFIG"
  } >"$tmp/login-$1.properties"
  output=$(timeout "$LOGIN_SECONDS" "$KAFKA_BROKER_API_VERSIONS" --bootstrap-server "$LOGIN_SERVERS" --command-config "$tmp/login-$1.properties" 2>&1) ||
    status=$?
  [[ $output != *'invalid credentials'* ]] || return 1
  ((status == 0)) || return 2
}

# --- plan -------------------------------------------------------------------------------------------------------------------------

# without LINES OTHERS: the lines that are not among others, in `left`.
without() {
  local line
  left=''
  while IFS= read -r line; do
    if [[ $line && $'\n'$2 != *$'\n'"$line"$'\n'* ]]; then
      left+=$line$'\n'
    fi
  done <<<"$1"
}

# tell SIGN USER WHAT LINES: a line of the plan for each.
tell() {
  local line
  while IFS= read -r line; do
    [[ ! $line ]] || plan+=("$1 $2 $3 $line")
  done <<<"$4"
}

# make_plan [PASSWORDS]: also whether passwords changed, which takes a command for each user.
make_plan() {
  local user mechanism left pid state
  local -A pids=()
  plan=() missing=() grants=() revokes=() sets=() deletes=() logins=() drops=()
  for user in "${users[@]}"; do
    [[ ${kind[$user]} == password ]] || continue
    if ! check_password "$user"; then
      missing+=("$REPLY")
    elif [[ ${credentials[$user]-} != *" $MECHANISM "* ]]; then
      logins[$user]=new
      plan+=("+ $user password")
    elif [[ ${1-} ]]; then
      while (($(jobs -rp | wc -l) >= PARALLEL)); do wait -n || true; done
      logs_in "$user" &
      pids[$user]=$!
    fi
  done
  for user in "${users[@]}"; do
    [[ ${pids[$user]+set} ]] || continue
    state=0
    wait "${pids[$user]}" || state=$?
    ((state)) || continue
    logins[$user]=changed
    if ((state == 1)); then
      plan+=("~ $user password: it cannot log in with the declared one")
    else
      plan+=("~ $user password: \`$LOGIN_SERVERS\` does not answer, so it is set again")
    fi
  done
  for user in "${users[@]}"; do
    for mechanism in ${credentials[$user]-}; do
      if [[ ${kind[$user]} != password || $mechanism != "$MECHANISM" ]]; then
        drops[$user]+="$mechanism "
        plan+=("- $user password ($mechanism)")
      fi
    done
    without "${acls[$user]}" "${actual_acls[$user]-}"
    grants[$user]=$left
    tell + "$user" acl "$left"
    without "${actual_acls[$user]-}" "${acls[$user]}"
    revokes[$user]=$left
    tell - "$user" acl "$left"
    without "${quotas[$user]}" "${actual_quotas[$user]-}"
    sets[$user]=$left
    tell + "$user" quota "$left"
    left=''
    local fact value
    while read -r fact value; do
      # Another value of a key that is declared is set, not deleted.
      if [[ $fact && $'\n'${quotas[$user]} != *$'\n'"$fact "* ]]; then
        deletes[$user]+=$fact,
        plan+=("- $user quota $fact $value")
      fi
    done <<<"${actual_quotas[$user]-}"
  done
}

# --- writes -----------------------------------------------------------------------------------------------------------------------

# pascal OPERATION: `ALTER_CONFIGS` as the command takes it, `AlterConfigs`, in REPLY.
pascal() {
  local word
  REPLY=''
  for word in ${1//_/ }; do
    word=${word,,}
    REPLY+=${word^}
  done
}

# change_acls add|remove USER LINES: one command for all entries that differ in the resource alone.
change_acls() {
  local action=$1 user=$2 resource pattern name operation permission host group
  local -A flags=()
  while read -r resource pattern name operation permission host; do
    [[ $resource ]] || continue
    group="$pattern $operation ${permission:-ALLOW} ${host:-*}"
    case $resource in
      cluster) flags[$group]+='--cluster'$'\n' ;;
      *) flags[$group]+="--$resource"$'\n'"$name"$'\n' ;;
    esac
  done <<<"$3"
  local arguments
  for group in "${!flags[@]}"; do
    read -r pattern operation permission host <<<"$group"
    pascal "$operation"
    mapfile -t arguments <<<"${flags[$group]%$'\n'}"
    write "$user" "$KAFKA_ACLS" "--$action" --force "--${permission,,}-principal" "User:$user" "--${permission,,}-host" "$host" \
      --operation "$REPLY" --resource-pattern-type "$pattern" "${arguments[@]}"
  done
}

# write USER COMMAND ARGUMENT…: in the background, not too many at once.
writes=0
write() {
  while (($(jobs -rp | wc -l) >= PARALLEL)); do wait -n || true; done
  writes=$((writes + 1))
  run_write "$tmp/write-$writes" "$@" &
}

run_write() {
  local file=$1 user=$2 output status=0
  shift 2
  output=$(kafka "$@" 2>&1) || status=$?
  if ((status)) || [[ $output == *'Error while executing'* ]]; then
    reason "$status" "$output"
    printf '%s: %s\n' "$user" "$REPLY" >"$file.error"
  fi
}

# set_password USER: by a pipe, so that the password is in no argument and no file of ours. A backslash would begin an escape in a
# property file; `check_password` allows none.
set_password() {
  local user=$1 password=''
  IFS= read -r -d '' password <"$PASSWORDS/$user/password" || true
  run_write "$tmp/password-$user" "$user" "$KAFKA_CONFIGS" --alter --entity-type users --entity-name "$user" \
    --add-config-file <(printf '%s=iterations=%s,password=%s\n' "$MECHANISM" "$ITERATIONS" "$password")
}

entity() {
  if [[ $1 == '*' ]]; then
    REPLY=--entity-default
  else
    REPLY="--entity-name=$1"
  fi
}

apply_plan() {
  local user list file mechanism error refused=0
  for user in "${users[@]}"; do
    change_acls add "$user" "${grants[$user]-}"
  done
  wait
  # After the permissions: who waits until a new user can log in waits for them too.
  for user in "${!logins[@]}"; do
    while (($(jobs -rp | wc -l) >= PARALLEL)); do wait -n || true; done
    set_password "$user" &
  done
  for user in "${users[@]}"; do
    change_acls remove "$user" "${revokes[$user]-}"
    for mechanism in ${drops[$user]-}; do
      write "$user" "$KAFKA_CONFIGS" --alter --entity-type users --entity-name "$user" --delete-config "$mechanism"
    done
    entity "$user"
    list=${sets[$user]-}
    if [[ $list ]]; then
      list=${list%$'\n'}
      list=${list// /=}
      write "$user" "$KAFKA_CONFIGS" --alter --entity-type users "$REPLY" --add-config "${list//$'\n'/,}"
    fi
    entity "$user"
    if [[ ${deletes[$user]-} ]]; then
      write "$user" "$KAFKA_CONFIGS" --alter --entity-type users "$REPLY" --delete-config "${deletes[$user]%,}"
    fi
  done
  wait
  for file in "$tmp"/*.error; do
    [[ -e $file ]] || return 0
    error=$(<"$file")
    complain "$error"
    [[ $error != *@(Invalid|Unsupported|Unacceptable|Policy|IllegalArgument)* ]] || refused=1
  done
  ((refused)) && fail "$REFUSED" 'Kafka refuses a part of what is declared'
  fail "$RETRY" 'not everything was written'
}

# --- main -------------------------------------------------------------------------------------------------------------------------

for name in BOOTSTRAP_SERVERS COMMAND_CONFIG LOGIN_SERVERS PERMISSIONS_FILE PASSWORDS; do
  [[ ${!name-} ]] || fail "$USAGE" "the environment variable \`$name\` is not set"
done
for name in WAIT_SECONDS PARALLEL; do
  [[ ${!name} =~ ^[1-9][0-9]{0,5}$ ]] || fail "$USAGE" "\`$name\` must be a positive number, found \`${!name}\`"
done
[[ -r $PERMISSIONS_FILE && ! -d $PERMISSIONS_FILE ]] || fail "$USAGE" "cannot read \`$PERMISSIONS_FILE\`"
for name in KAFKA_ACLS KAFKA_CONFIGS KAFKA_BROKER_API_VERSIONS; do
  type -P "${!name}" >/dev/null || fail "$USAGE" "no command \`${!name}\` in this image"
done
shopt -s extglob
trap 'exit 143' TERM INT # bash ignores them by default when it is process 1 of a container
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
read_declared

said='' deadline=$((SECONDS + WAIT_SECONDS))
until read_actual; do
  state="waiting for \`$BOOTSTRAP_SERVERS\`: $REPLY"
  ((SECONDS < deadline)) || fail "$RETRY" "not ready after $WAIT_SECONDS s: $REPLY"
  [[ $state == "$said" ]] || say "$state"
  said=$state
  sleep 3
done
make_plan passwords
if ((${#plan[@]})); then
  printf '%s\n' "${plan[@]}"
  apply_plan
  # What was written is there once all brokers have heard of it.
  for attempt in 1 2 3 4 5; do
    sleep 1
    read_actual || fail "$RETRY" "cannot read what was written: $REPLY"
    make_plan
    ((${#plan[@]})) || break
    ((attempt < 5)) || fail "$RETRY" "still not as declared: ${plan[*]}"
  done
fi
if ((${#missing[@]})); then
  for problem in "${missing[@]}"; do
    complain "$problem"
  done
  fail "$RETRY" 'all else is as declared'
fi
say "as declared: ${#users[@]} users"
