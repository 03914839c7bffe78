//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
)

// TestMain lets the test program be the farm's process, as the program itself is.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == farmArg {
		exitOn(runFarm(os.Args[2], os.Stdin, os.Stdout))
		return
	}
	os.Exit(m.Run())
}

func startFarm(t *testing.T, s spec) *farm {
	t.Helper()
	f, err := (&bench{dir: t.TempDir()}).farm(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.stop)
	return f
}

func host(t *testing.T, s string) name.Name {
	t.Helper()
	n, err := name.ParseHost(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDNS(t *testing.T) {
	t.Parallel()
	f := startFarm(t, spec{})
	r, err := resolve.New(resolve.Config{Servers: []string{f.DNS}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	a := r.MX(t.Context(), host(t, domainName(999_999, 4711)))
	if diff := cmp.Diff([]resolve.MX{{Preference: 10, Host: "mx4711.example"}}, a.MX); diff != "" {
		t.Errorf("MX (-want +got):\n%s", diff)
	}
	if a.Trust != resolve.Insecure {
		t.Errorf("trust %v", a.Trust)
	}
	mx := host(t, serverName(70_000))
	a = r.Addrs(t.Context(), mx, false)
	want := []netip.Addr{netip.MustParseAddr("127.65.17.112")}
	if diff := cmp.Diff(want, a.Addrs, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("A (-want +got):\n%s", diff)
	}
	if a := r.Addrs(t.Context(), mx, true); a.Status != resolve.NoData {
		t.Errorf("AAAA: %v, want nodata", a.Status)
	}
	if a := r.MX(t.Context(), mx); a.Status != resolve.NoData {
		t.Errorf("MX of a host: %v, want nodata", a.Status)
	}
}

func TestAnswerIgnores(t *testing.T) {
	t.Parallel()
	query := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04d1-2\x07example\x00\x00\x0f\x00\x01")
	if answer(nil, query) == nil {
		t.Fatal("the query is not answered")
	}
	for n := range query {
		if got := answer(nil, query[:n]); got != nil {
			t.Errorf("%d octets of a query are answered: %x", n, got)
		}
	}
	query[2] |= 0x80
	if got := answer(nil, query); got != nil {
		t.Errorf("a response is answered: %x", got)
	}
}

// All ways go through with the same servers, which count what they saw.
func TestWays(t *testing.T) {
	t.Parallel()
	const n = 3
	f := startFarm(t, spec{Servers: n, Hybrid: true})
	roots, err := pkix.Load(f.roots)
	if err != nil {
		t.Fatal(err)
	}
	for i, way := range []func() error{
		func() error { return bareLoop(f, n, tls.X25519MLKEM768) },
		func() error { return probeLoop(f, roots, n) },
		func() error { return scanAll(f, roots, n) },
	} {
		if err := way(); err != nil {
			t.Errorf("way %d: %v", i, err)
		}
		s, err := f.stats()
		if err != nil {
			t.Fatal(err)
		}
		if s.Sessions != (i+1)*n || s.CPU <= 0 {
			t.Errorf("stats %+v after %d sessions", s, (i+1)*n)
		}
	}
	if err := bareLoop(f, n, tls.X25519); err == nil {
		t.Error("the key exchange is not checked")
	}
	if err := newBareClient("").session(f.address(0), serverName(0), nil); err == nil {
		t.Error("the bare client does not verify")
	}
	if err := scanAll(f, roots, n+1); err == nil {
		t.Error("a server that is not there passes")
	}
}

func TestLookups(t *testing.T) {
	t.Parallel()
	f := startFarm(t, spec{})
	domain := func(i int) string { return domainName(i, i) }
	if err := bareLookups(f.DNS, 500, questionsInFlight, domain); err != nil {
		t.Error("bare:", err)
	}
	if err := resolverLookups(f.DNS, 500, questionsInFlight, domain); err != nil {
		t.Error(err)
	}
	if err := resolverLookups(f.DNS, 1, 1, serverName); err == nil {
		t.Error("a name without MX passes")
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	const n = 4
	b := &bench{dir: t.TempDir()}
	started := time.Now()
	_, err := b.inFlight(n, func(ctx context.Context, f *farm) error {
		for i := range n {
			go newBareClient(f.Roots).session(f.address(i), serverName(i), func(conn *tls.Conn) error {
				conn.Write([]byte("EHLO a\r\n"))
				conn.Read(make([]byte, 1)) // held until the farm ends
				return nil
			})
		}
		return nil
	})
	if err != nil {
		t.Errorf("after %v: %v", time.Since(started), err)
	}
}

func TestZipf(t *testing.T) {
	t.Parallel()
	z, count := newZipf(100), map[int]int{}
	for i := range 10_000 {
		count[z.server(i)]++
	}
	if len(count) != len(z.drawn) || len(count) < 90 || count[0] < 10*count[50] {
		t.Errorf("%d servers drawn, %d counted, the first %d times, the 51st %d",
			len(z.drawn), len(count), count[0], count[50])
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	err := printTable(&b, []row{
		against("a", 130*time.Microsecond, 100*time.Microsecond, micros, 1.3),
		against("b", 1310*time.Millisecond, time.Second, seconds, 1.3),
		within("c", int64(3<<20), 0, mebibytes, 2<<20),
		within("d", int64(1<<10), 2<<10, kibibytes, 2<<10),
		{what: "e", ours: plain(7)},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `measurement  ours     floor    ratio  target      ok
a            130 us   100 us   1.30   <= 1.3 x    yes
b            1.31 s   1.00 s   1.31   <= 1.3 x    no
c            3 MiB                    <= 2 MiB    no
d            1.0 KiB  2.0 KiB  0.50   <= 2.0 KiB  yes
e            7
`
	got := strings.ReplaceAll(b.String(), " \n", "\n")
	for strings.Contains(got, " \n") {
		got = strings.ReplaceAll(got, " \n", "\n")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOthers(t *testing.T) {
	t.Parallel()
	before := load{all: 10 * time.Second, busy: 5 * time.Second, own: time.Second}
	after := load{all: 20 * time.Second, busy: 10 * time.Second, own: 4 * time.Second}
	if got := after.others(before); got != 0.2 {
		t.Errorf("others took %v, want 0.2", got)
	}
	now, err := loadNow()
	if err != nil || now.busy <= 0 || now.busy > now.all || now.own <= 0 {
		t.Errorf("load %+v, %v", now, err)
	}
}
