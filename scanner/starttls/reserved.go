package starttls

import "net/netip"

// special are the prefixes that no mail host of another party stands in: every row of IANA's IPv4 and IPv6
// Special-Purpose Address Registries (RFC 6890 and what the rows cite; those also that are globally reachable, where
// no mail server has a place), and multicast. Prefixes inside another one stand before it, for their better names.
// Those that wrap an IPv4 address (embedded) are judged by it and not listed.
var special = []struct {
	prefix netip.Prefix
	why    string
}{
	{netip.MustParsePrefix("0.0.0.0/32"), "unspecified address (RFC 1122)"},
	{netip.MustParsePrefix("0.0.0.0/8"), "this network (RFC 791)"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private use (RFC 1918)"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared address space (RFC 6598)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback (RFC 1122)"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local (RFC 3927)"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private use (RFC 1918)"},
	{netip.MustParsePrefix("192.0.0.0/29"), "IPv4 service continuity (RFC 7335)"},
	{netip.MustParsePrefix("192.0.0.8/32"), "IPv4 dummy address (RFC 7600)"},
	{netip.MustParsePrefix("192.0.0.9/32"), "Port Control Protocol anycast (RFC 7723)"},
	{netip.MustParsePrefix("192.0.0.10/32"), "TURN anycast (RFC 8155)"},
	{netip.MustParsePrefix("192.0.0.170/31"), "NAT64/DNS64 discovery (RFC 7050)"},
	{netip.MustParsePrefix("192.0.0.0/24"), "IETF protocol assignments (RFC 6890)"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation (RFC 5737)"},
	{netip.MustParsePrefix("192.31.196.0/24"), "AS112 (RFC 7535)"},
	{netip.MustParsePrefix("192.52.193.0/24"), "AMT (RFC 7450)"},
	{netip.MustParsePrefix("192.88.99.0/24"), "6to4 relay anycast (RFC 7526)"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private use (RFC 1918)"},
	{netip.MustParsePrefix("192.175.48.0/24"), "AS112 (RFC 7534)"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking (RFC 2544)"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation (RFC 5737)"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation (RFC 5737)"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast (RFC 5771)"},
	{netip.MustParsePrefix("255.255.255.255/32"), "limited broadcast (RFC 919)"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved for future use (RFC 1112)"},

	{netip.MustParsePrefix("::/128"), "unspecified address (RFC 4291)"},
	{netip.MustParsePrefix("::1/128"), "loopback (RFC 4291)"},
	{netip.MustParsePrefix("::/96"), "IPv4-compatible (RFC 4291, deprecated)"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "local-use IPv4/IPv6 translation (RFC 8215)"},
	{netip.MustParsePrefix("100::/64"), "discard only (RFC 6666)"},
	{netip.MustParsePrefix("100:0:0:1::/64"), "dummy prefix (RFC 9780)"},
	{netip.MustParsePrefix("2001::/32"), "Teredo (RFC 4380)"},
	{netip.MustParsePrefix("2001:1::1/128"), "Port Control Protocol anycast (RFC 7723)"},
	{netip.MustParsePrefix("2001:1::2/128"), "TURN anycast (RFC 8155)"},
	{netip.MustParsePrefix("2001:1::3/128"), "DNS-SD registration anycast (RFC 9665)"},
	{netip.MustParsePrefix("2001:2::/48"), "benchmarking (RFC 5180)"},
	{netip.MustParsePrefix("2001:3::/32"), "AMT (RFC 7450)"},
	{netip.MustParsePrefix("2001:4:112::/48"), "AS112 (RFC 7535)"},
	{netip.MustParsePrefix("2001:10::/28"), "ORCHID (RFC 4843, deprecated)"},
	{netip.MustParsePrefix("2001:20::/28"), "ORCHIDv2 (RFC 7343)"},
	{netip.MustParsePrefix("2001:30::/28"), "drone remote identification (RFC 9374)"},
	{netip.MustParsePrefix("2001::/23"), "IETF protocol assignments (RFC 2928)"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation (RFC 3849)"},
	{netip.MustParsePrefix("2620:4f:8000::/48"), "AS112 (RFC 7534)"},
	{netip.MustParsePrefix("3fff::/20"), "documentation (RFC 9637)"},
	{netip.MustParsePrefix("5f00::/16"), "segment routing identifiers (RFC 9602)"},
	{netip.MustParsePrefix("fc00::/7"), "unique local (RFC 4193)"},
	{netip.MustParsePrefix("fe80::/10"), "link-local (RFC 4291)"},
	{netip.MustParsePrefix("fec0::/10"), "site-local (RFC 3879, deprecated)"},
	{netip.MustParsePrefix("ff00::/8"), "multicast (RFC 4291)"},
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052 2.1: how an IPv6-only host reaches every IPv4 address
	sixToFour = netip.MustParsePrefix("2002::/16")    // RFC 3056 2
)

// Reserved reports whether an address is in a special-purpose range, where no mail host of another party stands, and
// which. An address that wraps an IPv4 address (mapped, NAT64, 6to4) is judged by that one; one with a zone is of this
// link by its nature; the zero Addr is refused too.
func Reserved(addr netip.Addr) (why string, ok bool) {
	switch {
	case !addr.IsValid():
		return "no address", true
	case addr.Zone() != "":
		return "address with a zone (RFC 4007)", true
	}
	addr = embedded(addr)
	for _, s := range special {
		if s.prefix.Contains(addr) {
			return s.why, true
		}
	}
	return "", false
}

// embedded is the IPv4 address that an IPv6 address wraps, else the address itself.
func embedded(addr netip.Addr) netip.Addr {
	b := addr.As16()
	switch {
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return addr.Unmap()
}
