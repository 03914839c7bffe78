package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mxtls/report"
	"mxtls/scanner"
	"mxtls/scanner/postfix"
)

// planner turns a scan's results into a plan: it is the report.Writer of the scan and writes the plan's.
type planner struct {
	cfg    *postfix.Config
	flags  *planFlags
	bundle string // the CAfile that this operating system has; "" = none
	dir    string // the CApath that it has where it has no CAfile

	weights  weights
	existing *postfix.Map
	fails    map[postfix.Outcome]bool

	job          *job
	out          report.PlanWriter
	destinations []*postfix.Destination // kept only where a policy table is checked or written
}

// prepare reads what the flags name besides the configuration.
func (p *planner) prepare(ctx context.Context, stdin io.Reader) (err error) {
	if p.fails, err = parsePlanFailOn(p.flags.failOn); err != nil {
		return err
	}
	if p.weights, err = readWeights(ctx, p.flags.weights, stdin); err != nil {
		return err
	}
	if p.flags.mapFile != "" {
		if p.existing, err = readMap(p.flags.mapFile, p.cfg.Postfix); err != nil {
			return err
		}
	}
	if p.flags.writeMap != "" && p.level() <= postfix.May {
		err := fmt.Errorf("--write-map needs a level above may: at %s no mail is held back for want of TLS", p.level())
		return hinted{err, "--to LEVEL names one"}
	}
	return nil
}

// now is the level in force: that of main.cf, or may where none was read.
func (p *planner) now() postfix.Level {
	if p.flags.source() == "" {
		return postfix.May
	}
	return p.cfg.Level
}

// level is the level that policy tables are written for and checked against: the one considered, else the one in force.
func (p *planner) level() postfix.Level {
	if p.flags.to != postfix.LevelUnknown {
		return p.flags.to
	}
	return p.now()
}

// run lets the job's results become a plan.
func (p *planner) run(ctx context.Context, j *job) error {
	p.job = j
	j.layout = func(w io.Writer, o report.Options) (report.Writer, error) {
		var err error
		p.out, err = report.NewPlan(j.output.format, w, o, p.head())
		return p, err
	}
	return j.run(ctx)
}

// head is what the report says of the Postfix in question.
func (p *planner) head() report.Plan {
	head := report.Plan{
		Source: p.flags.source(), Postfix: p.cfg.Postfix.String(), OpenSSL: p.cfg.OpenSSL.String(), Trusts: p.cfg.Trusts(),
		Level: p.now(), To: p.flags.to, Weighted: p.weights != nil, Advice: p.advice(),
		Match: map[postfix.Level]string{postfix.Verify: strings.Join(p.cfg.VerifyMatch, ", "),
			postfix.Secure: strings.Join(p.cfg.SecureMatch, ", ")},
	}
	head.Remarks = slices.DeleteFunc(p.cfg.Remarks(), func(r postfix.Remark) bool {
		return head.Source == "" && r.Code != postfix.RemarkEngineOff // the rest is on what main.cf says
	})
	return head
}

// advice is what to put into main.cf, all of it where no main.cf was read.
func (p *planner) advice() []string {
	if p.flags.source() == "" {
		return postfix.Advice(p.bundle, p.dir, nil)
	}
	return postfix.Advice(p.bundle, p.dir, p.cfg)
}

// doubt says on stderr where a saved run's servers were not asked as this Postfix would ask them.
func (p *planner) doubt() {
	head, hello := p.job.facts.head(), p.cfg.Postfix.Hello().String()
	switch {
	case head.MXOnly:
		fmt.Fprintln(p.job.err, "mxtls: the run was saved with --mx-only, which talks to nobody: what hangs on servers cannot be told")
	case !head.AsPostfix:
		fmt.Fprintln(p.job.err, "mxtls: the run was saved by scan, without the questions that plan asks of servers with "+
			"TLS 1.2 and older: what is chosen there may differ")
	case head.Hello != hello:
		fmt.Fprintf(p.job.err, "mxtls: the servers of the run were asked in the words of %s, not %s: what is chosen may differ\n",
			head.Hello, hello)
	}
}

// Begin also says on stderr what the report has no place for.
func (p *planner) Begin(r report.Run) error {
	if !p.job.output.quiet {
		p.doubt()
	}
	if p.job.output.format == report.CSV && !p.job.output.quiet {
		for _, remark := range p.head().Remarks {
			fmt.Fprintf(p.job.err, "mxtls: %s\n", oneLine(remark.Text))
		}
	}
	return p.out.Begin(r)
}

func (p *planner) Add(group string, r scanner.Result) error {
	f := report.Forecast{Result: &r, Messages: p.weights.of(r.Target)}
	if r.Invalid == nil {
		d := p.job.judge.Destination(&r)
		p.predict(&f, d)
		f.Differences = p.job.judge.Differences(&r)
		p.job.found = p.job.found || p.fails[f.Then.Outcome]
		if p.existing != nil || p.flags.writeMap != "" {
			p.destinations = append(p.destinations, d)
		}
	}
	return p.out.Add(group, &f)
}

// predict fills in what becomes of a new message.
func (p *planner) predict(f *report.Forecast, d *postfix.Destination) {
	for _, l := range postfix.Levels() {
		f.Levels[l] = postfix.Predict(p.cfg, d, l, 0)
	}
	f.NowLevel, f.Now = p.now(), f.Levels[p.now()]
	if p.flags.source() != "" {
		var policy postfix.Policy
		f.Now, policy = postfix.Current(p.cfg, d, 0)
		f.NowLevel = policy.Level
	}
	f.Then = f.Now
	if p.flags.to != postfix.LevelUnknown && !p.cfg.Listed(d) {
		f.Then = f.Levels[p.flags.to]
	}
}

// End checks the existing policy table and writes the new one, the latter only when all destinations were looked at:
// a table with entries missing would hold mail back.
func (p *planner) End(s report.Summary) error {
	var check report.MapCheck
	if p.existing != nil {
		check = report.MapCheck{Name: p.flags.mapFile, Problems: p.existing.Check(p.cfg, p.level(), p.destinations)}
		p.complainOf(&check)
	}
	if p.flags.writeMap != "" && s.Partial == "" {
		if err := p.write(); err != nil {
			return err
		}
	}
	return p.out.End(s, check)
}

// complainOf says on stderr what is wrong with the table, where the report is a CSV.
func (p *planner) complainOf(check *report.MapCheck) {
	if p.job.output.format != report.CSV || p.job.output.quiet {
		return
	}
	shown, rest := check.Gravest()
	for _, problem := range shown {
		fmt.Fprintf(p.job.err, "mxtls: %s:%d: %s: %s\n", check.Name, problem.Line, problem.Kind, oneLine(problem.Text))
	}
	if rest != "" {
		fmt.Fprintf(p.job.err, "mxtls: %s: and %s more: -o jsonl lists all\n", check.Name, rest)
	}
}

// write writes the exceptions.
func (p *planner) write() error {
	out, err := createOut("--write-map", p.flags.writeMap, p.job.streams.out)
	if err != nil {
		return err
	}
	defer out.discard()
	exceptions := postfix.Exceptions(p.cfg, p.level(), p.destinations)
	o := postfix.MapOptions{Date: p.job.at(), Type: p.flags.mapType, Path: absolute(p.flags.writeMap),
		Tables: p.cfg.PolicyTables}
	if err := postfix.WriteMap(out, p.level(), exceptions, o); err != nil {
		return p.job.writeError(out, err)
	}
	if err := out.commit(); err != nil {
		return err
	}
	if !p.job.output.quiet {
		p.job.progress.end()
		n := plural(len(exceptions), "exception", "exceptions")
		fmt.Fprintf(p.job.err, "mxtls: %s written to %s\n", n, p.flags.writeMap)
	}
	return nil
}

// absolute is a table's path as main.cf has to have it: Postfix takes relative ones from its queue directory. Stdout
// has none.
func absolute(path string) string {
	full, err := filepath.Abs(path)
	if path == "-" || err != nil {
		return ""
	}
	return full
}

// readMap reads the source of an existing policy table.
func readMap(path string, v postfix.Version) (*postfix.Map, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--map: %w", err)
	}
	defer file.Close()
	m, err := postfix.ParseMap(file, path, v)
	if err != nil {
		if _, ok := errors.AsType[*os.PathError](err); ok {
			return nil, fmt.Errorf("--map: %w", err)
		}
		return nil, hinted{fmt.Errorf("--map %s: %w", path, err),
			"--map takes the text that postmap reads, not the table that it makes"}
	}
	return m, nil
}
