package pkix

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"strings"
	"time"
)

// A certificate is what OpenSSL makes of one: it takes serial numbers below zero, names in any alphabet, addresses of
// any length, any time of the day, and certificates without extensions. crypto/x509 refuses them.
type certificate struct {
	raw        []byte
	tbs        []byte // the part that is signed
	sum        [32]byte
	version1   bool
	serial     []byte // two's complement
	algorithm  algorithm
	signature  []byte
	twoMinds   bool      // the algorithm inside is not the one outside (RFC 5280 4.1.1.2)
	inside     algorithm // the one inside, by which OpenSSL looks for an issuer
	issuer     dn
	subject    dn
	notBefore  instant
	notAfter   instant
	spki       []byte // the SubjectPublicKeyInfo
	shortTime  bool   // one of them has no seconds, which RFC 5280 4.1.2.5 asks for
	key        publicKey
	extensions                   // see extensions.go
	std        *x509.Certificate // as crypto/x509 reads it; nil when it refuses
	stdErr     error             // then
	selfIssued bool
	selfSigned bool // self-issued, and its key identifiers and algorithms allow that it signed itself: EXFLAG_SS
}

// An instant is the time of a validity field; the zero time when it is none.
type instant struct {
	time.Time
	rough time.Time // as OpenSSL reads it to tell which of two issuers ended last: more is a time to that
}

// later reports whether i is the later one (a_time.c ASN1_TIME_compare); what is no time is never later, nor earlier.
func (i instant) later(o instant) bool {
	return !i.rough.IsZero() && !o.rough.IsZero() && i.rough.After(o.rough)
}

// readCertificate reads a certificate (RFC 5280 4.1) as leniently as OpenSSL's d2i_X509. What is wrong in an extension
// is no error here: it makes the certificate invalid later on, as it does there.
func readCertificate(raw []byte) (*certificate, error) {
	outer, err := whole(raw, tagSequence)
	if err != nil {
		return nil, err
	}
	body := outer.body
	tbs, err := body.take(tagSequence)
	if err != nil {
		return nil, err
	}
	alg, err := body.take(tagSequence)
	if err != nil {
		return nil, err
	}
	sig, err := body.take(tagBitString)
	if err != nil || len(body) > 0 {
		return nil, errDER
	}
	c := &certificate{raw: raw, tbs: tbs.raw, sum: sha256.Sum256(raw)}
	if c.signature, err = bits(sig.body); err != nil {
		return nil, err
	}
	if c.algorithm, err = parseAlgorithm(alg.body); err != nil {
		return nil, err
	}
	c.std, c.stdErr = x509.ParseCertificate(raw)
	if err := c.readTBS(tbs.body, alg.raw); err != nil {
		return nil, err
	}
	if c.serial[0] >= 0x80 {
		// RFC 5280 4.1.2.2. Whether crypto/x509 refuses it depends on GODEBUG, and a verdict must not.
		c.std, c.stdErr = nil, errors.New("negative serial number")
	}
	c.selfIssued = c.subject.equal(c.issuer)
	c.selfSigned = c.selfIssued && c.likelyIssued(c)
	return c, nil
}

// readTBS reads the signed part; algorithm is what stands outside of it.
func (c *certificate) readTBS(d der, algorithm []byte) error {
	version, ok, err := d.optional(tagConstructed + 0)
	if err != nil {
		return err
	}
	c.version1 = true
	if ok {
		v, err := whole(version.body, tagInteger)
		if err != nil || integer(v.body) != nil {
			return errDER
		}
		c.version1 = bytes.Equal(v.body, []byte{0})
	}
	serial, err := d.take(tagInteger)
	if err != nil {
		return err
	}
	if integer(serial.body) != nil {
		return errRefused
	}
	c.serial = serial.body
	inner, err := d.take(tagSequence)
	if err != nil {
		return err
	}
	if c.inside = c.algorithm; !bytes.Equal(inner.raw, algorithm) {
		c.twoMinds = true
		if c.inside, err = parseAlgorithm(inner.body); err != nil {
			return err
		}
	}
	if c.issuer, err = d.takeDN(); err != nil {
		return err
	}
	if err := c.readValidity(&d); err != nil {
		return err
	}
	if c.subject, err = d.takeDN(); err != nil {
		return err
	}
	spki, err := d.take(tagSequence)
	if err != nil {
		return err
	}
	c.spki = spki.raw
	var std any
	if c.std != nil {
		std = c.std.PublicKey
	}
	if c.key, err = parseKey(spki.body, std); err != nil {
		return err
	}
	return c.readOptional(d)
}

func (d *der) takeDN() (dn, error) {
	e, err := d.take(tagSequence)
	if err != nil {
		return dn{}, err
	}
	return parseDN(e.raw)
}

func (c *certificate) readValidity(d *der) error {
	validity, err := d.take(tagSequence)
	if err != nil {
		return err
	}
	for _, to := range []*instant{&c.notBefore, &c.notAfter} {
		e, err := validity.body.next()
		if err != nil || e.tag != tagUTCTime && e.tag != tagGeneralizedTime {
			return errDER
		}
		*to = parseTime(e)
		c.shortTime = c.shortTime || len(e.body) < len("YYMMDDhhmmssZ") ||
			e.tag == tagGeneralizedTime && len(e.body) < len("YYYYMMDDhhmmssZ")
	}
	if len(validity.body) > 0 {
		return errDER
	}
	return nil
}

// parseTime takes the two forms of RFC 5280 4.1.2.5 and no other, as OpenSSL's X509_cmp_time does. Roughly, seconds may
// be left out, fractions of them or an offset follow (X.690 8.25, 8.26; a_time.c ossl_asn1_time_to_tm).
func parseTime(e element) instant {
	text := string(e.body)
	if e.tag == tagUTCTime {
		century := "19"
		if text < "5" {
			century = "20"
		}
		text = century + text
	}
	const form = "YYYYMMDDhhmmssZ"
	var i instant
	for _, layout := range []string{"20060102150405Z0700", "200601021504Z0700"} {
		t, err := time.Parse(layout, text)
		if err != nil || strings.Contains(text, ",") || e.tag == tagUTCTime && strings.Contains(text, ".") {
			continue // Go's fractions are of more kinds
		}
		if i.rough = t.UTC(); len(text) == len(form) && strings.HasSuffix(text, "Z") {
			i.Time = i.rough
		}
	}
	return i
}

// readOptional reads the unique identifiers, which nobody uses, and the extensions.
func (c *certificate) readOptional(d der) error {
	for _, tag := range []byte{tagContext + 1, tagContext + 2} {
		if _, _, err := d.optional(tag); err != nil {
			return err
		}
	}
	c.pathLen = -1
	wrapped, ok, err := d.optional(tagConstructed + 3)
	if err != nil || len(d) > 0 {
		return errDER
	}
	if !ok {
		return nil
	}
	list, err := whole(wrapped.body, tagSequence)
	if err != nil {
		return err
	}
	return c.readExtensions(list.body)
}

// validAt reports whether the time is within the certificate's validity. OpenSSL takes notAfter for the first moment
// at which it is over.
func (c *certificate) validAt(at time.Time) bool {
	return !c.notBefore.IsZero() && !c.notAfter.IsZero() && !at.Before(c.notBefore.Time) && at.Before(c.notAfter.Time)
}

// likelyIssued reports whether c may have issued child, without a look at the signature (v3_purp.c
// ossl_x509_likely_issued): names, key identifiers, kind of key.
func (c *certificate) likelyIssued(child *certificate) bool {
	return c.subject.equal(child.issuer) && c.invalid == "" && child.invalid == "" &&
		child.authority.allows(c) && c.key.signs(child.inside)
}
