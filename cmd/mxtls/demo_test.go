package main

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// demoRuns is how often the demonstration is repeated.
const demoRuns = 3

// TestDemoIsTheSameForEverybody: the reports of the demonstration do not differ by one octet from run to run, but for
// the keys of its servers, which are fresh, and the times of the work itself.
func TestDemoIsTheSameForEverybody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		mask func(*testing.T, string) string
	}{
		{[]string{"demo"}, nil},
		{[]string{"demo", "-o", "csv"}, nil},
		{[]string{"demo", "-o", "csv", "--rows", "server"}, maskCSV},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) { // in turn: side by side they would slow each other down
			var first string
			for i := range demoRuns {
				var out, remarks bytes.Buffer
				s := streams{in: strings.NewReader(""), out: &out, err: &remarks}
				if status := run(t.Context(), func() {}, tt.args, s); status != statusDone {
					t.Fatalf("exit status %d: %s", status, &remarks)
				}
				text := out.String()
				if tt.mask != nil {
					text = tt.mask(t, text)
				}
				text += remarks.String()
				if i == 0 {
					first = text
				}
				if diff := cmp.Diff(strings.Split(first, "\n"), strings.Split(text, "\n")); diff != "" {
					t.Fatalf("run %d differs from the first (-first +now):\n%s", i+1, diff)
				}
			}
		})
	}
}

// maskCSV empties the columns that fresh keys and the clock fill.
func maskCSV(t *testing.T, text string) string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range []string{"certificate_sha256", "dane_records", "dane_certificate_sha256", "started", "duration_ms"} {
		at := slices.Index(rows[0], column)
		if at < 0 {
			t.Fatalf("no column %s in %q", column, rows[0])
		}
		for _, row := range rows[1:] {
			row[at] = ""
		}
	}
	var out strings.Builder
	if err := csv.NewWriter(&out).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
