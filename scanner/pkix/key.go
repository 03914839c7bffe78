package pkix

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
)

// weakestRSA is the first size that OpenSSL 3 gives 80 bits of strength, which security level 1 asks for: 919 fail
// (rsa_lib.c ossl_ifc_ffc_compute_security_bits rounds up, openssl verify -auth_level 1 agrees).
const weakestRSA = 920

// Limits of an RSA key, OpenSSL's own (rsa.h OPENSSL_RSA_MAX_MODULUS_BITS and so on).
const (
	maxModulus   = 16384
	smallModulus = 3072 // up to which an exponent may have any size
	maxExponent  = 64   // bits of the exponent above that
)

// keyKind is a family of public keys. The zero kind is one that cannot be used.
type keyKind uint8

const (
	keyUnknown keyKind = iota
	keyRSA
	keyPSS // an RSA key that is for RSASSA-PSS alone
	keyEC
	keyEd25519
	keyEd448
	keyDSA
)

// publicKey is a subjectPublicKeyInfo (RFC 5280 4.1.2.7).
type publicKey struct {
	kind     keyKind
	text     string // "RSA 2048"
	modulus  *big.Int
	exponent *big.Int
	ec       *ecdsa.PublicKey // nil for curves that Go does not have
	ed       ed25519.PublicKey
	explicit bool // the curve is written out instead of named
	feeble   bool // a DSA key of less than 80 bits of strength
}

// parseKey reads one. A key that cannot be read is no error: OpenSSL keeps such a certificate as well. What crypto/x509
// has made of the key, if anything, saves the check that a point is on its curve.
func parseKey(d der, std any) (publicKey, error) {
	alg, err := d.take(tagSequence)
	if err != nil {
		return publicKey{}, err
	}
	id, err := alg.body.take(tagOID)
	if err != nil {
		return publicKey{}, err
	}
	value, err := d.takeBits()
	if err != nil || len(d) > 0 {
		return publicKey{}, errDER
	}
	bare := len(alg.body) == 0 // Edwards curves take no parameters (RFC 8410 3)
	switch string(id.body) {
	case oidRSA:
		return readRSA(keyRSA, value), nil
	case oidRSAPSS:
		return readRSA(keyPSS, value), nil
	case oidEC:
		return readEC(alg.body, value, std), nil
	case oidEd25519:
		if bare && len(value) == ed25519.PublicKeySize {
			return publicKey{kind: keyEd25519, text: "Ed25519", ed: value}, nil
		}
	case oidEd448:
		if bare && len(value) == ed448Size {
			return publicKey{kind: keyEd448, text: "Ed448"}, nil
		}
	case oidDSA:
		return readDSA(alg.body, value), nil
	}
	return publicKey{text: "unknown"}, nil
}

// ed448Size is the length of a public key of Ed448 (RFC 8032 5.2.2).
const ed448Size = 57

// readDSA reads a DSA key with its parameters (RFC 3279 2.3.2).
func readDSA(parameters der, value []byte) publicKey {
	none := publicKey{text: "unknown"}
	if y, err := whole(value, tagInteger); err != nil || integer(y.body) != nil {
		return none
	}
	e, err := parameters.take(tagSequence)
	if err != nil {
		return none
	}
	var bits [3]int // of p, q and g
	for i := range bits {
		n, err := e.body.take(tagInteger)
		if err != nil || integer(n.body) != nil {
			return none
		}
		bits[i] = new(big.Int).SetBytes(n.body).BitLen()
	}
	if len(e.body) > 0 {
		return none
	}
	return publicKey{kind: keyDSA, text: fmt.Sprintf("DSA %d", bits[0]),
		feeble: bits[0] < 1024 || bits[1] < 160} // bn_lib.c BN_security_bits
}

// readRSA reads an RSAPublicKey (RFC 8017 A.1.1).
func readRSA(kind keyKind, value []byte) publicKey {
	none := publicKey{text: "unknown"}
	seq, err := whole(value, tagSequence)
	if err != nil {
		return none
	}
	var numbers [2]*big.Int
	for i := range numbers {
		n, err := seq.body.take(tagInteger)
		if err != nil || integer(n.body) != nil {
			return none
		}
		// OpenSSL takes a negative number for the positive one of the same octets (x_bignum.c).
		numbers[i] = new(big.Int).SetBytes(n.body)
	}
	if len(seq.body) > 0 {
		return none
	}
	k := publicKey{kind: kind, modulus: numbers[0], exponent: numbers[1]}
	k.text = fmt.Sprintf("RSA %d", k.modulus.BitLen())
	return k
}

// curves are the named curves that Go has, by their OIDs (RFC 5480 2.1.1.1).
var curves = map[string]elliptic.Curve{
	"\x2b\x81\x04\x00\x21":             elliptic.P224(),
	"\x2a\x86\x48\xce\x3d\x03\x01\x07": elliptic.P256(),
	"\x2b\x81\x04\x00\x22":             elliptic.P384(),
	"\x2b\x81\x04\x00\x23":             elliptic.P521(),
}

// curveArcs are where OpenSSL's curves have their OIDs: of SECG, X9.62, Brainpool (RFC 5639), WAP and China's SM2.
var curveArcs = []string{
	"\x2b\x81\x04\x00", "\x2a\x86\x48\xce\x3d\x03", "\x2b\x24\x03\x03\x02\x08\x01\x01", "\x67\x2b\x01\x04",
	"\x2a\x81\x1c\xcf\x55\x01\x82\x2d",
}

// readEC reads a point on a named curve, or notes that the curve is not named.
func readEC(parameters der, point []byte, std any) publicKey {
	k := publicKey{kind: keyEC, text: "ECDSA"}
	e, err := parameters.next()
	if err != nil {
		return publicKey{text: "unknown"}
	}
	k.explicit = e.tag == tagSequence
	curve := curves[string(e.body)]
	switch {
	case k.explicit:
		return k
	case e.tag != tagOID, !slices.ContainsFunc(curveArcs, func(arc string) bool {
		return strings.HasPrefix(string(e.body), arc)
	}):
		return publicKey{text: "unknown"}
	case curve == nil:
		return k
	case len(point) == 0:
		return publicKey{text: "unknown"}
	}
	k.text = "ECDSA " + curve.Params().Name
	if read, ok := std.(*ecdsa.PublicKey); ok {
		k.ec = read
		return k
	}
	if len(point) == 1 && point[0] == 0 {
		return k // the point at infinity: of no use to anybody, but OpenSSL reads it
	}
	if point[0] != 4 { // compressed: crypto/x509 refuses it
		size := (curve.Params().BitSize + 7) / 8
		x, y := elliptic.UnmarshalCompressed(curve, point)
		if x == nil {
			return publicKey{text: "unknown"}
		}
		point = append([]byte{4}, append(x.FillBytes(make([]byte, size)), y.FillBytes(make([]byte, size))...)...)
	}
	if k.ec, err = ecdsa.ParseUncompressedPublicKey(curve, point); err != nil {
		return publicKey{text: "unknown"} // not on the curve
	}
	return k
}

// weak reports whether the key has less than the 80 bits of strength of security level 1.
func (k publicKey) weak() bool {
	return k.kind == keyUnknown || k.feeble || k.modulus != nil && k.modulus.BitLen() < weakestRSA
}

// signs reports whether a key of this kind can make signatures of the algorithm's kind (v3_purp.c check_sig_alg_match).
func (k publicKey) signs(a algorithm) bool {
	return k.kind != keyUnknown && (k.kind == a.kind || k.kind == keyRSA && a.kind == keyPSS)
}

// rsa is the key as crypto/rsa wants it, nil for one with an exponent that it does not take.
func (k publicKey) rsa() *rsa.PublicKey {
	if !k.exponent.IsInt64() || k.exponent.Int64() > math.MaxInt32 {
		return nil
	}
	return &rsa.PublicKey{N: k.modulus, E: int(k.exponent.Int64())}
}

// verifyPKCS1 checks a signature of RFC 8017 8.2.2 over a hash: crypto/rsa has a say in which sizes and hashes are
// good enough, and OpenSSL at level 0 takes them all.
func (k publicKey) verifyPKCS1(hash crypto.Hash, digest, signature []byte) bool {
	size := k.modulus.BitLen()
	s := new(big.Int).SetBytes(signature)
	switch {
	case size > maxModulus, size > smallModulus && k.exponent.BitLen() > maxExponent, k.exponent.Sign() == 0,
		k.exponent.Cmp(k.modulus) >= 0, len(signature) != (size+7)/8, s.Cmp(k.modulus) >= 0:
		return false
	}
	info := append([]byte(digestInfo[hash]), digest...)
	padding := len(signature) - len(info) - 3
	if padding < 8 {
		return false
	}
	want := make([]byte, 0, len(signature))
	want = append(want, 0, 1)
	for range padding {
		want = append(want, 0xff)
	}
	want = append(append(want, 0), info...)
	return s.Exp(s, k.exponent, k.modulus).Cmp(new(big.Int).SetBytes(want)) == 0
}
