#!/bin/bash
# OpenSMTPD's own users and directories, and the daemon.
set -euo pipefail
useradd --system --no-create-home --home-dir /var/lib/opensmtpd/empty opensmtpd
useradd --system --no-create-home --home-dir /var/lib/opensmtpd/empty opensmtpq
mkdir -p /var/lib/opensmtpd/empty /etc/ssl/private
install -m 0644 /lab/pki/opensmtpd.pem /etc/ssl/
install -m 0600 /lab/pki/opensmtpd.key /etc/ssl/private/
: >/etc/aliases
smtpd -d -v -f /lab/conf/opensmtpd/smtpd.conf
