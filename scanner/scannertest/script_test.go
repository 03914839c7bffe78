package scannertest_test

import (
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/scannertest"
)

func TestScript(t *testing.T) {
	t.Parallel()
	ca := scannertest.NewCA("Root")
	cert := ca.Issue([]string{"mx.example.com"})
	server := serve(t, scannertest.SMTP{Certificate: &cert, Script: `
		# A whole session, with STARTTLS.
		S: 220 mx.example.com ESMTP
		C: EHLO *
		S: 250-mx.example.com
		S: 250 STARTTLS
		C: STARTTLS
		S~: 220 2.0.0
		S:  Go ahead

		TLS
		C: EHLO [192.0.2.1]
		S: 250 mx.example.com
		C: QUIT
		S: 221 2.0.0 Bye
	`})
	c := dial(t, server)
	c.expect("220 mx.example.com ESMTP\r\n")
	c.say("EHLO client.example.net\r\n")
	c.expect("250-mx.example.com\r\n250 STARTTLS\r\n")
	c.say("STARTTLS\r\n")
	c.expect("220 2.0.0 Go ahead\r\n")
	secure := tls.Client(c.TCPConn, trusting(ca, "mx.example.com"))
	io.WriteString(secure, "EHLO [192.0.2.1]\r\n")
	b := make([]byte, 100)
	if n, err := secure.Read(b); err != nil || string(b[:n]) != "250 mx.example.com\r\n" {
		t.Fatalf("%q, %v", b[:n], err)
	}
	io.WriteString(secure, "QUIT\r\n")
	if rest, err := io.ReadAll(secure); err != nil || string(rest) != "221 2.0.0 Bye\r\n" {
		t.Fatalf("%q, %v", rest, err)
	}
	c.Close()
	want := []string{"EHLO client.example.net", "STARTTLS", "EHLO [192.0.2.1]", "QUIT"}
	if diff := cmp.Diff(want, server.Commands()); diff != "" {
		t.Error(diff)
	}
	if errs := server.Errors(); len(errs) > 0 {
		t.Error(errs)
	}
}

// Each threat that a scanner has to survive, as its script: what a plain client gets from it.
func TestHostileScripts(t *testing.T) {
	t.Parallel()
	long := func(line string) string { return strings.Repeat(line, 1<<20/len(line)) }
	for _, tt := range []struct{ name, script, say, want string }{
		{"endless banner", `S*: 220-more`, "", long("220-more\r\n")},
		{"endless EHLO reply", "S: 220 a\nC: EHLO *\nS*: 250-X", "EHLO a\r\n", "220 a\r\n" + long("250-X\r\n")},
		{"endless line", `S~*: 220 aaaa`, "", long("220 aaaa")},
		{"endless NULs", `RAW* \x00`, "", long("\x00")},
		{"tls record as banner", `RAW \x16\x03\x01\x00\x02\x01\x00`, "", "\x16\x03\x01\x00\x02\x01\x00"},
		{"http as banner", "S: HTTP/1.1 400 Bad Request\nCLOSE", "", "HTTP/1.1 400 Bad Request\r\n"},
		{"slow-loris", `TRICKLE 1ms "220 mx\r\n"`, "", "220 mx\r\n"},
		{"endless slow-loris", `TRICKLE* 1ms 220-x\r\n`, "", "220-x\r\n220-x\r\n220"},
		{"bare LF", `RAW 220 mx\n`, "", "220 mx\n"},
		{"mixed codes", "S: 220-a\nS: 250 b", "", "220-a\r\n250 b\r\n"},
		{"blank after a keyword", "S: 250-mx\nS: 250 STARTTLS ", "", "250-mx\r\n250 STARTTLS \r\n"},
		{"empty line", "S:\nS: 220 a", "", "\r\n220 a\r\n"},
		{"terminal escapes", `RAW 220 \x1b]0;owned\a\u202e\x9b\r\n`, "", "220 \x1b]0;owned\a\u202e\x9b\r\n"},
		{"plain text after 220", "S: 220 a\nC: STARTTLS\nS: 220 go\nS: 500 what", "STARTTLS\r\n",
			"220 a\r\n220 go\r\n500 what\r\n"},
		{"half a record after 220", "S: 220 a\nC: STARTTLS\nS: 220 go\nRAW \\x16\\x03\nCLOSE", "STARTTLS\r\n",
			"220 a\r\n220 go\r\n\x16\x03"},
		{"alert after 220", "S: 220 a\nC: STARTTLS\nS: 220 go\nRAW \\x15\\x03\\x01\\x00\\x02\\x02\\x28", "STARTTLS\r\n",
			"220 a\r\n220 go\r\n\x15\x03\x01\x00\x02\x02\x28"},
		{"alert after the hello", "HELLO\nRAW \\x15\\x03\\x01\\x00\\x02\\x02\\x28", "\x16\x03\x01\x00\x02\x01\x00",
			"\x15\x03\x01\x00\x02\x02\x28"},
		{"endless warnings", "S: 220 a\nC: STARTTLS\nS: 220 go\nRAW* \\x15\\x03\\x03\\x00\\x02\\x01\\x00", "STARTTLS\r\n",
			"220 a\r\n220 go\r\n" + long("\x15\x03\x03\x00\x02\x01\x00")},
		{"QUIT answered 354", "S: 220 a\nC: QUIT\nS: 354 go on", "QUIT\r\n", "220 a\r\n354 go on\r\n"},
		{"closed without a banner", "CLOSE", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, scannertest.SMTP{Script: tt.script})
			c := dial(t, server)
			c.say(tt.say)
			c.expect(tt.want)
			if strings.Contains(tt.script, "CLOSE") {
				c.expectEnd()
			}
			c.Close()
			server.Close()
			if errs := server.Errors(); len(errs) > 0 {
				t.Error(errs)
			}
		})
	}
}

// Silence at each step: the client's own deadline has to end it, and the server notices when the client has gone.
func TestSilence(t *testing.T) {
	t.Parallel()
	ca := scannertest.NewCA("Root")
	cert := ca.Issue([]string{"mx.example.com"})
	steps := []string{
		"S: 220 a", "C: EHLO *", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go", "TLS", "C: EHLO *", "S: 250 ok",
	}
	for i, step := range steps {
		if strings.HasPrefix(step, "C: ") {
			continue
		}
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			server := serve(t, scannertest.SMTP{Certificate: &cert, Script: strings.Join(append(steps[:i:i], "SLEEP 1h"), "\n")})
			c := dial(t, server)
			stream := io.ReadWriter(c)
			var heard strings.Builder
			for _, done := range steps[:i] {
				b := make([]byte, 100)
				switch done {
				case "TLS":
					stream = tls.Client(c.TCPConn, trusting(ca, "mx.example.com"))
				case "C: EHLO *":
					io.WriteString(stream, "EHLO a\r\n")
				case "C: STARTTLS":
					io.WriteString(stream, "STARTTLS\r\n")
				default:
					n, _ := stream.Read(b)
					heard.Write(b[:n])
				}
			}
			c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			if n, err := stream.Read(make([]byte, 1)); n > 0 || isReset(err) {
				t.Errorf("after %q: read %d, %v", heard.String(), n, err)
			}
			c.Close()
			server.Close()
			if errs := server.Errors(); len(errs) > 0 {
				t.Error(errs)
			}
		})
	}
}

func TestScriptMismatch(t *testing.T) {
	t.Parallel()
	cert := scannertest.SelfSigned(nil)
	for _, tt := range []struct{ name, script, say, want string }{
		{"other line", "S: 220 a\nC: EHLO *\nS: 250 b", "HELO a\r\n",
			`line 2, client PEER: client said "HELO a", not "EHLO *"`},
		{"other case", "C: QUIT", "quit\r\n", `line 1, client PEER: client said "quit", not "QUIT"`},
		{"hung up", "\nC: QUIT", "", `line 2, client PEER: awaiting "QUIT": EOF`},
		{"half a line", "C: QUIT", "QUI", `line 1, client PEER: awaiting "QUIT": EOF`},
		{"no hello", "HELLO", "EHLO a\r\n", `line 1, client PEER: client said "EHLO ", not a ClientHello`},
		{"no whole hello", "HELLO", "\x16\x03", `line 1, client PEER: awaiting a ClientHello: unexpected EOF`},
		{"no tls", "TLS", "EHLO a\r\n", `line 1, client PEER: handshake: tls: ` +
			"first record does not look like a TLS handshake"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, scannertest.SMTP{Script: tt.script, Certificate: &cert})
			c := dial(t, server)
			c.say(tt.say)
			c.CloseWrite()
			io.Copy(io.Discard, c.r)
			eventually(t, "error", func() bool { return len(server.Errors()) == 1 })
			want := "script " + strings.Replace(tt.want, "PEER", c.LocalAddr().String(), 1)
			if got := server.Errors()[0].Error(); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	server := serve(t, scannertest.SMTP{Script: "S: 220 a\nC: QUIT\nRESET"})
	c := dial(t, server)
	c.expect("220 a\r\n")
	c.say("QUIT\r\n")
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v, want a reset", err)
	}
}

// RAW goes beneath TLS: plain octets in the middle of an encrypted session.
func TestRawBeneathTLS(t *testing.T) {
	t.Parallel()
	ca := scannertest.NewCA("Root")
	cert := ca.Issue([]string{"mx.example.com"})
	server := serve(t, scannertest.SMTP{Script: "SLEEP 20ms\nTLS\nC: EHLO a\nRAW 250 plain\\r\\n", Certificate: &cert})
	c := dial(t, server)
	secure := tls.Client(c.TCPConn, trusting(ca, "mx.example.com")) // its hello comes during the sleep and is not lost
	if _, err := io.WriteString(secure, "EHLO a\r\n"); err != nil {
		t.Fatal(err)
	}
	var record tls.RecordHeaderError
	if _, err := secure.Read(make([]byte, 1)); !errors.As(err, &record) || string(record.RecordHeader[:]) != "250 p" {
		t.Errorf("%v, want an error about the record header", err)
	}
}

func TestScriptSyntax(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"S: 220 a\n\nHELLOS": `script line 3: "HELLOS": no such step`,
		"s: 220 a":           "no such step",
		"C: [":               "syntax error in pattern",
		"SLEEP long":         "invalid duration",
		"SLEEP":              "invalid duration",
		`RAW \xzz`:           "invalid syntax",
		`RAW "open`:          "invalid syntax",
		"TRICKLE 220 hello":  "missing unit",
		"TRICKLE* 1s":        "nothing to send",
		`TRICKLE 1s \q`:      "invalid syntax",
		"S: ok\nTLS\nSHUT\n": `script line 3: "SHUT": no such step`,
	} {
		s, err := scannertest.NewSMTP("127.0.0.1:0", scannertest.SMTP{Script: script})
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", script, err, want)
		}
	}
}
