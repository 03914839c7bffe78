package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestProgressLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		done, total int
		final       bool
		sessions    int64
		since       time.Duration
		want        string
	}{
		{0, 5, true, 1, time.Second, "0 of 5 domains, 1 session"},
		{20, 120, true, 30, 2 * time.Second, "20 of 120 domains, 30 sessions, 10/s, about 10s left"},
		{20, 120, false, 30, 2 * time.Second, "20 of about 120 domains, 30 sessions, 10/s, about 10s left"},
		{120, 120, true, 110, 7 * time.Second, "120 of 120 domains, 110 sessions, 17.1/s"},
		{49, 5000, false, 200, 4 * time.Second, "49 of about 5000 domains, 200 sessions"},
		{50, 5000, true, 200, 4 * time.Second, "50 of 5000 domains, 200 sessions, 12.5/s, about 6m36s left"},
		{100, 1000000, true, 200, time.Second, "100 of 1000000 domains, 200 sessions, 100/s, about 2h46m39s left"},
	} {
		if got := progressLine(tt.done, tt.total, tt.final, tt.sessions, tt.since); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// TestProgressKeepsOff holds the line to the terminal's width, and away from a report on the same terminal.
func TestProgressKeepsOff(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := &progress{
		w: &out, width: 20, start: time.Now(), stop: func() {},
		count: func() (int, bool) { return 1000, true }, sessions: func() int64 { return 7 },
	}
	w := p.above(&out)
	const line, gone = "\r10 of 1000 domains,\x1b[K", "\r\x1b[K"
	for i, step := range []struct {
		do   func()
		want string
	}{
		{func() { p.set(10) }, ""},
		{p.draw, line},
		{func() { io.WriteString(w, "a,b") }, gone + "a,b"},
		{p.draw, ""},
		{func() { io.WriteString(w, ",c\n") }, ",c\n"},
		{p.draw, line},
		{p.end, gone},
		{p.end, ""},
	} {
		out.Reset()
		step.do()
		if got := out.String(); got != step.want {
			t.Errorf("step %d wrote %q, want %q", i, got, step.want)
		}
	}
	if newProgress(&out, false, nil, nil) != nil {
		t.Error("progress on something that is no terminal")
	}
}

func TestEvery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		stop := every(time.Second, func() { n++ })
		time.Sleep(3500 * time.Millisecond)
		stop()
		stop()
		time.Sleep(time.Hour)
		if n != 3 {
			t.Errorf("done %d times, want 3", n)
		}
	})
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
