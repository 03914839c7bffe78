//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mxtls/scanner/maillog"
)

// TestRelay: the log is the same each time, and says what its writer knows.
func TestRelay(t *testing.T) {
	t.Parallel()
	const lines, domains = 40_000, 500
	var logs [2]bytes.Buffer
	var r *relay
	for i := range logs {
		r = newRelay(domains)
		if err := r.write(&logs[i], lines); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(logs[0].Bytes(), logs[1].Bytes()) {
		t.Error("two logs differ")
	}
	c := maillog.NewCollector(maillog.Options{})
	log := maillog.NewLog(&logs[0], nil, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	if err := log.Read(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	result := c.Result()
	if result.Info.Lines != lines || log.Strange() > 0 {
		t.Errorf("%d lines, %d strange ones", result.Info.Lines, log.Strange())
	}
	rows := map[maillog.Direction]int{}
	for _, row := range result.Rows {
		rows[row.Direction]++
	}
	const cut = 96 // messages that the log's end cuts short
	if n := rows[maillog.Outbound]; n > len(r.to) || n < len(r.to)-cut || len(r.to) < domains*9/10 {
		t.Errorf("%d destinations, the relay knows %d", n, len(r.to))
	}
	if n := rows[maillog.Inbound]; n > len(r.from) || n < len(r.from)-cut {
		t.Errorf("%d senders, the relay knows %d", n, len(r.from))
	}
	for _, d := range []maillog.Direction{maillog.Outbound, maillog.Inbound} {
		total := result.Total(d)
		few := total.Messages / 50
		if total.Encrypted < total.Messages*8/10 || total.Plaintext < few || total.Unknown > few {
			t.Errorf("%v: %+v", d, total)
		}
	}
	if total := result.Total(maillog.Outbound); total.Deferred < total.Messages/50 {
		t.Errorf("%d deferred of %d", total.Deferred, total.Messages)
	}
}

// TestGrep: its lines are counted, not just the first looked for.
func TestGrep(t *testing.T) {
	t.Parallel()
	r := newRelay(50)
	path := filepath.Join(t.TempDir(), "mail.log")
	if err := writeLog(path, r, 5000); err != nil {
		t.Fatal(err)
	}
	if p, err := grep(path, r); err != nil || p.wall <= 0 {
		t.Errorf("%v, %v", p, err)
	}
	if err := os.Truncate(path, 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := grep(path, r); err == nil {
		t.Error("a wrong count passes")
	}
}
