package scannertest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"mxtls/scanner/scannertest"
)

func newDNS(t testing.TB, records ...string) *scannertest.DNS {
	t.Helper()
	d, err := scannertest.NewDNS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	if err := d.Add(records...); err != nil {
		t.Fatal(err)
	}
	return d
}

// query is the octets of a question.
func query(t testing.TB, name, typ string) []byte {
	t.Helper()
	m := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.StringToType[typ])
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ask sends one question with flags: tcp, edns, do, ad, cd.
func ask(d *scannertest.DNS, name, typ string, flags ...string) (*dns.Msg, error) {
	m := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.StringToType[typ])
	c := &dns.Client{Timeout: 5 * time.Second}
	for _, flag := range flags {
		switch flag {
		case "tcp":
			c.Net = "tcp"
		case "edns":
			m.SetEdns0(1232, false)
		case "do":
			m.SetEdns0(1232, true)
		case "ad":
			m.AuthenticatedData = true
		case "cd":
			m.CheckingDisabled = true
		case "brief":
			c.Timeout = 50 * time.Millisecond
		}
	}
	reply, _, err := c.Exchange(m, d.Addr())
	return reply, err
}

// summary is what a reply says in one line: rcode, flags, answers, extended error.
func summary(m *dns.Msg, err error) string {
	if err != nil {
		if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
			return "timeout"
		}
		return "error: " + err.Error()
	}
	words := []string{dns.RcodeToString[m.Rcode]}
	if m.AuthenticatedData {
		words = append(words, "ad")
	}
	if m.Truncated {
		words = append(words, "tc")
	}
	for _, rr := range m.Answer {
		text := strings.TrimPrefix(rr.String(), rr.Header().String())
		text = strings.ReplaceAll(text, " ", ",")
		words = append(words, rr.Header().Name+"/"+dns.TypeToString[rr.Header().Rrtype]+"="+text)
	}
	if opt := m.IsEdns0(); opt != nil {
		words = append(words, "edns")
		for _, o := range opt.Option {
			if ede, ok := o.(*dns.EDNS0_EDE); ok {
				words = append(words, fmt.Sprintf("ede=%d:%s", ede.InfoCode, ede.ExtraText))
			}
		}
	}
	return strings.Join(words, " ")
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	d := newDNS(t,
		"example.com. 300 IN MX 10 mx1.example.com.",
		"Example.COM. 300 IN MX 20 mx2.example.com.",
		"mx1.example.com 300 IN A 192.0.2.1",
		"_25._tcp.mx1.example.com. 300 IN TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000001",
		"alias.example.com. 300 IN CNAME other.example.com.",
		"other.example.com. 300 IN CNAME mx1.example.com.",
		"dangling.example.com. 300 IN CNAME nowhere.example.com.",
		"loop.example.com. 300 IN CNAME pool.example.com.",
		"pool.example.com. 300 IN CNAME loop.example.com.",
		"self.example.com. 300 IN CNAME self.example.com.",
		"*.wild.example. 300 IN MX 0 .",
		"known.wild.example. 300 IN A 192.0.2.2",
		"*. 60 IN TXT all",
	)
	for _, tt := range []struct{ name, typ, want string }{
		{"example.com", "MX", "NOERROR example.com./MX=10,mx1.example.com. example.com./MX=20,mx2.example.com."},
		{"eXaMpLe.com", "MX", "NOERROR example.com./MX=10,mx1.example.com. example.com./MX=20,mx2.example.com."},
		{"mx1.example.com", "A", "NOERROR mx1.example.com./A=192.0.2.1"},
		{"mx1.example.com", "AAAA", "NOERROR"},
		{"_tcp.mx1.example.com", "A", "NOERROR"}, // an empty non-terminal
		{"com", "NS", "NOERROR"},
		{"nowhere.example.com", "A", "NXDOMAIN"},
		{"alias.example.com", "A", "NOERROR alias.example.com./CNAME=other.example.com. " +
			"other.example.com./CNAME=mx1.example.com. mx1.example.com./A=192.0.2.1"},
		{"alias.example.com", "AAAA", "NOERROR alias.example.com./CNAME=other.example.com. " +
			"other.example.com./CNAME=mx1.example.com."},
		{"alias.example.com", "CNAME", "NOERROR alias.example.com./CNAME=other.example.com."},
		{"dangling.example.com", "A", "NXDOMAIN dangling.example.com./CNAME=nowhere.example.com."},
		{"loop.example.com", "A", "NOERROR loop.example.com./CNAME=pool.example.com. " +
			"pool.example.com./CNAME=loop.example.com."},
		{"self.example.com", "A", "NOERROR self.example.com./CNAME=self.example.com."},
		{"a.b.wild.example", "MX", "NOERROR a.b.wild.example./MX=0,."},
		{"a.wild.example", "A", "NOERROR"},
		{"known.wild.example", "MX", "NOERROR"},
		{"b.known.wild.example", "MX", "NXDOMAIN"}, // RFC 4592: the closest name that exists has no wildcard
		{"unheard-of", "TXT", `NOERROR unheard-of./TXT="all"`},
		{".", "NS", "NOERROR ./NS=a.root-servers.net."},
	} {
		for _, proto := range []string{"udp", "tcp"} {
			t.Run(tt.name+" "+tt.typ+" "+proto, func(t *testing.T) {
				t.Parallel()
				if got := summary(ask(d, tt.name, tt.typ, proto)); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		}
	}
}

func TestAddErrors(t *testing.T) {
	t.Parallel()
	d := newDNS(t)
	for _, line := range []string{"example.com. IN MX mx", "", "; a comment", "example.com. 300 IN A 192.0.2.256"} {
		err := d.Add("good.example. IN A 192.0.2.1", line)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", line)) {
			t.Errorf("%q: %v", line, err)
		}
	}
	if got := summary(ask(d, "good.example", "A", "tcp")); !strings.Contains(got, "192.0.2.1") {
		t.Errorf("the line before: %s", got)
	}
	for _, listen := range []string{"192.0.2.1:53", "0.0.0.0:0", "localhost:0", d.Addr()} {
		if again, err := scannertest.NewDNS(listen); err == nil || !strings.Contains(err.Error(), listen) {
			t.Errorf("NewDNS(%q): %v", listen, err)
			again.Close()
		}
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	d := newDNS(t,
		"a.signed.example. 300 IN A 192.0.2.1",
		"a.plain.example. 300 IN A 192.0.2.2",
		"a.open.signed.example. 300 IN A 192.0.2.3",
		"a.bad.signed.example. 300 IN A 192.0.2.4",
		"out.signed.example. 300 IN CNAME a.plain.example.",
		"in.plain.example. 300 IN CNAME a.signed.example.",
		"broken.signed.example. 300 IN CNAME a.bad.signed.example.",
	)
	d.Secure("signed.example", "net.")
	d.Insecure("open.signed.example.")
	d.Bogus("BAD.signed.example")
	for _, tt := range []struct{ name, flags, want string }{
		{"a.signed.example", "", "NOERROR A"},
		{"a.signed.example", "ad", "NOERROR ad A"},
		{"a.signed.example", "do", "NOERROR ad A edns"},
		{"a.signed.example", "edns", "NOERROR A edns"},
		{"nowhere.signed.example", "ad", "NXDOMAIN ad"},
		{"a.plain.example", "ad", "NOERROR A"},
		{"a.open.signed.example", "ad", "NOERROR A"},
		{"out.signed.example", "ad", "NOERROR CNAME A"},
		{"in.plain.example", "ad", "NOERROR CNAME A"},
		{"a.bad.signed.example", "ad", "SERVFAIL"},
		{"a.bad.signed.example", "do", "SERVFAIL edns ede=6:"},
		{"a.bad.signed.example", "do cd", "NOERROR A edns"},
		{"nowhere.bad.signed.example", "do", "SERVFAIL edns ede=6:"},
		{"broken.signed.example", "do", "SERVFAIL edns ede=6:"},
		{".", "ad", "NOERROR"},
	} {
		t.Run(tt.name+" "+tt.flags, func(t *testing.T) {
			t.Parallel()
			m, err := ask(d, tt.name, "A", strings.Fields(tt.flags)...)
			words := strings.Fields(summary(m, err))
			for i, word := range words {
				if _, after, ok := strings.Cut(word, "./"); ok { // "a.example./A=192.0.2.1" -> "A"
					words[i], _, _ = strings.Cut(after, "=")
				}
			}
			if got := strings.Join(words, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}

	all := newDNS(t, "example.com. 300 IN A 192.0.2.1")
	all.Secure(".")
	for _, question := range [][2]string{{".", "NS"}, {"example.com", "A"}, {"example.org", "A"}} {
		if m, err := ask(all, question[0], question[1], "ad"); err != nil || !m.AuthenticatedData {
			t.Errorf("%s under the secure root: %s", question, summary(m, err))
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	type F = scannertest.Failure
	const found = "NOERROR example.com./A=192.0.2.1"
	spoil := func(q []byte) []byte { // the answer to another question
		m := new(dns.Msg)
		m.Unpack(q)
		reply := new(dns.Msg).SetReply(m)
		reply.Question[0].Name = "other.example."
		b, _ := reply.Pack()
		return b
	}
	for _, tt := range []struct {
		name  string
		f     F
		flags string
		want  []string // of questions one after the other
	}{
		{"none", F{}, "", []string{found}},
		{"rcode", F{Rcode: "SERVFAIL"}, "", []string{"SERVFAIL", "SERVFAIL", "SERVFAIL"}},
		{"once", F{Rcode: "REFUSED", Times: 1}, "", []string{"REFUSED", found}},
		{"twice", F{Rcode: "NOTIMP", Times: 2}, "tcp", []string{"NOTIMP", "NOTIMP", found}},
		{"empty", F{Rcode: "NOERROR"}, "", []string{"NOERROR"}},
		{"badvers", F{Rcode: "BADVERS"}, "edns", []string{"BADSIG edns"}}, // 16 under the library's name
		{"drop", F{Drop: true, Times: 1}, "", []string{"timeout", found}},
		{"truncate", F{Truncate: true}, "", []string{"NOERROR tc"}},
		{"truncate tcp", F{Truncate: true}, "tcp", []string{found}},
		{"no edns", F{NoEDNS: true}, "edns", []string{"FORMERR", "FORMERR"}},
		{"no edns, plain", F{NoEDNS: true}, "", []string{found}},
		{"ede", F{EDE: 22, EDEText: "no authority"}, "edns", []string{found + " edns ede=22:no authority"}},
		{"ede without opt", F{EDE: 22}, "", []string{found}},
		{"ede with rcode", F{Rcode: "SERVFAIL", EDE: 9}, "edns", []string{"SERVFAIL edns ede=9:"}},
		{"delay", F{Delay: 20 * time.Millisecond}, "", []string{found}},
		{"delay too long", F{Delay: time.Minute}, "", []string{"timeout"}},
		{"raw", F{Raw: spoil}, "tcp", []string{"NOERROR"}},
		{"raw nothing", F{Raw: func([]byte) []byte { return nil }}, "", []string{"timeout"}},
		{"raw garbage", F{Raw: func([]byte) []byte { return []byte{1, 2, 3} }}, "tcp", []string{"error: dns: short read"}},
		{"forge", F{Forge: func(q []byte) [][]byte { return [][]byte{append([]byte{q[0] ^ 1}, q[1:]...)} }}, "",
			[]string{found}}, // the client skips the wrong id
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDNS(t, "example.com. 300 IN A 192.0.2.1")
			d.Fail("example.com", "A", tt.f)
			for i, want := range tt.want {
				flags := strings.Fields(tt.flags)
				if want == "timeout" {
					flags = append(flags, "brief")
				}
				if got := summary(ask(d, "example.com", "A", flags...)); got != want {
					t.Errorf("question %d: got %q, want %q", i+1, got, want)
				}
				eventually(t, "the question", func() bool { return len(d.Queries()) == i+1 })
			}
			d.Fail("example.com", "A", F{})
			if got := summary(ask(d, "example.com", "A")); got != found {
				t.Errorf("lifted: got %q", got)
			}
		})
	}
}

// The forged packets of a flood must come before the answer, all of them.
func TestForgeOrder(t *testing.T) {
	t.Parallel()
	d := newDNS(t, "example.com. 300 IN A 192.0.2.1")
	d.Fail("example.com", "", scannertest.Failure{Forge: func(q []byte) (all [][]byte) {
		for i := range 5 {
			all = append(all, fmt.Appendf(nil, "packet %d", i))
		}
		return all
	}})
	c, err := net.Dial("udp", d.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Write(query(t, "example.com", "A")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1500)
	for i := range 5 {
		if n, err := c.Read(b); string(b[:n]) != fmt.Sprintf("packet %d", i) {
			t.Errorf("packet %d: %q, %v", i, b[:n], err)
		}
	}
	n, err := c.Read(b)
	m := new(dns.Msg)
	if err != nil || m.Unpack(b[:n]) != nil || len(m.Answer) != 1 {
		t.Errorf("the true answer: %v, %v", m, err)
	}
}

func TestFailureForWhom(t *testing.T) {
	t.Parallel()
	d := newDNS(t, "a.example. 300 IN A 192.0.2.1")
	d.Fail("*", "", scannertest.Failure{Rcode: "REFUSED"})
	d.Fail("*", "MX", scannertest.Failure{Rcode: "NOTIMP"})
	d.Fail("A.Example.", "", scannertest.Failure{Rcode: "SERVFAIL"})
	d.Fail("a.example", "AAAA", scannertest.Failure{Rcode: "FORMERR"})
	for _, tt := range [][3]string{
		{"a.example", "AAAA", "FORMERR"}, {"a.example", "MX", "SERVFAIL"}, {"b.example", "MX", "NOTIMP"},
		{"b.example", "A", "REFUSED"},
	} {
		if got := summary(ask(d, tt[0], tt[1])); got != tt[2] {
			t.Errorf("%s %s: %s, want %s", tt[0], tt[1], got, tt[2])
		}
	}
	for _, bad := range []func(){
		func() { d.Fail("a.example", "MXX", scannertest.Failure{}) },
		func() { d.Fail("a.example", "MX", scannertest.Failure{Rcode: "BROKEN"}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			bad()
		}()
	}
}

func TestLargeAnswers(t *testing.T) {
	t.Parallel()
	d := newDNS(t)
	for i := range 1000 {
		if err := d.Add(fmt.Sprintf("big.example. 300 IN MX %d mx%d.big.example.", i, i)); err != nil {
			t.Fatal(err)
		}
		if i < 60 {
			if err := d.Add(fmt.Sprintf("mid.example. 300 IN A 192.0.2.%d", i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		name, typ, flags string
		cut              bool
	}{
		{"big.example", "MX", "", true},
		{"big.example", "MX", "edns", true},
		{"big.example", "MX", "tcp", false},
		{"mid.example", "A", "", true},
		{"mid.example", "A", "edns", false},
	} {
		m, err := ask(d, tt.name, tt.typ, strings.Fields(tt.flags)...)
		if err != nil {
			t.Fatal(err)
		}
		whole := map[string]int{"big.example": 1000, "mid.example": 60}[tt.name]
		if m.Truncated != tt.cut || (len(m.Answer) == whole) == tt.cut {
			t.Errorf("%s %q: %d records, tc %t", tt.name, tt.flags, len(m.Answer), m.Truncated)
		}
	}
}

func TestQueriesAndStop(t *testing.T) {
	t.Parallel()
	d := newDNS(t, "example.com. 300 IN A 192.0.2.1")
	ask(d, "EXAMPLE.com", "A")
	ask(d, "example.com", "MX", "tcp", "do", "ad", "cd")
	d.Stop()
	for _, proto := range []string{"udp", "tcp"} {
		if got := summary(ask(d, "example.com", "A", "brief", proto)); got != "timeout" {
			t.Errorf("stopped, %s: %s", proto, got)
		}
	}
	d.Start()
	if got := summary(ask(d, ".", "NS", "edns")); !strings.HasPrefix(got, "NOERROR ./NS=") {
		t.Errorf("started: %s", got)
	}
	want := []scannertest.Query{
		{Name: "example.com", Type: "A", Proto: "udp"},
		{Name: "example.com", Type: "MX", Proto: "tcp", EDNS: true, DO: true, AD: true, CD: true},
		{Name: ".", Type: "NS", Proto: "udp", EDNS: true},
	}
	if diff := cmp.Diff(want, d.Queries()); diff != "" {
		t.Error(diff)
	}
	d.Close()
	d.Close()
	if got := summary(ask(d, "example.com", "A", "tcp")); !strings.Contains(got, "refused") {
		t.Errorf("closed: %s", got)
	}
}

// Go's own resolver, which is stricter than a test client about what it takes.
func TestGoResolver(t *testing.T) {
	t.Parallel()
	in := newInternet(t)
	err := in.DNS().Add(
		"example.com. 300 IN MX 20 b.example.com.",
		"example.com. 300 IN MX 10 a.example.com.",
		"a.example.com. 300 IN CNAME host.example.net.",
		"host.example.net. 300 IN A 192.0.2.1",
		"host.example.net. 300 IN AAAA 2001:db8::1",
		"_smtp.example.com. 300 IN TXT \"one\" \"two\"",
	)
	if err != nil {
		t.Fatal(err)
	}
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, in.DNS().Addr())
	}}
	ctx := within(t, 20*time.Second)
	mx, err := r.LookupMX(ctx, "example.com.")
	want := []*net.MX{{Host: "a.example.com.", Pref: 10}, {Host: "b.example.com.", Pref: 20}}
	if diff := cmp.Diff(want, mx); diff != "" || err != nil {
		t.Error(err, diff)
	}
	addrs, err := r.LookupHost(ctx, "a.example.com.")
	slices.Sort(addrs)
	if diff := cmp.Diff([]string{"192.0.2.1", "2001:db8::1"}, addrs); diff != "" || err != nil {
		t.Error(err, diff)
	}
	txt, err := r.LookupTXT(ctx, "_smtp.example.com.")
	if diff := cmp.Diff([]string{"onetwo"}, txt); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for _, name := range []string{"example.org.", "com."} {
		_, err := r.LookupMX(ctx, name)
		if dnsErr, ok := errors.AsType[*net.DNSError](err); !ok || !dnsErr.IsNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}
