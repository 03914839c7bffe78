//go:build mta || parity

package main_test

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// labPatience is how long a lab may take to start; most of it is for a first download of the packages.
const labPatience = 5 * time.Minute

// output runs a command and returns what it wrote to stdout; any failure ends the test.
func output(t *testing.T, limit time.Duration, name string, args ...string) []byte {
	t.Helper()
	out, err := command(limit, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// command runs a command and returns what it wrote to stdout.
func command(limit time.Duration, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), strings.Join(args, " "), err, &stderr, out)
	}
	return out, nil
}
