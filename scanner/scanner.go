// Package scanner looks at how mail domains receive mail: which hosts, over which TLS, with which certificates.
//
// A Scanner looks each domain's mail hosts up, holds one SMTP session with each of their addresses, and judges what it
// saw. An address is visited once a run, however many domains it serves. Results come in the order of the input, one
// for each item, through a bounded window, so memory does not grow with the list.
package scanner

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"time"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// ErrResolverDown says that the resolvers stopped answering in mid-run: what was not done by then was not done at all.
var ErrResolverDown = errors.New("the DNS resolver stopped answering")

// Result is what became of one item of the input: exactly one for each, in input order.
type Result struct {
	Index    int         // the item's place in the input, from 0
	Input    string      // as given, without a local part
	Target   name.Target // zero when Invalid is set
	Invalid  *name.Error // why the input is no mail domain
	Via      string      // the provider: the registrable domain of the first mail host; "" without one
	Facts    verdict.Facts
	Verdict  verdict.Verdict
	Started  time.Time
	Duration time.Duration
}

// Scanner looks at mail domains. Its methods may be called at the same time; what one learns of an address serves all.
type Scanner struct {
	opts       Options
	resolver   *resolve.Resolver
	verifier   *pkix.Verifier
	sessions   *sessions
	down       atomic.Bool
	vantageErr atomic.Pointer[error]
}

// New makes a Scanner. It fails when there is no resolver to ask or no root bundle to judge by. Close it after use.
func New(o Options) (*Scanner, error) {
	o = o.withDefaults()
	if o.Roots == nil {
		roots, err := pkix.System()
		if err != nil {
			return nil, err
		}
		o.Roots = roots
	}
	resolver, err := resolve.New(resolve.Config{Servers: o.Resolvers, TrustAD: o.TrustAD, Dial: o.DialDNS})
	if err != nil {
		return nil, err
	}
	s := &Scanner{
		opts:     o,
		resolver: resolver,
		verifier: pkix.NewVerifier(o.Roots, o.At),
		sessions: newSessions(o),
	}
	s.verifier.Seconds = o.OpenSSL.AtLeast(3, 3)
	return s, nil
}

// Close releases the resolver's sockets.
func (s *Scanner) Close() { s.resolver.Close() }

// Options are the options in force, defaults filled in.
func (s *Scanner) Options() Options { return s.opts }

// Resolvers are the DNS resolvers in force, host:port, in the order in which they are asked.
func (s *Scanner) Resolvers() []string { return s.resolver.Servers() }

// Sessions is the number of SMTP sessions begun so far, those counted in that only asked a server once more in Postfix's
// words.
func (s *Scanner) Sessions() int64 { return s.sessions.begun.Load() }

// Err is why a Scan had to stop early: ErrResolverDown, or what Vet found; nil when nothing did.
func (s *Scanner) Err() error {
	if s.down.Load() {
		return ErrResolverDown
	}
	if err := s.vantageErr.Load(); err != nil {
		return *err
	}
	return nil
}

// Domain looks at one item: a mail domain, an address (its local part is dropped), or a server as [host] or
// domain:port. It never fails: what could not be told is in the Result, with the reason.
func (s *Scanner) Domain(ctx context.Context, input string) Result {
	return s.domain(ctx, ctx, input)
}

// domain is Domain with two contexts: work cuts what is under way, start only keeps new work from beginning.
func (s *Scanner) domain(work, start context.Context, input string) (r Result) {
	r.Started = time.Now().UTC()
	defer func() {
		if p := recover(); p != nil {
			r.defect(p)
		}
		r.Duration = time.Since(r.Started)
	}()
	target, err := name.ParseTarget(input)
	if err != nil {
		r.Invalid = asNameError(err)
		r.Input = r.Invalid.Input
		r.Facts.MX.Kind = mx.Invalid
		r.Verdict = verdict.Invalid(r.Invalid)
		return r
	}
	r.Target, r.Input = target, name.Redact(input)
	r.Facts = verdict.Facts{Domain: target.Name, Direct: target.Direct}
	r.Facts.Legacy = s.opts.Legacy != nil && s.opts.Legacy(target.Name)
	r.Facts.MX = s.lookup(start, target)
	r.Via = provider(&r.Facts.MX)
	r.Facts.Servers = s.visit(work, start, target, &r.Facts)
	r.Verdict = verdict.Judge(&r.Facts, s.opts.At)
	return r
}

// defect makes a panic of ours a record of its own, so that it costs no other result.
func (r *Result) defect(p any) {
	if r.Facts.MX.Kind == mx.KindUnknown {
		r.Facts.MX.Kind = mx.Failed
	}
	r.Facts.Servers = nil // they may be half done
	r.Verdict = verdict.Defect(p)
}

// asNameError keeps the typed error; any other is one whose reason has no word.
func asNameError(err error) *name.Error {
	if e, ok := errors.AsType[*name.Error](err); ok {
		return e
	}
	return &name.Error{Input: err.Error()}
}

// lookup finds the mail hosts, unless the domain opted out.
func (s *Scanner) lookup(ctx context.Context, t name.Target) mx.Set {
	if s.opts.OptOut.Domain(t.Name) {
		return mx.Set{Kind: mx.Failed, Reason: mx.OptedOut, Detail: "the opt-out file names it, so it was not looked up"}
	}
	set := mx.Lookup(ctx, s.resolver, t, mx.Limits{Families: s.opts.Families})
	if set.Reason == mx.ResolverDown {
		s.down.Store(true)
	}
	return set
}

// provider is the registrable domain of the first mail host, or its address where it has no name.
func provider(set *mx.Set) string {
	if len(set.Hosts) == 0 {
		return ""
	}
	return providerOf(&set.Hosts[0])
}

func providerOf(h *mx.Host) string {
	if h.Name.IsZero() {
		return h.Raw
	}
	return h.Name.Registrable().String()
}

// visit holds the sessions with all addresses of all hosts at once and puts the servers together in mail's order.
func (s *Scanner) visit(work, start context.Context, t name.Target, f *verdict.Facts) []verdict.Server {
	port := s.opts.Port
	if t.Port != 0 {
		port = t.Port
	}
	servers := make([]verdict.Server, 0, len(f.MX.Hosts))
	for i := range f.MX.Hosts {
		h := &f.MX.Hosts[i]
		server := verdict.Server{Host: h.Name, Label: h.Raw, Preference: h.Preference, NoAddress: h.Reason}
		for _, addr := range h.Addrs {
			server.Addr = netip.AddrPortFrom(addr, port)
			servers = append(servers, server)
		}
		if len(h.Addrs) == 0 {
			servers = append(servers, server)
		}
	}
	visits := make([]*visit, len(servers))
	for i := range servers {
		if servers[i].Addr.IsValid() {
			visits[i] = s.sessions.begin(work, start, servers[i].Addr, servers[i].Host)
		}
	}
	for i, v := range visits {
		if v == nil {
			continue
		}
		servers[i].Session = s.sessions.wait(v, work, start, servers[i].Addr, servers[i].Host)
		s.judgeChain(&servers[i], f.Domain)
	}
	return servers
}

// judgeChain adds what the roots and the names say of the server's certificate.
func (s *Scanner) judgeChain(server *verdict.Server, domain name.Name) {
	chain, ok := completed(server.Session)
	if !ok {
		return
	}
	server.Chain = s.verifier.Verify(chain)
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
	case ses.TLS != nil:
		return ses.TLS.Chain, true
	case ses.Raw != nil && ses.Raw.Complete && (len(ses.Raw.Chain) > 0 || ses.Raw.Anonymous()):
		return ses.Raw.Chain, true
	}
	return nil, false
}

// unbegun is the value that stands for a session that never began.
func unbegun(addr netip.AddrPort, reason starttls.Reason, text string) *starttls.Session {
	return &starttls.Session{Addr: addr, Err: &starttls.Error{Reason: reason, Text: text}}
}
