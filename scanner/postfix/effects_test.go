package postfix

import (
	"strings"
	"testing"
	"time"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
)

// TestEffects is what Postfix 3.7.11 did under settings of main.cf; testdata/parity/settings has the whole of it.
func TestEffects(t *testing.T) {
	t.Parallel()
	plain := at(10, talk(starttls.EHLO, starttls.StartTLSNotSupported, greets, "EHLO x|250 mx"))
	refusing := at(10, talk(starttls.EHLO, starttls.StartTLSRefused, greets, offers, "STARTTLS|554 5.7.0 no"))
	broken := at(10, talk(starttls.StartTLS, starttls.TLSAlert, greets, offers, starts))
	silent := at(10, talk(starttls.Connected, starttls.GreetingTimeout))
	good := at(10, well())
	none := &mx.Set{Kind: mx.None, Reason: mx.NoSuchDomain}
	chained := certified(good, chain(pkix.Trusted, 0, "mx1.example.test"), chain(pkix.Trusted, 0, "mx1.example.test"))
	chained.Level0.Sent, chained.Level1.Sent = 4, 4
	for _, tt := range []struct {
		name, lines string
		server      Server
		set         *mx.Set // nil = the server's
		want        string
	}{
		{"soft_bounce", "soft_bounce = yes\nsmtp_tls_security_level = encrypt", refusing, nil,
			"deferred 4.7.0 starttls_refused"},
		{"soft_bounce, no domain", "soft_bounce = yes", good, none, "deferred 4.4.4 no_such_domain"},
		{"soft_bounce, too old", "soft_bounce = yes\nmaximal_queue_lifetime = 0\nsmtp_tls_security_level = encrypt",
			plain, nil, "bounced 4.7.4 starttls-not-supported"},
		{"fallback relay", "smtp_fallback_relay = [x.test]\nsmtp_tls_security_level = encrypt", plain, nil,
			"unknown fallback_relay"},
		{"fallback relay, no domain", "smtp_fallback_relay = [x.test]", good, none, "unknown fallback_relay"},
		{"fallback relay, hard", "smtp_fallback_relay = [x.test]\nsmtp_tls_security_level = encrypt", refusing, nil,
			"bounced 5.7.0 starttls_refused"},
		{"fallback relay, not needed", "smtp_fallback_relay = [x.test]", good, nil, "plaintext"},
		{"fallback relay, refused policy", "smtp_fallback_relay = [x.test]\nsmtp_tls_policy_maps = static:nosuch", good, nil,
			"unknown fallback_relay"},
		{"relayhost", "relayhost = Example.Test", good, none, "deferred 4.3.5 no_such_domain"},
		{"another relayhost", "relayhost = [example.test]", good, none, "bounced 5.4.4 no_such_domain"},
		{"credentials for relayhost", "relayhost = example.test\nsmtp_sasl_auth_enable = yes\n" +
			"smtp_sasl_password_maps = hash:/x\nsmtp_tls_security_level = may", broken, nil, "deferred 4.7.5 tls_alert"},
		{"credentials elsewhere", "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = hash:/x\n" +
			"smtp_tls_security_level = may", broken, nil, "plaintext after 5m0s tls_alert"},
		{"no credentials", "relayhost = example.test\nsmtp_sasl_password_maps = hash:/x\nsmtp_tls_security_level = may",
			broken, nil, "plaintext after 5m0s tls_alert"},
		{"no MX lookup", "smtp_dns_support_level = disabled", good, nil, "unknown no_mx_lookup"},
		{"no MX lookup, as of old", "disable_dns_lookups = yes", good, nil, "unknown no_mx_lookup"},
		{"overruled", "disable_dns_lookups = yes\nsmtp_dns_support_level = enabled", good, nil, "plaintext"},
		{"no EHLO", "smtp_never_send_ehlo = yes\nsmtp_tls_security_level = may", good, nil, "plaintext"},
		{"no EHLO, encrypt", "smtp_never_send_ehlo = yes\nsmtp_tls_security_level = encrypt", good, nil,
			"deferred 4.7.4 starttls-not-supported"},
		{"wrapper mode", "smtp_tls_wrappermode = yes\nsmtp_tls_security_level = encrypt", good, nil,
			"deferred 4.7.5 wrappermode"},
		{"wrapper mode, silent", "smtp_tls_wrappermode = yes\nsmtp_tls_security_level = encrypt", silent, nil,
			"unknown wrappermode"},
		{"wrapper mode, may", "smtp_tls_wrappermode = yes\nsmtp_tls_security_level = may", good, nil,
			"deferred 4.3.0 wrappermode"},
		{"SNI that is none", "smtp_tls_servername = no_host!\nsmtp_tls_security_level = may", good, nil,
			"deferred 4.7.5 servername_invalid"},
		{"SNI that is none, level none", "smtp_tls_servername = no_host!\nsmtp_tls_security_level = none", good, nil,
			"plaintext"},
		{"SNI that is none, policy's own", "smtp_tls_servername = no_host!\nsmtp_tls_policy_maps = static:{may " +
			"servername=x.test}", good, nil, "encrypted Trusted"},
		{"trust anchors of their own", "smtp_tls_trust_anchor_file = /x\nsmtp_tls_security_level = verify", good, nil,
			"unknown tafile_not_read"},
		{"trust anchors of their own, may", "smtp_tls_trust_anchor_file = /x\nsmtp_tls_security_level = may", good, nil,
			"encrypted Trusted"},
		{"depth", "smtp_tls_scert_verifydepth = 1\nsmtp_tls_security_level = verify", chained, nil,
			"unknown chain_too_long"},
		{"depth, may", "smtp_tls_scert_verifydepth = 1\nsmtp_tls_security_level = may", chained, nil, "encrypted"},
		{"depth that suffices", "smtp_tls_scert_verifydepth = 2\nsmtp_tls_security_level = verify", chained, nil,
			"encrypted Verified"},
		{"default CAs alone", "smtp_tls_CAfile =\ntls_append_default_CA = yes\nsmtp_tls_security_level = may", good, nil,
			"encrypted Untrusted"},
		{"all excluded", "smtp_tls_exclude_ciphers = ALL\nsmtp_tls_security_level = encrypt", good, nil,
			"deferred 4.7.5 cipher_not_allowed"},
		{"grade null", "smtp_tls_mandatory_ciphers = null\nsmtp_tls_security_level = encrypt", good, nil,
			"deferred 4.7.5 cipher_not_allowed"},
		{"grade null, verify", "smtp_tls_mandatory_ciphers = null\nsmtp_tls_security_level = verify", good, nil,
			"encrypted Verified"},
		{"no such level", "smtp_tls_security_level = strict", good, nil, "deferred not_started"},
		{"no such boolean", "smtp_use_tls = maybe", good, nil, "deferred not_started"},
		{"no such number", "smtp_mx_address_limit = five", good, nil, "deferred not_started"},
		{"no such word", "smtp_address_preference = ipv5", good, nil, "deferred not_started"},
		{"nothing to match", "smtp_tls_secure_cert_match =", good, nil, "deferred not_started"},
		{"no grade", "smtp_tls_ciphers =", good, nil, "deferred not_started"},
		{"a table without a type", "smtp_tls_policy_maps = /etc/postfix/tls_policy", good, nil, "deferred not_started"},
		{"a table in main.cf", "smtp_tls_policy_maps = inline:{ other.test=may, { example.test = secure match=nexthop } }",
			good, nil, "encrypted Verified"},
		{"a table of one policy", "smtp_tls_policy_maps = static:encrypt", plain, nil,
			"deferred 4.7.4 starttls-not-supported"},
		{"a table in main.cf is refused", "smtp_tls_policy_maps = inline:{example.test=nosuch}", good, nil,
			"deferred 4.7.5 policy_invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := configured(t, Version{}, strings.Split(tt.lines, "\n")...)
			d := destination(t, tt.server)
			if tt.set != nil {
				d.MX = tt.set
			}
			if p, _ := Current(cfg, d, 0); brief(p) != tt.want {
				t.Errorf("%s, want %s", brief(p), tt.want)
			}
		})
	}
}

// TestWhatIf: values that smtp(8) does not start with are defaults where a level is tried on.
func TestWhatIf(t *testing.T) {
	t.Parallel()
	cfg := configured(t, Version{}, "smtp_use_tls = maybe")
	if got := brief(Predict(cfg, destination(t, at(10, well())), May, 0)); got != "encrypted Trusted" {
		t.Error(got)
	}
}

// TestLiteralWildcard: a wildcard to match is met by the same wildcard alone, in any case, and by no name below it.
func TestLiteralWildcard(t *testing.T) {
	t.Parallel()
	for names, want := range map[string]string{
		"*.Provider.test": "encrypted Verified", "mx.provider.test": "deferred Untrusted 4.7.5 certificate-host-mismatch",
		"*.other.test": "deferred Untrusted 4.7.5 certificate-host-mismatch",
	} {
		c := chain(pkix.Trusted, pkix.ReasonNone, names)
		d := destination(t, certified(at(10, well()), c, c))
		for _, lines := range []string{"smtp_tls_policy_maps = static:{verify match=*.provider.test}",
			"smtp_tls_security_level = secure\nsmtp_tls_secure_cert_match = *.provider.test",
			"smtp_tls_security_level = verify\nsmtp_tls_verify_cert_match = *.provider.test"} {
			cfg := configured(t, Version{}, strings.Split(lines, "\n")...)
			if p, _ := Current(cfg, d, 0); brief(p) != want {
				t.Errorf("%s, %s: %s, want %s", names, lines, brief(p), want)
			}
		}
	}
}

// TestPinnedKeyTooSmall: OpenSSL's security level 1 has its say before a fingerprint does.
func TestPinnedKeyTooSmall(t *testing.T) {
	t.Parallel()
	c := chain(pkix.Untrusted, pkix.WeakKey)
	c.Num = leafKeyTooSmall
	s := certified(at(10, well()), chain(pkix.Trusted, pkix.ReasonNone), c)
	cfg := configured(t, Version{}, "smtp_tls_fingerprint_digest = sha256",
		"smtp_tls_fingerprint_cert_match = "+digests["sha256"](empty))
	if got := brief(Predict(cfg, destination(t, s), Fingerprint, 0)); got != "deferred Untrusted 4.7.5 weak_key" {
		t.Error(got)
	}
}

// TestAnonymousSuites: whether suites without a certificate are offered hangs on each of them.
func TestAnonymousSuites(t *testing.T) {
	t.Parallel()
	for exclude, want := range map[string]bool{"": true, "SHA1": true, "aNULL": false, "ADH": true, "ADH AECDH": false,
		"kRSA": true, "ADH, SHA1": false} {
		cfg := configured(t, Version{}, "smtp_tls_exclude_ciphers = "+exclude)
		n := newPlan(cfg, Policy{Level: May}, 0)
		if got := n.anonymous(); got != want {
			t.Errorf("without %q: %v", exclude, got)
		}
	}
	if len(anonymousSuites) == 0 || len(olderSuites) != len(clienthello.Suites())-3 {
		t.Errorf("%d suites, %d anonymous", len(olderSuites), len(anonymousSuites))
	}
}

// TestUnseenAddresses: where not all addresses were looked at, the last resort of those that were proves nothing.
func TestUnseenAddresses(t *testing.T) {
	t.Parallel()
	refused := at(10, talk(starttls.StageNone, starttls.ConnectionRefused))
	for lines, want := range map[string]string{
		"smtp_mx_address_limit = 1":         "deferred 4.4.1 connection_refused",
		"smtp_mx_address_limit = 5":         "unknown connection_refused",
		"smtp_mx_address_limit = 0":         "unknown connection_refused",
		"smtp_balance_inet_protocols = no":  "unknown connection_refused",
		"smtp_balance_inet_protocols = yes": "unknown connection_refused",
	} {
		d := destination(t, refused)
		d.MX.Hosts = []mx.Host{{Dropped: 1}}
		if got := brief(Predict(configured(t, Version{}, lines), d, May, 0)); got != want {
			t.Errorf("%s: %s, want %s", lines, got, want)
		}
	}
	d := destination(t, at(10, well()))
	d.MX.Hosts = []mx.Host{{Dropped: 1}}
	cfg := configured(t, Version{}, "smtp_balance_inet_protocols = no")
	if got := brief(Predict(cfg, d, May, time.Hour)); got != "unknown" {
		t.Error(got)
	}
}

func TestValidHostname(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 63)
	for s, want := range map[string]bool{"hostname": true, "mx.example.test": true, "a_b.test": true, long + ".test": true,
		"1a.2": true, "": false, ".": false, "a..b": false, ".a": false, "a.": false, "-a.test": false, "a-.test": false,
		"1.2.3.4": false, "12": false, "no host": false, "no_host!": false, "bücher.test": false, long + "a.test": false,
		strings.Repeat(long+".", 4) + "test": false} {
		if got := validHostname(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

// TestNotModelled: what predictions do without is said, each setting by name; what does nothing is not.
func TestNotModelled(t *testing.T) {
	t.Parallel()
	lines := map[string]string{ // what they are set to, and what the remark names where it is not the parameter
		"disable_dns_lookups = yes":                                      "smtp_dns_support_level",
		"smtp_tls_scert_verifydepth = 3":                                 "",
		"smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = hash:/x": "smtp_sasl_password_maps",
	}
	for _, u := range unmodelled {
		lines[u.parameter+" = something"] = ""
	}
	for setting, say := range lines {
		c := configured(t, Version{}, append(strings.Split(setting, "\n"), "smtp_tls_loglevel = 1",
			"smtp_tls_security_level = may")...)
		if say == "" {
			say, _, _ = strings.Cut(setting, " ")
		}
		if r := c.Remarks(); len(r) != 1 || r[0].Code != NotModelled || !strings.Contains(r[0].Text, say) {
			t.Errorf("%s: %q", setting, r)
		}
	}
	for _, idle := range []string{"tls_config_file = default", "ignore_mx_lookup_error = no",
		"smtp_tls_scert_verifydepth = 9", "smtp_sasl_auth_enable = yes", "smtp_sasl_password_maps = hash:/x",
		"smtp_delivery_status_filter = $default_delivery_status_filter"} {
		c := configured(t, Version{}, idle, "smtp_tls_loglevel = 1", "smtp_tls_security_level = may")
		if r := c.Remarks(); len(r) != 0 {
			t.Errorf("%s: %q", idle, r)
		}
	}
	var many strings.Builder
	many.WriteString("smtp_tls_policy_maps = inline:{")
	for i := range 12 {
		many.WriteString(" { " + string(rune('a'+i)) + ".test = may servername=x.test }")
	}
	c := configured(t, Version{}, many.String()+" }", "smtp_tls_loglevel = 1", "smtp_tls_security_level = may")
	if r := c.Remarks(); len(r) != 1 || r[0].Code != ServernameSet || !strings.Contains(r[0].Text, "a.test") ||
		!strings.Contains(r[0].Text, "and 2 others") {
		t.Errorf("policies with servername: %q", r)
	}
}
