package report

import (
	"fmt"
	"math"
	"strconv"

	"mxtls/scanner/postfix"
)

// outcomes are the places of a table that is indexed by outcome.
const outcomes = int(postfix.Bounced) + 1

// amount is a number of domains and of the messages that go to them.
type amount struct {
	domains  int
	messages int64
}

func (a *amount) add(messages int64) {
	a.domains++
	a.messages += min(messages, math.MaxInt64-a.messages)
}

// planTally counts domains by level and outcome. What is no domain at all counts in invalid alone.
type planTally struct {
	plan    *Plan
	total   amount
	invalid int
	unsaid  int // domains without messages
	levels  [levels][outcomes]amount
	change  [outcomes]amount // by what becomes of them: those worse off than today
	worse   amount
	better  amount
	open    amount // those of which it cannot be told
}

func (t *planTally) add(f *Forecast) {
	if f.Result.Invalid != nil {
		t.invalid++
		return
	}
	t.total.add(f.Messages)
	if f.Messages == 0 {
		t.unsaid++
	}
	for _, l := range postfix.Levels() {
		t.levels[l][f.Levels[l].Outcome].add(f.Messages)
	}
	considered := t.plan.To != postfix.LevelUnknown && t.plan.To != f.NowLevel
	switch {
	case considered && f.Then.Outcome == postfix.Unknown: // it may be worse
		t.open.add(f.Messages)
	case f.Then.Outcome == f.Now.Outcome:
	case f.Then.Outcome.Worse(f.Now.Outcome):
		t.change[f.Then.Outcome].add(f.Messages)
		t.worse.add(f.Messages)
	default:
		t.better.add(f.Messages)
	}
}

// outcomeNames are how an outcome is called in a summary, in a narrow table, and in its legend.
type outcomeNames struct {
	outcome               postfix.Outcome
	words, narrow, legend string
}

// outcomeWord is how an outcome is called.
func outcomeWord(o postfix.Outcome) outcomeNames {
	for _, names := range outcomeWords {
		if names.outcome == o {
			return names
		}
	}
	return outcomeNames{}
}

// outcomeWords are the outcomes in the order in which a summary names them.
var outcomeWords = []outcomeNames{
	{postfix.Encrypted, "delivered encrypted", "tls", "delivered encrypted"},
	{postfix.Plaintext, "in plain text", "plain", "delivered in plain text"},
	{postfix.Deferred, "deferred", "defer", "deferred: tried again for days, then returned"},
	{postfix.Bounced, "bounced", "bounce", "bounced: returned at once"},
	{postfix.Unknown, "unknown", "", "could not be told"},
}

// level is a level's summary in parts: "812 delivered encrypted", "3 deferred".
func (t *planTally) level(l postfix.Level) []string { return t.parts(&t.levels[l]) }

func (t *planTally) parts(of *[outcomes]amount) []string {
	var parts []string
	for _, o := range outcomeWords {
		if a := of[o.outcome]; a.domains > 0 {
			parts = append(parts, strconv.Itoa(a.domains)+" "+o.words+t.share(a))
		}
	}
	return parts
}

// share is how much of all messages an amount is, in brackets; "" where nobody counted them.
func (t *planTally) share(a amount) string {
	if !t.plan.Weighted {
		return ""
	}
	return " (" + percentOf(a.messages, t.total.messages) + ")"
}

// amountText is "0.7 % of messages, 14 domains", or the domains alone.
func (t *planTally) amountText(a amount) string {
	domains := count(a.domains, "domain", "domains")
	if !t.plan.Weighted {
		return domains
	}
	return percentOf(a.messages, t.total.messages) + " of messages, " + domains
}

// changeTitle is the heading of what a change of level does.
func (p *Plan) changeTitle() string {
	return fmt.Sprintf("If smtp_tls_security_level were %s instead of %s", p.To, p.Level)
}

// changeText is what a change of level does, in parts.
func (t *planTally) changeText() []string {
	parts := []string{"nobody worse off"}
	if t.worse.domains > 0 {
		parts = t.parts(&t.change)
		parts[0] = t.amountText(t.worse) + " worse off: " + parts[0]
	}
	if t.better.domains > 0 {
		parts = append(parts, t.amountText(t.better)+" better off")
	}
	if t.open.domains > 0 {
		parts = append(parts, t.amountText(t.open)+" of which it could not be told")
	}
	return parts
}
