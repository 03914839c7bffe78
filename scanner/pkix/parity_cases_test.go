package pkix

import (
	"crypto"
	"fmt"
	"slices"
	"testing"
)

// A parityCase is a chain on which OpenSSL's verdict is known: the error that Postfix keeps at security level 0 and 1,
// 0 for none. The verdicts were taken from OpenSSL 3.0 and Postfix 3.7, which the tests ask again.
type parityCase struct {
	name   string
	chain  [][]byte
	key    crypto.Signer // of the leaf
	roots  []byte        // PEM
	level0 int
	level1 int
	web    Status // of WebPKI
}

// world is what the cases are made from. Good certificates are valid for years, since a real Postfix goes by the
// machine's clock.
type world struct {
	t                 testing.TB
	root, inter, leaf *issued
}

var longLived = dates(-30*day, 4000*day)

func newWorld(t testing.TB) *world {
	w := &world{t: t}
	w.root = newCA(t, "Root", nil, longLived)
	w.inter = newCA(t, "Intermediate", w.root, longLived)
	w.leaf = w.server(w.inter)
	return w
}

// server is a server's certificate, host is its name.
func (w *world) server(ca *issued, edits ...edit) *issued {
	w.t.Helper()
	return newLeaf(w.t, parityHost, ca, append([]edit{longLived}, edits...)...)
}

const parityHost = "mx.example.com"

// ca is an intermediate under the root.
func (w *world) ca(cn string, edits ...edit) *issued {
	w.t.Helper()
	return newCA(w.t, cn, w.root, append([]edit{longLived}, edits...)...)
}

// same is a case whose verdict is the same at both levels.
func (w *world) same(name string, num int, web Status, chain ...*issued) parityCase {
	return parityCase{name, ders(chain...), chain[0].key, pemOf(w.root), num, num, web}
}

// leafWith is a chain of the leaf, changed, and the intermediate.
func (w *world) leafWith(name string, num int, web Status, edit func(*tbs)) parityCase {
	w.t.Helper()
	return w.same(name, num, web, reissue(w.t, w.leaf, w.inter, edit), w.inter)
}

// interWith is a chain of the leaf and the intermediate, changed.
func (w *world) interWith(name string, num int, web Status, edit func(*tbs)) parityCase {
	w.t.Helper()
	inter := reissue(w.t, w.inter, w.root, edit)
	return w.same(name, num, web, reissue(w.t, w.leaf, inter, nil), inter)
}

// rootWith is a chain under a root of another making.
func (w *world) rootWith(name string, num int, web Status, edit func(*tbs)) parityCase {
	w.t.Helper()
	root := reissue(w.t, w.root, nil, edit)
	c := w.same(name, num, web, reissue(w.t, w.leaf, root, nil))
	c.roots = pemOf(root)
	return c
}

// bmp is ASCII as a BMPString.
func bmp(s string) string {
	var b []byte
	for i := range len(s) {
		b = append(b, 0, s[i])
	}
	return string(b)
}

// dns, ip and uri are elements of a SAN.
func dns(s string) []byte { return tlv(tagContext+kindDNS, []byte(s)) }
func ip(s string) []byte  { return tlv(tagContext+kindIP, []byte(s)) }
func uri(s string) []byte { return tlv(tagContext+kindURI, []byte(s)) }

// classC are certificates that crypto/x509 cannot parse.
func (w *world) classC() []parityCase {
	negative := func(c *tbs) { c.serial = []byte{2, 2, 0xfe, 0x01} }
	subject := func(tag byte, value string) func(*tbs) {
		return func(c *tbs) { c.subjectName = nameDER(attr{oidCN, tag, value}) }
	}
	limits := func(base []byte) func(*tbs) {
		return func(c *tbs) {
			c.add(oidNameConstraints, true, tlv(tagSequence, tlv(tagConstructed+0, tlv(tagSequence, base))))
		}
	}
	stray := reissue(w.t, w.ca("Stray"), w.root, negative)
	twice := func(oid string) func(*tbs) {
		return func(c *tbs) {
			for _, e := range c.extensions {
				body := must(whole(e, tagSequence)).body
				if string(must(body.take(tagOID)).body) == oid {
					c.extensions = append(c.extensions, e)
					return
				}
			}
			w.t.Fatalf("no extension %x", oid)
		}
	}
	return []parityCase{
		w.leafWith("negative serial, leaf", 0, Untrusted, negative),
		w.interWith("negative serial, intermediate", 0, Untrusted, negative),
		w.same("negative serial, stray", 0, Trusted, w.leaf, w.inter, stray),
		w.rootWith("negative serial, root", 0, Untrusted, negative),
		w.leafWith("non-ASCII SAN beside", 0, Untrusted, func(c *tbs) {
			c.san(dns(parityHost), dns("m\xfcller.example.com"))
		}),
		w.leafWith("UTF-8 SAN beside", 0, Untrusted, func(c *tbs) {
			c.san(dns("m\u00fcller.example.com"), dns(parityHost))
		}),
		w.leafWith("URI with a bad host", 0, Untrusted, func(c *tbs) { c.san(dns(parityHost), uri("http://a b:c/")) }),
		w.leafWith("URI that is none", 0, Untrusted, func(c *tbs) { c.san(dns(parityHost), uri("%zz:%")) }),
		w.leafWith("address of 5 octets", 0, Untrusted, func(c *tbs) { c.san(dns(parityHost), ip("12345")) }),
		w.leafWith("address without octets", 0, Untrusted, func(c *tbs) { c.san(dns(parityHost), ip("")) }),
		w.leafWith("PrintableString with _", 0, Untrusted, subject(tagPrintableString, "mx_1.example.com")),
		w.leafWith("PrintableString with @", 0, Untrusted, subject(tagPrintableString, "a@example.com")),
		w.leafWith("IA5String above ASCII", 0, Untrusted, subject(tagIA5String, "m\xfcller")),
		w.leafWith("UniversalString", 0, Untrusted, subject(tagUniversalString, "\x00\x00\x00m\x00\x00\x00x")),
		w.leafWith("BMPString", 0, Trusted, subject(tagBMPString, "\x00m\x00x")),
		w.leafWith("T61String", 0, Trusted, subject(tagT61String, "m\xfcller")),
		w.interWith("PrintableString with _, intermediate", 0, Untrusted, subject(tagPrintableString, "CA_1")),
		w.interWith("name constraint with a bad mask", 0, Untrusted, limits(ip("\x0a\x00\x00\x00\xff\x00\xff\x00"))),
		w.interWith("name constraint of 3 octets", 0, Untrusted, limits(ip("\x0a\x00\x00"))),
		w.leafWith("SAN twice", errNoLocalIssuer, Untrusted, twice(oidSubjectAltName)),
		w.leafWith("key usage twice", errNoLocalIssuer, Untrusted, twice(oidKeyUsage)),
		w.interWith("basic constraints twice, intermediate", errNoLocalIssuer, Untrusted, twice(oidBasicConstraints)),
		w.leafWith("critical AKI", errCritical, Untrusted, func(c *tbs) {
			c.add(oidAuthorityKeyID, true, tlv(tagSequence))
		}),
		w.leafWith("critical SKI", errCritical, Untrusted, func(c *tbs) {
			c.add(oidSubjectKeyID, true, tlv(tagOctetString, []byte("key")))
		}),
		w.leafWith("critical AIA", errCritical, Untrusted, func(c *tbs) {
			c.add("\x2b\x06\x01\x05\x05\x07\x01\x01", true, tlv(tagSequence, tlv(tagSequence,
				tlv(tagOID, []byte("\x2b\x06\x01\x05\x05\x07\x30\x01")), uri("http://ocsp.example.com/"))))
		}),
		w.leafWith("empty key usage", errNoLocalIssuer, Trusted, func(c *tbs) {
			c.set(oidKeyUsage, tlv(tagBitString, []byte{7, 0}))
		}),
		w.leafWith("negative path length", errNoLocalIssuer, Untrusted, func(c *tbs) {
			c.set(oidBasicConstraints, tlv(tagSequence, []byte{1, 1, 0xff}, []byte{2, 1, 0xff}))
		}),
		w.leafWith("length in more octets than needed", 0, Untrusted, func(c *tbs) {
			c.subjectName = append([]byte{tagSequence, 0x82, 0}, nameDER(attr{oidCN, tagUTF8String, "mx"})[1:]...)
		}),
	}
}

// classD are chains that crypto/x509 trusts, as it is, and Postfix does not.
func (w *world) classD() []parityCase {
	purposes := func(oids ...string) func(*tbs) {
		return func(c *tbs) {
			var list [][]byte
			for _, o := range oids {
				list = append(list, tlv(tagOID, []byte(o)))
			}
			c.set(oidExtKeyUsage, tlv(tagSequence, list...))
		}
	}
	keyUsage := func(bits byte) func(*tbs) {
		return func(c *tbs) { c.set(oidKeyUsage, tlv(tagBitString, []byte{0, bits})) }
	}
	only := func(name string, num int, root *issued, chain ...*issued) parityCase {
		c := w.same(name, num, Untrusted, chain...)
		c.roots = pemOf(root)
		return c
	}
	const clientAuth = "\x2b\x06\x01\x05\x05\x07\x03\x02"
	return []parityCase{
		only("bundle has the intermediate alone", errNoIssuer, w.inter, w.leaf, w.inter),
		only("bundle has the intermediate alone, not sent", errNoIssuer, w.inter, w.leaf),
		only("bundle has the leaf alone", errNoLocalIssuer, w.leaf, w.leaf, w.inter),
		w.leafWith("any extended key usage", errPurpose, Untrusted, purposes(oidAnyUsage)),
		w.leafWith("empty extended key usage", errPurpose, Untrusted, purposes()),
		w.leafWith("client and mail usage", errPurpose, Untrusted, purposes(clientAuth, "\x2b\x06\x01\x05\x05\x07\x03\x04")),
		w.interWith("any extended key usage, intermediate", errPurpose, Trusted, purposes(oidAnyUsage)),
		w.leafWith("key usage: certificates", errPurpose, Trusted, keyUsage(usageCertSign)),
		w.leafWith("key usage: non-repudiation", errPurpose, Trusted, keyUsage(0x40)),
		w.leafWith("key usage: encipherment", 0, Trusted, keyUsage(usageEncipherment)),
		w.leafWith("key usage: agreement", 0, Trusted, keyUsage(usageAgreement)),
		w.leafWith("AKI of another key", errNoLocalIssuer, Trusted, func(c *tbs) {
			c.add(oidAuthorityKeyID, false, tlv(tagSequence, tlv(tagContext+0, []byte("another key"))))
		}),
		w.leafWith("AKI with another serial", errNoLocalIssuer, Trusted, func(c *tbs) {
			c.add(oidAuthorityKeyID, false, tlv(tagSequence, tlv(tagConstructed+1, tlv(tagConstructed+kindDir, c.issuer)),
				tlv(tagContext+2, []byte{77})))
		}),
		w.same("ten intermediates", 0, Trusted, w.deep(10)...),
		w.same("eleven intermediates", errTooLong, Trusted, w.deep(11)...),
		w.same("twelve intermediates", errTooLong, Trusted, w.deep(12)...),
	}
}

// deep is a chain with n intermediates.
func (w *world) deep(n int) []*issued {
	ca, chain := w.root, []*issued(nil)
	for i := range n {
		ca = newCA(w.t, fmt.Sprint("Deep ", i), ca, longLived)
		chain = append([]*issued{ca}, chain...)
	}
	return append([]*issued{w.server(ca)}, chain...)
}

// classE are chains that crypto/x509 refuses and Postfix takes, at level 0 at least.
func (w *world) classE() []parityCase {
	name := func(tag byte, cn string) func(*tbs) {
		return func(c *tbs) { c.issuer = nameDER(attr{oidCN, tag, cn}) }
	}
	labelled := func(what, label string, num int, settings ...[]byte) parityCase {
		c := w.same(what, num, Untrusted, w.leaf, w.inter)
		if num == 0 {
			c.web = Trusted
		}
		c.roots = []byte(pemText(label, string(slices.Concat(w.root.Raw, slices.Concat(settings...)))))
		return c
	}
	serverAuth := tlv(tagOID, []byte(oidServerAuth))
	clientAuth := tlv(tagOID, []byte("\x2b\x06\x01\x05\x05\x07\x03\x02"))
	trustedInter := w.same("bundle trusts the intermediate by its settings", 0, Trusted, w.leaf)
	trustedInter.roots = []byte(pemText("TRUSTED CERTIFICATE",
		string(slices.Concat(w.inter.Raw, tlv(tagSequence, tlv(tagSequence, serverAuth))))))
	dir := tlv(tagConstructed+kindDir, nameDER(attr{oidCN, tagUTF8String, "MX.example.com"}))
	otherDir := tlv(tagConstructed+kindDir, nameDER(attr{oidCN, tagUTF8String, "other"}))
	permitted := func(base []byte) []byte { return tlv(tagSequence, tlv(tagConstructed+0, tlv(tagSequence, base))) }
	return []parityCase{
		w.leafWith("version 1", 0, Trusted, func(c *tbs) { c.version = nil }),
		w.leafWith("no SAN", 0, Trusted, func(c *tbs) { c.drop(oidSubjectAltName) }),
		w.leafWith("empty SAN", 0, Trusted, func(c *tbs) { c.san() }),
		w.leafWith("issuer in upper case", 0, Untrusted, name(tagPrintableString, "INTERMEDIATE")),
		w.leafWith("issuer as UTF8String", 0, Untrusted, name(tagUTF8String, "Intermediate")),
		w.leafWith("issuer as BMPString", 0, Untrusted, name(tagBMPString, bmp("Intermediate"))),
		w.leafWith("issuer with blanks", 0, Untrusted, name(tagUTF8String, "  Intermediate \t")),
		w.leafWith("issuer with a blank within", errNoLocalIssuer, Untrusted, name(tagUTF8String, "Inter mediate")),
		w.leafWith("issuer as NumericString", errNoLocalIssuer, Untrusted, name(tagNumericString, "Intermediate")),
		w.rootWith("root without basic constraints", 0, Untrusted, func(c *tbs) { c.drop(oidBasicConstraints) }),
		w.rootWith("root without basic constraints and key usage", errNotCA, Untrusted, func(c *tbs) {
			c.drop(oidBasicConstraints)
			c.drop(oidKeyUsage)
		}),
		w.interWith("intermediate without basic constraints", errNotCA, Untrusted, func(c *tbs) {
			c.drop(oidBasicConstraints)
		}),
		w.rootWith("version 1 root", 0, Trusted, func(c *tbs) { c.version = nil }),
		w.interWith("version 1 intermediate", errNotCA, Untrusted, func(c *tbs) { c.version = nil }),
		w.interWith("directory name constraint", 0, StatusUnknown, func(c *tbs) {
			c.add(oidNameConstraints, true, permitted(dir))
		}),
		w.interWith("directory name constraint, violated", errNotPermitted, Untrusted, func(c *tbs) {
			c.add(oidNameConstraints, true, permitted(otherDir))
		}),
		w.interWith("explicit policy, and none", 0, Untrusted, func(c *tbs) {
			c.add(oidPolicyConstraints, true, tlv(tagSequence, []byte{0x80, 1, 0}))
		}),
		w.leafWith("Netscape's gated crypto", 0, Untrusted, func(c *tbs) {
			c.set(oidExtKeyUsage, tlv(tagSequence, tlv(tagOID, []byte(oidNetscapeSGC))))
		}),
		w.leafWith("Microsoft's gated crypto", 0, Untrusted, func(c *tbs) {
			c.set(oidExtKeyUsage, tlv(tagSequence, tlv(tagOID, []byte(oidMicrosoftSGC))))
		}),
		labelled("old label", "X509 CERTIFICATE", 0),
		labelled("trusted label without settings", "TRUSTED CERTIFICATE", 0),
		labelled("trusted for servers", "TRUSTED CERTIFICATE", 0, tlv(tagSequence, tlv(tagSequence, serverAuth))),
		labelled("trusted for clients", "TRUSTED CERTIFICATE", errRejected, tlv(tagSequence, tlv(tagSequence, clientAuth))),
		labelled("rejected for servers", "TRUSTED CERTIFICATE", errRejected,
			tlv(tagSequence, tlv(tagConstructed+0, serverAuth))),
		labelled("rejected for clients", "TRUSTED CERTIFICATE", 0, tlv(tagSequence, tlv(tagConstructed+0, clientAuth))),
		labelled("settings under the plain label", "CERTIFICATE", 0, tlv(tagSequence, tlv(tagConstructed+0, serverAuth))),
		trustedInter,
	}
}
