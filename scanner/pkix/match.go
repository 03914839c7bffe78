package pkix

import (
	"net/netip"
	"slices"
	"strings"

	"mxtls/scanner/name"
)

// MatchHost looks for the leaf's name that covers host, as Postfix does at level verify (OpenSSL's X509_check_host):
// DNS names of the SAN, or the CN when there is none; a wildcard is the whole left label and covers one label (RFC 6125
// 6.4.3). It returns the name as the certificate writes it. The verdict on the chain has no part in this.
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
	if n, ok := c.MatchHost(domain); ok || domain.IsZero() {
		return n, ok
	}
	suffix := "." + domain.String()
	for _, n := range c.dnsNames() {
		if head := len(n) - len(suffix); head > 0 && visible(n) && strings.EqualFold(n[head:], suffix) {
			return n, true
		}
	}
	return "", false
}

// MatchAddr looks for an address among those of the SAN (RFC 5280 4.2.1.6). An address matches no DNS name and no CN,
// and Postfix never looks at addresses.
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
