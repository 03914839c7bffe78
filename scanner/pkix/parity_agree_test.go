package pkix

import "crypto/x509"

// limited are chains under name constraints of every kind.
func (w *world) limited() []parityCase {
	subtree := func(parts ...[]byte) []byte { return tlv(tagSequence, parts...) }
	with := func(name string, num int, web Status, list byte, parts ...[]byte) parityCase {
		inter := reissue(w.t, w.inter, w.root, func(c *tbs) {
			c.add(oidNameConstraints, false, tlv(tagSequence, tlv(tagConstructed+list, subtree(parts...))))
		})
		leaf := reissue(w.t, w.leaf, inter, func(c *tbs) {
			c.san(dns(parityHost), ip("\x0a\x01\x02\x03"), tlv(tagContext+kindEmail, []byte("a@Mail.example.com")),
				uri("smtp://u.example.com:25/x"))
		})
		return w.same(name, num, web, leaf, inter)
	}
	const permitted, excluded = 0, 1
	email := func(s string) []byte { return tlv(tagContext+kindEmail, []byte(s)) }
	cn := func(cn, constraint string, num int) parityCase {
		inter := w.ca("Bound", permit(constraint))
		return w.same("CN "+cn+" under "+constraint, num, Trusted, reissue(w.t, w.leaf, inter, func(c *tbs) {
			c.subject(cn)
			c.drop(oidSubjectAltName)
		}), inter)
	}
	return []parityCase{
		with("address permitted", 0, Trusted, permitted, ip("\x0a\x01\x00\x00\xff\xff\x00\x00")),
		with("address not permitted", errNotPermitted, Untrusted, permitted, ip("\x0a\x02\x00\x00\xff\xff\x00\x00")),
		with("address of the other family permitted", errNotPermitted, Untrusted, permitted, ip(string(make([]byte, 32)))),
		with("address excluded", errExcluded, Untrusted, excluded, ip("\x0a\x01\x02\x03\xff\xff\xff\xff")),
		with("mail of a host permitted", 0, Trusted, permitted, email("mail.example.com")),
		with("mail of a domain permitted", 0, Trusted, permitted, email(".example.com")),
		with("mail of another host permitted", errNotPermitted, Trusted, permitted, email("example.com")),
		with("mailbox excluded", errExcluded, Untrusted, excluded, email("a@mail.example.com")),
		with("another mailbox permitted", errNotPermitted, Untrusted, permitted, email("b@mail.example.com")),
		with("URI of a host permitted", 0, Trusted, permitted, uri("u.example.com")),
		with("URI of a domain permitted", 0, Trusted, permitted, uri(".example.com")),
		with("URI not permitted", errNotPermitted, Trusted, permitted, uri("example.com")),
		with("DNS name with a leading point", 0, Trusted, permitted, dns(".example.com")),
		with("empty DNS name permitted", 0, Trusted, permitted, dns("")),
		with("DNS name of letters alike", errNotPermitted, Untrusted, permitted, dns("x.example.com")),
		with("with a minimum", errSubtreeRange, Trusted, permitted, dns("example.com"), []byte{0x80, 1, 1}),
		with("with a minimum of zero", 0, Trusted, permitted, dns("example.com"), []byte{0x80, 1, 0}),
		with("registered ID", 0, Trusted, permitted, tlv(tagContext+8, []byte(oidServerAuth))),
		cn("mx.example.com", "example.com", 0),
		cn("mx.example.com", "example.net", errNotPermitted),
		cn("MX of Example", "example.net", 0),
		cn("mx", "example.net", 0),
		cn("*.example.com", "example.net", 0),
		cn("a_b.example.com", "example.net", errNotPermitted),
		cn("mx-.example.com", "example.net", 0),
	}
}

// classF are chains on which all agree.
func (w *world) classF() []parityCase {
	t := w.t
	expired, future := dates(-90*day, -day), dates(3000*day, 4000*day)
	oldRoot := newCA(t, "Old Root", nil, expired)
	oldInter := w.ca("Intermediate", expired)
	twin := newCA(t, "Root", nil, expired)
	cross := newCA(t, "Root", oldRoot, longLived)
	foreign := newCA(t, "Foreign Root", nil, longLived)
	under := newCA(t, "Foreign", foreign, longLived)
	noCA := newLeaf(t, "no-ca.example", w.root, longLived)
	short := w.ca("Short", func(c *x509.Certificate) { c.MaxPathLenZero = true })
	below := newCA(t, "Below", short, longLived)
	roots := func(c parityCase, roots ...*issued) parityCase { c.roots = pemOf(roots...); return c }
	self := newLeaf(t, parityHost, nil, longLived)
	unknown := extension(true, []byte{5, 0}, 1, 2, 3, 4)
	client := usage(x509.ExtKeyUsageClientAuth)
	clientRoot := newCA(t, "Root", nil, longLived, client)
	through := func(name string, num int, web Status, ca *issued) parityCase {
		return w.same(name, num, web, w.server(ca), ca)
	}
	return []parityCase{
		w.same("healthy", 0, Trusted, w.leaf, w.inter),
		w.same("root sent", 0, Trusted, w.leaf, w.inter, w.root),
		w.same("wrong order", 0, Trusted, w.leaf, w.root, w.inter),
		w.same("leaf twice", 0, Trusted, w.leaf, w.leaf, w.inter),
		w.same("stray", 0, Trusted, w.leaf, under, w.inter),
		w.same("expired", errExpired, Untrusted, w.server(w.inter, expired), w.inter),
		w.same("not yet valid", errNotYetValid, Untrusted, w.server(w.inter, future), w.inter),
		w.same("intermediate expired", errExpired, Untrusted, w.server(oldInter), oldInter),
		w.same("expired twin of the intermediate", 0, Trusted, w.server(w.inter), oldInter, w.inter),
		roots(w.same("root expired", errExpired, Untrusted, w.server(oldRoot)), oldRoot),
		roots(w.same("expired and valid root of one key", 0, Trusted, w.leaf, w.inter), twin, w.root),
		roots(w.same("cross-signed by an expired root", 0, Trusted, w.leaf, w.inter, cross, oldRoot), oldRoot, w.root),
		w.same("missing intermediate", errNoLocalIssuer, Untrusted, w.leaf),
		w.same("missing intermediate, expired", errNoLocalIssuer, Untrusted, w.server(w.inter, expired)),
		roots(w.same("intermediate from the bundle", 0, Trusted, w.leaf), w.root, w.inter),
		w.same("unknown root, sent", errSelfSignedInChain, Untrusted, w.server(under), under, foreign),
		w.same("unknown root, sent, expired leaf", errExpired, Untrusted, w.server(under, expired), under, foreign),
		w.same("unknown root, not sent", errNoLocalIssuer, Untrusted, w.server(under), under),
		w.same("self-signed", errSelfSigned, Untrusted, self),
		w.same("self-signed, expired", errSelfSigned, Untrusted, newLeaf(t, parityHost, nil, expired)),
		roots(w.same("self-signed in the bundle", 0, Trusted, self), self),
		w.same("another root of that name", errSelfSignedInChain, Untrusted, w.server(under), under, foreign),
		w.same("path length", errPathLength, Untrusted, w.server(below), below, short),
		w.same("issuer is no CA", errNotCA, Untrusted, w.server(noCA), noCA),
		through("permitted name", 0, Trusted, w.ca("Bound", permit("example.com"))),
		through("name not permitted", errNotPermitted, Untrusted, w.ca("Bound", permit("example.net"))),
		through("name excluded", errExcluded, Untrusted, w.ca("Bound", exclude("example.com"))),
		w.same("critical extension", errCritical, Untrusted, w.server(w.inter, unknown), w.inter),
		through("critical extension, intermediate", errCritical, Untrusted, w.ca("Odd", unknown)),
		w.same("client usage", errPurpose, Untrusted, w.server(w.inter, client), w.inter),
		through("client usage, intermediate", errPurpose, Untrusted, w.ca("Client", client)),
		roots(w.same("client usage, root", errPurpose, Untrusted, w.server(clientRoot)), clientRoot),
		w.leafWith("serial 0", 0, Trusted, func(c *tbs) { c.serial = []byte{2, 1, 0} }),
		w.same("leaf is a CA", 0, Trusted, w.server(w.inter, aCA), w.inter),
	}
}

func aCA(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }

func signedWith(a x509.SignatureAlgorithm) edit {
	return func(c *x509.Certificate) { c.SignatureAlgorithm = a }
}

func exclude(domains ...string) edit {
	return func(c *x509.Certificate) { c.ExcludedDNSDomains = domains }
}
