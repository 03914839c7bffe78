//go:build parity

package main_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// levels are those at which mail is sent, in the order of the columns.
var levels = []string{"none", "may", "encrypt", "verify", "secure"}

const (
	backoff        = 40 * time.Second // minimal_backoff_time in the lab's main.cf
	defaultBackoff = 300              // seconds; Postfix' default, which the prediction has
	deliverLimit   = 4 * time.Minute  // far more than two idle cores need
	batch          = 40               // domains with mail under way at a time: every first try must come before backoff
	fingers        = "8"              // posttls-fingers at a time
)

// caFiles are the client's CAfiles by a site's zone; - is none.
var caFiles = map[string]string{"": "/lab/pki/ca.pem", "broken.test": "/lab/pki/broken.pem", "nocafile.test": "-"}

// observation is what became of a message to a domain at a level.
type observation struct {
	domain, level string
	outcome       string // encrypted, plaintext, deferred, bounced
	after         int    // seconds of the message's age before which it was deferred; 0: the outcome came at once
	word          string // of the session that took the message, or of the last that did not: Anonymous, Untrusted, ...
	host, address string // the last tried
	code, text    string // of the first deferral, or of the bounce
	logged        string // the word of the first try, "-" where there was none
	finger        string // posttls-finger's word, "-" where it saw no TLS; "" at level none
}

// try is one delivery in Postfix' log.
type try struct {
	status, code, text, host, address, word string
	age                                     time.Duration // of the message when the client took it up
}

var (
	logLine   = regexp.MustCompile(`^\S+ +\d+ \S+ \S+ postfix/\S+\[(\d+)\]: (.*)$`)
	wordLine  = regexp.MustCompile(`^(\w+) TLS connection established to (\S+)\[([0-9a-f.:]+)\]:\d+: `)
	statusTry = regexp.MustCompile(`^\w+: to=<(\w+)@([^>]+)>, relay=([^,]+), .*delays=([0-9.]+)/([0-9.]+)/\S+ ` +
		`dsn=([0-9.]+), status=(\w+) \((.*)\)$`)
	relayAt = regexp.MustCompile(`^(\S+)\[([0-9a-f.:]+)\]:\d+$`)
	dialled = regexp.MustCompile(`^connect to (\S+)\[([0-9a-f.:]+)\]:\d+: `) // of the text, where relay= is none
)

// history is what Postfix' log told so far.
type history struct {
	file  *os.File          // read up to where it is
	rest  string            // the beginning of a line
	words map[string]string // by process and address: one process does one delivery
	tries map[string][]try  // all deliveries, by level@domain, in their order
}

// read takes up what the log has got since.
func (h *history) read() error {
	more, err := io.ReadAll(h.file)
	if err != nil {
		return err
	}
	for line := range strings.Lines(h.rest + string(more)) {
		if !strings.HasSuffix(line, "\n") {
			h.rest = line
			return nil
		}
		if strings.Contains(line, " TLS connection established ") || strings.Contains(line, ", status=") {
			h.take(strings.TrimSpace(line))
		}
	}
	h.rest = ""
	return nil
}

func (h *history) take(line string) {
	m := logLine.FindStringSubmatch(line)
	if m == nil {
		return
	}
	process, text := m[1], m[2]
	if w := wordLine.FindStringSubmatch(text); w != nil {
		h.words[process+w[3]] = w[1]
	}
	s := statusTry.FindStringSubmatch(text)
	if s == nil {
		return
	}
	before, _ := strconv.ParseFloat(s[4], 64) // digits, says the expression
	queued, _ := strconv.ParseFloat(s[5], 64)
	t := try{status: s[7], code: s[6], text: s[8], age: time.Duration((before + queued) * float64(time.Second))}
	at := relayAt.FindStringSubmatch(s[3])
	if at == nil {
		at = dialled.FindStringSubmatch(t.text)
	}
	if at != nil {
		t.host, t.address = strings.ToLower(at[1]), at[2]
		t.word = h.words[process+t.address]
	}
	h.tries[s[1]+"@"+s[2]] = append(h.tries[s[1]+"@"+s[2]], t)
}

// outcome is the prediction's word for what became of the message in this try.
func (t try) outcome() string {
	switch {
	case t.status != "sent":
		return t.status
	case strings.Contains(t.text, tookEncrypted):
		return "encrypted"
	case strings.Contains(t.text, tookPlain):
		return "plaintext"
	}
	return "sent, nobody knows how"
}

// joined is what a message's tries come to.
func joined(domain, level string, tries []try) observation {
	first, last := tries[0], tries[len(tries)-1]
	o := observation{domain: domain, level: level, outcome: last.outcome(), word: last.word, host: last.host,
		address: last.address, logged: cmp.Or(first.word, "-")}
	if first.status != "sent" {
		o.code, o.text = first.code, first.text
	}
	if first.status == "deferred" && last.status != "deferred" {
		o.after = defaultBackoff
	}
	if o.outcome == "plaintext" {
		o.word = "" // of a handshake that came to nothing
	}
	return o
}

// release is a Postfix that the lab has.
type release struct {
	postfix, openssl string // what mxtls plan is told of it
	server           string // in the lab
	submission       string // where it takes mail
}

// releases are those of Debian 12 and 13. What the others did is kept where it is not what the first did.
var releases = []release{
	{"3.7", "3.0", "postfix", "127.26.0.25:25"},
	{"3.10", "3.5", "trixie", "127.26.0.26:25"},
}

// sender is a running Postfix.
type sender struct {
	release
	script string
	seen   *history
}

// startSenders starts the lab, and stops it at the end of the test.
func startSenders(t *testing.T, script, state string) []*sender {
	t.Helper()
	output(t, time.Minute, script, "down")
	t.Cleanup(func() { output(t, time.Minute, script, "down") })
	t.Logf("%s", output(t, labPatience, "sh", "-c", `"$0" up 2>&1`, script))
	var all []*sender
	for _, r := range releases {
		log, err := os.Open(filepath.Join(state, "log", r.server, "output"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { log.Close() })
		h := &history{file: log, words: make(map[string]string), tries: make(map[string][]try)}
		all = append(all, &sender{r, script, h})
	}
	return all
}

// version is what the Postfix says that it is.
func (s *sender) version(t *testing.T) string {
	t.Helper()
	postfix := output(t, time.Minute, s.script, "in", s.server, "postconf", "-h", "mail_version")
	openssl := strings.Fields(string(output(t, time.Minute, s.script, "in", s.server, "postconf", "-T", "run-version")))
	return fmt.Sprintf("Postfix %s, %s", bytes.TrimSpace(postfix), strings.Join(openssl[:min(2, len(openssl))], " "))
}

// observe has Postfix do everything, to all sites.
func (s *sender) observe(t *testing.T, sites []site) []observation {
	t.Helper()
	var domains []string
	for _, site := range sites {
		domains = append(domains, site.domain())
	}
	var words map[string]string
	seen := s.deliver(t, domains, func() { words = s.finger(t, sites) })
	for i, o := range seen {
		seen[i].finger = words[o.level+"@"+o.domain]
	}
	return seen
}

// deliver sends a message to each domain at each level, and once more what was deferred, when it is old enough for
// plain text; meanwhile is called in the time between.
func (s *sender) deliver(t *testing.T, domains []string, meanwhile func()) []observation {
	t.Helper()
	for some := range slices.Chunk(domains, batch) {
		if err := s.submit(some); err != nil {
			t.Fatal(err)
		}
		s.await(t, some, func([]try) int { return 1 })
	}
	sent := time.Now()
	meanwhile()
	time.Sleep(time.Until(sent.Add(backoff + time.Second)))
	output(t, time.Minute, s.script, "in", s.server, "postqueue", "-f")
	tries := s.await(t, domains, func(tries []try) int {
		if tries[0].status == "deferred" {
			return 2
		}
		return 1
	})
	var all []observation
	for _, d := range domains {
		for _, level := range levels {
			if age := tries[level+"@"+d][0].age; age >= backoff {
				t.Errorf("%s at %s: the first try came after %v, too late", d, level, age)
			}
			all = append(all, joined(d, level, tries[level+"@"+d]))
		}
	}
	return all
}

// submit hands Postfix a message for each domain, with a recipient for each level.
func (s *sender) submit(domains []string) error {
	c, err := smtp.Dial(s.submission)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, d := range domains {
		if err := c.Mail(""); err != nil { // no sender: nobody wants to know of bounces
			return err
		}
		for _, level := range levels {
			if err := c.Rcpt(level + "@" + d); err != nil {
				return err
			}
		}
		w, err := c.Data()
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, "Subject: parity\r\n\r\nHello.\r\n")
		if err := cmp.Or(err, w.Close()); err != nil {
			return err
		}
	}
	return c.Quit()
}

// await reads the log until every message has had as many tries as want says of those there are.
func (s *sender) await(t *testing.T, domains []string, want func([]try) int) map[string][]try {
	t.Helper()
	for deadline := time.Now().Add(deliverLimit); ; time.Sleep(200 * time.Millisecond) {
		if err := s.seen.read(); err != nil {
			t.Fatal(err)
		}
		tries := s.seen.tries
		var missing []string
		for _, d := range domains {
			for _, level := range levels {
				if all := tries[level+"@"+d]; len(all) == 0 || len(all) < want(all) {
					missing = append(missing, level+"@"+d)
				}
			}
		}
		if len(missing) == 0 {
			return tries
		}
		if time.Now().After(deadline) {
			t.Fatalf("no outcome after %v for %q; see %s", deliverLimit, missing, s.seen.file.Name())
		}
	}
}

// finger asks posttls-finger for its words on all sites, by level@domain.
func (s *sender) finger(t *testing.T, sites []site) map[string]string {
	t.Helper()
	var questions bytes.Buffer
	for _, site := range sites {
		for _, level := range levels[1:] {
			fmt.Fprintln(&questions, level, caFiles[site.zone], site.domain())
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), deliverLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.script, "in", s.server, "xargs", "-L", "1", "-P", fingers,
		"/lab/conf/postfix/finger.sh")
	cmd.Stdin = &questions
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("posttls-finger: %v", err)
	}
	words := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 3 {
			words[f[0]+"@"+f[1]] = f[2]
		}
	}
	if want := len(sites) * len(levels[1:]); len(words) != want {
		t.Errorf("posttls-finger: %d answers to %d questions", len(words), want)
	}
	return words
}
