//go:build parity

package main_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mxtls/scanner/scannertest"
)

// What `mxtls plan --main-cf` says of mail under some hundred main.cfs, against what a Postfix that has that very file
// does with it. Each has a Postfix to itself, with its own queue and log; all share the domains, whose mail servers
// have IPv4 and IPv6 addresses, in a network name space of the test's own. What they did is kept in
// testdata/parity/settings/observed.txt; a prediction that differs fails the test, unless it stands in exceptions.txt
// beside it.
func TestParitySettings(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("the lab makes name spaces and mounts file systems: run this test as root")
	}
	data, err := filepath.Abs(parityData)
	if err != nil {
		t.Fatal(err)
	}
	state := os.Getenv("MXTLS_PARITY_STATE")
	if state == "" {
		state = "/var/tmp/mxtls-parity"
	}
	pkiDir, script := filepath.Join(state, "pki"), filepath.Join(data, "lab.sh")
	if os.Getenv(insideNet) == "" {
		if err := firstError(os.RemoveAll(pkiDir), os.MkdirAll(pkiDir, 0o755)); err != nil {
			t.Fatal(err)
		}
		output(t, time.Minute, script, "down")
		t.Cleanup(func() { output(t, time.Minute, script, "down") })
		t.Logf("%s", output(t, labPatience, "sh", "-c", `"$0" up 2>&1`, script)) // out here, where downloads can be had
		inNetwork(t, settingsPatience)
		return
	}
	var exceptions []*exception // one for each next-hop of a line
	for _, e := range readExceptions(t, filepath.Join(data, "settings"), releases[0].postfix) {
		for nexthop := range strings.SplitSeq(e.level, ",") {
			single := *e
			single.level = nexthop
			exceptions = append(exceptions, &single)
		}
	}
	all := allSettings()
	w := newSettingsWorld(t, pkiDir, all)
	clients := newClients(t, w, all, filepath.Join(state, "shared"))
	output(t, labPatience, "go", "build", "-o", filepath.Join(state, "shared/mxtls"), ".")
	output(t, time.Minute, script, "in", "postfix", "/lab/conf/settings/anchors.sh")
	observeAll(t, clients, script)
	checkGolden(t, filepath.Join(data, "settings", "observed.txt"), settingsTable(clients))
	compareSettings(t, clients, exceptions)
	for _, complaint := range w.complaints() {
		t.Errorf("openssl s_server: %s", complaint)
	}
}

// settingsPatience is how long the whole may take.
const settingsPatience = 8 * time.Minute

// setting is a main.cf and where mail goes under it.
type setting struct {
	class, name, about string // the name is one word
	// mainCF stands behind the lab's own lines. {dir} is the directory that it is in, {cert:ALGORITHM:SITE} and
	// {key:ALGORITHM:SITE} are the fingerprints of a site's certificate and of its public key.
	mainCF string
	tables map[string]string // files beside it, with the same in braces; postmap makes NAME.hash into a table
	// to are sites, by name or domain; next-hops, to which transport_maps sends mail to a domain of their own; and
	// "DOMAIN via NEXTHOP", where main.cf sends mail for a domain elsewhere by itself.
	to []string
	// listing has mxtls plan read what postconf -n says in place of main.cf.
	listing bool
}

// destination is where a message goes: the domain of its recipient, and what mxtls plan is asked about.
type destination struct{ domain, target string }

func (s *setting) destinations(w *world) []destination {
	var all []destination
	for i, to := range s.to {
		domain, target, via := strings.Cut(to, " via ")
		switch _, known := w.byDomain[to]; {
		case via:
		case known:
			target = domain
		case strings.ContainsAny(to, "[:."):
			domain, target = fmt.Sprintf("via%d.test", i), to
		default:
			domain += ".parity.test"
			target = domain
		}
		all = append(all, destination{domain, target})
	}
	return all
}

// transport is the table that sends mail to next-hops; "" where there is none to send to.
func (s *setting) transport(w *world) string {
	var b strings.Builder
	for i, d := range s.destinations(w) {
		if d.domain != d.target && !strings.Contains(s.to[i], " via ") {
			fmt.Fprintf(&b, "%s smtp:%s\n", d.domain, d.target)
		}
	}
	return b.String()
}

// These are the addresses of the servers: the one of IPv4 and the one of IPv6 end in the same number.
const (
	addressIPv4 = "127.26.%d.%d"
	addressIPv6 = "fd00:26::%x:%x"
	otherPort   = 2525
)

// newSettingsWorld starts the servers of the sites that mail is sent to. Each listens at an address of either family,
// at port 25 and at another; of which the DNS tells is the site's to say, by default the one of IPv4.
func newSettingsWorld(t *testing.T, pkiDir string, all []setting) *world {
	t.Helper()
	w := &world{authorities: newAuthorities(pkiDir), byDomain: make(map[string]site)}
	for _, s := range slices.Concat(allSites(), sitesSettings()) {
		if _, twice := w.byDomain[s.domain()]; twice {
			t.Fatalf("two sites are %s", s.domain())
		}
		w.byDomain[s.domain()] = s
	}
	wanted := map[string]bool{"good.parity.test": true}
	for _, s := range all {
		for _, d := range s.destinations(w) {
			wanted[strings.Trim(d.domain, "[]")] = true
			host, _, _ := strings.Cut(strings.TrimLeft(d.target, "["), "]")
			host, _, _ = strings.Cut(host, ":")
			wanted[host], wanted[strings.TrimPrefix(host, "mx.")] = true, true
		}
	}
	for _, s := range slices.Concat(allSites(), sitesSettings()) {
		if wanted[s.domain()] {
			w.sites = append(w.sites, s)
		}
	}
	var addrs []netip.Addr
	for i := range servers(w.sites) {
		addrs = append(addrs, netip.MustParseAddr(fmt.Sprintf(addressIPv6, 1+i/200, 1+i%200)))
	}
	for i := range all {
		addrs = append(addrs, netip.MustParseAddr(clientIPv6(i)))
	}
	if err := loopbackUp(addrs); err != nil {
		t.Fatalf("loopback: %v", err)
	}
	var err error
	if w.dns, err = scannertest.NewDNS(resolverAddr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.dns.Close)
	used := 0
	for _, s := range w.sites {
		used = w.open(t, s, used)
	}
	if err := firstError(w.write(), w.writeMore()); err != nil {
		t.Fatal(err)
	}
	return w
}

// servers is how many the sites have.
func servers(sites []site) (n int) {
	for _, s := range sites {
		n += len(s.servers)
	}
	return n
}

// open starts a site's servers and puts it into the DNS; in its records @1 is the IPv6 address where $1 is that of
// IPv4.
func (w *world) open(t *testing.T, s site, used int) int {
	t.Helper()
	var hosts, addresses []string
	s.records = slices.Clone(s.records)
	for i, serve := range s.servers {
		v4 := fmt.Sprintf(addressIPv4, 1+used/200, 1+used%200)
		v6 := netip.MustParseAddr(fmt.Sprintf(addressIPv6, 1+used/200, 1+used%200)).String()
		used++
		for j, r := range s.records {
			s.records[j] = strings.ReplaceAll(r, fmt.Sprintf("@%d", i+1), v6)
		}
		hosts, addresses = append(hosts, s.hostName(i)), append(addresses, v4)
		if serve == nil {
			continue
		}
		handle := serve(w.authorities, hosts[i])
		for _, at := range []string{v4, v6} {
			for _, port := range []string{"25", fmt.Sprint(otherPort)} {
				serveAt(t, net.JoinHostPort(at, port), handle)
			}
		}
	}
	if err := w.publish(s, hosts, addresses); err != nil {
		t.Fatal(err)
	}
	return used
}

// serveAt serves the connections to an address until the end of the test.
func serveAt(t *testing.T, at string, handle func(net.Conn)) {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		open.Wait()
	})
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				handle(conn)
			})
		}
	})
}
