package postfix

import (
	"cmp"
	"fmt"
	"slices"
)

// Check compares a policy table with the destinations of a run and with what main.cf says, or is to say: level. What
// is wrong with the table alone is among the answer, which is sorted by line.
func (m *Map) Check(c *Config, level Level, ds []*Destination) []Problem {
	used := map[int][]*Destination{} // by the line of the entry
	for _, d := range ds {
		if e, ok := m.Lookup(d.Target); ok {
			used[e.Line] = append(used[e.Line], d)
		}
	}
	problems := slices.Clone(m.Problems)
	for _, e := range m.Entries {
		if e.Err != nil || unaskable(e.Key) != "" {
			continue
		}
		if p, ok := e.check(c, level, used[e.Line]); ok {
			problems = append(problems, p)
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return problems
}

// check says what is wrong with an entry that applies to some destinations.
func (e *Entry) check(c *Config, level Level, ds []*Destination) (Problem, bool) {
	problem := func(kind ProblemKind, format string, args ...any) (Problem, bool) {
		return Problem{e.Line, e.Key, kind, fmt.Sprintf(format, args...)}, true
	}
	if len(ds) == 0 {
		return problem(Stale, "it fits none of the destinations that were looked at")
	}
	useless := true
	for _, d := range ds {
		with, without := PredictPolicy(c, d, *e.Policy, 0), Predict(c, d, level, 0)
		stopped := with.Outcome == Deferred || with.Outcome == Bounced
		if stopped && without.Outcome != Unknown && with.Outcome.Worse(without.Outcome) {
			return problem(Contradictory, "mail to %s would be %s by it (%s), and %s at level %s without it",
				d.key(), with.Outcome, orElse(with.Reason, with.Code), without.Outcome, level)
		}
		useless = useless && e.redundant(level, with, without)
	}
	if useless {
		return problem(Useless, "level %s does the same without it", level)
	}
	return Problem{}, false
}

// redundant reports whether main.cf's level does for a destination what the entry does, and asks for no less.
func (e *Entry) redundant(level Level, with, without Prediction) bool {
	if with.Outcome == Unknown || without.Outcome == Unknown || e.Policy.Level.stronger(level) {
		return false
	}
	return with.Outcome == without.Outcome && with.After == without.After && with.Word == without.Word
}
