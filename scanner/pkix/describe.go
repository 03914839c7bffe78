package pkix

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net/netip"
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
func (c *Chain) describe(leaf *x509.Certificate) {
	c.Subject, c.Issuer = distinguished(leaf.RawSubject), distinguished(leaf.RawIssuer)
	c.NotBefore, c.NotAfter = leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
	c.Key, c.Signature = keyText(leaf), leaf.SignatureAlgorithm.String()
	names := leaf.DNSNames
	if len(names) == 0 {
		names = commonNames(leaf)
		c.CNOnly = len(names) > 0
	}
	addrs := leaf.IPAddresses
	if len(names)+len(addrs) > maxNames {
		names = names[:min(len(names), maxNames)]
		addrs = addrs[:min(len(addrs), maxNames-len(names))]
		c.Notes = append(c.Notes, NamesCut)
	}
	c.Names = append(c.Names, names...)
	for _, ip := range addrs {
		if addr, ok := netip.AddrFromSlice(ip); ok {
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
		root = root || selfIssued(o)
		expired = expired || at.After(o.NotAfter)
	}
	bits := rsaBits(s.leaf)
	wrongOrder, stray := s.order()
	note(Wildcard, wildcard)
	note(CNOnly, c.CNOnly)
	note(ShortKey, bits > 0 && bits < shortRSA)
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
	children := func(parent *x509.Certificate) (first int, any bool) {
		if bytes.Equal(s.leaf.RawIssuer, parent.RawSubject) {
			return -1, true
		}
		for i, c := range s.others {
			if c != parent && bytes.Equal(c.RawIssuer, parent.RawSubject) {
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

// keyText is a key's kind and size.
func keyText(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	if c.PublicKeyAlgorithm == x509.UnknownPublicKeyAlgorithm {
		return "unknown"
	}
	return c.PublicKeyAlgorithm.String()
}

var oidCommonName = asn1.ObjectIdentifier{2, 5, 4, 3}

// commonNames are all CNs of the subject: OpenSSL compares each, pkix.Name.CommonName is only the last.
func commonNames(c *x509.Certificate) []string {
	var names []string
	for _, a := range c.Subject.Names {
		if cn, ok := a.Value.(string); ok && cn != "" && a.Type.Equal(oidCommonName) {
			names = append(names, cn)
		}
	}
	return names
}

// distinguished is a DER name as RFC 2253 writes it: last part first. pkix.Name.String would sort the parts.
func distinguished(der []byte) string {
	var rdns pkix.RDNSequence
	if len(der) > maxDN {
		return fmt.Sprintf("(a name of %d octets)", len(der))
	}
	if _, err := asn1.Unmarshal(der, &rdns); err != nil {
		return fmt.Sprintf("(a name of %d octets that cannot be read)", len(der))
	}
	return clip(rdns.String())
}

// title and issuer name a certificate and its issuer in a sentence.
func title(c *x509.Certificate) string  { return named(c.RawSubject) }
func issuer(c *x509.Certificate) string { return named(c.RawIssuer) }

func named(der []byte) string {
	if text := distinguished(der); text != "" {
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
