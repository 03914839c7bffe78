package starttls

import "mxtls/scanner/internal/enum"

// Reason is a stable code for why a session ended before Done, or why it never began. RFC 8460 4.3's words where it
// has one (they have hyphens), our own (with underscores) where it has none.
type Reason uint8

// Reasons. Where a comment says temporary, another time may tell.
const (
	ReasonNone Reason = iota

	NotTested         // never tried, see the text: temporary
	NoIPv6            // this machine has no route to IPv6
	ReservedAddress   // refused before dialing
	OptedOut          // its operator asked us not to
	ConnectTimeout    // temporary
	ConnectionRefused // TCP RST
	Unreachable       // no route to host or network
	ConnectFailed     // any other failure to connect

	GreetingTimeout    // connected, no full banner in time: temporary
	GreetingClosed     // closed without a banner: temporary
	TooManyConnections // 421: temporary
	GreetingTemporary  // another 4xx banner: temporary
	RefusedByPolicy    // a banner or EHLO reply that names a block list or our address' reputation
	GreetingRefused    // another 5xx banner
	NotSMTP            // the banner is no SMTP at all (HTTP, TLS, SSH, binary)
	ReplyTooLong       // a line, reply or session over our caps
	ReplyMalformed     // a reply that breaks RFC 5321 4.2
	Tarpit             // octets kept coming, too slowly to finish in time

	EHLOTimeout
	EHLOTemporary    // 4xx to EHLO: temporary
	EHLORefused      // 5xx to EHLO and to HELO
	HELOOnly         // EHLO refused, HELO accepted: STARTTLS cannot be offered
	ConnectionClosed // the server hung up in mid-session, see the stage
	ConnectionReset  // likewise, with RST

	StartTLSNotSupported // "starttls-not-supported": not in the EHLO reply
	StartTLSStripped     // overwritten on the way: XXXXXXXA in the EHLO reply, or a banner of asterisks
	StartTLSTemporary    // 4xx to STARTTLS: temporary
	StartTLSRefused      // 5xx to STARTTLS
	StartTLSBadReply     // 2xx other than 220, or 3xx
	StartTLSTimeout
	ResponseInjection // octets behind the 220, in plain text

	TLSNotTLS      // after the 220 came something that is no TLS record
	TLSAlert       // the server sent an alert; its name is in the text
	TLSVersion     // no TLS version in common
	TLSNoCipher    // no cipher suite or group in common
	TLSClosed      // closed during the handshake
	TLSTimeout     // silent during the handshake
	TLSCertificate // "certificate_malformed": Go cannot parse the certificate
	TLSFailed      // any other handshake failure

	AfterTLSClosed    // closed after the handshake
	AfterTLSTemporary // 4xx to the EHLO inside TLS: temporary
	AfterTLSRefused   // 5xx to the EHLO inside TLS
	AfterTLSTimeout   // silent inside TLS

	HostTimeout   // the limit for the whole session ran out
	Interrupted   // the run was stopped
	InternalError // a defect of ours, see the text
)

// reasonWords are RFC 8460 4.3's where they have hyphens, ours where they have underscores. They are stable.
var reasonWords = enum.Words{
	ReasonNone: "",

	NotTested:         "not_tested",
	NoIPv6:            "no_ipv6",
	ReservedAddress:   "reserved_address",
	OptedOut:          "opted_out",
	ConnectTimeout:    "connect_timeout",
	ConnectionRefused: "connection_refused",
	Unreachable:       "unreachable",
	ConnectFailed:     "connect_failed",

	GreetingTimeout:    "greeting_timeout",
	GreetingClosed:     "greeting_closed",
	TooManyConnections: "too_many_connections",
	GreetingTemporary:  "greeting_temporary",
	RefusedByPolicy:    "refused_by_policy",
	GreetingRefused:    "greeting_refused",
	NotSMTP:            "not_smtp",
	ReplyTooLong:       "reply_too_long",
	ReplyMalformed:     "reply_malformed",
	Tarpit:             "tarpit",

	EHLOTimeout:      "ehlo_timeout",
	EHLOTemporary:    "ehlo_temporary",
	EHLORefused:      "ehlo_refused",
	HELOOnly:         "helo_only",
	ConnectionClosed: "connection_closed",
	ConnectionReset:  "connection_reset",

	StartTLSNotSupported: "starttls-not-supported",
	StartTLSStripped:     "starttls_stripped",
	StartTLSTemporary:    "starttls_temporary",
	StartTLSRefused:      "starttls_refused",
	StartTLSBadReply:     "starttls_bad_reply",
	StartTLSTimeout:      "starttls_timeout",
	ResponseInjection:    "response_injection",

	TLSNotTLS:      "tls_not_tls",
	TLSAlert:       "tls_alert",
	TLSVersion:     "tls_version",
	TLSNoCipher:    "tls_no_cipher",
	TLSClosed:      "tls_closed",
	TLSTimeout:     "tls_timeout",
	TLSCertificate: "certificate_malformed",
	TLSFailed:      "tls_failed",

	AfterTLSClosed:    "after_tls_closed",
	AfterTLSTemporary: "after_tls_temporary",
	AfterTLSRefused:   "after_tls_refused",
	AfterTLSTimeout:   "after_tls_timeout",

	HostTimeout:   "host_timeout",
	Interrupted:   "interrupted",
	InternalError: "internal_error",
}

func (r Reason) String() string               { return enum.String("reason", reasonWords, r) }
func (r Reason) MarshalText() ([]byte, error) { return enum.Marshal("reason", reasonWords, r) }
func (r *Reason) UnmarshalText(text []byte) error {
	return enum.Unmarshal("reason", reasonWords, r, text)
}

// Temporary reports whether the server, or the way to it, may do better at another time of the same day: worth one
// later try. What a server has decided, and what is our own doing, is not.
func (r Reason) Temporary() bool {
	switch r {
	case NotTested, ConnectTimeout, GreetingTimeout, GreetingClosed, TooManyConnections, GreetingTemporary,
		EHLOTemporary, StartTLSTemporary, AfterTLSTemporary:
		return true
	}
	return false
}

// Error says where and why a session ended.
type Error struct {
	Stage  Stage // the last stage reached
	Reason Reason
	Text   string // evidence in words; may quote the server, so escape it before it reaches a person
	Err    error  // the cause, may be nil
}

// Error is "stage: reason: text".
func (e *Error) Error() string { return e.Stage.String() + ": " + e.Reason.String() + ": " + e.Text }

// Unwrap is the cause, or nil.
func (e *Error) Unwrap() error { return e.Err }
