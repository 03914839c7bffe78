package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mxtls/scanner/pkix"
	"mxtls/scanner/verdict"
)

func (w *trustDocument) End(partial string) error {
	c, t := &w.about, &w.tally
	d := &document{
		title: "What other roots would change · " + count(t.domains, "domain", "domains"),
		facts: []string{"as of " + date(c.At), "now: " + bundleName(c.Bundle) + " (" + bundleText(c.Bundle, c.At) + ")",
			"then: " + bundleName(c.Against) + " (" + bundleText(c.Against, c.At) + ")"},
	}
	if partial != "" {
		d.alarms = append(d.alarms, "Partial: "+Escape(partial)+"; what follows is only what was read by then")
	}
	for _, b := range []*pkix.Bundle{c.Bundle, c.Against} {
		d.alarms = append(d.alarms, switchedOff(b)...)
		d.alarms = append(d.alarms, leftOut(b)...)
	}
	d.sections = []section{w.changed(), w.expiring()}
	return w.write(d)
}

// switchedOff says that Postfix cannot use a bundle.
func switchedOff(b *pkix.Bundle) []string {
	if b.TLSOff == "" {
		return nil
	}
	return []string{"As smtp_tls_CAfile " + bundleName(b) + " switches TLS off for all mail: " +
		EscapeTo(b.TLSOff, remarkWidth)}
}

// changed is the section on the domains that change.
func (w *trustDocument) changed() section {
	t := &w.tally
	s := section{
		title: fmt.Sprintf("Verdicts that change: %d of %s", t.changed, count(t.domains, "domain", "domains")),
		fields: []field{{title: "Domain", fair: 20, most: 44, middle: true}, {title: "Servers", right: true},
			{title: "Now"}, {title: "Then"}},
	}
	if t.changed == 0 {
		s.text = fmt.Sprintf("None: both say the same of %s.", count(t.servers, "certificate", "certificates"))
		return s
	}
	var parts []string
	parts = appendCount(parts, t.lost, "no longer trusted")
	parts = appendCount(parts, t.gained, "newly trusted")
	parts = appendCount(parts, t.unsure, "otherwise")
	s.text = fmt.Sprintf("Servers: of %d, %s.", t.servers, strings.Join(parts, ", "))
	slices.SortStableFunc(w.changes, func(a, b row) int { return int(b.class) - int(a.class) })
	s.rows = w.changes
	if w.opts.Verbose == 0 {
		s.rows = s.rows[:min(len(s.rows), changesShown)]
	}
	if more := t.changed - len(s.rows); more > 0 {
		s.more = fmt.Sprintf("and %d more: -o csv or -o jsonl lists all", more)
	}
	return s
}

// changeRow is a domain whose servers change.
func changeRow(d *DomainTrust, domain string) row {
	var first *ServerTrust
	changing, lost, gained := 0, false, false
	for i := range d.Servers {
		s := &d.Servers[i]
		if !s.Changed() {
			continue
		}
		loses := status(s.Now) == pkix.Trusted
		if changing++; first == nil || loses && !lost {
			first = s
		}
		lost = lost || loses
		gained = gained || status(s.Then) == pkix.Trusted
	}
	class := verdict.ClassUnknown
	switch {
	case lost:
		class = verdict.ClassPlain
	case gained:
		class = verdict.ClassFull
	}
	return row{class: class, cells: []string{domain, fmt.Sprintf("%d of %d", changing, len(d.Servers)),
		chainWords(first.Now), chainWords(first.Then)}}
}

// chainWords is a verdict in words.
func chainWords(c *pkix.Chain) string {
	switch {
	case c == nil:
		return "no certificate"
	case c.Status == pkix.Untrusted:
		return untrusted(c).text
	case c.Status == pkix.StatusUnknown:
		return "could not be judged"
	}
	return c.Status.String()
}

// expiring is the section on what fails first if nobody renews anything.
func (w *trustDocument) expiring() section {
	s := section{title: "Expires first",
		text: "When each chain fails if nothing is renewed: the first end of a certificate in the path that is used.",
		fields: []field{{title: "Fails"}, {title: "Which ends", fair: 20, most: 48},
			{title: "Certificate", fair: 18, most: 40}, {title: "Domains"}}}
	all := w.soonest()
	slices.SortStableFunc(all, func(a, b *chainEnd) int { // of one day, in an order that people see
		return cmp.Or(a.lasts.Until.Compare(b.lasts.Until), strings.Compare(a.examples[0], b.examples[0]))
	})
	shown := all
	if w.opts.Verbose == 0 {
		shown = all[:min(len(all), endsShown)]
	}
	for _, e := range shown {
		class := verdict.ClassFull
		if e.lasts.Until.Sub(w.about.At) < soonExpiring {
			class = verdict.ClassPartial
		}
		s.rows = append(s.rows, row{class: class, cells: []string{date(e.lasts.Until), endText(e.lasts),
			Escape(commonNameFirst(e.subject)), e.where()}})
	}
	switch {
	case len(all) == 0:
		s.text = "No chain is trusted now, so none can fail."
	case len(shown) < len(all):
		s.more = "and more: -o csv or -o jsonl lists all"
	}
	return s
}

// endText says which certificate of a path ends.
func endText(l pkix.Lasting) string {
	if l.Depth == 0 {
		return "its own"
	}
	return "its issuer " + Escape(commonNameFirst(l.Subject))
}

// where are the domains that a chain fails for.
func (e *chainEnd) where() string {
	text := strings.Join(e.examples, ", ")
	if more := e.domains - len(e.examples); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
