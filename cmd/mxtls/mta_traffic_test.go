//go:build mta

package main_test

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mxtls/scanner/starttls"
)

const (
	own           = "127.25.8.1:25"  // our own Postfix
	mailPatience  = 90 * time.Second // one server lets its clients wait for 6 s
	inboxDomain   = ".inbox" + signed
	bouncesDomain = ".may.postfix.kept" + signed
)

// run is mail that travels: what our own Postfix sends and takes in one run of the test.
type run struct {
	*lab
	word string   // stands in every message
	log  *os.File // of our own Postfix, from the begin of the run
	text string   // what was read of it

	sent map[string]*parcel // by the recipients' domain
	back map[string]*parcel // by the sender's domain
	mass string             // the sender's domain of what goes to many at once
	came []*call
	want map[string]*counts // rows of the report, by direction and domain
}

// parcel is a journey under way: its messages are the only ones from and to its domains.
type parcel struct {
	journey
	domain     string
	recipients []string
	submitted  []session // as our own Postfix took its messages
	arrived    []session // as they, or what came back, were taken, for each recipient
}

// copies are all its messages for all its recipients.
func (p *parcel) copies() int { return len(p.recipients) * max(1, p.messages) }

// checkTraffic has our own Postfix send mail to all servers, and take mail from all clients, and holds what mxtls
// traffic reads in its log, row for row, to what the others have of the same messages; and what mxtls received reads in
// the headers of all of them to what the other end of each hop has.
func (l *lab) checkTraffic(t *testing.T) {
	r := l.newRun(t)
	defer r.log.Close()
	r.send(t)
	r.call(t)
	r.await(t)
	letters := r.letters(t)
	r.arrive(t, letters)
	r.expect(t)
	r.compareTraffic(t)
	r.compareOthers(t, letters)
	r.compareReceived(t, letters)
}

// newRun begins a run: an empty queue, and a log that begins with a start of Postfix' own.
func (l *lab) newRun(t *testing.T) *run {
	t.Helper()
	log, err := os.Open(filepath.Join(l.state, "log/own/output"))
	if err != nil {
		t.Fatal(err)
	}
	r := &run{lab: l, word: fmt.Sprintf("run%d", time.Now().UnixNano()), log: log, sent: map[string]*parcel{},
		back: map[string]*parcel{}, want: map[string]*counts{}}
	output(t, scanPatience, l.script, "in", "own", "postsuper", "-d", "ALL")
	if _, err := log.Seek(0, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	output(t, scanPatience, l.script, "in", "own", "postfix", "reload")
	r.until(t, "Postfix read its configuration again", func() bool {
		return strings.Contains(r.text, ": reload -- version ")
	})
	return r
}

// until reads the log until something is so.
func (r *run) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(mailPatience); ; time.Sleep(50 * time.Millisecond) {
		more, err := io.ReadAll(r.log)
		if err != nil {
			t.Fatal(err)
		}
		if r.text += string(more); done() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v not: %s; see %s", mailPatience, what, r.log.Name())
		}
	}
}

// parcel is a journey with its domains and recipients.
func (r *run) parcel(number int, j journey) *parcel {
	p := &parcel{journey: j, domain: j.to}
	local := []string{"kept"} // the servers with TLSA records throw everything else away
	if !strings.HasSuffix(j.to, ".test") {
		p.domain = fmt.Sprintf("%s%d-%s.%s.%s.kept%s", j.by, number, r.word, j.level, j.to, signed)
		local = []string{"a", "b", "c"}[:max(1, j.recipients)]
	}
	for _, name := range local {
		p.recipients = append(p.recipients, name+"@"+p.domain)
	}
	r.sent[p.domain] = p
	return p
}

// send submits all journeys, every other over TLS.
func (r *run) send(t *testing.T) {
	t.Helper()
	submit := func(number int, to []string) (string, session) {
		from := fmt.Sprintf("back%d-%s%s", number, r.word, bouncesDomain)
		security := []security{inPlain, secured}[number%2]
		s := r.submitted(t, "back@"+from, to, security)
		r.row("inbound", from).add(s)
		return from, s
	}
	var mass []*parcel
	for i, j := range journeys {
		p := r.parcel(i, j)
		if j.mass {
			mass = append(mass, p)
			continue
		}
		for range max(1, j.messages) {
			from, s := submit(i, p.recipients)
			r.back[from] = p
			p.submitted = append(p.submitted, s)
		}
	}
	var all []string
	for _, p := range mass {
		all = append(all, p.recipients...)
	}
	from, s := submit(len(journeys), all)
	r.mass = from
	for _, p := range mass {
		p.submitted = []session{s}
	}
}

// submitted hands our own Postfix a message.
func (r *run) submitted(t *testing.T, from string, to []string, how security) session {
	t.Helper()
	state := r.submit(t, own, from, to, r.word, how)
	if how == inPlain {
		return session{}
	}
	word := map[security]string{secured: "Anonymous", certified: "Trusted", impostor: "Untrusted"}[how]
	return session{starttls.VersionName(state.Version), starttls.CipherName(state.CipherSuite), word}
}

// status is the end of a recipient's delivery in the log.
var status = regexp.MustCompile(`(?m)/(?:smtp|virtual|error)\[\d+\]: \w+: to=<([^>]+)>, .* status=(\w+) \(`)

// await waits until every recipient has an outcome, and the sender of what bounces has word of it.
func (r *run) await(t *testing.T) {
	t.Helper()
	missing := map[string]int{}
	for _, p := range r.sent {
		for _, to := range p.recipients {
			missing[to] += max(1, p.messages)
		}
	}
	for from, p := range r.back {
		if strings.HasPrefix(p.became, "bounced") {
			missing["back@"+from]++
		}
	}
	for _, c := range r.came {
		missing[c.to]++
	}
	left := maps.Clone(missing)
	defer func() {
		if t.Failed() {
			t.Logf("without an outcome: %v", slices.Sorted(maps.Keys(left)))
		}
	}()
	r.until(t, "every message has an outcome", func() bool {
		left = maps.Clone(missing)
		for _, m := range status.FindAllStringSubmatch(r.text, -1) {
			if left[m[1]]--; left[m[1]] <= 0 {
				delete(left, m[1])
			}
		}
		return len(left) == 0
	})
}
