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
# Beside it is `rest.sh`. Of the image it needs bash and `sleep`, and curl for a registry with https.
set -euo pipefail
export LC_ALL=C

WAIT_SECONDS="${WAIT_SECONDS:-600}"

# shellcheck source=src/workload/rest.sh
source "${BASH_SOURCE[0]%/*}/rest.sh"

# What is declared. A version is keyed `SUBJECT NUMBER`.
subjects=() versions=()
declare -A levels=() files=() formats=() references=()
# What the registry has: its own number of a declared version.
declare -A numbers=()

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
server REGISTRY_URL 'application/vnd.schemaregistry.v1+json' "${REGISTRY_AUTHORIZATION-}"
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
