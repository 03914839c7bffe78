package pkix

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mxtls/scanner/name"
)

// A Matcher is a list of names that a certificate may have one of, as Postfix's smtp_tls_verify_cert_match,
// smtp_tls_secure_cert_match and the match= of a TLS policy write it. The zero Matcher matches nothing.
type Matcher struct{ words []string }

// The words of a Matcher that stand for names of the destination.
const (
	matchHostname   = "hostname"    // the mail host, as in the MX record
	matchNexthop    = "nexthop"     // the mail domain, or whatever the mail is routed to
	matchDotNexthop = "dot-nexthop" // any name below it
)

// NewMatcher makes a Matcher from words: hostname, nexthop, dot-nexthop, a name, or a point and a name for all names
// below it. Names may be U-labels. The error is about the first word that is no name.
func NewMatcher(words ...string) (Matcher, error) {
	var m Matcher
	for _, w := range words {
		switch w {
		case matchHostname, matchNexthop, matchDotNexthop:
		default:
			bare, below := strings.CutPrefix(w, ".")
			n, err := name.Parse(bare)
			if err != nil {
				n, err = name.ParseHost(bare) // a name of one label, say
			}
			if err != nil {
				return Matcher{}, fmt.Errorf("match name %q: %w", w, err)
			}
			if w = n.String(); below {
				w = "." + w
			}
		}
		m.words = append(m.words, w)
	}
	return m, nil
}

// String is the words as Postfix takes them, with colons between.
func (m Matcher) String() string { return strings.Join(m.words, ":") }

// Match looks for a name of the leaf that fits, as Postfix 3.6 and later do (tls_client.c add_namechecks, OpenSSL's
// X509_check_host): DNS names of the SAN, or the CN where it has none; letter case aside; a wildcard is the whole left
// label and covers one label (RFC 6125 6.4.3). Where all names below one will do, a wildcard is a name like others, and
// so is the point with nothing before it. Either name may be zero, and then fits nothing. The verdict on the chain has
// no part in this.
func (m Matcher) Match(c *Chain, host, nexthop name.Name) (matchedBy string, ok bool) {
	for _, w := range m.words {
		switch w {
		case matchHostname:
			matchedBy, ok = c.MatchHost(host)
		case matchNexthop:
			matchedBy, ok = c.MatchHost(nexthop)
		case matchDotNexthop:
			matchedBy, ok = c.matchBelow(nexthop.String())
		default:
			matchedBy, ok = c.matchWord(w)
		}
		if ok {
			return matchedBy, true
		}
	}
	return "", false
}

// matchWord looks for a name that was written out.
func (c *Chain) matchWord(w string) (matchedBy string, ok bool) {
	if domain, below := strings.CutPrefix(w, "."); below {
		return c.matchBelow(domain)
	}
	n, err := name.ParseHost(w)
	if err != nil {
		return "", false
	}
	return c.MatchHost(n)
}

// matchBelow looks for any name below a domain, at any depth.
func (c *Chain) matchBelow(domain string) (matchedBy string, ok bool) {
	if domain == "" {
		return "", false
	}
	suffix := "." + domain
	for _, n := range c.dnsNames() {
		if head := len(n) - len(suffix); head >= 0 && visible(n) && equalFold(n[head:], suffix) {
			return n, true
		}
	}
	return "", false
}

// MatchHost looks for the leaf's name that covers host, as Postfix does at level verify: see Matcher.Match.
func (c *Chain) MatchHost(host name.Name) (matchedBy string, ok bool) {
	for _, n := range c.dnsNames() {
		if name.MatchWildcard(n, host) {
			return n, true
		}
	}
	return "", false
}

// MatchDomain looks for the leaf's name that covers the mail domain, as Postfix does at level secure with its default
// "nexthop, dot-nexthop": the domain itself as in MatchHost, or any name below it at any depth, even a wildcard.
func (c *Chain) MatchDomain(domain name.Name) (matchedBy string, ok bool) {
	if n, ok := c.MatchHost(domain); ok {
		return n, ok
	}
	return c.matchBelow(domain.String())
}

// MatchSAN looks for the leaf's name that covers host as the web does (RFC 9525 6): DNS names of the SAN and no CN, a
// wildcard for one whole left label.
func (c *Chain) MatchSAN(host name.Name) (matchedBy string, ok bool) {
	if c.CNOnly || host.IsZero() {
		return "", false
	}
	for _, n := range c.dnsNames() {
		behind, wild := strings.CutPrefix(n, "*.")
		if wild && behind != "" && equalFold(behind, host.Parent().String()) || equalFold(n, host.String()) {
			return n, true
		}
	}
	return "", false
}

// MatchAddr looks for an address among those of the SAN (RFC 5280 4.2.1.6). An address matches no DNS name and no CN.
// Postfix does so at level verify where the MX record has an address in place of a host.
func (c *Chain) MatchAddr(addr netip.Addr) (matchedBy string, ok bool) {
	if addr = addr.Unmap().WithZone(""); slices.Contains(c.Addrs, addr) {
		return addr.String(), true
	}
	return "", false
}

// dnsNames are Names without the addresses at their end.
func (c *Chain) dnsNames() []string { return c.Names[:max(0, len(c.Names)-len(c.Addrs))] }

// visible reports whether a name is visible ASCII throughout: OpenSSL stops at a NUL, and other characters may fold to
// ASCII ones.
func visible(n string) bool {
	return !strings.ContainsFunc(n, func(r rune) bool { return r <= ' ' || r > '~' })
}
