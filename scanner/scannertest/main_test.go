package scannertest_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/textproto"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mxtls/scanner/scannertest"
)

// Whatever the tests do to servers and clients, no goroutine may be left in the end.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newInternet(t testing.TB) *scannertest.Internet {
	t.Helper()
	in, err := scannertest.NewInternet()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.Close)
	return in
}

// serve starts a server that ends with the test, at 127.0.0.1.
func serve(t testing.TB, s scannertest.SMTP) *scannertest.Server {
	t.Helper()
	server, err := scannertest.NewSMTP("127.0.0.1:0", s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// client is a bare TCP client: it says and expects octets.
type client struct {
	*net.TCPConn
	t testing.TB
	r *bufio.Reader
}

func dial(t testing.TB, s *scannertest.Server) *client {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{c.(*net.TCPConn), t, bufio.NewReader(c)}
}

func (c *client) say(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) expect(text string) {
	c.t.Helper()
	got := make([]byte, len(text))
	n, err := io.ReadFull(c.r, got)
	if string(got[:n]) != text {
		c.t.Fatalf("got %q (%v), want %q", got[:n], err, text)
	}
}

// expectEnd expects that the server says no more.
func (c *client) expectEnd() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
		c.t.Fatalf("got %q (%v), want the end", rest, err)
	}
}

// reply reads one reply with an independent reader.
func (c *client) reply() (int, string) {
	c.t.Helper()
	code, text, err := textproto.NewReader(c.r).ReadResponse(0)
	if err != nil {
		c.t.Fatal(err)
	}
	return code, text
}

// eventually waits for what another goroutine is about to do.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: never", what)
		}
	}
}

func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
