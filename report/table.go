package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"mxtls/scanner"
	"mxtls/scanner/verdict"
)

// tableWriter collects rows and lays them out at the end: a column is as wide as its widest cell. It keeps their texts
// only, some 200 octets a row, and what Verbose puts under them.
type tableWriter struct {
	out      *output
	opts     Options
	style    style
	run      Run
	rows     []row
	findings *findings
	buf      []byte
}

func (w *tableWriter) Begin(r Run) error {
	w.run = r
	return nil
}

func (w *tableWriter) Add(_ string, r scanner.Result) error {
	rows := rowsOf(&r, w.opts, w.style)
	if w.opts.Verbose > 0 {
		rows[len(rows)-1].below = conversation(&r, w.opts.Verbose)
	}
	w.rows = append(w.rows, rows...)
	w.findings.add(&r, w.style.shownDomain(&r))
	return nil
}

func (w *tableWriter) End(s Summary) error {
	w.head(&s)
	w.table()
	w.summary(&s)
	w.explain()
	if err := w.out.row(w.buf); err != nil {
		return err
	}
	return w.out.end()
}

// line appends one line; text is laid out already. Colour codes are ours alone: text has been through style.text.
func (w *tableWriter) line(text string) {
	w.buf = append(append(w.buf, strings.TrimRight(text, " ")...), '\n')
}

// lines appends items in lines that fit, with the first one's colour for all.
func (w *tableWriter) lines(items []string, sep string, hang int, sgr string) {
	for i := range items {
		items[i] = w.style.text(items[i])
	}
	for _, l := range flow(items, w.style.text(sep), w.opts.Width, hang, w.style.ellipsis()) {
		if sgr != "" {
			l = w.style.paint(sgr, l)
		}
		w.line(l)
	}
}

func (w *tableWriter) head(s *Summary) {
	w.lines(strings.Split(title(&w.run, s), " · "), " · ", indent, bold)
	w.lines(vantage(&w.run), " · ", indent, dim)
	if p := partialText(s); p != "" {
		w.lines(strings.Split(p, "; "), "; ", indent, red)
	}
}

// table lays the rows out.
func (w *tableWriter) table() {
	if len(w.rows) == 0 {
		return
	}
	w.line("")
	w.grid(fieldsFor(w.opts), w.rows)
}

// grid lays rows out under their heads: a column is as wide as its widest cell.
func (w *tableWriter) grid(fields []field, rows []row) {
	fields = telling(fields, rows)
	natural := make([]int, len(fields))
	for i := range rows {
		r := &rows[i]
		for j := range r.cells {
			r.cells[j] = w.style.text(r.cells[j])
			if j > 0 && r.span && j == len(r.cells)-1 {
				continue // may begin further left: does not widen its column
			}
			natural[j] = max(natural[j], displaywidth.String(r.cells[j])+glyphWidth(j))
		}
	}
	columns := widths(fields, natural, w.opts.Width)
	w.header(fields, columns)
	for i := range rows {
		w.row(&rows[i], fields, columns)
	}
}

// telling are the fields without those that may be left out and say nothing in any row, and without those that yield to
// them where they say something; their cells go as well.
func telling(fields []field, rows []row) []field {
	kept := false
	leave := func(i int) {
		fields = slices.Concat(fields[:i], fields[i+1:])
		for k := range rows {
			rows[k].cells = slices.Delete(rows[k].cells, i, i+1)
		}
	}
	for i := len(fields) - 1; i >= 0; i-- {
		says := func(r row) bool { return r.cells[i] != "" && r.cells[i] != "-" }
		switch {
		case !fields[i].optional:
		case slices.ContainsFunc(rows, says):
			kept = true
		default:
			leave(i)
		}
	}
	for i := len(fields) - 1; kept && i >= 0; i-- {
		if fields[i].yields {
			leave(i)
		}
	}
	return fields
}

// glyphWidth is what the sign before the first cell takes.
func glyphWidth(column int) int {
	if column == 0 {
		return 2
	}
	return 0
}

func (w *tableWriter) header(fields []field, columns []int) {
	cells := make([]string, len(fields))
	for i, f := range fields {
		title := f.title
		if i == 0 {
			title = "  " + title
		}
		cells[i] = pad(w.cut(title, columns[i], false), columns[i], f.right)
	}
	w.line(strings.Repeat(" ", indent) + w.style.paint(bold, strings.TrimRight(strings.Join(cells, "  "), " ")))
}

// row writes one row: its cells cut to their columns, the last one wrapped, then what stands below it.
func (w *tableWriter) row(r *row, fields []field, columns []int) {
	last := len(fields) - 1
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", indent))
	b.WriteString(w.style.paint(colors[r.class], w.style.glyph(r.class)) + " ")
	at := indent
	for i, f := range fields[:last] {
		if r.span && i == last-1 {
			break
		}
		width := columns[i] - glyphWidth(i)
		cell := w.cut(r.cells[i], width, f.middle)
		b.WriteString(pad(cell, width, f.right) + strings.Repeat(" ", gap))
		at += columns[i] + gap
	}
	width := 0
	if w.opts.Width > 0 {
		width = max(w.opts.Width-at, 1)
	}
	for i, l := range w.wrap(r.cells[last], width) {
		if i > 0 {
			b.Reset()
			b.WriteString(strings.Repeat(" ", at))
		}
		b.WriteString(l)
		w.line(b.String())
	}
	for _, l := range r.below {
		w.below(l)
	}
}

// below writes a line under a row, its text wrapped beside its head: the whole of it, as it was asked for.
func (w *tableWriter) below(l below) {
	head := strings.Repeat(" ", indent+4) + l.head
	for _, text := range wrap(w.style.text(l.text), limited(w.opts.Width, len(head)), 0, "") {
		w.line(w.style.paint(dim, head+text))
		head = strings.Repeat(" ", len(head))
	}
}

// cut shortens a cell.
func (w *tableWriter) cut(s string, width int, middle bool) string {
	if middle {
		return cutMiddle(s, width, w.style.ellipsis())
	}
	return cut(s, width, w.style.ellipsis())
}

func (w *tableWriter) wrap(s string, width int) []string {
	return wrap(s, width, wrapLines, w.style.ellipsis())
}

// summary writes the tallies, over all and by group where there are several, and what the glyphs mean.
func (w *tableWriter) summary(s *Summary) {
	w.line("")
	if len(s.Groups) > 1 {
		for i := range s.Groups {
			w.tally(groupName(s.Groups[i].Name), &s.Groups[i].Tally)
		}
		w.tally("All", &s.Total)
	} else {
		w.tally("", &s.Total)
	}
	if r := remarks(s); len(r) > 0 {
		w.lines(r, " · ", 0, "")
	}
	if l := w.style.legend(&s.Total, w.opts.Rows); len(l) > 0 {
		w.line("")
		w.lines(l, "   ", 0, dim)
	}
}

// groupName is how the group of domains that no list names is called.
func groupName(name string) string {
	if name == "" {
		return "others"
	}
	return Escape(name)
}

func (w *tableWriter) tally(name string, t *Tally) {
	if name != "" {
		w.lines([]string{name}, " ", 0, bold)
	}
	for _, item := range tallyItems(t) {
		label := fmt.Sprintf("%-9s", item.label)
		if name != "" {
			label = "  " + label
		}
		item.parts[0] = label + item.parts[0]
		w.lines(item.parts, ", ", len(label), "")
	}
}

// explain writes the findings: how grave, what, where, what it means and what to do.
func (w *tableWriter) explain() {
	least := verdict.Warning
	if w.opts.Verbose > 0 {
		least = verdict.Info
	}
	shown, more := w.findings.worst(least)
	if len(shown) == 0 {
		return
	}
	w.line("")
	w.line(w.style.paint(bold, "Findings"))
	for _, k := range shown {
		w.finding(k)
	}
	if more > 0 {
		w.line("  and " + count(more, "kind", "kinds") + " more: -o csv or -o jsonl lists all")
	}
}

// finding writes one kind: its code and domains behind the severity, its meaning below.
func (w *tableWriter) finding(k *findingKind) {
	width := limited(w.opts.Width, findingIndent)
	left := "  " + w.style.paint(colors[severityClass[k.severity]], k.severity.String()) +
		strings.Repeat(" ", findingIndent-len("  ")-len(k.severity.String()))
	where := k.where(w.style)
	where[0] = k.code + ": " + where[0]
	for _, l := range flow(where, ", ", width, 0, w.style.ellipsis()) {
		w.line(left + l)
		left = strings.Repeat(" ", findingIndent)
	}
	for _, l := range wrap(w.style.text(meaning(k.code)), width, 0, w.style.ellipsis()) {
		w.line(left + w.style.paint(dim, l))
	}
}

// findingIndent is where a finding's text begins.
const findingIndent = 11

// limited is what an indent leaves of a width; 0 = no limit stays no limit.
func limited(width, indent int) int {
	if width == 0 {
		return 0
	}
	return width - indent
}

// where are the domains that a code was found at.
func (k *findingKind) where(s style) []string {
	items := make([]string, len(k.examples), len(k.examples)+1)
	for i, domain := range k.examples {
		items[i] = cutMiddle(s.text(domain), exampleWidth, s.ellipsis())
	}
	if more := k.domains - len(k.examples); more > 0 {
		items = append(items, fmt.Sprintf("and %d more", more))
	}
	return items
}

// exampleWidth is the widest that a domain gets among the findings.
const exampleWidth = 40
