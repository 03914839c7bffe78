#!/bin/bash
# transports.sh: for each level and each CAfile a transport, which writes both into every line of its log:
# "postfix/may-lab/smtp[123]". One process for each delivery: its number joins the lines. The level is the local part of
# the recipient, the CAfile is told by the last but one label of the domain. Mail is taken at $listen.
set -euo pipefail
sed "s/^\$listen/$listen/" /lab/conf/postfix/services.cf >/etc/postfix/master.cf
: >/etc/postfix/transport
while read -r name domain file; do
	for level in none may encrypt verify secure; do
		cat >>/etc/postfix/master.cf <<-END
			$level-$name unix - - n - 30 smtp
			  -o syslog_name=postfix/$level-$name -o max_use=1
			  -o smtp_tls_security_level=$level -o smtp_tls_CAfile=$file
		END
		echo "/^$level@.*$domain\$/ $level-$name:" >>/etc/postfix/transport
	done
done <<END
broken   \.broken\.test   /lab/pki/broken.pem
nocafile \.nocafile\.test
lab      \.test           /lab/pki/ca.pem
END
