package received

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"mxtls/scanner/truth"
)

// FuzzParse: no line breaks the parser, what it keeps is bounded and has no local part, and an answer has its reason.
func FuzzParse(f *testing.F) {
	for _, group := range forms {
		for _, tt := range group {
			f.Add(tt.line)
		}
	}
	f.Add("from =?utf-8?q?x?= (\xff\x00 [::1%lo]) by \u202e with \\( ESMTPS;(((")
	f.Fuzz(func(t *testing.T, line string) {
		h := Parse(line)
		for _, s := range []string{h.From, h.Helo, h.By, h.Protocol, h.Cipher} {
			if len(s) > maxName || strings.Contains(s, "@") {
				t.Errorf("keeps %q", s)
			}
			if utf8.ValidString(line) && !utf8.ValidString(s) {
				t.Errorf("%q is cut within a character", s)
			}
		}
		if want := answers[h.Reason]; h.Encrypted != want || h.Reason == ReasonUnknown {
			t.Errorf("%v, %v", h.Encrypted, h.Reason)
		}
		if h.Reason == StatedTLS && h.Encrypted == truth.Yes && isNull(h.Cipher) {
			t.Errorf("encrypted with %s", h.Cipher)
		}
		folded := strings.ReplaceAll(line, " ", "\r\n\t")
		if again := Parse(folded); len(folded) <= maxField && (again.Reason != h.Reason || again.By != h.By) {
			t.Errorf("folded: %+v\nnot folded: %+v", again, h)
		}
	})
}

// FuzzRead: no input breaks the reader, and what it yields is bounded.
func FuzzRead(f *testing.F) {
	f.Add([]byte(hops2))
	f.Add([]byte("From x Fri Nov 20 08:11:05 2026\n" + hops2 + "\n\nFrom x Fri Nov 20 08:11:05 2026\nReceived: by x\n"))
	f.Add([]byte("\ufeff  \n  Received: by x\n  \tid 1\n"))
	trusted, err := ParseTrusted([]string{"example.net", "192.0.2.0/24"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		messages := 0
		for m, err := range Read(bytes.NewReader(input)) {
			if err != nil {
				t.Fatal(err)
			}
			messages++
			if c := m.Count(); len(m.Hops) > maxHops || c.Encrypted+c.Plain+c.Internal+c.Unknown != len(m.Hops) {
				t.Errorf("%d hops, counted as %+v", len(m.Hops), c)
			}
			if n := trusted.Reach(m.Hops); n < 0 || n > len(m.Hops) {
				t.Errorf("%d of %d can be trusted", n, len(m.Hops))
			}
		}
		if separators := bytes.Count(input, []byte("From ")); messages < 1 || messages > separators+1 {
			t.Errorf("%d messages, %d separators", messages, separators)
		}
	})
}
