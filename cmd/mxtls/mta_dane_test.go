//go:build mta

package main_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/smtp"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// daneLevels are the levels at which mail goes to the domains with TLSA records.
var daneLevels = []string{"dane", "dane-only"}

const (
	daneSubmission = "127.25.6.99:25"
	daneSilent     = "127.25.0.55:53" // a name server of the lab's zones; nobody but this test is there
	danePatience   = 3 * time.Minute
	daneFingers    = "6" // posttls-fingers at a time
)

// daneLine is a line of JSONL of scan, and of plan, as far as DANE is concerned.
type daneLine struct {
	Type    string `json:"type"`
	Domain  string `json:"domain"`
	Level   string `json:"dane_level"`
	Servers []struct {
		Host    string `json:"host"`
		Address string `json:"address"`
		DANE    struct {
			Status     string   `json:"status"`
			Reason     string   `json:"reason"`
			BaseDomain string   `json:"base_domain"`
			Notes      []string `json:"notes"`
		} `json:"dane"`
	} `json:"servers"`
	Findings []findingLine            `json:"findings"`
	Postfix  map[string]daneDelivered `json:"postfix"`
}

// daneDelivered is what became of a message, or would.
type daneDelivered struct {
	Outcome string `json:"outcome"` // encrypted, plaintext, deferred, bounced
	Word    string `json:"word"`    // of the last server's session
	Host    string `json:"host"`
	Address string `json:"address"`
	Code    string `json:"code"` // where it is not taken
	Text    string `json:"text"`
	Reason  string `json:"reason"` // a prediction's
}

// checkDANE compares what scan and plan say of domains with TLSA records with the table of mta_dane_cases_test.go, with
// a Postfix client that delivers at levels dane and dane-only, and with posttls-finger.
func (l *lab) checkDANE(t *testing.T, _ []string, _ []domainLine) {
	silent, err := net.ListenPacket("udp", daneSilent)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	domains := slices.Sorted(maps.Keys(daneCases))
	await := l.deliverDANE(t, domains) // Postfix needs a while for name servers that are silent
	scanned := daneLines(t, l.scan(t, domains, "-o", "jsonl"))
	for _, d := range domains {
		if got := scanned[d].summary(); got != daneCases[d] {
			t.Errorf("%s:\n got %s\nwant %s", d, got, daneCases[d])
		}
	}
	release := strings.TrimSpace(string(output(t, scanPatience, l.script, "in", "dane", "postconf", "-h", "mail_version")))
	planned := l.danePlan(t, domains, "--postfix-version", release)
	compareDANE(t, domains, planned, await())
	l.fingerDANE(t, scanned, planned)
}

// summary is a line as the table has it: the level, then for each server its status, with /reason where it has one.
func (d daneLine) summary() string {
	words := []string{d.Level}
	for _, s := range d.Servers {
		word := s.DANE.Status
		if s.DANE.Reason != "" {
			word += "/" + s.DANE.Reason
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// daneLines decodes the domains of JSONL.
func daneLines(t *testing.T, text []byte) map[string]daneLine {
	t.Helper()
	all := make(map[string]daneLine)
	for decoder := json.NewDecoder(bytes.NewReader(text)); decoder.More(); {
		var line daneLine
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.Type == "domain" {
			all[line.Domain] = line
		}
	}
	return all
}

// danePlan runs plan on the domains.
func (l *lab) danePlan(t *testing.T, domains []string, flags ...string) map[string]daneLine {
	t.Helper()
	args := append([]string{"plan", "--resolver", labResolver, "--allow-reserved", "--ca-file", l.pki + "/ca.pem",
		"--ehlo", labEHLO, "--vantage-host", "postfix" + signed, "--rate", "0", "--per-provider", "0", "--quiet",
		"-o", "jsonl"}, flags...)
	return daneLines(t, output(t, scanPatience, l.binary, append(args, domains...)...))
}

var (
	daneLog     = regexp.MustCompile(`(?m)^\S+ +\d+ \S+ \S+ postfix/(dane|dane-only)/smtp\[(\d+)\]: (.*)$`)
	daneWord    = regexp.MustCompile(`^(\w+) TLS connection established to \S+\[([0-9.]+)\]:25: `)
	daneStatus  = regexp.MustCompile(`^\w+: to=<[^@]+@([^>]+)>, relay=([^,]+), .* dsn=([0-9.]+), status=(\w+) \((.*)\)$`)
	refusedLate = regexp.MustCompile(`in reply to (RCPT TO|end of DATA) command`)
	daneRelay   = regexp.MustCompile(`^(\S+)\[([0-9.]+)\]:25$`)
)

// deliverDANE has Postfix send a message to every domain at every level. The function that it returns waits for the
// outcomes, by level@domain.
func (l *lab) deliverDANE(t *testing.T, domains []string) func() map[string]daneDelivered {
	t.Helper()
	file, err := os.Open(l.state + "/log/dane/output")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	if _, err := file.Seek(0, io.SeekEnd); err != nil { // a lab that was up has deliveries of other days
		t.Fatal(err)
	}
	if err := submitDANE(domains); err != nil {
		t.Fatal(err)
	}
	var text []byte
	want := len(domains) * len(daneLevels)
	return func() map[string]daneDelivered {
		for deadline := time.Now().Add(danePatience); ; time.Sleep(200 * time.Millisecond) {
			more, err := io.ReadAll(file)
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, more...)
			all := readDANE(text)
			if len(all) == want {
				return all
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d outcomes of %d after %v; see %s", len(all), want, danePatience, file.Name())
			}
		}
	}
}

// submitDANE hands Postfix a message for each domain, with a recipient for each level.
func submitDANE(domains []string) error {
	c, err := smtp.Dial(daneSubmission)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, d := range domains {
		if err := c.Mail(""); err != nil { // no sender: nobody wants to know of bounces
			return err
		}
		for _, level := range daneLevels {
			if err := c.Rcpt(level + "@" + d); err != nil {
				return err
			}
		}
		w, err := c.Data()
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, "Subject: dane\r\n\r\nHello.\r\n")
		if err := cmp.Or(err, w.Close()); err != nil {
			return err
		}
	}
	return c.Quit()
}

// readDANE reads outcomes from a log. One process does one delivery, so that its number joins the lines. A message that
// a server refused late went as the session went: some of the lab's servers take no mail at all.
func readDANE(log []byte) map[string]daneDelivered {
	words := make(map[string]string) // by process and address
	all := make(map[string]daneDelivered)
	for _, m := range daneLog.FindAllSubmatch(log, -1) {
		level, process, text := string(m[1]), string(m[2]), string(m[3])
		if w := daneWord.FindStringSubmatch(text); w != nil {
			words[process+w[2]] = w[1]
		}
		s := daneStatus.FindStringSubmatch(text)
		if s == nil {
			continue
		}
		d := daneDelivered{Outcome: s[4], Code: s[3], Text: s[5]}
		if at := daneRelay.FindStringSubmatch(s[2]); at != nil {
			d.Host, d.Address = at[1], at[2]
			d.Word = words[process+at[2]]
		}
		if d.Outcome == "sent" || refusedLate.MatchString(d.Text) {
			d.Outcome, d.Code, d.Text = "encrypted", "", ""
			if d.Word == "" {
				d.Outcome = "plaintext"
			}
		}
		all[level+"@"+s[1]] = d
	}
	return all
}

// compareDANE holds plan against the deliveries: outcome, word, host, address, code and
// the text of what was not taken.
func compareDANE(t *testing.T, domains []string, planned map[string]daneLine, delivered map[string]daneDelivered) {
	t.Helper()
	agreed := 0
	unused := maps.Clone(daneExceptions)
	for _, d := range domains {
		for _, level := range daneLevels {
			p, o := planned[d].Postfix[level], delivered[level+"@"+d]
			delete(unused, level+"@"+d)
			switch fields, why := o.differences(p), daneExceptions[level+"@"+d]; {
			case why == "" && len(fields) > 0:
				t.Errorf("%s at %s: %s\n  postfix: %+v\n    mxtls: %+v", d, level, strings.Join(fields, ", "), o, p)
			case why != "" && len(fields) == 0:
				t.Errorf("%s at %s is no exception any more: %s", d, level, why)
			}
			if len(o.differences(p)) == 0 {
				agreed++
			}
		}
	}
	for cell := range unused {
		t.Errorf("there is no %s to be an exception", cell)
	}
	t.Logf("%d deliveries to %d domains: %d as plan says", len(delivered), len(domains), agreed)
}

// differences are the names of the fields in which a delivery and a prediction differ. Where nobody took the message a
// prediction may be silent about the word.
func (o daneDelivered) differences(p daneDelivered) (fields []string) {
	address, _, _ := strings.Cut(p.Address, ":")
	taken := o.Outcome == "encrypted" || o.Outcome == "plaintext"
	for _, f := range []struct {
		name    string
		differs bool
	}{
		{"outcome", o.Outcome != p.Outcome},
		{"word", o.Word != p.Word && (o.Outcome == "encrypted" || p.Word != "")},
		{"host", o.Host != "" && o.Host != strings.ToLower(p.Host)},
		{"address", o.Host != "" && o.Address != address},
		{"code", o.Code != p.Code && !taken},
		{"text", o.Text != p.Text && !taken && !strings.Contains(o.Text, "Name service error")}, // this one has no IPv6
	} {
		if f.differs {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// fingerDANE compares with posttls-finger, where one server alone decides and has records that can be used: for other
// ones its dane means secure.
func (l *lab) fingerDANE(t *testing.T, scanned, planned map[string]daneLine) {
	t.Helper()
	var domains []string
	for d, line := range scanned {
		if len(line.Servers) == 1 && (line.Servers[0].DANE.Status == "match" || line.Servers[0].DANE.Status == "mismatch") {
			domains = append(domains, d)
		}
	}
	for _, level := range daneLevels {
		words, bases := l.askFingers(t, level, domains)
		for _, d := range domains {
			if level == "dane-only" && strings.HasSuffix(d, ".mta-plain.test") {
				continue // it does not ask whether the MX records were signed
			}
			if want := planned[d].Postfix[level].Word; words[d] != want {
				t.Errorf("%s at %s: posttls-finger says %q, plan %q", d, level, words[d], want)
			}
			base := scanned[d].Servers[0].DANE.BaseDomain
			if d == "tlsa-alias.mta-dane.test" {
				base = "mx-alias-end.mta-dane.test" // it prints the records' own name, not the one that it asked for
			}
			if bases[d] != base {
				t.Errorf("%s at %s: posttls-finger has TLSA records of %q, scan of %q", d, level, bases[d], base)
			}
		}
	}
	t.Logf("posttls-finger: %d domains at %q", len(domains), daneLevels)
}

var (
	fingerDone = regexp.MustCompile(`(?m)^== (\S+)\n((?:[^=].*\n)*)`)
	fingerWord = regexp.MustCompile(`posttls-finger: (\w+) TLS connection established`)
	fingerBase = regexp.MustCompile(`posttls-finger: DNSSEC-signed TLSA record: _25\._tcp\.(\S+): `)
)

// askFingers returns posttls-finger's words and TLSA base domains at a level, by domain.
func (l *lab) askFingers(t *testing.T, level string, domains []string) (words, bases map[string]string) {
	t.Helper()
	const ask = `out=$(posttls-finger -c -l "$1" -L summary,verbose -F /lab/pki/ca.pem "$2" 2>&1)
printf '== %s\n%s\n' "$2" "$out"`
	const all = `script=$1 level=$2; shift 2; printf '%s\n' "$@" | xargs -P ` + daneFingers +
		` -n 1 sh -c "$script" sh "$level"`
	args := append([]string{"in", "dane", "sh", "-c", all, "sh", ask, level}, domains...)
	out := output(t, danePatience, l.script, args...)
	words, bases = make(map[string]string), make(map[string]string)
	for _, m := range fingerDone.FindAllSubmatch(out, -1) {
		name := string(m[1])
		if w := fingerWord.FindSubmatch(m[2]); w != nil {
			words[name] = string(w[1])
		}
		if b := fingerBase.FindSubmatch(m[2]); b != nil {
			bases[name] = strings.TrimSuffix(string(b[1]), ".")
		}
	}
	if len(words) == 0 {
		t.Fatal(fmt.Errorf("posttls-finger says nothing:\n%s", out))
	}
	return words, bases
}
