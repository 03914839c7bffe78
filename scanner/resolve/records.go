package resolve

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"mxtls/scanner/name"
)

const (
	keepTLSA = 100     // kept of one answer: a rollover of four keys in every form is 64
	keepTXT  = 100     // the same; names that hold one policy each are asked
	keepData = 1 << 15 // octets of an answer's TLSA or TXT records: ten whole certificates; the cache holds many
)

// tlsa reads a TLSA record (RFC 6698 2.1). The library takes one that ends early.
func tlsa(rr *dns.TLSA) (TLSA, *Error) {
	const fixed = 3 // usage, selector, matching type
	data, err := hex.DecodeString(rr.Certificate)
	if rr.Hdr.Rdlength < fixed || err != nil {
		return TLSA{}, failf(Malformed, "tlsa record of %d octets", rr.Hdr.Rdlength)
	}
	return TLSA{rr.Usage, rr.Selector, rr.MatchingType, data}, nil
}

func (t TLSA) compare(o TLSA) int {
	return cmp.Or(cmp.Compare(t.Usage, o.Usage), cmp.Compare(t.Selector, o.Selector),
		cmp.Compare(t.Matching, o.Matching), bytes.Compare(t.Data, o.Data))
}

// text is a TXT record's octets; the library gives each of its strings in presentation form (RFC 1035 5.1).
func text(rr *dns.TXT) string {
	var b strings.Builder
	for _, s := range rr.Txt {
		for i := 0; i < len(s); i++ {
			switch {
			case s[i] != '\\' || i+1 == len(s):
				b.WriteByte(s[i])
			case i+3 < len(s) && isDigit(s[i+1]) && isDigit(s[i+2]) && isDigit(s[i+3]):
				b.WriteByte((s[i+1]-'0')*100 + (s[i+2]-'0')*10 + s[i+3] - '0')
				i += 3
			default:
				i++
				b.WriteByte(s[i])
			}
		}
	}
	return b.String()
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// keepTLSAs is the reply's TLSA records in order, each once, within the limits.
func keepTLSAs(r *reply) []TLSA {
	slices.SortFunc(r.TLSA, TLSA.compare)
	all := slices.CompactFunc(r.TLSA, func(a, b TLSA) bool { return a.compare(b) == 0 })
	return capped(r, all, fitting(all, keepTLSA, func(t TLSA) int { return len(t.Data) }))
}

// keepTXTs is the reply's TXT records in order, within the limits.
func keepTXTs(r *reply) []string {
	slices.Sort(r.TXT)
	return capped(r, r.TXT, fitting(r.TXT, keepTXT, func(s string) int { return len(s) }))
}

// fitting is how many records, from the first, stay within most and keepData.
func fitting[T any](list []T, most int, size func(T) int) (n int) {
	for total := 0; n < min(len(list), most); n++ {
		if total += size(list[n]); total > keepData {
			break
		}
	}
	return n
}

// expires is when the answer's first RRset is no longer covered by any of its signatures (RFC 4034 3.1.5), zero where
// no signature was sent. The times are taken for seconds since 1970: they wrap around in 2106.
func expires(answer []dns.RR, q question, aliases []name.Name) (first time.Time) {
	owner, covered := q.name, uint16(dns.TypeCNAME)
	for i := 0; i <= len(aliases); i++ {
		if i == len(aliases) {
			covered = q.typ
		}
		var last uint32
		for _, rr := range answer {
			if sig, ok := rr.(*dns.RRSIG); ok && sig.TypeCovered == covered && owned(rr, owner) {
				last = max(last, sig.Expiration)
			}
		}
		if last > 0 {
			first = earlier(first, time.Unix(int64(last), 0).UTC())
		}
		if i < len(aliases) {
			owner = aliases[i].String()
		}
	}
	return first
}

// earlier is the first of two times, of which either may be zero for none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
