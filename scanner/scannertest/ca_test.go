package scannertest_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"mxtls/scanner/scannertest"
)

// verify checks a chain as sent against one root, as an independent client does.
func verify(chain [][]byte, root *x509.Certificate, host string) error {
	var certs []*x509.Certificate
	for _, der := range chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		certs = append(certs, c)
	}
	opts := x509.VerifyOptions{DNSName: host, Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool()}
	opts.Roots.AddCert(root)
	for _, c := range certs[1:] {
		opts.Intermediates.AddCert(c)
	}
	_, err := certs[0].Verify(opts)
	return err
}

func expired(t *x509.Certificate) {
	t.NotBefore, t.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
}

func TestIssue(t *testing.T) {
	t.Parallel()
	root := scannertest.NewCA("Root")
	one := root.Intermediate("One")
	two := one.Intermediate("Two", scannertest.P384)
	names := []string{"mx.example.com", "*.example.net", "192.0.2.1", "2001:db8::1"}
	other := scannertest.NewCA("Root")
	noCA := root.Intermediate("No", func(c *x509.Certificate) { c.IsCA = false })
	short := two.Issue(names)
	short.Certificate = short.Certificate[:2]

	for _, tt := range []struct {
		name, host string
		chain      [][]byte
		length     int
		want       any // nil, or a pointer to a value of the error's type
	}{
		{"root alone", "mx.example.com", root.Issue(names).Certificate, 1, nil},
		{"one intermediate", "mx.example.com", one.Issue(names).Certificate, 2, nil},
		{"two intermediates", "a.example.net", two.Issue(names).Certificate, 3, nil},
		{"ipv4", "192.0.2.1", root.Issue(names).Certificate, 1, nil},
		{"ipv6", "2001:db8::1", root.Issue(names).Certificate, 1, nil},
		{"rsa", "mx.example.com", one.Issue(names, scannertest.RSA2048).Certificate, 2, nil},
		{"ed25519", "mx.example.com", root.Issue(names, scannertest.Ed25519).Certificate, 1, nil},
		{"incomplete", "mx.example.com", short.Certificate, 2, new(x509.UnknownAuthorityError)},
		{"other root", "mx.example.com", other.Issue(names).Certificate, 1, new(x509.UnknownAuthorityError)},
		{"wrong name", "mx.example.org", root.Issue(names).Certificate, 1, new(x509.HostnameError)},
		{"no names", "mx.example.org", root.Issue(nil).Certificate, 1, new(x509.HostnameError)},
		{"expired", "mx.example.com", root.Issue(names, expired).Certificate, 1, new(x509.CertificateInvalidError)},
		{"expired intermediate", "mx.example.com", root.Intermediate("Old", expired).Issue(names).Certificate, 2,
			new(x509.CertificateInvalidError)},
		{"not a ca", "mx.example.com", noCA.Issue(names).Certificate, 2, new(x509.UnknownAuthorityError)},
		{"for clients", "mx.example.com", root.Issue(names, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}).Certificate, 1, new(x509.CertificateInvalidError)},
		{"self-signed", "mx.example.com", scannertest.SelfSigned(names).Certificate, 1, new(x509.UnknownAuthorityError)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if len(tt.chain) != tt.length {
				t.Errorf("%d certificates, want %d", len(tt.chain), tt.length)
			}
			err := verify(tt.chain, root.Certificate(), tt.host)
			if tt.want == nil && err != nil || tt.want != nil && !errors.As(err, tt.want) {
				t.Errorf("%v, want %T", err, tt.want)
			}
		})
	}

	leaf := root.Issue(names).Leaf
	if leaf.Subject.CommonName != names[0] || fmt.Sprint(leaf.DNSNames) != "[mx.example.com *.example.net]" {
		t.Errorf("names %s %s", leaf.Subject, leaf.DNSNames)
	}
	block, rest := pem.Decode(root.PEM())
	if block == nil || len(rest) > 0 || !bytes.Equal(block.Bytes, root.Certificate().Raw) {
		t.Error("PEM is not the certificate")
	}
	self := scannertest.SelfSigned(names).Leaf
	if self.CheckSignature(self.SignatureAlgorithm, self.RawTBSCertificate, self.Signature) != nil {
		t.Error("self-signed by another key")
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	ca := scannertest.NewCA("Root")
	own := ca.Issue([]string{"a.example"}).PrivateKey.(*ecdsa.PrivateKey)
	none := func(*x509.Certificate) {}
	for _, tt := range []struct {
		name   string
		edit   func(*x509.Certificate)
		ok     func(pub any) bool
		shared bool
	}{
		{"default", none, func(pub any) bool { return pub.(*ecdsa.PublicKey).Params().BitSize == 256 }, false},
		{"p-384", scannertest.P384, func(pub any) bool { return pub.(*ecdsa.PublicKey).Params().BitSize == 384 }, false},
		{"ed25519", scannertest.Ed25519, func(pub any) bool { return len(pub.(ed25519.PublicKey)) == 32 }, false},
		{"rsa 2048", scannertest.RSA2048, func(pub any) bool { return pub.(*rsa.PublicKey).N.BitLen() == 2048 }, true},
		{"rsa 1024", scannertest.RSA1024, func(pub any) bool { return pub.(*rsa.PublicKey).N.BitLen() == 1024 }, true},
		{"rsa 16384", scannertest.RSA16384, func(pub any) bool { return pub.(*rsa.PublicKey).N.BitLen() == 16384 }, true},
		{"given", func(c *x509.Certificate) { c.PublicKey = own },
			func(pub any) bool { return own.PublicKey.Equal(pub) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := ca.Issue([]string{"a.example"}, tt.edit), ca.Issue([]string{"b.example"}, tt.edit)
			if !tt.ok(a.Leaf.PublicKey) {
				t.Errorf("key %T", a.Leaf.PublicKey)
			}
			if shared := bytes.Equal(a.Leaf.RawSubjectPublicKeyInfo, b.Leaf.RawSubjectPublicKeyInfo); shared != tt.shared {
				t.Errorf("two certificates share a key: %t", shared)
			}
			type equal interface{ Equal(crypto.PublicKey) bool }
			if !a.PrivateKey.(crypto.Signer).Public().(equal).Equal(a.Leaf.PublicKey) {
				t.Error("the private key belongs to another certificate")
			}
		})
	}
}

// The case of Let's Encrypt in 2021: the chain that is sent leads to an expired root, and by the key of its last
// intermediate to a good one.
func TestCrossCertificate(t *testing.T) {
	t.Parallel()
	good, old := scannertest.NewCA("ISRG Root X1"), scannertest.NewCA("DST Root CA X3", expired)
	cross := old.Intermediate("ISRG Root X1", func(c *x509.Certificate) { c.PublicKey = good.Key() })
	cert := good.Intermediate("R3").Issue([]string{"mx.example.com"})
	cert.Certificate = append(cert.Certificate, cross.Certificate().Raw)
	if err := verify(cert.Certificate, good.Certificate(), "mx.example.com"); err != nil {
		t.Errorf("by the good root: %v", err)
	}
	err := verify(cert.Certificate, old.Certificate(), "mx.example.com")
	if _, ok := errors.AsType[x509.CertificateInvalidError](err); !ok {
		t.Errorf("by the expired root: %v", err)
	}
}

func TestResign(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		edit func(*x509.Certificate)
	}{
		{"p-256", func(*x509.Certificate) {}}, {"p-384", scannertest.P384},
		{"ed25519", scannertest.Ed25519}, {"rsa", scannertest.RSA2048},
	} {
		ca := scannertest.NewCA("Root", tt.edit)
		inter := ca.Intermediate("Between", tt.edit)
		cert := inter.Issue([]string{"mx.example.com"}, func(c *x509.Certificate) {
			c.Subject.CommonName, c.SerialNumber = "", big.NewInt(0x1234567890abcdef)
		})
		same := inter.Resign(cert, func(tbs []byte) []byte { return tbs })
		if err := verify(same.Certificate, ca.Certificate(), "mx.example.com"); err != nil {
			t.Errorf("%s: unchanged: %v", tt.name, err)
		}
		renamed := inter.Resign(cert, func(tbs []byte) []byte {
			return bytes.ReplaceAll(tbs, []byte("mx.example.com"), []byte("mx.example.\x00om"))
		})
		c, err := x509.ParseCertificate(renamed.Certificate[0])
		if err != nil || c.DNSNames[0] != "mx.example.\x00om" {
			t.Errorf("%s: NUL in a name: %v", tt.name, err)
		} else if err := c.CheckSignatureFrom(inter.Certificate()); err != nil {
			t.Errorf("%s: signature: %v", tt.name, err)
		}
		negative := inter.Resign(cert, func(tbs []byte) []byte {
			tbs[bytes.Index(tbs, cert.Leaf.SerialNumber.Bytes())] |= 0x80
			return tbs
		})
		// This module sets x509negativeserial=1, so that what OpenSSL takes can be looked at.
		if c, err := x509.ParseCertificate(negative.Certificate[0]); err != nil || c.SerialNumber.Sign() >= 0 {
			t.Errorf("%s: the serial number is not negative: %v", tt.name, err)
		}
		if negative.Leaf != nil || cert.Leaf == nil {
			t.Errorf("%s: Leaf of the new one %v, of the old one %v", tt.name, negative.Leaf, cert.Leaf)
		}
	}
}

func TestCAPanics(t *testing.T) {
	t.Parallel()
	ca := scannertest.NewCA("Root")
	for name, bad := range map[string]func(){
		"negative serial": func() { ca.Issue(nil, func(c *x509.Certificate) { c.SerialNumber.SetInt64(-1) }) },
		"no key":          func() { scannertest.NewCA("Root", scannertest.RSA16384) },
		"unparsable":      func() { ca.Resign(tls.Certificate{Certificate: [][]byte{{1}}}, nil) },
		"not ascii":       func() { ca.Issue([]string{"mx.例え.jp"}) },
		"other's alg":     func() { ca.Issue(nil, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA256WithRSA }) },
	} {
		func() {
			defer func() {
				if said := fmt.Sprint(recover()); !strings.HasPrefix(said, "scannertest: ") {
					t.Errorf("%s: panic %s", name, said)
				}
			}()
			bad()
		}()
	}
}

func BenchmarkIssue(b *testing.B) {
	ca := scannertest.NewCA("Root").Intermediate("Between")
	for b.Loop() {
		ca.Issue([]string{"mx.example.com"})
	}
}
