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
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mxtls/scanner/name"
)

// now is the evaluation time of all tests.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// issued is a certificate with its key.
type issued struct {
	*x509.Certificate
	key crypto.Signer
}

type edit = func(*x509.Certificate)

var (
	serial atomic.Int64
	keys   sync.Map // name -> func() crypto.Signer
)

// key is the P-256 key of a name: the same name, the same key, in all tests.
func key(name string) crypto.Signer {
	f, _ := keys.LoadOrStore(name, sync.OnceValue(func() crypto.Signer {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		return k
	}))
	return f.(func() crypto.Signer)()
}

var rsaKey = sync.OnceValue(func() crypto.Signer {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// newCA issues a CA's certificate; without a parent it is a root.
func newCA(t testing.TB, cn string, parent *issued, edits ...edit) *issued {
	t.Helper()
	return newCert(t, cn, key(cn), parent, append([]edit{func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid = true, true
		c.KeyUsage = x509.KeyUsageCertSign
		c.NotBefore, c.NotAfter = now.Add(-300*day), now.Add(3000*day)
	}}, edits...)...)
}

// newLeaf issues a server's certificate.
func newLeaf(t testing.TB, host string, parent *issued, edits ...edit) *issued {
	t.Helper()
	return newCert(t, host, key("leaf"), parent, append([]edit{func(c *x509.Certificate) {
		c.DNSNames = []string{host}
		c.KeyUsage = x509.KeyUsageDigitalSignature
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}}, edits...)...)
}

func newCert(t testing.TB, cn string, key crypto.Signer, parent *issued, edits ...edit) *issued {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial.Add(1)),
		Subject:      stdpkix.Name{CommonName: cn},
		NotBefore:    now.Add(-30 * day),
		NotAfter:     now.Add(60 * day),
	}
	for _, e := range edits {
		e(template)
	}
	signer, above := key, template
	if parent != nil {
		signer = parent.key
		c := *parent.Certificate
		c.PublicKey = nil // lets a test sign with another key
		above = &c
	}
	var public any = key.Public()
	if template.PublicKey != nil {
		public = template.PublicKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, above, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	return &issued{parse(t, der), key}
}

func parse(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// reread is a certificate as OpenSSL reads it.
func reread(t testing.TB, der []byte) *certificate {
	t.Helper()
	c, err := readCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Edits.

func dates(from, to time.Duration) edit {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(from), now.Add(to) }
}

func usage(u ...x509.ExtKeyUsage) edit { return func(c *x509.Certificate) { c.ExtKeyUsage = u } }

func names(dns ...string) edit { return func(c *x509.Certificate) { c.DNSNames = dns } }

func addrs(a ...string) edit {
	return func(c *x509.Certificate) {
		for _, s := range a {
			c.IPAddresses = append(c.IPAddresses, net.ParseIP(s))
		}
	}
}

func extension(critical bool, value []byte, oid ...int) edit {
	return func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, stdpkix.Extension{Id: oid, Critical: critical, Value: value})
	}
}

// ders are the certificates as a server sends them.
func ders(chain ...*issued) [][]byte {
	var out [][]byte
	for _, c := range chain {
		out = append(out, c.Raw)
	}
	return out
}

func pemOf(chain ...*issued) []byte {
	var b bytes.Buffer
	for _, c := range chain {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return b.Bytes()
}

// bundleOf is a bundle loaded from a file with these certificates.
func bundleOf(t testing.TB, certs ...*issued) *Bundle {
	t.Helper()
	b, err := Load(write(t, "roots.pem", pemOf(certs...)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t testing.TB, file string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// resign replaces a certificate's signature.
func resign(t testing.TB, der, signature []byte) []byte {
	t.Helper()
	var c struct {
		TBS, Algorithm asn1.RawValue
		Signature      asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &c); err != nil {
		t.Fatal(err)
	}
	c.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	out, err := asn1.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func mustHost(t testing.TB, s string) name.Name {
	t.Helper()
	n, err := name.ParseHost(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
