package scannertest_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/scannertest"
)

// trusting is a client configuration that checks the server's name against one root.
func trusting(ca *scannertest.CA, name string) *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(ca.Certificate())
	return &tls.Config{ServerName: name, RootCAs: roots}
}

// Go's net/smtp, which knows nothing of us, sends a message over a verified connection.
func TestHealthyServer(t *testing.T) {
	t.Parallel()
	in := newInternet(t)
	cert := in.CA().Intermediate("Between").Issue([]string{"mx.example.com"})
	server, err := in.Serve("2001:db8::25", scannertest.SMTP{Name: "mx.example.com", Certificate: &cert})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := in.Dial(t.Context(), "tcp", "[2001:db8::25]:25")
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "mx.example.com")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Hello("client.example.net"); err != nil {
		t.Fatal(err)
	}
	for _, keyword := range []string{"PIPELINING", "SIZE", "8BITMIME", "STARTTLS"} {
		if ok, _ := c.Extension(keyword); !ok {
			t.Errorf("%s is not offered", keyword)
		}
	}
	if err := c.StartTLS(trusting(in.CA(), "mx.example.com")); err != nil {
		t.Fatal(err)
	}
	if ok, _ := c.Extension("STARTTLS"); ok {
		t.Error("STARTTLS is offered inside TLS")
	}
	if state, ok := c.TLSConnectionState(); !ok || len(state.PeerCertificates) != 2 || state.Version != tls.VersionTLS13 {
		t.Errorf("TLS %v: %+v", ok, state)
	}
	for _, err := range []error{
		c.Noop(), c.Reset(), c.Mail("a@example.net"), c.Rcpt("b@example.com"), send(c), c.Quit(),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"EHLO client.example.net", "STARTTLS", "EHLO client.example.net", "NOOP", "RSET",
		"MAIL FROM:<a@example.net> BODY=8BITMIME", "RCPT TO:<b@example.com>", "DATA", "QUIT",
	}
	if diff := cmp.Diff(want, server.Commands()); diff != "" {
		t.Error(diff)
	}
	if errs := server.Errors(); len(errs) > 0 || server.Sessions() != 1 || server.Pregreet() != 0 {
		t.Errorf("errors %v, sessions %d, pregreet %d", errs, server.Sessions(), server.Pregreet())
	}
}

func send(c *smtp.Client) error {
	w, err := c.Data()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Subject: test\r\n\r\nQUIT\r\n.\r\n%s\r\n", strings.Repeat("long line ", 1000))
	return w.Close()
}

// Each field alone, as octets on the wire: "<" is the client's line, ">" the server's; the rest is what a session says.
func TestFields(t *testing.T) {
	t.Parallel()
	cert := scannertest.SelfSigned([]string{"mx.example.com"})
	const name = "mx.example.com"
	const hello = "220 mx.example.com ESMTP\r\n"
	const ehlo = "250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 8BITMIME\r\n"
	for _, tt := range []struct {
		name string
		smtp scannertest.SMTP
		talk []string // the banner, then command, reply, command, reply, ...
		end  bool     // the server hangs up
	}{
		{"no certificate", scannertest.SMTP{Name: name}, []string{hello, "EHLO a", ehlo,
			"STARTTLS", "502 5.5.1 STARTTLS not implemented\r\n", "QUIT", "221 2.0.0 Bye\r\n"}, true},
		{"address as name", scannertest.SMTP{},
			[]string{"220 [127.0.0.1] ESMTP\r\n", "HELO a", "250 [127.0.0.1]\r\n"}, false},
		{"banner", scannertest.SMTP{Banner: "220-one\r\n220 \x1b[31mtwo"}, []string{"220-one\r\n220 \x1b[31mtwo\r\n"}, false},
		{"421", scannertest.SMTP{Banner: "421 4.7.0 Too many"}, []string{"421 4.7.0 Too many\r\n"}, true},
		{"554", scannertest.SMTP{Banner: "554 No"}, []string{"554 No\r\n", "EHLO a", "503 5.5.1 No service here\r\n",
			"QUIT", "221 2.0.0 Bye\r\n"}, true},
		{"450", scannertest.SMTP{Banner: "450 4.7.1 Grey"}, []string{"450 4.7.1 Grey\r\n", "HELO a",
			"503 5.5.1 No service here\r\n"}, false},
		{"capabilities", scannertest.SMTP{Name: name, Capabilities: []string{"X", "Y 1"}, Certificate: &cert},
			[]string{hello, "ehlo a", "250-mx.example.com\r\n250-X\r\n250-Y 1\r\n250 STARTTLS\r\n"}, false},
		{"no capabilities", scannertest.SMTP{Name: name, Capabilities: []string{}},
			[]string{hello, "EHLO a", "250 mx.example.com\r\n"}, false},
		{"no starttls", scannertest.SMTP{Name: name, NoSTARTTLS: true, Certificate: &cert},
			[]string{hello, "EHLO a", ehlo, "STARTTLS", "502 5.5.1 STARTTLS not implemented\r\n"}, false},
		{"helo only", scannertest.SMTP{Name: name, EHLO: "502 5.5.1 What?", HELO: "250 Well"},
			[]string{hello, "EHLO a", "502 5.5.1 What?\r\n", "HELO a", "250 Well\r\n"}, false},
		{"ehlo 421", scannertest.SMTP{Name: name, EHLO: "421 4.3.2 Down"},
			[]string{hello, "EHLO a", "421 4.3.2 Down\r\n"}, true},
		{"starttls refused", scannertest.SMTP{Name: name, StartTLS: "454 4.7.0 No TLS", Certificate: &cert},
			[]string{hello, "STARTTLS", "454 4.7.0 No TLS\r\n", "HELO a", "250 mx.example.com\r\n"}, false},
		{"starttls 250", scannertest.SMTP{Name: name, StartTLS: "250 Ok"},
			[]string{hello, "STARTTLS", "250 Ok\r\n", "HELO a", "250 mx.example.com\r\n"}, false},
		{"starttls 220 without certificate", scannertest.SMTP{Name: name, StartTLS: "220 Go"},
			[]string{hello, "STARTTLS", "502 5.5.1 STARTTLS not implemented\r\n"}, false},
		{"inject", scannertest.SMTP{Name: name, StartTLS: "220 Go", Inject: "250 mx\r\n", Certificate: &cert},
			[]string{hello, "STARTTLS", "220 Go\r\n250 mx\r\n"}, false},
		{"unknown", scannertest.SMTP{Name: name}, []string{hello,
			"FROB", "500 5.5.2 Command not recognized\r\n", "VRFY a", "252 2.0.0 Try and see\r\n",
			"AUTH PLAIN x", "502 5.5.1 Command not implemented\r\n", "", "500 5.5.2 Command not recognized\r\n"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, tt.smtp)
			c := dial(t, server)
			c.expect(tt.talk[0])
			var commands []string
			for i := 1; i < len(tt.talk); i += 2 {
				c.say(tt.talk[i] + "\r\n")
				commands = append(commands, tt.talk[i])
				c.expect(tt.talk[i+1])
			}
			if tt.end {
				c.expectEnd()
			}
			c.CloseWrite()
			eventually(t, "commands", func() bool { return cmp.Equal(commands, server.Commands()) })
		})
	}
}

func TestAfterTLS(t *testing.T) {
	t.Parallel()
	ca := scannertest.NewCA("Root")
	cert := ca.Issue([]string{"mx.example.com"})
	for _, tt := range []struct {
		name, after string
		want        []string
	}{
		{"normal", "", []string{"250-mx.example.com\r\n250 X\r\n"}},
		{"other", "250-other\r\n250 STARTTLS", []string{"250-other\r\n250 STARTTLS\r\n"}},
		{"refused", "454 4.7.0 Later", []string{"454 4.7.0 Later\r\n"}},
		{"gone", "421 4.3.2 Down", []string{"421 4.3.2 Down\r\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, scannertest.SMTP{Name: "mx.example.com", Capabilities: []string{"X"}, Certificate: &cert,
				AfterTLS: tt.after, EHLO: "250-plain\r\n250 STARTTLS"})
			c := dial(t, server)
			c.reply()
			c.say("EHLO a\r\n")
			c.expect("250-plain\r\n250 STARTTLS\r\n")
			c.say("STARTTLS\r\n")
			c.reply()
			secure := tls.Client(c.TCPConn, trusting(ca, "mx.example.com"))
			io.WriteString(secure, "EHLO a\r\n")
			got := make([]byte, len(tt.want[0]))
			if _, err := io.ReadFull(secure, got); err != nil || string(got) != tt.want[0] {
				t.Fatalf("got %q, %v", got, err)
			}
			if strings.HasPrefix(tt.after, "421") {
				if rest, err := io.ReadAll(secure); len(rest) > 0 || err != nil { // an orderly end: close_notify
					t.Errorf("got %q, %v", rest, err)
				}
				return
			}
			io.WriteString(secure, "STARTTLS\r\n")
			want := "503 5.5.1 TLS is there already\r\n"
			got = make([]byte, len(want))
			if _, err := io.ReadFull(secure, got); err != nil || string(got) != want {
				t.Errorf("STARTTLS inside TLS: %q, %v", got, err)
			}
		})
	}
}

// What a server can be told about TLS through its base configuration.
func TestTLSConfig(t *testing.T) {
	t.Parallel()
	ca := scannertest.NewCA("Root")
	a, b := ca.Issue([]string{"a.example"}), ca.Issue([]string{"b.example"}, scannertest.RSA2048)
	huge := ca.Issue([]string{"a.example"}, scannertest.RSA16384)
	unparsable := tls.Certificate{Certificate: [][]byte{{0x30, 0x00}}, PrivateKey: a.PrivateKey}
	onlyA := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &a, nil }
	tls10 := &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
	for _, tt := range []struct {
		name   string
		smtp   scannertest.SMTP
		client func(*tls.Config)
		check  func(tls.ConnectionState) bool
		text   string // of the client's error; "" = none
	}{
		{"certificate by sni", scannertest.SMTP{Certificate: &b, TLS: &tls.Config{Certificates: []tls.Certificate{a}}},
			nil, func(s tls.ConnectionState) bool { return s.PeerCertificates[0].DNSNames[0] == "a.example" }, ""},
		{"certificate without sni", scannertest.SMTP{Certificate: &b, TLS: &tls.Config{Certificates: []tls.Certificate{a}}},
			func(c *tls.Config) { c.ServerName, c.InsecureSkipVerify = "", true },
			func(s tls.ConnectionState) bool { return s.PeerCertificates[0].DNSNames[0] == "b.example" }, ""},
		{"function alone", scannertest.SMTP{TLS: &tls.Config{GetCertificate: onlyA}},
			nil, func(s tls.ConnectionState) bool { return s.Version == tls.VersionTLS13 }, ""},
		{"tls 1.0", scannertest.SMTP{Certificate: &a, TLS: tls10},
			func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 },
			func(s tls.ConnectionState) bool { return s.Version == tls.VersionTLS10 }, ""},
		{"no common version", scannertest.SMTP{Certificate: &a, TLS: &tls.Config{MaxVersion: tls.VersionTLS12}},
			func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, nil, "protocol version not supported"},
		{"no certificate at all", scannertest.SMTP{TLS: &tls.Config{}}, nil, nil, "unrecognized name"},
		{"client certificate asked", scannertest.SMTP{Certificate: &a, TLS: &tls.Config{ClientAuth: tls.RequestClientCert}},
			nil, func(s tls.ConnectionState) bool { return s.HandshakeComplete }, ""},
		{"huge key", scannertest.SMTP{Certificate: &huge}, nil, nil, "invalid signature by the server certificate"}, // no private key behind it
		{"unparsable", scannertest.SMTP{Certificate: &unparsable},
			nil, nil, "failed to parse certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, tt.smtp)
			config := trusting(ca, "a.example")
			if tt.client != nil {
				tt.client(config)
			}
			c := dial(t, server)
			c.reply()
			c.say("STARTTLS\r\n")
			c.reply()
			secure := tls.Client(c.TCPConn, config)
			err := secure.Handshake()
			if tt.text == "" && err != nil || tt.text != "" && (err == nil || !strings.Contains(err.Error(), tt.text)) {
				t.Fatalf("%v, want %q", err, tt.text)
			}
			if err == nil && !tt.check(secure.ConnectionState()) {
				t.Errorf("%+v", secure.ConnectionState())
			}
			if err != nil {
				c.Close()
				eventually(t, "the server's error", func() bool {
					errs := server.Errors()
					return len(errs) == 1 && strings.Contains(errs[0].Error(), "handshake: ")
				})
			}
		})
	}
}

func TestPregreet(t *testing.T) {
	t.Parallel()
	const early = time.Second // long enough for a client on a machine that is busy
	for _, tt := range []struct {
		name string
		smtp scannertest.SMTP
	}{
		{"field", scannertest.SMTP{Banner: "220 mx", BannerDelay: early, HELO: "250 mx"}},
		{"script", scannertest.SMTP{Script: "SLEEP 1s\nS: 220 mx\nC: HELO a\nS: 250 mx\nSLEEP 1s"}},
	} {
		for said, want := range map[string]int{"": 0, "HELO a\r\n": 8, strings.Repeat("x", 5000): 4096} {
			t.Run(fmt.Sprint(tt.name, " ", len(said)), func(t *testing.T) {
				t.Parallel()
				server := serve(t, tt.smtp)
				c := dial(t, server)
				begin := time.Now()
				c.say(said)
				c.expect("220 mx\r\n")
				if took := time.Since(begin); took < early*9/10 {
					t.Errorf("banner after %s", took)
				}
				if got := server.Pregreet(); got != want {
					t.Errorf("pregreet %d, want %d", got, want)
				}
				if want <= 8 {
					if said == "" {
						c.say("HELO a\r\n")
					}
					c.expect("250 mx\r\n") // what came early is read all the same
					c.say("NOOP\r\n")
				}
				if got := server.Pregreet(); got != want {
					t.Errorf("pregreet after the banner %d, want %d", got, want)
				}
			})
		}
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	ca := scannertest.NewCA("Root")
	cert := ca.Issue([]string{"mx.example.com"})
	const rtt = 30 * time.Millisecond
	server := serve(t, scannertest.SMTP{Certificate: &cert, Latency: rtt})
	begin := time.Now()
	c, err := smtp.Dial(server.Addr().String()) // banner
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(trusting(ca, "mx.example.com")); err != nil { // EHLO, STARTTLS, handshake, EHLO
		t.Fatal(err)
	}
	if err := c.Quit(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took < 6*rtt {
		t.Errorf("six round trips of %s in %s", rtt, took)
	}
}

func TestFirst(t *testing.T) {
	t.Parallel()
	server := serve(t, scannertest.SMTP{Banner: "220 mx", First: []scannertest.SMTP{
		{Banner: "421 4.7.0 Try again"}, {Script: "S: 450 Grey"}, {Handle: func(c net.Conn) { io.WriteString(c, "?") }},
	}})
	for _, want := range []string{"421 4.7.0 Try again\r\n", "450 Grey\r\n", "?", "220 mx\r\n", "220 mx\r\n"} {
		c := dial(t, server)
		c.expect(want)
		c.Close()
	}
	if got := server.Sessions(); got != 5 {
		t.Errorf("sessions %d", got)
	}
	bad := scannertest.SMTP{First: []scannertest.SMTP{{Script: "?"}}}
	if _, err := scannertest.NewSMTP("127.0.0.1:0", bad); err == nil {
		t.Error("a bad script in First was taken")
	}
}

func TestHandle(t *testing.T) {
	t.Parallel()
	var tcp atomic.Bool
	server := serve(t, scannertest.SMTP{Banner: "220 never sent", Handle: func(c net.Conn) {
		_, ok := c.(*net.TCPConn)
		tcp.Store(ok)
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n")
	}})
	c := dial(t, server)
	c.expect("HTTP/1.1 400 Bad Request\r\n")
	c.expectEnd()
	if !tcp.Load() {
		t.Error("not a *net.TCPConn")
	}
}

// A client may be as hostile as a server: nothing that it sends makes the server fail or keep it for ever.
func TestHostileClient(t *testing.T) {
	t.Parallel()
	cert := scannertest.SelfSigned([]string{"mx.example.com"})
	for name, said := range map[string]string{
		"long line":     strings.Repeat("x", 1<<16),
		"many commands": strings.Repeat("NOOP\r\n", 1000),
		"long message":  "DATA\r\n" + strings.Repeat("text\r\n", 1<<19),
		"not tls":       "STARTTLS\r\nEHLO a\r\n\r\n\r\n",
		"binary":        string(bytes.Repeat([]byte{0, 0xff, '\n'}, 2000)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, scannertest.SMTP{Banner: "220 mx", Certificate: &cert})
			c := dial(t, server)
			go func() {
				io.WriteString(c, said)
			}()
			if _, err := io.Copy(io.Discard, c.r); err != nil && !isReset(err) {
				t.Errorf("not hung up: %v", err)
			}
			c.Close()
			dial(t, server).expect("220 mx\r\n")
		})
	}
}

func isReset(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return !ok || !timeout.Timeout()
}

func TestNewSMTPErrors(t *testing.T) {
	t.Parallel()
	other, err := scannertest.NewSMTP("127.1.2.3:0", scannertest.SMTP{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if addr := other.Addr(); addr.Addr().String() != "127.1.2.3" || addr.Port() == 0 {
		t.Errorf("address %s", addr)
	}
	for _, listen := range []string{"192.0.2.1:25", "0.0.0.0:0", "localhost:25", "127.0.0.1", other.Addr().String()} {
		if s, err := scannertest.NewSMTP(listen, scannertest.SMTP{}); err == nil || !strings.Contains(err.Error(), listen) {
			t.Errorf("%s: %v", listen, err)
			s.Close()
		}
	}
}
