package report

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clipperhouse/displaywidth"
	"github.com/google/go-cmp/cmp"

	"mxtls/scanner"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

func TestWordsRoundTrip(t *testing.T) {
	t.Parallel()
	for f := FormatDefault; f <= Markdown; f++ {
		text, err := f.MarshalText()
		var got Format
		if err := errors.Join(err, got.UnmarshalText(text)); err != nil || got != f {
			t.Errorf("format %d is %q and comes back as %d: %v", f, text, got, err)
		}
	}
	for r := RowsDefault; r <= ByServer; r++ {
		text, err := r.MarshalText()
		var got Rows
		if err := errors.Join(err, got.UnmarshalText(text)); err != nil || got != r {
			t.Errorf("rows %d is %q and comes back as %d: %v", r, text, got, err)
		}
	}
	var f Format
	err := f.UnmarshalText([]byte("xml"))
	if want := `"xml" is none of table, csv, jsonl, json, markdown`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, err := New(Markdown+1, nil, Options{}); err == nil {
		t.Error("a format that does not exist has a writer")
	}
	if _, err := New(CSV, nil, Options{Rows: ByServer + 1}); err == nil {
		t.Error("rows that do not exist have a writer")
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// TestTableFits holds every line to the width, at every width, whatever it quotes.
func TestTableFits(t *testing.T) {
	t.Parallel()
	for _, width := range []int{minWidth, 66, 80, compact - 1, compact, 120, 200} {
		for _, o := range []Options{{}, {Rows: ByServer}, {Verbose: 1}, {Verbose: 2, ASCII: true}, {Color: true}} {
			o.Width = width
			var text strings.Builder
			text.WriteString(string(write(t, Table, o)))
			for _, p := range []string{"漢字漢字漢字" + strings.Repeat("漢", 200), strings.Repeat("x", 300), "\x1b"} {
				text.WriteString(report(t, Table, o, poisonedRun(p), poisoned(p)))
			}
			for line := range strings.Lines(text.String()) {
				line = strings.TrimSuffix(sgr.ReplaceAllString(line, ""), "\n")
				if w := displaywidth.String(line); w > width {
					t.Errorf("%+v: a line of %d columns: %q", o, w, line)
				}
				if strings.HasSuffix(line, " ") {
					t.Errorf("%+v: blanks at the end of %q", o, line)
				}
			}
		}
	}
}

// TestColorSaysNothingMore holds a table with colours to the same text as one without.
func TestColorSaysNothingMore(t *testing.T) {
	t.Parallel()
	with, without := write(t, Table, Options{Width: 80, Color: true}), write(t, Table, Options{Width: 80})
	if !bytes.Contains(with, []byte("\x1b[32m●\x1b[0m")) {
		t.Error("no green glyph")
	}
	if got := sgr.ReplaceAll(with, nil); !bytes.Equal(got, without) {
		t.Errorf("without its colours the table is\n%s\nnot\n%s", got, without)
	}
}

func TestColumnsAlign(t *testing.T) {
	t.Parallel()
	var header string
	found := 0
	for line := range strings.Lines(string(write(t, Table, Options{Width: 120}))) {
		if strings.HasPrefix(line, "    Domain") {
			header = line
		}
		if strings.Contains(line, "日本語.jp ") || strings.Contains(line, "gmail.com ") {
			found++
			before, _, _ := strings.Cut(line, "trusted")
			want, _, _ := strings.Cut(header, "Certificate")
			if displaywidth.String(before) != displaywidth.String(want) {
				t.Errorf("%q does not stand under %q", line, header)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d rows found, want 2", found)
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in    string
		width int
		lines int
		want  []string
	}{
		{"", 10, 0, []string{""}},
		{"one two three", 0, 0, []string{"one two three"}},
		{"one two three", 7, 0, []string{"one two", "three"}},
		{"one two three", 8, 0, []string{"one two", "three"}},
		{"one two three four", 7, 2, []string{"one two", "three…"}},
		{"abcdefghij", 4, 0, []string{"abcd", "efgh", "ij"}},
		{"漢字漢字", 5, 0, []string{"漢字", "漢字"}},
		{"漢", 1, 0, []string{"漢"}},
	} {
		if got := wrap(tt.in, tt.width, tt.lines, ellipsis); !slices.Equal(got, tt.want) {
			t.Errorf("wrap(%q, %d, %d) = %q, want %q", tt.in, tt.width, tt.lines, got, tt.want)
		}
	}
}

func TestCutMiddle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in    string
		width int
		want  string
	}{
		{"short", 10, "short"}, {"mail.department.example.com", 16, "mail.depar…e.com"},
		{"漢字漢字漢字", 8, "漢字…字"}, {"abc", 1, "…"},
	} {
		if got := cutMiddle(tt.in, tt.width, ellipsis); got != tt.want {
			t.Errorf("cutMiddle(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
}

func TestShares(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		yes, unknown, total int
		share, outOf        string
	}{
		{0, 0, 0, "?", "? of 0"}, {5, 0, 5, "100 %", "5 of 5"}, {1, 0, 2, "50 %", "1 of 2"}, {0, 0, 2, "0 %", "0 of 2"},
		{0, 2, 2, "?", "? of 2"}, {1, 1, 2, "50–100 %", "1–2 of 2"}, {0, 1, 2, "0–50 %", "0–1 of 2"},
		{999, 0, 1000, "99 %", "999 of 1000"}, {1, 0, 1000, "1 %", "1 of 1000"}, {2, 0, 3, "67 %", "2 of 3"},
	} {
		if got := share(tt.yes, tt.unknown, tt.total); got != tt.share {
			t.Errorf("share(%d, %d, %d) = %q, want %q", tt.yes, tt.unknown, tt.total, got, tt.share)
		}
		if got := outOf(tt.yes, tt.unknown, tt.total); got != tt.outOf {
			t.Errorf("outOf(%d, %d, %d) = %q, want %q", tt.yes, tt.unknown, tt.total, got, tt.outOf)
		}
	}
}

func TestCertificateText(t *testing.T) {
	t.Parallel()
	day := time.Date(2027, 1, 12, 0, 0, 0, 0, time.UTC)
	good := chain(pkix.Trusted, pkix.ReasonNone, day, "mx.example.net")
	later := chain(pkix.Trusted, pkix.ReasonNone, day.AddDate(1, 0, 0), "mx.example.net")
	old := chain(pkix.Untrusted, pkix.Expired, day.AddDate(-1, 0, 0), "mx.example.net")
	other := chain(pkix.Trusted, pkix.ReasonNone, day, "a.example", "b.example", "c.example", "d.example", "e.example")
	for _, tt := range []struct {
		servers []verdict.Server
		want    string
	}{
		{[]verdict.Server{encrypts(1, later, truth.Yes), encrypts(2, good, truth.Yes)},
			"trusted, name matches until 2027-01-12"},
		{[]verdict.Server{encrypts(1, old, truth.Yes)}, "untrusted: expired 2026-01-12"},
		{[]verdict.Server{encrypts(1, other, truth.No)}, "trusted, but for other names (a.example, b.example +3)"},
		{[]verdict.Server{encrypts(1, good, truth.Unknown)}, "trusted until 2027-01-12"},
		{[]verdict.Server{encrypts(1, old, truth.Yes), encrypts(2, good, truth.Yes), encrypts(3, later, truth.Yes)},
			"2 trusted until 2027-01-12, 1 expired 2026-01-12"},
		{[]verdict.Server{encrypts(1, chain(pkix.Untrusted, pkix.SelfSigned, day, "x"), truth.No)}, "untrusted: self-signed"},
		{[]verdict.Server{encrypts(1, chain(pkix.Untrusted, pkix.NotYetValid, day, "x"), truth.Yes)},
			"untrusted: not valid before 2026-10-12"},
		{[]verdict.Server{encrypts(1, chain(pkix.Untrusted, pkix.WeakKey, day, "x"), truth.No)},
			"untrusted: " + inWords(pkix.WeakKey.String())},
		{[]verdict.Server{encrypts(1, chain(pkix.Anonymous, 0, time.Time{}), truth.Unknown)}, "anonymous: no certificate"},
		{nil, ""},
	} {
		r := domain("example.com", "", tt.servers...)
		if got := certificateText(&r); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// brokenPipe fails from the n-th octet on.
type brokenPipe struct{ left int }

func (p *brokenPipe) Write(b []byte) (int, error) {
	if p.left -= len(b); p.left < 0 {
		return 0, syscall.EPIPE
	}
	return len(b), nil
}

func TestWriteErrorsComeOut(t *testing.T) {
	t.Parallel()
	for f := Table; f <= Markdown; f++ {
		for _, left := range []int{0, 3000} {
			w, err := New(f, &brokenPipe{left}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			errs := []error{w.Begin(testRun())}
			for range 40 {
				for _, g := range testResults() {
					errs = append(errs, w.Add(g.group, g.result))
				}
			}
			errs = append(errs, w.End(testSummary()))
			if err := errs[len(errs)-1]; !errors.Is(err, syscall.EPIPE) {
				t.Errorf("%v: End says %v, want EPIPE", f, err)
			}
		}
	}
}

// TestRowsComeOutInTime holds the formats that stream to rows within a second of the next one, not at the end.
func TestRowsComeOutInTime(t *testing.T) {
	t.Parallel()
	for _, f := range []Format{CSV, JSONL, JSON, Markdown} {
		now := at
		var b bytes.Buffer
		w, err := New(f, &b, Options{Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		r := testResults()[0].result
		if err := errors.Join(w.Begin(testRun()), w.Add("", r)); err != nil || b.Len() != 0 {
			t.Errorf("%v: %d octets at once: %v", f, b.Len(), err)
		}
		now = now.Add(flushAfter)
		if err := w.Add("", r); err != nil || strings.Count(b.String(), "gmail.com") < 2 {
			t.Errorf("%v: after a second only %q: %v", f, b.String(), err)
		}
	}
}

func TestAdviceIsForKnownCodes(t *testing.T) {
	t.Parallel()
	for code := range advice {
		if titles()[code] == "" {
			t.Errorf("advice for %s, which is not in the catalogue", code)
		}
	}
	if len(titles()) == 0 {
		t.Error("an empty catalogue")
	}
}

func TestFindingsAreCounted(t *testing.T) {
	t.Parallel()
	f := newFindings()
	for i := range 100 {
		r := domain(fmt.Sprintf("d%d.example", i), "")
		r.Verdict.Findings = []verdict.Finding{{Code: "b", Severity: verdict.Warning}, {Code: "b", Severity: verdict.Warning},
			{Code: fmt.Sprintf("z%02d", i%30), Severity: verdict.Info}}
		if i == 7 {
			r.Verdict.Findings = append(r.Verdict.Findings, verdict.Finding{Code: "a", Severity: verdict.Error})
		}
		f.add(&r, r.Input)
	}
	shown, more := f.worst(verdict.Warning)
	if len(shown) != 2 || shown[0].code != "a" || shown[1].code != "b" || shown[1].domains != 100 || more != 0 {
		t.Errorf("shown %+v and %d more", shown, more)
	}
	want := "d0.example, d1.example, d2.example, and 97 more"
	if got := strings.Join(shown[1].where(style{}), ", "); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if shown, more := f.worst(verdict.Info); len(shown) != findingsShown || more != 32-findingsShown {
		t.Errorf("%d shown and %d more", len(shown), more)
	}
}

// TestTranscriptIsWhole: what a server said is wrapped under -vv and never cut, and stands beside its time.
func TestTranscriptIsWhole(t *testing.T) {
	t.Parallel()
	const refusal = "554 5.7.1 "
	long := refusal + strings.Repeat("word ", 60) + "end"
	s := fails(1, starttls.Connected, starttls.RefusedByPolicy, "554")
	s.Session.Dialogue = []starttls.Exchange{{At: 7 * time.Millisecond, Reply: starttls.Reply{Lines: []string{long}}}}
	got := report(t, Table, Options{Width: 80, Verbose: 2}, testRun(), []scanner.Result{domain("a.example", "", s)})
	var said []string
	for line := range strings.Lines(got) {
		line = strings.TrimRight(line, "\n")
		if len([]rune(line)) > 80 {
			t.Errorf("%d columns: %q", len([]rune(line)), line)
		}
		if text, ok := strings.CutPrefix(line, "              7 ms  S: "); ok {
			said = append(said, text)
		} else if text, ok := strings.CutPrefix(line, "                       "); ok && len(said) > 0 &&
			!strings.HasPrefix(text, " ") {
			said = append(said, text)
		}
	}
	if diff := cmp.Diff(long, strings.Join(said, " ")); diff != "" {
		t.Errorf("said (-want +got):\n%s\nin\n%s", diff, got)
	}
}

// TestHeaderFits: the sign before a domain takes room from the column's title too.
func TestHeaderFits(t *testing.T) {
	t.Parallel()
	got := report(t, Table, Options{}, testRun(), []scanner.Result{invalid("-f", name.BadLabel)})
	if !strings.Contains(got, "    Domain  Via ") {
		t.Errorf("the title is cut:\n%s", got)
	}
}
