#!/bin/sh
# Run by hookgate for each push: the payload is on standard input, the event's id and type are in HOOKGATE_ID and HOOKGATE_TYPE.
set -eu
payload=$(cat)
echo "deploying for $HOOKGATE_ID, ${#payload} bytes of $HOOKGATE_TYPE"
