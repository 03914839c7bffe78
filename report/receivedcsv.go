package report

import (
	"strconv"
	"time"

	"mxtls/scanner/received"
)

// traceLine is the line being written and what it is about.
type traceLine struct {
	csvLine
	trace *Trace
	i     int           // of the hop
	hop   *received.Hop // nil for a message without hops
}

// traceColumn is a column and how its value is appended to a line.
type traceColumn struct {
	Column
	value func(*traceLine)
}

// ofHop is a column that is empty for a message without hops.
func ofHop(name, json, doc string, value func(*traceLine, *received.Hop)) traceColumn {
	return traceColumn{Column{name, json, doc}, func(l *traceLine) {
		if l.hop != nil {
			value(l, l.hop)
		}
	}}
}

// traceColumns are fixed, in this order. New columns come last.
var traceColumns = []traceColumn{
	{Column{"source", "source", "the file, as given; (stdin) for standard input"},
		func(l *traceLine) { l.text(l.trace.Source) }},
	{Column{"message", "number", "number of the message in it, from 1"},
		func(l *traceLine) { l.number(l.trace.Number) }},
	{Column{"message_encrypted", "encrypted",
		"of the whole message: no if a hop was not encrypted, yes if all were, those within one system aside, " +
			"else unknown"},
		func(l *traceLine) { l.word(l.trace.Message.Encrypted().String()) }},
	ofHop("hop", "hops[].hop",
		"number of the hop, from 1, the sender's; empty for a message without a Received: line",
		func(l *traceLine, _ *received.Hop) { l.number(l.i + 1) }),
	ofHop("from", "hops[].from", "the client: the name that the server looked up, else what it called itself",
		func(l *traceLine, h *received.Hop) { l.text(h.From) }),
	ofHop("from_checked", "hops[].from_checked",
		"true if the server held that name against the DNS, forward and back",
		func(l *traceLine, h *received.Hop) { l.word(strconv.FormatBool(h.Checked)) }),
	ofHop("helo", "hops[].helo",
		"what the client called itself",
		func(l *traceLine, h *received.Hop) { l.text(h.Helo) }),
	ofHop("address", "hops[].address",
		"the client's address",
		func(l *traceLine, h *received.Hop) { l.word(traceAddress(h)) }),
	ofHop("by", "hops[].by",
		"the server that wrote the line",
		func(l *traceLine, h *received.Hop) { l.text(h.By) }),
	ofHop("protocol", "hops[].protocol", "the word of with (RFC 3848, 6531), as written",
		func(l *traceLine, h *received.Hop) { l.text(h.Protocol) }),
	ofHop("tls_version", "hops[].tls.version",
		"SSLv2, SSLv3, TLSv1/SSLv3 (one of those up to TLSv1.2), TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3",
		func(l *traceLine, h *received.Hop) { l.word(traceVersionWord(h)) }),
	ofHop("tls_cipher", "hops[].tls.cipher",
		"the cipher suite, as written",
		func(l *traceLine, h *received.Hop) { l.text(h.Cipher) }),
	ofHop("tls_bits", "hops[].tls.bits", "bits of its key; empty when not stated", func(l *traceLine, h *received.Hop) {
		if h.Bits > 0 {
			l.number(h.Bits)
		}
	}),
	ofHop("encrypted", "hops[].encrypted", "yes, no or unknown",
		func(l *traceLine, h *received.Hop) { l.word(h.Encrypted.String()) }),
	ofHop("reason", "hops[].reason",
		"tls, protocol_word; plain_word, null_cipher; internal, not_stated, ambiguous, too_long",
		func(l *traceLine, h *received.Hop) { l.word(h.Reason.String()) }),
	ofHop("verified", "hops[].verified",
		"whether the server verified the client's certificate: yes, no (or had none) or unknown",
		func(l *traceLine, h *received.Hop) { l.word(h.Verified.String()) }),
	ofHop("time", "hops[].time",
		"when the server took the message",
		func(l *traceLine, h *received.Hop) { l.time(h.Time) }),
	ofHop("delay_seconds", "hops[].delay_seconds", "since the hop before, by two clocks: may be negative",
		func(l *traceLine, _ *received.Hop) {
			if d, ok := l.trace.Message.Delay(l.i); ok {
				l.number(int(d.Round(time.Second) / time.Second))
			}
		}),
	ofHop("trusted", "hops[].trusted",
		"whether the line can be believed: yes, no, or unknown where nobody said whom to trust",
		func(l *traceLine, _ *received.Hop) { l.word(l.trace.believed(l.i).String()) }),
}

// TraceColumns are the columns of the CSV, in order.
func TraceColumns() []Column {
	docs := make([]Column, len(traceColumns))
	for i, c := range traceColumns {
		docs[i] = c.Column
	}
	return docs
}

// traceCSV writes a line for each hop.
type traceCSV struct{ csvWriter }

func newTraceCSV(out *output, o Options) *traceCSV {
	columns := make([]csvColumn, len(traceColumns))
	for i, c := range traceColumns {
		columns[i].Column = c.Column
	}
	return &traceCSV{csvWriter{out: out, opts: o, columns: columns, line: csvLine{raw: o.CSVRaw}}}
}

func (w *traceCSV) Begin() error { return w.csvWriter.Begin(Run{}) }

func (w *traceCSV) Add(t *Trace) error {
	if len(t.Message.Hops) == 0 {
		return w.write(&traceLine{csvLine: w.line, trace: t})
	}
	for i := range t.Message.Hops {
		if err := w.write(&traceLine{csvLine: w.line, trace: t, i: i, hop: &t.Message.Hops[i]}); err != nil {
			return err
		}
	}
	return nil
}

// write writes one line.
func (w *traceCSV) write(l *traceLine) error {
	for i := range traceColumns {
		if i > 0 {
			l.word(",")
		}
		traceColumns[i].value(l)
	}
	w.line = l.csvLine
	return w.endLine()
}

// End writes nothing: a summary would be no row.
func (w *traceCSV) End() error { return w.out.end() }
