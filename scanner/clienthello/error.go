package clienthello

import (
	"errors"
	"fmt"
	"io"
	"net"

	"mxtls/scanner/internal/enum"
)

// Kind is why a flight ended before it was complete.
type Kind uint8

// Kinds.
const (
	KindNone  Kind = iota
	Alert          // the server sent an alert that ends the handshake
	NotTLS         // what came is no TLS record
	Malformed      // a message breaks its RFC
	TooLong        // over our caps
	Unoffered      // the server chose what the hello did not offer
	Closed         // the server hung up
	TimedOut       // the deadline passed
	Broken         // the connection broke in another way
)

var kindWords = enum.Words{
	"none", "alert", "not_tls", "malformed", "too_long", "unoffered", "closed", "timed_out", "broken",
}

func (k Kind) String() string               { return enum.String("flight error", kindWords, k) }
func (k Kind) MarshalText() ([]byte, error) { return enum.Marshal("flight error", kindWords, k) }
func (k *Kind) UnmarshalText(text []byte) error {
	return enum.Unmarshal("flight error", kindWords, k, text)
}

// Error says why a flight ended before it was complete.
type Error struct {
	Kind  Kind
	Alert uint8  // the alert's number; 0 for other kinds
	Text  string // evidence in words
	Err   error  // the cause, may be nil
}

// Error is the text.
func (e *Error) Error() string { return e.Text }

// Unwrap is the cause, or nil.
func (e *Error) Unwrap() error { return e.Err }

func malformed(format string, args ...any) *Error {
	return &Error{Kind: Malformed, Text: fmt.Sprintf(format, args...)}
}

func tooLong(format string, args ...any) *Error {
	return &Error{Kind: TooLong, Text: fmt.Sprintf(format, args...)}
}

// broken sorts what ended the connection.
func broken(err error) *Error {
	ne, ok := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Kind: Closed, Text: "the server closed the connection", Err: err}
	case ok && ne.Timeout():
		return &Error{Kind: TimedOut, Text: "the server fell silent", Err: err}
	}
	return &Error{Kind: Broken, Text: fmt.Sprintf("the connection broke: %v", err), Err: err}
}

// alerts are the names that RFC 8446 6 gives to what a server may send at this time.
var alerts = map[uint8]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
	42: "bad_certificate", 43: "unsupported_certificate", 47: "illegal_parameter", 50: "decode_error",
	70: "protocol_version", 71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback",
	90: "user_canceled", 109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name",
	116: "certificate_required",
}

func alerted(number uint8) *Error {
	name := alerts[number]
	if name == "" {
		name = fmt.Sprintf("number %d", number)
	}
	return &Error{Kind: Alert, Alert: number, Text: "the server sent the alert " + name}
}
