package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"mxtls/scanner"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// sequences do something to a terminal, a spreadsheet or a Markdown page.
var sequences = []string{
	"\x1b[31m", "\x1b[2J", "\x1b[1;1H", "\x1b[8m", "\x1b]0;title\x07", "\x1b]0;title\x1b\\", "\x1b]52;c;ZXZpbA==\x07",
	"\x1b]8;;http://evil.example\x1b\\x\x1b]8;;\x1b\\", "\x1bc", "\x1b(0", "\x1b[?1049h", "\x1b[6n", "\x1bP$q\x1b\\",
	"\x1b_G\x1b\\", "\x9b31m", "\u009b31m", "\u009d0;x\u009c", "a\rb", "a\bb", "a\nforged.example", "a\r\nb", "\x00",
	"\u0085", "\u2028", "\u2029", "\u202eevil", "\u2066x\u2069", "\u200bx", "\u200d", "\ufeff", "\u00ad", "\u180e",
	"\u2800", "\u3164", "\ufe0f", "\U000e0041", "\U000e0100", "e" + strings.Repeat("\u0301", 40), "\xc0\xaf",
	"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff\xfe", "",
	"=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠1", "a;=1", "\"a\",b",
	"a|b", "`code`", "[x](javascript:alert(1))", "![x](http://e/x)", "<script>alert(1)</script>", "<img src=x onerror=y>",
	"&lt;b&gt;", "</table>", "http://evil.example", "www.evil.example", "a@evil.example", "**b**", "~~s~~", "\\|", "\\`",
}

// payloads are every octet and every sequence.
func payloads() []string {
	all := make([]string, 0, 256+len(sequences))
	for b := range 256 {
		all = append(all, string([]byte{byte(b)})+"y")
	}
	return append(all, sequences...)
}

// poisoned are results with p in every field that a server, a resolver or the input can fill.
func poisoned(p string) []scanner.Result {
	r := domain("example.com", p, poisonedServer(p))
	r.Input = p
	r.Facts.MX.Detail = p
	r.Verdict.Servers[0].Detail = p
	r.Verdict.Findings = []verdict.Finding{{Code: "mx_is_alias", Severity: verdict.Error, Host: p, Text: p}}

	plaintext := domain("example.net", p, poisonedServer(p))
	plaintext.Facts.Servers[0].Session.TLS, plaintext.Facts.Servers[0].Chain = nil, nil
	plaintext.Facts.Servers[0].Session.Stage = starttls.EHLO
	plaintext.Facts.Servers[0].Session.Err = &starttls.Error{Stage: starttls.EHLO, Reason: starttls.TLSFailed, Text: p}
	plaintext.Verdict.Servers[0] = verdict.Answers{Encrypted: truth.No, Reason: "starttls_refused", Detail: p}
	plaintext.Verdict.Encrypted = verdict.Counts{No: 1}

	failed := without("example.org", mx.Failed, mx.LookupFailed, p)
	return []scanner.Result{r, plaintext, failed, invalid(p, name.BadCharacter)}
}

func poisonedServer(p string) verdict.Server {
	c := chain(pkix.Trusted, pkix.ReasonNone, at, p, p, p)
	c.Text, c.Subject, c.Issuer, c.Key, c.Signature = p, p, p, p, p
	s := encrypts(1, c, truth.No)
	s.Label, s.MatchedBy, s.Addr = p, p, netip.MustParseAddrPort("192.0.2.1:25")
	for i := range s.Session.Dialogue {
		s.Session.Dialogue[i].Reply.Lines = []string{p, p}
	}
	s.Session.Before, s.Session.After, s.Session.Injected = []string{p, p}, []string{p}, []byte(p)
	return s
}

func poisonedRun(p string) Run {
	r := testRun()
	r.Version, r.EHLO, r.Roots.Path, r.Roots.Source, r.Resolvers = p, p, p, p, []string{p}
	return r
}

// report writes results in a format.
func report(t testing.TB, f Format, o Options, run Run, results []scanner.Result) string {
	t.Helper()
	var b bytes.Buffer
	w, err := New(f, &b, o)
	if err != nil {
		t.Fatal(err)
	}
	var s Summary
	if err := w.Begin(run); err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		s.Add(run.EHLO, &r)
		s.Add("other", &r)
		if err := w.Add(run.EHLO, r); err != nil {
			t.Fatal(err)
		}
	}
	s.Partial = run.EHLO
	if err := w.End(s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestNothingHostilePasses holds every format to this: whatever a server says, no octet but what shows, and LF, comes
// out, and as many lines as for harmless text.
func TestNothingHostilePasses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		format Format
		opts   Options
	}{
		{"table 80", Table, Options{Width: 80}},
		{"table vv", Table, Options{Verbose: 2}},
		{"table v by server", Table, Options{Verbose: 1, Rows: ByServer, Width: 120}},
		{"table ascii", Table, Options{Verbose: 2, ASCII: true}},
		{"csv", CSV, Options{}},
		{"csv by server", CSV, Options{Rows: ByServer}},
		{"jsonl", JSONL, Options{}},
		{"json", JSON, Options{}},
		{"markdown", Markdown, Options{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			lines := strings.Count(report(t, tt.format, tt.opts, poisonedRun("harmless"), poisoned("harmless")), "\n")
			for _, p := range payloads() {
				got := report(t, tt.format, tt.opts, poisonedRun(p), poisoned(p))
				if bad := firstHidden(got, tt.opts.ASCII); bad != "" {
					t.Errorf("%q: %s came out", p, bad)
				}
				if n := strings.Count(got, "\n"); tt.opts.Width == 0 && p != "" && n != lines {
					t.Errorf("%q: %d lines, want %d", p, n, lines)
				}
				if tt.format == JSON && !json.Valid([]byte(got)) {
					t.Errorf("%q: not JSON:\n%s", p, got)
				}
			}
		})
	}
}

// firstHidden is the first thing in a report that does not show as itself; "" when all does.
func firstHidden(s string, ascii bool) string {
	marks := 0
	for i, r := range s {
		_, n := utf8.DecodeRuneInString(s[i:])
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == '\n':
		case r == utf8.RuneError && n == 1, r < ' ', r >= 0x7f && r < 0xa0:
			return fmt.Sprintf("octet %#x", s[i])
		case !unicode.IsPrint(r), marks > maxMarks, r > '~' && !visible(r), ascii && r > '~':
			return fmt.Sprintf("%U", r)
		}
	}
	return ""
}

func TestMarkdownHasNoLiveMarkup(t *testing.T) {
	t.Parallel()
	for _, p := range sequences {
		got := report(t, Markdown, Options{}, poisonedRun(p), poisoned(p))
		for line := range strings.Lines(got) {
			bare := withoutCode(line)
			if i := strings.IndexAny(bare, "<>[]&\\"); i >= 0 {
				t.Errorf("%q: live %q in %q", p, bare[i], line)
			}
			for _, live := range []string{"://", "www.", "@", "**b**", "~~"} {
				if strings.Contains(bare, live) {
					t.Errorf("%q: live %q in %q", p, live, line)
				}
			}
			if strings.HasPrefix(line, "| ") && strings.Count(line, "|") != len(domainFields)+2 {
				t.Errorf("%q: a row with other cells: %q", p, line)
			}
			if strings.Count(line, "`")%2 != 0 {
				t.Errorf("%q: an open code span: %q", p, line)
			}
		}
	}
}

// withoutCode leaves a line's code spans out.
func withoutCode(line string) string {
	var b strings.Builder
	for i, part := range strings.Split(line, "`") {
		if i%2 == 0 {
			b.WriteString(part)
		}
	}
	return b.String()
}

func TestGiantTextIsCut(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"x", "\xff", "漢"} {
		giant := strings.Repeat(unit, 1<<18)
		for _, f := range []Format{Table, CSV, JSONL, JSON, Markdown} {
			start := time.Now()
			got := report(t, f, Options{Rows: ByServer, Verbose: 2}, testRun(), poisoned(giant))
			if len(got) > 800<<10 {
				t.Errorf("%v: %d octets", f, len(got))
			}
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("%v took %v", f, d)
			}
		}
	}
}
