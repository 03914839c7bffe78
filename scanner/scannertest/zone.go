package scannertest

import (
	"fmt"
	"slices"
	"sync"

	"github.com/miekg/dns"
)

// question is a name (canonical: lower case, with the final dot) and a type; type 0 stands for all types.
type question struct {
	name string
	typ  uint16
}

// trust is what validation makes of a name, from worst to best: an answer is worth as much as the worst name on its
// way.
type trust uint8

const (
	bogus trust = iota
	insecure
	secure
)

// zones is everything that the DNS holds.
type zones struct {
	mu    sync.RWMutex
	sets  map[question][]dns.RR
	names map[string]struct{} // that exist: with records, or with names below them (RFC 8020)
	trust map[string]trust    // by zone; the nearest above a name counts
}

func (z *zones) init() {
	z.sets, z.names, z.trust = make(map[question][]dns.RR), make(map[string]struct{}), make(map[string]trust)
	z.add(&dns.NS{
		Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 518400},
		Ns:  "a.root-servers.net.",
	})
}

// Add puts records into the DNS, each a line as in a zone file: "example.com. 300 IN MX 10 mx.example.net.". A name
// without the final dot is taken to have it. RRSIG records are handed out with what they cover to those who set DO, and
// signed by nobody: it is Secure and its kin that decide what an answer is worth. A line that cannot be read is an error that quotes it; the lines before it
// are in.
func (d *DNS) Add(records ...string) error {
	d.data.mu.Lock()
	defer d.data.mu.Unlock()
	for _, line := range records {
		rr, err := dns.NewRR(line)
		if err != nil {
			return fmt.Errorf("dns record %q: %w", line, err)
		}
		if rr == nil {
			return fmt.Errorf("dns record %q: nothing there", line)
		}
		d.data.add(rr)
	}
	return nil
}

func (z *zones) add(rr dns.RR) {
	h := rr.Header()
	h.Name = dns.CanonicalName(h.Name)
	q := question{h.Name, h.Rrtype}
	z.sets[q] = append(z.sets[q], rr)
	for name := h.Name; ; name = parent(name) {
		if _, known := z.names[name]; known {
			return
		}
		z.names[name] = struct{}{}
		if name == "." {
			return
		}
	}
}

// Secure signs zones: answers for names at or under them carry the AD bit when the query has AD or DO set. "." is
// everything. The nearest of Secure, Insecure and Bogus above a name counts.
func (d *DNS) Secure(zones ...string) { d.data.mark(secure, zones) }

// Insecure takes zones out of a signed one above them, as a delegation without DS record does.
func (d *DNS) Insecure(zones ...string) { d.data.mark(insecure, zones) }

// Bogus breaks the signatures of zones: answers for names at or under them are SERVFAIL with extended error 6 (DNSSEC
// Bogus, RFC 8914), unless the query has CD set.
func (d *DNS) Bogus(zones ...string) { d.data.mark(bogus, zones) }

func (z *zones) mark(t trust, zones []string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, zone := range zones {
		z.trust[dns.CanonicalName(zone)] = t
	}
}

// lookup follows a question through the data: the records with the CNAMEs before them, the trust of the whole way, and
// the rcode, which speaks of the last name (RFC 6604 section 3). An alias that leads back ends the way. Signatures that
// were added go along where they are wanted.
func (z *zones) lookup(qname string, qtype uint16, signatures bool) (answer []dns.RR, worst trust, rcode int) {
	z.mu.RLock()
	defer z.mu.RUnlock()
	name := dns.CanonicalName(qname)
	for worst = secure; ; {
		worst = min(worst, z.trustOf(name))
		owner, exists := z.owner(name)
		if !exists {
			return answer, worst, dns.RcodeNameError
		}
		if set := z.sets[question{owner, qtype}]; len(set) > 0 {
			if signatures {
				set = append(slices.Clone(set), z.signatures(owner, qtype)...)
			}
			return appendAs(answer, set, name), worst, dns.RcodeSuccess
		}
		alias := z.sets[question{owner, dns.TypeCNAME}]
		if len(alias) == 0 {
			return answer, worst, dns.RcodeSuccess
		}
		answer = appendAs(answer, alias[:1], name)
		if sigs := z.signatures(owner, dns.TypeCNAME); signatures && len(sigs) > 0 {
			answer = appendAs(answer, sigs, name)
		}
		name = dns.CanonicalName(alias[0].(*dns.CNAME).Target)
		for _, rr := range answer {
			if rr.Header().Name == name {
				return answer, worst, dns.RcodeSuccess
			}
		}
	}
}

// signatures are the RRSIG records over a set.
func (z *zones) signatures(owner string, covered uint16) (sigs []dns.RR) {
	for _, rr := range z.sets[question{owner, dns.TypeRRSIG}] {
		if rr.(*dns.RRSIG).TypeCovered == covered {
			sigs = append(sigs, rr)
		}
	}
	return sigs
}

// owner is the name whose records answer for name: itself, or the wildcard of the closest name above it that exists.
func (z *zones) owner(name string) (owner string, exists bool) {
	if _, ok := z.names[name]; ok {
		return name, true
	}
	for above := parent(name); ; above = parent(above) {
		if _, ok := z.names[above]; !ok {
			continue // ends at the root, which exists
		}
		owner = "*." + above
		if above == "." {
			owner = "*."
		}
		_, exists = z.names[owner]
		return owner, exists
	}
}

func (z *zones) trustOf(name string) trust {
	for ; ; name = parent(name) {
		if t, ok := z.trust[name]; ok {
			return t
		}
		if name == "." {
			return insecure
		}
	}
}

// appendAs appends the records of a set to answer, under name where they come from a wildcard.
func appendAs(answer, set []dns.RR, name string) []dns.RR {
	if set[0].Header().Name == name {
		return append(answer, set...)
	}
	for _, rr := range set {
		rr = dns.Copy(rr)
		rr.Header().Name = name
		answer = append(answer, rr)
	}
	return answer
}

// parent is the name without its first label, "." in the end.
func parent(name string) string {
	next, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[next:]
}
