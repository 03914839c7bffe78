#!/bin/bash
# OpenSMTPD's own users and directories, and the daemon.
set -euo pipefail
useradd --system --no-create-home --home-dir /var/lib/opensmtpd/empty opensmtpd
useradd --system --no-create-home --home-dir /var/lib/opensmtpd/empty opensmtpq
mkdir -p /var/lib/opensmtpd/empty /var/spool /etc/ssl/private /etc/ssl/certs
cp /lab/pki/ca.pem /etc/ssl/certs/ca-certificates.crt # what it trusts as a client
install -m 0644 /lab/pki/opensmtpd-tls.pem /etc/ssl/
install -m 0600 /lab/pki/opensmtpd-tls.key /etc/ssl/private/
: >/etc/aliases
smtpd -d -v -f /lab/conf/opensmtpd-tls/smtpd.conf
