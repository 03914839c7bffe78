//go:build parity

package main_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"slices"
	"strings"
)

// common makes the leaf's name CN=host, with the host changed, and takes the subjectAltName away.
func common(change func(host string) string) edit {
	return func(_ *authorities, l *leaf) {
		l.subject = dn(tagUTF8, change(l.host))
		l.drop(idSAN)
	}
}

func same(host string) string     { return host }
func wildcard(host string) string { return "*." + strings.SplitN(host, ".", 2)[1] }

// rewritten is the lab's root under a name that the leaf spells otherwise.
func rewritten(root, leafs []byte) edit {
	return func(a *authorities, l *leaf) {
		l.issuer = a.authority("", nil, func(c *cert, _ *crypto.Signer) { c.subject = root })
		a.trust("CERTIFICATE", l.issuer.der)
		l.cert.issuer = leafs
	}
}

// labelled is a root in the CAfile under another PEM label, with octets behind its certificate.
func labelled(label string, aux []byte) edit {
	return under(func(a *authorities, l *leaf) *authority {
		made := a.authority("Root of "+l.host, nil)
		a.trust(label, append(made.der, aux...))
		return made
	})
}

func sha1Signed(c *cert) { c.hash = crypto.SHA1 }

// sitesE: Go rejects, Postfix verifies.
func sitesE() []site {
	e := func(name, about string, edits ...edit) site { return one("E", name, about, healthy(edits...)) }
	altName := func(tag byte, content []byte) edit {
		return with(ext{idSAN, false, der(tagSequence, der(tag, content))})
	}
	policies := ext{idPolicyConstraints, true, der(tagSequence, der(0x80, []byte{0}))}
	directory := der(tagDirectory, dnOf(attribute("2.5.4.10", tagUTF8, "nobody")))
	return []site{
		e("cn", "a common name, no subjectAltName", common(same)),
		e("cn-tls12", "a common name, no subjectAltName, TLS 1.2", common(same), maxVersion(tls.VersionTLS12)),
		e("cn-wildcard", "a wildcard for a common name", common(wildcard)),
		e("cn-wrong", "a wrong common name, no subjectAltName", common(func(string) string { return "else.example" })),
		e("cn-upper", "a common name in capitals", common(strings.ToUpper)),
		e("cn-two", "two common names, the second is right", func(_ *authorities, l *leaf) {
			l.drop(idSAN)
			l.subject = dnOf(cn(tagUTF8, "else.example"), cn(tagUTF8, l.host))
		}),
		e("cn-space", "a common name with a space behind it", common(func(h string) string { return h + " " })),
		e("cn-beside-san", "a common name that is right, a dNSName that is wrong", common(same), names("else.example")),
		e("san-empty", "a common name, an empty subjectAltName",
			common(same), with(ext{idSAN, false, der(tagSequence)})),
		e("san-email", "a common name, an e-mail address for subjectAltName",
			common(same), altName(tagEmail, []byte("a@b.example"))),
		e("san-ip", "a common name, an address for subjectAltName", common(same), altName(tagIP, []byte{127, 0, 0, 1})),
		e("san-uri-only", "a common name, a URI for subjectAltName",
			common(same), altName(tagURI, []byte("https://b.example/"))),
		e("v1", "an X.509 v1 certificate", common(same), tweak(func(c *cert) { c.v1 = true })),
		e("v1-wrong", "an X.509 v1 certificate for another", common(func(string) string { return "else.example" }),
			tweak(func(c *cert) { c.v1 = true })),
		e("issuer-case", "the issuer's name in other case",
			rewritten(dn(tagUTF8, "Case Root"), dn(tagUTF8, "CASE ROOT"))),
		e("issuer-type", "the issuer's name in another string type",
			rewritten(dn(tagPrintable, "Type Root"), dn(tagUTF8, "Type Root"))),
		e("issuer-spaces", "the issuer's name with more spaces",
			rewritten(dn(tagUTF8, "Space Root"), dn(tagUTF8, " Space  Root "))),
		e("root-no-bc", "a root without basicConstraints", trusted(func(c *cert) { c.drop(idBC) })),
		e("root-no-bc-ku", "a root without basicConstraints and key usage", trusted(func(c *cert) { c.exts = nil })),
		e("constraint-directory", "name constraints of directory names alone", intermediate(func(c *cert) {
			c.set(ext{idNC, true, der(tagSequence, der(0xa1, der(tagSequence, directory)))})
		})),
		e("policy-required", "an explicit policy is required, none is there",
			intermediate(func(c *cert) { c.set(policies) })),
		e("eku-sgc", "extended key usage: Netscape's SGC", with(eku(ekuSGC))),
		e("eku-sgc-ca", "extended key usage of the intermediate: Netscape's SGC",
			intermediate(func(c *cert) { c.set(eku(ekuSGC)) })),
		e("label-trusted", "TRUSTED CERTIFICATE in the CAfile, without settings", labelled("TRUSTED CERTIFICATE", nil)),
		e("label-trusted-server", "TRUSTED CERTIFICATE that trusts for servers",
			labelled("TRUSTED CERTIFICATE", der(tagSequence, oids(ekuServer)))),
		e("label-trusted-email", "TRUSTED CERTIFICATE that trusts for e-mail",
			labelled("TRUSTED CERTIFICATE", der(tagSequence, oids(ekuEmail)))),
		e("label-rejected", "TRUSTED CERTIFICATE that rejects for servers",
			labelled("TRUSTED CERTIFICATE", der(tagSequence, der(0xa0, oid(ekuServer))))),
		e("label-x509", "X509 CERTIFICATE in the CAfile", labelled("X509 CERTIFICATE", nil)),
		e("root-negative", "a root with a negative serial number", trusted(negative)),
		e("sha1-leaf", "the leaf is signed with SHA-1", tweak(sha1Signed)),
		e("sha1-leaf-rsa", "the leaf is signed with RSA and SHA-1", withRSA, tweak(sha1Signed)),
		e("md5-leaf", "the leaf is signed with RSA and MD5", withRSA, tweak(func(c *cert) { c.hash = crypto.MD5 })),
		e("sha1-intermediate", "the intermediate is signed with SHA-1", intermediate(sha1Signed)),
		e("sha1-wrong-name", "the leaf is signed with SHA-1, wrong name", tweak(sha1Signed), names("else.example")),
	}
}

// sitesF: Go and OpenSSL agree.
func sitesF() []site {
	f := func(name, about string, edits ...edit) site { return one("F", name, about, healthy(edits...)) }
	return slices.Concat(sitesChains(), sitesMarks(), []site{
		f("p384", "a P-384 key", withKey(p384)),
		f("p521", "a P-521 key", withKey(p521)),
		f("ed25519", "an Ed25519 key", withKey(ed)),
		f("rsa-1024", "an RSA key of 1024 bits", withRSA, withKey(func() crypto.Signer { return rsaOf(1024) })),
		f("rsa-2048", "an RSA key of 2048 bits", withRSA),
		f("tls12", "TLS 1.2 alone", maxVersion(tls.VersionTLS12)),
		f("tls13", "TLS 1.3 alone", minVersion(tls.VersionTLS13)),
		f("tls12-rsa", "TLS 1.2, RSA key exchange", withRSA, maxVersion(tls.VersionTLS12), config(func(c *tls.Config) {
			c.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_256_GCM_SHA384}
		})),
		f("hello-retry", "a second ClientHello is asked for", config(func(c *tls.Config) {
			c.CurvePreferences = []tls.CurveID{tls.CurveP384}
		})),
		f("client-certificate", "a client certificate is asked for, none is accepted", config(func(c *tls.Config) {
			c.ClientAuth = tls.RequestClientCert
		})),
		f("server-name-needed", "unrecognized_name without SNI", config(func(c *tls.Config) {
			c.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) { return nil, errNoName }
		})),
		f("san-upper", "the name in capitals", func(_ *authorities, l *leaf) { l.set(san(strings.ToUpper(l.host))) }),
		f("san-dot-behind", "the name with a dot behind it",
			func(_ *authorities, l *leaf) { l.set(san(l.host + ".")) }),
		f("san-dot-before", "the name with a dot before it",
			func(_ *authorities, l *leaf) { l.set(san("." + l.host)) }),
		f("san-star", "the name *", names("*")),
		f("san-partial", "the name m*.DOMAIN", func(_ *authorities, l *leaf) { l.set(san("m" + wildcard(l.host))) }),
		f("san-star-inside", "the name mx.*.test", names("mx.*.test")),
		f("san-wildcard", "a wildcard", func(_ *authorities, l *leaf) { l.set(san(wildcard(l.host))) }),
		f("san-nul", "a name with a NUL behind the right one",
			func(_ *authorities, l *leaf) { l.set(san(l.host + "\x00.example")) }),
		f("san-many", "300 names, the last is right", func(_ *authorities, l *leaf) {
			many := make([]string, 300)
			for i := range many {
				many[i] = "else.example"
			}
			l.set(san(append(many, l.host)...))
		}),
		f("san-idn", "a name in Unicode's A-labels beside the right one", func(_ *authorities, l *leaf) {
			l.set(san("xn--mller-kva.example", l.host))
		}),
	})
}

func rsaOf(bits int) crypto.Signer { return must(rsa.GenerateKey(rand.Reader, bits)) }

// expired is an authority's certificate that was good until a month ago.
func expired(a *authorities) func(*cert, *crypto.Signer) {
	return func(c *cert, _ *crypto.Signer) {
		c.from, c.to = utcTime(a.now.AddDate(-1, 0, 0)), utcTime(a.now.AddDate(0, -1, 0))
	}
}

// reusing gives an authority the key and the name of another.
func reusing(other *authority) func(*cert, *crypto.Signer) {
	return func(c *cert, key *crypto.Signer) { c.subject, *key = other.name, other.key }
}

// sitesChains are those of class F that are about chains.
func sitesChains() []site {
	f := func(name, about string, edits ...edit) site { return one("F", name, about, healthy(edits...)) }
	constraint := func(tag byte, name string) func(*cert) {
		return func(c *cert) {
			c.set(ext{idNC, true, der(tagSequence, der(tag, der(tagSequence, der(tagDNS, []byte(name)))))})
		}
	}
	return []site{
		f("expired-intermediate", "the intermediate has expired", under(func(a *authorities, l *leaf) *authority {
			return a.authority("Intermediate of "+l.host, a.root, expired(a))
		})),
		f("expired-root", "the root has expired", under(func(a *authorities, l *leaf) *authority {
			root := a.authority("Root of "+l.host, nil, expired(a))
			a.trust("CERTIFICATE", root.der)
			return root
		})),
		f("chain", "an intermediate", intermediate()),
		f("chain-missing", "an intermediate that is not sent",
			intermediate(), func(_ *authorities, l *leaf) { l.only = true }),
		f("chain-cafile", "an intermediate that the CAfile has, with its root",
			intermediate(), func(a *authorities, l *leaf) {
				l.only = true
				a.trust("CERTIFICATE", l.issuer.der)
			}),
		f("cross-expired", "an intermediate that an expired old root signed too",
			under(func(a *authorities, l *leaf) *authority {
				oldRoot := a.authority("Old root of "+l.host, nil, expired(a))
				newRoot := a.authority("New root of "+l.host, nil)
				cross := a.authority("", oldRoot, reusing(newRoot))
				a.trust("CERTIFICATE", oldRoot.der)
				a.trust("CERTIFICATE", newRoot.der)
				newRoot.chain = [][]byte{cross.der}
				return newRoot
			})),
		f("root-twice", "an expired and a valid root of one name and key",
			under(func(a *authorities, l *leaf) *authority {
				root := a.authority("Root of "+l.host, nil)
				a.trust("CERTIFICATE", a.authority("", nil, reusing(root), expired(a)).der)
				a.trust("CERTIFICATE", root.der)
				return root
			})),
		f("chain-order", "intermediates in the wrong order", deep(3), func(_ *authorities, l *leaf) {
			l.chain = [][]byte{l.issuer.chain[2], l.issuer.chain[0], l.issuer.chain[1]}
		}),
		f("chain-twice", "the leaf sent twice", intermediate(), func(_ *authorities, l *leaf) {
			l.chain = append([][]byte{l.issuer.der}, l.issuer.der, l.issuer.der)
		}),
		f("chain-stray", "a stray before the intermediate",
			intermediate(), func(a *authorities, l *leaf) { l.first = [][]byte{a.stray()} }),
		f("chain-root", "the root is sent",
			intermediate(), func(a *authorities, l *leaf) { l.last = [][]byte{a.root.der} }),
		f("path-length", "more intermediates than the first allows", under(func(a *authorities, l *leaf) *authority {
			first := a.authority("First of "+l.host, a.root, func(c *cert,
				_ *crypto.Signer) {
				c.set(basicConstraints(0))
			})
			return a.authority("Second of "+l.host, first)
		})),
		f("not-ca", "an intermediate that is no authority", intermediate(func(c *cert) { c.drop(idBC) })),
		f("constraint-permitted", "name constraints that permit the name", intermediate(constraint(0xa0, "test"))),
		f("constraint-excluded", "name constraints that exclude the name", intermediate(constraint(0xa1, "test"))),
		f("constraint-elsewhere", "name constraints that permit other names",
			intermediate(constraint(0xa0, "example"))),
	}
}

// sitesMarks are those of class F that are about what stands in certificates.
func sitesMarks() []site {
	f := func(name, about string, edits ...edit) site { return one("F", name, about, healthy(edits...)) }
	return []site{
		f("critical-unknown", "an unknown critical extension", with(ext{"1.3.6.1.4.1.99999.2", true, []byte{5, 0}})),
		f("critical-unknown-ca", "an unknown critical extension in the intermediate", intermediate(func(c *cert) {
			c.set(ext{"1.3.6.1.4.1.99999.2", true, []byte{5, 0}})
		})),
		f("self-signed-known", "self-signed, and in the CAfile", func(a *authorities, l *leaf) {
			selfSigned(a, l)
			l.after = func(der []byte) { a.trust("CERTIFICATE", der) }
		}),
		f("sha1-root", "a root that is signed with SHA-1", trusted(sha1Signed)),
		f("v1-root", "an X.509 v1 root", trusted(func(c *cert) { c.v1 = true })),
		f("serial-0", "the serial number 0", tweak(func(c *cert) { c.serial = []byte{0} })),
		f("leaf-ca", "a leaf that is an authority", with(basicConstraints())),
		f("eku-client", "extended key usage: client", with(eku(ekuClient))),
		f("eku-client-ca", "extended key usage of the intermediate: client",
			intermediate(func(c *cert) { c.set(eku(ekuClient)) })),
		f("eku-client-root", "extended key usage of the root: client",
			trusted(func(c *cert) { c.set(eku(ekuClient)) })),
		f("eku-none", "no extended key usage", without(idEKU)),
		f("no-extensions", "no key usage, no extended key usage", without(idEKU, idKU)),
		f("signature-wrong", "a signature by another key", func(a *authorities, l *leaf) {
			forger := *a.root
			forger.key = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
			l.issuer = &forger
			l.set(aki(keyID(publicKey(a.root.key))))
		}),
	}
}
