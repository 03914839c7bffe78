package maillog

import (
	"cmp"
	"slices"
	"time"

	"mxtls/scanner/postfix"
	"mxtls/scanner/truth"
)

// Counts are messages by what became of them. Outbound it is recipients, one for each delivery line; inbound it is
// messages that were taken into the queue.
type Counts struct {
	Messages  int64 // delivered: Encrypted + Plaintext + Unknown
	Encrypted int64
	Plaintext int64
	Unknown   int64 // the log does not tell
	Deferred  int64 // attempts that were put off; a message may have several
	Bounced   int64 // recipients that were given up
	Words     Names // of those encrypted, by Postfix's word for the certificate, where the log has it
	Versions  Names // likewise by TLS version, in OpenSSL's words
	Ciphers   Names
}

// Add adds other.
func (c *Counts) Add(other *Counts) {
	c.Messages += other.Messages
	c.Encrypted += other.Encrypted
	c.Plaintext += other.Plaintext
	c.Unknown += other.Unknown
	c.Deferred += other.Deferred
	c.Bounced += other.Bounced
	c.Words.add(other.Words...)
	c.Versions.add(other.Versions...)
	c.Ciphers.add(other.Ciphers...)
}

// Named is a name and how many messages have it.
type Named struct {
	Name string
	N    int64
}

// Names are names, each once and in no order; there are few, and a map for each row of a long report would be large.
type Names []Named

// Of is the number of a name.
func (names Names) Of(name string) int64 {
	for _, n := range names {
		if n.Name == name {
			return n.N
		}
	}
	return 0
}

// ByCount is the names with the most frequent first.
func (names Names) ByCount() Names {
	sorted := slices.Clone(names)
	slices.SortFunc(sorted, func(a, b Named) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Name, b.Name)) })
	return sorted
}

func (names *Names) add(more ...Named) {
	for _, m := range more {
		if i := slices.IndexFunc(*names, func(n Named) bool { return n.Name == m.Name }); i >= 0 {
			(*names)[i].N += m.N
		} else {
			*names = append(*names, m)
		}
	}
}

// Attributed is how many messages the log tells of.
func (c *Counts) Attributed() int64 { return c.Encrypted + c.Plaintext }

// tally is Counts in the making. It is small, since there is one for each destination.
type tally struct {
	encrypted, plaintext, unknown, deferred, bounced int64
	words                                            [postfix.Verified + 1]int64
	names                                            []nameCount
	open                                             []openCount
	first, last                                      int64
}

// nameCount counts a version or cipher by its number in the collector's table.
type nameCount struct {
	name uint16
	n    int64
}

// openCount are deliveries without a line on TLS: plain text if the epoch turns out to have such lines, else unknown.
type openCount struct {
	epoch *epoch
	n     int64
}

// epoch is one direction of a mail server's instance between two starts: within it the log level is the same.
type epoch struct {
	speaks bool // it has written a line on TLS
}

// at notes when something happened.
func (t *tally) at(unix int64) {
	if t.first == 0 || unix < t.first {
		t.first = unix
	}
	t.last = max(t.last, unix)
}

// delivered counts a message.
func (t *tally) delivered(o *outcome) {
	switch {
	case o.open != nil:
		t.opened(o.open)
	case o.encrypted == truth.Yes:
		t.encrypted++
		t.words[o.word]++
		t.named(o.version)
		t.named(o.cipher)
	case o.encrypted == truth.No:
		t.plaintext++
	default:
		t.unknown++
	}
}

func (t *tally) named(name uint16) {
	if name == 0 {
		return
	}
	for i := range t.names {
		if t.names[i].name == name {
			t.names[i].n++
			return
		}
	}
	t.names = append(t.names, nameCount{name, 1})
}

// maxOpen is how many epochs a tally keeps apart: an older one is settled by what is known of it by then.
const maxOpen = 8

func (t *tally) opened(e *epoch) {
	for i := range t.open {
		if t.open[i].epoch == e {
			t.open[i].n++
			return
		}
	}
	if len(t.open) == maxOpen {
		if t.open[0].epoch.speaks {
			t.plaintext += t.open[0].n
		} else {
			t.unknown += t.open[0].n
		}
		t.open = append(t.open[:0], t.open[1:]...)
	}
	t.open = append(t.open, openCount{e, 1})
}

// counts settles what is open, without changing t.
func (t *tally) counts(names *names) Counts {
	c := Counts{Encrypted: t.encrypted, Plaintext: t.plaintext, Unknown: t.unknown, Deferred: t.deferred, Bounced: t.bounced}
	for _, o := range t.open {
		if o.epoch.speaks {
			c.Plaintext += o.n
		} else {
			c.Unknown += o.n
		}
	}
	c.Messages = c.Encrypted + c.Plaintext + c.Unknown
	for w, n := range t.words {
		if w > 0 && n > 0 {
			c.Words = append(c.Words, Named{postfix.Word(w).String(), n})
		}
	}
	for _, n := range t.names {
		if names.version(n.name) {
			c.Versions = append(c.Versions, Named{names.text(n.name), n.n})
		} else {
			c.Ciphers = append(c.Ciphers, Named{names.text(n.name), n.n})
		}
	}
	return c
}

// names numbers versions and ciphers, so that a destination holds a few octets for each.
type names struct {
	numbers map[string]uint16
	texts   []string
	isVer   []bool
}

// maxNames is more than there are versions and ciphers: only a forged log has more, and they become one.
const (
	maxNames    = 1000
	maxNameSize = 64
	otherName   = "other"
)

func newNames() *names {
	return &names{numbers: map[string]uint16{}, texts: []string{""}, isVer: []bool{false}}
}

// number is the number of a text; 0 for none.
func (n *names) number(text []byte, version bool) uint16 {
	if len(text) == 0 {
		return 0
	}
	if i, ok := n.numbers[string(text)]; ok {
		return i
	}
	s := string(text)
	if len(n.texts) >= maxNames || len(s) > maxNameSize || !nameLike(s) {
		s = otherName
		if version {
			s = "other version"
		}
		if i, ok := n.numbers[s]; ok {
			return i
		}
	}
	n.numbers[s] = uint16(len(n.texts))
	n.texts, n.isVer = append(n.texts, s), append(n.isVer, version)
	return n.numbers[s]
}

// nameLike reports whether s can be OpenSSL's name of anything.
func nameLike(s string) bool {
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

func (n *names) text(i uint16) string  { return n.texts[i] }
func (n *names) version(i uint16) bool { return n.isVer[i] }

// timeOf is a time of the log; the zero time where there is none.
func timeOf(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}
