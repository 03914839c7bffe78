package resolve

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"mxtls/scanner/name"
)

const (
	maxRecords = 2000 // in all sections; a 64 KB message can claim 4,000 and make us build them all
	keepMX     = 100  // kept of one answer: enough to show what is wrong, mx tries 20
	keepAddrs  = 100  // the same; mx tries 5 of a host
	maxCNAME   = 10   // as Postfix (src/dns/dns_lookup.c); unbound follows 11, BIND 16
	maxEDE     = 256  // octets of an extended error's text; RFC 8914 wants it short
)

// reply is one response, parsed: an Answer in the making, and what decides whether it is one.
type reply struct {
	Answer
	rcode   int
	ad      bool
	last    string // the name at the end of the alias chain, as a question's name
	more    bool   // the chain ends in a name that the resolver did not look up
	lame    bool   // a referral: the server does not recurse
	edeCode int    // -1 for none
	ede     string
}

// parse reads a response to q whose header and question were checked before. seen are the names of the alias chain that
// led to q. A panic over hostile octets is an answer that does not parse: it must not end the run, whose goroutines read
// for all.
func parse(msg []byte, q question, seen []string) (rep *reply, err *Error) {
	defer func() {
		if p := recover(); p != nil {
			rep, err = nil, failf(Malformed, "panic: %v", p)
		}
	}()
	if n := counts(msg, 6, 8, 10); n > maxRecords {
		return nil, failf(TooLarge, "%d records", n)
	}
	var m dns.Msg
	if err := m.Unpack(msg); err != nil {
		return nil, fail(Malformed, err)
	}
	// The library takes a message that ends early at a record's edge for a whole one.
	if len(m.Answer) != counts(msg, 6) || len(m.Ns) != counts(msg, 8) {
		return nil, failf(Malformed, "the message ends before its last record")
	}
	r := &reply{rcode: m.Rcode, ad: m.AuthenticatedData, last: q.name, edeCode: -1}
	r.extended(m.IsEdns0())
	if r.rcode != dns.RcodeSuccess && r.rcode != dns.RcodeNameError {
		return r, nil
	}
	ttl := uint32(1<<31 - 1)
	if q.typ != dns.TypeCNAME { // who asks for the alias itself wants to go no further
		if err := r.follow(m.Answer, seen, &ttl); err != nil {
			return nil, err
		}
	}
	switch err := r.collect(m.Answer, q.typ, &ttl); {
	case err != nil:
		return nil, err
	case r.rcode == dns.RcodeNameError:
		r.Answer = Answer{Status: NXDomain, Aliases: r.Aliases}
	case r.Status != Found:
		r.Status = NoData
	}
	if r.Status != Found {
		r.absent(&m, &ttl)
	}
	r.TTL = time.Duration(ttl) * time.Second
	r.Expires = expires(m.Answer, q, r.Aliases)
	return r, nil
}

// counts sums the header's counts at the offsets given.
func counts(msg []byte, offsets ...int) (n int) {
	for _, off := range offsets {
		n += int(binary.BigEndian.Uint16(msg[off:]))
	}
	return n
}

// extended reads the OPT record's extended error (RFC 8914): the first, unless a later one speaks of DNSSEC or policy.
func (r *reply) extended(opt *dns.OPT) {
	if opt == nil {
		return
	}
	for _, o := range opt.Option {
		e, ok := o.(*dns.EDNS0_EDE)
		if !ok || r.edeCode >= 0 && !dnssecCode(int(e.InfoCode)) && !policyCode(int(e.InfoCode)) {
			continue
		}
		text, known := dns.ExtendedErrorCodeToString[e.InfoCode]
		if !known {
			text = fmt.Sprintf("extended error %d", e.InfoCode)
		}
		if e.ExtraText != "" {
			text += ": " + e.ExtraText[:min(len(e.ExtraText), maxEDE)]
		}
		r.edeCode, r.ede = int(e.InfoCode), text
	}
}

// follow walks the aliases of an answer from the name asked for.
func (r *reply) follow(answer []dns.RR, seen []string, ttl *uint32) *Error {
	seen = slices.Clip(seen)
	for {
		i := slices.IndexFunc(answer, func(rr dns.RR) bool {
			_, ok := rr.(*dns.CNAME)
			return ok && owned(rr, r.last)
		})
		if i < 0 {
			return nil
		}
		cname := answer[i].(*dns.CNAME)
		target, err := name.ParseHost(cname.Target)
		if err != nil {
			return failf(Malformed, "alias of %s: %w", r.last, err)
		}
		seen = append(seen, r.last)
		if slices.Contains(seen, target.String()) {
			return failf(CNAMELoop, "%s is an alias of %s", r.last, target)
		}
		if len(seen) > maxCNAME {
			return failf(CNAMETooLong, "more than %d aliases", maxCNAME)
		}
		r.last = target.String()
		r.Aliases = append(r.Aliases, target)
		*ttl = min(*ttl, sane(cname.Hdr.Ttl))
	}
}

// collect takes the records of the type asked for at the end of the chain; others are no answer, whatever they say.
func (r *reply) collect(answer []dns.RR, typ uint16, ttl *uint32) *Error {
	for _, rr := range answer {
		h := rr.Header()
		if h.Rrtype != typ || !owned(rr, r.last) {
			continue
		}
		if h.Rdlength == 0 {
			return failf(Malformed, "empty %s record", dns.TypeToString[typ])
		}
		r.Status = Found
		*ttl = min(*ttl, sane(h.Ttl))
		switch rr := rr.(type) {
		case *dns.MX:
			if rr.Mx == "" { // the library takes a record that ends behind its preference
				return failf(Malformed, "mx record without a host")
			}
			r.MX = append(r.MX, MX{rr.Preference, hostText(rr.Mx)})
		case *dns.A:
			a, _ := netip.AddrFromSlice(rr.A)
			r.Addrs = append(r.Addrs, a.Unmap())
		case *dns.AAAA:
			a, _ := netip.AddrFromSlice(rr.AAAA.To16())
			r.Addrs = append(r.Addrs, a)
		case *dns.CNAME:
			target, err := name.ParseHost(rr.Target)
			if err != nil {
				return failf(Malformed, "alias of %s: %w", r.last, err)
			}
			r.Aliases = []name.Name{target} // there is one to a name (RFC 2181 10.1)
		case *dns.TLSA:
			record, err := tlsa(rr)
			if err != nil {
				return err
			}
			r.TLSA = append(r.TLSA, record)
		case *dns.TXT:
			r.TXT = append(r.TXT, text(rr))
		}
	}
	slices.SortFunc(r.MX, func(a, b MX) int {
		byName := cmp.Compare(strings.ToLower(a.Host), strings.ToLower(b.Host))
		return cmp.Or(cmp.Compare(a.Preference, b.Preference), byName)
	})
	r.MX, r.Addrs = capped(r, r.MX, keepMX), capped(r, r.Addrs, keepAddrs)
	r.TLSA, r.TXT = keepTLSAs(r), keepTXTs(r)
	return nil
}

// capped is list cut to n, the rest counted and not held in memory by what is kept.
func capped[T any](r *reply, list []T, n int) []T {
	if len(list) <= n {
		return slices.Clip(list)
	}
	r.Dropped = len(list) - n
	return slices.Clone(list[:n])
}

// absent settles what an answer without records means. A SOA of the name's zone says so outright (RFC 2308 2.1, 2.2);
// name servers without recursion are a referral (2.2, "referral response"); an alias with neither was left unresolved.
func (r *reply) absent(m *dns.Msg, ttl *uint32) {
	for _, rr := range m.Ns {
		if soa, ok := rr.(*dns.SOA); ok && dns.IsSubDomain(soa.Hdr.Name, r.last+".") {
			*ttl = min(*ttl, sane(soa.Hdr.Ttl), sane(soa.Minttl)) // RFC 2308 5
			return
		}
	}
	*ttl = 0
	if r.Status == NXDomain {
		return
	}
	r.more = len(r.Aliases) > 0
	referral := slices.ContainsFunc(m.Ns, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeNS })
	r.lame = !r.more && referral && !m.RecursionAvailable && !m.Authoritative
}

// verdict is why the response is no answer, if it is none.
func (r *reply) verdict() *Error {
	e := &Error{Rcode: dns.RcodeToString[r.rcode], EDE: r.ede}
	if e.Rcode == "" {
		e.Rcode = fmt.Sprintf("RCODE%d", r.rcode)
	}
	switch {
	case policyCode(r.edeCode):
		e.Kind = Refused // an absence or a record of the resolver's own making says nothing of the domain
	case r.lame:
		e.Kind, e.Err = Refused, errLame
	case r.rcode == dns.RcodeSuccess, r.rcode == dns.RcodeNameError:
		return nil
	case r.rcode == dns.RcodeRefused:
		e.Kind = Refused
	case r.rcode != dns.RcodeServerFailure:
		e.Kind = OtherRcode
	case dnssecCode(r.edeCode):
		e.Kind = BogusAnswer
	default:
		e.Kind = ServFail
	}
	return e
}

// dnssecCode reports an extended error that blames DNSSEC (RFC 8914 4.6 to 4.13).
func dnssecCode(code int) bool {
	return code >= int(dns.ExtendedErrorCodeDNSSECIndeterminate) && code <= int(dns.ExtendedErrorCodeNSECMissing)
}

// policyCode reports an extended error that says that the resolver's own policy speaks: forged, blocked, censored,
// filtered, prohibited (RFC 8914 4.5, 4.16 to 4.19).
func policyCode(code int) bool {
	return code == int(dns.ExtendedErrorCodeForgedAnswer) ||
		code >= int(dns.ExtendedErrorCodeBlocked) && code <= int(dns.ExtendedErrorCodeProhibited)
}

// ednsRefused reports a server that cannot read EDNS (RFC 6891 7).
func (r *reply) ednsRefused() bool {
	switch r.rcode {
	case dns.RcodeFormatError, dns.RcodeNotImplemented, dns.RcodeBadVers:
		return true
	}
	return false
}

// owned reports whether rr is a record of class IN at name n; names compare without regard to case (RFC 4343).
func owned(rr dns.RR, n string) bool {
	h := rr.Header()
	return h.Class == dns.ClassINET && len(h.Name) == len(n)+1 && strings.EqualFold(h.Name[:len(n)], n)
}

// hostText is a name as the DNS prints it, without its final dot; "." stays.
func hostText(s string) string {
	if s == "." {
		return s
	}
	return strings.TrimSuffix(s, ".")
}

// sane is a TTL, zero when its top bit is set (RFC 2181 8).
func sane(ttl uint32) uint32 {
	if ttl > 1<<31-1 {
		return 0
	}
	return ttl
}
