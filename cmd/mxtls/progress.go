package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	// progressEvery is how often the progress line changes: slow enough to read, fast enough to see life.
	progressEvery = 250 * time.Millisecond
	// tellingShare and tellingCount are how many domains must be done before their speed tells anything: results come
	// in the order of the list, so one slow server at its head holds back thousands that are done.
	tellingShare = 100 // one in so many
	tellingCount = 100 // or so many
)

// progress is one line on a terminal's stderr that says how far a run is, from its first moment on. A nil progress
// shows nothing.
type progress struct {
	w        io.Writer
	width    int
	start    time.Time
	count    func() (total int, final bool) // an estimate while the list is still being read
	sessions func() int64                   // begun so far: a sign of life while the first domain waits for a slow server
	stop     func()

	mu     sync.Mutex
	done   int
	drawn  bool
	within bool // a report on the same terminal is within a line
}

// newProgress is nil when stderr is no terminal. It is to be ended.
func newProgress(stderr io.Writer, quiet bool, count func() (int, bool), sessions func() int64) *progress {
	f, ok := stderr.(*os.File)
	if !ok || quiet || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 80
	}
	p := &progress{w: stderr, width: width, start: time.Now(), count: count, sessions: sessions}
	p.stop = every(progressEvery, p.draw)
	return p
}

// every does something again and again until it is stopped; by then the last time is over.
func every(d time.Duration, do func()) (stop func()) {
	quit, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		ticker := time.NewTicker(d)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				do()
			case <-quit:
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(quit)
		<-over
	})
}

// set says how many domains are done.
func (p *progress) set(done int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = done
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.within {
		return
	}
	total, final := p.count()
	line := progressLine(p.done, total, final, p.sessions(), time.Since(p.start))
	fmt.Fprintf(p.w, "\r%.*s\x1b[K", max(p.width-1, 1), line)
	p.drawn = true
}

// progressLine is "120 of about 5000 domains, 40 sessions, 98/s, about 50s left".
func progressLine(done, total int, final bool, sessions int64, since time.Duration) string {
	about := "about "
	if final {
		about = ""
	}
	line := fmt.Sprintf("%d of %s%d domains, %s", done, about, total, plural(int(sessions), "session", "sessions"))
	if done == 0 || done < min(total/tellingShare, tellingCount) || since <= 0 {
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
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

// end takes the line away for good.
func (p *progress) end() {
	if p == nil {
		return
	}
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// above is a writer to w that keeps the line from mixing with what is written, which may be on the same terminal.
func (p *progress) above(w io.Writer) io.Writer {
	if p == nil {
		return w
	}
	return aboveProgress{w, p}
}

type aboveProgress struct {
	w io.Writer
	p *progress
}

func (a aboveProgress) Write(b []byte) (int, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	a.p.clear()
	if len(b) > 0 {
		a.p.within = b[len(b)-1] != '\n'
	}
	return a.w.Write(b)
}
