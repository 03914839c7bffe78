//go:build mta

package main_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"net/smtp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/starttls"
)

// kept are servers of the lab that take a message and keep it in their queue.
var kept = []struct {
	server, address string
	recipient       string
	security        security
	word            string // of the protocol, as SMTPUTF8 makes it where the server has that
	verified        string
}{
	{"postfix", "127.25.1.1:25", keptBox, secured, "UTF8SMTPS", "no"},
	{"postfix", "127.25.1.1:25", keptBox, inPlain, "UTF8SMTP", "unknown"},
	{"postfix", "127.25.1.14:25", keptBox, secured, "UTF8SMTPS", "no"}, // TLS 1.2
	{"postfix", "127.25.1.17:25", keptBox, secured, "UTF8SMTPS", "no"}, // asks for a certificate
	{"postfix", "127.25.1.17:587", keptBox, certified, "UTF8SMTPS", "yes"},
	{"postfix", "127.25.1.17:587", keptBox, impostor, "UTF8SMTPS", "no"},
	{"postfix", "127.25.1.18:25", keptBox, secured, "UTF8SMTPS", "no"}, // TLS 1.0
	{"exim", "127.25.2.1:25", keptBox, secured, "utf8esmtps", "unknown"},
	{"exim", "127.25.2.2:25", keptBox, inPlain, "utf8esmtp", "unknown"},
	{"exim", "127.25.2.7:25", keptBox, secured, "utf8esmtps", "unknown"}, // TLS 1.2
	{"sendmail", "127.25.3.1:25", "root@mx.sendmail.mta-signed.test", secured, "ESMTPS", "no"},
	{"sendmail", "127.25.3.1:25", "root@mx.sendmail.mta-signed.test", certified, "ESMTPS", "yes"},
	{"sendmail", "127.25.3.1:25", "root@mx.sendmail.mta-signed.test", impostor, "ESMTPS", "no"},
	{"sendmail", "127.25.3.2:25", "root@mx.sendmail.mta-signed.test", inPlain, "ESMTP", "unknown"},
	{"courier", "127.25.4.1:25", keptBox, secured, "UTF8SMTPS", "unknown"},
	{"courier", "127.25.4.1:25", keptBox, inPlain, "UTF8SMTP", "unknown"},
	{"opensmtpd", "127.25.5.1:25", keptBox, inPlain, "ESMTP", "unknown"},
	{"opensmtpd-tls", "127.25.5.2:25", keptBox, secured, "ESMTPS", "no"},
	{"opensmtpd-tls", "127.25.5.2:25", keptBox, inPlain, "ESMTP", "unknown"},
}

const keptBox = "jo@kept.mta-signed.test"

// security is how a message is handed over.
type security int

const (
	inPlain security = iota
	secured
	certified // with a client's certificate
	impostor  // with one that is not for clients
)

// checkReceived hands messages to real servers and holds what mxtls received reads from their lines to what the client
// of the session saw.
func (l *lab) checkReceived(t *testing.T) {
	for i, tt := range kept {
		t.Run(fmt.Sprintf("%s %s %d", tt.server, tt.address, tt.security), func(t *testing.T) {
			word := fmt.Sprintf("mxtls-%d-%d", os.Getpid(), i)
			state := l.submit(t, tt.address, "", []string{tt.recipient}, word, tt.security)
			letters := l.kept(t, tt.server, word)
			if len(letters) != 1 || !slices.Equal(letters[0].recipients, []string{tt.recipient}) {
				t.Fatalf("%d messages: %+v", len(letters), letters)
			}
			header := letters[0].text
			got := l.received(t, header)

			want := hopLine{By: "mx." + tt.server + signed, Helo: labEHLO, Address: "192.0.2.1", Protocol: tt.word,
				Encrypted: "no", Reason: "plain_word", Verified: tt.verified}
			if tt.security != inPlain {
				want.Encrypted, want.Reason = "yes", "tls"
				want.TLS.Version = starttls.VersionName(state.Version)
				want.TLS.Cipher = starttls.CipherName(state.CipherSuite)
				got.TLS.Cipher = openSSLName(got.TLS.Cipher, state.CipherSuite)
			}
			if tt.security != inPlain && tt.server != "exim" { // which has no bits in its line
				want.TLS.Bits = keyBits(state.CipherSuite)
			}
			if at := got.Time; time.Since(at).Abs() > time.Minute {
				t.Errorf("taken at %v", at)
			}
			got.Time = time.Time{}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\n(-session +line):\n%s", header, diff)
			}
		})
	}
}

// hopLine is a hop of mxtls received -o jsonl.
type hopLine struct {
	Helo     string `json:"helo"`
	Address  string `json:"address"`
	By       string `json:"by"`
	Protocol string `json:"protocol"`
	TLS      struct {
		Version string `json:"version"`
		Cipher  string `json:"cipher"`
		Bits    int    `json:"bits"`
	} `json:"tls"`
	Encrypted string    `json:"encrypted"`
	Reason    string    `json:"reason"`
	Verified  string    `json:"verified"`
	Time      time.Time `json:"time"`
}

// received is the only hop of a message.
func (l *lab) received(t *testing.T, message []byte) hopLine {
	t.Helper()
	hops := l.hops(t, message)[0]
	if len(hops) != 1 {
		t.Fatalf("%d hops:\n%s", len(hops), message)
	}
	return hops[0]
}

// hops are those of messages whose client was not on this machine, or a hop without TLS would be an internal one.
func (l *lab) hops(t *testing.T, messages ...[]byte) (all [][]hopLine) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"received", "--quiet", "-o", "jsonl"}
	for i, text := range messages {
		args = append(args, filepath.Join(dir, strconv.Itoa(i)))
		text = bytes.ReplaceAll(text, []byte("127.0.0.1"), []byte("192.0.2.1"))
		if err := os.WriteFile(args[len(args)-1], text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := output(t, scanPatience, l.binary, args...)
	decoder := json.NewDecoder(bytes.NewReader(out))
	for decoder.More() {
		var m struct {
			Type string    `json:"type"`
			Hops []hopLine `json:"hops"`
		}
		if err := decoder.Decode(&m); err != nil {
			t.Fatal(err)
		}
		if m.Type == "message" {
			all = append(all, m.Hops)
		}
	}
	if len(all) != len(messages) {
		t.Fatalf("%d messages of %d", len(all), len(messages))
	}
	if bytes.Contains(out, []byte("@")) {
		t.Errorf("a local part: %s", out)
	}
	return all
}

// openSSLName is OpenSSL's name of the suite of a session where a line has another name of the same: the standard's,
// as Exim with GnuTLS writes it (with a key exchange even for TLS 1.3), or GnuTLS's own (Courier). Else it is the line's.
func openSSLName(line string, suite uint16) string {
	standard := tls.CipherSuiteName(suite)
	_, aead, _ := strings.Cut(standard, "WITH_")
	if aead == "" {
		aead = strings.TrimPrefix(standard, "TLS_")
	}
	gnutls := strings.TrimPrefix(strings.Replace(line, "WITH_", "", 1), "TLS_")
	if exchange, ok := strings.CutSuffix(gnutls, aead); ok && exchange == "ECDHE_RSA_" {
		return starttls.CipherName(suite)
	}
	return line
}

// keyBits is the length of a suite's symmetric key.
func keyBits(suite uint16) int {
	if name := tls.CipherSuiteName(suite); strings.Contains(name, "AES_128") {
		return 128
	}
	return 256
}

// pair is a certificate of the lab with its key.
func (l *lab) pair(t *testing.T, name string) tls.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(l.pki, name+".pem"), filepath.Join(l.pki, name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// clientCertificate is a new one for this client, by the lab's root. Its name is of the kind that ends a comment.
func (l *lab) clientCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	ca := l.pair(t, "ca")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: `lab) [10.0.0.1] (not verified)`},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, ca.Leaf, key.Public(), ca.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// submit hands a server a message with the word in it and returns the session's TLS.
func (l *lab) submit(t *testing.T, address, from string, to []string, word string, s security) tls.ConnectionState {
	t.Helper()
	c, err := smtp.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	steps := []func() error{
		func() error { return c.Hello(labEHLO) },
		func() error {
			if s == inPlain {
				return nil
			}
			config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10} // who it is does not matter here
			switch s {
			case certified:
				config.Certificates = []tls.Certificate{l.clientCertificate(t)}
			case impostor:
				config.Certificates = []tls.Certificate{l.pair(t, "postfix")}
			}
			return c.StartTLS(config)
		},
		func() error { return c.Mail(from) },
	}
	for _, recipient := range to {
		steps = append(steps, func() error { return c.Rcpt(recipient) })
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(w, "Message-ID: <%s@%s>\r\nSubject: %s\r\n\r\nbody\r\n", word, labEHLO, word)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	state, _ := c.TLSConnectionState()
	if err := c.Quit(); err != nil {
		t.Error(err)
	}
	return state
}
