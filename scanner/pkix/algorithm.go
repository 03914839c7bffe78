package pkix

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	_ "crypto/md5" // OpenSSL at security level 0 takes it
	"crypto/rsa"
	_ "crypto/sha1" // and this
	_ "crypto/sha256"
	_ "crypto/sha512"

	"mxtls/scanner/truth"
)

// An algorithm is a signature's (RFC 5280 4.1.1.2). Those whose hash is zero are OpenSSL's, and Go cannot check them.
type algorithm struct {
	name string // as crypto/x509 writes it
	kind keyKind
	hash crypto.Hash
	weak bool // below 80 bits of strength: nothing for security level 1
}

// algorithms are known ones, by OID (RFC 3279, 4055, 5758, 8410 and older ones). What is not here, or here without a
// kind of key, was never issued by anybody to OpenSSL 3.0: it does not know which key makes such signatures
// (obj_xref.txt).
var algorithms = map[string]algorithm{
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02": {"MD2-RSA", keyRSA, 0, true},
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x03": {"MD4-RSA", keyRSA, 0, true},
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04": {"MD5-RSA", keyRSA, crypto.MD5, true},
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05": {"SHA1-RSA", keyRSA, crypto.SHA1, true},
	"\x2b\x0e\x03\x02\x1d":                 {"SHA1-RSA", keyRSA, crypto.SHA1, true}, // OIW's
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e": {"SHA224-RSA", keyRSA, crypto.SHA224, false},
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b": {"SHA256-RSA", keyRSA, crypto.SHA256, false},
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c": {"SHA384-RSA", keyRSA, crypto.SHA384, false},
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d": {"SHA512-RSA", keyRSA, crypto.SHA512, false},
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0f": {"SHA512/224-RSA", keyUnknown, 0, false},
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x10": {"SHA512/256-RSA", keyUnknown, 0, false},
	"\x60\x86\x48\x01\x65\x03\x04\x03\x0d": {"SHA3-224-RSA", keyRSA, 0, false},
	"\x60\x86\x48\x01\x65\x03\x04\x03\x0e": {"SHA3-256-RSA", keyRSA, 0, false},
	"\x60\x86\x48\x01\x65\x03\x04\x03\x0f": {"SHA3-384-RSA", keyRSA, 0, false},
	"\x60\x86\x48\x01\x65\x03\x04\x03\x10": {"SHA3-512-RSA", keyRSA, 0, false},
	"\x2b\x24\x03\x03\x01\x02":             {"RIPEMD160-RSA", keyRSA, 0, false},
	oidRSAPSS:                              {"RSAPSS", keyPSS, 0, false}, // the hash is a parameter
	"\x2a\x86\x48\xce\x3d\x04\x01":         {"ECDSA-SHA1", keyEC, crypto.SHA1, true},
	"\x2a\x86\x48\xce\x3d\x04\x03\x01":     {"ECDSA-SHA224", keyEC, crypto.SHA224, false},
	"\x2a\x86\x48\xce\x3d\x04\x03\x02":     {"ECDSA-SHA256", keyEC, crypto.SHA256, false},
	"\x2a\x86\x48\xce\x3d\x04\x03\x03":     {"ECDSA-SHA384", keyEC, crypto.SHA384, false},
	"\x2a\x86\x48\xce\x3d\x04\x03\x04":     {"ECDSA-SHA512", keyEC, crypto.SHA512, false},
	"\x60\x86\x48\x01\x65\x03\x04\x03\x09": {"ECDSA-SHA3-224", keyUnknown, 0, false},
	"\x60\x86\x48\x01\x65\x03\x04\x03\x0a": {"ECDSA-SHA3-256", keyUnknown, 0, false},
	"\x60\x86\x48\x01\x65\x03\x04\x03\x0b": {"ECDSA-SHA3-384", keyUnknown, 0, false},
	"\x60\x86\x48\x01\x65\x03\x04\x03\x0c": {"ECDSA-SHA3-512", keyUnknown, 0, false},
	"\x2a\x86\x48\xce\x38\x04\x03":         {"DSA-SHA1", keyDSA, 0, true},
	"\x60\x86\x48\x01\x65\x03\x04\x03\x01": {"DSA-SHA224", keyDSA, 0, false},
	"\x60\x86\x48\x01\x65\x03\x04\x03\x02": {"DSA-SHA256", keyDSA, 0, false},
	oidEd25519:                             {"Ed25519", keyEd25519, 0, false},
	oidEd448:                               {"Ed448", keyEd448, 0, false},
}

// hashes are those that RSASSA-PSS may have as a parameter.
var hashes = map[string]crypto.Hash{
	"\x2b\x0e\x03\x02\x1a":                 crypto.SHA1,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x01": crypto.SHA256,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x02": crypto.SHA384,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x03": crypto.SHA512,
	"\x60\x86\x48\x01\x65\x03\x04\x02\x04": crypto.SHA224,
}

// digestInfo is the DER before the hash in a PKCS #1 signature (RFC 8017 9.2).
var digestInfo = map[crypto.Hash]string{
	crypto.MD5:    "\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10",
	crypto.SHA1:   "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
	crypto.SHA224: "\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c",
	crypto.SHA256: "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
	crypto.SHA384: "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
	crypto.SHA512: "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
}

// parseAlgorithm reads an AlgorithmIdentifier's content.
func parseAlgorithm(d der) (algorithm, error) {
	id, err := d.take(tagOID)
	if err != nil {
		return algorithm{}, err
	}
	oid, err := objectID(id.body)
	if err != nil {
		return algorithm{}, err
	}
	a, ok := algorithms[oid]
	if !ok {
		a.name = dotted(oid)
	}
	if oid == oidRSAPSS {
		a = pssAlgorithm(d)
	}
	return a, nil
}

// pssAlgorithm reads RSASSA-PSS's parameters (RFC 4055 3.1); the same hash must be in both places, as everywhere.
func pssAlgorithm(d der) algorithm {
	a := algorithm{name: "RSAPSS", kind: keyPSS, weak: true}
	seq, err := d.take(tagSequence)
	if err != nil {
		return a
	}
	hash, mask := "\x2b\x0e\x03\x02\x1a", "\x2b\x0e\x03\x02\x1a" // SHA-1 by default
	if e, ok, _ := seq.body.optional(tagConstructed + 0); ok {
		if hash, err = nested(e.body, ""); err != nil {
			return a
		}
	}
	if e, ok, _ := seq.body.optional(tagConstructed + 1); ok {
		if mask, err = nested(e.body, oidMGF1); err != nil {
			return a
		}
	}
	h := hashes[hash]
	a.weak = h == 0 || h == crypto.SHA1
	if hash == mask && h != 0 {
		a.hash = h
		a.name = map[crypto.Hash]string{crypto.SHA1: "SHA1", crypto.SHA224: "SHA224", crypto.SHA256: "SHA256",
			crypto.SHA384: "SHA384", crypto.SHA512: "SHA512"}[h] + "-RSAPSS"
	}
	return a
}

// nested is the OID of an AlgorithmIdentifier, or of the one that is the parameter of outer.
func nested(d der, outer string) (string, error) {
	seq, err := d.take(tagSequence)
	if err != nil {
		return "", err
	}
	id, err := seq.body.take(tagOID)
	if err != nil {
		return "", err
	}
	if outer == "" {
		return string(id.body), nil
	}
	if string(id.body) != outer {
		return "", errDER
	}
	return nested(seq.body, "")
}

// signed reports whether parent's key made the signature of c; unknown where Go cannot check it.
func (c *certificate) signed(parent *certificate) truth.Truth {
	a, key := c.algorithm, parent.key
	switch {
	case c.twoMinds, !key.signs(a):
		return truth.No
	case key.kind == keyEd25519:
		return truth.Of(ed25519.Verify(key.ed, c.tbs, c.signature))
	case a.hash == 0:
		return truth.Unknown
	}
	h := a.hash.New()
	h.Write(c.tbs)
	digest := h.Sum(nil)
	switch {
	case a.kind == keyRSA:
		return truth.Of(key.verifyPKCS1(a.hash, digest, c.signature))
	case a.kind == keyPSS:
		k := key.rsa()
		if k == nil || k.N.BitLen() < 1024 { // crypto/rsa's own limits
			return truth.Unknown
		}
		return truth.Of(rsa.VerifyPSS(k, a.hash, digest, c.signature, nil) == nil)
	case key.ec == nil:
		return truth.Unknown
	}
	return truth.Of(ecdsa.VerifyASN1(key.ec, digest, c.signature))
}
