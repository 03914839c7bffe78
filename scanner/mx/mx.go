// Package mx finds a mail domain's mail hosts (RFC 5321 5.1, RFC 7505), as Postfix's SMTP client does.
//
//  1. A target in brackets is its own mail host, and there is no MX question; an address needs no question at all. Any
//     other target, with or without a port, is a mail domain (transport(5)).
//  2. Its MX records are looked up; an alias at the domain is followed by the resolver (5.1: "the resulting name is
//     processed as if it were the initial name").
//  3. The domain does not exist: no mail host. It could not be told: no conclusion at all, and never step 4.
//  4. It exists without MX records: the domain itself is the mail host, if it has an address (the "implicit MX").
//  5. A "." among the targets, whatever stands beside it: the domain takes no mail (RFC 7505; src/dns/dns_lookup.c).
//  6. Otherwise the targets in order of preference, the first 20. Each is looked up for IPv4 and IPv6 addresses; an
//     alias is followed though 5.1 forbids it, an address in place of a name is taken though RFC 1035 3.3.9 knows none.
//
// Equal preferences stand in the order of their names, where a mail server would shuffle them, so that two runs agree.
package mx

import (
	"net/netip"

	"mxtls/scanner/internal/enum"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
)

// Kind says how a domain receives mail.
type Kind uint8

// Kinds. Invalid is for input that is no mail domain at all, so that every item of a list has a Kind.
const (
	KindUnknown Kind = iota
	Listed           // MX records
	Implicit         // no MX record (NODATA): the domain itself is its mail host; also a target in brackets
	Null             // a null MX: takes no mail (also beside other records, as Postfix reads it)
	None             // the domain does not exist, or has neither MX nor addresses
	Failed           // could not be told
	Invalid          // the input is no mail domain
)

var kindWords = enum.Words{"unknown", "listed", "implicit", "null", "none", "failed", "invalid"}

func (k Kind) String() string                   { return enum.String("mx kind", kindWords, k) }
func (k Kind) MarshalText() ([]byte, error)     { return enum.Marshal("mx kind", kindWords, k) }
func (k *Kind) UnmarshalText(text []byte) error { return enum.Unmarshal("mx kind", kindWords, k, text) }

// Host is one mail host of a domain.
type Host struct {
	Preference uint16
	Name       name.Name      // as written in the MX record; zero when Raw is no host name
	Raw        string         // the record's text, as the DNS prints it
	Literal    netip.Addr     // set when the record names an address instead of a host
	Aliases    []name.Name    // the host's CNAME chain; RFC 5321 5.1 wants none
	Addrs      []netip.Addr   // IPv4 before IPv6, each in address order; at most Limits.Addrs
	Dropped    int            // addresses beyond the limit
	Trust      resolve.Trust  // the weakest of the address answers
	Reason     Reason         // why there is no address; 0 when there is one
	Err        *resolve.Error // the lookup that failed, if one did (it may be only one family's)
}

// Set is all that the DNS says of where a domain's mail goes. It is not changed after Lookup.
type Set struct {
	Kind       Kind
	Reason     Reason        // why, for None, Failed, Null beside others
	Detail     string        // the reason's evidence in words
	Trust      resolve.Trust // of the MX answer
	Aliases    []name.Name   // the domain's own CNAME chain
	Hosts      []Host        // by preference, then name
	Dropped    int           // hosts beyond the limit
	NullBeside bool          // a null MX stood beside others (RFC 7505 3 forbids it)
	Err        *resolve.Error
}
