package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mxtls/scanner"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// row is one row of the table or of Markdown, in words.
type row struct {
	class verdict.Class
	cells []string // one for each field; escaped
	span  bool     // the cell before the last one is empty and the last one may begin in its place
	below []below  // lines under the row
}

// The columns of the table, wide and compact.
var (
	domainFields = []field{{title: "Domain", fair: 24, most: 44, middle: true}, {title: "Via", fair: 16, most: 28},
		{title: "Servers", right: true}, {title: "Encrypted", right: true}, {title: "Policy", optional: true}, {title: "TLS"},
		{title: "Certificate"}}
	domainFieldsCompact = []field{{title: "Domain", fair: 19, most: 44, middle: true},
		{title: "Via", fair: 12, most: 28, yields: true},
		{title: "Encrypted", right: true}, {title: "Policy", optional: true}, {title: "TLS"}, {title: "Certificate"}}
	serverFields = []field{{title: "Domain", fair: 22, most: 44, middle: true}, {title: "MX", right: true},
		{title: "Server", fair: 22, most: 44, middle: true}, {title: "Address"}, {title: "DANE", optional: true}, {title: "TLS"},
		{title: "Certificate"}}
	serverFieldsCompact = []field{{title: "Domain", fair: 17, most: 44, middle: true},
		{title: "Server", fair: 16, most: 44, middle: true}, {title: "Address", fair: 15, middle: true}, {title: "TLS"},
		{title: "Certificate"}} // no room for DANE: what is wrong with it is among the findings
)

// roomy is the width from which on a domain's provider and its policy stand beside each other.
const roomy = 120

// fieldsFor are the columns for the options.
func fieldsFor(o Options) []field {
	narrow := o.Width > 0 && o.Width < compact
	switch {
	case o.Rows == ByServer && narrow:
		return serverFieldsCompact
	case o.Rows == ByServer:
		return serverFields
	case narrow:
		return domainFieldsCompact
	case o.Width > 0 && o.Width < roomy:
		fields := slices.Clone(domainFields)
		fields[1].yields = true
		return fields
	default:
		return domainFields
	}
}

// rowsOf are the rows of one result: one, or one for each server.
func rowsOf(r *scanner.Result, o Options, s style) []row {
	narrow := o.Width > 0 && o.Width < compact
	if o.Rows != ByServer {
		return []row{domainRow(r, narrow, s)}
	}
	if len(r.Facts.Servers) == 0 {
		cells := make([]string, len(fieldsFor(o)))
		cells[0], cells[len(cells)-1] = s.shownDomain(r), why(r)
		return []row{{class: r.Class(), cells: cells, span: true}}
	}
	rows := make([]row, 0, len(r.Facts.Servers))
	for i := range r.Facts.Servers {
		rows = append(rows, serverRow(r, i, narrow, s))
	}
	return rows
}

// domainRow is a domain in one row.
func domainRow(r *scanner.Result, narrow bool, s style) row {
	d := row{class: r.Class()}
	via, encrypted, servers := s.shownVia(r), "", ""
	c := verdict.Tested(&r.Facts, &r.Verdict)
	if c.Total() > 0 {
		servers, encrypted = strconv.Itoa(c.Total()), share(c.Yes, c.Unknown, c.Total())
	}
	if narrow && c.Total() > 0 {
		encrypted = outOf(c.Yes, c.Unknown, c.Total())
	}
	versions, text := versionsText(r, narrow), certificateText(r)
	switch missing := missingText(r); {
	case len(r.Facts.Servers) == 0:
		text, d.span = why(r), true
	case versions == "":
		text, d.span = missing, true
	case missing != "":
		text = short(text) + "; " + missing
	}
	if narrow {
		text = short(text)
		d.cells = []string{s.shownDomain(r), via, encrypted, policyText(r), versions, text}
	} else {
		d.cells = []string{s.shownDomain(r), via, servers, encrypted, policyText(r), versions, text}
	}
	return d
}

// serverRow is one server in one row; the domain stands in its first row only.
func serverRow(r *scanner.Result, i int, narrow bool, s style) row {
	sv, a := &r.Facts.Servers[i], &r.Verdict.Servers[i]
	v := row{class: map[truth.Truth]verdict.Class{truth.Yes: verdict.ClassFull, truth.No: verdict.ClassPlain}[a.Encrypted]}
	domain := ""
	if i == 0 {
		domain = s.shownDomain(r)
	}
	version, text := "", answerText(a)
	if h := handshake(sv); h != nil {
		version = versionWord(h.Version)
		if sv.Chain != nil && a.Encrypted == truth.Yes {
			text = join([]similar{judged(sv)})
		}
	}
	v.span = version == ""
	if narrow {
		v.cells = []string{domain, Escape(sv.Label), address(sv.Addr), version, short(text)}
	} else {
		v.cells = []string{domain, strconv.Itoa(int(sv.Preference)), Escape(sv.Label), address(sv.Addr), serverDANE(sv), version, text}
	}
	return v
}

// versionWord is a TLS version without its prefix: "1.3".
func versionWord(version uint16) string {
	word := strings.TrimPrefix(starttls.VersionName(version), "TLSv")
	if word == "1" {
		return "1.0" // OpenSSL leaves the zero out
	}
	return word
}

// versionsText are the TLS versions of a domain's servers, oldest first: "1.2, 1.3"; in narrow columns "1.2+" for the
// oldest and later ones.
func versionsText(r *scanner.Result, narrow bool) string {
	var words []string
	for _, v := range versions(r) {
		words = append(words, versionWord(v))
	}
	if narrow && len(words) > 1 {
		return words[0] + "+"
	}
	return strings.Join(words, ", ")
}

// versions are the distinct TLS versions that a domain's servers agreed on, oldest first.
func versions(r *scanner.Result) []uint16 {
	var all []uint16
	for i := range r.Facts.Servers {
		if h := handshake(&r.Facts.Servers[i]); h != nil {
			all = append(all, h.Version)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// missingText says why servers were not seen to encrypt: "1 not: STARTTLS is not offered" beside others that do, the
// bare reason when it holds for all; "" when there are none such.
func missingText(r *scanner.Result) string {
	var all []similar
	total := 0
	for i := range r.Facts.Servers {
		s, a := &r.Facts.Servers[i], &r.Verdict.Servers[i]
		if s.Untested() {
			continue
		}
		total++
		if a.Encrypted != truth.Yes {
			all = withReason(all, a)
		}
	}
	switch {
	case total == 0 && len(r.Facts.Servers) > 0:
		return "not tested: no IPv6 on this machine"
	case len(all) == 1 && all[0].n == total:
		return all[0].text
	}
	var parts []string
	rest := 0
	for i, a := range all {
		if i >= kinds {
			rest += a.n
			continue
		}
		word := "unknown"
		if a.rank == 0 {
			word = "not"
		}
		parts = append(parts, fmt.Sprintf("%d %s: %s", a.n, word, a.text))
	}
	if rest > 0 {
		parts = append(parts, strconv.Itoa(rest)+" otherwise")
	}
	return strings.Join(parts, "; ")
}

// withReason adds one server that was not seen to encrypt to those of the same code, whose first text stands for all.
func withReason(all []similar, a *verdict.Answers) []similar {
	one := similar{rank: 1, key: a.Reason, text: answerText(a), n: 1}
	if a.Encrypted == truth.No {
		one.rank = 0
	}
	return merge(all, one)
}

// answerText is a server's reason in words.
func answerText(a *verdict.Answers) string {
	switch {
	case a.Detail != "":
		return Escape(a.Detail)
	case a.Reason != "":
		return inWords(a.Reason)
	default:
		return ""
	}
}
