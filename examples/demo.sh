#!/usr/bin/env bash
# Shows a receiver at work: a signed push is accepted and printed, a forged one is refused.
# Usage: examples/demo.sh PATH_TO_HOOKGATE
set -euo pipefail
hookgate=$1
push=$(dirname "$0")/push.json
dir=$(mktemp -d)
receiver=
finish() {
  [ -z "$receiver" ] || kill "$receiver" 2>/dev/null || true
  rm -rf "$dir"
}
trap finish EXIT

(umask 077; od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$dir/secret"; od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$dir/forger")
mkfifo "$dir/talk"
"$hookgate" serve --listen 127.0.0.1:0 --data "$dir/data" --secret-file "$dir/secret" > "$dir/events" 2> "$dir/talk" &
receiver=$!
exec 3< "$dir/talk"
read -r -t 10 line <&3 || { echo 'the receiver did not start'; exit 1; }
url=$(grep -oE 'http://[^ ]+' <<< "$line")
echo "A receiver listens on $url."

echo; echo 'A signed push is accepted:'
"$hookgate" send "$url" --secret-file "$dir/secret" --event push "$push"

echo; echo 'It is on the disk, and printed by the receiver as one line of JSON:'
timeout 10 bash -c 'until [ -s "$0" ]; do sleep 0.05; done' "$dir/events"
cut -c 1-160 "$dir/events"
[ "$(wc -l < "$dir/events")" = 1 ] || { echo 'expected one event'; exit 1; }

echo; echo 'Sent again, it is known, and not printed again:'
"$hookgate" send "$url" --secret-file "$dir/secret" --event push "$push"

echo; echo 'The same push, signed by somebody who guessed the secret, is refused:'
if "$hookgate" send "$url" --secret-file "$dir/forger" --event push "$push"; then
  echo 'a forged push was accepted'; exit 1
fi
[ "$(wc -l < "$dir/events")" = 1 ] || { echo 'a forged push was printed'; exit 1; }

kill "$receiver"
wait "$receiver"
receiver=
echo; echo 'The receiver has stopped.'
