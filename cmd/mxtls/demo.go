package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mxtls/report"
	"mxtls/scanner"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
)

// demoTimeout is short, since nothing in the demonstration is further away than this process, and long enough for a
// machine that is busy with other things: one server never answers, so the demonstration lasts as long.
const demoTimeout = 4 * time.Second

// demoBundle is the CAfile that the demonstration advises, Debian's, so that its report is the same everywhere.
const demoBundle = "/etc/ssl/certs/ca-certificates.crt"

func newDemo(s streams) *cobra.Command {
	d := &demoFlags{}
	cmd := &cobra.Command{
		Use:   "demo [flags]",
		Short: "the same scan against a false internet in this process",
		Long: `Scan a false internet that runs inside this process, on loopback: some twenty domains that show
every row the table can have. It needs no network, no root and no open port, and asks nobody.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return hinted{fmt.Errorf("demo takes no domain such as %q: it has a cast of its own", args[0]), "mxtls scan looks at real ones"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context(), s) },
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&d.asPlan, "plan", false, "say what a Postfix would do there, as mxtls plan does; --fail-on then takes\n"+
		"deferred, bounced, plaintext, unknown")
	d.plan.registerChange(cmd)
	d.output.register(cmd)
	return cmd
}

// demoFlags are the flags of demo.
type demoFlags struct {
	output outputFlags
	asPlan bool
	plan   planFlags // of which there is only --to
}

// check settles which command's ways the demonstration follows.
func (d *demoFlags) check() error {
	switch {
	case !d.asPlan && d.plan.to != postfix.LevelUnknown:
		return errors.New("--to needs --plan")
	case d.asPlan && d.output.rows == report.ByServer:
		return errors.New("--plan has rows by domain alone")
	case d.asPlan:
		d.plan.failOn, d.output.failOnText = d.output.failOnText, ""
	}
	return d.output.check()
}

// run builds the cast and scans it as scan or plan would.
func (d *demoFlags) run(ctx context.Context, s streams) error {
	tuneMemory(memoryForList)
	if d.asPlan && d.output.columns {
		return listColumns(s.out, report.PlanColumns())
	}
	if done, err := d.output.list(s.out); done {
		return err
	}
	if err := d.check(); err != nil {
		return err
	}
	c, err := newCast()
	if err != nil {
		return err
	}
	defer c.in.Close()
	roots, err := pkix.Parse("demo", c.root.PEM())
	if err != nil {
		return err
	}
	scan, err := scanner.New(scanner.Options{
		Resolvers: []string{c.in.Resolver()}, TrustAD: true, DialDNS: c.in.Dial, Roots: roots, At: demoTime, EHLO: "mx.example.org",
		Rate: -1, Timeout: demoTimeout, HostTimeout: 2 * demoTimeout, Dial: c.in.Dial,
		AsPostfix: d.asPlan,
	})
	if err != nil {
		return err
	}
	src := newSources()
	for _, l := range demoLists {
		src.add(l.group, "", strings.NewReader(l.text))
	}
	j := &job{
		facts: &look{scan: scan, items: src, started: demoTime, vantage: true}, judge: scan.Judge(), roots: roots,
		output: &d.output, streams: s,
	}
	defer j.close()
	if !d.asPlan {
		return j.run(ctx)
	}
	p := &planner{cfg: postfix.Default("demo", postfix.Options{}), flags: &d.plan, bundle: demoBundle}
	if err := p.prepare(ctx, nil); err != nil {
		return err
	}
	return p.run(ctx, j)
}
