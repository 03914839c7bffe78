package maillog

import "mxtls/scanner/postfix"

// way is how encrypted messages travelled: Postfix's word for the certificate, and version and cipher as OpenSSL writes
// them; "" for what is not known.
type way struct{ word, version, cipher string }

// ways numbers ways, so that a destination holds a few octets for each. Number 0 is of that of which nothing is known.
type ways struct {
	numbers map[string]uint16
	all     []way
	key     []byte // scratch
}

// maxWays is more than there are words, versions and ciphers in any log that was not forged: what comes after has
// other versions and ciphers.
const (
	maxWays     = 1000
	maxNameSize = 64
)

var otherVersion, otherCipher = []byte("other version"), []byte("other")

func newWays() *ways { return &ways{numbers: map[string]uint16{}, all: []way{{}}} }

// number is the number of a way.
func (w *ways) number(word postfix.Word, version, cipher []byte) uint16 {
	if word == postfix.WordNone && len(version)+len(cipher) == 0 {
		return 0
	}
	if n, ok := w.numbers[string(w.keyOf(word, version, cipher))]; ok {
		return n
	}
	full := len(w.all) >= maxWays
	if len(version) > 0 && (full || !nameLike(version)) {
		version = otherVersion
	}
	if len(cipher) > 0 && (full || !nameLike(cipher)) {
		cipher = otherCipher
	}
	key := string(w.keyOf(word, version, cipher))
	n, ok := w.numbers[key]
	if !ok {
		n = uint16(len(w.all))
		w.numbers[key] = n
		w.all = append(w.all, way{word.String(), string(version), string(cipher)})
	}
	return n
}

func (w *ways) keyOf(word postfix.Word, version, cipher []byte) []byte {
	w.key = append(append(append(append(w.key[:0], version...), 0), cipher...), byte(word))
	return w.key
}

// nameLike reports whether s can be OpenSSL's name of anything.
func nameLike(s []byte) bool {
	for _, c := range s {
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return len(s) <= maxNameSize
}
