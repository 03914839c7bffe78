package pkix

import (
	"net/netip"
	"testing"

	"mxtls/scanner/name"
)

func mustAddr(s string) netip.Addr  { return netip.MustParseAddr(s) }
func sameAddr(a, b netip.Addr) bool { return a == b }

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		names  []string
		ask    string
		host   string // matched by, "" for no match
		domain string
	}{
		{[]string{"mx.example.com"}, "mx.example.com", "mx.example.com", "mx.example.com"},
		{[]string{"other.example", "MX.Example.COM"}, "mx.example.com", "MX.Example.COM", "MX.Example.COM"},
		{[]string{"*.example.com"}, "mx.example.com", "*.example.com", "*.example.com"},
		{[]string{"*.example.com"}, "a.mx.example.com", "", ""},
		{[]string{"*.example.com"}, "example.com", "", "*.example.com"},
		{[]string{"mx.example.com"}, "example.com", "", "mx.example.com"},
		{[]string{"a.b.c.Example.Com"}, "example.com", "", "a.b.c.Example.Com"},
		{[]string{"m*.example.com"}, "mx.example.com", "", ""},
		{[]string{"m*.example.com"}, "example.com", "", "m*.example.com"},
		{[]string{"badexample.com"}, "example.com", "", ""},
		{[]string{"example.com"}, "mx.example.com", "", ""},
		{[]string{".example.com"}, "example.com", "", ".example.com"}, // as posttls-finger says
		{[]string{"mx.example.com."}, "mx.example.com", "", ""},
		{[]string{"*"}, "example.com", "", ""},
		{[]string{"*.com"}, "example.com", "", ""},
		{[]string{"mx.example.com\x00.evil.example"}, "mx.example.com", "", ""},
		{[]string{"evil.example\x00.example.com"}, "example.com", "", ""},
		{[]string{"mx.example\u212a.com"}, "examplek.com", "", ""},
		{[]string{"mx.Kexample\u017f.com"}, "kexamples.com", "", ""},
		{nil, "example.com", "", ""},
		{[]string{""}, "example.com", "", ""},
	} {
		c := &Chain{Names: tc.names}
		n := mustHost(t, tc.ask)
		if by, ok := c.MatchHost(n); by != tc.host || ok != (tc.host != "") {
			t.Errorf("MatchHost %q in %q: %q, %t; want %q", tc.ask, tc.names, by, ok, tc.host)
		}
		if by, ok := c.MatchDomain(n); by != tc.domain || ok != (tc.domain != "") {
			t.Errorf("MatchDomain %q in %q: %q, %t; want %q", tc.ask, tc.names, by, ok, tc.domain)
		}
	}
	c := &Chain{Names: []string{"mx.example.com", ""}}
	if by, ok := c.MatchHost(name.Name{}); ok {
		t.Errorf("no name matches %q", by)
	}
	if by, ok := c.MatchDomain(name.Name{}); ok {
		t.Errorf("no domain matches %q", by)
	}
}

// TestMatchAddr: only the addresses of the SAN cover an address, and they cover no host.
func TestMatchAddr(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	c := NewVerifier(bundleOf(t, root), now).Verify(ders(
		newLeaf(t, "x", root, names("192.0.2.7", "mx.example.com"), addrs("192.0.2.1", "2001:db8::1"))))
	for addr, want := range map[string]bool{
		"192.0.2.1": true, "::ffff:192.0.2.1": true, "2001:db8::1": true, "192.0.2.7": false, "192.0.2.2": false,
	} {
		if by, ok := c.MatchAddr(mustAddr(addr)); ok != want || ok != (by != "") {
			t.Errorf("%s: %q, %t; want %t", addr, by, ok, want)
		}
	}
	if n := len(c.dnsNames()); n != 2 {
		t.Errorf("%d DNS names of %q", n, c.Names)
	}
}

// TestMatchCommonName: the CN counts only where no DNS name stands (OpenSSL's do_x509_check), with its wildcard.
func TestMatchCommonName(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	v := NewVerifier(bundleOf(t, root), now)
	for _, tc := range []struct {
		leaf *issued
		want bool
	}{
		{newLeaf(t, "mx.example.com", root, names()), true},
		{newLeaf(t, "*.example.com", root, names()), true},
		{newLeaf(t, "mx.example.com", root, names(), addrs("192.0.2.1")), true},
		{newLeaf(t, "mx.example.com", root, names("other.example")), false},
	} {
		c := v.Verify(ders(tc.leaf))
		if _, ok := c.MatchHost(mustHost(t, "mx.example.com")); ok != tc.want {
			t.Errorf("%s, SAN %q: %t", c.Subject, tc.leaf.DNSNames, ok)
		}
	}
}
