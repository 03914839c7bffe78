#!/bin/bash
# lab.sh: a real Postfix that sends, for tests. Debian 12, root.
#
#   lab.sh up              download, unpack and start everything; does nothing when it is up already
#   lab.sh down            stop everything that up started
#   lab.sh status          one line for each server; status 0 when all are up
#   lab.sh in NAME CMD...  run a command where the server NAME runs, as root: lab.sh in postfix posttls-finger -h
#
# Nothing is installed: see ../lab.bash. Postfix takes mail at 127.26.0.25 port 25. The test that uses the lab runs the
# resolver, at 127.26.0.53, and the servers that mail goes to, at other addresses of 127.26.0.0/16; it writes the
# certificates before the start.
#
# State directory: $MXTLS_PARITY_STATE, /var/tmp/mxtls-parity by default. Postfix' log is log/postfix/output in it.
set -euo pipefail

conf=$(cd "$(dirname "$0")" && pwd)
state=${MXTLS_PARITY_STATE:-/var/tmp/mxtls-parity}
servers="postfix"
resolver=127.26.0.53
domain=client.test

certificates() { mkdir -p "$state/pki"; }

. "$conf/../lab.bash"
