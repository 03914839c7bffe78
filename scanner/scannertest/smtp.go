package scannertest

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// SMTP describes the behaviour of one server. The zero value with a Certificate is a healthy server that offers
// STARTTLS (RFC 3207); the zero value is one that offers none. It takes every command that a client may send before,
// and without, authentication, and throws messages away.
//
// Replies are given whole, with their code, without the last line end, several lines with "\r\n" between them; they may
// hold any octet. A reply that begins with 421 is the last one: the server hangs up (RFC 5321 section 3.8). After a
// Banner that begins with 4 or 5 the server answers 503 to everything but QUIT (section 3.1).
type SMTP struct {
	// Name stands in the banner and in the reply to EHLO; default: the address as a literal, "[192.0.2.10]".
	Name string
	// Banner is the greeting; default "220 NAME ESMTP".
	Banner string
	// BannerDelay passes before the banner. What the client says meanwhile is counted in [Server.Pregreet].
	BannerDelay time.Duration
	// Capabilities are the keywords in the reply to EHLO, with their parameters; default PIPELINING, SIZE 10240000 and
	// 8BITMIME. STARTTLS comes after them by itself, where the server has a certificate and the session has no TLS yet.
	Capabilities []string
	// NoSTARTTLS takes STARTTLS out of the reply to EHLO and answers 502 to it.
	NoSTARTTLS bool
	// EHLO is the reply to EHLO before TLS.
	EHLO string
	// HELO is the reply to HELO.
	HELO string
	// StartTLS is the reply to STARTTLS; the handshake follows where it begins with 220.
	StartTLS string
	// AfterTLS is the reply to the EHLO inside TLS.
	AfterTLS string
	// Inject is sent as it is, in plain text and in the same write, behind the 220 to STARTTLS: response injection.
	Inject string
	// Certificate is what the server shows, with its chain.
	Certificate *tls.Certificate
	// TLS is the base of the configuration: versions, suites, groups, client certificates, certificates by SNI. The
	// Certificate is put before those it has. It is cloned. A callback that waits has
	// to heed its ClientHelloInfo's Context, which ends with the server. Default: what crypto/tls does.
	TLS *tls.Config
	// Latency passes before the banner, before each reply and before the handshake: a simulated round trip.
	Latency time.Duration
	// Script is a conversation to follow line by line; the fields above but Certificate, TLS and Latency are ignored
	// then. A line is one of these, blank lines and lines that begin with # are skipped:
	//
	//	S: TEXT             send TEXT and CRLF
	//	S~: TEXT            send TEXT without a line end
	//	C: PATTERN          await a line from the client that is PATTERN, or fits it as in path.Match: "C: EHLO *"
	//	SLEEP 2s            be silent, until the time is over or the client hangs up
	//	TLS                 do the server's side of the handshake; all that follows but RAW goes through TLS
	//	HELLO               await the client's ClientHello and throw it away, to go on with RAW
	//	RAW \x16\x03        send octets, written as in a Go string, on the TCP connection itself, beneath TLS if need be
	//	TRICKLE 5s TEXT     send TEXT, written as in a Go string, one octet each 5 s
	//	CLOSE               close the connection at once
	//	RESET               reset the connection (RST)
	//
	// "S*:", "S~*:", "RAW*" and "TRICKLE*" send the same over and over until the client hangs up: an endless reply,
	// line, run of TLS records, slow-loris. After the last line the server ends its side of the connection and listens
	// to what the client may still say, for two seconds. A client that says something else, or hangs up early, ends the
	// script; that is recorded in [Server.Errors].
	Script string
	// Handle, where it is set, is the server: it gets each connection as it was taken, a *net.TCPConn, and everything
	// else is ignored. The connection is closed when it returns, and when the server is closed: it has to return then.
	Handle func(net.Conn)
	// First are the behaviours of the first connections, one each, in their order; those that come after them meet what
	// is described here. A greylisting server is one whose First is {Banner: "450 4.7.1 Try again later"}. Their own
	// First is ignored.
	First []SMTP
}

// behaviour is what a session follows: an SMTP whose defaults are filled in and whose parts are made ready, once a
// server.
type behaviour struct {
	SMTP
	steps []step // of the Script
	tls   *tls.Config
}

func (s SMTP) behaviour(addr netip.Addr) (*behaviour, error) {
	steps, err := parseScript(s.Script)
	if err != nil {
		return nil, err
	}
	return &behaviour{SMTP: s.withDefaults(addr), steps: steps, tls: s.tlsConfig()}, nil
}

// offersTLS reports whether STARTTLS works here.
func (s *SMTP) offersTLS() bool {
	return !s.NoSTARTTLS && (s.Certificate != nil || s.TLS != nil)
}

// withDefaults fills in what is not set, for a server at addr.
func (s SMTP) withDefaults(addr netip.Addr) SMTP {
	literal := "[" + addr.String() + "]" // RFC 5321 section 4.1.3
	if addr.Is6() {
		literal = "[IPv6:" + addr.String() + "]"
	}
	s.Name = cmp.Or(s.Name, literal)
	s.Banner = cmp.Or(s.Banner, "220 "+s.Name+" ESMTP")
	if s.Capabilities == nil {
		s.Capabilities = []string{"PIPELINING", "SIZE 10240000", "8BITMIME"}
	}
	plain := slices.Clip(s.Capabilities)
	if s.offersTLS() {
		plain = append(plain, "STARTTLS")
	}
	s.EHLO = cmp.Or(s.EHLO, multiline(s.Name, plain))
	s.AfterTLS = cmp.Or(s.AfterTLS, multiline(s.Name, s.Capabilities))
	s.HELO = cmp.Or(s.HELO, "250 "+s.Name)
	s.StartTLS = cmp.Or(s.StartTLS, "220 2.0.0 Ready to start TLS")
	return s
}

// multiline is a 250 reply of several lines (RFC 5321 section 4.2.1).
func multiline(first string, rest []string) string {
	lines := append([]string{first}, rest...)
	last := len(lines) - 1
	return strings.Join(append(prefixed("250-", lines[:last]), "250 "+lines[last]), "\r\n")
}

func prefixed(prefix string, lines []string) []string {
	out := make([]string, 0, len(lines)+1)
	for _, line := range lines {
		out = append(out, prefix+line)
	}
	return out
}

// tlsConfig is the configuration of all sessions of a server.
func (s *SMTP) tlsConfig() *tls.Config {
	c := &tls.Config{}
	if s.TLS != nil {
		c = s.TLS.Clone()
	}
	if s.Certificate != nil {
		c.Certificates = append([]tls.Certificate{*s.Certificate}, c.Certificates...)
	}
	return c
}

// NewSMTP starts a server on a real address of the loopback network, such as "127.1.2.3:2525" or "127.0.0.1:0", for
// programs that cannot be given a dial function. The errors: an address outside 127.0.0.0/8 and ::1, a Script that
// cannot be read, no socket. Close it in the end.
func NewSMTP(listen string, s SMTP) (*Server, error) {
	addr, err := netip.ParseAddrPort(listen)
	if err != nil {
		return nil, fmt.Errorf("smtp server on %q: %w", listen, err)
	}
	if !addr.Addr().IsLoopback() {
		return nil, fmt.Errorf("smtp server on %s: %w", listen, errNotLoopback)
	}
	return newServer(listen, addr, s)
}
