package dane

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"

	"mxtls/scanner/internal/enum"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
)

// Numbers of RFC 6698 2.1, named in RFC 7218.
const (
	usageTA = 2 // DANE-TA
	usageEE = 3 // DANE-EE

	selectCert = 0
	selectSPKI = 1

	matchFull   = 0
	matchSHA256 = 1
	matchSHA512 = 2
)

// Usability says whether a record can be used, or why not.
type Usability uint8

// Usabilities.
const (
	UsabilityUnknown Usability = iota
	Usable
	PKIXUsage       // usage 0 or 1: not for mail (RFC 7672 3.1.3)
	UnknownUsage    // any other
	UnknownSelector // neither certificate nor key
	UnknownMatching // no way of matching that a mail server has to know
	WrongLength     // no digest of its kind
	BadCertificate  // a whole certificate that cannot be read
	BadKey          // a whole key that cannot be read
)

var usabilityWords = enum.Words{
	"unknown", "usable", "pkix_usage", "unknown_usage", "unknown_selector", "unknown_matching_type", "wrong_length",
	"bad_certificate", "bad_key",
}

func (u Usability) String() string { return enum.String("tlsa usability", usabilityWords, u) }
func (u Usability) MarshalText() ([]byte, error) {
	return enum.Marshal("tlsa usability", usabilityWords, u)
}
func (u *Usability) UnmarshalText(t []byte) error {
	return enum.Unmarshal("tlsa usability", usabilityWords, u, t)
}

// Record is one TLSA record and what became of it.
type Record struct {
	resolve.TLSA
	Usability Usability
	Ignored   bool // usable, and not looked at: a stronger digest stands under the same usage and selector
	Fits      int  // the first certificate, as sent, that it names, whatever its usage; -1 = none, 0 = the server's own
}

// String is the record as Postfix logs it: "3 1 1 " and the data in hex, of which long ones lose their middle.
func (r Record) String() string {
	const most, edge = 64, 32 // octets; MAX_DUMP_BYTES and so on in src/tls/tls_dane.c
	data := fmt.Sprintf("%X", r.Data)
	if len(r.Data) > most {
		data = fmt.Sprintf("%X...%X", r.Data[:edge], r.Data[len(r.Data)-edge:])
	}
	return fmt.Sprintf("%d %d %d %s", r.Usage, r.Selector, r.Matching, data)
}

// Classify says which of the records can be used and which are ignored for a stronger digest. Fits is -1 throughout.
func Classify(records []resolve.TLSA) []Record {
	type pair struct{ usage, selector uint8 }
	out := make([]Record, len(records))
	strongest := make(map[pair]uint8)
	for i, t := range records {
		out[i] = Record{TLSA: t, Usability: usability(t), Fits: -1}
		if out[i].Usability == Usable {
			strongest[pair{t.Usage, t.Selector}] = max(strongest[pair{t.Usage, t.Selector}], t.Matching)
		}
	}
	for i := range out {
		r := &out[i]
		r.Ignored = r.Usability == Usable && r.Matching != matchFull && r.Matching < strongest[pair{r.Usage, r.Selector}]
	}
	return out
}

// usability is step 3 of the package comment (src/tls/tls_dane.c; ssl_lib.c dane_tlsa_add).
func usability(t resolve.TLSA) Usability {
	switch {
	case t.Usage < usageTA:
		return PKIXUsage
	case t.Usage > usageEE:
		return UnknownUsage
	case t.Selector > selectSPKI:
		return UnknownSelector
	}
	switch t.Matching {
	case matchSHA256:
		return sized(t, sha256.Size)
	case matchSHA512:
		return sized(t, sha512.Size)
	case matchFull:
		if t.Selector == selectSPKI {
			return readable(pkix.CheckKey(t.Data), BadKey)
		}
		_, err := pkix.PublicKeyInfo(t.Data)
		return readable(err, BadCertificate)
	}
	return UnknownMatching
}

func sized(t resolve.TLSA, octets int) Usability {
	if len(t.Data) != octets {
		return WrongLength
	}
	return Usable
}

func readable(err error, otherwise Usability) Usability {
	if err != nil {
		return otherwise
	}
	return Usable
}

// names reports whether the record is about a certificate, given it and its SubjectPublicKeyInfo (RFC 6698 2.1).
func (r *Record) names(cert, key []byte) bool {
	if r.Usability != Usable {
		return false
	}
	subject := cert
	if r.Selector == selectSPKI {
		subject = key
	}
	switch r.Matching {
	case matchSHA256:
		sum := sha256.Sum256(subject)
		subject = sum[:]
	case matchSHA512:
		sum := sha512.Sum512(subject)
		subject = sum[:]
	}
	return bytes.Equal(subject, r.Data)
}

// before is OpenSSL's order of records (ssl_lib.c dane_tlsa_add): usage 3 first, keys before certificates, strong
// digests before weak ones and those before whole data. The first that fits is the one that is logged.
func (r *Record) before(o *Record) int {
	return cmp.Or(cmp.Compare(o.Usage, r.Usage), cmp.Compare(o.Selector, r.Selector), cmp.Compare(o.Matching, r.Matching))
}
