// Package received reads the Received: lines of a message: who handed it to whom, and what each line says of TLS.
//
// RFC 5321 4.4 has a server put a line on top of a message that it takes: from, by, via, with, id, for, and a date.
// What it says of TLS stands in the protocol word (RFC 3848 and 6531: ESMTPS, LMTPSA, UTF8SMTPS), in a "tls" clause
// (RFC 8314 4.3), or, most of all, in comments, of which each program has its own. How a line is read, in this order:
//
//  1. Messages come one in a file, as an mbox or as pasted headers (see [Read]); a line is unfolded, and what is beyond
//     16 KiB of it is left alone.
//  2. It is split into words, comments (nested, with quoted pairs) and quoted strings. Nothing is decoded: an encoded
//     word (RFC 2047) stays what it is, so that it can never turn into a clause.
//  3. Clauses: the last "by" divides what was told to the server (a HELO name may hold anything) from what the server
//     says itself. TLS comments count behind it; before it only in the forms of Postfix and Courier, which write them
//     there, and behind the client's address.
//  4. The judgement: TLS details say yes, unless the cipher is none; so does a word with an S. A registered word without
//     one says no, as RFC 3848 has it, unless the program is known to write it in any case. Anything else is unknown:
//     hops within one system, words that are no protocol's, lines that can be read in several ways.
//
// No local part is kept: of "for" and of envelope senders nothing is read, and of a word with an at sign only what is
// behind it. Whoever passes a message on can write any line, so a line is worth what its writer is: see [Trusted].
// A server behind a proxy that ends TLS for it (HAProxy on port 465) knows of none and says so; its own words are
// repeated here.
package received

import (
	"net/netip"
	"time"

	"mxtls/scanner/truth"
)

const (
	maxHops  = 1000     // of a message; RFC 5321 6.3 wants loops broken at 100
	maxField = 16 << 10 // of a Received: line; real ones have 500 octets
	maxName  = 255      // of a host name, a protocol or a cipher
)

// Hop is what one Received: line says. Texts are as they came, without local parts, at most 255 octets each; they may
// hold anything, so they are escaped before they are shown.
type Hop struct {
	From    string     // the client: the name that the server looked up, else what it called itself; "" = not said
	Checked bool       // the server held the name From against the DNS, forward and back
	Helo    string     // what the client called itself; "" = not said
	Address netip.Addr // of the client; the zero Addr where it is not said
	By      string     // the server that wrote the line; "" = not said

	Protocol string  // the word of "with", as written; several words where the program's name stands there
	Version  Version // of TLS
	Cipher   string  // as the line has it: OpenSSL's name, the standard's or GnuTLS's
	Bits     int     // of the cipher's key; 0 = not said

	Encrypted truth.Truth // on the way from From to By
	Reason    Reason      // why Encrypted is what it is
	Verified  truth.Truth // whether the server verified the client's certificate; No also where there was none

	Time time.Time // when the server took the message, by its clock; zero = not said, or not a date
}

// Message is what the header of one message says.
type Message struct {
	Hops []Hop // from the sender to the reader
	More int   // lines nearer to the sender that were left out: there were more than 1,000
	Cut  bool  // the header was longer than 8 MiB and was read only so far
}

// Delay is how long the message took from the hop before hop i to hop i, by two clocks: it may be negative. False where
// one of the times is not known.
func (m *Message) Delay(i int) (time.Duration, bool) {
	if i < 1 || i >= len(m.Hops) || m.Hops[i].Time.IsZero() || m.Hops[i-1].Time.IsZero() {
		return 0, false
	}
	return m.Hops[i].Time.Sub(m.Hops[i-1].Time), true
}

// Counts are the hops of a message by what they say.
type Counts struct {
	Encrypted int // yes
	Plain     int // no
	Internal  int // unknown, and within one system
	Unknown   int // unknown, and not within one system
}

// Count counts the hops.
func (m *Message) Count() Counts {
	var c Counts
	for i := range m.Hops {
		switch h := &m.Hops[i]; {
		case h.Encrypted == truth.Yes:
			c.Encrypted++
		case h.Encrypted == truth.No:
			c.Plain++
		case h.Reason == Internal:
			c.Internal++
		default:
			c.Unknown++
		}
	}
	return c
}

// Encrypted is whether the message was encrypted on its way: No if a hop says that it was not, Yes if all hops say that
// it was, those within one system aside, else Unknown.
func (m *Message) Encrypted() truth.Truth {
	switch c := m.Count(); {
	case c.Plain > 0:
		return truth.No
	case c.Encrypted > 0 && c.Unknown == 0 && m.More == 0 && !m.Cut:
		return truth.Yes
	default:
		return truth.Unknown
	}
}
