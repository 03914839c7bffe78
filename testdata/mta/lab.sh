#!/bin/bash
# lab.sh: real mail servers on loopback addresses, for tests. Debian 12, root.
#
#   lab.sh up              download, unpack and start everything; does nothing when it is up already
#   lab.sh fetch           only download: up then needs no network
#   lab.sh down            stop everything that up started
#   lab.sh status          one line for each server; status 0 when all are up
#   lab.sh in NAME CMD...  run a command where the server NAME runs, as root: lab.sh in postfix postconf -n
#
# Nothing is installed: see ../lab.bash. 127.25.0.53 is the resolver, 127.25.0.54 the name server, 127.25.1-6.x and
# 127.25.8.1 port 25 the mail servers, 127.25.7.1 port 8443 serves policies. The resolver knows a root of the lab's own
# and no other: no packet leaves the loopback. Mail for NAME.kept.mta-signed.test and all domains below it stays in the
# queue of the server NAME; own (127.25.8.1) sends to all the others and delivers what it gets.
#
# State directory: $MXTLS_MTA_STATE, /var/tmp/mxtls-mta by default. Logs are in its log/, certificates in its pki/.
set -euo pipefail

conf=$(cd "$(dirname "$0")" && pwd)
state=${MXTLS_MTA_STATE:-/var/tmp/mxtls-mta}
servers="nsd unbound postfix dane nginx exim sendmail courier opensmtpd opensmtpd-tls own"
resolver=127.25.0.53
domain=mta-signed.test

certificates() {
	rm -rf "$state/pki"
	"$conf/pki/make.sh" "$state/pki"
}

. "$conf/../lab.bash"
