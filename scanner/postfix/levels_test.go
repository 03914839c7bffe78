package postfix

import (
	"crypto/md5"
	"encoding/hex"
	"testing"
	"time"

	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
)

// TestEventsByLevel is what smtp(8) does with each event at each level that needs no TLSA record (smtp_proto.c,
// smtp_trouble.c, smtp_connect.c), row by column: with a server alone, with a good one behind it, which is where a
// soft error goes on to and a hard one does not, and with the server alone and an old message.
func TestEventsByLevel(t *testing.T) {
	t.Parallel()
	sum := md5.Sum(empty)
	own := configured(t, Version{}, "smtp_tls_fingerprint_cert_match = "+hex.EncodeToString(sum[:]))
	untrusted := func(r pkix.Reason, names ...string) Server {
		c := chain(pkix.Untrusted, r, names...)
		return certified(at(10, well()), c, c)
	}
	another := well()
	leaf, _ := selfSigned(t)
	another.TLS.Chain = [][]byte{leaf}
	dies := talk(starttls.TLS, starttls.AfterTLSClosed, greets, offers, starts, "EHLO x|")
	const (
		no    = "deferred 4.7.4 starttls-not-supported"
		helo  = "deferred 4.7.4 helo_only"
		temp  = "deferred 4.7.0 starttls_temporary"
		hard  = "bounced 5.7.0 starttls_refused"
		shake = "deferred 4.7.5 tls_closed"
		greet = "deferred 4.7.1 refused_by_policy"
	)
	all := []Level{None, May, Encrypt, Fingerprint, Verify, Secure}
	for _, tt := range []struct {
		event  string
		server Server
		want   [6]string // in the order of all
		next   string    // with a good server behind: e = encrypted there, p = plain text, b = bounced
		old    string    // at may, for a message older than minimal_backoff_time; "" = the same
	}{
		{"STARTTLS not in EHLO", at(10, talk(starttls.EHLO, starttls.StartTLSNotSupported, greets, "EHLO x|250 mx")),
			[6]string{"plaintext", "plaintext starttls-not-supported", no, no, no, no}, "ppeeee", ""},
		{"only HELO works", at(10, talk(starttls.EHLO, starttls.HELOOnly, greets, "EHLO x|502 what", "HELO x|250 mx")),
			[6]string{"plaintext", "plaintext helo_only", helo, helo, helo, helo}, "ppeeee", ""},
		{"STARTTLS refused 4xx",
			at(10, talk(starttls.EHLO, starttls.StartTLSTemporary, greets, offers, "STARTTLS|454 4.7.0 no")),
			[6]string{"plaintext", "plaintext starttls_temporary", temp, temp, temp, temp}, "ppeeee", ""},
		{"STARTTLS refused 5xx",
			at(10, talk(starttls.EHLO, starttls.StartTLSRefused, greets, offers, "STARTTLS|554 5.7.0 no")),
			[6]string{"plaintext", "plaintext starttls_refused", hard, hard, hard, hard}, "ppbbbb", ""},
		{"handshake fails", at(10, talk(starttls.StartTLS, starttls.TLSClosed, greets, offers, starts)),
			[6]string{"plaintext", "plaintext after 5m0s tls_closed", shake, shake, shake, shake}, "peeeee",
			"plaintext tls_closed"},
		{"session dies after the handshake", at(10, dies),
			[6]string{"plaintext", "plaintext after 5m0s after_tls_closed", "deferred Trusted 4.4.2 after_tls_closed",
				"deferred Verified 4.4.2 after_tls_closed", "deferred Verified 4.4.2 after_tls_closed",
				"deferred Verified 4.4.2 after_tls_closed"}, "peeeee", "plaintext after_tls_closed"},
		{"untrusted", untrusted(pkix.UnknownIssuer, "mx1.example.test"),
			[6]string{"plaintext", "encrypted Untrusted", "encrypted Untrusted", "encrypted Verified",
				"deferred Untrusted 4.7.5 certificate-not-trusted", "deferred Untrusted 4.7.5 certificate-not-trusted"},
			"peeeee", ""},
		{"expired", untrusted(pkix.Expired, "mx1.example.test"),
			[6]string{"plaintext", "encrypted Untrusted", "encrypted Untrusted", "encrypted Verified",
				"deferred Untrusted 4.7.5 certificate-expired", "deferred Untrusted 4.7.5 certificate-expired"},
			"peeeee", ""},
		{"self-signed", untrusted(pkix.SelfSigned, "mx1.example.test"),
			[6]string{"plaintext", "encrypted Untrusted", "encrypted Untrusted", "encrypted Verified",
				"deferred Untrusted 4.7.5 self_signed", "deferred Untrusted 4.7.5 self_signed"},
			"peeeee", ""},
		{"name mismatch", mismatched(10),
			[6]string{"plaintext", "encrypted Trusted", "encrypted Trusted", "encrypted Verified",
				"deferred Untrusted 4.7.5 certificate-host-mismatch", "deferred Untrusted 4.7.5 certificate-host-mismatch"},
			"peeeee", ""},
		{"fingerprint mismatch", at(10, another),
			[6]string{"plaintext", "encrypted Trusted", "encrypted Trusted",
				"deferred Untrusted 4.7.5 fingerprint_mismatch", "encrypted Verified", "encrypted Verified"},
			"peeeee", ""},
		{"5xx greeting", at(10, talk(starttls.Connected, starttls.RefusedByPolicy, "|554 5.7.1 blocked")),
			[6]string{greet, greet, greet, greet, greet, greet}, "peeeee", ""},
	} {
		t.Run(tt.event, func(t *testing.T) {
			t.Parallel()
			for i, level := range all {
				alone := destination(t, tt.server)
				if got := brief(Predict(own, alone, level, 0)); got != tt.want[i] {
					t.Errorf("%s: %s, want %s", level, got, tt.want[i])
				}
				both := destination(t, tt.server, at(20, well()))
				if got := Predict(own, both, level, 0); got.Outcome.String()[0] != tt.next[i] {
					t.Errorf("%s, a good server behind it: %s", level, brief(got))
				}
				old := tt.want[i]
				if level == May && tt.old != "" {
					old = tt.old
				}
				if got := brief(Predict(own, alone, level, 301*time.Second)); got != old {
					t.Errorf("%s, an old message: %s, want %s", level, got, old)
				}
			}
		})
	}
	null := &Destination{Target: target(t, "example.test"), MX: &mx.Set{Kind: mx.Null, Reason: mx.NullMX}}
	for _, level := range Levels() {
		if got := brief(Predict(own, null, level, 0)); got != "bounced 5.1.0 null_mx" {
			t.Errorf("%s: null MX: %s", level, got)
		}
	}
}
