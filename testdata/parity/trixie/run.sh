#!/bin/bash
# The client of ../postfix in another release.
mkdir -p /etc/default
echo SYNC_CHROOT= >/etc/default/postfix # nothing runs in a chroot; what would fill it is Perl
. /lab/conf/postfix/run.sh
