package dane

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// zone holds a mail host for every way to its TLSA records. What is below signed.example is signed, below
// unsigned.example it is not, below broken.example the signatures are bad.
var zone = []string{
	"mx.signed.example. 300 IN A 192.0.2.1",
	"_25._tcp.mx.signed.example. 300 IN TLSA 3 1 1 01",
	"bare.signed.example. 300 IN A 192.0.2.1",
	"mx.unsigned.example. 300 IN A 192.0.2.1",
	"_25._tcp.mx.unsigned.example. 300 IN TLSA 3 1 1 02",
	"both.signed.example. 300 IN CNAME mx.signed.example.",
	"_25._tcp.both.signed.example. 300 IN TLSA 3 1 1 03",
	"own.signed.example. 300 IN CNAME bare.signed.example.",
	"_25._tcp.own.signed.example. 300 IN TLSA 3 1 1 04",
	"out.signed.example. 300 IN CNAME mx.unsigned.example.",
	"_25._tcp.out.signed.example. 300 IN TLSA 3 1 1 05",
	"in.unsigned.example. 300 IN CNAME mx.signed.example.",
	"shared.signed.example. 300 IN A 192.0.2.1",
	"_25._tcp.shared.signed.example. 300 IN CNAME _dane.signed.example.",
	"_dane.signed.example. 300 IN TLSA 3 1 1 06",
	"leak.signed.example. 300 IN A 192.0.2.1",
	"_25._tcp.leak.signed.example. 300 IN CNAME _25._tcp.mx.unsigned.example.",
	"lost.signed.example. 300 IN A 192.0.2.1",
	"_25._tcp.lost.signed.example. 300 IN CNAME _25._tcp.mx.broken.example.",
	"mute.signed.example. 300 IN A 192.0.2.1",
	"alias-to-mute.signed.example. 300 IN CNAME mute.signed.example.",
	"_25._tcp.alias-to-mute.signed.example. 300 IN TLSA 3 1 1 07",
	"_25._tcp.mx.broken.example. 300 IN TLSA 3 1 1 08",
	"odd.unsigned.example. 300 IN CNAME mx.unsigned.example.",
}

// TestLookup goes the whole way: the host's addresses by mx, the records by the resolver.
func TestLookup(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, host string
		want       string // status or "found", base domain, reason
		not        string // a TLSA name that must not be asked for
	}{
		{"signed host", "mx.signed.example", "found mx.signed.example ", ""},
		{"signed host without records", "bare.signed.example", "none  no_tlsa_record", ""},
		{"insecure addresses are not asked for records", "mx.unsigned.example", "insecure  address_insecure",
			"_25._tcp.mx.unsigned.example"},
		{"alias with records at both ends", "both.signed.example", "found mx.signed.example ",
			"_25._tcp.both.signed.example"},
		{"alias with records at its own name alone", "own.signed.example", "found own.signed.example ", ""},
		{"secure alias into an unsigned zone", "out.signed.example", "found out.signed.example ",
			"_25._tcp.mx.unsigned.example"},
		{"insecure alias into a signed zone", "in.unsigned.example", "insecure  address_insecure",
			"_25._tcp.in.unsigned.example"},
		{"insecure alias", "odd.unsigned.example", "insecure  address_insecure", "_25._tcp.odd.unsigned.example"},
		{"the records' name is an alias", "shared.signed.example", "found shared.signed.example ", ""},
		{"the records' alias leads out of the signed zone", "leak.signed.example", "insecure  tlsa_record_insecure", ""},
		{"bogus records are not none", "lost.signed.example", "lookup_failed  dnssec-invalid", ""},
		{"failed lookup is not none", "mute.signed.example", "lookup_failed  tlsa_lookup_failed", ""},
		{"failed lookup at the alias's end ends it", "alias-to-mute.signed.example",
			"lookup_failed  tlsa_lookup_failed", "_25._tcp.alias-to-mute.signed.example"},
		{"no address", "gone.signed.example", "unknown  host_no_address", "_25._tcp.gone.signed.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, r := newDNS(t)
			got := Lookup(t.Context(), r, mailHost(t, r, tt.host), Port)
			if text := brief(got); text != tt.want {
				t.Errorf("%q, want %q: %+v", text, tt.want, got)
			}
			if got.Found != (len(got.TLSA) > 0) {
				t.Errorf("%+v", got)
			}
			for _, q := range d.Queries() {
				if q.Name == tt.not && q.Type == "TLSA" {
					t.Errorf("%s was asked for", tt.not)
				}
			}
		})
	}
}

func newDNS(t *testing.T) (*scannertest.DNS, *resolve.Resolver) {
	t.Helper()
	d, err := scannertest.NewDNS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	if err := d.Add(zone...); err != nil {
		t.Fatal(err)
	}
	d.Secure("signed.example")
	d.Bogus("broken.example")
	d.Fail("_25._tcp.mute.signed.example", "", scannertest.Failure{Rcode: "SERVFAIL"})
	r, err := resolve.New(resolve.Config{Servers: []string{d.Addr()}, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return d, r
}

func mailHost(t *testing.T, r *resolve.Resolver, n string) *mx.Host {
	t.Helper()
	set := mx.Lookup(t.Context(), r, name.Target{Name: host(n), Direct: true}, mx.Limits{})
	if len(set.Hosts) == 0 {
		return &mx.Host{Name: host(n)}
	}
	return &set.Hosts[0]
}

// brief is a lookup's result in short.
func brief(f Records) string {
	status := f.Status.String()
	if f.Found {
		status = "found"
	}
	return status + " " + f.Base.String() + " " + f.Reason.String()
}

// fake answers every question with the same answer.
type fake struct{ tlsa, alias resolve.Answer }

func (f fake) TLSA(context.Context, name.Name, uint16) resolve.Answer { return f.tlsa }
func (f fake) Alias(context.Context, name.Name) resolve.Answer        { return f.alias }

// TestNobodyToBelieve: what only we could not do is no fault of the host's, and what nobody vouches for is unknown.
func TestNobodyToBelieve(t *testing.T) {
	t.Parallel()
	addrs := []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	at := func(trust resolve.Trust, aliases ...name.Name) *mx.Host {
		return &mx.Host{Name: host(mxHost), Addrs: addrs, Trust: trust, Aliases: aliases}
	}
	failed := func(k resolve.Kind) resolve.Answer {
		return resolve.Answer{Status: resolve.Failed, Err: &resolve.Error{Kind: k}}
	}
	for _, tt := range []struct {
		name string
		r    fake
		host *mx.Host
		want string
	}{
		{"resolver not trusted", fake{}, at(resolve.TrustUnknown), "unknown  resolver_not_trusted"},
		{"records not vouched for", fake{tlsa: resolve.Answer{Status: resolve.Found}}, at(resolve.Secure),
			"unknown  resolver_not_trusted"},
		{"canceled", fake{tlsa: failed(resolve.Canceled)}, at(resolve.Secure), "unknown  tlsa_lookup_failed"},
		{"resolvers down", fake{tlsa: failed(resolve.Down)}, at(resolve.Secure), "unknown  tlsa_lookup_failed"},
		{"timeout", fake{tlsa: failed(resolve.Timeout)}, at(resolve.Secure), "lookup_failed  tlsa_lookup_failed"},
		{"bogus addresses", fake{}, at(resolve.Bogus), "lookup_failed  dnssec-invalid"},
		{"alias cannot be told", fake{alias: failed(resolve.ServFail)}, at(resolve.Insecure, host("x.example")),
			"lookup_failed  tlsa_lookup_failed"},
		{"address literal", fake{}, &mx.Host{Literal: addrs[0], Addrs: addrs},
			"none  no_host_name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Lookup(t.Context(), tt.r, tt.host, Port)
			if text := brief(got); text != tt.want {
				t.Errorf("%q, want %q", text, tt.want)
			}
			if o := Judge(got, nil, Names{}, now); o.Status != got.Status || o.Reason != got.Reason || o.Records != nil {
				t.Errorf("judged %+v", o)
			}
		})
	}
}

func TestNamesOf(t *testing.T) {
	t.Parallel()
	target := name.Target{Name: host("example.com")}
	for _, tt := range []struct {
		name string
		set  mx.Set
		want Names
	}{
		{"listed", mx.Set{Kind: mx.Listed, Trust: resolve.Secure}, Names{[]name.Name{host("example.com")}, true}},
		{"insecure", mx.Set{Kind: mx.Listed, Trust: resolve.Insecure}, Names{[]name.Name{host("example.com")}, false}},
		{"alias", mx.Set{Kind: mx.Listed, Trust: resolve.Secure, Aliases: []name.Name{host("a.example"), host("b.example")}},
			Names{[]name.Name{host("example.com"), host("b.example")}, true}},
		{"implicit", mx.Set{Kind: mx.Implicit, Trust: resolve.Secure}, Names{}},
	} {
		got := NamesOf(target, &tt.set)
		if got.Secure != tt.want.Secure || len(got.NextHop) != len(tt.want.NextHop) {
			t.Errorf("%s: %+v", tt.name, got)
			continue
		}
		for i, n := range got.NextHop {
			if n != tt.want.NextHop[i] {
				t.Errorf("%s: %+v", tt.name, got)
			}
		}
	}
}
