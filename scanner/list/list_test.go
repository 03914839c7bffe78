package list_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/list"
)

// show is an item in one line: line number, target or input with reason.
func show(i list.Item) string {
	s := fmt.Sprintf("%d %s", i.Line, i.Target)
	if i.Invalid != nil {
		s = fmt.Sprintf("%d %q %v", i.Line, i.Input, i.Invalid.Reason)
		if i.Input != i.Invalid.Input {
			s += " but its error has " + i.Invalid.Input
		}
	}
	if i.Legacy {
		s += " legacy"
	}
	return s
}

// read reads a file; the last line is the error, if there is one.
func read(r *list.Reader, src io.Reader, o list.Options) (got []string) {
	for item, err := range r.Read(src, o) {
		if err != nil {
			return append(got, "error: "+err.Error())
		}
		got = append(got, show(item))
	}
	return got
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		file   string
		column string
		want   []string
	}{
		{name: "empty"},
		{name: "blank lines only", file: "\n \n\t\r\n\u3000\n\ufeff"},
		{name: "no end", file: "example.com", want: []string{"1 example.com"}},
		{name: "LF, CRLF and CR", file: "a.example\nb.example\r\nc.example\rd.example\r\r\n\ne.example",
			want: []string{"1 a.example", "2 b.example", "3 c.example", "4 d.example", "7 e.example"}},
		{name: "byte-order mark", file: "\ufeffa.example\n\ufeffb.example\n",
			want: []string{"1 a.example", "2 b.example"}},
		{name: "comments", file: "# a\n; b\n  # c\n\ufeff# d\na.example # e, f.example\nb.example\t#g\nc.example#h\n",
			want: []string{"5 a.example", "6 b.example", `7 "c.example#h" invalid_character`}},
		{name: "forms",
			file: " A.Example. \n日本語。ｊｐ\nb.example:587\n[mx.example]\n[192.0.2.1]:2525\n[IPv6:2001:db8::1]\n",
			want: []string{"1 a.example", "2 xn--wgv71a119e.jp", "3 b.example:587", "4 [mx.example]",
				"5 [192.0.2.1]:2525", "6 [2001:db8::1]"}},
		{name: "addresses",
			file: "u@a.example\nU. Ser <u@b.example>\n\"u,s;e r\"@c.example\n\"Ser, U.\" <u@d.example>\nu＠e.example\n",
			want: []string{"1 a.example", "2 b.example", "3 c.example", "4 d.example", "5 e.example"}},
		{name: "no mail domain",
			file: "http://a.example/u\n192.0.2.1\n*.x\na\x00b.example\n" + strings.Repeat("a.", 150) +
				"\njp\nu@\n2001:db8::1\nb.example\n",
			want: []string{`1 "http://a.example" invalid_url`, `2 "192.0.2.1" invalid_ip_address`,
				`3 "*.x" invalid_wildcard`, `4 "a\x00b.example" invalid_character`,
				`5 "` + strings.Repeat("a.", 150) + `" invalid_too_long`, `6 "jp" invalid_single_label`,
				`7 "" invalid_empty`, `8 "2001:db8::1" invalid_ip_address`, "9 b.example"}},
		{name: "duplicates",
			file: "a.example\nA.EXAMPLE.\nu@a.example\n*.x\n *.x \na.example:25\n[a.example]\n日本.jp\nxn--wgv71a.jp\n",
			want: []string{"1 a.example", `4 "*.x" invalid_wildcard`, "6 a.example:25", "7 [a.example]", "8 xn--wgv71a.jp"}},
		{name: "legacy names", file: "vodafone.ne.jp\nmx.vodafone.ne.jp\n[vodafone.ne.jp]\n",
			want: []string{"1 vodafone.ne.jp legacy", "2 mx.vodafone.ne.jp", "3 [vodafone.ne.jp]"}},

		{name: "rows without a header",
			file: "1,a.example\nb.example;5\n\"x, y\"\tu@c.example\tz\n2026-11-23, d.example ,e.example\n",
			want: []string{"1 a.example", "2 b.example", "3 c.example", "4 d.example"}},
		{name: "rows without a domain", file: "1,two\n3,http://a.example/,b\n,;\t\n,x\n",
			want: []string{`1 "1" invalid_single_label`, `2 "http://a.example" invalid_url`, `3 "" invalid_empty`,
				`4 "x" invalid_single_label`}},
		{name: "a quote is no quote", file: "\"a.example\nb.example\n5\" disk,c.example\n\"d.example\"\n\"\"\n",
			want: []string{`1 "\"a.example" invalid_character`, "2 b.example",
				"3 c.example", "4 d.example", `5 "" invalid_empty`}},

		{name: "header",
			file: "Rank,Domain,Remark\n1,a.example,x.example\n2,,x.example\n3\n\"4\",\" b.example\",\"\"\n",
			want: []string{"2 a.example", `3 "" invalid_empty`, "5 b.example"}},
		{name: "header of one column", file: "# list\n\ndomain\na.example\nb.example, c.example\n",
			want: []string{"4 a.example", "5 b.example"}},
		{name: "header in other words", file: "no\tE-mail Domain Name\n1\ta.example\n", want: []string{"2 a.example"}},
		{name: "header in Japanese", file: "番号,ドメイン\n1,a.example\n", want: []string{"2 a.example"}},
		{name: "the column called domain", file: "subdomain;DOMAIN;domain_id\nb.example;a.example;7\n",
			want: []string{"2 a.example"}},
		{name: "a semicolon that separates", file: "x;domain\n;a.example\n#;b.example\n",
			want: []string{"2 a.example"}},
		{name: "other separators are text", file: "a;domain\n1,5;a.example\n2;b.example,c.example\n",
			want: []string{"2 a.example", `3 "b.example,c.example" invalid_character`}},
		{name: "a domain is no header", file: "mydomain.example\nb.example\n",
			want: []string{"1 mydomain.example", "2 b.example"}},
		{name: "a URL is no header", file: "http://domain/\nb.example\n",
			want: []string{`1 "http://domain" invalid_url`, "2 b.example"}},
		{name: "a header only in front", file: "a.example\ndomain\n",
			want: []string{"1 a.example", `2 "domain" invalid_single_label`}},
		{name: "line ends in quotes",
			file: "remark,domain\n\"one\r\ntwo, \"\"x\"\"\n\nthree # no comment\",a.example # c\ny,b.example\n",
			want: []string{"2 a.example", "6 b.example"}},
		{name: "a quote that never closes",
			file: "domain,remark\na.example,\"x\nb.example,y\nc.example,\"z\nd.example,z\"\n\"e.example\",1\n",
			want: []string{"2 a.example", "3 b.example", "4 c.example", "5 d.example", "6 e.example"}},

		{name: "column by number", column: "2", file: "a.example,b.example\nc.example,d.example\n",
			want: []string{"1 b.example", "2 d.example"}},
		{name: "column by number with a header", column: "2", file: "rank;site\n1;a.example\n",
			want: []string{"2 a.example"}},
		{name: "column by name", column: " Address suffix",
			file: "# c\nAddress Suffix,Hostname Suffix\na.example,b.example\n",
			want: []string{"3 a.example"}},
		{name: "column by name before domain", column: "host", file: "domain,host\na.example,[mx.a.example]\n",
			want: []string{"2 [mx.a.example]"}},
		{name: "no such number", column: "3", file: "a.example,b.example\n",
			want: []string{"error: no column 3: the first row has 2"}},
		{name: "number zero", column: "0", file: "a.example\n",
			want: []string{"error: no column 0: the first row has 1"}},
		{name: "no such name", column: "host\x1b", file: "rank,\"my, domain\"\n1,a.example\n",
			want: []string{`error: no column "host\x1b": the first row has "rank", "my, domain"`}},
		{name: "no such name and no header", column: "host", file: "john.doe@a.example,x\n",
			want: []string{`error: no column "host": the first row has "a.example", "x"`}},
		{name: "no such name among many", column: "x", file: strings.Repeat("c,", 24) + strings.Repeat("長", 50) + "\n",
			want: []string{`error: no column "x": the first row has ` + strings.Repeat(`"c", `, 19) + `"c" and 5 more`}},
		{name: "column of an empty file", column: "host", file: "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := list.Options{Column: tt.column}
			if diff := cmp.Diff(tt.want, read(new(list.Reader), strings.NewReader(tt.file), o)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			slow := iotest.OneByteReader(strings.NewReader(tt.file))
			if diff := cmp.Diff(tt.want, read(new(list.Reader), slow, o)); diff != "" {
				t.Errorf("octet by octet: -want +got:\n%s", diff)
			}
		})
	}
}

func TestReadUTF16(t *testing.T) {
	t.Parallel()
	const text = "\ufeff会社\tドメイン\r\n日本😀\t日本語.jp\r\nx\ta.example\r\n"
	want := []string{"2 xn--wgv71a119e.jp", "3 a.example"}
	for name, order := range map[string]func(uint16) []byte{
		"little-endian": func(u uint16) []byte { return []byte{byte(u), byte(u >> 8)} },
		"big-endian":    func(u uint16) []byte { return []byte{byte(u >> 8), byte(u)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var file []byte
			for _, u := range utf16.Encode([]rune(text)) {
				file = append(file, order(u)...)
			}
			for _, src := range []io.Reader{bytes.NewReader(file), iotest.OneByteReader(bytes.NewReader(file))} {
				if diff := cmp.Diff(want, read(new(list.Reader), src, list.Options{})); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
		})
	}
	for name, tt := range map[string]struct{ file, want string }{
		"odd octet":          {"\xfe\xff\x00a\x00", `1 "a�" invalid_character`},
		"surrogate at end":   {"\xfe\xff\xd8\x3d", `1 "�" invalid_character`},
		"surrogate alone":    {"\xff\xfe\x3d\xd8a\x00.\x00b\x00", `1 "�a.b" invalid_character`},
		"no mark, but UTF16": {"a\x00.\x00b\x00", `1 "a\x00.\x00b\x00" invalid_character`},
	} {
		got := read(new(list.Reader), strings.NewReader(tt.file), list.Options{})
		if diff := cmp.Diff([]string{tt.want}, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

func whole(r io.Reader) io.Reader { return r }

func TestLongLines(t *testing.T) {
	t.Parallel()
	const limit = 64 << 10
	mb := strings.Repeat("x", 1<<20)
	row := strings.Repeat("y", limit-len(",a.example")) + ",a.example"
	for name, tt := range map[string]struct {
		file string
		want string // of the first item, then b.example follows
	}{
		"fits":                 {row, "1 a.example"},
		"one octet more":       {"y" + row, "invalid_too_long"},
		"1 MB":                 {mb, "invalid_too_long"},
		"1 MB of local part":   {"John" + mb + "John@a.example", `1 "...a.example" invalid_too_long`},
		"1 MB of domain":       {"John@" + mb, "invalid_too_long"},
		"1 MB of NUL":          {strings.Repeat("\x00", 1<<20), "invalid_too_long"},
		"1 MB of quotes":       {strings.Repeat(`"`, 1<<20), "invalid_too_long"},
		"1 MB of no UTF-8":     {strings.Repeat("\x80", 1<<20), "invalid_too_long"},
		"between one and two":  {strings.Repeat("z", limit*3/2), "invalid_too_long"},
		"not all of a comment": {"#" + mb, "invalid_too_long"},
	} {
		for _, end := range []string{"\n", "\r\n", "\r"} {
			for _, data := range []func(io.Reader) io.Reader{whole, iotest.DataErrReader, iotest.HalfReader} {
				got := read(new(list.Reader), data(strings.NewReader(tt.file+end+"b.example"+end)), list.Options{})
				if len(got) != 2 || got[1] != "2 b.example" {
					t.Fatalf("%s: %.80q", name, got)
				}
				if !strings.HasPrefix(got[0], "1 ") || !strings.HasSuffix(got[0], tt.want) {
					t.Errorf("%s: %.80q", name, got[0])
				}
				if len(got[0]) > 5000 || strings.Contains(got[0], "John") {
					t.Errorf("%s: %d octets are shown: %.80q", name, len(got[0]), got[0])
				}
			}
		}
		got := read(new(list.Reader), iotest.DataErrReader(strings.NewReader(tt.file)), list.Options{})
		if len(got) != 1 || !strings.HasSuffix(got[0], tt.want) {
			t.Errorf("%s without an end: %.80q", name, got)
		}
	}
}

// TestOpenQuotes: a quote that nothing closes costs nothing but itself, wherever it would have ended.
func TestOpenQuotes(t *testing.T) {
	t.Parallel()
	for name, behind := range map[string]string{
		"in the next row":        "",
		"behind 200 lines":       strings.Repeat("\"x\n", 200),
		"behind 80 KiB":          strings.Repeat(strings.Repeat("x", 1000)+"\n", 80),
		"behind a line of 1 MiB": strings.Repeat("x", 1<<20) + "\n",
	} {
		file := "domain,remark\na.example,\"x\n" + behind + "b.example,\"y\nc.example,z\"\nd.example,\"z\"\n"
		line := 3 + strings.Count(behind, "\n")
		want := []string{fmt.Sprint(line, " b.example"), fmt.Sprint(line+1, " c.example"), fmt.Sprint(line+2, " d.example")}
		got := read(new(list.Reader), strings.NewReader(file), list.Options{})
		if diff := cmp.Diff(want, got[len(got)-3:]); diff != "" || got[0] != "2 a.example" {
			t.Errorf("%s: %.200q", name, got)
		}
	}
}

func TestReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	src := io.MultiReader(strings.NewReader("a.example\nb.example.co"), iotest.ErrReader(broken))
	var r list.Reader
	want := []string{"1 a.example", "error: the disk is gone"} // b.example.co may be the half of b.example.com
	if diff := cmp.Diff(want, read(&r, src, list.Options{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, err := range r.Read(iotest.ErrReader(broken), list.Options{}) {
		if !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	var (
		r   list.Reader
		got []string
	)
	add := func(i list.Item) { got = append(got, i.Group+" "+show(i)) }
	for i := range r.Args([]string{"a.example", "u@yahoo.co.jp", "a,b", "# c", "A.example"}, "args") {
		add(i)
	}
	for i, err := range r.Read(strings.NewReader("\nb.example\na.example\na,b\n#\n"), list.Options{Group: "file"}) {
		if err != nil {
			t.Fatal(err)
		}
		add(i)
	}
	p, err := list.FindPreset("jp-carrier")
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Preset(p) {
		if n := i.Target.Name.String(); n == "docomo.ne.jp" || n == "yahoo.co.jp" || n == "jp-t.ne.jp" {
			add(i)
		}
	}
	want := []string{
		"args 1 a.example",
		"args 2 yahoo.co.jp",
		`args 3 "a,b" invalid_character`,
		`args 4 "# c" invalid_character`,
		"file 2 b.example",
		`file 4 "a" invalid_single_label`,
		"jp-carrier 1 docomo.ne.jp",
		"jp-carrier 37 jp-t.ne.jp legacy",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	stats := list.Stats{Lines: 5, Items: 6 + len(p.Entries) - 1, Duplicates: 3}
	if diff := cmp.Diff(stats, r.Stats()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestBreak: a consumer that stops is left alone, and what it did not take is not counted.
func TestBreak(t *testing.T) {
	t.Parallel()
	var r list.Reader
	for range r.Args([]string{"a.example", "b.example"}, "") {
		break
	}
	for range r.Read(strings.NewReader("c.example\nd.example\n"), list.Options{}) {
		break
	}
	for range r.Preset(list.Presets()[0]) {
		break
	}
	if diff := cmp.Diff(list.Stats{Lines: 1, Items: 3}, r.Stats()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestInput(t *testing.T) {
	t.Parallel()
	var got []string
	file := "Domain;x\n John Doe <john@EXAMPLE.com.> ;1\n例え.jp;2\n*.john;3\nhttps://john@a.example/john;4\n"
	for item := range new(list.Reader).Read(strings.NewReader(file), list.Options{}) {
		got = append(got, item.Input)
	}
	want := []string{"EXAMPLE.com.", "例え.jp", "*.john", "https://a.example"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// FuzzRead: no panic; at most one item a line, in order; no item equals another; what is read again is the same; and
// a local part is in no item.
func FuzzRead(f *testing.F) {
	f.Add([]byte("a.example\r\nu@b.example # c\n"), "")
	f.Add([]byte("rank;\"e-mail\ndomain\"\n1;\"u@c.example\"\n"), "")
	f.Add([]byte("x,y\n\"\"\"\n\",d.example\n"), "2")
	f.Add([]byte("\xff\xfea\x00,\x00\n\x00"), "x")
	f.Add([]byte(",;\t\"#\r\x00\ufeff"), "1")
	f.Fuzz(func(t *testing.T, file []byte, column string) {
		var (
			r        list.Reader
			last     int
			seen     = map[string]bool{}
			got, o   = read(&r, bytes.NewReader(file), list.Options{Column: column}), list.Options{Column: column}
			halves   = iotest.HalfReader(bytes.NewReader(file))
			secret   = "S3cretJohn"
			addition = "\n" + secret + "@e.example," + secret + "@f.example\n"
		)
		if again := read(new(list.Reader), halves, o); !cmp.Equal(got, again) {
			t.Errorf("%q: %q, then %q", file, got, again)
		}
		for item, err := range new(list.Reader).Read(bytes.NewReader(file), o) {
			key := item.Target.String() + "|"
			if item.Invalid != nil {
				key = "|" + item.Input
			}
			if err == nil && (item.Line <= last || seen[key]) {
				t.Errorf("%q: line %d behind %d: %q", file, item.Line, last, key)
			}
			last, seen[key] = item.Line, true
		}
		if s := r.Stats(); s.Items+s.Duplicates > s.Lines || s.Items > len(got) {
			t.Errorf("%q: %+v", file, s)
		}
		if bytes.Contains(file, []byte("://")) || bytes.Contains(file, []byte(secret)) {
			return
		}
		file = append(file[:len(file):len(file)], addition...)
		for _, line := range read(new(list.Reader), bytes.NewReader(file), o) {
			if strings.Contains(line, secret) {
				t.Errorf("%q: %q", file, line)
			}
		}
	})
}
