package starttls

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/scannertest"
)

// TestSession compares one whole record with what the server was told to say.
func TestSession(t *testing.T) {
	t.Parallel()
	spec := scannertest.SMTP{
		Name: "mx.example.com", Certificate: testCert(),
		Banner:   "220-mx.example.com ESMTP\r\n220 caf\xe9 \x1b[2J",
		EHLO:     "250-mx.example.com\r\n250-SIZE 10240000\r\n250 STARTTLS",
		AfterTLS: "250-mx.example.com\r\n250-SIZE 10240000\r\n250 REQUIRETLS",
	}
	s, srv := probeServer(t, testClient(), spec)
	checkEnd(t, s, Done, ReasonNone)
	var times []time.Duration
	for i := range s.Dialogue {
		times = append(times, s.Dialogue[i].At)
		s.Dialogue[i].At = 0
	}
	for i, at := range times {
		if at <= 0 || at > s.Duration || i > 0 && at < times[i-1] {
			t.Errorf("times %v of %v", times, s.Duration)
			break
		}
	}
	const ehlo = "EHLO client.example.org"
	want := []Exchange{
		{"", Reply{220, []string{"220-mx.example.com ESMTP", "220 caf\xe9 \x1b[2J"}}, false, 0},
		{ehlo, Reply{250, []string{"250-mx.example.com", "250-SIZE 10240000", "250 STARTTLS"}}, false, 0},
		{"STARTTLS", Reply{220, []string{"220 2.0.0 Ready to start TLS"}}, false, 0},
		{ehlo, Reply{250, []string{"250-mx.example.com", "250-SIZE 10240000", "250 REQUIRETLS"}}, true, 0},
		{"QUIT", Reply{}, true, 0},
	}
	if diff := cmp.Diff(want, s.Dialogue); diff != "" {
		t.Errorf("dialogue (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"SIZE 10240000", "STARTTLS"}, s.Before); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"SIZE 10240000", "REQUIRETLS"}, s.After); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	if s.Addr != srv.Addr() || !s.Offered || s.HELO || s.Injected != nil {
		t.Errorf("session %+v", s)
	}
	checkCommands(t, srv, ehlo, "STARTTLS", ehlo, "QUIT")
}

// TestBrokenReply: what came of a reply that broke off stays on record.
func TestBrokenReply(t *testing.T) {
	t.Parallel()
	s, _ := probeServer(t, testClient(), scripted("S: 220-mx\nS~: 220-and\nCLOSE"))
	checkEnd(t, s, Connected, GreetingClosed)
	if diff := cmp.Diff(Reply{0, []string{"220-mx", "220-and"}}, s.Dialogue[0].Reply); diff != "" {
		t.Errorf("reply (-want +got):\n%s", diff)
	}
}

// TestInterrupted stops a run while a server is silent at each step. The session ends at once and says so.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	scripts := []string{silence, greeted + silence, ehloed + silence, started + silence, secured + silence}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(short, cancel)
	sessions := together(len(scripts), func(i int) *Session {
		return testClient().Probe(ctx, serve(t, scripted(scripts[i])).Addr(), Ask{})
	})
	for i, stage := range []Stage{Connected, Greeted, EHLO, StartTLS, TLS} {
		t.Run(stage.String(), func(t *testing.T) {
			checkComplete(t, sessions[i])
			checkEnd(t, sessions[i], stage, Interrupted)
			if took := sessions[i].Duration; took > 2*short {
				t.Errorf("took %v", took)
			}
		})
	}
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("enough"))
		srv := serve(t, scripted(finished))
		s := testClient().Probe(ctx, srv.Addr(), Ask{})
		checkComplete(t, s)
		checkEnd(t, s, StageNone, Interrupted)
		if s.Err != nil && !strings.Contains(s.Err.Text, "enough") {
			t.Errorf("text %q", s.Err.Text)
		}
		if srv.Sessions() != 0 {
			t.Error("dialed all the same")
		}
	})
}

// A badConn fails after some reads; without an error it panics, as a defect of ours in a parser would.
type badConn struct {
	net.Conn
	reads  int
	err    error
	closed bool
}

func (c *badConn) Read(b []byte) (int, error) {
	if c.reads--; c.reads >= 0 {
		return c.Conn.Read(b)
	}
	if c.err == nil {
		panic("defect")
	}
	return 0, c.err
}

// dial is a DialFunc that puts c over the connection.
func (c *badConn) dial(ctx context.Context, network, address string) (_ net.Conn, err error) {
	c.Conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
	return c, err
}

func (c *badConn) Close() error {
	c.closed = true
	return c.Conn.Close()
}

// TestPanic: a defect of ours is one session's error, and leaves no connection open.
func TestPanic(t *testing.T) {
	t.Parallel()
	for reads, stage := range []Stage{Connected, Greeted, EHLO, StartTLS} {
		t.Run(stage.String(), func(t *testing.T) {
			t.Parallel()
			bad := &badConn{reads: reads}
			c := testClient()
			c.Dial = bad.dial
			s, _ := probeServer(t, c, scannertest.SMTP{Certificate: testCert()})
			checkEnd(t, s, stage, InternalError)
			if !bad.closed {
				t.Error("connection left open")
			}
			if s.Err != nil && (s.Err.Text != "panic: defect" || !strings.Contains(s.Err.Err.Error(), "badConn")) {
				t.Errorf("text %q, cause %v", s.Err.Text, s.Err.Err)
			}
		})
	}
	t.Run("dial", func(t *testing.T) {
		t.Parallel()
		c := &Client{Dial: func(context.Context, string, string) (net.Conn, error) { panic("defect") }}
		s := c.Probe(t.Context(), netip.MustParseAddrPort("192.0.2.1:25"), Ask{})
		checkComplete(t, s)
		checkEnd(t, s, StageNone, InternalError)
	})
}

// TestBrokenConnection: what the network does in mid-session ends it as if the server had hung up, with the cause.
func TestBrokenConnection(t *testing.T) {
	t.Parallel()
	bad := &badConn{reads: 1, err: &net.OpError{Op: "read", Err: syscall.EHOSTUNREACH}}
	c := testClient()
	c.Dial = bad.dial
	s, _ := probeServer(t, c, scannertest.SMTP{Certificate: testCert()})
	checkEnd(t, s, Greeted, ConnectionClosed)
	if !errors.Is(s.Err, syscall.EHOSTUNREACH) || !strings.Contains(s.Err.Text, syscall.EHOSTUNREACH.Error()) {
		t.Errorf("error %v", s.Err)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	var zero Client
	if zero.hello() != "localhost" || zero.stageLimit() != 30*time.Second || zero.greetLimit() != 40*time.Second {
		t.Errorf("%q, %v, %v", zero.hello(), zero.stageLimit(), zero.greetLimit())
	}
	if slow := (&Client{Timeout: time.Minute}); slow.stageLimit() != time.Minute || slow.greetLimit() != time.Minute {
		t.Errorf("%v, %v", slow.stageLimit(), slow.greetLimit())
	}
	if quick := (&Client{Timeout: time.Second}); quick.greetLimit() != 40*time.Second {
		t.Errorf("%v", quick.greetLimit())
	}
	if set := (&Client{GreetTimeout: time.Second}); set.greetLimit() != time.Second {
		t.Errorf("%v", set.greetLimit())
	}
}

// TestNeighbours: hostile servers beside healthy ones, all at once through one Client, change nothing for them.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	c := testClient()
	c.Timeout, c.GreetTimeout = 2*short, 2*short
	hostile := []string{
		"S*: 220-more", `RAW* \x00`, silence, "TRICKLE* 20ms 220-x\\r\\n", greeted + "S*: 250-x", started + silence,
		started + "SLEEP 20ms\nRAW* " + `\x15\x03\x01\x00\x02\x01\x70`, secured + "S~*: a", "RESET",
	}
	healthy := serve(t, scannertest.SMTP{Certificate: testCert()})
	var wg sync.WaitGroup
	for _, script := range hostile {
		srv := serve(t, scripted(script))
		wg.Go(func() {
			if s := c.Probe(t.Context(), srv.Addr(), Ask{}); s.Err == nil {
				t.Errorf("%q: no error", script)
			}
		})
		wg.Go(func() {
			s := c.Probe(t.Context(), healthy.Addr(), Ask{})
			checkComplete(t, s)
			checkEnd(t, s, Done, ReasonNone)
		})
	}
	wg.Wait()
}

// ExampleClient_Probe holds a session with a server of a false internet.
func ExampleClient_Probe() {
	in, err := scannertest.NewInternet()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer in.Close()
	cert := in.CA().Issue([]string{"mx.example.com"})
	srv, err := in.Serve("192.0.2.10", scannertest.SMTP{Name: "mx.example.com", Certificate: &cert,
		TLS: &tls.Config{CurvePreferences: []tls.CurveID{tls.X25519}, MaxVersion: tls.VersionTLS12}})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &Client{Dial: in.Dial, Hello: "client.example.org"}
	s := client.Probe(context.Background(), srv.Addr(), Ask{})
	fmt.Println(s.Addr, s.Stage, s.Err == nil)
	fmt.Println(VersionName(s.TLS.Version), CipherName(s.TLS.Suite), GroupName(s.TLS.Group), len(s.TLS.Chain))
	for _, e := range s.Dialogue {
		fmt.Println(e.Encrypted, e.Sent, e.Reply.Code)
	}
	// Output:
	// 192.0.2.10:25 done true
	// TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256 X25519 1
	// false  220
	// false EHLO client.example.org 250
	// false STARTTLS 220
	// true EHLO client.example.org 250
	// true QUIT 0
}
