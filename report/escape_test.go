package report

import (
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"220 mx.example.com ESMTP", "220 mx.example.com ESMTP"},
		{"\x1b[31mred", `\x1b[31mred`},
		{"a\r\nb\tc\x00", `a\x0d\x0ab\x09c\x00`},
		{"\x7f\u0085\x85", `\x7f\u{85}\x85`},
		{"\u202egnp.exe", `\u{202e}gnp.exe`},
		{"a\u200bb\ufeff\u2028", `a\u{200b}b\u{feff}\u{2028}`},
		{"日本語 münchen", "日本語 münchen"},
		{"e\u0301\u0302\u0303", "e\u0301\u0302\\u{303}"},
		{"\u0301x", `\u{301}x`},
		{"\ue000\U0010ffff", `\u{e000}\u{10ffff}`},
		{"\ufffd", "\ufffd"},
		{strings.Repeat("x", 120), strings.Repeat("x", 120)},
		{strings.Repeat("x", 121), strings.Repeat("x", 119) + "…"},
		{strings.Repeat("漢", 61), strings.Repeat("漢", 59) + "…"},
	} {
		if got := Escape(tt.in); got != tt.want {
			t.Errorf("Escape(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestASCII(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "plain", "50–75 % · more…": "50-75 % | more...", "full → none": "full -> none",
		"münchen": `m\u{fc}nchen`, "\x1b": `\x1b`,
	} {
		if got := ascii(in); got != want {
			t.Errorf("ascii(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, p := range payloads() {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		if bad := firstHidden(got, false); bad != "" || strings.Contains(got, "\n") {
			t.Errorf("Escape(%q) = %q lets %s out", s, got, bad)
		}
		if w := displaywidth.String(got); w > escapeWidth {
			t.Errorf("Escape(%q) is %d columns wide", s, w)
		}
		if again := Escape(got); again != got {
			t.Errorf("Escape(%q) = %q, and again %q", s, got, again)
		}
		if bad := firstHidden(ascii(got), true); bad != "" {
			t.Errorf("ascii(%q) lets %s out", got, bad)
		}
	})
}
