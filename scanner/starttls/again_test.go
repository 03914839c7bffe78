package starttls

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/scannertest"
)

// A peeked connection has octets that were read ahead.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

// intolerant is a server that has no answer to a ClientHello of more than 600 octets: it falls silent, or hangs up.
func intolerant(hangUp bool) scannertest.SMTP {
	return startTLSFront(func(c net.Conn, r *bufio.Reader) {
		header, err := r.Peek(5)
		if err != nil {
			return
		}
		if int(header[3])<<8+int(header[4]) > 600 {
			if !hangUp {
				io.Copy(io.Discard, r)
			}
			return
		}
		conn := tls.Server(peeked{c, r}, &tls.Config{Certificates: []tls.Certificate{*testCert()}})
		lines := bufio.NewReader(conn)
		lines.ReadString('\n')
		io.WriteString(conn, "250 mx\r\n")
		lines.ReadString('\n')
	})
}

// TestPQIntolerant: a server that chokes on a large hello is asked with a small one, and then has a session like any
// other's.
func TestPQIntolerant(t *testing.T) {
	t.Parallel()
	for name, hangUp := range map[string]bool{"silent": false, "hangs up": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testClient()
			c.Timeout = short
			s, _ := probeServer(t, c, intolerant(hangUp))
			checkEnd(t, s, Done, ReasonNone)
			if !s.PQIntolerant || s.Connections != 2 || s.Raw != nil {
				t.Errorf("intolerant %v, %d connections, raw %+v", s.PQIntolerant, s.Connections, s.Raw)
			}
			if s.TLS != nil && s.TLS.Group != uint16(tls.X25519) {
				t.Errorf("group %s", GroupName(s.TLS.Group))
			}
		})
	}
}

// TestAsPostfixIsSmall: Postfix offers no hybrid group, so its hello is not too large for anybody, and a server that has
// no other group has no TLS for it.
func TestAsPostfixIsSmall(t *testing.T) {
	t.Parallel()
	c := testClient()
	c.AsPostfix = true
	s, _ := probeServer(t, c, intolerant(false))
	checkEnd(t, s, Done, ReasonNone)
	if s.PQIntolerant || s.Connections != 1 {
		t.Errorf("intolerant %v, %d connections", s.PQIntolerant, s.Connections)
	}
	config := &tls.Config{Certificates: []tls.Certificate{*testCert()}, MinVersion: tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}}
	s, _ = probeServer(t, c, startTLSFront(func(conn net.Conn, r *bufio.Reader) {
		tls.Server(peeked{conn, r}, config).Handshake()
	}))
	if s.TLS != nil || s.Raw == nil || s.Raw.Err == nil || s.Raw.Err.Kind != clienthello.Alert {
		t.Errorf("X25519MLKEM768 alone: TLS %+v, raw %+v", s.TLS, s.Raw)
	}
}

// TestAskedAgain: how often servers that fail in their ways are asked, and what comes of it.
func TestAskedAgain(t *testing.T) {
	t.Parallel()
	alert := func(c *net.TCPConn) { io.WriteString(c, octets("15 0301 0002 0228")) }
	late := func(c *net.TCPConn) { // a handshake that fails behind the ServerHello is not for want of a suite
		io.WriteString(c, serverHello("0303", "c02f"))
		alert(c)
	}
	for _, tt := range []struct {
		name        string
		answer      func(*net.TCPConn)
		kind        clienthello.Kind // of Raw's error; KindNone = no Raw
		connections int
	}{
		{"alert", alert, clienthello.Alert, 2},
		{"alert behind the ServerHello", late, clienthello.KindNone, 1},
		{"closed", func(c *net.TCPConn) { c.CloseWrite() }, clienthello.Closed, 3},
		{"reset", func(c *net.TCPConn) { c.SetLinger(0); c.Close() }, clienthello.Broken, 3},
		{"silent", func(*net.TCPConn) {}, clienthello.KindNone, 2},
		{"no TLS", saying("454 no\r\n"), clienthello.KindNone, 1},
		{"SSLv3", saying(serverHello("0300", "0035")), clienthello.Unoffered, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := testClient()
			c.Timeout = short
			s, srv := probeServer(t, c, answering(tt.answer))
			kind := clienthello.KindNone
			if s.Raw != nil && s.Raw.Err != nil {
				kind = s.Raw.Err.Kind
			}
			if kind != tt.kind || s.Connections != tt.connections || srv.Sessions() != tt.connections {
				t.Errorf("%v, %d connections (the server says %d); want %v, %d\nerror %v, raw %+v", kind, s.Connections,
					srv.Sessions(), tt.kind, tt.connections, s.Err, s.Raw)
			}
			if s.Negotiated() != nil || s.Stage != StartTLS || s.Err == nil {
				t.Errorf("stage %v, error %v, negotiated %+v", s.Stage, s.Err, s.Negotiated())
			}
		})
	}
}

// TestAskedInVain: a server that turns the second connection away leaves the first one's record as it was.
func TestAskedInVain(t *testing.T) {
	t.Parallel()
	var sessions atomic.Int32
	alert := answering(saying(octets("15 0301 0002 0228")))
	spec := scannertest.SMTP{Handle: func(c net.Conn) {
		if sessions.Add(1) > 1 {
			io.WriteString(c, "421 later\r\n")
			return
		}
		alert.Handle(c)
	}}
	s, _ := probeServer(t, testClient(), spec)
	checkEnd(t, s, StartTLS, TLSNoCipher)
	if s.Raw != nil || s.Connections != 2 || len(s.Dialogue) != 3 {
		t.Errorf("raw %+v, %d connections, dialogue %+v", s.Raw, s.Connections, s.Dialogue)
	}
}

// TestInterruptedAgain: a run that is stopped while a server is asked again leaves no verdict on it.
func TestInterruptedAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var sessions atomic.Int32
	srv := serve(t, answering(func(c *net.TCPConn) {
		if sessions.Add(1) == 1 {
			io.WriteString(c, octets("15 0301 0002 0228"))
			return
		}
		cancel()
	}))
	s := testClient().Probe(ctx, srv.Addr(), Ask{})
	checkComplete(t, s)
	checkEnd(t, s, StartTLS, Interrupted)
	if s.Raw != nil || s.Duration > patient/2 {
		t.Errorf("raw %+v after %v", s.Raw, s.Duration)
	}
}

// TestTurn: every connection but the first waits for its turn, and the wait costs the server nothing of its time.
func TestTurn(t *testing.T) {
	t.Parallel()
	silent := answering(func(*net.TCPConn) {})
	closing := answering(func(c *net.TCPConn) { c.CloseWrite() })
	for name, tt := range map[string]struct {
		spec  scannertest.SMTP
		turns int32
	}{"closed": {closing, 2}, "silent": {silent, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testClient()
			c.Timeout, c.HostTimeout = short, short+short/2
			var turns atomic.Int32
			c.Turn = func(context.Context) error {
				turns.Add(1)
				time.Sleep(short)
				return nil
			}
			s, srv := probeServer(t, c, tt.spec)
			if int(tt.turns) != s.Connections-1 || turns.Load() != tt.turns || srv.Sessions() != s.Connections {
				t.Errorf("%d turns, %d connections (the server says %d)", turns.Load(), s.Connections, srv.Sessions())
			}
			if s.Err == nil || s.Err.Reason != TLSClosed && s.Err.Reason != TLSTimeout {
				t.Errorf("%v", s.Err)
			}
		})
	}
}

// TestNoTurn: a run that gives no further turn leaves a doubtful server without a verdict, and a healthy one with its.
func TestNoTurn(t *testing.T) {
	t.Parallel()
	over := errors.New("enough")
	c := testClient()
	c.Turn = func(context.Context) error { return over }
	for name, spec := range map[string]scannertest.SMTP{
		"alert":  answering(saying(octets("15 0301 0002 0228"))),
		"closed": answering(func(c *net.TCPConn) { c.CloseWrite() }),
	} {
		s, srv := probeServer(t, c, spec)
		checkComplete(t, s)
		checkEnd(t, s, StartTLS, Interrupted)
		if s.Raw != nil || s.Connections != 1 || srv.Sessions() != 1 || !strings.Contains(s.Err.Text, over.Error()) {
			t.Errorf("%s: raw %+v, %d connections, %v", name, s.Raw, s.Connections, s.Err)
		}
	}
	healthy := *c
	healthy.AsPostfix = true
	s, _ := probeServer(t, &healthy, scannertest.SMTP{Certificate: testCert(),
		TLS: &tls.Config{MaxVersion: tls.VersionTLS12}})
	checkEnd(t, s, Done, ReasonNone)
	if s.Raw != nil || s.Connections != 1 {
		t.Errorf("raw %+v, %d connections", s.Raw, s.Connections)
	}
}

// odd is a certificate that Go cannot parse: a name of its SAN is no IA5String.
var odd = sync.OnceValue(func() *tls.Certificate {
	cert := testCA().Resign(*testCert(), func(tbs []byte) []byte {
		return bytes.ReplaceAll(tbs, []byte("mx.example"), []byte("mx.ex\xe4mple"))
	})
	return &cert
})

// TestUnreadableOnce: a server that does not come to its handshake a second time was seen well enough the first time,
// but for what TLS 1.3 hides.
func TestUnreadableOnce(t *testing.T) {
	t.Parallel()
	for version, chain := range map[uint16][][]byte{tls.VersionTLS12: odd().Certificate, tls.VersionTLS13: nil} {
		var sessions atomic.Int32
		spec := startTLSFront(func(c net.Conn, r *bufio.Reader) {
			if sessions.Add(1) == 1 {
				tls.Server(peeked{c, r}, &tls.Config{Certificates: []tls.Certificate{*odd()}, MaxVersion: version}).Handshake()
			}
		})
		first := spec.Handle
		spec.Handle = func(c net.Conn) {
			if sessions.Load() > 0 {
				io.WriteString(c, "421 later\r\n")
				return
			}
			first(c)
		}
		s, _ := probeServer(t, testClient(), spec)
		checkEnd(t, s, StartTLS, TLSCertificate)
		h := s.Negotiated()
		if h == nil || h.Version != version || s.Connections != 2 {
			t.Fatalf("negotiated %+v, %d connections", h, s.Connections)
		}
		if diff := cmp.Diff(chain, h.Chain); diff != "" {
			t.Errorf("%s: chain (-want +got):\n%s", VersionName(version), diff)
		}
	}
}

// TestUnreadableAsPostfix: where it has to be exact, what TLS 1.3 agrees on is asked for with Postfix's own hello too.
func TestUnreadableAsPostfix(t *testing.T) {
	t.Parallel()
	c := testClient()
	c.AsPostfix = true
	s, _ := probeServer(t, c, scannertest.SMTP{Certificate: odd(), TLS: &tls.Config{}})
	checkEnd(t, s, StartTLS, TLSCertificate)
	h := s.Negotiated()
	if h == nil || h.Version != tls.VersionTLS13 || h.Group != uint16(tls.X25519) || s.Connections != 3 ||
		!slices.EqualFunc(h.Chain, odd().Certificate, bytes.Equal) {
		t.Errorf("negotiated %+v, %d connections", h, s.Connections)
	}
}

// TestUnreadableCertificate: a chain that Go cannot parse is taken from the wire, at TLS 1.3 by a hello for TLS 1.2.
func TestUnreadableCertificate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		oldest, newer uint16
		version       uint16
		chain         [][]byte
	}{
		{"TLS 1.2", tls.VersionTLS12, tls.VersionTLS12, tls.VersionTLS12, odd().Certificate},
		{"TLS 1.2 and 1.3", tls.VersionTLS12, tls.VersionTLS13, tls.VersionTLS13, odd().Certificate},
		{"TLS 1.3", tls.VersionTLS13, tls.VersionTLS13, tls.VersionTLS13, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := probeServer(t, testClient(), scannertest.SMTP{Certificate: odd(),
				TLS: &tls.Config{MinVersion: tt.oldest, MaxVersion: tt.newer}})
			checkEnd(t, s, StartTLS, TLSCertificate)
			h := s.Negotiated()
			if h == nil || h.Version != tt.version || s.Connections != 2 {
				t.Fatalf("negotiated %+v, %d connections", h, s.Connections)
			}
			if diff := cmp.Diff(tt.chain, h.Chain); diff != "" {
				t.Errorf("chain (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLongChain: crypto/tls goes up to 256 KiB, OpenSSL to 100.
func TestLongChain(t *testing.T) {
	t.Parallel()
	long := *testCert()
	long.Certificate = slices.Repeat(long.Certificate, 110<<10/len(long.Certificate[0]))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s, _ := probeServer(t, testClient(), scannertest.SMTP{Certificate: &long,
			TLS: &tls.Config{MinVersion: version, MaxVersion: version}})
		checkEnd(t, s, Done, ReasonNone)
		if s.TLS == nil || s.TLS.Flight().Refused(0) != "excessive message size" {
			t.Errorf("%s: %+v", VersionName(version), s.TLS)
		}
	}
}

// TestRawBounds: a server that never comes to an end with its flight has the stage's time, and then is left.
func TestRawBounds(t *testing.T) {
	t.Parallel()
	var sessions atomic.Int32
	answers := []func(*net.TCPConn){
		saying(octets("15 0301 0002 0228")), repeating("\x16\x03\x03\x00\x00", 50*time.Millisecond),
	}
	c := testClient()
	c.Timeout = short
	s, _ := probeServer(t, c, answering(func(conn *net.TCPConn) { answers[sessions.Add(1)-1](conn) }))
	checkEnd(t, s, StartTLS, TLSNoCipher)
	if s.Raw == nil || s.Raw.Err == nil || s.Raw.Err.Kind != clienthello.TimedOut || s.Duration > 3*short {
		t.Errorf("raw %+v after %v", s.Raw, s.Duration)
	}
	if ne, ok := errors.AsType[net.Error](s.Raw.Err); !ok || !ne.Timeout() {
		t.Errorf("cause %v", s.Raw.Err.Err)
	}
}
