// Package pkix loads root bundles and judges certificate chains: path, purpose, dates and names (RFC 5280, RFC 6125).
//
// A Bundle is a set of roots and where it came from: Load and LoadDir read what was asked for, System what the
// operating system has, Mozilla what this program carries. No environment variable has a say, so that the same bundle
// gives the same verdict everywhere.
//
// A Verifier judges chains as sent, in these steps:
//
//  1. No certificate: Anonymous. Over our limits, or a leaf that cannot be parsed: Unknown, with the reason.
//  2. The first certificate is the leaf (RFC 5246 7.4.2), the rest are a heap: in any order, twice, or beside the path.
//  3. crypto/x509 builds the paths to a root (RFC 5280 6.1: signatures, dates, CA bits, lengths, name constraints), at
//     the run's one evaluation time. Of those, a path counts that OpenSSL would take for "-purpose sslserver" at
//     security level 1 as well: extended key usage on every certificate, key usage of the leaf, key identifiers, keys
//     of 80 bits of strength, at most ten intermediates.
//  4. Without such a path, the one that OpenSSL would have tried is walked and the error nearest the leaf is named, as
//     Postfix does (tls_verify.c). Of several on one certificate, in OpenSSL's order (x509_vfy.c verify_chain): no
//     issuer, critical extension, no CA, purpose, path length, key, signature algorithm, signature, dates; name
//     constraints and policies come last.
//
// Names are apart from the verdict on the chain: see Chain.MatchHost and Chain.MatchDomain.
//
// What OpenSSL takes and crypto/x509 does not is Untrusted here: issuer names that are equal only after folding, a v3
// root without basic constraints, SHA-1 signatures (which OpenSSL takes at level 0 only).
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
	WeakKey                     // a key too small for Go
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
