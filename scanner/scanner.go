// Package scanner looks at how mail domains receive mail: which hosts, over which TLS, with which certificates.
//
// A Scanner looks each domain's mail hosts up, holds one SMTP session with each of their addresses, and judges what it
// saw. An address is visited once a run, however many domains it serves. Results come in the order of the input, one
// for each item, through a bounded window, so memory does not grow with the list.
package scanner

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"mxtls/scanner/mtasts"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
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
	Defect   string // what a panic of ours said that spoiled this result; "" without one
	Started  time.Time
	Duration time.Duration
}

// Class is what the domain comes to in one glyph.
func (r *Result) Class() verdict.Class { return verdict.ClassOf(&r.Facts, &r.Verdict) }

// Scanner looks at mail domains. Its methods may be called at the same time; what one learns of an address serves all.
type Scanner struct {
	opts       Options
	resolver   *resolve.Resolver
	judge      *Judge
	sessions   *sessions
	policies   *mtasts.Client
	fetches    *semaphore.Weighted
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
		judge:    NewJudge(o.Roots, o.At),
		sessions: newSessions(o),
		policies: &mtasts.Client{
			Resolver: resolver, Dial: o.dial(), Port: o.HTTPSPort, Timeout: o.HostTimeout, UserAgent: o.UserAgent,
		},
		fetches: semaphore.NewWeighted(fetchesAtOnce),
	}
	s.policies.Forbidden = func(host name.Name, addr netip.AddrPort) string {
		_, why := s.sessions.forbidden(addr, host)
		return why
	}
	s.judge.SetOpenSSL(o.OpenSSL)
	return s, nil
}

// Close releases the resolver's sockets.
func (s *Scanner) Close() { s.resolver.Close() }

// Options are the options in force, defaults filled in.
func (s *Scanner) Options() Options { return s.opts }

// Judge judges this Scanner's results.
func (s *Scanner) Judge() *Judge { return s.judge }

// Resolvers are the DNS resolvers in force, host:port, in the order in which they are asked.
func (s *Scanner) Resolvers() []string { return s.resolver.Servers() }

// Sessions is the number of SMTP sessions begun so far, those counted in that only asked a server once more in Postfix's
// words.
func (s *Scanner) Sessions() int64 { return s.sessions.begun.Load() }

// Remember takes over a session that an earlier run held, so that this one holds none with its address. Sessions that
// never began are not taken over.
func (s *Scanner) Remember(ses *starttls.Session) {
	if ses != nil && !ses.Started.IsZero() {
		s.sessions.remember(ses)
	}
}

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
	defer func() { r.Duration = time.Since(r.Started) }()
	defer r.rescue()
	target, err := name.ParseTarget(input)
	if err != nil {
		r.Invalid = asNameError(err)
		r.Input = r.Invalid.Input
		r.Facts.MX.Kind = mx.Invalid
		s.judge.Judge(&r)
		return r
	}
	r.Target, r.Input = target, name.Redact(input)
	r.Facts = verdict.Facts{Domain: target.Name, Direct: target.Direct}
	r.Facts.Legacy = s.opts.Legacy != nil && s.opts.Legacy(target.Name)
	r.Facts.MX = s.lookup(start, target)
	s.gather(work, start, &r)
	s.judge.Judge(&r)
	return r
}

// rescue makes a panic of ours a record of its own, so that it costs no other result. It is for a defer statement.
func (r *Result) rescue() {
	p := recover()
	if p == nil {
		return
	}
	if r.Facts.MX.Kind == mx.KindUnknown {
		r.Facts.MX.Kind = mx.Failed
	}
	r.Facts.Servers = nil // they may be half done
	r.Defect = fmt.Sprint(p)
	r.Verdict = verdict.Defect(r.Defect)
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

// unbegun is the value that stands for a session that never began.
func unbegun(w whom, reason starttls.Reason, text string) *starttls.Session {
	return &starttls.Session{Addr: w.addr, Ask: w.ask, Err: &starttls.Error{Reason: reason, Text: text}}
}
