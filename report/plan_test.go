package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"
	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
	"mxtls/scanner/truth"
)

// goldenPlans are the plans of the fixture that are held to the octet.
var goldenPlans = []struct {
	file   string
	format Format
	opts   Options
}{
	{"plan.txt", Table, Options{}},
	{"plan-60.txt", Table, Options{Width: 60}},
	{"plan-80.txt", Table, Options{Width: 80}},
	{"plan-80-color.txt", Table, Options{Width: 80, Color: true}},
	{"plan-80-ascii.txt", Table, Options{Width: 80, ASCII: true}},
	{"plan-120.txt", Table, Options{Width: 120}},
	{"plan-120-color.txt", Table, Options{Width: 120, Color: true}},
	{"plan-120-v.txt", Table, Options{Width: 120, Verbose: 1}},
	{"plan-120-vv.txt", Table, Options{Width: 120, Verbose: 2}},
	{"plan.csv", CSV, Options{}},
	{"plan.jsonl", JSONL, Options{}},
	{"plan.json", JSON, Options{}},
	{"plan.md", Markdown, Options{}},
}

func TestGoldenPlan(t *testing.T) {
	t.Parallel()
	for _, tt := range goldenPlans {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			got := writePlan(t, tt.format, tt.opts, testPlan(), testForecasts(), testCheck())
			file := filepath.Join("testdata", tt.file)
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
				t.Errorf("%s differs (-want +got); -update rewrites:\n%s", file, diff)
			}
		})
	}
}

func writePlan(t testing.TB, f Format, o Options, p Plan, all []*Forecast, m MapCheck) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewPlan(f, &b, o, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(testRun()); err != nil {
		t.Fatal(err)
	}
	var s Summary
	for _, f := range all {
		s.Add("", f.Result)
		if err := w.Add("list", f); err != nil {
			t.Fatal(err)
		}
	}
	s.Sessions = 14
	if err := w.End(s, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNewPlanWithoutFormat(t *testing.T) {
	t.Parallel()
	if _, err := NewPlan(Markdown+1, nil, Options{}, Plan{}); err == nil {
		t.Error("a format that does not exist was taken")
	}
}

// TestPlanFits: no line of a table is wider than the terminal, but those of main.cf, which are for copying.
func TestPlanFits(t *testing.T) {
	t.Parallel()
	server := encrypts(11, chain(pkix.Trusted, pkix.ReasonNone, at, "x.example"), truth.Yes)
	everything := forecast(domain("everything.example", "", server), "pledebde", 0)
	for width := minWidth; width <= 160; width += 7 {
		for _, verbose := range []int{0, 2} {
			p := testPlan()
			p.Advice = nil
			all := append(testForecasts(), everything)
			out := string(writePlan(t, Table, Options{Width: width, Verbose: verbose}, p, all, testCheck()))
			for line := range strings.Lines(out) {
				if got := displaywidth.String(strings.TrimRight(line, "\n")); got > width {
					t.Errorf("width %d: %d columns: %q", width, got, line)
				}
			}
		}
	}
}

// TestPlanHasAllLevels: whatever the width, each level has a column or is named as one that has none.
func TestPlanHasAllLevels(t *testing.T) {
	t.Parallel()
	for _, width := range []int{70, 80, 100, 120, 0} { // below 70, heads are cut
		out := string(writePlan(t, Table, Options{Width: width}, testPlan(), testForecasts(), testCheck()))
		head := ""
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "  Domain") {
				head = line
				break
			}
		}
		_, withheld, _ := strings.Cut(out, "no column for ")
		withheld, _, _ = strings.Cut(strings.ReplaceAll(withheld, "\n", " "), ":")
		shown := append(strings.Fields(head), strings.Split(withheld, ", ")...)
		for _, l := range postfix.Levels() {
			if !slices.Contains(shown, l.String()) {
				t.Errorf("width %d: nothing is said of %s", width, l)
			}
		}
	}
}

// TestWorstFirst: whatever the order of the input, the order of the table is the same for rows that differ.
func TestWorstFirst(t *testing.T) {
	t.Parallel()
	want := []string{
		"null.example",    // bounced at every level
		"refused.example", // bounced at secure
		"plain.example",   // deferred at secure, plain text at may
		"alert.example",
		"日本語.jp", // deferred at secure, encrypted at may
		"folded.example",
		"busy.example", // unknown
		"good.example",
		"http://example.com/|`x`", // no domain
	}
	var rows []planRow
	for _, f := range testForecasts() {
		row := newPlanRow(f, style{})
		if slices.Contains(want, row.domain) {
			rows = append(rows, row)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		slices.SortStableFunc(rows, worstFirst)
		var got []string
		for _, row := range rows {
			got = append(got, row.domain)
		}
		// plain and alert are equally bad: either may come first.
		if i := slices.Index(got, "alert.example"); i == 2 {
			got[2], got[3] = got[3], got[2]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
}

// TestPlanColumns: the columns that others rely on, by name, and no name twice.
func TestPlanColumns(t *testing.T) {
	t.Parallel()
	var names []string
	for _, c := range PlanColumns() {
		if slices.Contains(names, c.Name) {
			t.Errorf("%s stands twice", c.Name)
		}
		if c.Doc == "" || strings.ToLower(c.Name) != c.Name || strings.Contains(c.Name, "-") {
			t.Errorf("column %+v", c)
		}
		names = append(names, c.Name)
	}
	i := slices.Index(names, "may_outcome")
	if i < 0 || !slices.Equal(names[i:i+4], []string{"may_outcome", "may_word", "encrypt_outcome", "encrypt_word"}) {
		t.Errorf("columns %v", names)
	}
}

// TestPlanCSVEqualsJSON: where a column says that it stands in the JSON too, it does, with the same value.
func TestPlanCSVEqualsJSON(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(bytes.NewReader(
		writePlan(t, CSV, Options{CSVRaw: true}, testPlan(), testForecasts(), testCheck()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	jsonl := writePlan(t, JSONL, Options{}, testPlan(), testForecasts(), testCheck())
	lines := bytes.Split(bytes.TrimSpace(jsonl), []byte("\n"))
	if len(lines) != len(rows)+1 {
		t.Fatalf("%d lines of JSON for %d rows", len(lines), len(rows))
	}
	for i, row := range rows[1:] {
		var object any
		if err := json.Unmarshal(lines[i+1], &object); err != nil {
			t.Fatal(err)
		}
		for j, c := range PlanColumns() {
			want := valueAt(t, object, c.JSON)
			if row[3] == "invalid" && (row[j] == "" || c.Name == "domain") {
				continue // a row has no predictions where there is no domain, and the input in its place
			}
			if row[j] != want {
				t.Errorf("%s of %s: %q in CSV, %q in JSON", c.Name, row[0], row[j], want)
			}
		}
	}
}

// valueAt is the value at a path as CSV writes it.
func valueAt(t *testing.T, v any, path string) string {
	t.Helper()
	for step := range strings.SplitSeq(path, ".") {
		object, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("%s leads to %v", path, v)
		}
		if v, ok = object[step]; !ok {
			t.Fatalf("no %s", path)
		}
	}
	if n, ok := v.(float64); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return v.(string)
}

// TestPlanWithoutMuch: a plan without a change, weights, table or remark says nothing of them.
func TestPlanWithoutMuch(t *testing.T) {
	t.Parallel()
	p := Plan{Postfix: "3.7", OpenSSL: "3.0", Level: postfix.May}
	all := testForecasts()[:1]
	for _, format := range []Format{Table, Markdown} {
		out := string(writePlan(t, format, Options{}, p, all, MapCheck{}))
		for _, text := range []string{"%", "If smtp_tls", "Policy table", "What to put", "differently", "! "} {
			if strings.Contains(out, text) {
				t.Errorf("%s has %q:\n%s", format, text, out)
			}
		}
		for _, text := range []string{"no main.cf was read: level may assumed", "Roots: none", "1 delivered encrypted"} {
			if !strings.Contains(out, text) {
				t.Errorf("%s lacks %q:\n%s", format, text, out)
			}
		}
	}
}

// TestPlanReasonsAreWorded: every reason of package postfix is said in words of its own.
func TestPlanReasonsAreWorded(t *testing.T) {
	t.Parallel()
	for code, words := range planReasons {
		if words == "" || because(&postfix.Prediction{Reason: code}) != words {
			t.Errorf("%s: %q", code, words)
		}
	}
	if got := because(&postfix.Prediction{Reason: "a_word-of_no-catalogue"}); got != "a word of no catalogue" {
		t.Error(got)
	}
}

// TestPlanIsHarmless: nothing that a server or a file said reaches a terminal as it came.
func TestPlanIsHarmless(t *testing.T) {
	t.Parallel()
	for _, format := range []Format{Table, CSV, JSONL, JSON, Markdown} {
		for i, b := range writePlan(t, format, Options{Verbose: 2, Width: 90}, testPlan(), testForecasts(), testCheck()) {
			if b < ' ' && b != '\n' || b == 0x7f {
				t.Fatalf("%v: octet %#x at %d", format, b, i)
			}
		}
	}
}

// TestGravest: what costs mail comes first, and of a table that is mostly stale people see no more than they can read.
func TestGravest(t *testing.T) {
	t.Parallel()
	var m MapCheck
	for line := range 100 {
		m.Problems = append(m.Problems, postfix.Problem{Line: line + 1, Kind: postfix.Stale})
	}
	m.Problems[41].Kind, m.Problems[99].Kind = postfix.Useless, postfix.Contradictory
	shown, rest := m.Gravest()
	if len(shown) != problemsShown || shown[0].Line != 100 || shown[1].Line != 42 || shown[2].Line != 1 {
		t.Errorf("%v", shown)
	}
	if rest != "80 stale" || len(m.Problems) != 100 || m.Problems[0].Line != 1 {
		t.Errorf("the rest is %q", rest)
	}
	m.Problems = m.Problems[:problemsShown]
	if shown, rest := m.Gravest(); len(shown) != problemsShown || rest != "" {
		t.Errorf("%d shown, the rest is %q", len(shown), rest)
	}
	for k := postfix.SyntaxProblem; k <= postfix.Contradictory; k++ {
		if !slices.Contains(gravest, k) {
			t.Errorf("%s has no place", k)
		}
	}
	m.Problems = slices.Repeat([]postfix.Problem{{Line: 7, Key: "a.example", Kind: postfix.Stale, Text: "x"}}, 22)
	for f, want := range map[Format]string{Table: "  and 2 stale more: -o jsonl lists all\n",
		Markdown: "\n- and 2 stale more: -o jsonl lists all\n"} {
		m.Name = "tls_policy"
		out := string(writePlan(t, f, Options{}, testPlan(), nil, m))
		if !strings.Contains(out, want) || strings.Count(out, "a.example") != problemsShown {
			t.Errorf("%v:\n%s", f, out)
		}
	}
}

// TestUnweighted: shares of messages say of how many domains nobody counted any, and never overflow.
func TestUnweighted(t *testing.T) {
	t.Parallel()
	good := chain(pkix.Trusted, pkix.ReasonNone, at, "x.example")
	all := []*Forecast{
		forecast(domain("a.example", "", encrypts(1, good, truth.Yes)), "peeuueee", math.MaxInt64),
		forecast(domain("b.example", "", encrypts(2, good, truth.Yes)), "ppeuueee", math.MaxInt64),
		forecast(domain("c.example", "", encrypts(3, good, truth.Yes)), "peeuueee", 0),
	}
	for weighted, want := range map[bool]string{
		true:  "\n1 domain without messages in the weights · 14 sessions held\n",
		false: "\n14 sessions held\n",
	} {
		out := string(writePlan(t, Table, Options{}, Plan{Weighted: weighted}, all, MapCheck{}))
		if !strings.Contains(out, want) {
			t.Errorf("weighted %v:\n%s", weighted, out)
		}
	}
	var a amount
	a.add(math.MaxInt64)
	if a.add(5); a.messages != math.MaxInt64 || a.domains != 2 {
		t.Errorf("%d messages", a.messages)
	}
}

// TestRemarksWhole: the end of a remark says what to do, so it is shown, and what a hostile main.cf adds has an end.
func TestRemarksWhole(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 60) + "name the relay instead"
	p := Plan{Remarks: []postfix.Remark{{Code: "relayhost", Text: long}, {Code: "x", Text: strings.Repeat("y", 1<<20)}}}
	m := MapCheck{Name: "policy", Problems: []postfix.Problem{{Line: 1, Kind: postfix.DuplicateKey, Text: long}}}
	for _, f := range []Format{Table, Markdown} {
		out := string(writePlan(t, f, Options{}, p, nil, m))
		if n := strings.Count(out, "name the relay instead"); n != 2 || len(out) > 4096 {
			t.Errorf("%v: %d times, %d octets", f, n, len(out))
		}
	}
}

// TestIdleLevel: where no fingerprints are listed, the column that says so of each domain goes before domains are cut.
func TestIdleLevel(t *testing.T) {
	t.Parallel()
	f := forecast(domain("long-enough-a-name.example", "", encrypts(1, chain(pkix.Trusted, pkix.ReasonNone, at, "x.example"),
		truth.Yes)), "peeuudee", 0)
	f.Levels[postfix.Fingerprint].Reason = postfix.FingerprintsMissing
	out := string(writePlan(t, Table, Options{Width: 80}, Plan{}, []*Forecast{f}, MapCheck{}))
	if !strings.Contains(out, "  long-enough-a-name.example  ○ plain") ||
		!strings.Contains(out, "no column for dane, dane-only, fingerprint: they tell no two domains apart") {
		t.Errorf("%s", out)
	}
}

// TestNamesAskedFor: a certificate may have the MX host's name and lack the one that secure asks for.
func TestNamesAskedFor(t *testing.T) {
	t.Parallel()
	p := Plan{Match: map[postfix.Level]string{postfix.Secure: "nexthop, dot-nexthop"}}
	pr := &postfix.Prediction{Outcome: postfix.Deferred, Reason: postfix.HostMismatch}
	for l, want := range map[postfix.Level]string{
		postfix.Secure: "deferred, the certificate has none of the names that secure asks for (nexthop, dot-nexthop)",
		postfix.Verify: "deferred, the certificate is for other names than the MX host",
	} {
		if got := p.sentence(l, pr); got != want {
			t.Errorf("%s: %q", l, got)
		}
	}
}
