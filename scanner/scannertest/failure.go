package scannertest

import (
	"fmt"
	"maps"
	"time"

	"github.com/miekg/dns"
)

// A Failure is what goes wrong with answers. Its fields apply in their order here, and several may be set; the zero
// Failure is none and lifts the one that was set before.
//
//	d.Fail("example.com", "MX", scannertest.Failure{Rcode: "SERVFAIL", Times: 1}) // a second try works
//	d.Fail("mx.example.com", "", scannertest.Failure{Drop: true})                 // a lame delegation
//	d.Fail("*", "", scannertest.Failure{NoEDNS: true})                            // a resolver of the last century
type Failure struct {
	// Times is how many queries it strikes before it is over; 0 means all.
	Times int
	// Delay passes before anything is sent.
	Delay time.Duration
	// Drop sends nothing.
	Drop bool
	// Forge makes packets that are sent over UDP ahead of the true answer, from the octets of the query, as one who
	// spoofs answers would.
	Forge func(query []byte) [][]byte
	// Raw makes the octets that are sent instead of an answer, from those of the query; nil sends nothing. Over TCP the
	// two octets of length are put before them.
	Raw func(query []byte) []byte
	// NoEDNS answers FORMERR to queries with an OPT record, and all others truly (RFC 6891 section 7).
	NoEDNS bool
	// Rcode ("SERVFAIL", "REFUSED", "NXDOMAIN", ...) is sent without records.
	Rcode string
	// Truncate sends no records but the TC bit over UDP, and the true answer over TCP.
	Truncate bool
	// EDE and EDEText go along as an extended error (RFC 8914), with whichever answer is sent, where the query has an
	// OPT record. They are sent when one of them is set.
	EDE     uint16
	EDEText string
}

// rcodes are the values of Failure.Rcode; the library has 16 under its other name alone.
var rcodes = func() map[string]int {
	m := maps.Clone(dns.StringToRcode)
	m["BADVERS"] = dns.RcodeBadVers
	return m
}()

// Fail makes answers to one name and type go wrong; typ "" stands for all types, and name "*" for all names. Of several
// that fit, the one for the name counts before the one for "*", and the one for the type before the one for all types.
// It panics at a type or an rcode that is none.
func (d *DNS) Fail(name, typ string, f Failure) {
	q := question{name: name, typ: dns.StringToType[typ]}
	if name != "*" {
		q.name = dns.CanonicalName(name)
	}
	if _, ok := rcodes[f.Rcode]; f.Rcode != "" && !ok {
		panic(fmt.Sprintf("scannertest: no rcode %q", f.Rcode))
	}
	if typ != "" && q.typ == 0 {
		panic(fmt.Sprintf("scannertest: no type %q", typ))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failures[q] = &f
}

// failure is the failure that strikes a query, counted; the caller holds the lock.
func (d *DNS) failure(name string, typ uint16) Failure {
	if len(d.failures) == 0 {
		return Failure{}
	}
	for _, q := range [...]question{{name, typ}, {name, 0}, {"*", typ}, {"*", 0}} {
		f := d.failures[q]
		if f == nil {
			continue
		}
		struck := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				delete(d.failures, q)
			}
		}
		return struck
	}
	return Failure{}
}

// octets sends what goes out as it is, and reports whether that was all.
func (f Failure) octets(w dns.ResponseWriter, q *dns.Msg, udp bool) (sent bool) {
	if f.Forge == nil && f.Raw == nil {
		return false
	}
	query, err := q.Pack()
	if err != nil {
		return true // it was unpacked a moment ago: it is no query that we could go on with
	}
	if f.Forge != nil && udp {
		for _, packet := range f.Forge(query) {
			w.Write(packet)
		}
	}
	if f.Raw == nil {
		return false
	}
	if b := f.Raw(query); b != nil {
		w.Write(b)
	}
	return true
}

// addOPT puts the answer's OPT record on, with the extended error of the failure or of a bogus name.
func addOPT(m *dns.Msg, query *dns.OPT, f Failure) {
	m.SetEdns0(dnsUDPSize, query.Do())
	code, text := f.EDE, f.EDEText
	if code == 0 && text == "" {
		return
	}
	opt := m.IsEdns0()
	opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: code, ExtraText: text})
}
