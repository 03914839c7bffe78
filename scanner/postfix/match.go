package postfix

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"

	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
)

// A belief is what Postfix makes of a server's certificate at a level.
type belief struct {
	word    Word
	refused bool   // the level wants more, so the next server is tried
	reason  string // what is amiss; at may and encrypt nothing is
	unknown bool   // whether it is refused cannot be told
}

// believe judges a server's certificate, for a handshake that is done.
func (n *plan) believe(s *Server, h shake, nexthop name.Name) belief {
	anonymous := h.flight.Version != 0 && h.flight.Anonymous()
	switch {
	case anonymous:
		return belief{word: Anonymous}
	case n.level.dane():
		return n.matchDANE(s, nexthop)
	case n.level == Fingerprint:
		return n.compareFingerprints(s, h)
	case n.level.matches():
		return n.match(s, nexthop)
	}
	return belief{word: n.word(s.Level0)}
}

// word is the word for a chain whose names do not count.
func (n *plan) word(c *pkix.Chain) Word {
	switch {
	case !n.cfg.Trusts():
		return Untrusted
	case c == nil || c.Status == pkix.StatusUnknown:
		return WordNone
	case c.Status == pkix.Trusted:
		return Trusted
	}
	return Untrusted
}

// match judges at the levels verify and secure.
func (n *plan) match(s *Server, nexthop name.Name) belief {
	c := s.Level1
	switch {
	case n.tafile:
		return belief{unknown: true, reason: TAFileNotRead}
	case !n.cfg.Trusts():
		return belief{word: Untrusted, refused: true, reason: NoTrustAnchors}
	case c == nil:
		return belief{unknown: true, reason: HandshakeNotSeen}
	case c.Status == pkix.StatusUnknown:
		return belief{unknown: true, reason: orElse(c.Reason.String(), HandshakeNotSeen)}
	case c.Status != pkix.Trusted:
		return belief{word: Untrusted, refused: true, reason: orElse(c.Reason.String(), NotTrusted)}
	}
	if _, ok := n.names.Match(c, s.Host, nexthop); ok || n.matchLoosely(c, s.Host, nexthop) {
		return belief{word: Verified}
	}
	if slices.Contains(c.Notes, pkix.NamesCut) {
		return belief{unknown: true, reason: pkix.NamesCut.String()}
	}
	b := belief{word: Untrusted, refused: true, reason: HostMismatch}
	if n.cfg.Postfix.AtLeast(3, 9) { // seen: 3.7 says Untrusted, 3.10 Trusted
		b.word = Trusted
	}
	return b
}

// matchLoosely is what Postfix 3.5 and before take beside: a wildcard that stands for several labels
// (tls_wildcard_matches_multiple_labels).
func (n *plan) matchLoosely(c *pkix.Chain, host, nexthop name.Name) bool {
	if n.cfg.Postfix.AtLeast(3, 6) {
		return false
	}
	for _, pattern := range c.Names[:max(0, len(c.Names)-len(c.Addrs))] {
		suffix, wild := strings.CutPrefix(strings.ToLower(pattern), "*")
		for _, n := range n.references(host, nexthop) {
			if wild && strings.HasPrefix(suffix, ".") && strings.HasSuffix(n, suffix) && len(n) > len(suffix) {
				return true
			}
		}
	}
	return false
}

// references are the exact names that the level compares with.
func (n *plan) references(host, nexthop name.Name) []string {
	var names []string
	for word := range strings.SplitSeq(n.names.String(), ":") {
		switch word {
		case "hostname":
			names = append(names, host.String())
		case "nexthop":
			names = append(names, nexthop.String())
		case "dot-nexthop":
		default:
			names = append(names, word)
		}
	}
	return names
}

// compareFingerprints judges at the level fingerprint: the certificate or its public key must be among those listed.
func (n *plan) compareFingerprints(s *Server, h shake) belief {
	if len(h.flight.Chain) == 0 {
		return belief{unknown: true, reason: HandshakeNotSeen}
	}
	digest := digests[n.cfg.FingerprintDigest]
	if digest == nil {
		return belief{unknown: true, reason: FingerprintMismatch}
	}
	leaf := h.flight.Chain[0]
	prints := []string{digest(leaf)}
	cert, err := x509.ParseCertificate(leaf)
	if err == nil {
		prints = append(prints, digest(cert.RawSubjectPublicKeyInfo))
	}
	for _, want := range n.prints {
		if slices.Contains(prints, strings.ToLower(strings.ReplaceAll(want, ":", ""))) {
			return belief{word: Verified}
		}
	}
	if err != nil {
		return belief{unknown: true, reason: pkix.CertificateMalformed.String()}
	}
	return belief{word: Untrusted, refused: true, reason: FingerprintMismatch} // no CA counts at this level
}

// digests are the algorithms of smtp_tls_fingerprint_digest, as lower-case hexadecimal. Which are safe is not the
// question: the configuration has chosen.
var digests = map[string]func([]byte) string{
	"md5":    func(b []byte) string { sum := md5.Sum(b); return hex.EncodeToString(sum[:]) },
	"sha1":   func(b []byte) string { sum := sha1.Sum(b); return hex.EncodeToString(sum[:]) },
	"sha256": func(b []byte) string { sum := sha256.Sum256(b); return hex.EncodeToString(sum[:]) },
	"sha384": func(b []byte) string { sum := sha512.Sum384(b); return hex.EncodeToString(sum[:]) },
	"sha512": func(b []byte) string { sum := sha512.Sum512(b); return hex.EncodeToString(sum[:]) },
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
