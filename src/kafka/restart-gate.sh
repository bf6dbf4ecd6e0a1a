#!/usr/bin/env bash
# Keeps a restart from taking a second copy away. The kubelet runs it in the container of each broker and controller:
#   restart-gate.sh before-stop   as `preStop`: returns once the cluster can do without this node. Kafka is stopped after that.
#   restart-gate.sh after-start   as `startupProbe`: succeeds once this node has caught up, and is not asked again. The pod is not ready,
#                                 and a rolling update does not go on to the next pod, before that.
# What it waits for is in the container's log, and in the events of the pod. It never waits for longer than LIMIT_SECONDS; then the stop or
# the rolling update goes on, and the log says so. To end a wait at once, and to skip further ones of this pod:
#   kubectl exec POD -c kafka -- touch /tmp/restart-gate-open
#
# A broker can stop when no partition falls below its `min.insync.replicas` without it. It has caught up when it is in sync with every
# partition that it has a replica of. A controller can stop when the others are a majority of the quorum and follow its leader closely.
#
# Settings, from restart-gate.settings beside this file:
#   ROLES            broker, controller, or both
#   LIMIT_SECONDS    the longest wait
#   PORT             of this node, which answers when Kafka has recovered its log and is part of the cluster
#   BROKERS          host:port of some brokers, separated by commas; or, for a node that is only a controller,
#   CONTROLLERS      the same of the controllers
#   KAFKA_TOPICS, KAFKA_METADATA_QUORUM  the commands of the image
#   COMMAND_CONFIG   optional: client properties, for a secured cluster
#   LOG              optional: where its messages go, by default the log of the container
# Environment: NODE_ID, POD_NAME, and LOG_DIR, a folder that is writable.
#
# The answers come from Kafka's own commands. Each is a JVM of about 120 MB for one or two seconds, so a port is tried first.
set -uo pipefail
export LC_ALL=C
export LOG_DIR="${LOG_DIR:-/tmp}" # Kafka's start script makes this directory; its default is on the read-only root
BROKERS='' CONTROLLERS='' COMMAND_CONFIG='' LOG=/proc/1/fd/1
# shellcheck source=/dev/null
. "${BASH_SOURCE[0]%/*}/restart-gate.settings"

readonly OPEN=$LOG_DIR/restart-gate-open
readonly ASK_SECONDS=30     # of one command
readonly PAUSE_SECONDS=5    # between two looks before a stop
readonly ALONE_SECONDS=60   # without any other node, nothing is left to protect
readonly SILENT_SECONDS=300 # if the commands fail, there is nothing to wait for
readonly CLOSE=10           # records behind the leader of the quorum, which writes two a second when nothing else happens

# What an administrator's shell or the pod sets for Kafka itself would break a second JVM beside it.
unset KAFKA_OPTS KAFKA_JMX_OPTS JMX_PORT KAFKA_LOG4J_OPTS
export KAFKA_HEAP_OPTS=-Xmx128m
export KAFKA_JVM_PERFORMANCE_OPTS='-XX:+UseSerialGC -XX:TieredStopAtLevel=1'

# Into the log of the container; the kubelet keeps the output of a probe only, as an event of the pod.
say() {
  { printf 'restart gate: %s\n' "$*" >>"$LOG"; } 2>/dev/null
  printf '%s\n' "$*"
}

now() { printf -v REPLY '%(%s)T' -1; }

# --- what the cluster says ----------------------------------------------------------------------------------------------------------

# answers HOST:PORT
answers() { timeout 3 bash -c ': >"/dev/tcp/$0/$1"' "${1%:*}" "${1##*:}" 2>/dev/null; }

# Puts those of a list that answer into REPLY; without this node before a stop, which is no judge of what happens without it.
answering() {
  local address found=
  for address in ${1//,/ }; do
    [[ $mode == before-stop && $address == "$POD_NAME".* ]] && continue
    answers "$address" && found+=${found:+,}$address
  done
  REPLY=$found
  [[ $found ]]
}

# ask COMMAND ARGUMENT…: its lines in `lines`. Fails if there is no answer.
ask() {
  local output command=$1
  shift
  # First: after a subcommand, as `describe`, the option is refused.
  output=$(timeout "$ASK_SECONDS" "$command" ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} "$@" 2>/dev/null) || return
  mapfile -t lines <<<"$output"
}

# partitions FILTER TEST: counts the partitions that the command finds and that pass the test, in `count`, with the name of one in `name`.
partitions() {
  local line pattern=$'^\tTopic: ([^\t]+)\tPartition: ([0-9]+)\t.*\tReplicas: ([0-9,]+)\tIsr: ([0-9,]*)' replicas isr
  count=0
  ask "$KAFKA_TOPICS" --bootstrap-server "$servers" --describe "$1" || return
  for line in "${lines[@]}"; do
    [[ $line =~ $pattern ]] || continue
    replicas=,${BASH_REMATCH[3]}, isr=,${BASH_REMATCH[4]},
    "$2" || continue
    count=$((count + 1)) name=${BASH_REMATCH[1]}-${BASH_REMATCH[2]}
  done
}

here() { [[ $isr == *,"$NODE_ID",* ]]; }
# With every replica in sync a partition can be at its minimum too: waiting would change nothing.
here_with_another_missing() { here && [[ ${replicas//[0-9]/} != "${isr//[0-9]/}" ]]; }
missing_here() { [[ $replicas == *,"$NODE_ID",* ]] && ! here; }

# voters: of the quorum, how many there are in `voters`, the others that are close to the leader in `close`, and how far this one is in `lag`.
quorum() {
  local line at fields
  local -A column=()
  voters=0 close=0 lag=
  ask "$KAFKA_METADATA_QUORUM" "--bootstrap-${CONTROLLERS:+controller}${BROKERS:+server}" "$servers" describe --replication || return
  for line in "${lines[@]}"; do
    read -ra fields <<<"$line"
    if [[ ${fields[0]-} == NodeId ]]; then
      for at in "${!fields[@]}"; do column[${fields[at]}]=$at; done
    elif [[ ${column[Status]+set} && ${fields[column[Status]]-} == @(Leader|Follower) ]]; then
      voters=$((voters + 1))
      if [[ ${fields[0]} == "$NODE_ID" ]]; then
        lag=${fields[column[Lag]]}
      elif ((fields[column[Lag]] <= CLOSE)); then
        close=$((close + 1))
      fi
    fi
  done
  ((voters))
}

# --- the two questions --------------------------------------------------------------------------------------------------------------
# Each returns 0 for yes; 1 for no, with the reason in REPLY; 2 if there is no answer.

may_stop() {
  if [[ $ROLES == *controller* ]]; then
    quorum || return 2
    if [[ $lag ]] && ((voters > 1 && close < voters / 2 + 1)); then
      REPLY="$close of the $((voters - 1)) other controllers follow the leader closely, and a majority is $((voters / 2 + 1))"
      return 1
    fi
  fi
  if [[ $ROLES == *broker* ]]; then
    partitions --under-replicated-partitions here || return 2
    ((count)) || return 0
    local filter
    for filter in --under-min-isr-partitions --at-min-isr-partitions; do
      partitions "$filter" here_with_another_missing || return 2
      ((count)) || continue
      REPLY="$count partitions, such as $name, would be below min.insync.replicas"
      return 1
    done
  fi
}

is_caught_up() {
  if [[ $ROLES == *controller* ]]; then
    quorum || return 2
    if [[ $lag ]] && ((lag > CLOSE)); then
      REPLY="$lag records behind the leader of the quorum"
      return 1
    fi
  fi
  if [[ $ROLES == *broker* ]]; then
    partitions --under-replicated-partitions missing_here || return 2
    ((count)) || return 0
    REPLY="$count partitions, such as $name, are not in sync here"
    return 1
  fi
}

# --- before a stop ------------------------------------------------------------------------------------------------------------------

before_stop() {
  local since=$SECONDS alone=$SECONDS silent=$SECONDS said=-60 state
  while true; do
    if [[ -e $OPEN ]]; then
      say "stops without waiting: $OPEN exists"
      return
    fi
    if ! answering "$nodes"; then
      REPLY="no other node answers"
      if ((SECONDS - alone >= ALONE_SECONDS)); then
        say "stops after $((SECONDS - since)) s: $REPLY, so waiting helps no partition"
        return
      fi
    else
      servers=$REPLY alone=$SECONDS state=0
      may_stop || state=$?
      case $state in
        0)
          ((said < 0)) || say "stops after $((SECONDS - since)) s: the cluster can do without it now"
          return
          ;;
        1) silent=$SECONDS ;;
        *)
          REPLY="the cluster does not say whether it can do without this node"
          if ((SECONDS - silent >= SILENT_SECONDS)); then
            say "stops after $((SECONDS - since)) s: $REPLY"
            return
          fi
          ;;
      esac
    fi
    if ((SECONDS - since + PAUSE_SECONDS >= LIMIT_SECONDS)); then
      say "stops after the limit of $LIMIT_SECONDS s: $REPLY"
      return
    fi
    if ((SECONDS - said >= 60)); then
      say "waits with the stop: $REPLY"
      said=$SECONDS
    fi
    sleep "$PAUSE_SECONDS"
  done
}

# --- after a start ------------------------------------------------------------------------------------------------------------------

# Each call is one look, so a file keeps when the port was first open and when the cluster last answered. Its name has the start of the
# container's first process, because the folder outlives a container that is restarted in its pod.
after_start() {
  (: >"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null || {
    echo "port $PORT is not open yet"
    return 1
  }
  [[ ! -e $OPEN ]] || return 0
  local stat fields file opened answered after state=0 first=1 reason
  stat=$(</proc/1/stat)
  read -ra fields <<<"${stat##*) }"
  file=$LOG_DIR/restart-gate.${fields[19]}
  now
  opened=$REPLY answered=$REPLY
  if [[ -e $file ]]; then
    read -r opened answered <"$file"
    first=0
  fi
  if answering "$nodes"; then
    servers=$REPLY
    is_caught_up || state=$?
    reason=$REPLY
  else
    state=2
  fi
  now
  after=$((REPLY - opened))
  case $state in
    0)
      ((first)) || say "ready: caught up $after s after port $PORT opened"
      return 0
      ;;
    1) answered=$REPLY ;;
    *)
      reason="the cluster does not say whether this node has caught up"
      if ((REPLY - answered >= SILENT_SECONDS)); then
        say "ready after $after s without an answer: $reason"
        return 0
      fi
      ;;
  esac
  if ((after >= LIMIT_SECONDS)); then
    say "ready after the limit of $LIMIT_SECONDS s: $reason"
    return 0
  fi
  echo "$opened $answered" >"$file"
  if ((first)); then
    say "not ready yet: $reason"
  else
    echo "$reason"
  fi
  return 1
}

mode=${1-}
nodes=$BROKERS$CONTROLLERS
case $mode in
  before-stop) before_stop ;;
  after-start) after_start ;;
  *)
    echo "usage: restart-gate.sh before-stop|after-start" >&2
    exit 2
    ;;
esac
