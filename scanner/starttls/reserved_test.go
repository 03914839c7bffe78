package starttls

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"
)

// registry is every row of IANA's special-purpose address registries for IPv4 and IPv6 of 2025, and multicast; all but
// the three that wrap IPv4 addresses.
var registry = []string{
	"0.0.0.0/8", "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.9/32", "192.0.0.10/32", "192.0.0.170/32", "192.0.0.171/32",
	"192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.88.99.2/32", "192.168.0.0/16",
	"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32",
	"224.0.0.0/4",

	"::1/128", "::/128", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001::/32", "2001:1::1/128",
	"2001:1::2/128", "2001:1::3/128", "2001:2::/48", "2001:3::/32", "2001:4:112::/48", "2001:10::/28", "2001:20::/28",
	"2001:30::/28", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "ff00::/8",
}

// last is the last address of a prefix.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for bit := p.Bits(); bit < 8*len(b); bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	addr, _ := netip.AddrFromSlice(b)
	return addr
}

// wrapped are the IPv6 addresses that reach an IPv4 address.
func wrapped(v4 netip.Addr) []netip.Addr {
	b := v4.As4()
	mapped := netip.AddrFrom16(v4.As16())
	nat64 := netip.MustParseAddr("64:ff9b::").As16()
	copy(nat64[12:], b[:])
	sixToFour := [16]byte{0x20, 0x02, b[0], b[1], b[2], b[3], 15: 1}
	return []netip.Addr{mapped, netip.AddrFrom16(nat64), netip.AddrFrom16(sixToFour)}
}

func TestReserved(t *testing.T) {
	t.Parallel()
	for _, row := range registry {
		p := netip.MustParsePrefix(row)
		for _, addr := range []netip.Addr{p.Addr(), last(p)} {
			addrs := []netip.Addr{addr}
			if addr.Is4() {
				addrs = append(addrs, wrapped(addr)...)
			}
			for _, a := range addrs {
				if why, ok := Reserved(a); !ok || why == "" {
					t.Errorf("%v of %s: allowed", a, row)
				}
			}
		}
	}
	for _, other := range []string{"::127.0.0.1", "fec0::1", "fe80::1%eth0", "2606:4700::1%eth0"} {
		if _, ok := Reserved(netip.MustParseAddr(other)); !ok {
			t.Errorf("%s: allowed", other)
		}
	}
	if _, ok := Reserved(netip.Addr{}); !ok {
		t.Error("no address: allowed")
	}
}

func TestNotReserved(t *testing.T) {
	t.Parallel()
	for _, public := range []string{
		"1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
		"128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0",
		"192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
		"64:ff9b:2::1", "100:0:0:2::", "2001:200::1", "2001:db7::1", "2001:db9::1", "2003::1", "2606:4700::6810:1",
		"3fff:1000::1", "5f01::1", "2a00:1450::1a",
	} {
		addr := netip.MustParseAddr(public)
		addrs := []netip.Addr{addr}
		if addr.Is4() {
			addrs = append(addrs, wrapped(addr)...)
		}
		for _, a := range addrs {
			if why, ok := Reserved(a); ok {
				t.Errorf("%v refused: %s", a, why)
			}
		}
	}
}

// TestSpecialOrder: a prefix stands before those that hold it, or its row could never be seen.
func TestSpecialOrder(t *testing.T) {
	t.Parallel()
	for i, s := range special {
		if s.prefix != s.prefix.Masked() {
			t.Errorf("%v has bits behind its length", s.prefix)
		}
		for _, later := range special[i+1:] {
			if s.prefix.Overlaps(later.prefix) && s.prefix.Bits() <= later.prefix.Bits() {
				t.Errorf("%v hides %v", s.prefix, later.prefix)
			}
		}
	}
}

func TestRefuseReserved(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]error{
		"8.8.8.8:25": nil, "[2606:4700::1]:25": nil,
		"10.0.0.1:25": ErrReserved, "[fe80::1%eth0]:25": ErrReserved, "mx.example.com:25": ErrReserved, "": ErrReserved,
	} {
		if err := refuseReserved(context.Background(), "tcp", address, nil); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", address, err, want)
		}
	}
}

// TestDialer: not one SYN reaches a reserved address, unless that was asked for.
func TestDialer(t *testing.T) {
	t.Parallel()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{}) // every address of this machine, both families
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"} {
		conn, err := Dialer(false)(context.Background(), "tcp", net.JoinHostPort(host, port))
		if !errors.Is(err, ErrReserved) {
			t.Errorf("%s: %v, %v", host, conn, err)
		}
	}
	l.SetDeadline(time.Now().Add(100 * time.Millisecond))
	if conn, err := l.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a connection came in: %v, %v", conn, err)
	}
	conn, err := Dialer(true)(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
