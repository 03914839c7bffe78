package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mxtls/report"
	"mxtls/scanner"
	"mxtls/scanner/change"
	"mxtls/scanner/runfile"
	"mxtls/scanner/verdict"
)

// diffFlags are the flags of diff.
type diffFlags struct {
	output  outputFlags
	roots   scanFlags // of which there are only those that name roots
	all     bool
	confirm int
}

func newDiff(s streams) *cobra.Command {
	f := &diffFlags{}
	cmd := &cobra.Command{
		Use:   "diff [flags] OLD NEW...",
		Short: "say what changed between saved runs",
		Long: `Compare saved runs (mxtls scan --save) over the same domains and print what changed for the worse or
the better, worst first. Nothing is printed where nothing changed.

One address of many, a server that was busy and a certificate that was renewed by the same issuer are
no change, unless --all asks for them. With --confirm N a change counts that all of the last N runs show.

Exit status: 0 nothing that is worth mail changed; 1 something did; 2 could not run.`,
		Example: `  mxtls diff yesterday.jsonl.zst today.jsonl.zst
  mxtls diff --confirm 2 monday.jsonl.zst tuesday.jsonl.zst wednesday.jsonl.zst -o jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.output.columns {
				return listColumns(s.out, report.ChangeColumns())
			}
			return f.run(cmd.Context(), s, args)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.BoolVar(&f.all, "all", false, "show what is noise, too")
	fl.IntVar(&f.confirm, "confirm", 1, "count what the last `N` runs show, all of them, beside the first")
	f.output.registerFormat(cmd)
	f.output.registerPlace(cmd)
	fl.BoolVar(&f.output.columns, "list-columns", false, "print the columns of CSV with their meaning, and stop")
	f.roots.registerRoots(cmd)
	return cmd
}

// run compares.
func (f *diffFlags) run(ctx context.Context, s streams, args []string) error {
	if f.confirm < 1 {
		return errors.New("--confirm must be at least 1")
	}
	if len(args) != f.confirm+1 {
		return hinted{fmt.Errorf("diff takes %s, not %d", plural(f.confirm+1, "run", "runs"), len(args)),
			"the old one first, then with --confirm N the N newer ones"}
	}
	if err := onlyOnce(args); err != nil {
		return err
	}
	if err := f.output.check(); err != nil {
		return err
	}
	tuneMemory(memoryForSaved)
	d := &comparison{joiner: change.NewJoiner(len(args)), all: f.all}
	for _, path := range args {
		r, err := f.open(ctx, s, path)
		if err != nil {
			d.close()
			return err
		}
		d.runs = append(d.runs, r)
	}
	defer d.close()
	for _, remark := range d.remarks() {
		fmt.Fprintf(s.err, "mxtls: %s\n", oneLine(remark))
	}
	if err := d.compare(ctx); err != nil {
		return err
	}
	return f.print(s, d)
}

// open opens a run with the judge for it: by the roots that the flags name, else by those of the run, and each as of its
// own day.
func (f *diffFlags) open(ctx context.Context, s streams, path string) (*savedRun, error) {
	r, err := openSavedRun(ctx, "", path, s.in)
	if err != nil {
		return nil, err
	}
	f.roots.saved = r
	roots, err := f.roots.roots()
	if err != nil {
		r.close()
		return nil, err
	}
	r.judge = scanner.NewJudge(roots, r.head().At)
	r.judge.Validating = r.head().Validating
	return r, nil
}

// print writes the changes, if there are any, and turns them into an exit status.
func (f *diffFlags) print(s streams, d *comparison) error {
	change.Sort(d.changes)
	if len(d.changes) > 0 || f.output.path != "" {
		out, err := createOut("--out", f.output.path, s.out)
		if err != nil {
			return err
		}
		defer out.discard()
		if err := report.Changes(f.output.format, out, f.output.options(out.Writer), d.changes); err != nil {
			return out.failed(err)
		}
		if err := out.commit(); err != nil {
			return err
		}
	}
	if len(d.partial) > 0 {
		return hinted{errors.New(d.partial[0]), "what is missing there is not compared; mxtls scan --resume goes on with a run that was cut off"}
	}
	if slices.ContainsFunc(d.changes, func(c change.Change) bool { return !c.Noise && c.Code.Severity() >= verdict.Warning }) {
		return errFindings
	}
	return nil
}

// comparison reads several runs side by side.
type comparison struct {
	runs    []*savedRun
	joiner  *change.Joiner
	all     bool
	changes []change.Change
	partial []string // why runs are not whole
}

func (d *comparison) close() {
	for _, r := range d.runs {
		r.close()
	}
}

// remarks say where runs that follow each other were made or are judged in ways that differ, so that what changed may be
// the way, and where roots have changed since, which hides what they changed.
func (d *comparison) remarks() (out []string) {
	for _, r := range d.runs {
		if r.remark != "" && !slices.Contains(out, r.remark) {
			out = append(out, r.remark)
		}
	}
	for i, is := range d.runs[1:] {
		was := d.runs[i]
		old, now := was.head(), is.head()
		if now.Started.Before(old.Started) {
			out = append(out, fmt.Sprintf("%s is older than %s: the old one comes first, else better is worse",
				is.named(), was.named()))
		}
		if old.Port != now.Port {
			out = append(out, fmt.Sprintf("%s looked at port %d and %s at port %d: other servers may be there",
				was.named(), old.Port, is.named(), now.Port))
		}
		if old.MXOnly != now.MXOnly {
			silent := was
			if now.MXOnly {
				silent = is
			}
			out = append(out, silent.named()+" is of --mx-only, which talks to nobody: mail hosts alone can be compared")
		}
		if is.roots != nil && was.roots != nil && is.roots.SHA256 != was.roots.SHA256 {
			out = append(out, fmt.Sprintf("%s is judged by the roots of %s and %s by those of %s: --ca-file names one for both",
				was.named(), was.roots.Path, is.named(), is.roots.Path))
		}
		if old.Shard != now.Shard {
			out = append(out, fmt.Sprintf("%s is %s and %s %s: what both hold is compared",
				was.named(), partOf(old), is.named(), partOf(now)))
		}
	}
	return out
}

// compare reads a result of each run in turn, so that domains in the same order meet at once.
func (d *comparison) compare(ctx context.Context) error {
	type pull struct {
		next func() (runfile.Saved, bool)
		at   time.Time
	}
	pulls := make([]pull, len(d.runs))
	for i, r := range d.runs {
		next, stop := iter.Pull(r.results(ctx))
		defer stop()
		pulls[i] = pull{next, r.head().At}
	}
	for open := len(pulls); open > 0; {
		open = 0
		for i := range pulls {
			saved, ok := pulls[i].next()
			if !ok {
				continue
			}
			open++
			r := &saved.Result
			if r.Invalid != nil {
				continue
			}
			domain := r.Target.String()
			if states := d.joiner.Add(i, domain, change.Of(r, pulls[i].at)); states != nil {
				d.add(change.Confirmed(domain, states))
			}
		}
	}
	return d.rest(ctx)
}

// rest are the domains that are not in all runs; where a run is not whole, that says nothing.
func (d *comparison) rest(ctx context.Context) error {
	if ctx.Err() != nil {
		return errors.New("the comparison was interrupted")
	}
	for _, r := range d.runs {
		if r.failed != nil {
			return r.failed
		}
		if why := r.tail(ctx).Partial; why != "" {
			d.partial = append(d.partial, fmt.Sprintf("%s is not whole: %s", r.named(), strings.TrimPrefix(why, r.named()+": ")))
		}
	}
	if len(d.partial) > 0 {
		return nil
	}
	d.joiner.Rest(func(domain string, states []*change.State) bool {
		first, last := states[0], states[len(states)-1]
		if (first == nil) != (last == nil) {
			d.add(change.Between(domain, first, last))
		}
		return true
	})
	return nil
}

func (d *comparison) add(changes []change.Change) {
	for _, c := range changes {
		if d.all || !c.Noise {
			d.changes = append(d.changes, c)
		}
	}
}
