package resolve

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mxtls/scanner/name"
	"mxtls/scanner/scannertest"
)

var comparable = cmp.Options{
	cmp.AllowUnexported(name.Name{}),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

// zone holds one name for every outcome that data alone can bring about.
var zone = []string{
	"listed.example. 300 IN MX 20 B.mx.example.",
	"listed.example. 300 IN MX 10 c.mx.example.",
	"listed.example. 200 IN MX 20 a.mx.example.",
	"null.example. 300 IN MX 0 .",
	`odd.example. 300 IN MX 10 a\.b\032c.example.`,
	"odd.example. 300 IN MX 20 192.0.2.1.",
	"odd.example. 300 IN MX 30 _under.example.",
	"nomx.example. 300 IN A 192.0.2.7",
	"dual.example. 300 IN A 192.0.2.2",
	"dual.example. 300 IN A 192.0.2.1",
	"dual.example. 300 IN AAAA 2001:db8::1",
	"alias.example. 100 IN CNAME alias2.example.",
	"alias2.example. 300 IN CNAME listed.example.",
	"dangling.example. 300 IN CNAME gone.example.",
	"empty-alias.example. 300 IN CNAME nomx.example.",
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	d := newDNS(t, zone...)
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	listed := []MX{{10, "c.mx.example"}, {20, "a.mx.example"}, {20, "B.mx.example"}}
	addrs := func(s ...string) (out []netip.Addr) {
		for _, a := range s {
			out = append(out, netip.MustParseAddr(a))
		}
		return out
	}
	tests := []struct {
		typ, name string
		want      Answer
	}{
		{"MX", "listed.example", Answer{Status: Found, MX: listed, TTL: 200 * time.Second}},
		{"MX", "null.example", Answer{Status: Found, MX: []MX{{0, "."}}, TTL: 300 * time.Second}},
		{"MX", "odd.example", Answer{Status: Found, TTL: 300 * time.Second,
			MX: []MX{{10, `a\.b\ c.example`}, {20, "192.0.2.1"}, {30, "_under.example"}}}},
		{"MX", "nomx.example", Answer{Status: NoData}},
		{"MX", "gone.example", Answer{Status: NXDomain}},
		{"MX", "alias.example", Answer{Status: Found, MX: listed, TTL: 100 * time.Second,
			Aliases: hosts("alias2.example", "listed.example")}},
		{"MX", "dangling.example", Answer{Status: NXDomain, Aliases: hosts("gone.example")}},
		{"MX", "empty-alias.example", Answer{Status: NoData, Aliases: hosts("nomx.example")}},
		{"A", "dual.example", Answer{Status: Found, Addrs: addrs("192.0.2.2", "192.0.2.1"), TTL: 300 * time.Second}},
		{"AAAA", "dual.example", Answer{Status: Found, Addrs: addrs("2001:db8::1"), TTL: 300 * time.Second}},
		{"AAAA", "nomx.example", Answer{Status: NoData}},
		{"A", "gone.example", Answer{Status: NXDomain}},
	}
	for _, tt := range tests {
		t.Run(tt.typ+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			var got Answer
			switch tt.typ {
			case "MX":
				got = r.MX(t.Context(), host(tt.name))
			case "A", "AAAA":
				got = r.Addrs(t.Context(), host(tt.name), tt.typ == "AAAA")
			}
			tt.want.Trust = Insecure
			if got.Status != Found {
				got.TTL = 0 // whatever SOA the server made up
			}
			if diff := cmp.Diff(tt.want, got, comparable); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// The queries themselves: RD is the server's business, EDNS with DO and the AD bit ours.
func TestQueryFlags(t *testing.T) {
	t.Parallel()
	d := newDNS(t, zone...)
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	r.MX(t.Context(), host("listed.example"))
	want := []scannertest.Query{{Name: "listed.example", Type: "MX", Proto: "udp", EDNS: true, AD: true, DO: true}}
	if diff := cmp.Diff(want, d.Queries()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Every way in which a resolver can fail to tell: never an absence.
func TestFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		failure scannertest.Failure
		status  Status
		kind    Kind
		rcode   string
	}{
		{"servfail", scannertest.Failure{Rcode: "SERVFAIL"}, Failed, ServFail, "SERVFAIL"},
		{"servfail once", scannertest.Failure{Rcode: "SERVFAIL", Times: 1}, Found, KindNone, ""},
		{"refused", scannertest.Failure{Rcode: "REFUSED"}, Failed, Refused, "REFUSED"},
		{"refused once", scannertest.Failure{Rcode: "REFUSED", Times: 1}, Found, KindNone, ""},
		{"other rcode", scannertest.Failure{Rcode: "NOTZONE"}, Failed, OtherRcode, "NOTZONE"},
		{"notimp for good", scannertest.Failure{Rcode: "NOTIMP"}, Failed, OtherRcode, "NOTIMP"},
		{"silent", scannertest.Failure{Drop: true}, Failed, Timeout, ""},
		{"silent once", scannertest.Failure{Drop: true, Times: 1}, Found, KindNone, ""},
		{"truncated", scannertest.Failure{Truncate: true}, Found, KindNone, ""},
		{"no edns", scannertest.Failure{NoEDNS: true}, Found, KindNone, ""},
		{"badvers once", scannertest.Failure{Rcode: "BADVERS", Times: 1}, Found, KindNone, ""},
		{"dnssec bogus", scannertest.Failure{Rcode: "SERVFAIL", EDE: 6}, Failed, BogusAnswer, "SERVFAIL"},
		{"signature expired", scannertest.Failure{Rcode: "SERVFAIL", EDE: 7}, Failed, BogusAnswer, "SERVFAIL"},
		{"no reachable authority", scannertest.Failure{Rcode: "SERVFAIL", EDE: 22}, Failed, ServFail, "SERVFAIL"},
		{"blocked", scannertest.Failure{Rcode: "NXDOMAIN", EDE: 15}, Failed, Refused, "NXDOMAIN"},
		{"forged by the resolver", scannertest.Failure{EDE: 4}, Failed, Refused, "NOERROR"},
		{"stale", scannertest.Failure{EDE: 3}, Found, KindNone, ""},
		{"nxdomain", scannertest.Failure{Rcode: "NXDOMAIN"}, NXDomain, KindNone, ""},
		{"garbage", scannertest.Failure{Raw: garbage}, Failed, Malformed, ""},
		{"garbage once", scannertest.Failure{Raw: garbage, Times: 1}, Found, KindNone, ""},
		{"foreign answer over tcp", scannertest.Failure{Raw: cutThenForeign()}, Failed, Malformed, ""},
		{"empty message", scannertest.Failure{Raw: response}, NoData, KindNone, ""},
		{"message without its records", scannertest.Failure{Raw: lying}, Failed, Malformed, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDNS(t, zone...)
			timeout := patient
			if tt.failure.Drop {
				timeout = 200 * time.Millisecond
			}
			r := newResolver(t, Config{Servers: []string{d.Addr()}, Timeout: timeout, TrustAD: true})
			d.Fail("listed.example", "MX", tt.failure)
			got := r.MX(t.Context(), host("listed.example"))
			if got.Status != tt.status {
				t.Fatalf("status %v, want %v (%v)", got.Status, tt.status, got.Err)
			}
			if (got.Err != nil) != (tt.status == Failed) {
				t.Fatalf("error %v with status %v", got.Err, got.Status)
			}
			if got.Err == nil {
				return
			}
			if got.Err.Kind != tt.kind || got.Err.Rcode != tt.rcode || got.Err.Resolver != d.Addr() ||
				got.Err.Name != "listed.example" || got.Err.Type != "MX" {
				t.Errorf("error %+v, want kind %v and rcode %q", got.Err, tt.kind, tt.rcode)
			}
			if want := map[bool]Trust{true: Bogus}[tt.kind == BogusAnswer]; got.Trust != want {
				t.Errorf("trust %v, want %v", got.Trust, want)
			}
		})
	}
}

// garbage has the header and question of an answer, and a compression pointer to itself behind them.
func garbage(query []byte) []byte {
	msg := response(query)
	msg[7] = 1
	at := len(msg)
	return append(msg, 0xc0|byte(at>>8), byte(at), 0, 15, 0, 1, 0, 0, 0, 0, 0, 0)
}

// lying counts a record that it does not hold.
func lying(query []byte) []byte {
	msg := response(query)
	msg[7] = 1
	return msg
}

// cutThenForeign sends TC over UDP, and over TCP a message with another id.
func cutThenForeign() func([]byte) []byte {
	var calls atomic.Int32
	return func(query []byte) []byte {
		msg := response(query)
		if calls.Add(1)%2 == 1 {
			msg[2] |= 0x02
		} else {
			msg[0] ^= 0xff
		}
		return msg
	}
}

// response is an empty response to a query: its header and question.
func response(query []byte) []byte {
	end := headerLen
	for query[end] != 0 {
		end += 1 + int(query[end])
	}
	msg := bytes.Clone(query[:end+5])
	msg[2], msg[3] = 0x81, 0x80 // QR RD, RA NOERROR
	clear(msg[6:headerLen])
	return msg
}

func TestCNAMELimits(t *testing.T) {
	t.Parallel()
	var records []string
	chain := func(prefix string, n int) {
		for i := range n {
			records = append(records, fmt.Sprintf("%s%d.example. 300 IN CNAME %s%d.example.", prefix, i, prefix, i+1))
		}
		records = append(records, fmt.Sprintf("%s%d.example. 300 IN A 192.0.2.1", prefix, n))
	}
	chain("ten", maxCNAME)
	chain("eleven", maxCNAME+1)
	d := newDNS(t, records...)
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	if a := r.Addrs(t.Context(), host("ten0.example"), false); a.Status != Found || len(a.Aliases) != maxCNAME {
		t.Errorf("%d aliases: %+v", maxCNAME, a)
	}
	if a := r.Addrs(t.Context(), host("eleven0.example"), false); a.Err == nil || a.Err.Kind != CNAMETooLong {
		t.Errorf("%d aliases: %+v", maxCNAME+1, a)
	}
}

func TestManyRecords(t *testing.T) {
	t.Parallel()
	var records []string
	for i := range 1000 {
		records = append(records, fmt.Sprintf("many.example. 300 IN MX %d mx%d.example.", i, i),
			fmt.Sprintf("many.example. 300 IN A 192.0.%d.%d", i/250, i%250))
	}
	d := newDNS(t, records...)
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	a := r.MX(t.Context(), host("many.example"))
	if a.Status != Found || len(a.MX) != keepMX || a.Dropped != 1000-keepMX || a.MX[keepMX-1].Preference != keepMX-1 {
		t.Errorf("mx: status %v, %d kept, %d dropped, %v", a.Status, len(a.MX), a.Dropped, a.Err)
	}
	a = r.Addrs(t.Context(), host("many.example"), false)
	if a.Status != Found || len(a.Addrs) != keepAddrs || a.Dropped != 1000-keepAddrs {
		t.Errorf("a: status %v, %d kept, %d dropped, %v", a.Status, len(a.Addrs), a.Dropped, a.Err)
	}
	var protocols []string
	for _, q := range d.Queries() {
		protocols = append(protocols, q.Proto)
	}
	if got := strings.Join(protocols, " "); got != "udp tcp udp tcp" {
		t.Errorf("asked over %s", got)
	}
}
