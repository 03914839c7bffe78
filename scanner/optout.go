package scanner

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"mxtls/scanner/name"
)

const (
	maxOptOutLine = 4096 // octets of one line of an opt-out file; a name has at most 253
	mappedBits    = 96   // of an IPv4 address that is written as IPv6 (RFC 4291 2.5.5.2), before those of IPv4
)

// OptOut is a list of those who asked to be left alone: domains with all below them, as mail domains before any lookup
// and as MX hosts before any connection; addresses and networks before any connection. A nil OptOut names nobody.
type OptOut struct {
	domains  map[name.Name]bool
	networks []netip.Prefix
}

// ParseOptOut reads one domain, address or network a line; "#" begins a comment. An unreadable line is an error: a wish
// to be left alone is not to be lost to a slip of the pen.
func ParseOptOut(r io.Reader) (*OptOut, error) {
	o := &OptOut{domains: map[name.Name]bool{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxOptOutLine)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
		if text == "" {
			continue
		}
		if err := o.add(text); err != nil {
			return nil, fmt.Errorf("opt-out line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the opt-out file: %w", err)
	}
	return o, nil
}

func (o *OptOut) add(text string) error {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		if addr := prefix.Addr(); addr.Is4In6() && prefix.Bits() >= mappedBits {
			prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-mappedBits)
		}
		o.networks = append(o.networks, prefix.Masked())
		return nil
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap()
		o.networks = append(o.networks, netip.PrefixFrom(addr, addr.BitLen()))
		return nil
	}
	n, err := name.ParseHost(strings.TrimPrefix(strings.TrimPrefix(text, "*"), "."))
	if err != nil {
		return fmt.Errorf("%q is neither a domain nor an address nor a network", text)
	}
	o.domains[n] = true
	return nil
}

// Domain reports whether n or a domain above it is on the list.
func (o *OptOut) Domain(n name.Name) bool {
	if o == nil {
		return false
	}
	for ; !n.IsZero(); n = n.Parent() {
		if o.domains[n] {
			return true
		}
	}
	return false
}

// Address reports whether a is in a network on the list.
func (o *OptOut) Address(a netip.Addr) bool {
	if o == nil {
		return false
	}
	a = a.Unmap()
	for _, p := range o.networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
