package resolve

import (
	"context"
	"time"
)

// restartPause lies between two rounds in which every resolver's port was closed, if one has answered before: it may be
// restarting.
const restartPause = time.Second

// resolve asks until the end of the alias chain is reached.
func (r *Resolver) resolve(ctx context.Context, q question) Answer {
	select {
	case r.inFlight <- struct{}{}:
		defer func() { <-r.inFlight }()
	case <-ctx.Done():
		return failed(q, ended(ctx))
	}
	rep, err := r.ask(ctx, q, nil)
	if err != nil {
		return failed(q, err)
	}
	a, seen := rep.Answer, []string{q.name}
	for rep.more {
		for _, alias := range rep.Aliases {
			seen = append(seen, alias.String())
		}
		target := seen[len(seen)-1]
		if rep, err = r.ask(ctx, question{target, q.typ}, seen[:len(seen)-1]); err != nil {
			f := failed(q, err)
			f.Aliases = a.Aliases
			return f
		}
		next := rep.Answer
		next.Aliases = append(a.Aliases, next.Aliases...)
		next.Trust = Weakest(a.Trust, next.Trust)
		next.TTL = min(a.TTL, next.TTL)
		next.Expires = earlier(a.Expires, next.Expires)
		a = next
	}
	return a
}

// ask puts one question to the resolvers in turn, as often as each may be tried. An answer that DNSSEC forbids ends it:
// the next resolver may not check.
func (r *Resolver) ask(ctx context.Context, q question, seen []string) (*reply, *Error) {
	var best *Error
	for round := range r.tries {
		if round > 0 && best.Kind == Network && r.breaker.everAnswered() {
			if err := pause(ctx, restartPause); err != nil {
				return nil, err
			}
		}
		for _, s := range r.order() {
			rep, err := s.exchange(ctx, q, seen, false)
			r.note(s, err)
			if err == nil {
				return rep, nil
			}
			switch err.Kind {
			case Canceled, Down, BogusAnswer, CNAMELoop, CNAMETooLong, TooLarge:
				return nil, err
			}
			if best == nil || alive(err) || !alive(best) {
				best = err // what a resolver said tells more than another's silence
			}
		}
	}
	if best.Kind == ServFail {
		return r.doubt(ctx, q, seen, best)
	}
	return nil, best
}

// doubt finds out whether DNSSEC is behind a SERVFAIL without an extended error: then the same question succeeds with
// checking disabled, and still fails with it.
func (r *Resolver) doubt(ctx context.Context, q question, seen []string, servfail *Error) (*reply, *Error) {
	for _, s := range r.servers {
		if s.text != servfail.Resolver {
			continue
		}
		if _, err := s.exchange(ctx, q, seen, true); err != nil {
			break
		}
		rep, err := s.exchange(ctx, q, seen, false)
		if err == nil {
			return rep, nil
		}
		if err.Kind == ServFail {
			err.Kind = BogusAnswer
		}
		return nil, err
	}
	return nil, servfail
}

// order is the resolvers as configured, those that fell silent last.
func (r *Resolver) order() []*server {
	if len(r.servers) == 1 {
		return r.servers
	}
	now := time.Now()
	out, silent := make([]*server, 0, len(r.servers)), []*server(nil)
	for _, s := range r.servers {
		if s.preferred(now) {
			out = append(out, s)
		} else {
			silent = append(silent, s)
		}
	}
	return append(out, silent...)
}

// note counts a try's outcome for the resolver's place in the order and for the breaker.
func (r *Resolver) note(s *server, err *Error) {
	now := time.Now()
	switch {
	case alive(err):
		s.answered()
		r.breaker.answered(now)
	case err.Kind == Timeout, err.Kind == Network:
		s.missed(now)
		if r.breaker.missed(now) {
			r.work.Go(r.probe)
		}
	}
}

// pause waits, unless the lookup ends before.
func pause(ctx context.Context, d time.Duration) *Error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}
