#!/bin/bash
# make.sh DIR: the lab's certificates. DIR/NAME.pem (chain as the server sends it, leaf first), DIR/NAME.key,
# DIR/NAME.leaf.pem (the leaf alone, for whoever compares) and DIR/both.NAME.pem (key and chain in one file, as
# Courier wants it); DIR/ca.pem is the root to trust, DIR/stranger.pem one not to trust.
set -euo pipefail
umask 022

here=$(cd "$(dirname "$0")" && pwd)
dir=$1
zone=mta-signed.test
year=$(date -u +%Y)
export CA_DIR=$dir SAN=DNS:unused.invalid
mkdir -p "$dir"

# genkey NAME KIND: a private key; KIND is rsa, p256 or ed25519.
genkey() {
	case $2 in
	rsa) openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$dir/$1.key" ;;
	p256) openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/$1.key" ;;
	ed25519) openssl genpkey -quiet -algorithm ED25519 -out "$dir/$1.key" ;;
	esac
}

# root NAME CN: a self-signed authority.
root() {
	genkey "$1" p256
	openssl req -x509 -new -config "$here/ca.cnf" -extensions root -key "$dir/$1.key" -days 3650 \
		-subj "/O=mxtls lab/CN=$2" -out "$dir/$1.pem"
	mkdir -p "$dir/$1"
	: >"$dir/$1/index.txt"
}

# sign NAME ISSUER EXTENSIONS FROM TO SUBJECT: a certificate for the key NAME; dates are YYYYMMDDHHMMSSZ.
sign() {
	CA_DIR=$dir/$2
	openssl req -new -config "$here/ca.cnf" -key "$dir/$1.key" -subj "$6" -out "$dir/$1.csr"
	openssl ca -batch -notext -config "$here/ca.cnf" -cert "$dir/$2.pem" -keyfile "$dir/$2.key" -extensions "$3" \
		-startdate "$4" -enddate "$5" -in "$dir/$1.csr" -out "$dir/$1.pem" 2>"$dir/$1.err" ||
		{ cat "$dir/$1.err" >&2; return 1; }
}

# leaf NAME KIND ISSUER [HOST...]: a server certificate for mx.NAME and the other hosts, good until next year's end.
leaf() {
	local name=$1 kind=$2 issuer=$3 host
	shift 3
	SAN=DNS:mx.$name.$zone
	for host; do SAN+=,DNS:$host; done
	genkey "$name" "$kind"
	sign "$name" "$issuer" leaf "${FROM:-$((year - 1))0101000000Z}" "${TO:-$((year + 1))1231235959Z}" \
		"/CN=${CN:-mx.$name.$zone}"
}

root ca "Lab Root"
root stranger "Stranger Root"
genkey intermediate p256
sign intermediate ca intermediate "$((year - 1))0101000000Z" "$((year + 5))0101000000Z" \
	"/O=mxtls lab/CN=Lab Intermediate"
mkdir -p "$dir/intermediate"
: >"$dir/intermediate/index.txt"

leaf postfix rsa ca "implicit.$zone"
FROM=$((year - 2))0101000000Z TO=$((year - 1))0630120000Z leaf postfix-expired p256 ca
leaf postfix-wrongname p256 ca
SAN=DNS:mail.elsewhere.test sign postfix-wrongname ca leaf "$((year - 1))0101000000Z" "$((year + 1))1231235959Z" \
	/CN=mail.elsewhere.test
leaf postfix-incomplete p256 intermediate
leaf postfix-chain p256 intermediate
SAN="DNS:*.postfix-chain.$zone" sign postfix-chain intermediate leaf "$((year - 1))0101000000Z" \
	"$((year + 1))1231235959Z" "/CN=*.postfix-chain.$zone"
leaf postfix-stranger p256 stranger
leaf postfix-tls12 p256 ca
leaf postfix-tls10 rsa ca
leaf postfix-clientcert ed25519 ca
leaf postfix-reqcert p256 ca
leaf postfix-postscreen p256 ca
leaf postfix-deep p256 ca
leaf exim p256 ca
leaf exim-delay rsa ca
leaf sendmail rsa ca
leaf courier rsa ca "mx.insecure.mta-unsigned.test"
leaf opensmtpd rsa ca
leaf opensmtpd-tls p256 ca
leaf own p256 ca

genkey postfix-selfsigned rsa
SAN=DNS:mx.postfix-selfsigned.$zone openssl req -x509 -new -config "$here/ca.cnf" -extensions selfsigned -days 365 \
	-key "$dir/postfix-selfsigned.key" -subj "/CN=mx.postfix-selfsigned.$zone" -out "$dir/postfix-selfsigned.pem"

for key in "$dir"/*-*.key "$dir"/{postfix,exim,sendmail,courier,opensmtpd,own}.key; do
	name=$(basename "$key" .key)
	cp "$dir/$name.pem" "$dir/$name.leaf.pem"
	case $name in
	postfix-chain) cat "$dir/intermediate.pem" >>"$dir/$name.pem" ;;
	postfix-stranger) cat "$dir/stranger.pem" >>"$dir/$name.pem" ;;
	esac
	cat "$key" "$dir/$name.pem" >"$dir/both.$name.pem"
done
chmod 0644 "$dir"/*.key "$dir"/both.*.pem # every daemon reads them as its own user; the keys are worth nothing

. "$here/dane.sh"
