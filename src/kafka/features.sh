#!/usr/bin/env bash
# Raises the features of a cluster to what is declared: `metadata.version` and the others, each by its name. It only goes forward. It never
# raises `kraft.version`, which `kafka-features upgrade --release-version` would: with static voters that cannot be taken back.
#
# FEATURES_FILE has a feature in each line: its name, its level, and what `kafka-features describe` calls the level if that is a text.
# A line that starts with `#` is a comment.
#   group.version 1
#   metadata.version 30 4.3-IV0
#
# Kafka refuses a level that one of the registered nodes, brokers and controllers, does not support: even one that is down. So the script
# asks with `--dry-run` until all nodes run a release that supports the levels, and then raises them in one request.
#
# Environment: BOOTSTRAP_SERVERS; FEATURES_FILE; and optionally
#   COMMAND_CONFIG  client properties, for a secured cluster
#   WAIT_SECONDS    how long to wait for the nodes
#   KAFKA_FEATURES  the command, for an image that names it differently
# Exit status: 0 the features are as declared; 1 a failure that a retry may fix; 2 wrong file or environment; 3 the cluster is ahead of what
#   is declared, or Kafka refuses it: a retry does not help.
set -euo pipefail
export LC_ALL=C

# The command is short-lived: the JVM's defaults for servers would only make it slower.
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xmx128m}"
export KAFKA_JVM_PERFORMANCE_OPTS="${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1}"
export LOG_DIR="${LOG_DIR:-/tmp}" # Kafka's start script makes this directory; its default is on the read-only root

COMMAND_CONFIG="${COMMAND_CONFIG:-}"
WAIT_SECONDS="${WAIT_SECONDS:-600}"
KAFKA_FEATURES="${KAFKA_FEATURES:-kafka-features}"

readonly RETRY=1 USAGE=2 REFUSED=3
readonly CALL_SECONDS=120 # of one command; Kafka's own limit of a request is 60 s

features=()
declare -A level=() text=() finalized=()
plan=() raises=() problems=()

say() { printf '%s\n' "$*"; }
complain() { printf 'error: %s\n' "$*" >&2; }
fail() {
  local status=$1
  shift
  complain "$@"
  exit "$status"
}

read_declared() {
  local line name number words further row=0
  while IFS= read -r line || [[ $line ]]; do
    row=$((row + 1))
    read -r name number words further <<<"$line" || true
    [[ ! $name || $name == '#'* ]] && continue
    if [[ ! $name =~ ^[a-z.]+$ || ! $number =~ ^[1-9][0-9]{0,3}$ || $further ]]; then
      fail "$USAGE" "$FEATURES_FILE:$row: expected \`FEATURE LEVEL [TEXT]\`, found \`$line\`"
    elif [[ $name == kraft.version ]]; then
      fail "$USAGE" "$FEATURES_FILE:$row: \`kraft.version\` is not raised here: with static voters it cannot be taken back"
    elif [[ ${level[$name]+set} ]]; then
      fail "$USAGE" "$FEATURES_FILE:$row: \`$name\` is there twice"
    fi
    features+=("$name")
    level[$name]=$number text[$name]=${words:-$number}
  done <"$FEATURES_FILE"
  ((${#features[@]})) || fail "$USAGE" "$FEATURES_FILE: declares no feature"
}

# kafka ARGUMENT…: runs `kafka-features`; its messages are on both outputs.
kafka() {
  timeout "$CALL_SECONDS" "$KAFKA_FEATURES" --bootstrap-server "$BOOTSTRAP_SERVERS" ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} "$@" 2>&1
}

# reason OUTPUT: puts the error message of the command into REPLY, as one line.
reason() {
  local line last='no answer in time'
  local refusal='(Can|Could) not (up|down)grade [^ ]+ to [0-9]+\. (.+)'
  local exception='^(Caused by: |Exception in thread "[^"]*" )?([a-z]+[.])+([A-Z][A-Za-z]*(Exception|Error).*)'
  while IFS= read -r line; do
    if [[ $line =~ $refusal ]]; then
      REPLY=${BASH_REMATCH[3]#The update failed for all features since the following feature had an error: }
      return
    elif [[ $line =~ $exception ]]; then
      last=${BASH_REMATCH[3]}
    elif [[ $line == *'could not be established'* ]]; then
      last=${line#*] }
    fi
  done <<<"$1"
  REPLY=$last
}

# `Feature: NAME  SupportedMinVersion: …  SupportedMaxVersion: …  FinalizedVersionLevel: LEVEL  Epoch: …`
read_finalized() {
  local line
  finalized=()
  while IFS= read -r line; do
    if [[ $line =~ ^Feature:\ ([a-z.]+)[[:blank:]].*FinalizedVersionLevel:\ ([^[:blank:]]+) ]]; then
      finalized[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
    fi
  done <<<"$1"
  # Without a metadata version it is the answer of something else, or of a cluster that is not there yet.
  [[ ${finalized[metadata.version]+set} ]]
}

# rank LEVEL: puts a number into REPLY that orders levels: `4.3-IV0` after `4.2-IV1`, and 2 after 1.
rank() {
  if [[ $1 =~ ^([0-9]+)\.([0-9]+)-IV([0-9]+)$ ]]; then
    REPLY=$((BASH_REMATCH[1] * 1000000 + BASH_REMATCH[2] * 1000 + BASH_REMATCH[3]))
  elif [[ $1 =~ ^[0-9]+$ ]]; then
    REPLY=$1
  else
    REPLY=2147483647 # newer than this script: `UNKNOWN [31]`
  fi
}

make_plan() {
  local name is has wanted
  plan=() raises=() problems=()
  for name in "${features[@]}"; do
    is=${finalized[$name]:-0}
    rank "$is" && has=$REPLY
    rank "${text[$name]}" && wanted=$REPLY
    if ((has < wanted)); then
      plan+=("~ $name: $is -> ${text[$name]}")
      raises+=(--feature "$name=${level[$name]}")
    elif ((has > wanted)); then
      problems+=("\`$name\` is finalized at $is and ${text[$name]} is declared: a cluster does not go back behind what it has finalized, and an older release \
does not start with it: declare what it has")
    fi
  done
}

for name in BOOTSTRAP_SERVERS FEATURES_FILE; do
  [[ ${!name-} ]] || fail "$USAGE" "the environment variable \`$name\` is not set"
done
[[ $WAIT_SECONDS =~ ^[1-9][0-9]{0,5}$ ]] || fail "$USAGE" "\`WAIT_SECONDS\` must be a positive number, found \`$WAIT_SECONDS\`"
[[ -r $FEATURES_FILE && ! -d $FEATURES_FILE ]] || fail "$USAGE" "cannot read \`$FEATURES_FILE\`"
type -P "$KAFKA_FEATURES" >/dev/null || fail "$USAGE" "no command \`$KAFKA_FEATURES\` in this image"
read_declared
trap 'exit 143' TERM INT # bash ignores them by default when it is process 1 of a container

said='' planned='' deadline=$((SECONDS + WAIT_SECONDS))
while true; do
  if output=$(kafka describe) && read_finalized "$output"; then
    make_plan
    if ((${#problems[@]})); then
      for problem in "${problems[@]}"; do
        complain "$problem"
      done
      fail "$REFUSED" "nothing was changed"
    fi
    ((${#plan[@]})) || break
    [[ ${plan[*]} == "$planned" ]] || printf '%s\n' "${plan[@]}"
    planned=${plan[*]}
    if output=$(kafka upgrade "${raises[@]}" --dry-run); then
      # The answer of the dry run holds for the same request: a node that came meanwhile makes Kafka refuse it.
      if output=$(kafka upgrade "${raises[@]}"); then
        said='' deadline=$((SECONDS + 60))
        continue # reads what is finalized now
      fi
    fi
  fi
  reason "$output"
  ((SECONDS < deadline)) || fail "$RETRY" "not raised after $WAIT_SECONDS s: $REPLY"
  case $REPLY in
    *'only supports versions'* | *'does not support this feature'*) state="waiting until all nodes run a release that supports it: $REPLY" ;;
    *Invalid\ update* | *Refusing* | *Unsupported* | *InvalidRequest* | *Authorization*) fail "$REFUSED" "Kafka refuses it: $REPLY" ;;
    *) state="waiting for \`$BOOTSTRAP_SERVERS\`: $REPLY" ;;
  esac
  [[ $state == "$said" ]] || say "$state"
  said=$state
  sleep 3
done
summary=''
for name in "${features[@]}"; do
  summary+="${summary:+, }$name ${finalized[$name]}"
done
say "as declared: $summary"
