package report

import (
	"time"

	"mxtls/scanner/maillog"
)

// TrafficJSON is a line of a log's JSON lines: "destination" for a row, "period" for a day, week or month, and at the
// end a "summary" for each direction. What a type has no use for is not there.
type TrafficJSON struct {
	SchemaVersion int               `json:"schema_version"`
	Type          string            `json:"type"`
	Direction     maillog.Direction `json:"direction"`
	Domain        *string           `json:"domain,omitempty"` // destination
	Via           *string           `json:"via,omitempty"`    // destination
	Span          string            `json:"span,omitempty"`   // period: day, week or month
	Start         string            `json:"start,omitempty"`  // period: its first day, YYYY-MM-DD
	Messages      int64             `json:"messages"`
	Encrypted     int64             `json:"encrypted"`
	Plaintext     int64             `json:"plaintext"`
	Unknown       int64             `json:"unknown"`
	Words         map[string]int64  `json:"words"` // Verified, Trusted, Untrusted, Anonymous
	Versions      map[string]int64  `json:"versions"`
	Ciphers       map[string]int64  `json:"ciphers"`
	Deferred      int64             `json:"deferred"`
	Bounced       int64             `json:"bounced"`
	First         *time.Time        `json:"first,omitempty"`      // destination, summary
	Last          *time.Time        `json:"last,omitempty"`       // likewise
	Scan          *string           `json:"scan,omitempty"`       // destination
	Attributed    *float64          `json:"attributed,omitempty"` // summary: (encrypted + plaintext) / messages
	Remark        *string           `json:"remark,omitempty"`     // summary: why nothing is known, and what to set
	Lines         int64             `json:"lines,omitempty"`      // summary: of the log
}

// TrafficFailureJSON is a reason for which mail was held back.
type TrafficFailureJSON struct {
	SchemaVersion int            `json:"schema_version"`
	Type          string         `json:"type"` // "failure"
	Reason        maillog.Reason `json:"reason"`
	Deferred      int64          `json:"deferred"`
	Bounced       int64          `json:"bounced"`
	Domains       []string       `json:"domains"` // most affected first, at most 100
	Meaning       string         `json:"meaning"`
	Fix           string         `json:"fix"`
}

func newTrafficJSON(kind string, d maillog.Direction, c *maillog.Counts) TrafficJSON {
	j := TrafficJSON{SchemaVersion: SchemaVersion, Type: kind, Direction: d, Messages: c.Messages, Encrypted: c.Encrypted,
		Plaintext: c.Plaintext, Unknown: c.Unknown, Deferred: c.Deferred, Bounced: c.Bounced,
		Words: map[string]int64{}, Versions: asMap(c.Versions), Ciphers: asMap(c.Ciphers)}
	for _, w := range trustWords {
		j.Words[w.String()] = c.Words.Of(w.String())
	}
	return j
}

// asMap is an object of names; never null.
func asMap(names maillog.Names) map[string]int64 {
	m := map[string]int64{}
	for _, n := range names {
		m[n.Name] += n.N
	}
	return m
}

func writeTrafficJSONL(out *output, t *Traffic) error {
	w := jsonlWriter{out}
	for _, r := range t.shown() {
		j := newTrafficJSON("destination", r.Direction, &r.Counts)
		j.Domain, j.Via, j.Scan, j.First, j.Last = &r.Domain, &r.Via, &r.Scan, utc(r.First), utc(r.Last)
		if err := w.line(j); err != nil {
			return err
		}
	}
	for i := range t.Periods {
		p := &t.Periods[i]
		j := newTrafficJSON("period", p.Direction, &p.Counts)
		j.Span, j.Start = t.Span.String(), p.Start.Format(time.DateOnly)
		if err := w.line(j); err != nil {
			return err
		}
	}
	for i := range t.Failures {
		f := &t.Failures[i]
		j := TrafficFailureJSON{SchemaVersion, "failure", f.Reason, f.Deferred, f.Bounced, f.Domains,
			f.Reason.Meaning(), f.Reason.Fix()}
		if err := w.line(j); err != nil {
			return err
		}
	}
	for _, d := range directions {
		c := &t.Totals[d]
		j := newTrafficJSON("summary", d, c)
		j.Lines, j.First, j.Last = t.Info.Lines, utc(t.Info.First), utc(t.Info.Last)
		remark := SilentText(&t.Info, d)
		j.Remark = &remark
		if c.Messages > 0 {
			share := float64(c.Attributed()) / float64(c.Messages)
			j.Attributed = &share
		}
		if err := w.line(j); err != nil {
			return err
		}
	}
	return nil
}
