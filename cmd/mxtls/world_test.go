package main

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"mxtls/scanner/scannertest"
)

// storyTime is when certificates are judged in the stories.
var storyTime = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// placeholder is an address that no server in a story has. Listening there, each world finds a port number that is its
// own on the whole of 127.0.0.0/8, so that stories may have the same addresses at the same time.
const placeholder = "127.255.0.1:0"

// world is the internet of one story: a resolver, a root, and mail servers on loopback addresses at one port.
type world struct {
	dns     *scannertest.DNS
	ca      *scannertest.CA
	hold    net.Listener
	port    string
	servers map[netip.Addr]*scannertest.Server
	gauge   gauge

	certificates map[*scannertest.Server]*tls.Certificate
	policies     map[string]*scannertest.HTTPSServer // by domain

	stdout string        // of the last command
	lasted time.Duration // likewise

	watchers sync.WaitGroup
	closing  chan struct{}
	mu       sync.Mutex
	signaled time.Time
}

func newWorld(caFile string) (*world, error) {
	hold, err := net.Listen("tcp", placeholder)
	if err != nil {
		return nil, err
	}
	dns, err := scannertest.NewDNS("127.0.0.1:0")
	if err != nil {
		hold.Close()
		return nil, err
	}
	w := &world{
		dns: dns, hold: hold, port: strconv.Itoa(hold.Addr().(*net.TCPAddr).Port),
		ca:      scannertest.NewCA("Story Root CA", dates(storyTime.AddDate(-5, 0, 0), storyTime.AddDate(5, 0, 0))),
		servers: map[netip.Addr]*scannertest.Server{}, closing: make(chan struct{}),
		certificates: map[*scannertest.Server]*tls.Certificate{}, policies: map[string]*scannertest.HTTPSServer{},
	}
	if err := cmp.Or(os.WriteFile(caFile, w.ca.PEM(), 0o644), os.Chtimes(caFile, storyTime, storyTime)); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) close() {
	close(w.closing)
	w.watchers.Wait()
	for _, s := range w.servers {
		s.Close()
	}
	w.dns.Close()
	w.hold.Close()
}

// flags make mxtls scan look at the world and at nothing else, from the script's own folder.
func (w *world) flags() []string {
	return []string{
		"--resolver", w.dns.Addr(), "--port", w.port, "--allow-reserved", "--ca-file", "ca.pem",
		"--ehlo", "scan.example.org", "--at", storyTime.Format(time.DateOnly),
	}
}

// serve starts a server.
func (w *world) serve(addr, kind, host string) error {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return err
	}
	make, ok := kinds[kind]
	if !ok {
		return fmt.Errorf("no kind of server is called %q", kind)
	}
	s := make(w, host)
	if s.Name == "" {
		s.Name = host
	}
	server, err := scannertest.NewSMTP(net.JoinHostPort(addr, w.port), s)
	if err != nil {
		return err
	}
	w.servers[a], w.certificates[server] = server, s.Certificate
	return nil
}

// signalAt signals the process whose number is in a file as soon as each of some servers has a session.
func (w *world) signalAt(ts *testscript.TestScript, name string, addrs []string, pidFile string) {
	var servers []*scannertest.Server
	for _, addr := range addrs {
		servers = append(servers, w.server(ts, addr))
	}
	sig := unix.SignalNum("SIG" + name)
	if sig == 0 {
		ts.Fatalf("no signal %s", name)
	}
	w.watch(servers, func() {
		text, err := os.ReadFile(pidFile)
		if err != nil {
			return // the command then lasts longer than a signal would let it
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return
		}
		w.mu.Lock()
		w.signaled = time.Now()
		w.mu.Unlock()
		syscall.Kill(pid, sig)
	})
}

// watch does something as soon as each of some servers has a session, unless the story ends before.
func (w *world) watch(servers []*scannertest.Server, do func()) {
	idle := func(s *scannertest.Server) bool { return s.Sessions() == 0 }
	w.when(func() bool { return !slices.ContainsFunc(servers, idle) }, do)
}

// asked reports whether the resolver was asked for a name.
func (w *world) asked(name string) bool {
	return slices.ContainsFunc(w.dns.Queries(), func(q scannertest.Query) bool { return q.Name == name })
}

// when does something as soon as something holds, unless the story ends before.
func (w *world) when(holds func() bool, do func()) {
	w.watchers.Go(func() {
		for !holds() {
			select {
			case <-time.After(5 * time.Millisecond):
			case <-w.closing:
				return
			}
		}
		do()
	})
}

// sinceSignal is the time since the last signal that was sent; 0 when there is none. It forgets that signal.
func (w *world) sinceSignal() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.signaled.IsZero() {
		return 0
	}
	defer func() { w.signaled = time.Time{} }()
	return time.Since(w.signaled)
}

// server is the server at an address.
func (w *world) server(ts *testscript.TestScript, addr string) *scannertest.Server {
	a, err := netip.ParseAddr(addr)
	ts.Check(err)
	s, ok := w.servers[a]
	if !ok {
		ts.Fatalf("no server at %s", addr)
	}
	return s
}

// worldCommands are the script commands that build a world, and those that ask what happened in it.
var worldCommands = map[string]worldCommand{
	// A domain whose mail host mx.NAME has the addresses, with a server of the kind at each.
	"domain": {"domain NAME KIND ADDR...", 3, false, func(ts *testscript.TestScript, w *world, args []string) bool {
		ts.Check(w.dns.Add(args[0] + ". 300 IN MX 10 mx." + args[0] + "."))
		ts.Check(w.host("mx."+args[0], args[1], args[2:]))
		return true
	}},
	// A mail host with servers, as one of several of a domain.
	"host": {"host NAME KIND ADDR...", 3, false, func(ts *testscript.TestScript, w *world, args []string) bool {
		ts.Check(w.host(args[0], args[1], args[2:]))
		return true
	}},
	// The next day's internet: whoever was there is gone, servers and records, and $SCAN leads to its resolver.
	"anew": {"anew", 0, false, func(ts *testscript.TestScript, w *world, _ []string) bool {
		for addr, s := range w.servers {
			s.Close()
			delete(w.servers, addr)
		}
		for domain, s := range w.policies {
			s.Close()
			delete(w.policies, domain)
		}
		w.dns.Close()
		dns, err := scannertest.NewDNS("127.0.0.1:0")
		ts.Check(err)
		w.dns = dns
		ts.Setenv("RESOLVER", w.dns.Addr())
		ts.Setenv("SCAN", strings.Join(w.flags(), " "))
		return true
	}},
	"record": {"record OWNER TTL TYPE DATA...", 4, false, func(ts *testscript.TestScript, w *world, args []string) bool {
		ts.Check(w.dns.Add(strings.Join(args, " ")))
		return true
	}},
	// HOST has a TLSA record of its own for the certificate of the server at ADDR: "3 1 1" names its key, "3 0 1" itself.
	"tlsa": {"tlsa HOST ADDR USAGE SELECTOR MATCHING", 5, false, func(ts *testscript.TestScript, w *world, args []string) bool {
		leaf, err := x509.ParseCertificate(w.certificates[w.server(ts, args[1])].Certificate[0])
		ts.Check(err)
		data := leaf.Raw
		if args[3] == "1" {
			data = leaf.RawSubjectPublicKeyInfo
		}
		ts.Check(w.dns.Add(fmt.Sprintf("_25._tcp.%s. 300 IN TLSA %s %x", args[0], strings.Join(args[2:], " "), sha256.Sum256(data))))
		return true
	}},
	// DOMAIN has an MTA-STS record, and a policy host at ADDR that serves FILE.
	"policy": {"policy DOMAIN ADDR FILE", 3, false, func(ts *testscript.TestScript, w *world, args []string) bool {
		cert := w.ca.Issue([]string{"mta-sts." + args[0]}, lasting(60))
		s, err := scannertest.NewHTTPS(net.JoinHostPort(args[1], w.port), scannertest.HTTPS{
			Certificate: &cert, Body: ts.ReadFile(args[2]),
		})
		ts.Check(err)
		ts.Defer(func() { s.Close() })
		w.policies[args[0]] = s
		ts.Check(w.dns.Add("_mta-sts."+args[0]+`. 300 IN TXT "v=STSv1; id=20261101"`, "mta-sts."+args[0]+". 300 IN A "+args[1]))
		return true
	}},
	// DOMAIN's policy host was asked by who calls himself AGENT.
	"askedby": {"askedby DOMAIN AGENT", 2, true, func(ts *testscript.TestScript, w *world, args []string) bool {
		s := w.policies[args[0]]
		return s != nil && slices.ContainsFunc(s.Requests(), func(r string) bool { return strings.Contains(r, args[1]) })
	}},
	// Answers for names at or under ZONE validate.
	"secure": {"secure ZONE", 1, false, func(_ *testscript.TestScript, w *world, args []string) bool {
		w.dns.Secure(args[0])
		return true
	}},
	"bogus": {"bogus ZONE", 1, false, func(_ *testscript.TestScript, w *world, args []string) bool {
		w.dns.Bogus(args[0])
		return true
	}},
	"dnsfail": {"dnsfail NAME RCODE", 2, false, func(_ *testscript.TestScript, w *world, args []string) bool {
		w.dns.Fail(args[0], "", scannertest.Failure{Rcode: args[1]})
		return true
	}},
	// The resolver dies as soon as the server at ADDR has a session and NAME was asked for.
	"dnsdies": {"dnsdies ADDR NAME", 2, false, func(ts *testscript.TestScript, w *world, args []string) bool {
		server := w.server(ts, args[0])
		w.when(func() bool { return server.Sessions() > 0 && w.asked(args[1]) }, w.dns.Stop)
		return true
	}},
	// The resolver was asked for NAME.
	"asked": {"asked NAME", 1, true, func(_ *testscript.TestScript, w *world, args []string) bool {
		return w.asked(args[0])
	}},
	// The server at ADDR had N sessions.
	"sessions": {"sessions ADDR N", 2, true, func(ts *testscript.TestScript, w *world, args []string) bool {
		got := w.server(ts, args[0]).Sessions()
		ts.Logf("%d sessions at %s", got, args[0])
		return strconv.Itoa(got) == args[1]
	}},
	// Prints what clients said to the server at ADDR, a command a line.
	"heard": {"heard ADDR", 1, false, func(ts *testscript.TestScript, w *world, args []string) bool {
		for _, c := range w.server(ts, args[0]).Commands() {
			fmt.Fprintln(ts.Stdout(), c)
		}
		return true
	}},
	// At least MIN and at most MAX sessions with servers of the kind "slow" were held at once. The count begins anew.
	"parallel": {"parallel MIN MAX", 2, false, func(ts *testscript.TestScript, w *world, args []string) bool {
		low, err := strconv.Atoi(args[0])
		ts.Check(err)
		high, err := strconv.Atoi(args[1])
		ts.Check(err)
		most := w.gauge.reset()
		ts.Logf("%d sessions at once", most)
		return low <= most && most <= high
	}},
}

// worldCommand is a script command with so many arguments or, where it takes several, more.
type worldCommand struct {
	usage     string
	args      int
	negatable bool
	do        func(*testscript.TestScript, *world, []string) bool
}

func (c worldCommand) run(ts *testscript.TestScript, neg bool, args []string) {
	count := len(args) == c.args || strings.HasSuffix(c.usage, "...") && len(args) > c.args
	wantArgs(ts, count && (c.negatable || !neg), c.usage)
	if c.do(ts, worldOf(ts), args) == neg {
		ts.Fatalf("that is not so")
	}
}

// host gives a mail host its addresses and starts servers there.
func (w *world) host(name, kind string, addrs []string) error {
	for _, addr := range addrs {
		typ := "A"
		if strings.Contains(addr, ":") {
			typ = "AAAA"
		}
		if err := w.dns.Add(fmt.Sprintf("%s. 300 IN %s %s", name, typ, addr)); err != nil {
			return err
		}
		if kind == "nobody" {
			continue
		}
		if err := w.serve(addr, kind, name); err != nil {
			return err
		}
	}
	return nil
}

// gauge counts what is there at once.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

func (g *gauge) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += n
	g.most = max(g.most, g.now)
}

func (g *gauge) reset() (most int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	most, g.most = g.most, g.now
	return most
}

// issue makes a certificate that ends so many days after the time of the stories.
func (w *world) issue(days int, names ...string) scannertest.SMTP {
	cert := w.ca.Issue(names, lasting(days))
	return scannertest.SMTP{Certificate: &cert}
}

// lasting are dates relative to the time of the stories.
func lasting(days int) func(*x509.Certificate) {
	return dates(storyTime.AddDate(0, -2, 0), storyTime.AddDate(0, 0, days))
}
