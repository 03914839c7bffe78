package report

import (
	"strconv"
	"strings"

	"mxtls/scanner/received"
	"mxtls/scanner/verdict"
)

// traceRoomy is the width from which on all that a hop says stands in one row; below, part of it stands under the row.
const traceRoomy = 170

var (
	traceFields = []field{{title: "From", fair: 24, most: 44, middle: true},
		{title: "By", fair: 24, most: 44, middle: true}, {title: "With"}, {title: "TLS"},
		{title: "Cipher", optional: true}, {title: "Bits", right: true, optional: true},
		{title: "Certificate", optional: true}, {title: "Time (UTC)"}, {title: "Delay", right: true},
		{title: "Encrypted"}}
	traceFieldsNarrow = []field{{title: "From", fair: 20, most: 40, middle: true},
		{title: "By", fair: 20, most: 40, middle: true}, {title: "With", fair: 8, most: 24}, {title: "TLS"},
		{title: "Delay", right: true}, {title: "Encrypted"}}
)

// traceNarrow reports whether the width has room for traceFieldsNarrow only.
func traceNarrow(o Options) bool { return o.Width > 0 && o.Width < traceRoomy }

// traceRow is hop i in the fields for the options.
func traceRow(t *Trace, i int, narrow bool) row {
	h := &t.Message.Hops[i]
	r := row{class: traceClass(h)}
	bits := "-"
	if h.Bits > 0 {
		bits = strconv.Itoa(h.Bits)
	}
	from, by, with := traceClient(h), traceServer(h), orDash(h.Protocol)
	version, delay, answer := traceVersion(h), traceDelay(&t.Message, i), t.answer(i, narrow)
	if narrow {
		r.cells = []string{from, by, with, version, delay, answer}
		return r
	}
	r.cells = []string{
		from, by, with, version, orDash(h.Cipher), bits, traceVerified(h), traceTime(h.Time), delay, answer,
	}
	return r
}

// traceDetails are what has no room in a narrow row.
func traceDetails(h *received.Hop) below {
	var parts []string
	if h.Cipher != "" {
		cipher := Escape(h.Cipher)
		if h.Bits > 0 {
			cipher += ", " + strconv.Itoa(h.Bits) + " bits"
		}
		parts = append(parts, cipher)
	}
	if v := traceVerified(h); v != "-" {
		parts = append(parts, "client certificate "+v)
	}
	if !h.Time.IsZero() {
		parts = append(parts, traceTime(h.Time)+" UTC")
	}
	return below{text: strings.Join(parts, " · ")}
}

// traceSaid is what else the line says of the client, for Verbose.
func traceSaid(h *received.Hop) below {
	address, helo := "not said", orDash(h.Helo)
	if h.Address.IsValid() {
		address = h.Address.String()
	}
	name := "name not held against the DNS"
	if h.Checked {
		name = "name held against the DNS"
	}
	return below{"client: ", "address " + address + " · HELO " + helo + " · " + name + " · " + h.Reason.String()}
}

// traceTable lays each message out as it comes, and ends with what they come to.
type traceTable struct {
	tableWriter
	tally   traceTally
	classes [len(glyphs)]bool // that occur
}

func (w *traceTable) Begin() error { return nil }

func (w *traceTable) Add(t *Trace) error {
	if w.tally.messages > 0 {
		w.line("")
	}
	w.tally.add(&t.Message)
	w.lines([]string{t.title()}, " ", indent, bold)
	w.paragraph(t.sentence(), "")
	if len(t.Message.Hops) > 0 {
		w.line("")
		w.hops(t)
	}
	if text := t.doubt(); text != "" {
		w.line("")
		w.paragraph(text, yellow)
	}
	err := w.out.row(w.buf)
	w.buf = w.buf[:0]
	return err
}

// hops writes a row for each hop.
func (w *traceTable) hops(t *Trace) {
	narrow := traceNarrow(w.opts)
	fields := traceFields
	if narrow {
		fields = traceFieldsNarrow
	}
	rows := make([]row, len(t.Message.Hops))
	for i := range rows {
		h := &t.Message.Hops[i]
		rows[i] = traceRow(t, i, narrow)
		w.classes[rows[i].class] = true
		if d := traceDetails(h); narrow && d.text != "" {
			rows[i].below = append(rows[i].below, d)
		}
		if w.opts.Verbose > 0 {
			rows[i].below = append(rows[i].below, traceSaid(h))
		}
	}
	w.grid(fields, rows)
}

// paragraph is a wrapped text.
func (w *traceTable) paragraph(text, sgr string) {
	for _, l := range wrap(w.style.text(text), w.opts.Width, 0, w.style.ellipsis()) {
		if sgr != "" {
			l = w.style.paint(sgr, l)
		}
		w.line(l)
	}
}

// traceLegends explain the signs.
var traceLegends = []struct {
	class verdict.Class
	text  string
}{
	{verdict.ClassFull, "encrypted"}, {verdict.ClassPlain, "not encrypted"}, {verdict.ClassUnknown, "does not say"},
	{verdict.ClassNull, "within one system, does not say"},
}

func (s style) traceLegend(classes *[len(glyphs)]bool) []string {
	var items []string
	for _, l := range traceLegends {
		if classes[l.class] {
			items = append(items, s.glyph(l.class)+" "+l.text)
		}
	}
	return items
}

func (w *traceTable) End() error {
	if items := w.style.traceLegend(&w.classes); len(items) > 0 {
		w.line("")
		w.lines(items, "   ", 0, dim)
	}
	if text := w.tally.text(); text != "" {
		w.line("")
		w.paragraph(text, "")
	}
	if err := w.out.row(w.buf); err != nil {
		return err
	}
	return w.out.end()
}
