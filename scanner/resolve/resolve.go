// Package resolve turns one DNS question into typed records, how far they can be trusted, or a typed error.
//
// It is a stub resolver (RFC 1034 5.3.1): it asks recursive resolvers and believes them no further than it must.
//
//  1. A question is looked for in the cache of the run; the same question is asked once at a time, whoever waits.
//  2. The resolvers are asked in their order over UDP with RD, AD (RFC 6840 5.7), and EDNS with DO (RFC 6891), the next
//     one on silence, SERVFAIL, REFUSED or an answer that does not parse. Sockets are connected, live long, carry many
//     questions and change their port now and then; an answer must fit port, id and question, and a wrong one does not
//     end the waiting (RFC 5452 9.1).
//  3. TC leads to TCP (RFC 7766), FORMERR, NOTIMP or BADVERS to one try without EDNS, remembered per resolver.
//  4. Aliases are followed inside the answer (RFC 1034 3.6.2) and asked for where the resolver left them unresolved.
//  5. AD makes an answer secure only where the resolver is on loopback or the user trusts it; a SERVFAIL that an
//     extended error (RFC 8914) or the CD bit (RFC 4035 3.2.2) puts down to DNSSEC is bogus, never an absence.
//  6. When no resolver answers any more, not even for the root, the Resolver is down and every question fails at once:
//     what could not be looked up must not pass for what does not exist.
package resolve

import (
	"net/netip"
	"time"

	"mxtls/scanner/internal/enum"
	"mxtls/scanner/name"
)

// Trust says what DNSSEC makes of an answer, as told by a resolver that we believe (RFC 4035 3.2.3).
type Trust uint8

// Trust values. Unknown: the resolver is not trusted to say (not on loopback and no --trust-ad), or it failed.
const (
	TrustUnknown Trust = iota
	Secure
	Insecure
	Bogus
)

// Weakest is the lesser of two trusts, for a conclusion that rests on both answers: bogus, unknown, insecure, secure.
func Weakest(a, b Trust) Trust {
	rank := [...]int{TrustUnknown: 1, Secure: 3, Insecure: 2, Bogus: 0}
	if rank[b] < rank[a] {
		return b
	}
	return a
}

var trustWords = enum.Words{"unknown", "secure", "insecure", "bogus"}

func (t Trust) String() string                   { return enum.String("trust", trustWords, t) }
func (t Trust) MarshalText() ([]byte, error)     { return enum.Marshal("trust", trustWords, t) }
func (t *Trust) UnmarshalText(text []byte) error { return enum.Unmarshal("trust", trustWords, t, text) }

// Status is what an answer came to.
type Status uint8

// Status values. Failed is the only one with an Error beside it: nothing is known of the name then.
const (
	StatusUnknown Status = iota
	Found                // records of the type asked for
	NoData               // the name exists, the type does not
	NXDomain             // the name does not exist
	Failed               // could not be told
)

var statusWords = enum.Words{"unknown", "found", "nodata", "nxdomain", "failed"}

func (s Status) String() string               { return enum.String("status", statusWords, s) }
func (s Status) MarshalText() ([]byte, error) { return enum.Marshal("status", statusWords, s) }
func (s *Status) UnmarshalText(text []byte) error {
	return enum.Unmarshal("status", statusWords, s, text)
}

// Kind says how a lookup failed.
type Kind uint8

// Failure kinds.
const (
	KindNone     Kind = iota
	Timeout           // no resolver answered in time
	ServFail          // rcode SERVFAIL without a word on DNSSEC
	Refused           // rcode REFUSED, a referral instead of an answer, or an answer that the resolver's policy made up
	BogusAnswer       // SERVFAIL that an extended error puts down to DNSSEC (RFC 8914 codes 5-12), or that CD=1 lifts
	OtherRcode        // any other rcode: NOTIMP, FORMERR, ...
	Malformed         // an answer that cannot be parsed or does not fit its question
	CNAMELoop         // an alias that leads back to itself
	CNAMETooLong      // more aliases than we follow (10, as Postfix)
	TooLarge          // more records or octets than we take
	Network           // the resolver's address cannot be reached
	Down              // the circuit breaker is open: the resolvers stopped answering in mid-run
	Canceled          // the caller gave up, or the Resolver was closed
)

var kindWords = enum.Words{
	"none", "timeout", "servfail", "refused", "bogus", "other rcode", "malformed", "cname loop", "cname chain too long",
	"too large", "network", "down", "canceled",
}

func (k Kind) String() string               { return enum.String("lookup failure", kindWords, k) }
func (k Kind) MarshalText() ([]byte, error) { return enum.Marshal("lookup failure", kindWords, k) }
func (k *Kind) UnmarshalText(text []byte) error {
	return enum.Unmarshal("lookup failure", kindWords, k, text)
}

// MX is one MX record, its target as the DNS prints it: escaped, without the final dot, "." for the null MX.
type MX struct {
	Preference uint16
	Host       string
}

// TLSA is one TLSA record (RFC 6698 2.1), its numbers as sent: they may be none that anybody has defined.
type TLSA struct {
	Usage, Selector, Matching uint8
	Data                      []byte // not nil, but it may be empty
}

// Answer is what one question came to.
type Answer struct {
	Status  Status
	Trust   Trust
	Aliases []name.Name  // the CNAME targets followed, in order
	MX      []MX         // type MX, sorted by preference, then name
	Addrs   []netip.Addr // type A or AAAA, as sent
	TLSA    []TLSA       // type TLSA, sorted by usage, selector, matching type, data; duplicates gone
	TXT     []string     // type TXT, sorted: a record's strings joined with nothing between (RFC 8461 3.1), any octets
	Dropped int          // records beyond our limits, counted and left out
	TTL     time.Duration
	Expires time.Time // when the first signature over the answer runs out; zero where the resolver sent none
	Err     *Error    // set when Status is Failed
}
