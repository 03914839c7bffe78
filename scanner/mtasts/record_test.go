package mtasts

import (
	"slices"
	"strings"
	"testing"
)

// codes are the codes of warnings, in order.
func codes(warnings []Warning) []Code {
	var out []Code
	for _, w := range warnings {
		out = append(out, w.Code)
	}
	return out
}

func TestParseRecord(t *testing.T) {
	t.Parallel()
	id32 := strings.Repeat("aZ09", 8)
	for _, tt := range []struct {
		text, id string
		warnings []Code
	}{
		{"v=STSv1; id=20160831085700Z;", "20160831085700Z", nil}, // RFC 8461 3.1's own
		{"v=STSv1;id=1", "1", nil},
		{"v=STSv1;\tid=" + id32, id32, nil},
		{"v=STSv1; id=1; ext=<!>; x.y-z_9=:", "1", nil},
		{"v=STSv1; a=b; id=1 ;", "1", nil},
		{"v=STSv1 ; id=1", "1", []Code{BlankDelimiter}},
		{"v=STSv1; id=1; id=2", "1", []Code{DuplicateField}},
		{"v=STSv1; id=1; id=???", "1", []Code{DuplicateField}},
		{"v=STSv1; x=1; x=2; id=1; id=2; x=3", "1", []Code{DuplicateField}},
		{"v=STSv1; ID=2; id=1", "1", []Code{UpperCaseField}},
	} {
		r, warnings, err := ParseRecord(tt.text)
		if r.ID != tt.id || err != nil || !slices.Equal(codes(warnings), tt.warnings) {
			t.Errorf("%q: %+v, %v, %v", tt.text, r, warnings, err)
		}
	}
}

func TestParseRecordErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"v=STSv1":                                "the record has no field",
		"v=STSv1;":                               "the record has no field",
		"v=STSv1; a=b":                           "the record has no id",
		"v=STSv1; ID=1":                          "the record has no id",
		"v=STSv1; id=":                           `without a value, "id"`,
		"v=STSv1; id=a-b":                        `the id "a-b": 1 to 32 letters and digits`,
		"v=STSv1; id=2026-11-25T00:00:00Z":       "1 to 32 letters and digits",
		"v=STSv1; id=\u00e9":                     `the id "\u00e9"`,
		"v=STSv1; id=a b":                        `the id "a b"`,
		"v=STSv1; id=" + strings.Repeat("a", 33): "1 to 32 letters and digits",
		"v=STSv1; id=1; x=a=b":                   `the field x with the value "a=b"`,
		"v=STSv1; id=1; x=a b":                   `the field x with the value "a b"`,
		"v=STSv1, id=1":                          `", id=1" where a semicolon is wanted`,
		"v=STSv1; id=1 ":                         "ends in a blank",
		"v=STSv1; id=1;;":                        "without an equals sign",
		"v=stsv1; id=1":                          "does not begin with",
		"v=STSv1; id=1\x1b]0":                    `the id "1\x1b]0"`,
	} {
		_, _, err := ParseRecord(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		"v=STSv1; id=20160831085700Z;", "v=STSv1 ; id=1;x=y", "v=STSv1; ID=1; id=\xff", "v=STSv1;;", "v=STSv1\t;id=a=b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, warnings, err := ParseRecord(text)
		if err != nil {
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) || len(err.Error()) > 600 {
				t.Errorf("error %q", err)
			}
			return
		}
		checkWarnings(t, warnings)
		again, warnings, err := ParseRecord(r.String())
		if again != r || err != nil || len(warnings) > 0 {
			t.Errorf("%+v came back as %+v, %v, %v", r, again, warnings, err)
		}
	})
}

// checkWarnings checks what holds for all warnings: each code once, a text that can stand on one line.
func checkWarnings(t *testing.T, warnings []Warning) {
	t.Helper()
	seen := map[Code]bool{}
	for _, w := range warnings {
		unfit := strings.ContainsFunc(w.Text, func(r rune) bool { return r < ' ' || r > '~' })
		if w.Code == CodeNone || seen[w.Code] || w.Text == "" || len(w.Text) > 600 || unfit || w.Line < 0 {
			t.Errorf("warning %+v", w)
		}
		seen[w.Code] = true
	}
}
