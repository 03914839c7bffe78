package pkix

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// FuzzParsePEM: no input breaks the parser, every block is accounted for, and what it takes it takes again.
func FuzzParsePEM(f *testing.F) {
	root := newCA(f, "Root", nil)
	good := pemOf(root)
	for _, seed := range [][]byte{
		good, bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), good[:len(good)-5], good[5:], slices.Concat(good, good),
		nil, []byte("-----BEGIN CERTIFICATE-----"), []byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
		[]byte("-----BEGIN -----\n-----END -----\n"), []byte("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----"),
		[]byte(pemText("TRUSTED CERTIFICATE", string(root.Raw)+"\x30\x00")), []byte(pemText("CERTIFICATE", "\x30\x80")),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePEM("f", data)
		if err != nil {
			return // more blocks than we take
		}
		lines := bytes.Count(data, []byte("\n")) + 1
		for _, w := range p.warnings {
			if w.Line < 1 || w.Line > lines || w.Text == "" {
				t.Errorf("%d lines: %+v", lines, w)
			}
		}
		if len(p.certs)+len(p.warnings)+len(p.other) > p.blocks {
			t.Errorf("%d certificates, %d warnings, %q of %d blocks", len(p.certs), len(p.warnings), p.other, p.blocks)
		}
		if len(p.certs) == 0 {
			if s := p.found(data); s == "" {
				t.Error("nothing found, and nothing said")
			}
			return
		}
		again := new(bytes.Buffer)
		for _, c := range p.certs {
			again.Write(pemOf(&issued{Certificate: c}))
		}
		q, err := parsePEM("f", again.Bytes())
		if err != nil || len(q.certs) != len(p.certs) || len(q.warnings) > 0 {
			t.Errorf("%d certificates came back as %+v, %v", len(p.certs), q, err)
		}
	})
}

// FuzzVerify changes octets of a good chain: no panic, one verdict however often it is asked for, and never a trusted
// chain whose leaf is not the one that was issued.
func FuzzVerify(f *testing.F) {
	root := fixedCert(f, 1, nil)
	inter := fixedCert(f, 2, root)
	leaf := fixedCert(f, 3, inter, names("mx.example.com", "*.example.com"), addrs("192.0.2.1"))
	b := bundleOf(f, root)
	f.Add(leaf.Raw, inter.Raw, root.Raw)
	f.Add(leaf.Raw, leaf.Raw, inter.Raw)
	f.Add(inter.Raw, []byte{}, root.Raw)
	f.Add([]byte("x"), inter.Raw, root.Raw)
	for i := 0; i < len(leaf.Raw); i += 37 {
		changed := slices.Clone(leaf.Raw)
		changed[i] ^= 0x20
		f.Add(changed, inter.Raw, []byte{})
		f.Add(leaf.Raw, changed, inter.Raw)
	}
	genuine := [][]byte{root.Raw, inter.Raw, leaf.Raw}
	if c := NewVerifier(b, now).Verify(ders(leaf, inter)); c.Status != Trusted {
		f.Fatalf("the good chain: %+v", c)
	}
	f.Fuzz(func(t *testing.T, a, b1, b2 []byte) {
		v := NewVerifier(b, now)
		c := v.Verify([][]byte{a, b1, b2})
		if v.Verify([][]byte{a, b1, b2}) != c {
			t.Error("asked twice, two verdicts")
		}
		if c.Status == Trusted && !slices.ContainsFunc(genuine, func(g []byte) bool { return bytes.Equal(g, a) }) {
			t.Errorf("trusted, and never issued: %+v", c)
		}
		if c.Status == Trusted != (c.Reason == ReasonNone) || c.Status == Anonymous || c.Sent != 3 || len(c.SHA256) != 64 {
			t.Errorf("%+v", c)
		}
		for _, n := range []string{"mx.example.com", "example.com"} {
			by, ok := c.MatchHost(mustHost(t, n))
			if ok && !slices.ContainsFunc(c.Names, func(s string) bool { return s == by }) {
				t.Errorf("%q matched by %q of %q", n, by, c.Names)
			}
			if by, ok = c.MatchDomain(mustHost(t, n)); ok && !strings.HasSuffix(strings.ToLower(by), "example.com") {
				t.Errorf("%q matched by %q of %q", n, by, c.Names)
			}
		}
	})
}

// fixedCert is the same certificate in every process: the fuzzer's workers share inputs. All but number 3 are CAs.
func fixedCert(t testing.TB, number byte, parent *issued, edits ...edit) *issued {
	t.Helper()
	k := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number}, ed25519.SeedSize))
	return newCert(t, string('A'+rune(number)), k, parent, append([]edit{func(c *x509.Certificate) {
		c.SerialNumber = big.NewInt(int64(number))
		c.IsCA, c.BasicConstraintsValid = number != 3, number != 3
	}}, edits...)...)
}
