package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/pkix"
	"mxtls/scanner/verdict"
)

// Comparison is what a comparison of two bundles over the servers of a run rests on.
type Comparison struct {
	Version string // of the program
	At      time.Time
	Bundle  *pkix.Bundle // by which servers are judged now
	Against *pkix.Bundle // and by which then
}

// ServerTrust is what two bundles make of a server's certificate. Both are nil where none was seen.
type ServerTrust struct {
	Server    *verdict.Server
	Now, Then *pkix.Chain
}

// DomainTrust is one result and what two bundles make of its servers' certificates.
type DomainTrust struct {
	Result  *scanner.Result
	Servers []ServerTrust
}

// status is a chain's; unknown without one.
func status(c *pkix.Chain) pkix.Status {
	if c == nil {
		return pkix.StatusUnknown
	}
	return c.Status
}

// Changed reports whether the bundles disagree on whether the certificate is trusted.
func (s *ServerTrust) Changed() bool { return status(s.Now) != status(s.Then) }

// fails is when the server's certificate will be trusted no more; zero where it is not trusted now.
func (s *ServerTrust) fails() pkix.Lasting {
	if s.Now == nil {
		return pkix.Lasting{}
	}
	return s.Now.Lasts
}

// Changed reports whether the bundles disagree on any of the domain's servers.
func (d *DomainTrust) Changed() bool {
	return slices.ContainsFunc(d.Servers, func(s ServerTrust) bool { return s.Changed() })
}

// word is what all servers with a certificate have in common under one bundle, else mixed; unknown without any.
func (d *DomainTrust) word(of func(*ServerTrust) *pkix.Chain) string {
	word := ""
	for i := range d.Servers {
		c := of(&d.Servers[i])
		switch {
		case c == nil:
		case word == "":
			word = c.Status.String()
		case word != c.Status.String():
			return "mixed"
		}
	}
	if word == "" {
		return pkix.StatusUnknown.String()
	}
	return word
}

func (s *ServerTrust) now() *pkix.Chain  { return s.Now }
func (s *ServerTrust) then() *pkix.Chain { return s.Then }

// fails is the first of its servers' failures; zero where none is trusted now.
func (d *DomainTrust) fails() (first pkix.Lasting) {
	for i := range d.Servers {
		if l := d.Servers[i].fails(); !l.Until.IsZero() && (first.Until.IsZero() || l.Until.Before(first.Until)) {
			first = l
		}
	}
	return first
}

// ComparisonWriter writes one comparison: Begin, Add for each result in input order, End; see [Writer]. Only the table
// and Markdown keep anything: the domains that change, up to 10,000, and the 1,000 chains that fail first.
type ComparisonWriter interface {
	Begin() error
	Add(group string, d *DomainTrust) error
	End(partial string) error
}

// NewComparison is a ComparisonWriter of the format to w. The error is a format that does not exist.
func NewComparison(f Format, w io.Writer, o Options, c Comparison) (ComparisonWriter, error) {
	if o.Width > 0 {
		o.Width = max(o.Width, minWidth)
	}
	out := newOutput(w, o.Now)
	switch f {
	case FormatDefault, Table:
		t := &tableWriter{out: out, opts: o, style: newStyle(o)}
		return &trustDocument{about: c, opts: o, style: t.style, write: t.document}, nil
	case CSV:
		return &trustCSV{csvWriter{out: out, opts: o, columns: comparisonColumns, line: csvLine{raw: o.CSVRaw}}}, nil
	case JSONL:
		return &trustJSONL{jsonlWriter: jsonlWriter{out}, about: c}, nil
	case JSON:
		return &trustJSON{jsonWriter: jsonWriter{out: out}, about: c}, nil
	case Markdown:
		o.Width = 0
		m := &markdownWriter{out: out, opts: o, style: newStyle(o)}
		return &trustDocument{about: c, opts: o, style: m.style, write: m.document}, nil
	default:
		return nil, fmt.Errorf("report: no format %v", f)
	}
}

// trustTally counts what two bundles make of a run.
type trustTally struct {
	domains, changed     int // domains, and those of them with a server that changes
	servers              int // with a certificate, counted for each domain
	lost, gained, unsure int // of them: trusted no more, trusted newly, and other changes
}

func (t *trustTally) add(d *DomainTrust) {
	t.domains++
	if d.Changed() {
		t.changed++
	}
	for i := range d.Servers {
		s := &d.Servers[i]
		if s.Now != nil {
			t.servers++
		}
		switch {
		case !s.Changed():
		case status(s.Now) == pkix.Trusted:
			t.lost++
		case status(s.Then) == pkix.Trusted:
			t.gained++
		default:
			t.unsure++
		}
	}
}

// Bounds of what a document keeps and shows.
const (
	changesKept  = 10_000
	changesShown = 50
	endsKept     = 1000
	endsShown    = 20
	endExamples  = 3                   // domains named beside a chain that fails
	soonExpiring = 14 * 24 * time.Hour // a chain that fails within is marked
)

// trustDocument collects a comparison for people and writes it at the end.
type trustDocument struct {
	about Comparison
	opts  Options
	style style
	write func(*document) error

	tally   trustTally
	changes []row
	ends    map[string]*chainEnd // by the server's certificate and the end
}

// chainEnd is a chain and when it fails.
type chainEnd struct {
	key      string
	lasts    pkix.Lasting
	subject  string
	domains  int
	examples []string
}

func (w *trustDocument) Begin() error {
	w.ends = map[string]*chainEnd{}
	return nil
}

func (w *trustDocument) Add(_ string, d *DomainTrust) error {
	w.tally.add(d)
	domain := w.style.shownDomain(d.Result)
	if d.Changed() && len(w.changes) < changesKept {
		w.changes = append(w.changes, changeRow(d, domain))
	}
	seen := map[string]bool{}
	for i := range d.Servers {
		s := &d.Servers[i]
		if s.fails().Until.IsZero() {
			continue
		}
		key := s.Now.SHA256 + s.fails().Until.Format(time.RFC3339)
		if seen[key] {
			continue
		}
		seen[key] = true
		w.end(key, s, domain)
	}
	return nil
}

// end notes a domain's chain. The chains that fail last are forgotten when there are many: what comes later only raises
// how soon one must fail to stay, so a chain that stays was never forgotten and its count is whole.
func (w *trustDocument) end(key string, s *ServerTrust, domain string) {
	e := w.ends[key]
	if e == nil {
		e = &chainEnd{key: key, lasts: s.fails(), subject: s.Now.Subject}
		w.ends[key] = e
	}
	e.domains++
	if len(e.examples) < endExamples {
		e.examples = append(e.examples, domain)
	}
	if len(w.ends) > 2*endsKept {
		for _, late := range w.soonest()[endsKept:] {
			delete(w.ends, late.key)
		}
	}
}

// soonest are the chains kept, those that fail first in front.
func (w *trustDocument) soonest() []*chainEnd {
	all := make([]*chainEnd, 0, len(w.ends))
	for _, e := range w.ends {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *chainEnd) int {
		if c := a.lasts.Until.Compare(b.lasts.Until); c != 0 {
			return c
		}
		return strings.Compare(a.key, b.key)
	})
	return all
}
