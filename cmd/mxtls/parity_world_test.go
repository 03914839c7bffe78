//go:build parity

package main_test

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"mxtls/scanner/scannertest"
)

// site is a mail domain and what a client meets there.
type site struct {
	class string // of differences between Go and OpenSSL, A to F; T: what a client does with what it meets
	name  string // the domain is NAME.parity.test
	about string
	// servers are the mail hosts, the first the most preferred: mx.DOMAIN where there is one, else mx1.DOMAIN, ...
	servers []server
	// records replace the MX records and the hosts' addresses: lines of a zone file in which $D is the domain and $1,
	// $2, ... are the servers' addresses.
	records []string
	host    string // of the only server, where it is not mx.DOMAIN; $D is the domain, $1 the address
	fail    string // the name for which the resolver fails, as in records
	// shuffled says that hosts or addresses are equally preferred: which one comes first is chance.
	shuffled bool
	zone     string // the zone in place of parity.test: it says which CAfile the client has
}

func (s site) domain() string { return s.name + "." + cmp.Or(s.zone, "parity.test") }

// server makes what serves the connections to a mail host of a name; nil stands for an address where nobody listens.
type server func(a *authorities, host string) func(net.Conn)

// world is everything that mail is sent to: the resolver, the servers, the authorities.
type world struct {
	*authorities
	dns      *scannertest.DNS
	sites    []site
	byDomain map[string]site
}

const resolverAddr = "127.26.0.53:53"

// newWorld starts all of it. Servers stand at 127.26.1.1 and up, in the order of the sites.
func newWorld(t *testing.T, pkiDir string) *world {
	t.Helper()
	w := &world{authorities: newAuthorities(pkiDir), sites: allSites(), byDomain: make(map[string]site)}
	var err error
	if w.dns, err = scannertest.NewDNS(resolverAddr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.dns.Close)
	used := 0
	for _, s := range w.sites {
		if _, twice := w.byDomain[s.domain()]; twice {
			t.Fatalf("two sites are %s", s.domain())
		}
		w.byDomain[s.domain()] = s
		var hosts, addresses []string
		for i, serve := range s.servers {
			address := fmt.Sprintf("127.26.%d.%d", 1+used/200, 1+used%200)
			used++
			host := strings.ReplaceAll(s.hostName(i), "$1", address)
			hosts, addresses = append(hosts, host), append(addresses, address)
			if serve == nil {
				continue
			}
			handle := serve(w.authorities, hosts[i])
			listener, err := scannertest.NewSMTP(address+":25", scannertest.SMTP{Handle: handle})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(listener.Close)
		}
		if err := w.publish(s, hosts, addresses); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.write(); err != nil {
		t.Fatal(err)
	}
	return w
}

// hostName is the name of a site's server.
func (s site) hostName(i int) string {
	switch {
	case s.host != "":
		return strings.ReplaceAll(s.host, "$D", s.domain())
	case len(s.servers) == 1:
		return "mx." + s.domain()
	}
	return fmt.Sprintf("mx%d.%s", i+1, s.domain())
}

// publish puts a site into the DNS.
func (w *world) publish(s site, hosts, addresses []string) error {
	lines := s.records
	if lines == nil {
		for i, h := range hosts {
			lines = append(lines, fmt.Sprintf("$D. 60 IN MX %d %s.", 10*(i+1), h), h+". 60 IN A "+addresses[i])
		}
	}
	expand := func(line string) string {
		line = strings.ReplaceAll(line, "$D", s.domain())
		for i, a := range addresses {
			line = strings.ReplaceAll(line, fmt.Sprintf("$%d", i+1), a)
		}
		return line
	}
	for _, line := range lines {
		if err := w.dns.Add(expand(line)); err != nil {
			return fmt.Errorf("%s: %w", s.domain(), err)
		}
	}
	if s.fail != "" {
		w.dns.Fail(expand(s.fail), "", scannertest.Failure{Rcode: "SERVFAIL"})
	}
	return nil
}

// Servers.

// talking is a front without TLS.
func talking(f front) server { return func(*authorities, string) func(net.Conn) { return f.serve } }

// healthy is a server without fault but for what the edits do to its certificate and its TLS.
func healthy(edits ...edit) server { return talkingTLS(front{}, edits...) }

// talkingTLS is a front with TLS by crypto/tls.
func talkingTLS(f front, edits ...edit) server {
	return func(a *authorities, host string) func(net.Conn) {
		f.upgrade = goTLS(a.leaf(host, edits...).config())
		return f.serve
	}
}

// upgrading is a front whose TLS is whatever the function does.
func upgrading(upgrade func(net.Conn) (io.ReadWriteCloser, error)) server {
	return talking(front{upgrade: upgrade})
}

// openssl is a front with TLS by openssl s_server with these arguments, at security level 0.
func openssl(args string, edits ...edit) server {
	return func(a *authorities, host string) func(net.Conn) {
		files, err := a.openssl(a.leaf(host, edits...))
		if err != nil {
			panic(fmt.Sprintf("files of %s: %v", host, err))
		}
		return front{upgrade: opensslTLS(append(files, strings.Fields(args)...), a.complain)}.serve
	}
}
