package report

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"mxtls/scanner"
	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/resolve"
	"mxtls/scanner/tlsrpt"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// policyText is what a domain publishes that senders can rely on: "DANE", "DANE partial", "STS enforce", "STS testing",
// "-" for nothing.
func policyText(r *scanner.Result) string {
	if len(r.Facts.Servers) == 0 {
		return ""
	}
	d, s := daneText(&r.Facts), stsText(&r.Facts)
	switch {
	case d != "" && s == "STS enforce":
		return d + "+STS"
	case d != "":
		return d
	}
	return s
}

// daneText is empty where nothing speaks of TLSA records.
func daneText(f *verdict.Facts) string {
	switch f.DANE {
	case dane.Full:
		return "DANE"
	case dane.Half:
		return "DANE half"
	case dane.Partial:
		return "DANE partial"
	case dane.Degraded, dane.Failing:
		return "DANE fails"
	case dane.TLSOnly:
		return "DANE unusable"
	}
	broken := func(s verdict.Server) bool { return s.TLSA.Found || s.DANE.Status == dane.Failed }
	if f.DANE == dane.LevelUnknown && slices.ContainsFunc(f.Servers, broken) {
		return "DANE ?"
	}
	return ""
}

// serverDANE is what DANE makes of one server, in a word or two.
func serverDANE(s *verdict.Server) string {
	switch s.DANE.Status {
	case dane.None, dane.Insecure:
		return "-"
	case dane.StatusUnknown:
		if s.TLSA.Found {
			return "?"
		}
		return ""
	}
	return strings.ReplaceAll(s.DANE.Status.String(), "_", " ")
}

func stsText(f *verdict.Facts) string {
	o := &f.Policy
	switch o.Status {
	case mtasts.Valid:
		if o.Mode == mtasts.ModeNone {
			return "-"
		}
		return "STS " + o.Mode.String()
	case mtasts.Invalid, mtasts.FetchError:
		return "STS broken"
	case mtasts.None:
		if f.DANE == dane.LevelUnknown && !notJudged(f) {
			return "?"
		}
		return "-"
	}
	if f.STS == nil {
		return ""
	}
	return "?"
}

// notJudged reports whether DANE was left out for reasons that are the same for all domains, and said once.
func notJudged(f *verdict.Facts) bool {
	return !slices.ContainsFunc(f.Servers, func(s verdict.Server) bool {
		return s.DANE.Status != dane.StatusUnknown || s.DANE.Reason != dane.ResolverNotTrusted && s.DANE.Reason != dane.ReasonNone
	})
}

func newMTASTSJSON(f *verdict.Facts) MTASTSJSON {
	o := &f.Policy
	m := MTASTSJSON{
		Status: o.Status.String(), ID: text(o.ID), MaxAge: int64(o.MaxAge.Seconds()), MX: []string{}, Reason: o.Reason.String(),
		Text: text(o.Text), Line: o.Line, ServersFailing: texts(failing(f)),
	}
	if o.Mode != mtasts.ModeUnknown {
		m.Mode = o.Mode.String()
	}
	for _, p := range o.MX {
		m.MX = append(m.MX, p.String())
	}
	return m
}

// failing are the hosts that fail the domain's own policy, each once.
func failing(f *verdict.Facts) []string {
	hosts := []string{}
	for i := range f.Servers {
		s := &f.Servers[i]
		if s.Fit != nil && s.Fit.Passes == truth.No && !slices.Contains(hosts, s.Label) {
			hosts = append(hosts, s.Label)
		}
	}
	return hosts
}

func newTLSRPTJSON(o *tlsrpt.Outcome) TLSRPTJSON {
	return TLSRPTJSON{Status: o.Status.String(), RUA: texts(o.RUA), Reason: o.Reason.String(), Text: text(o.Text)}
}

func newEffectiveJSON(e verdict.Effective) EffectiveJSON {
	return EffectiveJSON{RFC: e.RFC, Postfix: e.Postfix, PostfixMap: e.PostfixMap, Mox: e.Mox, Text: e.Text()}
}

func newDANEJSON(s *verdict.Server) DANEJSON {
	o := &s.DANE
	d := DANEJSON{
		Status: o.Status.String(), Reason: o.Reason.String(), Text: text(o.Text), BaseDomain: o.Base.String(),
		CertificateSHA256: named(s),
		Records:           []TLSAJSON{}, Notes: []string{}, Expires: utc(s.TLSA.Expires),
	}
	for i, r := range o.Records {
		t := newTLSAJSON(&r)
		for k := range s.Shown {
			if shown := &s.Shown[k]; shown.Matches(i) {
				t.Matched = true
				if key := shown.Chain.Chain.Key; key != "" && !slices.Contains(t.Matches, key) {
					t.Matches = append(t.Matches, key)
				}
			}
		}
		d.Records = append(d.Records, t)
	}
	for _, n := range o.Notes {
		d.Notes = append(d.Notes, n.String())
	}
	return d
}

func newTLSAJSON(r *dane.Record) TLSAJSON {
	return TLSAJSON{
		Usage: r.Usage, Selector: r.Selector, Matching: r.Matching, Data: hex.EncodeToString(r.Data[:min(len(r.Data), maxText)]),
		Usable: r.Usability == dane.Usable, Ignored: r.Ignored, Matches: []string{},
	}
}

// addressTrust is what DNSSEC makes of the addresses of a server's host.
func addressTrust(f *verdict.Facts, s *verdict.Server) resolve.Trust {
	for i := range f.MX.Hosts {
		if h := &f.MX.Hosts[i]; h.Raw == s.Label {
			return h.Trust
		}
	}
	return resolve.TrustUnknown
}

// named is the SHA-256 of the certificate that a server shows to who names the TLSA base domain; "" where nobody did.
func named(s *verdict.Server) string {
	if len(s.Shown) == 0 {
		return ""
	}
	return s.Shown[0].Chain.SHA256
}

// passes is whether mail may go to the server by the domain's policy.
func passes(s *verdict.Server) truth.Truth {
	if s.Fit == nil {
		return truth.Unknown
	}
	return s.Fit.Passes
}

// tlsaList are a server's records as zone files write them, with the data cut short.
func tlsaList(s *verdict.Server) []string {
	var all []string
	for _, r := range s.DANE.Records {
		all = append(all, strings.ToLower(fmt.Sprintf("%d %d %d %x", r.Usage, r.Selector, r.Matching, r.Data[:min(len(r.Data), 64)])))
	}
	return all
}

// publishedColumns are of the domain.
var publishedColumns = []csvColumn{
	{Column{"policy", "", "what the domain publishes for senders to rely on, as in the table"},
		func(l *csvLine) { l.word(policyText(l.result)) }},
	{Column{"dane_level", "dane_level",
		"of the whole domain: full, insecure_mx, partial, degraded, failing, tls_only, none or unknown"},
		func(l *csvLine) { l.word(l.result.Facts.DANE.String()) }},
	{Column{"mta_sts_status", "mta_sts.status", "none, valid, invalid, fetch_error or unknown"},
		func(l *csvLine) { l.word(l.result.Facts.Policy.Status.String()) }},
	{Column{"mta_sts_mode", "mta_sts.mode", "enforce, testing or none"}, func(l *csvLine) {
		if m := l.result.Facts.Policy.Mode; m != mtasts.ModeUnknown {
			l.word(m.String())
		}
	}},
	{Column{"mta_sts_id", "mta_sts.id", "of the record"}, func(l *csvLine) { l.text(l.result.Facts.Policy.ID) }},
	{Column{"mta_sts_max_age", "mta_sts.max_age", "in seconds"},
		func(l *csvLine) {
			if p := &l.result.Facts.Policy; p.Mode != mtasts.ModeUnknown {
				l.number(int(p.MaxAge.Seconds()))
			}
		}},
	{Column{"mta_sts_mx", "mta_sts.mx", "the policy's patterns, as a list"}, func(l *csvLine) {
		var all []string
		for _, p := range l.result.Facts.Policy.MX {
			all = append(all, p.String())
		}
		l.list(all)
	}},
	{Column{"mta_sts_reason", "mta_sts.reason", "code of why it is not valid"},
		func(l *csvLine) { l.word(l.result.Facts.Policy.Reason.String()) }},
	{Column{"mta_sts_text", "mta_sts.text", "the same in words; may quote the policy"},
		func(l *csvLine) { l.text(l.result.Facts.Policy.Text) }},
	{Column{"mta_sts_line", "mta_sts.line", "line of the policy that breaks a rule; empty for none"}, func(l *csvLine) {
		if n := l.result.Facts.Policy.Line; n > 0 {
			l.number(n)
		}
	}},
	{Column{"mta_sts_servers_failing", "mta_sts.servers_failing", "hosts that would get no mail by the policy, as a list"},
		func(l *csvLine) { l.list(failing(&l.result.Facts)) }},
	{Column{"tlsrpt_status", "tlsrpt.status", "none, valid, invalid or unknown"},
		func(l *csvLine) { l.word(l.result.Facts.Reports.Status.String()) }},
	{Column{"tlsrpt_rua", "tlsrpt.rua", "where reports go, as a list"}, func(l *csvLine) { l.list(l.result.Facts.Reports.RUA) }},
	{Column{"tlsrpt_reason", "tlsrpt.reason", "code of why it is not valid"},
		func(l *csvLine) { l.word(l.result.Facts.Reports.Reason.String()) }},
	{Column{"tlsrpt_text", "tlsrpt.text", "the same in words; may quote the record"},
		func(l *csvLine) { l.text(l.result.Facts.Reports.Text) }},
	{Column{"effective_policy_rfc", "effective_policy.rfc",
		"what a sender goes by that follows the RFCs: dane, dane+mta-sts, mta-sts, dane_partly, opportunistic, none or unknown"},
		func(l *csvLine) { l.word(l.result.Verdict.Effective.RFC.String()) }},
	{Column{"effective_policy_postfix", "effective_policy.postfix", "likewise, Postfix at level dane"},
		func(l *csvLine) { l.word(l.result.Verdict.Effective.Postfix.String()) }},
	{Column{"effective_policy_postfix_map", "effective_policy.postfix_map", "likewise, with postfix-tlspol as its policy table"},
		func(l *csvLine) { l.word(l.result.Verdict.Effective.PostfixMap.String()) }},
	{Column{"effective_policy_mox", "effective_policy.mox", "likewise, mox, which may also hold both: dane&mta-sts"},
		func(l *csvLine) { l.word(l.result.Verdict.Effective.Mox.String()) }},
	{Column{"effective_policy_text", "effective_policy.text", "all four in words where they differ"},
		func(l *csvLine) { l.text(l.result.Verdict.Effective.Text()) }},
}

// serverPolicyColumns are of one server.
var serverPolicyColumns = []csvColumn{
	{Column{"dane_status", "servers[].dane.status",
		"match, mismatch, unusable, none, insecure, lookup_failed or unknown"},
		ofServer(func(l *csvLine) { l.word(l.server.DANE.Status.String()) })},
	{Column{"dane_reason", "servers[].dane.reason", "code of why it is not a match"},
		ofServer(func(l *csvLine) { l.word(l.server.DANE.Reason.String()) })},
	{Column{"dane_text", "servers[].dane.text", "the same in words"},
		ofServer(func(l *csvLine) { l.text(l.server.DANE.Text) })},
	{Column{"dane_base_domain", "servers[].dane.base_domain", "TLSA base domain"},
		ofServer(func(l *csvLine) { l.word(l.server.DANE.Base.String()) })},
	{Column{"dane_records", "servers[].dane.records", "TLSA records, their data cut after 64 octets, as a list"},
		ofServer(func(l *csvLine) { l.list(tlsaList(l.server)) })},
	{Column{"dane_notes", "servers[].dane.notes", "codes of what is worth knowing though the status stands, as a list"},
		ofServer(func(l *csvLine) {
			var notes []string
			for _, n := range l.server.DANE.Notes {
				notes = append(notes, n.String())
			}
			l.list(notes)
		})},
	{Column{"dane_signatures_end", "servers[].dane.signatures_end",
		"when the first DNSSEC signature over the records ends, where the resolver gave it"},
		ofServer(func(l *csvLine) { l.time(l.server.TLSA.Expires) })},
	{Column{"requiretls", "servers[].requiretls", "REQUIRETLS is offered inside TLS: yes, no or unknown"},
		ofServer(func(l *csvLine) { l.word(l.server.REQUIRETLS().String()) })},
	{Column{"mta_sts_passes", "servers[].mta_sts_passes", "mail may go there by the domain's policy: yes, no or unknown"},
		ofServer(func(l *csvLine) { l.word(passes(l.server).String()) })},
	{Column{"address_trust", "servers[].address_trust",
		"what DNSSEC makes of the host's addresses: secure, insecure, bogus or unknown"},
		ofServer(func(l *csvLine) { l.word(addressTrust(&l.result.Facts, l.server).String()) })},
	{Column{"dane_certificate_sha256", "servers[].dane.certificate_sha256",
		"of the certificate that is shown to who names the TLSA base domain"},
		ofServer(func(l *csvLine) { l.word(named(l.server)) })},
}
