package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progressEvery is how often the progress line changes: slow enough to read, fast enough to see life.
const progressEvery = 250 * time.Millisecond

// progress is one line on a terminal's stderr that says how far a run is. A nil progress shows nothing.
type progress struct {
	w     io.Writer
	width int
	start time.Time
	last  time.Time
}

// newProgress is nil when stderr is no terminal.
func newProgress(stderr io.Writer, quiet bool) *progress {
	f, ok := stderr.(*os.File)
	if !ok || quiet || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 80
	}
	return &progress{w: stderr, width: width, start: time.Now()}
}

// show prints done of total; total is an estimate while the list is still being read.
func (p *progress) show(done, total int, final bool) {
	if p == nil || time.Since(p.last) < progressEvery {
		return
	}
	p.last = time.Now()
	line := progressLine(done, total, final, time.Since(p.start))
	fmt.Fprintf(p.w, "\r%.*s\x1b[K", max(p.width-1, 1), line)
}

// progressLine is "120 of about 5000 domains, 98/s, about 50s left".
func progressLine(done, total int, final bool, since time.Duration) string {
	about := "about "
	if final {
		about = ""
	}
	line := fmt.Sprintf("%d of %s%d domains", done, about, total)
	if done == 0 || since <= 0 {
		return line
	}
	speed := float64(done) / since.Seconds()
	line += fmt.Sprintf(", %.3g/s", speed)
	if total > done {
		left := time.Duration(float64(total-done) / speed * float64(time.Second))
		line += fmt.Sprintf(", about %s left", left.Round(time.Second))
	}
	return line
}

// clear takes the line away before anything else is printed.
func (p *progress) clear() {
	if p != nil && !p.last.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.last = time.Time{}
	}
}
