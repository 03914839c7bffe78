//go:build parity

package main_test

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

const settingsHead = `# What Postfix 3.7.11 with OpenSSL 3.0 did under settings of its main.cf, as TestParitySettings saw it; -update
# rewrites it. For each setting and next-hop: the outcome; the word in the log at the first try; the host that took
# the message, or was tried last; where the first try did not deliver, its code and text. "+" behind plaintext: not
# before the message was older than minimal_backoff_time.
`

// settingsTable is what was observed, for people and for comparison: no clock, no key, no process number is in it.
func settingsTable(clients []*client) []byte {
	var b bytes.Buffer
	b.WriteString(settingsHead)
	for _, c := range clients {
		fmt.Fprintf(&b, "\n%s %s: %s\n", c.class, c.name, c.about)
		for _, o := range c.observed {
			outcome, at := o.outcome, ""
			if o.after > 0 {
				outcome += "+"
			}
			if o.host != "" {
				at = fmt.Sprintf("%s[%s]", o.host, o.address)
			}
			line := fmt.Sprintf("  %-30s %-10s %-9s %s %s %s", o.domain, outcome, cmp.Or(o.logged, "-"), at, o.code, o.text)
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	return b.Bytes()
}

// settingDifferences are the fields in which a prediction and an observation differ: unknown or outcome alone, where
// that is so and the others only follow.
func settingDifferences(o observation, p prediction) []string {
	switch p.Outcome {
	case o.outcome:
	case "unknown":
		return []string{"unknown"}
	default:
		return []string{"outcome"}
	}
	var fields []string
	differ := func(field string, differs bool) {
		if differs {
			fields = append(fields, field)
		}
	}
	differ("after", o.after != p.After)
	differ("word", o.word != p.Word && (o.outcome == "encrypted" || p.Word != ""))
	differ("host", o.host != strings.ToLower(p.Host))
	address := p.Address
	if at, err := netip.ParseAddrPort(address); err == nil {
		address = at.Addr().String()
	}
	differ("address", o.address != address)
	differ("code", o.outcome != "plaintext" && o.code != p.Code)
	return fields
}

// consequences are the differences with those that follow from them.
func consequences(fields []string) []string {
	if slices.Contains(fields, "unknown") || slices.Contains(fields, "outcome") {
		return append(slices.Clone(fields), "outcome", "word")
	}
	return fields
}

// compareSettings checks every cell, prints the table of agreement, and fails for what is different and not excepted,
// and for exceptions that are none.
func compareSettings(t *testing.T, clients []*client, exceptions []*exception) {
	t.Helper()
	counts := make(map[string]*tally)
	var classes []string
	for _, c := range clients {
		for i, o := range c.observed {
			p, told := c.predicted[o.domain]
			if !told {
				t.Errorf("%s %s: mxtls plan says nothing of it", c.name, o.domain)
			}
			fields := settingDifferences(o, p)
			left := slices.DeleteFunc(slices.Clone(fields), func(field string) bool {
				i := slices.IndexFunc(exceptions, func(e *exception) bool {
					return e.domain == c.name && e.level == o.domain && e.field == field
				})
				if i >= 0 {
					exceptions[i].used = true
				}
				return i >= 0
			})
			if len(left) > 0 {
				t.Errorf("%s %s, %s: %s\n  postfix: %+v\n    mxtls: %+v", c.name, o.domain, c.about,
					strings.Join(left, ", "), o, p)
			}
			if counts[c.class] == nil {
				classes = append(classes, c.class)
			}
			for _, class := range []string{c.class, "all"} {
				if counts[class] == nil {
					counts[class] = new(tally)
				}
				counts[class].count(o, p, consequences(fields), left)
				if i == 0 {
					counts[class].domains++
				}
			}
		}
	}
	for _, e := range exceptions {
		if !e.used {
			t.Errorf("settings/exceptions.txt: %s %s %s is no difference any more", e.domain, e.level, e.field)
		}
	}
	var b strings.Builder
	tw := tabwriter.NewWriter(&b, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "class\tmain.cfs\tcells\tsame outcome\tsame word\tall the same\texcepted\tsame text\tof\t")
	for _, class := range append(classes, "all") {
		n := counts[class]
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", class, n.domains, n.cells, n.outcomes, n.words, n.agree,
			n.excepted, n.texts, n.textsOf)
	}
	tw.Flush()
	t.Logf("agreement of mxtls plan with Postfix:\n%s", &b)
}
