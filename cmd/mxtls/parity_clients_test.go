//go:build parity

package main_test

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// client is the Postfix of a setting, and what mxtls plan says of it.
type client struct {
	*setting
	world     *world
	to        []destination
	dir       string // of its main.cf, on this side
	address   string // where it takes mail
	stopped   string // why its smtp(8) does not start
	backoff   time.Duration
	seen      *history
	observed  []observation // by destination
	predicted map[string]prediction
}

// inside is a client's directory where Postfix runs.
func (c *client) inside() string { return "/lab/shared/settings/" + c.name }

// newClients writes the configurations below a directory that the lab has as /lab/shared.
func newClients(t *testing.T, w *world, all []setting, shared string) []*client {
	t.Helper()
	var clients []*client
	for i := range all {
		s := &all[i]
		c := &client{setting: s, world: w, to: s.destinations(w), dir: filepath.Join(shared, "settings", s.name),
			address: clientIPv4(i), backoff: settingsBackoff}
		if strings.Contains(s.mainCF, "inet_protocols = ipv6\n") {
			c.address = clientIPv6(i)
		}
		if err := c.write(); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		log, err := os.Open(filepath.Join(c.dir, "log"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { log.Close() })
		c.seen = &history{file: log, words: make(map[string]string), tries: make(map[string][]try)}
		if m := ownBackoff.FindStringSubmatch(s.mainCF); m != nil {
			c.backoff = must(time.ParseDuration(m[1]))
		}
		clients = append(clients, c)
	}
	return clients
}

var ownBackoff = regexp.MustCompile(`(?m)^minimal_backoff_time = (\d+s)$`)

// The addresses of the clients, apart from those of the servers: a Postfix does not send mail to itself.
func clientIPv4(i int) string { return fmt.Sprintf(addressIPv4, 200+i/200, 1+i%200) }
func clientIPv6(i int) string { return fmt.Sprintf(addressIPv6, 200+i/200, 1+i%200) }

// write makes the client's directory: main.cf, master.cf, an empty log and the tables.
func (c *client) write() error {
	files := map[string]string{"log": ""}
	for _, name := range []string{"main.cf", "master.cf"} {
		b, err := os.ReadFile(filepath.Join(parityData, "settings", name))
		if err != nil {
			return err
		}
		files[name] = string(b)
	}
	transport := c.transport(c.world)
	if transport != "" {
		files["main.cf"] += "transport_maps = texthash:{dir}/transport\n"
		files["transport"] = transport
	}
	files["main.cf"] += strings.TrimPrefix(c.mainCF, "\n")
	for name, text := range c.tables {
		files[name] = strings.TrimPrefix(text, "\n")
	}
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	network := "127.0.0.0/8"
	if strings.Contains(c.address, ":") {
		network = "[" + c.address + "]/128"
	}
	for name, text := range files {
		text = strings.NewReplacer("{dir}", c.inside(), "{name}", c.name, "{submission}", net.JoinHostPort(c.address, "25"),
			"{network}", network).Replace(text)
		text = fingerprint.ReplaceAllStringFunc(text, c.fingerprint)
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

var fingerprint = regexp.MustCompile(`\{(cert|key):(\w+):([\w.-]+)\}`)

// fingerprint is what stands for {cert:ALGORITHM:SITE} and {key:ALGORITHM:SITE}; a host stands for itself.
func (c *client) fingerprint(macro string) string {
	m := fingerprint.FindStringSubmatch(macro)
	host := m[3]
	if !strings.Contains(host, ".") {
		host = "mx." + host + ".parity.test"
	}
	octets := c.world.leafs[host]
	if octets == nil {
		panic(macro + ": no such certificate")
	}
	if m[1] == "key" {
		octets = must(x509.ParseCertificate(octets)).RawSubjectPublicKeyInfo
	}
	h := map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[m[2]]()
	h.Write(octets) // never fails
	var pairs []string
	for _, b := range h.Sum(nil) {
		pairs = append(pairs, fmt.Sprintf("%02X", b))
	}
	return strings.Join(pairs, ":")
}

// writeMore leaves more trust anchors in the lab's directory: hashed, a directory as openssl rehash makes it; flat, one
// that it has not seen; files with nothing in them and with others' certificates.
func (w *world) writeMore() error {
	stranger := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.stranger.der})
	hashed := filepath.Join(w.dir, "hashed")
	err := firstError(os.MkdirAll(hashed, 0o755), os.MkdirAll(filepath.Join(w.dir, "flat"), 0o755),
		os.WriteFile(filepath.Join(w.dir, "empty.pem"), nil, 0o644),
		os.WriteFile(filepath.Join(w.dir, "stranger.pem"), stranger, 0o644))
	for i, a := range []*authority{w.root, w.rsa} {
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.der})
		err = firstError(err, os.WriteFile(filepath.Join(w.dir, "flat", fmt.Sprintf("root%d.pem", i)), text, 0o644),
			os.WriteFile(filepath.Join(w.dir, fmt.Sprintf("root%d.pem", i)), text, 0o644))
		cmd := exec.Command("openssl", "x509", "-noout", "-subject_hash")
		cmd.Stdin = bytes.NewReader(text)
		out, failed := cmd.Output()
		name := strings.TrimSpace(string(out)) + ".0"
		err = firstError(err, failed, os.WriteFile(filepath.Join(hashed, name), text, 0o644))
	}
	return firstError(err, w.writeBundles())
}

// writeBundles leaves CAfiles such as collect over the years: with openssl's own labels, in another form, with text
// around the certificates, with a root that ended and perhaps its successor, with a server's certificate for a root.
func (w *world) writeBundles() error {
	block := func(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}) }
	old := w.template(w.root.name)
	old.exts = []ext{{idSKI, false, der(tagOctets, keyID(publicKey(w.root.key)))}, basicConstraints(), {idKU, true, bits(1, 0x06)}}
	old.spki, old.issuer = publicKey(w.root.key), w.root.name
	old.from, old.to = utcTime(w.now.AddDate(-10, 0, 0)), utcTime(w.now.AddDate(0, 0, -1))
	ended, fresh, second := block(old.sign(w.root.key)), block(w.root.der), block(w.rsa.der)
	about := bytes.Repeat([]byte("# Issuer: what the makers of a bundle write beside each of its certificates\n"), 20_000)
	trusted, err := trustOut(fresh, "-addtrust", "serverAuth", "-setalias", "Lab Root")
	rejected, failed := trustOut(second, "-addreject", "serverAuth")
	mailOnly, failedToo := trustOut(fresh, "-addtrust", "emailProtection")
	if err := firstError(err, failed, failedToo); err != nil {
		return err
	}
	for name, octets := range map[string][]byte{
		"trusted.pem": slices.Concat(trusted, rejected), "mail-only.pem": slices.Concat(mailOnly, second),
		"root.der": w.root.der, "text.pem": slices.Concat(about, fresh, about, second, about),
		"ended.pem": slices.Concat(ended, second), "ended-fresh.pem": slices.Concat(ended, fresh),
		"leaf.pem": block(w.leafs["mx.good.parity.test"]), "twice.pem": slices.Concat(fresh, fresh, second),
	} {
		if err := os.WriteFile(filepath.Join(w.dir, name), octets, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// trustOut is a certificate in a block of openssl's own kind.
func trustOut(certificate []byte, args ...string) ([]byte, error) {
	cmd := exec.Command("openssl", append([]string{"x509", "-trustout"}, args...)...)
	cmd.Stdin = bytes.NewReader(certificate)
	return cmd.Output()
}

const (
	plansAtOnce     = 2
	clientsAtOnce   = 6                // so that every first try comes before settingsBackoff
	settingsBackoff = 25 * time.Second // minimal_backoff_time in their main.cf
	startLimit      = 60 * time.Second
	submitLimit     = 20 * time.Second       // for one connection
	settingsWait    = 500 * time.Millisecond // between two looks at the logs
)

// observeAll has every client deliver, and mxtls plan foretell it.
func observeAll(t *testing.T, clients []*client, script string) {
	t.Helper()
	var all sync.WaitGroup
	plans, busy := make(chan struct{}, plansAtOnce), make(chan struct{}, clientsAtOnce)
	for _, c := range clients {
		all.Go(func() {
			if err := c.observe(script, busy); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		})
		all.Go(func() {
			plans <- struct{}{}
			defer func() { <-plans }()
			if err := c.plan(script); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		})
	}
	all.Wait()
}

// run runs one of the scripts on the client's Postfix.
func (c *client) run(script, action string) error {
	_, err := command(time.Minute, script, "in", "postfix", "/lab/conf/settings/"+action+".sh", c.name)
	return err
}

// observe sends a message to each destination and, where level may can play a part, once more what was deferred, when
// it is old enough for plain text. A client is busy but while it waits for that.
func (c *client) observe(script string, busy chan struct{}) (err error) {
	busy <- struct{}{}
	defer func() { <-busy }()
	if err := c.run(script, "start"); err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, c.run(script, "stop")) }()
	if err := c.submit(); err != nil {
		return fmt.Errorf("submission: %w", err)
	}
	sent := time.Now()
	if err := c.await(func([]try) int { return 1 }); err != nil {
		return err
	}
	if c.stopped == "" && c.mayFallBack() {
		<-busy
		time.Sleep(time.Until(sent.Add(c.backoff + 2*time.Second)))
		busy <- struct{}{}
		if err := c.again(script); err != nil {
			return err
		}
	}
	for _, d := range c.to {
		if c.stopped != "" {
			c.observed = append(c.observed, observation{domain: d.target, level: c.name, outcome: "deferred", text: c.stopped})
			continue
		}
		tries := c.seen.tries["x@"+d.domain]
		if age := tries[0].age; age >= c.backoff {
			return fmt.Errorf("%s: the first try came after %v, too late", d.domain, age)
		}
		o := joined(d.target, c.name, tries)
		if o.after > 0 {
			o.after = int(c.backoff.Seconds())
		}
		if o.outcome == "SOFTBOUNCE" {
			o.outcome = "deferred"
		}
		if c.expires() && o.outcome == "deferred" {
			o.outcome = "bounced" // by qmgr, which says no more than that it is over
		}
		c.observed = append(c.observed, o)
	}
	return nil
}

// expires reports whether a message is tried once only.
func (c *client) expires() bool { return strings.Contains(c.mainCF, "maximal_queue_lifetime = 0") }

// mayFallBack reports whether something that was deferred may go out in plain text later: at level may alone.
func (c *client) mayFallBack() bool {
	may := false
	for _, d := range c.to {
		may = may || c.seen.tries["x@"+d.domain][0].status == "deferred"
	}
	text := c.mainCF
	for _, t := range c.tables {
		text += t
	}
	return may && !c.expires() && (strings.Contains(text, "may") || strings.Contains(text, "use_tls"))
}

// again has the client try once more what was deferred.
func (c *client) again(script string) error {
	if _, err := command(time.Minute, script, "in", "postfix", "postqueue", "-c", c.inside(), "-f"); err != nil {
		return err
	}
	return c.await(func(tries []try) int {
		if tries[0].status == "deferred" {
			return 2
		}
		return 1
	})
}

// submit hands the client a message for each destination, over another connection where one fails: Postfix may still be
// starting, and was seen not to answer to MAIL.
func (c *client) submit() error {
	handed := 0
	for deadline := time.Now().Add(startLimit); ; time.Sleep(settingsWait / 5) {
		err := c.hand(&handed)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// hand hands over the messages behind those that are, over one connection, and counts them.
func (c *client) hand(handed *int) error {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(c.address, "25"), submitLimit)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(submitLimit)); err != nil {
		return err
	}
	s, err := smtp.NewClient(conn, c.address)
	if err != nil {
		return err
	}
	for _, d := range c.to[*handed:] {
		if err := firstError(s.Mail("sender@client.test"), s.Rcpt("x@"+d.domain)); err != nil {
			return err
		}
		w, err := s.Data()
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, "Subject: parity\r\n\r\nHello.\r\n")
		if err := cmp.Or(err, w.Close()); err != nil {
			return err
		}
		*handed++
	}
	return s.Quit()
}

// await reads the log until every message has had as many tries as want says of those there are.
func (c *client) await(want func([]try) int) error {
	for deadline := time.Now().Add(deliverLimit); ; time.Sleep(settingsWait) {
		if err := c.seen.read(); err != nil {
			return err
		}
		var missing []string
		for _, d := range c.to {
			if all := c.seen.tries["x@"+d.domain]; len(all) == 0 || len(all) < want(all) {
				missing = append(missing, d.domain)
			}
		}
		if len(missing) == 0 {
			return nil
		}
		log, err := os.ReadFile(c.seen.file.Name())
		if err != nil {
			return err
		}
		if m := notStarted.FindSubmatch(log); m != nil {
			c.stopped = string(m[1])
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no outcome after %v for %q; see %s", deliverLimit, missing, c.seen.file.Name())
		}
	}
}

// notStarted is what an smtp(8) says that ends before it takes up a delivery. Mail waits for the next one then.
var notStarted = regexp.MustCompile(`(?m) postfix/smtp\[\d+\]: (fatal: .*)$`)

// plan runs mxtls plan where Postfix runs, with the same files under the same names.
func (c *client) plan(script string) error {
	args := []string{"in", "postfix", "/lab/shared/mxtls", "plan", "--resolver", strings.TrimSuffix(resolverAddr, ":53"),
		"--allow-reserved", "--ehlo", "postfix.client.test", "--vantage-host", "mx.good.parity.test", "--rate", "0",
		"--per-provider", "0", "--quiet", "-o", "jsonl"}
	if c.listing {
		text, err := command(time.Minute, script, "in", "postfix", "postconf", "-c", c.inside(), "-n")
		if err == nil {
			err = os.WriteFile(filepath.Join(c.dir, "listing"), text, 0o644)
		}
		if err != nil {
			return err
		}
		args = append(args, "--postconf", c.inside()+"/listing")
	} else {
		args = append(args, "--main-cf", c.inside()+"/main.cf")
	}
	for _, d := range c.to {
		if !slices.Contains(args, d.target) {
			args = append(args, d.target)
		}
	}
	out, err := command(planPatience, script, args...)
	if err != nil {
		return err
	}
	c.predicted = make(map[string]prediction)
	decoder := json.NewDecoder(bytes.NewReader(out))
	for decoder.More() {
		var line struct {
			Type   string     `json:"type"`
			Input  string     `json:"input"`
			Domain string     `json:"domain"`
			Now    prediction `json:"now"`
		}
		if err := decoder.Decode(&line); err != nil {
			return errors.Join(err, fmt.Errorf("%s", out))
		}
		if line.Type == "domain" {
			c.predicted[cmp.Or(line.Input, line.Domain)] = line.Now
		}
	}
	return nil
}
