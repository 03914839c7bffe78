package resolve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mxtls/scanner/scannertest"
)

// The resolver dies at half of the run: nothing may be told missing, and the run hears of it. Silent is a
// machine that went away, closed one whose resolver crashed.
func TestResolverDies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		die  func(*scannertest.DNS)
	}{
		{"silent", (*scannertest.DNS).Stop},
		{"closed", (*scannertest.DNS).Close},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const domains, workers = 2000, 50
			d := newDNS(t)
			for i := range domains {
				if err := d.Add(fmt.Sprintf("d%d.example. 300 IN MX 10 mx.example.", i)); err != nil {
					t.Fatal(err)
				}
			}
			r := newResolver(t, Config{Servers: []string{d.Addr()}, Timeout: 300 * time.Millisecond})
			work := make(chan int)
			var mu sync.Mutex
			counts, kinds := make(map[Status]int), make(map[Kind]int)
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					for i := range work {
						a := r.MX(t.Context(), host(fmt.Sprintf("d%d.example", i)))
						mu.Lock()
						counts[a.Status]++
						if a.Err != nil {
							kinds[a.Err.Kind]++
						}
						mu.Unlock()
					}
				})
			}
			start := time.Now()
			for i := range domains {
				if i == domains/2 {
					tt.die(d)
				}
				work <- i
			}
			close(work)
			wg.Wait()
			if counts[NoData]+counts[NXDomain]+counts[StatusUnknown] > 0 || counts[Found] < domains/4 {
				t.Errorf("outcomes %v", counts)
			}
			if kinds[Down] == 0 || kinds[Down]+kinds[Timeout]+kinds[Network] != counts[Failed] {
				t.Errorf("failures %v", kinds)
			}
			down, ok := errors.AsType[*Error](r.Down())
			if !ok || down.Kind != Down || down.Hint() == "" || down.Resolver != d.Addr() {
				t.Errorf("down: %v", r.Down())
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("the run went on for %v", took)
			}
		})
	}
}

// Domains whose name servers are dead do not take a live resolver down, however many come in a row.
func TestSilentDomains(t *testing.T) {
	t.Parallel()
	d := newDNS(t, "live.example. 300 IN MX 10 mx.example.")
	d.Fail("*", "MX", scannertest.Failure{Drop: true})
	r := newResolver(t, Config{Servers: []string{d.Addr()}, Timeout: 50 * time.Millisecond})
	for i := range 3 * missesToDoubt {
		if a := r.MX(t.Context(), host(fmt.Sprintf("dead%d.example", i))); a.Err == nil || a.Err.Kind != Timeout {
			t.Fatalf("dead domain: %+v", a)
		}
	}
	if asked(d, ".", "NS") == 0 {
		t.Error("the silence was never doubted")
	}
	d.Fail("*", "MX", scannertest.Failure{})
	if err := r.Down(); err != nil {
		t.Fatal(err)
	}
	if a := r.MX(t.Context(), host("live.example")); a.Status != Found {
		t.Errorf("live domain: %+v", a)
	}
}

// One datagram that is lost on the way to a live resolver does not end the run.
func TestDoubtSurvivesALoss(t *testing.T) {
	t.Parallel()
	d := newDNS(t, "live.example. 300 IN MX 10 mx.example.")
	d.Fail("*", "MX", scannertest.Failure{Drop: true})
	d.Fail(".", "NS", scannertest.Failure{Drop: true, Times: 1})
	r := newResolver(t, Config{Servers: []string{d.Addr()}, Timeout: 50 * time.Millisecond})
	for i := 0; asked(d, ".", "NS") < 2; i++ {
		if a := r.MX(t.Context(), host(fmt.Sprintf("dead%d.example", i))); a.Err == nil || a.Err.Kind != Timeout {
			t.Fatalf("dead domain: %+v", a)
		}
	}
	if err := r.Down(); err != nil {
		t.Fatal(err)
	}
}

// A machine that is out of descriptors goes on with the sockets that it has, though their ports have served their time.
func TestSocketsServeOvertime(t *testing.T) {
	t.Parallel()
	d := newDNS(t)
	var dials atomic.Int64
	r := newResolver(t, Config{Servers: []string{d.Addr()}, CacheSize: -1,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) > socketsPerServer {
				return nil, syscall.EMFILE
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}})
	name := host("example.com")
	for range socketsPerServer*maxQuestions + 1 {
		if a := r.MX(t.Context(), name); a.Status != NXDomain {
			t.Fatal(a.Err)
		}
	}
	if dials.Load() <= socketsPerServer {
		t.Error("no port was to be changed")
	}
}

// A resolver that restarts is waited for: a question that it refuses by having no socket open is asked again later.
func TestResolverRestarts(t *testing.T) {
	t.Parallel()
	d := newDNS(t, "a.example. 300 IN MX 10 mx.example.", "b.example. 300 IN MX 10 mx.example.")
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	if a := r.MX(t.Context(), host("a.example")); a.Status != Found {
		t.Fatal(a.Err)
	}
	d.Close()
	again := make(chan *scannertest.DNS, 1)
	time.AfterFunc(restartPause/4, func() {
		d2, err := scannertest.NewDNS(d.Addr())
		if err != nil {
			t.Error(err)
		} else if err := d2.Add("b.example. 300 IN MX 10 mx.example."); err != nil {
			t.Error(err)
		}
		again <- d2
	})
	a := r.MX(t.Context(), host("b.example"))
	if d2 := <-again; d2 != nil {
		defer d2.Close()
	}
	if a.Status != Found {
		t.Errorf("after the restart: %v", a.Err)
	}
}

// unused is an address of this machine where nobody listens.
func unused(t *testing.T) string {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	return pc.LocalAddr().String()
}

// The next resolver is asked when the first gives no answer worth having, and a dead one loses its place.
func TestNextServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		failure scannertest.Failure
	}{
		{"silent", scannertest.Failure{Drop: true}},
		{"servfail", scannertest.Failure{Rcode: "SERVFAIL"}},
		{"refused", scannertest.Failure{Rcode: "REFUSED"}},
		{"garbage", scannertest.Failure{Raw: garbage}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first, second := newDNS(t, zone...), newDNS(t, zone...)
			first.Fail("*", "", tt.failure)
			timeout := patient
			if tt.failure.Drop {
				timeout = 200 * time.Millisecond
			}
			r := newResolver(t, Config{Servers: []string{first.Addr(), second.Addr()}, Timeout: timeout})
			if a := r.MX(t.Context(), host("listed.example")); a.Status != Found {
				t.Error(a.Err)
			}
			if n := asked(first, "listed.example", "MX"); n != 1 {
				t.Errorf("the first was asked %d times", n)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		second := newDNS(t, zone...)
		r := newResolver(t, Config{Servers: []string{unused(t), second.Addr()}})
		for i := range missesToDemote {
			r.MX(t.Context(), host(fmt.Sprintf("n%d.example", i)))
		}
		if order := r.order(); order[0].text != second.Addr() {
			t.Errorf("%s is still asked first", order[0].text)
		}
		if a := r.MX(t.Context(), host("listed.example")); a.Status != Found {
			t.Error(a.Err)
		}
	})
	t.Run("bogus is final", func(t *testing.T) {
		t.Parallel()
		first, second := newDNS(t, zone...), newDNS(t, zone...)
		first.Bogus("listed.example")
		r := newResolver(t, Config{Servers: []string{first.Addr(), second.Addr()}})
		if a := r.MX(t.Context(), host("listed.example")); a.Err == nil || a.Err.Kind != BogusAnswer {
			t.Errorf("a resolver that does not validate was believed: %+v", a)
		}
	})
}

// Nobody listens at all: an error at once, with a hint.
func TestNoResolver(t *testing.T) {
	t.Parallel()
	addr := unused(t)
	r := newResolver(t, Config{Servers: []string{addr}})
	a := r.Root(t.Context())
	if a.Err == nil || a.Err.Kind != Network || a.Err.Resolver != addr || a.Err.Hint() == "" {
		t.Errorf("%+v", a.Err)
	}
}
