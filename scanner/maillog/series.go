package maillog

import (
	"time"

	"mxtls/scanner/internal/enum"
)

// Span is the length of a period of a series.
type Span uint8

// Spans.
const (
	SpanUnknown Span = iota
	Daily
	Weekly // from Monday on (ISO 8601)
	Monthly
)

var spanWords = enum.Words{"unknown", "day", "week", "month"}

func (s Span) String() string                   { return enum.String("span", spanWords, s) }
func (s Span) MarshalText() ([]byte, error)     { return enum.Marshal("span", spanWords, s) }
func (s *Span) UnmarshalText(text []byte) error { return enum.Unmarshal("span", spanWords, s, text) }

// Period is one direction's day, week or month.
type Period struct {
	Start     time.Time // its first day's midnight, as if in UTC
	Direction Direction
	Counts
}

// Series adds days up to periods, in the order of the days. Periods without mail between others are there too, empty, up
// to a hundred years of them.
func Series(days []Day, span Span) []Period {
	const most = 36600
	var out []Period
	for i := range days {
		start := span.start(days[i].Date)
		if n := len(out); n > 0 && out[n-1].Direction == days[i].Direction {
			for at := span.next(out[n-1].Start); at.Before(start) && len(out) < most; at = span.next(at) {
				out = append(out, Period{Start: at, Direction: days[i].Direction})
			}
		}
		if n := len(out); n == 0 || out[n-1].Direction != days[i].Direction || !out[n-1].Start.Equal(start) {
			out = append(out, Period{Start: start, Direction: days[i].Direction})
		}
		out[len(out)-1].Add(&days[i].Counts)
	}
	return out
}

// start is the first day of the period that a day is in.
func (s Span) start(d time.Time) time.Time {
	switch s {
	case Weekly:
		return d.AddDate(0, 0, -(int(d.Weekday())+6)%7)
	case Monthly:
		return d.AddDate(0, 0, 1-d.Day())
	default:
		return d
	}
}

func (s Span) next(d time.Time) time.Time {
	switch s {
	case Weekly:
		return d.AddDate(0, 0, 7)
	case Monthly:
		return d.AddDate(0, 1, 0)
	default:
		return d.AddDate(0, 0, 1)
	}
}
