package pkix

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	stdpkix "crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is the processor time that the worst chain may take. The race detector slows Go's P-521 by ten.
const patience = 500 * time.Millisecond * slowdown

type hostileChain struct {
	name   string
	chain  [][]byte
	status Status
}

// hostileChains are the chains of an attacker who wants us to work, or to fall over.
func hostileChains(t testing.TB, root *issued) []hostileChain {
	t.Helper()
	under := func(ca *issued, edits ...edit) *issued { return newLeaf(t, "mx.example.com", ca, edits...) }
	var chains []hostileChain
	add := func(name string, status Status, chain ...[]byte) {
		chains = append(chains, hostileChain{name, chain, status})
	}

	line := []*issued{newCA(t, "Line 0", root)}
	for i := 1; i < 99; i++ {
		line = append([]*issued{newCA(t, fmt.Sprint("Line ", i), line[0])}, line...)
	}
	add("99 intermediates in a line", Untrusted, ders(append([]*issued{under(line[0])}, line...)...)...)

	first := newCert(t, "Web", key("Web"), nil) // no key identifier, which would lead straight to the issuer
	web := []*issued{under(first)}
	for range 99 {
		web = append(web, newCA(t, "Web", first))
	}
	add("99 certificates of one name and key", Untrusted, ders(web...)...)
	slow, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curve := newCert(t, "Curve", key("Curve"), nil)
	curves := []*issued{under(curve)}
	for range 99 {
		curves = append(curves, newCA(t, "Curve", curve, func(c *x509.Certificate) { c.PublicKey = slow.Public() }))
	}
	add("99 keys of the slowest curve", Untrusted, ders(curves...)...)

	a, b := newCA(t, "A", nil), newCA(t, "B", nil)
	add("two CAs that signed each other", Untrusted, ders(under(newCA(t, "A", b)), newCA(t, "A", b), newCA(t, "B", a))...)

	var many []string
	for i := range 9000 {
		many = append(many, fmt.Sprintf("h%d.example.com", i))
	}
	add("9,000 names", Trusted, ders(under(root, names(many...)))...)
	bomb := newCA(t, "Bomb", root, func(c *x509.Certificate) {
		for i := range 3000 {
			c.PermittedDNSDomains = append(c.PermittedDNSDomains, fmt.Sprintf("p%d.example.net", i))
			c.ExcludedDNSDomains = append(c.ExcludedDNSDomains, fmt.Sprintf("x%d.example.com", i))
		}
	})
	add("name constraints times names", Untrusted, ders(under(bomb, names(many[:4000]...)), bomb)...)
	add("a subject of 47 KB", Trusted, ders(newCert(t, "", key("leaf"), root, func(c *x509.Certificate) {
		for range 4000 {
			c.Subject.ExtraNames = append(c.Subject.ExtraNames,
				stdpkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "x"})
		}
	}))...)

	// Signatures that cost most to check: issuers of one name, each with the largest RSA key that we take. Nobody signed
	// anything, but that has to be found out.
	heavy := newCert(t, "Heavy", rsaKey(), nil)
	leaf := resign(t, newLeaf(t, "mx.example.com", heavy).Raw, bytes.Repeat([]byte{0x55}, maxRSA/8))
	costly := func(count int, bits uint, exponent int) [][]byte {
		chain := [][]byte{leaf}
		for i := range count {
			n := new(big.Int).Lsh(big.NewInt(1), bits-1)
			n.Add(n, big.NewInt(int64(2*i+1)))
			chain = append(chain, newCert(t, "Heavy", rsaKey(), heavy, func(c *x509.Certificate) {
				c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
				c.PublicKey = &rsa.PublicKey{N: n, E: exponent}
			}).Raw)
		}
		return chain
	}
	add("99 RSA keys of 8,192 bits", Untrusted, costly(99, maxRSA, 65537)...)
	add("99 RSA keys of 4,096 bits and the largest exponent", Untrusted, costly(99, maxPlain, 1<<31-1)...)
	add("ten RSA keys of 3,072 bits with exponents as long", Untrusted, slowLine(t, 3072)...)
	add("ten RSA keys of 16,384 bits with exponents of 64", Untrusted, slowLine(t, 16384)...)
	add("80 RSA keys of 16,384 bits", Untrusted, costly(80, 2*maxRSA, 1<<31-1)...)
	add("an RSA key of half a million bits", Untrusted, costly(1, 500_000, 65537)...)
	return chains
}

// junk signs with octets that look like an RSA signature.
type junk struct{ crypto.Signer }

func (j junk) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	k, ok := j.Signer.(*plainRSA)
	if !ok {
		return nil, errors.New("no RSA key")
	}
	return bytes.Repeat([]byte{0x55}, k.n.BitLen()/8), nil
}

// slowLine is a line of CAs whose keys cost most to check a signature with, and OpenSSL takes such keys.
func slowLine(t testing.TB, bits uint) [][]byte {
	t.Helper()
	exponent := new(big.Int).Lsh(big.NewInt(1), min(bits, maxExponent)-1)
	if bits <= smallModulus {
		exponent.Lsh(exponent, bits-maxExponent-1)
	}
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	slow := junk{&plainRSA{n: n.Add(n, big.NewInt(1)), e: exponent.Sub(exponent, big.NewInt(1))}}
	ca := newCA(t, "Slow", nil)
	line := []*issued{reissue(t, newLeaf(t, "mx.example.com", ca), nil, func(c *tbs) {
		c.signer, c.issuer, c.algorithm = slow, nameDER(attr{oidCN, tagUTF8String, "Slow 0"}), sha256RSA
	})}
	for i := range 10 {
		line = append(line, reissue(t, ca, nil, func(c *tbs) {
			c.subject(fmt.Sprint("Slow ", i))
			c.issuer = nameDER(attr{oidCN, tagUTF8String, fmt.Sprint("Slow ", i+1)})
			c.drop(oidSubjectKeyID)
			c.spki = slow.Signer.(*plainRSA).spki()
			c.signer, c.algorithm = slow, sha256RSA
		}))
	}
	return ders(line...)
}

// cpu is the processor time that this process has used.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// TestHostileChains is not parallel: it measures processor time, since the machine may have other work.
func TestHostileChains(t *testing.T) {
	root := newCA(t, "Root", nil)
	v := NewVerifier(bundleOf(t, root), now)
	good := ders(newLeaf(t, "good.example.com", root))
	for _, tc := range hostileChains(t, root) {
		start := cpu(t)
		c := v.Verify(tc.chain)
		took := cpu(t) - start
		for range 2 { // a neighbour on the same core makes it look longer than it is: the best of three counts
			if took > patience {
				start = cpu(t)
				NewVerifier(v.bundle, now).Verify(tc.chain)
				took = min(took, cpu(t)-start)
			}
		}
		if took > patience {
			t.Errorf("%s: %s of processor time", tc.name, took)
		}
		if c.Status != tc.status || c.SHA256 != fingerprint(tc.chain[0]) || c.Sent != len(tc.chain) {
			t.Errorf("%s: %s, want %s; %s, %d sent", tc.name, c.Status, tc.status, c.SHA256, c.Sent)
		}
		if len(c.Names) > maxNames || len(c.Text) > 8*maxText {
			t.Errorf("%s: %d names, text of %d", tc.name, len(c.Names), len(c.Text))
		}
		t.Logf("%s: %s: %s %s %.100s", tc.name, took.Round(time.Microsecond), c.Status, c.Reason, c.Text)
	}
	if c := v.Verify(good); c.Status != Trusted {
		t.Errorf("the neighbour: %+v", c)
	}
}

// TestCannotTell: where crypto/x509 gives up or does not know how, nothing is said about trust.
func TestCannotTell(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	upper := newCA(t, "Upper", root)
	inter := newCA(t, "Intermediate", upper)
	leaf := newLeaf(t, "mx.example.com", inter)

	foreign := reissue(t, root, nil, func(c *tbs) { c.key(rsaKey()) })

	// Expired twins of every issuer, more than crypto/x509 has patience for. OpenSSL passes them by.
	var roots, web []*issued
	for range 5 {
		roots = append(roots, newCA(t, "Root", nil, dates(-9*day, -day)))
	}
	web = append(web, leaf)
	for range 48 {
		web = append(web, newCA(t, "Intermediate", upper, dates(-9*day, -day)), newCA(t, "Upper", root, dates(-9*day, -day)))
	}
	for _, tc := range []struct {
		name    string
		chain   []*issued
		roots   []*issued
		text    string
		postfix Status
	}{
		{"signature limit", append(web, inter, upper), append(roots, root), "signature check attempts limit", Trusted},
		{"RSA with SHA3-256", []*issued{reissue(t, leaf, foreign, func(c *tbs) { c.algorithm = sha3 })}, []*issued{foreign},
			"signed with an algorithm that we cannot check: SHA3-256-RSA", StatusUnknown},
	} {
		v := NewVerifier(bundleOf(t, tc.roots...), now)
		c := v.Verify(ders(tc.chain...))
		if c.Status != StatusUnknown || c.Reason != OtherInvalid || !strings.Contains(c.Text, tc.text) {
			t.Errorf("%s: %s, %s, %s", tc.name, c.Status, c.Reason, c.Text)
		}
		if p := v.Postfix(ders(tc.chain...), 1); p.Status != tc.postfix || p.Num != 0 {
			t.Errorf("%s: Postfix says %s, %s", tc.name, p.Status, p.Text)
		}
	}
}

// TestPolicy: policies are crypto/x509's matter (RFC 5280 6.1.5 (g)), and a definite no.
func TestPolicy(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	explicit := newCA(t, "Explicit", root, extension(false, []byte{0x30, 3, 0x80, 1, 0}, 2, 5, 29, 36))
	c := NewVerifier(bundleOf(t, root), now).Verify(ders(newLeaf(t, "mx.example.com", explicit), explicit))
	if c.Status != Untrusted || c.Reason != OtherInvalid || !strings.Contains(c.Text, "policies") {
		t.Errorf("%s, %s, %s", c.Status, c.Reason, c.Text)
	}
}

func TestTooLong(t *testing.T) {
	t.Parallel()
	v := NewVerifier(bundleOf(t, newCA(t, "Root", nil)), now)
	for name, chain := range map[string][][]byte{
		"certificates": make([][]byte, maxCerts+1),
		"octets":       {make([]byte, maxOctets+1)},
	} {
		c := v.Verify(chain)
		if c.Status != StatusUnknown || c.Reason != ChainTooLong || c.Sent != len(chain) || c.SHA256 == "" || c.Text == "" {
			t.Errorf("%s: %+v", name, c)
		}
		if len(v.young) != 0 {
			t.Errorf("%s: kept", name)
		}
	}
}

// TestMalformed: what nobody can read has a fingerprint and a reason, and no verdict.
func TestMalformed(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	v := NewVerifier(bundleOf(t, root), now)
	leaf := newLeaf(t, "mx.example.com", root)
	for name, der := range map[string][]byte{
		"empty":          {},
		"nil":            nil,
		"garbage":        []byte("garbage"),
		"cut":            leaf.Raw[:len(leaf.Raw)/2],
		"trailing octet": append(bytes.Clone(leaf.Raw), 0),
	} {
		c := v.Verify([][]byte{der, root.Raw})
		if c.Status != StatusUnknown || c.Reason != CertificateMalformed || c.SHA256 != fingerprint(der) || c.Sent != 2 ||
			c.Readable() {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// TestUnreadByGo: what only crypto/x509 cannot read is read all the same, and judged: strict senders do not trust it,
// whatever OpenSSL does.
func TestUnreadByGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	late := dates(-90*day, -day)
	old := w.server(w.inter, late)
	for _, tc := range w.classC() {
		v := NewVerifier(parityBundle(t, tc), now)
		c := v.Verify(tc.chain)
		ours := tc.name == "negative serial, root" // is no root to strict senders
		if tc.level1 == 0 && tc.web == Untrusted && (c.Status != Untrusted || !ours && c.Reason != CertificateMalformed ||
			!strings.Contains(c.Text, "OpenSSL trusts it, strict senders ")) || tc.level1 != 0 && c.Status != Untrusted {
			t.Errorf("%s: %s, %s, %s", tc.name, c.Status, c.Reason, c.Text)
		}
		if c.SHA256 != fingerprint(tc.chain[0]) || !c.Readable() || c.NotAfter.IsZero() || c.Issuer == "" ||
			!slices.Contains(c.Names, parityHost) && !strings.Contains(tc.name, "twice") {
			t.Errorf("%s: %+v", tc.name, c)
		}
	}
	expired := reissue(t, old, w.inter, func(c *tbs) { c.serial = []byte{2, 1, 0x9c} })
	c := NewVerifier(bundleOf(t, w.root), now).Verify(ders(expired, w.inter))
	if c.Status != Untrusted || c.Reason != Expired || !strings.HasSuffix(c.Text, "; strict senders cannot even read it") {
		t.Errorf("%s, %s, %s", c.Status, c.Reason, c.Text)
	}
}

// TestUnreadable: what OpenSSL was seen to refuse is told from what only we cannot read, in the leaf and above it.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	v := NewVerifier(bundleOf(t, root), now)
	leaf := newLeaf(t, "mx.example.com", root, func(c *x509.Certificate) {
		c.SerialNumber = big.NewInt(0x7f7e7d7c)
		c.Subject = stdpkix.Name{ExtraNames: []stdpkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: asn1.RawValue{Tag: 12, Bytes: []byte("m\xc3\xbcller")}}}}
	})
	swap := func(old, with string) []byte {
		if !bytes.Contains(leaf.Raw, []byte(old)) {
			t.Fatalf("no %q in the certificate", old)
		}
		return bytes.ReplaceAll(leaf.Raw, []byte(old), []byte(with))
	}
	for _, tt := range []struct {
		name string
		der  []byte
		want bool
	}{
		{"as it was", leaf.Raw, false},
		{"negative serial", swap("\x7f\x7e\x7d\x7c", "\xff\x7e\x7d\x7c"), false},
		{"padded serial", swap("\x7f\x7e\x7d\x7c", "\x00\x00\x00\x01"), true},
		{"broken UTF-8", swap("\x0c\x07m\xc3\xbc", "\x0c\x07m\xfc\xbc"), true},
		{"odd BMPString", swap("\x0c\x07m\xc3\xbc", "\x1e\x07m\xc3\xbc"), true},
		{"cut", leaf.Raw[:len(leaf.Raw)/2], false},
	} {
		for where, chain := range map[string][][]byte{"leaf": {tt.der}, "above": {leaf.Raw, root.Raw, tt.der}} {
			c := v.Postfix(chain, 1)
			if c.Unreadable != tt.want || tt.want && (c.Status != StatusUnknown || c.Reason != CertificateMalformed) {
				t.Errorf("%s, %s: unreadable %v, %s, %s", tt.name, where, c.Unreadable, c.Status, c.Reason)
			}
		}
	}
}

// TestOddButFine: what is strange and legal is judged like the rest.
func TestOddButFine(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	v := NewVerifier(bundleOf(t, root), now)
	forever := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	for name, e := range map[string]edit{
		"year 9999":     func(c *x509.Certificate) { c.NotAfter = forever },
		"year 1950":     func(c *x509.Certificate) { c.NotBefore = time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC) },
		"huge serial":   func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 158) },
		"NUL in SAN":    names("mx.example.com\x00.evil.example"),
		"empty subject": func(c *x509.Certificate) { c.Subject = stdpkix.Name{} },
		"escapes":       func(c *x509.Certificate) { c.Subject.CommonName = "\x1b]0;x\x07" },
	} {
		c := v.Verify(ders(newLeaf(t, "mx.example.com", root, e)))
		if c.Status != Trusted {
			t.Errorf("%s: %s, %s, %s", name, c.Status, c.Reason, c.Text)
		}
		if _, ok := c.MatchHost(mustHost(t, "evil.example")); ok {
			t.Errorf("%s: %q covers evil.example", name, c.Names)
		}
	}
}

// TestNamesCut: names beyond the cap are gone, and a note says so.
func TestNamesCut(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	var many []string
	for i := range maxNames + 5 {
		many = append(many, fmt.Sprintf("h%d.example", i))
	}
	c := NewVerifier(bundleOf(t, root), now).Verify(ders(newLeaf(t, "x", root, names(many...), addrs("192.0.2.1"))))
	if c.Status != Trusted || len(c.Names) != maxNames || len(c.Addrs) != 0 || !slices.Equal(c.Notes, []Note{NamesCut}) {
		t.Errorf("%s, %d names, %v", c.Status, len(c.Names), c.Notes)
	}
	if _, ok := c.MatchHost(mustHost(t, "h9999.example")); !ok {
		t.Error("a name within the cap does not match")
	}
}

func TestLongTexts(t *testing.T) {
	t.Parallel()
	if got := clip(strings.Repeat("\u00e9", 400)); len(got) > maxText+3 || !strings.HasSuffix(got, "\u00e9...") {
		t.Errorf("%d octets: %q", len(got), got)
	}
	root := newCA(t, strings.Repeat("r", 600), nil)
	c := NewVerifier(bundleOf(t, newCA(t, "Root", nil)), now).Verify(ders(newLeaf(t, strings.Repeat("l", 5000), root)))
	if len(c.Issuer) != maxText+3 || c.Subject != "(a name of 5021 octets)" {
		t.Errorf("issuer of %d octets, subject %.40q", len(c.Issuer), c.Subject)
	}
}
