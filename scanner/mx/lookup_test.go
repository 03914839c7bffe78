package mx

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var equal = cmp.Options{
	cmp.AllowUnexported(name.Name{}),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreFields(Set{}, "Err", "Detail"),
	cmpopts.IgnoreFields(Host{}, "Err"),
}

// internet is the zone and its failures that the tests share; each domain is one row of the table.
func internet(t *testing.T) *scannertest.DNS {
	t.Helper()
	d, err := scannertest.NewDNS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	if err := d.Add(
		"listed.example. 300 IN MX 20 b.host.example.",
		"listed.example. 300 IN MX 20 a.host.example.",
		"listed.example. 300 IN MX 10 dual.host.example.",
		"a.host.example. 300 IN A 192.0.2.11",
		"b.host.example. 300 IN AAAA 2001:db8::12",
		"dual.host.example. 300 IN A 192.0.2.2",
		"dual.host.example. 300 IN A 192.0.2.1",
		"dual.host.example. 300 IN AAAA 2001:db8::1",
		"twice.example. 300 IN MX 10 a.host.example.",
		"twice.example. 300 IN MX 20 A.host.example.",
		"implicit.example. 300 IN A 192.0.2.3",
		"bare.example. 300 IN TXT nothing",
		"null.example. 300 IN MX 0 .",
		"nullbeside.example. 300 IN MX 10 a.host.example.",
		"nullbeside.example. 300 IN MX 50 .",
		"alias.example. 300 IN CNAME listed2.example.",
		"listed2.example. 300 IN MX 10 a.host.example.",
		"dangling.example. 300 IN CNAME gone.example.",
		"implicitalias.example. 300 IN CNAME implicit.example.",
		"mxalias.example. 300 IN MX 10 cname.host.example.",
		"cname.host.example. 300 IN CNAME a.host.example.",
		"literal.example. 300 IN MX 10 192.0.2.9.",
		"literal.example. 300 IN MX 20 2001:db8::9.",
		"odd.example. 300 IN MX 10 a\\.b.host.example.",
		"odd.example. 300 IN MX 20 a.host.example\\032.",
		"odd.example. 300 IN MX 30 _mx.host.example.",
		"odd.example. 300 IN MX 40 xn--bcher-kva.host.example.",
		"odd.example. 300 IN MX 50 [192\\.0\\.2\\.1].",
		"_mx.host.example. 300 IN A 192.0.2.13",
		"xn--bcher-kva.host.example. 300 IN A 192.0.2.14",
		"long.example. 300 IN MX 10 "+longHost+".",
		longHost+". 300 IN A 192.0.2.15",
		"hostgone.example. 300 IN MX 10 gone.host.example.",
		"hostempty.example. 300 IN MX 10 empty.host.example.",
		"empty.host.example. 300 IN TXT nothing",
		"hostfails.example. 300 IN MX 10 fails.host.example.",
		"hostfails.example. 300 IN MX 20 half.host.example.",
		"hostfails.example. 300 IN MX 30 emptyhalf.host.example.",
		"half.host.example. 300 IN A 192.0.2.16",
		"emptyhalf.host.example. 300 IN TXT nothing",
		"fails.host.example. 300 IN A 192.0.2.17",
	); err != nil {
		t.Fatal(err)
	}
	d.Secure("listed.example", "dual.host.example")
	d.Fail("servfail.example", "MX", scannertest.Failure{Rcode: "SERVFAIL"})
	d.Fail("refused.example", "MX", scannertest.Failure{Rcode: "REFUSED"})
	d.Fail("malformed.example", "MX", scannertest.Failure{Raw: func(q []byte) []byte {
		q = append(q[:0:0], q...)
		q[2] |= 0x80
		return q[:len(q)-1] // its OPT record is cut
	}})
	d.Bogus("bogus.example")
	d.Fail("fails.host.example", "", scannertest.Failure{Rcode: "SERVFAIL"})
	d.Fail("half.host.example", "AAAA", scannertest.Failure{Rcode: "SERVFAIL"})
	d.Fail("emptyhalf.host.example", "AAAA", scannertest.Failure{Rcode: "REFUSED"})
	d.Fail("implicitfails.example", "MX", scannertest.Failure{Raw: noData})
	d.Fail("implicitfails.example", "A", scannertest.Failure{Rcode: "SERVFAIL"})
	d.Fail("implicitfails.example", "AAAA", scannertest.Failure{Rcode: "SERVFAIL"})
	d.Fail("contradiction.example", "MX", scannertest.Failure{Raw: noData})
	return d
}

// longHost is the longest name that the DNS can hold: 253 octets as text.
var longHost = strings.Repeat(strings.Repeat("a", 59)+".", 4) + "host.example"

// noData is an empty answer with the query's question; its OPT record is not counted.
func noData(q []byte) []byte {
	q = append(q[:0:0], q...)
	q[2], q[3], q[11] = 0x81, 0x80, 0
	return q
}

func addrs(s ...string) (out []netip.Addr) {
	for _, a := range s {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

func hostAt(preference uint16, raw string, a ...string) Host {
	n := name.MustParse(raw)
	return Host{Preference: preference, Raw: raw, Name: n, Addrs: addrs(a...), Trust: resolve.Insecure}
}

// with changes one host of a table's row.
func (h Host) with(edit func(*Host)) Host {
	edit(&h)
	return h
}

func names(s ...string) (out []name.Name) {
	for _, n := range s {
		out = append(out, name.MustParse(n))
	}
	return out
}

func aliases(s string) func(*Host) { return func(h *Host) { h.Aliases = names(s) } }

func reason(r Reason) func(*Host) { return func(h *Host) { h.Reason = r } }

func trusted(t resolve.Trust) func(*Host) { return func(h *Host) { h.Trust = t } }

func TestLookup(t *testing.T) {
	t.Parallel()
	d := internet(t)
	r, err := resolve.New(resolve.Config{Servers: []string{d.Addr()}, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	a := hostAt(10, "a.host.example", "192.0.2.11")
	failing := func(why Reason) Set { return Set{Kind: Failed, Reason: why} }
	for _, tt := range []struct {
		domain string
		want   Set
		detail string // what Detail must hold
	}{
		{"listed", Set{Kind: Listed, Trust: resolve.Secure, Hosts: []Host{
			hostAt(10, "dual.host.example", "192.0.2.1", "192.0.2.2", "2001:db8::1").with(trusted(resolve.Secure)),
			hostAt(20, "a.host.example", "192.0.2.11"),
			hostAt(20, "b.host.example", "2001:db8::12"),
		}}, ""},
		{"twice", Set{Kind: Listed, Hosts: []Host{a}}, ""},
		{"implicit", Set{Kind: Implicit, Hosts: []Host{hostAt(0, "implicit.example", "192.0.2.3")}}, ""},
		{"implicitalias", Set{Kind: Implicit, Aliases: names("implicit.example"), Hosts: []Host{
			hostAt(0, "implicitalias.example", "192.0.2.3").with(aliases("implicit.example")),
		}}, ""},
		{"implicitfails", Set{Kind: Failed, Reason: LookupServFail, Trust: resolve.Insecure}, "SERVFAIL"},
		{"contradiction", Set{Kind: None, Reason: NoMailHost}, "does not exist"},
		{"bare", Set{Kind: None, Reason: NoMailHost}, "neither MX records nor an address"},
		{"gone", Set{Kind: None, Reason: NoSuchDomain}, "gone.example does not exist"},
		{"dangling", Set{Kind: None, Reason: NoSuchDomain, Aliases: names("gone.example")}, "alias of gone.example"},
		{"null", Set{Kind: Null, Reason: NullMX}, ""},
		{"nullbeside", Set{Kind: Null, Reason: NullMXBesideOthers, NullBeside: true}, "beside a.host.example"},
		{"alias", Set{Kind: Listed, Aliases: names("listed2.example"), Hosts: []Host{a}}, ""},
		{"mxalias", Set{Kind: Listed, Hosts: []Host{
			hostAt(10, "cname.host.example", "192.0.2.11").with(aliases("a.host.example")),
		}}, ""},
		{"literal", Set{Kind: Listed, Hosts: []Host{
			{Preference: 10, Raw: "192.0.2.9", Literal: addrs("192.0.2.9")[0], Addrs: addrs("192.0.2.9")},
			{Preference: 20, Raw: "2001:db8::9", Literal: addrs("2001:db8::9")[0], Addrs: addrs("2001:db8::9")},
		}}, ""},
		{"odd", Set{Kind: Listed, Hosts: []Host{
			{Preference: 10, Raw: `a\.b.host.example`, Reason: HostMalformed},
			{Preference: 20, Raw: `a.host.example\ `, Reason: HostMalformed},
			hostAt(30, "_mx.host.example", "192.0.2.13"),
			hostAt(40, "xn--bcher-kva.host.example", "192.0.2.14"),
			{Preference: 50, Raw: `[192\.0\.2\.1]`, Reason: HostMalformed},
		}}, ""},
		{"long", Set{Kind: Listed, Hosts: []Host{hostAt(10, longHost, "192.0.2.15")}}, ""},
		{"hostgone", Set{Kind: Listed, Hosts: []Host{hostAt(10, "gone.host.example").with(reason(HostNotFound))}}, ""},
		{"hostempty", Set{Kind: Listed, Hosts: []Host{
			hostAt(10, "empty.host.example").with(reason(HostNoAddress)),
		}}, ""},
		{"hostfails", Set{Kind: Listed, Hosts: []Host{
			hostAt(10, "fails.host.example").with(reason(LookupServFail)).with(trusted(resolve.TrustUnknown)),
			hostAt(20, "half.host.example", "192.0.2.16"),
			hostAt(30, "emptyhalf.host.example").with(reason(LookupRefused)),
		}}, ""},
		{"servfail", failing(LookupServFail), "MX lookup for servfail.example: SERVFAIL from 127.0.0.1"},
		{"refused", failing(LookupRefused), "REFUSED"},
		{"malformed", failing(LookupMalformed), "malformed answer"},
		{"bogus", Set{Kind: Failed, Reason: LookupBogus, Trust: resolve.Bogus}, "DNSSEC"},
	} {
		t.Run(tt.domain, func(t *testing.T) {
			t.Parallel()
			if tt.want.Kind != Failed && tt.want.Trust == resolve.TrustUnknown {
				tt.want.Trust = resolve.Insecure
			}
			got := Lookup(t.Context(), r, name.Target{Name: name.MustParse(tt.domain + ".example")}, Limits{})
			if diff := cmp.Diff(tt.want, got, equal); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if !strings.Contains(got.Detail, tt.detail) || tt.detail == "" && got.Detail != "" {
				t.Errorf("detail %q, want %q in it", got.Detail, tt.detail)
			}
			if (got.Err != nil) != (got.Kind == Failed) {
				t.Errorf("kind %v with error %v", got.Kind, got.Err)
			}
			for _, h := range got.Hosts {
				failed := strings.Contains(h.Raw, "fails") || strings.Contains(h.Raw, "half")
				if (h.Err != nil) != failed || (h.Reason == ReasonNone) != (len(h.Addrs) > 0) {
					t.Errorf("%s: reason %v, addresses %v, error %v", h.Raw, h.Reason, h.Addrs, h.Err)
				}
			}
		})
	}
}

// fake answers from memory and counts; what it does not hold is NODATA.
type fake struct {
	mx       resolve.Answer
	v4, v6   func(name.Name) resolve.Answer
	mxCalls  atomic.Int32
	parallel atomic.Int32
	peak     atomic.Int32
}

func (f *fake) MX(context.Context, name.Name) resolve.Answer {
	f.mxCalls.Add(1)
	return f.mx
}

func (f *fake) Addrs(_ context.Context, n name.Name, v6 bool) resolve.Answer {
	now := f.parallel.Add(1)
	defer f.parallel.Add(-1)
	for peak := f.peak.Load(); now > peak && !f.peak.CompareAndSwap(peak, now); peak = f.peak.Load() {
	}
	answer := f.v4
	if v6 {
		answer = f.v6
	}
	if answer == nil {
		return resolve.Answer{Status: resolve.NoData}
	}
	return answer(n)
}

// found answers every name with the addresses prefix1, prefix2, ... in descending order.
func found(prefix string, n int) func(name.Name) resolve.Answer {
	a := resolve.Answer{Status: resolve.Found}
	for i := n; i > 0; i-- {
		a.Addrs = append(a.Addrs, netip.MustParseAddr(fmt.Sprintf("%s%d", prefix, i)))
	}
	return func(name.Name) resolve.Answer { return a }
}

func TestDirect(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("2001:db8::25")
	target := name.MustParse("mail.example")
	servfail := &resolve.Error{Kind: resolve.ServFail}
	for _, tt := range []struct {
		name   string
		target name.Target
		v4     func(name.Name) resolve.Answer
		want   Set
		asked  int32 // for MX
	}{
		{"address", name.Target{Addr: addr, Direct: true}, nil,
			Set{Kind: Implicit, Hosts: []Host{{Raw: addr.String(), Literal: addr, Addrs: []netip.Addr{addr}}}}, 0},
		{"host", name.Target{Name: target, Port: 587, Direct: true}, found("192.0.2.", 1),
			Set{Kind: Implicit, Hosts: []Host{{Raw: "mail.example", Name: target, Addrs: addrs("192.0.2.1")}}}, 0},
		{"host without address", name.Target{Name: target, Direct: true}, nil, Set{Kind: None, Reason: NoMailHost}, 0},
		{"host that fails", name.Target{Name: target, Direct: true},
			func(name.Name) resolve.Answer { return resolve.Answer{Status: resolve.Failed, Err: servfail} },
			Set{Kind: Failed, Reason: LookupServFail}, 0},
		{"domain and port", name.Target{Name: target, Port: 587}, found("192.0.2.", 1),
			Set{Kind: Implicit, Hosts: []Host{{Raw: "mail.example", Name: target, Addrs: addrs("192.0.2.1")}}}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{v4: tt.v4, mx: resolve.Answer{Status: resolve.NoData}}
			got := Lookup(t.Context(), f, tt.target, Limits{})
			if diff := cmp.Diff(tt.want, got, equal); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if n := f.mxCalls.Load(); n != tt.asked {
				t.Errorf("%d MX questions, want %d", n, tt.asked)
			}
		})
	}
	nx := func(name.Name) resolve.Answer { return resolve.Answer{Status: resolve.NXDomain} }
	got := Lookup(t.Context(), &fake{v4: nx, v6: nx}, name.Target{Name: target, Direct: true}, Limits{})
	if got.Kind != None || got.Reason != NoSuchDomain {
		t.Errorf("host that does not exist: %+v", got)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	answer := resolve.Answer{Status: resolve.Found, Dropped: 900}
	for i := range 100 {
		answer.MX = append(answer.MX, resolve.MX{Preference: uint16(i), Host: fmt.Sprintf("mx%d.example", i)})
	}
	f := &fake{mx: answer, v4: found("192.0.2.", 9)}
	set := Lookup(t.Context(), f, name.Target{Name: name.MustParse("x.example")}, Limits{Parallel: 3})
	if len(set.Hosts) != defaultHosts || set.Dropped != 1000-defaultHosts {
		t.Errorf("%d hosts, %d dropped", len(set.Hosts), set.Dropped)
	}
	if peak := f.peak.Load(); peak > 2*3 {
		t.Errorf("%d lookups at a time for 3 hosts of two families", peak)
	}
	for i, h := range set.Hosts {
		if h.Raw != fmt.Sprintf("mx%d.example", i) || len(h.Addrs) != defaultAddrs || h.Dropped != 9-defaultAddrs {
			t.Errorf("host %d: %+v", i, h)
		}
	}
}

func TestFamilies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		v4, v6   int
		families Families
		limit    int
		want     string
		dropped  int
	}{
		{"few", 2, 1, BothFamilies, 0, "192.0.2.1 192.0.2.2 2001:db8::1", 0},
		{"many of both", 9, 9, BothFamilies, 0, "192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1 2001:db8::2", 13},
		{"many v4", 9, 1, BothFamilies, 0, "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 2001:db8::1", 5},
		{"many v6", 1, 9, BothFamilies, 0, "192.0.2.1 2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::4", 5},
		{"one only", 2, 2, BothFamilies, 1, "192.0.2.1", 3},
		{"-4", 1, 1, IPv4Only, 0, "192.0.2.1", 0},
		{"-6", 1, 1, IPv6Only, 0, "2001:db8::1", 0},
		{"-4 without v4", 0, 1, IPv4Only, 0, "", 0},
		{"-6 without v6", 1, 0, IPv6Only, 0, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			records := []resolve.MX{{Host: "mx.example"}, {Host: "192.0.2.99"}}
			f := &fake{mx: resolve.Answer{Status: resolve.Found, MX: records}}
			if tt.v4 > 0 {
				f.v4 = found("192.0.2.", tt.v4)
			}
			if tt.v6 > 0 {
				f.v6 = found("2001:db8::", tt.v6)
			}
			limits := Limits{Addrs: tt.limit, Families: tt.families}
			set := Lookup(t.Context(), f, name.Target{Name: name.MustParse("x.example")}, limits)
			h := set.Hosts[0]
			if got := strings.Trim(fmt.Sprint(h.Addrs), "[]"); got != tt.want || h.Dropped != tt.dropped {
				t.Errorf("%s, %d dropped; want %s, %d", got, h.Dropped, tt.want, tt.dropped)
			}
			if want := map[bool]Reason{true: HostNoAddress}[tt.want == ""]; h.Reason != want {
				t.Errorf("reason %v, want %v", h.Reason, want)
			}
			literal := set.Hosts[1]
			wanted := tt.families != IPv6Only
			if wanted != (len(literal.Addrs) == 1) || wanted != (literal.Reason == ReasonNone) {
				t.Errorf("address in place of a host: %+v", literal)
			}
		})
	}
}

// A resolver that is down, or a caller who gave up, never makes a domain look as if it had no mail host.
func TestNothingKnown(t *testing.T) {
	t.Parallel()
	target := name.Target{Name: name.MustParse("x.example")}
	down := resolve.Answer{Status: resolve.Failed, Err: &resolve.Error{Kind: resolve.Down}}
	if set := Lookup(t.Context(), &fake{mx: down}, target, Limits{}); set.Kind != Failed || set.Reason != ResolverDown {
		t.Errorf("down: %+v", set)
	}
	f := &fake{mx: resolve.Answer{Status: resolve.NoData}, v4: func(name.Name) resolve.Answer { return down }}
	if set := Lookup(t.Context(), f, target, Limits{}); set.Kind != Failed || set.Reason != ResolverDown {
		t.Errorf("down behind NODATA: %+v", set)
	}
	if set := Lookup(t.Context(), &fake{}, target, Limits{}); set.Kind != Failed || set.Reason != LookupFailed {
		t.Errorf("an answer that says nothing: %+v", set)
	}
}

// Whatever text an MX record holds, it is a host, an address or malformed, and nothing else.
func FuzzHost(f *testing.F) {
	seeds := `mx.example a\.b 192.0.2.1 2001:db8::1 fe80::1%eth0 _x 1.2 ::ffff:192.0.2.1`
	for _, s := range append(strings.Fields(seeds), "") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		h := newHost(resolve.MX{Preference: 1, Host: raw})
		forms := 0
		for _, is := range []bool{!h.Name.IsZero(), h.Literal.IsValid(), h.Reason == HostMalformed} {
			if is {
				forms++
			}
		}
		if forms != 1 || h.Raw != raw || h.Literal.Zone() != "" {
			t.Errorf("%q: %+v", raw, h)
		}
	})
}
