package pkix

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	stdpkix "crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// chainCase is one chain, what we say of it, and the error nearest the leaf that OpenSSL says (0: OK).
type chainCase struct {
	name    string
	chain   [][]byte
	roots   []*issued
	status  Status
	reason  Reason
	text    string // a part of Text
	notes   []Note
	openssl int
}

// X509_V_ERR_* of OpenSSL's x509_vfy.h.
const (
	sslOK = 0

	sslSignature        = 7
	sslNotYetValid      = 9
	sslExpired          = 10
	sslSelfSigned       = 18
	sslSelfSignedInside = 19
	sslNoIssuer         = 20
	sslTooLong          = 22
	sslPathLength       = 25
	sslPurpose          = 26
	sslCritical         = 34
	sslNameConstraint   = 47
	sslWeakKey          = 66
	sslWeakCAKey        = 67
	sslWeakDigest       = 68
	sslInvalidCA        = 79
)

// smallKey is a public key that nobody has the other half of.
func smallKey(bits uint) edit {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	n.Add(n, big.NewInt(0x10001)) // odd
	return func(c *x509.Certificate) { c.PublicKey = &rsa.PublicKey{N: n, E: 65537} }
}

func permit(domains ...string) edit {
	return func(c *x509.Certificate) { c.PermittedDNSDomains = domains }
}

// chainCases is the table of TestVerify and TestOpenSSL; it is as long as there are cases.
func chainCases(t testing.TB) []chainCase {
	t.Helper()
	root := newCA(t, "Root", nil)
	inter := newCA(t, "Intermediate", root)
	leaf := newLeaf(t, "mx.example.com", inter)
	other := newCA(t, "Other Root", nil)
	foreign := newCA(t, "Foreign", other)
	ours := []*issued{root}

	expired := dates(-90*day, -time.Second)
	leafUnder := func(ca *issued, edits ...edit) *issued { return newLeaf(t, "mx.example.com", ca, edits...) }
	oldRoot := newCA(t, "Old Root", nil, dates(-900*day, -day))
	oldInter := newCA(t, "Intermediate", root, expired)
	cross := newCA(t, "Root", oldRoot) // our root's name and key, under an expired root
	rsaRoot := newCert(t, "RSA Root", rsaKey(), nil, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
		c.SignatureAlgorithm = x509.SHA1WithRSA // on itself: nobody looks
	})
	sha1 := func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA1WithRSA }
	sha1Inter := newCA(t, "SHA-1 CA", rsaRoot, sha1)
	impostor := *inter
	impostor.key = key("impostor")
	noCA := newLeaf(t, "no-ca.example", root)
	noSign := newCA(t, "No Sign", root, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })
	short := newCA(t, "Short", root, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	below := newCA(t, "Below", short)
	clientCA := newCA(t, "Client CA", root, usage(x509.ExtKeyUsageClientAuth))
	bound := newCA(t, "Bound", root, permit("example.net"))
	weakCA := reissue(t, inter, root, func(c *tbs) { c.subject("Weak CA"); c.key(smallRSA()) })
	self := newLeaf(t, "mx.example.com", nil)
	var deep []*issued
	for i, ca := 0, root; i < 12; i++ {
		ca = newCA(t, "Deep "+strconv.Itoa(i), ca)
		deep = append([]*issued{ca}, deep...)
	}
	deepChain := func(n int) [][]byte {
		cas := deep[len(deep)-n:]
		return ders(append([]*issued{leafUnder(cas[0])}, cas...)...)
	}
	caLeaf := newCA(t, "mx.example.com", inter, func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageDigitalSignature })
	web := newCA(t, "Web", root)
	var strays []*issued
	for range 60 {
		strays = append(strays, newCA(t, "Web", web))
	}
	garbage := []byte("\x30\x03\x02\x01\x01")

	return []chainCase{
		// Trusted, in whatever order and company.
		{name: "healthy", chain: ders(leaf, inter), roots: ours, status: Trusted},
		{name: "directly under the root", chain: ders(leafUnder(root)), roots: ours, status: Trusted},
		{name: "root included", chain: ders(leaf, inter, root), roots: ours, status: Trusted, notes: []Note{RootSent}},
		{name: "root before intermediate", chain: ders(leaf, root, inter), roots: ours, status: Trusted,
			notes: []Note{RootSent, WrongOrder}},
		{name: "leaf twice", chain: ders(leaf, leaf, inter), roots: ours, status: Trusted, notes: []Note{DuplicateSent}},
		{name: "stray", chain: ders(leaf, foreign, inter), roots: ours, status: Trusted, notes: []Note{StraySent}},
		{name: "foreign root beside", chain: ders(leaf, inter, other), roots: ours, status: Trusted,
			notes: []Note{RootSent, StraySent}},
		{name: "expired root with a good path beside it", chain: ders(leaf, inter, cross, oldRoot),
			roots: []*issued{root, oldRoot}, status: Trusted, notes: []Note{RootSent, ExpiredSent}},
		{name: "expired twin of the intermediate", chain: ders(leaf, oldInter, inter), roots: ours, status: Trusted,
			notes: []Note{ExpiredSent}},
		{name: "self-signed among the roots", chain: ders(self), roots: []*issued{root, self}, status: Trusted},
		{name: "intermediate from the bundle", chain: ders(leaf), roots: []*issued{root, inter}, status: Trusted},
		{name: "leaf is a CA", chain: ders(caLeaf, inter), roots: ours, status: Trusted,
			notes: []Note{CNOnly}},
		{name: "no extended key usage", chain: ders(leafUnder(inter, usage()), inter), roots: ours, status: Trusted},
		{name: "ten intermediates", chain: deepChain(10), roots: ours, status: Trusted},
		{name: "permitted name", chain: ders(newLeaf(t, "mx.example.net", bound), bound), roots: ours, status: Trusted},
		{name: "SHA-1 root", chain: ders(newLeaf(t, "mx.example.com", rsaRoot)), roots: []*issued{rsaRoot}, status: Trusted},

		{name: "a web behind the issuer", chain: ders(append([]*issued{leafUnder(web), web}, strays...)...), roots: ours,
			status: Trusted, notes: []Note{RootSent}},

		// Not trusted.
		{name: "a web before the issuer", chain: ders(append(append([]*issued{leafUnder(web)}, strays...), web)...),
			roots: ours, status: Untrusted, reason: UnknownIssuer, notes: []Note{RootSent}, openssl: sslSelfSignedInside},
		{name: "expired", chain: ders(leafUnder(inter, expired), inter), roots: ours, status: Untrusted, reason: Expired,
			text: "expired 2026-11-23", openssl: sslExpired},
		{name: "not yet valid", chain: ders(leafUnder(inter, dates(day, 60*day)), inter), roots: ours, status: Untrusted,
			reason: NotYetValid, text: "not valid before 2026-11-24", openssl: sslNotYetValid},
		{name: "intermediate expired", chain: ders(leafUnder(oldInter), oldInter), roots: ours, status: Untrusted,
			reason: IntermediateExpired, text: "its issuer CN=Intermediate expired 2026-11-23", notes: []Note{ExpiredSent},
			openssl: sslExpired},
		{name: "intermediate not yet valid", chain: ders(leaf, newCA(t, "Intermediate", root, dates(day, 9*day))),
			roots: ours, status: Untrusted, reason: NotYetValid,
			text: "its issuer CN=Intermediate is not valid before 2026-11-24", openssl: sslNotYetValid},
		{name: "root expired", chain: ders(leafUnder(oldRoot)), roots: []*issued{oldRoot}, status: Untrusted,
			reason: RootExpired, text: "the root CN=Old Root expired 2026-11-22", openssl: sslExpired},
		{name: "self-signed", chain: ders(self), roots: ours, status: Untrusted, reason: SelfSigned,
			text: "signed by itself, and not among the roots", openssl: sslSelfSigned},
		{name: "self-signed and expired", chain: ders(newLeaf(t, "mx.example.com", nil, expired)), roots: ours,
			status: Untrusted, reason: SelfSigned, openssl: sslSelfSigned},
		{name: "unknown root, sent", chain: ders(leafUnder(foreign), foreign, other), roots: ours, status: Untrusted,
			reason: UnknownIssuer, text: "issued under CN=Other Root, which is not among the roots", notes: []Note{RootSent},
			openssl: sslSelfSignedInside},
		{name: "unknown root, not sent", chain: ders(leafUnder(foreign), foreign), roots: ours, status: Untrusted,
			reason: UnknownIssuer, text: "issued by CN=Foreign, whose issuer CN=Other Root is neither", openssl: sslNoIssuer},
		{name: "incomplete", chain: ders(leaf), roots: ours, status: Untrusted, reason: IncompleteChain,
			text: "issued by CN=Intermediate, which is neither sent nor among the roots", openssl: sslNoIssuer},
		{name: "incomplete and expired", chain: ders(leafUnder(inter, expired)), roots: ours, status: Untrusted,
			reason: IncompleteChain, openssl: sslNoIssuer},
		{name: "expired under an unknown root", chain: ders(leafUnder(foreign, expired), foreign, other), roots: ours,
			status: Untrusted, reason: Expired, notes: []Note{RootSent}, openssl: sslSelfSignedInside},
		{name: "client certificate", chain: ders(leafUnder(inter, usage(x509.ExtKeyUsageClientAuth)), inter), roots: ours,
			status: Untrusted, reason: WrongPurpose, text: "not for TLS servers: its extended key usage is clientAuth",
			openssl: sslPurpose},
		{name: "any extended key usage", chain: ders(leafUnder(inter, usage(x509.ExtKeyUsageAny)), inter), roots: ours,
			status: Untrusted, reason: WrongPurpose, openssl: sslPurpose},
		{name: "key usage", chain: ders(leafUnder(inter, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }),
			inter), roots: ours, status: Untrusted, reason: WrongPurpose, openssl: sslPurpose},
		{name: "client CA", chain: ders(leafUnder(clientCA), clientCA), roots: ours, status: Untrusted,
			reason: WrongPurpose, text: "its issuer CN=Client CA is not for TLS servers", openssl: sslPurpose},
		{name: "client certificate, expired",
			chain: ders(leafUnder(inter, usage(x509.ExtKeyUsageClientAuth), expired), inter), roots: ours,
			status: Untrusted, reason: WrongPurpose, openssl: sslPurpose},
		{name: "SHA-1", chain: ders(newLeaf(t, "mx.example.com", rsaRoot, sha1)), roots: []*issued{rsaRoot},
			status: Untrusted, reason: WeakSignature, text: "signed with SHA1-RSA", openssl: sslWeakDigest},
		{name: "SHA-1 intermediate", chain: ders(leafUnder(sha1Inter), sha1Inter), roots: []*issued{rsaRoot},
			status: Untrusted, reason: WeakSignature, text: "its issuer CN=SHA-1 CA is signed with", openssl: sslWeakDigest},
		{name: "small key", chain: ders(leafUnder(inter, smallKey(768)), inter), roots: ours, status: Untrusted,
			reason: WeakKey, text: "has an RSA key of only 768 bits", notes: []Note{ShortKey}, openssl: sslWeakKey},
		{name: "small CA key", chain: ders(reissue(t, leaf, weakCA, nil), weakCA), roots: ours, status: Untrusted,
			reason: WeakKey, text: "its issuer CN=Weak CA has an RSA key of only 768 bits", openssl: sslWeakCAKey},
		{name: "name constraint", chain: ders(leafUnder(bound), bound), roots: ours, status: Untrusted,
			reason: NameConstraint, text: "mx.example.com", openssl: sslNameConstraint},
		{name: "path length", chain: ders(leafUnder(below), below, short), roots: ours, status: Untrusted,
			reason: PathLength, text: "CN=Short may have 0 CAs below it and has 1", openssl: sslPathLength},
		{name: "issuer is a leaf", chain: ders(leafUnder(noCA), noCA), roots: ours, status: Untrusted, reason: NotACA,
			text: "issued by CN=no-ca.example, whose key may not sign", openssl: sslInvalidCA},
		{name: "issuer may not sign", chain: ders(leafUnder(noSign), noSign), roots: ours, status: Untrusted,
			reason: NotACA, openssl: sslInvalidCA},
		{name: "critical extension", chain: ders(leafUnder(inter, extension(true, []byte{5, 0}, 1, 2, 3, 4)), inter),
			roots: ours, status: Untrusted, reason: CriticalExtension, text: "1.2.3.4", openssl: sslCritical},
		{name: "forged", chain: ders(leafUnder(&impostor), inter), roots: ours, status: Untrusted, reason: OtherInvalid,
			text: "has a signature that does not fit the key of CN=Intermediate", openssl: sslSignature},
		{name: "eleven intermediates", chain: deepChain(11), roots: ours, status: Untrusted, reason: ChainTooLong,
			text: "more than 10 certificates between", openssl: sslTooLong},

		// Cannot be told.
		{name: "garbage as leaf", chain: [][]byte{garbage}, roots: ours, reason: CertificateMalformed,
			text: "the server's certificate cannot be parsed", openssl: -1},
		{name: "garbage as intermediate", chain: append(ders(leaf), garbage), roots: ours, reason: CertificateMalformed,
			text: "certificate 2 of 2 cannot be used", notes: []Note{MalformedSent}, openssl: -1},
		{name: "garbage beside", chain: append(ders(leaf, inter), garbage), roots: ours, status: Trusted,
			notes: []Note{MalformedSent}, openssl: -1},
	}
}

// TestVerify judges every case twice: by a fresh Verifier, and by one that has seen the others' intermediates.
func TestVerify(t *testing.T) {
	t.Parallel()
	cases := chainCases(t)
	warm := map[string]*Verifier{}
	for _, tc := range cases {
		b := bundleOf(t, tc.roots...)
		key := fmt.Sprint(b.SHA256, b.Others)
		if warm[key] == nil {
			warm[key] = NewVerifier(b, now)
		}
		for how, v := range map[string]*Verifier{"cold": NewVerifier(b, now), "warm": warm[key]} {
			c := v.Verify(tc.chain)
			if c.Status != tc.status || c.Reason != tc.reason || !strings.Contains(c.Text, tc.text) {
				t.Errorf("%s, %s: %s, %s, %q; want %s, %s, %q", tc.name, how, c.Status, c.Reason, c.Text,
					tc.status, tc.reason, tc.text)
			}
			if (c.Status == Trusted) != (c.Text == "") {
				t.Errorf("%s, %s: %s with text %q", tc.name, how, c.Status, c.Text)
			}
			if d := cmp.Diff(tc.notes, c.Notes); d != "" {
				t.Errorf("%s, %s: notes -want +got:\n%s", tc.name, how, d)
			}
			if c.Sent != len(tc.chain) || c.SHA256 != fingerprint(tc.chain[0]) {
				t.Errorf("%s: sent %d, %s", tc.name, c.Sent, c.SHA256)
			}
		}
	}
}

// TestOpenSSL compares with OpenSSL at security level 1, as Postfix sets it where a match is required. The error that
// counts is the first of those nearest the leaf. The binary is wanted: without it the test fails.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, tc := range chainCases(t) {
		if tc.openssl < 0 {
			continue // OpenSSL's command line does not take broken DER as input
		}
		compared++
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := opensslVerify(t, binary, tc); got != tc.openssl {
				t.Errorf("OpenSSL's error is %d, want %d", got, tc.openssl)
			}
			if (tc.openssl == sslOK) != (tc.status == Trusted) {
				t.Errorf("we say %s, OpenSSL %d", tc.status, tc.openssl)
			}
		})
	}
	if compared < 15 {
		t.Errorf("only %d chains compared", compared)
	}
}

func opensslVerify(t *testing.T, binary string, tc chainCase) int {
	t.Helper()
	dir := t.TempDir()
	file := func(name string, certs [][]byte) string {
		var b bytes.Buffer
		for _, der := range certs {
			b.Write(pemOf(&issued{Certificate: &x509.Certificate{Raw: der}}))
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	args := []string{"verify", "-purpose", "sslserver", "-auth_level", "1", "-verify_depth", "10", "-no-CApath",
		"-no-CAstore", "-attime", strconv.FormatInt(now.Unix(), 10), "-CAfile", file("roots.pem", ders(tc.roots...))}
	if len(tc.chain) > 1 {
		args = append(args, "-untrusted", file("chain.pem", tc.chain[1:]))
	}
	cmd := exec.CommandContext(t.Context(), binary, append(args, file("leaf.pem", tc.chain[:1]))...)
	cmd.Env = []string{}
	out, err := cmd.CombinedOutput()
	if err == nil {
		return sslOK
	}
	nearest, depth := -1, 1000
	for _, m := range opensslError.FindAllSubmatch(out, -1) {
		d, _ := strconv.Atoi(string(m[2]))
		if d < depth {
			depth = d
			nearest, _ = strconv.Atoi(string(m[1]))
		}
	}
	if nearest < 0 {
		t.Fatalf("%v: %s", err, out)
	}
	return nearest
}

func TestChainFields(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	v := NewVerifier(bundleOf(t, root), now)
	for _, tc := range []struct {
		name string
		leaf *issued
		want Chain
	}{
		{"names and addresses", newCert(t, "", rsaKey(), root, names("mx.example.com", "*.example.com"),
			addrs("192.0.2.1", "2001:db8::1"), func(c *x509.Certificate) {
				c.Subject = stdpkix.Name{Country: []string{"JP"}, Organization: []string{"Example, Ltd."}, CommonName: "mx"}
			}), Chain{
			Status: Trusted, Subject: "CN=mx,O=Example\\, Ltd.,C=JP", Issuer: "CN=Root",
			Names: []string{"mx.example.com", "*.example.com", "192.0.2.1", "2001:db8::1"}, Key: "RSA 2048",
			Signature: "ECDSA-SHA256", Sent: 1, Notes: []Note{Wildcard},
		}},
		{"common name", newLeaf(t, "mx.example.com", root, names(), addrs("192.0.2.1")), Chain{
			Status: Trusted, Subject: "CN=mx.example.com", Issuer: "CN=Root", Names: []string{"mx.example.com", "192.0.2.1"},
			CNOnly: true, Key: "ECDSA P-256", Signature: "ECDSA-SHA256", Sent: 1, Notes: []Note{CNOnly},
		}},
		{"no name at all", newCert(t, "", key("leaf"), root), Chain{
			Status: Trusted, Issuer: "CN=Root", Key: "ECDSA P-256", Signature: "ECDSA-SHA256", Sent: 1,
		}},
	} {
		tc.want.SHA256 = fingerprint(tc.leaf.Raw)
		tc.want.NotBefore, tc.want.NotAfter = now.Add(-30*day), now.Add(60*day)
		tc.want.Lasts = Lasting{Until: tc.want.NotAfter, Subject: tc.want.Subject}
		got := *v.Verify(ders(tc.leaf))
		for _, ip := range tc.leaf.IPAddresses {
			tc.want.Addrs = append(tc.want.Addrs, mustAddr(net.IP(ip).String()))
		}
		if d := cmp.Diff(tc.want, got, cmp.Comparer(sameAddr)); d != "" {
			t.Errorf("%s: -want +got:\n%s", tc.name, d)
		}
	}
}

func TestAnonymous(t *testing.T) {
	t.Parallel()
	c := NewVerifier(bundleOf(t, newCA(t, "Root", nil)), now).Verify(nil)
	if c.Status != Anonymous || c.Reason != ReasonNone || c.Sent != 0 || c.SHA256 != "" {
		t.Errorf("%+v", c)
	}
}
