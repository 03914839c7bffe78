package report

import (
	"strings"

	"mxtls/scanner"
	"mxtls/scanner/verdict"
)

// markdownWriter writes GitHub-flavoured Markdown, its table a row at a time. What could mean anything to Markdown
// stands in a code span, where nothing but its end has a meaning.
type markdownWriter struct {
	out      *output
	opts     Options
	style    style
	run      Run
	findings *findings
}

func (w *markdownWriter) Begin(r Run) error {
	w.run = r
	w.opts.Width = 0
	head := []string{"# Email encryption in transit", "", "- " + r.Started.UTC().Format("2006-01-02 15:04 UTC")}
	for _, item := range vantage(&r) {
		head = append(head, "- "+w.cell(item))
	}
	var titles, rules strings.Builder
	titles.WriteString("|")
	rules.WriteString("|")
	for i, f := range fieldsFor(w.opts) {
		if i == 0 {
			titles.WriteString("   |")
			rules.WriteString("---|")
		}
		titles.WriteString(" " + f.title + " |")
		if f.right {
			rules.WriteString("---:|")
		} else {
			rules.WriteString("---|")
		}
	}
	return w.lines(append(head, "", titles.String(), rules.String())...)
}

func (w *markdownWriter) Add(_ string, r scanner.Result) error {
	w.findings.add(&r, w.style.shownDomain(&r))
	var lines []string
	for _, row := range rowsOf(&r, w.opts, w.style) {
		var line strings.Builder
		line.WriteString("| " + w.style.glyph(row.class) + " |")
		for _, c := range row.cells {
			line.WriteString(" " + w.cell(c) + " |")
		}
		lines = append(lines, line.String())
	}
	return w.lines(lines...)
}

func (w *markdownWriter) End(s Summary) error {
	lines := []string{""}
	if p := partialText(&s); p != "" {
		lines = append(lines, "**"+w.cell(p)+"**", "")
	}
	if len(s.Groups) > 1 {
		for i := range s.Groups {
			lines = append(lines, w.tally(groupName(s.Groups[i].Name), &s.Groups[i].Tally)...)
		}
	}
	lines = append(lines, w.tally("All", &s.Total)...)
	for _, r := range remarks(&s) {
		lines = append(lines, "- "+w.cell(r))
	}
	if l := w.style.legend(&s.Total, w.opts.Rows); len(l) > 0 {
		lines = append(lines, "", strings.Join(l, ", "))
	}
	shown, more := w.findings.worst(verdict.Warning)
	if len(shown) > 0 {
		lines = append(lines, "", "## Findings", "")
	}
	for _, k := range shown {
		where := k.where(w.style)
		for i := range where {
			where[i] = w.cell(where[i])
		}
		lines = append(lines, "- **"+k.severity.String()+"** `"+k.code+"`: "+strings.Join(where, ", ")+". "+
			w.cell(meaning(k.code)))
	}
	if more > 0 {
		lines = append(lines, "- and "+count(more, "kind", "kinds")+" more")
	}
	if err := w.lines(lines...); err != nil {
		return err
	}
	return w.out.end()
}

// tally are the list items of one summary.
func (w *markdownWriter) tally(name string, t *Tally) []string {
	var lines []string
	for _, item := range tallyItems(t) {
		lines = append(lines, "- "+w.cell(name)+", "+strings.ToLower(item.label)+": "+
			w.cell(strings.Join(item.parts, ", ")))
	}
	return lines
}

func (w *markdownWriter) lines(lines ...string) error {
	return w.out.row([]byte(strings.Join(lines, "\n") + "\n"))
}

// cell is text that Markdown takes for text. A pipe would end the cell even in a code span, and a backtick the span,
// so these two are spelled as other dangerous characters are.
func (w *markdownWriter) cell(s string) string {
	s = w.style.text(s)
	if !active(s) {
		return s
	}
	return "`" + codeSpan.Replace(s) + "`"
}

var codeSpan = strings.NewReplacer("|", `\u{7c}`, "`", `\u{60}`)

// active reports whether Markdown may see more than text in s: markup, HTML, an entity, or what GitHub turns into a
// link (a scheme, "www.", an address).
func active(s string) bool {
	lower := strings.ToLower(s)
	return strings.ContainsAny(s, "\\`*_{}[]<>#|&~!@$") || strings.Contains(s, "://") || strings.Contains(lower, "www.")
}
