#!/usr/bin/env bash
# Registers declared schemas: sets levels and registers the versions that the registry does not have. It changes only declared subjects and
# deletes nothing. It stops at what the registry refuses, and prints its words.
#
# SCHEMAS_FILE has one fact per line, so that each line of a diff names its subject. A line that starts with `#` is a comment.
#   * level=BACKWARD                                            of the whole registry
#   call.events-value level=FULL                                of a subject
#   call.events-value 1 AVRO call.events-value.1.avsc           a version and its file, which is beside SCHEMAS_FILE
#   orders-value 1 AVRO orders-value.1.avsc com.example.Money=com.example.Money:1    … which uses version 1 of another subject
#
# Environment: REGISTRY_URL, with the path of Confluent's interface; SCHEMAS_FILE; and optionally
#   REGISTRY_AUTHORIZATION  the value of the header `Authorization`
#   WAIT_SECONDS            how long to wait for the registry
# Exit status: 0 the registry has what is declared; 1 a failure that a retry may fix; 2 wrong file or environment; 3 the registry refuses
#   what is declared, and a retry does not help.
#
# Of the image it needs bash and `sleep`, and curl for a registry with https: bash alone speaks HTTP here.
set -euo pipefail
export LC_ALL=C

WAIT_SECONDS="${WAIT_SECONDS:-600}"
readonly RETRY=1 USAGE=2 REFUSED=3
readonly CALL_SECONDS=60
readonly TYPE='application/vnd.schemaregistry.v1+json'

# What is declared. A version is keyed `SUBJECT NUMBER`.
subjects=() versions=()
declare -A levels=() files=() formats=() references=()
# What the registry has: its own number of a declared version.
declare -A numbers=()

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
  local line subject number format file more number_of_line=0
  local -A known=()
  wrong_line() { fail "$USAGE" "$SCHEMAS_FILE:$number_of_line: $*"; }
  while IFS= read -r line || [[ $line ]]; do
    number_of_line=$((number_of_line + 1))
    read -r subject number format file more <<<"$line"
    [[ ! $subject || $subject == '#'* ]] && continue
    [[ $subject == '*' || $subject =~ ^[a-zA-Z0-9._-]+$ ]] || wrong_line "\`$subject\` cannot be the name of a subject"
    if [[ $number =~ ^level=[A-Z_]+$ && ! $format ]]; then
      levels[$subject]=${number#level=}
      continue
    fi
    [[ $subject != '*' && $number =~ ^[1-9][0-9]*$ && $file ]] || wrong_line "expected \`SUBJECT VERSION FORMAT FILE\`, found \`$line\`"
    [[ $file != */* && -r $folder/$file ]] || wrong_line "cannot read \`$folder/$file\`"
    [[ ${files["$subject $number"]+set} ]] && wrong_line "version $number of \`$subject\` is declared twice"
    ((number == 1)) || [[ ${files["$subject $((number - 1))"]+set} ]] || wrong_line "version $number of \`$subject\` comes before version $((number - 1))"
    if [[ ! ${known[$subject]+set} ]]; then
      subjects+=("$subject")
      known[$subject]=1
    fi
    versions+=("$subject $number")
    files["$subject $number"]=$folder/$file
    formats["$subject $number"]=$format
    references["$subject $number"]=$more
  done <"$SCHEMAS_FILE"
  ((${#versions[@]})) || fail "$USAGE" "$SCHEMAS_FILE: declares no schema"
}

# --- the registry's REST interface ------------------------------------------------------------------------------------------------

status='' body=''

# call METHOD PATH [BODY]: puts the answer into `status` and `body`. A status of 000 is no answer.
call() {
  local method=$1 path=$2 data=${3-}
  status=000 body=''
  if [[ $scheme == https ]]; then
    call_with_curl
  else
    call_with_bash || true
  fi
}

call_with_curl() {
  local answer arguments=(--silent --show-error --max-time "$CALL_SECONDS" --request "$method" --header "Accept: $TYPE")
  [[ ! ${REGISTRY_AUTHORIZATION-} ]] || arguments+=(--header @-)
  [[ ! $data ]] || arguments+=(--header "Content-Type: $TYPE" --data-raw "$data")
  # In the standard input, because everyone on the node can read the arguments of a process.
  answer=$(curl "${arguments[@]}" --write-out $'\n%{http_code}' "$scheme://$host:$port$prefix$path" 2>&1 <<<"Authorization: ${REGISTRY_AUTHORIZATION-}") || true
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
    printf '%s %s HTTP/1.0\r\nHost: %s:%s\r\nAccept: %s\r\nConnection: close\r\n' "$method" "$prefix$path" "$host" "$port" "$TYPE"
    [[ ! ${REGISTRY_AUTHORIZATION-} ]] || printf 'Authorization: %s\r\n' "$REGISTRY_AUTHORIZATION"
    [[ ! $data ]] || printf 'Content-Type: %s\r\nContent-Length: %s\r\n' "$TYPE" "${#data}"
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

# The words of the registry, in REPLY.
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

# give_up WHAT: ends with what the registry said. 4xx is a refusal, but for a time-out and too many requests.
give_up() {
  words
  case $status in
    408 | 429 | 5* | 000) fail "$RETRY" "$1: $REPLY" ;;
    *) fail "$REFUSED" "$1: $REPLY" ;;
  esac
}

wait_for_registry() {
  local deadline=$((SECONDS + WAIT_SECONDS)) said=''
  while true; do
    call GET /subjects
    [[ $status == 200 ]] && return
    [[ $status == 40[13] ]] && give_up "cannot read the subjects of \`$REGISTRY_URL\`"
    words
    ((SECONDS < deadline)) || fail "$RETRY" "\`$REGISTRY_URL\` is not ready after $WAIT_SECONDS s: $REPLY"
    [[ $REPLY == "$said" ]] || say "waiting for \`$REGISTRY_URL\`: $REPLY"
    said=$REPLY
    sleep 3
  done
}

# --- levels -----------------------------------------------------------------------------------------------------------------------

levels_set=0

# set_level SUBJECT, or `*`.
set_level() {
  local subject=$1 declared=${levels[$1]} path=/config actual=''
  [[ $subject == '*' ]] || path+="/$subject"
  call GET "$path"
  case $status in
    200) field compatibilityLevel && actual=$REPLY ;;
    404) ;;
    *) give_up "cannot read the level of \`$subject\`" ;;
  esac
  [[ $actual != "$declared" ]] || return 0
  call PUT "$path" "{\"compatibility\":\"$declared\"}"
  [[ $status == 200 ]] || give_up "cannot set the level of \`$subject\` to $declared"
  say "~ $subject: level ${actual:-(of the registry)} -> $declared"
  levels_set=$((levels_set + 1))
}

# --- versions ---------------------------------------------------------------------------------------------------------------------

# as_json TEXT: as a string of JSON, in REPLY. A schema has no other control characters.
as_json() {
  REPLY=${1//\\/\\\\}
  REPLY=${REPLY//\"/\\\"}
  REPLY=${REPLY//$'\n'/\\n}
  REPLY=${REPLY//$'\t'/\\t}
  REPLY="\"${REPLY//$'\r'/\\r}\""
}

# request VERSION: the body that describes a version, in REPLY.
request() {
  local version=$1 reference target list='' text
  for reference in ${references[$version]}; do
    target=${reference#*=}
    list+="${list:+,}{\"name\":\"${reference%%=*}\",\"subject\":\"${target%:*}\",\"version\":${numbers["${target%:*} ${target##*:}"]:-0}}"
  done
  text=$(<"${files[$version]}")
  as_json "$text"
  REPLY="{\"schemaType\":\"${formats[$version]}\",\"references\":[$list],\"schema\":$REPLY}"
}

registered=0

# look_up VERSION: whether the registry has it.
look_up() {
  local version=$1 subject=${1% *}
  request "$version"
  call POST "/subjects/$subject" "$REPLY"
  case $status in
    200)
      field version || give_up "version ${version#* } of \`$subject\`"
      numbers[$version]=$REPLY
      field id
      say "  $subject ${version#* }: version ${numbers[$version]}, id $REPLY"
      ;;
    404) return 1 ;;
    *) give_up "cannot look up version ${version#* } of \`$subject\`" ;;
  esac
}

register() {
  local version=$1 subject=${1% *} later
  # On top of a later version it would become the newest, which is not what is declared.
  for later in "${versions[@]}"; do
    [[ ${later% *} == "$subject" ]] && ((${later#* } > ${version#* })) || continue
    request "$later"
    call POST "/subjects/$subject" "$REPLY"
    [[ $status != 200 ]] || fail "$REFUSED" "version ${version#* } of \`$subject\` is not in the registry, and version ${later#* } is: was it deleted or changed there?"
  done
  request "$version"
  call POST "/subjects/$subject/versions" "$REPLY"
  [[ $status == 200 ]] || give_up "the registry refuses version ${version#* } of \`$subject\`"
  registered=$((registered + 1))
  local attempt
  # Another instance may answer, a moment behind.
  for attempt in 1 2 3 4 5; do
    request "$version"
    call POST "/subjects/$subject" "$REPLY"
    [[ $status == 200 ]] && break
    sleep 1
  done
  [[ $status == 200 ]] || give_up "cannot read back version ${version#* } of \`$subject\`"
  field version
  numbers[$version]=$REPLY
  field id
  say "+ $subject ${version#* }: version ${numbers[$version]}, id $REPLY"
}

# --- main -------------------------------------------------------------------------------------------------------------------------

for name in REGISTRY_URL SCHEMAS_FILE; do
  [[ ${!name-} ]] || fail "$USAGE" "the environment variable \`$name\` is not set"
done
[[ $WAIT_SECONDS =~ ^[1-9][0-9]{0,5}$ ]] || fail "$USAGE" "\`WAIT_SECONDS\` must be a positive number, found \`$WAIT_SECONDS\`"
[[ $REGISTRY_URL =~ ^(https?)://(\[[0-9a-fA-F:.]+\]|[^/:]+)(:([0-9]+))?(/.*)?$ ]] || fail "$USAGE" "\`REGISTRY_URL\` is not an http(s) URL: \`$REGISTRY_URL\`"
scheme=${BASH_REMATCH[1]} host=${BASH_REMATCH[2]} port=${BASH_REMATCH[4]} prefix=${BASH_REMATCH[5]%/}
[[ $port ]] || port=$([[ $scheme == https ]] && echo 443 || echo 80)
[[ $scheme == http ]] || type -P curl >/dev/null || fail "$USAGE" 'no `curl` in this image, which https needs'
[[ -r $SCHEMAS_FILE && ! -d $SCHEMAS_FILE ]] || fail "$USAGE" "cannot read \`$SCHEMAS_FILE\`"
folder=${SCHEMAS_FILE%/*}
[[ $folder != "$SCHEMAS_FILE" ]] || folder=.
read_declared
trap 'exit 143' TERM INT # bash ignores them by default when it is process 1 of a container

wait_for_registry
[[ ! ${levels['*']+set} ]] || set_level '*'
# Before the versions, which are judged by them.
for subject in "${subjects[@]}"; do
  [[ ! ${levels[$subject]+set} ]] || set_level "$subject"
done
for version in "${versions[@]}"; do
  look_up "$version" || register "$version"
done
say "${#subjects[@]} subjects, ${#versions[@]} versions: $registered registered, $((${#versions[@]} - registered)) unchanged; $levels_set levels set"
