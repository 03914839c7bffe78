package txtrecord

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSelect(t *testing.T) {
	t.Parallel()
	texts := []string{
		"v=STSv1; id=1", "v=STSv1 ; id=2", "v=STSv1\t;", "v=STSv1", // records
		"v=stsv1; id=1", " v=STSv1; id=1", `"v=STSv1; id=1"`, "v=STSv10; id=1", // near
		"", "v=spf1 -all", "v=STSv", "x v=STSv1;", "google-site-verification=abc",
	}
	records, near := Select(texts, "v=STSv1")
	if !slices.Equal(records, texts[:4]) {
		t.Errorf("records %q", records)
	}
	if !slices.Equal(near, texts[4:8]) {
		t.Errorf("near %q", near)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text  string
		want  []Field
		blank bool
	}{
		{"V;a=b", []Field{{"a", "b"}}, false},
		{"V; a=b;", []Field{{"a", "b"}}, false},
		{"V \t; \ta=b \t; c=d=e ; ", []Field{{"a", "b"}, {"c", "d=e"}}, true},
		{"V;" + strings.Repeat("a", 32) + "=1", []Field{{strings.Repeat("a", 32), "1"}}, false},
		{"V;9_-.=, ,", []Field{{"9_-.", ", ,"}}, false},
	} {
		fields, blank, err := Parse(tt.text, "V")
		if diff := cmp.Diff(tt.want, fields); diff != "" || blank != tt.blank || err != nil {
			t.Errorf("%q: blank %v, %v\n%s", tt.text, blank, err, diff)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"W;a=b":                               `does not begin with "V"`,
		"V":                                   "has no field",
		"V;":                                  "has no field",
		"V a=b":                               `has "a=b" where a semicolon is wanted`,
		"V;;a=b":                              `has a field without an equals sign, ""`,
		"V;a=b;;":                             `has a field without an equals sign, ""`,
		"V;a":                                 `has a field without an equals sign, "a"`,
		"V;a=b ":                              "ends in a blank without a semicolon",
		"V;a=b \t":                            "ends in a blank without a semicolon",
		"V;a=":                                `has a field without a value, "a"`,
		"V;a= ;":                              `has a field without a value, "a"`,
		"V;=b":                                `has a field with the name ""`,
		"V;_a=b":                              `has a field with the name "_a"`,
		"V;a\x1b=b":                           `has a field with the name "a\x1b"`,
		"V;a =b":                              `has a field with the name "a "`,
		"V;\u00e4=b":                          `has a field with the name "\u00e4"`,
		"V;" + strings.Repeat("a", 33) + "=1": "letters and digits are wanted, at most 32",
	} {
		if fields, _, err := Parse(text, "V"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v, want %q", text, fields, err, want)
		}
	}
}

func TestIsValue(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a", "!~<>:", strings.Repeat("x", 1000)} {
		if !IsValue(good) {
			t.Errorf("%q: refused", good)
		}
	}
	for _, bad := range []string{"", "a b", "a=b", "a;b", "\x7f", "\x00", "\u00e4", "\xff"} {
		if IsValue(bad) {
			t.Errorf("%q: taken", bad)
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	unfit := func(r rune) bool { return r < ' ' || r > '~' }
	q := Quote(strings.Repeat("\u202e", 1000))
	if len(q) > 6*maxShown || !strings.HasSuffix(q, `"...`) || strings.ContainsFunc(q, unfit) {
		t.Errorf("%q", q)
	}
	if q := Quote("a\x1b[0m"); q != `"a\x1b[0m"` {
		t.Errorf("%s", q)
	}
}
