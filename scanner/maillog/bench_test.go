package maillog

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// benchLines are a realistic mix: what Postfix writes for messages in and out, of which a third says something.
func benchLines() [][]byte {
	var lines [][]byte
	add := func(program, format string, args ...any) {
		lines = append(lines, fmt.Appendf(nil, "Mar  1 12:%02d:%02d mail %s: %s", len(lines)/60%60, len(lines)%60, program, fmt.Sprintf(format, args...)))
	}
	for i := range 200 {
		host, domain, id := fmt.Sprintf("mx%d.provider%d.example", i%3, i%40), fmt.Sprintf("customer%d.example", i%100), fmt.Sprintf("4Bq%06X", i)
		in, out := fmt.Sprintf("postfix/smtpd[%d]", 1000+i%7), fmt.Sprintf("postfix/smtp[%d]", 2000+i%9)
		add(in, "connect from %s[192.0.2.%d]", host, i%250)
		add(in, "Anonymous TLS connection established from %s[192.0.2.%d]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 "+
			"server-signature RSA-PSS (2048 bits) server-digest SHA256", host, i%250)
		add(in, "%s: client=%s[192.0.2.%d]", id, host, i%250)
		add("postfix/cleanup[3000]", "%s: message-id=<%d.abcdef@%s>", id, i, domain)
		add("postfix/qmgr[3001]", "%s: from=<someone@%s>, size=%d, nrcpt=1 (queue active)", id, domain, 1000+i)
		add(in, "disconnect from %s[192.0.2.%d] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7", host, i%250)
		if i%10 > 0 {
			add(out, "Untrusted TLS connection established to %s[192.0.2.%d]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) "+
				"key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256", host, i%250)
		}
		add(out, "%s: to=<somebody@%s>, relay=%s[192.0.2.%d]:25, delay=1.2, delays=0.05/0.01/0.6/0.54, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %X)",
			id, domain, host, i%250, i)
		add("postfix/qmgr[3001]", "%s: removed", id)
	}
	return lines
}

// BenchmarkLines is a log from its octets to its counts.
func BenchmarkLines(b *testing.B) {
	lines := benchLines()
	const times = 50 // what a log costs before its first line is not to be seen
	text := bytes.Repeat(append(bytes.Join(lines, []byte("\n")), '\n'), times)
	c := NewCollector(Options{})
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	latest := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	begun := processorTime(b)
	for b.Loop() {
		if err := NewLog(bytes.NewReader(text), nil, latest).Read(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(lines)*times*b.N)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(len(lines)*times*b.N)/(processorTime(b)-begun).Seconds(), "lines/cpu-s")
}

// processorTime is what the process took of the processors so far: others may take their share of the time on the clock.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
