#!/usr/bin/env bash
# Brings the connectors of a Connect group to what is declared: creates and changes them, starts, pauses or stops them, and restarts tasks that
# fail. A connector that is not declared stays as it is; only one that is declared as removed is deleted.
#
# CONNECTORS_FILE has one fact per line, so that each line of a diff names its connector. A line that starts with `#` is a comment.
#   orders-to-search state=RUNNING             or PAUSED, or STOPPED
#   orders-to-search restarts=3                how often failed tasks are restarted
#   orders-to-search plugin=com.example.Sink   a class that the workers must have
#   old-connector removed                      it is deleted
# The configuration of each is in `NAME.json`, beside CONNECTORS_FILE: an object of strings.
#
# Environment: CONNECT_URL; CONNECTORS_FILE; and optionally
#   CONNECT_AUTHORIZATION  the value of the header `Authorization`
#   CONNECT_AUTHORITY      a file with the certificate of who signed the workers'
#   WAIT_SECONDS           how long to wait for the workers, and for all tasks to run
#   RESTART_SECONDS        the time before the first restart of failed tasks; it doubles before each further one
# Exit status: 0 all is as declared; 1 a failure that a retry may fix; 2 wrong file or environment; 3 Connect refuses what is declared, or tasks
#   fail again after all restarts: a retry does not help.
#
# Beside it is `rest.sh`. Of the image it needs bash and `sleep`, and curl for workers with https.
set -euo pipefail
export LC_ALL=C

WAIT_SECONDS="${WAIT_SECONDS:-600}"
RESTART_SECONDS="${RESTART_SECONDS:-10}"

# shellcheck source=src/workload/rest.sh
source "${BASH_SOURCE[0]%/*}/rest.sh"

# What is declared, by connector.
connectors=() removed=()
declare -A states=() restarts=() plugins=() configs=()
# Those that this run created, changed or started.
declare -A touched=()

# --- declared state ---------------------------------------------------------------------------------------------------------------

read_declared() {
  local line name fact more number=0
  wrong_line() { fail "$USAGE" "$CONNECTORS_FILE:$number: $*"; }
  while IFS= read -r line || [[ $line ]]; do
    number=$((number + 1))
    read -r name fact more <<<"$line"
    [[ ! $name || $name == '#'* ]] && continue
    [[ $name =~ ^[a-zA-Z0-9._-]+$ ]] || wrong_line "\`$name\` cannot be the name of a connector"
    [[ ! $more ]] || wrong_line "expected \`CONNECTOR FACT\`, found \`$line\`"
    case $fact in
      removed)
        removed+=("$name")
        continue
        ;;
      state=RUNNING | state=PAUSED | state=STOPPED) states[$name]=${fact#*=} ;;
      plugin=?*) plugins[$name]+="${fact#*=} " ;;
      restarts=*)
        [[ $fact =~ ^restarts=[0-9]{1,3}$ ]] || wrong_line "\`restarts\` must be a number, found \`${fact#*=}\`"
        restarts[$name]=${fact#*=}
        ;;
      *) wrong_line "expected \`state=\`, \`restarts=\`, \`plugin=\` or \`removed\`, found \`$fact\`" ;;
    esac
    [[ ! ${configs[$name]+set} ]] || continue
    [[ -r $folder/$name.json ]] || wrong_line "cannot read \`$folder/$name.json\`"
    connectors+=("$name")
    configs[$name]=$(<"$folder/$name.json")
  done <"$CONNECTORS_FILE"
  ((${#connectors[@]} + ${#removed[@]})) || fail "$USAGE" "$CONNECTORS_FILE: declares no connector"
}

# read_object TEXT: the strings of a flat JSON object, with their escapes, into `object`.
declare -A object=()
read_object() {
  local rest=$1 pair='"(([^"\\]|\\.)*)"[[:space:]]*:[[:space:]]*("(([^"\\]|\\.)*)"|null)'
  object=()
  while [[ $rest =~ $pair ]]; do
    object[${BASH_REMATCH[1]}]=${BASH_REMATCH[4]}
    rest=${rest#*"${BASH_REMATCH[0]}"}
  done
}

# --- calls ------------------------------------------------------------------------------------------------------------------------

deadline=0 status='' body=''

# ask METHOD PATH [BODY]: as `call`, again for as long as the workers rebalance (409), a worker is down or slow (5xx), or none answers.
ask() {
  local said=''
  while true; do
    call "$@"
    case $status in
      409) [[ $body != *'already exists'* ]] || return 0 ;;
      408 | 429 | 5* | 000) ;;
      *) return 0 ;;
    esac
    words
    ((SECONDS < deadline)) || fail "$RETRY" "$1 $2: no other answer after $WAIT_SECONDS s: $REPLY"
    [[ $REPLY == "$said" ]] || say "waiting for \`$CONNECT_URL\`: $REPLY"
    said=$REPLY
    sleep 3
  done
}

wait_for_workers() {
  ask GET /connectors
  [[ $status == 200 ]] || give_up "cannot read the connectors of \`$CONNECT_URL\`"
}

# A worker of an older image may answer while the workers are replaced.
wait_for_plugins() {
  local name class missing said=''
  while true; do
    ask GET '/connector-plugins?connectorsOnly=false'
    [[ $status == 200 ]] || give_up 'cannot read the plugins'
    missing=''
    for name in "${connectors[@]}"; do
      for class in ${plugins[$name]-}; do
        [[ $body == *"\"class\":\"$class\""* ]] || missing+="${missing:+, }\`$class\` of \`$name\`"
      done
    done
    [[ $missing ]] || return 0
    ((SECONDS < deadline)) || fail "$REFUSED" "no worker has the plugin $missing: is it in a folder of \`plugin.path\`?"
    [[ $missing == "$said" ]] || say "waiting for the plugin $missing"
    said=$missing
    sleep 3
  done
}

# --- configurations ---------------------------------------------------------------------------------------------------------------

# validate NAME: whether its class takes the configuration; the mistakes are printed by key. A plugin connects to its database here, so the
# same mistakes may be gone later.
validate() {
  local name=$1 class rest before key errors
  read_object "${configs[$name]}"
  class=${object[connector.class]-}
  ask PUT "/connector-plugins/$class/config/validate" "${configs[$name]}"
  [[ $status == 200 ]] || give_up "cannot validate \`$name\`"
  field error_count || give_up "cannot validate \`$name\`"
  [[ $REPLY != 0 ]] || return 0
  complain "\`$name\`: $class refuses $REPLY of its settings"
  rest=$body
  while [[ $rest == *'"errors":["'* ]]; do
    before=${rest%%'"errors":["'*}
    rest=${rest#*'"errors":["'}
    errors=${rest%%'"],"visible"'*}
    key=${before##*'"value":{"name":"'}
    key=${key%%\"*}
    # The words may repeat the value, and this one comes from a Secret.
    [[ ${object[$key]-} != *'${'* ]] || errors='the value, which a config provider fills in, is refused'
    complain "  $key: ${errors//\\\"/\"}"
  done
  return 1
}

changed=0 created=0 deleted=0

# differs NAME: whether the connector has another configuration than `body`, and which keys differ, in REPLY.
differs() {
  local key
  local -A actual=()
  read_object "$body"
  for key in "${!object[@]}"; do actual[$key]=${object[$key]}; done
  read_object "${configs[$1]}"
  REPLY=''
  for key in "${!object[@]}"; do
    [[ ${actual[$key]+set} && ${actual[$key]} == "${object[$key]}" ]] || REPLY+=" $key"
  done
  for key in "${!actual[@]}"; do
    [[ ${object[$key]+set} ]] || REPLY+=" $key"
  done
  [[ $REPLY ]]
}

configure() {
  local name=$1
  ask GET "/connectors/$name/config"
  case $status in
    200)
      differs "$name" || return 0
      say "~ $name:$REPLY"
      ask PUT "/connectors/$name/config" "${configs[$name]}"
      [[ $status == 20[01] ]] || give_up "cannot change \`$name\`"
      changed=$((changed + 1)) touched[$name]=1
      ;;
    404)
      # With its state, so that one that is declared as stopped does not run until it is.
      ask POST /connectors "{\"name\":\"$name\",\"initial_state\":\"${states[$name]:-RUNNING}\",\"config\":${configs[$name]}}"
      [[ $status == 20[01] || $status == 409 ]] || give_up "cannot create \`$name\`"
      say "+ $name"
      created=$((created + 1)) touched[$name]=1
      ;;
    *) give_up "cannot read the configuration of \`$name\`" ;;
  esac
}

# --- states -----------------------------------------------------------------------------------------------------------------------

# state NAME: that of the connector, and those of its tasks, in REPLY, as `RUNNING RUNNING FAILED`.
state() {
  local rest task='\{"id":[0-9]+,"state":"([A-Z]+)"'
  REPLY=''
  ask GET "/connectors/$1/status"
  [[ $status == 200 && $body =~ \"connector\":\{\"state\":\"([A-Z]+)\" ]] || return 0
  REPLY=${BASH_REMATCH[1]}
  rest=${body#*'"tasks":'}
  while [[ $rest =~ $task ]]; do
    REPLY+=" ${BASH_REMATCH[1]}"
    rest=${rest#*"${BASH_REMATCH[0]}"}
  done
}

# why: the first line of the first trace in `body`, in REPLY.
why() {
  REPLY=''
  if field trace; then
    REPLY=${REPLY//\\t/ }
    # The cause says more than what wraps it.
    [[ $REPLY != *'Caused by: '* ]] || REPLY=${REPLY##*Caused by: }
    REPLY=${REPLY%%\\n*}
  fi
}

# steer NAME: asks for the declared state.
steer() {
  local name=$1 verb='' actual
  state "$name"
  actual=${REPLY%% *}
  case ${states[$name]:-RUNNING}:$actual in
    RUNNING:PAUSED | RUNNING:STOPPED) verb=resume ;;
    PAUSED:RUNNING | PAUSED:FAILED | PAUSED:STOPPED) verb=pause ;;
    STOPPED:RUNNING | STOPPED:FAILED | STOPPED:PAUSED) verb=stop ;;
    *) return 0 ;;
  esac
  ask PUT "/connectors/$name/$verb"
  [[ $status == 20[024] ]] || give_up "cannot $verb \`$name\`"
  say "~ $name: $actual -> ${states[$name]:-RUNNING}"
  changed=$((changed + 1)) touched[$name]=1
}

# settle NAME: waits until the connector and all of its tasks are in the declared state and stay there, and restarts those that fail.
settle() {
  # A task that is started runs until it has read its first records: it is looked at for longer.
  local -r STARTED=6
  local name=$1 want=${states[$1]:-RUNNING} limit=${restarts[$1]:-0} done=0 good=0 need=2 pause=$RESTART_SECONDS actual said=''
  [[ ! ${touched[$name]-} ]] || need=$STARTED
  while true; do
    state "$name"
    actual=$REPLY
    case $want in
      STOPPED) [[ $actual == STOPPED ]] && good=$((good + 1)) || good=0 ;;
      # One that has no task yet is not running.
      *) [[ $actual =~ ^$want(\ $want)+$ ]] && good=$((good + 1)) || good=0 ;;
    esac
    ((good < need)) || break
    if [[ $actual == *FAILED* && $want == RUNNING ]]; then
      why
      ((done < limit)) || fail "$REFUSED" "\`$name\` fails, after $done restarts: $REPLY"
      done=$((done + 1))
      say "! $name: fails, restart $done of $limit in $pause s: $REPLY"
      sleep "$pause"
      pause=$((pause * 2))
      ask POST "/connectors/$name/restart?includeTasks=true&onlyFailed=true"
      [[ $status == 20[024] || $status == 404 ]] || give_up "cannot restart \`$name\`"
      deadline=$((SECONDS + WAIT_SECONDS)) need=$STARTED
    elif ((good == 0)); then
      ((SECONDS < deadline)) || fail "$RETRY" "\`$name\` is not $want after $WAIT_SECONDS s: ${actual:-it has no state}"
      [[ $actual == "$said" ]] || say "  $name: ${actual:-no state yet}"
      said=$actual
    fi
    sleep 2
  done
  say "  $name: $actual"
}

# --- main -------------------------------------------------------------------------------------------------------------------------

for name in CONNECT_URL CONNECTORS_FILE; do
  [[ ${!name-} ]] || fail "$USAGE" "the environment variable \`$name\` is not set"
done
for name in WAIT_SECONDS RESTART_SECONDS; do
  [[ ${!name} =~ ^[1-9][0-9]{0,5}$ ]] || fail "$USAGE" "\`$name\` must be a positive number, found \`${!name}\`"
done
server CONNECT_URL 'application/json' "${CONNECT_AUTHORIZATION-}" "${CONNECT_AUTHORITY-}"
[[ -r $CONNECTORS_FILE && ! -d $CONNECTORS_FILE ]] || fail "$USAGE" "cannot read \`$CONNECTORS_FILE\`"
folder=${CONNECTORS_FILE%/*}
[[ $folder != "$CONNECTORS_FILE" ]] || folder=.
read_declared
trap 'exit 143' TERM INT # bash ignores them by default when it is process 1 of a container

deadline=$((SECONDS + WAIT_SECONDS))
wait_for_workers
existing=$body
for name in "${removed[@]}"; do
  ask DELETE "/connectors/$name"
  case $status in
    204)
      say "- $name"
      deleted=$((deleted + 1))
      ;;
    404) ;;
    *) give_up "cannot delete \`$name\`" ;;
  esac
done
wait_for_plugins
# All of them before any is changed.
refused=0
for name in "${connectors[@]}"; do
  validate "$name" || refused=$((refused + 1))
done
((refused == 0)) || fail "$RETRY" "$refused of ${#connectors[@]} connectors are refused, and none was changed"
for name in "${connectors[@]}"; do
  configure "$name"
done
for name in "${connectors[@]}"; do
  steer "$name"
done
deadline=$((SECONDS + WAIT_SECONDS))
for name in "${connectors[@]}"; do
  settle "$name"
done
while [[ $existing =~ \"([^\"]+)\" ]]; do
  name=${BASH_REMATCH[1]}
  existing=${existing#*"\"$name\""}
  [[ ${configs[$name]+set} || " ${removed[*]-} " == *" $name "* ]] || say "  $name: not declared, and left as it is"
done
say "${#connectors[@]} connectors: $created created, $changed changed, $deleted deleted"
