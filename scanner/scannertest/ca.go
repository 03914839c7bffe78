package scannertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Lifetimes of certificates whose template is not edited. They begin an hour ago, so that a clock which is a little
// behind does not matter, and leaves outlast any test without looking like a CA's.
const (
	backdate = time.Hour
	leafLife = 90 * 24 * time.Hour
	caLife   = 10 * 365 * 24 * time.Hour
)

// A CA is a certification authority, a root or an intermediate, whose certificates are made in the process.
//
// Every certificate goes through edits before it is signed: functions that see the template and may change dates,
// names, key usage, constraints, the serial number, the signature algorithm. The key is ECDSA P-256 and fresh, unless
// an edit chooses another ([RSA2048], [P384], ...) or sets the template's PublicKey to a crypto.Signer of its own:
//
//	ca.Issue([]string{"mx.example.com"}, scannertest.RSA2048, func(t *x509.Certificate) {
//		t.NotAfter = time.Now().Add(-time.Hour) // expired
//	})
//
// A template that crypto/x509 refuses to sign makes the method panic: it is the test that is wrong then.
// For certificates that crypto/x509 would never make, see [CA.Resign].
type CA struct {
	cert   *x509.Certificate
	key    crypto.Signer
	parent *CA // nil for a root
}

// NewCA makes a self-signed root with name as its common name.
func NewCA(name string, edit ...func(*x509.Certificate)) *CA {
	t := caTemplate(name)
	key := prepare(t, edit)
	return &CA{cert: create(t, t, key.Public(), key), key: key}
}

// Intermediate makes a CA below ca. With an edit that sets PublicKey to another CA's [CA.Key], it is a
// cross-certificate of that CA: same key, and the same name where it is given the same.
func (ca *CA) Intermediate(name string, edit ...func(*x509.Certificate)) *CA {
	t := caTemplate(name)
	key := prepare(t, edit)
	return &CA{cert: create(t, ca.cert, key.Public(), ca.key), key: key, parent: ca}
}

// Certificate is the CA's own certificate.
func (ca *CA) Certificate() *x509.Certificate { return ca.cert }

// Key is the CA's private key, for cross-certificates and for signatures of one's own.
func (ca *CA) Key() crypto.Signer { return ca.key }

// PEM is the CA's own certificate as a PEM block, such as a root bundle holds.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
}

// Issue makes a server certificate for names, host names or IP addresses; the first one is also the common name. Its
// chain is what a server should send: the leaf and the intermediates above it, without the root. Chains that servers
// should not send are made from it, as in
//
//	cert.Certificate = cert.Certificate[:1]                                     // the intermediate is missing
//	cert.Certificate = append(cert.Certificate, root.Certificate().Raw)         // the root is sent along
func (ca *CA) Issue(names []string, edit ...func(*x509.Certificate)) tls.Certificate {
	t := leafTemplate(names)
	key := prepare(t, edit)
	leaf := create(t, ca.cert, key.Public(), ca.key)
	cert := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	for c := ca; c.parent != nil; c = c.parent {
		cert.Certificate = append(cert.Certificate, c.cert.Raw)
	}
	return cert
}

// SelfSigned makes a server certificate that is signed with its own key, as installers of mail servers do.
func SelfSigned(names []string, edit ...func(*x509.Certificate)) tls.Certificate {
	t := leafTemplate(names)
	key := prepare(t, edit)
	leaf := create(t, t, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

// Resign returns cert with its leaf changed below the level of templates: edit gets the DER octets of the
// TBSCertificate (RFC 5280 section 4.1), and what it returns is signed anew by ca. A negative serial number, a NUL in a
// name or a date that is none are made in this way. The new leaf need not be parsable: Leaf of the result is nil.
func (ca *CA) Resign(cert tls.Certificate, edit func(tbs []byte) []byte) tls.Certificate {
	var parts struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(cert.Certificate[0], &parts); err != nil {
		panic(fmt.Sprintf("scannertest: certificate to sign anew: %v", err))
	}
	tbs := edit(append([]byte(nil), parts.TBS.FullBytes...))
	signature, err := crypto.SignMessage(ca.key, rand.Reader, tbs, hashFor(ca.key.Public()))
	if err != nil {
		panic(fmt.Sprintf("scannertest: signing anew: %v", err))
	}
	parts.TBS = asn1.RawValue{FullBytes: tbs}
	parts.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	der, err := asn1.Marshal(parts)
	if err != nil {
		panic(fmt.Sprintf("scannertest: certificate signed anew: %v", err))
	}
	chain := append([][]byte{der}, cert.Certificate[1:]...)
	return tls.Certificate{Certificate: chain, PrivateKey: cert.PrivateKey}
}

// hashFor is the hash that crypto/x509 chooses for signatures with such a key.
func hashFor(pub crypto.PublicKey) crypto.Hash {
	switch pub := pub.(type) {
	case ed25519.PublicKey:
		return 0 // hashes for itself
	case *ecdsa.PublicKey:
		if pub.Curve == elliptic.P384() {
			return crypto.SHA384
		}
	}
	return crypto.SHA256
}

func caTemplate(name string) *x509.Certificate {
	t := template(caLife)
	t.Subject = pkix.Name{CommonName: name}
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	t.BasicConstraintsValid, t.IsCA = true, true
	return t
}

func leafTemplate(names []string) *x509.Certificate {
	t := template(leafLife)
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if len(names) > 0 {
		t.Subject = pkix.Name{CommonName: names[0]}
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	return t
}

func template(life time.Duration) *x509.Certificate {
	serial := make([]byte, 15) // 120 bits: positive and within RFC 5280's 20 octets
	rand.Read(serial)
	begin := time.Now().Add(-backdate).UTC().Truncate(time.Second)
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		NotBefore:    begin,
		NotAfter:     begin.Add(life),
	}
}

// prepare lets the edits at the template and returns the key that they chose, P-256 if none. The template keeps its
// public half: a template that is its own parent has to fit the key.
func prepare(t *x509.Certificate, edit []func(*x509.Certificate)) crypto.Signer {
	for _, f := range edit {
		f(t)
	}
	key, ok := t.PublicKey.(crypto.Signer)
	if !ok {
		key = ecdsaKey(elliptic.P256())
	}
	t.PublicKey = key.Public()
	return key
}

func create(t, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, pub, key)
	if err != nil {
		panic(fmt.Sprintf("scannertest: certificate for %q: %v", t.Subject.CommonName, err))
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(fmt.Sprintf("scannertest: certificate for %q: %v", t.Subject.CommonName, err))
	}
	return cert
}

func ecdsaKey(curve elliptic.Curve) crypto.Signer {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("scannertest: %s key: %v", curve.Params().Name, err))
	}
	return key
}
