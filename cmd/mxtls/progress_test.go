package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestProgressLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		done, total int
		final       bool
		since       time.Duration
		want        string
	}{
		{0, 5, true, time.Second, "0 of 5 domains"},
		{20, 120, true, 2 * time.Second, "20 of 120 domains, 10/s, about 10s left"},
		{20, 120, false, 2 * time.Second, "20 of about 120 domains, 10/s, about 10s left"},
		{120, 120, true, 7 * time.Second, "120 of 120 domains, 17.1/s"},
	} {
		if got := progressLine(tt.done, tt.total, tt.final, tt.since); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// TestProgressFits holds the line to the terminal's width, and a second one to a pause.
func TestProgressFits(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := &progress{w: &out, width: 20, start: time.Now().Add(-time.Second)}
	p.show(10, 1000, true)
	p.show(11, 1000, true)
	if got, want := out.String(), "\r10 of 1000 domains,\x1b[K"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	out.Reset()
	p.clear()
	p.clear()
	if got, want := out.String(), "\r\x1b[K"; got != want {
		t.Errorf("clear wrote %q, want %q", got, want)
	}
	if newProgress(&out, false) != nil {
		t.Error("progress on something that is no terminal")
	}
}

func TestCountLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(path, []byte("a.example\nb.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := countLines(f); n != 2 {
		t.Errorf("%d lines", n)
	}
	if at, _ := f.Seek(0, 1); at != 0 {
		t.Errorf("the file is left at %d", at)
	}
}
