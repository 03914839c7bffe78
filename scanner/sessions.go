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

// keptSessions bounds the sessions that a run remembers: a list whose servers are more than this may have an address
// visited again, but never before this many others. At about 4 KiB each they cost 64 MiB.
const keptSessions = 16384

// visit is the one session with one address, under way or done.
type visit struct {
	done    chan struct{}
	session *starttls.Session // set before done is closed
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
			return unbegun(netip.AddrPort{}, starttls.Interrupted, "the run was stopped")
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
	limiter   *rate.Limiter // nil = no limit
	providers providers
	begun     atomic.Int64

	mu     sync.Mutex
	visits map[netip.AddrPort]*visit
	order  []netip.AddrPort // a ring of the visits kept, oldest at next
	next   int
}

func newSessions(o Options) *sessions {
	s := &sessions{
		opts:      o,
		slots:     semaphore.NewWeighted(int64(o.Concurrency)),
		providers: providers{limit: int64(o.PerProvider), m: map[string]*providerSlots{}},
		visits:    map[netip.AddrPort]*visit{},
	}
	dial := o.Dial
	if dial == nil {
		dial = starttls.Dialer(o.AllowReserved)
		if !o.AllowReserved {
			s.own = ownAddresses()
		}
	}
	s.client = &starttls.Client{Dial: dial, Hello: o.EHLO, Timeout: o.Timeout, HostTimeout: o.HostTimeout}
	if o.Rate > 0 {
		// The burst lets a handful of domains start at once; beyond it the rate holds.
		s.limiter = rate.NewLimiter(rate.Limit(o.Rate), max(1, int(o.Rate/10)))
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

// begin is the visit of an address: the one that another domain began, or a new one.
func (s *sessions) begin(work, start context.Context, addr netip.AddrPort, host name.Name) *visit {
	if why, text := s.forbidden(addr, host); why != starttls.ReasonNone {
		v := &visit{done: make(chan struct{}), session: unbegun(addr, why, text)}
		close(v.done)
		return v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.visits[addr]; ok {
		return v
	}
	v := &visit{done: make(chan struct{})}
	s.keep(addr, v)
	go func() {
		defer close(v.done)
		v.session = s.hold(work, start, addr, host)
		if e := v.session.Err; e != nil && e.Reason == starttls.Interrupted {
			s.forget(addr, v) // it says nothing of the server: the next caller may try
		}
	}()
	return v
}

// keep remembers a visit and forgets the oldest beyond keptSessions. The caller holds the lock.
func (s *sessions) keep(addr netip.AddrPort, v *visit) {
	s.visits[addr] = v
	if len(s.order) < keptSessions {
		s.order = append(s.order, addr)
		return
	}
	delete(s.visits, s.order[s.next])
	s.order[s.next] = addr
	s.next = (s.next + 1) % keptSessions
}

func (s *sessions) forget(addr netip.AddrPort, v *visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.visits[addr] == v {
		delete(s.visits, addr)
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
		return starttls.ReservedAddress, fmt.Sprintf("%s is this machine's own address (--allow-reserved permits it)", addr.Addr())
	}
	return starttls.ReasonNone, ""
}

// hold holds the session, and one more a good while later where the server asked for that (RFC 5321 4.5.4.1).
func (s *sessions) hold(work, start context.Context, addr netip.AddrPort, host name.Name) *starttls.Session {
	slots := s.providers.enter(providerKey(addr, host))
	defer s.providers.leave(slots)
	ses := s.once(work, start, addr, slots)
	if ses.Err == nil || !ses.Err.Reason.Temporary() || s.opts.RetryAfter <= 0 {
		return ses
	}
	timer := time.NewTimer(s.opts.RetryAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
		return s.once(work, start, addr, slots)
	case <-start.Done():
		return ses
	}
}

// once waits for its turn with the provider, its place in the rate, and a free slot, in that order, so that what waits
// for a busy provider keeps nobody else from starting.
func (s *sessions) once(work, start context.Context, addr netip.AddrPort, slots *providerSlots) *starttls.Session {
	interrupted := func() *starttls.Session {
		return unbegun(addr, starttls.Interrupted, "the run was stopped before this server's turn")
	}
	weight, err := slots.acquire(start)
	if err != nil {
		return interrupted()
	}
	defer slots.release(weight)
	if s.limiter != nil {
		if s.limiter.Wait(start) != nil || s.jitter(start) != nil {
			return interrupted()
		}
	}
	if s.slots.Acquire(start, 1) != nil {
		return interrupted()
	}
	defer s.slots.Release(1)
	s.begun.Add(1)
	ses := s.client.Probe(work, addr, "")
	if ses.Err != nil && ses.Err.Reason == starttls.TooManyConnections {
		slots.slow()
	}
	return ses
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
