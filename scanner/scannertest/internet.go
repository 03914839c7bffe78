package scannertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// smtpPort is where Serve puts a server that is given by its address alone.
const smtpPort = 25

// resolverPlace is where DNS stands within the internet, for clients whose DNS connections go through Dial, too.
var resolverPlace = netip.MustParseAddrPort("192.0.2.53:53")

// documentation are the prefixes that no real host has (RFC 5737 section 3, RFC 3849 section 2).
var documentation = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("2001:db8::/32"),
}

// errOutside is what a dial to an address outside the false internet ends with; it never becomes a packet.
var errOutside = errors.New("not a documentation address of the false internet")

// An Internet is a false internet on loopback: a DNS server, a CA, and SMTP servers at documentation addresses, each
// with a loopback listener behind it. Its methods may be called at any time and from any goroutine.
type Internet struct {
	dns  *DNS
	ca   *CA
	done chan struct{}

	mu      sync.Mutex
	closed  bool
	noIPv6  bool
	servers map[netip.AddrPort]*Server
	routes  map[netip.Addr]route
}

// route says what becomes of packets to an address.
type route uint8

const (
	reachable route = iota
	blackhole
	unreachable
)

// NewInternet starts an internet with an empty DNS, a fresh CA and no servers. The error is that of a loopback socket
// which cannot be opened. Close it in the end.
func NewInternet() (*Internet, error) {
	dns, err := NewDNS("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &Internet{
		dns:     dns,
		ca:      NewCA("Documentation Root CA"),
		done:    make(chan struct{}),
		servers: make(map[netip.AddrPort]*Server),
		routes:  make(map[netip.Addr]route),
	}, nil
}

// Close stops the DNS server and all SMTP servers, cuts their connections, ends dials that hang, and waits for every
// goroutine. A second Close does nothing.
func (in *Internet) Close() {
	in.mu.Lock()
	if in.closed {
		in.mu.Unlock()
		return
	}
	in.closed = true
	close(in.done)
	in.mu.Unlock()

	var all sync.WaitGroup
	for _, s := range in.servers {
		all.Go(s.Close)
	}
	all.Go(in.dns.Close)
	all.Wait()
}

// DNS is the resolver of this internet: it answers for all zones.
func (in *Internet) DNS() *DNS { return in.dns }

// Resolver is the documentation address of DNS, host:port, for clients that dial their resolver through Dial, over UDP
// and TCP. What they print is then the same in each run, which the loopback port of DNS is not.
func (in *Internet) Resolver() string { return resolverPlace.String() }

// CA is the root that a client of this internet is to trust.
func (in *Internet) CA() *CA { return in.ca }

// Serve starts a server at port 25 of a documentation address ("192.0.2.10", "2001:db8::25"), or at another port where
// one is given ("192.0.2.10:2525"). The errors: no documentation address, a place that is taken by a server which is
// not closed, a Script that cannot be read, no socket.
func (in *Internet) Serve(addr string, s SMTP) (*Server, error) {
	place, err := parsePlace(addr)
	if err != nil {
		return nil, fmt.Errorf("smtp server at %q: %w", addr, err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return nil, fmt.Errorf("smtp server at %q: %w", addr, net.ErrClosed)
	}
	if old := in.servers[place]; old != nil && !old.closed() {
		return nil, fmt.Errorf("smtp server at %q: %w", addr, syscall.EADDRINUSE)
	}
	server, err := newServer("127.0.0.1:0", place, s)
	if err != nil {
		return nil, err
	}
	in.servers[place] = server
	return server, nil
}

// Blackhole makes dials to an address hang until their context ends, as behind a firewall that drops packets.
// It panics when addr is no documentation address.
func (in *Internet) Blackhole(addr string) { in.setRoute(addr, blackhole) }

// Unreachable makes dials to an address fail at once with EHOSTUNREACH, as when a router says that there is no such
// host. It panics when addr is no documentation address.
func (in *Internet) Unreachable(addr string) { in.setRoute(addr, unreachable) }

func (in *Internet) setRoute(addr string, r route) {
	a, err := netip.ParseAddr(addr)
	if err != nil || !isDocumentation(a) {
		panic(fmt.Sprintf("scannertest: %q: %v", addr, errOutside))
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.routes[a] = r
}

// NoIPv6 makes dials to IPv6 addresses fail at once with ENETUNREACH, as on a machine that has no IPv6 route.
func (in *Internet) NoIPv6() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.noIPv6 = true
}

// Dial connects to a server of this internet; it has the shape of [net.Dialer.DialContext]. The network is tcp, tcp4 or
// tcp6, for the Resolver also udp or udp4; the address is a documentation address with its port. RemoteAddr of the
// connection is that address.
//
// Every error is a [*net.OpError], as a net.Dialer's: ECONNREFUSED where no server stands, EHOSTUNREACH and ENETUNREACH
// as set, the context's error, net.ErrClosed after Close, and for an address outside the documentation ranges one that
// says so. Such an address is never dialed.
func (in *Internet) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	place, err := netip.ParseAddrPort(address)
	remote := net.TCPAddrFromAddrPort(place)
	fail := func(err error) (net.Conn, error) {
		var addr net.Addr
		if place.IsValid() {
			addr = remote
		}
		return nil, &net.OpError{Op: "dial", Net: network, Addr: addr, Err: err}
	}
	local, known := localNetworks[network]
	switch {
	case !known || local == "udp4" && place != resolverPlace:
		return fail(net.UnknownNetworkError(network))
	case err != nil:
		return fail(err)
	case !isDocumentation(place.Addr()):
		return fail(errOutside)
	case ctx.Err() != nil:
		return fail(ctx.Err())
	}
	listener, err := in.find(ctx, place)
	if err != nil {
		return fail(err)
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, local, listener)
	if err != nil {
		// The caller dialed a documentation address: the loopback address behind it must not show.
		if op := (*net.OpError)(nil); errors.As(err, &op) {
			err = op.Err
		}
		return fail(err)
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		return &conn{TCPConn: tcp, remote: remote}, nil
	}
	return c, nil
}

// localNetworks are the networks that Dial takes, and what stands for each on loopback, where ::1 may be missing.
var localNetworks = map[string]string{"tcp": "tcp4", "tcp4": "tcp4", "tcp6": "tcp4", "udp": "udp4", "udp4": "udp4"}

// find is the loopback listener that stands for a place, or why it cannot be reached.
func (in *Internet) find(ctx context.Context, place netip.AddrPort) (string, error) {
	in.mu.Lock()
	closed, noIPv6 := in.closed, in.noIPv6
	way, server := in.routes[place.Addr()], in.servers[place]
	in.mu.Unlock()

	switch {
	case closed:
		return "", net.ErrClosed
	case noIPv6 && place.Addr().Is6():
		return "", syscall.ENETUNREACH
	case way == unreachable:
		return "", syscall.EHOSTUNREACH
	case way == blackhole:
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-in.done:
			return "", net.ErrClosed
		}
	case place == resolverPlace:
		return in.dns.Addr(), nil
	case server == nil || server.closed():
		return "", syscall.ECONNREFUSED
	}
	return server.listening().String(), nil
}

// conn is a connection to a loopback listener that tells the documentation address as its far end.
type conn struct {
	*net.TCPConn
	remote net.Addr
}

func (c *conn) RemoteAddr() net.Addr { return c.remote }

// parsePlace reads "address" or "address:port" of the false internet.
func parsePlace(s string) (netip.AddrPort, error) {
	place, err := netip.ParseAddrPort(s)
	if err != nil {
		addr, err := netip.ParseAddr(s)
		if err != nil {
			return netip.AddrPort{}, err
		}
		place = netip.AddrPortFrom(addr, smtpPort)
	}
	if !isDocumentation(place.Addr()) {
		return netip.AddrPort{}, errOutside
	}
	return place, nil
}

func isDocumentation(a netip.Addr) bool {
	for _, p := range documentation {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
