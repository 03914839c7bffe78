package scanner

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"mxtls/scanner/name"
)

// providers bounds the sessions with one provider. A provider is the registrable domain of the MX host, or the network
// of an address without a name; it is forgotten when nothing of it is under way.
type providers struct {
	limit int64 // negative = no limit
	mu    sync.Mutex
	m     map[string]*providerSlots
}

// providerSlots are the places with one provider.
type providerSlots struct {
	key    string
	users  int // under providers.mu
	limit  int64
	places *semaphore.Weighted // nil = no limit
	slowed atomic.Bool
}

// providerKey is what counts as one provider for an address.
func providerKey(addr netip.AddrPort, host name.Name) string {
	if !host.IsZero() {
		return host.Registrable().String()
	}
	bits := 24
	if addr.Addr().Is6() {
		bits = 48
	}
	network, _ := addr.Addr().Prefix(bits) // cannot fail for these lengths
	return network.String()
}

// enter takes part in a provider; leave must follow.
func (p *providers) enter(key string) *providerSlots {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.m[key]
	if !ok {
		s = &providerSlots{key: key, limit: p.limit}
		if p.limit > 0 {
			s.places = semaphore.NewWeighted(p.limit)
		}
		p.m[key] = s
	}
	s.users++
	return s
}

func (p *providers) leave(s *providerSlots) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(p.m, s.key)
	}
}

// acquire waits for a place; a slowed provider has only one.
func (s *providerSlots) acquire(ctx context.Context) (weight int64, err error) {
	if s.places == nil {
		return 0, ctx.Err()
	}
	weight = 1
	if s.slowed.Load() {
		weight = s.limit
	}
	return weight, s.places.Acquire(ctx, weight)
}

func (s *providerSlots) release(weight int64) {
	if s.places != nil {
		s.places.Release(weight)
	}
}

// slow leaves one place: the provider said that it has too many connections from us (421).
func (s *providerSlots) slow() { s.slowed.Store(true) }
