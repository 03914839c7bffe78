package main

import (
	"context"
	"io"
	"strings"
	"testing"
)

// TestInterruptible ends a read that nobody answers, as of a terminal where nothing is typed.
func TestInterruptible(t *testing.T) {
	t.Parallel()
	silent, typist := io.Pipe()
	defer typist.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r := interruptible(ctx, silent)
	go io.WriteString(typist, "example.com\n")
	line := make([]byte, len("example.com\n"))
	if _, err := io.ReadFull(r, line); err != nil || string(line) != "example.com\n" {
		t.Fatalf("%q, %v", line, err)
	}
	cancel()
	if _, err := r.Read(line); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

// TestStdinIsLeftAlone opens lists that do not name stdin, as in a shell's loop that reads its own list from there.
func TestStdinIsLeftAlone(t *testing.T) {
	t.Parallel()
	f := sourceFlags{presets: []string{"jp-isp"}}
	stdin := strings.NewReader("example.com\n")
	s, err := f.open(t.Context(), []string{"example.net"}, stdin)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for range s.all() {
	}
	if stdin.Len() != len("example.com\n") {
		t.Errorf("%d octets of stdin are left", stdin.Len())
	}
}

func TestDirectoryIsNoList(t *testing.T) {
	t.Parallel()
	f := sourceFlags{files: []string{t.TempDir()}}
	if _, err := f.open(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("%v", err)
	}
}
