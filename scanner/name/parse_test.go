package name

import (
	"errors"
	"strings"
	"testing"
)

var (
	label63   = strings.Repeat("a", 63)
	longest   = strings.Repeat(label63+".", 3) + strings.Repeat("b", 61) // 253 octets
	tooLong   = longest + "b"
	octets300 = strings.Repeat("abcdefghi.", 30)
)

// domains are texts that Parse and ParseTarget read alike.
var domains = []struct {
	in     string
	want   string
	reason Reason
}{
	{in: "example.com", want: "example.com"},
	{in: "EXAMPLE.Com", want: "example.com"},
	{in: "example.com.", want: "example.com"},
	{in: " \texample.com\r\n", want: "example.com"},
	{in: "\ufeffexample.com", want: "example.com"},
	{in: "\u3000example.com\u00a0", want: "example.com"},
	{in: "a-b.c--d.example", want: "a-b.c--d.example"},
	{in: "r3---sn.example.com", want: "r3---sn.example.com"},
	{in: "163.com", want: "163.com"},
	{in: "a_b._c.example.com", want: "a_b._c.example.com"},
	{in: longest, want: longest},
	{in: longest + ".", want: longest},
	{in: label63 + ".example", want: label63 + ".example"},

	{in: "ｅｘａｍｐｌｅ．ｃｏｍ", want: "example.com"},
	{in: "ｅｘａｍｐｌｅ。ｃｏ｡ＪＰ", want: "example.co.jp"},
	{in: "日本語。jp", want: "xn--wgv71a119e.jp"},
	{in: "日本語.jp。", want: "xn--wgv71a119e.jp"},
	{in: "例え.テスト", want: "xn--r8jz45g.xn--zckzah"},
	{in: "BÜCHER.de", want: "xn--bcher-kva.de"},
	{in: "bu\u0308cher.de", want: "xn--bcher-kva.de"},
	{in: "faß.de", want: "xn--fa-hia.de"}, // non-transitional: not fass.de
	{in: "ex\u00adample.com", want: "example.com"},
	{in: "日本語_1.example.jp", reason: BadIDNA},
	{in: "xn--wgv71a119e.jp", want: "xn--wgv71a119e.jp"},
	{in: "XN--WGV71A119E.JP", want: "xn--wgv71a119e.jp"},
	{in: "a_b.日本語.jp", want: "a_b.xn--wgv71a119e.jp"},
	{in: "xn--a.com", reason: BadIDNA},
	{in: "xn--.com", reason: BadLabel},
	{in: "xn--abc.jp", reason: BadIDNA},
	{in: "xn--a-.com", reason: BadIDNA},                // encodes ASCII
	{in: "xn--bcher-Kva.de", want: "xn--bcher-kva.de"}, // case of the digits is none
	{in: "xn--fiq06l2rdsvs.xn--99999999.jp", reason: BadIDNA},
	{in: "≠.com", reason: BadIDNA},
	{in: "-ü.com", reason: BadIDNA},
	{in: "ü-.com", reason: BadIDNA},
	{in: "\u200d.com", reason: BadIDNA},
	{in: "123.ثبت", reason: BadIDNA}, // RFC 5893: no digit first in a name with right-to-left labels
	{in: strings.Repeat("ü", 60) + ".de", reason: BadLabel},

	{in: "", reason: Empty},
	{in: " \t\ufeff", reason: Empty},
	{in: ".", reason: Empty},
	{in: "http://example.com/", reason: URL},
	{in: "https://user:password@example.com:443/a?b#c", reason: URL},
	{in: "example.com/path", reason: URL},
	{in: "//example.com", reason: URL},
	{in: "ｈｔｔｐ：／／ｅｘａｍｐｌｅ．ｃｏｍ", reason: URL},
	{in: "192.0.2.1", reason: IPAddress},
	{in: "192.0.2.1.", reason: IPAddress},
	{in: "１９２．０．２．１", reason: IPAddress},
	{in: "192.0.2.0/24", reason: IPAddress},
	{in: "192.0.2.256", reason: IPAddress},
	{in: "192.0.2", reason: IPAddress},
	{in: "2001:db8::1", reason: IPAddress},
	{in: "2001:DB8::", reason: IPAddress},
	{in: "2001:db8::/32", reason: IPAddress},
	{in: "fe80::1%eth0", reason: IPAddress},
	{in: "::ffff:192.0.2.1", reason: IPAddress},
	{in: "*.x", reason: Wildcard},
	{in: "*.example.com", reason: Wildcard},
	{in: "*", reason: Wildcard},
	{in: "jp", reason: SingleLabel},
	{in: "com.", reason: SingleLabel},
	{in: "localhost", reason: SingleLabel},
	{in: "１２３", reason: SingleLabel},
	{in: "日本語", reason: SingleLabel},
	{in: "example\x00.com", reason: BadCharacter},
	{in: "\x00", reason: BadCharacter},
	{in: "example .com", reason: BadCharacter},
	{in: "日本 語.jp", reason: BadCharacter},
	{in: "日本\u3000語.jp", reason: BadCharacter},
	{in: "example.com\x1b[2J", reason: BadCharacter},
	{in: "ex\x80mple.com", reason: BadCharacter},
	{in: "\x93\xfa\x96\x7b.jp", reason: BadCharacter}, // Shift_JIS
	{in: "日本\u0085.jp", reason: BadCharacter},
	{in: "exa$mple.com", reason: BadCharacter},
	{in: "℀.com", reason: BadCharacter}, // maps to a/c
	{in: "example.c_m", reason: BadCharacter},
	{in: `example\.com`, reason: BadCharacter},
	{in: "a..example", reason: BadLabel},
	{in: ".example.com", reason: BadLabel},
	{in: "example.com..", reason: BadLabel},
	{in: "-a.example", reason: BadLabel},
	{in: "a-.example", reason: BadLabel},
	{in: label63 + "a.example", reason: BadLabel},
	{in: "example.123", reason: BadLabel},
	{in: tooLong, reason: TooLong},
	{in: octets300, reason: TooLong},
	{in: strings.Repeat("a", 300), reason: TooLong},
	{in: strings.Repeat("日", 1<<20), reason: TooLong},
	{in: strings.Repeat("\x80", 1<<20), reason: TooLong},
}

// check compares a parser's answer; the error has to be an *Error with the reason.
func check(t *testing.T, in, got string, err error, want string, reason Reason) {
	t.Helper()
	if reason != ReasonNone {
		want = ""
	}
	var e Error
	if err != nil {
		p, ok := errors.AsType[*Error](err)
		if !ok {
			t.Fatalf("%.80q: error %v is no *Error", in, err)
		}
		e = *p
	}
	if got != want || e.Reason != reason {
		t.Errorf("%.80q: %q, %v (%v); want %q, %v", in, got, e.Reason, err, want, reason)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range domains {
		got, err := Parse(tt.in)
		check(t, tt.in, got.String(), err, tt.want, tt.reason)
	}
	for _, in := range []string{"user@example.com", "Name <user@example.com>", "[mail.example.com]", "example.com:25"} {
		got, err := Parse(in)
		check(t, in, got.String(), err, "", BadCharacter)
	}
}

func TestParseHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in     string
		want   string
		reason Reason
	}{
		{in: "MX1.Example.com.", want: "mx1.example.com"},
		{in: "mx.example.com", want: "mx.example.com"},
		{in: "localhost.", want: "localhost"},
		{in: "_mx_.example_com", want: "_mx_.example_com"},
		{in: "mx.example.123", want: "mx.example.123"},
		{in: "xn--a.example.com", want: "xn--a.example.com"}, // what is in the DNS is not ours to judge
		{in: longest + ".", want: longest},
		{in: ".", reason: Empty},
		{in: "", reason: Empty},
		{in: tooLong + ".", reason: TooLong},
		{in: strings.Repeat(`\000`, 255), reason: BadCharacter},
		{in: strings.Repeat("x", 5000), reason: TooLong},
		{in: "192.0.2.1.", reason: IPAddress},
		{in: "2001:db8::1", reason: IPAddress},
		{in: "1.2.3.", reason: IPAddress},
		{in: "*.example.com.", reason: Wildcard},
		{in: `mx\.example.com.`, reason: BadCharacter},
		{in: `mx\032.example.com.`, reason: BadCharacter},
		{in: `mx\097.example.com.`, reason: BadCharacter},
		{in: "mx.example.com ", reason: BadCharacter},
		{in: "日本語.jp", reason: BadCharacter},
		{in: "m\u212a.example.com", reason: BadCharacter}, // the Kelvin sign, lower case k
		{in: "mx.example.com:25", reason: BadCharacter},
		{in: "[192.0.2.1]", reason: BadCharacter},
		{in: "a/b.example.com", reason: URL},
		{in: "-mx.example.com", reason: BadLabel},
		{in: "mx-.example.com", reason: BadLabel},
		{in: "mx..example.com", reason: BadLabel},
		{in: label63 + "a.example.com", reason: BadLabel},
	} {
		got, err := ParseHost(tt.in)
		check(t, tt.in, got.String(), err, tt.want, tt.reason)
	}
}

func TestMustParse(t *testing.T) {
	t.Parallel()
	defer func() {
		if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), `"a b"`) {
			t.Errorf("recovered %v", err)
		}
	}()
	t.Errorf("%v is a name", MustParse("a b"))
}

func TestReasonWords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for r := ReasonNone; int(r) < len(reasonWords); r++ {
		text, err := r.MarshalText()
		if err != nil || string(text) != r.String() || seen[r.String()] {
			t.Errorf("%d: %q, %v", r, text, err)
		}
		seen[r.String()] = true
		back := Reason(99)
		if err := back.UnmarshalText(text); err != nil || back != r {
			t.Errorf("%q read as %v, %v", text, back, err)
		}
		if r != ReasonNone && (!strings.HasPrefix(r.String(), "invalid_") || r.advice() == ReasonNone.advice()) {
			t.Errorf("%v has no advice or is no invalid_ code: %q", r, r.advice())
		}
	}
	if len(seen) != int(BadBrackets)+1 {
		t.Errorf("%d words for %d reasons", len(seen), BadBrackets+1)
	}
	if _, err := (BadBrackets + 1).MarshalText(); err == nil {
		t.Error("a value outside the table has a text")
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, shown, advice string }{
		{"192.0.2.1", `"192.0.2.1"`,
			"is an IP address: a mail server's address stands in brackets, as [192.0.2.1] or [2001:db8::1]"},
		{"https://bob@example.com/~bob?bob", `"https://example.com"`,
			"is a URL or a path: write the domain alone, as example.com"},
		{"example.com\x1b]0;title\a\u202e", `"example.com\x1b]0;title\a\u202e"`,
			"has a character that no domain has: write letters, digits, hyphens and dots, as example.com"},
		{"*.example.com", `"*.example.com"`, "is a wildcard: write one domain, as example.com"},
		{"jp", `"jp"`,
			"has one label only: write the whole domain, as example.com, or a server in brackets, as [mailhost]"},
		{strings.Repeat("日", 500), `"` + strings.Repeat("日", 21) + `"...`,
			"is longer than the 253 octets that a domain can have"},
	} {
		in, want := tt.in, tt.shown+" "+tt.advice
		if _, err := ParseTarget(in); err == nil || err.Error() != want {
			t.Errorf("%.80q:\n got %v\nwant %s", in, err, want)
		}
	}
}

func TestInputIsCapped(t *testing.T) {
	t.Parallel()
	for _, in := range []string{strings.Repeat("a", 1<<20), strings.Repeat("日", 1<<20), strings.Repeat("\x80", 1<<20)} {
		for _, parse := range []func(string) error{
			func(s string) error { _, err := Parse(s); return err },
			func(s string) error { _, err := ParseHost(s); return err },
			func(s string) error { _, err := ParseTarget(s); return err },
		} {
			e, ok := errors.AsType[*Error](parse(in))
			if !ok || len(e.Input) <= maxText || len(e.Input) > maxText+4 || len(e.Error()) > 512 {
				t.Errorf("%.4q...: input of %d octets, text of %d", in, len(e.Input), len(e.Error()))
			}
		}
	}
}
