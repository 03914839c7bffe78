#!/bin/bash
# start.sh NAME: a Postfix with the main.cf, master.cf and tables of /lab/shared/settings/NAME. Runs where the lab's
# Postfix runs. Queues are not kept.
set -euo pipefail
dir=/lab/shared/settings/$1 spool=/var/spool/settings/$1 data=/var/lib/settings/$1
install -d "$spool/pid"
install -d -o postfix "$data"
for queue in active bounce corrupt defer deferred flush hold incoming private saved trace; do
	install -d -o postfix -m 700 "$spool/$queue"
done
install -d -o postfix -g postdrop -m 730 "$spool/maildrop"
install -d -o postfix -g postdrop -m 710 "$spool/public"
for table in "$dir"/*.hash; do
	[ ! -f "$table" ] || postmap -c "$dir" "hash:$table" 2>>"$dir/postmap"
done
setsid /usr/lib/postfix/sbin/master -c "$dir" </dev/null >"$dir/output" 2>&1 &
