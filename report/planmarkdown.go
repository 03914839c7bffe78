package report

import (
	"strings"

	"mxtls/scanner/postfix"
)

// planMarkdown writes a plan as Markdown, its table a row at a time and therefore in input order.
type planMarkdown struct {
	markdownWriter
	plan        *Plan
	tally       planTally
	changed     []changedRow
	differences []string
}

func (w *planMarkdown) Begin(r Run) error {
	w.run = r
	head := []string{"# What Postfix would do", "", "- " + r.Started.UTC().Format("2006-01-02 15:04 UTC")}
	for _, item := range planHead(&r, w.plan) {
		head = append(head, "- "+w.cell(item))
	}
	if len(w.plan.Remarks) > 0 {
		head = append(head, "")
	}
	for _, remark := range w.plan.Remarks {
		head = append(head, "- **"+w.cell(EscapeTo(remark.Text, remarkWidth))+"**")
	}
	titles, rules := "| Domain |", "|---|"
	for _, l := range postfix.Levels() {
		titles, rules = titles+" "+l.String()+" |", rules+"---|"
	}
	return w.lines(append(head, "", titles, rules)...)
}

func (w *planMarkdown) Add(_ string, f *Forecast) error {
	w.tally.add(f)
	row := newPlanRow(f, w.style)
	if text := difference(f.Differences); text != "" {
		w.differences = append(w.differences, row.domain+": "+text)
	}
	if w.plan.To != postfix.LevelUnknown && f.changed() {
		w.changed = append(w.changed, w.plan.newChangedRow(f, row.domain))
	}
	line := "| " + w.cell(row.domain) + " |"
	if row.text != "" {
		return w.lines(line + " " + w.cell(row.text) + strings.Repeat(" |", len(postfix.Levels())))
	}
	for _, l := range postfix.Levels() {
		line += " " + w.style.glyph(outcomeClass[row.cells[l].outcome]) + " " + longWords.word(row.cells[l]) + " |"
	}
	return w.lines(line)
}

func (w *planMarkdown) End(s Summary, m MapCheck) error {
	lines := []string{""}
	if p := partialText(&s); p != "" {
		lines = append(lines, "**"+w.cell(p)+"**", "")
	}
	for _, l := range postfix.Levels() {
		if parts := w.tally.level(l); len(parts) > 0 {
			lines = append(lines, "- "+l.String()+": "+w.cell(strings.Join(parts, ", ")))
		}
	}
	for _, r := range planRemarks(&s, &w.tally) {
		lines = append(lines, "- "+w.cell(r))
	}
	lines = append(lines, w.changes()...)
	if len(w.differences) > 0 {
		lines = append(lines, "", "## Where others judge differently", "")
	}
	for _, text := range w.differences {
		lines = append(lines, "- "+w.cell(text))
	}
	lines = append(append(lines, w.problems(&m)...), w.advice()...)
	if err := w.lines(lines...); err != nil {
		return err
	}
	return w.out.end()
}

// changes says what the level considered does, to whom and why.
func (w *planMarkdown) changes() []string {
	if w.plan.To == postfix.LevelUnknown {
		return nil
	}
	lines := []string{"", "## " + w.plan.changeTitle(), "", w.cell(strings.Join(w.tally.changeText(), ", ")), ""}
	if len(w.changed) > 0 {
		lines = append(lines, "|   | Domain | Now | Then |", "|---|---|---|---|")
	}
	for _, r := range sortChanged(w.changed) {
		var line strings.Builder
		line.WriteString("| " + w.style.glyph(r.class) + " |")
		for _, c := range r.cells {
			line.WriteString(" " + w.cell(c) + " |")
		}
		lines = append(lines, line.String())
	}
	return lines
}

// problems says what is wrong with an existing policy table.
func (w *planMarkdown) problems(m *MapCheck) []string {
	if m.Name == "" {
		return nil
	}
	lines := []string{"", "## Policy table " + w.cell(m.Name), ""}
	if len(m.Problems) == 0 {
		lines = append(lines, "- nothing to say against it")
	}
	shown, rest := m.Gravest()
	for i := range shown {
		lines = append(lines, "- "+w.cell(problemText(&shown[i])))
	}
	if rest != "" {
		lines = append(lines, "- and "+rest+" more: -o jsonl lists all")
	}
	return lines
}

// advice is what to put into main.cf, in a block for copying.
func (w *planMarkdown) advice() []string {
	if len(w.plan.Advice) == 0 {
		return nil
	}
	lines := []string{"", "## What to put into main.cf", "", "```"}
	for _, l := range w.plan.Advice {
		lines = append(lines, strings.ReplaceAll(w.style.text(l), "`", "'"))
	}
	return append(lines, "```")
}
