package mtasts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var patterns = cmp.Comparer(func(a, b Pattern) bool { return a == b })

func mustPatterns(texts ...string) []Pattern {
	var out []Pattern
	for _, text := range texts {
		p, err := ParsePattern(text)
		if err != nil {
			panic(err)
		}
		out = append(out, p)
	}
	return out
}

// lines is a policy with LF.
func lines(l ...string) string { return strings.Join(l, "\n") + "\n" }

const week = 7 * day

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	plain := lines("version: STSv1", "mode: enforce", "mx: a.example", "max_age: 604800")
	enforce := Policy{Enforce, week, mustPatterns("a.example")}
	for _, tt := range []struct {
		name, body string
		want       Policy
		warnings   []Code
	}{
		{"LF", plain, enforce, nil},
		{"CRLF", strings.ReplaceAll(plain, "\n", "\r\n"), enforce, nil},
		{"both", strings.Replace(plain, "\n", "\r\n", 2), enforce, nil},
		{"RFC 8461 3.2", lines("version: STSv1", "mode: enforce", "mx: mail.example.com", "mx: *.example.net",
			"mx: backupmx.example.com", "max_age: 604800"),
			Policy{Enforce, week, mustPatterns("mail.example.com", "*.example.net", "backupmx.example.com")}, nil},
		{"any order", lines("max_age: 604800", "mx: a.example", "mode: enforce", "version: STSv1"), enforce, nil},
		{"no blank behind the colon", strings.ReplaceAll(plain, ": ", ":"), enforce, nil},
		{"tabs and blanks there", strings.ReplaceAll(plain, ": ", ": \t "), enforce, nil},
		{"no final newline", strings.TrimSuffix(plain, "\n"), enforce, []Code{NoFinalNewline}},
		{"trailing blanks", strings.ReplaceAll(plain, "\n", " \t\r\n"), enforce, []Code{TrailingBlank}},
		{"duplicates", lines("version: STSv1", "version: nonsense", "mode: enforce", "mode: none", "mx: a.example",
			"max_age: 604800", "max_age: 1", "max_age: x"), enforce, []Code{DuplicateKey}},
		{"unknown keys", plain + lines("a.b-c_9: \u00e4 : =;", "9: x", strings.Repeat("k", 32)+": {}"), enforce, nil},
		{"duplicate unknown keys", plain + lines("a: 1", "a:"), enforce, []Code{DuplicateKey}},
		{"upper-case key beside it", plain + "Mode: none\n", enforce, []Code{UpperCaseKey}},
		{"none without mx", lines("version: STSv1", "mode: none", "max_age: 60"), Policy{Mode: ModeNone, MaxAge: time.Minute},
			nil},
		{"none with mx", lines("version: STSv1", "mode: none", "mx: a.example", "max_age: 60"),
			Policy{ModeNone, time.Minute, mustPatterns("a.example")}, nil},
		{"testing for a day", lines("version: STSv1", "mode: testing", "mx: a.example", "max_age: 86400"),
			Policy{Testing, day, mustPatterns("a.example")}, nil},
		{"testing for less", lines("version: STSv1", "mode: testing", "mx: a.example", "max_age: 86399"),
			Policy{Testing, 86399 * time.Second, mustPatterns("a.example")}, []Code{MaxAgeDay}},
		{"enforce for less than a week", strings.Replace(plain, "604800", "604799", 1),
			Policy{Enforce, 604799 * time.Second, mustPatterns("a.example")}, []Code{MaxAgeWeek}},
		{"enforce for no time", strings.Replace(plain, "604800", "0", 1), Policy{Enforce, 0, mustPatterns("a.example")},
			[]Code{MaxAgeDay}},
		{"a whole year", strings.Replace(plain, "604800", "31557600", 1),
			Policy{Enforce, 31557600 * time.Second, mustPatterns("a.example")}, nil},
		{"longer", strings.Replace(plain, "604800", "31557601", 1),
			Policy{Enforce, 31557600 * time.Second, mustPatterns("a.example")}, []Code{MaxAgeTooLarge}},
		{"much longer", strings.Replace(plain, "604800", "9999999999", 1),
			Policy{Enforce, 31557600 * time.Second, mustPatterns("a.example")}, []Code{MaxAgeTooLarge}},
		{"zeros in front", strings.Replace(plain, "604800", "0000604800", 1), enforce, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, warnings, err := ParsePolicy([]byte(tt.body))
			if err != nil || !slices.Equal(codes(warnings), tt.warnings) {
				t.Errorf("%v, %v", warnings, err)
			}
			if diff := cmp.Diff(tt.want, got, patterns); diff != "" {
				t.Error(diff)
			}
			checkWarnings(t, warnings)
		})
	}
}

func TestParsePolicyErrors(t *testing.T) {
	t.Parallel()
	head, tail := "version: STSv1\nmode: enforce\n", "mx: a.example\nmax_age: 604800\n"
	good := head + tail
	for _, tt := range []struct {
		name, body string
		line       int
		rule       string
		disputed   bool
		warnings   []Code
	}{
		{"empty", "", 0, "has no version", false, nil},
		{"HTML", "<!DOCTYPE html>\n<html>\n", 1, `no colon in "<!DOCTYPE html>"`, false, nil},
		{"BOM", "\ufeff" + good, 1, "byte-order mark", false, []Code{ByteOrderMark}},
		{"CR only", strings.ReplaceAll(good, "\n", "\r"), 1, "CR alone", true, []Code{BareCR}},
		{"CR at the end", good[:len(good)-1] + "\r", 4, `max_age is "604800\r"`, false, []Code{NoFinalNewline}},
		{"CR twice", strings.Replace(good, "0\n", "0\r\r\n", 1), 4, `max_age is "604800\r"`, false, nil},
		{"CR inside", head + "x: a\rb\n" + tail, 3, `the value "a\rb"`, true, nil},
		{"blank line", head + "\n" + tail, 3, "line is empty", true, []Code{BlankLine}},
		{"blank line at the end", good + "\r\n", 5, "line is empty", true, []Code{BlankLine}},
		{"line of blanks", good + " \n", 5, "line is empty", true, []Code{TrailingBlank, BlankLine}},
		{"comment", "# policy\n" + good, 1, "no colon", true, nil},
		{"no colon, no version", "STSv1\n" + tail, 1, "no colon", false, nil},
		{"blank before the colon", strings.Replace(good, "mode:", "mode :", 1), 2, "a blank stands before", true,
			[]Code{BlankAroundKey}},
		{"indented", "version: STSv1\n mode: enforce\n" + tail, 2, "a blank stands before", true, []Code{BlankAroundKey}},
		{"bad key", good + "m\u00f6de: x\n", 5, `the key "m\u00f6de" is none`, true, nil},
		{"no key", good + ": x\n", 5, `the key "" is none`, true, nil},
		{"long key", good + strings.Repeat("k", 33) + ": x\n", 5, "at most 32", true, nil},
		{"no value", good + "x:\n", 5, `the key x has the value ""`, true, nil},
		{"NUL", good + "x: a\x00b\n", 5, `"a\x00b"`, true, nil},
		{"no UTF-8", good + "x: \xff\n", 5, `"\xff"`, true, nil},
		{"version", strings.Replace(good, "STSv1", "STSv2", 1), 1, `the version is "STSv2"`, false, nil},
		{"version in lower case", strings.Replace(good, "STSv1", "stsv1", 1), 1, `the version is "stsv1"`, false, nil},
		{"no version", "mode: enforce\n" + tail, 0, "has no version", false, nil},
		{"mode", strings.Replace(good, "enforce", "enforced", 1), 2, `the mode is "enforced"`, false, nil},
		{"mode in upper case", strings.Replace(good, "enforce", "Enforce", 1), 2, `the mode is "Enforce"`, false, nil},
		{"the mode unknown", strings.Replace(good, "enforce", "unknown", 1), 2, `the mode is "unknown"`, false, nil},
		{"no mode", "version: STSv1\n" + tail, 0, "has no mode", false, nil},
		{"key in upper case", strings.Replace(good, "mode", "Mode", 1), 0, "has no mode", false, []Code{UpperCaseKey}},
		{"no max_age", head + "mx: a.example\n", 0, "has no max_age", false, nil},
		{"max_age in words", strings.Replace(good, "604800", "7d", 1), 4, `the max_age is "7d"`, false, nil},
		{"max_age below zero", strings.Replace(good, "604800", "-1", 1), 4, `the max_age is "-1"`, false, nil},
		{"max_age with a sign", strings.Replace(good, "604800", "+1", 1), 4, `the max_age is "+1"`, false, nil},
		{"max_age of 11 digits", strings.Replace(good, "604800", "00000604800", 1), 4, "the max_age is", false, nil},
		{"max_age of 2^64", strings.Replace(good, "604800", "18446744073709551616", 1), 4, "the max_age is", false, nil},
		{"no mx", head + "max_age: 604800\n", 0, "has no mx", false, nil},
		{"no mx, testing", "version: STSv1\nmode: testing\nmax_age: 604800\n", 0, "has no mx", false, nil},
		{"bad mx", strings.Replace(good, "a.example", ".example", 1), 3, "begins with a dot", true, nil},
		{"bad mx beside a good one", good + "mx: b.example.\n", 5, "ends in a dot", true, nil},
		{"a bad version, then a blank line", "version: STSv2\nmode: none\nmax_age: 1\n\n", 1, `version is "STSv2"`, false,
			[]Code{BlankLine}},
		{"the first of two", head + "\n" + strings.Replace(tail, "604800", "x", 1), 3, "line is empty", false,
			[]Code{BlankLine}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, warnings, err := ParsePolicy([]byte(tt.body))
			broken, ok := errors.AsType[*SyntaxError](err)
			if !ok {
				t.Fatalf("taken: %v", err)
			}
			if broken.Line != tt.line || !strings.Contains(broken.Rule, tt.rule) || broken.Disputed != tt.disputed {
				t.Errorf("%+v", broken)
			}
			if !slices.Equal(codes(warnings), tt.warnings) {
				t.Errorf("warnings %v", warnings)
			}
			prefix := "policy: "
			if tt.line > 0 {
				prefix = fmt.Sprintf("policy line %d: ", tt.line)
			}
			if err.Error() != prefix+broken.Rule {
				t.Errorf("error %q", err)
			}
			checkWarnings(t, warnings)
		})
	}
}

// What can be read of an invalid policy is there: senders that read past its faults go by it.
func TestDisputedPolicy(t *testing.T) {
	t.Parallel()
	body := lines("version: STSv1", "", "mode : enforce", "mx: *.example.com", "max_age: 604800", "")
	got, _, err := ParsePolicy([]byte(body))
	want := Policy{Enforce, week, mustPatterns("*.example.com")}
	if diff := cmp.Diff(want, got, patterns); diff != "" || err == nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// 10^5 mx lines: far more than a fetch can bring.
func TestManyPatterns(t *testing.T) {
	t.Parallel()
	body := "version: STSv1\nmode: enforce\nmax_age: 604800\n" + strings.Repeat("mx: a.example\nx: y\n", 100_000)
	p, warnings, err := ParsePolicy([]byte(body))
	if len(p.MX) != 100_000 || err != nil || !slices.Equal(codes(warnings), []Code{DuplicateKey, ManyPatterns}) {
		t.Errorf("%d patterns, %v, %v", len(p.MX), warnings, err)
	}
	const line = 3 + 2*manyPatterns + 1 // the first one too many
	if w := warnings[slices.Index(codes(warnings), ManyPatterns)]; w.Line != line || !strings.HasPrefix(w.String(),
		fmt.Sprintf("line %d: the policy has", line)) {
		t.Errorf("warning %+v, %v", w, w)
	}
	if w := (Warning{Code: NearRecord, Text: "text"}); w.String() != "text" {
		t.Errorf("warning %v", w)
	}
}

func FuzzPolicy(f *testing.F) {
	for _, seed := range []string{
		"version: STSv1\nmode: enforce\nmx: *.example.com\nmx: a.example\nmax_age: 604800\n",
		"version: STSv1\r\nmode: none\r\nmax_age: 0", "\ufeffversion:STSv1\rmode:testing\r", "mx:\n\n:\nmode : x\n",
		"version: STSv1\nmode: testing\nmx: A.example\nmax_age: 9999999999\nmax_age:\nx: \xff\n", "a:b\nA:b\nMX: \x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, warnings, err := ParsePolicy(body)
		checkWarnings(t, warnings)
		if err != nil {
			broken, ok := errors.AsType[*SyntaxError](err)
			if !ok || broken.Rule == "" || broken.Line < 0 || broken.Line > len(body)+1 || len(broken.Rule) > 600 {
				t.Errorf("error %+v", err)
			}
			return
		}
		if p.Mode == ModeUnknown || p.MaxAge < 0 || p.Mode != ModeNone && len(p.MX) == 0 {
			t.Errorf("policy %+v", p)
		}
		again, _, err := ParsePolicy([]byte(p.String()))
		if diff := cmp.Diff(p, again, patterns); diff != "" || err != nil {
			t.Errorf("came back otherwise: %v\n%s", err, diff)
		}
	})
}
