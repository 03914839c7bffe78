//go:build linux

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	logRate      = 1_000_000 // lines for each second of processor time, at least
	logLimit     = 4.0       // of the time of grep
	logPeakLimit = 300 << 20 // octets
)

// traffic reads a mail log, and compares that with the least that anybody does who looks for something in one: grep.
// Both read the same file, in turns; it was written just before and is in memory.
func (b *bench) traffic() ([]row, error) {
	n, domains := b.pick(1_000_000, 2_000_000), b.pick(10_000, 20_000)
	r := newRelay(domains)
	path := filepath.Join(b.dir, "mail.log")
	defer os.Remove(path)
	if err := writeLog(path, r, n); err != nil {
		return nil, err
	}
	var walls, cpus [2][]time.Duration // mxtls's, grep's
	for range b.pick(3, 5) {
		ours, err := b.readLog(nil, path, r)
		if err != nil {
			return nil, err
		}
		theirs, err := grep(path, r)
		if err != nil {
			return nil, err
		}
		for i, p := range []process{ours, theirs} {
			walls[i], cpus[i] = append(walls[i], p.wall), append(cpus[i], p.cpu)
		}
	}
	what := fmt.Sprintf("traffic over a log of %d lines, %%s, to grep -c postfix/smtp (%s)", n, locale())
	rate := float64(n) / median(cpus[0]).Seconds()
	rows := []row{
		{what: "log lines for a second of CPU", ours: fmt.Sprintf("%.0f", rate), target: fmt.Sprintf(">= %d", logRate),
			met: rate >= logRate},
		against(fmt.Sprintf(what, "wall"), median(walls[0]), median(walls[1]), millis, logLimit),
		beside("CPU of that", median(cpus[0]), median(cpus[1]), millis),
	}
	peak, err := b.longLog(b.pick(1_000_000, 10_000_000), b.pick(20_000, 100_000))
	return append(rows, peak), err
}

// longLog is the memory for a log that is written while it is read.
func (b *bench) longLog(n, domains int) (row, error) {
	r := newRelay(domains)
	in, out := io.Pipe()
	go func() { out.CloseWithError(r.write(out, n)) }()
	p, err := b.readLog(in, "-", r)
	in.Close()
	what := fmt.Sprintf("peak memory, a log of %d lines: %d destinations, %d senders", n, len(r.to), len(r.from))
	return within(what, p.peak, 0, mebibytes, logPeakLimit), err
}

func writeLog(path string, r *relay, n int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := r.write(file, n); err != nil {
		return err
	}
	return file.Close()
}

// readLog runs mxtls traffic over a relay's log, which must have a row for each domain.
func (b *bench) readLog(in io.Reader, path string, r *relay) (process, error) {
	p, err := b.mxtlsOf(in, "traffic", "--zone", "UTC", "-o", "csv", path)
	rows, cut := len(r.to)+len(r.from), 2*len(r.flows) // the log ends within messages
	if err == nil && (p.lines > rows+1 || p.lines < rows-cut) {
		err = fmt.Errorf("%d lines of CSV for %d domains", p.lines, rows)
	}
	return p, err
}

// grep counts the lines of smtp and smtpd. It writes to a pipe: it would stop at the first line for /dev/null.
func grep(path string, r *relay) (process, error) {
	cmd := exec.Command("grep", "-c", "postfix/smtp", path)
	var out bytes.Buffer
	cmd.Stdout = &out
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return process{}, fmt.Errorf("%v: %w", cmd, err)
	}
	p := process{wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if got := strings.TrimSpace(out.String()); got != strconv.Itoa(r.smtp) {
		return p, fmt.Errorf("grep counts %s lines of %d", got, r.smtp)
	}
	return p, nil
}

// locale is the one that grep takes characters by: not each is as fast.
func locale() string {
	return cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG"), "C")
}
