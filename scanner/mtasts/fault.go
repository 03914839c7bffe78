package mtasts

import (
	"net/netip"

	"mxtls/scanner/internal/enum"
	"mxtls/scanner/starttls"
)

// Fault is a stable code for what went wrong with the fetch of a policy.
type Fault uint8

// Faults.
const (
	FaultNone Fault = iota

	HostNotFound  // the policy host does not exist
	HostNoAddress // it has neither IPv4 nor IPv6 address
	HostLookup    // the DNS gave no answer about it

	ConnectTimeout
	ConnectionRefused
	Unreachable
	ConnectFailed
	TLSFailed            // no handshake with TLS 1.2 or 1.3
	CertificateMalformed // crypto/tls cannot parse it, and neither can a sender that uses it
	Timeout              // the limit for all of the fetch ran out
	NotHTTP              // the answer is no HTTP, or breaks off
	HeaderTooLarge       // more than we take
	Redirect             // 3xx, which RFC 8461 3.3 forbids to follow
	HTTPStatus           // any other than 200
	ContentEncoding      // compressed, though nobody asked for it
	BodyTooLarge         // more than 64 KiB (RFC 8461 3.3)
	Flood                // it came in far more octets than it has
	BodyCut              // the connection ended within the body

	// Our own doing: these say nothing of the domain.
	ReservedAddress // of no other party: never dialed
	NoIPv6          // only IPv6 addresses, and this machine has no route
	NotTested       // this machine ran out of something, or the resolver is down
	Interrupted     // the run was stopped
	NameTooLong     // with mta-sts. before it the domain is no name any more
	InternalError   // a defect of ours, see the text
)

var faultWords = enum.Words{
	"", "policy_host_not_found", "policy_host_no_address", "policy_host_lookup_failed", "connect_timeout",
	"connection_refused", "unreachable", "connect_failed", "tls_failed", "certificate_malformed", "fetch_timeout",
	"not_http", "http_header_too_large", "http_redirect", "http_status", "http_content_encoding", "policy_too_large",
	"flood", "http_body_cut", "reserved_address", "no_ipv6", "not_tested", "interrupted", "name_too_long",
	"internal_error",
}

func (f Fault) String() string               { return enum.String("mta-sts fault", faultWords, f) }
func (f Fault) MarshalText() ([]byte, error) { return enum.Marshal("mta-sts fault", faultWords, f) }
func (f *Fault) UnmarshalText(t []byte) error {
	return enum.Unmarshal("mta-sts fault", faultWords, f, t)
}

// Ours reports whether a fault is our own doing, so that nothing is known of the domain's policy.
func (f Fault) Ours() bool {
	switch f {
	case ReservedAddress, NoIPv6, NotTested, Interrupted, NameTooLong, InternalError:
		return true
	}
	return false
}

// Error says why a fetch ended without an answer.
type Error struct {
	Fault Fault
	Text  string // evidence in words; may quote the server
	Err   error  // the cause, may be nil
}

// Error is "fault: text".
func (e *Error) Error() string { return e.Fault.String() + ": " + e.Text }

// Unwrap is the cause, or nil.
func (e *Error) Unwrap() error { return e.Err }

// connectError says why no connection came about, in package starttls's words.
func connectError(err error, addr netip.Addr) *Error {
	reason, text := starttls.ConnectFailure(err, addr, connectLimit)
	return &Error{connectFault(reason), text, err}
}

// connectFault is one of package starttls's reasons in our words.
func connectFault(r starttls.Reason) Fault {
	switch r {
	case starttls.ReservedAddress:
		return ReservedAddress
	case starttls.NoIPv6:
		return NoIPv6
	case starttls.NotTested:
		return NotTested
	case starttls.ConnectTimeout:
		return ConnectTimeout
	case starttls.ConnectionRefused:
		return ConnectionRefused
	case starttls.Unreachable:
		return Unreachable
	}
	return ConnectFailed
}
