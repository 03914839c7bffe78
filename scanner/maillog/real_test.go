package maillog

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// took is a delivery to the servers of the parity lab, whose reply to the message says how they took it.
var took = regexp.MustCompile(`/smtp\[\d+\]: \w+: to=<[\w-]+@([^>]+)>, .*status=sent \(250 2\.0\.0 taken (over TLS|in plain text)\)$`)

// TestRealPostfix: logs that Postfix 3.7.11 and 3.10.13 wrote when they delivered at smtp_tls_loglevel 1, at levels none,
// may, encrypt, verify and secure, to the servers of the parity lab. What they come to is what these servers saw, domain for
// domain and message for message.
func TestRealPostfix(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file             string
		encrypted, plain int64
	}{{"postfix-3.7.11.log.xz", 838, 333}, {"postfix-3.10.13.log.gz", 824, 369}} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			file, err := os.Open(filepath.Join("testdata", tt.file))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			plain, err := Plain(file)
			if err != nil {
				t.Fatal(err)
			}
			defer plain.Close()
			type split struct{ Encrypted, Plaintext int64 }
			want, got := map[string]split{}, map[string]split{}
			lines, framer, c := NewLineReader(plain), NewFramer(nil, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)), NewCollector(Options{Loopback: true})
			for {
				text, err := lines.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if m := took.FindSubmatch(text); m != nil {
					s := want[domainName(m[1])]
					if string(m[2]) == "over TLS" {
						s.Encrypted++
					} else {
						s.Plaintext++
					}
					want[domainName(m[1])] = s
				}
				var l Line
				if !framer.Frame(text, &l) {
					t.Fatalf("no line of a log: %s", text)
				}
				c.Add(&l)
			}
			result := c.Result()
			for _, row := range result.Rows {
				if s := got[row.Domain]; row.Messages > 0 {
					got[row.Domain] = split{s.Encrypted + row.Encrypted, s.Plaintext + row.Plaintext}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-servers +log):\n%s", diff)
			}
			if total := result.Total(Outbound); total.Encrypted != tt.encrypted || total.Plaintext != tt.plain || total.Unknown != 0 {
				t.Errorf("%d encrypted, %d in plain text, %d unknown", total.Encrypted, total.Plaintext, total.Unknown)
			}
		})
	}
}
