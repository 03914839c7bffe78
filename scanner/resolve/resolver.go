package resolve

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/miekg/dns"

	"mxtls/scanner/name"
)

const (
	maxInFlight = 2048 // questions at a time: more only overflows the resolver's socket buffer

	// failureTTL is how long a failure is remembered (RFC 9520 3.2: 1 s to 5 min): longer than a burst of questions for
	// the same broken host, shorter than the run's later second try.
	failureTTL = 30 * time.Second
)

// rootNS is what every live resolver can answer, and every validating one securely.
var rootNS = question{"", dns.TypeNS}

// Resolver asks questions and remembers the answers. It is safe for use by many goroutines.
type Resolver struct {
	servers  []*server
	tries    int
	minTTL   time.Duration
	maxTTL   time.Duration
	breaker  breaker
	inFlight chan struct{}

	ctx    context.Context // ends with Close, or when the resolvers are down
	cancel context.CancelCauseFunc
	work   sync.WaitGroup // lookups, sockets' readers and probes

	mu      sync.Mutex // guards what follows
	cache   *cache
	flights map[question]*flight
	closed  bool
}

// flight is a question being asked, and how many callers wait for it.
type flight struct {
	done    chan struct{}
	answer  Answer // set before done is closed
	waiting int
	cancel  context.CancelFunc
}

// New makes a Resolver. It sends nothing, but looks up resolvers given by name with the operating system's means. The
// error is a resolver that is no address, or an unreadable resolv.conf.
func New(c Config) (*Resolver, error) {
	c = c.withDefaults()
	addrs, err := c.addresses()
	if err != nil {
		return nil, err
	}
	r := &Resolver{
		tries:    c.Tries,
		minTTL:   c.MinTTL,
		maxTTL:   c.MaxTTL,
		breaker:  breaker{quiet: c.Timeout, last: time.Now()},
		inFlight: make(chan struct{}, maxInFlight),
		cache:    newCache(c.CacheSize),
		flights:  make(map[question]*flight),
	}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	for _, a := range addrs {
		r.servers = append(r.servers, &server{
			addr:    a,
			text:    a.String(),
			trusted: c.TrustAD || a.Addr().IsLoopback(),
			timeout: c.Timeout,
			dial:    c.Dial,
			readers: &r.work,
		})
	}
	return r, nil
}

// Close ends all lookups, which fail as Canceled, and returns when nothing of the Resolver runs any more.
func (r *Resolver) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel(errClosed)
	for _, s := range r.servers {
		s.close()
	}
	r.work.Wait()
}

// Servers are the resolvers' addresses in the order in which they are asked, as host:port.
func (r *Resolver) Servers() []string {
	out := make([]string, len(r.servers))
	for i, s := range r.servers {
		out[i] = s.text
	}
	return out
}

// Down is nil while any resolver answers. Once none does, it is the *Error of kind Down with which every question fails
// from then on: a run should stop. A Resolver stays down.
func (r *Resolver) Down() error {
	if r.ctx.Err() == nil {
		return nil
	}
	if err := ended(r.ctx); err.Kind == Down {
		return err
	}
	return nil
}

// MX asks for a name's MX records. The answer's slices are shared with others who ask, here as everywhere: they are not
// to be changed.
func (r *Resolver) MX(ctx context.Context, n name.Name) Answer {
	return r.lookup(ctx, question{n.String(), dns.TypeMX})
}

// Addrs asks for a name's IPv4 or IPv6 addresses.
func (r *Resolver) Addrs(ctx context.Context, n name.Name, v6 bool) Answer {
	if v6 {
		return r.lookup(ctx, question{n.String(), dns.TypeAAAA})
	}
	return r.lookup(ctx, question{n.String(), dns.TypeA})
}

// TLSA asks for the TLSA records of a TCP service at a host: those of _PORT._tcp.HOST (RFC 6698 3). Where that name
// would be longer than a name can be (RFC 1035 2.3.4) there is nothing to ask, and the answer is a sure NXDomain.
func (r *Resolver) TLSA(ctx context.Context, n name.Name, port uint16) Answer {
	owner, err := name.ParseHost(fmt.Sprintf("_%d._tcp.%s", port, n))
	if err != nil {
		return Answer{Status: NXDomain, Trust: Secure}
	}
	return r.lookup(ctx, question{owner.String(), dns.TypeTLSA})
}

// Alias asks whether a name is an alias, and how far that can be trusted whatever becomes of its target: the target
// alone is in Aliases when it is Found.
func (r *Resolver) Alias(ctx context.Context, n name.Name) Answer {
	return r.lookup(ctx, question{n.String(), dns.TypeCNAME})
}

// TXT asks for a name's TXT records; a name such as _mta-sts.example.com is made with [name.ParseHost].
func (r *Resolver) TXT(ctx context.Context, n name.Name) Answer {
	return r.lookup(ctx, question{n.String(), dns.TypeTXT})
}

// Root asks for the name servers of the root. Found says that the resolver works, and Trust whether it validates and
// may say so; the names are not kept.
func (r *Resolver) Root(ctx context.Context) Answer { return r.lookup(ctx, rootNS) }

// lookup answers from the cache, or joins those who wait for the same answer. The work goes on while anybody waits: a
// caller who gives up takes nothing from the others.
func (r *Resolver) lookup(ctx context.Context, q question) Answer {
	r.mu.Lock()
	if a, ok := r.cache.get(q, time.Now()); ok {
		r.mu.Unlock()
		return a
	}
	if r.closed {
		r.mu.Unlock()
		return failed(q, fail(Canceled, errClosed))
	}
	f := r.flights[q]
	if f == nil {
		var work context.Context
		f = &flight{done: make(chan struct{})}
		work, f.cancel = context.WithCancel(r.ctx)
		r.flights[q] = f
		r.work.Go(func() { r.land(q, f, r.resolve(work, q)) })
	}
	f.waiting++
	r.mu.Unlock()

	select {
	case <-f.done:
		return f.answer
	case <-ctx.Done():
		r.leave(q, f)
		return failed(q, ended(ctx))
	}
}

// land hands an answer to all who wait, and keeps it.
func (r *Resolver) land(q question, f *flight, a Answer) {
	f.cancel()
	f.answer = a
	r.mu.Lock()
	if r.flights[q] == f {
		delete(r.flights, q)
	}
	if keep := r.lifetime(a); keep > 0 {
		r.cache.put(q, a, time.Now().Add(keep))
	}
	r.mu.Unlock()
	close(f.done)
}

// leave takes one caller from a flight, and the last one ends it.
func (r *Resolver) leave(q question, f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.waiting--; f.waiting > 0 {
		return
	}
	f.cancel()
	if r.flights[q] == f {
		delete(r.flights, q) // who asks now must not join a lookup that was given up
	}
}

// lifetime is how long an answer is kept.
func (r *Resolver) lifetime(a Answer) time.Duration {
	if a.Status != Failed {
		return min(max(a.TTL, r.minTTL), r.maxTTL)
	}
	if k := a.Err.Kind; k == Canceled || k == Down {
		return 0
	}
	return min(failureTTL, r.minTTL)
}

// failed is the answer to q that is none.
func failed(q question, err *Error) Answer {
	err.Name, err.Type = q.name, q.typeName()
	if err.Name == "" {
		err.Name = "."
	}
	a := Answer{Status: Failed, Err: err}
	if err.Kind == BogusAnswer {
		a.Trust = Bogus
	}
	return a
}
