// Package mtasts looks at a domain's MTA-STS (RFC 8461) as a sender would: the record, the policy and what it means for
// the mail servers that are there now. Nothing is enforced here.
//
// Client.Look goes to the network and writes down Facts:
//
//  1. The TXT records of _mta-sts.DOMAIN (3.1), an alias there followed. Exactly one of them begins with v=STSv1, and
//     it has an id; otherwise there is no policy, and nobody is asked for one.
//  2. The addresses of mta-sts.DOMAIN, one after the other until one takes a connection to port 443.
//  3. TLS 1.2 or 1.3 with that name as SNI, whatever certificate comes (3.3).
//  4. GET /.well-known/mta-sts.txt over HTTP/1.1. No redirect is followed (3.3), no cookie, proxy, cache or compression
//     is there; header, body and time are limited.
//
// Judge is pure, so that facts can be judged again with other roots or at another time:
//
//  5. The record and the certificate: a path to a root of the web, and a DNS name of its SAN for mta-sts.DOMAIN.
//  6. Status 200, and a body that is a policy by the letter of 3.2. Where senders are known to read past a fault, the
//     outcome is Disputed; where they differ without one, there is a Warning.
//
// Outcome.Fit then holds live mail servers against the policy as 4.1 and 4.2 do. LegacyMatch and PostfixAttributes are
// what the usual plugins hand to Postfix, which is something else.
//
// Left out: the cache and its max_age (5.1), for each run sees the domain for the first time; the revocation of
// certificates (4.2 makes it optional); reports (package tlsrpt).
package mtasts

import (
	"time"

	"mxtls/scanner/internal/enum"
	"mxtls/scanner/pkix"
)

// Status is what a domain's MTA-STS came to.
type Status uint8

// Status values. Unknown: not looked at, or it could not be told.
const (
	StatusUnknown Status = iota
	None                 // no record: the domain has no MTA-STS
	Valid                // a policy that every sender takes
	Invalid              // a record or policy that breaks a rule: senders do as if there were none
	FetchError           // a record, and no policy to be had: likewise, unless they have an older one
)

var statusWords = enum.Words{"unknown", "none", "valid", "invalid", "fetch_error"}

func (s Status) String() string               { return enum.String("mta-sts status", statusWords, s) }
func (s Status) MarshalText() ([]byte, error) { return enum.Marshal("mta-sts status", statusWords, s) }
func (s *Status) UnmarshalText(t []byte) error {
	return enum.Unmarshal("mta-sts status", statusWords, s, t)
}

// Mode is what a policy asks senders to do about a server that fails it (RFC 8461 5).
type Mode uint8

// Modes.
const (
	ModeUnknown Mode = iota
	ModeNone         // as if there were no policy: how to leave MTA-STS (8.3)
	Testing          // deliver and report
	Enforce          // do not deliver to that server
)

var modeWords = enum.Words{"unknown", "none", "testing", "enforce"}

func (m Mode) String() string                { return enum.String("mta-sts mode", modeWords, m) }
func (m Mode) MarshalText() ([]byte, error)  { return enum.Marshal("mta-sts mode", modeWords, m) }
func (m *Mode) UnmarshalText(t []byte) error { return enum.Unmarshal("mta-sts mode", modeWords, m, t) }

// Reason is a stable code for a Status that is not Valid: RFC 8460 4.3's words, with hyphens, where it has one, our own
// with underscores where it has none.
type Reason uint8

// Reasons.
const (
	ReasonNone     Reason = iota
	NoRecord              // no TXT record that begins with v=STSv1
	LookupFailed          // the DNS gave no answer about the record: nothing is known
	LookupBogus           // "dnssec-invalid": likewise, for the answer is forged or broken
	LookupCut             // more TXT records than we take, some of them unseen
	SeveralRecords        // more than one record begins with v=STSv1
	RecordInvalid         // the record breaks RFC 8461 3.1
	PolicyFetch           // "sts-policy-fetch-error", see Outcome.Fault
	WebPKIInvalid         // "sts-webpki-invalid": the certificate of the policy host
	WebPKIUnknown         // the certificate of the policy host cannot be judged
	PolicyInvalid         // "sts-policy-invalid": the policy breaks RFC 8461 3.2
	NotFetched            // the policy was not asked for, or not to the end: our own doing, see Outcome.Fault
)

var reasonWords = enum.Words{
	"", "no_record", "lookup_failed", "dnssec-invalid", "lookup_cut", "several_records", "record_invalid",
	"sts-policy-fetch-error", "sts-webpki-invalid", "webpki_unknown", "sts-policy-invalid", "not_fetched",
}

func (r Reason) String() string               { return enum.String("mta-sts reason", reasonWords, r) }
func (r Reason) MarshalText() ([]byte, error) { return enum.Marshal("mta-sts reason", reasonWords, r) }
func (r *Reason) UnmarshalText(t []byte) error {
	return enum.Unmarshal("mta-sts reason", reasonWords, r, t)
}

// Outcome is what Facts mean at one time and with one set of roots. Texts may quote the other side: they are to be
// escaped before a person sees them.
type Outcome struct {
	Status Status
	Reason Reason
	Fault  Fault  // what went wrong with the fetch; 0 = nothing
	Text   string // the reason in words, with its evidence
	Line   int    // of the policy, from 1; 0 = none, or all of it

	// Disputed says of an Invalid policy that senders in wide use read past every fault that it has. The policy below is
	// then what they read.
	Disputed bool

	ID          string        // of the record
	Policy                    // of an invalid one, what could be read
	BodySHA256  string        // of the policy as served, lower-case hex; another one with the same ID is a mistake (3.3)
	Certificate *pkix.Chain   // of the policy host, by the rules of the web; nil when none was seen
	Took        time.Duration // of the fetch
	Warnings    []Warning     // of the record, then of the policy by line
}

// InForce reports whether senders hold the domain's mail servers against the policy, be it only to report: those that go
// by the letter, or where it is Disputed those in wide use.
func (o *Outcome) InForce() bool {
	return (o.Status == Valid || o.Disputed) && (o.Mode == Testing || o.Mode == Enforce)
}
