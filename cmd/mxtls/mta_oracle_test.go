//go:build mta

package main_test

import (
	"bufio"
	cmpstd "cmp"
	"fmt"
	"maps"
	"net"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// talk is what a client that knows nothing of TLS hears from a server.
type talk struct {
	banner       string
	capabilities []string
}

// clock finds the time in the banners of Exim and Sendmail, which is another at every visit.
var clock = regexp.MustCompile(`\d\d:\d\d:\d\d`)

// hear reads a server's banner and, where it goes on, its answer to EHLO.
func hear(address string) (heard talk, err error) {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(address, "25"), scanPatience)
	if err != nil {
		return heard, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(scanPatience)); err != nil {
		return heard, err
	}
	lines := bufio.NewScanner(conn)
	reply := func() (all []string) {
		for lines.Scan() {
			all = append(all, lines.Text())
			if text := lines.Text(); len(text) < 4 || text[3] != '-' {
				break
			}
		}
		return all
	}
	heard.banner = clock.ReplaceAllString(strings.Join(reply(), "\n"), "hh:mm:ss")
	if !strings.HasPrefix(heard.banner, "2") {
		return heard, lines.Err()
	}
	if _, err := fmt.Fprintf(conn, "EHLO %s\r\n", labEHLO); err != nil {
		return heard, err
	}
	if answer := reply(); len(answer) > 0 && strings.HasPrefix(answer[0], "2") {
		for _, line := range answer[1:] {
			heard.capabilities = append(heard.capabilities, line[4:])
		}
	}
	fmt.Fprintf(conn, "QUIT\r\n") // the server may have hung up: nothing more is asked of it
	return heard, lines.Err()
}

// concurrently calls check for every item at once, since some servers let their clients wait for seconds.
func concurrently[T any](t *testing.T, items []T, check func(T) error) {
	t.Helper()
	if len(items) == 0 {
		t.Error("there is nothing to check")
	}
	var all sync.WaitGroup
	for _, item := range items {
		all.Go(func() {
			if err := check(item); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// checkFields compares every field of every domain with the table, and with what the oracles say where they know.
func (l *lab) checkFields(t *testing.T, domains []string, lines []domainLine) {
	var mu sync.Mutex
	heard := map[string]talk{}
	concurrently(t, slices.Collect(maps.Keys(labServers)), func(name string) error {
		said, err := hear(labServers[name].address)
		mu.Lock()
		defer mu.Unlock()
		heard[name] = said
		return err
	})
	all := expectations()
	for i, got := range lines {
		t.Run(domains[i], func(t *testing.T) { l.checkDomain(t, heard, domains[i], all[domains[i]], got) })
	}
}

func (l *lab) checkDomain(t *testing.T, heard map[string]talk, name string, d domain, got domainLine) {
	want := domainLine{SchemaVersion: 1, Type: "domain", Domain: name, Input: name}
	want.MX.Kind, want.MX.Trust, want.MX.Reason = d.kind, d.trust, d.reason
	if len(d.hosts) > 0 {
		want.Via = strings.Join(lastTwo(d.hosts[0].name), ".")
	}
	want.find(d.reason, "")
	for _, h := range d.hosts {
		l.expect(t, &want, h, heard[h.server])
	}
	got.Servers = slices.Clone(got.Servers) // the other checks read it at the same time
	for i := range got.Servers {
		s := &got.Servers[i]
		s.Banner = clock.ReplaceAllString(s.Banner, "hh:mm:ss")
		if (s.Reason == "") != (s.Detail == "") {
			t.Errorf("reason %q has the detail %q", s.Reason, s.Detail)
		}
		if i < len(want.Servers) && want.Servers[i].TLS.Version != "" {
			want.Servers[i].TLS.Cipher = s.TLS.Cipher // checkOpenSSL asks the server
		}
	}
	ignore := cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(serverLine{}, "Detail"),
		cmpopts.IgnoreFields(domainLine{}, "Started", "Duration"),
		cmpopts.SortSlices(func(a, b findingLine) bool { return a.Code < b.Code })}
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if started, err := time.Parse(time.RFC3339, got.Started); err != nil || time.Since(started) > 2*scanPatience {
		t.Errorf("started is %q: %v", got.Started, err)
	}
}

// find adds a finding, unless there is none.
func (d *domainLine) find(code, host string) {
	if code != "" {
		d.Findings = append(d.Findings, findingLine{code, host})
	}
}

func lastTwo(name string) []string {
	labels := strings.Split(name, ".")
	return labels[len(labels)-2:]
}

// expect adds what is expected of a host to a domain.
func (l *lab) expect(t *testing.T, d *domainLine, h host, heard talk) {
	t.Helper()
	f := facts{stage: "none", offered: "unknown", accepted: "unknown", established: "unknown", auth: "unknown",
		mail: "unknown"}
	want := serverLine{Host: h.name, Preference: h.preference, Banner: heard.banner, Capabilities: heard.capabilities}
	if h.server != "" {
		s := labServers[h.server]
		f, want.Address, want.Port = s.facts, s.address, 25
	}
	if h.change != nil {
		f = h.change(f)
	}
	want.Stage, want.Offered, want.Accepted, want.Established = f.stage, f.offered, f.accepted, f.established
	want.Auth, want.Reason = f.auth, f.reason
	want.Certificate = certLine{Status: "unknown", NameMatch: "unknown"}
	if f.version != "" && f.cert == "" {
		want.TLS.Version, want.Certificate.Status = f.version, "anonymous"
	}
	if f.cert != "" {
		want.TLS = tlsLine{Version: f.version, Group: f.group}
		want.Certificate = l.certificate(t, f.cert)
		want.Certificate.Reason, want.Certificate.NameMatch = f.certReason, f.nameMatch
	}
	d.Servers = append(d.Servers, want)
	d.find(f.reason, h.name)
	d.find(f.also, h.name)
	switch f.mail {
	case "yes":
		d.Encrypted.Yes++
	case "no":
		d.Encrypted.No++
	default:
		d.Encrypted.Unknown++
	}
}

// certificate is what openssl says of a certificate file, and of its chain under the lab's root.
func (l *lab) certificate(t *testing.T, name string) certLine {
	file := l.pki + "/" + name + ".pem" // the leaf, and what the server sends behind it
	text := string(output(t, scanPatience, "openssl", "x509", "-in", file, "-noout", "-subject", "-issuer", "-startdate",
		"-enddate", "-fingerprint", "-sha256", "-text", "-nameopt", "RFC2253", "-ext", "subjectAltName"))
	find := func(pattern string) string {
		m := regexp.MustCompile(`(?m)` + pattern).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no %s in what openssl says of %s:\n%s", pattern, file, text)
		}
		return m[1]
	}
	c := certLine{
		Status: "untrusted", Subject: find(`^subject=(.*)$`), Issuer: find(`^issuer=(.*)$`),
		NotBefore: isoTime(t, find(`^notBefore=(.*)$`)), NotAfter: isoTime(t, find(`^notAfter=(.*)$`)),
		SHA256:    strings.ToLower(strings.ReplaceAll(find(`(?i)^sha256 Fingerprint=(.*)$`), ":", "")),
		Signature: signatures[find(`^    Signature Algorithm: (\S+)`)],
	}
	switch kind := find(`Public Key Algorithm: (\S+)`); kind {
	case "ED25519":
		c.Key = "Ed25519"
	case "rsaEncryption":
		c.Key = "RSA " + find(`Public-Key: \((\d+) bit\)`)
	case "id-ecPublicKey":
		c.Key = "ECDSA " + find(`NIST CURVE: (\S+)`)
	}
	for name := range strings.SplitSeq(find(`Subject Alternative Name:.*\n\s+(.*)$`), ", ") {
		c.Names = append(c.Names, strings.TrimPrefix(name, "DNS:"))
	}
	if exec.Command("openssl", "verify", "-purpose", "sslserver", "-CAfile", l.pki+"/ca.pem", "-untrusted", file,
		file).Run() == nil {
		c.Status = "trusted"
	}
	return c
}

// signatures are crypto/x509's words for openssl's.
var signatures = map[string]string{"ecdsa-with-SHA256": "ECDSA-SHA256", "sha256WithRSAEncryption": "SHA256-RSA"}

// isoTime turns openssl's way to write a time into ours.
func isoTime(t *testing.T, text string) string {
	at, err := time.Parse("Jan _2 15:04:05 2006 MST", text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC().Format(time.RFC3339)
}

// withTLS are the servers with which TLS was established, each once.
func withTLS(lines []domainLine) (servers []serverLine) {
	seen := map[string]bool{}
	for _, d := range lines {
		for _, s := range d.Servers {
			if s.TLS.Version != "" && !seen[s.Address] {
				seen[s.Address] = true
				servers = append(servers, s)
			}
		}
	}
	return servers
}

// checkOpenSSL offers each server the version, cipher and group that we say it agreed on, and nothing else: it must
// agree again. (Which of several it takes depends on the client's order, and Go's is not OpenSSL's.)
func (l *lab) checkOpenSSL(t *testing.T, _ []string, lines []domainLine) {
	concurrently(t, withTLS(lines), func(s serverLine) error {
		group := cmpstd.Or(strings.ReplaceAll(s.TLS.Group, "prime256v1", "P-256"), "X25519")
		args := []string{"s_client", "-starttls", "smtp", "-name", labEHLO, "-connect", s.Address + ":25",
			"-noservername", "-groups", group}
		version := s.TLS.Version
		switch version {
		case "TLSv1.3":
			args = append(args, "-tls1_3", "-ciphersuites", s.TLS.Cipher)
		case "TLSv1.2":
			args[len(args)-1] += ":P-256"                                          // there the groups are those of certificates, too
			args = append(args, "-tls1_2", "-cipher", s.TLS.Cipher+":@SECLEVEL=0") // else no suite without certificate
		case "TLSv1":
			args = append(args, "-tls1", "-cipher", s.TLS.Cipher+":@SECLEVEL=0")
			version = "TLSv1.0" // s_client's word; SSL_get_version says TLSv1
		}
		out, err := command(scanPatience, "openssl", args...)
		if err != nil {
			return fmt.Errorf("%s: we say %+v: %w", s.Host, s.TLS, err)
		}
		temporary := regexp.MustCompile(`\nServer Temp Key: (ECDH, )?` + regexp.QuoteMeta(cmpstd.Or(s.TLS.Group, "DH")) + `,`)
		if !strings.Contains(string(out), "\nNew, "+version+", Cipher is "+s.TLS.Cipher+"\n") || !temporary.Match(out) {
			return fmt.Errorf("%s: we say %+v, openssl:\n%s", s.Host, s.TLS, out)
		}
		return nil
	})
}

// summary is the line in which a Postfix client sums a handshake up.
var summary = regexp.MustCompile(`(\w+) TLS connection established to \S+: (\S+) with cipher (\S+) \(\S+ bits\)` +
	`(?: key-exchange (?:ECDHE \((\S+)\)|(\S+)))?`)

// checkPosttlsFinger compares with a Postfix client at level may: the version, the group (which it tells of TLS 1.3
// alone), the word for the chain, and the cipher where the server chooses it.
func (l *lab) checkPosttlsFinger(t *testing.T, _ []string, lines []domainLine) {
	words := map[string]string{"trusted": "Trusted", "untrusted": "Untrusted", "anonymous": "Anonymous"}
	concurrently(t, withTLS(lines), func(s serverLine) error {
		ciphers := "HIGH:MEDIUM:!aNULL:@STRENGTH"
		if s.Certificate.Status == "anonymous" {
			ciphers = "HIGH:MEDIUM:@STRENGTH"
		}
		line, err := l.posttlsFinger(s.Address, ciphers)
		if err != nil {
			return err
		}
		m := summary.FindStringSubmatch(line)
		if m == nil {
			return fmt.Errorf("%s: we say %+v, posttls-finger: %s", s.Host, s.TLS, line)
		}
		word, version, cipher, group := m[1], m[2], m[3], m[4]+m[5]
		chooses := s.Address == labServers["postfix-tls12"].address
		if word != words[s.Certificate.Status] || version != s.TLS.Version || group != "" && group != s.TLS.Group ||
			chooses && cipher != s.TLS.Cipher {
			return fmt.Errorf("%s: we say %s, %+v, posttls-finger: %s", s.Host, s.Certificate.Status, s.TLS, m[0])
		}
		return nil
	})
	for name, want := range map[string]string{"opensmtpd": "SSL_connect error"} {
		line, err := l.posttlsFinger(labServers[name].address, "HIGH:MEDIUM:@STRENGTH")
		if err != nil || !strings.Contains(line, want) {
			t.Errorf("%s: want %q of posttls-finger, not %q, %v", name, want, line, err)
		}
	}
}

// posttlsFinger is what Postfix' own tool prints of a server when it offers these ciphers below TLS 1.3. Its default
// begins with the anonymous ones, and it would see no certificate of a Postfix server.
func (l *lab) posttlsFinger(address, ciphers string) (string, error) {
	out, err := command(scanPatience, l.script, "in", "postfix", "sh", "-c", `posttls-finger -c -l may -L summary `+
		`-F /lab/pki/ca.pem -o "tls_medium_cipherlist=$2" "[$1]" 2>&1`, "sh", address, ciphers)
	return string(out), err
}
