package name

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestUnmarshalText(t *testing.T) {
	t.Parallel()
	type record struct {
		Host Name          `json:"host"`
		By   map[Name]bool `json:"by"`
	}
	want := `{"host":"_mx.example.com","by":{"example.jp":true}}`
	var r record
	if err := json.Unmarshal([]byte(want), &r); err != nil {
		t.Fatal(err)
	}
	if r.Host.String() != "_mx.example.com" || !r.By[MustParse("example.jp")] {
		t.Errorf("read %+v", r)
	}
	if got, err := json.Marshal(r); err != nil || string(got) != want {
		t.Errorf("wrote %s, %v, want %s", got, err, want)
	}
	if err := json.Unmarshal([]byte(`{"host":""}`), &r); err != nil || !r.Host.IsZero() {
		t.Errorf("an empty text made %v, %v", r.Host, err)
	}
	r.Host = MustParse("mx.example")
	if err := json.Unmarshal([]byte(`{"host":"a b"}`), &r); err == nil || r.Host.String() != "mx.example" {
		t.Errorf("a bad name made %v, %v; want an error and the name left alone", r.Host, err)
	}
}

func TestParent(t *testing.T) {
	t.Parallel()
	n, got := MustParse("a.b.example.com"), []string{}
	for ; !n.IsZero(); n = n.Parent() {
		got = append(got, n.String())
	}
	if want := "a.b.example.com b.example.com example.com com"; strings.Join(got, " ") != want {
		t.Errorf("parents: %v", got)
	}
}

func TestIsSubdomainOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, other string
		want        bool
	}{
		{"mx.example.com", "example.com", true},
		{"a.mx.example.com", "example.com", true},
		{"example.com", "example.com", false},
		{"badexample.com", "example.com", false},
		{"com", "example.com", false},
		{"mx.example.com", "com", true},
	} {
		if got := MustParse(tt.name).IsSubdomainOf(MustParse(tt.other)); got != tt.want {
			t.Errorf("%s below %s: %v", tt.name, tt.other, got)
		}
	}
	if MustParse("example.com").IsSubdomainOf(Name{}) || (Name{}).IsSubdomainOf(Name{}) {
		t.Error("the zero Name has a subdomain")
	}
}

func TestRegistrable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"aspmx.l.google.com":                      "google.com",
		"example-com.mail.protection.outlook.com": "outlook.com",
		"mfsmax.au.com":                           "au.com", // a private suffix and a carrier's mail domain in one
		"mx.docomo.ne.jp":                         "docomo.ne.jp",
		"docomo.ne.jp":                            "docomo.ne.jp",
		"ne.jp":                                   "ne.jp",
		"com":                                     "com",
		"localhost":                               "localhost",
		"mx.city.kawasaki.jp":                     "city.kawasaki.jp",
		"mx.a.b.ck":                               "a.b.ck", // *.ck
		"mx.www.ck":                               "www.ck", // but !www.ck
		"inbound-smtp.us-east-1.amazonaws.com":    "amazonaws.com",
		"s3.amazonaws.com":                        "amazonaws.com",
		"mx.s3.cn-north-1.amazonaws.com.cn":       "amazonaws.com.cn",
		"mx.user.github.io":                       "github.io",
		"mx.foo.blogspot.co.uk":                   "blogspot.co.uk",
		"mx.corp.internal":                        "corp.internal", // a TLD that the list does not have
		"_dmarc.mx.xn--wgv71a119e.jp":             "xn--wgv71a119e.jp",
		"mx." + strings.Repeat("a.", 110) + "co.uk": "a.co.uk",
	} {
		if got := MustParse(in).Registrable().String(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if got := (Name{}).Registrable(); !got.IsZero() {
		t.Errorf("the zero Name: %v", got)
	}
}

func TestMatchWildcard(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, host string
		want          bool
	}{
		{"mx.example.com", "mx.example.com", true},
		{"MX.Example.COM", "mx.example.com", true},
		{"mx_1.example.com", "mx_1.example.com", true},
		{"mx.example.com", "mx2.example.com", false},
		{"example.com", "mx.example.com", false},
		{"*.example.com", "mx.example.com", true},
		{"*.EXAMPLE.com", "mx.example.com", true},
		{"*.example.com", "xn--wgv71a119e.example.com", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", "a.b.example.com", false},
		{"*.example.com", "mx.example.org", false},
		{"*.example.com", "mx_1.example.com", false},
		{"*.b_c.example.com", "mx.b_c.example.com", false},
		{"*.test", "mx.test", false},
		{"*", "mx", false},
		{"*.", "mx.", false},
		{"*.*.com", "mx.example.com", false},
		{"m*.example.com", "mx.example.com", false},
		{"mx.*.com", "mx.example.com", false},
		{"mx.example.com.", "mx.example.com", false},
		{".example.com", "mx.example.com", false},
		{"", "mx.example.com", false},
		{"m\u212a.example.com", "mk.example.com", false}, // the Kelvin sign folds to k in Unicode
	} {
		if got := MatchWildcard(tt.pattern, MustParse(tt.host)); got != tt.want {
			t.Errorf("%q for %s: %v", tt.pattern, tt.host, got)
		}
	}
	if MatchWildcard("", Name{}) {
		t.Error("nothing matches the zero Name")
	}
}

func TestUnicode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want, why string }{
		{"example.com", "example.com", "ASCII"},
		{"xn--wgv71a119e.jp", "日本語.jp", "Han"},
		{"xn--r8jz45g.xn--zckzah", "例え.テスト", "Han and kana"},
		{"xn--lck1byb6iwb.jp", "ハンカチー.jp", "kana with the long vowel"},
		{"xn--3e0b707e.kr", "한국.kr", "Hangul"},
		{"xn--bcher-kva.de", "bücher.de", "Latin"},
		{"xn--fa-hia.de", "faß.de", "a deviation character stays itself"},
		{"xn--12c1fe0br.com", "ศึกษา.com", "Thai with its marks"},
		{"xn--e1afmkfd.xn--p1ai", "пример.рф", "Cyrillic at home"},
		{"xn--80ak6aa92e.com", "xn--80ak6aa92e.com", "Cyrillic that reads apple.com"},
		{"xn--pple-43d.com", "xn--pple-43d.com", "a Cyrillic a before pple"},
		{"xn--e1afmkfd.xn--wgv71a119e.com", "xn--e1afmkfd.xn--wgv71a119e.com", "one unsafe label spoils all"},
		{"xn--abc-es7ii53b.jp", "xn--abc-es7ii53b.jp", "Latin and Han"},
		{"xn--oogle-wmc.com", "xn--oogle-wmc.com", "a phonetic g before oogle"},
		{"xn--e28h.com", "xn--e28h.com", "a symbol"},
		{"xn--ngbeb.com", "xn--ngbeb.com", "right to left"},
		{"xn--a.com", "xn--a.com", "no Punycode"},
		{"xn--abc.jp", "xn--abc.jp", "decodes to what has no letters"},
	} {
		if got := MustParse(tt.in).Unicode(); got != tt.want {
			t.Errorf("%s (%s): %q, want %q", tt.in, tt.why, got, tt.want)
		}
	}
}
