package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mxtls/scanner"
	"mxtls/scanner/name"
	"mxtls/scanner/runfile"
	"mxtls/scanner/truth"
)

// unfinished is a saved run that did not come to its end, and that another goes on with: what is in it is judged and
// reported again, and nobody in it is asked again. The file is written anew beside the old one, which stays until all
// that it holds is in the new one. A nil unfinished is a run that begins at its beginning.
type unfinished struct {
	saved *savedRun
	lock  saver // of the old file
	save  *saver

	failed error
}

// openResume opens an unfinished run, and the file in which it goes on.
func openResume(ctx context.Context, path string) (*unfinished, *saver, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("--resume %s: %w", path, cause(err))
	}
	u := &unfinished{lock: saver{path: path, file: file}}
	if err := u.lock.lock(); err != nil {
		file.Close()
		return nil, nil, err
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link stays one
	}
	u.saved, err = openSavedRun(ctx, "--resume", path, nil)
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	unnamed := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".resume")
	out, err := os.OpenFile(unnamed, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		u.close()
		return nil, nil, fmt.Errorf("--resume %s: %w", path, cause(err))
	}
	u.save = &saver{path: path, file: out, unnamed: unnamed}
	if err := u.save.lock(); err != nil {
		out.Close()
		u.close()
		return nil, nil, err
	}
	return u, u.save, nil
}

func (u *unfinished) head() runfile.Head { return u.saved.head() }

// replay yields what the run holds up to its first gap, one result for each of the list's next items, and is what to go
// on with behind; ok is false where there is no going on. A run that was interrupted has gaps: what was under way then.
// Items behind one are looked at again, in the list's order, by the sessions that the run holds.
func (u *unfinished) replay(
	ctx context.Context, scan *scanner.Scanner, next func() (string, bool), where *places, yield func(runfile.Saved) bool,
) (behind []string, ok bool) {
	u.saved.judge = scan.Judge()
	u.save.begin(u.head())
	for saved := range u.saved.results(ctx) {
		r := &saved.Result
		item, ok := next()
		for ok && where.last() < r.Index {
			behind = append(behind, item)
			item, ok = next()
		}
		if shown := name.Redact(item); !ok || shown != r.Input {
			u.failed = hinted{
				fmt.Errorf("--resume %s: the list is another one: item %d was %q and is %q", u.saved.path, r.Index+1, r.Input, shown),
				"a run goes on with the same lists and domains in the same order",
			}
			return nil, false
		}
		for i := range r.Facts.Servers {
			for _, ses := range r.Facts.Servers[i].Sessions() {
				scan.Remember(ses)
			}
		}
		if behind != nil {
			behind = append(behind, item)
			continue
		}
		where.begin()
		if !yield(saved) {
			return nil, false
		}
	}
	switch tail := u.saved.reader.Tail(); {
	case u.saved.failed != nil:
		u.failed = u.saved.failed
	case tail != nil && tail.Partial == "":
		u.failed = hinted{fmt.Errorf("--resume %s: the run came to its end", u.saved.path), "--from judges it again"}
	case ctx.Err() == nil: // else the scan behind has nothing to do
		u.failed = u.save.settle()
	}
	return behind, u.failed == nil
}

func (u *unfinished) sessions() int {
	if u == nil {
		return 0
	}
	return u.saved.reader.Connections()
}

func (u *unfinished) err() error {
	if u == nil {
		return nil
	}
	return u.failed
}

func (u *unfinished) close() {
	if u == nil {
		return
	}
	u.saved.close()
	u.lock.file.Close()
}

// fit makes the options those of the run that goes on.
func (u *unfinished) fit(o *scanner.Options, part *shard) error {
	h := u.head()
	if o.Port != h.Port {
		return fmt.Errorf("--resume %s: that run looked at port %d, not %d", u.saved.path, h.Port, o.Port)
	}
	if o.At.IsZero() {
		o.At = h.At
	}
	if part.String() != h.Shard {
		return fmt.Errorf("--resume %s: that run is part %q of its list, not %q", u.saved.path, h.Shard, part)
	}
	if h.AsPostfix {
		return hinted{errors.New("--resume: it is a run of mxtls plan"), "--from judges as much of it as there is"}
	}
	return nil
}

// trust makes a judge go by what the run found of its resolver; one that was found to be otherwise now is no help.
func (u *unfinished) trust(judge *scanner.Judge, checked bool) error {
	was, is := u.head().Validating, judge.Validating
	judge.Validating = was
	if checked && was != truth.Unknown && was != is {
		return hinted{
			fmt.Errorf("--resume %s: whether that run's resolver validates DNSSEC: %s; whether this one does: %s", u.saved.path, was, is),
			"--resolver names the one that the run began with",
		}
	}
	return nil
}
