package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mxtls/scanner"
)

// decode reads v strictly: an unknown field is an error.
func decode(t *testing.T, data []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
}

func TestJSONLines(t *testing.T) {
	t.Parallel()
	lines := bytes.Split(bytes.TrimSuffix(write(t, JSONL, Options{}), []byte("\n")), []byte("\n"))
	if want := len(testResults()) + 2; len(lines) != want {
		t.Fatalf("%d lines, want %d", len(lines), want)
	}
	var run RunJSON
	decode(t, lines[0], &run)
	if run.Type != "run" || run.SchemaVersion != SchemaVersion {
		t.Errorf("the first line is %+v", run)
	}
	var summary SummaryJSON
	decode(t, lines[len(lines)-1], &summary)
	if summary.Type != "summary" || summary.Total.Domains.Total != len(testResults()) || len(summary.Groups) != 2 {
		t.Errorf("the last line is %+v", summary)
	}
	for i, line := range lines[1 : len(lines)-1] {
		var d DomainJSON
		decode(t, line, &d)
		r := testResults()[i].result
		if d.Type != "domain" || d.Input != r.Input || len(d.Servers) != len(r.Facts.Servers) {
			t.Errorf("line %d is %+v", i+1, d)
		}
		for _, empty := range []string{`"servers":null`, `"findings":null`, `"names":null`, `"capabilities":null`} {
			if bytes.Contains(line, []byte(empty)) {
				t.Errorf("line %d has %s", i+1, empty)
			}
		}
	}
}

func TestJSONDocument(t *testing.T) {
	t.Parallel()
	type document struct {
		SchemaVersion int          `json:"schema_version"`
		Run           RunJSON      `json:"run"`
		Domains       []DomainJSON `json:"domains"`
		Summary       SummaryJSON  `json:"summary"`
	}
	var d document
	decode(t, write(t, JSON, Options{}), &d)
	if d.SchemaVersion != SchemaVersion || len(d.Domains) != len(testResults()) || d.Summary.Sessions != 40 {
		t.Errorf("%d domains, schema %d, %+v", len(d.Domains), d.SchemaVersion, d.Summary)
	}
	var none document
	decode(t, []byte(report(t, JSON, Options{}, testRun(), nil)), &none)
	if none.Domains == nil || len(none.Domains) != 0 {
		t.Errorf("an empty run has domains %v", none.Domains)
	}
}

// TestEveryFieldIsAColumn holds the CSV by server to the fields of a JSON line. Their order is another one, since columns
// are only ever appended; TLSA records are one column.
func TestEveryFieldIsAColumn(t *testing.T) {
	t.Parallel()
	var fields []string
	leaves(reflect.TypeFor[DomainJSON](), "", &fields)
	var want []string
	for _, f := range fields {
		f, _, _ = strings.Cut(f, ".records[].")
		if strings.HasSuffix(f, "servers[].dane") {
			f += ".records"
		}
		if (f == "findings[].code" || !strings.HasPrefix(f, "findings[].")) && !slices.Contains(want, f) {
			want = append(want, f)
		}
	}
	var got []string
	for _, c := range Columns(ByServer) {
		if c.JSON == "" {
			continue
		}
		got = append(got, c.JSON)
		flat := strings.NewReplacer("servers[].", "", "[].code", "", ".", "_").Replace(c.JSON)
		if c.Name != flat {
			t.Errorf("column %s stands for %s", c.Name, c.JSON)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("columns\n got %v\nwant %v", got, want)
	}
	for _, c := range Columns(ByDomain) {
		if c.JSON != "" && !strings.Contains(strings.Join(fields, " "), c.JSON) {
			t.Errorf("column %s stands for %s, which is no field", c.Name, c.JSON)
		}
	}
}

// leaves lists the paths of a type's fields that hold values.
func leaves(t reflect.Type, path string, out *[]string) {
	switch {
	case t.Kind() == reflect.Pointer:
		leaves(t.Elem(), path, out)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		leaves(t.Elem(), path+"[]", out)
	case t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]():
		for field := range t.Fields() {
			tag := field.Tag.Get("json")
			if path != "" {
				tag = path + "." + tag
			}
			leaves(field.Type, tag, out)
		}
	default:
		*out = append(*out, path)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "ü": "ü", "a\xffb": `a\xffb`, "\x1b": "\x1b"} {
		if got := text(in); got != want {
			t.Errorf("text(%q) = %q, want %q", in, got, want)
		}
	}
	if got := text(strings.Repeat("漢", 1000)); !utf8.ValidString(got) || len(got) > maxText+len(ellipsis) {
		t.Errorf("%d octets, valid: %v", len(got), utf8.ValidString(got))
	}
}

func TestTimesThatRFC3339CannotWrite(t *testing.T) {
	t.Parallel()
	far, past := time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []time.Time{{}, far, past} {
		if got := utc(tt); got != nil {
			t.Errorf("%v is written as %v", tt, got)
		}
		if got := appendTime(nil, tt); len(got) != 0 {
			t.Errorf("%v is written as %s", tt, got)
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, p := range payloads() {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		for line := range strings.Lines(report(t, JSONL, Options{}, poisonedRun(p), poisoned(p))) {
			if !json.Valid([]byte(line)) || !utf8.ValidString(line) {
				t.Fatalf("%q: not JSON: %s", p, line)
			}
			if bad := firstHidden(line, false); bad != "" {
				t.Errorf("%q lets %s out", p, bad)
			}
		}
		var d DomainJSON
		line, err := marshal(newDomainJSON("", &scanner.Result{Input: p}))
		if err != nil {
			t.Fatal(err)
		}
		decode(t, line, &d)
		if utf8.ValidString(p) && len(p) <= maxText && d.Input != p {
			t.Errorf("%q came back as %q", p, d.Input)
		}
	})
}
