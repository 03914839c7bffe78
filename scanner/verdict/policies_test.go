package verdict

import (
	"crypto/tls"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
	"mxtls/scanner/tlsrpt"
	"mxtls/scanner/truth"
)

// withTLSA is a server at which all is well but for what its TLSA records come to.
func withTLSA(o dane.Outcome) Server {
	s := server(session(nil), good, truth.Yes)
	if o.Text == "" && o.Status != dane.Match {
		o.Text = "the evidence"
	}
	s.DANE = o
	s.TLSA.Found = o.Status == dane.Match || o.Status == dane.Mismatch || o.Status == dane.Unusable
	s.TLSA.Base = name.MustParse("mx.example.net")
	return s
}

// policied are facts of a domain with one server that edit makes into what a test needs.
func policied(edit func(*Facts, *Server)) Facts {
	f := Facts{Domain: name.MustParse("example.net"), MX: mx.Set{Kind: mx.Listed, Trust: resolve.Secure},
		Servers: []Server{withTLSA(dane.Outcome{Status: dane.None, Reason: dane.NoRecord, By: -1})}}
	edit(&f, &f.Servers[0])
	return f
}

// A policyCase is facts, and the findings on what the domain and its hosts publish.
type policyCase struct {
	facts Facts
	want  []string
}

var enforced = mtasts.Outcome{Status: mtasts.Valid, Policy: mtasts.Policy{Mode: mtasts.Enforce}}

// policyCases are all by name.
func policyCases() map[string]policyCase {
	all := make(map[string]policyCase)
	maps.Copy(all, tlsaCases())
	maps.Copy(all, stsCases())
	maps.Copy(all, reportCases())
	return all
}

// tlsaCases are about TLSA records, and about REQUIRETLS.
func tlsaCases() map[string]policyCase {
	outcome := func(status dane.Status, reason dane.Reason, notes ...dane.Note) Facts {
		return policied(func(_ *Facts, s *Server) {
			*s = withTLSA(dane.Outcome{Status: status, Reason: reason, Notes: notes})
		})
	}
	level := func(l dane.Level) Facts { return policied(func(f *Facts, _ *Server) { f.DANE = l }) }
	rows := map[string]policyCase{
		"nothing":     {policied(func(*Facts, *Server) {}), nil},
		"match":       {outcome(dane.Match, 0), nil},
		"mismatch":    {outcome(dane.Mismatch, dane.TLSAInvalid), []string{"error tlsa-invalid"}},
		"wrong name":  {outcome(dane.Mismatch, dane.HostMismatch), []string{"error tlsa-invalid"}},
		"unusable":    {outcome(dane.Unusable, dane.NoUsableRecord), []string{"warning no_usable_tlsa_record"}},
		"bogus TLSA":  {outcome(dane.Failed, dane.DNSSECInvalid), []string{"error dnssec-invalid"}},
		"SERVFAIL":    {outcome(dane.Failed, dane.LookupFailed), []string{"error tlsa_lookup_failed"}},
		"not signed":  {outcome(dane.Insecure, dane.AddressInsecure), nil},
		"not judged":  {outcome(0, dane.ResolverNotTrusted), nil},
		"cannot tell": {outcome(0, dane.CannotTell), nil},
		"records and no TLS": {policied(func(_ *Facts, s *Server) {
			s.Session, s.Chain = ended(starttls.EHLO, starttls.StartTLSNotSupported), nil
			s.TLSA.Found, s.DANE = true, dane.Outcome{Reason: dane.NoCertificate}
		}), []string{"error starttls-not-supported", "error tlsa_without_tls"}},
		"records, nobody there": {policied(func(_ *Facts, s *Server) {
			s.Session, s.Chain = ended(starttls.StageNone, starttls.ConnectTimeout), nil
			s.TLSA.Found, s.DANE = true, dane.Outcome{Reason: dane.NoCertificate}
		}), []string{"warning connect_timeout"}},
		"SERVFAIL, of two addresses":  {twice(outcome(dane.Failed, dane.LookupFailed)), []string{"error tlsa_lookup_failed"}},
		"bogus, of two addresses":     {twice(outcome(dane.Failed, dane.DNSSECInvalid)), []string{"error dnssec-invalid"}},
		"ends soon, at two addresses": {twice(expiring(time.Hour)), []string{"warning dnssec_signatures_end"}},
		"mismatch, at two addresses": {twice(outcome(dane.Mismatch, dane.TLSAInvalid)),
			[]string{"error tlsa-invalid", "error tlsa-invalid"}},
		"no address": {policied(func(_ *Facts, s *Server) {
			*s = Server{Label: "mx.example.net", NoAddress: mx.HostNotFound, DANE: dane.Outcome{Status: dane.Failed}}
		}), nil},
		"partly":    {level(dane.Partial), []string{"warning dane_partial"}},
		"half":      {level(dane.Half), []string{"warning dane_insecure_mx"}},
		"degraded":  {level(dane.Degraded), nil},
		"full":      {level(dane.Full), nil},
		"ends soon": {expiring(47 * time.Hour), []string{"warning dnssec_signatures_end"}},
		"ended":     {expiring(-time.Hour), []string{"warning dnssec_signatures_end"}},
		"ends late": {expiring(49 * time.Hour), nil},
		"REQUIRETLS too early": {policied(func(_ *Facts, s *Server) {
			s.Session = session(func(ses *starttls.Session) { ses.Before = append(ses.Before, "requiretls") })
		}), []string{"warning requiretls_outside_tls"}},
		"TLS 1.0": {oldTLS(dane.Match), []string{"warning openssl_refuses"}},
		"TLS 1.0, where authentication is not wanted": {oldTLS(dane.Unusable), []string{"warning no_usable_tlsa_record"}},
		"REQUIRETLS": {policied(func(_ *Facts, s *Server) {
			s.Session = session(func(ses *starttls.Session) { ses.After = append(ses.After, "REQUIRETLS") })
		}), nil},
	}
	for n, title := range daneTitles {
		want := []string{daneSeverity(n).String() + " " + n.String()}
		if n < dane.OtherPort {
			rows["note "+title.title] = policyCase{outcome(dane.Match, 0, n), want}
			continue
		}
		rows["note "+title.title] = policyCase{policied(func(f *Facts, s *Server) {
			f.Misplaced = []Misplaced{{s.Host, dane.Place{Host: f.Domain, Port: 465, Note: n}}}
		}), want}
	}
	return rows
}

// stsCases are about MTA-STS.
func stsCases() map[string]policyCase {
	sts := func(o mtasts.Outcome) Facts {
		return policied(func(f *Facts, _ *Server) { f.STS, f.Policy = &mtasts.Facts{}, o })
	}
	fit := func(m mtasts.Mode, passes truth.Truth) Facts {
		return policied(func(f *Facts, s *Server) {
			f.STS, f.Policy = &mtasts.Facts{}, mtasts.Outcome{Status: mtasts.Valid, Policy: mtasts.Policy{Mode: m}}
			s.Fit = &mtasts.Fit{Passes: passes, Text: "no pattern is for it"}
		})
	}
	rows := map[string]policyCase{
		"no record": {sts(mtasts.Outcome{Status: mtasts.None, Reason: mtasts.NoRecord}), nil},
		"our doing": {sts(mtasts.Outcome{Reason: mtasts.NotFetched}), nil},
		"enforced":  {sts(enforced), nil},
		"two records": {sts(mtasts.Outcome{Status: mtasts.Invalid, Reason: mtasts.SeveralRecords, Text: "two"}),
			[]string{"warning sts_record_invalid"}},
		"bad record": {sts(mtasts.Outcome{Status: mtasts.Invalid, Reason: mtasts.RecordInvalid, Text: "no id"}),
			[]string{"warning sts_record_invalid"}},
		"no answer": {sts(mtasts.Outcome{Reason: mtasts.LookupFailed, Text: "SERVFAIL"}), []string{"warning sts_unknown"}},
		"cut":       {sts(mtasts.Outcome{Reason: mtasts.LookupCut, Text: "cut"}), []string{"warning sts_unknown"}},
		"odd host":  {sts(mtasts.Outcome{Reason: mtasts.WebPKIUnknown, Text: "?"}), []string{"warning sts_unknown"}},
		"bogus":     {sts(mtasts.Outcome{Reason: mtasts.LookupBogus, Text: "bogus"}), []string{"error dnssec-invalid"}},
		"fetch": {sts(mtasts.Outcome{Status: mtasts.FetchError, Reason: mtasts.PolicyFetch, Text: "404"}),
			[]string{"warning sts-policy-fetch-error"}},
		"web PKI": {sts(mtasts.Outcome{Status: mtasts.FetchError, Reason: mtasts.WebPKIInvalid, Text: "expired"}),
			[]string{"warning sts-webpki-invalid"}},
		"bad policy": {sts(mtasts.Outcome{Status: mtasts.Invalid, Reason: mtasts.PolicyInvalid, Text: "no version"}),
			[]string{"warning sts-policy-invalid"}},
		"testing": {sts(mtasts.Outcome{Status: mtasts.Valid, Policy: mtasts.Policy{Mode: mtasts.Testing}}),
			[]string{"info sts_not_enforced"}},
		"passes":         {fit(mtasts.Enforce, truth.Yes), nil},
		"passes perhaps": {fit(mtasts.Enforce, truth.Unknown), nil},
		"fails":          {fit(mtasts.Enforce, truth.No), []string{"error sts_server_fails"}},
		"fails, so far":  {fit(mtasts.Testing, truth.No), []string{"warning sts_server_fails", "info sts_not_enforced"}},
	}
	for c := range stsTitles {
		o := enforced
		o.Warnings = []mtasts.Warning{{Code: c, Text: "the evidence"}}
		rows["policy: "+c.String()] = policyCase{sts(o), []string{severityIn(stsWarnings)(c).String() + " sts_" + c.String()}}
	}
	return rows
}

// reportCases are about TLSRPT.
func reportCases() map[string]policyCase {
	reports := func(status tlsrpt.Status, reason tlsrpt.Reason) Facts {
		return policied(func(f *Facts, _ *Server) {
			f.TLSRPT, f.Reports = &resolve.Answer{}, tlsrpt.Outcome{Status: status, Reason: reason, Text: "the evidence"}
		})
	}
	rows := map[string]policyCase{
		"valid reports":   {reports(tlsrpt.Valid, 0), nil},
		"no reports":      {reports(tlsrpt.None, tlsrpt.NoRecord), nil},
		"bad reports":     {reports(tlsrpt.Invalid, 0), []string{"warning tlsrpt_invalid"}},
		"reports unknown": {reports(0, tlsrpt.LookupFailed), []string{"warning tlsrpt_unknown"}},
		"bogus reports":   {reports(0, tlsrpt.LookupBogus), []string{"error dnssec-invalid"}},
		"a policy, and no reports": {policied(func(f *Facts, _ *Server) {
			f.STS, f.Policy = &mtasts.Facts{}, enforced
			f.TLSRPT, f.Reports = &resolve.Answer{}, tlsrpt.Outcome{Status: tlsrpt.None}
		}), []string{"info no_tlsrpt"}},
		"TLSA records, and no reports": {policied(func(f *Facts, s *Server) {
			*s = withTLSA(dane.Outcome{Status: dane.Match})
			f.TLSRPT, f.Reports = &resolve.Answer{}, tlsrpt.Outcome{Status: tlsrpt.None}
		}), []string{"info no_tlsrpt"}},
	}
	for c := range tlsrptTitles {
		facts := reports(tlsrpt.Valid, 0)
		facts.Reports.Warnings = []tlsrpt.Warning{{Code: c, Text: "the evidence"}}
		want := []string{severityIn(tlsrptWarnings)(c).String() + " tlsrpt_" + c.String()}
		rows["reports: "+c.String()] = policyCase{facts, want}
	}
	return rows
}

// twice are facts of a host with another address that is like the first.
func twice(f Facts) Facts {
	f.Servers = append(f.Servers, f.Servers[0])
	f.Servers[1].Addr = netip.MustParseAddrPort("192.0.2.99:25")
	return f
}

// oldTLS are facts of a server that shows TLS 1.0 to who goes by its TLSA records.
func oldTLS(status dane.Status) Facts {
	return policied(func(_ *Facts, s *Server) {
		*s = withTLSA(dane.Outcome{Status: status})
		s.Named = session(func(ses *starttls.Session) {
			ses.TLS.Version, ses.TLS.Suite = tls.VersionTLS10, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA
			ses.TLS.Renegotiation = true
		})
	})
}

// expiring are facts of a host whose TLSA records' signatures have that long to go.
func expiring(left time.Duration) Facts {
	return policied(func(_ *Facts, s *Server) {
		*s = withTLSA(dane.Outcome{Status: dane.Match})
		s.TLSA.Expires = at.Add(left)
	})
}

// TestPolicyFindings gives facts in and wants the findings out.
func TestPolicyFindings(t *testing.T) {
	t.Parallel()
	for name, tt := range policyCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range Judge(&tt.facts, at).Findings {
				if f.Text == "" || strings.Contains(f.Text, "%!") {
					t.Errorf("%s has the text %q", f.Code, f.Text)
				}
				if f.Code != "host_not_found" {
					got = append(got, f.Severity.String()+" "+f.Code)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPolicyFindingsAll: the table above has every check of the catalogue that is about policies, and every value of the
// enums that lead to one has a title.
func TestPolicyFindingsAll(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, tt := range policyCases() {
		for _, f := range tt.want {
			_, code, _ := strings.Cut(f, " ")
			seen[code] = true
		}
	}
	var checks []Check
	checks = append(checks, policyChecks...)
	checks = appendTitled(checks, daneTitles, daneSeverity)
	checks = appendAs(checks, stsTitles, stsCode, severityIn(stsWarnings))
	for _, c := range appendAs(checks, tlsrptTitles, tlsrptCode, severityIn(tlsrptWarnings)) {
		if !seen[c.Code] {
			t.Errorf("no test leads to %s", c.Code)
		}
	}
	for n := dane.NoteUnknown + 1; ; n++ {
		if _, err := n.MarshalText(); err != nil {
			break
		}
		if _, ok := daneTitles[n]; !ok || n.Advice() == "" {
			t.Errorf("%s has no title, or no advice", n)
		}
	}
	for c := mtasts.CodeNone + 1; ; c++ {
		if _, err := c.MarshalText(); err != nil {
			break
		}
		if _, ok := stsTitles[c]; !ok {
			t.Errorf("mta-sts: %s has no title", c)
		}
	}
	for c := tlsrpt.CodeNone + 1; ; c++ {
		if _, err := c.MarshalText(); err != nil {
			break
		}
		if _, ok := tlsrptTitles[c]; !ok {
			t.Errorf("tlsrpt: %s has no title", c)
		}
	}
}

// TestNoteText: a note names the records that it is about.
func TestNoteText(t *testing.T) {
	t.Parallel()
	record := func(usage, matching uint8, edit func(*dane.Record)) dane.Record {
		r := dane.Record{TLSA: resolve.TLSA{Usage: usage, Selector: 1, Matching: matching, Data: []byte{0xAB}},
			Usability: dane.Usable, Fits: -1}
		edit(&r)
		return r
	}
	o := &dane.Outcome{Status: dane.Match, By: 0, Records: []dane.Record{
		record(3, 2, func(r *dane.Record) { r.Fits = 0 }),
		record(3, 1, func(r *dane.Record) { r.Ignored, r.Fits = true, 0 }),
		record(1, 1, func(r *dane.Record) { r.Usability = dane.PKIXUsage }),
		record(2, 1, func(*dane.Record) {}),
	}}
	for n, want := range map[dane.Note]string{
		dane.DigestIgnored: ": 3 1 1 AB", dane.UsageForWeb: ": 1 1 1 AB", dane.StaleRecord: ": 2 1 1 AB", dane.EEExpired: "",
	} {
		if got := noteText(n, o); got != daneTitles[n].title+want {
			t.Errorf("%s: %q", n, got)
		}
	}
}

// TestREQUIRETLS: it counts inside TLS alone, and is unknown where nobody got so far.
func TestREQUIRETLS(t *testing.T) {
	t.Parallel()
	offers := func(before, after bool) *starttls.Session {
		return session(func(s *starttls.Session) {
			if before {
				s.Before = append(s.Before, "REQUIRETLS")
			}
			if after {
				s.After = append(s.After, "RequireTLS x")
			}
		})
	}
	for _, tt := range []struct {
		name string
		s    *starttls.Session
		want truth.Truth
	}{
		{"inside", offers(false, true), truth.Yes},
		{"both", offers(true, true), truth.Yes},
		{"before alone", offers(true, false), truth.No},
		{"neither", offers(false, false), truth.No},
		{"another word", session(func(s *starttls.Session) { s.After = []string{"REQUIRETLSX"} }), truth.No},
		{"no TLS", ended(starttls.EHLO, starttls.StartTLSNotSupported), truth.No},
		{"not reached", ended(starttls.StageNone, starttls.ConnectTimeout), truth.Unknown},
		{"421", ended(starttls.Connected, starttls.TooManyConnections), truth.Unknown},
		{"silent inside", ended(starttls.TLS, starttls.AfterTLSTimeout), truth.Unknown},
		{"no session", nil, truth.Unknown},
	} {
		s := Server{Session: tt.s}
		if got := s.REQUIRETLS(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestEffective: who goes by what, for the ways in which records and policies can stand beside each other.
func TestEffective(t *testing.T) {
	t.Parallel()
	with := server(session(nil), good, truth.Yes)
	with.TLSA.Found, with.DANE.Status = true, dane.Match
	without := server(session(nil), good, truth.Yes)
	without.DANE.Status, without.DANE.Reason = dane.None, dane.NoRecord
	plain := without
	plain.DANE.Status = dane.Insecure
	failed := without
	failed.DANE.Status = dane.Failed
	unusable := with
	unusable.DANE.Status = dane.Unusable
	unseen := Server{Label: "mx2.example.net", NoAddress: mx.HostNotFound}
	set := func(kind mx.Kind, trust resolve.Trust) mx.Set { return mx.Set{Kind: kind, Trust: trust} }
	signed, unsigned := set(mx.Listed, resolve.Secure), set(mx.Listed, resolve.Insecure)
	none := mtasts.Outcome{Status: mtasts.None}
	enforce := mtasts.Outcome{Status: mtasts.Valid, Policy: mtasts.Policy{Mode: mtasts.Enforce}}
	testing := mtasts.Outcome{Status: mtasts.Valid, Policy: mtasts.Policy{Mode: mtasts.Testing}}
	asked := &mtasts.Facts{}
	same := func(r Rule) Effective { return Effective{r, r, r, r} }
	for _, tt := range []struct {
		name  string
		facts Facts
		want  Effective
	}{
		{"DANE", Facts{MX: signed, Servers: []Server{with, with}, STS: asked, Policy: none}, same(ByDANE)},
		{"DANE under an unsigned MX", Facts{MX: unsigned, Servers: []Server{with}, STS: asked, Policy: none},
			Effective{ByDANE, ByDANE, ByDANE, Opportunistic}},
		{"DANE without MX records", Facts{MX: set(mx.Implicit, resolve.Insecure), Servers: []Server{with}, STS: asked,
			Policy: none}, same(ByDANE)},
		{"DANE and policy", Facts{MX: signed, Servers: []Server{with}, STS: asked, Policy: enforce},
			Effective{ByDANE, ByDANE, ByDANE, ByBoth}},
		{"DANE under an unsigned MX, and policy", Facts{MX: unsigned, Servers: []Server{with}, STS: asked, Policy: enforce},
			Effective{ByDANE, ByDANE, ByDANE, BySTS}},
		{"partly", Facts{MX: signed, Servers: []Server{with, without}, STS: asked, Policy: none}, same(ByDANEPartly)},
		{"partly, and policy", Facts{MX: signed, Servers: []Server{with, plain}, STS: asked, Policy: enforce},
			Effective{ByDANEAndSTS, ByDANEPartly, ByDANEPartly, ByBoth}},
		{"policy", Facts{MX: signed, Servers: []Server{without}, STS: asked, Policy: enforce},
			Effective{BySTS, Opportunistic, BySTS, BySTS}},
		{"unusable records", Facts{MX: signed, Servers: []Server{unusable}, STS: asked, Policy: none}, same(Opportunistic)},
		{"unusable records, and policy", Facts{MX: signed, Servers: []Server{unusable}, STS: asked, Policy: enforce},
			Effective{BySTS, Opportunistic, BySTS, BySTS}},
		{"partly unusable", Facts{MX: signed, Servers: []Server{with, unusable}, STS: asked, Policy: none},
			same(ByDANEPartly)},
		{"policy for testing", Facts{MX: signed, Servers: []Server{without}, STS: asked, Policy: testing},
			same(Opportunistic)},
		{"nothing", Facts{MX: signed, Servers: []Server{plain, unseen}, STS: asked, Policy: none}, same(Opportunistic)},
		{"not asked for a policy", Facts{MX: signed, Servers: []Server{without}},
			Effective{Postfix: Opportunistic}},
		{"DANE, and not asked for a policy", Facts{MX: signed, Servers: []Server{with}},
			Effective{RFC: ByDANE, Postfix: ByDANE, PostfixMap: ByDANE}},
		{"policy unknown", Facts{MX: signed, Servers: []Server{with, without}, STS: asked},
			Effective{Postfix: ByDANEPartly, PostfixMap: ByDANEPartly}},
		{"TLSA records unknown", Facts{MX: signed, Servers: []Server{with, failed}, STS: asked, Policy: none}, Effective{}},
		{"no server", Facts{MX: signed, Servers: []Server{unseen}, STS: asked, Policy: none}, Effective{}},
		{"null MX", Facts{MX: set(mx.Null, resolve.Secure)}, same(NoMail)},
		{"no domain", Facts{MX: set(mx.None, resolve.Secure)}, same(NoMail)},
		{"DNS failed", Facts{MX: set(mx.Failed, resolve.Bogus)}, Effective{}},
	} {
		got := EffectiveOf(&tt.facts)
		if got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
		if text := got.Text(); (text == "") != (got == same(got.RFC)) {
			t.Errorf("%s: %q", tt.name, text)
		}
	}
}

// TestRuleText walks every rule: its word there and back, and what it is in a sentence.
func TestRuleText(t *testing.T) {
	t.Parallel()
	words := make(map[string]bool)
	for r := RuleUnknown; r <= NoMail; r++ {
		text, err := r.MarshalText()
		var back Rule
		if err != nil || back.UnmarshalText(text) != nil || back != r || r.inWords() == "" {
			t.Errorf("%v became %v: %v", r, back, err)
		}
		words[r.inWords()] = true
	}
	if len(words) != int(NoMail)+1 {
		t.Errorf("two rules read alike: %q", slices.Sorted(maps.Keys(words)))
	}
}
