package scannertest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"mxtls/scanner/scannertest"
)

func TestDial(t *testing.T) {
	t.Parallel()
	in := newInternet(t)
	for _, addr := range []string{
		"192.0.2.10", "198.51.100.255", "203.0.113.1:2525", "2001:db8::10", "[2001:db8:1::]:26",
	} {
		if _, err := in.Serve(addr, scannertest.SMTP{Name: "mx.example.com"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, address := range []string{
		"192.0.2.10:25", "198.51.100.255:25", "203.0.113.1:2525", "[2001:db8::10]:25", "[2001:db8:1::]:26",
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			c, err := in.Dial(t.Context(), "tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := c.RemoteAddr().String(); got != address {
				t.Errorf("RemoteAddr %s, want %s", got, address)
			}
			banner := make([]byte, len("220 mx.example.com ESMTP\r\n"))
			if _, err := io.ReadFull(c, banner); err != nil || string(banner) != "220 mx.example.com ESMTP\r\n" {
				t.Errorf("banner %q, %v", banner, err)
			}
		})
	}
}

func TestDialErrors(t *testing.T) {
	t.Parallel()
	in := newInternet(t)
	gone, err := in.Serve("192.0.2.1", scannertest.SMTP{})
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	if _, err := in.Serve("2001:db8::1", scannertest.SMTP{}); err != nil {
		t.Fatal(err)
	}
	in.NoIPv6()
	in.Blackhole("192.0.2.2")
	in.Unreachable("192.0.2.3")

	for _, tt := range []struct {
		name, network, address string
		want                   error
		text                   string
	}{
		{"closed server", "tcp", "192.0.2.1:25", syscall.ECONNREFUSED, "dial tcp 192.0.2.1:25: connection refused"},
		{"no server", "tcp", "192.0.2.9:25", syscall.ECONNREFUSED, "dial tcp 192.0.2.9:25: connection refused"},
		{"other port", "tcp4", "192.0.2.1:26", syscall.ECONNREFUSED, "dial tcp4 192.0.2.1:26: connection refused"},
		{"black hole", "tcp", "192.0.2.2:25", context.DeadlineExceeded, "dial tcp 192.0.2.2:25: context deadline exceeded"},
		{"unreachable", "tcp", "192.0.2.3:25", syscall.EHOSTUNREACH, "dial tcp 192.0.2.3:25: no route to host"},
		{"no ipv6", "tcp", "[2001:db8::1]:25", syscall.ENETUNREACH, "dial tcp [2001:db8::1]:25: network is unreachable"},
		{"loopback", "tcp", "127.0.0.1:25", nil, "dial tcp 127.0.0.1:25: not a documentation address"},
		{"private", "tcp", "10.0.0.1:25", nil, "not a documentation address"},
		{"mapped", "tcp", "[::ffff:192.0.2.1]:25", nil, "not a documentation address"},
		{"zone", "tcp", "[fe80::1%lo]:25", nil, "not a documentation address"},
		{"name", "tcp", "localhost:25", nil, "dial tcp: "},
		{"no port", "tcp", "192.0.2.1", nil, "dial tcp: "},
		{"udp", "udp", "192.0.2.1:53", net.UnknownNetworkError("udp"), "unknown network udp"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			limit := 20 * time.Second
			if tt.want == context.DeadlineExceeded {
				limit = 50 * time.Millisecond
			}
			c, err := in.Dial(within(t, limit), tt.network, tt.address)
			if err == nil {
				c.Close()
				t.Fatal("dialed")
			}
			op, ok := errors.AsType[*net.OpError](err)
			if !ok || op.Op != "dial" || op.Net != tt.network {
				t.Errorf("%#v, want a net.OpError of a dial", err)
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%v is not %v", err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v does not say %q", err, tt.text)
			}
			if got, want := op.Timeout(), tt.want == context.DeadlineExceeded; got != want {
				t.Errorf("Timeout %t, want %t", got, want)
			}
		})
	}

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := in.Dial(canceled, "tcp", "192.0.2.2:25"); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestServeErrors(t *testing.T) {
	t.Parallel()
	in := newInternet(t)
	taken, err := in.Serve("192.0.2.1", scannertest.SMTP{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ addr, script, text string }{
		{"192.0.2.1", "", "192.0.2.1"},
		{"127.0.0.1", "", "not a documentation address"},
		{"8.8.8.8:25", "", "not a documentation address"},
		{"mx.example.com", "", "mx.example.com"},
		{"192.0.2.2", "S: 220 hello\nSAY hello", `script line 2: "SAY hello": no such step`},
	} {
		_, err := in.Serve(tt.addr, scannertest.SMTP{Script: tt.script})
		if err == nil || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v, want %q", tt.addr, err, tt.text)
		}
	}
	if _, err := in.Serve("192.0.2.1", scannertest.SMTP{}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("taken: %v", err)
	}
	taken.Close()
	again, err := in.Serve("192.0.2.1", scannertest.SMTP{})
	if err != nil {
		t.Errorf("after the server there was closed: %v", err)
	}
	if got := again.Addr().String(); got != "192.0.2.1:25" {
		t.Errorf("address %s", got)
	}
	in.Close()
	if _, err := in.Serve("192.0.2.3", scannertest.SMTP{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := in.Dial(t.Context(), "tcp", "192.0.2.1:25"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("dial after Close: %v", err)
	}
	for _, addr := range []string{"192.0.2.1:25", "10.0.0.1", ""} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Blackhole(%q) did not panic", addr)
				}
			}()
			in.Blackhole(addr)
		}()
	}
}

// Close must end whatever waits: a dial into a black hole, an answer that is delayed, a session in each state.
func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	in, err := scannertest.NewInternet()
	if err != nil {
		t.Fatal(err)
	}
	cert := in.CA().Issue([]string{"mx.example.com"})
	in.Blackhole("192.0.2.1")
	in.DNS().Fail("*", "", scannertest.Failure{Delay: time.Hour})
	question, err := net.Dial("udp", in.DNS().Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer question.Close()
	if _, err := question.Write(query(t, "example.com", "MX")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "question", func() bool { return len(in.DNS().Queries()) == 1 })

	for addr, s := range map[string]scannertest.SMTP{
		"192.0.2.10": {},                                                      // awaits EHLO
		"192.0.2.11": {BannerDelay: time.Hour},                                // listens for the early
		"192.0.2.12": {Latency: time.Hour},                                    // waits without listening
		"192.0.2.13": {Script: "S: 220 a\nSLEEP 1h"},                          // sleeps
		"192.0.2.14": {Script: "S*: 220-b"},                                   // writes and writes
		"192.0.2.15": {Script: "TRICKLE* 1h c"},                               // trickles
		"192.0.2.16": {Script: "TLS", Certificate: &cert},                     // awaits a ClientHello
		"192.0.2.17": {Handle: func(c net.Conn) { io.Copy(io.Discard, c) }},   // a handler
		"192.0.2.18": {Script: "S: 220 d\nC: never"},                          // awaits a line
		"192.0.2.19": {Banner: "421 4.3.2 Later", Capabilities: []string{""}}, // lingers
	} {
		server, err := in.Serve(addr, s)
		if err != nil {
			t.Fatal(err)
		}
		c, err := in.Dial(t.Context(), "tcp", addr+":25")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		eventually(t, addr, func() bool { return server.Sessions() == 1 })
	}
	dialed := make(chan error)
	go func() {
		_, err := in.Dial(context.Background(), "tcp", "192.0.2.1:25")
		dialed <- err
	}()

	begin := time.Now()
	in.Close()
	in.Close()
	if err := <-dialed; !errors.Is(err, net.ErrClosed) {
		t.Errorf("dial into the black hole: %v", err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}

// TestDialResolver asks the DNS at its documentation address over both transports.
func TestDialResolver(t *testing.T) {
	t.Parallel()
	in := newInternet(t)
	if err := in.DNS().Add("example.com. 300 IN A 192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	for _, network := range []string{"udp", "tcp"} {
		r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return in.Dial(ctx, network, in.Resolver())
		}}
		if addrs, err := r.LookupHost(t.Context(), "example.com"); err != nil || len(addrs) != 1 || addrs[0] != "192.0.2.1" {
			t.Errorf("%s: %v, %v", network, addrs, err)
		}
	}
	if _, err := in.Dial(t.Context(), "udp", "192.0.2.1:53"); err == nil {
		t.Error("a datagram to where no resolver stands")
	}
}
