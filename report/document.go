package report

import (
	"strings"
)

// A document is a report for people that is no list of results: facts, what is alarming, and sections with tables.
type document struct {
	title    string
	facts    []string // what the rest rests on
	alarms   []string
	sections []section
}

// A section has a heading and a table; a section without rows is its text.
type section struct {
	title  string
	text   string // what the heading means and what to do; "" = it says all
	fields []field
	rows   []row
	more   string // what the table leaves out; "" = nothing
}

// document lays one out for a terminal.
func (w *tableWriter) document(d *document) error {
	w.lines([]string{d.title}, " · ", indent, bold)
	w.lines(d.facts, " · ", indent, dim)
	if len(d.alarms) > 0 {
		w.line("")
	}
	for _, text := range d.alarms {
		w.paragraph("! ", red, text)
	}
	for i := range d.sections {
		s := &d.sections[i]
		w.heading(s.title)
		if s.text != "" {
			w.paragraph("", "", s.text)
		}
		if len(s.rows) > 0 {
			w.grid(s.fields, s.rows)
		}
		if s.more != "" {
			w.paragraph("", "", s.more)
		}
	}
	if err := w.out.row(w.buf); err != nil {
		return err
	}
	return w.out.end()
}

// heading begins a section.
func (w *tableWriter) heading(text string) {
	w.line("")
	w.line(w.style.paint(bold, w.style.text(text)))
}

// paragraph is a text behind a sign, wrapped.
func (w *tableWriter) paragraph(sign, sgr, text string) {
	left := strings.Repeat(" ", indent) + w.style.paint(sgr, sign)
	hang := indent + len(sign)
	for _, l := range wrap(w.style.text(text), limited(w.opts.Width, hang), 0, w.style.ellipsis()) {
		w.line(left + l)
		left = strings.Repeat(" ", hang)
	}
}

// document writes one in Markdown.
func (w *markdownWriter) document(d *document) error {
	lines := []string{"# " + w.cell(d.title), ""}
	for _, fact := range d.facts {
		lines = append(lines, "- "+w.cell(fact))
	}
	for _, text := range d.alarms {
		lines = append(lines, "", "**"+w.cell(text)+"**")
	}
	for i := range d.sections {
		lines = append(lines, w.section(&d.sections[i])...)
	}
	if err := w.lines(lines...); err != nil {
		return err
	}
	return w.out.end()
}

// section are the lines of one.
func (w *markdownWriter) section(s *section) []string {
	lines := []string{"", "## " + w.cell(s.title)}
	if s.text != "" {
		lines = append(lines, "", w.cell(s.text))
	}
	if len(s.rows) > 0 {
		titles, rules := "|   |", "|---|"
		for _, f := range s.fields {
			titles += " " + f.title + " |"
			if f.right {
				rules += "---:|"
			} else {
				rules += "---|"
			}
		}
		lines = append(lines, "", titles, rules)
	}
	for i := range s.rows {
		var line strings.Builder
		line.WriteString("| " + w.style.glyph(s.rows[i].class) + " |")
		for _, c := range s.rows[i].cells {
			line.WriteString(" " + w.cell(c) + " |")
		}
		lines = append(lines, line.String())
	}
	if s.more != "" {
		lines = append(lines, "", w.cell(s.more))
	}
	return lines
}
