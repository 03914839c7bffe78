package scanner

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"mxtls/scanner/mtasts"
	"mxtls/scanner/resolve"
)

// Scan looks at every item and yields the results in their order. It reads the list no further ahead than its window,
// so a list may be endless. One that blocks is waited for, whatever becomes of ctx: let it heed ctx itself.
//
// When ctx ends, no new work starts; what is under way gets up to 4 seconds, and what could not be finished is not
// yielded: the results are whole, the list is not. The same holds when the resolvers stop answering; Err tells.
func (s *Scanner) Scan(ctx context.Context, items iter.Seq[string]) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		start, stop := context.WithCancel(ctx)
		work, cut := context.WithCancel(context.WithoutCancel(ctx))
		unwatch := context.AfterFunc(start, func() {
			timer := time.AfterFunc(grace, cut)
			context.AfterFunc(work, func() { timer.Stop() })
		})
		var running sync.WaitGroup
		defer running.Wait()
		defer cut()
		defer stop()
		defer unwatch()

		results := make(chan chan Result, window)
		running.Go(func() { s.feed(work, start, items, results, &running) })
		for ch := range results {
			r := <-ch
			if s.Err() != nil {
				stop()
			}
			if r.cut() {
				continue
			}
			if !yield(r) {
				cut()
				stop()
				for ch := range results {
					<-ch
				}
				return
			}
		}
		if s.resolver.Doubt(); s.resolver.Down() != nil {
			s.down.Store(true)
		}
	}
}

// window is how many items may be under way or wait, done, for an earlier one: what the default rate does in the
// longest session there is, so that one tarpit at the head idles nobody behind it.
const window = 16384

// active is how many items are worked on at a time: enough that lookups and busy providers do not idle the slots for
// sessions. Each takes a goroutine or two of 8 KiB; a result that waits for an earlier one does not.
func (s *Scanner) active() int { return min(window, max(2048, 2*s.opts.Concurrency)) }

// feed starts an item for each place in the window. Results are read in the order in which their channels are sent.
func (s *Scanner) feed(work, start context.Context, items iter.Seq[string], results chan<- chan Result, running *sync.WaitGroup) {
	defer close(results)
	if start.Err() != nil {
		return
	}
	index := -1
	active := make(chan struct{}, s.active())
	for item := range items {
		index++
		select {
		case active <- struct{}{}:
		case <-start.Done():
			return
		}
		ch := make(chan Result, 1)
		select {
		case results <- ch:
		case <-start.Done():
			return
		}
		place := index
		running.Go(func() {
			defer func() { <-active }()
			r := s.domain(work, start, item)
			r.Index = place
			ch <- r
		})
		if start.Err() != nil {
			return
		}
	}
}

// cut reports whether the run's end kept r from being whole.
func (r *Result) cut() bool {
	f := &r.Facts
	if missed(f.MX.Err) || f.TLSRPT != nil && missed(f.TLSRPT.Err) {
		return true
	}
	for i := range f.MX.Hosts {
		if missed(f.MX.Hosts[i].Err) {
			return true
		}
	}
	for i := range f.Servers {
		s := &f.Servers[i]
		if missed(s.TLSA.Err) || slices.ContainsFunc(s.Sessions(), interrupted) {
			return true
		}
	}
	if sts := f.STS; sts != nil {
		return missed(sts.Record.Err) || sts.Fetch != nil && sts.Fetch.Err != nil && sts.Fetch.Err.Fault == mtasts.Interrupted
	}
	return false
}

// missed reports whether a lookup failed because the run ended or the resolvers did.
func missed(e *resolve.Error) bool {
	return e != nil && (e.Kind == resolve.Canceled || e.Kind == resolve.Down)
}
