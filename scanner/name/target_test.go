package name

import (
	"errors"
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	t.Parallel()
	for _, tt := range domains {
		got, err := ParseTarget(tt.in)
		check(t, tt.in, got.String(), err, tt.want, tt.reason)
	}
	for _, tt := range []struct {
		in     string
		want   string
		reason Reason
	}{
		{in: "example.com:587", want: "example.com:587"},
		{in: "example.com.:587", want: "example.com:587"},
		{in: "日本語．ｊｐ：５８７", want: "xn--wgv71a119e.jp:587"},
		{in: "[mail.example.com]", want: "[mail.example.com]"},
		{in: "[MAIL.example.com.]:2525", want: "[mail.example.com]:2525"},
		{in: "［mail．example．com］：2525", want: "[mail.example.com]:2525"},
		{in: "[日本語.jp]", want: "[xn--wgv71a119e.jp]"},
		{in: "[mailhost]", want: "[mailhost]"},
		{in: "[mail_1.example.com]", want: "[mail_1.example.com]"},
		{in: "[192.0.2.1]", want: "[192.0.2.1]"},
		{in: "[192.0.2.1]:65535", want: "[192.0.2.1]:65535"},
		{in: "[IPv6:2001:db8::1]", want: "[2001:db8::1]"},
		{in: "[ipv6:2001:DB8:0::1]:1", want: "[2001:db8::1]:1"},
		{in: "[2001:db8::1]:25", want: "[2001:db8::1]:25"},
		{in: "[::ffff:192.0.2.1]", want: "[192.0.2.1]"},

		{in: "user@example.com", want: "example.com"},
		{in: "user@example.com:587", want: "example.com:587"},
		{in: "user@[192.0.2.1]", want: "[192.0.2.1]"},
		{in: "user@[IPv6:2001:db8::1]", want: "[2001:db8::1]"},
		{in: "USER@EXAMPLE.COM.", want: "example.com"},
		{in: "user＠example.com", want: "example.com"},
		{in: "ｕｓｅｒ＠ｅｘａｍｐｌｅ．ｃｏｍ", want: "example.com"},
		{in: "user﹫example.com", want: "example.com"},
		{in: "user%40example.com", want: "example.com"},
		{in: "用户@日本語.jp", want: "xn--wgv71a119e.jp"},
		{in: "mailto:user@example.com", want: "example.com"},
		{in: "Some Name <user@example.com>", want: "example.com"},
		{in: "<user@example.com>", want: "example.com"},
		{in: `"Name, Some" < user@example.com > (remark)`, want: "example.com"},
		{in: `"a@b"@example.com`, want: "example.com"},
		{in: `"a b@evil.example>"@example.com`, want: "example.com"},
		{in: "a/b@example.com", want: "example.com"},
		{in: "@example.com", want: "example.com"},
		{in: "user%relay.example@example.com", want: "example.com"},
		{in: "<@a.example,@b.example:user@example.com>", want: "example.com"},

		{in: "user@", reason: Empty},
		{in: "user＠", reason: Empty},
		{in: "Some Name <user@>", reason: Empty},
		{in: "user@localhost", reason: SingleLabel},
		{in: "user@192.0.2.1", reason: IPAddress},
		{in: "user@exa mple.com", reason: BadCharacter},
		{in: "user@http://example.com", reason: URL},
		{in: "http:example.com", reason: URL},
		{in: "example.com:", reason: BadPort},
		{in: "example.com:0", reason: BadPort},
		{in: "example.com:65536", reason: BadPort},
		{in: "example.com:-1", reason: BadPort},
		{in: "example.com:+1", reason: BadPort},
		{in: "example.com:smtp", reason: BadPort},
		{in: "example.com:25:25", reason: BadPort},
		{in: "2001:db8::z", reason: BadPort},
		{in: "192.0.2.1:25", reason: IPAddress},
		{in: "localhost:25", reason: SingleLabel},
		{in: ":25", reason: Empty},
		{in: "*.example.com:25", reason: Wildcard},
		{in: "[", reason: BadBrackets},
		{in: "[]", reason: BadBrackets},
		{in: "[]:25", reason: BadBrackets},
		{in: "[mail.example.com", reason: BadBrackets},
		{in: "[mail.example.com]25", reason: BadBrackets},
		{in: "[192.0.2.256]", reason: BadBrackets},
		{in: "[IPv6:192.0.2.1]", reason: BadBrackets},
		{in: "[IPv6:mail.example.com]", reason: BadBrackets},
		{in: "[2001:db8::z]", reason: BadBrackets},
		{in: "[fe80::1%eth0]", reason: BadBrackets},
		{in: "[mail.example.com]:", reason: BadPort},
		{in: "[192.0.2.1]:x", reason: BadPort},
		{in: "[[192.0.2.1]]", reason: BadBrackets},
		{in: "[*.example.com]", reason: Wildcard},
		{in: "[a b]", reason: BadCharacter},
		{in: "[mail..example.com]", reason: BadLabel},
		{in: "[xn--a.example]", reason: BadIDNA},
		{in: "mail.example.com]", reason: BadCharacter},
	} {
		got, err := ParseTarget(tt.in)
		check(t, tt.in, got.String(), err, tt.want, tt.reason)
		if again, err2 := ParseTarget(Redact(tt.in)); again != got || (err == nil) != (err2 == nil) {
			t.Errorf("%q: redacted it is %v, %v, not %v, %v", tt.in, again, err2, got, err)
		}
	}
}

func TestTargetFields(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Target{
		"example.com":        {Name: Name{"example.com"}},
		"example.com:587":    {Name: Name{"example.com"}, Port: 587},
		"[mx.example.com]":   {Name: Name{"mx.example.com"}, Direct: true},
		"[mx.example.com]:1": {Name: Name{"mx.example.com"}, Direct: true, Port: 1},
	} {
		if got, err := ParseTarget(in); got != want || err != nil {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	got, err := ParseTarget("[2001:db8::25]:2525")
	if err != nil || got.Addr.String() != "2001:db8::25" || !got.Name.IsZero() || !got.Direct || got.Port != 2525 {
		t.Errorf("%+v, %v", got, err)
	}
	if s := (Target{}).String(); s != "" {
		t.Errorf("the zero Target is %q", s)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" example.com\n":       "example.com",
		"日本語.jp":               "日本語.jp",
		"john.doe@example.com": "example.com",
		"john.doe＠ｅｘａｍｐｌｅ．ｃｏｍ":                 "ｅｘａｍｐｌｅ．ｃｏｍ",
		"John Doe <john.doe@example.com> work": "example.com",
		"John Doe ＜john.doe＠example.com＞":      "example.com",
		`"john@doe"@`:                          "",
		"john.doe%40example.com":               "example.com",
		"https://john:doe@example.com/?u=john": "https://example.com",
		"http://john%40doe":                    "http://doe",
		"john@https://example.com/a":           "https://example.com/a",
		"*.example.com":                        "*.example.com",
	} {
		if got := Redact(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzParseTarget: no panic; what was parsed parses to itself; what is redacted parses to the same; and of an address
// neither the result nor the error holds the local part.
func FuzzParseTarget(f *testing.F) {
	for _, tt := range domains {
		if len(tt.in) < 1000 {
			f.Add(tt.in)
		}
	}
	for _, in := range []string{
		"[IPv6:2001:db8::1]:25", "[mail.example.com]:2525", "a <b@c.example>", `"@"@[x]`, "a＠b%40c", "x://y@z/",
	} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		target, err := ParseTarget(in)
		again, err2 := ParseTarget(Redact(in))
		if again != target || reasonOf(err) != reasonOf(err2) {
			t.Errorf("%q: %v, %v; redacted %v, %v", in, target, err, again, err2)
		}
		if err != nil {
			if len(err.Error()) > 512 {
				t.Errorf("%q: an error of %d octets", in, len(err.Error()))
			}
		} else if again, err := ParseTarget(target.String()); again != target || err != nil {
			t.Errorf("%q: %+v, and from its text %+v, %v", in, target, again, err)
		}
		const secret = "S3cretJohn"
		if strings.Contains(in, "://") || strings.Contains(in, secret) {
			return // in a URL what is before the colon is no local part
		}
		for _, address := range []string{
			secret + "@" + in, secret + "＠" + in, "x <" + secret + "%40" + in, in + secret + "@",
		} {
			target, err := ParseTarget(address)
			shown := target.String() + Redact(address) + message(err)
			if strings.Contains(strings.ToLower(shown), strings.ToLower(secret)) {
				t.Errorf("%q: %s", address, shown)
			}
		}
	})
}

// FuzzParseHost: no panic, a name parses to itself, and its other forms hold up.
func FuzzParseHost(f *testing.F) {
	for _, in := range []string{
		"mx.example.com.", `mx\.x.example.`, "xn--wgv71a119e.jp", "a_b", "192.0.2.1", "*.x", "xn--80ak6aa92e.com",
	} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		n, err := ParseHost(in)
		if err != nil {
			if !n.IsZero() {
				t.Errorf("%q: %v with an error: %v", in, n, err)
			}
			return
		}
		if again, err := ParseHost(n.String()); again != n || err != nil {
			t.Errorf("%q: %v, then %v, %v", in, n, again, err)
		}
		shown := n.Unicode()
		if back, reason := toASCII(shown); shown != n.String() && (reason != ReasonNone || back != n.String()) {
			t.Errorf("%q: shown as %q, which is %v, %v", in, shown, back, reason)
		}
		if r := n.Registrable(); r != n && !n.IsSubdomainOf(r) {
			t.Errorf("%q: registrable %v", in, r)
		}
		if !MatchWildcard(n.String(), n) {
			t.Errorf("%q does not match itself", in)
		}
		MatchWildcard(in, n)
	})
}

func reasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ReasonNone
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
