package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"mxtls/scanner"
	"mxtls/scanner/pkix"
	"mxtls/scanner/runfile"
)

// savedRun is a run that was saved, judged again.
type savedRun struct {
	flag   string // that names it
	path   string
	file   io.Closer
	reader *runfile.Reader
	judge  *scanner.Judge
	from   int          // place in the list of the first result that is wanted
	roots  *pkix.Bundle // those of the run itself, once bundle was called
	remark string       // on them; "" where there is nothing to say

	passed  int          // connections of the results before from
	read    atomic.Int64 // results so far; the progress line looks on
	whole   atomic.Bool  // the last line was read, and says that no result is missing
	failed  error
	stopped bool
}

// openSavedRun opens the saved run that a flag names; "-" is stdin, where there is one.
func openSavedRun(ctx context.Context, flag, path string, stdin io.Reader) (*savedRun, error) {
	switch {
	case path == "-" && stdin == nil:
		return nil, hinted{fmt.Errorf("%s -: the run is read from a file", flag), "./- stands for a file of that name"}
	case path == "-":
		return newSavedRun(flag, path, io.NopCloser(interruptible(ctx, stdin)))
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, (&savedRun{flag: flag, path: path}).explain(err)
	}
	return newSavedRun(flag, path, struct {
		io.Reader
		io.Closer
	}{interruptibleFile(ctx, file), file})
}

// onlyOnce refuses to read stdin twice.
func onlyOnce(paths []string) error {
	if i := slices.Index(paths, "-"); i >= 0 && slices.Contains(paths[i+1:], "-") {
		return errors.New("stdin can be read only once")
	}
	return nil
}

// newSavedRun reads a saved run, and closes it.
func newSavedRun(flag, path string, in io.ReadCloser) (p *savedRun, err error) {
	p = &savedRun{flag: flag, path: path, file: in}
	if p.reader, err = runfile.NewReader(in); err != nil {
		in.Close()
		return nil, p.explain(err)
	}
	return p, nil
}

// named is the file as the command line has it.
func (p *savedRun) named() string {
	shown := p.path
	if shown == "-" {
		shown = "stdin"
	}
	return strings.TrimSpace(p.flag + " " + shown)
}

// explain says which file cannot be read, and what may be meant.
func (p *savedRun) explain(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("%s: %w", p.named(), path.Err)
	}
	err = fmt.Errorf("%s: %w", p.named(), err)
	switch {
	case errors.Is(err, runfile.ErrEmpty):
		return hinted{err, "what was to fill it has only just begun, or was stopped before: then scan or merge anew"}
	case errors.Is(err, runfile.ErrForeign):
		return hinted{err, "mxtls scan --save FILE saves a run; -f reads a list of domains"}
	case errors.Is(err, runfile.ErrNewer):
		return hinted{err, "judge it with that version"}
	}
	return err
}

func (p *savedRun) check(context.Context) error { return nil }
func (p *savedRun) head() runfile.Head          { return p.reader.Head() }

// results end at the first line that cannot be read, which cuts the run short there. One goroutine
// reads them and another judges, beside the caller's: two of them keep two cores busy.
func (p *savedRun) results(ctx context.Context) iter.Seq[runfile.Saved] {
	return func(yield func(runfile.Saved) bool) {
		batches, quit := make(chan []runfile.Saved, batchesAhead), make(chan struct{})
		empty := make(chan []runfile.Saved, batchesAhead)
		judged := make(chan []runfile.Saved, batchesAhead)
		go p.ahead(batches, empty, quit)
		go p.judgeEach(batches, judged, quit)
		defer func() {
			close(quit)
			for range judged { // until the reader has left the file
			}
			tail := p.reader.Tail()
			p.whole.Store(tail != nil && tail.Partial == "")
		}()
		for batch := range judged {
			for i := range batch {
				if p.stopped = ctx.Err() != nil; p.stopped {
					return
				}
				p.read.Add(1)
				if !yield(batch[i]) {
					return
				}
			}
			clear(batch)
			select {
			case empty <- batch[:0]:
			default:
			}
		}
	}
}

const (
	batchSize    = 64        // results that change hands at once
	batchOctets  = 256 << 10 // after so many octets of lines they are fewer
	batchesAhead = 4
)

// ahead reads results in batches, used ones where there are some, until the file ends, a line is bad, or quit is
// closed.
func (p *savedRun) ahead(batches chan<- []runfile.Saved, empty <-chan []runfile.Saved, quit <-chan struct{}) {
	defer close(batches)
	batch := make([]runfile.Saved, 0, batchSize)
	var sent int64 // octets
	send := func() bool {
		sent = p.reader.Octets()
		select {
		case batches <- batch:
		case <-quit:
			return false
		}
		select {
		case batch = <-empty:
		default:
			batch = make([]runfile.Saved, 0, batchSize)
		}
		return true
	}
	for saved, err := range p.reader.Results() {
		if err != nil {
			p.failed = p.explain(err)
			break
		}
		if saved.Result.Index < p.from {
			p.passed = p.reader.Connections()
			continue
		}
		batch = append(batch, saved)
		if full := len(batch) == batchSize || p.reader.Octets()-sent > batchOctets; full && !send() {
			return
		}
	}
	send()
}

// judgeEach judges what was read, in order.
func (p *savedRun) judgeEach(batches <-chan []runfile.Saved, judged chan<- []runfile.Saved, quit <-chan struct{}) {
	defer close(judged)
	siblings := scanner.NewSiblings(p.judge)
	for batch := range batches {
		for i := range batch {
			siblings.Judge(&batch[i].Result)
		}
		select {
		case judged <- batch:
		case <-quit:
		}
	}
}

func (p *savedRun) tail(context.Context) runfile.Tail {
	t := p.reader.Tail()
	switch {
	case p.failed != nil:
		return runfile.Tail{Partial: p.failed.Error()}
	case p.stopped:
		return runfile.Tail{Partial: "judging it again was interrupted"}
	case t == nil:
		return runfile.Tail{Partial: p.named() + ": the saved run was cut off: it has no last line"}
	}
	return *t
}

func (p *savedRun) err() error                 { return nil }
func (p *savedRun) count() (n int, final bool) { return int(p.read.Load()), p.whole.Load() }
func (p *savedRun) sessions() int64            { return 0 }

// connections is how many connections the wanted results took, once they are through.
func (p *savedRun) connections() int { return p.reader.Connections() - p.passed }

func (p *savedRun) close() {
	p.reader.Close()
	p.file.Close()
}

// bundle is the one by which the run was judged when it was saved, from where it was then.
func (p *savedRun) bundle() (b *pkix.Bundle, err error) {
	saved := p.head().Roots
	switch saved.Source {
	case pkix.File.String():
		b, err = pkix.Load(saved.Path)
	case pkix.Directory.String():
		b, err = pkix.LoadDir(saved.Path)
	default:
		b, err = pkix.Mozilla()
	}
	if err != nil {
		return nil, hinted{fmt.Errorf("the roots that the run was judged by: %w", err), "--ca-file, --ca-path or --ca names others"}
	}
	p.roots = b
	if b.SHA256 != saved.SHA256 {
		p.remark = fmt.Sprintf("%s has other roots now than when the run was saved", b.Path)
	}
	return b, nil
}

// looking are the flags that say whom to look at and how, which a saved run has settled.
var looking = []string{
	"file", "column", "preset", "resolver", "trust-ad", "ehlo", "port", "ipv4", "ipv6", "without", "https-port", "contact", "concurrency", "rate", "per-provider",
	"timeout", "host-timeout", "retry-after", "opt-out", "allow-reserved", "no-vantage-check", "vantage-host", "save", "resume", "mx-only", "shard",
	"by-provider",
}

// settled refuses flags and domains beside --from.
func settled(cmd *cobra.Command, args []string) error {
	if !cmd.Flags().Changed("from") {
		return nil
	}
	if len(args) > 0 {
		return fmt.Errorf("--from judges the domains of a saved run: it takes none such as %q", args[0])
	}
	i := slices.IndexFunc(looking, cmd.Flags().Changed)
	if i < 0 {
		return nil
	}
	return fmt.Errorf("--%s and --from exclude each other: a saved run is judged, nobody is looked at", looking[i])
}
