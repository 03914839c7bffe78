package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"mxtls/scanner/maillog"
)

// TrafficFormat is a way to write what a mail server's log tells.
type TrafficFormat uint8

// Formats of traffic; the zero one is a table.
const (
	TrafficDefault TrafficFormat = iota
	TrafficTable
	TrafficCSV
	TrafficJSONL
	TrafficMarkdown
	TrafficGoogle // the columns of Google's "Email encryption in transit"
)

var trafficFormatWords = words{"default", "table", "csv", "jsonl", "markdown", "google"}

func (f TrafficFormat) String() string               { return trafficFormatWords.word(uint8(f)) }
func (f TrafficFormat) MarshalText() ([]byte, error) { return []byte(f.String()), nil }
func (f *TrafficFormat) UnmarshalText(t []byte) error {
	return trafficFormatWords.value((*uint8)(f), t)
}

// TrafficOrder is the order of the rows of traffic.
type TrafficOrder uint8

// Orders; the zero one is the worst first.
const (
	OrderDefault TrafficOrder = iota
	WorstFirst                // by messages in plain text, then held back, then not told of
	LargestFirst              // most messages first
	Alphabetical
)

var trafficOrderWords = words{"default", "worst", "volume", "name"}

func (o TrafficOrder) String() string                { return trafficOrderWords.word(uint8(o)) }
func (o TrafficOrder) MarshalText() ([]byte, error)  { return []byte(o.String()), nil }
func (o *TrafficOrder) UnmarshalText(t []byte) error { return trafficOrderWords.value((*uint8)(o), t) }

// Traffic is what is reported of a mail server's log.
type Traffic struct {
	Info     maillog.Info
	Rows     []TrafficRow
	Totals   [maillog.Inbound + 1]maillog.Counts // by direction
	Span     maillog.Span                        // of Periods
	Periods  []maillog.Period
	Failures []maillog.Failure
	Top      int // rows of each direction; 0 = all
}

// TrafficRow is a row, and what a scan says of the same domain; "" where there is none, or nothing to say.
type TrafficRow struct {
	*maillog.Row
	Scan string
}

// NewTraffic is the Traffic of a result, its rows in order; they stay the result's.
func NewTraffic(r *maillog.Result, span maillog.Span, order TrafficOrder) *Traffic {
	t := &Traffic{Info: r.Info, Span: span, Periods: maillog.Series(r.Days, span), Failures: r.Failures,
		Rows: make([]TrafficRow, 0, len(r.Rows))}
	for _, d := range directions {
		t.Totals[d] = r.Total(d)
	}
	for i := range r.Rows {
		t.Rows = append(t.Rows, TrafficRow{Row: &r.Rows[i]})
	}
	slices.SortStableFunc(t.Rows, func(a, b TrafficRow) int {
		first := cmp.Compare(a.Direction, b.Direction)
		switch order {
		case LargestFirst:
			return cmp.Or(first, cmp.Compare(b.Messages, a.Messages))
		case Alphabetical:
			return first
		}
		return cmp.Or(first, cmp.Compare(b.Plaintext, a.Plaintext), cmp.Compare(b.Deferred+b.Bounced, a.Deferred+a.Bounced),
			cmp.Compare(b.Unknown, a.Unknown), cmp.Compare(b.Messages, a.Messages))
	})
	return t
}

var directions = []maillog.Direction{maillog.Outbound, maillog.Inbound}

// WriteTraffic writes t to w. The error is a format that does not exist, or the output's own.
func WriteTraffic(f TrafficFormat, w io.Writer, o Options, t *Traffic) error {
	if o.Width > 0 {
		o.Width = max(o.Width, minWidth)
	}
	out := newOutput(w, o.Now)
	var err error
	switch f {
	case TrafficDefault, TrafficTable:
		table := trafficTable{tableWriter{out: out, opts: o, style: newStyle(o)}, t}
		err = table.write()
	case TrafficCSV:
		err = writeTrafficCSV(out, o, t)
	case TrafficJSONL:
		err = writeTrafficJSONL(out, t)
	case TrafficMarkdown:
		o.Width = 0
		markdown := trafficMarkdown{markdownWriter{out: out, opts: o, style: newStyle(o)}, t}
		err = markdown.write()
	case TrafficGoogle:
		err = writeGoogle(out, o, t)
	default:
		return fmt.Errorf("report: no format of traffic %v", f)
	}
	if err != nil {
		return err
	}
	return out.end()
}

// Destinations are the domains of the outbound rows as far as Top goes, those with most messages first.
func (t *Traffic) Destinations() []string {
	rows, _ := t.shownRows(maillog.Outbound)
	var domains []string
	counts := map[string]maillog.Counts{}
	for _, r := range rows {
		if r.Domain == "" {
			continue
		}
		c, known := counts[r.Domain]
		if !known {
			domains = append(domains, r.Domain)
		}
		c.Messages += r.Messages
		c.Deferred += r.Deferred + r.Bounced
		counts[r.Domain] = c
	}
	slices.SortStableFunc(domains, func(a, b string) int {
		x, y := counts[a], counts[b]
		return cmp.Or(cmp.Compare(y.Messages, x.Messages), cmp.Compare(y.Deferred, x.Deferred))
	})
	return domains
}

// shown are the rows of both directions as far as Top goes.
func (t *Traffic) shown() (rows []*TrafficRow) {
	for _, d := range directions {
		of, _ := t.shownRows(d)
		rows = append(rows, of...)
	}
	return rows
}

// shownRows are a direction's rows as far as Top goes, and how many more there are.
func (t *Traffic) shownRows(d maillog.Direction) (rows []*TrafficRow, more int) {
	for i := range t.Rows {
		switch {
		case t.Rows[i].Direction != d:
		case t.Top > 0 && len(rows) == t.Top:
			more++
		default:
			rows = append(rows, &t.Rows[i])
		}
	}
	return rows, more
}
