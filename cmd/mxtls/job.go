package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"mxtls/report"
	"mxtls/scanner"
	"mxtls/scanner/mx"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// job is one run of a scan: from a list to a report.
type job struct {
	streams
	scan     *scanner.Scanner
	items    *sources
	output   *outputFlags
	started  time.Time // zero = now
	vantage  bool      // check the resolver and the way out first
	controls []string
	layout   func(io.Writer, report.Options) (report.Writer, error) // nil = the scan's own report

	summary  report.Summary
	found    bool // something that --fail-on names
	defects  int  // results that a defect of ours spoiled
	progress *progress
}

// run scans and writes the report. What was done is written even when the run could not come to its end.
func (j *job) run(ctx context.Context) error {
	if j.started.IsZero() {
		j.started = time.Now()
	}
	validating := truth.Unknown
	if j.vantage {
		var err error
		if validating, err = j.scan.CheckResolver(ctx); err != nil {
			return vantageError(err)
		}
	}
	out, err := createOut("--out", j.output.path, j.out)
	if err != nil {
		return err
	}
	defer out.discard()
	j.progress = newProgress(j.err, j.output.quiet, j.items.count, j.scan.Sessions)
	defer j.progress.end()
	w, err := j.writer(out)
	if err != nil {
		return err
	}
	if err := j.write(ctx, w, validating); err != nil {
		return j.writeError(out, err)
	}
	if err := out.commit(); err != nil {
		return err
	}
	j.progress.end()
	return j.end(ctx)
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
	j.scan.Close()
	j.items.close()
}

// write passes the results on to the report. A vantage that is no good leaves nothing written.
func (j *job) write(ctx context.Context, w report.Writer, validating truth.Truth) error {
	begun := false
	begin := func() error {
		if begun {
			return nil
		}
		begun = true
		return w.Begin(j.head(validating))
	}
	for r := range j.results(ctx) {
		if err := begin(); err != nil {
			return err
		}
		if err := j.add(w, &r); err != nil {
			return err
		}
	}
	if err := j.scan.Err(); err != nil && !errors.Is(err, scanner.ErrResolverDown) {
		return vantageError(err)
	}
	if err := begin(); err != nil {
		return err
	}
	j.summary.Duplicates = j.items.duplicates()
	j.summary.Sessions = int(j.scan.Sessions())
	if err := j.cutShort(ctx); err != nil {
		j.summary.Partial = err.Error()
	}
	j.progress.end()
	return w.End(j.summary)
}

// results are the scan's, held back until the way out is known to be free.
func (j *job) results(ctx context.Context) iter.Seq[scanner.Result] {
	results := j.scan.Scan(ctx, j.items.all())
	if j.vantage {
		results = j.scan.Vet(ctx, results, j.controls)
	}
	return results
}

func (j *job) add(w report.Writer, r *scanner.Result) error {
	group := j.items.group(r.Index)
	j.summary.Add(group, r)
	j.found = j.found || j.output.failOn.any(r, j.scan.Options().At)
	if slices.ContainsFunc(r.Verdict.Findings, isDefect) {
		j.defects++
	}
	j.progress.set(j.summary.Total.Domains)
	return w.Add(group, *r)
}

// cutShort is why the run did not come to its end, if it did not.
func (j *job) cutShort(ctx context.Context) error {
	if err := j.scan.Err(); err != nil {
		return err
	}
	if err := j.items.err(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errors.New("the run was interrupted")
	}
	return nil
}

// end turns the run into an exit status.
func (j *job) end(ctx context.Context) error {
	t := &j.summary.Total
	if err := j.cutShort(ctx); err != nil {
		of := "of a longer list"
		if total, final := j.items.count(); final {
			of = fmt.Sprintf("of %d", total)
		}
		return hinted{
			fmt.Errorf("the report is partial, %d %s: %w", t.Domains, of, err),
			"what was done by then is in the report",
		}
	}
	if t.Domains == 0 {
		return errors.New("nothing to scan: the list names no domain")
	}
	if t.Invalid == t.Domains {
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

// remark says on stderr what concerns the run as a whole.
func (j *job) remark() {
	if n := j.summary.Total.Invalid; n > 0 {
		fmt.Fprintf(j.err, "mxtls: %s no mail domain, see the report (--fail-on invalid makes the exit status 1)\n",
			plural(n, "item is", "items are"))
	}
	// A single server has its own reasons; above 5 % of them it is this machine that is the trouble.
	if t := &j.summary.Total; t.Refused >= 2 && t.Refused*20 > t.Servers.Total() {
		fmt.Fprintf(j.err, "mxtls: %d of %d servers refused this machine by policy: its address is on a block list, or "+
			"has no reverse name that fits --ehlo\n", t.Refused, t.Servers.Total())
	}
}

func isDefect(f verdict.Finding) bool { return f.Code == starttls.InternalError.String() }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// head is what the report says of the run itself.
func (j *job) head(validating truth.Truth) report.Run {
	o := j.scan.Options()
	run := report.Run{
		Version: version(), Started: j.started.UTC(), Resolvers: j.scan.Resolvers(), Validating: validating,
		EHLO: o.EHLO, Port: o.Port,
		Roots: report.Roots{
			Source: o.Roots.From.String(), Path: o.Roots.Path, Count: o.Roots.Roots, Expired: o.Roots.Expired(o.At),
			Date: o.Roots.Date, SHA256: o.Roots.SHA256,
		},
		Limits: report.Limits{
			Concurrency: o.Concurrency, Rate: max(o.Rate, 0), PerProvider: max(o.PerProvider, 0),
			Timeout: o.Timeout, HostTimeout: o.HostTimeout, Families: families(o.Families),
		},
	}
	return run
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

// writeError names the output when it was the output that failed.
func (j *job) writeError(out *outFile, err error) error {
	if _, ok := errors.AsType[hinted](err); ok {
		return err
	}
	return out.failed(err)
}
