#!/bin/bash
# tlsa.sh SETUPS ZONE...: turns @NAME in zones' TLSA records into data, and appends the set-ups to the first of them.
# @NAME is the certificate /lab/pki/dane-NAME.pem or /lab/pki/NAME.pem, its key, or a digest of it; @NAME~ is the same
# with a wrong last octet, @NAME- without it. A line "NAME SERVER RECORD[, RECORD]" of SETUPS is a domain NAME whose one
# host mx-NAME is that server, and has these TLSA records.
set -euo pipefail
setups=$1
shift
servers=(rsa chain full bare expired wrongname both selfsigned none foreign anonymous old ed25519) # 127.25.6.1 ff.

declare -A data # by "NAME SELECTOR TYPE"
# read_certificates NAME...: fills data.
read_certificates() {
	local name file sum der=/tmp/tlsa
	mkdir -p "$der"
	for name; do
		file=/lab/pki/dane-$name.pem
		[ -f "$file" ] || file=/lab/pki/$name.pem
		openssl x509 -in "$file" -outform DER -out "$der/$name 0"
		openssl x509 -in "$file" -noout -pubkey | openssl pkey -pubin -outform DER -out "$der/$name 1"
		data["$name 0 0"]=$(od -An -v -tx1 "$der/$name 0" | tr -d ' \n')
		data["$name 1 0"]=$(od -An -v -tx1 "$der/$name 1" | tr -d ' \n')
	done
	while read -r sum file; do data["${file##*/} 1"]=$sum; done < <(sha256sum "$der"/*)
	while read -r sum file; do data["${file##*/} 2"]=$sum; done < <(sha512sum "$der"/*)
}

# record USAGE SELECTOR TYPE DATA: the record as a zone has it, in $text.
record() {
	local name=${4#@} selector=$2 type=$3
	text="$1 $2 $3 $4"
	[[ $4 == @* ]] || return 0
	[[ $selector == [01] ]] || selector=1 # what nobody has to know has the data of 1 1
	[[ $type == [012] ]] || type=1
	text=${data["${name%[~-]} $selector $type"]}
	case $name in
	*~) [[ $text == *00 ]] && text=${text%??}ff || text=${text%??}00 ;;
	*-) text=${text%??} ;;
	esac
	text="$1 $2 $3 $text"
}

# expand: the zone with data for names.
expand() {
	local line fields
	while IFS= read -r line; do
		if [[ $line == *" TLSA "*@* ]]; then
			read -ra fields <<<"${line##* TLSA }"
			record "${fields[@]}"
			line="${line%% TLSA *} TLSA $text"
		fi
		echo "$line"
	done
}

# domains: the set-ups as lines of a zone.
domains() {
	local name server records one i
	while read -r name server records; do
		[[ -n $name && $name != \#* ]] || continue
		for i in "${!servers[@]}"; do [ "${servers[i]}" != "$server" ] || break; done
		echo "$name MX 10 mx-$name"
		echo "mx-$name A 127.25.6.$((i + 1))"
		IFS=, read -ra records <<<"$records"
		for one in "${records[@]}"; do echo "_25._tcp.mx-$name TLSA $one"; done
	done
}

mapfile -t names < <(grep -ohP '(?<= )@[a-z0-9-]*[a-z0-9]' "$setups" "$@" | tr -d @ | sort -u)
read_certificates "${names[@]}"
for zone; do expand <"$zone" >"$zone.new"; done
domains <"$setups" | expand >>"$1.new"
for zone; do mv "$zone.new" "$zone"; done
