package scanner

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
	"mxtls/scanner/verdict"
)

// factsOf are servers without what was judged of them.
func factsOf(servers []verdict.Server) []verdict.Server {
	out := slices.Clone(servers)
	for i := range out {
		s := &out[i]
		*s = verdict.Server{
			Host: s.Host, Label: s.Label, Preference: s.Preference, Addr: s.Addr, NoAddress: s.NoAddress, Session: s.Session,
			TLSA: s.TLSA, Named: s.Named, OtherKey: s.OtherKey, STS: s.STS,
		}
	}
	return out
}

// TestSiblings: domains with the same mail hosts come to what each comes to alone, whatever they publish, in any order,
// and those that publish nothing share it.
func TestSiblings(t *testing.T) {
	w := newWorld(t)
	w.opts.Legacy = func(n name.Name) bool { return n.String() == "past.example" }
	w.dns("mx.host.example. 300 IN A 192.0.2.1", "mx.host.example. 300 IN A 192.0.2.2", "mx.host.example. 300 IN A 192.0.2.3")
	w.healthy("mx.host.example", "192.0.2.1")
	w.healthy("mx.wrong.example", "192.0.2.2")
	w.serve("192.0.2.3", scannertest.SMTP{NoSTARTTLS: true})
	w.dane("signed.example", "192.0.2.4")
	w.policy("enforce.example", "192.0.2.10", "version: STSv1\nmode: enforce\nmx: mx.other.example\nmax_age: 86400\n")
	w.policy("none.example", "192.0.2.11", "version: STSv1\nmode: none\nmax_age: 86400\n")
	w.dns(`_mta-sts.bad.example. 300 IN TXT "v=STSv1"`, `_mta-sts.near.example. 300 IN TXT "v=STSV1; id=1"`,
		`_smtp._tls.reports.example. 300 IN TXT "v=TLSRPTv1; rua=mailto:a@reports.example"`,
		`_smtp._tls.elsewhere.example. 300 IN TXT "v=TLSRPTv1; rua=mailto:a@other.test"`,
		"by-dane.example. 300 IN MX 10 mx.signed.example.", "also-dane.example. 300 IN MX 10 mx.signed.example.",
		"literal.example. 300 IN MX 10 192.0.2.1.", "lost.example. 300 IN MX 10 mx.void.example.",
		"past.example. 300 IN MX 10 mx.void.example.")
	// Those that publish nothing, with the kind that they are of.
	silent := map[string]string{"one.example": "usual", "two.example": "usual", "three.example": "usual"}
	hosted := []string{
		"enforce.example", "none.example", "bad.example", "near.example", "reports.example", "elsewhere.example",
	}
	hosted = append(hosted, slices.Sorted(maps.Keys(silent))...)
	for _, domain := range hosted {
		w.dns(domain + ". 300 IN MX 10 mx.host.example.")
	}
	list := append(hosted, "[mx.host.example]", "by-dane.example", "also-dane.example", "literal.example", "[192.0.2.1]",
		"lost.example", "past.example", "gone.example", "no/domain")

	s := w.scanner()
	hosts := map[string][]verdict.Server{} // as a saved run has them
	var facts []Result
	for _, item := range list {
		r := s.Domain(t.Context(), item)
		r.Via, r.Verdict = "", verdict.Verdict{}
		f := &r.Facts
		if len(f.Servers) > 0 {
			key := fmt.Sprint(f.MX, f.Servers[0].STS != nil)
			if hosts[key] == nil {
				hosts[key] = factsOf(f.Servers)
			}
			f.Servers = hosts[key]
		}
		r.Facts = verdict.Facts{
			Domain: f.Domain, Direct: f.Direct, Legacy: f.Legacy, MX: f.MX, Servers: f.Servers, Misplaced: f.Misplaced,
			STS: f.STS, TLSRPT: f.TLSRPT,
		}
		facts = append(facts, r)
	}
	before := map[string][]verdict.Server{}
	for key, servers := range hosts {
		before[key] = slices.Clone(servers)
	}
	siblings, shared := NewSiblings(s.Judge()), map[string]*verdict.Server{}
	for range 3 {
		for _, r := range facts {
			alone := r
			alone.Facts.Servers = slices.Clone(r.Facts.Servers)
			s.Judge().Judge(&alone)
			siblings.Judge(&r)
			if !reflect.DeepEqual(alone, r) {
				t.Errorf("%s: alone\n%+v\nbeside others\n%+v", r.Input, alone, r)
			}
			if kind := silent[r.Input]; kind != "" {
				if first := shared[kind]; first != nil && first != &r.Facts.Servers[0] {
					t.Errorf("%s was judged again", r.Input)
				}
				shared[kind] = &r.Facts.Servers[0]
			}
		}
		slices.Reverse(facts)
	}
	if !reflect.DeepEqual(before, hosts) {
		t.Error("the facts were changed")
	}
}

// TestSiblingsForget: memory does not grow with the hosts that come by, and what was forgotten is judged again.
func TestSiblingsForget(t *testing.T) {
	t.Parallel()
	roots, err := pkix.Mozilla()
	if err != nil {
		t.Fatal(err)
	}
	siblings := NewSiblings(NewJudge(roots, time.Now()))
	none := &resolve.Answer{Status: resolve.NoData}
	result := func(host string) Result {
		addr := netip.MustParseAddrPort("192.0.2.1:25")
		return Result{Facts: verdict.Facts{TLSRPT: none, Servers: []verdict.Server{{Label: host, Addr: addr}}}}
	}
	first := result("first")
	for i := range 5 * siblingServers {
		r := result(fmt.Sprint(i))
		siblings.Judge(&r)
		if n := len(siblings.young) + len(siblings.old); n > 2*siblingServers {
			t.Fatalf("%d judgements are held", n)
		}
		if i%siblingServers == 0 {
			again := first
			if siblings.Judge(&again); again.Facts.Servers[0].Label != "first" || len(again.Verdict.Servers) != 1 {
				t.Fatalf("after %d others: %+v", i, again)
			}
		}
	}
}
