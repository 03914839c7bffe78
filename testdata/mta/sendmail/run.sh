#!/bin/bash
# Sendmail's own users and directories, sendmail.cf by its own macros, and the daemon.
set -euo pipefail
busybox syslogd -n -O /lab/log/syslog &
groupadd --system smmta
groupadd --system smmsp
useradd --system --no-create-home -g smmta smmta
useradd --system --no-create-home -g smmsp smmsp
install -d -o smmta -g smmta /var/run/sendmail/mta /var/lib/sendmail
install -d -o root -g root /var/spool/mqueue # the daemon is root here, and without the right to write anywhere
install -d /etc/mail/tls /var/lib/sendmail/host_status
install -m 0600 /lab/pki/sendmail.key /etc/mail/tls/ # it takes no key that others could read
m4 /lab/conf/sendmail/sendmail.mc >/etc/mail/sendmail.cf
echo mx.sendmail.mta-signed.test >/etc/mail/local-host-names
/usr/libexec/sendmail/sendmail -bD
