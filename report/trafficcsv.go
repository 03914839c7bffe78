package report

import (
	"strconv"
	"strings"

	"mxtls/scanner/maillog"
)

// trafficColumn is a column of a log's CSV and how its value is appended.
type trafficColumn struct {
	Column
	value func(*csvLine, *TrafficRow)
}

// TrafficColumns are the columns of a log's CSV, in order.
func TrafficColumns() []Column {
	docs := make([]Column, len(trafficColumns))
	for i, c := range trafficColumns {
		docs[i] = c.Column
	}
	return docs
}

// trafficColumns are fixed, in this order; new ones come last.
var trafficColumns = []trafficColumn{
	trafficText("direction", "outbound or inbound", func(r *TrafficRow) string { return r.Direction.String() }),
	trafficText("domain", "of the recipient, or of the sender; empty where it cannot be told, and for bounces that came in",
		func(r *TrafficRow) string { return r.Domain }),
	trafficText("via", "the provider: registrable domain of the mail host at the other end",
		func(r *TrafficRow) string { return r.Via }),
	trafficNumber("messages", "delivered to recipients, or taken in: encrypted + plaintext + unknown",
		func(c *maillog.Counts) int64 { return c.Messages }),
	trafficNumber("encrypted", "that travelled over TLS", func(c *maillog.Counts) int64 { return c.Encrypted }),
	trafficNumber("plaintext", "that travelled in plain text", func(c *maillog.Counts) int64 { return c.Plaintext }),
	trafficNumber("unknown", "of which the log does not tell", func(c *maillog.Counts) int64 { return c.Unknown }),
	{Column{"encrypted_percent", "",
		"100 x encrypted / (encrypted + plaintext), one decimal at most, 0.1 to 99.9 where both occur; empty where both are 0"},
		func(l *csvLine, r *TrafficRow) { l.word(percentNumber(r.Encrypted, r.Attributed())) }},
	trafficWord("verified", "Verified"),
	trafficWord("trusted", "Trusted"),
	trafficWord("untrusted", "Untrusted"),
	trafficWord("anonymous", "Anonymous"),
	{Column{"versions", "versions", "TLS versions with their messages, most frequent first, as a list"},
		func(l *csvLine, r *TrafficRow) { l.list(counted(r.Versions)) }},
	{Column{"ciphers", "ciphers", "cipher suites with their messages, likewise"},
		func(l *csvLine, r *TrafficRow) { l.list(counted(r.Ciphers)) }},
	trafficNumber("deferred", "attempts that were put off, for whatever reason",
		func(c *maillog.Counts) int64 { return c.Deferred }),
	trafficNumber("bounced", "recipients that were given up, for whatever reason",
		func(c *maillog.Counts) int64 { return c.Bounced }),
	{Column{"first", "first", "time of the first of all these"}, func(l *csvLine, r *TrafficRow) { l.time(r.First) }},
	{Column{"last", "last", "time of the last"}, func(l *csvLine, r *TrafficRow) { l.time(r.Last) }},
	trafficText("scan", "where a scan says something else than the log, in words; empty also where none was made",
		func(r *TrafficRow) string { return r.Scan }),
}

// percentNumber is part of whole as percentOf says it, as a number; "" where there is no whole.
func percentNumber(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	percent := 100 * float64(part) / float64(whole)
	if part > 0 && part < whole {
		percent = min(max(percent, 0.1), 99.9)
	}
	return strings.TrimSuffix(strconv.FormatFloat(percent, 'f', 1, 64), ".0")
}

func trafficText(field, doc string, of func(*TrafficRow) string) trafficColumn {
	return trafficColumn{Column{field, field, doc}, func(l *csvLine, r *TrafficRow) { l.text(of(r)) }}
}

func trafficNumber(field, doc string, of func(*maillog.Counts) int64) trafficColumn {
	return trafficColumn{Column{field, field, doc}, func(l *csvLine, r *TrafficRow) { l.number(int(of(&r.Counts))) }}
}

func trafficWord(field, word string) trafficColumn {
	return trafficColumn{Column{field, "words." + word, "of encrypted, those whose TLS line says " + word},
		func(l *csvLine, r *TrafficRow) { l.number(int(r.Words.Of(word))) }}
}

// counted are names with their numbers.
func counted(names maillog.Names) []string {
	var out []string
	for _, n := range names.ByCount() {
		out = append(out, n.Name+"="+strconv.FormatInt(n.N, 10))
	}
	return out
}

func writeTrafficCSV(out *output, o Options, t *Traffic) error {
	w := csvWriter{out: out, opts: o, line: csvLine{raw: o.CSVRaw}}
	for _, c := range trafficColumns {
		w.columns = append(w.columns, csvColumn{Column: c.Column})
	}
	if err := w.Begin(Run{}); err != nil {
		return err
	}
	for _, r := range t.shown() {
		for j, c := range trafficColumns {
			if j > 0 {
				w.line.word(",")
			}
			c.value(&w.line, r)
		}
		if err := w.endLine(); err != nil {
			return err
		}
	}
	return nil
}

// googleHead is the first line of the file behind Google's page, to the letter.
const googleHead = "Address Suffix,Hostname Suffix,Direction,UN M.49 Region Code,Region Name,Fraction Encrypted"

// writeGoogle writes the columns of that file. Rows whose domain or share is not known are left out: it has no word for
// that. A log knows no regions, so all is the world's.
func writeGoogle(out *output, o Options, t *Traffic) error {
	w := csvWriter{out: out, opts: o, line: csvLine{raw: o.CSVRaw}}
	if o.BOM {
		w.line.word(byteOrderMark)
	}
	w.line.word(googleHead)
	if err := w.endLine(); err != nil {
		return err
	}
	for _, r := range t.shown() {
		if r.Domain == "" || r.Attributed() == 0 {
			continue
		}
		via := r.Via
		if via == "" {
			via = r.Domain
		}
		w.line.text(r.Domain)
		w.line.word(",")
		w.line.text(via)
		w.line.word("," + r.Direction.String() + ",001,World," + fractionText(r.Encrypted, r.Attributed()))
		if err := w.endLine(); err != nil {
			return err
		}
	}
	return nil
}

// fractionText is a fraction with at most six decimals.
func fractionText(part, whole int64) string {
	s := strconv.FormatFloat(float64(part)/float64(whole), 'f', 6, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
