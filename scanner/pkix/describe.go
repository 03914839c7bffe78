package pkix

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of what is kept of a certificate's texts.
const (
	maxNames = 10_000  // names of a leaf; 256 KiB could hold some 60,000
	maxText  = 512     // octets of a distinguished name or of an error's detail
	maxDN    = 4 << 10 // octets of a DER name that is still turned into text, which takes time by the square
	shortRSA = 2048    // bits below which an RSA key is worth a note (NIST SP 800-131A)
)

// describe fills in what the leaf says of itself.
func (c *Chain) describe(leaf *certificate) {
	c.Subject, c.Issuer = leaf.subject.text(), leaf.issuer.text()
	c.NotBefore, c.NotAfter = leaf.notBefore.UTC(), leaf.notAfter.UTC()
	c.Key, c.Signature = leaf.key.text, leaf.algorithm.name
	names := leaf.names.texts(kindDNS)
	if len(names) == 0 {
		names = slices.DeleteFunc(leaf.subject.values(oidCN), func(cn string) bool { return cn == "" })
		c.CNOnly = len(names) > 0
	}
	addrs := leaf.names.texts(kindIP)
	if len(names)+len(addrs) > maxNames {
		names = names[:min(len(names), maxNames)]
		addrs = addrs[:min(len(addrs), maxNames-len(names))]
		c.Notes = append(c.Notes, NamesCut)
	}
	c.Names = append(c.Names, names...)
	for _, ip := range addrs {
		if addr, ok := netip.AddrFromSlice([]byte(ip)); ok {
			c.Addrs = append(c.Addrs, addr.Unmap())
			c.Names = append(c.Names, addr.Unmap().String())
		}
	}
}

// observe fills in the notes, in the order of their values but for NamesCut.
func (c *Chain) observe(s *sent, at time.Time) {
	note := func(n Note, is bool) {
		if is {
			c.Notes = append(c.Notes, n)
		}
	}
	wildcard, root, expired := false, false, false
	for _, n := range c.Names {
		wildcard = wildcard || strings.HasPrefix(n, "*.")
	}
	for _, o := range s.others {
		root = root || o.selfSigned
		expired = expired || at.After(o.notAfter.Time)
	}
	m := s.leaf.key.modulus
	wrongOrder, stray := s.order()
	note(Wildcard, wildcard)
	note(CNOnly, c.CNOnly)
	note(ShortKey, m != nil && m.BitLen() < shortRSA)
	note(RootSent, root)
	note(ExpiredSent, expired)
	note(WrongOrder, wrongOrder)
	note(DuplicateSent, s.twice)
	note(StraySent, stray)
	note(MalformedSent, s.bad != nil)
}

// order follows the issuers' names from the leaf up through what was sent. The order is wrong when an issuer stands
// before what it issued; a stray issued nothing that was sent.
func (s *sent) order() (wrong, stray bool) {
	children := func(parent *certificate) (first int, any bool) {
		if s.leaf.issuer.equal(parent.subject) {
			return -1, true
		}
		for i, c := range s.others {
			if c != parent && c.issuer.equal(parent.subject) {
				return i, true
			}
		}
		return 0, false
	}
	for i, c := range s.others {
		first, any := children(c)
		stray = stray || !any
		wrong = wrong || any && first > i
	}
	return wrong, stray
}

// text is a name as RFC 2253 writes it: last part first, as crypto/x509/pkix does it.
func (n dn) text() string {
	if len(n.raw) > maxDN {
		return fmt.Sprintf("(a name of %d octets)", len(n.raw))
	}
	var rdns pkix.RDNSequence
	for _, a := range n.entries {
		for len(rdns) <= a.rdn {
			rdns = append(rdns, nil)
		}
		var id asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(append([]byte{tagOID, byte(len(a.oid))}, a.oid...), &id); err != nil {
			continue // an arc beyond Go's integers
		}
		rdns[a.rdn] = append(rdns[a.rdn], pkix.AttributeTypeAndValue{Type: id, Value: a.value})
	}
	return clip(rdns.String())
}

// title names a certificate or its issuer in a sentence.
func (n dn) title() string {
	if text := n.text(); text != "" {
		return text
	}
	return "(an empty name)"
}

// clip cuts a text at maxText, between characters.
func clip(text string) string {
	if len(text) <= maxText {
		return text
	}
	cut := maxText
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}
