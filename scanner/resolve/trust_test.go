package resolve

import (
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"mxtls/scanner/scannertest"
)

// AD is believed of a resolver on loopback, or where the user says so.
func TestTrust(t *testing.T) {
	t.Parallel()
	d := newDNS(t, append(zone, "signed.example. 300 IN MX 10 mx.example.")...)
	d.Secure("signed.example", ".")
	d.Insecure("listed.example")
	d.Bogus("null.example")
	for _, tt := range []struct {
		name                   string
		remote, trustAD        bool
		signed, unsigned, root Trust
	}{
		{"loopback", false, false, Secure, Insecure, Secure},
		{"remote", true, false, TrustUnknown, TrustUnknown, TrustUnknown},
		{"remote, trusted", true, true, Secure, Insecure, Secure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newResolver(t, Config{Servers: []string{d.Addr()}, TrustAD: tt.trustAD})
			if tt.remote {
				r.servers[0].trusted = tt.trustAD // a server that is not on loopback cannot be had in a test
			}
			if a := r.MX(t.Context(), host("signed.example")); a.Status != Found || a.Trust != tt.signed {
				t.Errorf("signed: %+v", a)
			}
			if a := r.MX(t.Context(), host("listed.example")); a.Status != Found || a.Trust != tt.unsigned {
				t.Errorf("unsigned: %+v", a)
			}
			if a := r.MX(t.Context(), host("null.example")); a.Status != Failed || a.Trust != Bogus || a.Err.EDE == "" {
				t.Errorf("bogus: %+v", a)
			}
			if a := r.Root(t.Context()); a.Status != Found || a.Trust != tt.root {
				t.Errorf("root: %+v", a)
			}
		})
	}
}

func TestWhoseADIsBelieved(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.53:53": true, "::1": true, "[::1]:53": true, "::ffff:127.0.0.1": true,
		"192.0.2.1": false, "[2001:db8::1]:53": false, "10.0.0.1": false,
	} {
		for _, trustAD := range []bool{false, true} {
			r := newResolver(t, Config{Servers: []string{server}, TrustAD: trustAD})
			if got := r.servers[0].trusted; got != (want || trustAD) {
				t.Errorf("%s, trust-ad %v: %v", server, trustAD, got)
			}
		}
	}
}

// Resolvers without extended errors say SERVFAIL for broken DNSSEC; the CD bit tells it from other failures.
func TestCheckingDisabledLiftsServfail(t *testing.T) {
	t.Parallel()
	d := newDNS(t, zone...)
	d.Fail("listed.example", "MX", scannertest.Failure{Raw: func(query []byte) []byte {
		msg := response(query)
		if query[3]&flagsCD == 0 {
			msg[3] |= dns.RcodeServerFailure
		}
		return msg
	}})
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	if a := r.MX(t.Context(), host("listed.example")); a.Err == nil || a.Err.Kind != BogusAnswer || a.Trust != Bogus {
		t.Errorf("%+v", a)
	}

	// A resolver that merely recovers in between is no such proof.
	var asked atomic.Int32
	d.Fail("nomx.example", "A", scannertest.Failure{Raw: func(query []byte) []byte {
		msg := response(query)
		if asked.Add(1) <= defaultTries {
			msg[3] |= dns.RcodeServerFailure
		}
		return msg
	}})
	if a := r.Addrs(t.Context(), host("nomx.example"), false); a.Status != NoData {
		t.Errorf("recovered: %+v", a)
	}
}

// A resolver that gives the alias alone is asked for its target; the whole is as secure as its weakest part.
func TestAliasAskedFurther(t *testing.T) {
	t.Parallel()
	d := newDNS(t, "target.example. 300 IN A 192.0.2.1", "loop.example. 300 IN A 192.0.2.9")
	alias := func(from, to string) {
		d.Fail(from, "A", scannertest.Failure{Raw: func(query []byte) []byte {
			m := new(dns.Msg)
			if err := m.Unpack(query); err != nil {
				return nil
			}
			rr, err := dns.NewRR(from + ". 60 IN CNAME " + to + ".")
			if err != nil {
				return nil
			}
			m.SetReply(m)
			m.Answer, m.Extra, m.AuthenticatedData = []dns.RR{rr}, nil, true
			packed, _ := m.Pack()
			return packed
		}})
	}
	alias("one.example", "two.example")
	alias("two.example", "target.example")
	alias("loop.example", "pool.example")
	alias("pool.example", "loop.example")
	alias("nowhere.example", "gone.example")
	alias("odd.example", `a\032b.example`)
	r := newResolver(t, Config{Servers: []string{d.Addr()}})

	a := r.Addrs(t.Context(), host("one.example"), false)
	if a.Status != Found || len(a.Addrs) != 1 || a.Addrs[0] != netip.MustParseAddr("192.0.2.1") || len(a.Aliases) != 2 {
		t.Errorf("chain: %+v", a)
	}
	if a.Trust != Insecure {
		t.Errorf("chain: trust %v", a.Trust)
	}
	if a := r.Addrs(t.Context(), host("loop.example"), false); a.Err == nil || a.Err.Kind != CNAMELoop {
		t.Errorf("loop: %+v", a)
	}
	if a := r.Addrs(t.Context(), host("nowhere.example"), false); a.Status != NXDomain || len(a.Aliases) != 1 {
		t.Errorf("dangling: %+v", a)
	}
	if a := r.Addrs(t.Context(), host("odd.example"), false); a.Err == nil || a.Err.Kind != Malformed {
		t.Errorf("alias that is no host name: %+v", a)
	}
}

// EDNS that failed once is not tried again on the same resolver.
func TestEDNSRemembered(t *testing.T) {
	t.Parallel()
	d := newDNS(t, zone...)
	d.Fail("*", "", scannertest.Failure{NoEDNS: true})
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	for _, n := range []string{"listed.example", "null.example"} {
		if a := r.MX(t.Context(), host(n)); a.Status != Found {
			t.Fatal(a.Err)
		}
	}
	var edns []bool
	for _, q := range d.Queries() {
		edns = append(edns, q.EDNS)
	}
	if len(edns) != 3 || !edns[0] || edns[1] || edns[2] {
		t.Errorf("EDNS in the queries: %v, want once", edns)
	}
}
