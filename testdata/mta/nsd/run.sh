#!/bin/bash
# Signs the zones, hands the root's key to the resolver through /lab/shared, and serves them.
set -euo pipefail

# sign NAME FILE [OPTION...]: signs FILE with new keys and leaves the DS record in FILE.ds.
sign() {
	local name=$1 file=$2 ksk zsk
	shift 2
	ksk=$(ldns-keygen -r /dev/urandom -a ECDSAP256SHA256 -k "$name")
	zsk=$(ldns-keygen -r /dev/urandom -a ECDSAP256SHA256 "$name")
	ldns-signzone "$@" "$file" "$ksk" "$zsk"
	cp "$ksk.ds" "$file.ds"
	cp "$ksk.key" "$file.key"
}

mkdir /lab/zones
cp /lab/conf/nsd/*.zone /lab/zones
cd /lab/zones
sign mta-signed.test mta-signed.test.zone
sign mta-bogus.test mta-bogus.test.zone -i 20200101000000 -e 20200201000000
cp dane-bogus.zone dane-unsigned.zone
/lab/conf/nsd/tlsa.sh /lab/conf/nsd/dane.txt mta-{dane,plain}.test.zone dane-{bogus,unsigned}.zone
old="-i 20200101000000 -e 20200201000000"
# shellcheck disable=SC2086
sign _25._tcp.mx-bogus.mta-dane.test dane-bogus.zone $old -o _25._tcp.mx-bogus.mta-dane.test
cat dane-bogus.zone.ds >>mta-dane.test.zone
sign mta-dane.test mta-dane.test.zone
cat mta-signed.test.zone.ds mta-bogus.test.zone.ds mta-dane.test.zone.ds >>root.zone
sign . root.zone
cp root.zone.key /lab/shared/new.key
mv /lab/shared/new.key /lab/shared/root.key # whole or not at all: the resolver waits for it

useradd --system --no-create-home nsd
nsd -d -c /lab/conf/nsd/nsd.conf
