#!/bin/bash
# Courier's own user and directories, its esmtpd with the lab's address and certificate, as its own script starts it.
set -euo pipefail
busybox syslogd -n -O /lab/log/syslog &
useradd --system --user-group --no-create-home courier
mkdir -p /run/courier /var/lib/courier/{allfilters,filters,msgq,msgs,track,tmp}
chown -R courier:courier /run/courier /var/lib/courier
chown -R root:courier /etc/courier
hostname >/etc/courier/me
# Mail for kept and its subdomains stays in the queue: nobody delivers.
{ hostname && echo kept.mta-signed.test && echo .kept.mta-signed.test; } >/etc/courier/esmtpacceptmailfor
chown courier:courier /usr/lib/courier/courier/submit && chmod 6755 /usr/lib/courier/courier/submit
hostname >/etc/courier/locals
hostname >/etc/courier/defaultdomain
install -m 0640 -g courier /lab/pki/both.courier.pem /etc/courier/esmtpd.pem
cat >>/etc/courier/esmtpd </lab/conf/courier/esmtpd
/usr/lib/courier/esmtpd start
tail -f /dev/null
