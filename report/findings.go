package report

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"mxtls/scanner"
	"mxtls/scanner/dane"
	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

const (
	findingsShown = 12 // kinds of findings under a table: what does not fit a screen is not read
	domainsShown  = 3  // domains named for each
)

// findings counts a run's findings by code, so that a million of them cost no more than a few.
type findings struct {
	kinds map[string]*findingKind
}

// findingKind is one code and where it was found.
type findingKind struct {
	code     string
	severity verdict.Severity // the gravest
	domains  int
	examples []string
}

func newFindings() *findings { return &findings{kinds: map[string]*findingKind{}} }

// add counts a result's findings, each code once a domain. domain is how the domain is shown.
func (f *findings) add(r *scanner.Result, domain string) {
	for i := range r.Verdict.Findings {
		one := &r.Verdict.Findings[i]
		again := func(e verdict.Finding) bool { return e.Code == one.Code }
		if slices.ContainsFunc(r.Verdict.Findings[:i], again) {
			continue
		}
		k := f.kinds[one.Code]
		if k == nil {
			k = &findingKind{code: one.Code}
			f.kinds[one.Code] = k
		}
		k.severity = max(k.severity, one.Severity)
		k.domains++
		if len(k.examples) < domainsShown {
			k.examples = append(k.examples, domain)
		}
	}
}

// worst are the kinds of at least a severity: the gravest first, then the most frequent; and how many were left out.
func (f *findings) worst(least verdict.Severity) (shown []*findingKind, more int) {
	for _, k := range f.kinds {
		if k.severity >= least {
			shown = append(shown, k)
		}
	}
	slices.SortFunc(shown, func(a, b *findingKind) int {
		return cmp.Or(cmp.Compare(b.severity, a.severity), cmp.Compare(b.domains, a.domains), cmp.Compare(a.code, b.code))
	})
	if len(shown) > findingsShown {
		more = len(shown) - findingsShown
		shown = shown[:findingsShown]
	}
	return shown, more
}

// titles are the catalogue's one-line meanings.
var titles = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for _, c := range verdict.Catalogue() {
		all[c.Code] = c.Title
	}
	return all
})

// inWords is the meaning of a code; the code's own words where the catalogue has none.
func inWords(code string) string {
	if title := titles()[code]; title != "" {
		return title
	}
	return strings.NewReplacer("_", " ", "-", " ").Replace(code)
}

// meaning is what a code says and what to do about it, in one line.
func meaning(code string) string {
	text := inWords(code)
	text = strings.ToUpper(text[:1]) + text[1:] + "."
	var note dane.Note
	switch do := advice[code]; {
	case do != "":
		text += " " + do
	case note.UnmarshalText([]byte(code)) == nil && note != dane.NoteUnknown:
		text += " " + note.Advice()
	}
	return text
}

// advice says what an operator who sends mail to these domains can do. Codes that need nothing have none.
var advice = map[string]string{
	starttls.StartTLSNotSupported.String(): "Mail goes in plain text: ask its operator to turn TLS on.",
	starttls.StartTLSStripped.String():     "Look for a firewall that inspects SMTP on your side first.",
	starttls.StartTLSRefused.String():      "Mail goes in plain text: ask its operator.",
	starttls.StartTLSTemporary.String():    "Look again later; it is often a certificate that cannot be read.",
	starttls.ResponseInjection.String():    "What an attacker adds would pass for encrypted: tell its operator.",
	starttls.HELOOnly.String():             "Mail goes in plain text: ask its operator for a server of this century.",
	starttls.StartTLSBadReply.String():     "Mail goes in plain text: ask its operator.",
	starttls.TLSAlert.String():             "Mail is put off and then goes in plain text: ask its operator to mend TLS.",
	starttls.TLSNotTLS.String():            "Mail is put off and then goes in plain text: ask its operator to mend TLS.",
	starttls.TLSNoCipher.String():          "Another program may find one: try openssl s_client -starttls smtp.",
	starttls.AfterTLSClosed.String():       "It takes handshakes and no mail: ask its operator to mend TLS.",
	starttls.ConnectionRefused.String():    "If many do this, port 25 is blocked on your side.",
	starttls.NotSMTP.String():              "The MX record leads to the wrong machine: tell its operator.",
	starttls.ReservedAddress.String():      "The domain's DNS is wrong, or meant for its own network.",
	starttls.TooManyConnections.String():   "Look again later, with a lower --rate or --per-provider.",
	starttls.GreetingTemporary.String():    "Look again later.",
	starttls.RefusedByPolicy.String():      "It refuses this machine, not TLS: look from your mail server.",
	starttls.ConnectTimeout.String():       "If many do this, port 25 is blocked on your side.",
	starttls.GreetingTimeout.String():      "Look again later, with a longer --timeout.",
	starttls.TLSVersion.String():           "Ask its operator for TLS 1.2 or later.",
	pkix.Expired.String():                  "Delivery that wants a valid certificate fails: ask its operator to renew it.",
	pkix.SelfSigned.String():               "It encrypts but proves nothing: do not demand verification here.",
	pkix.UnknownIssuer.String():            "Check that your root bundle is current; else as with a self-signed one.",
	pkix.IncompleteChain.String():          "Its operator must send the intermediate certificate too.",
	mx.LookupServFail.String():             "Look again later; if it stays, the domain's DNS is broken.",
	mx.LookupTimeout.String():              "Look again later, or with another --resolver.",
	mx.LookupBogus.String():                "A validating sender cannot deliver: the domain's operator must mend DNSSEC.",
	mx.NoSuchDomain.String():               "Mail would bounce: correct or remove the domain.",
	verdict.InvalidInput:                   "Correct the list.",
	verdict.CertificateHostMismatch:        "Verification by the MX host's name fails: do not demand it here.",
	verdict.CertificateExpiresSoon:         "Look again after that day.",
	verdict.OldTLSVersion:                  "Ask its operator for TLS 1.2 or later.",
	verdict.TLSAInvalid:                    "Senders with DANE deliver nothing there: its operator must publish a record for the key in use.",
	verdict.NoUsableTLSA:                   "Its operator should publish 3 1 1 records.",
	verdict.TLSALookupFailed:               "Senders with DANE put mail off: its operator must mend the DNS.",
	verdict.TLSAWithoutTLS:                 "Senders with DANE deliver nothing there: its operator must turn TLS on or take the records away.",
	verdict.DANEPartial:                    "Its operator should publish records for all mail hosts.",
	verdict.DANEInsecureMX:                 "Its operator should sign the mail domain too.",
	verdict.SignaturesEnd:                  "When they have ended, senders with DANE put mail off: its operator must sign the zone again.",
	verdict.STSFetchError:                  "Senders see no policy: its operator must mend the web server at mta-sts.DOMAIN.",
	verdict.STSPolicyInvalid:               "Senders see no policy: mxtls verify --sts-policy FILE tells more.",
	verdict.STSWebPKIInvalid:               "Senders see no policy: its operator must renew that certificate.",
	verdict.STSRecordInvalid:               "Senders see no policy: mxtls verify --sts-record TEXT tells more.",
	verdict.STSServerFails:                 "Its operator must mend the server's certificate or the policy.",
}
