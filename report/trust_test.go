package report

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"mxtls/scanner"
	"mxtls/scanner/pkix"
	"mxtls/scanner/truth"
)

func testComparison(t testing.TB) Comparison {
	t.Helper()
	return Comparison{Version: "v1.2.3", At: at, Bundle: bundleOf(t, "/etc/ssl/cert.pem", "of-2011.pem"),
		Against: bundleOf(t, "new.pem", "broken.pem")}
}

// trusted is a chain that fails after some days, with the certificate at a depth of its path.
func trusted(days, depth int, names ...string) *pkix.Chain {
	c := chain(pkix.Trusted, pkix.ReasonNone, at.AddDate(0, 0, days), names...)
	c.SHA256 = fmt.Sprintf("%064x", days)
	c.Lasts = pkix.Lasting{Until: c.NotAfter, Depth: depth, Subject: c.Subject}
	if depth > 0 {
		c.Lasts.Subject = c.Issuer
	}
	return c
}

// judgedBy is a domain with a server for each pair of chains.
func judgedBy(text string, pairs ...[2]*pkix.Chain) *DomainTrust {
	r := domain(text, "provider.example")
	d := &DomainTrust{Result: &r}
	for i, p := range pairs {
		r.Facts.Servers = append(r.Facts.Servers, encrypts(i+1, p[0], truth.Yes))
		d.Servers = append(d.Servers, ServerTrust{Now: p[0], Then: p[1]})
	}
	for i := range d.Servers {
		d.Servers[i].Server = &r.Facts.Servers[i]
	}
	return d
}

func testDomains() []*DomainTrust {
	unknown := chain(pkix.Untrusted, pkix.UnknownIssuer, at.AddDate(0, 2, 0), "mx.lost.example")
	own := chain(pkix.Untrusted, pkix.SelfSigned, at.AddDate(1, 0, 0), "mx.self.example")
	unsure := chain(pkix.StatusUnknown, pkix.OtherInvalid, at.AddDate(0, 2, 0), "mx.odd.example")
	soon, late := trusted(5, 0, "mx.soon.example"), trusted(90, 1, "mx.late.example", "b", "c")
	nowhere, bad := without("nosuch.example", 0, 0, "nosuch.example does not exist"), invalid("http://x/|`y`", 0)
	return []*DomainTrust{
		judgedBy("won.example", [2]*pkix.Chain{unknown, late}), judgedBy("same.example", [2]*pkix.Chain{late, late}),
		judgedBy("lost.example", [2]*pkix.Chain{late, unknown}, [2]*pkix.Chain{soon, soon}, [2]*pkix.Chain{nil, nil}),
		judgedBy("self.example", [2]*pkix.Chain{own, own}),
		judgedBy("日本語.jp", [2]*pkix.Chain{soon, unsure}, [2]*pkix.Chain{soon, unsure}),
		judgedBy("open.example", [2]*pkix.Chain{unknown, unsure}), judgedBy("plain.example", [2]*pkix.Chain{nil, nil}),
		{Result: &nowhere}, {Result: &bad},
	}
}

func writeComparison(t testing.TB, f Format, o Options, c Comparison, all []*DomainTrust, partial string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewComparison(f, &b, o, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(); err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if err := w.Add("a|list", d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(partial); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestComparisonGolden(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file    string
		format  Format
		opts    Options
		partial string
	}{
		{"trust.txt", Table, Options{}, ""}, {"trust-80.txt", Table, Options{Width: 80}, "the run was cut off"},
		{"trust-120-v-ascii.txt", Table, Options{Width: 120, Verbose: 1, ASCII: true}, ""},
		{"trust.csv", CSV, Options{}, ""}, {"trust.jsonl", JSONL, Options{}, ""},
		{"trust.json", JSON, Options{}, "the run was cut off"}, {"trust.md", Markdown, Options{}, "the run was cut off"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			compare(t, tt.file, writeComparison(t, tt.format, tt.opts, testComparison(t), testDomains(), tt.partial))
		})
	}
	if _, err := NewComparison(Format(99), &bytes.Buffer{}, Options{}, Comparison{}); err == nil {
		t.Error("there is a format 99")
	}
}

// TestComparisonCSVEqualsJSON: each column stands in the JSON where it says so, with the same value.
func TestComparisonCSVEqualsJSON(t *testing.T) {
	t.Parallel()
	rows := readCSV(t, writeComparison(t, CSV, Options{CSVRaw: true}, testComparison(t), testDomains(), ""))[1:]
	jsonl := writeComparison(t, JSONL, Options{}, testComparison(t), testDomains(), "")
	lines := bytes.Split(bytes.TrimSpace(jsonl), []byte("\n"))
	for _, line := range lines[1 : len(lines)-1] {
		var object map[string]any
		decode(t, line, &object)
		servers := object["servers"].([]any)
		for i := range max(len(servers), 1) {
			row := rows[0]
			rows = rows[1:]
			for k, c := range ComparisonColumns() {
				field, ofServer := strings.CutPrefix(c.JSON, "servers[].")
				from := object
				switch {
				case ofServer && len(servers) == 0:
					continue // a row without a server has nothing to say of one
				case ofServer:
					from = servers[i].(map[string]any)
				}
				if want := cell(t, from[field]); row[k] != want {
					t.Errorf("%s of %s: %q in CSV, %q in JSON", c.Name, row[2], row[k], want)
				}
			}
		}
	}
	if len(rows) != 0 {
		t.Errorf("%d rows are left over", len(rows))
	}
}

// TestComparisonIsHarmless: nothing that a server said reaches a terminal as it came.
func TestComparisonIsHarmless(t *testing.T) {
	t.Parallel()
	evil := "=1+1\x1b[2J\u202e`|<b>\r\n"
	c := trusted(3, 1, evil)
	c.Issuer, c.Lasts.Subject = evil, evil
	then := chain(pkix.Untrusted, pkix.UnknownIssuer, at, evil)
	then.Text = evil
	d := judgedBy("a.example", [2]*pkix.Chain{c, then})
	d.Servers[0].Server.Label, d.Result.Via = evil, evil
	r := scanner.Result{Input: evil, Invalid: invalid(evil, 0).Invalid}
	about := testComparison(t)
	about.Bundle.Path, about.Bundle.TLSOff = evil, evil
	for _, f := range []Format{Table, CSV, JSONL, JSON, Markdown} {
		out := string(writeComparison(t, f, Options{Verbose: 1}, about, []*DomainTrust{d, {Result: &r}}, evil))
		if bad := firstHidden(strings.ReplaceAll(out, "\n", ""), false); bad != "" {
			t.Errorf("%s: %s passes", f, bad)
		}
		if f == CSV && strings.Contains(out, ",=") {
			t.Error("a formula in CSV")
		}
	}
}

// TestSoonestOfMany: whatever the order, the chains that fail first are kept, and their domains are all counted.
func TestSoonestOfMany(t *testing.T) {
	t.Parallel()
	const chains, each = 3*endsKept + 17, 2
	var all []*DomainTrust
	for i := range chains * each {
		all = append(all, judgedBy(fmt.Sprintf("d%d.example", i), [2]*pkix.Chain{trusted(1+i%chains, 0, "mx"), nil}))
	}
	r := rand.New(rand.NewPCG(3, 4))
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	w := &trustDocument{about: testComparison(t)}
	if err := w.Begin(); err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if err := w.Add("", d); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.ends) > 2*endsKept {
		t.Errorf("%d chains are kept", len(w.ends))
	}
	for i, e := range w.soonest()[:endsKept] {
		if want := at.AddDate(0, 0, 1+i); !e.lasts.Until.Equal(want) || e.domains != each {
			t.Fatalf("chain %d fails %s for %d domains, want %s for %d", i, e.lasts.Until, e.domains, want, each)
		}
	}
}

// TestExpiresFirstByName: what fails on one day is listed by the domains' names.
func TestExpiresFirstByName(t *testing.T) {
	t.Parallel()
	var all []*DomainTrust
	for i, domain := range []string{"d.example", "b.example", "c.example", "a.example"} {
		c := trusted(9, 0, "mx")
		if domain == "c.example" {
			c = trusted(8, 0, "mx")
		}
		c.SHA256 = fmt.Sprintf("%d%s", i, c.SHA256)
		all = append(all, judgedBy(domain, [2]*pkix.Chain{c, c}))
	}
	out := string(writeComparison(t, Table, Options{}, testComparison(t), all, ""))
	_, out, _ = strings.Cut(out, "Expires first")
	if got := strings.Join(regexp.MustCompile(`[a-d]\.example`).FindAllString(out, -1), " "); got !=
		"c.example a.example b.example d.example" {
		t.Errorf("%s in\n%s", got, out)
	}
}

// TestManyChanges: of thousands of domains that change people see as many as they can read.
func TestManyChanges(t *testing.T) {
	t.Parallel()
	var all []*DomainTrust
	both := [2]*pkix.Chain{trusted(5, 0, "mx"), chain(pkix.Untrusted, pkix.SelfSigned, at, "mx")}
	for i := range changesShown + 7 {
		all = append(all, judgedBy(fmt.Sprintf("d%d.example", i), both))
	}
	out := string(writeComparison(t, Table, Options{}, testComparison(t), all, ""))
	if !strings.Contains(out, "\n  and 7 more: -o csv or -o jsonl lists all\n") ||
		strings.Count(out, " 1 of 1 ") != changesShown {
		t.Error(out)
	}
	if !strings.Contains(out, "d0.example, d1.example, d2.example and 54 more\n") {
		t.Error(out)
	}
	out = string(writeComparison(t, Table, Options{Verbose: 1}, testComparison(t), all, ""))
	if strings.Contains(out, "lists all") {
		t.Error(out)
	}
}
