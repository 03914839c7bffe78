#!/bin/sh
# finger.sh LEVEL CAFILE DOMAIN: "LEVEL DOMAIN WORD", the word of posttls-finger or - where no TLS came about. CAFILE is
# - for none. posttls-finger exits 0 whatever it finds, and 1 where the server hangs up on it.
case $2 in -) set -- "$1" "" "$3" ;; *) set -- "$1" "-F $2" "$3" ;; esac
# shellcheck disable=SC2086
word=$(posttls-finger -c -t 4 -T 6 -l "$1" $2 "$3" 2>&1 |
	sed -n 's/^posttls-finger: \([A-Z][a-z]*\) TLS connection established.*/\1/p')
echo "$1 $3 ${word:--}"
