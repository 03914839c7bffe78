package postfix

import (
	"crypto/tls"
	"strings"
	"testing"

	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
)

// TestTexts has the texts of a real 3.7.11's log, as they stood between the parentheses or behind "smtp[pid]: ".
func TestTexts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		server Server
		level  Level
		want   string
	}{
		{"TLS 1.3", at(10, well()), May,
			"Trusted TLS connection established to mx1.example.test[192.0.2.1]:25: " +
				"TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"},
		{"TLS 1.2, IPv6", v6(shaken(tls.VersionTLS12, ecdheCBC, flight(tls.VersionTLS12, ecdheCBC), nil), 1), Secure,
			"Verified TLS connection established to mx1.example.test[2001:db8::1]:25: " +
				"TLSv1.2 with cipher ECDHE-RSA-AES128-SHA (128/128 bits)"},
		{"plain text has none", plain(10), May, ""},
		{"not offered", plain(10), Encrypt, "TLS is required, but was not offered by host mx1.example.test[192.0.2.1]"},
		{"refused", refusing(10), Encrypt,
			"TLS is required, but host mx1.example.test[192.0.2.1] refused to start TLS: 554 5.7.3 no"},
		{"broken", broken(10), Encrypt, "Cannot start TLS: handshake failure"},
		{"wrong name", mismatched(10), Secure, "Server certificate not verified"},
		{"greeting", at(10, talk(starttls.Connected, starttls.GreetingTemporary, "|450-4.7.1 one~450 4.7.2 two")), May,
			"host mx1.example.test[192.0.2.1] refused to talk to me: 450-4.7.1 one 450 4.7.2 two"},
		{"no greeting", at(10, talk(starttls.Connected, starttls.GreetingClosed, "|")), May,
			"lost connection with mx1.example.test[192.0.2.1] while receiving the initial server greeting"},
		{"no SMTP", at(10, talk(starttls.Connected, starttls.NotSMTP, "|")), May,
			"conversation with mx1.example.test[192.0.2.1] timed out while receiving the initial server greeting"},
		{"no EHLO", at(10, talk(starttls.Greeted, starttls.ConnectionReset, greets, "EHLO x|")), May,
			"lost connection with mx1.example.test[192.0.2.1] while performing the EHLO handshake"},
		{"no STARTTLS", at(10, talk(starttls.EHLO, starttls.ConnectionClosed, greets, offers, "STARTTLS|")), May,
			"lost connection with mx1.example.test[192.0.2.1] while receiving the STARTTLS response"},
		{"421 to STARTTLS", at(10, talk(starttls.EHLO, starttls.StartTLSTemporary, greets, offers, "STARTTLS|421 no")), May,
			"lost connection with mx1.example.test[192.0.2.1] while sending MAIL FROM"},
		{"no connection", at(10, talk(starttls.StageNone, starttls.ConnectionRefused)), May,
			"connect to mx1.example.test[192.0.2.1]:25: Connection refused"},
		{"no route", at(10, talk(starttls.StageNone, starttls.Unreachable)), May,
			"connect to mx1.example.test[192.0.2.1]:25: No route to host"},
		{"no fingerprints", at(10, well()), Fingerprint, "client TLS configuration problem"},
	} {
		if got := Predict(debian(), destination(t, tt.server), tt.level, 0).Text; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestOldTexts: what other releases wrote.
func TestOldTexts(t *testing.T) {
	t.Parallel()
	self := chain(pkix.Untrusted, pkix.SelfSigned)
	d := destination(t, certified(at(10, well()), self, self))
	for v, want := range map[Version]string{{3, 5}: "Server certificate not trusted", {3,
		6}: "Server certificate not verified"} {
		if got := Predict(configured(t, v), d, Secure, 0).Text; got != want {
			t.Errorf("%s: %q", v, got)
		}
	}
	if got := Predict(configured(t, Version{3, 5}), destination(t, mismatched(10)), Secure,
		0).Text; got != "Server certificate not verified" {
		t.Errorf("3.5, wrong name: %q", got)
	}
	got := Predict(configured(t, Version{2, 4}), d, May, 0).Text
	want := "TLS connection established to mx1.example.test: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
	if got != want {
		t.Errorf("2.4: %q", got)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for reply, want := range map[string]string{
		"450 later": "4.0.0", "450 4.7.1 later": "4.7.1", "450-4.7.1 one~450 two": "4.0.0",
		"450-one~450   4.7.2 two":    "4.7.2",
		"550 4.7.1 of another class": "5.0.0", "554 5.7.1": "5.7.1", "554": "5.0.0", "354 what": "5.5.0",
		"554 5.7 short":     "5.0.0",
		"554 5.7.1234 long": "5.0.0", "554 5.x.1 no number": "5.0.0", "450 4.7.1.2 more": "4.0.0", "250 2.1.0 fine": "2.1.0",
	} {
		if got := status(said("|" + reply)[0].Reply); got != want {
			t.Errorf("%s: %s, want %s", reply, got, want)
		}
	}
}

// TestLongReply: what a server says does not grow a prediction without bound.
func TestLongReply(t *testing.T) {
	t.Parallel()
	s := at(10, talk(starttls.Connected, starttls.GreetingTemporary, "|450 "+strings.Repeat("x", 5000)))
	if got := Predict(debian(), destination(t, s), May, 0).Text; len(got) > 700 {
		t.Errorf("%d octets", len(got))
	}
}
