//go:build parity

package main_test

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

const tableHead = `# What Postfix 3.7.11 with OpenSSL 3.0 did, as TestParity saw it; -update rewrites it. For each
# domain its class, then for each level: the outcome; the word in the log of the SMTP client at the first
# try, and posttls-finger's; the host that took the message, or was tried last; where the first try did not
# deliver, its code and text. "+" behind plaintext: not before the message was older than
# minimal_backoff_time. * stands for an address that chance chooses.
`

var literal = regexp.MustCompile(`\[[0-9.]+\]`)

// table is the observations for people and for comparison: no clock, no key, no process number is in it.
func table(w *world, seen []observation) []byte {
	var b bytes.Buffer
	b.WriteString(tableHead)
	for _, o := range seen {
		s := w.byDomain[o.domain]
		if o.level == levels[0] {
			b.WriteString(s.head())
		}
		b.WriteString(o.row(s))
	}
	return b.Bytes()
}

const changesHead = `# What Postfix %s with OpenSSL %s did otherwise than %s: its lines, in the form of observed.txt.
`

// changes is the table of a release as far as it differs from that of another.
func changes(w *world, r release, before, after []observation) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, changesHead, r.postfix, r.openssl, releases[0].postfix)
	domain := ""
	for i, o := range after {
		s := w.byDomain[o.domain]
		row := o.row(s)
		if row == before[i].row(s) {
			continue
		}
		if o.domain != domain {
			domain = o.domain
			b.WriteString(s.head())
		}
		b.WriteString(row)
	}
	return b.Bytes()
}

func (s site) head() string { return fmt.Sprintf("\n%s %s: %s\n", s.class, s.domain(), s.about) }

// row is an observation in one line.
func (o observation) row(s site) string {
	outcome, address := o.outcome, o.address
	if o.after > 0 {
		outcome += "+"
	}
	if s.shuffled {
		o.text, address = literal.ReplaceAllString(o.text, "[*]"), "*"
	}
	at := ""
	if o.host != "" {
		at = fmt.Sprintf("%s[%s]", o.host, address)
	}
	line := fmt.Sprintf("  %-7s %-10s %-9s %-9s %s %s %s", o.level, outcome, cmp.Or(o.logged, "-"),
		cmp.Or(o.finger, "-"), at, o.code, o.text)
	return strings.TrimRight(line, " ") + "\n"
}
