package maillog

import (
	"hash/maphash"
	"strings"

	"mxtls/scanner/name"
)

// destination is one row in the making.
type destination struct {
	tally       tally
	direction   Direction
	domain, via string
}

// destination finds a row. The domain is nil for one that cannot be told; host is a provider's as written.
func (c *Collector) destination(d Direction, domain, host []byte) *destination {
	c.key = append(append(append(append(c.key[:0], byte(d)), domain...), 0), host...)
	written := c.known.hash(c.key)
	if dest := c.known.find(written); dest != nil {
		return dest
	}
	parsed, via := domainName(domain), c.via(string(host))
	c.key = append(append(append(append(c.key[:0], byte(d)), parsed...), 0), via...)
	hash := c.destinations.hash(c.key)
	dest := c.destinations.find(hash)
	if dest == nil {
		dest = &destination{direction: d, domain: parsed, via: via}
		c.destinations.put(hash, dest)
	}
	if c.known.n >= max(maxKnown, 2*c.destinations.n) {
		c.known.clear()
	}
	c.known.put(written, dest)
	return dest
}

// domainName is a domain as an A-label or an address in brackets; "" for what is none, so that no forged text becomes a
// row.
func domainName(b []byte) string {
	if len(b) == 0 || len(b) > maxHost {
		return ""
	}
	t, err := name.ParseTarget(string(b))
	if err != nil || t.Port != 0 { // a next hop may have a port, a recipient's domain has none
		return ""
	}
	return t.String()
}

// via is the provider that a host belongs to; "" for one without a name.
func (c *Collector) via(host string) string {
	if len(host) > maxHost {
		return ""
	}
	if via, ok := c.vias[host]; ok {
		return via
	}
	via := ""
	if n, err := name.ParseHost(strings.ToLower(host)); err == nil && host != "unknown" {
		via = n.Registrable().String()
	}
	if len(c.vias) >= maxHosts {
		clear(c.vias)
	}
	c.vias[host] = via
	return via
}

// index finds destinations by a text. It keeps a hash of 128 bits in the text's place, under seeds that nobody knows,
// so that no two texts have the same; the texts would take more memory than all else, and a look-up takes as long as
// memory is waited for.
type index struct {
	seeds [2]maphash.Seed
	slots []slot // a power of two of them, at most three quarters full; what collides stands in the next free one
	n     int
}

type slot struct {
	hash [2]uint64
	dest *destination // nil = free
}

func newIndex() index {
	return index{[2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, make([]slot, 1<<10), 0}
}

func (x *index) hash(text []byte) [2]uint64 {
	return [2]uint64{maphash.Bytes(x.seeds[0], text), maphash.Bytes(x.seeds[1], text)}
}

// find is nil where there is none.
func (x *index) find(hash [2]uint64) *destination { return x.slot(hash).dest }

// slot is where a hash stands, or would.
func (x *index) slot(hash [2]uint64) *slot {
	last := uint64(len(x.slots) - 1)
	for i := hash[0] & last; ; i = (i + 1) & last {
		if s := &x.slots[i]; s.dest == nil || s.hash == hash {
			return s
		}
	}
}

// put adds a destination that is not there.
func (x *index) put(hash [2]uint64, dest *destination) {
	if x.n >= len(x.slots)/4*3 {
		old := x.slots
		x.slots = make([]slot, 2*len(old))
		for _, s := range old {
			if s.dest != nil {
				*x.slot(s.hash) = s
			}
		}
	}
	*x.slot(hash) = slot{hash, dest}
	x.n++
}

func (x *index) clear() {
	clear(x.slots)
	x.n = 0
}

// all is every destination, in no order.
func (x *index) all() []*destination {
	all := make([]*destination, 0, x.n)
	for _, s := range x.slots {
		if s.dest != nil {
			all = append(all, s.dest)
		}
	}
	return all
}
