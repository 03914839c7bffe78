package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"mxtls/scanner"
	"mxtls/scanner/postfix"
	"mxtls/scanner/verdict"
)

// Plan is what a plan's head and end say of the Postfix in question.
type Plan struct {
	Source           string                   // where its settings come from; "" = its defaults, nothing was read
	Postfix, OpenSSL string                   // the releases whose ways are followed: "3.7", "3.0"
	Trusts           bool                     // there are roots to trust by
	Level            postfix.Level            // in force today where no policy table says otherwise
	To               postfix.Level            // the level that is considered; LevelUnknown = none
	Weighted         bool                     // Forecast.Messages counts
	Match            map[postfix.Level]string // the names that verify and secure ask for, as main.cf has them
	Remarks          []postfix.Remark
	Advice           []string // what to put into main.cf, line by line
}

// levels is the number of places in a table that is indexed by level; place 0 is unused.
const levels = int(postfix.Secure) + 1

// Forecast is one result and what Postfix makes of it.
type Forecast struct {
	Result      *scanner.Result
	Levels      [levels]postfix.Prediction // by level: if main.cf had it, and no policy table
	NowLevel    postfix.Level              // what holds for this destination today: policy table, else main.cf
	Now         postfix.Prediction
	Then        postfix.Prediction // when main.cf has Plan.To; the same as Now without one
	Messages    int64              // to this destination, from the weights
	Differences []scanner.Difference
}

// because is a prediction's reason in words; "" when all is well. Which names a certificate lacks hangs on the level.
func (p *Plan) because(l postfix.Level, pr *postfix.Prediction) string {
	if pr.Reason == postfix.HostMismatch && p.Match[l] != "" {
		return fmt.Sprintf("the certificate has none of the names that %s asks for (%s)", l, Escape(p.Match[l]))
	}
	return because(pr)
}

// MapCheck is what was found in an existing policy table.
type MapCheck struct {
	Name     string // of the file; "" = none was checked
	Problems []postfix.Problem
}

// problemsShown is how many problems of a policy table people are shown.
const problemsShown = 20

// Gravest are the problems to show people, those that cost mail first, and what is left out: "800 stale, 1 useless";
// "" when nothing is.
func (m *MapCheck) Gravest() (shown []postfix.Problem, rest string) {
	all := slices.Clone(m.Problems)
	slices.SortStableFunc(all, func(a, b postfix.Problem) int {
		return slices.Index(gravest, a.Kind) - slices.Index(gravest, b.Kind)
	})
	n := min(len(all), problemsShown)
	var parts []string
	for _, kind := range gravest {
		left := 0
		for i := range all[n:] {
			if all[n+i].Kind == kind {
				left++
			}
		}
		if left > 0 {
			parts = append(parts, strconv.Itoa(left)+" "+inWords(kind.String()))
		}
	}
	return all[:n], strings.Join(parts, ", ")
}

// gravest orders the kinds of problems: what costs mail, what does nothing, what is merely left over.
var gravest = []postfix.ProblemKind{
	postfix.BadPolicy, postfix.DuplicateKey, postfix.Contradictory, postfix.SyntaxProblem, postfix.NeverMatched,
	postfix.Useless, postfix.Stale,
}

// PlanWriter writes one plan: Begin, Add for each result in input order, End; see [Writer]. CSV, JSON lines and JSON
// come in input order and keep nothing; so do Markdown's rows, though it keeps the domains that change. The table shows
// the worst first and keeps its rows, some 100 octets a domain, until the end.
type PlanWriter interface {
	Begin(Run) error
	Add(group string, f *Forecast) error
	End(Summary, MapCheck) error
}

// NewPlan is a PlanWriter of the format to w. The error is a format that does not exist.
func NewPlan(f Format, w io.Writer, o Options, p Plan) (PlanWriter, error) {
	o.Rows = ByDomain
	if o.Width > 0 {
		o.Width = max(o.Width, minWidth)
	}
	out := newOutput(w, o.Now)
	tally := planTally{plan: &p}
	switch f {
	case FormatDefault, Table:
		return &planTable{tableWriter: tableWriter{out: out, opts: o, style: newStyle(o)}, plan: &p, tally: tally}, nil
	case CSV:
		return newPlanCSV(out, o), nil
	case JSONL:
		return &planJSONL{jsonlWriter{out}, &p, tally}, nil
	case JSON:
		return &planJSON{jsonWriter{out: out}, &p, tally}, nil
	case Markdown:
		o.Width = 0
		markdown := markdownWriter{out: out, opts: o, style: newStyle(o)}
		return &planMarkdown{markdownWriter: markdown, plan: &p, tally: tally}, nil
	default:
		return nil, fmt.Errorf("report: no format %v", f)
	}
}

// changed reports whether the level that is considered changes what becomes of mail to the destination.
func (f *Forecast) changed() bool {
	return f.Then.Outcome != f.Now.Outcome || f.Then.After != f.Now.After
}

// outcomeClass is the class whose glyph and colour an outcome has.
var outcomeClass = [...]verdict.Class{
	postfix.Unknown: verdict.ClassUnknown, postfix.Encrypted: verdict.ClassFull, postfix.Plaintext: verdict.ClassPlain,
	postfix.Deferred: verdict.ClassPartial, postfix.Bounced: verdict.ClassInvalid,
}

// remarkWidth is the widest that a remark or a table's problem may be, in columns: their ends say what to do.
const remarkWidth = 600

// planTitle is a plan's first line.
func planTitle(r *Run, s *Summary) string {
	return strings.Replace(title(r, s), "Email encryption in transit", "What Postfix would do", 1)
}

// planHead are the facts that the predictions rest on, those of a scan among them.
func planHead(r *Run, p *Plan) []string {
	setting := "no main.cf was read: level " + p.Level.String() + " assumed"
	if p.Source != "" {
		setting = Escape(p.Source) + ": level " + p.Level.String()
	}
	facts := vantage(r)
	if !p.Trusts {
		facts[0] = "Roots: none, no CAfile"
	}
	return append([]string{"Postfix " + p.Postfix + ", OpenSSL " + p.OpenSSL, setting}, facts...)
}

// difference is the sentence on where Postfix and a strict WebPKI sender differ; "" where they agree.
func difference(all []scanner.Difference) string {
	if len(all) == 0 {
		return ""
	}
	d := &all[0]
	const strict = "a strict WebPKI sender (Gmail, MTA-STS)"
	const lax = "Postfix at verify"
	takes, refuses := strict, lax
	if d.Postfix {
		takes, refuses = lax, strict
	}
	why := d.Text
	if why == "" {
		why = inWords(d.Reason)
	}
	text := fmt.Sprintf("%s takes the certificate of %s, %s does not: %s", takes, Escape(d.Host), refuses, Escape(why))
	if more := len(all) - 1; more > 0 {
		text += fmt.Sprintf(" (%s more)", count(more, "server", "servers"))
	}
	return text
}
