package scanner

import (
	"net/netip"
	"time"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// Judge turns facts into verdicts, by one root bundle and as of one time, and asks nobody. A Scanner has one for its
// own results; another judges a saved run again. It may be used from several goroutines.
type Judge struct {
	at       time.Time
	verifier *pkix.Verifier
}

// NewJudge makes a Judge by roots and as of a time.
func NewJudge(roots *pkix.Bundle, at time.Time) *Judge {
	return &Judge{at: at, verifier: pkix.NewVerifier(roots, at)}
}

// At is the time as of which certificates are judged.
func (j *Judge) At() time.Time { return j.at }

// Judge sets all in r that rests on judgement: Via, the verdicts on its servers' chains, and Verdict. A panic of ours
// becomes the result's Defect.
func (j *Judge) Judge(r *Result) {
	defer r.rescue()
	switch {
	case r.Invalid != nil:
		r.Verdict = verdict.Invalid(r.Invalid)
		return
	case r.Defect != "":
		r.Verdict = verdict.Defect(r.Defect)
		return
	}
	r.Via = provider(&r.Facts.MX)
	for i := range r.Facts.Servers {
		j.chain(&r.Facts.Servers[i], r.Facts.Domain)
	}
	r.Verdict = verdict.Judge(&r.Facts, j.at)
}

// chain adds what the roots and the names say of the server's certificate.
func (j *Judge) chain(server *verdict.Server, domain name.Name) {
	chain, ok := completed(server.Session)
	if !ok {
		return
	}
	server.Chain = j.verifier.Verify(chain)
	if len(chain) == 0 || server.Chain.Reason == pkix.CertificateMalformed {
		return // no names can be read, so whether they match cannot be told
	}
	if server.Host.IsZero() {
		server.MatchedBy, ok = server.Chain.MatchAddr(server.Addr.Addr())
	} else {
		server.MatchedBy, ok = server.Chain.MatchHost(server.Host)
	}
	server.NameMatch = truth.Of(ok)
	if !domain.IsZero() {
		_, ok := server.Chain.MatchDomain(domain)
		server.DomainName = truth.Of(ok)
	}
}

// completed is the chain of a session with TLS: of the handshake, or of one that Postfix would have completed in its
// place. It is empty where the server is anonymous.
func completed(ses *starttls.Session) (chain [][]byte, ok bool) {
	switch {
	case ses == nil:
		return nil, false
	case ses.TLS != nil:
		return ses.TLS.Chain, true
	case ses.Raw != nil && ses.Raw.Complete && (len(ses.Raw.Chain) > 0 || ses.Raw.Anonymous()):
		return ses.Raw.Chain, true
	}
	return nil, false
}

// Servers are the addresses of a domain's mail hosts in mail's order, as yet without sessions: a server for each
// address, and one without for a host that has none.
func Servers(set *mx.Set, port uint16) []verdict.Server {
	servers := make([]verdict.Server, 0, len(set.Hosts))
	for i := range set.Hosts {
		h := &set.Hosts[i]
		server := verdict.Server{Host: h.Name, Label: h.Raw, Preference: h.Preference, NoAddress: h.Reason}
		for _, addr := range h.Addrs {
			server.Addr = netip.AddrPortFrom(addr, port)
			servers = append(servers, server)
		}
		if len(h.Addrs) == 0 {
			servers = append(servers, server)
		}
	}
	return servers
}
