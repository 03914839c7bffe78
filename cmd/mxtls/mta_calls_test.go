//go:build mta

package main_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// caller is a client that hands our own Postfix a message for a user of its.
type caller struct {
	name string
	how  string // tls, plain, or sec, which has another host: a label of the recipient's domain, by which clients decide
	send func(*run, *testing.T, *call)
	saw  func(*run, *testing.T, *call) session // by the client's own log, when the message is there; nil: send knows

	before []passage // the hops before: the message's way into a client that is a server
}

var (
	handedIn       = []passage{{Encrypted: "unknown"}} // by a program of the same machine
	submittedPlain = []passage{{Encrypted: "no"}}
)

// call is one message of a caller.
type call struct {
	caller
	from, to string
	seen     session
}

// domain is the sender's, by which the report has a row.
func (c *call) domain() string { return domainOf(c.from) }

var callers = []caller{
	{"go", "plain", bySMTP(inPlain), nil, nil},
	{"go", "tls", bySMTP(secured), nil, nil},
	{"go", "tls", bySMTP(certified), nil, nil},
	{"go", "tls", bySMTP(impostor), nil, nil},
	{"openssl", "tls", byOpenSSL("-tls1_3"), nil, nil},
	{"openssl", "tls", byOpenSSL("-tls1_2"), nil, nil},
	{"exim", "tls", byCommand("exim", "exim4"), sawExim, handedIn},
	{"exim", "plain", byCommand("exim", "exim4"), sawExim, handedIn},
	{"sendmail", "tls", byCommand("sendmail", "/usr/libexec/sendmail/sendmail -Am"), sawSendmail, handedIn},
	{"sendmail", "tls", byQueue(false), sawSendmail, handedIn}, // whose connection is kept for the one after the next
	{"sendmail", "sec", byQueue(false), sawSendmail, handedIn},
	{"sendmail", "tls", byQueue(true), sawSendmail, handedIn},
	{"opensmtpd-tls", "tls", byRelay("127.25.5.2:25"), sawOpenSMTPD, submittedPlain},
	{"opensmtpd-tls", "plain", byRelay("127.25.5.2:25"), sawOpenSMTPD, submittedPlain},
	{"postfix", "tls", byRelay(daneSubmission), sawPostfix, submittedPlain},
	{"postfix", "plain", byRelay(daneSubmission), sawPostfix, submittedPlain},
}

// call has all callers send their message.
func (r *run) call(t *testing.T) {
	t.Helper()
	for i, c := range callers {
		label := fmt.Sprintf("call%02d-%s", i, r.word)
		from, to := "from@"+label+".kept"+signed, "in@"+label+"."+c.how+inboxDomain
		call := &call{caller: c, from: from, to: to}
		c.send(r, t, call)
		r.came = append(r.came, call)
	}
}

// session is what the client saw.
func (c *call) session(r *run, t *testing.T) session {
	t.Helper()
	s := c.seen
	if c.saw != nil {
		if s = c.saw(r, t, c); s.version != "" {
			s.word = "Anonymous" // none of them has a certificate
		}
	}
	if (s.version == "") != (c.how == "plain") {
		t.Errorf("%s, %s: the session was %+v", c.name, c.how, s)
	}
	return s
}

func bySMTP(security security) func(*run, *testing.T, *call) {
	return func(r *run, t *testing.T, c *call) {
		c.seen = r.submitted(t, c.from, []string{c.to}, security)
	}
}

// byRelay hands the message to a server that passes it on.
func byRelay(address string) func(*run, *testing.T, *call) {
	return func(r *run, t *testing.T, c *call) {
		r.submit(t, address, c.from, []string{c.to}, r.word, inPlain)
	}
}

// byCommand has a sendmail command of a server deliver the message at once.
func byCommand(server, sendmail string) func(*run, *testing.T, *call) {
	return func(r *run, t *testing.T, c *call) { r.handIn(t, server, sendmail+" -odi", c) }
}

// byQueue leaves the message in sendmail's queue, and has one process deliver all that was left there before.
func byQueue(deliver bool) func(*run, *testing.T, *call) {
	const sendmail = "/usr/libexec/sendmail/sendmail"
	return func(r *run, t *testing.T, c *call) {
		r.handIn(t, "sendmail", sendmail+" -Am -odq", c)
		if deliver {
			output(t, scanPatience, r.script, "in", "sendmail", sendmail, "-Am", "-v", "-qR"+inboxDomain)
		}
	}
}

// handIn gives a message to a program.
func (r *run) handIn(t *testing.T, server, program string, c *call) {
	t.Helper()
	output(t, scanPatience, r.script, "in", server, "sh", "-c",
		`printf 'Message-ID: <%s@lab>\n\nbody\n' "$1" | `+program+` -f "$2" "$3"`, "sh", r.word, c.from, c.to)
}

var openSSLSession = regexp.MustCompile(`(?m)^New, (\S+), Cipher is (\S+)$`)

// byOpenSSL speaks through openssl s_client.
func byOpenSSL(version string) func(*run, *testing.T, *call) {
	return func(r *run, t *testing.T, c *call) {
		ctx, cancel := context.WithTimeout(t.Context(), scanPatience)
		defer cancel()
		cmd := exec.CommandContext(ctx, "openssl", "s_client", "-starttls", "smtp", "-connect", own, version,
			"-ign_eof", "-crlf")
		cmd.Stdin = strings.NewReader(fmt.Sprintf("EHLO %s\nMAIL FROM:<%s>\nRCPT TO:<%s>\nDATA\n"+
			"Message-ID: <%s@lab>\n\nbody\n.\nQUIT\n", labEHLO, c.from, c.to, r.word))
		out, err := cmd.Output()
		m := openSSLSession.FindSubmatch(out)
		if m == nil || !bytes.Contains(out, []byte("250 2.0.0 Ok: queued as ")) {
			t.Fatalf("openssl s_client: %v\n%s", err, out)
		}
		c.seen = session{string(m[1]), string(m[2]), "Anonymous"}
	}
}

// logOf is the text of a server's log.
func (l *lab) logOf(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(l.state, "log", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// lastMatch is the last match of a pattern in a server's log, with its groups; nil for none.
func (l *lab) lastMatch(t *testing.T, log, pattern string, args ...any) []string {
	t.Helper()
	all := regexp.MustCompile("(?m)"+fmt.Sprintf(pattern, args...)).FindAllStringSubmatch(l.logOf(t, log), -1)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// eximSuites are OpenSSL's names by what stands last in GnuTLS', for TLS 1.3.
var eximSuites = map[string]string{"AES_256_GCM": "TLS_AES_256_GCM_SHA384", "AES_128_GCM": "TLS_AES_128_GCM_SHA256",
	"CHACHA20_POLY1305": "TLS_CHACHA20_POLY1305_SHA256"}

func sawExim(r *run, t *testing.T, c *call) session {
	m := r.lastMatch(t, "exim/mainlog", `=> %s .* H=mx\.own\S+ \[127\.25\.8\.1\](?: X=TLS1\.3:\w+__(\w+):256)? `, c.to)
	if m == nil || m[1] == "" {
		return session{}
	}
	return session{version: "TLSv1.3", cipher: eximSuites[m[1]]}
}

// sawSendmail: its sessions with a host are all alike.
func sawSendmail(r *run, t *testing.T, c *call) session {
	host := map[string]string{"tls": "mx", "sec": "mx2"}[c.how]
	const begun = `STARTTLS=client, relay=%s\.own\.\S+ version=(\S+), verify=OK, cipher=(\S+), `
	return sessionOf(r.lastMatch(t, "sendmail/syslog", begun, host))
}

func sawOpenSMTPD(r *run, t *testing.T, c *call) session {
	m := r.lastMatch(t, "opensmtpd-tls/output", `^(\w+) mta delivery .* to=<%s> .* result="Ok"`, c.to)
	if m == nil {
		t.Fatalf("OpenSMTPD's log has no delivery to %s", c.to)
	}
	return sessionOf(r.lastMatch(t, "opensmtpd-tls/output", `^%s mta tls ciphers=([^:]+):([^:]+):`, m[1]))
}

// sawPostfix: the messages over TLS and without have a transport, and so a process, each.
func sawPostfix(r *run, t *testing.T, c *call) session {
	m := r.lastMatch(t, "dane/output", `/smtp\[(\d+)\]: \w+: to=<%s>, .* status=sent `, c.to)
	if m == nil {
		t.Fatalf("Postfix' log has no delivery to %s", c.to)
	}
	const begun = `/smtp\[%s\]: Trusted TLS connection established to mx\.own\S+ (\S+) with cipher (\S+) `
	return sessionOf(r.lastMatch(t, "dane/output", begun, m[1]))
}

// sessionOf is a session by the version and the suite that a log line has; in plain text where there is no such line.
func sessionOf(m []string) session {
	if m == nil {
		return session{}
	}
	return session{version: m[1], cipher: m[2]}
}
