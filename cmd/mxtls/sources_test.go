package main

import (
	"context"
	"io"
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
