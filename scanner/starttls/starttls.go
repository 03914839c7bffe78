// Package starttls holds one SMTP session with one address, as a Postfix client would, as far as STARTTLS and the EHLO
// after it (RFC 5321 3.1, 3.2, 4.2; RFC 3207), and writes down what it saw. It judges nothing.
//
// The steps, in order: connect; wait for the banner (never speak first); EHLO (HELO where EHLO is refused with 5xx);
// STARTTLS where it is offered; the handshake, without SNI unless told; EHLO again; QUIT. Nothing else is ever sent.
//
// All that a server sends is hostile. Lines, replies, octets and time are bounded (limits.go), one reader with one idea
// of a line reads every reply (reply.go), and whatever goes wrong ends as a Reason in a complete Session (reason.go).
package starttls

import (
	"context"
	"net"
	"net/netip"
	"time"

	"mxtls/scanner/internal/enum"
)

// Stage is how far a session got.
type Stage uint8

// Stages, each including the ones before it.
const (
	StageNone Stage = iota // no TCP connection
	Connected              // TCP connection, no usable banner
	Greeted                // a 2xx banner
	EHLO                   // EHLO or HELO was accepted
	StartTLS               // 220 to STARTTLS
	TLS                    // handshake done
	Done                   // EHLO inside TLS was accepted
)

var stageWords = enum.Words{"none", "connected", "greeted", "ehlo", "starttls", "tls", "done"}

func (s Stage) String() string                   { return enum.String("stage", stageWords, s) }
func (s Stage) MarshalText() ([]byte, error)     { return enum.Marshal("stage", stageWords, s) }
func (s *Stage) UnmarshalText(text []byte) error { return enum.Unmarshal("stage", stageWords, s, text) }

// Reply is one SMTP reply as it came (RFC 5321 4.2), without line ends, within the caps.
type Reply struct {
	Code  int      // 0 when no reply could be read
	Lines []string // verbatim; bytes as sent
}

// Exchange is one step of the conversation: what we sent ("" for the banner) and what came back. A reply that broke off
// has code 0 and the lines that came; so has QUIT, whose answer is not awaited.
type Exchange struct {
	Sent      string
	Reply     Reply
	Encrypted bool
	At        time.Duration // since Session.Started, when the reply was complete
}

// Handshake is what a completed TLS handshake agreed on.
type Handshake struct {
	Version uint16   // tls.VersionTLS13, ...
	Suite   uint16   // IANA number
	Group   uint16   // IANA number of the key exchange group; 0 when there is none
	Chain   [][]byte // DER, as sent, leaf first
}

// Session is one conversation, whole or cut short. It is not changed after Probe returns.
type Session struct {
	Addr     netip.AddrPort
	SNI      string // "" = none sent
	Started  time.Time
	Duration time.Duration
	Stage    Stage
	HELO     bool // EHLO was refused, HELO was used
	Dialogue []Exchange
	Before   []string                // EHLO keywords with parameters before TLS, in order, as sent
	After    []string                // the same inside TLS
	Offered  bool                    // STARTTLS stood in Before
	TLS      *Handshake              // nil unless Stage >= TLS
	Took     [Done + 1]time.Duration // by stage: how long it took to reach it from the one before; 0 = not reached
	Injected []byte                  // what came behind the 220 in plain text, capped
	Err      *Error                  // why it ended before Done; nil when it did not
}

// DialFunc opens a TCP connection to an address; net.Dialer.DialContext is one.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)
