package change

import (
	"slices"

	"mxtls/scanner/verdict"
)

// Joiner brings states of the same domains together from several runs, read side by side.
type Joiner struct {
	runs    int
	pending map[string][]*State
	order   []string // of pending, as they came; those that are through are passed over
}

// NewJoiner is for so many runs.
func NewJoiner(runs int) *Joiner { return &Joiner{runs: runs, pending: map[string][]*State{}} }

// Add takes a domain's state in one run. Once it is there for all runs they are returned, and forgotten.
func (j *Joiner) Add(run int, domain string, s State) []*State {
	states, ok := j.pending[domain]
	if !ok {
		states = make([]*State, j.runs)
		j.pending[domain] = states
		j.order = append(j.order, domain)
	}
	states[run] = &s
	if slices.Contains(states, nil) {
		return nil
	}
	delete(j.pending, domain)
	if len(j.pending) == 0 {
		j.order = j.order[:0]
	}
	return states
}

// Rest yields the domains that are not in all runs, in the order in which they came; nil stands for the runs without.
func (j *Joiner) Rest(yield func(domain string, states []*State) bool) {
	for _, domain := range j.order {
		if states, ok := j.pending[domain]; ok && !yield(domain, states) {
			return
		}
	}
}

// Confirmed are the changes from the first state to each of the later ones: what all of them show, as the last one has
// it. So one bad night is no change, and what could be told of a domain once and in none of several runs since is no
// noise. A run without the domain shows nothing of it.
func Confirmed(domain string, states []*State) []Change {
	last := Between(domain, states[0], states[len(states)-1])
	for _, s := range states[1 : len(states)-1] {
		seen := Between(domain, states[0], s)
		last = slices.DeleteFunc(last, func(c Change) bool {
			return !slices.ContainsFunc(seen, func(o Change) bool { return o.Code == c.Code })
		})
	}
	for i := range last {
		last[i].Noise = last[i].Noise && (last[i].Code != NoLongerTold || len(states) == 2)
	}
	return last
}

// Sort puts changes in the order of a report: the gravest first, then by code and domain.
func Sort(changes []Change) {
	slices.SortStableFunc(changes, func(a, b Change) int {
		if s := int(severity(b)) - int(severity(a)); s != 0 {
			return s
		}
		if a.Code != b.Code {
			return int(a.Code) - int(b.Code)
		}
		if a.Domain < b.Domain {
			return -1
		}
		return 1
	})
}

func severity(c Change) verdict.Severity { return c.Code.Severity() }
