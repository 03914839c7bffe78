package pkix

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"testing"
)

// rsaWorld is a world whose CAs have RSA keys.
func rsaWorld(t testing.TB) *world {
	w := newWorld(t)
	w.root = reissue(t, w.root, nil, func(c *tbs) { c.key(rsaKey()) })
	w.inter = reissue(t, w.inter, w.root, func(c *tbs) { c.key(rsaKey()) })
	w.leaf = reissue(t, w.leaf, w.inter, nil)
	return w
}

// weak are chains whose verdict depends on the level, or on how signatures are made.
func weak(t testing.TB) []parityCase {
	w := rsaWorld(t)
	level1 := func(c parityCase, num int) parityCase { c.level1 = num; return c }
	algorithm := func(a []byte) func(*tbs) { return func(c *tbs) { c.algorithm = a } }
	sized := func(k crypto.Signer) func(*tbs) { return func(c *tbs) { c.key(k) } }
	bad := func(c parityCase) parityCase { c.web = Untrusted; return c }
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p521 := must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	compressed := compress(t, key("leaf").Public())
	return []parityCase{
		w.same("RSA", 0, Trusted, w.leaf, w.inter),
		level1(w.leafWith("SHA-1, leaf", 0, Untrusted, algorithm(sha1RSA)), errDigest),
		level1(w.interWith("SHA-1, intermediate", 0, Untrusted, algorithm(sha1RSA)), errDigest),
		w.rootWith("SHA-1, root", 0, Trusted, algorithm(sha1RSA)),
		level1(w.leafWith("MD5, leaf", 0, Untrusted, algorithm(md5RSA)), errDigest),
		w.leafWith("SHA-224", 0, Untrusted, algorithm(sha224RSA)),
		level1(w.leafWith("RSA 768, leaf", 0, Untrusted, sized(smallRSA())), errLeafKey),
		level1(w.leafWith("RSA 919", 0, Untrusted, sized(newPlainRSA(919, 65537))), errLeafKey),
		w.leafWith("RSA 920", 0, Untrusted, sized(newPlainRSA(920, 65537))),
		w.leafWith("RSA 1000", 0, Untrusted, sized(newPlainRSA(1000, 65537))),
		w.leafWith("RSA 1024", 0, Untrusted, sized(newPlainRSA(1024, 65537))),
		level1(w.interWith("RSA 768, intermediate", 0, Untrusted, sized(smallRSA())), errCAKey),
		w.interWith("RSA 1024, intermediate", 0, Untrusted, sized(newPlainRSA(1024, 65537))),
		w.interWith("RSA with exponent 3", 0, Trusted, sized(newPlainRSA(2048, 3))),
		w.interWith("Ed25519, intermediate", 0, Trusted, sized(ed)),
		w.interWith("P-521, intermediate", 0, Trusted, sized(p521)),
		bad(w.interWith("P-224, intermediate", 0, Trusted, sized(p224))),
		w.leafWith("P-256, compressed", 0, Untrusted, func(c *tbs) {
			c.spki = tlv(tagSequence, tlv(tagSequence, tlv(tagOID, []byte(oidEC)),
				tlv(tagOID, []byte("\x2a\x86\x48\xce\x3d\x03\x01\x07"))), tlv(tagBitString, []byte{0}, compressed))
		}),
		w.leafWith("forged", errSignature, Untrusted, func(c *tbs) { c.mangle = true }),
		w.interWith("forged intermediate", errSignature, Untrusted, func(c *tbs) { c.mangle = true }),
		level1(w.leafWith("forged and SHA-1", errSignature, Untrusted, func(c *tbs) {
			c.mangle, c.algorithm = true, sha1RSA
		}), errDigest),
		w.same("PSS", 0, Trusted, w.server(w.inter, signedWith(x509.SHA256WithRSAPSS)), w.inter),
		w.same("PSS, SHA-512", 0, Trusted, w.server(w.inter, signedWith(x509.SHA512WithRSAPSS)), w.inter),
		w.leafWith("ECDSA named, RSA signed", errNoLocalIssuer, Untrusted, algorithm(tlv(tagSequence, tlv(tagOID,
			[]byte("\x2a\x86\x48\xce\x3d\x04\x03\x02"))))),
	}
}

// compress is a P-256 key in SEC 1's short form.
func compress(t testing.TB, public crypto.PublicKey) []byte {
	t.Helper()
	k, ok := public.(*ecdsa.PublicKey)
	if !ok {
		t.Fatalf("%T", public)
	}
	point := must(k.Bytes()) // 4, x, y
	return append([]byte{2 + point[len(point)-1]&1}, point[1:33]...)
}
