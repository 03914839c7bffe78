//go:build parity

package main_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// der is one value in DER: the tag, the length and the parts as contents.
func der(tag byte, parts ...[]byte) []byte {
	content := slices.Concat(parts...)
	raw := asn1.RawValue{Class: int(tag >> 6), IsCompound: tag&0x20 != 0, Tag: int(tag & 0x1f), Bytes: content}
	return must(asn1.Marshal(raw))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Tags of ASN.1 that certificates have.
const (
	tagBoolean, tagInteger, tagBits, tagOctets, tagOID = 0x01, 0x02, 0x03, 0x04, 0x06
	tagUTF8, tagPrintable, tagT61, tagUniversal        = 0x0c, 0x13, 0x14, 0x1c
	tagBMP, tagUTCTime, tagTime                        = 0x1e, 0x17, 0x18
	tagSequence, tagSet                                = 0x30, 0x31
	tagEmail, tagDNS, tagDirectory, tagURI, tagIP      = 0x81, 0x82, 0xa4, 0x86, 0x87 // of a GeneralName
)

// The extensions of RFC 5280.
const (
	idSKI, idKU, idSAN, idBC       = "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19"
	idNC, idPolicies, idAKI        = "2.5.29.30", "2.5.29.32", "2.5.29.35"
	idPolicyConstraints, idEKU     = "2.5.29.36", "2.5.29.37"
	idAIA                          = "1.3.6.1.5.5.7.1.1"
	ekuServer, ekuClient, ekuEmail = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4"
	ekuAny, ekuSGC                 = "2.5.29.37.0", "2.16.840.1.113730.4.1"
)

func oid(dotted string) []byte {
	var id asn1.ObjectIdentifier
	for part := range strings.SplitSeq(dotted, ".") {
		id = append(id, must(strconv.Atoi(part)))
	}
	return must(asn1.Marshal(id))
}

func oids(dotted ...string) []byte {
	var all []byte
	for _, d := range dotted {
		all = append(all, oid(d)...)
	}
	return der(tagSequence, all)
}

// dn is a Name of one attribute, the common name, in a string type of one's choice.
func dn(tag byte, text string) []byte { return dnOf(cn(tag, text)) }

func dnOf(attributes ...[]byte) []byte { return der(tagSequence, attributes...) }

func cn(tag byte, text string) []byte { return attribute("2.5.4.3", tag, text) }

func attribute(id string, tag byte, text string) []byte {
	return der(tagSet, der(tagSequence, oid(id), der(tag, []byte(text))))
}

// bits is a BIT STRING of key usage: octets and how many bits at the end mean nothing.
func bits(unused byte, octets ...byte) []byte { return der(tagBits, []byte{unused}, octets) }

func utcTime(t time.Time) []byte {
	return der(tagUTCTime, []byte(t.UTC().Format("060102150405Z")))
}

// ext is an extension.
type ext struct {
	id       string
	critical bool
	value    []byte
}

func (e ext) der() []byte {
	var critical []byte
	if e.critical {
		critical = der(tagBoolean, []byte{0xff})
	}
	return der(tagSequence, oid(e.id), critical, der(tagOctets, e.value))
}

func san(names ...string) ext {
	var all []byte
	for _, n := range names {
		all = append(all, der(tagDNS, []byte(n))...)
	}
	return ext{idSAN, false, der(tagSequence, all)}
}

func eku(ids ...string) ext { return ext{idEKU, false, oids(ids...)} }

func basicConstraints(pathLen ...byte) ext {
	value := der(tagBoolean, []byte{0xff})
	if len(pathLen) > 0 {
		value = append(value, der(tagInteger, pathLen)...)
	}
	return ext{idBC, true, der(tagSequence, value)}
}

func aki(id []byte) ext { return ext{idAKI, false, der(tagSequence, der(0x80, id))} }

// cert is a certificate before it is signed: everything in it may be wrong.
type cert struct {
	v1              bool
	serial          []byte // contents of the INTEGER
	issuer, subject []byte
	from, to        []byte
	spki            []byte
	exts            []ext
	hash            crypto.Hash
}

// set replaces an extension, or adds it.
func (c *cert) set(e ext) {
	if i := slices.IndexFunc(c.exts, func(x ext) bool { return x.id == e.id }); i >= 0 {
		c.exts[i] = e
		return
	}
	c.exts = append(c.exts, e)
}

func (c *cert) drop(id string) {
	c.exts = slices.DeleteFunc(c.exts, func(x ext) bool { return x.id == id })
}

// sign makes the certificate's DER.
func (c *cert) sign(key crypto.Signer) []byte {
	algorithm := signatureAlgorithm(key, c.hash)
	validity := der(tagSequence, c.from, c.to)
	fields := [][]byte{der(tagInteger, c.serial), algorithm, c.issuer, validity, c.subject, c.spki}
	if !c.v1 {
		fields = slices.Insert(fields, 0, der(0xa0, der(tagInteger, []byte{2})))
		if len(c.exts) > 0 {
			var all []byte
			for _, e := range c.exts {
				all = append(all, e.der()...)
			}
			fields = append(fields, der(0xa3, der(tagSequence, all)))
		}
	}
	tbs := der(tagSequence, fields...)
	h := c.hash.New()
	h.Write(tbs)
	signature := must(key.Sign(rand.Reader, h.Sum(nil), c.hash))
	return der(tagSequence, tbs, algorithm, bits(0, signature...))
}

// signatureAlgorithm is the AlgorithmIdentifier of RFC 3279 and RFC 5758.
func signatureAlgorithm(key crypto.Signer, hash crypto.Hash) []byte {
	null := []byte{5, 0}
	switch key.(type) {
	case *ecdsa.PrivateKey:
		id := map[crypto.Hash]string{crypto.SHA1: "1.2.840.10045.4.1", crypto.SHA256: "1.2.840.10045.4.3.2"}[hash]
		return der(tagSequence, oid(id))
	case *rsa.PrivateKey:
		id := map[crypto.Hash]string{crypto.SHA1: "1.2.840.113549.1.1.5", crypto.MD5: "1.2.840.113549.1.1.4",
			crypto.SHA256: "1.2.840.113549.1.1.11"}[hash]
		return der(tagSequence, oid(id), null)
	}
	panic(fmt.Sprintf("no signature algorithm for %T", key))
}

// keyID is the identifier of RFC 5280 section 4.2.1.2 (1), over any octets that are the key's own.
func keyID(spki []byte) []byte {
	sum := sha1.Sum(spki)
	return sum[:]
}

func newP256() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func publicKey(key crypto.Signer) []byte { return must(x509.MarshalPKIXPublicKey(key.Public())) }

func serial() []byte {
	octets := make([]byte, 15)
	rand.Read(octets)
	octets[0] = 0x42 // positive, and no longer by a leading zero
	return octets
}

// explicitP256 is a public key whose curve is P-256 with every parameter written out instead of named (RFC 3279).
func explicitP256(key *ecdsa.PrivateKey) []byte {
	p := key.Params()
	number := func(octets []byte) []byte { return der(tagInteger, []byte{0}, octets) }
	minus3 := must(hex.DecodeString("ffffffff00000001000000000000000000000000fffffffffffffffffffffffc"))
	base := slices.Concat([]byte{4}, p.Gx.FillBytes(make([]byte, 32)), p.Gy.FillBytes(make([]byte, 32)))
	parameters := der(tagSequence, der(tagInteger, []byte{1}),
		der(tagSequence, oid("1.2.840.10045.1.1"), number(p.P.Bytes())),
		der(tagSequence, der(tagOctets, minus3), der(tagOctets, p.B.FillBytes(make([]byte, 32)))),
		der(tagOctets, base), number(p.N.Bytes()), der(tagInteger, []byte{1}))
	point := must(key.PublicKey.Bytes())
	return der(tagSequence, der(tagSequence, oid("1.2.840.10045.2.1"), parameters), bits(0, point...))
}
