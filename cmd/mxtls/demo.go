package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mxtls/scanner"
	"mxtls/scanner/pkix"
)

// demoTimeout is short, since nothing in the demonstration is further away than this process, and long enough for a
// machine that is busy with other things: one server never answers, so the demonstration lasts as long.
const demoTimeout = 4 * time.Second

func newDemo(s streams) *cobra.Command {
	var out outputFlags
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
		RunE: func(cmd *cobra.Command, _ []string) error { return demo(cmd.Context(), s, &out) },
	}
	cmd.Flags().SortFlags = false
	out.register(cmd)
	return cmd
}

// demo builds the cast and scans it as scan would.
func demo(ctx context.Context, s streams, out *outputFlags) error {
	tuneMemory(0)
	if done, err := out.list(s.out); done {
		return err
	}
	if err := out.check(); err != nil {
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
	})
	if err != nil {
		return err
	}
	defer scan.Close()
	src := newSources()
	defer src.close()
	for _, l := range demoLists {
		src.add(l.group, "", strings.NewReader(l.text))
	}
	j := &job{scan: scan, items: src, output: out, streams: s, started: demoTime, vantage: true}
	return j.run(ctx)
}
