package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"mxtls/scanner/dane"
	"mxtls/scanner/postfix"
)

// planRow is one domain in the table of a plan.
type planRow struct {
	domain string
	first  postfix.Outcome // what the table is sorted by before all else: at the level considered, else as of today
	cells  [levels]planCell
	text   string   // in place of the cells, for what is no domain; "" else
	said   []string // under the row, wrapped: what Postfix does at which levels
	below  []below  // and below that: each server's conversation
}

// planCell is an outcome; later is for plain text that comes only after a deferral, idle for what is no word on the
// domain at all, since a level does not work for want of settings.
type planCell struct {
	outcome     postfix.Outcome
	later, idle bool
}

func cellOf(p *postfix.Prediction) planCell {
	return planCell{p.Outcome, p.After > 0, p.Reason == postfix.FingerprintsMissing}
}

// laterMark stands behind a plain text that comes after a deferral.
const laterMark = "+"

// newPlanRow puts a forecast into a row.
func newPlanRow(f *Forecast, s style) planRow {
	row := planRow{domain: s.shownDomain(f.Result), first: f.Then.Outcome}
	if f.Result.Invalid != nil {
		row.text = why(f.Result)
		return row
	}
	for _, l := range postfix.Levels() {
		row.cells[l] = cellOf(&f.Levels[l])
	}
	return row
}

// worstFirst orders rows: by the outcome that counts most, then by the levels as they stand in the table, from may on.
// What is no domain comes last, and equal rows stay in input order.
func worstFirst(a, b planRow) int {
	switch {
	case a.text != "" || b.text != "":
		return cmp.Compare(min(len(a.text), 1), min(len(b.text), 1))
	case a.first != b.first:
		return byBadness(a.first, b.first)
	}
	for _, l := range postfix.Levels()[1:] {
		if c := byBadness(a.cells[l].outcome, b.cells[l].outcome); c != 0 {
			return c
		}
	}
	return 0
}

func byBadness(a, b postfix.Outcome) int {
	switch {
	case a.Worse(b):
		return -1
	case b.Worse(a):
		return 1
	}
	return 0
}

// vocabulary is how many words a table has room for.
type vocabulary uint8

const (
	longWords  vocabulary = iota // "● encrypted"
	shortWords                   // "● tls"
	noWords                      // "●"
)

// word is an outcome in this vocabulary.
func (v vocabulary) word(c planCell) string {
	word := ""
	switch v {
	case longWords:
		word = c.outcome.String()
	case shortWords:
		word = outcomeWord(c.outcome).narrow
	}
	if c.later {
		word += laterMark
	}
	return word
}

// behind is what stands behind an outcome's glyph.
func (v vocabulary) behind(c planCell) string {
	word := v.word(c)
	if word == "" || v == noWords {
		return word
	}
	return " " + word
}

// planLayout is which columns a table has, in which words, and how wide.
type planLayout struct {
	words   vocabulary
	columns []postfix.Level
	left    []postfix.Level // levels without a column, for want of width
	domain  int             // width of the first column
	widths  [levels]int
}

// Widths of a plan's table.
const (
	fairDomain  = 24 // what the domains get before words get longer, or levels that tell nothing have a column
	leastDomain = 14 // what they get before the glyphs stand alone
	headWidth   = 4  // of a level where there is hardly room for its glyph
)

// newPlanLayout is the fullest layout that leaves the domains their width: first the words get shorter, then levels
// that tell nothing are left out, then the domains are cut, then the glyphs stand alone, and at last the heads are cut.
func newPlanLayout(rows []planRow, width int) planLayout {
	all, told := postfix.Levels(), tellingLevels(rows)
	natural := len("Domain")
	for i := range rows {
		natural = max(natural, displaywidth.String(rows[i].domain))
	}
	var layout planLayout
	for _, try := range []struct {
		words        vocabulary
		columns      []postfix.Level
		domain, head int
	}{
		{longWords, all, fairDomain, 0}, {shortWords, all, fairDomain, 0},
		{longWords, told, fairDomain, 0}, {shortWords, told, fairDomain, 0},
		{shortWords, all, leastDomain, 0}, {shortWords, told, leastDomain, 0},
		{noWords, all, leastDomain, 0}, {noWords, told, leastDomain, 0}, {noWords, told, leastDomain, headWidth},
	} {
		layout = planLayout{words: try.words, columns: try.columns, domain: natural}
		left := width - layout.measure(rows, try.head)
		if width == 0 {
			break
		}
		layout.domain = min(natural, max(left, narrowest))
		if left >= min(natural, try.domain) {
			break
		}
	}
	layout.left = slices.DeleteFunc(postfix.Levels(), func(l postfix.Level) bool {
		return slices.Contains(layout.columns, l)
	})
	return layout
}

// measure sets the levels' widths and returns what they take together, with the blanks between; head is the most that
// a head takes, 0 = no limit.
func (p *planLayout) measure(rows []planRow, head int) (used int) {
	used = indent
	for _, l := range p.columns {
		w := len(l.String())
		if head > 0 {
			w = min(w, head)
		}
		for i := range rows {
			w = max(w, 1+len(p.words.behind(rows[i].cells[l])))
		}
		p.widths[l] = w
		used += gap + w
	}
	return used
}

// tellingLevels are those at which something is told of a domain for which the level makes a difference; all levels
// where there is no such domain.
func tellingLevels(rows []planRow) []postfix.Level {
	told := slices.DeleteFunc(postfix.Levels(), func(l postfix.Level) bool {
		return !slices.ContainsFunc(rows, func(r planRow) bool {
			return r.cells[l].outcome != postfix.Unknown && !r.cells[l].idle && !r.uniform()
		})
	})
	if len(told) == 0 {
		return postfix.Levels()
	}
	return told
}

// uniform reports whether the same happens at every level.
func (r *planRow) uniform() bool {
	return !slices.ContainsFunc(r.cells[2:], func(c planCell) bool { return c != r.cells[1] && !c.idle })
}

// withheld says which levels have no column; "" when all do.
func (p *planLayout) withheld() string {
	if len(p.left) == 0 {
		return ""
	}
	names := make([]string, len(p.left))
	for i, level := range p.left {
		names[i] = level.String()
	}
	return "no column for " + strings.Join(names, ", ") + ": they tell no two domains apart, see the sums below"
}

// spoken are the lines that Verbose puts under a row: each prediction with the levels that share it.
func (p *Plan) spoken(f *Forecast) []string {
	if f.Result.Invalid != nil {
		return nil
	}
	type said struct {
		levels []string
		text   string
	}
	var all []said
	for _, l := range postfix.Levels() {
		text := p.sentence(l, &f.Levels[l])
		i := slices.IndexFunc(all, func(s said) bool { return s.text == text })
		if i < 0 {
			all, i = append(all, said{text: text}), len(all)
		}
		all[i].levels = append(all[i].levels, l.String())
	}
	lines := make([]string, len(all))
	for i, s := range all {
		lines[i] = strings.Join(s.levels, ", ") + ": " + s.text
	}
	if len(all) == 1 {
		lines[0] = "at every level: " + all[0].text
	}
	return lines
}

// sentenceWidth is the widest that Postfix's words may be, in columns: its own are longer than a server's.
const sentenceWidth = 300

// sentence is a prediction for a level in words: what happens, Postfix's own words for it, and why.
func (p *Plan) sentence(l postfix.Level, pr *postfix.Prediction) string {
	text := pr.Outcome.String()
	switch {
	case pr.After > 0:
		text += fmt.Sprintf(" once the message is older than %.0f s", pr.After.Seconds())
	case pr.Code != "":
		text += " " + pr.Code
	}
	if why := p.because(l, pr); why != "" {
		text += ", " + why
	}
	if pr.Text != "" {
		text += ": " + EscapeTo(pr.Text, sentenceWidth)
	}
	return text
}

// because is a prediction's reason in words; "" when all is well.
func because(p *postfix.Prediction) string {
	if p.Reason == "" {
		return ""
	}
	if text := planReasons[p.Reason]; text != "" {
		return text
	}
	return inWords(p.Reason)
}

// planReasons word the reasons that the catalogue of findings does not have.
var planReasons = map[string]string{
	postfix.DaneNotChecked: "TLSA records were not looked up",
	postfix.NoDNSSEC:       "smtp_dns_support_level is not dnssec",
	postfix.MXInsecure:     "its MX records are not signed with DNSSEC",

	dane.ResolverNotTrusted.String(): "the resolver does not validate DNSSEC, or is not trusted to",
	dane.NoRecord.String():           "its mail host has no TLSA records",
	dane.NoHostName.String():         "its mail host is an address, which has no TLSA records",
	dane.AddressInsecure.String():    "its mail host's addresses are not signed with DNSSEC",
	dane.RecordInsecure.String():     "its mail host's TLSA records are not signed with DNSSEC",
	dane.NoCertificate.String():      "no certificate was seen",
	dane.CannotTell.String():         "its certificate cannot be judged here",
	postfix.DependsOnOrder:           "its servers differ, and which comes first is left to chance",
	postfix.NotCompleted:             "negotiated as Postfix would, not finished by us",
	postfix.NotRouted:                "the input is no destination",
	postfix.NotTrusted:               "the certificate's root is none that Postfix trusts",
	postfix.FingerprintMismatch:      "the certificate is none of those listed",
	postfix.FingerprintsMissing:      "no fingerprints are listed (smtp_tls_fingerprint_cert_match)",
	postfix.UnknownLevel:             "smtp_tls_security_level is no level, and no mail is sent",
	postfix.NoTrustAnchors:           "no smtp_tls_CAfile: nobody is trusted",
	postfix.PolicyInvalid:            "Postfix refuses the entry of smtp_tls_policy_maps",
	postfix.EngineOff:                "Postfix has no TLS at all: see the remarks",
	postfix.TLSRefused:               "OpenSSL breaks this handshake off",
	postfix.ProtocolNotAllowed:       "the TLS version is not allowed by smtp_tls_protocols",
	postfix.CipherNotAllowed:         "the cipher is not allowed by smtp_tls_ciphers",
	postfix.HandshakeNotSeen:         "nothing is known of the handshake that Postfix would make",
	postfix.WaitedLess:               "the server was silent, and Postfix waits longer than this visit did",
	postfix.TAFileNotRead:            "it is trusted by a file of its own (tafile=), which is not read here",
	postfix.NotStarted:               "smtp(8) does not start with this main.cf, and no mail is sent",
	postfix.FallbackRelay:            "it goes to smtp_fallback_relay, which was not looked at",
	postfix.NoMXLookup:               "Postfix looks no MX records up, and goes where we did not look",
	postfix.Wrapped:                  "smtp_tls_wrappermode: TLS from the first octet, which was not tried",
	postfix.ServernameInvalid:        "smtp_tls_servername is no host name",
	postfix.ChainTooLong:             "the chain may be longer than smtp_tls_scert_verifydepth allows",
}
