package scanner

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
)

// Why a place is no good for looking at mail servers from.
var (
	// ErrPortBlocked: no server could be reached, those that certainly run among them.
	ErrPortBlocked = errors.New("no mail server can be reached from here: the way out on the SMTP port is blocked")
	// ErrStripped: every server seems to lack STARTTLS, those that certainly have it among them.
	ErrStripped = errors.New("STARTTLS is removed on the way out from here")
)

const (
	// vantageSample is how many domains must fail alike before the way out is suspected.
	vantageSample = 5
	// vantageHeld is how many results wait for that, at most: a list may begin with any number of domains that nobody
	// serves, and memory is not to grow with it.
	vantageHeld = 1000
	// vantageProviders is how many providers must fail alike where no control domain can be asked.
	vantageProviders = 3
)

// CheckResolver asks for the root's name servers: is there a resolver, and does it validate DNSSEC? The answer is
// Unknown where its AD bit is not to be believed (it is not on loopback, and TrustAD is off). A resolver that refuses
// just this question is one that serves a lab's zones alone: it is alive. It is for before the scan: results are judged
// by what it found.
func (s *Scanner) CheckResolver(ctx context.Context) (validating truth.Truth, err error) {
	a := s.resolver.Root(ctx)
	if a.Status == resolve.Failed && a.Err.Kind != resolve.Refused {
		return truth.Unknown, fmt.Errorf("the DNS resolver is of no use: %w", a.Err)
	}
	switch a.Trust {
	case resolve.Secure:
		validating = truth.Yes
	case resolve.Insecure:
		validating = truth.No
	}
	s.judge.Validating = validating
	return validating, nil
}

// Vet passes results on once the first of them show that the way out is free: a run from behind a blocked port 25, or
// behind a middlebox that strips STARTTLS, would be all false rows. Usually the first session settles it and nobody
// else is asked. Only when the first domains all fail alike are the control domains looked at: servers that certainly
// run and certainly offer STARTTLS. If they fail too, nothing is yielded and Err says ErrPortBlocked or ErrStripped.
func (s *Scanner) Vet(ctx context.Context, results iter.Seq[Result], controls []string) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		var held []Result
		path := path{}
		settled := false
		settle := func() bool {
			settled = true
			if err := s.judgePath(ctx, path, controls); err != nil {
				s.vantageErr.Store(&err)
				return false
			}
			for _, r := range held {
				if !yield(r) {
					return false
				}
			}
			held = nil
			return true
		}
		for r := range results {
			if settled {
				if !yield(r) {
					return
				}
				continue
			}
			held = append(held, r)
			path.add(&r)
			if (path.clear || path.domains >= vantageSample || len(held) >= vantageHeld) && !settle() {
				return
			}
		}
		if !settled {
			settle()
		}
	}
}

// judgePath is nil when the way out is free, or when nothing shows that it is not.
func (s *Scanner) judgePath(ctx context.Context, sample path, controls []string) error {
	err := sample.verdict()
	if err == nil {
		return nil
	}
	control := path{}
	for _, c := range controls {
		if ctx.Err() != nil {
			return nil
		}
		r := s.Domain(ctx, c)
		control.add(&r)
		if control.clear {
			return nil
		}
	}
	if control.domains == 0 {
		if len(sample.providers) < vantageProviders {
			return nil
		}
		return err
	}
	return control.verdict()
}

// path is what some sessions show of the way out.
type path struct {
	domains   int // with a server that was tried
	providers map[string]bool
	clear     bool // a server accepted STARTTLS
	reached   bool // a server greeted and did not look tampered with
	blocked   int
	stripped  int
}

func (p *path) add(r *Result) {
	tried := false
	for i := range r.Facts.Servers {
		ses := r.Facts.Servers[i].Session
		if ses == nil {
			continue
		}
		switch {
		case ses.Stage >= starttls.StartTLS:
			p.clear = true
		case ses.Err == nil:
			p.reached = true
		case ses.Err.Reason == starttls.StartTLSStripped:
			p.stripped++
		case ses.Stage >= starttls.Greeted:
			p.reached = true
		case noWayOut[ses.Err.Reason]:
			p.blocked++
		default:
			continue // not tried, or it answered in a way that says nothing of the path
		}
		tried = true
	}
	if tried {
		p.domains++
		if p.providers == nil {
			p.providers = map[string]bool{}
		}
		p.providers[r.Via] = true
	}
}

// noWayOut are the reasons that a firewall on the way out would cause.
var noWayOut = map[starttls.Reason]bool{
	starttls.ConnectTimeout: true, starttls.ConnectionRefused: true, starttls.Unreachable: true, starttls.ConnectFailed: true,
}

// verdict is what the sessions have in common, if it is a fault of the path.
func (p *path) verdict() error {
	switch {
	case p.clear || p.reached:
		return nil
	case p.stripped > 0:
		return ErrStripped
	case p.blocked > 0:
		return ErrPortBlocked
	}
	return nil
}
