package dane

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	stdpkix "crypto/x509/pkix"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
)

// now is the evaluation time of all tests.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	day    = 24 * time.Hour
	mxHost = "mx.example"
)

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

// newCert issues a certificate; without a parent it signs itself.
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
		signer, above = parent.key, parent.Certificate
	}
	der, err := x509.CreateCertificate(rand.Reader, template, above, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issued{c, key}
}

func newCA(t testing.TB, cn string, parent *issued, edits ...edit) *issued {
	t.Helper()
	return newCert(t, cn, key(cn), parent, append([]edit{func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid = true, true
		c.KeyUsage = x509.KeyUsageCertSign
		c.NotBefore, c.NotAfter = now.Add(-300*day), now.Add(3000*day)
	}}, edits...)...)
}

func newLeaf(t testing.TB, host string, parent *issued, edits ...edit) *issued {
	t.Helper()
	return newCert(t, host, key("leaf"), parent, append([]edit{func(c *x509.Certificate) {
		c.DNSNames = []string{host}
		c.KeyUsage = x509.KeyUsageDigitalSignature
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}}, edits...)...)
}

func dates(from, to time.Duration) edit {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(from), now.Add(to) }
}

func names(dns ...string) edit { return func(c *x509.Certificate) { c.DNSNames = dns } }

// ders are the certificates as a server sends them.
func ders(chain ...*issued) [][]byte {
	var out [][]byte
	for _, c := range chain {
		out = append(out, c.Raw)
	}
	return out
}

// tlsa is the record of a certificate.
func tlsa(usage, selector, matching uint8, c *issued) resolve.TLSA {
	data := c.Raw
	if selector == selectSPKI {
		data = c.RawSubjectPublicKeyInfo
	}
	switch matching {
	case matchSHA256:
		sum := sha256.Sum256(data)
		data = sum[:]
	case matchSHA512:
		sum := sha512.Sum512(data)
		data = sum[:]
	}
	return resolve.TLSA{Usage: usage, Selector: selector, Matching: matching, Data: data}
}

// found are secure records of mx.example.
func found(records ...resolve.TLSA) Records {
	return Records{Found: true, Base: host(mxHost), TLSA: records}
}

func host(s string) name.Name { return name.MustParse(s) }
