#!/bin/bash
# make.sh: makes the root bundles in this directory, which the tests of package pkix and the stories of mxtls roots read,
# and the chains under chains/. All are committed: a new run makes new keys, and then the golden reports change as well
# (make golden). The time of the tests is 2026-11-23. Wants OpenSSL 3.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/index.txt"
cat >"$work/ca.cnf" <<'CNF'
[ca]
default_ca = any
[any]
database = $ENV::WORK/index.txt
new_certs_dir = $ENV::WORK
rand_serial = yes
unique_subject = no
policy = none
[none]
organizationName = optional
commonName = supplied
[req]
distinguished_name = empty
[empty]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = $ENV::SAN
CNF
export WORK=$work SAN=DNS:unused.invalid

# key NAME ARGS...: a private key.
key() {
	local name=$1
	shift
	openssl genpkey -quiet -out "$work/$name.key" "$@"
}

# sign NAME SUBJECT FROM TO EXTENSIONS DIGEST ISSUER...: a certificate, signed by itself where ISSUER is -selfsign.
sign() {
	local name=$1 subject=$2 from=$3 to=$4 extensions=$5 digest=$6
	shift 6
	openssl req -new -config "$work/ca.cnf" -key "$work/$name.key" -subj "$subject" -out "$work/$name.csr"
	openssl ca -batch -notext -config "$work/ca.cnf" -extensions "$extensions" -md "$digest" -startdate "$from" \
		-enddate "$to" -in "$work/$name.csr" -out "$work/$name.pem" "$@" 2>/dev/null
}

# root NAME SUBJECT FROM TO DIGEST: a root with the key of that name.
root() { sign "$1" "$2" "$3" "$4" root "$5" -selfsign -keyfile "$work/$1.key"; }

# leaf NAME ISSUER [FROM TO]: the certificate of a mail host.
leaf() {
	key "$1" -algorithm EC -pkeyopt ec_paramgen_curve:P-256
	SAN=DNS:$1.example sign "$1" "/CN=$1.example" "${3:-20261001000000Z}" "${4:-20261230000000Z}" leaf default \
		-cert "$work/$2.pem" -keyfile "$work/$2.key"
}

key one -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key two -algorithm RSA -pkeyopt rsa_keygen_bits:2048
key three -algorithm ED25519
key old -algorithm RSA -pkeyopt rsa_keygen_bits:1024
key older -algorithm RSA -pkeyopt rsa_keygen_bits:2048
key tiny -algorithm RSA -pkeyopt rsa_keygen_bits:768
key soon -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key later -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key between -algorithm EC -pkeyopt ec_paramgen_curve:P-256

root one '/O=Test Roots/CN=Root One' 20240101000000Z 20440101000000Z default
root two '/O=Test Roots/CN=Root Two' 20220301000000Z 20420301000000Z sha256
root three '/O=Test Roots/CN=Root Three' 20250601000000Z 20450601000000Z default
root old '/O=Test Roots/CN=Old Root' 19980901120000Z 20180901120000Z sha1
root older '/O=Test Roots/CN=Older Root' 19960129000000Z 20080802235959Z md5
root tiny '/O=Test Roots/CN=Tiny Root' 20100101000000Z 20400101000000Z sha1
root soon '/O=Test Roots/CN=Root That Ends' 20070101000000Z 20270101000000Z default
root later '/O=Test Roots/CN=Root To Come' 20270101000000Z 20470101000000Z default
sign between '/O=Test Roots/CN=Between' 20250101000000Z 20261215000000Z root default \
	-cert "$work/one.pem" -keyfile "$work/one.key"

rm -rf chains hashed
mkdir chains hashed
for of in one two three old soon tiny between; do
	leaf "by-$of" "$of"
	cat "$work/by-$of.pem" >"chains/by-$of.pem"
done
cat "$work/between.pem" >>chains/by-between.pem
leaf ended one 20250101000000Z 20250401000000Z
cat "$work/ended.pem" >chains/ended.pem

cat "$work"/{one,two,three}.pem >fresh.pem
{
	echo '# as a system had it in 2011'
	cat "$work"/{older,old,one}.pem
} >of-2011.pem
cat "$work"/{one,three}.pem >lacking.pem
{
	cat "$work/one.pem"
	printf -- '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUf*broken*by*an*editor\n-----END CERTIFICATE-----\n'
	cat "$work/two.pem"
} >broken.pem
{
	openssl x509 -in "$work/one.pem" -trustout -addtrust serverAuth
	openssl x509 -in "$work/two.pem" -trustout -addreject serverAuth
	openssl x509 -in "$work/three.pem" -trustout -addtrust emailProtection
	openssl x509 -in "$work/between.pem" -trustout -addtrust serverAuth
} >trusted.pem
cat "$work"/{one,soon,later,tiny,between,one}.pem >odd.pem
openssl x509 -in "$work/one.pem" -outform DER -out der.crt
: >empty.pem
cp "$work/one.pem" hashed/one.pem
cp "$work/two.pem" hashed/two.pem
openssl rehash hashed
