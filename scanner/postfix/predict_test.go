package postfix

import (
	"testing"
	"time"

	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
)

// TestOneServer has the rows of what each level does with one server. What Postfix 3.7.11 did with each is written
// beside it as it was seen, unless the row says why it was not.
func TestOneServer(t *testing.T) {
	t.Parallel()
	self := chain(pkix.Untrusted, pkix.SelfSigned, "mx1.example.test")
	expired := chain(pkix.Untrusted, pkix.Expired, "mx1.example.test")
	other := chain(pkix.Trusted, pkix.ReasonNone, "other.test")
	weak := chain(pkix.Untrusted, pkix.WeakSignature, "example.test", "mx1.example.test")
	good := chain(pkix.Trusted, pkix.ReasonNone, "example.test", "mx1.example.test")
	const nothing = starttls.ReasonNone
	tests := []struct {
		name                            string
		server                          Server
		none, may, encrypt, verify, sec string // sec "" = as verify; verify "" = as encrypt
	}{
		{"all well", at(10, well()), "plaintext", "encrypted Trusted", "encrypted Trusted", "encrypted Verified", ""},
		{"STARTTLS not offered",
			at(10, talk(starttls.EHLO, starttls.StartTLSNotSupported, greets, "EHLO x|250 mx")),
			"plaintext", "plaintext starttls-not-supported", "deferred 4.7.4 starttls-not-supported", "", ""},
		{"STARTTLS stripped", at(10, talk(starttls.EHLO, starttls.StartTLSStripped, greets, "EHLO x|250-mx~250 XXXXXXXA")),
			"plaintext", "plaintext starttls_stripped", "deferred 4.7.4 starttls_stripped", "", ""},
		{"only HELO", at(10, talk(starttls.EHLO, starttls.HELOOnly, greets, "EHLO x|502 what", "HELO x|250 mx")),
			"plaintext", "plaintext helo_only", "deferred 4.7.4 helo_only", "", ""},
		{"neither EHLO nor HELO",
			at(10, talk(starttls.Greeted, starttls.EHLORefused, greets, "EHLO x|550 5.7.1 no", "HELO x|550 5.7.1 no")),
			"bounced 5.7.1 ehlo_refused", "bounced 5.7.1 ehlo_refused", "bounced 5.7.1 ehlo_refused", "", ""},
		{"EHLO 450", at(10, talk(starttls.EHLO, starttls.HELOOnly, greets, "EHLO x|450 later", "HELO x|250 mx")),
			"plaintext", "plaintext helo_only", "deferred 4.7.4 helo_only", "", ""},
		{"EHLO 554, closed at HELO",
			at(10, talk(starttls.Greeted, starttls.ConnectionClosed, greets, "EHLO x|554 no", "HELO x|")),
			"deferred 4.4.2 connection_closed", "deferred 4.4.2 connection_closed", "deferred 4.4.2 connection_closed", "", ""},
		{"EHLO 421", at(10, talk(starttls.Greeted, starttls.EHLOTemporary, greets, "EHLO x|421 4.7.1 no")),
			"deferred 4.7.1 ehlo_temporary", "deferred 4.7.1 ehlo_temporary", "deferred 4.7.1 ehlo_temporary", "", ""},
		{"closed at EHLO", at(10, talk(starttls.Greeted, starttls.ConnectionClosed, greets, "EHLO x|")),
			"deferred 4.4.2 connection_closed", "deferred 4.4.2 connection_closed", "deferred 4.4.2 connection_closed", "", ""},
		{"STARTTLS refused 4xx",
			at(10, talk(starttls.EHLO, starttls.StartTLSTemporary, greets, offers, "STARTTLS|454 4.7.0 no")),
			"plaintext", "plaintext starttls_temporary", "deferred 4.7.0 starttls_temporary", "", ""},
		{"STARTTLS refused 421",
			at(10, talk(starttls.EHLO, starttls.StartTLSTemporary, greets, offers, "STARTTLS|421 4.7.0 no")),
			"plaintext", "deferred 4.4.2 starttls_temporary", "deferred 4.7.0 starttls_temporary", "", ""},
		{"STARTTLS refused 5xx", at(10, talk(starttls.EHLO, starttls.StartTLSRefused, greets, offers, "STARTTLS|502 no")),
			"plaintext", "plaintext starttls_refused", "bounced 5.0.0 starttls_refused", "", ""},
		{"STARTTLS answered 354", at(10, talk(starttls.EHLO, starttls.StartTLSBadReply, greets, offers, "STARTTLS|354 no")),
			"plaintext", "plaintext starttls_bad_reply", "bounced 5.5.0 starttls_bad_reply", "", ""},
		{"STARTTLS answered 250", at(10, talk(starttls.Done, nothing, greets, offers, "STARTTLS|250 sure", inside)),
			"plaintext", "encrypted Trusted", "encrypted Trusted", "encrypted Verified", ""},
		{"STARTTLS answered 250, no TLS",
			at(10, talk(starttls.StartTLS, starttls.TLSNotTLS, greets, offers, "STARTTLS|250 sure")),
			"plaintext", "plaintext after 5m0s tls_not_tls", "deferred 4.7.5 tls_not_tls", "", ""},
		{"closed in answer to STARTTLS",
			at(10, talk(starttls.EHLO, starttls.ConnectionClosed, greets, offers, "STARTTLS|")),
			"plaintext", "deferred 4.4.2 connection_closed", "deferred 4.4.2 connection_closed", "", ""},
		{"handshake fails", at(10, talk(starttls.StartTLS, starttls.TLSClosed, greets, offers, starts)),
			"plaintext", "plaintext after 5m0s tls_closed", "deferred 4.7.5 tls_closed", "", ""},
		{"no TLS behind the 220", at(10, talk(starttls.StartTLS, starttls.TLSNotTLS, greets, offers, starts)),
			"plaintext", "plaintext after 5m0s tls_not_tls", "deferred 4.7.5 tls_not_tls", "", ""},
		{"session dies after the handshake",
			at(10, talk(starttls.TLS, starttls.AfterTLSClosed, greets, offers, starts, "EHLO x|")),
			"plaintext", "plaintext after 5m0s after_tls_closed", "deferred Trusted 4.4.2 after_tls_closed",
			"deferred Verified 4.4.2 after_tls_closed", ""},
		{"alert after the handshake: no certificate of ours",
			at(10, talk(starttls.TLS, starttls.TLSAlert, greets, offers, starts, "EHLO x|")),
			"plaintext", "plaintext after 5m0s tls_alert", "deferred Trusted 4.4.2 tls_alert",
			"deferred Verified 4.4.2 tls_alert", ""},
		{"421 inside TLS", at(10, talk(starttls.TLS, starttls.AfterTLSTemporary, greets, offers, starts,
			"EHLO x|421 4.3.0 x")),
			"plaintext", "deferred Trusted 4.3.0 after_tls_temporary", "deferred Trusted 4.3.0 after_tls_temporary",
			"deferred Verified 4.3.0 after_tls_temporary", ""},
		{"550 to EHLO inside TLS",
			at(10, talk(starttls.Done, nothing, greets, offers, starts, "EHLO x|550 x", "HELO x|250 mx", "QUIT|")),
			"plaintext", "encrypted Trusted", "encrypted Trusted", "encrypted Verified", ""},
		{"550 to EHLO and HELO inside TLS", at(10, talk(starttls.TLS, starttls.AfterTLSRefused, greets, offers, starts,
			"EHLO x|450 x", "HELO x|550 5.7.1 x", "QUIT|")),
			"plaintext", "bounced Trusted 5.7.1 after_tls_refused", "bounced Trusted 5.7.1 after_tls_refused",
			"bounced Verified 5.7.1 after_tls_refused", ""},
		{"no reply that can be read inside TLS",
			at(10, talk(starttls.TLS, starttls.ReplyMalformed, greets, offers, starts, "EHLO x|")),
			"plaintext", "unknown reply_malformed", "unknown reply_malformed", "", ""},
		{"self-signed", certified(at(10, well()), self, self),
			"plaintext", "encrypted Untrusted", "encrypted Untrusted", "deferred Untrusted 4.7.5 self_signed", ""},
		{"expired", certified(at(10, well()), expired, expired),
			"plaintext", "encrypted Untrusted", "encrypted Untrusted", "deferred Untrusted 4.7.5 certificate-expired", ""},
		{"name mismatch", certified(at(10, well()), other, other),
			"plaintext", "encrypted Trusted", "encrypted Trusted", "deferred Untrusted 4.7.5 certificate-host-mismatch", ""},
		{"SHA-1 in the chain", certified(at(10, well()), good, weak),
			"plaintext", "encrypted Trusted", "encrypted Trusted", "deferred Untrusted 4.7.5 weak_signature", ""},
		{"a certificate that cannot be judged",
			certified(at(10, well()), chain(pkix.StatusUnknown, pkix.CertificateMalformed),
				chain(pkix.StatusUnknown, pkix.CertificateMalformed)),
			"plaintext", "encrypted", "encrypted", "unknown certificate_malformed", ""},
		{"the MX host's name alone",
			certified(at(10, well()), good, chain(pkix.Trusted, pkix.ReasonNone, "mx1.example.test.provider.test",
				"mx1.other.test")),
			"plaintext", "encrypted Trusted", "encrypted Trusted", "deferred Untrusted 4.7.5 certificate-host-mismatch", ""},
		{"5xx greeting", at(10, talk(starttls.Connected, starttls.GreetingRefused, "|554 go away")),
			"deferred 4.0.0 greeting_refused", "deferred 4.0.0 greeting_refused", "deferred 4.0.0 greeting_refused", "", ""},
		{"5xx greeting with a status", at(10, talk(starttls.Connected, starttls.RefusedByPolicy, "|554 5.7.1 blocked")),
			"deferred 4.7.1 refused_by_policy", "deferred 4.7.1 refused_by_policy", "deferred 4.7.1 refused_by_policy", "", ""},
		{"4xx greeting", at(10, talk(starttls.Connected, starttls.GreetingTemporary, "|450 4.3.2 later")),
			"deferred 4.3.2 greeting_temporary", "deferred 4.3.2 greeting_temporary",
			"deferred 4.3.2 greeting_temporary", "", ""},
		{"3xx greeting", at(10, talk(starttls.Connected, starttls.ReplyMalformed, "|354 what")),
			"bounced 5.5.0 reply_malformed", "bounced 5.5.0 reply_malformed", "bounced 5.5.0 reply_malformed", "", ""},
		{"closed without a greeting", at(10, talk(starttls.Connected, starttls.GreetingClosed, "|")),
			"deferred 4.4.2 greeting_closed", "deferred 4.4.2 greeting_closed", "deferred 4.4.2 greeting_closed", "", ""},
		{"no SMTP", at(10, talk(starttls.Connected, starttls.NotSMTP, "|")),
			"deferred 4.4.2 not_smtp", "deferred 4.4.2 not_smtp", "deferred 4.4.2 not_smtp", "", ""},
		{"connection refused", at(10, talk(starttls.StageNone, starttls.ConnectionRefused)),
			"deferred 4.4.1 connection_refused", "deferred 4.4.1 connection_refused",
			"deferred 4.4.1 connection_refused", "", ""},
		{"silent greeting: Postfix waits longer", at(10, talk(starttls.Connected, starttls.GreetingTimeout, "|")),
			"unknown waited_less", "unknown waited_less", "unknown waited_less", "", ""},
		{"silent in the handshake: Postfix waits longer", at(10, talk(starttls.StartTLS, starttls.TLSTimeout,
			greets, offers, starts)),
			"plaintext", "unknown waited_less", "unknown waited_less", "", ""},
		{"injected text", at(10, injected()), "plaintext", "encrypted Trusted", "encrypted Trusted",
			"encrypted Verified", ""},
		{"injected text, where we stopped",
			at(10, talk(starttls.StartTLS, starttls.ResponseInjection, greets, offers, starts)),
			"plaintext", "unknown response_injection", "unknown response_injection", "", ""},
		{"never tried", at(10, talk(starttls.StageNone, starttls.NotTested)),
			"unknown not_tested", "unknown not_tested", "unknown not_tested", "", ""},
		{"no IPv6 on this machine", at(10, talk(starttls.StageNone, starttls.NoIPv6)),
			"unknown no_ipv6", "unknown no_ipv6", "unknown no_ipv6", "", ""},
		{"nothing wrong, but the chain was not seen", certified(at(10, well()), nil, nil),
			"plaintext", "encrypted", "encrypted", "unknown handshake_not_seen", ""},
		{"the session stopped without a reason", at(10, talk(starttls.Greeted, nothing, greets)),
			"unknown not_tested", "unknown not_tested", "unknown not_tested", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := destination(t, tt.server)
			want := map[Level]string{None: tt.none, May: tt.may, Encrypt: tt.encrypt}
			want[Verify] = orElse(tt.verify, tt.encrypt)
			want[Secure] = orElse(tt.sec, want[Verify])
			for level, want := range want {
				if got := brief(Predict(debian(), d, level, 0)); got != want {
					t.Errorf("%s: %s, want %s", level, got, want)
				}
			}
		})
	}
}

// TestDANE: nothing is known of TLSA records, but a message that finds no server needs none.
func TestDANE(t *testing.T) {
	t.Parallel()
	for _, level := range []Level{Dane, DaneOnly} {
		if got := brief(Predict(debian(), destination(t, at(10, well())), level, 0)); got != "unknown dane_not_checked" {
			t.Errorf("%s: %s", level, got)
		}
		null := &Destination{Target: target(t, "example.test"), MX: &mx.Set{Kind: mx.Null, Reason: mx.NullMX}}
		if got := brief(Predict(debian(), null, level, 0)); got != "bounced 5.1.0 null_mx" {
			t.Errorf("%s, null MX: %s", level, got)
		}
	}
}

// TestAge: opportunistic TLS falls back to plain text by the message's age, and everything ends some day.
func TestAge(t *testing.T) {
	t.Parallel()
	broken := destination(t, at(10, talk(starttls.StartTLS, starttls.TLSClosed, greets, offers, starts)))
	for _, tt := range []struct {
		name  string
		cfg   *Config
		level Level
		age   time.Duration
		want  string
	}{
		{"new", debian(), May, 0, "plaintext after 5m0s tls_closed"},
		{"just too young", debian(), May, 299 * time.Second, "plaintext after 5m0s tls_closed"},
		{"old enough", debian(), May, 300 * time.Second, "plaintext tls_closed"},
		{"required", debian(), Encrypt, time.Hour, "deferred 4.7.5 tls_closed"},
		{"five days", debian(), Encrypt, 5 * 24 * time.Hour, "bounced 4.7.5 tls_closed"},
		{"another pause", configured(t, Version{}, "minimal_backoff_time = 20m"), May, 0, "plaintext after 20m0s tls_closed"},
		{"no time for it", configured(t, Version{}, "minimal_backoff_time = 1h", "maximal_queue_lifetime = 0"), May, 0,
			"bounced 4.7.5 tls_closed"},
		{"Postfix 2.11 does not wait", configured(t, Version{2, 11}), May, 0, "plaintext tls_closed"},
	} {
		if got := brief(Predict(tt.cfg, broken, tt.level, tt.age)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestRouting has what the DNS alone decides, at every level.
func TestRouting(t *testing.T) {
	t.Parallel()
	none := func(r mx.Reason) Server { return Server{NoAddress: r} }
	set := func(k mx.Kind, r mx.Reason) *mx.Set { return &mx.Set{Kind: k, Reason: r} }
	listed := set(mx.Listed, mx.ReasonNone)
	for _, tt := range []struct {
		name    string
		set     *mx.Set
		servers []Server
		want    string
		text    string
	}{
		{"null MX", set(mx.Null, mx.NullMX), nil, "bounced 5.1.0 null_mx",
			"Domain example.test does not accept mail (nullMX)"},
		{"null MX beside others", set(mx.Null, mx.NullMXBesideOthers), nil, "bounced 5.1.0 null_mx_beside_others",
			"Domain example.test does not accept mail (nullMX)"},
		{"no such domain", set(mx.None, mx.NoSuchDomain), nil, "bounced 5.4.4 no_such_domain",
			"Host or domain name not found. Name service error for name=example.test type=AAAA: Host not found"},
		{"neither MX nor address", set(mx.None, mx.NoMailHost), nil, "bounced 5.4.4 no_mail_host",
			"Host or domain name not found. Name service error for name=example.test type=AAAA: " +
				"Host found but no data record of requested type"},
		{"MX SERVFAIL", set(mx.Failed, mx.LookupServFail), nil, "deferred 4.4.3 lookup_servfail",
			"Host or domain name not found. Name service error for name=example.test type=MX: Host not found, try again"},
		{"MX REFUSED", set(mx.Failed, mx.LookupRefused), nil, "deferred 4.4.3 lookup_refused",
			"Host or domain name not found. Name service error for name=example.test type=MX: Host not found, try again"},
		{"our resolver is down", set(mx.Failed, mx.ResolverDown), nil, "unknown resolver_down", ""},
		{"opted out", set(mx.Failed, mx.OptedOut), nil, "unknown opted_out", ""},
		{"no destination", set(mx.Invalid, mx.ReasonNone), nil, "unknown not_routed", ""},
		{"nothing known", nil, nil, "unknown not_routed", ""},
		{"all hosts nonexistent", listed, []Server{none(mx.HostNotFound), none(mx.HostNotFound)},
			"bounced 5.4.4 host_not_found",
			"Host or domain name not found. Name service error for name=mx2.example.test type=AAAA: Host not found"},
		{"host without address", listed, []Server{none(mx.HostNoAddress)}, "bounced 5.4.4 host_no_address",
			"Host or domain name not found. Name service error for name=mx1.example.test type=AAAA: " +
				"Host found but no data record of requested type"},
		{"host SERVFAIL", listed, []Server{none(mx.LookupServFail)}, "deferred 4.4.3 lookup_servfail",
			"Host or domain name not found. Name service error for name=mx1.example.test type=AAAA: Host not found, try again"},
		{"nonexistent, SERVFAIL", listed, []Server{none(mx.HostNotFound), none(mx.LookupServFail)},
			"deferred 4.4.3 lookup_servfail",
			"Host or domain name not found. Name service error for name=mx2.example.test type=AAAA: Host not found, try again"},
		{"SERVFAIL, nonexistent", listed, []Server{none(mx.LookupServFail), none(mx.HostNotFound)},
			"deferred 4.4.4 host_not_found",
			"Host or domain name not found. Name service error for name=mx2.example.test type=AAAA: Host not found"},
		{"alias of itself", set(mx.Failed, mx.LookupCNAMELoop), nil, "bounced 5.4.4 lookup_cname_loop",
			"Name server loop for example.test"},
		{"host that is an alias of itself", listed, []Server{none(mx.LookupCNAMELoop)},
			"bounced 5.4.4 lookup_cname_loop", "Name server loop for mx1.example.test"},
		{"SERVFAIL, alias of itself", listed, []Server{none(mx.LookupServFail), none(mx.LookupCNAMELoop)},
			"deferred 4.4.4 lookup_cname_loop", "Name server loop for mx2.example.test"},
		{"malformed MX alone", listed, []Server{none(mx.HostMalformed)}, "bounced 5.4.4 host_malformed",
			"Name service error for name=example.test type=MX: Malformed or unexpected name server reply"},
		{"a host that was not looked up", listed, []Server{none(mx.HostNotFound), none(mx.ResolverDown)},
			"unknown resolver_down", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := destination(t, tt.servers...)
			d.MX = tt.set
			for _, level := range Levels() {
				got := Predict(debian(), d, level, 0)
				if brief(got) != tt.want || got.Text != tt.text {
					t.Errorf("%s: %s %q, want %s %q", level, brief(got), got.Text, tt.want, tt.text)
				}
			}
		})
	}
}
