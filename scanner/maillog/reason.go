package maillog

import (
	"bytes"

	"mxtls/scanner/internal/enum"
)

// Reason is why mail was held back, or went on without what was wanted, as far as TLS is concerned. RFC 8460 4.3's words
// where it has one.
type Reason uint8

// Reasons.
const (
	ReasonNone Reason = iota
	NotOffered
	Refused
	HandshakeFailed
	CertificateNotVerified
	CertificateNotTrusted
	CertificateHostMismatch
	CertificateTooWeak
	CertificateExpired
	CertificateNotYetValid
	CertificateWrongPurpose
	ChainTooLong
	PolicyMismatch
	NotDNSSEC
	NoTLSA
	TLSAUnusable
	TLSALookup
	ClientConfiguration
	STSMismatch
	PolicyFailure
	ServerWantsTLS
	RequireTLS
	DNSSECUnavailable
	reasonEnd
)

var reasonWords = enum.Words{"", "starttls-not-supported", "starttls-refused", "handshake-failed",
	"certificate-not-verified", "certificate-not-trusted", "certificate-host-mismatch", "certificate-too-weak",
	"certificate-expired", "certificate-not-yet-valid", "certificate-wrong-purpose",
	"certificate-chain-too-long", "validation-failure", "dane-required", "tlsa-missing", "tlsa-invalid", "tlsa-lookup-failed",
	"client-configuration", "sts-mx-mismatch", "sts-policy-failure", "server-requires-tls", "requiretls-not-met",
	"dnssec-unavailable"}

func (r Reason) String() string               { return enum.String("reason", reasonWords, r) }
func (r Reason) MarshalText() ([]byte, error) { return enum.Marshal("reason", reasonWords, r) }
func (r *Reason) UnmarshalText(text []byte) error {
	return enum.Unmarshal("reason", reasonWords, r, text)
}

// Reasons are all reasons in order.
func Reasons() []Reason {
	all := make([]Reason, 0, reasonEnd-1)
	for r := ReasonNone + 1; r < reasonEnd; r++ {
		all = append(all, r)
	}
	return all
}

// Meaning says in plain words what happened.
func (r Reason) Meaning() string { return r.words().meaning }

// Fix says what to do about it, and who can.
func (r Reason) Fix() string { return r.words().fix }

func (r Reason) words() reasonText {
	if int(r) >= len(reasonTexts) {
		return reasonText{}
	}
	return reasonTexts[r]
}

type reasonText struct{ meaning, fix string }

var reasonTexts = [...]reasonText{
	NotOffered: {"your policy asks for TLS and the server offers none",
		"mxtls scan the domain: if it offers STARTTLS, something on your path strips it; if not, only its operator can turn it " +
			"on, and until then the domain needs level may in smtp_tls_policy_maps"},
	Refused: {"the server offers STARTTLS, then refuses to begin it",
		"its certificate or key is missing or unreadable: tell its postmaster; a 5xx answer bounces at every level above may"},
	HandshakeFailed: {"the two sides agreed on no TLS version or cipher, or the server broke off",
		"mxtls scan -v the domain shows where it ends; at level may Postfix sends in plain text on a later try, above may never"},
	CertificateNotVerified: {"the certificate's chain, name or TLSA record does not hold, and the level asks for it",
		"the line before it says which; at level secure most hosted domains need match= with the provider's name: " +
			"mxtls plan --to secure --write-map writes the entries"},
	CertificateNotTrusted: {"no authority that your Postfix knows has signed the certificate",
		"set smtp_tls_CAfile to your system's bundle, it is empty by default; if it is set, the server is self-signed or " +
			"sends an incomplete chain"},
	CertificateHostMismatch: {"the certificate is for other names than your level asks for",
		"at level secure that is the recipient's domain, which most hosted domains have no certificate for: they need match= " +
			"with the provider's name, and mxtls plan --to secure --write-map writes the entries"},
	CertificateTooWeak: {"the certificate's key or signature is weaker than OpenSSL takes where a match is asked for",
		"only the server's operator can replace it (RSA of 2,048 bits and SHA-256 will do): tell its postmaster"},
	CertificateExpired: {"the certificate's time has passed",
		"only the server's operator can renew it: tell its postmaster"},
	CertificateNotYetValid: {"the certificate is not valid yet",
		"check the clock of this machine first, then tell the server's postmaster"},
	CertificateWrongPurpose: {"the certificate is not made for servers",
		"only the server's operator can replace it: tell its postmaster"},
	ChainTooLong: {"the chain has more certificates than smtp_tls_scert_verifydepth",
		"raise smtp_tls_scert_verifydepth to its default, 9, or tell the server's postmaster"},
	PolicyMismatch: {"the certificate is none of those that TLSA records or your fingerprints name",
		"the operator changed the certificate before the TLSA record, or somebody is in between: tell its postmaster, do not " +
			"lower the level; for level fingerprint compare and update match="},
	NotDNSSEC: {"level dane-only needs a domain signed by DNSSEC, and this one is not",
		"use level dane for it, or none of both: mxtls scan tells which domains are signed"},
	NoTLSA: {"level dane-only needs TLSA records, and the server has none",
		"use level dane for the domain: it acts as may where there is no TLSA record"},
	TLSAUnusable: {"the server has TLSA records of which none can be used",
		"its operator must publish usage 3 or 2 (RFC 7672 3.1): tell its postmaster"},
	TLSALookup: {"the TLSA records could not be looked up, so it is not known whether there are any",
		"if it is one domain, its name servers fail for TLSA; if it is many, your resolver does"},
	ClientConfiguration: {"your Postfix could not set its own TLS up",
		"postfix check, and the lines before it: a certificate, key or CAfile named in main.cf cannot be read"},
	STSMismatch: {"the mail host is none of those that the domain's MTA-STS policy names",
		"the domain changed its MX without its policy, or somebody forged the MX: tell its postmaster"},
	PolicyFailure: {"the domain's MTA-STS policy could not be had or read",
		"mxtls scan the domain shows what its policy host serves"},
	ServerWantsTLS: {"the server takes mail over TLS alone, and your Postfix came without",
		"set smtp_tls_security_level = may: it is empty by default, which means none"},
	RequireTLS: {"the sender asked for REQUIRETLS (RFC 8689) and no server of the domain grants it",
		"the sender must send without it, or the domain's operator must support it"},
	DNSSECUnavailable: {"your resolver does not validate, so no TLSA record can be believed",
		"run a validating resolver on this machine and set smtp_dns_support_level = dnssec"},
}

// reasonPattern is a piece of a text of Postfix's own, and what it means. The first that fits counts.
type reasonPattern struct {
	text   string
	reason Reason
}

var reasonPatterns = []reasonPattern{
	{"refused to start TLS", Refused}, // first: the server's own words stand behind it
	{"TLS is required, but was not offered", NotOffered},
	{"Cannot start TLS: handshake failure", HandshakeFailed},
	{"SSL_connect error", HandshakeFailed},
	{"SSL_accept error", HandshakeFailed},
	{"TLS library problem", HandshakeFailed},
	{"Server certificate not trusted", CertificateNotTrusted},
	{"Server certificate not verified", CertificateNotVerified},
	{"does not match STS MX pattern", STSMismatch},
	{"external policy failure", PolicyFailure},
	{"non DNSSEC destination", NotDNSSEC},
	{"no TLSA records found", NoTLSA},
	{"TLSA records unusable", TLSAUnusable},
	{"TLSA lookup", TLSALookup},
	{"client TLS configuration problem", ClientConfiguration},
	{"DNSSEC validation may be unavailable", DNSSECUnavailable},
	{"REQUIRETLS", RequireTLS},
}

// verifyPatterns are the ends of "certificate verification failed for H[A]:P: ...", and of a bare num=N:TEXT.
var verifyPatterns = []reasonPattern{
	{": untrusted issuer ", CertificateNotTrusted}, // first: a name of the server's choice stands behind it
	{"external policy failure", PolicyFailure},
	{"not trusted by local or TLSA policy", PolicyMismatch},
	{"expired", CertificateExpired},
	{"not yet valid", CertificateNotYetValid},
	{"not designated for use", CertificateWrongPurpose},
	{"longer than limit", ChainTooLong},
	{"no matching DANE TLSA records", PolicyMismatch},
	{"hostname mismatch", CertificateHostMismatch},
	{"IP address mismatch", CertificateHostMismatch},
	{"too weak", CertificateTooWeak},
	{"self-signed", CertificateNotTrusted},
	{"self signed", CertificateNotTrusted}, // OpenSSL before 3.0
	{"unable to get", CertificateNotTrusted},
	{"", CertificateNotVerified}, // num=N: whatever else OpenSSL has against a chain
}

// reasonOf finds the reason in a text that Postfix itself wrote.
func reasonOf(text []byte, patterns []reasonPattern) Reason {
	for _, p := range patterns {
		if bytes.Contains(text, []byte(p.text)) {
			return p.reason
		}
	}
	return ReasonNone
}

// statusReason is the reason in a delivery's bracket. What the other server said stands behind "said: ", or "refused to
// talk to me: " where it was the greeting, and is its own: of that only the demand for TLS counts (RFC 3207 4), whose
// reply may have several lines.
func statusReason(text []byte) Reason {
	_, said, remote := bytes.Cut(text, []byte(" said: "))
	switch {
	case remote && (bytes.HasPrefix(said, []byte("530 ")) || bytes.HasPrefix(said, []byte("530-"))) &&
		bytes.Contains(said, []byte("STARTTLS")):
		return ServerWantsTLS
	case remote, bytes.Contains(text, []byte(" refused to talk to me: ")):
		return ReasonNone
	}
	return reasonOf(text, reasonPatterns)
}
