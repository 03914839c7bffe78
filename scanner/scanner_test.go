package scanner

import (
	"context"
	"fmt"
	"iter"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"mxtls/scanner/mtasts"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a false internet and the options to scan it.
type world struct {
	*testing.T
	in   *scannertest.Internet
	opts Options
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	in, err := scannertest.NewInternet()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.Close)
	roots, err := pkix.Parse("test", in.CA().PEM())
	if err != nil {
		t.Fatal(err)
	}
	in.DNS().Secure(".")
	return &world{t, in, Options{
		Resolvers: []string{in.DNS().Addr()}, Roots: roots, EHLO: "scan.example.org", Rate: -1, Dial: in.Dial,
		Timeout: 2 * time.Second, HostTimeout: 4 * time.Second,
	}}
}

func (w *world) dns(records ...string) {
	w.Helper()
	if err := w.in.DNS().Add(records...); err != nil {
		w.Fatal(err)
	}
}

// serve starts a server; a healthy one has a certificate for its name.
func (w *world) serve(addr string, s scannertest.SMTP) *scannertest.Server {
	w.Helper()
	server, err := w.in.Serve(addr, s)
	if err != nil {
		w.Fatal(err)
	}
	return server
}

func (w *world) healthy(host, addr string) *scannertest.Server {
	w.Helper()
	cert := w.in.CA().Issue([]string{host})
	return w.serve(addr, scannertest.SMTP{Name: host, Certificate: &cert})
}

// domain publishes a domain with one mail host at an address.
func (w *world) domain(domain, addr string) {
	w.Helper()
	w.dns(domain+". 300 IN MX 10 mx."+domain+".", "mx."+domain+". 300 IN A "+addr)
}

func (w *world) scanner() *Scanner {
	w.Helper()
	s, err := New(w.opts)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(s.Close)
	return s
}

func collect(results iter.Seq[Result]) (all []Result) {
	for r := range results {
		all = append(all, r)
	}
	return all
}

func TestHealthyDomain(t *testing.T) {
	w := newWorld(t)
	w.domain("example.com", "192.0.2.1")
	w.healthy("mx.example.com", "192.0.2.1")
	r := w.scanner().Domain(t.Context(), "User.Name@Example.COM")

	if r.Input != "Example.COM" || r.Target.Name.String() != "example.com" || r.Via != "example.com" {
		t.Errorf("input %q, target %v, via %q", r.Input, r.Target, r.Via)
	}
	if r.Facts.MX.Kind != mx.Listed || r.Facts.MX.Trust != resolve.Secure {
		t.Errorf("mx %v, %v", r.Facts.MX.Kind, r.Facts.MX.Trust)
	}
	if len(r.Facts.Servers) != 1 {
		t.Fatalf("%d servers", len(r.Facts.Servers))
	}
	server, answers := r.Facts.Servers[0], r.Verdict.Servers[0]
	if server.Session.Stage != starttls.Done || server.Session.Ask.SNI != "" {
		t.Errorf("stage %v, SNI %q: %v", server.Session.Stage, server.Session.Ask.SNI, server.Session.Err)
	}
	if server.Chain.Status != pkix.Trusted || server.NameMatch != truth.Yes {
		t.Errorf("chain %v, name %v", server.Chain.Status, server.NameMatch)
	}
	if answers.Encrypted != truth.Yes || answers.Authenticated != truth.Yes || answers.Reason != "" {
		t.Errorf("answers %+v", answers)
	}
	if len(r.Verdict.Findings) != 0 {
		t.Errorf("findings %v", r.Verdict.Findings)
	}
}

func TestInvalidInput(t *testing.T) {
	w := newWorld(t)
	r := w.scanner().Domain(t.Context(), "secret@http://example.com/")
	if r.Invalid == nil || r.Facts.MX.Kind != mx.Invalid || len(r.Verdict.Findings) != 1 {
		t.Fatalf("%+v", r)
	}
	if strings.Contains(fmt.Sprintf("%+v", r), "secret") {
		t.Errorf("the local part was kept: %+v", r)
	}
	if n := len(w.in.DNS().Queries()); n != 0 {
		t.Errorf("%d DNS queries", n)
	}
}

// TestOneSessionPerAddress scans many domains on few servers, at the same time.
func TestOneSessionPerAddress(t *testing.T) {
	w := newWorld(t)
	var servers []*scannertest.Server
	for i := range 3 {
		servers = append(servers, w.healthy("mx.provider.example", fmt.Sprintf("192.0.2.%d", i+1)))
		w.dns(fmt.Sprintf("mx.provider.example. 300 IN A 192.0.2.%d", i+1))
	}
	var names []string
	for i := range 200 {
		domain := fmt.Sprintf("d%d.example", i)
		w.dns(domain + ". 300 IN MX 10 mx.provider.example.")
		names = append(names, domain)
	}
	s := w.scanner()
	var got []string
	for r := range s.Scan(t.Context(), slices.Values(names)) {
		got = append(got, r.Target.Name.String())
		if r.Verdict.Encrypted.Yes != 3 {
			t.Errorf("%s: %+v", r.Input, r.Verdict.Encrypted)
		}
		if r.Index != len(got)-1 {
			t.Errorf("%s has index %d, not %d", r.Input, r.Index, len(got)-1)
		}
	}
	if diff := cmp.Diff(names, got); diff != "" {
		t.Errorf("order of results (-want +got):\n%s", diff)
	}
	for i, server := range servers {
		if n := server.Sessions(); n != 1 {
			t.Errorf("server %d had %d sessions", i, n)
		}
		if diff := cmp.Diff([]string{"EHLO scan.example.org", "STARTTLS", "EHLO scan.example.org", "QUIT"}, server.Commands()); diff != "" {
			t.Errorf("commands (-want +got):\n%s", diff)
		}
	}
	if s.Sessions() != 3 {
		t.Errorf("%d sessions counted", s.Sessions())
	}
}

// gauge counts the dials under way, and the most at one time.
type gauge struct {
	now, most atomic.Int64
	dial      starttls.DialFunc
}

func (g *gauge) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := g.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	now := g.now.Add(1)
	for most := g.most.Load(); now > most && !g.most.CompareAndSwap(most, now); most = g.most.Load() {
	}
	return &gauged{Conn: conn, g: g}, nil
}

type gauged struct {
	net.Conn
	g    *gauge
	once sync.Once
}

func (c *gauged) Close() error {
	c.once.Do(func() { c.g.now.Add(-1) })
	return c.Conn.Close()
}

// many publishes n domains with a server each, all hosts below one provider.
func (w *world) many(n int, s scannertest.SMTP) (names []string) {
	for i := range n {
		addr, host := fmt.Sprintf("192.0.2.%d", i+1), fmt.Sprintf("mx%d.provider.example", i)
		w.dns(fmt.Sprintf("d%d.example. 300 IN MX 10 %s.", i, host), host+". 300 IN A "+addr)
		w.serve(addr, s)
		names = append(names, fmt.Sprintf("d%d.example", i))
	}
	return names
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*Options)
		most int64
	}{
		{"per provider", func(o *Options) { o.PerProvider = 3 }, 3},
		{"default per provider", func(*Options) {}, 4},
		{"concurrency", func(o *Options) { o.PerProvider, o.Concurrency = -1, 5 }, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			names := w.many(20, scannertest.SMTP{NoSTARTTLS: true, Latency: 10 * time.Millisecond})
			g := &gauge{dial: w.in.Dial}
			w.opts.Dial = g.Dial
			tt.edit(&w.opts)
			if n := len(collect(w.scanner().Scan(t.Context(), slices.Values(names)))); n != len(names) {
				t.Errorf("%d results", n)
			}
			if got := g.most.Load(); got > tt.most || got < 2 {
				t.Errorf("%d sessions at a time, want up to %d", got, tt.most)
			}
		})
	}
}

// TestSlowedProvider has a provider that says 421: from then on it gets one connection at a time.
func TestSlowedProvider(t *testing.T) {
	p := providers{limit: 4, m: map[string]*providerSlots{}}
	slots := p.enter("provider.example")
	if again := p.enter("provider.example"); again != slots {
		t.Fatal("one provider, two sets of slots")
	}
	slots.slow()
	weight, err := slots.acquire(t.Context())
	if err != nil || weight != 4 {
		t.Fatalf("weight %d, %v", weight, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := slots.acquire(ctx); err == nil {
		t.Error("a second place with a slowed provider")
	}
	slots.release(weight)
	p.leave(slots)
	p.leave(slots)
	if len(p.m) != 0 {
		t.Error("a provider is kept that nobody needs")
	}
}

func TestRetry(t *testing.T) {
	for _, tt := range []struct {
		name     string
		after    time.Duration
		banner   string
		sessions int
	}{
		{"none by default", 0, "421 4.7.0 busy", 1},
		{"once where asked for", 10 * time.Millisecond, "421 4.7.0 busy", 2},
		{"not after a refusal", 10 * time.Millisecond, "554 5.0.0 no", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.domain("example.com", "192.0.2.1")
			server := w.serve("192.0.2.1", scannertest.SMTP{Banner: tt.banner})
			w.opts.RetryAfter = tt.after
			r := w.scanner().Domain(t.Context(), "example.com")
			if n := server.Sessions(); n != tt.sessions {
				t.Errorf("%d sessions, want %d", n, tt.sessions)
			}
			if r.Verdict.Encrypted.Unknown != 1 {
				t.Errorf("%+v", r.Verdict.Encrypted)
			}
		})
	}
}

func TestOptOut(t *testing.T) {
	w := newWorld(t)
	var err error
	w.opts.OptOut, err = ParseOptOut(strings.NewReader("# wishes\nprivate.example\n192.0.2.0/30 # a network\nmx.shy.example\n"))
	if err != nil {
		t.Fatal(err)
	}
	w.domain("a.private.example", "198.51.100.1")
	w.domain("b.example", "192.0.2.1")
	w.domain("shy.example", "198.51.100.3")
	quiet := []*scannertest.Server{w.serve("198.51.100.1", scannertest.SMTP{}), w.serve("192.0.2.1", scannertest.SMTP{}),
		w.serve("198.51.100.3", scannertest.SMTP{})}
	s := w.scanner()
	if r := s.Domain(t.Context(), "a.private.example"); r.Facts.MX.Reason != mx.OptedOut {
		t.Errorf("domain: %+v", r.Facts.MX)
	}
	if n := len(w.in.DNS().Queries()); n != 0 {
		t.Errorf("%d DNS queries for a domain that opted out", n)
	}
	for _, domain := range []string{"b.example", "shy.example"} {
		r := s.Domain(t.Context(), domain)
		if e := r.Facts.Servers[0].Session.Err; e == nil || e.Reason != starttls.OptedOut {
			t.Errorf("%s: %v", domain, e)
		}
	}
	for _, q := range quiet {
		if q.Sessions() != 0 {
			t.Errorf("%s was visited", q.Addr())
		}
	}
}

// TestOptOutPolicyHosts: who wants to be left alone is not asked for MTA-STS policies either, and nobody is blamed for it.
func TestOptOutPolicyHosts(t *testing.T) {
	w := newWorld(t)
	var err error
	if w.opts.OptOut, err = ParseOptOut(strings.NewReader("192.0.2.0/30\nshy.example\n")); err != nil {
		t.Fatal(err)
	}
	const body = "version: STSv1\nmode: enforce\nmax_age: 1209600\nmx: *.example\n"
	w.domain("a.example", "198.51.100.1")
	w.healthy("mx.a.example", "198.51.100.1")
	quiet := []*scannertest.HTTPSServer{w.policy("a.example", "192.0.2.1", body), w.policy("shy.example", "198.51.100.2", body)}
	w.domain("b.example", "198.51.100.3")
	w.healthy("mx.b.example", "198.51.100.3")
	w.dns(`_mta-sts.b.example. 300 IN TXT "v=STSv1; id=1;"`, "mta-sts.b.example. 300 IN CNAME mta-sts.shy.example.")
	s := w.scanner()
	for _, domain := range []string{"a.example", "b.example"} {
		r := s.Domain(t.Context(), domain)
		if p := &r.Facts.Policy; p.Status != mtasts.StatusUnknown || p.Reason != mtasts.NotFetched ||
			!strings.HasPrefix(p.Text, "the opt-out file names ") {
			t.Errorf("%s: %+v", domain, p)
		}
		if c := codes(&r); slices.ContainsFunc(c, func(code string) bool { return strings.HasPrefix(code, "sts") }) {
			t.Errorf("%s: findings %q", domain, c)
		}
	}
	for _, q := range quiet {
		if q.Sessions() != 0 {
			t.Errorf("%s was visited", q.Addr())
		}
	}
}

// TestOptOutMappedAddress has wishes that write IPv4 as IPv6.
func TestOptOutMappedAddress(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"::ffff:192.0.2.1", "::ffff:192.0.2.0/120"} {
		o, err := ParseOptOut(strings.NewReader(text))
		if err != nil || !o.Address(netip.MustParseAddr("192.0.2.1")) || o.Address(netip.MustParseAddr("198.51.100.1")) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestParseOptOutRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"exa mple.com", "192.0.2.0/99", "\x00", strings.Repeat("a", 5000)} {
		if _, err := ParseOptOut(strings.NewReader("ok.example\n" + text + "\n")); err == nil {
			t.Errorf("%.20q was taken", text)
		}
	}
}

func TestNoneAndFailed(t *testing.T) {
	w := newWorld(t)
	w.in.DNS().Fail("servfail.example", "", scannertest.Failure{Rcode: "SERVFAIL"})
	w.dns("null.example. 300 IN MX 0 .")
	s := w.scanner()
	for domain, want := range map[string]mx.Kind{"gone.example": mx.None, "servfail.example": mx.Failed, "null.example": mx.Null} {
		if r := s.Domain(t.Context(), domain); r.Facts.MX.Kind != want {
			t.Errorf("%s: %v, want %v", domain, r.Facts.MX.Kind, want)
		}
	}
}

// TestResolverDies stops the resolver in mid-run: what comes out is whole, and nothing is "no MX" that has one.
func TestResolverDies(t *testing.T) {
	w := newWorld(t)
	names := w.many(200, scannertest.SMTP{NoSTARTTLS: true})
	w.opts.PerProvider = -1
	s := w.scanner()
	seen := 0
	items := func(yield func(string) bool) {
		for i, n := range names {
			if i == len(names)/2 {
				w.in.DNS().Stop()
			}
			if !yield(n) {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	for r := range s.Scan(t.Context(), items) {
		seen++
		if k := r.Facts.MX.Kind; k != mx.Listed && k != mx.Failed {
			t.Errorf("%s: %v", r.Input, k)
		}
	}
	if seen == len(names) && s.Err() == nil {
		t.Error("a dead resolver went unnoticed")
	}
	if s.Err() == nil {
		t.Errorf("no error after %d results", seen)
	}
}

// TestInterruption cancels a run with silent servers: it ends soon, and what it yields is whole and in order.
func TestInterruption(t *testing.T) {
	w := newWorld(t)
	w.opts.Timeout, w.opts.HostTimeout = time.Minute, time.Minute
	var names []string
	for i := range 30 {
		domain, addr := fmt.Sprintf("d%d.example", i), fmt.Sprintf("192.0.2.%d", i+1)
		w.domain(domain, addr)
		names = append(names, domain)
		if i%3 == 2 {
			w.serve(addr, scannertest.SMTP{BannerDelay: time.Hour})
		} else {
			w.healthy("mx."+domain, addr)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(500*time.Millisecond, cancel)
	start, last := time.Now(), -1
	for r := range w.scanner().Scan(ctx, slices.Values(names)) {
		if r.Index <= last || r.Index%3 == 2 {
			t.Errorf("%s yielded after %d", r.Input, last)
		}
		if r.Verdict.Encrypted.Yes != 1 {
			t.Errorf("%s: %+v", r.Input, r.Verdict)
		}
		last = r.Index
	}
	if d := time.Since(start); d > 6*time.Second {
		t.Errorf("the run took %v to stop", d)
	}
	if last < 20 {
		t.Errorf("nothing after index %d was yielded, though it was done", last)
	}
}

// TestBreak leaves the loop early; goleak watches what remains.
func TestBreak(t *testing.T) {
	w := newWorld(t)
	names := w.many(50, scannertest.SMTP{NoSTARTTLS: true, Latency: 5 * time.Millisecond})
	for range w.scanner().Scan(t.Context(), slices.Values(names)) {
		break
	}
}

// TestHostileNeighbours scans healthy servers among hostile ones: what is said of the healthy ones does not change.
func TestHostileNeighbours(t *testing.T) {
	w := newWorld(t)
	w.opts.Timeout, w.opts.HostTimeout = time.Second, 3*time.Second
	hostile := []scannertest.SMTP{
		{BannerDelay: time.Hour},
		{Banner: "220-" + strings.Repeat("a", 100_000)},
		{Banner: "HTTP/1.1 400 Bad Request"},
		{Handle: func(c net.Conn) {
			for {
				if _, err := c.Write([]byte("220-more\r\n")); err != nil {
					return
				}
			}
		}},
		{Script: "CLOSE"},
	}
	var names []string
	for i := range 20 {
		domain, addr := fmt.Sprintf("d%d.example", i), fmt.Sprintf("192.0.2.%d", i+1)
		w.domain(domain, addr)
		names = append(names, domain)
		if i%2 == 0 {
			w.healthy("mx."+domain, addr)
		} else {
			w.serve(addr, hostile[i/2%len(hostile)])
		}
	}
	for r := range w.scanner().Scan(t.Context(), slices.Values(names)) {
		want := truth.Yes
		if r.Index%2 == 1 {
			want = truth.Unknown
		}
		if got := r.Verdict.Servers[0].Encrypted; got != want {
			t.Errorf("%s: encrypted %v, want %v: %v", r.Input, got, want, r.Verdict.Servers[0])
		}
	}
}

func TestDirectTargets(t *testing.T) {
	w := newWorld(t)
	w.dns("mail.example.com. 300 IN A 192.0.2.7", "mail.example.com. 300 IN MX 10 elsewhere.example.")
	cert := w.in.CA().Issue([]string{"mail.example.com", "192.0.2.7"})
	w.serve("192.0.2.7:587", scannertest.SMTP{Name: "mail.example.com", Certificate: &cert})
	s := w.scanner()
	for _, input := range []string{"[mail.example.com]:587", "[192.0.2.7]:587"} {
		r := s.Domain(t.Context(), input)
		if r.Facts.MX.Kind != mx.Implicit || len(r.Facts.Servers) != 1 {
			t.Fatalf("%s: %+v", input, r.Facts.MX)
		}
		if a := r.Verdict.Servers[0]; a.Authenticated != truth.Yes || r.Facts.Servers[0].Addr != netip.MustParseAddrPort("192.0.2.7:587") {
			t.Errorf("%s: %+v at %v", input, a, r.Facts.Servers[0].Addr)
		}
	}
}

func TestReservedAddressIsNotDialed(t *testing.T) {
	w := newWorld(t)
	w.dns("evil.example. 300 IN MX 10 mx.evil.example.", "mx.evil.example. 300 IN A 127.0.0.1", "mx.evil.example. 300 IN A 10.0.0.1",
		"mx.evil.example. 300 IN AAAA ::1")
	w.opts.Dial = nil
	r := w.scanner().Domain(t.Context(), "evil.example")
	if len(r.Facts.Servers) != 3 {
		t.Fatalf("%d servers", len(r.Facts.Servers))
	}
	for _, s := range r.Facts.Servers {
		if s.Session.Err == nil || s.Session.Err.Reason != starttls.ReservedAddress {
			t.Errorf("%v: %v", s.Addr, s.Session.Err)
		}
	}
}

func TestLegacyDomain(t *testing.T) {
	w := newWorld(t)
	gone := name.MustParse("gone.example")
	w.opts.Legacy = func(n name.Name) bool { return n == gone }
	r := w.scanner().Domain(t.Context(), "gone.example")
	if !r.Facts.Legacy || r.Verdict.Findings[0].Severity.String() != "info" {
		t.Errorf("%+v", r.Verdict.Findings)
	}
}

// TestPanic makes a part of the scan panic: the domain gets a record that says so, and its neighbours lose nothing.
func TestPanic(t *testing.T) {
	w := newWorld(t)
	w.domain("example.com", "192.0.2.1")
	w.healthy("mx.example.com", "192.0.2.1")
	w.opts.Legacy = func(n name.Name) bool {
		if n.String() == "evil.example" {
			panic("a seam gave way")
		}
		return false
	}
	results := collect(w.scanner().Scan(t.Context(), slices.Values([]string{"evil.example", "example.com"})))
	if len(results) != 2 || results[1].Verdict.Encrypted.Yes != 1 {
		t.Fatalf("%+v", results)
	}
	f := results[0].Verdict.Findings
	if len(f) != 1 || f[0].Code != "internal_error" || results[0].Facts.MX.Kind != mx.Failed {
		t.Errorf("%v, %+v", results[0].Facts.MX.Kind, f)
	}
}
