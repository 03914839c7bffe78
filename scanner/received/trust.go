package received

import (
	"net/netip"
	"strings"

	"mxtls/scanner/name"
)

// Trusted are the hosts whose lines a reader believes: names, with all names below them, and networks. The zero Trusted
// has none.
type Trusted struct {
	names []name.Name
	nets  []netip.Prefix
}

// ParseTrusted reads host names, domains, addresses and networks. The error is a [*name.Error] on the
// item that is none of these.
func ParseTrusted(items []string) (Trusted, error) {
	var t Trusted
	for _, item := range items {
		if addr, ok := parseAddr(item); ok {
			t.nets = append(t.nets, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		if prefix, err := netip.ParsePrefix(item); err == nil {
			t.nets = append(t.nets, prefix.Masked())
			continue
		}
		n, err := name.ParseHost(strings.TrimPrefix(item, "."))
		if err != nil {
			return Trusted{}, err
		}
		t.names = append(t.names, n)
	}
	return t, nil
}

// Reach is how many of the hops, counted from the reader's end, can be believed. A line can, when a trusted host wrote
// it and everything nearer to the reader can be believed: that a line merely says "by" a trusted host is not enough,
// since the one who handed the message to the first trusted host may have written that. So belief ends with the first
// line that is not by a trusted host, and behind the first one whose client is not trusted: not the machine itself, no
// address in a trusted network, no trusted name that the server held against the DNS ([Hop.Checked]). Lines without a
// client, with which systems record their own moves (Gmail), are passed over where a trusted one follows.
func (t Trusted) Reach(hops []Hop) int {
	reach := 0
	for i := len(hops) - 1; i >= 0; i-- {
		h := &hops[i]
		if !t.wrote(h) {
			if h.From != "" || h.Address.IsValid() {
				return reach
			}
			continue
		}
		reach = len(hops) - i
		if !t.sent(h) {
			return reach
		}
	}
	return reach
}

// wrote reports whether a trusted host wrote the line, if it can be believed.
func (t Trusted) wrote(h *Hop) bool {
	if addr, ok := parseAddr(h.By); ok {
		return t.hasAddr(addr)
	}
	return t.hasName(h.By)
}

// sent reports whether a trusted host handed the message over, as the line says.
func (t Trusted) sent(h *Hop) bool {
	switch {
	case h.From == "" && !h.Address.IsValid():
		return true
	case h.Address.IsLoopback(), h.Address.IsValid() && t.hasAddr(h.Address):
		return true
	}
	return h.Checked && t.hasName(h.From)
}

func (t Trusted) hasAddr(addr netip.Addr) bool {
	for _, p := range t.nets {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func (t Trusted) hasName(host string) bool {
	n, err := name.ParseHost(host)
	if err != nil {
		return false
	}
	for _, trusted := range t.names {
		if n == trusted || n.IsSubdomainOf(trusted) {
			return true
		}
	}
	return false
}
