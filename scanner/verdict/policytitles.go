package verdict

import (
	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/tlsrpt"
)

// Codes of the findings on what domains publish. Those with hyphens are RFC 8460 4.3's.
const (
	TLSAInvalid       = "tlsa-invalid"
	NoUsableTLSA      = "no_usable_tlsa_record"
	TLSALookupFailed  = "tlsa_lookup_failed"
	TLSAWithoutTLS    = "tlsa_without_tls"
	DANEPartial       = "dane_partial"
	DANEInsecureMX    = "dane_insecure_mx"
	SignaturesEnd     = "dnssec_signatures_end"
	STSFetchError     = "sts-policy-fetch-error"
	STSPolicyInvalid  = "sts-policy-invalid"
	STSWebPKIInvalid  = "sts-webpki-invalid"
	STSRecordInvalid  = "sts_record_invalid"
	STSUnknown        = "sts_unknown"
	STSNotEnforced    = "sts_not_enforced"
	STSServerFails    = "sts_server_fails"
	TLSRPTInvalid     = "tlsrpt_invalid"
	TLSRPTUnknown     = "tlsrpt_unknown"
	NoTLSRPT          = "no_tlsrpt"
	REQUIRETLSOutside = "requiretls_outside_tls"
)

var policyChecks = []Check{
	{TLSAInvalid, Error, "the server's certificate does not fit its TLSA records", "RFC 7672 2.2, RFC 8460 4.3"},
	{NoUsableTLSA, Warning, "none of the TLSA records can be used: TLS is wanted, and anybody will do", "RFC 7672 2.2, 3.1.3"},
	{TLSALookupFailed, Error, "the TLSA records could not be looked up", "RFC 7672 2.1.1"},
	{TLSAWithoutTLS, Error, "there are TLSA records, and the server does not do TLS", "RFC 7672 2.2"},
	{DANEPartial, Warning, "some mail hosts have TLSA records and others have none", "RFC 7672 2.2.1"},
	{DANEInsecureMX, Warning, "the mail hosts have TLSA records, and the MX records are not signed", "RFC 7672 2.2.1"},
	{SignaturesEnd, Warning, "the DNSSEC signatures over the TLSA records end within two days, or have ended", "RFC 4035 5.3.1"},
	{STSFetchError, Warning, "the MTA-STS policy could not be fetched", "RFC 8461 3.3, RFC 8460 4.3"},
	{STSPolicyInvalid, Warning, "the MTA-STS policy breaks the rules", "RFC 8461 3.2, RFC 8460 4.3"},
	{STSWebPKIInvalid, Warning, "the certificate of the MTA-STS policy host does not hold", "RFC 8461 3.3, RFC 8460 4.3"},
	{STSRecordInvalid, Warning, "the MTA-STS record breaks the rules", "RFC 8461 3.1"},
	{STSUnknown, Warning, "whether there is an MTA-STS policy could not be told", "RFC 8461 3.1"},
	{STSNotEnforced, Info, "the MTA-STS policy enforces nothing", "RFC 8461 5"},
	{STSServerFails, Error, "a mail server fails the domain's own MTA-STS policy", "RFC 8461 4, 5"},
	{TLSRPTInvalid, Warning, "the TLSRPT record breaks the rules", "RFC 8460 3"},
	{TLSRPTUnknown, Warning, "whether there is a TLSRPT record could not be told", "RFC 8460 3"},
	{NoTLSRPT, Info, "there is a policy, and no address for reports on it", "RFC 8460 3"},
	{REQUIRETLSOutside, Warning, "REQUIRETLS is offered outside of TLS alone", "RFC 8689 2"},
}

var daneTitles = map[dane.Note]titled{
	dane.UsageForWeb:          {"a TLSA record has usage 0 or 1, which mail servers do not use", "RFC 7672 3.1.3"},
	dane.UnusableRecord:       {"a TLSA record cannot be used", "RFC 7672 2.2"},
	dane.RecordsCut:           {"there are more TLSA records than are looked at", "limit of this program"},
	dane.DigestIgnored:        {"a SHA-256 digest stands beside a SHA-512 one and is not looked at", "RFC 7671 9"},
	dane.StaleRecord:          {"a TLSA record fits nothing that the server shows: left over, or ahead of a new key", "RFC 7671 8.1"},
	dane.LeafAsAnchor:         {"a TLSA record of usage 2 names the server's own certificate, which is no anchor", "RFC 7671 5.2"},
	dane.EEExpired:            {"the certificate is out of date, which does not matter under usage 3", "RFC 7672 3.1.1"},
	dane.EEWrongName:          {"the certificate has another name, which does not matter under usage 3", "RFC 7672 3.1.1"},
	dane.NextHopName:          {"only the mail domain's name fits, and the MX records are not signed", "RFC 7672 3.2.2"},
	dane.WholeCertificate:     {"a TLSA record names the certificate rather than its key: it ends with the renewal", "RFC 7671 5.1"},
	dane.NoSpareRecord:        {"there is one TLSA record alone: the next key needs care", "RFC 7671 8.1"},
	dane.RawKeyPossible:       {"all TLSA records are 3 1 x: a key without a certificate would do", "RFC 7671 5.1, RFC 7250"},
	dane.CertificateUncovered: {"one of the server's certificates fits no TLSA record, another does", "RFC 7672 2.2"},
	dane.OtherPort:            {"there are TLSA records for another port of the host, and none for 25", "RFC 7672 2.2.3"},
	dane.AtDomain:             {"there are TLSA records at the mail domain, and none at its mail host", "RFC 7672 2.2.3"},
}

// daneSeverity is a note's: a warning where a sender fails or will.
func daneSeverity(n dane.Note) Severity {
	switch n {
	case dane.UsageForWeb, dane.UnusableRecord, dane.LeafAsAnchor, dane.CertificateUncovered, dane.AtDomain, dane.NextHopName,
		dane.EEExpired:
		return Warning
	}
	return Info
}

var stsTitles = map[mtasts.Code]titled{
	mtasts.NearRecord:     {"a TXT record looks like one of MTA-STS and is none to the letter", "RFC 8461 3.1"},
	mtasts.BlankDelimiter: {"a blank before the semicolon: some senders see no MTA-STS record", "RFC 8461 3.1, erratum 6285"},
	mtasts.DuplicateField: {"a field of the MTA-STS record stands twice", "RFC 8461 3.1"},
	mtasts.UpperCaseField: {"a field of the MTA-STS record is in capitals, which makes it another one", "RFC 8461 3.1"},
	mtasts.ContentType:    {"the MTA-STS policy is not served as text/plain", "RFC 8461 3.2"},
	mtasts.ByteOrderMark:  {"the MTA-STS policy begins with a byte order mark", "RFC 8461 3.2"},
	mtasts.BareCR:         {"a line of the MTA-STS policy ends in CR alone", "RFC 8461 3.2, erratum 6253"},
	mtasts.BlankLine:      {"the MTA-STS policy has an empty line", "RFC 8461 3.2"},
	mtasts.BlankAroundKey: {"a key of the MTA-STS policy has blanks around it", "RFC 8461 3.2"},
	mtasts.TrailingBlank:  {"a line of the MTA-STS policy ends in blanks", "RFC 8461 3.2"},
	mtasts.NoFinalNewline: {"the last line of the MTA-STS policy has no end", "RFC 8461 3.2"},
	mtasts.DuplicateKey:   {"a key of the MTA-STS policy stands twice", "RFC 8461 3.2"},
	mtasts.UpperCaseKey:   {"a key of the MTA-STS policy is in capitals, which makes it another one", "RFC 8461 3.2"},
	mtasts.ManyPatterns:   {"the MTA-STS policy has more mx lines than any domain has servers", "RFC 8461 3.2"},
	mtasts.MaxAgeTooLarge: {"max_age of the MTA-STS policy is above the limit", "RFC 8461 3.2, erratum 7282"},
	mtasts.MaxAgeDay:      {"max_age of the MTA-STS policy is below a day: it is hardly ever in force", "RFC 8461 3.2"},
	mtasts.MaxAgeWeek:     {"max_age of the MTA-STS policy is below a week", "RFC 8461 3.2"},
}

var tlsrptTitles = map[tlsrpt.Code]titled{
	tlsrpt.NearRecord:     {"a TXT record looks like one of TLSRPT and is none to the letter", "RFC 8460 3"},
	tlsrpt.BlankDelimiter: {"a blank before the semicolon: some senders see no TLSRPT record", "RFC 8460 3"},
	tlsrpt.SeveralRUA:     {"the TLSRPT record has several rua fields, of which some senders take one", "RFC 8460 3"},
	tlsrpt.UpperCaseField: {"a field of the TLSRPT record is in capitals, which makes it another one", "RFC 8460 3"},
	tlsrpt.UnknownScheme:  {"a report address of the TLSRPT record is neither mailto nor https", "RFC 8460 3"},
	tlsrpt.External:       {"reports on TLS go to somebody else", "RFC 8460 3"},
}

// warnings are the severities of what the lower packages warn of: a warning where some senders see no policy.
var (
	stsWarnings = map[mtasts.Code]Severity{
		mtasts.TrailingBlank: Info, mtasts.NoFinalNewline: Info, mtasts.MaxAgeWeek: Info, mtasts.DuplicateField: Info,
	}
	tlsrptWarnings = map[tlsrpt.Code]Severity{tlsrpt.External: Info}
)

// severityIn is Warning but for what stands in a table.
func severityIn[C comparable](table map[C]Severity) func(C) Severity {
	return func(c C) Severity {
		if s, ok := table[c]; ok {
			return s
		}
		return Warning
	}
}
