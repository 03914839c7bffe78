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
	case c == nil || c.Status == pkix.StatusUnknown || n.tooLong(c):
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
	case n.tooLong(c):
		return belief{unknown: true, reason: ChainTooLong}
	case c.Status != pkix.Trusted:
		return belief{word: Untrusted, refused: true, reason: orElse(c.Reason.String(), NotTrusted)}
	}
	_, ok := n.names.Match(c, s.Host, nexthop)
	address := n.byAddress(s)
	if address {
		_, ok = c.MatchAddr(s.Addr.Addr())
	}
	if ok || n.matchLoosely(c, s.Host, nexthop) || n.matchLiterally(c) {
		return belief{word: Verified}
	}
	if slices.Contains(c.Notes, pkix.NamesCut) {
		return belief{unknown: true, reason: pkix.NamesCut.String()}
	}
	b := belief{word: Untrusted, refused: true, reason: HostMismatch}
	if n.cfg.Postfix.AtLeast(3, 9) && !address { // seen: 3.7 says Untrusted, 3.10 Trusted for a name that is wrong
		b.word = Trusted
	}
	return b
}

// tooLong reports whether a chain that holds may be longer than smtp_tls_scert_verifydepth allows: OpenSSL is given
// one more, and neither the leaf nor the root counts. Which of the certificates that were sent are needed is not known.
func (n *plan) tooLong(c *pkix.Chain) bool {
	return n.cfg.VerifyDepth < defaultVerifyDepth && c.Status == pkix.Trusted && c.Sent-1 > n.cfg.VerifyDepth+1
}

// defaultVerifyDepth is what verdicts on chains rest on.
const defaultVerifyDepth = 9

// matchLiterally takes a wildcard among the names to match for what it is: OpenSSL's wildcard matches a literal "*".
func (n *plan) matchLiterally(c *pkix.Chain) bool {
	for _, pattern := range c.Names[:max(0, len(c.Names)-len(c.Addrs))] {
		if slices.ContainsFunc(n.wildcards, func(w string) bool { return strings.EqualFold(w, pattern) }) {
			return true
		}
	}
	return false
}

// byAddress reports whether the certificate has to be for the server's address: the mail host is one, and nothing but
// its name counts. OpenSSL 3.0 and later look for addresses in the SAN then (ssl_lib.c SSL_add1_host).
func (n *plan) byAddress(s *Server) bool {
	return s.Host.IsZero() && n.names.String() == "hostname" && n.cfg.OpenSSL.AtLeast(3, 0)
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
	if c := s.Level1; c != nil && c.Num == leafKeyTooSmall {
		return belief{word: Untrusted, refused: true, reason: c.Reason.String()} // however it was pinned
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

// leafKeyTooSmall is X509_V_ERR_EE_KEY_TOO_SMALL, which OpenSSL finds before it looks for a match (x509_vfy.c).
const leafKeyTooSmall = 66

// otherDigests are those that OpenSSL has beside: what they come to is not worked out here.
var otherDigests = []string{"sha224", "sha512-224", "sha512-256", "sha3-224", "sha3-256", "sha3-384", "sha3-512",
	"shake128", "shake256", "blake2b512", "blake2s256", "ripemd160", "rmd160", "sm3", "md5-sha1"}

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
