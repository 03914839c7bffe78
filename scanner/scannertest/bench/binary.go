//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// A process is what one run of mxtls took.
type process struct {
	wall, cpu time.Duration
	peak      int64 // octets resident
	lines     int   // written to standard output
}

// mxtls runs the command to its end, which must be a good one.
func (b *bench) mxtls(args ...string) (p process, err error) { return b.mxtlsOf(nil, args...) }

// mxtlsOf is mxtls with standard input; nil = none.
func (b *bench) mxtlsOf(in io.Reader, args ...string) (p process, err error) {
	cmd := exec.Command(b.binary, args...)
	cmd.Stdin = in
	var lines lineCounter
	var complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &lines, &complaint
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return p, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case err := <-done:
			p.wall = time.Since(start)
			if err != nil {
				return p, fmt.Errorf("mxtls %q: %w: %s", args, err, complaint.Bytes())
			}
			p.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			p.lines = int(lines)
			return p, nil
		case <-time.After(20 * time.Millisecond):
			if peak, err := peakMemory(cmd.Process.Pid); err == nil { // an error: it has just ended
				p.peak = peak
			}
		}
	}
}

type lineCounter int

func (n *lineCounter) Write(b []byte) (int, error) {
	*n += lineCounter(bytes.Count(b, []byte{'\n'}))
	return len(b), nil
}

// scan runs mxtls scan over a list file of n domains of the farm, as CSV.
func (b *bench) scan(f *farm, list string, n, concurrency int, more ...string) (process, error) {
	p, err := b.mxtls(append([]string{"scan", "-f", list, "-o", "csv", "--quiet", "--resolver", f.DNS,
		"--port", strconv.Itoa(int(f.Port)), "--ca-file", f.roots, "--ehlo", "bench.example", "--allow-reserved",
		"--no-vantage-check", "--rate", "0", "--per-provider", "0", "--concurrency", strconv.Itoa(concurrency)}, more...)...)
	if err == nil && p.lines != n+1 {
		err = fmt.Errorf("%d lines of CSV for %d domains", p.lines, n)
	}
	return p, err
}

// list writes n domains to a file; server says which server domain i has.
func (b *bench) list(n int, server func(i int) int) (string, error) {
	path := filepath.Join(b.dir, "domains.txt")
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	w := bufio.NewWriter(file)
	for i := range n {
		fmt.Fprintln(w, domainName(i, server(i)))
	}
	return path, w.Flush()
}

// zipf draws servers as the world does: a few have nearly all domains. It counts those that it has drawn.
type zipf struct {
	*rand.Zipf
	drawn map[int]bool
}

func newZipf(servers int) *zipf {
	source := rand.New(rand.NewPCG(1, 2)) // the same lists each time
	return &zipf{rand.NewZipf(source, 1.1, 1, uint64(servers-1)), map[int]bool{}}
}

func (z *zipf) server(int) int {
	i := int(z.Uint64())
	z.drawn[i] = true
	return i
}
