package postfix

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
)

// selfSigned is a certificate that can be read, and its key.
func selfSigned(t *testing.T) (leaf []byte, key *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	if leaf, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key); err != nil {
		t.Fatal(err)
	}
	return leaf, key
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	leaf, key := selfSigned(t)
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	print := func(der []byte) string { sum := sha256.Sum256(der); return strings.ToUpper(hex.EncodeToString(sum[:])) }
	colons := func(s string) string {
		var b strings.Builder
		for i := 0; i < len(s); i += 2 {
			b.WriteString(":" + s[i:i+2])
		}
		return b.String()[1:]
	}
	self := chain(pkix.Untrusted, pkix.SelfSigned)
	s := certified(at(10, well()), self, self)
	s.Session.TLS.Chain = [][]byte{leaf}
	d := destination(t, s)
	wrong := colons(print([]byte("another")))
	for _, tt := range []struct {
		name, setting, digest string
		policy                Policy
		want                  string
	}{
		{"none listed", "", "sha256", Policy{}, "deferred 4.7.5 fingerprints_missing"},
		{"the certificate's", colons(print(leaf)), "sha256", Policy{}, "encrypted Verified"},
		{"the key's, in lower case", strings.ToLower(colons(print(spki))), "sha256", Policy{}, "encrypted Verified"},
		{"one of several", wrong + ", " + colons(print(leaf)), "sha256", Policy{}, "encrypted Verified"},
		{"another's", wrong, "sha256", Policy{}, "deferred Untrusted 4.7.5 fingerprint_mismatch"},
		{"another digest", colons(print(leaf)), "sha512", Policy{}, "deferred Untrusted 4.7.5 fingerprint_mismatch"},
		{"a digest that nobody has", colons(print(leaf)), "sha3-256", Policy{}, "unknown fingerprint_mismatch"},
		{"no digest", colons(print(leaf)), "sha257", Policy{}, "deferred 4.7.5 tls_engine_off"},
		{"the policy's own", wrong, "sha256", Policy{Match: []string{colons(print(leaf))}}, "encrypted Verified"},
	} {
		cfg := configured(t, Version{}, "smtp_tls_fingerprint_cert_match = "+tt.setting,
			"smtp_tls_fingerprint_digest = "+tt.digest)
		tt.policy.Level = Fingerprint
		if got := brief(PredictPolicy(cfg, d, tt.policy, 0)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	cfg := configured(t, Version{}, "smtp_tls_fingerprint_cert_match = "+wrong)
	for name, c := range map[string][][]byte{"certificate_malformed": {empty}, "handshake_not_seen": nil} {
		s := certified(at(10, well()), self, self)
		s.Session.TLS.Chain = c
		if got := brief(Predict(cfg, destination(t, s), Fingerprint, 0)); got != "unknown "+name {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestDigests: each is the algorithm that it is called.
func TestDigests(t *testing.T) {
	t.Parallel()
	for name, octets := range map[string]int{"md5": 16, "sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64} {
		if got := digests[name]([]byte("x")); len(got) != 2*octets {
			t.Errorf("%s has %d digits", name, len(got))
		}
	}
}

func TestNoTrustAnchors(t *testing.T) {
	t.Parallel()
	d := destination(t, at(10, well()))
	for level, want := range map[Level]string{May: "encrypted Untrusted", Encrypt: "encrypted Untrusted",
		Verify: "deferred Untrusted 4.7.5 no_trust_anchors", Secure: "deferred Untrusted 4.7.5 no_trust_anchors"} {
		if got := brief(Predict(Default("", Options{}), d, level, 0)); got != want {
			t.Errorf("%s: %s, want %s", level, got, want)
		}
	}
}

// TestNames: what verify and secure compare with, release by release.
func TestNames(t *testing.T) {
	t.Parallel()
	cert := func(names ...string) Server {
		c := chain(pkix.Trusted, pkix.ReasonNone, names...)
		return certified(at(10, well()), c, c)
	}
	cut := cert("other.test")
	cut.Level1.Notes = []pkix.Note{pkix.NamesCut}
	const wrong = "deferred Untrusted 4.7.5 certificate-host-mismatch"
	for _, tt := range []struct {
		name           string
		v              Version
		server         Server
		verify, secure string
	}{
		{"the host's", Version{3, 7}, cert("MX1.example.test"), "encrypted Verified", "encrypted Verified"},
		{"the domain's", Version{3, 7}, cert("example.test"), wrong, "encrypted Verified"},
		{"below the domain", Version{3, 7}, cert("a.b.example.test"), wrong, "encrypted Verified"},
		{"a wildcard of one label", Version{3, 7}, cert("*.example.test"), "encrypted Verified", "encrypted Verified"},
		{"a wildcard of two", Version{3, 7}, cert("*.test"), wrong, wrong},
		{"a wildcard of two, long ago", Version{3, 5}, cert("*.test"), "encrypted Verified", "encrypted Verified"},
		{"another's, lately", Version{3, 10}, cert("other.test"), "deferred Trusted 4.7.5 certificate-host-mismatch",
			"deferred Trusted 4.7.5 certificate-host-mismatch"},
		{"too many to tell", Version{3, 7}, cut, "unknown names_cut", "unknown names_cut"},
		{"none", Version{3, 7}, cert(), wrong, wrong},
	} {
		cfg := configured(t, tt.v)
		d := destination(t, tt.server)
		if got := brief(Predict(cfg, d, Verify, 0)); got != tt.verify {
			t.Errorf("%s at verify: %s, want %s", tt.name, got, tt.verify)
		}
		if got := brief(Predict(cfg, d, Secure, 0)); got != tt.secure {
			t.Errorf("%s at secure: %s, want %s", tt.name, got, tt.secure)
		}
	}
}

// TestAddressForHost: an address in place of a host is looked for among the addresses of the certificate, if nothing
// else counts. At secure, the domain's name counts.
func TestAddressForHost(t *testing.T) {
	t.Parallel()
	const wrong, trusted = "deferred Untrusted 4.7.5 certificate-host-mismatch",
		"deferred Trusted 4.7.5 certificate-host-mismatch"
	bookworm, trixie, ancient := debian(), Default("/ca.pem", Options{Postfix: Version{3, 10}, OpenSSL: Version{3, 5}}),
		Default("/ca.pem", Options{OpenSSL: Version{1, 1}})
	for _, tt := range []struct {
		name  string
		names []string
		addrs []string
		cfg   *Config
		level Level
		want  string
	}{
		{"a DNS name", []string{"192.0.2.1"}, nil, bookworm, Verify, wrong},
		{"a DNS name", []string{"192.0.2.1"}, nil, trixie, Verify, wrong},
		{"an address", []string{"192.0.2.1"}, []string{"192.0.2.1"}, bookworm, Verify, "encrypted Verified"},
		{"an address", []string{"192.0.2.1"}, []string{"192.0.2.1"}, trixie, Verify, "encrypted Verified"},
		{"an address", []string{"192.0.2.1"}, []string{"192.0.2.1"}, ancient, Verify, wrong},
		{"another address", []string{"192.0.2.9"}, []string{"192.0.2.9"}, trixie, Verify, wrong},
		{"an address", []string{"192.0.2.1"}, []string{"192.0.2.1"}, trixie, Secure, trusted},
		{"the domain", []string{"example.test"}, nil, trixie, Secure, "encrypted Verified"},
	} {
		c := chain(pkix.Trusted, pkix.ReasonNone, tt.names...)
		for _, a := range tt.addrs {
			c.Addrs = append(c.Addrs, netip.MustParseAddr(a))
		}
		s := certified(at(10, well()), c, c)
		s.Label = "192.0.2.1" // and no Host
		if got := brief(Predict(tt.cfg, destination(t, s), tt.level, 0)); got != tt.want {
			t.Errorf("%s at %s, OpenSSL %s: %s, want %s", tt.name, tt.level, tt.cfg.OpenSSL, got, tt.want)
		}
	}
	c := chain(pkix.Trusted, pkix.ReasonNone, "example.test", "192.0.2.1")
	d := destination(t, certified(at(10, well()), c, c))
	d.Target, d.MX = target(t, "[192.0.2.1]"), &mx.Set{Kind: mx.Implicit}
	if got := brief(Predict(debian(), d, Secure, 0)); got != wrong {
		t.Errorf("an address as next-hop at secure: %s", got)
	}
}
