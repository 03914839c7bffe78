package mx

import (
	"context"
	"net/netip"
	"slices"

	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
)

// addresses fills in what the DNS says of where a host is, the families asked for at the same time. One address is
// enough: a family whose lookup failed then stands in Err only.
func (l *lookup) addresses(ctx context.Context, h *Host) {
	switch {
	case h.Reason != ReasonNone:
		return
	case h.Literal.IsValid():
		if h.Addrs = l.keep(h, []netip.Addr{h.Literal}); len(h.Addrs) == 0 {
			h.Reason = HostNoAddress
		}
		return
	}
	answers := l.ask(ctx, h.Name)
	h.Trust = trust(answers)
	found, missing := []netip.Addr(nil), 0
	for _, a := range answers {
		h.Dropped += a.Dropped
		if len(a.Aliases) > len(h.Aliases) {
			h.Aliases = a.Aliases
		}
		switch a.Status {
		case resolve.Found:
			found = append(found, a.Addrs...)
		case resolve.NoData:
		case resolve.NXDomain:
			missing++
		default:
			if h.Err == nil {
				h.Err = a.Err
			}
			if h.Reason == ReasonNone {
				h.Reason = failure(a.Err)
			}
		}
	}
	h.Addrs = l.keep(h, found)
	switch {
	case len(h.Addrs) > 0:
		h.Reason = ReasonNone
	case h.Reason != ReasonNone: // a family that could not be told may have the address
	case missing == len(answers):
		h.Reason = HostNotFound
	default:
		h.Reason = HostNoAddress
	}
}

// trust is the weakest of the answers; one that failed counts only where all did.
func trust(answers []resolve.Answer) resolve.Trust {
	told := slices.DeleteFunc(slices.Clone(answers), func(a resolve.Answer) bool { return a.Status == resolve.Failed })
	if len(told) == 0 {
		told = answers
	}
	weakest := told[0].Trust
	for _, a := range told[1:] {
		weakest = resolve.Weakest(weakest, a.Trust)
	}
	return weakest
}

// ask looks the families up side by side, IPv4 first in the result.
func (l *lookup) ask(ctx context.Context, n name.Name) []resolve.Answer {
	switch l.limits.Families {
	case IPv4Only:
		return []resolve.Answer{l.r.Addrs(ctx, n, false)}
	case IPv6Only:
		return []resolve.Answer{l.r.Addrs(ctx, n, true)}
	}
	v6 := make(chan resolve.Answer, 1)
	go func() { v6 <- l.r.Addrs(ctx, n, true) }()
	v4 := l.r.Addrs(ctx, n, false)
	return []resolve.Answer{v4, <-v6}
}

// keep sorts addresses and cuts them to the limit. Where both families are there, neither takes all the places: Postfix
// balances them before it counts to smtp_mx_address_limit (smtp_balance_inet_protocols).
func (l *lookup) keep(h *Host, found []netip.Addr) []netip.Addr {
	var v4, v6 []netip.Addr
	for _, a := range found {
		switch {
		case a.Is4() && l.limits.Families != IPv6Only:
			v4 = append(v4, a)
		case !a.Is4() && l.limits.Families != IPv4Only:
			v6 = append(v6, a)
		}
	}
	v4, v6 = distinct(v4), distinct(v6)
	n4, n6 := len(v4), len(v6)
	if over := n4 + n6 - l.limits.Addrs; over > 0 {
		h.Dropped += over
		n4 = max(l.limits.Addrs-n6, min(n4, (l.limits.Addrs+1)/2))
		n6 = l.limits.Addrs - n4
	}
	return slices.Concat(v4[:n4], v6[:n6])
}

// distinct is addresses in order, each once.
func distinct(addrs []netip.Addr) []netip.Addr {
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs)
}
