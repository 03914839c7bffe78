package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mxtls/report"
	"mxtls/scanner"
	"mxtls/scanner/pkix"
	"mxtls/scanner/runfile"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// job is one run of a scan: from facts to a report.
type job struct {
	streams
	facts  facts
	judge  *scanner.Judge
	roots  *pkix.Bundle // by which it judges
	output *outputFlags
	save   *saver                                                 // nil = the facts are not kept
	layout func(io.Writer, report.Options) (report.Writer, error) // nil = the scan's own report

	resumable bool // mxtls scan --resume goes on with what was kept

	summary  report.Summary
	found    bool // something that --fail-on names
	defects  int  // results that a defect of ours spoiled
	progress *progress
}

// run writes the report. What was done is written even when the run could not come to its end.
func (j *job) run(ctx context.Context) error {
	if err := j.facts.check(ctx); err != nil {
		return err
	}
	out, err := createOut("--out", j.output.path, j.out)
	if err != nil {
		return err
	}
	defer out.discard()
	j.progress = newProgress(j.err, j.output.quiet, j.facts.count, j.facts.sessions)
	defer j.progress.end()
	w, err := j.writer(out)
	if err != nil {
		return err
	}
	if err := j.write(ctx, w); err != nil {
		j.save.flush()
		return j.andUnsaved(j.writeError(out, err))
	}
	if err := out.commit(); err != nil {
		return j.andUnsaved(err)
	}
	j.progress.end()
	return j.end()
}

// writer lays the report out for the place where it goes.
func (j *job) writer(out *outFile) (report.Writer, error) {
	o := j.output.options(out.Writer)
	if j.layout != nil {
		return j.layout(j.progress.above(out), o)
	}
	return report.New(j.output.format, j.progress.above(out), o)
}

// close ends what the job holds open.
func (j *job) close() {
	j.facts.close()
	j.save.close()
}

// at is the time as of which certificates are judged.
func (j *job) at() time.Time { return j.judge.At() }

// write passes the results on to the report. A vantage that is no good leaves nothing written.
func (j *job) write(ctx context.Context, w report.Writer) error {
	begun := false
	begin := func() error {
		if begun {
			return nil
		}
		begun = true
		head := j.facts.head()
		j.save.begin(head)
		return w.Begin(headOf(head, j.roots, j.at()))
	}
	var saved runfile.Saved // here so that it is not allocated for each
	for saved = range j.facts.results(ctx) {
		if err := begin(); err != nil {
			return err
		}
		if err := j.add(w, &saved); err != nil {
			return err
		}
	}
	if err := j.facts.err(); err != nil {
		return err
	}
	if err := begin(); err != nil {
		return err
	}
	tail := j.facts.tail(ctx)
	j.summary.Duplicates, j.summary.Sessions, j.summary.Partial = tail.Duplicates, tail.Sessions, tail.Partial
	j.save.end(tail)
	j.progress.end()
	return w.End(j.summary)
}

func (j *job) add(w report.Writer, saved *runfile.Saved) error {
	r := &saved.Result
	j.save.add(saved.Group, r)
	j.summary.Add(saved.Group, r)
	j.found = j.found || j.output.failOn.any(r, j.at())
	if slices.ContainsFunc(r.Verdict.Findings, isDefect) {
		j.defects++
	}
	j.progress.set(j.summary.Total.Domains)
	return w.Add(saved.Group, *r)
}

// end turns the run into an exit status.
func (j *job) end() error {
	t := &j.summary.Total
	if err := j.complete("the report"); err != nil {
		return err
	}
	whole := j.facts.head().Shard == "" // a part of a list may be empty
	if whole && t.Domains == 0 {
		return errors.New("nothing to scan: the list names no domain")
	}
	if whole && t.Invalid == t.Domains {
		return hinted{errors.New("nothing was scanned: no item is a mail domain"), "the report gives the reason for each"}
	}
	if !j.output.quiet {
		j.remark()
	}
	if j.defects > 0 {
		return fmt.Errorf("a defect of this program spoiled %s: please report what the report says of it",
			plural(j.defects, "result", "results"))
	}
	if j.found {
		return errFindings
	}
	return nil
}

// complete is why what was made of the results is not whole, or not kept.
func (j *job) complete(what string) error {
	if why := j.summary.Partial; why != "" {
		of := "of a longer list"
		if total, final := j.facts.count(); final {
			of = fmt.Sprintf("of %d", total)
		}
		hint := "what was done by then is in the report"
		if j.resumable && j.save.err() == nil {
			hint += fmt.Sprintf("; mxtls scan --resume %s, with the same lists and flags, goes on", j.save.path)
		}
		return j.andUnsaved(hinted{fmt.Errorf("%s is partial, %d %s: %s", what, j.summary.Total.Domains, of, why), hint})
	}
	if err := j.save.err(); err != nil {
		hint := "the report is whole; the saved run is not"
		if j.resumable {
			hint += ": once that is mended, mxtls scan --resume completes it"
		}
		return hinted{err, hint}
	}
	return nil
}

// andUnsaved is an error, and why the facts are not kept either, unless that is the error.
func (j *job) andUnsaved(err error) error {
	unsaved := j.save.err()
	if unsaved == nil || strings.Contains(err.Error(), unsaved.Error()) {
		return err
	}
	return errors.Join(err, unsaved)
}

// remark says on stderr what concerns the run as a whole.
func (j *job) remark() {
	if n := j.summary.Total.Invalid; n > 0 {
		fmt.Fprintf(j.err, "mxtls: %s no mail domain, see the report (--fail-on invalid makes the exit status 1)\n",
			plural(n, "item is", "items are"))
	}
	if why := j.roots.Unready(); why != "" {
		fmt.Fprintf(j.err, "mxtls: %s\n", oneLine(why))
	}
	// A single server has its own reasons; above 5 % of them it is this machine that is the trouble.
	if t := &j.summary.Total; t.Refused >= 2 && t.Refused*20 > t.Servers.Total() {
		fmt.Fprintf(j.err, "mxtls: %d of %d servers refused this machine by policy: its address is on a block list, or "+
			"has no reverse name that fits --ehlo\n", t.Refused, t.Servers.Total())
	}
}

func isDefect(f verdict.Finding) bool { return f.Code == starttls.InternalError.String() }

// writeError names the output when it was the output that failed.
func (j *job) writeError(out *outFile, err error) error {
	if _, ok := errors.AsType[hinted](err); ok {
		return err
	}
	return out.failed(err)
}
