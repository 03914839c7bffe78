package maillog

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// TestPlain: what is packed is told by its octets, not by its name.
func TestPlain(t *testing.T) {
	t.Parallel()
	const text = "Mar 11 11:18:50 mail postfix/smtp[1]: x\n"
	packed := func(pack func(io.Writer) (io.WriteCloser, error)) []byte {
		t.Helper()
		var b bytes.Buffer
		w, err := pack(&b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	gz := packed(func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
	forms := map[string][]byte{
		"plain": []byte(text), "gzip": gz, "two gzip members": append(bytes.Clone(gz), gz...),
		"zstd": packed(func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }),
		"xz":   packed(func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }),
	}
	for name, octets := range forms {
		r, err := Plain(bytes.NewReader(octets))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := io.ReadAll(r)
		if err := r.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := text
		if name == "two gzip members" {
			want += text
		}
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if name == "plain" {
			continue
		}
		r, err = Plain(bytes.NewReader(octets[:len(octets)-9]))
		if err != nil {
			t.Errorf("%s, cut off: %v", name, err)
			continue
		}
		if _, err := io.ReadAll(r); err == nil {
			t.Errorf("%s, cut off: no error", name)
		}
	}
	for name, head := range map[string]string{"gzip": "\x1f\x8bxxxxxxxxxxxx", "xz": "\xfd7zXZ\x00xxxxxxxxxxxx"} {
		if _, err := Plain(strings.NewReader(head)); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("a damaged head of %s: %v", name, err)
		}
	}
	if r, err := Plain(strings.NewReader("")); err != nil {
		t.Error(err)
	} else if got, err := io.ReadAll(r); len(got) > 0 || err != nil {
		t.Errorf("nothing is %q, %v", got, err)
	}
}

// stuck is a reader that never gives anything.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestStuckReader(t *testing.T) {
	t.Parallel()
	if _, err := NewLineReader(stuck{}).Next(); err != io.ErrNoProgress {
		t.Errorf("%v, not %v", err, io.ErrNoProgress)
	}
}

func TestSeries(t *testing.T) {
	t.Parallel()
	at := func(month, mday int) time.Time { return time.Date(2026, time.Month(month), mday, 0, 0, 0, 0, time.UTC) }
	one := func(d time.Time, way Direction) Day { return Day{d, way, Counts{Messages: 1}} }
	days := []Day{one(at(1, 31), Outbound), one(at(2, 1), Outbound), one(at(2, 2), Outbound), one(at(4, 1), Outbound), one(at(2, 2), Inbound)}
	for span, want := range map[Span][]string{
		Weekly: {"outbound 2026-01-26 2", "outbound 2026-02-02 1", "outbound 2026-02-09 0", "outbound 2026-02-16 0", "outbound 2026-02-23 0",
			"outbound 2026-03-02 0", "outbound 2026-03-09 0", "outbound 2026-03-16 0", "outbound 2026-03-23 0", "outbound 2026-03-30 1", "inbound 2026-02-02 1"},
		Monthly: {"outbound 2026-01-01 1", "outbound 2026-02-01 2", "outbound 2026-03-01 0", "outbound 2026-04-01 1", "inbound 2026-02-01 1"},
	} {
		var got []string
		for _, p := range Series(days, span) {
			got = append(got, p.Direction.String()+" "+p.Start.Format(time.DateOnly)+" "+string(rune('0'+p.Messages)))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", span, diff)
		}
	}
	if n := len(Series(days, Daily)); n != 62 {
		t.Errorf("%d days", n)
	}
	if n := len(Series([]Day{one(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), Outbound), one(at(1, 1), Outbound)}, Daily)); n > 40000 {
		t.Errorf("a forged stamp makes %d periods", n)
	}
	for i, word := range spanWords {
		var s Span
		if text, err := Span(i).MarshalText(); err != nil || string(text) != word || s.UnmarshalText(text) != nil || int(s) != i {
			t.Errorf("span %d: %q, %v, back %d", i, text, err, s)
		}
	}
}

// TestExplain: every kind of line has its words, and those that matter a fix.
func TestExplain(t *testing.T) {
	t.Parallel()
	const to = "TLS connection established to mx.example[192.0.2.1]:25: "
	const sent = "AAAAAA: to=<u@a.example>, relay=mx.example[192.0.2.1]:25, delay=1, delays=0/0/1/0, "
	for _, tt := range []struct{ program, text, what, mean, fix string }{
		{"postfix/smtp", "Verified " + to + "TLSv1.3 with cipher X (1/1 bits)", "the connection to mx.example is encrypted, with TLSv1.3 and X", "Verified: ", ""},
		{"postfix/smtp", "Trusted " + to + "TLSv1.3 with cipher X (1/1 bits)", "the connection to mx.example", "Trusted: ", ""},
		{"postfix/smtp", "Untrusted " + to + "TLSv1.3 with cipher X (1/1 bits)", "the connection to mx.example", "Untrusted: ", "set smtp_tls_CAfile"},
		{"postfix/smtp", "Anonymous " + to + "TLSv1.2 with cipher X (1/1 bits)", "the connection to mx.example", "Anonymous: encrypted", ""},
		{"postfix/smtp", "Anonymous " + strings.Replace(to, "established", "reused", 1) + "TLSv1 with cipher X (1/1 bits)", "the connection to mx.example is encrypted, with TLSv1 and X; it served another",
			"Anonymous", "the version is obsolete"},
		{"postfix/smtp", "Unverified: subject_CN=x, issuer=y", "the certificate of the connection that the next line tells of is Untrusted", "Untrusted", ""},
		{"postfix/smtpd", "Anonymous TLS connection established from a.example[192.0.2.1]: TLSv1.3 with cipher X (1/1 bits)", "the connection from a.example is encrypted",
			"Anonymous says only that the client showed no certificate", ""},
		{"postfix/smtpd", "Trusted TLS connection established from a.example[192.0.2.1]: TLSv1.3 with cipher X (1/1 bits)", "the connection from a.example", "", ""},
		{"postfix/smtp", sent + "dsn=2.0.0, status=sent (250 Ok)", "mail to a recipient at a.example was sent by way of mx.example", "whether it was encrypted stands in a line", "mxtls traffic"},
		{"postfix/smtp", sent + "tls=may, dsn=2.0.0, status=sent (250 Ok)", "mail to", "it travelled encrypted; the security level was may", ""},
		{"postfix/smtp", sent + "tls=may:none, dsn=2.0.0, status=sent (250 Ok)", "mail to", "it travelled in plain text; the security level was may", ""},
		{"postfix/smtp", sent + "tls=may?, dsn=2.0.0, status=sent (250 Ok)", "mail to", "the line does not tell whether it was encrypted; the", ""},
		{"postfix/smtp", sent + "tls=!secure, dsn=4.7.5, status=deferred (Server certificate not verified)", "mail to", CertificateNotVerified.Meaning(), CertificateNotVerified.Fix()},
		{"postfix/smtp", sent + "tls=!secure, dsn=2.0.0, status=sent (250 Ok)", "mail to", "the line does not tell whether it was encrypted; the security level was secure", ""},
		{"postfix/smtp", sent + "dsn=4.7.4, status=deferred (TLS is required, but was not offered by host x)", "mail to a recipient at a.example was deferred", NotOffered.Meaning(), NotOffered.Fix()},
		{"postfix/smtp", sent + "dsn=5.0.0, status=bounced (x)", "mail to a recipient at a.example was bounced", "the reason has nothing to do with TLS", ""},
		{"postfix/smtp", "AAAAAA: Server certificate not verified", "a TLS connection failed", CertificateNotVerified.Meaning(), CertificateNotVerified.Fix()},
		{"postfix/smtpd", "SSL_accept error from a.example[192.0.2.1]: -1", "a client could not begin TLS", HandshakeFailed.Meaning(), "if it is one client"},
		{"postfix/smtpd", "warning: TLS library problem: error:0A000102:SSL routines::unsupported protocol", "a client could not begin TLS", HandshakeFailed.Meaning(), "if it is one client"},
		{"postfix/smtpd", "lost connection after STARTTLS from a.example[192.0.2.1]", "a client could not begin TLS", HandshakeFailed.Meaning(), "if it is one client"},
		{"postfix/smtp", "setting up TLS connection to mx.example[192.0.2.1]:25", "TLS is being set up", "", ""},
		{"postfix/smtp", "re-using session with untrusted certificate, look for details earlier in the log", "a TLS session is used again", "why stands in an earlier line", ""},
		{"postfix/smtp", "Host offered STARTTLS: [mx.example]", "the server mx.example offered STARTTLS", "mail to it goes in plain text", "set smtp_tls_security_level"},
		{"exim", "1aeCkS-0005pR-8D <= u@b.example H=a.example [192.0.2.7] X=TLS1.3:A:1", "a message came in from a.example", "it travelled encrypted, with TLSv1.3", ""},
		{"exim", "1aeCkS-0005pR-8D <= u@b.example H=a.example [192.0.2.7] P=esmtp", "a message came in from a.example", "it travelled in plain text", ""},
		{"exim", "1aeCkS-0005pR-8D <= u@b.example H=a.example [192.0.2.7] P=esmtps", "a message came in from a.example", "it travelled encrypted", ""},
		{"exim", "1aeCkS-0005pR-8D <= u@b.example H=a.example [192.0.2.7]", "a message came in from a.example", "the line says nothing of TLS", ""},
		{"postfix/smtp", strings.Replace(sent, "<u@a.example>", `<"u@secret">`, 1) + "dsn=2.0.0, status=sent (250 Ok)", "mail to a recipient was sent by way of mx.example", "whether", "mxtls traffic"},
		{"postfix/master", "reload -- version 3.7.11, configuration /etc/postfix", "the mail system started", "", ""},
		{"postfix/cleanup", "x", "the line tells nothing", "", ""},
	} {
		var e Event
		Parse(&Line{Program: []byte(tt.program), Text: []byte(tt.text)}, &e)
		x := Explain(&e)
		if !strings.HasPrefix(x.What, tt.what) || !strings.HasPrefix(x.Mean, tt.mean) || !strings.HasPrefix(x.Fix, tt.fix) || (tt.mean == "") != (x.Mean == "") || (tt.fix == "") != (x.Fix == "") {
			t.Errorf("%s:\ngot  %+v\nwant %q, %q, %q", tt.text, x, tt.what, tt.mean, tt.fix)
		}
	}
	for i := range kindWords {
		if Explain(&Event{Kind: Kind(i)}).What == "" {
			t.Errorf("%v has no words", Kind(i))
		}
	}
}
