package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"strconv"
	"strings"
	"sync"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/runfile"
)

// shard is one part of a list that several machines scan, each its own. It is a flag's value: "2/4". Which part an item
// is in depends on nothing but the item and, where a run that looked for mail hosts alone is given, on that: then all
// domains of a provider are in one part, so that it is asked from one machine only.
type shard struct {
	part, parts int // 0 = the list is not split
	providers   *providers
}

func (s *shard) String() string {
	if s.parts == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.part, s.parts)
}

// Set reads "I/N".
func (s *shard) Set(text string) error {
	part, parts, ok := strings.Cut(text, "/")
	i, err := strconv.Atoi(part)
	n, err2 := strconv.Atoi(parts)
	switch {
	case !ok || err != nil || err2 != nil || n < 1:
		return fmt.Errorf("%q is no part: 2/4 is the second of four", text)
	case n > maxParts:
		return fmt.Errorf("%q are more than %d parts", text, maxParts)
	case i < 1 || i > n:
		return fmt.Errorf("%q is none of the parts, which are 1/%d to %d/%d", text, n, n, n)
	}
	s.part, s.parts = i, n
	return nil
}

// partOf is how much of its list a run looked at.
func partOf(h runfile.Head) string {
	if h.Shard == "" {
		return "of a whole list"
	}
	return "part " + h.Shard + " of its list"
}

// Type is the value's name in the help.
func (s *shard) Type() string { return "I/N" }

// maxParts is more machines than anybody scans mail servers from.
const maxParts = 10000

// has reports whether an item of the list is in the part.
func (s *shard) has(item string) bool {
	if s.parts == 0 {
		return true
	}
	key := name.Redact(item)
	if t, err := name.ParseTarget(item); err == nil {
		key = t.String()
		if provider := s.providers.of(key); provider != "" {
			key = provider
		}
	}
	return int(hashOf(key)%uint64(s.parts)) == s.part-1
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

// providers are those of a run's domains, in groups: providers that share a domain are one, since whoever scans the
// domain asks both. A nil providers knows none.
type providers struct {
	ids     map[string]int32
	names   []string
	parent  []int32          // of a forest; a root is its own
	domains map[uint64]int32 // by the hash of the target: a million of them are to fit
}

// readProviders reads a run that was saved by --mx-only.
func readProviders(ctx context.Context, path string) (*providers, error) {
	run, err := openSavedRun(ctx, "--by-provider", path, nil)
	if err != nil {
		return nil, err
	}
	defer run.close()
	if part := run.head().Shard; part != "" {
		return nil, hinted{
			fmt.Errorf("--by-provider %s: it is part %s of a list, and knows the providers of that alone", path, part),
			"mxtls merge joins the parts",
		}
	}
	p := &providers{ids: map[string]int32{}, domains: map[uint64]int32{}}
	for saved, err := range run.reader.Results() {
		if err != nil {
			return nil, run.explain(err)
		}
		if ctx.Err() != nil {
			return nil, errors.New("the run was interrupted")
		}
		p.add(saved.Result.Target.String(), &saved.Result.Facts.MX)
	}
	if t := run.reader.Tail(); t == nil || t.Partial != "" {
		return nil, hinted{fmt.Errorf("--by-provider %s: the run is not whole, so the parts would overlap", path),
			"--resume goes on with it"}
	}
	return p, nil
}

func (p *providers) add(domain string, set *mx.Set) {
	first := int32(-1)
	for i := range set.Hosts {
		provider := set.Hosts[i].Raw
		if n := set.Hosts[i].Name; !n.IsZero() {
			provider = n.Registrable().String()
		}
		id, ok := p.ids[provider]
		if !ok {
			id = int32(len(p.names))
			p.ids[provider] = id
			p.names, p.parent = append(p.names, provider), append(p.parent, id)
		}
		if first < 0 {
			first = id
			p.domains[hashOf(domain)] = id
		} else {
			p.join(first, id)
		}
	}
}

// root is the provider that stands for a group: the one whose name comes first, so that the order of the list does not
// matter.
func (p *providers) root(id int32) int32 {
	for p.parent[id] != id {
		p.parent[id] = p.parent[p.parent[id]]
		id = p.parent[id]
	}
	return id
}

func (p *providers) join(a, b int32) {
	a, b = p.root(a), p.root(b)
	if p.names[b] < p.names[a] {
		a, b = b, a
	}
	p.parent[b] = a
}

// of is the provider that stands for a domain's group, "" for a domain that is not known.
func (p *providers) of(domain string) string {
	if p == nil {
		return ""
	}
	id, ok := p.domains[hashOf(domain)]
	if !ok {
		return ""
	}
	return p.names[p.root(id)]
}

// places remember where in the whole list the items of a part stand, as long as their results are awaited. They are
// written to by one goroutine and read by another.
type places struct {
	mu    sync.Mutex
	list  int   // items of the list seen so far
	taken []int // places of the part's items from number first on
	first int
}

// of passes the items of a part on.
func (p *places) of(s *shard, items iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		for item := range items {
			mine := s.has(item)
			p.mu.Lock()
			if mine {
				p.taken = append(p.taken, p.list)
			}
			p.list++
			p.mu.Unlock()
			if mine && !yield(item) {
				return
			}
		}
	}
}

// drop takes the item back that was passed on last: its result is there.
func (p *places) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken = p.taken[:len(p.taken)-1]
}

// last is the place of the item that was passed on last.
func (p *places) last() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken[len(p.taken)-1]
}

// at is the place of an item; those before it are forgotten.
func (p *places) at(number int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken = p.taken[number-p.first:]
	p.first = number
	return p.taken[0]
}
