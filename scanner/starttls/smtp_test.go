package starttls

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mxtls/scanner/scannertest"
)

// Beginnings and ends of scripts.
const (
	greeted  = "S: 220 mx.example.com ESMTP\nC: EHLO client.example.org\n"
	ehloed   = greeted + "S: 250-mx.example.com\nS: 250-PIPELINING\nS: 250 STARTTLS\nC: STARTTLS\n"
	started  = ehloed + "S: 220 2.0.0 Ready to start TLS\n"
	secured  = started + "TLS\nC: EHLO client.example.org\n"
	finished = secured + "S: 250-mx.example.com\nS: 250 PIPELINING\nC: QUIT\n"
	quit     = "C: QUIT\n"
	silence  = "SLEEP 1m\n"
)

// TestReplies walks the SMTP side of a session: what each answer, and each want of one, comes to.
func TestReplies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		script string
		stage  Stage
		reason Reason
	}{
		{"healthy", finished, Done, ReasonNone},

		// Endless and oversized replies.
		{"endless banner", "S*: 220-more", Connected, ReplyTooLong},
		{"endless EHLO", greeted + "S*: 250-MORE", Greeted, ReplyTooLong},
		{"100 lines",
			greeted + strings.Repeat("S: 250-MORE\n", 99) + "S: 250 LAST\n" + quit, EHLO, StartTLSNotSupported},
		{"101 lines", greeted + strings.Repeat("S: 250-MORE\n", 100) + "S: 250 LAST\n", Greeted, ReplyTooLong},
		{"line of 2048 octets",
			"S: 220 " + strings.Repeat("a", 2048-6) + "\nC: EHLO *\nS: 250 x\n" + quit, EHLO, StartTLSNotSupported},
		{"line of 2049 octets", "S: 220 " + strings.Repeat("a", 2049-6), Connected, ReplyTooLong},
		{"64 KiB", greeted + "S*: 250-" + strings.Repeat("a", 2000), Greeted, ReplyTooLong},
		{"endless line", "S~*: aaaa", Connected, ReplyTooLong},
		{"endless line inside TLS", secured + "S~*: 250 aaaa", TLS, ReplyTooLong},

		// No SMTP at all.
		{"NULs", `RAW* \x00`, Connected, NotSMTP},
		{"8-bit garbage", `RAW* \xfe\xff`, Connected, NotSMTP},
		{"TLS handshake record", `RAW \x16\x03\x01\x00\x02ab` + "\nCLOSE", Connected, NotSMTP},
		{"TLS alert", `RAW \x15\x03\x01\x00\x02\x02\x28` + "\nCLOSE", Connected, NotSMTP},
		{"HTTP", "S: HTTP/1.1 400 Bad Request\nS: Connection: close", Connected, NotSMTP},
		{"SSH", "S: SSH-2.0-OpenSSH_9.9", Connected, NotSMTP},
		{"POP3", "S: +OK ready", Connected, NotSMTP},
		{"IMAP", "S: * OK IMAP4rev1", Connected, NotSMTP},

		// Codes and line ends.
		{"four digits", "S: 2200 hello", Connected, ReplyMalformed},
		{"letter for digit", "S: 22O hello", Connected, ReplyMalformed},
		{"no such class", "S: 620 hello", Connected, ReplyMalformed},
		{"no code", "S: hello", Connected, ReplyMalformed},
		{"empty line", "S: ", Connected, ReplyMalformed},
		{"mixed codes", greeted + "S: 250-x\nS: 550 y", Greeted, ReplyMalformed},
		{"bare codes", "S: 220\nC: EHLO *\nS: 250\n" + quit, EHLO, StartTLSNotSupported},
		{"250- alone", greeted + "S: 250-\nCLOSE", Greeted, ConnectionClosed},
		{"bare LF",
			`RAW 220 hi\n` + "\nC: EHLO *\n" + `RAW 250-x\n250 STARTTLS\n` + "\nC: STARTTLS\nS: 454 later\n" +
				quit, EHLO, StartTLSTemporary},
		{"CRCRLF", `RAW 220 hi\r\r\n` + "\nC: EHLO *\n" + `RAW 250\r\r\n` + "\n" + quit, EHLO, StartTLSNotSupported},
		{"lone CR is text",
			`RAW 220 hi\r220 there\r\n` + "\nC: EHLO *\n" + `RAW 250 x\r250 STARTTLS\r\n` + "\n" + quit,
			EHLO, StartTLSNotSupported},
		{"8-bit text", `RAW "220 caf\xe9\r\n"` + "\nC: EHLO *\nS: 250 x\n" + quit, EHLO, StartTLSNotSupported},

		// The banner.
		{"closed at once", "CLOSE", Connected, GreetingClosed},
		{"reset without a banner", "SLEEP 200ms\nRESET", Connected, GreetingClosed},
		{"closed in mid-banner", "S~: 220 mx\nCLOSE", Connected, GreetingClosed},
		{"421", "S: 421 4.7.0 Too many connections", Connected, TooManyConnections},
		{"421 for our reputation",
			"S: 421-4.7.0 very low reputation of\nS: 421 4.7.0 the sending IP", Connected, RefusedByPolicy},
		{"450", "S: 450 4.3.2 try later\n" + quit, Connected, GreetingTemporary},
		{"greylisted", "S: 450 4.7.1 greylisted\n" + quit, Connected, GreetingTemporary},
		{"554", "S: 554 no SMTP service here\n" + quit, Connected, GreetingRefused},
		{"554 block list", "S: 554 blocked, see zen.spamhaus.org\n" + quit, Connected, RefusedByPolicy},
		{"550 5.7.1", "S: 550 5.7.1 go away\n" + quit, Connected, RefusedByPolicy},
		{"354 banner", "S: 354 go ahead\n" + quit, Connected, ReplyMalformed},
		{"250 banner", "S: 250 hello\nC: EHLO *\nS: 250 x\n" + quit, EHLO, StartTLSNotSupported},

		// EHLO and HELO.
		{"EHLO 4xx", greeted + "S: 451 local error\nC: HELO *\nS: 250 mx\n" + quit, EHLO, HELOOnly},
		{"EHLO 421", greeted + "S: 421 closing\n", Greeted, EHLOTemporary},
		{"EHLO 354", greeted + "S: 354 go\nC: HELO *\nS: 250 mx\n" + quit, EHLO, HELOOnly},
		{"EHLO 220", greeted + "S: 220 x\n" + quit, EHLO, StartTLSNotSupported},
		{"EHLO 554 block list",
			greeted + "S: 554 you are listed by dnsbl.example\nC: HELO *\nS: 250 mx\n" + quit, EHLO, HELOOnly},
		{"EHLO and HELO 554 block list",
			greeted + "S: 554 you are listed by dnsbl.example\nC: HELO *\nS: 554 dnsbl.example\n" + quit,
			Greeted, RefusedByPolicy},
		{"HELO only", greeted + "S: 502 what\nC: HELO client.example.org\nS: 250 mx\n" + quit, EHLO, HELOOnly},
		{"HELO refused", greeted + "S: 500 what\nC: HELO *\nS: 550 no\n" + quit, Greeted, EHLORefused},
		{"HELO 4xx", greeted + "S: 500 what\nC: HELO *\nS: 450 no\n" + quit, Greeted, EHLOTemporary},
		{"HELO 421", greeted + "S: 500 what\nC: HELO *\nS: 421 no\n", Greeted, EHLOTemporary},
		{"HELO closed", greeted + "S: 554 no\nC: HELO *\nCLOSE", Greeted, ConnectionClosed},
		{"HELO 354", greeted + "S: 500 what\nC: HELO *\nS: 354 no\n" + quit, Greeted, ReplyMalformed},
		{"EHLO closed", greeted + "CLOSE", Greeted, ConnectionClosed},
		{"EHLO reset", greeted + "RESET", Greeted, ConnectionReset},
		{"421 after the banner", "S: 220 mx\nS: 421 changed my mind\nCLOSE", Greeted, EHLOTemporary},

		// STARTTLS offered, or not.
		{"not offered", greeted + "S: 250-mx\nS: 250 SIZE 1000\n" + quit, EHLO, StartTLSNotSupported},
		{"in the greeting line", greeted + "S: 250-STARTTLS mx\nS: 250 SIZE\n" + quit, EHLO, StartTLSNotSupported},
		{"NOSTARTTLS", greeted + "S: 250-mx\nS: 250 NOSTARTTLS\n" + quit, EHLO, StartTLSNotSupported},
		{"XSTARTTLS", greeted + "S: 250-mx\nS: 250 XSTARTTLS\n" + quit, EHLO, StartTLSNotSupported},
		{"STARTTLSX", greeted + "S: 250-mx\nS: 250 STARTTLSX\n" + quit, EHLO, StartTLSNotSupported},
		{"second word", greeted + "S: 250-mx\nS: 250 X STARTTLS\n" + quit, EHLO, StartTLSNotSupported},
		{"lower case",
			greeted + "S: 250-mx\nS: 250 starttls\nC: STARTTLS\nS: 454 later\n" + quit, EHLO, StartTLSTemporary},
		{"blank behind",
			greeted + "S: 250-mx\nS: 250 STARTTLS \nC: STARTTLS\nS: 454 later\n" + quit, EHLO, StartTLSTemporary},
		{"stripped", greeted + "S: 250-mx\nS: 250-8BITMIME\nS: 250 XXXXXXXA\n" + quit, EHLO, StartTLSStripped},
		{"stripped, all X", greeted + "S: 250-mx\nS: 250-XXXXXXXX\nS: 250 SIZE\n" + quit, EHLO, StartTLSStripped},
		{"masked banner", "S: 220 ***********0*2*****0**\nC: EHLO *\nS: 250 mx\n" + quit, EHLO, StartTLSStripped},
		{"masked banner, EHLO refused",
			"S: 220 ***********0*2*****0**\nC: EHLO *\nS: 500 unknown\nC: HELO *\nS: 250 mx\n" + quit,
			EHLO, StartTLSStripped},
		{"decorated banner",
			"S: 220 *** mx.example.com welcomes you ***\nC: EHLO *\nS: 250 mx\n" + quit, EHLO, StartTLSNotSupported},

		// STARTTLS answered.
		{"454", ehloed + "S: 454 4.7.0 TLS not available\n" + quit, EHLO, StartTLSTemporary},
		{"421 to STARTTLS", ehloed + "S: 421 closing\n", EHLO, TooManyConnections},
		{"501", ehloed + "S: 501 syntax\n" + quit, EHLO, StartTLSRefused},
		{"554 to STARTTLS", ehloed + "S: 554 no\n" + quit, EHLO, StartTLSRefused},
		{"250 to STARTTLS", ehloed + "S: 250 ok\nTLS\nC: EHLO *\nS: 250 mx\n" + quit, Done, ReasonNone},
		{"250 to STARTTLS, no TLS", ehloed + "S: 250 ok\nSLEEP 100ms\nS: 500 what\n", StartTLS, TLSNotTLS},
		{"354 to STARTTLS", ehloed + "S: 354 go\n" + quit, EHLO, StartTLSBadReply},
		{"220 in two lines",
			ehloed + "S: 220-ready\nS: 220 steady\nTLS\nC: EHLO *\nS: 250 mx\n" + quit, Done, ReasonNone},
		{"garbage to STARTTLS", ehloed + "S: go\n", EHLO, ReplyMalformed},
		{"STARTTLS closed", ehloed + "CLOSE", EHLO, ConnectionClosed},
		{"STARTTLS reset", ehloed + "RESET", EHLO, ConnectionReset},

		// Inside TLS.
		{"closed inside TLS", started + "TLS\nCLOSE", TLS, AfterTLSClosed},
		{"EHLO inside TLS closed", secured + "CLOSE", TLS, AfterTLSClosed},
		{"EHLO inside TLS reset", secured + "RESET", TLS, AfterTLSClosed},
		{"421 inside TLS", secured + "S: 421 busy\n", TLS, AfterTLSTemporary},
		{"4xx inside TLS", secured + "S: 450 later\nC: HELO *\nS: 250 mx\n" + quit, Done, ReasonNone},
		{"5xx inside TLS", secured + "S: 554 no\nC: HELO client.example.org\nS: 250-mx\nS: 250 PIPELINING\n" + quit,
			Done, ReasonNone},
		{"HELO 4xx inside TLS", secured + "S: 554 no\nC: HELO *\nS: 450 no\n" + quit, TLS, AfterTLSTemporary},
		{"HELO 421 inside TLS", secured + "S: 554 no\nC: HELO *\nS: 421 no\n", TLS, AfterTLSTemporary},
		{"HELO 5xx inside TLS", secured + "S: 450 no\nC: HELO *\nS: 554 no\n" + quit, TLS, AfterTLSRefused},
		{"HELO 354 inside TLS", secured + "S: 502 what\nC: HELO *\nS: 354 go\n" + quit, TLS, ReplyMalformed},
		{"HELO inside TLS closed", secured + "S: 502 what\nC: HELO *\nCLOSE", TLS, AfterTLSClosed},
		{"plain text inside TLS", secured + `RAW 250 mx\r\n` + "\n", TLS, TLSFailed},

		// QUIT.
		{"QUIT answered 354", finished + "S: 354 go", Done, ReasonNone},
		{"QUIT reset", finished + "RESET", Done, ReasonNone},
		{"QUIT ignored", finished + "SLEEP 10ms\nCLOSE", Done, ReasonNone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, srv := probeServer(t, testClient(), scripted(tt.script))
			checkEnd(t, s, tt.stage, tt.reason)
			if strings.HasSuffix(tt.script, quit) { // the server does hear it, although nobody waits for the answer
				want := strings.Count(tt.script, "C: ")
				for end := time.Now().Add(patient); len(srv.Commands()) < want && time.Now().Before(end); {
					time.Sleep(time.Millisecond)
				}
				for _, err := range srv.Errors() {
					t.Errorf("server: %v", err)
				}
				if got := srv.Commands(); len(got) != want || got[want-1] != "QUIT" {
					t.Errorf("commands %q, want %d", got, want)
				}
			}
		})
	}
}

// TestLimits lets servers be silent or slow at each step. A session ends with the limit of the step, or of the whole
// session, and says which; progress extends neither.
func TestLimits(t *testing.T) {
	t.Parallel()
	stage := func(c *Client) { c.Timeout, c.GreetTimeout = short, short }
	host := func(c *Client) { c.HostTimeout = short }
	tests := []struct {
		name   string
		edit   func(*Client)
		script string
		stage  Stage
		reason Reason
	}{
		{"no banner", stage, silence, Connected, GreetingTimeout},
		{"no reply to EHLO", stage, greeted + silence, Greeted, EHLOTimeout},
		{"no reply to HELO", stage, greeted + "S: 500 what\nC: HELO *\n" + silence, Greeted, EHLOTimeout},
		{"no reply to STARTTLS", stage, ehloed + silence, EHLO, StartTLSTimeout},
		{"no handshake", stage, started + silence, StartTLS, TLSTimeout},
		{"no reply inside TLS", stage, secured + silence, TLS, AfterTLSTimeout},

		{"banner trickles", stage, "TRICKLE* 20ms 220-x\\r\\n", Connected, Tarpit},
		{"banner stops half-way", stage, "S: 220-mx\n" + silence, Connected, Tarpit},
		{"EHLO trickles", stage, greeted + "TRICKLE* 20ms 250-x\\r\\n", Greeted, Tarpit},
		{"STARTTLS trickles", stage, ehloed + "TRICKLE* 20ms 2", EHLO, Tarpit},
		{"trickles inside TLS", stage, secured + "TRICKLE* 20ms 250-x\\r\\n", TLS, Tarpit},
		{"binary trickles", stage, "TRICKLE* 20ms \\x00", Connected, NotSMTP},

		{"host: no banner", host, silence, Connected, HostTimeout},
		{"host: banner trickles", host, "TRICKLE* 20ms 220-x\\r\\n", Connected, HostTimeout},
		{"host: no handshake", host, started + silence, StartTLS, HostTimeout},
		{"host: no reply inside TLS", host, secured + silence, TLS, HostTimeout},
	}
	sessions := together(len(tests), func(i int) *Session {
		c := testClient()
		tests[i].edit(c)
		return c.Probe(t.Context(), serve(t, scripted(tests[i].script)).Addr(), Ask{})
	})
	for i, s := range sessions {
		t.Run(tests[i].name, func(t *testing.T) {
			checkComplete(t, s)
			checkEnd(t, s, tests[i].stage, tests[i].reason)
			if s.Duration < short || s.Duration > 3*short { // the steps before it take next to nothing
				t.Errorf("took %v, limit %v", s.Duration, short)
			}
		})
	}
}

// TestGreetPause: a late banner is waited for in silence, and its lateness can be seen.
func TestGreetPause(t *testing.T) {
	t.Parallel()
	const pause = 300 * time.Millisecond
	s, srv := probeServer(t, testClient(), scannertest.SMTP{BannerDelay: pause, Certificate: testCert()})
	checkEnd(t, s, Done, ReasonNone)
	if n := srv.Pregreet(); n != 0 {
		t.Errorf("%d octets sent before the banner", n)
	}
	if s.Took[Greeted] < pause/2 { // its clock began with the connection, ours when we saw that
		t.Errorf("banner took %v, sent after %v", s.Took[Greeted], pause)
	}
}

// TestQuietFailures: where the server would not take QUIT for a command, or has not spoken yet, nothing is sent.
func TestQuietFailures(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"malformed banner":    "S: hello\nSLEEP 50ms\n",
		"421":                 "S: 421 busy\nSLEEP 50ms\n",
		"behind an injection": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec, want := scripted(script), []string(nil)
			if script == "" {
				spec = scannertest.SMTP{Certificate: testCert(), Inject: "250 x\r\n"}
				want = []string{"EHLO client.example.org", "STARTTLS"}
			}
			_, srv := probeServer(t, testClient(), spec)
			time.Sleep(100 * time.Millisecond) // for what must not come
			checkCommands(t, srv, want...)
		})
	}
}

// TestInjection: what stands behind the 220 is found before the handshake, whatever it looks like, and never answered.
func TestInjection(t *testing.T) {
	t.Parallel()
	for name, inject := range map[string]string{
		"reply":      "250-injected\r\n250 AUTH PLAIN\r\n",
		"TLS record": "\x16\x03\x03\x00\x01a",
		"one octet":  "x",
		"a lot":      strings.Repeat("250-injected\r\n", 100),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := probeServer(t, testClient(), scannertest.SMTP{Certificate: testCert(), Inject: inject})
			checkEnd(t, s, StartTLS, ResponseInjection)
			if got := string(s.Injected); !strings.HasPrefix(inject, got) || len(got) != min(len(inject), maxInjected) {
				t.Errorf("injected %q, kept %q", inject, got)
			}
		})
	}
}

// TestInjectionAsPostfix: where Postfix's way is asked for, what stands behind the 220 is kept and dropped, and neither
// the handshake nor the replies inside TLS see any of it.
func TestInjectionAsPostfix(t *testing.T) {
	t.Parallel()
	for name, inject := range map[string]string{
		"reply":      "250-injected\r\n250 AUTH PLAIN\r\n",
		"TLS record": "\x16\x03\x03\x00\x01a",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testClient()
			c.AsPostfix = true
			s, _ := probeServer(t, c, scannertest.SMTP{Certificate: testCert(), Inject: inject})
			checkEnd(t, s, Done, ReasonNone)
			if got := string(s.Injected); got != inject || s.Connections != 1 {
				t.Errorf("injected %q, kept %q, %d connections", inject, got, s.Connections)
			}
			if slices.Contains(s.After, "AUTH PLAIN") || len(s.After) == 0 {
				t.Errorf("inside TLS it offers %q", s.After)
			}
		})
	}
}

// TestHELOInsideTLS: the lines of a reply to HELO are no capabilities, and the session before TLS had its EHLO.
func TestHELOInsideTLS(t *testing.T) {
	t.Parallel()
	s, _ := probeServer(t, testClient(),
		scripted(secured+"S: 554 no\nC: HELO *\nS: 250-mx\nS: 250 STARTTLS\n"+quit))
	checkEnd(t, s, Done, ReasonNone)
	if s.HELO || len(s.After) > 0 || !s.Offered {
		t.Errorf("HELO %v, offered %v, inside TLS %q", s.HELO, s.Offered, s.After)
	}
}
