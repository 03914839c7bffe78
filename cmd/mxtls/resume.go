package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"

	"mxtls/scanner"
	"mxtls/scanner/runfile"
	"mxtls/scanner/truth"
)

// unfinished is a saved run that did not come to its end, and that another goes on with: what is in it is judged and
// reported again, and nobody in it is asked again. The file is written anew, and takes the old one's name once it holds
// all that is there. A run that was interrupted has gaps, which take their time, and may be cut off within that too; so
// there are up to three files:
//
//	run.jsonl               the run
//	.run.jsonl.resume       what a run that went on with it had come to when it was killed
//	.run.jsonl.resume.new   what this one writes; it takes the name of either as soon as it holds all that is in that
//
// A nil unfinished is a run that begins at its beginning.
type unfinished struct {
	path  string
	from  runfile.Head
	parts []*part // in the order in which their results count: an item that both have is the first one's
	left  []*part // whose names the new file does not have yet
	gaps  []int   // places in the list that are in neither, before the last one that is
	save  *saver

	connections int
	failed      error
}

// part is one of the files that hold the run.
type part struct {
	path string
	file *os.File // nil = there is none
	next int      // place in the list behind its last result, once it was read
}

// openResume opens an unfinished run, and the file in which it goes on.
func openResume(path string) (*unfinished, *saver, error) {
	if path == "-" {
		return nil, nil, hinted{errors.New("--resume -: a run goes on in its own file"),
			"./- stands for a file of that name"}
	}
	u := &unfinished{path: path}
	if err := u.openParts(); err != nil {
		u.close()
		return nil, nil, err
	}
	return u, u.save, nil
}

func (u *unfinished) openParts() error {
	file, err := os.OpenFile(u.path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("--resume %s: %w", u.path, cause(err))
	}
	path := realPath(u.path)
	since := &part{path: hiddenBeside(path, ".resume")}
	u.parts = []*part{since, {path: path, file: file}}
	u.left = u.parts
	if err := (&saver{path: u.path, file: file}).lock(); err != nil {
		return err
	}
	run, err := newSavedRun("--resume", u.path, io.NopCloser(file))
	if err != nil {
		return err
	}
	u.from = run.head()
	run.close()
	if since.file, err = u.since(since.path); err != nil {
		return err
	}
	u.save, err = openBeside("--resume", path, ".resume.new")
	return err
}

// since opens what another run came to that went on with this one, if there is such a file. One that does not begin as
// this run does is what is left of another.
func (u *unfinished) since(path string) (*os.File, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--resume %s: %s: %w", u.path, path, cause(err))
	}
	run, err := newSavedRun("--resume", path, io.NopCloser(file))
	if err == nil {
		defer run.close()
	}
	switch {
	case errors.Is(err, runfile.ErrForeign), errors.Is(err, runfile.ErrEmpty),
		err == nil && !reflect.DeepEqual(run.head(), u.from):
		file.Close()
		return nil, nil
	case err != nil:
		file.Close()
		return nil, err
	}
	return file, nil
}

func (u *unfinished) head() runfile.Head { return u.from }

func (u *unfinished) sessions() int {
	if u == nil {
		return 0
	}
	return u.connections
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
	for _, p := range u.parts {
		p.file.Close() // gives the lock back, too; nil is none
	}
}

// fit makes the options those of the run that goes on.
func (u *unfinished) fit(o *scanner.Options, part *shard) error {
	h := u.head()
	switch {
	case o.Port != h.Port:
		return hinted{fmt.Errorf("--resume %s: that run looked at port %d, not %d", u.path, h.Port, o.Port),
			fmt.Sprintf("--port %d goes on with it", h.Port)}
	case h.MXOnly && !o.MXOnly:
		return hinted{fmt.Errorf("--resume %s: that run looked mail hosts up and talked to none of them", u.path),
			"--mx-only goes on with it"}
	case o.MXOnly && !h.MXOnly:
		return hinted{fmt.Errorf("--resume %s: that run talked to the mail hosts", u.path), "leave --mx-only out"}
	case part.String() != h.Shard && h.Shard == "":
		return hinted{fmt.Errorf("--resume %s: that run is of a whole list", u.path), "leave --shard out"}
	case part.String() != h.Shard:
		return hinted{fmt.Errorf("--resume %s: that run is %s", u.path, partOf(h)),
			fmt.Sprintf("--shard %s goes on with it, and the --by-provider that it began with, if any", h.Shard)}
	}
	if o.At.IsZero() {
		o.At = h.At
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
			fmt.Errorf("--resume %s: whether that run's resolver validates DNSSEC: %s; whether this one does: %s",
				u.path, was, is),
			"--resolver names the one that the run began with",
		}
	}
	return nil
}
