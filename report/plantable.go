package report

import (
	"slices"
	"strconv"
	"strings"

	"mxtls/scanner/postfix"
)

// planTable lays a plan out for a terminal: remarks, the table with the worst first, what it comes to, what the change
// of level does to whom, and what to put into main.cf.
type planTable struct {
	tableWriter
	plan        *Plan
	tally       planTally
	domains     []planRow
	changed     []changedRow
	differences []string // of the first domains
	differing   int      // domains
}

func (w *planTable) Add(_ string, f *Forecast) error {
	row := newPlanRow(f, w.style)
	if w.opts.Verbose > 0 {
		row.said = w.plan.spoken(f)
	}
	if w.opts.Verbose > 1 {
		row.below = conversation(f.Result, w.opts.Verbose-1)
	}
	w.domains = append(w.domains, row)
	w.tally.add(f)
	if w.plan.To != postfix.LevelUnknown && f.changed() {
		w.changed = append(w.changed, w.plan.newChangedRow(f, row.domain))
	}
	if text := difference(f.Differences); text != "" {
		if w.differing++; len(w.differences) < differencesShown {
			w.differences = append(w.differences, row.domain+": "+text)
		}
	}
	return nil
}

// differencesShown is how many domains a table names on which Postfix and a WebPKI sender differ.
const differencesShown = 12

func (w *planTable) End(s Summary, m MapCheck) error {
	w.lines(strings.Split(planTitle(&w.run, &s), " · "), " · ", indent, bold)
	w.lines(planHead(&w.run, w.plan), " · ", indent, dim)
	if p := partialText(&s); p != "" {
		w.lines(strings.Split(p, "; "), "; ", indent, red)
	}
	w.remarks()
	w.table()
	w.summary(&s)
	w.changes()
	w.differ()
	w.problems(&m)
	w.advice()
	if err := w.out.row(w.buf); err != nil {
		return err
	}
	return w.out.end()
}

// remarks say first what makes the question moot.
func (w *planTable) remarks() {
	if len(w.plan.Remarks) > 0 {
		w.line("")
	}
	for _, r := range w.plan.Remarks {
		w.paragraph("! ", yellow, EscapeTo(r.Text, remarkWidth))
	}
}

func (w *planTable) table() {
	if len(w.domains) == 0 {
		return
	}
	slices.SortStableFunc(w.domains, worstFirst)
	for i := range w.domains {
		w.domains[i].domain = w.style.text(w.domains[i].domain)
	}
	layout := newPlanLayout(w.domains, w.opts.Width)
	var head strings.Builder
	head.WriteString(pad("Domain", layout.domain, false))
	for _, l := range layout.columns {
		head.WriteString(strings.Repeat(" ", gap) + pad(w.cut(l.String(), layout.widths[l], false), layout.widths[l], false))
	}
	w.line("")
	w.line(strings.Repeat(" ", indent) + w.style.paint(bold, strings.TrimRight(head.String(), " ")))
	for i := range w.domains {
		w.domain(&w.domains[i], &layout)
	}
	if text := layout.withheld(); text != "" {
		w.line("")
		for _, l := range wrap(w.style.text(text), w.opts.Width, 0, w.style.ellipsis()) {
			w.line(w.style.paint(dim, l))
		}
	}
}

// domain writes one row.
func (w *planTable) domain(r *planRow, layout *planLayout) {
	line := strings.Repeat(" ", indent) + pad(cutMiddle(r.domain, layout.domain, w.style.ellipsis()), layout.domain, false)
	if r.text != "" {
		left := line + strings.Repeat(" ", gap)
		at := indent + layout.domain + gap
		for _, l := range wrap(w.style.text(r.text), limited(w.opts.Width, at), wrapLines, w.style.ellipsis()) {
			w.line(left + l)
			left = strings.Repeat(" ", at)
		}
		return
	}
	for _, l := range layout.columns {
		c := r.cells[l]
		class := outcomeClass[c.outcome]
		line += strings.Repeat(" ", gap) + w.style.paint(colors[class], w.style.glyph(class))
		line += pad(layout.words.behind(c), layout.widths[l]-1, false)
	}
	w.line(line)
	for _, said := range r.said {
		w.said(said)
	}
	for _, l := range r.below {
		w.below(l)
	}
}

// said writes what Postfix does, wrapped under its row.
func (w *planTable) said(text string) {
	const at, hang = indent + 4, indent + 6
	left := strings.Repeat(" ", at)
	for _, l := range wrap(w.style.text(text), limited(w.opts.Width, hang), 0, w.style.ellipsis()) {
		w.line(left + w.style.paint(dim, l))
		left = strings.Repeat(" ", hang)
	}
}

// summary says for each level what becomes of how many, and what the glyphs mean.
func (w *planTable) summary(s *Summary) {
	w.line("")
	const label = 13 // the longest level and two blanks
	for _, l := range postfix.Levels() {
		if parts := w.tally.level(l); len(parts) > 0 {
			parts[0] = pad(l.String(), label, false) + parts[0]
			w.lines(parts, ", ", label, "")
		}
	}
	if r := planRemarks(s, &w.tally); len(r) > 0 {
		w.lines(r, " · ", 0, "")
	}
	if l := w.legend(); len(l) > 0 {
		w.line("")
		w.lines(l, "   ", 0, dim)
	}
}

// planRemarks are what else there is to say of a run.
func planRemarks(s *Summary, t *planTally) []string {
	out := remarks(s)
	if t.plan.Weighted && t.unsaid > 0 {
		out = append([]string{count(t.unsaid, "domain", "domains") + " without messages in the weights"}, out...)
	}
	if t.invalid > 0 {
		out = append([]string{count(t.invalid, "item is", "items are") + " no mail domain"}, out...)
	}
	return out
}

// legend explains the glyphs that occur.
func (w *planTable) legend() []string {
	var items []string
	later := false
	for _, o := range outcomeWords {
		occurs := slices.ContainsFunc(w.domains, func(r planRow) bool {
			return r.text == "" && slices.ContainsFunc(r.cells[1:], func(c planCell) bool { return c.outcome == o.outcome })
		})
		if occurs {
			items = append(items, w.style.glyph(outcomeClass[o.outcome])+" "+o.legend)
		}
	}
	for i := range w.domains {
		later = later || slices.ContainsFunc(w.domains[i].cells[:], func(c planCell) bool { return c.later })
	}
	if later {
		items = append(items, laterMark+" only after a first deferral")
	}
	return items
}

// changedRow is a destination that the level considered changes something for.
type changedRow struct {
	row
	then postfix.Outcome
}

func (p *Plan) newChangedRow(f *Forecast, domain string) changedRow {
	cells := []string{domain, f.Now.Outcome.String(), p.sentence(p.To, &f.Then)}
	return changedRow{row{class: outcomeClass[f.Then.Outcome], cells: cells}, f.Then.Outcome}
}

// sortChanged are the rows with the worst first.
func sortChanged(all []changedRow) []row {
	slices.SortStableFunc(all, func(a, b changedRow) int { return byBadness(a.then, b.then) })
	rows := make([]row, len(all))
	for i := range all {
		rows[i] = all[i].row
	}
	return rows
}

// changeFields are the columns of the section on the change.
var changeFields = []field{{title: "Domain", fair: 20, most: 28, middle: true}, {title: "Now"}, {title: "Then"}}

// changes says what the level considered does, to whom and why.
func (w *planTable) changes() {
	if w.plan.To == postfix.LevelUnknown {
		return
	}
	w.heading(w.plan.changeTitle())
	w.lines(indented(w.tally.changeText()), ", ", indent, "")
	if len(w.changed) > 0 {
		w.grid(changeFields, sortChanged(w.changed))
	}
}

func indented(parts []string) []string {
	parts[0] = strings.Repeat(" ", indent) + parts[0]
	return parts
}

// differ says where Postfix and a strict WebPKI sender judge a certificate differently.
func (w *planTable) differ() {
	if w.differing == 0 {
		return
	}
	w.heading("Where others judge differently")
	for _, text := range w.differences {
		w.paragraph("", "", text)
	}
	if more := w.differing - len(w.differences); more > 0 {
		w.paragraph("", "", "and "+count(more, "domain", "domains")+" more: -o csv or -o jsonl lists all")
	}
}

// problems says what is wrong with an existing policy table.
func (w *planTable) problems(m *MapCheck) {
	if m.Name == "" {
		return
	}
	w.heading("Policy table " + Escape(m.Name))
	if len(m.Problems) == 0 {
		w.paragraph("", "", "nothing to say against it")
	}
	shown, rest := m.Gravest()
	for i := range shown {
		w.paragraph("", "", problemText(&shown[i]))
	}
	if rest != "" {
		w.paragraph("", "", "and "+rest+" more: -o jsonl lists all")
	}
}

// problemText is "line 12, example.com: never_matched: ...".
func problemText(p *postfix.Problem) string {
	text := "line " + strconv.Itoa(p.Line)
	if p.Key != "" {
		text += ", " + Escape(p.Key)
	}
	return text + ": " + inWords(p.Kind.String()) + ": " + EscapeTo(p.Text, remarkWidth)
}

// advice ends the report. Its lines are for copying, so they are never broken.
func (w *planTable) advice() {
	if len(w.plan.Advice) == 0 {
		return
	}
	w.heading("What to put into main.cf")
	for _, l := range w.plan.Advice {
		w.line(w.style.text(strings.Repeat(" ", indent) + l))
	}
}
