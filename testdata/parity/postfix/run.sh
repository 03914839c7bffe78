#!/bin/bash
# Postfix' own users, its queue, and the lab's configuration.
set -euo pipefail
. "${0%/*}/server.conf" # the server's that runs this: ../trixie's too
export listen
groupadd --system postdrop
useradd --system --no-create-home postfix
cp /lab/conf/postfix/main.cf /etc/postfix/
/lab/conf/postfix/transports.sh
postfix set-permissions 2>&1 | grep -v "No such file" || true # man pages that Debian moved
postfix start-fg
