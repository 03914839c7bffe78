package starttls

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func dialError(errno syscall.Errno) error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
}

func TestConnectReason(t *testing.T) {
	t.Parallel()
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	mapped := netip.MustParseAddr("::ffff:192.0.2.1")
	tests := []struct {
		err  error
		addr netip.Addr
		want Reason
	}{
		{dialError(syscall.ECONNREFUSED), v4, ConnectionRefused},
		{dialError(syscall.ECONNREFUSED), v6, ConnectionRefused},
		{dialError(syscall.ECONNRESET), v4, GreetingClosed},
		{dialError(syscall.ETIMEDOUT), v4, ConnectTimeout},
		{&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, v4, ConnectTimeout},
		{context.DeadlineExceeded, v4, ConnectTimeout},
		{dialError(syscall.EHOSTUNREACH), v4, Unreachable},
		{dialError(syscall.ENETUNREACH), v4, Unreachable},
		{dialError(syscall.EHOSTUNREACH), v6, Unreachable},
		{dialError(syscall.ENETUNREACH), v6, NoIPv6},
		{dialError(syscall.EADDRNOTAVAIL), v6, NoIPv6},
		{dialError(syscall.EAFNOSUPPORT), v6, NoIPv6},
		{dialError(syscall.ENETUNREACH), mapped, Unreachable},
		{dialError(syscall.EADDRNOTAVAIL), v4, NotTested},
		{dialError(syscall.EMFILE), v4, NotTested},
		{dialError(syscall.ENFILE), v6, NotTested},
		{dialError(syscall.ENOBUFS), v4, NotTested},
		{dialError(syscall.ENOMEM), v4, NotTested},
		{dialError(syscall.EACCES), v4, ConnectFailed},
		{&net.OpError{Op: "dial", Err: fmt.Errorf("%w: 127.0.0.1", ErrReserved)}, v4, ReservedAddress},
		{errors.New("something else"), v6, ConnectFailed},
	}
	for _, tt := range tests {
		if got := connectReason(tt.err, tt.addr); got != tt.want {
			t.Errorf("%v, %v: %v, want %v", tt.addr, tt.err, got, tt.want)
		}
	}
}

// TestAlerts walks every alert number, in the form in which crypto/tls hands it over.
func TestAlerts(t *testing.T) {
	t.Parallel()
	type sorted struct{ first, later Reason }
	want := map[tls.AlertError]sorted{
		40: {TLSNoCipher, TLSAlert},  // handshake_failure
		70: {TLSVersion, TLSVersion}, // protocol_version
		71: {TLSNoCipher, TLSAlert},  // insufficient_security
	}
	for n := range 256 {
		alert := tls.AlertError(n)
		w, ok := want[alert]
		if !ok {
			w = sorted{TLSAlert, TLSAlert}
		}
		err := fmt.Errorf("wrapped: %w", &net.OpError{Op: "remote error", Err: alert})
		first, text := handshakeReason(err, alertRecord)
		later, _ := handshakeReason(err, alertRecord+1)
		if (sorted{first, later}) != w {
			t.Errorf("alert %d: %v first, %v later, want %v", n, first, later, w)
		}
		if name := strings.TrimPrefix(alert.Error(), "tls: "); !strings.HasSuffix(text, name) {
			t.Errorf("alert %d: text %q without %q", n, text, name)
		}
	}
	if reason, _ := handshakeReason(&net.OpError{Op: "local error", Err: tls.AlertError(40)}, 7); reason != TLSFailed {
		t.Errorf("our own alert: %v", reason)
	}
}

// TestHandshakeReason holds one error of each kind that crypto/tls makes for a client; TestHandshakeFailures provokes
// those of them that a few octets on the wire can provoke.
func TestHandshakeReason(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  error
		want Reason
	}{
		{io.EOF, TLSClosed},
		{io.ErrUnexpectedEOF, TLSClosed},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, TLSClosed},
		{&net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, TLSClosed},
		{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, TLSNotTLS},
		{tls.RecordHeaderError{Msg: "oversized record received with length 65535"}, TLSNotTLS},
		{tls.RecordHeaderError{Msg: "unsupported SSLv2 handshake received"}, TLSVersion},
		{tls.RecordHeaderError{Msg: "received record with version 301 when expecting version 303"}, TLSFailed},
		{errors.New("tls: server selected unsupported protocol version 300"), TLSVersion},
		{errors.New("tls: server selected an invalid version after a HelloRetryRequest"), TLSVersion},
		{errors.New("tls: server chose an unconfigured cipher suite"), TLSNoCipher},
		{errors.New("tls: server selected unsupported group"), TLSNoCipher},
		{errors.New("tls: server selected unsupported curve"), TLSNoCipher},
		{errors.New("tls: server selected unoffered curve"), TLSNoCipher},
		{errors.New("tls: failed to parse certificate from server: x509: malformed serial number"), TLSCertificate},
		{errors.New("tls: server sent certificate containing RSA key larger than 8192 bits"), TLSFailed},
		{errors.New("tls: server's certificate contains an unsupported type of public key: *dsa.PublicKey"), TLSFailed},
		{errors.New("tls: invalid signature by the server certificate: ECDSA verification failure"), TLSFailed},
		{errors.New("tls: server's Finished message was incorrect"), TLSFailed},
		{errors.New("tls: too many ignored records"), TLSFailed},
		{errors.New("tls: downgrade attempt detected, possibly due to a MitM attack or a broken middlebox"), TLSFailed},
		{errors.New("local error: tls: bad record MAC"), TLSFailed},
		{errors.New(""), TLSFailed},
	}
	for _, tt := range tests {
		if got, _ := handshakeReason(tt.err, 100); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.err, got, tt.want)
		}
	}
}

// TestConnect fails to connect in the ways that a kernel or a dialer has, all the way through Probe.
func TestConnect(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	deaf := l.Addr().(*net.TCPAddr).AddrPort()
	l.Close()
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
	}
	tests := []struct {
		name string
		edit func(*Client)
		want Reason
	}{
		{"refused", func(*Client) {}, ConnectionRefused},
		{"reserved", func(c *Client) { c.Dial = nil }, ReservedAddress},
		{"swallowed", func(c *Client) { c.Dial, c.Timeout = hang, short }, ConnectTimeout},
		{"swallowed, short session", func(c *Client) { c.Dial, c.HostTimeout = hang, short }, ConnectTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := testClient()
			tt.edit(c)
			s := c.Probe(t.Context(), deaf, Ask{})
			checkComplete(t, s)
			checkEnd(t, s, StageNone, tt.want)
			if s.Addr != deaf || s.Err != nil && s.Err.Unwrap() == nil {
				t.Errorf("address %v, error %#v", s.Addr, s.Err)
			}
		})
	}
}

// Who connects elsewhere than to mail servers gets no word of banners.
func TestConnectFailure(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("192.0.2.1")
	for err, want := range map[error]Reason{
		syscall.ECONNRESET: ConnectFailed, syscall.ECONNREFUSED: ConnectionRefused, ErrReserved: ReservedAddress,
		context.DeadlineExceeded: ConnectTimeout,
	} {
		reason, text := ConnectFailure(err, addr, time.Second)
		if reason != want || text == "" || strings.Contains(text, "banner") {
			t.Errorf("%v: %v, %q", err, reason, text)
		}
	}
	if reason, text := HandshakeFailure(io.EOF); reason != TLSClosed || text == "" {
		t.Errorf("%v, %q", reason, text)
	}
}
