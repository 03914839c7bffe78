package scannertest

import (
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"sync"
)

// P384 is an edit that gives a certificate a fresh ECDSA P-384 key, the kind that Let's Encrypt's CAs have.
func P384(t *x509.Certificate) { t.PublicKey = ecdsaKey(elliptic.P384()) }

// Ed25519 is an edit that gives a certificate a fresh Ed25519 key, which much client software does not take.
func Ed25519(t *x509.Certificate) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("scannertest: ed25519 key: %v", err))
	}
	t.PublicKey = key
}

// RSA2048 is an edit that gives a certificate an RSA key of 2,048 bits. RSA keys are slow to make: all certificates of
// a process with this edit share one, and so does their SubjectPublicKeyInfo.
func RSA2048(t *x509.Certificate) { t.PublicKey = rsa2048() }

// RSA1024 is an edit that gives a certificate an RSA key of 1,024 bits, too short since 2013 (NIST SP 800-131A). The
// key is shared as with [RSA2048].
func RSA1024(t *x509.Certificate) { t.PublicKey = rsa1024() }

// RSA16384 is an edit that gives a certificate an RSA public key of 16,384 bits, which costs a client dear if it checks
// signatures with it (CVE-2023-29409). There is no private key behind it: no handshake with it comes to an end, and a
// CA cannot have it.
func RSA16384(t *x509.Certificate) { t.PublicKey = hugeKey{} }

var (
	rsa1024 = sync.OnceValue(func() crypto.Signer { return rsaKey(1024) })
	rsa2048 = sync.OnceValue(func() crypto.Signer { return rsaKey(2048) })
)

func rsaKey(bits int) crypto.Signer {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(fmt.Sprintf("scannertest: rsa key of %d bits: %v", bits, err))
	}
	return key
}

// hugeKey has a public half alone; what it signs is nothing but zeros.
type hugeKey struct{}

const hugeBits = 16384

func (hugeKey) Public() crypto.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), hugeBits-1)
	return &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537}
}

func (hugeKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return make([]byte, hugeBits/8), nil
}
