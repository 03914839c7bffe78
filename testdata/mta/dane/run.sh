#!/bin/bash
# Postfix' own users, its queue, and the lab's main.cf and master.cf.
set -euo pipefail
groupadd --system postdrop
useradd --system --no-create-home postfix
cp /lab/conf/dane/main.cf /lab/conf/dane/master.cf /etc/postfix/
postfix set-permissions 2>&1 | grep -v "No such file" || true # man pages that Debian moved
postfix start-fg
