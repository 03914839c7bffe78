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
		if len(p.anchors)+len(p.other) > p.blocks || len(p.warnings) > p.blocks {
			t.Errorf("%d certificates, %d warnings, %q of %d blocks", len(p.anchors), len(p.warnings), p.other, p.blocks)
		}
		if len(p.anchors) == 0 {
			if s := p.found(data); s == "" {
				t.Error("nothing found, and nothing said")
			}
			return
		}
		again := new(bytes.Buffer)
		for _, a := range p.anchors {
			again.Write(pemOf(&issued{Certificate: &x509.Certificate{Raw: a.cert.raw}}))
		}
		q, err := parsePEM("f", again.Bytes())
		if err != nil || len(q.anchors) != len(p.anchors) || q.broken != "" {
			t.Errorf("%d certificates came back as %+v, %v", len(p.anchors), q, err)
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

// FuzzReadCertificate: no input breaks the lenient reader; what crypto/x509 reads as well it reads to the same effect
// (crypto/x509 takes some that OpenSSL does not: it lets octets be behind the extensions); what it has read can be
// described, compared and judged.
func FuzzReadCertificate(f *testing.F) {
	w := newWorld(f)
	seeds := [][]byte{w.root.Raw, {}, {0x30, 0x80}, []byte("x"), {0x30, 0x84, 0xff, 0xff, 0xff, 0xff}}
	for _, c := range append(w.classC(), w.limited()...) {
		seeds = append(seeds, c.chain[0], c.chain[len(c.chain)-1])
	}
	for _, s := range seeds {
		f.Add(s)
	}
	bundle := bundleOf(f, w.root)
	f.Fuzz(func(t *testing.T, data []byte) {
		std, stdErr := x509.ParseCertificate(data)
		c, err := readCertificate(data)
		if err != nil {
			return
		}
		if !bytes.Equal(c.raw, data) || !c.subject.equal(c.subject) || c.selfSigned && !c.selfIssued {
			t.Errorf("%+v", c)
		}
		if stdErr == nil {
			same := bytes.Equal(c.tbs, std.RawTBSCertificate) && bytes.Equal(c.subject.raw, std.RawSubject) &&
				bytes.Equal(c.issuer.raw, std.RawIssuer) && bytes.Equal(c.signature, std.Signature) &&
				c.notBefore.Equal(std.NotBefore) && c.notAfter.Equal(std.NotAfter)
			if c.invalid == "" {
				same = same && slices.Equal(c.names.texts(kindDNS), std.DNSNames) && c.ca == std.IsCA
			}
			if !same {
				t.Errorf("crypto/x509 reads something else: %+v", c)
			}
		}
		if line := c.issuer.oneline(); len(line) > maxOneline || !visible(strings.ReplaceAll(line, " ", "")) {
			t.Errorf("%q", line)
		}
		v := NewVerifier(bundle, now)
		for level := range 2 {
			p := v.Postfix([][]byte{data, w.inter.Raw}, level)
			if (p.Status == Trusted) != (p.Text == "") || (p.Status == Untrusted) != (p.Num != 0) {
				t.Errorf("level %d: %+v", level, p)
			}
			if p.Status == Untrusted && p.Complaint("h[a]:25", true) == "" {
				t.Errorf("no complaint about %+v", p)
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
