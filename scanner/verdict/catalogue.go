package verdict

import (
	"maps"
	"slices"
	"sync"

	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
)

// Check is one entry of the catalogue: what a finding's code means, how grave it is, and what it rests on.
type Check struct {
	Code     string
	Severity Severity
	Title    string // one line for a person
	Source   string // RFC and section, or where else it comes from
}

// Codes of the findings that no lower package names. Codes with hyphens are RFC 8460 4.3's.
const (
	InvalidInput            = "invalid_input"
	DomainIsAlias           = "domain_is_alias"
	MXIsAlias               = "mx_is_alias"
	MXIsAddress             = "mx_is_address"
	MXTooMany               = "mx_too_many"
	AddressesTooMany        = "addresses_too_many"
	AddressLookupFailed     = "address_lookup_failed"
	AnswersDiffer           = "answers_differ"
	CertificatesDiffer      = "certificates_differ"
	GreetPause              = "greet_pause"
	OldTLSVersion           = "old_tls_version"
	WeakCipher              = "weak_cipher"
	NoForwardSecrecy        = "no_forward_secrecy"
	STARTTLSInTLS           = "starttls_in_tls"
	NegotiatedNotCompleted  = "negotiated_not_completed"
	OpenSSLRefuses          = "openssl_refuses"
	PQIntolerant            = "pq_intolerant"
	AnonymousTLS            = "anonymous_tls"
	CertificateHostMismatch = "certificate-host-mismatch"
	CertificateExpiresSoon  = "certificate_expires_soon"
	CertificateDiffersBySNI = "certificate_differs_by_sni"
)

// ownChecks are the checks that this package decides itself.
var ownChecks = []Check{
	{InvalidInput, Error, "the input is no mail domain", "RFC 5321 2.3.5"},
	{DomainIsAlias, Info, "the domain is a CNAME; its target's mail hosts were used", "RFC 5321 5.1"},
	{MXIsAlias, Warning, "an MX record names a CNAME", "RFC 2181 10.3, RFC 5321 5.1"},
	{MXIsAddress, Warning, "an MX record names an address instead of a host", "RFC 1035 3.3.9"},
	{MXTooMany, Info, "more MX records than are looked at", "limit of this program"},
	{AddressesTooMany, Info, "more addresses than Postfix would try", "postconf(5) smtp_mx_address_limit"},
	{AddressLookupFailed, Warning, "one address family of a mail host could not be looked up", "RFC 2308 7"},
	{AnswersDiffer, Warning, "one host's addresses answer differently", "design choice: every address is asked"},
	{CertificatesDiffer, Info, "one host's addresses show certificates from different issuers", "design choice: every address is asked"},
	{GreetPause, Info, "the server waits before it greets", "postconf(5) postscreen_greet_wait"},
	{OldTLSVersion, Warning, "TLS 1.0 or 1.1 was negotiated", "RFC 8996"},
	{WeakCipher, Warning, "a broken cipher was negotiated", "RFC 7465, RFC 9325 4.1"},
	{NoForwardSecrecy, Warning, "the cipher has no forward secrecy", "RFC 9325 4.1"},
	{STARTTLSInTLS, Warning, "STARTTLS is offered again inside TLS", "RFC 3207 4.2"},
	{NegotiatedNotCompleted, Info, "Postfix would encrypt, with what this program cannot finish", "RFC 5246 7.3"},
	{OpenSSLRefuses, Warning, "Postfix with OpenSSL 3 breaks the handshake off", "RFC 5746 4.2, OpenSSL ssl(7)"},
	{PQIntolerant, Warning, "the server does not answer a ClientHello with a post-quantum key share", "RFC 8446 4.2.8"},
	{AnonymousTLS, Warning, "TLS without a certificate: nobody knows who is at the other end", "RFC 5246 F.1.1.1"},
	{CertificateHostMismatch, Warning, "the certificate is for other names than the MX host", "RFC 6125 6, RFC 8460 4.3"},
	{CertificateExpiresSoon, Warning, "the certificate ends within 14 days", "RFC 5280 4.1.2.5"},
	{CertificateDiffersBySNI, Info, "the server shows another certificate to who names it", "RFC 6066 3"},
}

// plaintext are the reasons for which mail goes, or would go, unencrypted: the gravest that can be said.
var plaintext = map[starttls.Reason]bool{
	starttls.HELOOnly: true, starttls.StartTLSNotSupported: true, starttls.StartTLSStripped: true,
	starttls.StartTLSRefused: true, starttls.StartTLSBadReply: true, starttls.StartTLSTemporary: true,
	starttls.ResponseInjection: true, starttls.TLSNotTLS: true, starttls.TLSAlert: true, starttls.TLSVersion: true,
	starttls.AfterTLSClosed: true, starttls.InternalError: true,
}

// unasked are the reasons that say something of us and nothing of the server.
var unasked = map[starttls.Reason]bool{
	starttls.NotTested: true, starttls.NoIPv6: true, starttls.OptedOut: true, starttls.Interrupted: true,
}

// harmless are the MX reasons that are no fault.
var harmless = map[mx.Reason]bool{mx.NullMX: true, mx.OptedOut: true}

// permanent are the MX reasons for which mail would bounce.
var permanent = map[mx.Reason]bool{
	mx.NoSuchDomain: true, mx.NoMailHost: true, mx.HostNotFound: true, mx.HostNoAddress: true, mx.HostMalformed: true,
	mx.LookupBogus: true,
}

// Catalogue is every check, in the order of the pipeline: input and MX, session, certificate, policies. A code stands
// once.
func Catalogue() []Check {
	var checks []Check
	checks = appendTitled(checks, mxTitles, mxSeverity)
	checks = appendTitled(checks, sessionTitles, sessionSeverity)
	checks = appendTitled(checks, chainTitles, func(pkix.Reason) Severity { return Warning })
	checks = appendTitled(checks, noteTitles, func(pkix.Note) Severity { return Info })
	checks = append(append(checks, ownChecks...), policyChecks...)
	checks = appendTitled(checks, daneTitles, daneSeverity)
	checks = appendAs(checks, stsTitles, stsCode, severityIn(stsWarnings))
	return appendAs(checks, tlsrptTitles, tlsrptCode, severityIn(tlsrptWarnings))
}

// code is an enum whose words are codes of the catalogue.
type code interface {
	~uint8
	String() string
}

// appendTitled appends the checks of one enum in its order. A code that two packages share keeps its first meaning.
func appendTitled[C code](checks []Check, titles map[C]titled, severity func(C) Severity) []Check {
	return appendAs(checks, titles, C.String, severity)
}

// appendAs is appendTitled where the codes are not the words.
func appendAs[C code](checks []Check, titles map[C]titled, word func(C) string, severity func(C) Severity) []Check {
	for _, c := range slices.Sorted(maps.Keys(titles)) {
		if slices.ContainsFunc(checks, func(other Check) bool { return other.Code == word(c) }) {
			continue
		}
		checks = append(checks, Check{word(c), severity(c), titles[c].title, titles[c].source})
	}
	return checks
}

func mxSeverity(r mx.Reason) Severity {
	switch {
	case harmless[r]:
		return Info
	case permanent[r]:
		return Error
	default:
		return Warning
	}
}

func sessionSeverity(r starttls.Reason) Severity {
	switch {
	case plaintext[r]:
		return Error
	case unasked[r]:
		return Info
	default:
		return Warning
	}
}

// severityOf looks a check's severity up.
func severityOf(code string) Severity { return severities()[code] }

var severities = sync.OnceValue(func() map[string]Severity {
	all := map[string]Severity{}
	for _, c := range Catalogue() {
		all[c.Code] = c.Severity
	}
	return all
})
