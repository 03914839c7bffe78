package postfix

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"mxtls/scanner/internal/enum"
	"mxtls/scanner/name"
)

// Map is the text of a policy table: a texthash: table, or the source that postmap(1) makes a hash: or lmdb: one from.
type Map struct {
	Name     string
	Entries  []Entry   // in the order of the file; of equal keys the one that Postfix takes
	Problems []Problem // what is wrong with the text alone, by line
	Refused  string    // why Postfix cannot use the table at all, and defers all mail; "" when it can

	all   *Entry         // of a static: table: what it has for every key
	byKey map[string]int // index into Entries
}

// A meaning is what a right-hand side says to a release of Postfix. Most tables have a few of them, however many keys.
type meaning struct {
	value  string
	policy Policy
	err    error // why Postfix refuses it
	odd    error // what it takes and cannot use
}

// Entry is one line of a policy table.
type Entry struct {
	Line   int // from 1
	Key    string
	Value  string  // the right-hand side as written
	Policy *Policy // shared with the entries of the same value, and never changed
	Err    error   // why Postfix refuses the entry and defers the mail of its destinations; nil when it does not
}

// ProblemKind is what is wrong with an entry of a policy table.
type ProblemKind uint8

// Kinds of problems.
const (
	ProblemNone   ProblemKind = iota
	SyntaxProblem             // no key and value: postmap leaves the line out
	BadPolicy                 // Postfix refuses the entry and defers its destinations' mail, or can make no use of it
	DuplicateKey              // the key stands twice, only one entry counts
	NeverMatched              // a key that no lookup asks for
	Stale                     // it fits none of the destinations of this run
	Useless                   // the level of main.cf would do the same
	Contradictory             // its destinations get no mail through because of it
)

var problemWords = enum.Words{
	"", "syntax_error", "invalid_policy", "duplicate_key", "never_matched", "stale", "useless", "contradictory",
}

func (k ProblemKind) String() string { return enum.String("map problem", problemWords, k) }
func (k ProblemKind) MarshalText() ([]byte, error) {
	return enum.Marshal("map problem", problemWords, k)
}
func (k *ProblemKind) UnmarshalText(text []byte) error {
	return enum.Unmarshal("map problem", problemWords, k, text)
}

// Problem is something amiss in a policy table.
type Problem struct {
	Line int // from 1
	Key  string
	Kind ProblemKind
	Text string // one sentence; it may quote the table
}

// ParseMap reads a policy table called name for a release of Postfix (zero = 3.7). What is wrong with single lines is
// in Problems; the error is r's, or a *SyntaxError for a table beyond our limit.
func ParseMap(r io.Reader, name string, v Version) (*Map, error) {
	return parseMap(r, name, v, maxEntry)
}

func parseMap(r io.Reader, name string, v Version, most int) (*Map, error) {
	if v.IsZero() {
		v = defaultPostfix
	}
	m := newMap(name)
	text := bufio.NewReader(r)
	if start, _ := text.Peek(512); !isText(start) {
		return nil, errors.New("this is no text, but a table that was made from one")
	}
	meanings := map[string]*meaning{}
	for line, err := range logicalLines(text, maxTable) {
		if err == nil && len(m.Entries) == most {
			err = &SyntaxError{line.number, fmt.Sprintf("more than %d entries", most)}
		}
		if err != nil {
			return nil, err
		}
		m.add(line, func(value string) *meaning {
			known, ok := meanings[value]
			if !ok {
				known = newMeaning(value, v)
				meanings[known.value] = known
			}
			return known
		})
	}
	return m, nil
}

func newMap(name string) *Map { return &Map{Name: name, byKey: map[string]int{}} }

func newMeaning(value string, v Version) *meaning {
	m := &meaning{value: strings.Clone(value)}
	if m.policy, m.err = parsePolicy(m.value, v); m.err == nil {
		m.odd = m.policy.odd(v)
	}
	return m
}

// refuseDuplicates is what smtp(8) does with a texthash: table in which a key stands twice (dict_thash.c: maps_create
// sets none of the flags that make it a warning, as postmap does).
func (m *Map) refuseDuplicates() {
	for _, p := range m.Problems {
		if p.Kind == DuplicateKey {
			m.Refused = fmt.Sprintf("the key %s in line %d stands there twice", excerpt(p.Key), p.Line)
			return
		}
	}
}

func isText(b []byte) bool {
	return !slices.Contains(b, 0)
}

// add takes in a line. It keeps no more of it than the key.
func (m *Map) add(line logicalLine, read func(value string) *meaning) {
	end := strings.IndexAny(line.text, blanks)
	if end < 0 {
		m.problem(line.number, excerpt(line.text), SyntaxProblem, "it has a key and no policy, so it is left out")
		return
	}
	is := read(trimBlanks(line.text[end:]))
	e := Entry{Line: line.number, Key: strings.Clone(strings.ToLower(line.text[:end])), Value: is.value,
		Policy: &is.policy, Err: is.err}
	switch {
	case is.err != nil:
		m.problem(e.Line, e.Key, BadPolicy, "Postfix refuses it and defers the mail: "+is.err.Error())
	case is.odd != nil:
		m.problem(e.Line, e.Key, BadPolicy, is.odd.Error())
	}
	if strings.HasSuffix(e.Key, ":") {
		m.problem(e.Line, e.Key, SyntaxProblem, "the key ends in a colon, as in aliases(5), and is never asked for")
	} else if why := unaskable(e.Key); why != "" {
		m.problem(e.Line, e.Key, NeverMatched, why)
	}
	if i, ok := m.byKey[e.Key]; ok {
		m.problem(e.Line, e.Key, DuplicateKey, fmt.Sprintf("the key stands in line %d already: postmap keeps that entry, "+
			"but as a texthash: table the whole is refused and all mail deferred", m.Entries[i].Line))
		return
	}
	m.byKey[e.Key] = len(m.Entries)
	m.Entries = append(m.Entries, e)
}

func (m *Map) problem(line int, key string, kind ProblemKind, text string) {
	m.Problems = append(m.Problems, Problem{line, key, kind, text})
}

// unaskable says why no lookup asks for a key; "" when one may.
func unaskable(key string) string {
	plain := strings.TrimPrefix(key, ".")
	switch {
	case strings.Contains(key, "@"):
		return "keys are next-hops, not mail addresses"
	case strings.HasPrefix(key, "*"):
		return "wildcards are written .example.com here"
	case strings.HasPrefix(key, ".") && strings.Contains(key, ":"):
		return "the parents of a next-hop with a port are not looked up"
	case strings.HasPrefix(key, ".["):
		return "the parents of a host in brackets are not looked up"
	case strings.HasSuffix(plain, "."):
		return "next-hops have no dot at their end"
	}
	t, err := name.ParseTarget(plain)
	switch {
	case err != nil && strings.Contains(plain, "."):
		return "no next-hop is written so: " + err.Error()
	case err != nil:
		return "" // a top-level domain, or a host of one label
	case !isASCII(plain):
		return "Postfix asks for it where a recipient is written so (SMTPUTF8), else for " + t.String()
	case t.String() != plain:
		return "Postfix would ask for " + t.String()
	}
	return ""
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// Lookup finds the entry for a next-hop as Postfix does, see [keys].
func (m *Map) Lookup(t name.Target) (Entry, bool) {
	for key := range keys(t) {
		if i, ok := m.byKey[key]; ok {
			return m.Entries[i], true
		}
	}
	return Entry{}, false
}

// keys are what Postfix asks its tables for, one after the other (tls_policy_lookup in smtp_tls_policy.c): the next-hop
// itself and, for a plain domain, each of its parents with a dot before it. A next-hop in brackets or with a port is
// asked for as it stands alone.
func keys(t name.Target) iter.Seq[string] {
	return func(yield func(string) bool) {
		key := t.String()
		for key != "" && yield(key) && !t.Direct && t.Port == 0 {
			next := strings.IndexByte(key[1:], '.')
			if next < 0 {
				return
			}
			key = key[1+next:]
		}
	}
}
