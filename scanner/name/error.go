package name

import (
	"strconv"

	"mxtls/scanner/internal/enum"
)

// Error is why a text is no mail domain, host or target.
type Error struct {
	Input  string // the text, without a local part, capped
	Reason Reason
}

// maxShown is how many octets of the input an error's text quotes: a line on a terminal, not the input itself.
const maxShown = 64

// Error says what the text is and what to write instead; the text is quoted, escaped and capped.
func (e *Error) Error() string {
	shown, more := capped(e.Input, maxShown), ""
	if len(shown) < len(e.Input) {
		more = "..."
	}
	return strconv.Quote(shown) + more + " " + e.Reason.advice()
}

// Reason is a stable code for why a text is no mail domain.
type Reason uint8

// Reasons.
const (
	ReasonNone   Reason = iota
	Empty               // nothing there
	URL                 // has a scheme or a path
	IPAddress           // an address without brackets: [192.0.2.1] names a server
	Wildcard            // *.example.com
	SingleLabel         // a bare TLD or host name
	BadCharacter        // NUL, blank, control or any octet that no host name has
	BadLabel            // empty, over 63 octets, with a hyphen at its edge, or a TLD of digits
	TooLong             // over 253 octets
	BadIDNA             // not valid under UTS 46
	BadPort             // not 1 to 65535
	BadBrackets         // "[" without "]", no host or address between, or more behind than a port
)

var reasonWords = enum.Words{
	"none", "invalid_empty", "invalid_url", "invalid_ip_address", "invalid_wildcard", "invalid_single_label",
	"invalid_character", "invalid_label", "invalid_too_long", "invalid_idna", "invalid_port", "invalid_brackets",
}

// String is the code, "invalid_url" for one.
func (r Reason) String() string { return enum.String("name reason", reasonWords, r) }

// MarshalText is String's code.
func (r Reason) MarshalText() ([]byte, error) { return enum.Marshal("name reason", reasonWords, r) }

// UnmarshalText takes String's codes.
func (r *Reason) UnmarshalText(text []byte) error {
	return enum.Unmarshal("name reason", reasonWords, r, text)
}

// advice completes the sentence that begins with the input.
func (r Reason) advice() string {
	switch r {
	case Empty:
		return "is empty: write a domain, as example.com"
	case URL:
		return "is a URL or a path: write the domain alone, as example.com"
	case IPAddress:
		return "is an IP address: a mail server's address stands in brackets, as [192.0.2.1] or [2001:db8::1]"
	case Wildcard:
		return "is a wildcard: write one domain, as example.com"
	case SingleLabel:
		return "has one label only: write the whole domain, as example.com, or a server in brackets, as [mailhost]"
	case BadCharacter:
		return "has a character that no domain has: write letters, digits, hyphens and dots, as example.com"
	case BadLabel:
		return "has a label that is empty, over 63 octets, begins or ends with a hyphen, or is a TLD of digits"
	case TooLong:
		return "is longer than the 253 octets that a domain can have"
	case BadIDNA:
		return "is no valid internationalized name (UTS 46): check its spelling or its xn-- labels"
	case BadPort:
		return "has no port from 1 to 65535 behind its colon: write example.com:587"
	case BadBrackets:
		return "names no server in its brackets: write [mail.example.com], [192.0.2.1] or [2001:db8::1], " +
			"or with a port, [192.0.2.1]:25"
	default:
		return "is no mail domain"
	}
}
