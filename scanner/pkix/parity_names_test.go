package pkix

import (
	"testing"

	"mxtls/scanner/name"
)

// A nameCase is a certificate's names, and match words that do or do not fit them.
type nameCase struct {
	name  string
	edit  func(*tbs)
	words []string
	fits  []bool // as OpenSSL 3.0 says
}

func nameCases() []nameCase {
	san := func(names ...string) func(*tbs) {
		return func(c *tbs) {
			var list [][]byte
			for _, n := range names {
				list = append(list, dns(n))
			}
			c.san(list...)
		}
	}
	cn := func(tag byte, text string, names ...[]byte) func(*tbs) {
		return func(c *tbs) {
			c.subjectName = nameDER(attr{oidCN, tag, text})
			c.san(names...)
		}
	}
	const host, domain, below = "mx.example.com", "example.com", ".example.com"
	return []nameCase{
		{"one name", san(host), []string{host, domain, below, "a.mx.example.com"}, []bool{true, false, true, false}},
		{"letter case", san("MX.Example.COM"), []string{host, below}, []bool{true, true}},
		{"wildcard", san("*.example.com"), []string{host, domain, below, "a.mx.example.com"},
			[]bool{true, false, true, false}},
		{"wildcard below a TLD", san("*.com"), []string{domain, ".com"}, []bool{false, true}},
		{"partial wildcard", san("m*.example.com"), []string{host, below}, []bool{false, true}},
		{"bare star", san("*"), []string{host, "localhost"}, []bool{false, false}},
		{"trailing point", san("mx.example.com."), []string{host, below}, []bool{false, false}},
		{"leading point", san(".example.com"), []string{host, domain, below}, []bool{false, false, true}},
		{"underscore", san("mx_1.example.com"), []string{"mx_1.example.com"}, []bool{true}},
		{"underscore below a wildcard", san("*.example.com"), []string{"mx_1.example.com", below}, []bool{false, true}},
		{"underscore in a wildcard", san("*.a_b.example.com"), []string{"mx.a_b.example.com"}, []bool{false}},
		{"A-label below a wildcard", san("*.example.com"), []string{"xn--mller-kva.example.com"}, []bool{true}},
		{"non-ASCII beside", san("m\xfcller.example.com", host), []string{host}, []bool{true}},
		{"NUL", san("mx.example.com\x00.evil.example"), []string{host, ".evil.example"}, []bool{false, false}},
		{"NUL before", san("evil.example\x00.example.com"), []string{below}, []bool{false}},
		{"CN, no SAN", func(c *tbs) { c.subject(host); c.drop(oidSubjectAltName) }, []string{host, below},
			[]bool{true, true}},
		{"CN, empty SAN", cn(tagUTF8String, host), []string{host}, []bool{true}},
		{"CN, SAN with an address", cn(tagUTF8String, host, ip("\xc0\x00\x02\x01")), []string{host}, []bool{true}},
		{"CN, SAN with mail", cn(tagUTF8String, host, tlv(tagContext+kindEmail, []byte("a@b.example"))), []string{host},
			[]bool{true}},
		{"CN, SAN with another name", cn(tagUTF8String, host, dns("other.example")), []string{host}, []bool{false}},
		{"CN, wildcard", cn(tagPrintableString, "*.example.com"), []string{host, domain}, []bool{true, false}},
		{"CN, BMPString", cn(tagBMPString, bmp(host)), []string{host}, []bool{true}},
		{"CN, T61String", cn(tagT61String, host), []string{host}, []bool{true}},
		{"two CNs", func(c *tbs) {
			c.subjectName = nameDER(attr{oidCN, tagUTF8String, host}, attr{oidCN, tagUTF8String, "last.example"})
			c.drop(oidSubjectAltName)
		}, []string{host, "last.example"}, []bool{true, true}},
		{"version 1", func(c *tbs) { c.version = nil; c.subject(host) }, []string{host}, []bool{true}},
	}
}

// TestMatcher compares names as OpenSSL does; finger_test.go asks it.
func TestMatcher(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tc := range nameCases() {
		c := NewVerifier(bundleOf(t, w.root), now).Postfix(ders(reissue(t, w.leaf, w.root, tc.edit)), 1)
		for i, word := range tc.words {
			m, err := NewMatcher(word)
			if err != nil {
				t.Fatal(err)
			}
			if by, ok := m.Match(c, name.Name{}, name.Name{}); ok != tc.fits[i] || ok != (by != "") {
				t.Errorf("%s, %s: %q, %t, want %t", tc.name, word, by, ok, tc.fits[i])
			}
		}
	}
}

// TestMatcherWords: the words for names of the destination, and those that are none.
func TestMatcherWords(t *testing.T) {
	t.Parallel()
	host, domain := mustHost(t, "mx.example.com"), mustHost(t, "example.net")
	for _, tc := range []struct {
		words []string
		name  string
		want  string
	}{
		{[]string{"hostname"}, "mx.example.com", "hostname"},
		{[]string{"hostname"}, "example.net", ""},
		{[]string{"nexthop"}, "example.net", "nexthop"},
		{[]string{"nexthop"}, "mx.example.net", ""},
		{[]string{"nexthop", "dot-nexthop"}, "a.mx.example.net", "dot-nexthop"},
		{[]string{"dot-nexthop"}, "example.net", ""},
		{[]string{"M\u00fcller.example"}, "xn--mller-kva.example", "literal"},
		{[]string{".M\u00fcller.example"}, "mx.xn--mller-kva.example", "literal"},
		{nil, "mx.example.com", ""},
	} {
		m, err := NewMatcher(tc.words...)
		if err != nil {
			t.Errorf("%q: %v", tc.words, err)
			continue
		}
		if _, ok := m.Match(&Chain{Names: []string{tc.name}}, host, domain); ok != (tc.want != "") {
			t.Errorf("%s in %q: %t", m, tc.name, ok)
		}
	}
	all := must(NewMatcher("hostname", "nexthop", "dot-nexthop"))
	if _, ok := all.Match(&Chain{Names: []string{"."}}, name.Name{}, name.Name{}); ok {
		t.Error("no name matches a point")
	}
	for _, bad := range []string{"", ".", "a b", "..example.com"} {
		if m, err := NewMatcher("hostname", bad); err == nil {
			t.Errorf("%q is taken: %s", bad, m)
		}
	}
	if s := must(NewMatcher("nexthop", ".Example.com")).String(); s != "nexthop:.example.com" {
		t.Error(s)
	}
}

// TestMatchSAN: the web's rules are narrower in some places and wider in others.
func TestMatchSAN(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, host string
		cn, want   bool
	}{
		{"mx.example.com", "mx.example.com", false, true},
		{"MX.example.com", "mx.example.com", false, true},
		{"mx.example.com", "mx.example.com", true, false},
		{"*.example.com", "mx.example.com", false, true},
		{"*.example.com", "example.com", false, false},
		{"*.example.com", "a.mx.example.com", false, false},
		{"*.com", "example.com", false, true},
		{"*.example.com", "mx_1.example.com", false, true},
		{"m*.example.com", "mx.example.com", false, false},
		{"*.", "mx", false, false},
	} {
		c := &Chain{Names: []string{tc.name}, CNOnly: tc.cn}
		if by, ok := c.MatchSAN(mustHost(t, tc.host)); ok != tc.want || ok != (by != "") {
			t.Errorf("%s in %s: %q, %t", tc.host, tc.name, by, ok)
		}
	}
}
