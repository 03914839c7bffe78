//go:build mta

package main_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// trafficLine is a line of mxtls traffic -o jsonl.
type trafficLine struct {
	Type      string
	Direction string
	Domain    string
	Via       string
	Reason    string
	counts
}

// traffic are the lines of a report on a log.
func (l *lab) traffic(t *testing.T, log string) (lines []trafficLine) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	out := output(t, scanPatience, l.binary, "traffic", "--loopback", "-q", "-o", "jsonl", file)
	decoder := json.NewDecoder(bytes.NewReader(out))
	for decoder.More() {
		var line trafficLine
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		maps.DeleteFunc(line.Words, func(_ string, n int) bool { return n == 0 })
		lines = append(lines, line)
	}
	return lines
}

// compareTraffic holds the report on our own Postfix' log to what is expected of it: rows, reasons and totals.
func (r *run) compareTraffic(t *testing.T) {
	t.Helper()
	got, totals, wantTotals := map[string]*counts{}, map[string]int{}, map[string]int{}
	reasons, wantReasons := map[string]int{}, map[string]int{}
	for _, line := range r.traffic(t, r.text) {
		switch line.Type {
		case "destination":
			got[line.Direction+" "+line.Domain] = &line.counts
			if via := viaOf(line); line.Via != via {
				t.Errorf("%s went by way of %q, not %q", line.Domain, line.Via, via)
			}
		case "failure":
			reasons[line.Reason] = line.Deferred + line.Bounced
		case "summary":
			totals[line.Direction] = line.Messages
		}
	}
	for _, p := range r.sent {
		if _, reason, ok := strings.Cut(p.became, " "); ok {
			wantReasons[reason] += p.copies()
		}
	}
	for key, row := range r.want {
		direction, _, _ := strings.Cut(key, " ")
		wantTotals[direction] += row.Messages
	}
	for what, diff := range map[string]string{"rows": cmp.Diff(r.want, got), "reasons": cmp.Diff(wantReasons, reasons),
		"totals": cmp.Diff(wantTotals, totals)} {
		if diff != "" {
			t.Errorf("%s (-messages +traffic):\n%s", what, diff)
		}
	}
	for _, how := range []string{" TLS connection reused to ", ", conn_use=2, "} {
		if !strings.Contains(r.text, how) {
			t.Errorf("no connection served a second message: nothing with %q in the log", how)
		}
	}
	t.Logf("mxtls traffic: %v messages, %d rows, from %d lines", totals, len(got), strings.Count(r.text, "\n"))
}

// viaOf is the provider that a row must have: no client has a name, and where TLSA records are missing none is tried.
func viaOf(line trafficLine) string {
	switch {
	case line.Direction == "inbound", strings.Contains(line.Domain, ".dane-only."):
		return ""
	case strings.HasSuffix(line.Domain, ".mta-plain.test"):
		return "mta-dane.test" // where its host is
	}
	return strings.Join(lastTwo(line.Domain), ".")
}

// compareOthers holds the reports on the logs of Exim and sendmail to what they took and handed over in the same run.
func (r *run) compareOthers(t *testing.T, letters []letter) {
	t.Helper()
	for server, log := range map[string]string{"exim": "exim/mainlog", "sendmail": "sendmail/syslog"} {
		want, got := map[string]*counts{}, map[string]*counts{}
		add := func(key string, s session) {
			if want[key] == nil {
				want[key] = newCounts()
			}
			want[key].add(s)
		}
		for _, l := range letters {
			if l.server == server {
				add("inbound "+r.sender(l), l.taken(t))
			}
		}
		for _, c := range r.came {
			if c.name == server {
				add("outbound "+domainOf(c.to), c.session(r, t))
			}
		}
		for _, line := range r.traffic(t, r.logOf(t, log)) {
			if strings.Contains(line.Domain, r.word) {
				got[line.Direction+" "+line.Domain] = &line.counts
			}
		}
		// What they think of a certificate, and GnuTLS' names of suites, are their own.
		own := cmpopts.IgnoreFields(counts{}, "Words", "Ciphers")
		if diff := cmp.Diff(want, got, own); diff != "" || len(want) == 0 {
			t.Errorf("%s (-messages +traffic):\n%s", server, diff)
		}
	}
}

// sender is the domain of the one who sent a letter.
func (r *run) sender(l letter) string {
	for from, p := range r.back {
		if p == r.sent[domainOf(l.recipients[0])] {
			return from
		}
	}
	return r.mass
}

// compareReceived holds what mxtls received reads in the headers of all letters to the sessions in which they were
// handed over, as those have them who sent them.
func (r *run) compareReceived(t *testing.T, letters []letter) {
	t.Helper()
	texts := make([][]byte, len(letters))
	for i, l := range letters {
		texts[i] = l.text
	}
	handed, last := r.handed(), map[string]int{}
	for i, hops := range r.hops(t, texts...) {
		got := make([]passage, len(hops))
		for j, h := range hops {
			got[j] = passage{h.Encrypted, h.TLS.Version, canonicalCipher(h.TLS.Cipher, h.TLS.Version)}
		}
		if diff := cmp.Diff(r.passages(t, letters[i], handed), got); diff != "" {
			t.Errorf("hops (-clients +mxtls):\n%s\n%s", diff, letters[i].text)
		}
		last[got[len(got)-1].Encrypted]++
	}
	t.Logf("mxtls received: %d letters, by whether their last hop is encrypted: %v", len(letters), last)
}

// passage is a hop.
type passage struct{ Encrypted, Version, Cipher string }

func passed(s session) passage {
	if s.version == "" {
		return passage{Encrypted: "no"}
	}
	return passage{"yes", s.version, s.cipher}
}

// passages are the hops of a letter that its senders have: handed is what our own Postfix has.
func (r *run) passages(t *testing.T, l letter, handed map[string]session) []passage {
	t.Helper()
	for _, c := range r.came {
		if c.to == l.recipients[0] {
			return append(slices.Clone(c.before), passed(c.session(r, t)))
		}
	}
	first := passage{Encrypted: "unknown"} // our own Postfix wrote it
	p := r.sent[domainOf(l.recipients[0])]
	if p != nil {
		first = passed(p.submitted[0])
	}
	m := ownID.FindSubmatch(l.text)
	if m == nil {
		t.Fatalf("our own Postfix has not written in\n%s", l.text)
	}
	s, ok := handed[string(m[1])+" "+l.recipients[0]]
	if p != nil && p.by == "quiet" {
		s = l.taken(t) // the log says nothing
	}
	if !ok {
		t.Errorf("our own Postfix has not handed over %s to %s", m[1], l.recipients[0])
	}
	return []passage{first, passed(s)}
}

var (
	ownID     = regexp.MustCompile(`by mx\.own\S+ \(Postfix\)(?: with \w+)?\s+id (\w+)`)
	smtpLine  = regexp.MustCompile(`(?m)^\S+ +\S+ \S+ \S+ \w+/smtp\[(\d+)\]: (.*)$`)
	smtpBegun = regexp.MustCompile(`^\w+ TLS connection (?:established|reused) to (\S+): (\S+) with cipher (\S+) `)
	smtpGiven = regexp.MustCompile(`^(\w+): to=<([^>]+)>, relay=([^,]+), .* status=sent `)
)

// handed is how our own Postfix handed messages over, by its own log: by identifier and recipient. A line on TLS is for
// the next message of its process, if that goes to the same server.
func (r *run) handed() map[string]session {
	type begun struct {
		session
		relay, id string
	}
	all, open := map[string]session{}, map[string]begun{}
	for _, line := range smtpLine.FindAllStringSubmatch(r.text, -1) {
		process, text := line[1], line[2]
		if m := smtpBegun.FindStringSubmatch(text); m != nil {
			open[process] = begun{session{version: m[2], cipher: m[3]}, m[1], ""}
		} else if m := smtpGiven.FindStringSubmatch(text); m != nil {
			id, to, relay := m[1], m[2], m[3]
			b := open[process]
			if all[id+" "+to] = (session{}); b.relay == relay && (b.id == "" || b.id == id) {
				b.id = id
				open[process], all[id+" "+to] = b, b.session
			}
		}
	}
	return all
}
