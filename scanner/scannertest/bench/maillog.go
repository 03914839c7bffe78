//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"
)

// linesASecond is what a log has of each second: nine million lines of a day.
const linesASecond = 100

// A relay writes the log of a busy one: Postfix at smtpd_tls_loglevel and smtp_tls_loglevel 1, each of whose messages
// comes in and goes on. One client of five is refused and one of fourteen has no TLS; of the deliveries one of twenty
// is put off, one of fifteen goes in plain text and one of ten over the connection of the one before. It is the same
// log each time.
type relay struct {
	random   *rand.Rand
	skewed   *rand.Zipf
	domains  int
	messages int
	flows    [96]flow

	to, from map[int]bool // domains that mail was for, and that it was taken from
	smtp     int          // lines of smtp and smtpd
}

// A flow is messages one after the other, all through the same two processes.
type flow struct {
	lines []string // of the message that is under way
	open  int      // the domain that the client is connected for; -1 = none
}

func newRelay(domains int) *relay {
	source := rand.New(rand.NewPCG(3, 4))
	r := &relay{random: source, skewed: rand.NewZipf(source, 1.1, 1, uint64(domains-1)), domains: domains,
		to: map[int]bool{}, from: map[int]bool{}}
	for i := range r.flows {
		r.flows[i].open = -1
	}
	return r
}

// write writes n lines.
func (r *relay) write(to io.Writer, n int) error {
	w := bufio.NewWriterSize(to, 1<<20)
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var head []byte
	for i := range n {
		if i%linesASecond == 0 {
			head = begin.Add(time.Duration(i/linesASecond)*time.Second).AppendFormat(head[:0], time.Stamp)
			head = append(head, " mx1 postfix/"...)
		}
		at := r.random.IntN(len(r.flows))
		f := &r.flows[at]
		if len(f.lines) == 0 {
			r.message(f, at)
		}
		line := f.lines[0]
		f.lines = f.lines[1:]
		if strings.HasPrefix(line, "smtp") {
			r.smtp++
		}
		w.Write(head)
		w.WriteString(line)
		if err := w.WriteByte('\n'); err != nil {
			return err
		}
	}
	return w.Flush()
}

func companyName(i int) string { return fmt.Sprintf("company%d.example", i) }

// mailHost is where a domain's mail comes from and goes to: one domain of five has its own, one of five a small
// provider's, the others one of twenty large ones'.
func mailHost(i int) string {
	host := fmt.Sprintf("mx%d.provider%d.example", i%8, i%20)
	switch i % 5 {
	case 0:
		host = "mail." + companyName(i)
	case 1:
		host = fmt.Sprintf("mx%d.provider%d.example", i%3, i%2000)
	}
	return fmt.Sprintf("%s[203.%d.%d.%d]", host, i>>16&0xff, i>>8&0xff, i&0xff)
}

// domain draws one as the world does; each has its turn too, now and then.
func (r *relay) domain() int {
	if r.messages%4 == 0 {
		return r.messages / 4 % r.domains
	}
	return int(r.skewed.Uint64())
}

const cipherSuite = "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 " +
	"server-signature RSA-PSS (2048 bits) server-digest SHA256"

// message is the next one of a flow.
func (r *relay) message(f *flow, number int) {
	r.messages++
	f.lines = f.lines[:0]
	sender, smtpd := r.domain(), 10_000+number
	client, domain := mailHost(sender), companyName(sender)
	f.add("smtpd[%d]: connect from %s", smtpd, client)
	if r.random.IntN(14) > 0 {
		f.add("smtpd[%d]: Anonymous TLS connection established from %s: %s", smtpd, client, cipherSuite)
	}
	if r.random.IntN(5) == 0 {
		f.add("smtpd[%d]: NOQUEUE: reject: RCPT from %s: 554 5.7.1 <u@%s>: Relay access denied; from=<s@%s> to=<u@%s> "+
			"proto=ESMTP helo=<mail>", smtpd, client, domain, domain, domain)
		f.add("smtpd[%d]: disconnect from %s ehlo=2 starttls=1 mail=1 rcpt=0/1 quit=1 commands=5/6", smtpd, client)
		return
	}
	id := fmt.Sprintf("%X", int64(0x1A2B000000)+int64(r.messages)*0x2F)
	f.add("smtpd[%d]: %s: client=%s", smtpd, id, client)
	f.add("cleanup[%d]: %s: message-id=<%d.%s@%s>", 30_000+number%7, id, r.messages, id, domain)
	f.add("qmgr[777]: %s: from=<someone@%s>, size=%d, nrcpt=1 (queue active)", id, domain, 2000+r.messages%50_000)
	r.from[sender] = true
	f.add("smtpd[%d]: disconnect from %s ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7", smtpd, client)
	r.deliver(f, 20_000+number, id)
}

// deliver sends a message on.
func (r *relay) deliver(f *flow, smtp int, id string) {
	to, use := f.open, "conn_use=2, "
	if to < 0 || r.random.IntN(10) > 0 {
		to, use = r.domain(), ""
	}
	r.to[to] = true
	server, domain := mailHost(to)+":25", companyName(to)
	switch luck := r.random.IntN(100); {
	case use != "":
	case luck < 5:
		f.add("smtp[%d]: connect to %s: Connection timed out", smtp, server)
		f.add("smtp[%d]: %s: to=<somebody@%s>, relay=none, delay=30, delays=0.05/0.01/30/0, dsn=4.4.1, "+
			"status=deferred (connect to %s: Connection timed out)", smtp, id, domain, server)
		f.open = -1
		return
	case luck < 60:
		f.add("smtp[%d]: Untrusted TLS connection established to %s: %s", smtp, server, cipherSuite)
	case luck < 93:
		f.add("smtp[%d]: Trusted TLS connection established to %s: %s", smtp, server, cipherSuite)
	}
	f.add("smtp[%d]: %s: to=<somebody@%s>, relay=%s, %sdelay=1.2, delays=0.05/0.01/0.6/0.54, dsn=2.0.0, status=sent "+
		"(250 2.0.0 Ok: queued as 4F%s)", smtp, id, domain, server, use, id)
	f.add("qmgr[777]: %s: removed", id)
	f.open = to
}

func (f *flow) add(format string, args ...any) {
	f.lines = append(f.lines, fmt.Sprintf(format, args...))
}
