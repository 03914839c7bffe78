package resolve

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// message packs a response to an MX or A question for x.example.
func message(tb testing.TB, edit func(*dns.Msg), typ uint16, answer ...string) []byte {
	tb.Helper()
	m := new(dns.Msg)
	m.SetQuestion("x.example.", typ)
	m.Response, m.RecursionAvailable, m.Compress = true, true, true
	for _, s := range answer {
		rr, err := dns.NewRR(s)
		if err != nil {
			tb.Fatal(err)
		}
		m.Answer = append(m.Answer, rr)
	}
	if edit != nil {
		edit(m)
	}
	b, err := m.Pack()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// authority puts a record into the authority section.
func authority(s string) func(*dns.Msg) {
	return func(m *dns.Msg) {
		rr, err := dns.NewRR(s)
		if err != nil {
			panic(err)
		}
		m.Ns = append(m.Ns, rr)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	const mxType, aType = dns.TypeMX, dns.TypeA
	const soa = "900 IN SOA a. b. 1 2 3 4 600"
	empty := message(t, nil, aType)
	empty[7] = 1
	empty = append(empty, 0xc0, headerLen, 0, 1, 0, 1, 0, 0, 1, 44, 0, 0) // an A record without data
	short := message(t, nil, mxType)
	short[7] = 1
	short = append(short, 0xc0, headerLen, 0, 15, 0, 1, 0, 0, 1, 44, 0, 2, 0, 10) // an MX record without a host
	cut := message(t, nil, dns.TypeTLSA)
	cut[7] = 1
	cut = append(cut, 0xc0, headerLen, 0, 52, 0, 1, 0, 0, 1, 44, 0, 2, 3, 1) // a TLSA record without a matching type
	var crowd []string
	for i := range maxRecords + 1 {
		crowd = append(crowd, fmt.Sprintf("x.example. 300 IN A 10.0.%d.%d", i/250, i%250))
	}
	for _, tt := range []struct {
		name   string
		msg    []byte
		typ    uint16
		status Status
		kind   Kind // of parse or of verdict
		more   bool
		ttl    time.Duration
	}{
		{"found", message(t, nil, mxType, "x.example. 60 IN MX 10 a.example."), mxType, Found, 0, false, time.Minute},
		{"owner in capitals", message(t, nil, mxType, "X.EXAMPLE. 60 IN MX 10 a.example."), mxType, Found, 0, false,
			time.Minute},
		{"other type", message(t, nil, mxType, "x.example. 60 IN TXT mx"), mxType, NoData, 0, false, 0},
		{"foreign owner", message(t, nil, mxType, "y.example. 60 IN MX 10 a.example."), mxType, NoData, 0, false, 0},
		{"empty a record", empty, aType, 0, Malformed, false, 0},
		{"mx record without a host", short, mxType, 0, Malformed, false, 0},
		{"tlsa record cut short", cut, dns.TypeTLSA, 0, Malformed, false, 0},
		{"ttl with its top bit set", message(t, nil, aType, "x.example. 2147483648 IN A 192.0.2.1"), aType, Found, 0,
			false, 0},
		{"soa says nodata", message(t, authority("example. "+soa), mxType), mxType, NoData, 0, false,
			10 * time.Minute},
		{"alias with its soa", message(t, authority("other. "+soa), mxType,
			"x.example. 60 IN CNAME y.other."), mxType, NoData, 0, false, time.Minute},
		{"alias with another zone's soa", message(t, authority("example. "+soa), mxType,
			"x.example. 60 IN CNAME y.other."), mxType, NoData, 0, true, 0},
		{"alias alone", message(t, nil, mxType, "x.example. 60 IN CNAME y.other."), mxType, NoData, 0, true, 0},
		{"alias to the root", message(t, nil, mxType, "x.example. 60 IN CNAME ."), mxType, 0, Malformed, false, 0},
		{"alias to itself", message(t, nil, mxType, "x.example. 60 IN CNAME X.example."), mxType, 0, CNAMELoop,
			false, 0},
		{"aliases in a ring", message(t, nil, mxType,
			"x.example. 60 IN CNAME y.example.", "y.example. 60 IN CNAME z.example.",
			"z.example. 60 IN CNAME Y.example."), mxType, 0, CNAMELoop, false, 0},
		{"referral", message(t, func(m *dns.Msg) {
			m.RecursionAvailable = false
			authority("example. 900 IN NS ns.example.")(m)
		}, mxType), mxType, NoData, Refused, false, 0},
		{"nodata with name servers", message(t, authority("example. 900 IN NS ns.example."), mxType), mxType, NoData,
			0, false, 0},
		{"nxdomain with records", message(t, func(m *dns.Msg) { m.Rcode = dns.RcodeNameError }, mxType,
			"x.example. 60 IN MX 10 a.example."), mxType, NXDomain, 0, false, 0},
		{"too many records", message(t, nil, aType, crowd...), aType, 0, TooLarge, false, 0},
		{"unknown rcode", message(t, func(m *dns.Msg) { m.Rcode = 13 }, mxType), mxType, 0, OtherRcode, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := parse(tt.msg, question{"x.example", tt.typ}, nil)
			if err == nil {
				err = r.verdict()
			}
			if tt.kind != KindNone || err != nil {
				if err == nil || err.Kind != tt.kind {
					t.Errorf("error %v, want kind %v", err, tt.kind)
				}
				return
			}
			if r.Status != tt.status || r.more != tt.more || r.TTL != tt.ttl {
				t.Errorf("%v, more %v, ttl %v; want %v, %v, %v", r.Status, r.more, r.TTL, tt.status, tt.more, tt.ttl)
			}
		})
	}
}

// Of several extended errors the telling one counts, and no text is endless.
// What makes the parser panic is an answer that cannot be read, not the end of the run.
func TestParsePanic(t *testing.T) {
	t.Parallel()
	cut := make([]byte, headerLen-1) // no caller passes less than a header
	if r, err := parse(cut, question{"example.com", dns.TypeMX}, nil); r != nil || err == nil || err.Kind != Malformed {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestExtendedErrors(t *testing.T) {
	t.Parallel()
	msg := message(t, func(m *dns.Msg) {
		m.Rcode = dns.RcodeServerFailure
		m.SetEdns0(1232, true)
		m.IsEdns0().Option = []dns.EDNS0{
			&dns.EDNS0_EDE{InfoCode: 22},
			&dns.EDNS0_EDE{InfoCode: 9, ExtraText: strings.Repeat("x", 1000)},
			&dns.EDNS0_EDE{InfoCode: 23},
		}
	}, dns.TypeMX)
	r, err := parse(msg, question{"x.example", dns.TypeMX}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := r.verdict()
	if v == nil || v.Kind != BogusAnswer || !strings.HasPrefix(v.EDE, "DNSKEY Missing: xxx") || len(v.EDE) > 2*maxEDE {
		t.Errorf("%+v", v)
	}
}

// Whatever comes, parse returns, and what it returns keeps its limits.
func FuzzParse(f *testing.F) {
	f.Add(message(f, nil, dns.TypeMX, "x.example. 60 IN MX 10 a.example.", "x.example. 60 IN MX 5 ."))
	f.Add(message(f, nil, dns.TypeMX, "x.example. 60 IN CNAME y.example.", "y.example. 60 IN MX 10 a.example."))
	f.Add(message(f, authority("example. 900 IN SOA a. b. 1 2 3 4 600"), dns.TypeMX))
	f.Add(message(f, func(m *dns.Msg) { m.SetEdns0(1232, true) }, dns.TypeMX, "x.example. 60 IN A 192.0.2.1"))
	f.Add(message(f, nil, dns.TypeTLSA, "x.example. 60 IN TLSA 3 1 1 0b0c", "x.example. 60 IN TLSA 2 0 0 3000",
		"x.example. 60 IN RRSIG TLSA 13 2 60 20260301000000 20260101000000 1 example. AAAA"))
	f.Add(message(f, nil, dns.TypeTXT, `x.example. 60 IN TXT "v=STSv1; \200" "id=1"`))
	f.Add(garbage(message(f, nil, dns.TypeMX)))
	f.Add(lying(message(f, nil, dns.TypeMX)))
	f.Fuzz(func(t *testing.T, msg []byte) {
		for _, typ := range []uint16{dns.TypeMX, dns.TypeA, dns.TypeAAAA, dns.TypeNS, dns.TypeTLSA, dns.TypeTXT,
			dns.TypeCNAME} {
			var w query
			w.encode(question{"x.example", typ}, true, false)
			if len(msg) >= 2 {
				copy(w.wire, msg[:2])
			}
			if !w.answeredBy(msg) {
				continue
			}
			r, err := parse(msg, question{"x.example", typ}, nil)
			if (r == nil) == (err == nil) {
				t.Fatalf("reply %v and error %v", r, err)
			}
			if err != nil {
				continue
			}
			sorted := slices.IsSortedFunc(r.MX, func(a, b MX) int { return int(a.Preference) - int(b.Preference) })
			if len(r.MX) > keepMX || len(r.Addrs) > keepAddrs || len(r.Aliases) > maxCNAME || !sorted || r.TTL < 0 {
				t.Fatalf("%+v", r)
			}
			octets := len(strings.Join(r.TXT, ""))
			for _, record := range r.TLSA {
				octets += len(record.Data)
			}
			if len(r.TLSA) > keepTLSA || len(r.TXT) > keepTXT || octets > keepData ||
				!slices.IsSortedFunc(r.TLSA, TLSA.compare) || !slices.IsSorted(r.TXT) {
				t.Fatalf("%+v", r)
			}
			for _, a := range r.Addrs {
				if !a.IsValid() || a.Is4() != (typ == dns.TypeA) {
					t.Fatalf("type %d: address %v", typ, a)
				}
			}
		}
	})
}
