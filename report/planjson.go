package report

import (
	"fmt"

	"mxtls/scanner/postfix"
)

// PlanDomainJSON is one result of a plan: the fields of a scan's, and what Postfix makes of it.
type PlanDomainJSON struct {
	*DomainJSON
	Postfix          LevelsJSON     `json:"postfix"`
	Now              NowJSON        `json:"now"`
	Then             PredictionJSON `json:"then"`
	Messages         int64          `json:"messages"`
	WebPKIDifference string         `json:"webpki_difference"`
}

// LevelsJSON are predictions by level: what becomes of mail if main.cf has that level and no policy table.
type LevelsJSON struct {
	None        PredictionJSON `json:"none"`
	May         PredictionJSON `json:"may"`
	Encrypt     PredictionJSON `json:"encrypt"`
	Dane        PredictionJSON `json:"dane"`
	DaneOnly    PredictionJSON `json:"dane-only"`
	Fingerprint PredictionJSON `json:"fingerprint"`
	Verify      PredictionJSON `json:"verify"`
	Secure      PredictionJSON `json:"secure"`
}

// PredictionJSON is what becomes of a message. After is in seconds.
type PredictionJSON struct {
	Outcome postfix.Outcome `json:"outcome"`
	After   int64           `json:"after"`
	Word    postfix.Word    `json:"word"`
	Host    string          `json:"host"`
	Address string          `json:"address"`
	Code    string          `json:"code"`
	Text    string          `json:"text"`
	Reason  string          `json:"reason"`
}

// NowJSON is what becomes of a message under the configuration as it is, and the level that it gives the destination.
type NowJSON struct {
	Level postfix.Level `json:"level"`
	PredictionJSON
}

// PlanRunJSON is the first line of a plan in JSON lines, and "run" in the JSON document.
type PlanRunJSON struct {
	*RunJSON
	Plan PlanJSON `json:"plan"`
}

// PlanJSON is the Postfix in question. To is "unknown" where no level is considered.
type PlanJSON struct {
	Source  string        `json:"source"`
	Postfix string        `json:"postfix"`
	OpenSSL string        `json:"openssl"`
	Level   postfix.Level `json:"level"`
	To      postfix.Level `json:"to"`
	Remarks []RemarkJSON  `json:"remarks"`
	Advice  []string      `json:"advice"`
}

// RemarkJSON is one thing that makes the question moot.
type RemarkJSON struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// PlanSummaryJSON is the last line of a plan in JSON lines, and "summary" in the JSON document.
type PlanSummaryJSON struct {
	*SummaryJSON
	Levels map[string]OutcomesJSON `json:"levels"` // by level
	Change ChangeJSON              `json:"change"`
	Map    []ProblemJSON           `json:"map"`
}

// OutcomesJSON counts domains by what becomes of their mail, and the messages that go to them.
type OutcomesJSON struct {
	Encrypted AmountJSON `json:"encrypted"`
	Plaintext AmountJSON `json:"plaintext"`
	Deferred  AmountJSON `json:"deferred"`
	Bounced   AmountJSON `json:"bounced"`
	Unknown   AmountJSON `json:"unknown"`
}

// AmountJSON is a number of domains, and of messages where there are weights.
type AmountJSON struct {
	Domains  int   `json:"domains"`
	Messages int64 `json:"messages"`
}

// ChangeJSON is what the level considered does, beside today.
type ChangeJSON struct {
	Worse   AmountJSON `json:"worse"`
	Better  AmountJSON `json:"better"`
	Unknown AmountJSON `json:"unknown"`
}

// ProblemJSON is something wrong with a line of an existing policy table.
type ProblemJSON struct {
	Line int                 `json:"line"`
	Key  string              `json:"key"`
	Kind postfix.ProblemKind `json:"kind"`
	Text string              `json:"text"`
}

// planJSONL writes one object a line.
type planJSONL struct {
	jsonlWriter
	plan  *Plan
	tally planTally
}

func (w *planJSONL) Begin(r Run) error { return w.line(newPlanRunJSON(&r, w.plan)) }

func (w *planJSONL) Add(group string, f *Forecast) error {
	w.tally.add(f)
	return w.line(newPlanDomainJSON(group, f))
}

func (w *planJSONL) End(s Summary, m MapCheck) error {
	if err := w.line(newPlanSummaryJSON(&s, &w.tally, &m)); err != nil {
		return err
	}
	return w.out.end()
}

// planJSON writes one document.
type planJSON struct {
	jsonWriter
	plan  *Plan
	tally planTally
}

func (w *planJSON) Begin(r Run) error {
	before := fmt.Sprintf("{\"schema_version\":%d,\n\"run\":", SchemaVersion)
	return w.part(before, newPlanRunJSON(&r, w.plan), ",\n\"domains\":[")
}

func (w *planJSON) Add(group string, f *Forecast) error {
	w.tally.add(f)
	return w.element(newPlanDomainJSON(group, f))
}

func (w *planJSON) End(s Summary, m MapCheck) error {
	if err := w.part("\n],\n\"summary\":", newPlanSummaryJSON(&s, &w.tally, &m), "}\n"); err != nil {
		return err
	}
	return w.out.end()
}

func newPlanRunJSON(r *Run, p *Plan) *PlanRunJSON {
	out := &PlanRunJSON{newRunJSON(r), PlanJSON{
		Source: text(p.Source), Postfix: p.Postfix, OpenSSL: p.OpenSSL, Level: p.Level, To: p.To,
		Remarks: make([]RemarkJSON, len(p.Remarks)), Advice: texts(p.Advice),
	}}
	for i, remark := range p.Remarks {
		out.Plan.Remarks[i] = RemarkJSON{remark.Code, text(remark.Text)}
	}
	return out
}

func newPlanDomainJSON(group string, f *Forecast) *PlanDomainJSON {
	at := func(l postfix.Level) PredictionJSON { return newPredictionJSON(&f.Levels[l]) }
	return &PlanDomainJSON{
		DomainJSON: newDomainJSON(group, f.Result),
		Postfix: LevelsJSON{at(postfix.None), at(postfix.May), at(postfix.Encrypt), at(postfix.Dane), at(postfix.DaneOnly),
			at(postfix.Fingerprint), at(postfix.Verify), at(postfix.Secure)},
		Now: NowJSON{f.NowLevel, newPredictionJSON(&f.Now)}, Then: newPredictionJSON(&f.Then),
		Messages: f.Messages, WebPKIDifference: text(difference(f.Differences)),
	}
}

func newPredictionJSON(p *postfix.Prediction) PredictionJSON {
	return PredictionJSON{p.Outcome, int64(p.After.Seconds()), p.Word, text(p.Host), address(p.Address), text(p.Code),
		text(p.Text), p.Reason}
}

func newPlanSummaryJSON(s *Summary, t *planTally, m *MapCheck) *PlanSummaryJSON {
	out := &PlanSummaryJSON{SummaryJSON: newSummaryJSON(s), Levels: map[string]OutcomesJSON{},
		Change: ChangeJSON{newAmountJSON(t.worse), newAmountJSON(t.better), newAmountJSON(t.open)},
		Map:    make([]ProblemJSON, len(m.Problems))}
	for _, l := range postfix.Levels() {
		of := func(o postfix.Outcome) AmountJSON { return newAmountJSON(t.levels[l][o]) }
		out.Levels[l.String()] = OutcomesJSON{of(postfix.Encrypted), of(postfix.Plaintext), of(postfix.Deferred),
			of(postfix.Bounced), of(postfix.Unknown)}
	}
	for i, p := range m.Problems {
		out.Map[i] = ProblemJSON{p.Line, text(p.Key), p.Kind, text(p.Text)}
	}
	return out
}

func newAmountJSON(a amount) AmountJSON { return AmountJSON{a.domains, a.messages} }
