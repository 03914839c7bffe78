// Package mox compares mox's parsers of MTA-STS and TLSRPT (github.com/mjl-/mox, packages mtasts and tlsrpt) with ours on
// the texts of testdata/published. It is a module of its own, so that nothing that is built depends on mox. The
// differences are known and stand in differences.md, each with its reason: one that does not stand there fails the
// test, and so does one that is gone.
package mox

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	moxsts "github.com/mjl-/mox/mtasts"
	moxrpt "github.com/mjl-/mox/tlsrpt"

	"mxtls/scanner/mtasts"
	"mxtls/scanner/tlsrpt"
	"mxtls/testdata/published"
)

var list = flag.Bool("list", false, "print the rows of differences.md as they are now, without the reasons")

// invalid is what a parser makes of a text that it refuses.
const invalid = "invalid"

// kind is one kind of text, with both readers of it.
type kind struct {
	name      string
	texts     func(testing.TB) []published.Text
	ours, mox func(text string) string
}

var kinds = []kind{
	{"policy", published.Policies, ourPolicy, moxPolicy},
	{"MTA-STS record", published.STSRecords, ourSTSRecord, moxSTSRecord},
	{"TLSRPT record", published.TLSRPTRecords, ourTLSRPTRecord, moxTLSRPTRecord},
}

func ourPolicy(text string) string {
	p, _, err := mtasts.ParsePolicy([]byte(text))
	if err != nil {
		return invalid
	}
	words := []string{p.Mode.String(), fmt.Sprint(int64(p.MaxAge.Seconds()))}
	for _, mx := range p.MX {
		words = append(words, mx.String())
	}
	return strings.Join(words, " ")
}

func moxPolicy(text string) string {
	p, err := moxsts.ParsePolicy(text)
	if err != nil {
		return invalid
	}
	words := []string{string(p.Mode), fmt.Sprint(p.MaxAgeSeconds)}
	for _, mx := range p.MX {
		pattern := mx.Domain.ASCII
		if mx.Wildcard {
			pattern = "*." + pattern
		}
		words = append(words, pattern)
	}
	return strings.Join(words, " ")
}

func ourSTSRecord(text string) string {
	r, _, err := mtasts.ParseRecord(text)
	if err != nil {
		return invalid
	}
	return r.ID
}

func moxSTSRecord(text string) string {
	r, _, err := moxsts.ParseRecord(text)
	if err != nil {
		return invalid
	}
	return r.ID
}

func ourTLSRPTRecord(text string) string {
	r, _, err := tlsrpt.ParseRecord(text)
	if err != nil {
		return invalid
	}
	var all []string
	for _, u := range r.RUA {
		all = append(all, u.Text)
	}
	return strings.Join(all, " ")
}

func moxTLSRPTRecord(text string) string {
	r, _, err := moxrpt.ParseRecord(text)
	if err != nil {
		return invalid
	}
	var all []string
	for _, list := range r.RUAs {
		for _, u := range list {
			all = append(all, string(u))
		}
	}
	return strings.Join(all, " ")
}

// row is a difference as a row of differences.md begins, in the first four columns.
func row(k kind, name, ours, mox string) string {
	return "| " + strings.Join([]string{k.name, name, code(ours), code(mox)}, " | ") + " | "
}

// code is what a parser made of a text, fit for a cell: the long ones are cut.
func code(text string) string {
	const most = 72
	if len(text) > most {
		text = text[:most] + "..."
	}
	return strings.ReplaceAll("`"+text+"`", "|", `\|`)
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	known := knownDifferences(t)
	texts, same := 0, 0
	for _, k := range kinds {
		for _, p := range k.texts(t) {
			texts++
			ours, mox := k.ours(p.Text), k.mox(p.Text)
			if ours == mox {
				same++
				continue
			}
			r := row(k, p.Name, ours, mox)
			if *list {
				fmt.Println(r + "|")
			} else if reason := known[r]; reason == "" {
				t.Errorf("differences.md has no such row, or no reason in it:\n%s", r)
			}
			delete(known, r)
		}
	}
	for r := range known {
		if !*list {
			t.Errorf("differences.md has a row that is no difference any more:\n%s", r)
		}
	}
	if texts < 100 || same < texts/2 {
		t.Errorf("the parsers agree on %d of %d texts: too few to call either an oracle", same, texts)
	}
	t.Logf("the parsers agree on %d of %d texts", same, texts)
}

// knownDifferences are the reasons in differences.md, by the beginning of their row.
func knownDifferences(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("differences.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) < 5 || strings.HasPrefix(line, "| kind ") {
			continue
		}
		begin := strings.Join(cells[:len(cells)-1], " | ") + " | "
		known[begin] = strings.TrimSpace(strings.TrimSuffix(cells[len(cells)-1], "|"))
	}
	return known
}
