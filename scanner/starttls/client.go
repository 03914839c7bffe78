package starttls

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"runtime/debug"
	"time"

	"mxtls/scanner/clienthello"
)

// A Client holds sessions. The zero value works; its fields may not change while a session is under way. Methods may
// be called from many goroutines at once.
type Client struct {
	Dial         DialFunc      // nil = Dialer(false)
	Hello        string        // our name in EHLO (RFC 5321 4.1.1.1); "" = localhost
	Timeout      time.Duration // for each stage; 0 = 30 s
	GreetTimeout time.Duration // for the banner; 0 = 40 s, or Timeout where that is longer
	HostTimeout  time.Duration // for the whole session from dial to end, whatever progress there is; 0 = 120 s

	// AsPostfix offers no hybrid group, as Postfix does not. It asks for Session.Raw also where crypto/tls agreed on TLS
	// 1.2 or less: there the server chooses among suites, and from Postfix's it may choose otherwise (DHE, an anonymous
	// one). And it goes on after an injection.
	AsPostfix bool
	Release   clienthello.Release // whose hellos those are

	// Turn is called before each connection of a session but its first, and returns when that one may begin; the time does
	// not count against the session's. An error says that the run is stopped. nil = at once.
	Turn func(ctx context.Context) error
}

// Probe holds one session with addr and writes down what happened. It always returns a complete Session, also when the
// connection fails, ctx ends (then at once, with Interrupted) or something in here panics (InternalError).
//
// The connection is closed when Probe returns. QUIT is sent where the server would read it as a command, but its answer
// is not awaited: that is one round trip of five, and there is nothing to learn from it. Nothing is lost by that: every
// reply has been read by then, so the kernel ends the stream with FIN behind the QUIT and not with RST in its place.
// Inside TLS the TCP connection is closed and no close_notify exchanged, on which either side could stall.
func (c *Client) Probe(ctx context.Context, addr netip.AddrPort, ask Ask) (s *Session) {
	s = &Session{Addr: addr, Ask: ask, Started: time.Now()}
	defer func() {
		if v := recover(); v != nil {
			cause := fmt.Errorf("panic: %v\n%s", v, debug.Stack())
			s.Err = &Error{Stage: s.Stage, Reason: InternalError, Text: fmt.Sprintf("panic: %v", v), Err: cause}
		}
		s.Duration = time.Since(s.Started)
	}()
	host := c.HostTimeout
	if host <= 0 {
		host = defaultHostTimeout
	}
	p := &probe{Client: c, ctx: ctx, s: s, last: s.Started, end: s.Started.Add(host)}
	s.Err = p.run()
	if ask.Key == AnyKey { // else the question was whether crypto/tls gets such a certificate
		p.again()
	}
	return s
}

func (c *Client) dial() DialFunc {
	if c.Dial == nil {
		return defaultDial
	}
	return c.Dial
}

var defaultDial = Dialer(false)

func (c *Client) hello() string {
	if c.Hello == "" {
		return "localhost"
	}
	return c.Hello
}

// stageLimit is the limit for one stage.
func (c *Client) stageLimit() time.Duration {
	if c.Timeout <= 0 {
		return defaultTimeout
	}
	return c.Timeout
}

// greetLimit is the limit for the banner.
func (c *Client) greetLimit() time.Duration {
	if c.GreetTimeout <= 0 {
		return max(defaultGreetTimeout, c.stageLimit())
	}
	return c.GreetTimeout
}

// tlsConfig serves every session without SNI.
//
// InsecureSkipVerify: this package only writes down what the server showed. Whether the chain holds is judged
// afterwards from the facts (package pkix), and a chain that does not hold is a result, not an end. Nothing secret is
// ever sent over these connections.
//
// Old versions and weak suites stay on: a server that has nothing better is to be told apart from one without TLS, and
// Postfix at level may would use them. Tickets are off since a resumed session shows no certificate. One renegotiation
// is gone along with, as OpenSSL does. There is no client certificate; a server that asks gets an empty list.
var tlsConfig = &tls.Config{
	InsecureSkipVerify:     true,
	MinVersion:             tls.VersionTLS10,
	CipherSuites:           allSuites(),
	SessionTicketsDisabled: true,
	Renegotiation:          tls.RenegotiateOnceAsClient,
}

func allSuites() []uint16 {
	var ids []uint16
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, suite.ID)
	}
	return ids
}

// classicGroups are those of crypto/tls whose key shares are small.
var classicGroups = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}

func configFor(ask Ask, classic bool) *tls.Config {
	if ask == (Ask{}) && !classic {
		return tlsConfig
	}
	config := tlsConfig.Clone()
	config.ServerName = ask.SNI
	if classic {
		config.CurvePreferences = classicGroups
	}
	if ask.Key != AnyKey {
		config.MaxVersion = tls.VersionTLS12
		config.CipherSuites = suitesFor(ask.Key)
	}
	return config
}
