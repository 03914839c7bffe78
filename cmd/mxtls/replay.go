package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"

	"mxtls/scanner"
	"mxtls/scanner/name"
	"mxtls/scanner/runfile"
)

// replay yields what the run holds up to its first gap, one result for each of the list's next items, and is what there
// is to look at before the rest of the list: the items of its gaps. ok is false where there is no going on.
func (u *unfinished) replay(
	ctx context.Context, scan *scanner.Scanner, next func() (string, bool), where *places,
	yield func(runfile.Saved) bool,
) (missing []string, ok bool) {
	u.save.begin(u.head())
	yielded, from := 0, 0
	for _, p := range u.parts {
		p.next = from
		run := u.open(p, scan.Judge(), from)
		if run == nil {
			continue
		}
		for saved := range run.results(ctx) {
			r := &saved.Result
			item, ok := next()
			for ok && where.last() < r.Index {
				missing, u.gaps = append(missing, item), append(u.gaps, where.last())
				item, ok = next()
			}
			if u.failed = u.same(r, item, ok); u.failed != nil {
				return nil, false
			}
			where.drop()
			remember(scan, r)
			p.next = r.Index + 1
			if u.gaps != nil {
				continue
			}
			if yielded = p.next; !yield(saved) {
				return nil, false
			}
		}
		from = p.next
		if u.readAll(p, run); u.failed != nil || run.stopped {
			return nil, false // and the old file stays as it is
		}
	}
	if u.failed == nil {
		u.settle(yielded)
		if err := u.save.err(); err != nil {
			u.failed = hinted{err, "the saved run is as it was, and nobody was asked"}
		}
	}
	return missing, u.failed == nil
}

// open reads a part from its beginning, and yields what is in it from a place in the list on. It is nil where there is
// no such file.
func (u *unfinished) open(p *part, judge *scanner.Judge, from int) *savedRun {
	if p.file == nil || u.failed != nil {
		return nil
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		u.failed = fmt.Errorf("--resume %s: %w", p.path, cause(err))
		return nil
	}
	run, err := newSavedRun("--resume", p.path, io.NopCloser(p.file))
	if err != nil {
		u.failed = err
		return nil
	}
	run.judge, run.from = judge, from
	return run
}

// readAll takes note of how a part ends.
func (u *unfinished) readAll(p *part, run *savedRun) {
	defer run.close()
	u.connections += run.connections()
	tail := run.reader.Tail()
	switch last := p == u.parts[len(u.parts)-1]; {
	case run.failed != nil && !last:
		u.failed = hinted{run.failed,
			"it is what a killed --resume had come to; without it, what it held is asked again"}
	case run.failed != nil:
		u.failed = run.failed
	case last && tail != nil && tail.Partial == "":
		u.failed = hinted{fmt.Errorf("--resume %s: the run came to its end", u.path), "--from judges it again"}
	}
}

// same reports that a result is none of the list's next item.
func (u *unfinished) same(r *scanner.Result, item string, ok bool) error {
	shown := name.Redact(item)
	if ok && shown == r.Input {
		return nil
	}
	return hinted{
		fmt.Errorf("--resume %s: the list is another one: item %d was %q and is %q", u.path, r.Index+1, r.Input, shown),
		"a run goes on with the same lists and domains in the same order",
	}
}

// remember keeps the servers of a result from being asked again.
func remember(scan *scanner.Scanner, r *scanner.Result) {
	for i := range r.Facts.Servers {
		for _, ses := range r.Facts.Servers[i].Sessions() {
			scan.Remember(ses)
		}
	}
}

// settle gives the new file the names of those of which it holds all, now that it goes up to a place in the list.
func (u *unfinished) settle(next int) {
	for len(u.left) > 0 && next >= u.left[0].next && u.failed == nil && u.save.failed == nil {
		u.save.settle(u.left[0].path)
		u.left = u.left[1:]
	}
}

// fill puts what the run holds behind its first gap among the results of those that are looked at, each in its place.
// However the looking ends, all that the run held is there.
func (u *unfinished) fill(judge *scanner.Judge, looked iter.Seq[runfile.Saved]) iter.Seq[runfile.Saved] {
	if u == nil || u.gaps == nil {
		return looked
	}
	return func(yield func(runfile.Saved) bool) {
		next, stop := iter.Pull(u.behind(judge))
		defer stop()
		held, ok := next()
		pass := func(saved runfile.Saved) bool {
			more := yield(saved) // it is in the new file by then
			u.settle(saved.Result.Index + 1)
			return more
		}
		upTo := func(place int) bool {
			for ok && held.Result.Index < place {
				if !pass(held) {
					return false
				}
				held, ok = next()
			}
			return true
		}
		gaps := slices.Concat(u.gaps, []int{math.MaxInt}) // behind the last one nothing is waited for
		for saved := range looked {
			place := saved.Result.Index
			for gaps[0] <= place {
				gaps = gaps[1:]
			}
			if !upTo(place) || !pass(saved) || !upTo(gaps[0]) {
				return
			}
		}
		upTo(math.MaxInt)
	}
}

// behind is what the run holds behind its first gap.
func (u *unfinished) behind(judge *scanner.Judge) iter.Seq[runfile.Saved] {
	return func(yield func(runfile.Saved) bool) {
		from := u.gaps[0]
		for _, p := range u.parts {
			if p.next <= from {
				continue
			}
			run := u.open(p, judge, from)
			if run == nil {
				continue
			}
			defer run.close()
			for saved := range run.results(context.Background()) { // an end before its time is no reason to lose it
				if !yield(saved) {
					return
				}
			}
			if u.failed = run.failed; u.failed != nil {
				return
			}
			from = p.next
		}
	}
}
