package report

import (
	"slices"
	"strings"

	"mxtls/scanner/maillog"
)

// trafficTable lays a log's traffic out for a terminal: the headlines with their spark lines, each direction's rows, and
// why mail was held back.
type trafficTable struct {
	tableWriter
	traffic *Traffic
}

// sparkWidth is how many periods a spark line has.
const sparkWidth = 60

var (
	trafficFields = []field{{title: "Domain", fair: 24, most: 44, middle: true}, {title: "Via", fair: 16, most: 28},
		{title: "Messages", right: true}, {title: "Encrypted", right: true}, {title: "Plain", right: true, optional: true},
		{title: "Unknown", right: true, optional: true}, {title: "Deferred", right: true, optional: true},
		{title: "Bounced", right: true, optional: true}, {title: "TLS"}, {title: "Certificates"}}
	// Columns of narrower tables, by their place in trafficFields.
	trafficColumnsCompact = []int{0, 2, 3, 4, 5, 8}
	trafficColumnsMedium  = []int{0, 2, 3, 4, 5, 6, 8, 9}
)

// Places in trafficFields.
const (
	deferredField = 6
	bouncedField  = 7
	tlsField      = 8
)

func (w *trafficTable) write() error {
	w.lines(strings.Split(trafficTitle(w.traffic), " · "), " · ", indent, bold)
	for _, d := range directions {
		w.headline(d)
	}
	for _, d := range directions {
		if text := SilentText(&w.traffic.Info, d); text != "" {
			w.remark(text)
		}
	}
	for _, d := range directions {
		w.rows(d)
	}
	w.failures()
	if l := w.style.trafficLegend(w.traffic); len(l) > 0 {
		w.line("")
		w.lines(l, "   ", 0, dim)
	}
	if remarks := trafficRemarks(&w.traffic.Info); len(remarks) > 0 {
		w.line("")
		w.lines(remarks, " · ", 0, dim)
	}
	return w.out.row(w.buf)
}

// trafficTitle is the first line of a report for a person.
func trafficTitle(t *Traffic) string {
	title := "Email encryption in transit, by this server's log"
	if !t.Info.First.IsZero() {
		title += " · " + t.Info.First.Format("2006-01-02 15:04") + " to " + t.Info.Last.Format("2006-01-02 15:04 UTC")
	}
	if t.Info.Lines == 1 {
		return title + " · 1 line"
	}
	return title + " · " + thousands(t.Info.Lines) + " lines"
}

var directionTitles = [...]string{maillog.Outbound: "Outbound", maillog.Inbound: "Inbound"}

// headline writes a direction's numbers and its series.
func (w *trafficTable) headline(d maillog.Direction) {
	c := &w.traffic.Totals[d]
	w.line("")
	w.lines([]string{directionTitles[d]}, " ", indent, bold)
	for _, l := range flow(headline(c), ", ", limited(w.opts.Width, indent), 0, w.style.ellipsis()) {
		w.line(strings.Repeat(" ", indent) + w.style.text(l))
	}
	line, low, high := w.style.spark(w.traffic.Periods, d, sparkWidth)
	if line != "" {
		w.line(strings.Repeat(" ", indent) + line + "  by " + w.traffic.Span.String() + ", " + w.style.text(low+" to "+high))
	}
}

// remark is a text behind a sign, wrapped.
func (w *trafficTable) remark(text string) {
	w.line("")
	left := "! "
	for _, l := range wrap(w.style.text(text), limited(w.opts.Width, indent), 0, w.style.ellipsis()) {
		w.line(w.style.paint(yellow, left) + l)
		left = "  "
	}
}

// rows writes a direction's table.
func (w *trafficTable) rows(d maillog.Direction) {
	shown, more := w.traffic.shownRows(d)
	if len(shown) == 0 {
		return
	}
	var columns []int // nil = all
	switch width := w.opts.Width; {
	case width > 0 && width < compact:
		columns = trafficColumnsCompact
	case width > 0 && width < trafficRoomy:
		columns = trafficColumnsMedium
	}
	fields := pick(trafficFields, columns)
	rows := make([]row, 0, len(shown))
	for _, r := range shown {
		cells := w.style.trafficCells(r)
		if r.Messages == 0 {
			cells[tlsField] = undelivered(r, columns)
		}
		one := row{class: trafficClass(&r.Counts), cells: pick(cells, columns)}
		if r.Scan != "" {
			one.below = append(one.below, below{text: r.Scan})
		}
		if w.opts.Verbose > 0 && len(r.Ciphers) > 0 {
			one.below = append(one.below, below{"ciphers: ", nameShares(r.Ciphers, "")})
		}
		rows = append(rows, one)
	}
	w.line("")
	w.lines([]string{map[maillog.Direction]string{maillog.Outbound: "To", maillog.Inbound: "From"}[d]}, " ", 0, bold)
	w.grid(fields, rows)
	if more > 0 {
		w.line(strings.Repeat(" ", indent) + "and " + count(more, "row", "rows") + " more: --top 0 shows all")
	}
}

// undelivered counts what has no column of its own, for a row without a message, whose cell on TLS has nothing to say.
func undelivered(r *TrafficRow, columns []int) string {
	deferred, bounced := r.Deferred, r.Bounced
	if columns == nil || slices.Contains(columns, deferredField) {
		deferred = 0
	}
	if columns == nil || slices.Contains(columns, bouncedField) {
		bounced = 0
	}
	return heldBack(deferred, bounced)
}

// trafficRoomy is the width from which on a table has all columns.
const trafficRoomy = 140

// pick takes some of a list by their places; nil takes all.
func pick[T any](all []T, places []int) []T {
	if places == nil {
		return all
	}
	out := make([]T, len(places))
	for i, place := range places {
		out[i] = all[place]
	}
	return out
}

// trafficCells are a row's cells under trafficFields.
func (s style) trafficCells(r *TrafficRow) []string {
	some := func(n int64) string {
		if n == 0 {
			return ""
		}
		return thousands(n)
	}
	encrypted := ""
	if r.Messages > 0 {
		encrypted = percentOf(r.Encrypted, r.Attributed())
	}
	return []string{s.trafficDomain(r), s.shownName(r.Via), thousands(r.Messages), encrypted, some(r.Plaintext),
		some(r.Unknown), some(r.Deferred), some(r.Bounced), nameShares(r.Versions, "TLSv"), nameShares(r.Words, "")}
}

// failures says why mail was held back, and what to do.
func (w *trafficTable) failures() {
	if len(w.traffic.Failures) == 0 {
		return
	}
	w.line("")
	w.lines([]string{"Held back for want of TLS"}, " ", 0, bold)
	for i := range w.traffic.Failures {
		f := &w.traffic.Failures[i]
		first := f.Reason.String() + ": " + heldBack(f.Deferred, f.Bounced)
		w.lines(append([]string{first}, w.style.failed(f)...), ", ", 2*indent, "")
		for _, text := range []string{f.Reason.Meaning(), "fix: " + f.Reason.Fix()} {
			for _, l := range wrap(w.style.text(text), limited(w.opts.Width, 2*indent), 0, w.style.ellipsis()) {
				w.line(strings.Repeat(" ", 2*indent) + w.style.paint(dim, l))
			}
		}
	}
}

// heldBack counts what was not delivered.
func heldBack(deferred, bounced int64) string {
	var parts []string
	if deferred > 0 {
		parts = append(parts, thousands(deferred)+" deferred")
	}
	if bounced > 0 {
		parts = append(parts, thousands(bounced)+" bounced")
	}
	return strings.Join(parts, ", ")
}

// failedShown is how many domains a reason names for a person.
const failedShown = 5

// failed names the domains of a reason.
func (s style) failed(f *maillog.Failure) (names []string) {
	for _, d := range f.Domains[:min(failedShown, len(f.Domains))] {
		names = append(names, s.shownName(d))
	}
	switch {
	case len(names) == 0:
		return []string{"of domains that cannot be told"}
	case len(f.Domains) > failedShown:
		names[failedShown-1] += " and others"
	}
	return names
}
