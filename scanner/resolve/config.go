package resolve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/miekg/dns"
)

// Config says whom to ask and how patiently. The zero Config asks the machine's own resolvers.
type Config struct {
	Servers   []string      // host, host:port or [v6]:port, asked in this order; none = those of /etc/resolv.conf
	TrustAD   bool          // believe the AD bit of resolvers that are not on loopback, too
	Timeout   time.Duration // for one try of one resolver; 0 = 3 s
	Tries     int           // how often each resolver is asked; 0 = 2
	CacheSize int           // answers kept, at most; 0 = 50,000, negative = none
	MinTTL    time.Duration // an answer is kept at least so long, whatever its TTL; 0 = 60 s
	MaxTTL    time.Duration // and at most so long; 0 = 1 h
	Dial      DialFunc      // opens connections to resolvers, "udp" and "tcp"; nil = sockets with random ports
}

// DialFunc opens a connection to an address; net.Dialer.DialContext is one.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

const (
	defaultTimeout = 3 * time.Second // resolv.conf(5) says 5; a resolver that is alive answers most questions in 1
	defaultTries   = 2               // as resolv.conf(5); the second try finds a resolver that went on working
	defaultCache   = 50_000          // the hosts of a large run, about 300 octets each
	defaultMinTTL  = time.Minute     // a run wants one view of a host, and load balancers publish TTLs of a few seconds
	defaultMaxTTL  = time.Hour       // longer than most runs; a long-lived library user sees changes within it

	systemConfig  = "/etc/resolv.conf"
	maxServers    = 8               // more is a mistake, and would make one question last for minutes
	serverTimeout = 5 * time.Second // to find the addresses of a resolver given by name
	dnsPort       = 53
)

// withDefaults is c with every zero replaced by what it stands for.
func (c Config) withDefaults() Config {
	orElse := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	orElse(&c.Timeout, defaultTimeout)
	orElse(&c.MinTTL, defaultMinTTL)
	orElse(&c.MaxTTL, max(defaultMaxTTL, c.MinTTL))
	if c.Tries <= 0 {
		c.Tries = defaultTries
	}
	if c.CacheSize == 0 {
		c.CacheSize = defaultCache
	}
	return c
}

// addresses are the resolvers to ask, in order.
func (c Config) addresses() ([]netip.AddrPort, error) {
	servers := c.Servers
	if len(servers) == 0 {
		var err error
		if servers, err = systemServers(systemConfig); err != nil {
			return nil, err
		}
	}
	var out []netip.AddrPort
	for _, s := range servers {
		addrs, err := parseServer(s)
		if err != nil {
			return nil, err
		}
		out = append(out, addrs...)
	}
	if len(out) > maxServers {
		return nil, fmt.Errorf("%d resolvers given: at most %d are asked", len(out), maxServers)
	}
	return out, nil
}

// systemServers are the name servers in a resolv.conf; the local machine's when it names none (resolv.conf(5)).
func systemServers(path string) ([]string, error) {
	conf, err := dns.ClientConfigFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("no resolver given, and the system's is not known: %w", err)
	}
	if len(conf.Servers) == 0 {
		return []string{"127.0.0.1"}, nil
	}
	return conf.Servers, nil
}

// parseServer reads "host", "host:port", "[v6]:port", "v6" or "[v6]". A name may have several addresses.
func parseServer(s string) ([]netip.AddrPort, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(a.Unmap(), dnsPort)}, nil
	}
	host, port := s, uint64(dnsPort)
	if h, p, err := net.SplitHostPort(s); err == nil {
		host = h
		if port, err = strconv.ParseUint(p, 10, 16); err != nil || port == 0 {
			return nil, fmt.Errorf("resolver %q: no port %q", s, p)
		}
	} else if n := len(s); n > 2 && s[0] == '[' && s[n-1] == ']' {
		host = s[1 : n-1]
	}
	addrs, err := hostAddrs(host)
	if err != nil {
		return nil, fmt.Errorf("resolver %q: %w", s, err)
	}
	var out []netip.AddrPort
	for _, a := range addrs {
		out = append(out, netip.AddrPortFrom(a.Unmap(), uint16(port)))
	}
	return out, nil
}

// hostAddrs asks the operating system for a resolver's addresses: names of /etc/hosts and of container networks.
func hostAddrs(host string) ([]netip.Addr, error) {
	if host == "" {
		return nil, errors.New("no host")
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), serverTimeout)
	defer cancel()
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}
