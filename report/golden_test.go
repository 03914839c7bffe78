package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden reports under testdata")

// golden are the reports of the fixture that are held to the octet.
var golden = []struct {
	file   string
	format Format
	opts   Options
}{
	{"table.txt", Table, Options{}},
	{"table-80.txt", Table, Options{Width: 80}},
	{"table-120.txt", Table, Options{Width: 120}},
	{"table-200.txt", Table, Options{Width: 200}},
	{"table-80-color.txt", Table, Options{Width: 80, Color: true}},
	{"table-80-ascii.txt", Table, Options{Width: 80, ASCII: true}},
	{"table-120-v.txt", Table, Options{Width: 120, Verbose: 1}},
	{"table-120-vv.txt", Table, Options{Width: 120, Verbose: 2}},
	{"table-80-server.txt", Table, Options{Width: 80, Rows: ByServer}},
	{"table-120-server.txt", Table, Options{Width: 120, Rows: ByServer}},
	{"table-200-server.txt", Table, Options{Width: 200, Rows: ByServer}},
	{"domain.csv", CSV, Options{}},
	{"server.csv", CSV, Options{Rows: ByServer}},
	{"server-raw.csv", CSV, Options{Rows: ByServer, CSVRaw: true, CRLF: true, BOM: true}},
	{"report.jsonl", JSONL, Options{}},
	{"report.json", JSON, Options{}},
	{"domain.md", Markdown, Options{}},
	{"server.md", Markdown, Options{Rows: ByServer, ASCII: true}},
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, tt := range golden {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			compare(t, tt.file, write(t, tt.format, tt.opts))
		})
	}
}

// compare holds a report to a golden one, or rewrites that.
func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		kept := filepath.Join(t.ArtifactDir(), name)
		if err := os.WriteFile(kept, got, 0o666); err != nil {
			t.Error(err)
		}
		t.Errorf("%s differs (-want +got); got is in %s, -update rewrites:\n%s", file, kept, diff)
	}
}

// write is the fixture's report.
func write(t testing.TB, f Format, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := New(f, &b, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(testRun()); err != nil {
		t.Fatal(err)
	}
	for _, g := range testResults() {
		if err := w.Add(g.group, g.result); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(testSummary()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
