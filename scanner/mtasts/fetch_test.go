package mtasts

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
	"mxtls/scanner/starttls"
)

// Hostile and broken hosts, all at once: none stands in another's way, and each is read no further than it must be.
func TestPolicyHosts(t *testing.T) {
	t.Parallel()
	for _, rows := range [][]row{redirects, floods, answers, certificates} {
		for _, tt := range rows {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				l := newLab(t)
				const domain = "example.com"
				l.publish(domain, "192.0.2.80")
				if tt.cert != nil {
					cert := tt.cert(l.CA(), "mta-sts."+domain)
					tt.spec.Certificate, tt.spec.Body = &cert, goodPolicy
				}
				server := l.host(domain, "192.0.2.80", tt.spec)
				c := l.client()
				if tt.limit > 0 {
					c.Timeout = tt.limit
				}
				facts := c.Look(context.Background(), name.MustParse(domain))
				o := Judge(facts, l.verifier)
				tt.check(t, o)
				f := facts.Fetch
				if len(f.Body) > maxBody || f.Addr.String() != "192.0.2.80:443" || f.Code != 200 && f.Body != nil {
					t.Errorf("%d octets from %v with code %d", len(f.Body), f.Addr, f.Code)
				}
				// The limits, and the rest of what one read of a TLS record brings.
				bound := int64(maxHeader + maxBody + 32<<10)
				if tt.fault == Flood {
					bound = maxOctets
				}
				if read := l.read.Load(); read > bound {
					t.Errorf("%d octets were read", read)
				}
				if server.Sessions() != 1 {
					t.Errorf("%d connections", server.Sessions())
				}
			})
		}
	}
}

// What a policy host hears: one request, and nothing that it has no need to know.
func TestRequest(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.publish("example.com", "192.0.2.80")
	server := l.host("example.com", "192.0.2.80", body(goodPolicy))
	for _, agent := range []string{"", "mxtls (+https://example.org/)"} {
		c := l.client()
		c.UserAgent = agent
		f := c.Fetch(context.Background(), name.MustParse("example.com"))
		if f.Err != nil || f.Code != 200 || string(f.Body) != goodPolicy || f.Type != "text/plain" || f.Duration <= 0 ||
			len(f.Chain) != 1 || f.TLS != tls.VersionTLS13 || f.URL() != "https://mta-sts.example.com/.well-known/mta-sts.txt" {
			t.Errorf("%+v", f)
		}
	}
	const request = "GET /.well-known/mta-sts.txt HTTP/1.1\nHost: mta-sts.example.com\nUser-Agent: %s\nConnection: close"
	want := []string{fmt.Sprintf(request, "mxtls"), fmt.Sprintf(request, "mxtls (+https://example.org/)")}
	if got := server.Requests(); !slices.Equal(got, want) {
		t.Errorf("requests %q", got)
	}
	if got := server.Names(); !slices.Equal(got, []string{"mta-sts.example.com", "mta-sts.example.com"}) {
		t.Errorf("server names %q", got)
	}
}

// Where the policy host is: the DNS's part and TCP's.
func TestReach(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	host := func(domain string, records ...string) {
		l.zone("_mta-sts." + domain + `. 300 IN TXT "v=STSv1; id=1;"`)
		for _, r := range records {
			l.zone("mta-sts." + domain + ". 300 IN " + r)
		}
	}
	host("absent.example")
	host("text.example", "TXT nothing")
	host("servfail.example")
	l.DNS().Fail("mta-sts.servfail.example", "", scannertest.Failure{Rcode: "SERVFAIL"})
	host("half.example", "AAAA 2001:db8::80")
	l.DNS().Fail("mta-sts.half.example", "A", scannertest.Failure{Rcode: "SERVFAIL"})
	host("refused.example", "A 192.0.2.1")
	host("hole.example", "A 192.0.2.2")
	l.Blackhole("192.0.2.2")
	host("unreachable.example", "A 192.0.2.3", "AAAA 2001:db8::1")
	l.Unreachable("192.0.2.3")
	host("second.example", "A 192.0.2.1", "A 192.0.2.4")
	host("v6.example", "A 192.0.2.1", "AAAA 2001:db8::80")
	host("alias.example", "CNAME policy.example.net.")
	l.zone("policy.example.net. 300 IN A 192.0.2.4")
	host("many.example", "A 192.0.2.1", "A 192.0.2.5", "A 192.0.2.4")
	cert := l.CA().Issue([]string{"mta-sts.second.example", "mta-sts.alias.example", "mta-sts.v6.example",
		"mta-sts.half.example", "mta-sts.many.example"})
	for _, addr := range []string{"192.0.2.4", "2001:db8::80"} {
		l.host("", addr, scannertest.HTTPS{Certificate: &cert, Body: goodPolicy})
	}
	for _, tt := range []struct {
		domain string
		row
	}{
		{"absent.example", row{status: FetchError, reason: PolicyFetch, fault: HostNotFound,
			text: "mta-sts.absent.example does not exist"}},
		{"text.example", row{status: FetchError, reason: PolicyFetch, fault: HostNoAddress, text: "has no address"}},
		{"servfail.example", row{status: FetchError, reason: PolicyFetch, fault: HostLookup, text: "SERVFAIL"}},
		{"half.example", row{status: Valid}},
		{"refused.example", row{status: FetchError, reason: PolicyFetch, fault: ConnectionRefused, text: "refused"}},
		{"hole.example", row{limit: short, status: FetchError, reason: PolicyFetch, fault: Timeout, text: "within 1s"}},
		{"unreachable.example", row{status: FetchError, reason: PolicyFetch, fault: Unreachable, text: "no route"}},
		{"second.example", row{status: Valid}},
		{"v6.example", row{status: Valid}},
		{"alias.example", row{status: Valid}},
		{"many.example", row{status: FetchError, reason: PolicyFetch, fault: ConnectionRefused, text: "refused"}},
		{"www." + strings.Repeat("a.", 120) + "example", row{status: None, reason: NoRecord, text: "no TXT record"}},
	} {
		t.Run(tt.domain, func(t *testing.T) {
			t.Parallel()
			c := l.client()
			if tt.limit > 0 {
				c.Timeout = tt.limit
			}
			tt.check(t, Judge(c.Look(context.Background(), name.MustParse(tt.domain)), l.verifier))
		})
	}
}

// Addresses that are no other party's are refused before the first packet, wherever they come from.
func TestReserved(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{}) // every address of this machine, both families
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).AddrPort().Port()
	for i, record := range []string{
		"A 127.0.0.1", "A 10.0.0.1", "A 169.254.169.254", "A 0.0.0.0", "AAAA ::1", "AAAA fe80::1", "AAAA ::ffff:127.0.0.1",
		"AAAA 64:ff9b::7f00:1", "AAAA 2002:7f00:1::1",
	} {
		domain := fmt.Sprintf("d%d.example", i)
		l.zone("_mta-sts."+domain+`. 300 IN TXT "v=STSv1; id=1;"`, "mta-sts."+domain+". 300 IN "+record)
		c := &Client{Resolver: l.resolver, Port: port}
		o := Judge(c.Look(context.Background(), name.MustParse(domain)), l.verifier)
		checkOutcome(t, o)
		if o.Status != StatusUnknown || o.Reason != NotFetched || o.Fault != ReservedAddress ||
			!strings.HasPrefix(o.Text, "not tried: reserved address: ") {
			t.Errorf("%s: %v, %v, %v, %q", record, o.Status, o.Reason, o.Fault, o.Text)
		}
	}
	listener.SetDeadline(time.Now().Add(100 * time.Millisecond))
	if conn, err := listener.Accept(); !os.IsTimeout(err) {
		t.Errorf("a connection came in: %v, %v", conn, err)
	}
}

// A host that hangs up between the handshake and the answer.
func TestHangUp(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.publish("example.com", "192.0.2.80")
	cert := l.CA().Issue([]string{"mta-sts.example.com"})
	if _, err := l.Serve("192.0.2.80:443", scannertest.SMTP{Handle: func(c net.Conn) {
		conn := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
		conn.Read(make([]byte, 4096))
		conn.Close()
	}}); err != nil {
		t.Fatal(err)
	}
	o := l.look("example.com")
	if o.Status != FetchError || o.Reason != PolicyFetch || o.Fault != NotHTTP ||
		o.Text != "the server closed the connection without an answer" {
		t.Errorf("%+v", o)
	}
	checkOutcome(t, o)
}

// What is our own doing says nothing of the domain.
func TestOurDoing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.NoIPv6()
	l.publish("v6.example", "2001:db8::80")
	l.publish("silent.example", "192.0.2.80")
	server := l.host("silent.example", "192.0.2.80", scannertest.HTTPS{Pause: time.Hour})

	if o := l.look("v6.example"); o.Status != StatusUnknown || o.Reason != NotFetched || o.Fault != NoIPv6 {
		t.Errorf("%+v", o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		defer cancel()
		for end := time.Now().Add(patient); server.Sessions() == 0 && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}()
	o := Judge(l.client().Look(ctx, name.MustParse("silent.example")), l.verifier)
	if o.Status != StatusUnknown || o.Reason != NotFetched || o.Fault != Interrupted || o.Text != "the run was stopped" {
		t.Errorf("%+v", o)
	}
	checkOutcome(t, o)

	domain := name.MustParse("www." + strings.Repeat("a.", 120) + "example")
	if f := l.client().Fetch(context.Background(), domain); f.Err == nil || f.Err.Fault != NameTooLong {
		t.Errorf("%+v", f)
	}
	mute := &Client{Resolver: muteResolver{}, Dial: l.dial}
	if f := mute.Fetch(context.Background(), name.MustParse("example.com")); f.Err == nil || f.Err.Fault != HostLookup {
		t.Errorf("%+v", f)
	}
	down := &Client{Resolver: downResolver{}, Dial: l.dial}
	if f := down.Fetch(context.Background(), name.MustParse("example.com")); f.Err == nil || f.Err.Fault != NotTested ||
		f.Addr != (netip.AddrPort{}) {
		t.Errorf("%+v", f)
	}
}

// Of several addresses that cannot be reached, the one counts that says something of the host.
func TestReservedBeside(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.publish("example.com", "192.0.2.1")
	l.publish("example.com", "192.0.2.2")
	c := l.client()
	c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "192.0.2.1:") {
			return nil, fmt.Errorf("%w: %s", starttls.ErrReserved, address)
		}
		return l.Dial(ctx, network, address)
	}
	f := c.Fetch(context.Background(), name.MustParse("example.com"))
	if f.Err == nil || f.Err.Fault != ConnectionRefused || f.Addr.String() != "192.0.2.2:443" {
		t.Errorf("%+v", f)
	}
}

// A defect of ours ends one fetch and not the run.
func TestPanic(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.publish("example.com", "192.0.2.80")
	c := &Client{Resolver: l.resolver, Dial: func(context.Context, string, string) (net.Conn, error) { panic("oops") }}
	o := Judge(c.Look(context.Background(), name.MustParse("example.com")), l.verifier)
	if o.Status != StatusUnknown || o.Fault != InternalError || o.Text != "panic: oops" || o.Took <= 0 {
		t.Errorf("%+v", o)
	}
	checkOutcome(t, o)
}

// downResolver is a resolver that has stopped to answer.
type downResolver struct{}

// muteResolver is one that has nothing to say of an address.
type muteResolver struct{ downResolver }

func (muteResolver) Addrs(context.Context, name.Name, bool) resolve.Answer { return resolve.Answer{} }

func (downResolver) TXT(context.Context, name.Name) resolve.Answer {
	return resolve.Answer{Status: resolve.Failed, Err: &resolve.Error{Kind: resolve.Down}}
}

func (d downResolver) Addrs(ctx context.Context, n name.Name, _ bool) resolve.Answer {
	return d.TXT(ctx, n)
}
