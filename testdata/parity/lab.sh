#!/bin/bash
# lab.sh: two releases of a real Postfix that sends, for tests. Debian 12, root.
#
#   lab.sh up              download, unpack and start everything; does nothing when it is up already
#   lab.sh fetch           only download: up then needs no network
#   lab.sh down            stop everything that up started
#   lab.sh status          one line for each server; status 0 when all are up
#   lab.sh in NAME CMD...  run a command where the server NAME runs, as root: lab.sh in postfix posttls-finger -h
#
# Nothing is installed: see ../lab.bash. The server postfix is Debian 12's Postfix, 3.7 with OpenSSL 3.0, and takes mail
# at 127.26.0.25 port 25; trixie is Debian 13's, 3.10 with OpenSSL 3.5, at 127.26.0.26. The test that uses the lab runs
# the resolver, at 127.26.0.53, and the servers that mail goes to, at other addresses of 127.26.0.0/16; it writes the
# certificates before the start.
#
# State directory: $MXTLS_PARITY_STATE, /var/tmp/mxtls-parity by default. Postfix' log is log/SERVER/output in it.
set -euo pipefail

conf=$(cd "$(dirname "$0")" && pwd)
state=${MXTLS_PARITY_STATE:-/var/tmp/mxtls-parity}
servers="postfix trixie"
resolver=127.26.0.53
domain=client.test

certificates() { mkdir -p "$state/pki"; }

. "$conf/../lab.bash"
