package pkix

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"time"
)

// A mutation is one way in which a certificate may differ from a good one.
type mutation struct {
	name string
	edit func(*wood, *tbs)
}

const clientAuth = "\x2b\x06\x01\x05\x05\x07\x03\x02"

// bit is a BIT STRING of one octet.
func bit(octets ...byte) []byte { return tlv(tagBitString, []byte{0}, octets) }

func setTo(oid string, values ...[]byte) func(*wood, *tbs) {
	return func(w *wood, c *tbs) {
		c.drop(oid)
		c.add(oid, w.one(2), pickOne(w, values...))
	}
}

func without(oid string) func(*wood, *tbs) { return func(_ *wood, c *tbs) { c.drop(oid) } }

func lasting(from, to time.Duration) func(*wood, *tbs) {
	return func(_ *wood, c *tbs) { c.validity = validity(now.Add(from), now.Add(to)) }
}

func times(from, to []byte) func(*wood, *tbs) {
	return func(_ *wood, c *tbs) { c.validity = tlv(tagSequence, from, to) }
}

func usagesOf(oids ...string) []byte {
	var list [][]byte
	for _, o := range oids {
		list = append(list, tlv(tagOID, []byte(o)))
	}
	return tlv(tagSequence, list...)
}

// anyMutations are those of all certificates.
var anyMutations = []mutation{
	{"expired", lasting(-200*day, -day)},
	{"expired longer ago", lasting(-200*day, -50*day)},
	{"not yet valid", lasting(day, 50*day)},
	{"ends now", lasting(-day, 0)},
	{"begins now", lasting(0, day)},
	{"bad notBefore", times(tlv(tagUTCTime, []byte("2601010000Z")), utcTime(now.Add(day)))},
	{"bad notAfter", times(utcTime(now.Add(-day)), tlv(tagUTCTime, []byte("270101000000+0100")))},
	{"bad day", times(tlv(tagUTCTime, []byte("260230000000Z")), utcTime(now.Add(day)))},
	{"generalized times", times(tlv(tagGeneralizedTime, []byte("20200101000000Z")),
		tlv(tagGeneralizedTime, []byte("99991231235959Z")))},
	{"generalized fraction", times(tlv(tagGeneralizedTime, []byte("20200101000000.5Z")), utcTime(now.Add(day)))},
	{"version 1", func(_ *wood, c *tbs) { c.version, c.extensions = nil, nil }},
	{"version 2", func(_ *wood, c *tbs) { c.version = tlv(tagConstructed, []byte{2, 1, 1}) }},
	{"forged", func(_ *wood, c *tbs) { c.mangle = true }},
	{"SHA-1", func(_ *wood, c *tbs) {
		switch _, ec := c.signer.Public().(*ecdsa.PublicKey); {
		case ec:
			c.algorithm = tlv(tagSequence, tlv(tagOID, []byte("\x2a\x86\x48\xce\x3d\x04\x01")))
		case isRSA(c.signer):
			c.algorithm = sha1RSA
		}
	}},
	{"MD5", func(_ *wood, c *tbs) {
		if isRSA(c.signer) {
			c.algorithm = md5RSA
		}
	}},
	{"another algorithm", func(w *wood, c *tbs) {
		if isRSA(c.signer) {
			c.algorithm = tlv(tagSequence, tlv(tagOID, []byte("\x2a\x86\x48\xce\x3d\x04\x03\x02")))
		} else {
			c.algorithm = sha256RSA
		}
	}},
	{"another hash", func(w *wood, c *tbs) {
		if isRSA(c.signer) {
			c.algorithm = pickOne(w, sha224RSA, rsaWith("\x0c"), rsaWith("\x0d"), rsaWith("\x0f"))
		}
	}},
	{"two minds", func(w *wood, c *tbs) {
		c.inside = pickOne(w, sha256RSA, rsaWith("\x0f"), sha3, tlv(tagSequence, tlv(tagOID, []byte(oidRSAPSS))),
			tlv(tagSequence, tlv(tagOID, []byte("\x2a\x86\x48\xce\x3d\x04\x03\x03"))))
	}},
	{"odd key", func(w *wood, c *tbs) { c.spki = pickOne(w, oddKeys()...) }},
	{"no SKI", without(oidSubjectKeyID)},
	{"another SKI", setTo(oidSubjectKeyID, tlv(tagOctetString, []byte("another key")), tlv(tagOctetString))},
	{"AKI of another key", setTo(oidAuthorityKeyID, tlv(tagSequence, tlv(tagContext+0, []byte("another key"))))},
	{"empty AKI", setTo(oidAuthorityKeyID, tlv(tagSequence))},
	{"no AKI", without(oidAuthorityKeyID)},
	{"AKI of an issuer", func(w *wood, c *tbs) {
		name := tlv(tagConstructed+1, tlv(tagConstructed+kindDir, pickOne(w, c.issuer, w.caName())))
		c.set(oidAuthorityKeyID, tlv(tagSequence, name, tlv(tagContext+2, []byte{byte(1 + w.IntN(4))})))
	}},
	{"AKI of a mail address", setTo(oidAuthorityKeyID, tlv(tagSequence, tlv(tagConstructed+1,
		tlv(tagContext+kindEmail, []byte("a@b"))), tlv(tagContext+2, []byte{1})))},
	{"critical unknown", func(_ *wood, c *tbs) { c.add("\x2a\x03\x04", true, []byte{5, 0}) }},
	{"critical known", func(w *wood, c *tbs) {
		c.add(pickOne(w, oidPolicies, oidInhibitAnyPolicy, oidPolicyConstraints, oidOCSPNoCheck), true, []byte{5, 0})
	}},
	{"critical CRL reason", func(_ *wood, c *tbs) { c.add("\x55\x1d\x15", true, []byte{10, 1, 0}) }},
	{"an extension twice", func(w *wood, c *tbs) {
		if len(c.extensions) > 0 {
			c.extensions = append(c.extensions, pickOne(w, c.extensions...))
		}
	}},
	{"proxy", func(_ *wood, c *tbs) { c.add(oidProxyCertInfo, true, proxyInfo) }},
	{"Netscape type", setTo(oidNetscapeCertType, bit(0x40), bit(0x80), bit(0x04), bit(0x02), bit(0x47), bit(), bit(0))},
	{"CRL points", setTo(oidCRLPoints, crlPoints()...)},
	{"garbage", func(w *wood, c *tbs) {
		c.set(pickOne(w, oidBasicConstraints, oidKeyUsage, oidExtKeyUsage, oidSubjectKeyID, oidAuthorityKeyID,
			oidSubjectAltName, oidNameConstraints, oidCRLPoints, oidNetscapeCertType, oidProxyCertInfo, oidAddressBlocks,
			oidASNumbers, oidPolicies),
			pickOne(w, []byte{5, 0}, []byte{0x30}, nil, []byte{0x30, 1, 5}, []byte{4, 1, 1, 0}))
	}},
	{"extended key usage", setTo(oidExtKeyUsage, usagesOf(oidServerAuth), usagesOf(clientAuth), usagesOf(oidAnyUsage),
		usagesOf(), usagesOf(oidNetscapeSGC), usagesOf(oidMicrosoftSGC, clientAuth), usagesOf(clientAuth, oidServerAuth))},
	{"key usage", setTo(oidKeyUsage, bit(0x80), bit(0x40), bit(0x20), bit(0x08), bit(0x04), bit(0x06), bit(0x84), bit(0),
		bit(), bit(0, 0x80), tlv(tagBitString, []byte{2, 0xff}))},
	{"no key usage", without(oidKeyUsage)},
	{"basic constraints", setTo(oidBasicConstraints, tlv(tagSequence), tlv(tagSequence, []byte{1, 1, 0xff}),
		tlv(tagSequence, []byte{1, 1, 1}), tlv(tagSequence, []byte{2, 1, 0}), tlv(tagSequence, []byte{1, 1, 0}),
		tlv(tagSequence, []byte{1, 1, 0xff}, []byte{2, 1, 0x80}), tlv(tagSequence, []byte{1, 1, 0xff},
			[]byte{2, 5, 1, 0, 0, 0, 0}), tlv(tagSequence, []byte{1, 1, 0xff}, []byte{2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0}))},
	{"negative serial", func(_ *wood, c *tbs) { c.serial = []byte{2, 1, 0x9c} }},
	{"issuer of another form", func(w *wood, c *tbs) { c.issuer = w.caName() }},
	{"mail in the subject", func(w *wood, c *tbs) {
		c.subjectName = nameDER(attr{oidCN, tagUTF8String, parityHost},
			attr{oidEmail, pickOne[byte](w, tagIA5String, tagUTF8String), pickOne(w, "a@example.com", "a@example.net", "none")})
	}},
	{"resource blocks", setTo(oidASNumbers, tlv(tagSequence, tlv(0xa0, []byte{5, 0})),
		tlv(tagSequence, tlv(0xa0, tlv(tagSequence, []byte{2, 1, 7}))))},
	{"address blocks", setTo(oidAddressBlocks, tlv(tagSequence, tlv(tagSequence, []byte{4, 2, 0, 1}, []byte{5, 0})),
		tlv(tagSequence, tlv(tagSequence, []byte{4, 2, 0, 1}, tlv(tagSequence, []byte{3, 2, 0, 10}))))},
}

// caMutations are those of CAs.
var caMutations = []mutation{
	{"no basic constraints", without(oidBasicConstraints)},
	{"path length 0", setTo(oidBasicConstraints, tlv(tagSequence, []byte{1, 1, 0xff}, []byte{2, 1, 0}))},
	{"path length 1", setTo(oidBasicConstraints, tlv(tagSequence, []byte{1, 1, 0xff}, []byte{2, 1, 1}))},
	{"self-issued", func(_ *wood, c *tbs) { c.subjectName = c.issuer }},
	{"constrained", constrain}, {"constrained", constrain}, {"constrained", constrain},
}

// leafMutations are those of servers' certificates.
var leafMutations = []mutation{
	{"no SAN", without(oidSubjectAltName)},
	{"another SAN", func(w *wood, c *tbs) {
		var all [][]byte
		for range w.IntN(4) {
			all = append(all, w.generalName())
		}
		c.san(all...)
	}},
	{"another CN", func(w *wood, c *tbs) {
		c.subject(pickOne(w, "mx.example.net", "mx", "*.example.com", "mx example", "", "-mx.example.com", "a_b.example.net",
			"mx.example.net.", "mx..example.net", "mx.example.net\x00", "10.1.2.3", "mx-.example.net", "mx.example-"))
		if w.one(2) {
			c.drop(oidSubjectAltName)
		}
	}},
	{"no subject", func(_ *wood, c *tbs) { c.subjectName = nameDER() }},
}

// generalName is a name of any kind.
func (w *wood) generalName() []byte {
	dir := nameDER(attr{oidCN, pickOne[byte](w, tagUTF8String, tagPrintableString),
		pickOne(w, "mx.example.com", "MX.EXAMPLE.COM", "other")})
	return pickOne(w, dns("mx.example.com"), dns("mx.example.net"), dns("example.com"), dns(".example.com"), dns(""),
		dns("*.example.com"), ip("\x0a\x01\x02\x03"), ip(string(make([]byte, 16))), ip("123"),
		uri("smtp://u.example.com:25/x"),
		uri("none"), uri("x:y"), uri("x://"), uri("http://[::1]/"), uri("http://a@example.com/"),
		tlv(tagContext+kindEmail, []byte("a@example.com")), tlv(tagContext+kindEmail, []byte("A@mail.Example.com")),
		tlv(tagContext+kindEmail, []byte("none")), tlv(tagContext+kindEmail, []byte("@example.com")),
		tlv(tagContext+8, []byte(oidServerAuth)), tlv(tagConstructed+kindDir, dir), tlv(tagConstructed+kindDir, nameDER()),
		tlv(tagConstructed+0, tlv(tagOID, []byte("\x2b\x06\x01\x05\x05\x07\x08\x09")),
			tlv(0xa0, tlv(tagUTF8String, []byte("a@b")))))
}

// base is a subtree's base of any kind.
func (w *wood) base() []byte {
	if w.one(3) {
		return pickOne(w, dns("example.com"), dns("example.net"), dns(".example.com"), dns(""))
	}
	email := func(s string) []byte { return tlv(tagContext+kindEmail, []byte(s)) }
	return pickOne(w, w.generalName(), ip("\x0a\x01\x00\x00\xff\xff\x00\x00"), ip(string(make([]byte, 32))),
		ip("\x0a\x00\x00\x00\xff\x00\xff\x00"), email("example.com"), email(".example.com"), email("a@EXAMPLE.com"),
		email("@example.com"), email(""), uri("u.example.com"), uri(".example.com"), uri(""),
		tlv(tagConstructed+kindDir, nameDER(attr{oidCN, tagUTF8String, "mx.example.com"})))
}

// crlPoints are CRLDistributionPoints, most of which are none.
func crlPoints() [][]byte {
	return [][]byte{tlv(tagSequence), {5, 0}, tlv(tagSequence, tlv(tagSequence)),
		tlv(tagSequence, tlv(tagSequence, tlv(0xa2, tlv(tagConstructed+kindDir, nameDER(attr{oidCN, tagUTF8String, "x"}))))),
		tlv(tagSequence, tlv(tagSequence, tlv(0xa0, tlv(0xa0, uri("http://x/"))))),
		tlv(tagSequence, tlv(tagSequence, tlv(0xa0, tlv(0xa0, uri("http://x/"))), []byte{0x81, 2, 1, 6})),
		tlv(tagSequence, tlv(tagSequence, tlv(0xa0, tlv(0xa0, []byte{5, 0})))),
		tlv(tagSequence, tlv(tagSequence, tlv(0xa0, uri("http://x/")))),
		tlv(tagSequence, tlv(tagSequence, tlv(0xa0))), tlv(tagSequence, tlv(tagSequence, tlv(0xa2))),
		tlv(tagSequence, tlv(tagSequence, tlv(0xa0, tlv(0xa1)))), tlv(tagSequence, tlv(tagSequence, []byte{0x81, 2, 1, 6})),
		tlv(tagSequence, tlv(tagSequence, tlv(0xa0, tlv(0xa1, tlv(tagSequence, tlv(tagOID, []byte(oidCN)),
			tlv(tagUTF8String, []byte("x"))))))),
		tlv(tagSequence, tlv(tagSequence, tlv(0xa0, tlv(0xa0)), []byte{5, 0}))}
}

// oddKeys are subjectPublicKeyInfos that say little to OpenSSL or to Go, or to both.
func oddKeys() [][]byte {
	of := func(value []byte, algorithm ...[]byte) []byte {
		return tlv(tagSequence, tlv(tagSequence, algorithm...), tlv(tagBitString, []byte{0}, value))
	}
	id := func(oid string) []byte { return tlv(tagOID, []byte(oid)) }
	p256, null := id("\x2a\x86\x48\xce\x3d\x03\x01\x07"), []byte{5, 0}
	number := func(octets ...byte) []byte { return tlv(tagInteger, octets) }
	long := func(octets int) []byte { return number(append([]byte{0}, bytes.Repeat([]byte{0xf1}, octets)...)...) }
	return [][]byte{of(nil, id(oidRSA), null), of([]byte("garbage"), id(oidRSA), null),
		of(tlv(tagSequence, number(0), number(3)), id(oidRSA), null),
		of(tlv(tagSequence, number(7), number(0)), id(oidRSA), null),
		of(tlv(tagSequence, number(0x80), number(3)), id(oidRSA), null),
		of(tlv(tagSequence, number(7), number(3), number(1)), id(oidRSA), null),
		of(tlv(tagSequence, number(bytes.Repeat([]byte{0x71}, 128)...), number(3)), id(oidRSAPSS)),
		of([]byte{1}, id("\x2a\x03\x04")), of(nil, id(oidEC), p256), of(make([]byte, 65), id(oidEC), p256),
		of([]byte{0}, id(oidEC), p256), of(bytes.Repeat([]byte{2}, 33), id(oidEC), p256), of([]byte{1}, id(oidEC)),
		of([]byte{1}, id(oidEC), null), of([]byte{1}, id(oidEC), id("\x2a\x03\x04")),
		of(make([]byte, 32), id(oidEd25519)), of(make([]byte, 31), id(oidEd25519)), of(make([]byte, 57), id(oidEd448)),
		of(make([]byte, 56), id(oidEd448)), of(make([]byte, 32), id(oidEd25519), null), of(number(5), id(oidDSA)),
		of([]byte("garbage"), id(oidDSA)), of(number(5), id(oidDSA), tlv(tagSequence, number(7), number(3), number(2))),
		of(number(5), id(oidDSA), tlv(tagSequence, number(7), number(3))), of(number(5), id(oidDSA), null),
		of(number(5), id(oidDSA), tlv(tagSequence, long(128), long(20), number(2))),
		of(number(5), id(oidDSA), tlv(tagSequence, long(127), long(20), number(2))),
		of(number(5), id(oidDSA), tlv(tagSequence, long(128), long(19), number(2))),
		must(x509.MarshalPKIXPublicKey(key("leaf").Public()))}
}

// constrain adds name constraints.
func constrain(w *wood, c *tbs) {
	var lists [2][][]byte
	for range 1 + w.IntN(3) {
		parts := [][]byte{w.base()}
		switch w.IntN(20) {
		case 0:
			parts = append(parts, []byte{0x80, 1, 1})
		case 1:
			parts = append(parts, []byte{0x80, 1, 0})
		case 2:
			parts = append(parts, []byte{0x81, 1, 9})
		}
		i := w.IntN(2)
		lists[i] = append(lists[i], tlv(tagSequence, parts...))
	}
	var body [][]byte
	for i, l := range lists {
		if len(l) > 0 {
			body = append(body, tlv(tagConstructed+byte(i), l...))
		}
	}
	c.drop(oidNameConstraints)
	c.add(oidNameConstraints, w.one(2), tlv(tagSequence, body...))
}
