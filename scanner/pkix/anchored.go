package pkix

import (
	"errors"
	"fmt"
	"time"

	"mxtls/scanner/truth"
)

// Anchors are trust anchors that a server's own domain names for it in the DNS (RFC 6698 2.1.1, usages 2 and 3). No
// bundle has a say beside them.
type Anchors struct {
	// Leaf says that the server's certificate itself is named (usage 3): then nothing about it counts but that its key
	// is not too weak for security level 1, and the other fields are not looked at.
	Leaf bool

	Certs [][]byte // whole certificates, DER: they help to build the path where the server did not send them
	Keys  [][]byte // whole SubjectPublicKeyInfos, DER: the certificate that holds the key need not be there

	// Is reports whether a certificate above the leaf is an anchor, given it and its SubjectPublicKeyInfo. One of Certs
	// is an anchor only if Is says so. nil = none is one.
	Is func(cert, key []byte) bool
}

func (a *Anchors) empty() bool { return len(a.Certs) == 0 && len(a.Keys) == 0 && a.Is == nil }

// Anchored is the verdict on a chain under Anchors.
type Anchored struct {
	Chain // as of Verifier.Postfix at security level 1

	Found  bool   // a path to an anchor was built; it may have its faults, see Status
	Top    int    // where it ended: depth of the anchor, or of the last certificate below the bare key; 0 = the leaf
	Anchor []byte // the certificate that was taken for the anchor, DER; nil for a bare key, and without a path
	Key    []byte // the one of Anchors.Keys that was
}

// VerifyAnchored judges a chain as sent, DER, leaf first, for TLS servers and without a name, as Postfix has OpenSSL
// 3.0 do it for TLSA records (x509_vfy.c dane_verify, build_chain): no store; certificates of the DNS before those sent;
// the first certificate above the leaf that is an anchor ends the path; failing that, a bare key that signed the last
// of the path. Purposes, CAs, strength, signatures, dates and name constraints are looked at as ever, and by the same
// rules the dates of an anchor count only where it signed itself. Status is Unknown as in Verifier.Postfix, and
// Untrusted with Num 65 where no anchor was reached. Nothing is cached.
func VerifyAnchored(chain [][]byte, a Anchors, at time.Time) *Anchored {
	out := &Anchored{}
	octets := 0
	for _, der := range chain {
		octets += len(der)
	}
	switch {
	case len(chain) == 0:
		out.Chain = Chain{Status: Anonymous, Text: "TLS without a certificate"}
		return out
	case len(chain) > maxCerts || octets > maxOctets:
		out.Chain = tooLong(chain, octets)
		return out
	}
	c := &out.Chain
	c.SHA256, c.Sent = fingerprint(chain[0]), len(chain)
	leaf, err := readCertificate(chain[0])
	if err != nil {
		c.Reason, c.Text = CertificateMalformed, "the server's certificate cannot be parsed: "+plain(err)
		c.Unreadable = errors.Is(err, errRefused)
		return out
	}
	s := NewVerifier(new(Bundle), at).parseSent(leaf, chain)
	c.describe(leaf)
	c.observe(s, at)
	c.Unreadable = s.refused
	t := &trial{store: new(Bundle), anchors: &a, at: at, signed: func(child, parent *certificate, _ int) truth.Truth {
		return child.signed(parent)
	}}
	if a.Leaf || a.empty() {
		out.leafAlone(t, leaf)
	} else {
		t.run(leaf, s.others)
		out.Found, out.Top = t.untrusted < len(t.path) || t.bare != nil, len(t.path)-1
		if out.Key = t.bare; out.Found && t.bare == nil {
			out.Anchor = t.path[out.Top].raw
		}
	}
	c.postfix(t.nearest(1), t, s)
	return out
}

// leafAlone is all that is done where no record is about anything but the leaf.
func (a *Anchored) leafAlone(t *trial, leaf *certificate) {
	t.path, t.untrusted = []*certificate{leaf}, 1
	if leaf.key.weak() {
		t.report(0, errLeafKey, WeakKey, has(0, leaf)+leaf.key.small())
	}
	if a.Found = t.anchors.Leaf; !a.Found {
		t.report(0, errNoMatch, UnknownIssuer, "not the certificate of any TLSA record")
		return
	}
	a.Anchor = leaf.raw
}

// buildAnchored finds a path to an anchor; no choice is ever taken back.
func (t *trial) buildAnchored(sent []*certificate) {
	heap := t.heap(sent)
	for {
		last := t.path[len(t.path)-1]
		if last.selfSigned || len(t.path) > maxPath {
			break
		}
		issuer := t.pick(last, heap)
		if issuer == nil {
			break
		}
		t.path = append(t.path, issuer)
		if t.anchors.Is != nil && t.anchors.Is(issuer.raw, issuer.spki) {
			t.untrusted = len(t.path) - 1
			return
		}
		t.untrusted = len(t.path)
	}
	top := len(t.path) - 1
	switch {
	case len(t.path) > maxPath:
		t.report(top, errTooLong, ChainTooLong, fmt.Sprintf("more than %d certificates above the server's", maxPath-1))
	case t.signedByKey(t.path[top]):
	default:
		t.report(top, errNoMatch, UnknownIssuer, "issued by "+t.path[top].issuer.title()+
			", and no certificate above the server's is one of its TLSA records")
	}
}

// heap is the certificates that issuers are looked for among, each once, the anchors' before those sent.
func (t *trial) heap(sent []*certificate) (heap []*certificate) {
	known := make(map[[32]byte]bool)
	for _, der := range t.anchors.Certs {
		if c, err := readCertificate(der); err == nil && !known[c.sum] {
			known[c.sum] = true
			heap = append(heap, c)
		}
	}
	for _, c := range sent {
		if !known[c.sum] {
			heap = append(heap, c)
		}
	}
	return heap
}

// signedByKey looks for the bare key that signed c (check_dane_pkeys). A kind of signature that Go cannot check
// makes the verdict unknown.
func (t *trial) signedByKey(c *certificate) bool {
	unsure := false
	for _, der := range t.anchors.Keys {
		key, err := readKey(der)
		if err != nil {
			continue
		}
		switch c.signed(&certificate{key: key}) {
		case truth.Yes:
			t.bare = der
			return true
		case truth.Unknown:
			unsure = true
		}
	}
	if unsure {
		t.report(len(t.path)-1, 0, OtherInvalid, "signed with an algorithm that we cannot check: "+c.algorithm.name)
	}
	return false
}

// errKey is a key that is of no use.
var errKey = errors.New("a key that cannot be read")

// readKey reads a SubjectPublicKeyInfo (RFC 5280 4.1.2.7) that OpenSSL's d2i_PUBKEY takes.
func readKey(raw []byte) (publicKey, error) {
	e, err := whole(raw, tagSequence)
	if err != nil {
		return publicKey{}, err
	}
	key, err := parseKey(e.body, nil)
	if err == nil && key.kind == keyUnknown {
		err = errKey
	}
	return key, err
}

// CheckKey reports why octets are no SubjectPublicKeyInfo with a key of use; nil when they are one.
func CheckKey(spki []byte) error {
	_, err := readKey(spki)
	return err
}

// PublicKeyInfo is a certificate's SubjectPublicKeyInfo, DER, which TLSA records with selector 1 are about. The error
// is a certificate that cannot be read; or a key, and then the octets are there all the same.
func PublicKeyInfo(cert []byte) ([]byte, error) {
	c, err := readCertificate(cert)
	if err != nil {
		return nil, err
	}
	if c.key.kind == keyUnknown {
		return c.spki, errKey
	}
	return c.spki, nil
}
