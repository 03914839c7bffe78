package scanner

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"mxtls/scanner/name"
	"mxtls/scanner/starttls"
)

// What a run remembers of sessions that are over. A list with more servers than this may have an address visited again,
// but never before this many others. Healthy servers show about 4 KiB; a hostile one may send 300.
const (
	keptSessions = 16384
	keptOctets   = 32 << 20 // of what their servers sent: some 8,000 servers; more leaves the collector no room
)

// whom is who is visited and what for: one session a run for each.
type whom struct {
	addr netip.AddrPort
	ask  starttls.Ask
}

// visit is the one session with an address and what is asked of it, under way or done.
type visit struct {
	whom    whom
	done    chan struct{}
	session *starttls.Session // set before done is closed
	wanted  bool              // by another domain since it was filed or last passed over; under sessions.mu
}

// octets is about what a session takes in memory.
func (v *visit) octets() int {
	const fixed = 1 << 10
	n := fixed
	for _, e := range v.session.Dialogue {
		for _, line := range e.Reply.Lines {
			n += len(line)
		}
	}
	if h := v.session.TLS; h != nil {
		for _, der := range h.Chain {
			n += len(der)
		}
	}
	return n
}

// wait is the session once it is done, or one that says so when the caller is cut off first.
func (v *visit) wait(ctx context.Context) *starttls.Session {
	select {
	case <-v.done:
		return v.session
	case <-ctx.Done():
		select {
		case <-v.done:
			return v.session
		default:
			return unbegun(v.whom, starttls.Interrupted, "the run was stopped")
		}
	}
}

// sessions holds at most one session with each address and keeps the run polite: so many at once, so many with one
// provider, so many begun each second.
type sessions struct {
	opts      Options
	client    *starttls.Client
	own       map[netip.Addr]bool // this machine's addresses
	slots     *semaphore.Weighted
	withdrawn atomic.Int64  // slots given up for good
	limiter   *rate.Limiter // nil = no limit
	providers providers
	addresses providers // one place each: two ports of an address take turns
	begun     atomic.Int64

	mu     sync.Mutex
	visits map[whom]*visit // under way, and those that are over as far as they are kept
	over   []whom          // the latter, oldest first
	octets int             // that they take
}

func newSessions(o Options) *sessions {
	s := &sessions{
		opts:      o,
		slots:     semaphore.NewWeighted(int64(o.Concurrency)),
		providers: providers{limit: int64(o.PerProvider), m: map[string]*providerSlots{}},
		addresses: providers{limit: 1, m: map[string]*providerSlots{}},
		visits:    map[whom]*visit{},
	}
	if o.Dial == nil && !o.AllowReserved {
		s.own = ownAddresses()
	}
	s.client = &starttls.Client{Dial: o.dial(), Hello: o.EHLO, Timeout: o.Timeout, HostTimeout: o.HostTimeout,
		AsPostfix: o.AsPostfix, Release: o.Postfix.Hello()}
	if o.Timeout < defaultTimeout {
		s.client.GreetTimeout = o.Timeout // who is in a hurry does not wait for greet pauses either
	}
	if o.Rate > 0 {
		// The burst lets a handful of domains start at once; beyond it the rate holds.
		s.limiter = rate.NewLimiter(rate.Limit(o.Rate), max(1, int(o.Rate/10)))
		s.client.Turn = s.pace
	}
	return s
}

// ownAddresses are this machine's addresses: an MX record that names one of them is not to make us talk to ourselves.
func ownAddresses() map[netip.Addr]bool {
	own := map[netip.Addr]bool{}
	addrs, _ := net.InterfaceAddrs() // without them the dialer still refuses loopback and private ranges
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own[p.Addr().Unmap()] = true
		}
	}
	return own
}

// begin is the visit of an address: the one that another domain began, or a new one. An IPv4 address that is written
// as IPv6 (RFC 4291 2.5.5.2) is the same address.
func (s *sessions) begin(work, start context.Context, w whom, host name.Name) *visit {
	w.addr = netip.AddrPortFrom(w.addr.Addr().Unmap(), w.addr.Port())
	if why, text := s.forbidden(w.addr, host); why != starttls.ReasonNone {
		v := &visit{whom: w, done: make(chan struct{}), session: unbegun(w, why, text)}
		close(v.done)
		return v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.visits[w]; ok {
		v.wanted = true
		return v
	}
	v := &visit{whom: w, done: make(chan struct{})}
	s.visits[w] = v
	go func() {
		defer close(v.done)
		v.session = s.hold(work, start, w, host)
		s.file(w, v)
	}()
	return v
}

// remember files a session of an earlier run: its address is not visited again.
func (s *sessions) remember(ses *starttls.Session) {
	w := whom{ses.Addr, ses.Ask}
	v := &visit{whom: w, done: make(chan struct{}), session: ses}
	close(v.done)
	s.mu.Lock()
	_, known := s.visits[w]
	if !known {
		s.visits[w] = v
	}
	s.mu.Unlock()
	if !known {
		s.file(w, v)
	}
}

// wait is the visit's session. One that ended with another caller's context, while ours goes on, is held again.
func (s *sessions) wait(v *visit, work, start context.Context, host name.Name) *starttls.Session {
	ses := v.wait(work)
	for interrupted(ses) && work.Err() == nil && start.Err() == nil {
		ses = s.begin(work, start, v.whom, host).wait(work)
	}
	return ses
}

func interrupted(ses *starttls.Session) bool {
	return ses != nil && ses.Err != nil && ses.Err.Reason == starttls.Interrupted
}

// file keeps a visit that is over and forgets the oldest beyond the limits, after a second chance for those that were
// wanted meanwhile: the servers of many domains stay. Those under way are never forgotten, so no address has two
// sessions at a time.
func (s *sessions) file(w whom, v *visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if interrupted(v.session) {
		delete(s.visits, w) // it says nothing of the server: the next caller may try
		return
	}
	s.over = append(s.over, w)
	s.octets += v.octets()
	for len(s.over) > keptSessions || s.octets > keptOctets {
		oldest := s.over[0]
		s.over = s.over[1:]
		if v := s.visits[oldest]; v.wanted {
			v.wanted = false
			s.over = append(s.over, oldest)
			continue
		}
		s.octets -= s.visits[oldest].octets()
		delete(s.visits, oldest)
	}
}

// forbidden says why an address is not to be visited at all.
func (s *sessions) forbidden(addr netip.AddrPort, host name.Name) (starttls.Reason, string) {
	switch {
	case s.opts.OptOut.Address(addr.Addr()):
		return starttls.OptedOut, fmt.Sprintf("the opt-out file names %s", addr.Addr())
	case s.opts.OptOut.Domain(host):
		return starttls.OptedOut, fmt.Sprintf("the opt-out file names %s", host)
	case s.own[addr.Addr().Unmap()]:
		return starttls.ReservedAddress, fmt.Sprintf("%s is this machine's own address", addr.Addr())
	}
	return starttls.ReasonNone, ""
}

// hold holds the session, and one more a good while later where the server asked for that (RFC 5321 4.5.4.1).
func (s *sessions) hold(work, start context.Context, w whom, host name.Name) *starttls.Session {
	t := turn{s.addresses.enter(w.addr.Addr().String()), s.providers.enter(providerKey(w.addr, host))}
	defer s.addresses.leave(t.address)
	defer s.providers.leave(t.provider)
	ses := s.once(work, start, w, t)
	if ses.Err == nil || !ses.Err.Reason.Temporary() || s.opts.RetryAfter <= 0 {
		return ses
	}
	timer := time.NewTimer(s.opts.RetryAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
		if again := s.once(work, start, w, t); !interrupted(again) {
			return again
		}
	case <-start.Done():
	}
	return ses
}

// turn is what a session has to wait for before the rate and the slots.
type turn struct{ address, provider *providerSlots }

// once waits for its turn with the address and the provider, a free slot, and its place in the rate, in that order, so
// that what waits for a busy provider keeps nobody else from starting, and what waits for a slot saves up no rate.
func (s *sessions) once(work, start context.Context, w whom, t turn) *starttls.Session {
	stopped := func() *starttls.Session {
		return unbegun(w, starttls.Interrupted, "the run was stopped before this server's turn")
	}
	for _, slots := range []*providerSlots{t.address, t.provider} {
		weight, err := slots.acquire(start)
		if err != nil {
			return stopped()
		}
		defer slots.release(weight)
	}
	for {
		if s.slots.Acquire(start, 1) != nil {
			return stopped()
		}
		if s.limiter != nil && s.pace(start) != nil {
			s.slots.Release(1)
			return stopped()
		}
		s.begun.Add(1)
		ses := s.client.Probe(work, w.addr, w.ask)
		if ses.Err != nil && ses.Err.Reason == starttls.NotTested && s.withdraw() {
			s.begun.Add(-1)
			continue
		}
		if ses.Err != nil && ses.Err.Reason == starttls.ReservedAddress {
			s.begun.Add(-1) // nothing was sent
		}
		s.begun.Add(int64(max(ses.Connections-1, 0))) // those that asked once more in other words
		s.slots.Release(1)
		if ses.Err != nil && ses.Err.Reason == starttls.TooManyConnections {
			t.provider.slow()
		}
		return ses
	}
}

// withdraw gives up the caller's slot for the rest of the run, unless it is the last one: this machine has no
// descriptors, ports or memory for so many sessions at a time, so the run goes on with fewer.
func (s *sessions) withdraw() bool {
	if s.withdrawn.Add(1) < int64(s.opts.Concurrency) {
		return true
	}
	s.withdrawn.Add(-1)
	return false
}

// pace waits for the next place in the rate, for the first connection of a session and for each that follows.
func (s *sessions) pace(ctx context.Context) error {
	if err := s.limiter.Wait(ctx); err != nil {
		return err
	}
	return s.jitter(ctx)
}

// jitter waits up to one interval of the rate, so that sessions do not fall into step. Below the burst there is no step.
func (s *sessions) jitter(ctx context.Context) error {
	if s.limiter.Tokens() >= 1 {
		return nil
	}
	select {
	case <-time.After(rand.N(time.Duration(float64(time.Second) / s.opts.Rate))):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
