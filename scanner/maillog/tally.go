package maillog

import (
	"cmp"
	"slices"
	"time"

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
	if len(names) < 2 {
		return names
	}
	sorted := slices.Clone(names)
	slices.SortFunc(sorted, func(a, b Named) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Name, b.Name)) })
	return sorted
}

func (names *Names) add(more ...Named) {
	for _, m := range more {
		names.count(m.Name, m.N)
	}
}

// count counts n more of a name; "" is none.
func (names *Names) count(name string, n int64) {
	if name == "" {
		return
	}
	for i := range *names {
		if (*names)[i].Name == name {
			(*names)[i].N += n
			return
		}
	}
	*names = append(*names, Named{name, n})
}

// Attributed is how many messages the log tells of.
func (c *Counts) Attributed() int64 { return c.Encrypted + c.Plaintext }

// tally is Counts in the making. It is small, since there is one for each destination.
type tally struct {
	first, last                           int64
	encrypted                             wayCount // in the way that came first
	otherwise                             []wayCount
	plaintext, unknown, deferred, bounced int64
	open                                  []openCount
}

// wayCount counts messages that were encrypted in one way, by its number in the collector's table.
type wayCount struct {
	n   int64
	way uint16
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
		t.went(o.way)
	case o.encrypted == truth.No:
		t.plaintext++
	default:
		t.unknown++
	}
}

func (t *tally) went(way uint16) {
	if t.encrypted.n == 0 {
		t.encrypted.way = way
	}
	if t.encrypted.way == way {
		t.encrypted.n++
		return
	}
	for i := range t.otherwise {
		if t.otherwise[i].way == way {
			t.otherwise[i].n++
			return
		}
	}
	t.otherwise = append(t.otherwise, wayCount{1, way})
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
func (t *tally) counts(ways *ways) Counts {
	c := Counts{Plaintext: t.plaintext, Unknown: t.unknown, Deferred: t.deferred, Bounced: t.bounced}
	for _, o := range t.open {
		if o.epoch.speaks {
			c.Plaintext += o.n
		} else {
			c.Unknown += o.n
		}
	}
	if t.encrypted.n > 0 {
		c.went(&ways.all[t.encrypted.way], t.encrypted.n)
	}
	for _, o := range t.otherwise {
		c.went(&ways.all[o.way], o.n)
	}
	c.Messages = c.Encrypted + c.Plaintext + c.Unknown
	return c
}

func (c *Counts) went(w *way, n int64) {
	c.Encrypted += n
	c.Words.count(w.word, n)
	c.Versions.count(w.version, n)
	c.Ciphers.count(w.cipher, n)
}

// timeOf is a time of the log; the zero time where there is none.
func timeOf(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}
