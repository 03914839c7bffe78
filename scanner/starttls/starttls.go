// Package starttls holds one SMTP session with one address, as a Postfix client would, as far as STARTTLS and the EHLO
// after it (RFC 5321 3.1, 3.2, 4.2; RFC 3207), and writes down what it saw. It judges nothing.
//
// The steps, in order: connect; wait for the banner (never speak first); EHLO (HELO where EHLO is refused, but not with
// 421); STARTTLS where it is offered; the handshake, without SNI unless told; EHLO again (or HELO); QUIT. Nothing else is
// ever sent.
//
// Where crypto/tls cannot finish the handshake and OpenSSL might, the address is asked again (again.go): once more by
// crypto/tls without its large key share if the server fell silent on that, else with the ClientHello of a Postfix
// client, whose answer is read as far as it is in plain text (package clienthello). That is negotiated, not completed.
//
// All that a server sends is hostile. Lines, replies, octets and time are bounded (limits.go), one reader with one idea
// of a line reads every reply (reply.go), and whatever goes wrong ends as a Reason in a complete Session (reason.go).
package starttls

import (
	"context"
	"net"
	"net/netip"
	"time"

	"mxtls/scanner/clienthello"
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
	StartTLS               // 2yz to STARTTLS
	TLS                    // handshake done
	Done                   // EHLO or HELO inside TLS was accepted
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

	// What crypto/tls does not tell, read beside it from the server's plaintext as clienthello.Flight has it.
	Signature            uint16 // 0 = TLS 1.3, or not seen
	Renegotiation        bool
	ExtendedMasterSecret bool
	CertificateOctets    int // length of the Certificate message; that of TLS 1.3 without its extensions
}

// Flight is the handshake in the form of an answer to a hello of Postfix's.
func (h *Handshake) Flight() *clienthello.Flight {
	return &clienthello.Flight{
		Version: h.Version, Suite: h.Suite, Group: h.Group, Chain: h.Chain, Signature: h.Signature,
		Renegotiation: h.Renegotiation, ExtendedMasterSecret: h.ExtendedMasterSecret,
		CertificateOctets: h.CertificateOctets, Complete: true,
	}
}

// Session is one conversation, whole or cut short. It is not changed after Probe returns.
type Session struct {
	Addr     netip.AddrPort
	Ask      Ask
	Started  time.Time
	Duration time.Duration
	Stage    Stage
	HELO     bool // before TLS EHLO was refused and HELO was tried
	Dialogue []Exchange
	Before   []string                // EHLO keywords with parameters before TLS, in order, as sent
	After    []string                // the same inside TLS; none after HELO
	Offered  bool                    // STARTTLS stood in Before
	TLS      *Handshake              // nil unless Stage >= TLS
	Took     [Done + 1]time.Duration // by stage: how long it took to reach it from the one before; 0 = not reached
	Injected []byte                  // what came behind the 220 in plain text, capped; not always the end
	Err      *Error                  // why it ended before Done; nil when it did not

	// Connections is how many TCP connections were made in all. Everything above is of one of them.
	Connections int
	// PQIntolerant says that the server fell silent on, or hung up at, crypto/tls's hello with its key share of
	// X25519MLKEM768, and finished the handshake of one without; the session is that one's.
	PQIntolerant bool
	// Raw is the answer to the hello of a Postfix client at levels may and encrypt: nil where it was not asked for, and
	// where no answer came for other reasons than TLS. When TLS 1.3 hid the chain, it is that of a second hello, for TLS
	// 1.2. Without Client.AsPostfix, and where the server answers no second time, it may be the answer to crypto/tls's own
	// hello, as far as it was whole. With Raw alone, Stage stays StartTLS and Err says why crypto/tls could not finish.
	Raw *clienthello.Flight
	// Match is the answer to the hello of the levels that require a match, asked for with Client.AsPostfix and where
	// Raw leaves open what they would get.
	Match *clienthello.Flight
}

// Agreed is what the handshake agreed on, or what Negotiated says; nil without either.
func (s *Session) Agreed() *Handshake {
	if s.TLS != nil {
		return s.TLS
	}
	return s.Negotiated()
}

// Negotiated is what Postfix and the server would agree on, and OpenSSL finish at its security level 0, where only the
// beginning of that was seen: negotiated, not completed by us. Its Chain is nil where TLS 1.3 hides it. It is nil where
// a handshake was completed, and where Postfix would not complete one either.
func (s *Session) Negotiated() *Handshake {
	f := s.Raw
	if s.TLS != nil || f == nil || !f.Complete || f.Refused(0) != "" {
		return nil
	}
	return &Handshake{
		Version: f.Version, Suite: f.Suite, Group: f.Group, Chain: f.Chain, Signature: f.Signature,
		Renegotiation: f.Renegotiation, ExtendedMasterSecret: f.ExtendedMasterSecret,
		CertificateOctets: f.CertificateOctets,
	}
}

// DialFunc opens a TCP connection to an address; net.Dialer.DialContext is one.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)
