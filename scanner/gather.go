package scanner

import (
	"cmp"
	"context"
	"strings"

	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/starttls"
	"mxtls/scanner/tlsrpt"
	"mxtls/scanner/verdict"
)

// gather asks for all that is known of a domain beside its mail hosts: a session with each of their addresses, what the
// domain and the hosts publish for senders to rely on, and the sessions that such a sender would have.
//
// Everybody is asked first as Postfix asks by default. With a server that accepts STARTTLS there is a second session
// where usable TLSA records exist, with the TLSA base domain as SNI (RFC 7672 8.1), a third where an MTA-STS policy
// applies, with the MX name (RFC 8461 4.2), and one more for a certificate of the other kind, RSA or ECDSA, which TLSA
// records have to fit as well. The same question is never asked of the same address twice.
func (s *Scanner) gather(work, start context.Context, r *Result) {
	f := &r.Facts
	port := s.opts.Port
	if r.Target.Port != 0 {
		port = r.Target.Port
	}
	f.Servers = Servers(&f.MX, port)
	if s.opts.MXOnly {
		for i := range f.Servers {
			if server := &f.Servers[i]; server.Addr.IsValid() {
				server.Session = unbegun(whom{addr: server.Addr}, starttls.NotTested, "only mail hosts were looked up")
			}
		}
		return
	}
	g := &gathering{s, work, start, f, r.Target}
	plain := g.begin(func(*verdict.Server) (starttls.Ask, bool) { return starttls.Ask{}, true })
	g.tlsa()
	g.texts()
	g.wait(plain, func(server *verdict.Server) **starttls.Session { return &server.Session })

	named := g.begin(func(server *verdict.Server) (starttls.Ask, bool) {
		return starttls.Ask{SNI: server.TLSA.Base.String()}, server.TLSA.Found && speaksTLS(server.Session)
	})
	sts := g.begin(g.underPolicy())
	g.wait(named, func(server *verdict.Server) **starttls.Session { return &server.Named })
	g.wait(sts, func(server *verdict.Server) **starttls.Session { return &server.STS })
	other := g.begin(g.otherKey)
	g.wait(other, func(server *verdict.Server) **starttls.Session { return &server.OtherKey })
}

// speaksTLS reports whether a server accepts STARTTLS, so that another session may tell more.
func speaksTLS(ses *starttls.Session) bool { return ses != nil && ses.Stage >= starttls.StartTLS }

// otherKey asks a server with TLSA records for a certificate of the other kind than the one that it showed.
func (g *gathering) otherKey(server *verdict.Server) (starttls.Ask, bool) {
	ses := server.Named
	if ses == nil || ses.TLS == nil || len(ses.TLS.Chain) == 0 {
		return starttls.Ask{}, false
	}
	ask := starttls.Ask{SNI: ses.Ask.SNI, Key: starttls.RSAKey}
	if strings.HasPrefix(g.judge.verifier.Verify(ses.TLS.Chain).Key, "RSA") {
		ask.Key = starttls.ECDSAKey
	}
	return ask, true
}

// gathering is one domain's. Lookups that belong to sessions under way are finished when a run is stopped.
type gathering struct {
	*Scanner
	work, start context.Context
	facts       *verdict.Facts
	target      name.Target
}

// begin begins the visits that ask is for; nil stands for those without.
func (g *gathering) begin(ask func(*verdict.Server) (starttls.Ask, bool)) []*visit {
	visits := make([]*visit, len(g.facts.Servers))
	for i := range g.facts.Servers {
		server := &g.facts.Servers[i]
		if !server.Addr.IsValid() {
			continue
		}
		if a, ok := ask(server); ok {
			visits[i] = g.sessions.begin(g.work, g.start, whom{server.Addr, a}, server.Host)
		}
	}
	return visits
}

// wait puts the visits' sessions where they belong.
func (g *gathering) wait(visits []*visit, place func(*verdict.Server) **starttls.Session) {
	for i, v := range visits {
		if v != nil {
			server := &g.facts.Servers[i]
			*place(server) = g.sessions.wait(v, g.work, g.start, server.Host)
		}
	}
}

// tlsa looks for the hosts' TLSA records, and for those that stand in a place where nobody looks. Who delivers to another
// port looks for that port's records (RFC 6698 3; Postfix's smtp_tls_policy.c). A run's own port is for laboratories.
func (g *gathering) tlsa() {
	if g.opts.Without.DANE {
		return
	}
	found := map[name.Name]dane.Records{}
	port := cmp.Or(g.target.Port, dane.Port)
	for i := range g.facts.MX.Hosts {
		h := &g.facts.MX.Hosts[i]
		records := dane.Lookup(g.work, g.resolver, h, port)
		found[h.Name] = records
		if port != dane.Port {
			continue
		}
		g.facts.Misplaced = append(g.facts.Misplaced, g.misplaced(h, records)...)
	}
	for i := range g.facts.Servers {
		g.facts.Servers[i].TLSA = found[g.facts.Servers[i].Host]
	}
}

// misplaced looks where records of a host that has none may stand by mistake, in signed zones alone.
func (g *gathering) misplaced(h *mx.Host, records dane.Records) (all []verdict.Misplaced) {
	if records.Status != dane.None || records.Reason != dane.NoRecord {
		return nil
	}
	for _, p := range dane.Places(h.Name, g.facts.Domain) {
		a := g.resolver.TLSA(g.work, p.Host, p.Port)
		if note := p.Judge(records, a); note != dane.NoteUnknown {
			all = append(all, verdict.Misplaced{Host: h.Name, At: p})
		}
	}
	return all
}

// texts asks for what a mail domain, and no host, publishes.
func (g *gathering) texts() {
	f := g.facts
	if f.Direct || f.Domain.IsZero() || f.MX.Kind != mx.Listed && f.MX.Kind != mx.Implicit {
		return // nobody sends mail there, or nobody by a policy
	}
	if !g.opts.Without.MTASTS && g.fetches.Acquire(g.work, 1) == nil {
		f.STS = g.policies.Look(g.work, f.Domain)
		g.fetches.Release(1)
	}
	if !g.opts.Without.TLSRPT {
		a := tlsrpt.Lookup(g.work, g.resolver, f.Domain)
		f.TLSRPT = &a
	}
}

// underPolicy asks servers by their MX name where a policy is in force, be it for testing.
func (g *gathering) underPolicy() func(*verdict.Server) (starttls.Ask, bool) {
	applies := false
	if g.facts.STS != nil {
		policy := mtasts.Judge(g.facts.STS, g.judge.verifier)
		applies = policy.InForce()
	}
	return func(server *verdict.Server) (starttls.Ask, bool) {
		return starttls.Ask{SNI: server.Host.String()}, applies && !server.Host.IsZero() && speaksTLS(server.Session)
	}
}
