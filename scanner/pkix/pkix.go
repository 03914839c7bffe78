// Package pkix loads root bundles and judges certificate chains: path, purpose, dates and names (RFC 5280, RFC 6125).
//
// A Bundle is a set of roots and where it came from: Load and LoadDir read what was asked for, System what the
// operating system has, Mozilla what this program carries. No environment variable has a say, so that the same bundle
// gives the same verdict everywhere. Survey looks at every place in which systems keep theirs, Inspect reads what Postfix
// could not use either, and NewAudit says what is to be said of each certificate and block, beside another bundle.
//
// A Verifier judges chains as sent. Verdicts come out, each on the chain alone:
//
//   - Verifier.Postfix: what a Postfix client does, which has OpenSSL 3 verify at security level 0 or 1;
//   - Verifier.WebPKI: what a strict sender does who goes by the rules of the web, as crypto/x509 has them;
//   - VerifyAnchored, apart from any bundle: what that client does under the trust anchors of TLSA records;
//   - Verifier.Verify, for a report: trusted is what both OpenSSL at level 1 and crypto/x509 trust.
//
// The steps:
//
//  1. No certificate: Anonymous. Over our limits, or a leaf that cannot be read: Unknown, with the reason. Certificates
//     are read twice, by crypto/x509 and as leniently as OpenSSL does (certificate.go).
//  2. The first certificate is the leaf (RFC 5246 7.4.2), the rest are a heap: in any order, twice, or beside the path.
//  3. crypto/x509 builds the paths to a root (RFC 5280 6.1) at the run's one evaluation time.
//  4. OpenSSL's one path is built (x509_vfy.c build_chain: roots before what was sent, valid before expired, no way
//     back, at most ten intermediates) and checked in OpenSSL's order: issuer, critical extensions, CA, purpose, path
//     length, key and signature algorithm (at level 1), signatures and dates from the root down, name constraints. No
//     error ends it, and of all the first of those nearest the leaf is kept, as Postfix does (tls_verify.c).
//
// Names are apart from the verdict on the chain: Matcher compares them as Postfix does, Chain.MatchSAN as the web does.
// A wrong name has its place among the errors, though: see Chain.Complaint.
package pkix

import (
	"net/netip"
	"time"

	"mxtls/scanner/internal/enum"
)

// Status is the verdict on a chain alone; the host's name is another matter.
type Status uint8

// Status values.
const (
	StatusUnknown Status = iota // no chain was seen, or it cannot be judged
	Trusted                     // a path to a root, all of it valid at the time
	Untrusted
	Anonymous // TLS without a certificate
)

var statusWords = enum.Words{"unknown", "trusted", "untrusted", "anonymous"}

func (s Status) String() string { return enum.String("certificate status", statusWords, s) }
func (s Status) MarshalText() ([]byte, error) {
	return enum.Marshal("certificate status", statusWords, s)
}
func (s *Status) UnmarshalText(t []byte) error {
	return enum.Unmarshal("certificate status", statusWords, s, t)
}

// Reason is a stable code for why a chain is not trusted. RFC 8460 4.3's words have hyphens, our own underscores.
type Reason uint8

// Reasons.
const (
	ReasonNone           Reason = iota
	Expired                     // "certificate-expired": the leaf is past its end
	NotYetValid                 // "certificate_not_yet_valid"
	IntermediateExpired         // no path without an expired intermediate
	RootExpired                 // every path ends in a root of ours that is past its end
	SelfSigned                  // the leaf signed itself and is no root of ours
	UnknownIssuer               // "certificate-not-trusted": a full chain to a root that we do not have
	IncompleteChain             // the leaf's issuer is neither sent nor a root of ours
	WrongPurpose                // not for TLS servers
	WeakSignature               // MD5 or SHA-1 in the path
	WeakKey                     // a key of less than 80 bits of strength
	NameConstraint              // a CA in the path may not vouch for these names
	PathLength                  // a CA in the path may not have so many below it
	NotACA                      // an issuer in the path is no CA
	CriticalExtension           // a critical extension that nobody knows
	CertificateMalformed        // cannot be parsed
	ChainTooLong                // over our limits
	OtherInvalid                // anything else, see the text
)

var reasonWords = enum.Words{
	"", "certificate-expired", "certificate_not_yet_valid", "intermediate_expired", "root_expired", "self_signed",
	"certificate-not-trusted", "incomplete_chain", "wrong_purpose", "weak_signature", "weak_key", "name_constraint",
	"path_length", "not_a_ca", "critical_extension", "certificate_malformed", "chain_too_long", "certificate_invalid",
}

func (r Reason) String() string { return enum.String("certificate reason", reasonWords, r) }
func (r Reason) MarshalText() ([]byte, error) {
	return enum.Marshal("certificate reason", reasonWords, r)
}
func (r *Reason) UnmarshalText(t []byte) error {
	return enum.Unmarshal("certificate reason", reasonWords, r, t)
}

// Chain is the verdict on one chain as sent. It depends on the chain, the roots and the time, on nothing else.
type Chain struct {
	Status    Status
	Reason    Reason
	Text      string // the reason's evidence in words, unescaped
	SHA256    string // of the leaf, lower-case hex; "" without one
	Subject   string // RFC 2253
	Issuer    string
	NotBefore time.Time
	NotAfter  time.Time
	Names     []string     // DNS names and addresses of the leaf's SAN; the CN when there is no DNS name
	Addrs     []netip.Addr // the addresses of the SAN, which stand at the end of Names too
	CNOnly    bool         // no DNS SAN: Names holds the CN
	Key       string       // "RSA 2048", "ECDSA P-256", "Ed25519"
	Signature string       // "SHA256-RSA", as crypto/x509 writes it
	Sent      int          // certificates sent
	Notes     []Note       // what is worth knowing though the verdict stands

	// Unreadable says that OpenSSL is known to refuse a certificate that was sent, so that it ends the handshake: there
	// is no chain to judge, and Status of Verifier.Postfix is unknown.
	Unreadable bool

	Lasts Lasting // of Verifier.Verify alone

	// Of Verifier.Postfix alone:
	Num        int    // X509_V_ERR_* of the error that Postfix keeps, the first of those nearest the leaf; 0 = none
	Depth      int    // of the certificate that Num is about; 0 = the leaf
	Culprit    string // the issuer of that certificate, as OpenSSL's X509_NAME_oneline writes it: "/C=JP/CN=Some CA"
	AfterNames bool   // OpenSSL found Num after it compared names: a wrong name at the same depth comes first
}

// Note is an observation on a chain that does not change its status.
type Note uint8

// Notes.
const (
	NoteUnknown   Note = iota
	Wildcard           // a name of the leaf is a wildcard
	CNOnly             // no DNS SAN: only old clients and Postfix look at the CN (RFC 9525 forbids it)
	ShortKey           // the leaf's RSA key has fewer than 2,048 bits
	RootSent           // a self-signed certificate was sent above the leaf: needless
	ExpiredSent        // a certificate was sent that is expired; the path goes around it
	WrongOrder         // an issuer stands before what it issued (RFC 5246 7.4.2 forbids it, RFC 8446 4.4.2 does not)
	DuplicateSent      // a certificate was sent twice
	StraySent          // a certificate was sent that issued none of the others
	MalformedSent      // a certificate was sent, not the leaf, that cannot be parsed
	NamesCut           // the leaf has more names than we keep
)

var noteWords = enum.Words{
	"unknown", "wildcard", "cn_only", "short_key", "root_sent", "expired_sent", "wrong_order", "duplicate_sent",
	"stray_sent", "malformed_sent", "names_cut",
}

func (n Note) String() string               { return enum.String("certificate note", noteWords, n) }
func (n Note) MarshalText() ([]byte, error) { return enum.Marshal("certificate note", noteWords, n) }
func (n *Note) UnmarshalText(t []byte) error {
	return enum.Unmarshal("certificate note", noteWords, n, t)
}
