package pkix

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"io"
	"math/big"
	"slices"
	"sync"
	"testing"
)

// Signature algorithms as DER, for certificates that crypto/x509 would not issue.
var (
	sha3      = tlv(tagSequence, tlv(tagOID, []byte("\x60\x86\x48\x01\x65\x03\x04\x03\x0e")), []byte{5, 0})
	md5RSA    = rsaWith("\x04")
	sha1RSA   = rsaWith("\x05")
	sha224RSA = rsaWith("\x0e")
	sha256RSA = rsaWith("\x0b")
)

func rsaWith(last string) []byte {
	return tlv(tagSequence, tlv(tagOID, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x01"+last)), []byte{5, 0})
}

// hashOf is the hash that an algorithm signs with: SHA-256 unless it is one of ours.
func hashOf(algorithm []byte) crypto.Hash {
	a, err := parseAlgorithm(must(whole(algorithm, tagSequence)).body)
	if err != nil || a.hash == 0 {
		return crypto.SHA256
	}
	return a.hash
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// tlv is one DER element.
func tlv(tag byte, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	n := len(body)
	head := []byte{tag, byte(n)}
	switch {
	case n > 0xffff:
		head = []byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}
	case n > 0xff:
		head = []byte{tag, 0x82, byte(n >> 8), byte(n)}
	case n > 0x7f:
		head = []byte{tag, 0x81, byte(n)}
	}
	return append(head, body...)
}

// tbs is what a certificate says, to be changed at will; every field is a DER element with its tag.
type tbs struct {
	version                                     []byte // nil is version 1
	serial, issuer, validity, subjectName, spki []byte
	extensions                                  [][]byte
	algorithm                                   []byte // nil fits the signer
	inside                                      []byte // nil is the algorithm
	signer                                      crypto.Signer
	keep                                        crypto.Signer // of the new certificate
	mangle                                      bool          // the signature
}

// subject makes the subject a CN.
func (c *tbs) subject(cn string) { c.subjectName = nameDER(attr{oidCN, tagUTF8String, cn}) }

// key gives the certificate another key.
func (c *tbs) key(k crypto.Signer) {
	c.keep = k
	if small, ok := k.(*plainRSA); ok {
		c.spki = small.spki()
		return
	}
	c.spki = must(x509.MarshalPKIXPublicKey(k.Public()))
}

// drop takes an extension away.
func (c *tbs) drop(oid string) {
	c.extensions = slices.DeleteFunc(c.extensions, func(e []byte) bool {
		body := must(whole(e, tagSequence)).body
		return string(must(body.take(tagOID)).body) == oid
	})
}

// add adds an extension.
func (c *tbs) add(oid string, critical bool, value ...[]byte) {
	parts := [][]byte{tlv(tagOID, []byte(oid))}
	if critical {
		parts = append(parts, tlv(tagBoolean, []byte{0xff}))
	}
	c.extensions = append(c.extensions, tlv(tagSequence, append(parts, tlv(tagOctetString, value...))...))
}

// set replaces an extension.
func (c *tbs) set(oid string, value ...[]byte) {
	c.drop(oid)
	c.add(oid, false, value...)
}

// san replaces the subject's alternative names by the elements.
func (c *tbs) san(names ...[]byte) { c.set(oidSubjectAltName, tlv(tagSequence, names...)) }

// An attr is an attribute of a name.
type attr struct {
	oid   string
	tag   byte
	value string
}

// nameDER is a Name with one attribute in each part.
func nameDER(attrs ...attr) []byte {
	var parts [][]byte
	for _, a := range attrs {
		parts = append(parts, tlv(tagSet, tlv(tagSequence, tlv(tagOID, []byte(a.oid)), tlv(a.tag, []byte(a.value)))))
	}
	return tlv(tagSequence, parts...)
}

// reissue makes a certificate like c under another issuer (nil: itself), with changes that crypto/x509 does not make.
func reissue(t testing.TB, c, parent *issued, edit func(*tbs)) *issued {
	t.Helper()
	n := &tbs{keep: c.key}
	d := must(whole(reread(t, c.Raw).tbs, tagSequence)).body
	n.version = must(d.take(tagConstructed)).raw
	n.serial = must(d.take(tagInteger)).raw
	_ = must(d.take(tagSequence))
	n.issuer = must(d.take(tagSequence)).raw
	n.validity = must(d.take(tagSequence)).raw
	n.subjectName = must(d.take(tagSequence)).raw
	n.spki = must(d.take(tagSequence)).raw
	if e, ok, err := d.optional(tagConstructed + 3); err == nil && ok {
		list := must(whole(e.body, tagSequence)).body
		if err := list.each(func(x element) error { n.extensions = append(n.extensions, x.raw); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if parent != nil {
		above := reread(t, parent.Raw)
		n.issuer, n.signer = above.subject.raw, parent.key
		n.drop(oidAuthorityKeyID)
	}
	if edit != nil {
		edit(n)
	}
	if n.signer == nil {
		n.signer = n.keep
	}
	der := n.sign(t)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		cert = &x509.Certificate{Raw: der}
	}
	return &issued{cert, n.keep}
}

// sign is the certificate.
func (c *tbs) sign(t testing.TB) []byte {
	t.Helper()
	if c.algorithm == nil {
		switch c.signer.Public().(type) {
		case *ecdsa.PublicKey:
			c.algorithm = tlv(tagSequence, tlv(tagOID, []byte("\x2a\x86\x48\xce\x3d\x04\x03\x02")))
		case ed25519.PublicKey:
			c.algorithm = tlv(tagSequence, tlv(tagOID, []byte(oidEd25519)))
		default:
			c.algorithm = sha256RSA
		}
	}
	if c.inside == nil {
		c.inside = c.algorithm
	}
	parts := [][]byte{c.version, c.serial, c.inside, c.issuer, c.validity, c.subjectName, c.spki}
	if c.version != nil {
		parts = append(parts, tlv(tagConstructed+3, tlv(tagSequence, c.extensions...)))
	}
	body := tlv(tagSequence, parts...)
	h := hashOf(c.algorithm)
	digest, opts := body, crypto.SignerOpts(crypto.Hash(0))
	if _, ok := c.signer.Public().(ed25519.PublicKey); !ok {
		hash := h.New()
		hash.Write(body)
		digest, opts = hash.Sum(nil), h
	}
	signature, err := c.signer.Sign(rand.Reader, digest, opts)
	if err != nil {
		t.Fatal(err)
	}
	if c.mangle {
		signature[len(signature)-1] ^= 1
	}
	return tlv(tagSequence, body, c.algorithm, tlv(tagBitString, []byte{0}, signature))
}

// plainRSA is an RSA key of any size: crypto/rsa makes and uses none that are small.
type plainRSA struct{ n, e, d *big.Int }

func newPlainRSA(bits int, e int64) *plainRSA {
	one := big.NewInt(1)
	for {
		p, q := must(rand.Prime(rand.Reader, (bits+1)/2)), must(rand.Prime(rand.Reader, bits/2))
		k := &plainRSA{n: new(big.Int).Mul(p, q), e: big.NewInt(e)}
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		if k.d = new(big.Int).ModInverse(k.e, phi); k.d != nil && k.n.BitLen() == bits {
			return k
		}
	}
}

// smallRSA is a key of 768 bits.
var smallRSA = sync.OnceValue(func() crypto.Signer { return newPlainRSA(768, 65537) })

func (k *plainRSA) Public() crypto.PublicKey { return &rsa.PublicKey{N: k.n, E: 65537} }

func (k *plainRSA) spki() []byte {
	key := must(asn1.Marshal(struct{ N, E *big.Int }{k.n, k.e}))
	return tlv(tagSequence, tlv(tagSequence, tlv(tagOID, []byte(oidRSA)), []byte{5, 0}), tlv(tagBitString, []byte{0}, key))
}

// Sign is RFC 8017 8.2.1.
func (k *plainRSA) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	size := (k.n.BitLen() + 7) / 8
	info := append([]byte(digestInfo[opts.HashFunc()]), digest...)
	em := append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, size-len(info)-3)...)
	em = append(append(em, 0), info...)
	return new(big.Int).Exp(new(big.Int).SetBytes(em), k.d, k.n).FillBytes(make([]byte, size)), nil
}
