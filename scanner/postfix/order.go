package postfix

import (
	"cmp"
	"net/netip"
	"slices"
)

// uses reports whether inet_protocols has an address' family.
func (c *Config) uses(a netip.Addr) bool {
	if a.Unmap().Is4() {
		return c.IPv4
	}
	return c.IPv6
}

// settle is what comes of the steps, given in the order of MX preference, over all orders that Postfix may try them
// in: equal preferences are shuffled unless one address family comes first, and the list is cut (smtp_addr.c,
// smtp_connect.c). If the orders differ the worst outcome is told, with DependsOnOrder; an order that cannot be told
// makes it Unknown.
func settle(c *Config, steps []step) Prediction {
	w := &walk{limit: c.AddressLimit, ends: map[*step]bool{}}
	if w.limit == 0 {
		w.limit = len(steps)
	}
	slices.SortStableFunc(steps, c.compare)
	for i := range steps {
		if i == 0 || !c.Shuffle || c.compare(steps[i-1], steps[i]) != 0 {
			w.groups = append(w.groups, nil)
		}
		last := &w.groups[len(w.groups)-1]
		*last = append(*last, &steps[i])
	}
	for _, quota := range c.quotas(steps, w.groups) {
		w.quota = quota
		w.visit(0, [2]int{}, nil)
	}
	return w.worst(steps)
}

// compare orders steps as Postfix sorts addresses.
func (c *Config) compare(a, b step) int {
	if order := cmp.Compare(a.server.Preference, b.server.Preference); order != 0 || c.AddressPreference == "any" {
		return order
	}
	order := cmp.Compare(family(&a), family(&b))
	if c.AddressPreference == "ipv6" {
		return -order
	}
	return order
}

// family is 0 for IPv4 and 1 for IPv6.
func family(s *step) int {
	if a := s.server.Addr.Addr(); a.IsValid() && !a.Unmap().Is4() {
		return 1
	}
	return 0
}

// quotas are how many addresses of each family may be kept (smtp_balance_inet_proto): neither crowds the other out.
// Where both abound, the family of the first address has the odd place, which a shuffle may decide.
func (c *Config) quotas(steps []step, groups [][]*step) [][2]int {
	var count [2]int
	for i := range steps {
		count[family(&steps[i])]++
	}
	limit := c.AddressLimit
	if !c.Balance || limit == 0 || count[0] == 0 || count[1] == 0 || count[0]+count[1] <= limit {
		return [][2]int{count}
	}
	switch {
	case count[1] <= limit/2:
		return [][2]int{{limit - count[1], count[1]}}
	case count[0] <= limit/2:
		return [][2]int{{count[0], limit - count[0]}}
	}
	var quotas [][2]int
	for _, first := range groups[0] {
		q := [2]int{limit / 2, limit - limit/2}
		if family(first) == 0 {
			q = [2]int{(limit + 1) / 2, limit - (limit+1)/2}
		}
		if !slices.Contains(quotas, q) {
			quotas = append(quotas, q)
		}
	}
	return quotas
}

// A walk goes through all orders at once: within a group it matters only how many addresses of each family were
// skipped, not which.
type walk struct {
	groups [][]*step
	limit  int            // addresses tried in all
	quota  [2]int         // addresses kept, by family
	ends   map[*step]bool // the steps that may end the attempt
}

// visit tries group i after the skips of used, the last of them at the step last.
func (w *walk) visit(i int, used [2]int, last *step) {
	if i == len(w.groups) || used[0]+used[1] >= w.limit {
		if last != nil {
			w.ends[last] = true
		}
		return
	}
	var skips [2][]*step
	var finals []*step
	for _, s := range w.groups[i] {
		if s.outcome == Deferred {
			skips[family(s)] = append(skips[family(s)], s)
		} else {
			finals = append(finals, s)
		}
	}
	for n4 := 0; n4 <= len(skips[0]); n4++ {
		for n6 := 0; n6 <= len(skips[1]); n6++ {
			now := [2]int{used[0] + n4, used[1] + n6}
			if now[0] > w.quota[0] || now[1] > w.quota[1] || now[0]+now[1] > w.limit {
				continue
			}
			w.at(i, now, n4, n6, skips, finals, last)
		}
	}
}

// at is the moment within group i when n4 and n6 of its skips are done.
func (w *walk) at(i int, now [2]int, n4, n6 int, skips [2][]*step, finals []*step, last *step) {
	if n6 > 0 {
		last = skips[1][n6-1]
	}
	if n4 > 0 && (n6 == 0 || slices.Index(w.groups[i], skips[0][n4-1]) > slices.Index(w.groups[i], last)) {
		last = skips[0][n4-1]
	}
	if now[0]+now[1] == w.limit {
		if last != nil {
			w.ends[last] = true
		}
		return
	}
	open := false // whether the group has an address left to try
	for _, s := range finals {
		if f := family(s); now[f] < w.quota[f] {
			w.ends[s], open = true, true
		}
	}
	open = open || n4 < len(skips[0]) && now[0] < w.quota[0] || n6 < len(skips[1]) && now[1] < w.quota[1]
	if !open {
		w.visit(i+1, now, last)
	}
}

// worst tells the worst of the ends, of several the first in order, or the last one where nobody takes the message.
func (w *walk) worst(steps []step) Prediction {
	var worst *step
	var unknown *step
	differ := false
	for i := range steps {
		s := &steps[i]
		if !w.ends[s] {
			continue
		}
		if s.outcome == Unknown && unknown == nil {
			unknown = s
		}
		differ = differ || worst != nil && (s.outcome != worst.outcome || s.outcome == Encrypted && s.word != worst.word)
		switch {
		case worst == nil, s.outcome.Worse(worst.outcome), s.outcome == Deferred && worst.outcome == Deferred,
			s.outcome == Encrypted && worst.outcome == Encrypted && s.word < worst.word:
			worst = s
		}
	}
	switch {
	case worst == nil:
		return Prediction{Reason: NotRouted}
	case unknown != nil:
		return unknown.prediction()
	}
	p := worst.prediction()
	if differ {
		p.Reason = DependsOnOrder
	}
	if p.Outcome == Deferred && allAbsent(steps) {
		return Prediction{Host: p.Host, Address: p.Address, Reason: p.Reason}
	}
	return p
}

// allAbsent reports whether IPv6, which this machine lacks, is all that the destination has.
func allAbsent(steps []step) bool {
	return !slices.ContainsFunc(steps, func(s step) bool { return !s.absent })
}

// prediction is the step as the end of an attempt.
func (s *step) prediction() Prediction {
	p := Prediction{Outcome: s.outcome, Word: s.word, Host: s.server.Label, Address: s.server.Addr, Reason: s.reason}
	if s.outcome != Unknown && s.outcome != Plaintext {
		p.Code, p.Text = s.code, s.text
	}
	return p
}
