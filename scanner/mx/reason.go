package mx

import (
	"mxtls/scanner/internal/enum"
	"mxtls/scanner/resolve"
)

// Reason is a stable code.
type Reason uint8

// Reasons.
const (
	ReasonNone         Reason = iota
	NoSuchDomain              // NXDOMAIN for the domain
	NoMailHost                // neither MX nor address
	NullMX                    // RFC 7505
	NullMXBesideOthers        // RFC 7505 3
	LookupTimeout
	LookupServFail
	LookupRefused
	LookupBogus // DNSSEC says the answer is forged or broken
	LookupMalformed
	LookupCNAMELoop
	LookupTooLarge
	LookupFailed  // any other failure
	HostNotFound  // NXDOMAIN for an MX target
	HostNoAddress // an MX target without an address of the families asked for
	HostMalformed // an MX target that is no host name
	ResolverDown  // the circuit breaker was open
	OptedOut      // its operator asked us not to look
)

// The words are codes of the reports. RFC 8460 4.3 has one of them.
var reasonWords = enum.Words{
	"", "no_such_domain", "no_mail_host", "null_mx", "null_mx_beside_others", "lookup_timeout", "lookup_servfail",
	"lookup_refused", "dnssec-invalid", "lookup_malformed", "lookup_cname_loop", "lookup_too_large", "lookup_failed",
	"host_not_found", "host_no_address", "host_malformed", "resolver_down", "opted_out",
}

func (r Reason) String() string               { return enum.String("mx reason", reasonWords, r) }
func (r Reason) MarshalText() ([]byte, error) { return enum.Marshal("mx reason", reasonWords, r) }
func (r *Reason) UnmarshalText(text []byte) error {
	return enum.Unmarshal("mx reason", reasonWords, r, text)
}

// ReasonOf is the reason that stands for a failed lookup: ReasonNone for nil, and never a word that says that something
// does not exist.
func ReasonOf(err *resolve.Error) Reason {
	if err == nil {
		return ReasonNone
	}
	switch err.Kind {
	case resolve.Timeout:
		return LookupTimeout
	case resolve.ServFail:
		return LookupServFail
	case resolve.Refused:
		return LookupRefused
	case resolve.BogusAnswer:
		return LookupBogus
	case resolve.Malformed:
		return LookupMalformed
	case resolve.CNAMELoop, resolve.CNAMETooLong:
		return LookupCNAMELoop
	case resolve.TooLarge:
		return LookupTooLarge
	case resolve.Down:
		return ResolverDown
	case resolve.KindNone, resolve.OtherRcode, resolve.Network, resolve.Canceled:
	}
	return LookupFailed
}
