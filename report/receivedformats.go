package report

import (
	"fmt"
	"strings"
	"time"

	"mxtls/scanner/received"
	"mxtls/scanner/truth"
)

// TraceJSON is one message: a line of JSON lines, an element of "messages" in the JSON document. See [DomainJSON] for
// how text is written and [SchemaVersion] for what is absent.
type TraceJSON struct {
	SchemaVersion int            `json:"schema_version"`
	Type          string         `json:"type"` // "message"
	Source        string         `json:"source"`
	Number        int            `json:"number"`
	Encrypted     truth.Truth    `json:"encrypted"` // on the whole way, hops within one system aside
	Summary       string         `json:"summary"`
	Hops          []TraceHopJSON `json:"hops"` // from the sender to the reader
	More          int            `json:"more"` // lines that were left out
	Cut           bool           `json:"cut"`  // the header was not read to its end
}

// TraceHopJSON is what one Received: line says. Delay_seconds is null where a time is missing; trusted is unknown where
// nobody said whom to trust.
type TraceHopJSON struct {
	Hop          int             `json:"hop"` // from 1, the sender's
	From         string          `json:"from"`
	FromChecked  bool            `json:"from_checked"`
	Helo         string          `json:"helo"`
	Address      string          `json:"address"`
	By           string          `json:"by"`
	Protocol     string          `json:"protocol"`
	TLS          TraceTLSJSON    `json:"tls"`
	Encrypted    truth.Truth     `json:"encrypted"`
	Reason       received.Reason `json:"reason"`
	Verified     truth.Truth     `json:"verified"`
	Time         *time.Time      `json:"time"`
	DelaySeconds *int64          `json:"delay_seconds"`
	Trusted      truth.Truth     `json:"trusted"`
}

// TraceTLSJSON is the TLS of a hop, as far as its line has it.
type TraceTLSJSON struct {
	Version string `json:"version"`
	Cipher  string `json:"cipher"`
	Bits    int    `json:"bits"`
}

// TraceSummaryJSON is what all messages come to: the last line, and "summary" in the JSON document.
type TraceSummaryJSON struct {
	SchemaVersion int    `json:"schema_version"`
	Type          string `json:"type"` // "summary"
	Messages      int    `json:"messages"`
	Encrypted     int    `json:"encrypted"`
	NotEncrypted  int    `json:"not_encrypted"`
	Unknown       int    `json:"unknown"`
}

func newTraceJSON(t *Trace) *TraceJSON {
	out := &TraceJSON{
		SchemaVersion: SchemaVersion, Type: "message", Source: text(t.Source), Number: t.Number,
		Encrypted: t.Message.Encrypted(), Summary: t.sentence(),
		Hops: make([]TraceHopJSON, len(t.Message.Hops)), More: t.Message.More, Cut: t.Message.Cut,
	}
	for i := range out.Hops {
		h := &t.Message.Hops[i]
		out.Hops[i] = TraceHopJSON{
			Hop: i + 1, From: text(h.From), FromChecked: h.Checked, Helo: text(h.Helo), Address: traceAddress(h),
			By: text(h.By), Protocol: text(h.Protocol), TLS: TraceTLSJSON{traceVersionWord(h), text(h.Cipher), h.Bits},
			Encrypted: h.Encrypted, Reason: h.Reason, Verified: h.Verified, Time: utc(h.Time), Trusted: t.believed(i),
		}
		if d, ok := t.Message.Delay(i); ok {
			seconds := int64(d.Round(time.Second) / time.Second)
			out.Hops[i].DelaySeconds = &seconds
		}
	}
	return out
}

func newTraceSummaryJSON(t *traceTally) *TraceSummaryJSON {
	return &TraceSummaryJSON{SchemaVersion, "summary", t.messages, t.yes, t.no, t.unknown}
}

// traceAddress is the client's address; "" where it is not said.
func traceAddress(h *received.Hop) string {
	if !h.Address.IsValid() {
		return ""
	}
	return h.Address.String()
}

// traceVersionWord is the version of TLS; "" where it is not said.
func traceVersionWord(h *received.Hop) string {
	if h.Version == received.VersionUnknown {
		return ""
	}
	return h.Version.String()
}

// traceJSONL writes an object for each message, and the summary.
type traceJSONL struct {
	jsonlWriter
	tally traceTally
}

func (w *traceJSONL) Begin() error { return nil }

func (w *traceJSONL) Add(t *Trace) error {
	w.tally.add(&t.Message)
	return w.line(newTraceJSON(t))
}

func (w *traceJSONL) End() error {
	if err := w.line(newTraceSummaryJSON(&w.tally)); err != nil {
		return err
	}
	return w.out.end()
}

// traceJSON writes one document: {"schema_version", "messages", "summary"}.
type traceJSON struct {
	jsonWriter
	tally traceTally
}

func (w *traceJSON) Begin() error {
	return w.out.row(fmt.Appendf(nil, "{\"schema_version\":%d,\n\"messages\":[", SchemaVersion))
}

func (w *traceJSON) Add(t *Trace) error {
	w.tally.add(&t.Message)
	return w.element(newTraceJSON(t))
}

func (w *traceJSON) End() error {
	if err := w.part("\n],\n\"summary\":", newTraceSummaryJSON(&w.tally), "}\n"); err != nil {
		return err
	}
	return w.out.end()
}

// traceMarkdown writes a section for each message.
type traceMarkdown struct {
	markdownWriter
	tally traceTally
}

func (w *traceMarkdown) Begin() error { return w.lines("# Hop by hop: was it encrypted") }

func (w *traceMarkdown) Add(t *Trace) error {
	w.tally.add(&t.Message)
	lines := []string{"", "## " + w.cell(t.title()), "", w.cell(t.sentence())}
	if len(t.Message.Hops) > 0 {
		titles, rules := "|   |", "|---|"
		for _, f := range traceFields {
			titles += " " + f.title + " |"
			if rules += "---"; f.right {
				rules += ":"
			}
			rules += "|"
		}
		lines = append(lines, "", titles, rules)
	}
	for i := range t.Message.Hops {
		r := traceRow(t, i, false)
		var line strings.Builder
		line.WriteString("| " + w.style.glyph(r.class) + " |")
		for _, c := range r.cells {
			line.WriteString(" " + w.cell(c) + " |")
		}
		lines = append(lines, line.String())
	}
	if text := t.doubt(); text != "" {
		lines = append(lines, "", "**"+w.cell(text)+"**")
	}
	return w.lines(lines...)
}

func (w *traceMarkdown) End() error {
	if text := w.tally.text(); text != "" {
		if err := w.lines("", w.cell(text)); err != nil {
			return err
		}
	}
	return w.out.end()
}
