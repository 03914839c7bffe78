package resolve

import (
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mxtls/scanner/name"
	"mxtls/scanner/scannertest"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(benchServer); addr != "" {
		serveBench(addr)
		return
	}
	goleak.VerifyTestMain(m)
}

// patient is a timeout that no healthy loopback server passes, however loaded the machine.
const patient = 10 * time.Second

// newDNS starts a false resolver that holds the records.
func newDNS(tb testing.TB, records ...string) *scannertest.DNS {
	tb.Helper()
	d, err := scannertest.NewDNS("127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	if err := d.Add(records...); err != nil {
		tb.Fatal(err)
	}
	return d
}

// newResolver makes a Resolver that is closed with the test.
func newResolver(tb testing.TB, c Config) *Resolver {
	tb.Helper()
	if c.Timeout == 0 {
		c.Timeout = patient
	}
	r, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(r.Close)
	return r
}

func host(s string) name.Name { return name.MustParse(s) }

func hosts(names ...string) (out []name.Name) {
	for _, n := range names {
		out = append(out, host(n))
	}
	return out
}

// asked counts a server's queries for a name and type.
func asked(d *scannertest.DNS, name, typ string) (n int) {
	for _, q := range d.Queries() {
		if q.Name == name && q.Type == typ {
			n++
		}
	}
	return n
}
