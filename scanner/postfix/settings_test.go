package postfix

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestParseMainCF(t *testing.T) {
	t.Parallel()
	// What postconf 3.7.11 -n and -x print for this file.
	const file = "" +
		"  a first line that continues nothing = is dropped\n" +
		"# comment\n" +
		"a = x\n" +
		"  # no end of the line before\n" +
		"\n" +
		"   y\n" +
		"b =\n" +
		"relayhost=[mail.example]:587  \t\r\n" +
		"smtp_tls_loglevel = 1\n" +
		"smtp_tls_loglevel = 2\n" +
		"myhostname = h\x00idden\n" +
		"  hidden too\n" +
		"# \x00\n" +
		"c = d = e"
	s, err := ParseMainCF(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "x y", "b": "", "relayhost": "[mail.example]:587", "smtp_tls_loglevel": "2",
		"myhostname": "h", "c": "d = e"}
	if diff := cmp.Diff(want, s.values); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseMainCFErrors(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"a = b\nfoo\n":       `line 2: missing '=' after attribute name: "foo"`,
		"a = b\n\x00d = x":   `line 2: missing attribute name: ""`,
		"\n= foo":            `line 2: missing attribute name: "= foo"`,
		"smtp_tls level = x": `line 1: missing '=' after attribute name: "smtp_tls level = x"`,
		"\ufeff# comment": "line 1: missing '=' after attribute name: \"\\ufeff# comment\": " +
			"the file begins with a byte order mark, so this is no comment to Postfix",
		"a = b\n" + strings.Repeat("x", maxMainCF): "line 2: more than 1048576 octets",
	} {
		_, err := ParseMainCF(strings.NewReader(file))
		var bad *SyntaxError
		if !errors.As(err, &bad) || err.Error() != want {
			t.Errorf("%.20q: %v, want %s", file, err, want)
		}
	}
	_, err := ParseMainCF(io.MultiReader(strings.NewReader("a = b\n"), iotest.ErrReader(io.ErrNoProgress)))
	if !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that fails: %v", err)
	}
}

func TestParsePostconf(t *testing.T) {
	t.Parallel()
	s, err := ParsePostconf(strings.NewReader("/usr/sbin/postconf: warning: open /etc/postfix/master.cf: No such file\n" +
		"mail_version = 3.5.25\nsmtp_tls_security_level = may\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c := NewConfig(s, Options{}); c.Postfix != (Version{3, 5}) || c.Level != May {
		t.Errorf("Postfix %s, level %s", c.Postfix, c.Level)
	}
	if c := NewConfig(s, Options{Postfix: Version{3, 10}}); !hasRemark(c, VersionMismatch) {
		t.Error("another release was asked for, and no remark tells")
	}
}

func hasRemark(c *Config, code string) bool {
	for _, r := range c.Remarks() {
		if r.Code == code {
			return true
		}
	}
	return false
}

// TestExpand has what postconf 3.7.11 -x makes of the same values.
func TestExpand(t *testing.T) {
	t.Parallel()
	values := map[string]string{"a": "x y", "b": "", "level": "may", "loop": "$loop2", "loop2": "<$loop>",
		"nested": "q $a"}
	for text, want := range map[string]string{
		"plain":                              "plain",
		"$a":                                 "x y",
		"${a}":                               "x y",
		"$(a)":                               "x y",
		"${ a }":                             "x y",
		"$$a":                                "$a",
		"${nested}":                          "q x y",
		"${a?{q $a}:{w}}":                    "q x y",
		"${nosuch:{none}}":                   "none",
		"${nosuch?{x}}":                      "",
		"${b?yes}${b:no}":                    "no",
		"${a?b c}":                           "b c",
		"${b?x:y}":                           "",
		"${a?{1} : {2}}":                     "1",
		"${b?{1} : {2}}":                     "2",
		"${level ? {x}:  q }":                "x",
		"${foo ? {x} :q r}":                  "q r",
		"${level?{a{b}c}}":                   "a{b}c",
		"$level.x":                           "may.x",
		"${{a} < {b} ? {lt} : {ge}}":         "lt",
		"${{10} < {9} ? {lt} : {ge}}":        "ge",
		"${{10}=={010}?{eq}:{ne}}":           "eq",
		"${{}=={}?{e}}":                      "e",
		"${{a} == {a}}":                      "true",
		"${{a}=={b}?{x}}":                    "",
		"${{2}<level{10}?{y}}":               "y",
		"${{3.10}>=level{3.9}?{y}:z}":        "y",
		"${{3.10} <level {3.6} ? {y} : {n}}": "n",
		"${{$level} != {may} ? {y} : {n}}":   "n",
		"${{$level} >= {may} ? {y}:{n}}":     "y",
		"${{a} <= {a} ? {y}}${{a}>{a}?{z}}":  "y",
		"${{a} ? {y}}":                       "",
		"${{a} about {b} ? {y} : {n}}":       "",
		"${a?{x}:}":                          "x",
		"${b?{x}:}":                          "",
		"cut off ${a":                        "cut off ${a",
		"$":                                  "$",
		"${}":                                "",
		"5 $ each":                           "5 $ each",
	} {
		e := expander{lookup: func(n string) (string, bool) { v, ok := values[n]; return v, ok }, asked: map[string]bool{}}
		if got := e.expand(text); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

// TestExpandBroken has what "postconf -x" 3.7.11 calls a macro processing error, and the like of it that it takes.
func TestExpandBroken(t *testing.T) {
	t.Parallel()
	values := map[string]string{"foo": "yes", "empty": "", "loop": "x $loop"}
	for text, broken := range map[string]bool{
		"$":                              true,
		"x$ y":                           true,
		"$-":                             true,
		"${}":                            true,
		"${foo-x}":                       true,
		"${foo.bar}":                     true,
		"${foo!x}":                       true,
		"${foo==yes?{a}}":                true,
		"${$foo}":                        true,
		"${foo?{a} b}":                   true,
		"${foo?{a}:{b} c}":               true,
		"${foo?{a}{b}}":                  true,
		"${empty:{a} b}":                 true,
		"${empty:{a}:{b}}":               true,
		"${{a} = {a} ? {x}}":             true,
		"${{a} ~ {b} ? {x}}":             true,
		"${{a} == a ? {x}}":              true,
		"${{a} == {a} x}":                true,
		"${{a} == {a} : {x} : {y}}":      true,
		"${{x} <level {3.10} ? {y}:{n}}": true,
		"$(foo":                          true,
		"${foo)":                         true,
		"$loop":                          true,
		"${foo?}${foo:}":                 false,
		"${foo?{a}:}":                    false,
		"${foo?{a}:b c}":                 false,
		"${empty:{a}}":                   false,
		"${foo?a{b}c}":                   false,
		"${{a}=={a}}":                    false,
		"${{a} == {b} : {x}}":            false,
		"${{a} == {b} ? {x}:y z}":        false,
		"${{3.6} <level {3.10} ? {y}}":   false,
		"${ foo }$(foo)$9abc$$":          false,
		"${foo ?{a}:{b}}":                false,
		"${foo?{${empty:{in}}}}":         false,
	} {
		e := expander{lookup: func(n string) (string, bool) { v, ok := values[n]; return v, ok }, asked: map[string]bool{}}
		e.expand(text)
		if (e.broken != "") != broken {
			t.Errorf("%s: %q", text, e.broken)
		}
	}
}

// TestExpandEnds: parameters that name each other, twice each, end all the same.
func TestExpandEnds(t *testing.T) {
	t.Parallel()
	e := expander{lookup: func(n string) (string, bool) { return "$" + n + "$" + n, true }, asked: map[string]bool{}}
	if got := e.expand("$a"); len(got) > maxValue || e.broken == "" {
		t.Errorf("%d octets, %q", len(got), e.broken)
	}
	e = expander{lookup: func(n string) (string, bool) {
		return strings.Repeat("x", maxValue/2) + "$b",
			true
	}, asked: map[string]bool{}}
	if got := e.expand("$a"); len(got) > 2*maxValue || e.broken == "" {
		t.Errorf("%d octets, %q", len(got), e.broken)
	}
}
