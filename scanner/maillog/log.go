package maillog

import (
	"context"
	"errors"
	"io"
	"time"
)

// Log reads a log into a Collector. It is for one goroutine.
type Log struct {
	lines   *LineReader
	framer  *Framer
	batches [3]batch // one that is read, one that is counted, and one in between
	strange int
}

// NewLog is a Log of r's text; for zone and latest see [NewFramer].
func NewLog(r io.Reader, zone *time.Location, latest time.Time) *Log {
	return &Log{lines: NewLineReader(r), framer: NewFramer(zone, latest)}
}

// Strange is how many lines so far have no log line's form; empty ones are not among them.
func (l *Log) Strange() int { return l.strange }

// TooLong is how many lines so far were passed over.
func (l *Log) TooLong() int { return l.lines.TooLong }

// batch is what was read at once: the text, and what its lines say.
type batch struct {
	text    []byte
	entries []entry
	strange int
	err     error // that reading ended with
}

// entry is a line taken apart, into parts of the text.
type entry struct {
	line  Line
	event Event
	tells bool // there is an event
}

// Read counts lines up to the end of what there is, which may be more when it is called again. The error is the
// reader's, or the context's; what was read before counts. A goroutine of its own reads the lines and takes them apart
// while the ones before are counted: these are two halves of the work, nearly.
func (l *Log) Read(ctx context.Context, c *Collector) error {
	empty, full := make(chan *batch, len(l.batches)), make(chan *batch, len(l.batches))
	for i := range l.batches {
		empty <- &l.batches[i]
	}
	go func() {
		defer close(full)
		for more := true; more; {
			b := <-empty
			l.next(b)
			if b.err == nil {
				b.err = ctx.Err()
			}
			more = b.err == nil
			full <- b
		}
	}()
	var err error
	for b := range full {
		l.count(b, c)
		err = b.err
		empty <- b
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Rest counts a last line that has no line feed.
func (l *Log) Rest(c *Collector) {
	if text := l.lines.Rest(); text != nil {
		var b batch
		l.line(text, &b)
		l.count(&b, c)
	}
}

// next reads a batch.
func (l *Log) next(b *batch) {
	if b.text == nil {
		b.text = make([]byte, readAhead)
	}
	b.entries, b.strange = b.entries[:0], 0
	if b.err = l.lines.fill(b.text); b.err != nil {
		return
	}
	for text, ok := l.lines.buffered(); ok; text, ok = l.lines.buffered() {
		l.line(text, b)
	}
}

// line adds a line to a batch.
func (l *Log) line(text []byte, b *batch) {
	n := len(b.entries)
	if n == cap(b.entries) {
		b.entries = append(b.entries, entry{})
	}
	b.entries = b.entries[:n+1]
	if e := &b.entries[n]; l.framer.Frame(text, &e.line) {
		e.tells = Parse(&e.line, &e.event)
		return
	}
	b.entries = b.entries[:n]
	if len(text) > 0 {
		b.strange++
	}
}

// count counts a batch.
func (l *Log) count(b *batch, c *Collector) {
	l.strange += b.strange
	for i := range b.entries {
		e := &b.entries[i]
		c.add(&e.line, &e.event, e.tells)
	}
}
