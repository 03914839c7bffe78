//go:build mta

package main_test

import (
	"bytes"
	"crypto/tls"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mxtls/scanner/starttls"
)

// keptBy are the commands that print what a server has kept of the messages that the word $0 stands in: for each a line
// "From RECIPIENT...", of its envelope, its header as the server has it, and an empty line.
var keptBy = map[string]string{
	"postfix": heldByPostfix,
	"dane":    heldByPostfix,
	"exim": `cd /var/spool/exim4/input && for f in $(grep -l "$0" *-H); do
		echo From $(grep -x '[^ <>=-][^ <>=]*@[^ <>=]*' $f); exim4 -Mvc ${f%-H} | sed '/^$/q'; done`,
	"sendmail": `for f in $(grep -l "$0" /var/spool/mqueue/qf*); do
		echo From $(sed -n 's/^R[^:]*:<\(.*\)>$/\1/p' $f); sed -n 's/^H?[^?]*?//p; /^[[:blank:]]/p' $f; echo; done`,
	"courier": `for f in $(grep -rl "$0" /var/lib/courier/msgs /var/lib/courier/tmp | grep '/D[0-9]*$'); do
		echo From $(sed -n 's/^r//p' ${f%/*}/C${f##*/D}); sed '/^$/q' $f; done`,
	"opensmtpd":     queuedByOpenSMTPD,
	"opensmtpd-tls": queuedByOpenSMTPD,
	"own": `cd /var/mail/lab/new && for f in $(grep -l "$0" *); do
		echo From $(sed -n 's/^Delivered-To: //p' $f); sed '/^$/q' $f; done`,
}

const (
	heldByPostfix = `for f in $(grep -rl "$0" /var/spool/postfix/hold); do
		echo From $(postcat -e $f | sed -n 's/^recipient: //p'); postcat -h $f; echo; done`
	queuedByOpenSMTPD = `for f in $(grep -rl "$0" /var/spool/smtpd/queue | grep '/message$'); do
		echo From $(sed -n 's/^dest: //p' ${f%/*}/*); sed '/^$/q' $f; done`
)

// letter is a message as a server keeps it.
type letter struct {
	server     string
	recipients []string
	text       []byte // its header, under a line "From "
}

// kept are the messages with the word in them that a server keeps.
func (l *lab) kept(t *testing.T, server, word string) (letters []letter) {
	t.Helper()
	out := output(t, scanPatience, l.script, "in", server, "bash", "-c", keptBy[server], word)
	for _, text := range bytes.SplitAfter(out, []byte("\n\n")) {
		first, _, _ := strings.Cut(string(text), "\n")
		if recipients, ok := strings.CutPrefix(first, "From "); ok {
			letters = append(letters, letter{server, strings.Fields(recipients), text})
		} else if len(text) > 0 {
			t.Fatalf("%s: no message: %q", server, text)
		}
	}
	return letters
}

// session is how a message was handed over, as one of the two sides has it.
type session struct {
	version, cipher string // OpenSSL's names; "" = in plain text
	word            string // what the side that writes the log thinks of the other one's certificate
}

var (
	// receivedField is the first Received: line; receivedTLS is what stands in it of TLS, first the version, then the
	// cipher, in the form of Postfix, sendmail, OpenSMTPD, Courier or Exim.
	receivedField = regexp.MustCompile(`(?m)^Received: .*\n(?:[\t ].*\n)*`)
	receivedTLS   = regexp.MustCompile(`\((?:using (\S+) with cipher (\S+) |version=(\S+) cipher=(\S+) |` +
		`(TLSv[0-9.]+):([^:]+):|TLS: (TLS[0-9.]+),\w+,(\w+)\)|(TLS[0-9.]+)\) tls (\w+))`)
	receivedPlain = regexp.MustCompile(`(?i)\swith (?:utf8)?e?smtp\s`)
)

// taken is how a server says that it was handed a letter: what its own line, which is on top, has of TLS.
func (l letter) taken(t *testing.T) session {
	t.Helper()
	line := receivedField.FindString(string(l.text))
	m := receivedTLS.FindStringSubmatch(line)
	if m == nil {
		if !receivedPlain.MatchString(line) {
			t.Errorf("%s: neither TLS nor plain text in %q", l.server, line)
		}
		return session{}
	}
	form := slices.IndexFunc(m[1:], func(group string) bool { return group != "" })
	return named(m[1+form], m[2+form])
}

// named is a session's version and suite by OpenSSL's names for what GnuTLS and others call them.
func named(version, cipher string) session {
	version = "TLSv" + strings.TrimPrefix(strings.TrimPrefix(version, "TLS"), "v")
	return session{version: version, cipher: canonicalCipher(cipher, version)}
}

// canonicalCipher is OpenSSL's name of the suite that a line names (see openSSLName).
func canonicalCipher(line, version string) string {
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		name, has := starttls.CipherName(suite.ID), func(v uint16) bool { return starttls.VersionName(v) == version }
		if strings.Contains(name, "-ECDSA-") || !slices.ContainsFunc(suite.SupportedVersions, has) {
			continue // GnuTLS' names have RSA for every key
		}
		if openSSLName(line, suite.ID) == name {
			return name
		}
	}
	return line
}
