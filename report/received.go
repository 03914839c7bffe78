package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"mxtls/scanner/received"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// Trace is the way of one message, as its header tells it.
type Trace struct {
	Source  string // the file, as given; "(stdin)" for standard input
	Number  int    // of the message in it, from 1
	Message received.Message
	Asked   bool // somebody said whom to trust: Reach counts
	Reach   int  // of the hops, counted from the reader's end, can be believed
}

// TraceWriter writes the ways of messages: Begin, Add for each message, End; see [Writer]. All formats are written as
// the messages come and keep nothing.
type TraceWriter interface {
	Begin() error
	Add(*Trace) error
	End() error
}

// NewTraces is a TraceWriter of the format to w. The error is a format that does not exist.
func NewTraces(f Format, w io.Writer, o Options) (TraceWriter, error) {
	if o.Width > 0 {
		o.Width = max(o.Width, minWidth)
	}
	out := newOutput(w, o.Now)
	switch f {
	case FormatDefault, Table:
		return &traceTable{tableWriter: tableWriter{out: out, opts: o, style: newStyle(o)}}, nil
	case CSV:
		return newTraceCSV(out, o), nil
	case JSONL:
		return &traceJSONL{jsonlWriter: jsonlWriter{out}}, nil
	case JSON:
		return &traceJSON{jsonWriter: jsonWriter{out: out}}, nil
	case Markdown:
		o.Width = 0
		return &traceMarkdown{markdownWriter: markdownWriter{out: out, opts: o, style: newStyle(o)}}, nil
	default:
		return nil, fmt.Errorf("report: no format %v", f)
	}
}

// traceTally counts messages.
type traceTally struct{ messages, yes, no, unknown int }

func (t *traceTally) add(m *received.Message) {
	t.messages++
	switch m.Encrypted() {
	case truth.Yes:
		t.yes++
	case truth.No:
		t.no++
	case truth.Unknown:
		t.unknown++
	}
}

// text is what several messages come to; "" for one.
func (t *traceTally) text() string {
	if t.messages < 2 {
		return ""
	}
	return fmt.Sprintf("%d messages: %d encrypted on the whole way, %d not, %d could not be told",
		t.messages, t.yes, t.no, t.unknown)
}

// title names the message.
func (t *Trace) title() string {
	return Escape(t.Source) + ", message " + strconv.Itoa(t.Number)
}

// sentence is what the message's lines come to. Names in it are escaped.
func (t *Trace) sentence() string {
	c := t.Message.Count()
	var text string
	switch {
	case len(t.Message.Hops) == 0:
		text = "no Received: line"
	case c.Plain > 0:
		text = "not encrypted " + t.firstPlain()
		if more := c.Plain - 1; more > 0 {
			text += ", nor on " + count(more, "other hop", "other hops")
		}
	case c.Encrypted == 0:
		text = "no hop says whether it was encrypted"
	case c.Unknown > 0:
		text = "encrypted on every hop that says; " + count(c.Unknown, "hop does not", "hops do not") + " say"
	case c.Internal > 0:
		text = "encrypted on every hop that says; " + count(c.Internal, "hop is", "hops are") + " within one system"
	case t.Message.More > 0 || t.Message.Cut:
		text = "encrypted on every hop that was read"
	default:
		text = "encrypted on every hop"
	}
	if t.Message.More > 0 {
		text += "; " + count(t.Message.More, "line more was", "lines more were") + " left out"
	}
	if t.Message.Cut {
		text += "; the header is longer than what was read of it"
	}
	return text
}

// firstPlain is where the first hop without encryption was.
func (t *Trace) firstPlain() string {
	for i := range t.Message.Hops {
		if h := &t.Message.Hops[i]; h.Encrypted == truth.No {
			return "between " + traceClient(h) + " and " + traceServer(h)
		}
	}
	return ""
}

// doubt says how far the lines can be believed; "" for all of them, and where nobody asked.
func (t *Trace) doubt() string {
	n := len(t.Message.Hops)
	switch {
	case !t.Asked || t.Reach >= n:
		return ""
	case t.Reach == 0:
		return "every line may be forged: the last one was not written by a host that you trust"
	default:
		forged := "the line above it may be forged"
		if n-t.Reach > 1 {
			forged = strconv.Itoa(n-t.Reach) + " lines above it may be forged"
		}
		return "believe nothing above the line by " + traceServer(&t.Message.Hops[n-t.Reach]) + ": " + forged
	}
}

// believed is whether hop i can be believed.
func (t *Trace) believed(i int) truth.Truth {
	if !t.Asked {
		return truth.Unknown
	}
	return truth.Of(i >= len(t.Message.Hops)-t.Reach)
}

// traceClient is the client of a hop for a person, escaped.
func traceClient(h *received.Hop) string {
	switch {
	case h.From != "":
		return Escape(h.From)
	case h.Address.IsValid():
		return h.Address.String()
	}
	return "(not said)"
}

// traceServer is the server of a hop for a person, escaped.
func traceServer(h *received.Hop) string {
	if h.By == "" {
		return "(not said)"
	}
	return Escape(h.By)
}

// traceAnswers is whether a hop was encrypted, and why it is thought so, by reason.
var traceAnswers = map[received.Reason]string{
	received.StatedTLS:  "yes",
	received.SecureWord: "yes, by the protocol word",
	received.PlainWord:  "no",
	received.NullCipher: "no, the cipher encrypts nothing",
	received.Internal:   "unknown, internal",
	received.NotStated:  "unknown, not stated",
	received.Ambiguous:  "unknown, the line can be read in several ways",
	received.TooLong:    "unknown, the line is too long",
}

// traceShort makes those texts short: the sign before the row, and the protocol beside it, say the rest.
var traceShort = strings.NewReplacer(
	"unknown, ", "", ", by the protocol word", "", "the line can be read in several ways", "ambiguous")

// answer is that text for hop i.
func (t *Trace) answer(i int, short bool) string {
	text := traceAnswers[t.Message.Hops[i].Reason]
	if short {
		text = traceShort.Replace(text)
	}
	if t.believed(i) == truth.No {
		text += " (may be forged)"
	}
	return text
}

// traceClass is the class whose glyph and colour a hop has.
func traceClass(h *received.Hop) verdict.Class {
	switch {
	case h.Encrypted == truth.Yes:
		return verdict.ClassFull
	case h.Encrypted == truth.No:
		return verdict.ClassPlain
	case h.Reason == received.Internal:
		return verdict.ClassNull
	default:
		return verdict.ClassUnknown
	}
}

// traceVersion is the version of TLS for a person: "1.3"; "?" where there was TLS and no more is said.
func traceVersion(h *received.Hop) string {
	switch {
	case h.Version == received.SSLv3OrTLSv1:
		return h.Version.String()
	case h.Version != received.VersionUnknown:
		return strings.TrimPrefix(h.Version.String(), "TLSv")
	case h.Encrypted == truth.Yes:
		return "?"
	}
	return "-"
}

// traceVerified is whether the client's certificate was verified, for a person.
func traceVerified(h *received.Hop) string {
	switch h.Verified {
	case truth.Yes:
		return "verified"
	case truth.No:
		return "not verified"
	}
	return "-"
}

// traceTime is a time of day to the second.
func traceTime(t time.Time) string {
	if !writable(t) {
		return "-"
	}
	return t.UTC().Format(time.DateTime)
}

// traceDelay is the delay of hop i: "3s", "-2s", "1h0m5s".
func traceDelay(m *received.Message, i int) string {
	d, ok := m.Delay(i)
	if !ok {
		return "-"
	}
	return d.Round(time.Second).String()
}

// orDash is a text of ours or of others, escaped.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return Escape(s)
}
