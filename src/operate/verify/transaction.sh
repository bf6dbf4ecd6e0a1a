# Writes one record in a transaction to a topic of its own, reads it back as a consumer that ignores what was not committed, and removes the
# topic however it ends, also when kubectl is gone. $0 is the name of the topic, $1 the bootstrap servers, $2 a file of client properties or
# empty; $3, $4 and $5 are the commands kafka-topics, kafka-producer-perf-test and kafka-console-consumer.
set -uo pipefail
topic=$0 servers=$1 file=$2 topics=$3 producer=$4 consumer=$5
tmp=$(mktemp -d)
finish() {
  trap - EXIT TERM INT HUP
  # Deleted also where its creation did not answer in time: the request may have arrived.
  timeout 60 "$topics" --bootstrap-server "$servers" ${file:+--command-config "$file"} --delete --if-exists --topic "$topic" >"$tmp/deleted" 2>&1 || {
    echo "the scratch topic $topic is left: delete it"
    status=1
  }
  rm -rf "$tmp"
  exit "$status"
}
status=1
trap finish EXIT
trap '' PIPE # the reader may be gone
trap 'exit 143' TERM INT HUP
run() {
  local what=$1
  shift
  timeout 60 "$@" >"$tmp/out" 2>"$tmp/err" || {
    status=$?
    cat "$tmp/out" "$tmp/err"
    ((status == 124)) && echo "no answer in 60 s"
    echo "FAILED $what"
    exit "$status"
  }
}
run 'create a topic' "$topics" --bootstrap-server "$servers" ${file:+--command-config "$file"} --create --topic "$topic" --partitions 1
echo "$topic" >"$tmp/record"
run 'write in a transaction' "$producer" --topic "$topic" --num-records 1 --throughput -1 --payload-file "$tmp/record" --transactional-id "$topic" \
  ${file:+--producer.config "$file"} --producer-props "bootstrap.servers=$servers" acks=all delivery.timeout.ms=45000 request.timeout.ms=15000
# A partition, and not a group: it leaves no offsets.
run 'read it back' "$consumer" --bootstrap-server "$servers" ${file:+--consumer.config "$file"} --topic "$topic" --partition 0 --offset earliest \
  --isolation-level read_committed --max-messages 1 --timeout-ms 30000
[[ $(<"$tmp/out") == *"$topic"* ]] || {
  echo "read $(<"$tmp/out")"
  echo 'FAILED read it back'
  exit 1
}
status=0
