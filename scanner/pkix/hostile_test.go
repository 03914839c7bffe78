package pkix

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	stdpkix "crypto/x509/pkix"
	"fmt"
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
			c.Subject.ExtraNames = append(c.Subject.ExtraNames, stdpkix.AttributeTypeAndValue{Type: oidCommonName, Value: "x"})
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
	add("80 RSA keys of 16,384 bits", StatusUnknown, costly(80, 2*maxRSA, 1<<31-1)...)
	add("an RSA key of half a million bits", StatusUnknown, costly(1, 500_000, 65537)...)
	return chains
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
	swapped := func(c *issued, old, with string) []byte {
		if !bytes.Contains(c.Raw, []byte(old)) {
			t.Fatalf("no %x in the certificate", old)
		}
		return bytes.ReplaceAll(c.Raw, []byte(old), []byte(with))
	}
	const sha224, sha256 = "\x2a\x86\x48\xce\x3d\x04\x03\x01", "\x2a\x86\x48\xce\x3d\x04\x03\x02"
	const ecKey, noKey = "\x2a\x86\x48\xce\x3d\x02\x01", "\x2a\x86\x48\xce\x3d\x02\x7f"
	inter := newCA(t, "Intermediate", root)
	leaf := newLeaf(t, "mx.example.com", inter)

	// Expired twins of the issuer, more than crypto/x509 has patience for.
	roots, web := []*issued{root}, []*issued{leaf}
	for range 10 {
		roots = append(roots, newCA(t, "Intermediate", root, dates(-9*day, -day)))
	}
	for range 95 {
		web = append(web, newCA(t, "Intermediate", root, dates(-9*day, -day)))
	}
	for _, tc := range []struct {
		name  string
		chain [][]byte
		text  string
	}{
		{"signature limit", ders(append(web, inter)...), "signature check attempts limit"},
		{"ECDSA with SHA-224", [][]byte{swapped(leaf, sha256, sha224), inter.Raw},
			"signed with an algorithm that we cannot check"},
		{"another kind of key", [][]byte{leaf.Raw, swapped(inter, ecKey, noKey)},
			"its issuer CN=Intermediate has a key of a kind that we cannot use"},
	} {
		b := bundleOf(t, root)
		if tc.name == "signature limit" {
			b = bundleOf(t, roots...)
		}
		c := NewVerifier(b, now).Verify(tc.chain)
		if c.Status != StatusUnknown || c.Reason != OtherInvalid || !strings.Contains(c.Text, tc.text) {
			t.Errorf("%s: %s, %s, %s", tc.name, c.Status, c.Reason, c.Text)
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

// TestMalformed: what Go cannot parse has a fingerprint and a reason, and no verdict.
func TestMalformed(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	v := NewVerifier(bundleOf(t, root), now)
	leaf := newLeaf(t, "mx.example.com", root, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(0x7f7e7d7c) })
	swap := func(old, with string) []byte {
		if !bytes.Contains(leaf.Raw, []byte(old)) {
			t.Fatalf("no %q in the certificate", old)
		}
		return bytes.ReplaceAll(leaf.Raw, []byte(old), []byte(with))
	}
	for name, der := range map[string][]byte{
		"empty":           {},
		"nil":             nil,
		"garbage":         []byte("garbage"),
		"cut":             leaf.Raw[:len(leaf.Raw)/2],
		"trailing octet":  append(bytes.Clone(leaf.Raw), 0),
		"negative serial": swap("\x7f\x7e\x7d\x7c", "\xff\x7e\x7d\x7c"),
		"8-bit DNS name":  swap("\x82\x0emx.", "\x82\x0em\xe9."),
		"bad date":        swap("\x17\x0d27", "\x17\x0dXX"),
	} {
		c := v.Verify([][]byte{der, root.Raw})
		if c.Status != StatusUnknown || c.Reason != CertificateMalformed || c.SHA256 != fingerprint(der) || c.Sent != 2 {
			t.Errorf("%s: %+v", name, c)
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
