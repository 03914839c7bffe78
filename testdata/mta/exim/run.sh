#!/bin/bash
set -euo pipefail
useradd --system --no-create-home --user-group Debian-exim
mkdir -p /var/spool/exim4 && chown Debian-exim: /var/spool/exim4 /lab/log
install -m 0644 /lab/conf/exim/exim4.conf /etc/exim4/exim4.conf
exim4 -bdf
