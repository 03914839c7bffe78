package report

import (
	"strings"

	"mxtls/scanner/maillog"
)

// trafficMarkdown writes a log's traffic as Markdown.
type trafficMarkdown struct {
	markdownWriter
	traffic *Traffic
}

func (w *trafficMarkdown) write() error {
	title := strings.Split(trafficTitle(w.traffic), " · ")
	lines := []string{"# " + w.style.text(title[0]), ""}
	for _, item := range title[1:] {
		lines = append(lines, "- "+w.cell(item))
	}
	for _, d := range directions {
		lines = append(lines, w.direction(d)...)
	}
	lines = append(lines, w.failures()...)
	if l := w.style.trafficLegend(w.traffic); len(l) > 0 {
		lines = append(lines, "", strings.Join(l, ", "))
	}
	if remarks := trafficRemarks(&w.traffic.Info); len(remarks) > 0 {
		lines = append(lines, "", strings.Join(remarks, ", "))
	}
	return w.lines(lines...)
}

// direction is one direction's section.
func (w *trafficMarkdown) direction(d maillog.Direction) []string {
	lines := []string{"", "## " + directionTitles[d], "", w.cell(strings.Join(headline(&w.traffic.Totals[d]), ", "))}
	if line, low, high := w.style.spark(w.traffic.Periods, d, sparkWidth); line != "" {
		lines = append(lines, "", "`"+line+"` by "+w.traffic.Span.String()+", "+w.cell(low+" to "+high))
	}
	if text := SilentText(&w.traffic.Info, d); text != "" {
		lines = append(lines, "", "**"+w.cell(text)+"**")
	}
	shown, more := w.traffic.shownRows(d)
	if len(shown) == 0 {
		return lines
	}
	titles, rules := "|   |", "|---|"
	for _, f := range trafficFields {
		titles += " " + f.title + " |"
		if f.right {
			rules += "---:|"
		} else {
			rules += "---|"
		}
	}
	lines = append(lines, "", titles+" Scan |", rules+"---|")
	for _, r := range shown {
		var line strings.Builder
		line.WriteString("| " + w.style.glyph(trafficClass(&r.Counts)) + " |")
		for _, c := range w.style.trafficCells(r) {
			line.WriteString(" " + w.cell(c) + " |")
		}
		lines = append(lines, line.String()+" "+w.cell(Escape(r.Scan))+" |")
	}
	if more > 0 {
		lines = append(lines, "", "and "+count(more, "row", "rows")+" more")
	}
	return lines
}

func (w *trafficMarkdown) failures() []string {
	if len(w.traffic.Failures) == 0 {
		return nil
	}
	lines := []string{"", "## Held back for want of TLS", ""}
	for i := range w.traffic.Failures {
		f := &w.traffic.Failures[i]
		lines = append(lines, "- **"+f.Reason.String()+"**, "+heldBack(f.Deferred, f.Bounced)+": "+
			w.cell(strings.Join(w.style.failed(f), ", "))+". "+w.cell(f.Reason.Meaning())+
			". "+w.cell("Fix: "+f.Reason.Fix()))
	}
	return lines
}
