// Package dane judges mail servers by the TLSA records of their hosts (RFC 6698, 7671, 7672), as a Postfix client with
// OpenSSL does. Lookup asks the DNS; all else are pure functions over what was found.
//
//  1. A host whose addresses are not secure has no DANE, and its TLSA records are not asked for (RFC 7672 2.2.2: its
//     name servers may not even answer). A secure alias into an unsigned zone counts as secure under its own name.
//  2. The records are those of _PORT._tcp below the end of the host's alias chain; where it has none, those below the
//     host itself (RFC 7672 2.2.3). The name that has them is the TLSA base domain: the SNI, and the first name that a
//     certificate may have. A lookup that fails ends this: it is never "no records".
//  3. Usable are usages 2 and 3 (RFC 7672 3.1.3) with selector 0 or 1 and matching type 0, 1 or 2 whose data can be
//     what it says. With records and none usable, TLS is wanted, and authentication is not (RFC 7672 2.2).
//  4. Digest agility (RFC 7671 9): of the digests under one usage and selector the strongest counts alone. A wrong
//     3 1 2 beats a right 3 1 1; matching type 0 stays out of it.
//  5. Usage 3 names the server's own certificate or key. One match suffices; names, dates and chain do not matter.
//  6. Usage 2 names a certificate or key above it. A path must lead there and be good in all respects but its root, and
//     the certificate must have the TLSA base domain's name, or that of the next hop (RFC 7672 3.2.2). Whole
//     certificates and keys (2 0 0, 2 1 0) serve where the server does not send the anchor; digests of it do not.
//
// Each server of a domain is judged by itself; Domain then says what that makes of the domain.
package dane

import (
	"mxtls/scanner/internal/enum"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
)

// Port is where mail servers listen, and the port of the TLSA records that are about them (RFC 7672 2.2.3).
const Port = 25

// Status is what DANE makes of one server.
type Status uint8

// Status values.
const (
	StatusUnknown Status = iota // not looked up, or it cannot be told; see Reason
	Match                       // authenticated
	Mismatch                    // usable records, and the server is not authenticated by them: mail must not go there
	Unusable                    // records, none of them usable: TLS is wanted, authentication is not
	None                        // no records
	Insecure                    // the host or its records are not signed: as good as no records
	Failed                      // the lookup failed where it must not: mail waits
)

var statusWords = enum.Words{"unknown", "match", "mismatch", "unusable", "none", "insecure", "lookup_failed"}

func (s Status) String() string               { return enum.String("dane status", statusWords, s) }
func (s Status) MarshalText() ([]byte, error) { return enum.Marshal("dane status", statusWords, s) }
func (s *Status) UnmarshalText(t []byte) error {
	return enum.Unmarshal("dane status", statusWords, s, t)
}

// Reason is a stable code for why a server is not authenticated. RFC 8460 4.3's words have hyphens, our own
// underscores.
type Reason uint8

// Reasons.
const (
	ReasonNone         Reason = iota
	TLSAInvalid               // "tlsa-invalid": no usable record fits the server
	DNSSECInvalid             // "dnssec-invalid": the DNS's answer is forged or broken
	HostMismatch              // "certificate-host-mismatch": a chain to the anchor, for another host
	Expired                   // "certificate-expired": on the way to the anchor
	NotTrusted                // "certificate-not-trusted": something else is wrong on the way to the anchor
	NoUsableRecord            // RFC 7672 2.2
	NoRecord                  // the DNS has none
	NoHostName                // the mail host is an address: nowhere to look
	AddressInsecure           // the host's addresses are not signed
	RecordInsecure            // the host's addresses are signed, its TLSA records are not: their alias leads elsewhere
	LookupFailed              // SERVFAIL, a timeout and the like
	ResolverNotTrusted        // nobody whom we believe says what is signed
	NoAddress                 // the host has no address, or it could not be told
	NoCertificate             // no certificate was seen
	CannotTell                // the certificate, or a signature on it, is beyond us
)

var reasonWords = enum.Words{
	"", "tlsa-invalid", "dnssec-invalid", "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted",
	"no_usable_tlsa_record", "no_tlsa_record", "no_host_name", "address_insecure", "tlsa_record_insecure",
	"tlsa_lookup_failed", "resolver_not_trusted", "host_no_address", "no_certificate", "cannot_tell",
}

func (r Reason) String() string               { return enum.String("dane reason", reasonWords, r) }
func (r Reason) MarshalText() ([]byte, error) { return enum.Marshal("dane reason", reasonWords, r) }
func (r *Reason) UnmarshalText(t []byte) error {
	return enum.Unmarshal("dane reason", reasonWords, r, t)
}

// Outcome is what one server's certificates come to under its TLSA records. It depends on both, the names and the time,
// on nothing else.
type Outcome struct {
	Status  Status
	Reason  Reason
	Text    string        // the evidence in words, unescaped
	Base    name.Name     // the TLSA base domain; zero without records
	Records []Record      // in the order of resolve.Answer.TLSA
	By      int           // Match: the index in Records of the one that OpenSSL names; -1 otherwise
	Depth   int           // Match: of the certificate that it fits, or that its bare key signed; 0 = the server's own
	BareKey bool          // Match: by a key that signed the certificate at Depth, and stands in no certificate there
	Name    string        // Match by usage 2: the certificate's name that fits
	Named   bool          // the certificate has a name that fits, or needs none
	Chain   pkix.Anchored // what OpenSSL at level 1 finds along the way; zero where no certificate was looked at
	Notes   []Note        // what is worth knowing though the status stands, each once, in the order of their values
}

// Complaint is what Postfix logs about the server's certificate at smtp_tls_loglevel 1; peer is "HOST[ADDRESS]:PORT".
// It is "" where it has nothing to say.
func (o *Outcome) Complaint(peer string) string {
	if o.Status != Match && o.Status != Mismatch {
		return ""
	}
	return o.Chain.Complaint(peer, o.Named)
}
