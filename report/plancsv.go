package report

import (
	"slices"
	"strings"

	"mxtls/scanner/postfix"
)

// planCSV writes a plan as CSV.
type planCSV struct {
	csvWriter
}

func newPlanCSV(out *output, o Options) *planCSV {
	return &planCSV{csvWriter{out: out, opts: o, columns: planColumns(), line: csvLine{raw: o.CSVRaw}}}
}

func (w *planCSV) Add(group string, f *Forecast) error {
	w.line.group, w.line.result, w.line.forecast = group, f.Result, f
	return w.row()
}

// End writes nothing: neither a summary nor a remark is a row.
func (w *planCSV) End(s Summary, _ MapCheck) error { return w.csvWriter.End(s) }

// PlanColumns are the columns of a plan's CSV, in order.
func PlanColumns() []Column { return documented(planColumns()) }

// planColumns are the domain's own columns, then outcome and word by level, then the rest by level, then what is not by
// level. New columns come last.
func planColumns() []csvColumn {
	columns := slices.Clone(domainColumns[:4]) // domain, via, group, mx_kind
	for _, l := range postfix.Levels() {
		columns = append(columns, outcomeColumns(l)...)
	}
	for _, l := range postfix.Levels() {
		columns = append(columns, evidenceColumns(l)...)
	}
	return append(columns, policyColumns...)
}

// ofLevel is a column on what becomes of mail at a level.
func ofLevel(l postfix.Level, field, doc string, value func(*csvLine, *postfix.Prediction)) csvColumn {
	name := strings.ReplaceAll(l.String(), "-", "_") + "_" + field
	doc = "at level " + l.String() + ": " + doc
	return csvColumn{Column{name, "postfix." + l.String() + "." + field, doc}, func(c *csvLine) {
		if c.result.Invalid == nil {
			value(c, &c.forecast.Levels[l])
		}
	}}
}

func outcomeColumns(l postfix.Level) []csvColumn {
	return []csvColumn{
		ofLevel(l, "outcome", "encrypted, plaintext, deferred, bounced or unknown",
			func(c *csvLine, p *postfix.Prediction) { c.word(p.Outcome.String()) }),
		ofLevel(l, "word", "Anonymous, Untrusted, Trusted or Verified, as in the log; empty without TLS",
			func(c *csvLine, p *postfix.Prediction) { c.word(p.Word.String()) }),
	}
}

func evidenceColumns(l postfix.Level) []csvColumn {
	return []csvColumn{
		ofLevel(l, "after", "age of the message in seconds from which on plain text is sent; 0 = at once",
			func(c *csvLine, p *postfix.Prediction) { c.number(int(p.After.Seconds())) }),
		ofLevel(l, "host", "the server that takes the message, or the last that did not",
			func(c *csvLine, p *postfix.Prediction) { c.text(p.Host) }),
		ofLevel(l, "address", "its address", func(c *csvLine, p *postfix.Prediction) { c.word(address(p.Address)) }),
		ofLevel(l, "code", "enhanced status code of a deferral or bounce (RFC 3463)",
			func(c *csvLine, p *postfix.Prediction) { c.text(p.Code) }),
		ofLevel(l, "text", "what Postfix logs: of TLS, or why it defers or bounces",
			func(c *csvLine, p *postfix.Prediction) { c.text(p.Text) }),
		ofLevel(l, "reason", "code of the first thing amiss; empty when all is well",
			func(c *csvLine, p *postfix.Prediction) { c.word(p.Reason) }),
	}
}

// policyColumns are on what holds today, and on what else there is to know.
var policyColumns = []csvColumn{
	{Column{"now_level", "now.level", "the level that holds today for the destination: policy table, else main.cf"},
		ofMail(func(c *csvLine) { c.word(c.forecast.NowLevel.String()) })},
	{Column{"now_outcome", "now.outcome", "what becomes of mail under it"},
		ofMail(func(c *csvLine) { c.word(c.forecast.Now.Outcome.String()) })},
	{Column{"now_reason", "now.reason", "code of the first thing amiss; empty when all is well"},
		ofMail(func(c *csvLine) { c.word(c.forecast.Now.Reason) })},
	{Column{"then_outcome", "then.outcome",
		"what becomes of mail when main.cf has the level of --to; without one as now_outcome"},
		ofMail(func(c *csvLine) { c.word(c.forecast.Then.Outcome.String()) })},
	{Column{"then_reason", "then.reason", "code of the first thing amiss; empty when all is well"},
		ofMail(func(c *csvLine) { c.word(c.forecast.Then.Reason) })},
	{Column{"messages", "messages", "messages to the destination, by --weights; 0 without"},
		func(c *csvLine) { c.number(int(c.forecast.Messages)) }},
	{Column{"webpki_difference", "webpki_difference",
		"where Postfix and a strict WebPKI sender judge a certificate differently, in words; empty where they agree"},
		func(c *csvLine) { c.text(difference(c.forecast.Differences)) }},
}

// ofMail leaves a column empty for what is no domain.
func ofMail(value func(*csvLine)) func(*csvLine) {
	return func(c *csvLine) {
		if c.result.Invalid == nil {
			value(c)
		}
	}
}
