package maillog

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/postfix"
)

// collect counts a log whose lines have no stamp or host: each is a second after the one before, from noon on.
func collect(t testing.TB, o Options, lines ...string) *Result {
	t.Helper()
	c := NewCollector(o)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f := NewFramer(nil, at.AddDate(0, 1, 0))
	for i, text := range lines {
		var l Line
		stamp := at.Add(time.Duration(i) * time.Second).Format("Jan _2 15:04:05")
		if text = stamp + " mail " + text; !f.Frame([]byte(text), &l) {
			t.Fatalf("no line: %s", text)
		}
		c.Add(&l)
	}
	return c.Result()
}

// short is a result's rows as "DIRECTION DOMAIN VIA encrypted/plaintext/unknown deferred/bounced".
func short(r *Result) []string {
	var out []string
	for _, row := range r.Rows {
		out = append(out, fmt.Sprintf("%s %s %s %d/%d/%d %d/%d", row.Direction, row.Domain, row.Via, row.Encrypted, row.Plaintext,
			row.Unknown, row.Deferred, row.Bounced))
	}
	return out
}

const (
	started = "postfix/master[1]: daemon started -- version 3.7.11, configuration /etc/postfix"
	suite   = ": TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
)

func tlsTo(pid, host string) string {
	return "postfix/smtp[" + pid + "]: Trusted TLS connection established to " + host + "[192.0.2.1]:25" + suite
}

func sent(pid, id, domain, host string) string {
	return "postfix/smtp[" + pid + "]: " + id + ": to=<u@" + domain + ">, relay=" + host +
		"[192.0.2.1]:25, delay=1, delays=0.1/0/0.5/0.3, dsn=2.0.0, status=sent (250 Ok)"
}

func TestAttribution(t *testing.T) {
	t.Parallel()
	const mx, other = "mx.a.example", "mx.b.example"
	fail := func(pid, id, status, text string) string {
		return "postfix/smtp[" + pid + "]: " + id + ": to=<u@a.example>, relay=none, delay=1, delays=1/0/0/0, dsn=4.7.5, status=" + status + " (" + text + ")"
	}
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"a TLS line and its delivery", []string{started, tlsTo("7", mx), sent("7", "AAAAAA", "a.example", mx)}, []string{"outbound a.example a.example 1/0/0 0/0"}},
		{"two recipients of one message", []string{started, tlsTo("7", mx), sent("7", "AAAAAA", "a.example", mx), sent("7", "AAAAAA", "c.example", mx)},
			[]string{"outbound a.example a.example 1/0/0 0/0", "outbound c.example a.example 1/0/0 0/0"}},
		{"the next message without a line is plain text", []string{started, tlsTo("7", mx), sent("7", "AAAAAA", "a.example", mx), sent("7", "BBBBBB", "a.example", mx)},
			[]string{"outbound a.example a.example 1/1/0 0/0"}},
		{"a plain connection that is used again", []string{started, tlsTo("7", mx), sent("7", "AAAAAA", "a.example", mx), sent("7", "BBBBBB", "b.example", mx),
			strings.Replace(sent("7", "CCCCCC", "b.example", mx), ", delay=", ", conn_use=2, delay=", 1)},
			[]string{"outbound a.example a.example 1/0/0 0/0", "outbound b.example a.example 0/2/0 0/0"}},
		{"a reused line", []string{started, tlsTo("7", mx), sent("7", "AAAAAA", "a.example", mx), strings.Replace(tlsTo("7", mx), "established", "reused", 1),
			sent("7", "BBBBBB", "a.example", mx)}, []string{"outbound a.example a.example 2/0/0 0/0"}},
		{"an MX record in capitals", []string{started, tlsTo("7", mx), sent("7", "AAAAAA", "a.example", "MX.A.example")}, []string{"outbound a.example a.example 1/0/0 0/0"}},
		{"another process", []string{started, tlsTo("7", mx), sent("8", "AAAAAA", "a.example", mx)}, []string{"outbound a.example a.example 0/1/0 0/0"}},
		{"another server", []string{started, tlsTo("7", mx), sent("7", "AAAAAA", "b.example", other)}, []string{"outbound b.example b.example 0/1/0 0/0"}},
		{"after a broken connection", []string{started, tlsTo("7", mx), "postfix/smtp[7]: AAAAAA: lost connection with mx.a.example[192.0.2.1] while sending MAIL FROM",
			sent("7", "AAAAAA", "a.example", mx)}, []string{"outbound a.example a.example 0/1/0 0/0"}},
		{"loglevel 0", []string{started, sent("7", "AAAAAA", "a.example", mx)}, []string{"outbound a.example a.example 0/0/1 0/0"}},
		{"loglevel raised by a reload", []string{started, sent("7", "AAAAAA", "a.example", mx), "postfix/master[1]: reload -- version 3.7.11, configuration /etc/postfix",
			tlsTo("7", mx), sent("7", "BBBBBB", "a.example", mx), sent("7", "CCCCCC", "a.example", mx)}, []string{"outbound a.example a.example 1/1/1 0/0"}},
		{"plain text before the first TLS line", []string{started, sent("7", "AAAAAA", "a.example", mx), tlsTo("7", mx)}, []string{"outbound a.example a.example 0/1/0 0/0"}},
		{"a connection from before the log", []string{sent("7", "AAAAAA", "a.example", mx), tlsTo("7", mx), sent("9", "BBBBBB", "a.example", mx)},
			[]string{"outbound a.example a.example 0/1/1 0/0"}},
		{"another instance's level", []string{started, "postfix-out/master[1]: daemon started -- version 3.7.11, x", tlsTo("7", mx),
			strings.Replace(sent("8", "AAAAAA", "a.example", mx), "postfix/", "postfix-out/", 1)}, []string{"outbound a.example a.example 0/0/1 0/0"}},
		{"the same instance's service", []string{started, tlsTo("7", mx), strings.Replace(sent("8", "AAAAAA", "a.example", mx), "postfix/", "postfix/relay/", 1)},
			[]string{"outbound a.example a.example 0/1/0 0/0"}},
		{"Postfix 2.2", []string{started, "postfix/smtp[7]: Verified: subject_CN=mx.a.example, issuer=CA",
			"postfix/smtp[7]: TLS connection established to mx.a.example" + suite, sent("7", "AAAAAA", "a.example", mx)}, []string{"outbound a.example a.example 1/0/0 0/0"}},
		{"tls= alone", []string{strings.Replace(sent("7", "AAAAAA", "a.example", mx), ", dsn=", ", tls=may, dsn=", 1),
			strings.Replace(sent("7", "BBBBBB", "a.example", mx), ", dsn=", ", tls=may:none, dsn=", 1)}, []string{"outbound a.example a.example 1/1/0 0/0"}},
		{"tls= is believed before a line", []string{tlsTo("7", mx), strings.Replace(sent("7", "AAAAAA", "a.example", mx), ", dsn=", ", tls=may:none, dsn=", 1)},
			[]string{"outbound a.example a.example 0/1/0 0/0"}},
		{"a content filter", []string{started, "postfix/smtp[7]: AAAAAA: to=<u@a.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 Ok)",
			"postfix/lmtp[7]: AAAAAA: to=<u@a.example>, relay=mail[private/dovecot-lmtp], delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 Ok)"}, nil},
		{"deferred before any server", []string{started, tlsTo("7", mx), sent("7", "AAAAAA", "a.example", mx), fail("7", "BBBBBB", "deferred", "Cannot start TLS: handshake failure")},
			[]string{"outbound a.example a.example 1/0/0 1/0"}},
		{"bounced", []string{started, fail("7", "BBBBBB", "bounced", "x")}, []string{"outbound a.example  0/0/0 0/1"}},
		{"what is no domain is no row of its own", []string{started, tlsTo("7", mx), sent("7", "AAAAAA", "\x1b[31m", mx), tlsTo("7", mx), sent("7", "BBBBBB", "a b", mx)},
			[]string{"outbound  a.example 2/0/0 0/0"}},
		{"put off without a try", []string{started, strings.Replace(fail("8", "CCCCCC", "deferred", "delivery temporarily suspended: Cannot start TLS: handshake failure"), "smtp[", "error[", 1),
			strings.Replace(fail("8", "DDDDDD", "bounced", "User unknown in virtual alias table"), "smtp[", "error[", 1)}, []string{"outbound a.example  0/0/0 1/0"}},
		{"reload of old releases", []string{started, sent("7", "AAAAAA", "a.example", mx), "postfix/master[1]: reload configuration /etc/postfix", tlsTo("7", mx),
			sent("7", "BBBBBB", "b.example", mx)}, []string{"outbound a.example a.example 0/0/1 0/0", "outbound b.example a.example 1/0/0 0/0"}},
		{"letter case", []string{started, tlsTo("7", mx), sent("7", "AAAAAA", "A.Example", mx)}, []string{"outbound a.example a.example 1/0/0 0/0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, short(collect(t, Options{}, tt.lines...))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestInbound(t *testing.T) {
	t.Parallel()
	const (
		connect = "postfix/smtpd[5]: connect from out.a.example[192.0.2.7]"
		tls     = "postfix/smtpd[5]: Anonymous TLS connection established from out.a.example[192.0.2.7]" + suite
		leave   = "postfix/smtpd[5]: disconnect from out.a.example[192.0.2.7] ehlo=1"
	)
	client := func(id, more string) string {
		return "postfix/smtpd[5]: " + id + ": client=out.a.example[192.0.2.7]" + more
	}
	from := func(id, sender string) string {
		return "postfix/qmgr[3]: " + id + ": from=<" + sender + ">, size=1, nrcpt=1 (queue active)"
	}
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"over TLS", []string{connect, tls, client("AAAAAA", ""), from("AAAAAA", "u@b.example"), leave}, []string{"inbound b.example a.example 1/0/0 0/0"}},
		{"two messages", []string{connect, tls, client("AAAAAA", ""), from("AAAAAA", "u@b.example"), client("BBBBBB", ""), from("BBBBBB", "u@b.example")},
			[]string{"inbound b.example a.example 2/0/0 0/0"}},
		{"retries count once", []string{connect, tls, client("AAAAAA", ""), from("AAAAAA", "u@b.example"), from("AAAAAA", "u@b.example")},
			[]string{"inbound b.example a.example 1/0/0 0/0"}},
		{"refused after all", []string{connect, tls, client("AAAAAA", ""), leave}, nil},
		{"plain text", []string{connect, tls, leave, connect, client("AAAAAA", ""), from("AAAAAA", "u@b.example")}, []string{"inbound b.example a.example 0/1/0 0/0"}},
		{"loglevel 0", []string{connect, client("AAAAAA", ""), from("AAAAAA", "u@b.example")}, []string{"inbound b.example a.example 0/0/1 0/0"}},
		{"a connection from before the log", []string{client("AAAAAA", ""), from("AAAAAA", "u@b.example"), connect, tls}, []string{"inbound b.example a.example 0/0/1 0/0"}},
		{"a user", []string{connect, tls, client("AAAAAA", ", sasl_method=PLAIN, sasl_username=u"), from("AAAAAA", "u@b.example")}, nil},
		{"this machine", []string{"postfix/smtpd[5]: connect from localhost[127.0.0.1]", "postfix/smtpd[5]: AAAAAA: client=localhost[127.0.0.1]", from("AAAAAA", "u@b.example")}, nil},
		{"a proxy filter", []string{connect, tls, client("NOQUEUE", ""), from("NOQUEUE", "u@b.example")}, nil},
		{"a bounce", []string{connect, tls, client("AAAAAA", ""), from("AAAAAA", "")}, []string{"inbound  a.example 1/0/0 0/0"}},
		{"sendmail", []string{"sm-mta[5]: STARTTLS=server, relay=out.a.example [192.0.2.7], version=TLSv1.3, verify=NO, cipher=X, bits=256/256",
			"sm-mta[5]: t1BAIo: from=<u@b.example>, size=1, relay=out.a.example [192.0.2.7]", "sm-mta[6]: t1BAIp: from=<u@b.example>, size=1, relay=out.a.example [192.0.2.7]"},
			[]string{"inbound b.example a.example 1/1/0 0/0"}},
		{"Exim, by the protocol word", []string{"exim[5]: 1aeCkS-0005pR-8D <= u@b.example H=out.a.example [192.0.2.7] P=esmtps", "exim[5]: 1aeCkS-0005pR-8E <= u@b.example H=out.a.example [192.0.2.7] P=esmtp"},
			[]string{"inbound b.example a.example 1/1/0 0/0"}},
		{"sendmail, by the protocol word", []string{"sm-mta[5]: t1BAIo: from=<u@b.example>, size=1, proto=ESMTPS, relay=out.a.example [192.0.2.7]"}, []string{"inbound b.example a.example 1/0/0 0/0"}},
		{"Exim", []string{"exim[5]: 1aeCkS-0005pR-8D <= u@b.example H=out.a.example [192.0.2.7] P=esmtps X=TLS1.3:A:256", "exim[5]: 1aeCkS-0005pR-8E <= u@b.example H=out.a.example [192.0.2.7] P=esmtp"},
			[]string{"inbound b.example a.example 1/1/0 0/0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, short(collect(t, Options{}, tt.lines...))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOthersOutbound(t *testing.T) {
	t.Parallel()
	got := short(collect(t, Options{},
		"sm-mta[5]: STARTTLS=client, relay=mx.a.example., version=TLSv1.3, verify=OK, cipher=X, bits=256/256",
		"sm-mta[5]: t1BAIo: to=<u@a.example>,<v@b.example>, delay=00:00:01, relay=mx.a.example. [192.0.2.1], dsn=2.0.0, stat=Sent (Ok)",
		"sm-mta[6]: t1BAIp: to=<u@a.example>, delay=00:00:01, relay=mx.a.example. [192.0.2.1], dsn=2.0.0, stat=Sent (Ok)",
		"sendmail[7]: t1BAIq: to=u@f.example, ctladdr=o@o.example (0/0), delay=00:00:00, mailer=esmtp, pri=30038, stat=queued",
		"sendmail[7]: STARTTLS=client, relay=mx.f.example., version=TLSv1.3, verify=OK, cipher=X, bits=256/256",
		"sendmail[7]: t1BAIq: to=u@f.example,v@g.example, ctladdr=o@o.example (0/0), delay=00:00:00, relay=mx.f.example. [192.0.2.1], dsn=2.0.0, stat=Sent (Ok)",
		"sendmail[7]: STARTTLS=client, relay=mx.h.example., version=TLSv1.3, verify=OK, cipher=X, bits=256/256",
		"sendmail[7]: t1BAIs: to=u@h.example, delay=00:00:00, relay=mx.h.example. [192.0.2.3], dsn=2.0.0, stat=Sent (Ok)",
		"sendmail[7]: t1BAIr: to=u@f.example, delay=00:00:00, relay=mx.f.example. [192.0.2.1], dsn=2.0.0, stat=Sent (Ok)",
		"sendmail[7]: t1BAIr: to=u@g.example, delay=00:00:00, relay=mx.g.example. [192.0.2.1], dsn=4.4.3, stat=queued",
		"exim[5]: 1aeCkS-0005pR-8D => u@c.example R=r T=t H=mx.c.example [192.0.2.1] X=TLS1.3:A:256 CV=yes",
		"exim[5]: 1aeCkS-0005pR-8E => u@c.example R=r T=t H=mx.c.example [192.0.2.1]",
		"exim[5]: 1aeCkS-0005pR-8F => u <u@d.example> R=r T=local",
		"qmail: starting delivery 12: msg 34 to remote u@e.example",
		"qmail: delivery 12: success: 192.0.2.1_accepted_message./Remote_host_said:_250/",
		"qmail: delivery 13: success: did_1+0+0/",
	))
	want := []string{"outbound a.example a.example 1/1/0 0/0", "outbound b.example a.example 1/0/0 0/0", "outbound c.example c.example 1/1/0 0/0",
		"outbound e.example  0/0/1 0/0", "outbound f.example f.example 2/0/0 0/0", "outbound g.example f.example 1/0/0 0/0",
		"outbound g.example g.example 0/0/0 1/0", "outbound h.example h.example 1/0/0 0/0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestResult(t *testing.T) {
	t.Parallel()
	const fails = "postfix/smtp[7]: BBBBBB: to=<u@a.example>, relay=none, delay=1, delays=1/0/0/0, dsn=4.7.5, status=deferred (Server certificate not verified)"
	lines := []string{started, tlsTo("7", "mx.a.example"), sent("7", "AAAAAA", "a.example", "mx.a.example"),
		"postfix/smtp[7]: server certificate verification failed for mx.a.example[192.0.2.1]:25: certificate has expired", tlsTo("7", "mx.a.example"), fails, fails}
	at := func(s int) time.Time { return time.Date(2026, 3, 1, 12, 0, s, 0, time.UTC) }
	got := collect(t, Options{}, lines...)
	counts := Counts{Messages: 1, Encrypted: 1, Deferred: 2, Words: Names{{"Trusted", 1}}, Versions: Names{{"TLSv1.3", 1}},
		Ciphers: Names{{"TLS_AES_256_GCM_SHA384", 1}}}
	want := &Result{
		Info:     Info{Lines: 7, Events: 7, Software: [5]int64{Postfix: 7}, First: at(0), Last: at(6)},
		Rows:     []Row{{Outbound, "a.example", "a.example", counts, at(2), at(6)}},
		Days:     []Day{{time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Outbound, counts}},
		Failures: []Failure{{CertificateNotVerified, 1, 0, []string{"a.example"}}, {CertificateExpired, 1, 0, []string{"a.example"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if silent := collect(t, Options{}, started, sent("7", "AAAAAA", "a.example", "mx.a.example")).Info.Silent; silent != [3]bool{Outbound: true} {
		t.Errorf("silent: %v", silent)
	}
	out := strings.Replace(sent("7", "AAAAAA", "b.example", "mx.b.example"), "postfix/", "postfix-out/", 1)
	if i := collect(t, Options{}, append(lines, strings.Replace(started, "postfix/", "postfix-out/", 1), out)...).Info; i.Silent != [3]bool{} || i.Mute != [3]int{Outbound: 1} {
		t.Errorf("one of two instances is mute: %v, %v", i.Silent, i.Mute)
	}
	within := collect(t, Options{Since: at(3), Until: at(6)}, lines...)
	if total := within.Total(Outbound); total.Messages != 0 || total.Deferred != 1 {
		t.Errorf("within the span: %+v", total)
	}
	if i := within.Info; i.Lines != 7 || i.First != at(3) || i.Last != at(5) {
		t.Errorf("within the span: %d lines, %v to %v", i.Lines, i.First, i.Last)
	}
	here := "postfix/smtp[7]: CCCCCC: to=<u@a.example>, relay=127.0.0.1[127.0.0.1]:25, delay=1, delays=0/0/0/0, dsn=2.0.0, status=sent (250 Ok)"
	user := "postfix/smtpd[8]: DDDDDD: client=pc.a.example[192.0.2.8], sasl_method=PLAIN, sasl_username=u"
	for _, tt := range []struct {
		o    Options
		want Info
	}{
		{Options{}, Info{Local: 2, Submitted: 2, Lines: 4, First: at(0), Last: at(3)}},
		{Options{Since: at(2)}, Info{Local: 1, Submitted: 1, Lines: 4, First: at(2), Last: at(3)}},
		{Options{Until: at(0)}, Info{Lines: 4}},
	} {
		got := collect(t, tt.o, here, user, here, user).Info
		got.Events, got.Software = 0, tt.want.Software
		if got != tt.want {
			t.Errorf("%v: got %+v, want %+v", tt.o, got, tt.want)
		}
	}
}

// TestBounded: forged hosts, processes and identifiers do not fill the memory.
func TestBounded(t *testing.T) {
	t.Parallel()
	c := NewCollector(Options{})
	for i := range 3 * maxLive {
		l := Line{Unix: int64(1000 + i), Program: []byte("postfix/smtpd"), PID: fmt.Append(nil, i), Text: []byte("connect from a.example[192.0.2.7]")}
		c.Add(&l)
		l.Text = fmt.Appendf(nil, "AAA%06d: client=a.example[192.0.2.7]", i)
		c.Add(&l)
		l.Program, l.Text = []byte("qmail"), fmt.Appendf(nil, "starting delivery %d: msg 1 to remote u@a.example", i)
		c.Add(&l)
	}
	if n := len(c.processes) + len(c.queue); n > 2*maxLive || len(c.starting) > 3*maxLive {
		t.Errorf("%d processes and messages are kept, %d deliveries", n, len(c.starting))
	}
	for i := range 10 {
		c.destination(Outbound, []byte("a.example"), bytes.Repeat([]byte{'a' + byte(i)}, maxHost+1))
	}
	if len(c.vias) > 0 {
		t.Errorf("%d hosts without a name are kept", len(c.vias))
	}
	w := newWays()
	for i := range 2 * maxWays {
		w.number(postfix.Trusted, []byte("TLSv1.3"), fmt.Appendf(nil, "CIPHER-%d", i))
		w.number(postfix.WordNone, fmt.Appendf(nil, "no version %d", i), nil)
	}
	if len(w.all) > maxWays+2 || len(w.numbers) != len(w.all)-1 {
		t.Errorf("%d ways are kept", len(w.all))
	}
	if got, want := w.all[len(w.all)-1], (way{"Trusted", string(otherVersion), string(otherCipher)}); got != want {
		t.Errorf("the last way is %+v, want %+v", got, want)
	}
	if got := w.all[w.number(postfix.WordNone, nil, nil)]; got != (way{}) {
		t.Errorf("nothing is %+v", got)
	}
}

// TestForgottenHosts: when hosts are forgotten, the processes that go on are those of the hosts that come instead.
func TestForgottenHosts(t *testing.T) {
	t.Parallel()
	c, unix := NewCollector(Options{}), int64(1000)
	add := func(text string) {
		unix++
		c.Add(&Line{Unix: unix, Host: []byte("mail"), Program: []byte("postfix/smtp"), PID: []byte("7"), Text: []byte(text)})
	}
	add("AAAAAB: lost connection with mx.a.example[192.0.2.1] while sending RCPT TO")
	for i := range maxHosts {
		c.Add(&Line{Unix: unix, Host: fmt.Append(nil, i), Program: []byte("postfix/smtp"), Text: []byte("Host offered STARTTLS: [a]")})
	}
	add("Trusted TLS connection established to mx.b.example[192.0.2.2]:25" + suite)
	unix += 10
	add("AAAAAA: to=<u@a.example>, relay=mx.a.example[192.0.2.1]:25, delay=0, delays=0/0/0/0, status=sent (ok)")
	if got, want := short(c.Result()), []string{"outbound a.example a.example 0/1/0 0/0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLineReader(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxLine+1)
	huge := strings.Repeat("y", 3*readAhead)
	l := NewLineReader(io.MultiReader(strings.NewReader("a\n\nb"), strings.NewReader("c\n"+long+"\nd\n"+huge+"\ne\n"), strings.NewReader("rest")))
	var got []string
	for {
		line, err := l.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(line))
	}
	if diff := cmp.Diff([]string{"a", "", "bc", "d", "e"}, got); diff != "" || l.TooLong != 2 {
		t.Errorf("%d too long (-want +got):\n%s", l.TooLong, diff)
	}
	if rest := string(l.Rest()); rest != "rest" || l.Rest() != nil {
		t.Errorf("the rest is %q", rest)
	}
}
