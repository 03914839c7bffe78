package report

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"mxtls/scanner/pkix"
	"mxtls/scanner/verdict"
)

// Inventory is all that is said of a root bundle.
type Inventory struct {
	Version string // of the program
	Audit   *pkix.Audit
	Places  []pkix.Place // where operating systems keep their roots, as on this one; nil = it was not asked for
	System  string       // the directory that holds that operating system, as a container's; "" = this one
}

// WriteInventory writes the report on a bundle to w. The error is the output's own, or a format that does not exist.
func WriteInventory(f Format, w io.Writer, o Options, inv *Inventory) error {
	out := newOutput(w, o.Now)
	if o.Width > 0 {
		o.Width = max(o.Width, minWidth)
	}
	switch f {
	case FormatDefault, Table:
		t := &tableWriter{out: out, opts: o, style: newStyle(o)}
		return t.document(inv.document(o))
	case CSV:
		return inv.csv(out, o)
	case JSONL:
		return inv.jsonl(&jsonlWriter{out})
	case JSON:
		return inv.json(&jsonWriter{out: out})
	case Markdown:
		o.Width = 0
		m := &markdownWriter{out: out, opts: o, style: newStyle(o)}
		return m.document(inv.document(o))
	default:
		return fmt.Errorf("report: no format %v", f)
	}
}

// itemsShown is how many certificates a section names without -v.
const itemsShown = 10

// document is the inventory for people.
func (inv *Inventory) document(o Options) *document {
	a := inv.Audit
	d := &document{title: "Root certificates · " + bundleName(a.Bundle), facts: inv.facts()}
	d.alarms = alarms(a)
	if inv.Places != nil {
		d.sections = append(d.sections, placesSection(inv.Places, inv.System))
	}
	for _, issue := range pkix.Issues() {
		if a.Count(issue) > 0 {
			d.sections = append(d.sections, issueSection(a, issue, o))
		}
	}
	if len(d.sections) == 0 || inv.Places != nil && len(d.sections) == 1 {
		d.sections = append(d.sections, section{title: "Nothing to say against it"})
	}
	return d
}

// bundleName is what a bundle is called.
func bundleName(b *pkix.Bundle) string {
	if b.From == pkix.Embedded {
		return "Mozilla's, embedded"
	}
	return Escape(b.Path)
}

// facts are the head's.
func (inv *Inventory) facts() []string {
	a := inv.Audit
	facts := []string{"as of " + date(a.At), bundleText(a.Bundle, a.At)}
	if newest := a.Bundle.Newest(a.At); !newest.IsZero() {
		facts = append(facts, "newest root of "+date(newest))
	}
	if a.Bundle.Others > 0 {
		facts = append(facts, count(a.Bundle.Others, "certificate", "certificates")+" beside the roots")
	}
	if a.Against != nil {
		facts = append(facts, "against "+bundleName(a.Against)+" ("+bundleText(a.Against, a.At)+")")
	}
	return facts
}

// bundleText is a bundle's size and age.
func bundleText(b *pkix.Bundle, at time.Time) string {
	text := count(b.Roots, "root", "roots")
	if !b.Date.IsZero() {
		text += " of " + date(b.Date)
		if age := ageText(at.Sub(b.Date)); age != "" {
			text += ", " + age + " old"
		}
	}
	return text
}

// ageText is a span of time for people; "" for one that is not a day yet.
func ageText(d time.Duration) string {
	days := int(d / (24 * time.Hour))
	switch {
	case days < 1:
		return ""
	case days < 60:
		return count(days, "day", "days")
	case days < 730:
		return count(days/30, "month", "months")
	default:
		return count(days/365, "year", "years")
	}
}

// alarms are what is wrong with the bundle as a whole.
func alarms(a *pkix.Audit) []string {
	var out []string
	if off := a.Bundle.TLSOff; off != "" {
		out = append(out, "As smtp_tls_CAfile this switches TLS off for all mail, since Postfix cannot load it: "+
			EscapeTo(off, remarkWidth))
	}
	if a.Bundle.Roots == 0 {
		out = append(out, "No path can end here: there is no root in it, so every server is Untrusted.")
	}
	return append(out, leftOut(a.Bundle)...)
}

// leftOut are the files of a bundle, and the directories, that Postfix does not see.
func leftOut(b *pkix.Bundle) (out []string) {
	for _, w := range b.Warnings {
		if !w.Spoils && w.Line == 0 {
			out = append(out, EscapeTo(w.String(), remarkWidth))
		}
	}
	return out
}

// placeFields are the columns of the section on places: two, so that each path is whole on 80 columns. It is what people
// copy into main.cf.
var placeFields = []field{{title: "Path", fair: 50, middle: true}, {title: ""}}

// placesSection says where the operating system keeps its roots.
func placesSection(places []pkix.Place, system string) section {
	s := section{title: "Where this operating system keeps its roots", fields: placeFields}
	if system != "" {
		s.title = "Where the operating system in " + Escape(system) + " keeps its roots"
	}
	missing := 0
	for i := range places {
		p := &places[i]
		class := verdict.ClassNull
		switch {
		case !p.Exists():
			missing++
			continue
		case p.Err != nil:
			class = verdict.ClassInvalid
		case p.Used:
			class = verdict.ClassFull
		}
		s.rows = append(s.rows, row{class: class, cells: []string{Escape(p.Path), placeText(p)}})
	}
	if missing == len(places) {
		s.text = "It keeps none: install its ca-certificates package."
	}
	if missing > 0 {
		s.more = "not there: " + missingPlaces(places)
	}
	return s
}

// missingPlaces are the paths at which there is nothing.
func missingPlaces(places []pkix.Place) string {
	var paths []string
	for i := range places {
		if !places[i].Exists() {
			paths = append(paths, places[i].Path)
		}
	}
	return strings.Join(paths, ", ")
}

// placeText says what is at a place, and what it is good for.
func placeText(p *pkix.Place) string {
	if p.Err != nil {
		err := p.Err
		if path, ok := errors.AsType[*fs.PathError](err); ok {
			err = path.Err
		}
		return EscapeTo(strings.TrimPrefix(err.Error(), p.Path+": "), remarkWidth)
	}
	text := count(p.Bundle.Roots, "root", "roots")
	if of := dateOrNone(p.Bundle.Date); of != "" {
		text += " of " + of
	}
	switch {
	case p.Used && p.Bundle.TLSOff != "":
		return text + ": used here; as smtp_tls_CAfile it would switch TLS off"
	case p.Used && p.Source == pkix.File:
		return text + ": used; the smtp_tls_CAfile of this system"
	case p.Used:
		return text + ": used; a directory, for smtp_tls_CApath"
	}
	return text + ", not used"
}

// issueSection lists what has an issue: all of it for -v, the first of it without, and of what harms nobody the count.
func issueSection(a *pkix.Audit, issue pkix.Issue, o Options) section {
	s := section{title: issueTexts[issue].title + ": " + fmt.Sprint(a.Count(issue)), text: issueTexts[issue].text,
		fields: itemFields}
	limit := itemsShown
	switch {
	case o.Verbose > 0:
		limit = len(a.Items)
	case issueTexts[issue].harmless:
		limit = 0
	}
	left := 0
	for _, item := range itemsWith(a, issue) {
		if len(s.rows) >= limit && (limit > 0 || item.Root || issue != pkix.IssueWeakSignature) {
			left++
			continue
		}
		s.rows = append(s.rows, itemRow(a.Bundle, item, issue))
	}
	if left > 0 && limit > 0 {
		s.more = fmt.Sprintf("and %d more: -v names all", left)
	}
	return s
}

// itemsWith are those with an issue, as they stand in the bundle; what it lacks has no place there, and comes by name.
func itemsWith(a *pkix.Audit, issue pkix.Issue) (items []*pkix.Item) {
	for i := range a.Items {
		if a.Items[i].Has(issue) {
			items = append(items, &a.Items[i])
		}
	}
	if issue == pkix.IssueMissing {
		slices.SortStableFunc(items, func(x, y *pkix.Item) int {
			return cmp.Compare(commonNameFirst(x.Subject), commonNameFirst(y.Subject))
		})
	}
	return items
}

// commonNameFirst is a distinguished name (RFC 2253) in an order for narrow columns, whose end is cut off: first the
// common name, by which people know it, and last what has a number in place of a name.
func commonNameFirst(dn string) string {
	rank := func(part string) int {
		switch {
		case strings.HasPrefix(part, "CN="):
			return 0
		case part != "" && '0' <= part[0] && part[0] <= '9':
			return 2
		}
		return 1
	}
	var parts []string
	from := 0
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case ',':
			parts = append(parts, dn[from:i])
			from = i + 1
		}
	}
	parts = append(parts, dn[from:])
	slices.SortStableFunc(parts, func(a, b string) int { return rank(a) - rank(b) })
	return strings.Join(parts, ",")
}

// itemFields are the columns of a section on certificates.
var itemFields = []field{{title: "Certificate", fair: 30, most: 64}, {title: "Ends"},
	{title: "Line", right: true, optional: true}, {title: ""}}

// itemRow is one certificate, or one broken block.
func itemRow(b *pkix.Bundle, item *pkix.Item, issue pkix.Issue) row {
	cells := []string{Escape(commonNameFirst(item.Subject)), "", "", itemText(item, issue)}
	if item.SHA256 == "" {
		cells[0] = Escape(item.Path)
	} else {
		cells[1] = dateOrNone(item.NotAfter)
	}
	if item.Line > 0 {
		cells[2] = fmt.Sprint(item.Line)
	}
	if item.Line > 0 && b.From == pkix.Directory {
		cells[2] = Escape(strings.TrimPrefix(strings.TrimPrefix(item.Path, b.Path), "/")) + ":" + cells[2]
	}
	return row{class: issueTexts[issue].class, cells: cells}
}

// dateOrNone is a date; "" for a time that nobody knows.
func dateOrNone(t time.Time) string {
	if !writable(t) {
		return ""
	}
	return date(t)
}

// itemText is what there is to say of one certificate beside its issue.
func itemText(item *pkix.Item, issue pkix.Issue) string {
	switch issue {
	case pkix.IssueWeakKey, pkix.IssueShortKey:
		return item.Key
	case pkix.IssueWeakSignature:
		return item.Signature
	case pkix.IssueNotYetValid:
		return "from " + date(item.NotBefore)
	case pkix.IssueExpired, pkix.IssueExpiring:
		return ""
	}
	return EscapeTo(item.Text, remarkWidth)
}
