#!/bin/bash
# dane.sh: the certificates of the servers with TLSA records, sourced by make.sh. DIR/dane-NAME.pem is what a server
# sends, DIR/dane-NAME.key its key. All hosts are NAME.mta-dane.test, hence the wildcard.
# shellcheck shell=bash disable=SC2154

# dane NAME KIND ISSUER: a certificate for all hosts; SAN, FROM and TO say otherwise.
dane() {
	genkey "dane-$1" "$2"
	SAN=${SAN_FOR:-DNS:*.mta-dane.test} sign "dane-$1" "$3" leaf "${FROM:-$((year - 1))0101000000Z}" \
		"${TO:-$((year + 1))1231235959Z}" "/CN=dane-$1"
}

# sends NAME CERTIFICATE...: what the server NAME sends behind its own certificate.
sends() {
	local name=$1 cert
	shift
	for cert; do cat "$dir/$cert.pem" >>"$dir/dane-$name.pem"; done
}

dane rsa rsa ca
dane chain p256 intermediate
dane full p256 intermediate
dane bare p256 intermediate
FROM=$((year - 2))0101000000Z TO=$((year - 1))0630120000Z dane expired p256 ca
SAN_FOR=DNS:mail.elsewhere.test,DNS:half-nexthop.mta-plain.test dane wrongname p256 ca
dane both-rsa rsa ca
dane both-ecdsa p256 ca
dane foreign p256 stranger
dane ed25519 ed25519 ca
genkey dane-oldca p256
sign dane-oldca ca intermediate "$((year - 2))0101000000Z" "$((year - 1))0630120000Z" "/O=mxtls lab/CN=Old Intermediate"
mkdir -p "$dir/dane-oldca"
: >"$dir/dane-oldca/index.txt"
dane old p256 dane-oldca
sends chain intermediate
sends full intermediate ca
sends expired ca
sends wrongname ca
sends foreign stranger
sends old dane-oldca ca

genkey dane-selfsigned p256
SAN=DNS:*.mta-dane.test openssl req -x509 -new -config "$here/ca.cnf" -extensions selfsigned -days 365 \
	-key "$dir/dane-selfsigned.key" -subj "/CN=dane-selfsigned" -out "$dir/dane-selfsigned.pem"
chmod 0644 "$dir"/dane-*.key

# sts NAME ISSUER HOST...: a certificate of the web server.
sts() {
	local name=$1 issuer=$2 host san=
	shift 2
	for host; do san+=,DNS:mta-sts.sts-$host.mta-dane.test; done
	genkey "$name" p256
	SAN=${san#,} sign "$name" "$issuer" leaf "${FROM:-$((year - 1))0101000000Z}" \
		"${TO:-$((year + 1))1231235959Z}" "/CN=$name"
}

sts sts ca good testing off other dane short syntax redirect missing html wrongname record
sts sts-elsewhere ca good
sts sts-stranger stranger stranger
FROM=$((year - 2))0101000000Z TO=$((year - 1))0630120000Z sts sts-expired ca expired
chmod 0644 "$dir"/sts*.key
