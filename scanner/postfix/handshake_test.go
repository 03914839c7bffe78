package postfix

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
)

// Suites by IANA's number.
const (
	dheRSA    = 0x009F // DHE-RSA-AES256-GCM-SHA384
	ecdheRSA  = 0xC030 // ECDHE-RSA-AES256-GCM-SHA384
	ecdheCBC  = 0xC013 // ECDHE-RSA-AES128-SHA
	adh       = 0x00A7 // ADH-AES256-GCM-SHA384
	tripleDES = 0x000A // DES-CBC3-SHA
)

// flight is a server's answer to a hello of Postfix's.
func flight(version, suite uint16, change ...func(*clienthello.Flight)) *clienthello.Flight {
	f := &clienthello.Flight{Version: version, Suite: suite, Renegotiation: true, Complete: true, Chain: [][]byte{empty}}
	for _, c := range change {
		c(f)
	}
	return f
}

func cutShort(kind clienthello.Kind) *clienthello.Flight {
	return &clienthello.Flight{Err: &clienthello.Error{Kind: kind}}
}

// shaken is a session with a handshake of ours (0 = none) and the answers to Postfix's hellos.
func shaken(version, suite uint16, raw, match *clienthello.Flight) Server {
	s := talk(starttls.StartTLS, starttls.TLSNoCipher, greets, offers, starts)
	if version != 0 {
		s = well()
		s.TLS.Version, s.TLS.Suite = version, suite
	}
	s.Raw, s.Match, s.Connections = raw, match, 2
	return at(10, s)
}

func TestHandshake(t *testing.T) {
	t.Parallel()
	refused := chain(pkix.StatusUnknown, pkix.CertificateMalformed)
	refused.Unreadable = true
	old := func(f *clienthello.Flight) { f.Renegotiation = false }
	sha1 := func(f *clienthello.Flight) { f.Signature = 0x0201 }
	big := func(f *clienthello.Flight) { f.CertificateOctets = 200 << 10 }
	small := func(f *clienthello.Flight) { f.DHBits = 512 }
	const v10, v12, v13 = tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13
	tests := []struct {
		name                 string
		server               Server
		may, encrypt, secure string
	}{
		{"only Postfix finishes it", shaken(0, 0, flight(v12, dheRSA), nil),
			"encrypted Trusted not_completed", "encrypted Trusted not_completed", "encrypted Verified not_completed"},
		{"neither does", shaken(0, 0, cutShort(clienthello.Alert), nil),
			"plaintext after 5m0s tls_no_cipher", "deferred 4.7.5 tls_no_cipher", "deferred 4.7.5 tls_no_cipher"},
		{"closed on both", shaken(0, 0, cutShort(clienthello.Closed), nil),
			"plaintext after 5m0s tls_no_cipher", "deferred 4.7.5 tls_no_cipher", "deferred 4.7.5 tls_no_cipher"},
		{"no answer to be had", shaken(0, 0, nil, nil), "unknown tls_no_cipher", "unknown tls_no_cipher",
			"unknown tls_no_cipher"},
		{"silent to Postfix", shaken(0, 0, cutShort(clienthello.TimedOut), nil),
			"unknown waited_less", "unknown waited_less", "unknown waited_less"},
		{"no renegotiation_info", shaken(v12, ecdheRSA, flight(v12, ecdheRSA, old), nil),
			"plaintext after 5m0s tls_refused", "deferred 4.7.5 tls_refused", "deferred 4.7.5 tls_refused"},
		{"a chain beyond OpenSSL's limit", shaken(v12, ecdheRSA, flight(v12, ecdheRSA, big), nil),
			"plaintext after 5m0s tls_refused", "deferred 4.7.5 tls_refused", "deferred 4.7.5 tls_refused"},
		{"512 bits of DH", shaken(0, 0, flight(v12, dheRSA, small), nil),
			"plaintext after 5m0s tls_refused", "deferred 4.7.5 tls_refused", "deferred 4.7.5 tls_refused"},
		{"TLS 1.0 with ECDHE", shaken(v10, ecdheCBC, flight(v10, ecdheCBC), nil),
			"encrypted Trusted", "encrypted Trusted", "deferred 4.7.5 tls_refused"},
		{"TLS 1.0 with RSA", shaken(v10, 0x002F, flight(v10, 0x002F), nil),
			"encrypted Trusted", "encrypted Trusted", "encrypted Verified"},
		{"a SHA-1 signature", shaken(v12, ecdheRSA, flight(v12, ecdheRSA, sha1), cutShort(clienthello.Alert)),
			"encrypted Trusted", "encrypted Trusted", "deferred 4.7.5 tls_alert"},
		{"a SHA-1 signature if offered, else not", shaken(v12, ecdheRSA, flight(v12, ecdheRSA, sha1), flight(v12, ecdheRSA)),
			"encrypted Trusted", "encrypted Trusted", "encrypted Verified"},
		{"SHA-1 signatures alone", shaken(0, 0, flight(v12, ecdheRSA, sha1), cutShort(clienthello.Alert)),
			"encrypted Trusted not_completed", "encrypted Trusted not_completed", "deferred 4.7.5 tls_alert"},
		{"anonymous if offered, else not", shaken(v12, ecdheRSA, flight(v12, adh), flight(v12, ecdheRSA)),
			"encrypted Anonymous", "encrypted Anonymous", "encrypted Verified"},
		{"anonymous if offered, the rest from our handshake", shaken(v12, ecdheRSA, flight(v12, adh), nil),
			"encrypted Anonymous", "encrypted Anonymous", "encrypted Verified"},
		{"anonymous alone", shaken(0, 0, flight(v12, adh), cutShort(clienthello.Alert)),
			"encrypted Anonymous not_completed", "encrypted Anonymous not_completed", "deferred 4.7.5 tls_alert"},
		{"anonymous, the rest not asked", shaken(0, 0, flight(v12, adh), nil),
			"encrypted Anonymous not_completed", "encrypted Anonymous not_completed", "unknown handshake_not_seen"},
		{"the second connection broke", shaken(v12, ecdheRSA, cutShort(clienthello.Broken), nil),
			"encrypted Trusted", "encrypted Trusted", "encrypted Verified"},
		{"an alert to Postfix, not to us", shaken(v12, ecdheRSA, cutShort(clienthello.Alert), nil),
			"plaintext after 5m0s tls_alert", "deferred 4.7.5 tls_alert", "deferred 4.7.5 tls_alert"},
		{"a certificate that nobody here can read", certified(shaken(0, 0, flight(v12, ecdheRSA), nil),
			chain(pkix.StatusUnknown, pkix.CertificateMalformed), chain(pkix.StatusUnknown, pkix.CertificateMalformed)),
			"unknown certificate_malformed", "unknown certificate_malformed", "unknown certificate_malformed"},
		{"a certificate that OpenSSL cannot read", certified(shaken(0, 0, flight(v12, ecdheRSA), nil),
			refused, refused),
			"plaintext after 5m0s certificate_malformed", "deferred 4.7.5 certificate_malformed",
			"deferred 4.7.5 certificate_malformed"},
		{"TLS 1.3", shaken(v13, tls.TLS_AES_128_GCM_SHA256, nil, nil), "encrypted Trusted",
			"encrypted Trusted", "encrypted Verified"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := destination(t, tt.server)
			for level, want := range map[Level]string{May: tt.may, Encrypt: tt.encrypt, Secure: tt.secure} {
				if got := brief(Predict(debian(), d, level, 0)); got != want {
					t.Errorf("%s: %s, want %s", level, got, want)
				}
			}
		})
	}
}

// TestSettings: what the configuration does to handshakes.
func TestHandshakeSettings(t *testing.T) {
	t.Parallel()
	v12 := shaken(tls.VersionTLS12, ecdheRSA, flight(tls.VersionTLS12, ecdheRSA), nil)
	v13 := shaken(tls.VersionTLS13, tls.TLS_AES_256_GCM_SHA384, nil, nil)
	weak := shaken(tls.VersionTLS12, tripleDES, flight(tls.VersionTLS12, tripleDES), nil)
	anon := shaken(tls.VersionTLS12, ecdheRSA, flight(tls.VersionTLS12, adh), nil)
	old := shaken(tls.VersionTLS12, ecdheRSA, flight(tls.VersionTLS12, ecdheRSA,
		func(f *clienthello.Flight) { f.Renegotiation = false }), nil)
	for _, tt := range []struct {
		setting string
		v       Version
		server  Server
		level   Level
		want    string
	}{
		{"smtp_tls_mandatory_protocols = >=TLSv1.3", Version{}, v12, Encrypt, "deferred 4.7.5 protocol_not_allowed"},
		{"smtp_tls_mandatory_protocols = >=TLSv1.3", Version{}, v12, May, "encrypted Trusted"},
		{"smtp_tls_protocols = >=TLSv1.3", Version{}, v12, May, "plaintext after 5m0s protocol_not_allowed"},
		{"smtp_tls_mandatory_protocols = <=TLSv1.2", Version{}, v13, Encrypt, "unknown protocol_not_allowed"},
		{"smtp_tls_mandatory_protocols = nonsense", Version{}, v13, Encrypt, "deferred 4.7.5 protocol_not_allowed"},
		{"smtp_tls_mandatory_ciphers = nonsense", Version{}, v13, Encrypt, "deferred 4.7.5 cipher_not_allowed"},
		{"smtp_tls_exclude_ciphers = AES256", Version{}, v12, Encrypt, "unknown cipher_not_allowed"},
		{"smtp_tls_exclude_ciphers = AES256", Version{}, v13, Encrypt, "encrypted Trusted"},
		{"smtp_tls_mandatory_exclude_ciphers = RC4, MD5", Version{}, v12, Encrypt, "encrypted Trusted"},
		{"smtp_tls_mandatory_ciphers = high", Version{}, weak, Encrypt, "unknown cipher_not_allowed"},
		{"smtp_tls_ciphers = medium", Version{}, weak, May, "encrypted Trusted"},
		{"smtp_tls_ciphers = medium", Version{3, 8}, weak, May, "unknown cipher_not_allowed"},
		{"smtp_tls_exclude_ciphers = aNULL", Version{}, anon, May, "encrypted Trusted"},
		{"smtp_tls_ciphers = medium", Version{}, anon, May, "encrypted Anonymous"},
		{"tls_ssl_options = LEGACY_SERVER_CONNECT", Version{}, old, Encrypt, "encrypted Trusted"},
		{"smtp_discard_ehlo_keywords = dsn, STARTTLS", Version{}, v13, Encrypt, "deferred 4.7.4 starttls-not-supported"},
		{"smtp_skip_5xx_greeting = no", Version{}, at(10, talk(starttls.Connected, starttls.GreetingRefused, "|554 no")), May,
			"bounced 5.0.0 greeting_refused"},
		{"smtp_helo_timeout = 30s", Version{}, slow(talk(starttls.Connected, starttls.GreetingTimeout, "|")), May,
			"deferred 4.4.2 greeting_timeout"},
		{"smtp_starttls_timeout = 30s", Version{}, slow(talk(starttls.StartTLS, starttls.TLSTimeout, greets,
			offers, starts)), Encrypt,
			"deferred 4.7.5 tls_timeout"},
		{"smtp_helo_timeout = 30s", Version{}, slow(talk(starttls.TLS, starttls.AfterTLSTimeout, greets,
			offers, starts, "EHLO x|")), Encrypt,
			"deferred Trusted 4.4.2 after_tls_timeout"},
		{"smtp_helo_timeout = 300s", Version{}, slow(talk(starttls.TLS, starttls.AfterTLSTimeout, greets,
			offers, starts, "EHLO x|")), Encrypt,
			"unknown waited_less"},
		{"smtp_connect_timeout = 30s", Version{}, slow(talk(starttls.StageNone, starttls.ConnectTimeout)), Encrypt,
			"deferred 4.4.1 connect_timeout"},
		{"smtp_connect_timeout = 60s", Version{}, slow(talk(starttls.StageNone, starttls.ConnectTimeout)),
			Encrypt, "unknown waited_less"},
	} {
		cfg := configured(t, tt.v, tt.setting)
		if got := brief(Predict(cfg, destination(t, tt.server), tt.level, 0)); got != tt.want {
			t.Errorf("%s at %s: %s, want %s", tt.setting, tt.level, got, tt.want)
		}
	}
}

// slow is a server that let us wait for half a minute before we gave up.
func slow(s *starttls.Session) Server {
	s.Took[starttls.Connected] = 10 * time.Second
	s.Duration = 40 * time.Second
	return at(10, s)
}

// TestOldOpenSSL: before 3.0, neither RFC 5746 nor SHA-1 was asked after.
func TestOldOpenSSL(t *testing.T) {
	t.Parallel()
	s := shaken(tls.VersionTLS10, ecdheCBC, flight(tls.VersionTLS10, ecdheCBC,
		func(f *clienthello.Flight) { f.Renegotiation = false }), nil)
	cfg := Default("/ca.pem", Options{OpenSSL: Version{1, 1}})
	if got := brief(Predict(cfg, destination(t, s), Secure, 0)); got != "encrypted Verified" {
		t.Errorf("got %s", got)
	}
}

// TestNewOpenSSL: what the security level of a match forbids since 3.1 and 3.2, as seen with 3.5.
func TestNewOpenSSL(t *testing.T) {
	t.Parallel()
	const rsaCBC, ccm8 = 0x002f, 0xc0af
	old := shaken(tls.VersionTLS11, rsaCBC, flight(tls.VersionTLS11, rsaCBC), nil)
	short := shaken(tls.VersionTLS12, ecdheRSA, flight(tls.VersionTLS12, ccm8), nil)
	asked := shaken(tls.VersionTLS12, ecdheRSA, flight(tls.VersionTLS12, ccm8), flight(tls.VersionTLS12, ecdheRSA))
	for _, tt := range []struct {
		openssl Version
		server  Server
		level   Level
		want    string
	}{
		{Version{3, 0}, old, Secure, "encrypted Verified"},
		{Version{3, 1}, old, Secure, "deferred 4.7.5 tls_refused"},
		{Version{3, 5}, old, Encrypt, "encrypted Trusted"},
		{Version{3, 1}, short, Secure, "encrypted Verified"},
		{Version{3, 2}, short, Secure, "unknown handshake_not_seen"},
		{Version{3, 5}, short, May, "encrypted Trusted"},
		{Version{3, 5}, asked, Secure, "encrypted Verified"},
	} {
		cfg := Default("/ca.pem", Options{Postfix: Version{3, 10}, OpenSSL: tt.openssl})
		if got := brief(Predict(cfg, destination(t, tt.server), tt.level, 0)); got != tt.want {
			t.Errorf("OpenSSL %s at %s: %s, want %s", tt.openssl, tt.level, got, tt.want)
		}
	}
}

// TestHello: from 3.8 on Postfix offers what 3.10 was seen to offer.
func TestHello(t *testing.T) {
	t.Parallel()
	for v, want := range map[Version]clienthello.Release{{}: clienthello.Postfix37, {3, 7}: clienthello.Postfix37,
		{3, 8}: clienthello.Postfix310, {3, 10}: clienthello.Postfix310, {4, 0}: clienthello.Postfix310} {
		if got := v.Hello(); got != want {
			t.Errorf("%s: %s, want %s", v, got, want)
		}
	}
}

// TestEngineOff is what Postfix 3.7.11 did with a broken block in its CAfile.
func TestEngineOff(t *testing.T) {
	t.Parallel()
	cfg := debian()
	cfg.EngineOff = "/ca.pem:3: broken"
	d := destination(t, at(10, well()))
	for level, want := range map[Level]string{None: "plaintext", May: "plaintext tls_engine_off",
		Encrypt: "deferred 4.7.5 tls_engine_off", Secure: "deferred 4.7.5 tls_engine_off"} {
		if got := brief(Predict(cfg, d, level, 0)); got != want {
			t.Errorf("%s: %s, want %s", level, got, want)
		}
	}
	if got := brief(Predict(cfg, destination(t, plain(10)), Encrypt, 0)); got != "deferred 4.7.4 starttls-not-supported" {
		t.Errorf("not offered: %s", got)
	}
}

// TestTrustAnchorFile: where main.cf has trust anchors of its own for verify and secure, who matches is not known.
func TestTrustAnchorFile(t *testing.T) {
	t.Parallel()
	alone := configured(t, Version{}, "smtp_tls_CAfile =", "smtp_tls_trust_anchor_file = /ta.pem")
	for _, r := range alone.Remarks() {
		if strings.Contains(r.Text, "deliver nothing") {
			t.Errorf("without a CAfile: %q", r.Text)
		}
	}
	cfg := configured(t, Version{}, "smtp_tls_trust_anchor_file = /ta.pem")
	for level, want := range map[Level]string{Encrypt: "encrypted Trusted", Verify: "unknown tafile_not_read",
		Secure: "unknown tafile_not_read"} {
		if got := brief(Predict(cfg, destination(t, at(10, well())), level, 0)); got != want {
			t.Errorf("%s: %s, want %s", level, got, want)
		}
	}
}

// TestPolicy: what an entry of a policy table replaces.
func TestPolicy(t *testing.T) {
	t.Parallel()
	other := chain(pkix.Trusted, pkix.ReasonNone, "mx.provider.test")
	provider := certified(at(10, well()), other, other)
	v12 := shaken(tls.VersionTLS12, ecdheRSA, flight(tls.VersionTLS12, ecdheRSA), nil)
	for _, tt := range []struct {
		policy string
		server Server
		want   string
	}{
		{"secure", provider, "deferred Untrusted 4.7.5 certificate-host-mismatch"},
		{"secure match=.provider.test", provider, "encrypted Verified"},
		{"secure match=-x-:mx.provider.test", provider, "encrypted Verified"},
		{"verify match=nexthop:hostname", at(10, well()), "encrypted Verified"},
		{"secure match=:", provider, "deferred Untrusted 4.7.5 certificate-host-mismatch"},
		{"secure tafile=/ta.pem", at(10, well()), "unknown tafile_not_read"},
		{"encrypt protocols=>=TLSv1.3", v12, "deferred 4.7.5 protocol_not_allowed"},
		{"encrypt protocols=TLSv9", v12, "deferred 4.7.5 protocol_not_allowed"},
		{"encrypt ciphers=HIGH", v12, "encrypted Trusted"},
		{"encrypt exclude=ECDHE", v12, "unknown cipher_not_allowed"},
		{"none", v12, "plaintext"},
		{"dane", v12, "encrypted Trusted"}, // as may: debian has no DNSSEC
		{"dane-only", v12, "deferred 4.7.5 dnssec_not_enabled"},
	} {
		p, err := parsePolicy(tt.policy, Version{3, 7})
		if err != nil {
			t.Fatal(err)
		}
		if got := brief(PredictPolicy(debian(), destination(t, tt.server), p, 0)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.policy, got, tt.want)
		}
	}
}
