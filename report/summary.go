package report

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"

	"mxtls/scanner"
	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// Tally counts domains and servers. Servers are counted once each, by address, however many domains they serve.
type Tally struct {
	Domains int // results, invalid input included

	Full, Partial, Plain, Unknown int // domains that take mail, by Class
	Null, None, Failed, Invalid   int // the others
	OptedOut                      int // of Failed, those that were not looked up on purpose

	Servers   verdict.Counts // distinct servers that were tested
	Untested  int            // distinct servers that were not, for want of IPv6 here
	Refused   int            // distinct servers that turned us away by policy or block list
	Trusted   int            // distinct servers with a trusted chain, whatever its names
	Untrusted int            // distinct servers with TLS and any other chain, or none

	seed maphash.Seed
	seen map[[8]byte]struct{}
}

// server tells servers apart: by address, or by label where a host has none.
type server struct {
	addr  netip.AddrPort
	label string
}

func serverKey(s *verdict.Server) server {
	if s.Addr.IsValid() {
		return server{addr: s.Addr}
	}
	return server{label: s.Label}
}

// Mail is the number of domains that take mail, or that may.
func (t *Tally) Mail() int { return t.Full + t.Partial + t.Plain + t.Unknown }

// Add counts one result.
func (t *Tally) Add(r *scanner.Result) {
	t.Domains++
	switch r.Class() {
	case verdict.ClassFull:
		t.Full++
	case verdict.ClassPartial:
		t.Partial++
	case verdict.ClassPlain:
		t.Plain++
	case verdict.ClassNull:
		t.Null++
	case verdict.ClassNone:
		t.None++
	case verdict.ClassFailed:
		t.Failed++
		if r.Facts.MX.Reason == mx.OptedOut {
			t.OptedOut++
		}
	case verdict.ClassInvalid:
		t.Invalid++
	default:
		t.Unknown++
	}
	for i := range r.Facts.Servers {
		t.server(&r.Facts.Servers[i], &r.Verdict.Servers[i])
	}
}

// server counts one server the first time that it is seen.
func (t *Tally) server(s *verdict.Server, a *verdict.Answers) {
	if t.seen == nil {
		t.seed, t.seen = maphash.MakeSeed(), map[[8]byte]struct{}{}
	}
	// 64 bits of a hash take a fifth of the memory of the keys themselves, and a run may meet a million servers; that
	// two of them fall together, and one is not counted, happens in one such run of 37 million.
	var key [8]byte
	binary.NativeEndian.PutUint64(key[:], maphash.Comparable(t.seed, serverKey(s)))
	if _, ok := t.seen[key]; ok {
		return
	}
	t.seen[key] = struct{}{}
	switch {
	case s.Untested():
		t.Untested++
	case a.Encrypted == truth.Yes:
		t.Servers.Yes++
	case a.Encrypted == truth.No:
		t.Servers.No++
	default:
		t.Servers.Unknown++
	}
	if s.Session != nil && s.Session.Err != nil && s.Session.Err.Reason == starttls.RefusedByPolicy {
		t.Refused++
	}
	if s.Chain == nil {
		return
	}
	switch s.Chain.Status {
	case pkix.Trusted:
		t.Trusted++
	case pkix.Untrusted, pkix.Anonymous:
		t.Untrusted++
	}
}

// Group is the tally of one list or preset.
type Group struct {
	Name string
	Tally
}

// Summary is what a run comes to. The zero Summary is ready for Add; the caller sets the other fields before End.
type Summary struct {
	Total      Tally
	Groups     []Group // in the order of their first result
	Duplicates int     // items of the input that were there before, scanned once
	Sessions   int     // sessions held
	Partial    string  // why the run is not whole; "" when it is
}

// Add counts one result in its group and over all.
func (s *Summary) Add(group string, r *scanner.Result) {
	s.Total.Add(r)
	for i := range s.Groups {
		if s.Groups[i].Name == group {
			s.Groups[i].Add(r)
			return
		}
	}
	s.Groups = append(s.Groups, Group{Name: group})
	s.Groups[len(s.Groups)-1].Add(r)
}
