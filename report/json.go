package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mxtls/scanner"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// jsonlWriter writes one object a line: the run, each domain, the summary.
type jsonlWriter struct{ out *output }

func (w *jsonlWriter) Begin(r Run) error { return w.line(newRunJSON(&r)) }

func (w *jsonlWriter) Add(group string, r scanner.Result) error {
	return w.line(newDomainJSON(group, &r))
}

func (w *jsonlWriter) End(s Summary) error {
	if err := w.line(newSummaryJSON(&s)); err != nil {
		return err
	}
	return w.out.end()
}

func (w *jsonlWriter) line(v any) error {
	line, err := marshal(v)
	if err != nil {
		return err
	}
	return w.out.row(append(line, '\n'))
}

// jsonWriter writes one document, an element of "domains" at a time: {"schema_version", "run", "domains", "summary"}.
type jsonWriter struct {
	out  *output
	some bool // a domain was written
}

func (w *jsonWriter) Begin(r Run) error {
	return w.part(fmt.Sprintf("{\"schema_version\":%d,\n\"run\":", SchemaVersion), newRunJSON(&r), ",\n\"domains\":[")
}

func (w *jsonWriter) Add(group string, r scanner.Result) error {
	return w.element(newDomainJSON(group, &r))
}

// element writes one of the domains.
func (w *jsonWriter) element(v any) error {
	before := "\n"
	if w.some {
		before = ",\n"
	}
	w.some = true
	return w.part(before, v, "")
}

func (w *jsonWriter) End(s Summary) error {
	if err := w.part("\n],\n\"summary\":", newSummaryJSON(&s), "}\n"); err != nil {
		return err
	}
	return w.out.end()
}

// part writes a value between two pieces of the document.
func (w *jsonWriter) part(before string, v any, after string) error {
	value, err := marshal(v)
	if err != nil {
		return err
	}
	line := make([]byte, 0, len(before)+len(value)+len(after))
	return w.out.row(append(append(append(line, before...), value...), after...))
}

// marshal is json.Marshal with every character that does not show spelled \uNNNN, so that JSON is harmless on a
// terminal too. encoding/json does so for the C0 controls alone; such characters stand in strings and nowhere else.
func marshal(v any) ([]byte, error) {
	plainJSON, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if plain(string(plainJSON)) {
		return plainJSON, nil
	}
	out := make([]byte, 0, len(plainJSON)+64)
	marks := 0
	for i := 0; i < len(plainJSON); {
		r, n := utf8.DecodeRune(plainJSON[i:])
		if marks++; r < 0x7f || !unicode.Is(unicode.M, r) {
			marks = 0
		}
		switch {
		case r >= ' ' && r < 0x7f || r > 0x7f && visible(r) && marks <= maxMarks:
			out = append(out, plainJSON[i:i+n]...)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		i += n
	}
	return out, nil
}

// maxText is how many octets of one foreign text the machine formats hold: a certificate's subject may have 200,000.
const maxText = 2048

// clip cuts s to maxText, at the end of a character.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	end := maxText
	for end > maxText-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}

// text makes foreign text valid UTF-8.
func text(s string) string {
	s = clip(s)
	if utf8.ValidString(s) {
		return s
	}
	var out []byte
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			out = appendHex(append(out, `\x`...), s[i])
		} else {
			out = append(out, s[i:i+n]...)
		}
		i += n
	}
	return string(out)
}

func texts(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = text(s)
	}
	return out
}

// utc is t to the second; nil for none, and for a year that RFC 3339 cannot write.
func utc(t time.Time) *time.Time {
	if t = t.UTC().Truncate(time.Second); writable(t) {
		return &t
	}
	return nil
}

// writable reports whether there is a time and RFC 3339 has a form for it.
func writable(t time.Time) bool { return !t.IsZero() && t.Year() >= 0 && t.Year() <= 9999 }

func newDomainJSON(group string, r *scanner.Result) *DomainJSON {
	d := &DomainJSON{
		SchemaVersion: SchemaVersion, Type: "domain",
		Domain: r.Target.String(), Input: text(r.Input), Via: text(r.Via), Group: text(group),
		MX:         MXJSON{Kind: mxKind(r).String(), Trust: r.Facts.MX.Trust.String(), Reason: mxReason(r)},
		Servers:    make([]ServerJSON, len(r.Facts.Servers)),
		Encrypted:  CountsJSON(r.Verdict.Encrypted),
		Findings:   make([]FindingJSON, len(r.Verdict.Findings)),
		Started:    utc(r.Started),
		DurationMS: r.Duration.Milliseconds(),

		DANELevel: r.Facts.DANE, MTASTS: newMTASTSJSON(&r.Facts), TLSRPT: newTLSRPTJSON(&r.Facts.Reports),
		EffectivePolicy: newEffectiveJSON(r.Verdict.Effective),
	}
	for i := range r.Facts.Servers {
		fillServer(&d.Servers[i], &r.Facts.Servers[i], &r.Verdict.Servers[i])
		d.Servers[i].AddressTrust = addressTrust(&r.Facts, &r.Facts.Servers[i])
	}
	for i, f := range r.Verdict.Findings {
		d.Findings[i] = FindingJSON{f.Code, f.Severity.String(), text(f.Host), f.Address, text(f.Text)}
	}
	return d
}

func fillServer(out *ServerJSON, s *verdict.Server, a *verdict.Answers) {
	*out = ServerJSON{
		Host: text(s.Label), Preference: s.Preference, Address: address(s.Addr), Port: s.Addr.Port(),
		Stage:           stage(s).String(),
		STARTTLSOffered: a.Offered, STARTTLSAccepted: a.Accepted, TLSEstablished: a.Established,
		Authenticated: a.Authenticated, Reason: a.Reason, Detail: text(a.Detail),
		Banner: text(strings.Join(banner(s.Session), "\n")), Capabilities: texts(capabilities(s.Session)),
	}
	if t := handshake(s); t != nil {
		out.TLS = TLSJSON{starttls.VersionName(t.Version), starttls.CipherName(t.Suite), starttls.GroupName(t.Group)}
	}
	c := chainOf(s)
	out.Certificate = CertificateJSON{
		Status: c.Status.String(), Reason: chainReason(c), NameMatch: s.NameMatch,
		Names: texts(c.Names[:min(len(c.Names), maxNames)]), Subject: text(c.Subject), Issuer: text(c.Issuer),
		NotBefore: utc(c.NotBefore), NotAfter: utc(c.NotAfter), SHA256: c.SHA256, Key: text(c.Key),
		Signature: text(c.Signature),
	}
	out.DANE, out.REQUIRETLS, out.MTASTSPasses = newDANEJSON(s), s.REQUIRETLS(), passes(s)
}

func newRunJSON(r *Run) *RunJSON {
	rate := r.Limits.Rate
	if math.IsNaN(rate) || math.IsInf(rate, 0) {
		rate = 0 // no limit; JSON has no infinity
	}
	return &RunJSON{
		SchemaVersion: SchemaVersion, Type: "run", Version: text(r.Version), Started: utc(r.Started),
		Roots: RootsJSON{text(r.Roots.Source), text(r.Roots.Path), r.Roots.Count, r.Roots.Expired, utc(r.Roots.Date),
			r.Roots.SHA256},
		Resolvers: texts(r.Resolvers), Validating: r.Validating, EHLO: text(r.EHLO), Port: r.Port,
		Limits: LimitsJSON{r.Limits.Concurrency, rate, r.Limits.PerProvider, r.Limits.Timeout.Milliseconds(),
			r.Limits.HostTimeout.Milliseconds(), texts(r.Limits.Families)},
	}
}

func newSummaryJSON(s *Summary) *SummaryJSON {
	out := &SummaryJSON{
		SchemaVersion: SchemaVersion, Type: "summary", Total: newTallyJSON(&s.Total),
		Groups: make([]GroupJSON, len(s.Groups)), Duplicates: s.Duplicates, Sessions: s.Sessions,
		Partial: s.Partial != "", PartialReason: text(s.Partial),
	}
	for i := range s.Groups {
		out.Groups[i] = GroupJSON{text(s.Groups[i].Name), newTallyJSON(&s.Groups[i].Tally)}
	}
	return out
}

func newTallyJSON(t *Tally) TallyJSON {
	return TallyJSON{
		DomainsJSON{t.Domains, t.Full, t.Partial, t.Plain, t.Unknown, t.Null, t.None, t.Failed, t.Invalid},
		ServersJSON{CountsJSON(t.Servers), t.Untested, t.Trusted, t.Untrusted},
	}
}
