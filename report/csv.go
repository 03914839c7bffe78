package report

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mxtls/scanner"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// csvWriter writes RFC 4180 with a header line. It appends to one buffer, without reflection: CSV is the format of
// lists with millions of domains.
type csvWriter struct {
	out     *output
	opts    Options
	columns []csvColumn
	line    csvLine
	result  scanner.Result // the line's; here so that it is not allocated for each row
}

const byteOrderMark = "\ufeff"

func (w *csvWriter) Begin(Run) error {
	if w.opts.BOM {
		w.line.word(byteOrderMark)
	}
	for i, c := range w.columns {
		if i > 0 {
			w.line.word(",")
		}
		w.line.word(c.Name)
	}
	return w.endLine()
}

func (w *csvWriter) Add(group string, r scanner.Result) error {
	w.result = r
	w.line.group, w.line.result = group, &w.result
	w.line.server = nil
	if w.opts.Rows != ByServer || len(r.Facts.Servers) == 0 {
		return w.row()
	}
	for i := range r.Facts.Servers {
		s := &r.Facts.Servers[i]
		w.line.server, w.line.answer, w.line.chain, w.line.tls = s, &r.Verdict.Servers[i], chainOf(s), handshake(s)
		if err := w.row(); err != nil {
			return err
		}
	}
	return nil
}

// End writes nothing: a summary would be no row. That a run is partial is for standard error.
func (w *csvWriter) End(Summary) error { return w.out.end() }

// row writes one line.
func (w *csvWriter) row() error {
	if w.line.server == nil {
		w.line.answer, w.line.chain, w.line.tls = nil, nil, nil
	}
	for i := range w.columns {
		if i > 0 {
			w.line.buf = append(w.line.buf, ',')
		}
		w.columns[i].value(&w.line)
	}
	return w.endLine()
}

func (w *csvWriter) endLine() error {
	if w.opts.CRLF {
		w.line.buf = append(w.line.buf, '\r')
	}
	err := w.out.row(append(w.line.buf, '\n'))
	w.line.buf = w.line.buf[:0]
	return err
}

// list appends texts with "|" between them.
func (l *csvLine) list(items []string) {
	l.joined(items, '|')
}

// joined appends texts with an octet between them as one field.
func (l *csvLine) joined(items []string, sep byte) {
	switch len(items) {
	case 0:
		return
	case 1:
		l.text(items[0])
		return
	}
	l.scratch = append(l.scratch[:0], clip(items[0])...)
	for _, item := range items[1:] {
		l.scratch = append(append(l.scratch, sep), clip(item)...)
	}
	l.buf = appendText(l.buf, string(l.scratch), l.raw)
}

// address appends the server's address.
func (l *csvLine) address() {
	if l.server.Addr.IsValid() {
		l.buf = l.server.Addr.Addr().AppendTo(l.buf)
	}
}

// named appends the name of a TLS number, which is worked out once: few occur, and often.
func (l *csvLine) named(names map[uint16]string, id uint16, name func(uint16) string) {
	text, ok := names[id]
	if !ok {
		text = name(id)
		names[id] = text
	}
	l.word(text)
}

// port appends the server's port.
func (l *csvLine) port() {
	if l.server.Addr.IsValid() {
		l.number(int(l.server.Addr.Port()))
	}
}

// versions appends the TLS versions of all servers.
func (l *csvLine) versions() {
	for i, v := range versions(l.result) {
		if i > 0 {
			l.word("|")
		}
		l.word(starttls.VersionName(v))
	}
}

// findings appends the codes of the findings that concern a server, each once.
func (l *csvLine) findings(s *verdict.Server) {
	all := l.result.Verdict.Findings
	first := true
	for i := range all {
		f := &all[i]
		again := func(e verdict.Finding) bool { return e.Code == f.Code && concerns(&e, s) }
		if !concerns(f, s) || slices.ContainsFunc(all[:i], again) {
			continue
		}
		if !first {
			l.word("|")
		}
		first = false
		l.word(f.Code)
	}
}

// appendTime appends a time in RFC 3339, UTC, to the second; nothing where there is none.
func appendTime(dst []byte, t time.Time) []byte {
	if t = t.UTC(); writable(t) {
		return t.AppendFormat(dst, time.RFC3339)
	}
	return dst
}

// appendPercent appends the share of encrypted servers among those of which it could be told.
func appendPercent(dst []byte, c verdict.Counts) []byte {
	told := c.Yes + c.No
	if told == 0 {
		return dst
	}
	tenths := (2000*c.Yes + told) / (2 * told)
	dst = strconv.AppendInt(dst, int64(tenths/10), 10)
	if tenths%10 != 0 {
		dst = append(dst, '.', byte('0'+tenths%10))
	}
	return dst
}

// separates reports what readers of CSV take for more than text.
func separates(r rune) bool {
	switch r {
	case '"', ',', ';', '\r', '\n', '\t':
		return true
	}
	return false
}

// appendText appends one field of foreign text. Unless raw, control octets and whatever else does not show are
// spelled out as in Escape (a terminal may be the reader), and what a spreadsheet would take for a formula gets an
// apostrophe before it. Quotes stand where RFC 4180 wants them, and around blanks at the ends, tabs and semicolons,
// at which some spreadsheets split.
func appendText(dst []byte, s string, raw bool) []byte {
	if s == "" {
		return dst
	}
	if !raw {
		if !plain(s) {
			s = string(appendEscaped(nil, s, false))
		}
		if formula(s) {
			s = "'" + s
		}
	}
	if strings.IndexFunc(s, separates) < 0 && s[0] != ' ' && s[len(s)-1] != ' ' {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for {
		before, after, found := strings.Cut(s, `"`)
		dst = append(dst, before...)
		if !found {
			return append(dst, '"')
		}
		dst = append(dst, '"', '"')
		s = after
	}
}

// formula reports whether a spreadsheet may run s (CWE-1236). Tab, CR and NUL, which some skip over to find the
// formula behind them, have been spelled out before.
func formula(s string) bool {
	switch r, _ := utf8.DecodeRuneInString(s); r {
	case '=', '+', '-', '@', '＝', '＋', '－', '＠':
		return true
	default:
		return false
	}
}
