package maillog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLog: a log is the same however it is cut, and the same as line by line.
func TestLog(t *testing.T) {
	t.Parallel()
	lines := append(benchLines(), []byte("no line"), nil, bytes.Repeat([]byte("x"), maxLine+1),
		[]byte("Mar  1 11:00:00 mail postfix/pickup[9]: tells nothing, and is earlier than the rest"),
		[]byte("Mar  2 12:00:00 mail postfix/pickup[9]: tells nothing, and is later"))
	lines = append(lines, benchLines()...)  // more than one batch
	text := bytes.Join(lines, []byte("\n")) // the last one has no line feed
	latest := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	one, framer := NewCollector(Options{}), NewFramer(nil, latest)
	for _, line := range lines {
		var l Line
		if len(line) <= maxLine && framer.Frame(line, &l) {
			one.Add(&l)
		}
	}
	want := one.Result()
	for name, r := range map[string]io.Reader{
		"whole":         bytes.NewReader(text),
		"cut in halves": iotest.HalfReader(bytes.NewReader(text)),
		"in pieces":     pieces{bytes.NewReader(text)},
		"in two":        io.MultiReader(bytes.NewReader(text[:100_000]), bytes.NewReader(text[100_000:])),
		"EOF at once":   iotest.DataErrReader(bytes.NewReader(text)),
	} {
		c, l := NewCollector(Options{}), NewLog(r, nil, latest)
		for range 2 { // there is no more at the second time
			if err := l.Read(t.Context(), c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		l.Rest(c)
		if diff := cmp.Diff(want, c.Result()); diff != "" {
			t.Errorf("%s (-line by line +log):\n%s", name, diff)
		}
		if l.Strange() != 1 || l.TooLong() != 1 {
			t.Errorf("%s: %d strange lines and %d too long", name, l.Strange(), l.TooLong())
		}
	}
}

// TestLogEnds: what was read before an error counts.
func TestLogEnds(t *testing.T) {
	t.Parallel()
	const line = "Mar  1 12:00:00 mail postfix/smtpd[5]: connect from a.example[192.0.2.7]\n"
	broken := errors.New("broken")
	r := io.MultiReader(strings.NewReader(line), iotest.ErrReader(broken))
	c, l := NewCollector(Options{}), NewLog(r, nil, time.Now())
	if err := l.Read(t.Context(), c); !errors.Is(err, broken) || c.Result().Info.Events != 1 {
		t.Errorf("%v, %+v", err, c.Result().Info)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c, l = NewCollector(Options{}), NewLog(endless(line), nil, time.Now())
	if err := l.Read(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("the context's end: %v", err)
	}
}

// pieces is a reader that gives a few octets at a time.
type pieces struct{ io.Reader }

func (p pieces) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(len(b), 701)]) }

// endless is a reader of the same over and over.
type endless string

func (e endless) Read(b []byte) (int, error) { return copy(b, e), nil }
