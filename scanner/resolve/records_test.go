package resolve

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"mxtls/scanner/scannertest"
)

func TestTLSA(t *testing.T) {
	t.Parallel()
	d := newDNS(t,
		"_25._tcp.mx.example. 300 IN TLSA 3 1 1 0b",
		"_25._tcp.mx.example. 300 IN TLSA 3 1 1 0A",
		"_25._tcp.mx.example. 200 IN TLSA 2 0 1 ff",
		"_25._tcp.mx.example. 300 IN TLSA 255 9 7 00",
		"_25._tcp.alias.example. 100 IN CNAME _dane.example.",
		"_dane.example. 300 IN TLSA 3 1 0 01",
		"_25._tcp.away.example. 100 IN CNAME _dane.unsigned.",
		"_dane.unsigned. 300 IN TLSA 3 1 0 01",
		"_25._tcp.bad.example. 300 IN TLSA 3 1 1 0b",
		"bare.example. 300 IN A 192.0.2.1",
	)
	d.Secure("example")
	d.Bogus("bad.example")
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	for _, tt := range []struct {
		host string
		port uint16
		want Answer
	}{
		{"mx.example", 25, Answer{Status: Found, Trust: Secure, TTL: 200 * time.Second, TLSA: []TLSA{
			{2, 0, 1, []byte{0xff}}, {3, 1, 1, []byte{0x0a}}, {3, 1, 1, []byte{0x0b}}, {255, 9, 7, []byte{0}}}}},
		{"alias.example", 25, Answer{Status: Found, Trust: Secure, TTL: 100 * time.Second, Aliases: hosts("_dane.example"),
			TLSA: []TLSA{{3, 1, 0, []byte{1}}}}},
		{"away.example", 25, Answer{Status: Found, Trust: Insecure, TTL: 100 * time.Second,
			Aliases: hosts("_dane.unsigned"), TLSA: []TLSA{{3, 1, 0, []byte{1}}}}},
		{"mx.example", 465, Answer{Status: NXDomain, Trust: Secure}},
		{"bare.example", 25, Answer{Status: NXDomain, Trust: Secure}},
		{"example", 25, Answer{Status: NXDomain, Trust: Secure}},
		{"_25._tcp.mx.example", 25, Answer{Status: NXDomain, Trust: Secure}},
		{longName, 25, Answer{Status: NXDomain, Trust: Secure}},
	} {
		t.Run(fmt.Sprint(tt.port, " ", tt.host[:min(30, len(tt.host))]), func(t *testing.T) {
			t.Parallel()
			got := r.TLSA(t.Context(), host(tt.host), tt.port)
			if got.Status != Found {
				got.TTL = 0 // whatever SOA the server made up
			}
			if diff := cmp.Diff(tt.want, got, comparable); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	if a := r.TLSA(t.Context(), host("bad.example"), 25); a.Trust != Bogus || a.Err == nil || a.Err.Kind != BogusAnswer {
		t.Errorf("bogus: %+v", a)
	}
}

// A signed alias into an unsigned zone is known for what it is.
func TestAlias(t *testing.T) {
	t.Parallel()
	d := newDNS(t,
		"mx.example. 300 IN CNAME mx.unsigned.", "mx.unsigned. 300 IN CNAME end.unsigned.",
		"end.unsigned. 300 IN A 192.0.2.1", `odd.example. 300 IN CNAME a\032b.example.`)
	d.Secure("example")
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	if a := r.Addrs(t.Context(), host("mx.example"), false); a.Trust != Insecure || len(a.Aliases) != 2 {
		t.Errorf("the whole chain: %+v", a)
	}
	want := Answer{Status: Found, Trust: Secure, TTL: 300 * time.Second, Aliases: hosts("mx.unsigned")}
	if diff := cmp.Diff(want, r.Alias(t.Context(), host("mx.example")), comparable); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if a := r.Alias(t.Context(), host("end.unsigned")); a.Status != NoData || a.Trust != Insecure || a.Aliases != nil {
		t.Errorf("no alias: %+v", a)
	}
	if a := r.Alias(t.Context(), host("odd.example")); a.Err == nil || a.Err.Kind != Malformed {
		t.Errorf("alias to what is no host name: %+v", a)
	}
}

// longName is a host name as long as one can be: no other fits below it.
var longName = strings.Repeat("a23456789.", 25) + "com"

func TestTXT(t *testing.T) {
	t.Parallel()
	d := newDNS(t,
		`_mta-sts.example. 300 IN TXT "v=STSv1; " "id=1" ";"`,
		`_mta-sts.example. 300 IN TXT "odd \"\\ \007\255 end"`,
		`_mta-sts.example. 300 IN TXT ""`,
		"_smtp._tls.alias.example. 300 IN CNAME reports.example.",
		`reports.example. 300 IN TXT "v=TLSRPTv1"`,
	)
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	for name, want := range map[string][]string{
		"_mta-sts.example":         {"", "odd \"\\ \x07\xff end", "v=STSv1; id=1;"},
		"_smtp._tls.alias.example": {"v=TLSRPTv1"},
		"_mta-sts.alias.example":   nil,
	} {
		if diff := cmp.Diff(want, r.TXT(t.Context(), host(name)).TXT); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// A SERVFAIL that only the CD bit lifts is DNSSEC's, for these types as for others.
func TestBogusWithoutExtendedError(t *testing.T) {
	t.Parallel()
	d := newDNS(t)
	d.Fail("*", "", scannertest.Failure{Raw: func(query []byte) []byte {
		msg := response(query)
		if query[3]&flagsCD == 0 {
			msg[3] |= dns.RcodeServerFailure
		}
		return msg
	}})
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	for typ, a := range map[string]Answer{
		"TLSA": r.TLSA(t.Context(), host("mx.example"), 25),
		"TXT":  r.TXT(t.Context(), host("_mta-sts.example")),
	} {
		if a.Status != Failed || a.Trust != Bogus || a.Err.Kind != BogusAnswer || a.Err.Type != typ {
			t.Errorf("%s: %+v", typ, a)
		}
	}
}

// What is beyond the limits is counted and not kept, whatever order it was sent in.
func TestRecordLimits(t *testing.T) {
	t.Parallel()
	d := newDNS(t)
	for i := range keepTLSA + 7 {
		for _, line := range []string{
			fmt.Sprintf("_25._tcp.many.example. 300 IN TLSA 3 1 1 %04x", keepTLSA+7-i),
			fmt.Sprintf("many.example. 300 IN TXT %04d", keepTLSA+7-i),
		} {
			if err := d.Add(line); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 5 {
		if err := d.Add(
			fmt.Sprintf("_25._tcp.big.example. 300 IN TLSA 3 0 0 %02x%s", i, strings.Repeat("00", 10_000)),
			fmt.Sprintf("big.example. 300 IN TXT a%d%s", i, strings.Repeat(" "+strings.Repeat("x", 250), 40)),
		); err != nil {
			t.Fatal(err)
		}
	}
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	a := r.TLSA(t.Context(), host("many.example"), 25)
	if len(a.TLSA) != keepTLSA || a.Dropped != 7 || a.TLSA[0].Data[1] != 1 {
		t.Errorf("%d kept, %d dropped, first %x", len(a.TLSA), a.Dropped, a.TLSA[0].Data)
	}
	if a = r.TXT(t.Context(), host("many.example")); len(a.TXT) != keepTXT || a.Dropped != 7 || a.TXT[0] != "0001" {
		t.Errorf("%d kept, %d dropped, first %q", len(a.TXT), a.Dropped, a.TXT[0])
	}
	if a = r.TLSA(t.Context(), host("big.example"), 25); len(a.TLSA) != 3 || a.Dropped != 2 || a.TLSA[2].Data[0] != 2 {
		t.Errorf("big: %d kept, %d dropped", len(a.TLSA), a.Dropped)
	}
	if a = r.TXT(t.Context(), host("big.example")); len(a.TXT) != 3 || a.Dropped != 2 {
		t.Errorf("big: %d kept, %d dropped", len(a.TXT), a.Dropped)
	}
}

// The first of the answer's RRsets to lose its last signature counts.
func TestExpires(t *testing.T) {
	t.Parallel()
	sig := func(owner, covered, until string) string {
		return owner + " 300 IN RRSIG " + covered + " 13 3 300 " + until + " 20260101000000 4711 example. AAAA"
	}
	d := newDNS(t,
		"_25._tcp.one.example. 300 IN TLSA 3 1 1 0b",
		sig("_25._tcp.one.example.", "TLSA", "20260401000000"),
		sig("_25._tcp.one.example.", "TLSA", "20260301000000"),
		sig("_25._tcp.one.example.", "TXT", "20260102000000"),
		"_25._tcp.two.example. 300 IN CNAME _25._tcp.one.example.",
		sig("_25._tcp.two.example.", "CNAME", "20260201000000"),
		"_25._tcp.three.example. 300 IN CNAME _25._tcp.one.example.",
		sig("_25._tcp.three.example.", "CNAME", "20260501000000"),
		"_25._tcp.none.example. 300 IN TLSA 3 1 1 0b",
	)
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	for n, want := range map[string]time.Time{
		"one.example":   time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
		"two.example":   time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
		"three.example": time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
		"none.example":  {},
	} {
		if a := r.TLSA(t.Context(), host(n), 25); a.Status != Found || !a.Expires.Equal(want) {
			t.Errorf("%s: %v, want %v", n, a.Expires, want)
		}
	}
	if a := r.TXT(t.Context(), host("_25._tcp.one.example")); !a.Expires.IsZero() {
		t.Errorf("no records, but %v", a.Expires)
	}
}
