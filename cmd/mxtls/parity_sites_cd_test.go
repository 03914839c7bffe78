//go:build parity

package main_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// tweak is an edit of the certificate alone.
func tweak(change func(*cert)) edit { return func(_ *authorities, l *leaf) { change(l.cert) } }

// subject sets the leaf's name.
func subject(name []byte) edit { return tweak(func(c *cert) { c.subject = name }) }

// intermediate is an authority under the lab's root; changes are made to its certificate.
func intermediate(changes ...func(*cert)) edit {
	return under(func(a *authorities, l *leaf) *authority {
		return a.authority("Intermediate of "+l.host, a.root, edits(changes)...)
	})
}

// trusted is a root of the leaf's own in the CAfile; changes are made to its certificate.
func trusted(changes ...func(*cert)) edit {
	return under(func(a *authorities, l *leaf) *authority {
		made := a.authority("Root of "+l.host, nil, edits(changes)...)
		a.trust("CERTIFICATE", made.der)
		return made
	})
}

func edits(changes []func(*cert)) (all []func(*cert, *crypto.Signer)) {
	for _, change := range changes {
		all = append(all, func(c *cert, _ *crypto.Signer) { change(c) })
	}
	return all
}

func strangers(a *authorities, l *leaf) { l.issuer = a.stranger }

func maxVersion(v uint16) edit { return config(func(c *tls.Config) { c.MaxVersion = v }) }
func minVersion(v uint16) edit { return config(func(c *tls.Config) { c.MinVersion = v }) }

func negative(c *cert) { c.serial = []byte{0xff, 0x12, 0x34} }

// stray is a certificate that belongs to nothing.
func (a *authorities) stray(changes ...func(*cert)) []byte {
	return a.authority("Stray", nil, edits(changes)...).der
}

// stuffed sends strays until the whole is about so many kilobytes.
func stuffed(kilobytes int) edit {
	return func(a *authorities, l *leaf) {
		big := a.stray(func(c *cert) {
			c.exts = append(c.exts, ext{"2.16.840.1.113730.1.13", false, der(0x16, bytes.Repeat([]byte("x"), 10_000))})
		})
		l.last = slices.Repeat([][]byte{big}, kilobytes/10)
	}
}

// sitesC: Go cannot parse the certificate.
func sitesC() []site {
	c := func(name, about string, edits ...edit) site { return one("C", name, about, healthy(edits...)) }
	nameWith := func(tag byte, text string) edit { return subject(dn(tag, text)) }
	addSAN := func(tag byte, content []byte) edit {
		return func(_ *authorities, l *leaf) {
			l.set(ext{idSAN, false, der(tagSequence, der(tagDNS, []byte(l.host)), der(tag, content))})
		}
	}
	return []site{
		c("serial-negative", "a negative serial number", tweak(negative)),
		c("serial-negative-tls12", "a negative serial number, TLS 1.2", tweak(negative), maxVersion(tls.VersionTLS12)),
		c("serial-negative-ca", "a negative serial number in the intermediate", intermediate(negative)),
		c("serial-negative-stray", "a negative serial number in a stray", func(a *authorities, l *leaf) {
			l.last = [][]byte{a.stray(negative)}
		}),
		c("serial-negative-untrusted", "a negative serial number, untrusted", tweak(negative), strangers),
		c("serial-negative-wrong-name", "a negative serial number, wrong name", tweak(negative), names("else.example")),
		c("serial-long", "a serial number of 21 octets",
			tweak(func(c *cert) { c.serial = bytes.Repeat([]byte{0x42}, 21) })),
		c("serial-padded", "a serial number that begins with two zeros",
			tweak(func(c *cert) { c.serial = []byte{0, 0, 1} })),
		c("san-latin1", "a dNSName that is not ASCII", addSAN(tagDNS, []byte("m\xfcller.example"))),
		c("san-utf8", "a dNSName in UTF-8", addSAN(tagDNS, []byte("müller.example"))),
		c("san-uri", "a URI that is none", addSAN(tagURI, []byte("http://[bad"))),
		c("san-uri-host", "a URI whose host is none", addSAN(tagURI, []byte("http://a b/"))),
		c("san-ip-5", "an address of 5 octets", addSAN(tagIP, []byte{127, 0, 0, 1, 1})),
		c("san-ip-0", "an address of no octets", addSAN(tagIP, nil)),
		c("san-email-latin1", "an e-mail address that is not ASCII", addSAN(tagEmail, []byte("m\xfcller@example"))),
		c("printable-underscore", "_ in a PrintableString", nameWith(tagPrintable, "mail_server")),
		c("printable-at", "@ in a PrintableString", nameWith(tagPrintable, "mail@server")),
		c("printable-latin1", "Latin-1 in a PrintableString", nameWith(tagPrintable, "m\xfcller")),
		c("universal-string", "a UniversalString", nameWith(tagUniversal, "\x00\x00\x00m\x00\x00\x00x")),
		c("bmp-odd", "a BMPString of odd length", nameWith(tagBMP, "\x00mx")),
		c("bmp", "a BMPString", nameWith(tagBMP, "\x00m\x00x")),
		c("t61", "a T61String", nameWith(tagT61, "m\xfcller")),
		c("utf8-broken", "a UTF8String that is no UTF-8", nameWith(tagUTF8, "m\xfcller")),
		c("constraint-mask", "an IP mask with holes in the intermediate's name constraints",
			intermediate(func(c *cert) {
				hole := der(tagIP, []byte{10, 0, 0, 0, 255, 0, 255, 0})
				c.set(ext{idNC, true, der(tagSequence, der(0xa1, der(tagSequence, hole)))})
			})),
		c("duplicate-extension", "the same extension twice",
			tweak(func(c *cert) { c.exts = append(c.exts, eku(ekuServer)) })),
		c("critical-aki", "a critical authority key identifier", func(a *authorities, l *leaf) {
			e := aki(keyID(publicKey(l.issuer.key)))
			e.critical = true
			l.set(e)
		}),
		c("critical-ski", "a critical subject key identifier",
			with(ext{idSKI, true, der(tagOctets, []byte("12345678"))})),
		c("critical-aia", "a critical authority information access", with(ext{idAIA, true, der(tagSequence,
			der(tagSequence, oid("1.3.6.1.5.5.7.48.1"), der(tagURI, []byte("http://ocsp.example/"))))})),
		c("explicit-curve", "the parameters of the curve written out", func(_ *authorities, l *leaf) {
			l.spki = explicitP256(l.key.(*ecdsa.PrivateKey))
		}),
		c("time-generalized", "dates before 2050 as GeneralizedTime", func(a *authorities, l *leaf) {
			l.to = der(tagTime, []byte(a.now.AddDate(0, 1, 0).UTC().Format("20060102150405Z")))
		}),
		c("time-without-seconds", "a UTCTime without seconds", func(a *authorities, l *leaf) {
			l.to = der(tagUTCTime, []byte(a.now.AddDate(0, 1, 0).UTC().Format("0601021504Z")))
		}),
	}
}

// anchored puts what is signed into the CAfile in place of a root: the leaf, or the authority above it.
func anchoredLeaf(a *authorities, l *leaf) {
	l.issuer = a.stranger
	l.after = func(der []byte) { a.trust("CERTIFICATE", der) }
}

func anchoredIntermediate(a *authorities, l *leaf) {
	l.issuer = a.authority("Anchored intermediate", a.stranger)
	a.trust("CERTIFICATE", l.issuer.der)
}

// deep puts intermediates between the root and the leaf.
func deep(count int) edit {
	return under(func(a *authorities, l *leaf) *authority {
		issuer := a.root
		for i := range count {
			issuer = a.authority(fmt.Sprintf("Intermediate %d of %s", i+1, l.host), issuer)
		}
		return issuer
	})
}

// sitesD: Go says the chain is good, Postfix does not.
func sitesD() []site {
	d := func(name, about string, edits ...edit) site { return one("D", name, about, healthy(edits...)) }
	named := func(s site, host string) site {
		s.host = host
		return s
	}
	keyUsage := func(b []byte) edit { return with(ext{idKU, true, b}) }
	return []site{
		d("anchor-intermediate", "the CAfile has the intermediate, not its root", anchoredIntermediate),
		d("anchor-leaf", "the CAfile has the leaf, which an authority signed", anchoredLeaf),
		d("eku-any", "extended key usage: any", with(eku(ekuAny))),
		d("eku-any-ca", "extended key usage of the intermediate: any",
			intermediate(func(c *cert) { c.set(eku(ekuAny)) })),
		d("eku-empty", "extended key usage: an empty list", with(eku())),
		d("eku-unknown", "extended key usage: one of one's own", with(eku("1.3.6.1.4.1.99999.1"))),
		d("eku-any-and-server", "extended key usage: any, and server", with(eku(ekuAny, ekuServer))),
		d("ku-nonrepudiation", "key usage: nonRepudiation", keyUsage(bits(6, 0x40))),
		d("ku-certsign", "key usage: keyCertSign", keyUsage(bits(2, 0x04))),
		d("ku-crlsign", "key usage: cRLSign and dataEncipherment", keyUsage(bits(1, 0x12))),
		d("ku-agreement", "key usage: keyAgreement, which is enough", keyUsage(bits(3, 0x08))),
		d("ku-encipherment", "key usage: keyEncipherment, for an EC key", keyUsage(bits(5, 0x20))),
		d("aki-other", "the authority key identifier is another's", with(aki([]byte("12345678901234567890")))),
		d("aki-other-ca", "the intermediate's authority key identifier is another's", under(
			func(a *authorities, l *leaf) *authority {
				return a.authority("Intermediate of "+l.host, a.root, func(c *cert, _ *crypto.Signer) {
					c.issuer = a.root.name
					c.set(aki([]byte("12345678901234567890")))
				})
			})),
		d("aki-serial", "the authority key identifier has another serial number", func(a *authorities, l *leaf) {
			issuer := der(0xa1, der(tagDirectory, l.issuer.name))
			l.set(ext{idAKI, false, der(tagSequence, issuer, der(0x82, []byte{0x55}))})
		}),
		d("intermediates-9", "9 intermediates", deep(9)),
		d("intermediates-10", "10 intermediates", deep(10)),
		d("intermediates-11", "11 intermediates", deep(11)),
		d("intermediates-12", "12 intermediates", deep(12)),
		named(d("wildcard-tld", "a certificate for *.test", names("*.test")), "wildcard-tld-mx.test"),
		named(d("wildcard-underscore", "a wildcard, and a host with _", func(_ *authorities, l *leaf) {
			_, parent, _ := strings.Cut(l.host, ".")
			l.set(san("*." + parent))
		}), "mx_1.$D"),
		named(d("underscore", "a host with _, literally in the certificate"), "mx_1.$D"),
	}
}
