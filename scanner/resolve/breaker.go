package resolve

import (
	"strings"
	"sync"
	"time"
)

// missesToDoubt is how many tries in a row no resolver must have answered before we doubt that any is alive. Domains
// with dead name servers look the same, so doubt only leads to a question that a live resolver answers at once: NS of
// the root.
const missesToDoubt = 4

// probes is how many datagrams a resolver gets then, all at once: one that is lost is not to end the run, nor to make
// the doubt last longer.
const probes = 3

// breaker watches whether any resolver answers anything at all, over all questions.
type breaker struct {
	quiet time.Duration // silence that goes with the misses; a resolver may restart within it

	mu      sync.Mutex
	misses  int
	last    time.Time // the last answer, or the start
	ever    bool      // there was an answer
	probing bool
}

// answered notes that some resolver is alive.
func (b *breaker) answered(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.misses, b.last, b.ever = 0, now, true
}

// missed notes a try without an answer and reports whether the caller should probe. One caller at a time is told so.
func (b *breaker) missed(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.misses++
	if b.probing || b.misses < missesToDoubt || now.Sub(b.last) < b.quiet {
		return false
	}
	b.probing = true
	return true
}

// silent reports whether the last try got no answer.
func (b *breaker) silent() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.misses > 0
}

// probed ends the probe.
func (b *breaker) probed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

// everAnswered reports whether any resolver has answered since the start.
func (b *breaker) everAnswered() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ever
}

// Doubt asks once more where the last question got no answer, too few in a row for the Resolver to go down by itself.
// Down tells what came of it. A run calls it at its end, when no further question would show that all are dead.
func (r *Resolver) Doubt() {
	if r.breaker.silent() && r.ctx.Err() == nil {
		r.probe()
	}
}

// probe asks every resolver for the root. If none gives any answer, be it an error, the Resolver goes down for good.
func (r *Resolver) probe() {
	defer r.breaker.probed()
	errs := make([]*Error, len(r.servers)*probes)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = r.servers[i/probes].exchange(r.ctx, rootNS, nil, false) })
	}
	wg.Wait()
	now := time.Now()
	for i, err := range errs {
		if alive(err) {
			r.servers[i/probes].answered()
			r.breaker.answered(now)
			return
		}
	}
	if r.ctx.Err() != nil {
		return // Close came first
	}
	last := errs[len(errs)-1]
	r.cancel(&Error{Kind: Down, Resolver: strings.Join(r.Servers(), ", "), Err: last})
}

// alive reports whether a resolver that led to err has answered at all.
func alive(err *Error) bool {
	if err == nil {
		return true
	}
	switch err.Kind {
	case Timeout, Network, Canceled, Down:
		return false
	}
	return true
}
