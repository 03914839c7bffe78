package main

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mxtls/report"
	"mxtls/scanner"
	"mxtls/scanner/maillog"
)

// live is the --scan that looks now.
const live = "live"

// joiner keeps of a scan what is put beside a log: it is that scan's report.Writer.
type joiner map[string]report.Seen

func (joiner) Begin(report.Run) error   { return nil }
func (joiner) End(report.Summary) error { return nil }

func (j joiner) Add(_ string, r scanner.Result) error {
	if r.Invalid == nil {
		j[r.Target.String()] = report.NewSeen(&r)
	}
	return nil
}

// checkScan refuses flags on a scan where there is none, or no place for it, before anything is read.
func (f *trafficFlags) checkScan(cmd *cobra.Command) error {
	named := func(flags []string) string {
		if i := slices.IndexFunc(flags, cmd.Flags().Changed); i >= 0 {
			return flags[i]
		}
		return ""
	}
	if flag := named(looking); flag != "" && f.scan != live {
		return fmt.Errorf("--%s goes with --scan live", flag)
	}
	if flag := named([]string{"ca-file", "ca-path", "ca", "at"}); flag != "" && f.scan == "" {
		return fmt.Errorf("--%s goes with --scan", flag)
	}
	switch {
	case f.scan == "":
		return nil
	case f.domains || f.weights || f.format == report.TrafficGoogle:
		return errors.New("--scan goes with a report that has a place for it: table, csv, jsonl or markdown")
	case f.scan != live:
		return nil
	case f.follow:
		return hinted{errors.New("--scan live and --follow exclude each other: it would look again and again"),
			"--scan RUN takes a run that mxtls scan --save keeps"}
	case f.look.save != "" && sameFile(f.look.save, f.output.path):
		return errors.New("--save and --out name the same file")
	}
	_, err := f.look.options()
	return err
}

// readScan reads the run that --scan names, if it names one.
func (r *trafficReport) readScan(ctx context.Context) (err error) {
	f := r.flags
	if f.scan == "" || f.scan == live {
		return nil
	}
	if f.look.saved, err = openSavedRun(ctx, "--scan", f.scan, nil); err != nil {
		return err
	}
	f.look.from = f.scan
	j := r.job()
	if err := f.look.rejudge(ctx, j); err != nil {
		return fmt.Errorf("--scan %s: %w", f.scan, err)
	}
	defer j.close()
	r.short = r.join(ctx, j)
	return nil
}

// lookNow scans the destinations that the report is going to show.
func (r *trafficReport) lookNow(ctx context.Context, t *report.Traffic) error {
	domains := t.Destinations()
	if len(domains) == 0 {
		return nil
	}
	items, j := newSources(), r.job()
	items.addDomains(domains)
	if err := r.flags.look.start(ctx, j, items); err != nil {
		items.close()
		return err
	}
	defer j.close()
	return r.join(ctx, j)
}

// job is a scan without a report of its own.
func (r *trafficReport) job() *job {
	return &job{streams: r.streams, output: &outputFlags{quiet: r.flags.output.quiet}}
}

// join takes in what a job sees.
func (r *trafficReport) join(ctx context.Context, j *job) error {
	if err := j.facts.check(ctx); err != nil {
		return err
	}
	j.progress = newProgress(j.err, j.output.quiet, j.facts.count, j.facts.sessions)
	defer j.progress.end()
	if err := j.write(ctx, r.seen); err != nil {
		return err
	}
	return j.complete("the scan")
}

// shortestKey keeps a key from being guessed: the names that it hides are few enough to try them all.
const shortestKey = 16

// hasher makes the hashes; nil = none are made.
func (f *trafficFlags) hasher() (*hasher, error) {
	if f.hashKey == "" && !f.hash {
		return nil, nil
	}
	if f.hashKey == "" {
		key := make([]byte, sha256.Size)
		rand.Read(key) // never fails
		return newHasher(key), nil
	}
	key, err := os.ReadFile(f.hashKey)
	if err != nil {
		return nil, fmt.Errorf("--hash-key: %w", err)
	}
	if len(strings.TrimSpace(string(key))) < shortestKey {
		return nil, hinted{fmt.Errorf("--hash-key %s: a key of less than %d octets can be guessed", f.hashKey, shortestKey),
			"openssl rand -hex 32 makes one"}
	}
	return newHasher(key), nil
}

// hasher makes keyed hashes of names.
type hasher struct {
	key   []byte
	known map[string]string
}

func newHasher(key []byte) *hasher { return &hasher{key, map[string]string{"": ""}} }

func (h *hasher) of(name string) string {
	if hash, ok := h.known[name]; ok {
		return hash
	}
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(name))
	h.known[name] = "h" + hex.EncodeToString(mac.Sum(nil))[:16]
	return h.known[name]
}

// sort puts rows in the order of their hashes, which those that are alike keep: the order of the names would tell what
// names they are.
func (h *hasher) sort(rows []maillog.Row) {
	slices.SortFunc(rows, func(a, b maillog.Row) int {
		return cmp.Or(cmp.Compare(a.Direction, b.Direction), cmp.Compare(h.of(a.Domain), h.of(b.Domain)),
			cmp.Compare(h.of(a.Via), h.of(b.Via)))
	})
}

// hide puts hashes in the place of all names.
func (h *hasher) hide(t *report.Traffic) {
	for i := range t.Rows {
		t.Rows[i].Domain, t.Rows[i].Via = h.of(t.Rows[i].Domain), h.of(t.Rows[i].Via)
	}
	failures := make([]maillog.Failure, len(t.Failures))
	for i, f := range t.Failures {
		f.Domains = append([]string(nil), f.Domains...)
		for j := range f.Domains {
			f.Domains[j] = h.of(f.Domains[j])
		}
		slices.Sort(f.Domains) // those with equal counts stood in the order of their names
		failures[i] = f
	}
	t.Failures = failures
}
