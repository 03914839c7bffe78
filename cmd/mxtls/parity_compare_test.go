//go:build parity

package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// prediction is what `mxtls plan` says of a domain at a level, as a reader of the documented JSON sees it.
type prediction struct {
	Outcome string `json:"outcome"`
	After   int    `json:"after"`
	Word    string `json:"word"`
	Host    string `json:"host"`
	Address string `json:"address"`
	Code    string `json:"code"`
	Text    string `json:"text"`
	Reason  string `json:"reason"`
}

const planPatience = 2 * time.Minute

// planFlags choose the client's CAfile, by a site's zone, in the ways that users have.
func planFlags(t *testing.T, pkiDir string) map[string][]string {
	t.Helper()
	mainCF := func(name, text string) []string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return []string{"--main-cf", file}
	}
	return map[string][]string{
		"":              {"--ca-file", pkiDir + "/ca.pem"},
		"broken.test":   mainCF("broken.cf", "smtp_tls_CAfile = "+pkiDir+"/broken.pem\n"),
		"nocafile.test": mainCF("nocafile.cf", "smtp_tls_loglevel = 1\n"),
	}
}

// plan runs the binary on all sites and returns its predictions by level@domain.
func plan(t *testing.T, binary string, w *world, r release) map[string]prediction {
	t.Helper()
	all := make(map[string]prediction)
	for zone, flags := range planFlags(t, w.dir) {
		args := append([]string{"plan", "--resolver", strings.TrimSuffix(resolverAddr, ":53"), "--allow-reserved",
			"--ehlo", "postfix.client.test", "--vantage-host", "mx.good.parity.test", "--rate", "0",
			"--per-provider", "0", "--quiet", "-o", "jsonl",
			"--postfix-version", r.postfix, "--openssl-version", r.openssl}, flags...)
		var list strings.Builder
		for _, s := range w.sites {
			if s.zone == zone {
				fmt.Fprintln(&list, s.domain())
			}
		}
		file := filepath.Join(t.TempDir(), "domains.txt")
		if err := os.WriteFile(file, []byte(list.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--file", file)
		decoder := json.NewDecoder(bytes.NewReader(output(t, planPatience, binary, args...)))
		for decoder.More() {
			var line struct {
				Type    string                `json:"type"`
				Domain  string                `json:"domain"`
				Postfix map[string]prediction `json:"postfix"`
			}
			if err := decoder.Decode(&line); err != nil {
				t.Fatal(err)
			}
			if line.Type != "domain" {
				continue
			}
			for level, p := range line.Postfix {
				all[level+"@"+line.Domain] = p
			}
		}
	}
	return all
}

// differences are the names of the fields in which a prediction and an observation differ. The word is that of the
// session that took the message; for a message that nobody took, a prediction may be silent about it. A host and an
// address are expected where there is one.
func differences(o observation, p prediction, s site) []string {
	var fields []string
	differ := func(field string, differs bool) {
		if differs {
			fields = append(fields, field)
		}
	}
	differ("outcome", o.outcome != p.Outcome)
	differ("after", (o.after > 0) != (p.After > 0))
	differ("word", o.word != p.Word && (o.outcome == "encrypted" || p.Word != ""))
	differ("host", o.host != strings.ToLower(p.Host))
	address, _, _ := strings.Cut(p.Address, ":")
	differ("address", o.address != address && !s.shuffled)
	differ("code", o.outcome != "plaintext" && o.code != p.Code)
	return fields
}

// exception is a difference that is known: a line "DOMAIN LEVEL FIELD REASON" of a file.
type exception struct {
	file                         string
	domain, level, field, reason string
	used                         bool
}

// readExceptions reads those of every release and those of one, if it has some of its own.
func readExceptions(t *testing.T, dir, release string) []*exception {
	t.Helper()
	var all []*exception
	own := "exceptions-" + release + ".txt"
	for _, file := range []string{"exceptions.txt", own} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil && (file != own || !errors.Is(err, fs.ErrNotExist)) {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			f := strings.SplitN(line, " ", 4)
			if len(f) != 4 {
				t.Fatalf("%s: %q is not DOMAIN LEVEL FIELD REASON", file, line)
			}
			all = append(all, &exception{file: file, domain: f[0], level: f[1], field: f[2], reason: f[3]})
		}
	}
	return all
}

// tally counts what agrees, for a class or for all.
type tally struct{ domains, cells, outcomes, words, agree, excepted, texts, textsOf int }

// compare checks every cell, and fails for what is different and not excepted, and for exceptions that are none. It
// counts what agrees, by class.
func compare(t *testing.T, w *world, seen []observation, predicted map[string]prediction,
	exceptions []*exception) map[string]*tally {
	t.Helper()
	counts := make(map[string]*tally)
	for _, o := range seen {
		s, p := w.byDomain[o.domain], predicted[o.level+"@"+o.domain]
		fields := differences(o, p, s)
		if o.finger != "" && len(s.servers) == 1 && o.finger != o.logged {
			fields = append(fields, "finger")
		}
		left := slices.DeleteFunc(slices.Clone(fields), func(field string) bool {
			i := slices.IndexFunc(exceptions, func(e *exception) bool {
				return e.domain == o.domain && e.level == o.level && e.field == field
			})
			if i >= 0 {
				exceptions[i].used = true
			}
			return i >= 0
		})
		if len(left) > 0 {
			t.Errorf("%s %s, %s: %s\n  postfix: %+v\n    mxtls: %+v",
				o.domain, o.level, s.about, strings.Join(left, ", "), o, p)
		}
		for _, class := range []string{s.class, "all"} {
			if counts[class] == nil {
				counts[class] = new(tally)
			}
			counts[class].count(o, p, fields, left)
		}
	}
	for _, e := range exceptions {
		if !e.used {
			t.Errorf("%s: %s %s %s is no difference any more", e.file, e.domain, e.level, e.field)
		}
	}
	return counts
}

func (c *tally) count(o observation, p prediction, fields, left []string) {
	add := func(n *int, when bool) {
		if when {
			*n++
		}
	}
	add(&c.domains, o.level == levels[0])
	c.cells++
	add(&c.outcomes, !slices.Contains(fields, "outcome"))
	add(&c.words, !slices.Contains(fields, "word"))
	add(&c.agree, len(fields) == 0)
	add(&c.excepted, len(fields) > 0 && len(left) == 0)
	add(&c.textsOf, o.code != "" && o.outcome != "plaintext")
	add(&c.texts, o.code != "" && o.outcome != "plaintext" && o.text == p.Text)
}

// agreementTable is the table of what agrees with each release: cells are domain and level.
func agreementTable(versions []string, counts []map[string]*tally) string {
	var b strings.Builder
	tw := tabwriter.NewWriter(&b, 0, 8, 2, ' ', tabwriter.AlignRight)
	var total tally
	for i, version := range versions {
		fmt.Fprintf(tw, "%s\n", version)
		fmt.Fprintln(tw, "class\tdomains\tcells\tsame outcome\tsame word\tall the same\texcepted\tsame text\tof\t")
		for _, class := range []string{"A", "B", "C", "D", "E", "F", "T", "all"} {
			if c := counts[i][class]; c != nil {
				c.row(tw, class)
			}
		}
		total.add(counts[i]["all"])
	}
	fmt.Fprintf(tw, "%d releases\n", len(versions))
	total.row(tw, "all")
	tw.Flush()
	return b.String()
}

// add counts the cells of another release; the domains are the same.
func (c *tally) add(other *tally) {
	c.domains = other.domains
	c.cells += other.cells
	c.outcomes += other.outcomes
	c.words += other.words
	c.agree += other.agree
	c.excepted += other.excepted
	c.texts += other.texts
	c.textsOf += other.textsOf
}

func (c *tally) row(w io.Writer, name string) {
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", name, c.domains, c.cells, c.outcomes, c.words, c.agree,
		c.excepted, c.texts, c.textsOf)
}
