package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"mxtls/report"
	"mxtls/scanner"
	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/runfile"
	"mxtls/scanner/truth"
)

// facts are where a job's results come from: a look at the network, or a run that was saved.
type facts interface {
	// check is what must hold before the report begins.
	check(ctx context.Context) error
	// head is what the run's saved form says of it at its beginning.
	head() runfile.Head
	// results are the results, judged, each with the list that it came from.
	results(ctx context.Context) iter.Seq[runfile.Saved]
	// tail is what is known of the run once results is through.
	tail(ctx context.Context) runfile.Tail
	// err is why there are to be no results at all, or why they are not whole.
	err() error
	// count is how many results there are, as far as can be told.
	count() (n int, final bool)
	// sessions is the number of sessions begun so far.
	sessions() int64
	close()
}

// look is a look at the network.
type look struct {
	scan     *scanner.Scanner
	items    *sources
	started  time.Time
	vantage  bool // check the resolver and the way out first
	controls []string
	before   *unfinished // the run that this one goes on with; nil = none
	shard    shard       // the part of the list that is looked at

	validating truth.Truth
}

func (l *look) check(ctx context.Context) (err error) {
	if l.vantage {
		if l.validating, err = l.scan.CheckResolver(ctx); err != nil {
			return vantageError(err)
		}
	}
	if l.before == nil {
		return nil
	}
	return l.before.trust(l.scan.Judge(), l.vantage)
}

func (l *look) head() runfile.Head {
	if l.before != nil {
		return l.before.head()
	}
	o := l.scan.Options()
	return runfile.Head{
		Version: version(), Started: l.started.UTC(), At: o.At, Resolvers: l.scan.Resolvers(), Validating: l.validating,
		EHLO: o.EHLO, Port: o.Port, AsPostfix: o.AsPostfix, Hello: o.Postfix.Hello().String(),
		MXOnly: o.MXOnly, Shard: l.shard.String(),
		Limits: runfile.Limits{
			Concurrency: o.Concurrency, Rate: max(o.Rate, 0), PerProvider: max(o.PerProvider, 0),
			Timeout: o.Timeout, HostTimeout: o.HostTimeout, Families: families(o.Families),
		},
		Roots: runfile.Roots{Source: o.Roots.From.String(), Path: o.Roots.Path, SHA256: o.Roots.SHA256},
	}
}

// results are those of the run that this one goes on with, if it does, and then the scan's, held back until the way out
// is known to be free.
func (l *look) results(ctx context.Context) iter.Seq[runfile.Saved] {
	return func(yield func(runfile.Saved) bool) {
		var where places
		items := where.of(&l.shard, l.items.all())
		if l.before != nil {
			next, stop := iter.Pull(items)
			defer stop()
			missing, ok := l.before.replay(ctx, l.scan, next, &where, yield)
			if !ok {
				return
			}
			items = rest(missing, next)
		}
		for saved := range l.before.fill(l.scan.Judge(), l.looked(ctx, items, &where)) {
			if !yield(saved) {
				return
			}
		}
	}
}

// looked are the results of a look at items.
func (l *look) looked(ctx context.Context, items iter.Seq[string], where *places) iter.Seq[runfile.Saved] {
	return func(yield func(runfile.Saved) bool) {
		results := l.scan.Scan(ctx, items)
		if l.vantage {
			results = l.scan.Vet(ctx, results, l.controls)
		}
		for r := range results {
			r.Index = where.at(r.Index)
			if !yield(runfile.Saved{Group: l.items.group(r.Index), Result: r}) {
				return
			}
		}
	}
}

// rest is what is left of a sequence that was begun, after some of it that was passed over.
func rest(missing []string, next func() (string, bool)) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, item := range missing {
			if !yield(item) {
				return
			}
		}
		for item, ok := next(); ok && yield(item); item, ok = next() {
		}
	}
}

func (l *look) tail(ctx context.Context) runfile.Tail {
	t := runfile.Tail{Duplicates: l.items.duplicates(), Sessions: int(l.scan.Sessions()) + l.before.sessions()}
	switch err := errors.Join(l.scan.Err(), l.items.err()); {
	case err != nil:
		t.Partial = err.Error()
	case ctx.Err() != nil:
		t.Partial = "the run was interrupted"
	}
	return t
}

// err is the vantage that is no good. What cuts a run short leaves its results, and is in the tail.
func (l *look) err() error {
	if err := l.scan.Err(); err != nil && !errors.Is(err, scanner.ErrResolverDown) {
		return vantageError(err)
	}
	return l.before.err()
}

func (l *look) count() (n int, final bool) { return l.items.count() }
func (l *look) sessions() int64            { return l.scan.Sessions() }

func (l *look) close() {
	l.scan.Close()
	l.items.close()
	l.before.close()
}

func families(f mx.Families) []string {
	switch f {
	case mx.IPv4Only:
		return []string{"ipv4"}
	case mx.IPv6Only:
		return []string{"ipv6"}
	}
	return []string{"ipv4", "ipv6"}
}

// vantageError says that this is no place to look from, and how to look all the same.
func vantageError(err error) error {
	hint := "--no-vantage-check scans all the same"
	switch {
	case errors.Is(err, scanner.ErrPortBlocked):
		hint = "many providers block port 25 for new machines: ask yours, or scan from your mail server; " + hint
	case errors.Is(err, scanner.ErrStripped):
		hint = "a firewall on the way inspects SMTP (Cisco's \"fixup\"): switch that off; " + hint
	default:
		hint = "is a resolver running there? --resolver HOST[:PORT] asks another; " + hint
	}
	return hinted{err, hint}
}

// headOf is what a report says of a run that was judged by roots as of a time.
func headOf(h runfile.Head, roots *pkix.Bundle, at time.Time) report.Run {
	return report.Run{
		Version: h.Version, Started: h.Started, Resolvers: h.Resolvers, Validating: h.Validating, EHLO: h.EHLO, Port: h.Port,
		Roots: report.Roots{
			Source: roots.From.String(), Path: roots.Path, Count: roots.Roots, Expired: roots.Expired(at),
			Date: roots.Date, SHA256: roots.SHA256,
		},
		Limits: report.Limits(h.Limits),
	}
}

// plural is a number with the word that fits it.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
