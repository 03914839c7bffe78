package mtasts

import (
	"strings"
	"testing"

	"mxtls/scanner/name"
)

func TestPatternMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, host string
		want          bool
	}{
		{"mx.example.com", "mx.example.com", true},
		{"MX.Example.COM", "mx.example.com", true},
		{"mx.example.com", "MX.EXAMPLE.com.", true}, // the DNS's trailing dot is no part of a name
		{"mx.example.com", "mx2.example.com", false},
		{"mx.example.com", "a.mx.example.com", false},
		{"mx.example.com", "example.com", false},
		{"*.example.com", "mx.example.com", true},
		{"*.EXAMPLE.com", "Mx.example.COM", true},
		{"*.example.com", "example.com", false},         // not the apex
		{"*.example.com", "a.b.example.com", false},     // not two labels
		{"*.example.com", "mx.example.com.evil", false}, // not in the middle
		{"*.example.com", "mxexample.com", false},
		{"*.com", "example.com", true},
		{"*.xn--r8jz45g.example", "mx.xn--r8jz45g.example", true},
		{"localhost", "localhost", true},
	} {
		p, err := ParsePattern(tt.pattern)
		if err != nil {
			t.Errorf("%q: %v", tt.pattern, err)
			continue
		}
		if got := p.Match(name.MustParse(tt.host)); got != tt.want {
			t.Errorf("%s for %s: %v", tt.pattern, tt.host, got)
		}
		if p.Match(name.Name{}) {
			t.Errorf("%s: fits no name", tt.pattern)
		}
		if p.String() != strings.ToLower(tt.pattern) {
			t.Errorf("%q came back as %q", tt.pattern, p)
		}
		var back Pattern
		text, _ := p.MarshalText()
		if err := back.UnmarshalText(text); err != nil || back != p {
			t.Errorf("%q came back as %v, %v", text, back, err)
		}
	}
	if (Pattern{}).Match(name.MustParse("example.com")) || (Pattern{}).Match(name.Name{}) {
		t.Error("the zero pattern fits")
	}
	p := Pattern{base: name.MustParse("example.com")}
	if err := p.UnmarshalText(nil); err != nil || p != (Pattern{}) {
		t.Errorf("nothing came back as %v, %v", p, err)
	}
}

func TestParsePatternErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "is empty",
		"*.":                    "is empty",
		"*":                     "a star that is not the whole leftmost label",
		"*.*.example.com":       "a star that is not",
		"mx*.example.com":       "a star that is not",
		"mx.*.com":              "a star that is not",
		".example.com":          "begins with a dot: *.example.com is",
		"*..example.com":        "begins with a dot",
		"mx.example.com.":       "ends in a dot",
		"192.0.2.1":             "is an address",
		"*.192.0.2.1":           "is an address",
		"[192.0.2.1]":           "is an address",
		"[IPv6:2001:db8::1]":    "is an address",
		"2001:db8::1":           "is an address",
		"\u4f8b\u3048.example":  "is not in A-labels",
		"mx_1.example.com":      "has an underscore",
		"mx..example.com":       "is no host name",
		"-mx.example.com":       "is no host name",
		"mx-.example.com":       "is no host name",
		"mx.example.com:25":     "is no host name",
		"mx example.com":        "is no host name",
		"a.example, b.example":  "is no host name",
		"http://mx.example.com": "is no host name",
		"mx.example.com\x1b2J":  `the pattern "mx.example.com\x1b2J" is no host name`,

		strings.Repeat("a", 64) + ".example.com":      "is no host name",
		strings.Repeat("a.", 126) + "example.example": "is no host name",
	} {
		p, err := ParsePattern(text)
		if err == nil || !strings.Contains(err.Error(), want) || p != (Pattern{}) {
			t.Errorf("%q: %v, %v, want %q", text, p, err, want)
		}
		if text == "" {
			continue // the zero pattern's own text
		}
		before := Pattern{base: name.MustParse("example.com")}
		after := before
		if after.UnmarshalText([]byte(text)) == nil || after != before {
			t.Errorf("%q: taken for %v", text, after)
		}
	}
}
