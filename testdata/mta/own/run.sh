#!/bin/bash
# Postfix' own users, its queue, and the lab's main.cf and master.cf.
set -euo pipefail
groupadd --system postdrop
useradd --system --no-create-home postfix
install -d -o 900 -g 900 /var/mail/lab
cp /lab/conf/own/main.cf /lab/conf/own/master.cf /etc/postfix/
postfix set-permissions 2>&1 | grep -v "No such file" || true # man pages that Debian moved
postfix start-fg
