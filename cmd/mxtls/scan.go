package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"mxtls/report"
	"mxtls/scanner"
	"mxtls/scanner/list"
)

func newScan(s streams) *cobra.Command {
	f := &scanFlags{}
	cmd := &cobra.Command{
		Use:   "scan [flags] [DOMAIN...]",
		Short: "look at domains' mail servers now and print who encrypts",
		Long: `Look up the mail servers of each DOMAIN, hold one SMTP session with each of their addresses
(EHLO, STARTTLS, EHLO, QUIT; never any mail), judge their certificates, and print a table.

A DOMAIN may also be an address (only its domain is used), [host] or [address] to name a server
without an MX lookup, and each with a :port, as in Postfix's transport(5).`,
		Example: `  mxtls scan gmail.com yahoo.co.jp
  mxtls scan --preset jp-carrier -v
  mxtls scan -f domains.txt -o csv --out tls.csv --quiet --fail-on plaintext,expiring=14d
  mxtls scan --ca-file /etc/postfix/cacert.pem '[mail.example.com]:587'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.listPresets {
				return listPresets(s.out)
			}
			if done, err := f.output.list(s.out); done {
				return err
			}
			if err := settled(cmd, args); err != nil {
				return err
			}
			return f.run(cmd.Context(), s, args)
		},
	}
	f.register(cmd)
	return cmd
}

// run scans what the flags and arguments name.
func (f *scanFlags) run(ctx context.Context, s streams, args []string) error {
	j, err := f.job(ctx, s, args)
	if err != nil {
		return err
	}
	defer j.close()
	j.resumable = j.save.keeps()
	return j.run(ctx)
}

// job is the run that the flags and arguments name, with everything checked and opened.
func (f *scanFlags) job(ctx context.Context, s streams, args []string) (*job, error) {
	if err := f.output.check(); err != nil {
		return nil, err
	}
	for flag, path := range map[string]string{"--save": f.save, "--resume": f.resume} {
		if path != "" && sameFile(path, f.output.path) {
			return nil, fmt.Errorf("%s and --out name the same file: the report would take the place of the saved run", flag)
		}
	}
	j := &job{output: &f.output, streams: s}
	if f.from != "" {
		tuneMemory(memoryForSaved)
		return j, f.rejudge(ctx, j)
	}
	if f.resume != "" && f.sources.none() && len(args) == 0 {
		return nil, hinted{fmt.Errorf("--resume %s: the list is missing: a saved run knows only whom it came to", f.resume),
			"name the lists and domains that the run began with"}
	}
	tuneMemory(memoryForList + int64(f.concurrency)*memoryForSession)
	items, err := f.sources.open(ctx, args, s.in)
	if err != nil {
		return nil, err
	}
	if err := f.start(ctx, j, items); err != nil {
		items.close()
		return nil, err
	}
	return j, nil
}

// rejudge gives a job its facts from a saved run.
func (f *scanFlags) rejudge(ctx context.Context, j *job) (err error) {
	if err := f.openFrom(ctx, j.in); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.saved.close()
		}
	}()
	at, err := parseTime(f.at)
	if err != nil {
		return err
	}
	if at.IsZero() {
		at = f.saved.head().At
	}
	if j.roots = f.trust; j.roots == nil {
		if j.roots, err = f.roots(); err != nil {
			return err
		}
	}
	if f.saved.remark != "" && !j.output.quiet {
		fmt.Fprintf(j.err, "mxtls: %s\n", oneLine(f.saved.remark))
	}
	f.saved.judge = scanner.NewJudge(j.roots, at.UTC())
	f.saved.judge.Validating = f.saved.head().Validating
	if f.client != nil {
		f.saved.judge.SetOpenSSL(f.client.OpenSSL)
	}
	j.facts, j.judge = f.saved, f.saved.judge
	return nil
}

// openFrom opens the saved run that --from names, if it does and is not open yet.
func (f *scanFlags) openFrom(ctx context.Context, stdin io.Reader) (err error) {
	if f.from != "" && f.saved == nil {
		f.saved, err = openSavedRun(ctx, "--from", f.from, stdin)
	}
	return err
}

// start gives a job its scanner and the file that it keeps its facts in.
func (f *scanFlags) start(ctx context.Context, j *job, items *sources) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	if err := f.bulk(items, options.EHLO); err != nil {
		return err
	}
	if f.byProvider != "" {
		if f.shard.parts == 0 {
			return errors.New("--by-provider goes with --shard")
		}
		if f.shard.providers, err = readProviders(ctx, f.byProvider); err != nil {
			return err
		}
	}
	l := &look{items: items, started: time.Now(), vantage: !f.noVantage, controls: f.controls, shard: f.shard}
	if err := f.keep(j, l, &options); err != nil {
		return err
	}
	if l.scan, err = scanner.New(options); err != nil {
		j.save.close()
		l.before.close()
		return err
	}
	j.facts, j.judge, j.roots = l, l.scan.Judge(), l.scan.Options().Roots
	return nil
}

// keep opens the file that the facts are kept in, and the run in it that is gone on with.
func (f *scanFlags) keep(j *job, l *look, o *scanner.Options) (err error) {
	switch {
	case f.resume == "":
		j.save, err = openSave(f.save)
		return err
	case f.save != "":
		return errors.New("--save and --resume exclude each other: a run goes on in its own file")
	}
	if l.before, j.save, err = openResume(f.resume); err != nil {
		return err
	}
	if err = l.before.fit(o, &l.shard); err != nil {
		j.save.close()
		l.before.close()
	}
	return err
}

// bulk refuses a long list when the servers on it could not tell who is asking.
func (f *scanFlags) bulk(items *sources, ehlo string) error {
	long, err := items.exceeds(bulkRun)
	if err != nil || !long || !isLocalhost(ehlo) {
		return err
	}
	return hinted{
		fmt.Errorf("more than %d domains are not to be scanned as %q: their operators must be able to tell who asks", bulkRun, ehlo),
		"--ehlo NAME takes a name that resolves to this machine's address",
	}
}

// listPresets prints every preset with its domains.
func listPresets(w io.Writer) error {
	for i, p := range list.Presets() {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s: %s (%d, of %s)\n", p.Name, p.Title, len(p.Entries), p.Date)
		for _, e := range p.Entries {
			mark := ""
			if e.Legacy {
				mark = "  legacy"
			}
			if _, err := fmt.Fprintf(w, "  %s%s\n", e.Domain, mark); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxError is what one error may take on a terminal, in columns: it may quote a file, a server or a resolver.
const maxError = 2000

// oneLine makes an error fit for a terminal.
func oneLine(text string) string { return report.EscapeTo(text, maxError) }
