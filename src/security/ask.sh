#!/usr/bin/env bash
# Asks the REST interface of this pod, on its loopback, and prints the body of the answer. In a pod:
#
#   ask.sh PATH [METHOD]
#
# Exit status: 0 for an answer 2xx, 1 for another one or none. It needs bash and base64 alone.
set -euo pipefail
export LC_ALL=C

path=$1 method=${2-GET} status='' line=''
exec {connection}<>/dev/tcp/127.0.0.1/PORT
# The password is in no argument.
{
  printf '%s %s HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n' "$method" "$path"
  LOGIN
  [[ $method == GET ]] || printf 'Content-Type: application/json\r\nContent-Length: 0\r\n'
  printf '\r\n'
} >&"$connection"
IFS= read -r line <&"$connection" && [[ $line =~ ^HTTP/1\.[01]\ ([0-9]{3}) ]] && status=${BASH_REMATCH[1]}
while IFS= read -r line <&"$connection" && [[ $line != $'\r' && $line ]]; do :; done
body=$(cat <&"$connection")
if [[ $status == 2* ]]; then
  printf '%s\n' "$body"
else
  printf 'error: HTTP %s: %s\n' "${status:-without an answer}" "$body" >&2
  exit 1
fi
