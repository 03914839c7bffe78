package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"mxtls/report"
	"mxtls/scanner"
	"mxtls/scanner/maillog"
)

// scanned are a scan's results by domain, judged again.
type scanned map[string]*scanner.Result

// readScan reads the run that --scan names; "" has none.
func readScan(ctx context.Context, path string, s streams, quiet bool) (scanned, error) {
	if path == "" {
		return nil, nil
	}
	if path == "live" {
		return nil, hinted{errors.New("--scan takes a run that was saved, it does not look itself"),
			"mxtls traffic --domains LOG | mxtls scan -f - --save run.jsonl"}
	}
	saved, err := openSavedRun(ctx, "--scan", path, nil)
	if err != nil {
		return nil, err
	}
	defer saved.close()
	bundle, err := saved.bundle()
	if err != nil {
		return nil, err
	}
	saved.judge = scanner.NewJudge(bundle, saved.head().At)
	saved.judge.Validating = saved.head().Validating
	results := scanned{}
	for r := range saved.results(ctx) {
		if r.Result.Invalid == nil {
			result := r.Result
			results[result.Target.String()] = &result
		}
	}
	if partial := saved.tail(ctx).Partial; partial != "" && !quiet {
		fmt.Fprintf(s.err, "mxtls: --scan %s: %s\n", path, oneLine(partial))
	}
	return results, nil
}

// join puts what the scan saw beside the rows.
func (s scanned) join(t *report.Traffic) {
	for i := range t.Rows {
		if r := s[t.Rows[i].Domain]; r != nil {
			t.Rows[i].Scan = report.ScanText(t.Rows[i].Row, r)
		}
	}
}

// shortestKey keeps a key from being guessed: the names that it hides are few enough to try them all.
const shortestKey = 16

// key is the one that hashes are made with; nil = none are made.
func (f *trafficFlags) key() ([]byte, error) {
	if f.hashKey == "" && !f.hash {
		return nil, nil
	}
	if f.hashKey == "" {
		key := make([]byte, sha256.Size)
		rand.Read(key) // never fails
		return key, nil
	}
	key, err := os.ReadFile(f.hashKey)
	if err != nil {
		return nil, fmt.Errorf("--hash-key: %w", err)
	}
	if len(strings.TrimSpace(string(key))) < shortestKey {
		return nil, hinted{fmt.Errorf("--hash-key %s: a key of less than %d octets can be guessed", f.hashKey, shortestKey),
			"openssl rand -hex 32 makes one"}
	}
	return key, nil
}

// hashDomains puts keyed hashes in the place of all names.
func hashDomains(t *report.Traffic, key []byte) {
	known := map[string]string{"": ""}
	hash := func(name string) string {
		if h, ok := known[name]; ok {
			return h
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(name))
		known[name] = "h" + hex.EncodeToString(mac.Sum(nil))[:16]
		return known[name]
	}
	for i := range t.Rows {
		t.Rows[i].Domain, t.Rows[i].Via = hash(t.Rows[i].Domain), hash(t.Rows[i].Via)
	}
	failures := make([]maillog.Failure, len(t.Failures))
	for i, f := range t.Failures {
		f.Domains = append([]string(nil), f.Domains...)
		for j := range f.Domains {
			f.Domains[j] = hash(f.Domains[j])
		}
		failures[i] = f
	}
	t.Failures = failures
}
