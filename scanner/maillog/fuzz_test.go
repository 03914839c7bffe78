package maillog

import (
	"bytes"
	"testing"
	"time"
)

// FuzzLine: no line makes the parser panic, and what it takes for a row is a name, whatever the line says. A row more
// than the line has events is a forged one.
func FuzzLine(f *testing.F) {
	for _, line := range benchLines() {
		f.Add(line)
	}
	f.Add([]byte(`<22>1 2016-03-11T02:18:50Z mail exim 1 - [a b="]"] 1aeCkS-0005pR-8D => "a b"@c.example R=r H=mx [192.0.2.1] X=TLS1.3:A:1`))
	f.Add([]byte(`{"__REALTIME_TIMESTAMP":"1457662730879713","SYSLOG_IDENTIFIER":"sm-mta","MESSAGE":"t1BAIo: to=<u@a.example>,<v@b>, relay=x, stat=Sent"}`))
	f.Add([]byte("@4000000056e22b142c5a4b2c delivery 1: success: 192.0.2.1_TLS_transmitted_message_accepted./"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.IndexByte(line, '\n') >= 0 {
			return
		}
		before := bytes.Clone(line)
		c := NewCollector(Options{Loopback: true})
		var l Line
		if !NewFramer(nil, time.Unix(1<<31, 0)).Frame(line, &l) {
			return
		}
		c.Add(&l)
		c.Add(&l)
		var e Event
		if Parse(&l, &e) && Explain(&e).What == "" {
			t.Fatalf("%v has no words", e.Kind)
		}
		if !bytes.Equal(line, before) {
			t.Fatal("the line was changed")
		}
		for _, row := range c.Result().Rows {
			for _, text := range []string{row.Domain, row.Via} {
				for _, ch := range []byte(text) {
					if ch <= ' ' || ch > '~' {
						t.Fatalf("row %q", text)
					}
				}
			}
		}
	})
}
