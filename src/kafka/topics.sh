#!/usr/bin/env bash
# Applies declared topics to a cluster: creates missing topics, adds partitions, sets configs, and deletes overrides that are no longer
# declared. It changes only declared topics and never deletes a topic. A change that Kafka cannot make in place (fewer partitions,
# another replication factor) is an error before anything is written.
#
# TOPICS_FILE has one setting per line, so that each line of a diff names its topic. A line that starts with `#` is a comment.
#   call.events partitions=24
#   call.events replication.factor=3
#   call.events cleanup.policy=delete
#
# Environment: BOOTSTRAP_SERVERS; BROKERS, the number of brokers that must be registered first; TOPICS_FILE; and optionally
#   COMMAND_CONFIG  client properties, for a secured cluster
#   WAIT_SECONDS    how long to wait for the brokers
#   PARALLEL        how many writes run at the same time; each is a JVM of about 150 MB
#   KAFKA_TOPICS, KAFKA_CONFIGS  the commands, for an image that names them differently
# Exit status: 0 the topics are as declared; 1 a failure that a retry may fix; 2 wrong file or environment; 3 Kafka refuses what is declared,
#   and a retry does not help.
#
# The image has a JRE, bash and coreutils, so Kafka's own commands do the work, each in a JVM that takes a second to start. Reading takes
# three commands for any number of topics; writing takes one per topic, because no command writes two topics.
set -euo pipefail
shopt -s extglob
export LC_ALL=C

# The commands are short-lived: the JVM's defaults for servers would only make them slower.
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xmx128m}"
export KAFKA_JVM_PERFORMANCE_OPTS="${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1}"
export LOG_DIR="${LOG_DIR:-/tmp}" # Kafka's start script makes this directory; its default is on the read-only root

COMMAND_CONFIG="${COMMAND_CONFIG:-}"
WAIT_SECONDS="${WAIT_SECONDS:-600}"
PARALLEL="${PARALLEL:-2}"
KAFKA_TOPICS="${KAFKA_TOPICS:-kafka-topics}"
KAFKA_CONFIGS="${KAFKA_CONFIGS:-kafka-configs}"

readonly RETRY=1 USAGE=2 REFUSED=3
readonly CALL_SECONDS=120 # of one command; Kafka's own limit of a request is 60 s

# Tools that reassign partitions set these overrides on the topic, and delete them at the end.
readonly NOT_OURS=' leader.replication.throttled.replicas follower.replication.throttled.replicas '

# Declared and actual state. A config is keyed `TOPIC KEY`; the keys of a topic are a list in a string.
topics=()
declare -A partitions=() replication=() keys=() config=()
declare -A actual_partitions=() actual_replication=() actual_keys=() actual_config=()

# The plan.
plan=() problems=() creations=() changes=()
declare -A raises=() sets=() deletes=() # by number of partitions; by topic; by topic

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
  local line topic setting key value number=0 wrong=0
  local -A line_of=()
  wrong_line() {
    complain "$TOPICS_FILE:$number: $*"
    wrong=1
  }
  while IFS= read -r line || [[ $line ]]; do
    number=$((number + 1))
    line=${line%$'\r'}
    read -r topic setting <<<"$line"
    [[ ! $topic || $topic == '#'* ]] && continue
    if [[ ! $line =~ ^[[:print:][:blank:]]*$ ]]; then
      wrong_line 'a character that is not printable ASCII'
      continue
    fi
    if [[ $setting != *=* ]]; then
      wrong_line "expected \`TOPIC KEY=VALUE\`, found \`$line\`"
      continue
    fi
    key=${setting%%=*} value=${setting#*=}
    key=${key%%+([[:blank:]])} value=${value##+([[:blank:]])}
    if [[ ! $topic =~ ^[a-zA-Z0-9._-]+$ || $topic == . || $topic == .. ]] || ((${#topic} > 249)); then
      wrong_line "\`$topic\` cannot be the name of a topic"
    elif [[ ! $key =~ ^[a-zA-Z0-9._-]+$ ]]; then
      wrong_line "\`$key\` cannot be the name of a config"
    elif [[ ${line_of["$topic $key"]+set} ]]; then
      wrong_line "\`$topic $key\` is already set in line ${line_of["$topic $key"]}"
    elif [[ $key == @(partitions|replication.factor) && ! $value =~ ^[1-9][0-9]{0,4}$ ]]; then
      wrong_line "\`$topic $key\` must be a number from 1 to 99999, found \`$value\`"
    else
      line_of["$topic $key"]=$number
      if [[ ! ${keys[$topic]+set} ]]; then
        topics+=("$topic")
        keys[$topic]=''
      fi
      case $key in
        partitions) partitions[$topic]=$value ;;
        replication.factor) replication[$topic]=$value ;;
        *)
          keys[$topic]+=" $key"
          config["$topic $key"]=$value
          ;;
      esac
    fi
  done <"$TOPICS_FILE"
  for topic in "${topics[@]}"; do
    for key in partitions replication.factor; do
      [[ ${line_of["$topic $key"]+set} ]] && continue
      complain "$TOPICS_FILE: topic \`$topic\` has no \`$key\`"
      wrong=1
    done
  done
  ((wrong)) && exit "$USAGE"
  ((${#topics[@]})) || fail "$USAGE" "$TOPICS_FILE: declares no topic"
}

# --- Kafka's commands -------------------------------------------------------------------------------------------------------------

# kafka SECONDS COMMAND ARGUMENT…
kafka() {
  local seconds=$1 command=$2
  shift 2
  timeout "$seconds" "$command" --bootstrap-server "$BOOTSTRAP_SERVERS" ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} "$@"
}

# reason STATUS OUTPUT: puts the error message of a command into REPLY, as one line. `kafka-topics` gives a message; `kafka-configs` gives
# nested exceptions, of which the last is the cause.
reason() {
  local status=$1 line last='' cause='' unreached=''
  local message='^Error while executing topic command : (.+)'
  local exception='^(Caused by: |Exception in thread "[^"]*" )?([a-z]+[.])+([A-Z][A-Za-z]*(Exception|Error).*)'
  local connection='Connection to node .+ could not be established'
  while IFS= read -r line; do
    if [[ $line =~ $message ]]; then
      REPLY=${BASH_REMATCH[1]}
      return
    elif [[ $line =~ $exception ]]; then
      cause=${BASH_REMATCH[3]}
    elif [[ $line =~ $connection ]]; then
      unreached=${BASH_REMATCH[0]}
    elif [[ $line == *[![:blank:]]* ]]; then
      last=$line
    fi
  done <<<"$2"
  # A timeout, as coreutils, busybox and `kafka-configs` report it.
  if ((status == 124 || status == 143)) || [[ $cause == TimeoutException ]]; then
    REPLY="no answer in time${unreached:+: $unreached}"
  else
    REPLY=${cause:-${last:-exit status $status}}
  fi
}

# Asking for the brokers' dynamic configs makes every registered broker answer.
wait_for_brokers() {
  local deadline=$((SECONDS + WAIT_SECONDS)) left registered status line state said=''
  while true; do
    status=0 left=$((deadline - SECONDS))
    # Kafka's command keeps trying a stopped broker for a minute; a new attempt finds another broker sooner.
    left=$((left < 1 ? 1 : left > 30 ? 30 : left))
    kafka "$left" "$KAFKA_CONFIGS" --describe --entity-type brokers >"$tmp/brokers" 2>"$tmp/brokers.err" &
    wait $! || status=$?
    if ((status)); then
      reason "$status" "$(<"$tmp/brokers.err")"
      state=$REPLY
      # The message of an attempt that the deadline cut short says less than the one before it.
      ((SECONDS < deadline)) || state=${said:-$state}
    else
      registered=0
      while IFS= read -r line; do
        [[ $line == 'Dynamic configs for broker '* ]] && registered=$((registered + 1))
      done <"$tmp/brokers"
      ((registered >= BROKERS)) && return
      state="$registered of $BROKERS brokers are registered"
    fi
    ((SECONDS >= deadline)) && fail "$RETRY" "\`$BOOTSTRAP_SERVERS\` is not ready after $WAIT_SECONDS s: $state"
    [[ $state == "$said" ]] || say "waiting for $BROKERS brokers: $state"
    said=$state
    sleep 3
  done
}

read_actual() {
  local attempt topics_pid configs_pid status
  for attempt in 1 2 3; do
    status=0
    kafka "$CALL_SECONDS" "$KAFKA_TOPICS" --describe >"$tmp/topics" 2>"$tmp/topics.err" &
    topics_pid=$!
    # The configs in the answer of `kafka-topics` contain those of the brokers: only `kafka-configs` shows overrides alone.
    kafka "$CALL_SECONDS" "$KAFKA_CONFIGS" --describe --entity-type topics >"$tmp/configs" 2>"$tmp/configs.err" &
    configs_pid=$!
    wait "$topics_pid" || { status=$? && reason "$status" "$(<"$tmp/topics")"$'\n'"$(<"$tmp/topics.err")"; }
    wait "$configs_pid" || { status=$? && reason "$status" "$(<"$tmp/configs.err")"; }
    ((status)) || break
    # Both commands list the topics and then describe each: they fail when any topic of the cluster is deleted in between.
    ((attempt < 3)) || fail "$RETRY" "cannot read the topics of \`$BOOTSTRAP_SERVERS\`: $REPLY"
    sleep 1
  done
  parse_topics <"$tmp/topics"
  parse_configs <"$tmp/configs"
}

# `Topic: T  TopicId: …  PartitionCount: 24  …`, then one line per partition: `Topic: T  Partition: 0  …  Replicas: 1,2,3  …`, which ends with
# `Adding Replicas: …  Removing Replicas: …` while it is reassigned. Fields are separated by tabs.
parse_topics() {
  local line topic replicas removed count tab=$'\t'
  actual_partitions=() actual_replication=()
  while IFS= read -r line; do
    if [[ $line =~ ^Topic:\ ([^$tab]+)$tab.*PartitionCount:\ ([0-9]+) ]]; then
      topic=${BASH_REMATCH[1]}
      if [[ ${keys[$topic]+set} ]]; then
        actual_partitions[$topic]=${BASH_REMATCH[2]}
      fi
    elif [[ $line =~ ^${tab}Topic:\ ([^$tab]+)${tab}Partition:.*${tab}Replicas:\ ([0-9,]+) ]]; then
      topic=${BASH_REMATCH[1]} replicas=${BASH_REMATCH[2]} removed=
      [[ ${keys[$topic]+set} ]] || continue
      if [[ $line =~ ${tab}Removing\ Replicas:\ ([0-9,]+) ]]; then
        removed=,${BASH_REMATCH[1]}
      fi
      replicas=${replicas//[0-9]/} removed=${removed//[0-9]/}
      count=$((${#replicas} + 1 - ${#removed}))
      # Partitions can differ, after a reassignment of some of them.
      if [[ " ${actual_replication[$topic]-} " != *" $count "* ]]; then
        actual_replication[$topic]+=${actual_replication[$topic]:+ }$count
      fi
    fi
  done
}

# `Dynamic configs for topic T are:`, then one line per override: `  KEY=VALUE sensitive=false synonyms={…}`. Values can contain spaces, commas
# and `=`.
parse_configs() {
  local line topic='' override='^  ([^=]+)=(.*) sensitive=(true|false) synonyms=[{]'
  actual_keys=() actual_config=()
  while IFS= read -r line; do
    if [[ $line =~ ^Dynamic\ configs\ for\ topic\ (.+)\ are:$ ]]; then
      topic=${BASH_REMATCH[1]}
    elif [[ ${keys[${topic:-.}]+set} && $line =~ $override ]]; then
      actual_keys[$topic]+=" ${BASH_REMATCH[1]}"
      actual_config["$topic ${BASH_REMATCH[1]}"]=${BASH_REMATCH[2]}
    fi
  done
}

# --- plan -------------------------------------------------------------------------------------------------------------------------

# Kafka returns values in its own spelling: `a, b` as `a,b`, `TRUE` as `true`, `007` as `7`, `0.50` as `0.5`, and `1` as `1.0` for a setting
# of type double. This puts a value into one spelling, in REPLY.
normalise() {
  REPLY=${1//*([[:blank:]]),*([[:blank:]])/,}
  if [[ ${REPLY,,} == @(true|false) ]]; then
    REPLY=${REPLY,,}
  elif [[ $REPLY =~ ^[+]?(-?)0*([0-9]+)([.][0-9]*)?$ ]]; then
    local fraction=${BASH_REMATCH[3]%%*(0)}
    REPLY=${BASH_REMATCH[1]}${BASH_REMATCH[2]}${fraction%.}
  fi
}

same() {
  [[ $1 == "$2" ]] && return
  normalise "$1"
  local one=$REPLY
  normalise "$2"
  [[ $one == "$REPLY" ]]
}

make_plan() {
  local topic key text declared actual before
  plan=() problems=() creations=() changes=() raises=() sets=() deletes=()
  for topic in "${topics[@]}"; do
    declared=${partitions[$topic]} actual=${actual_partitions[$topic]-}
    if [[ ! $actual ]]; then
      text="+ $topic: partitions=$declared replication.factor=${replication[$topic]}"
      for key in ${keys[$topic]}; do
        text+=" $key=${config["$topic $key"]}"
      done
      plan+=("$text")
      creations+=("$topic")
      continue
    fi
    before=${#plan[@]}
    if ((declared < actual)); then
      text="but Kafka cannot remove partitions: declare $actual, or move to a new topic"
      problems+=("topic \`$topic\` has $actual partitions and $declared are declared, $text")
    elif ((declared > actual)); then
      plan+=("~ $topic: partitions $actual -> $declared (keys map to other partitions from now on: order by key breaks once)")
      raises[$declared]+=" $topic"
    fi
    actual=${actual_replication[$topic]-}
    if [[ $actual != "${replication[$topic]}" ]]; then
      text="but it cannot be set in place: reassign the replicas with \`kafka-reassign-partitions\`, then run this again"
      problems+=("topic \`$topic\` has replication factor ${actual// / and } and ${replication[$topic]} is declared, $text")
    fi
    for key in ${keys[$topic]}; do
      declared=${config["$topic $key"]}
      if [[ ! ${actual_config["$topic $key"]+set} ]]; then
        plan+=("~ $topic: $key (no override) -> $declared")
      elif ! same "$declared" "${actual_config["$topic $key"]}"; then
        plan+=("~ $topic: $key ${actual_config["$topic $key"]} -> $declared")
      else
        continue
      fi
      sets[$topic]+=" $key"
    done
    for key in ${actual_keys[$topic]-}; do
      [[ ${config["$topic $key"]+set} || $NOT_OURS == *" $key "* ]] && continue
      plan+=("- $topic: override $key ${actual_config["$topic $key"]}")
      deletes[$topic]+=" $key"
    done
    ((${#plan[@]} == before)) || changes+=("$topic")
  done
}

# --- writes -----------------------------------------------------------------------------------------------------------------------

# write WHAT COMMAND ARGUMENT…: runs one command, and prints an error if it fails.
write() {
  local what=$1 output status=0
  shift
  output=$(kafka "$CALL_SECONDS" "$@" 2>&1) || status=$?
  ((status)) || return 0
  reason "$status" "$output"
  # Kafka's client asks again after an answer that was lost, of a topic that is there by then. If somebody else made it, reading it again tells.
  if [[ $REPLY == "Topic '"*"' already exists"* ]]; then
    say "$REPLY It was made meanwhile, or the answer to an earlier request was lost."
    return 0
  fi
  complain "$what: $REPLY"
  [[ $output =~ Unknown\ topic\ config|Invalid\ value|InvalidConfig|ConfigException|InvalidTopicException|PolicyViolation ]] && return "$REFUSED"
  return "$RETRY"
}

# create TOPIC. `--config` accepts no empty value and no value with `=`: `alter` sets those.
create() {
  local topic=$1 key value later='' arguments=()
  for key in ${keys[$topic]}; do
    value=${config["$topic $key"]}
    if [[ $value == '' || $value == *=* ]]; then
      later+=" $key"
    else
      arguments+=(--config "$key=$value")
    fi
  done
  write "cannot create topic \`$topic\`" "$KAFKA_TOPICS" --create --topic "$topic" \
    --partitions "${partitions[$topic]}" --replication-factor "${replication[$topic]}" "${arguments[@]}" || return
  [[ ! $later ]] || alter "$topic" "$later" ''
}

# alter TOPIC KEYS-TO-SET KEYS-TO-DELETE, as one request. In a file, because `--add-config` interprets commas and brackets.
alter() {
  local topic=$1 key file="$tmp/alter.$1" arguments=()
  if [[ $2 ]]; then
    for key in $2; do
      printf '%s=%s\n' "$key" "${config["$topic $key"]//\\/\\\\}"
    done >"$file"
    arguments+=(--add-config-file "$file")
  fi
  if [[ $3 ]]; then
    key=${3# }
    arguments+=(--delete-config "${key// /,}")
  fi
  write "cannot change topic \`$topic\` (${2# }${2:+${3:+,}}$3)" "$KAFKA_CONFIGS" --alter --entity-type topics --entity-name "$topic" "${arguments[@]}"
}

# raise PARTITIONS TOPIC…. `--topic` is a regular expression here: unescaped, `call.events` would also raise `call-events`.
raise() {
  local count=$1 names
  shift
  names="$*"
  names=${names//./\\.}
  write "cannot raise partitions to $count of $*" "$KAFKA_TOPICS" --alter --topic "${names// /|}" --partitions "$count"
}

running=() outcome=0
finish_one() {
  local status=0
  wait "${running[0]}" || status=$?
  running=("${running[@]:1}")
  ((status == 0 || outcome == RETRY)) || outcome=$status
}
# After a failure that a retry may fix, no further write is started. After a refusal the other topics are still written.
start() {
  ((${#running[@]} < PARALLEL)) || finish_one
  ((outcome != RETRY)) || return 0
  "$@" &
  running+=($!)
}

apply() {
  local topic count
  for topic in "${creations[@]}"; do
    start create "$topic"
  done
  for count in "${!raises[@]}"; do
    # shellcheck disable=SC2086 # a list of names
    start raise "$count" ${raises[$count]}
  done
  for topic in "${topics[@]}"; do
    [[ ${sets[$topic]-}${deletes[$topic]-} ]] || continue
    start alter "$topic" "${sets[$topic]-}" "${deletes[$topic]-}"
  done
  while ((${#running[@]})); do
    finish_one
  done
  ((outcome == 0)) || exit "$outcome"
}

# --- main -------------------------------------------------------------------------------------------------------------------------

for name in BOOTSTRAP_SERVERS BROKERS TOPICS_FILE; do
  [[ ${!name-} ]] || fail "$USAGE" "the environment variable \`$name\` is not set"
done
for name in BROKERS WAIT_SECONDS PARALLEL; do
  [[ ${!name} =~ ^[1-9][0-9]{0,5}$ ]] || fail "$USAGE" "\`$name\` must be a positive number, found \`${!name}\`"
done
[[ -r $TOPICS_FILE && ! -d $TOPICS_FILE ]] || fail "$USAGE" "cannot read \`$TOPICS_FILE\`"
for name in "$KAFKA_TOPICS" "$KAFKA_CONFIGS"; do
  type -P "$name" >/dev/null || fail "$USAGE" "no command \`$name\` in this image"
done
read_declared

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 143' TERM INT # bash ignores them by default when it is process 1 of a container

wait_for_brokers
read_actual
make_plan
if ((${#plan[@]})); then
  printf '%s\n' "${plan[@]}"
fi
if ((${#problems[@]})); then
  for problem in "${problems[@]}"; do
    complain "$problem"
  done
  fail "$REFUSED" "nothing was changed"
fi

created=${#creations[@]} changed=${#changes[@]}
if ((${#plan[@]})); then
  apply
  # A write can be confirmed before all brokers have it.
  for pause in 1 2 4 8 0; do
    read_actual
    make_plan
    ((${#plan[@]} + ${#problems[@]})) || break
    ((pause)) || {
      printf '%s\n' "${plan[@]}" "${problems[@]}"
      fail "$RETRY" "this still differs after the write: something else changes it, or Kafka spells the value differently"
    }
    sleep "$pause"
  done
fi
say "${#topics[@]} topics: $created created, $changed changed, $((${#topics[@]} - created - changed)) unchanged"
