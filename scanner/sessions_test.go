package scanner

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/scannertest"
	"mxtls/scanner/starttls"
)

// TestSharedVisitOutlivesItsCaller ends the context of the caller that began a session for two.
func TestSharedVisitOutlivesItsCaller(t *testing.T) {
	w := newWorld(t)
	w.domain("a.example", "192.0.2.1")
	w.dns("b.example. 300 IN MX 10 mx.a.example.")
	server := w.serve("192.0.2.1", scannertest.SMTP{NoSTARTTLS: true, BannerDelay: 400 * time.Millisecond})
	s := w.scanner()
	ctx, cancel := context.WithCancel(t.Context())
	var first sync.WaitGroup
	first.Go(func() { s.Domain(ctx, "a.example") })
	for server.Sessions() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.AfterFunc(100*time.Millisecond, cancel)
	if r := s.Domain(t.Context(), "b.example"); r.Verdict.Encrypted.No != 1 {
		t.Errorf("%+v", r.Verdict)
	}
	first.Wait()
}

// TestRateCapsStarts has tarpits hold every slot for a while: when they let go, no burst follows.
func TestRateCapsStarts(t *testing.T) {
	w := newWorld(t)
	w.opts.Rate, w.opts.Concurrency = 50, 5
	var mu sync.Mutex
	var starts []time.Time
	w.opts.Dial = func(context.Context, string, string) (net.Conn, error) {
		mu.Lock()
		starts = append(starts, time.Now())
		tarpit := len(starts) <= w.opts.Concurrency
		mu.Unlock()
		if tarpit {
			time.Sleep(time.Second)
		}
		return nil, syscall.ECONNREFUSED
	}
	collect(w.scanner().Scan(t.Context(), literals(40)))
	after := starts[w.opts.Concurrency:]
	if d := after[len(after)-1].Sub(after[0]); d < 400*time.Millisecond {
		t.Errorf("%d sessions begun within %v at 50 a second", len(after), d)
	}
}

// TestRateCountsEveryConnection: servers that are asked twice take two places in the rate each.
func TestRateCountsEveryConnection(t *testing.T) {
	w := newWorld(t)
	w.opts.Rate = 10
	turnsAway := scannertest.SMTP{Handle: func(c net.Conn) {
		io.WriteString(c, "220 mx\r\n")
		r := bufio.NewReader(c)
		r.ReadString('\n')
		io.WriteString(c, "250-mx\r\n250 STARTTLS\r\n")
		r.ReadString('\n')
		io.WriteString(c, "220 go\r\n")
		r.Peek(1)
		io.WriteString(c, "\x15\x03\x01\x00\x02\x02\x28") // handshake_failure
		io.Copy(io.Discard, r)
	}}
	began := time.Now()
	s := w.scanner()
	collect(s.Scan(t.Context(), slices.Values(w.many(4, turnsAway))))
	if n, d := s.Sessions(), time.Since(began); n != 8 || d < 600*time.Millisecond {
		t.Errorf("%d connections within %v at 10 a second", n, d)
	}
}

// literals are n servers, each named by its address.
func literals(n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("[192.0.%d.%d]", 2+i/256, i%256)) {
				return
			}
		}
	}
}

// TestOutOfDescriptors scans with more sessions at a time than the machine has descriptors: slower, not wrong.
func TestOutOfDescriptors(t *testing.T) {
	w := newWorld(t)
	w.opts.PerProvider, w.opts.Concurrency = -1, 50
	names := w.many(60, scannertest.SMTP{NoSTARTTLS: true, Latency: 30 * time.Millisecond})
	g := &gauge{dial: w.in.Dial}
	w.opts.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if g.now.Load() >= 10 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.EMFILE}
		}
		return g.Dial(ctx, network, address)
	}
	s := w.scanner()
	for r := range s.Scan(t.Context(), slices.Values(names)) {
		if r.Verdict.Encrypted.No != 1 {
			t.Errorf("%s: %+v", r.Input, r.Verdict.Servers)
		}
	}
	if n := s.Sessions(); n != int64(len(names)) || s.sessions.withdrawn.Load() == 0 {
		t.Errorf("%d sessions, %d slots withdrawn", n, s.sessions.withdrawn.Load())
	}
}

// TestNoDescriptorAtAll ends all the same: even the last slot gets none.
func TestNoDescriptorAtAll(t *testing.T) {
	w := newWorld(t)
	w.opts.PerProvider, w.opts.Concurrency = -1, 5
	w.opts.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, syscall.EMFILE }
	for r := range w.scanner().Scan(t.Context(), literals(20)) {
		if e := r.Facts.Servers[0].Session.Err; e.Reason != starttls.NotTested {
			t.Errorf("%s: %v", r.Input, e)
		}
	}
}

// TestOneConnectionPerAddress names one address by three ports and as IPv6.
func TestOneConnectionPerAddress(t *testing.T) {
	w := newWorld(t)
	w.dns("mapped.example. 300 IN MX 10 mx.mapped.example.", "mx.mapped.example. 300 IN AAAA ::ffff:192.0.2.1")
	for _, port := range []string{"25", "26", "587"} {
		w.serve("192.0.2.1:"+port, scannertest.SMTP{Latency: 20 * time.Millisecond})
	}
	g := &gauge{dial: w.in.Dial}
	w.opts.Dial = g.Dial
	s := w.scanner()
	for r := range s.Scan(t.Context(), slices.Values([]string{"[192.0.2.1]", "[192.0.2.1]:26", "[192.0.2.1]:587", "mapped.example"})) {
		if r.Verdict.Encrypted.No != 1 {
			t.Errorf("%s: %+v", r.Input, r.Verdict.Servers)
		}
	}
	if n := g.most.Load(); n != 1 || s.Sessions() != 3 {
		t.Errorf("%d connections at a time, %d sessions", n, s.Sessions())
	}
}

// TestForgetting begins more visits than are kept: one under way is shared nevertheless, and what stays is bounded.
func TestForgetting(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	w.opts.Dial = func(context.Context, string, string) (net.Conn, error) {
		<-release
		return nil, syscall.ECONNREFUSED
	}
	w.opts.PerProvider = -1
	s := w.scanner().sessions
	begin := func(i int) *visit {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		return s.begin(t.Context(), t.Context(), whom{addr: netip.AddrPortFrom(addr, 25)}, name.Name{})
	}
	var visits []*visit
	for i := range keptSessions + 100 {
		visits = append(visits, begin(i))
	}
	if begin(0) != visits[0] {
		t.Error("two sessions at a time with one address")
	}
	close(release)
	for _, v := range visits {
		v.wait(t.Context())
	}
	if n := len(s.visits); n != keptSessions || len(s.over) != n {
		t.Errorf("%d visits kept, %d filed", n, len(s.over))
	}
}

// TestHostileSessionsAreForgotten has servers that send as much as they are let.
func TestHostileSessionsAreForgotten(t *testing.T) {
	t.Parallel()
	s := newSessions(Options{Concurrency: 1})
	line := strings.Repeat("x", 1000)
	for i := range 2000 {
		addr := whom{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 25)}
		v := &visit{session: &starttls.Session{
			Dialogue: []starttls.Exchange{{Reply: starttls.Reply{Lines: slices.Repeat([]string{line}, 60)}}},
			TLS:      &starttls.Handshake{Chain: [][]byte{make([]byte, 1<<10)}},
		}}
		s.visits[addr] = v
		s.file(addr, v)
	}
	sum := 0
	for _, v := range s.visits {
		sum += v.octets()
	}
	if sum != s.octets || sum > keptOctets || sum < keptOctets/2 || len(s.over) != len(s.visits) {
		t.Errorf("%d visits, %d filed, %d octets, counted %d", len(s.visits), len(s.over), sum, s.octets)
	}
}

// TestRetryCutShort stops the run while the second try waits for a slot: what the first one showed stands.
func TestRetryCutShort(t *testing.T) {
	w := newWorld(t)
	server := w.serve("192.0.2.1", scannertest.SMTP{Banner: "421 busy", Latency: 50 * time.Millisecond})
	w.opts.RetryAfter, w.opts.Concurrency = 10*time.Millisecond, 1
	s := w.scanner().sessions
	start, stop := context.WithCancel(t.Context())
	var other sync.WaitGroup
	other.Go(func() {
		for server.Sessions() == 0 {
			time.Sleep(time.Millisecond)
		}
		if s.slots.Acquire(t.Context(), 1) == nil { // in line before the second try
			time.AfterFunc(50*time.Millisecond, stop)
		}
	})
	ses := s.hold(t.Context(), start, whom{addr: netip.MustParseAddrPort("192.0.2.1:25")}, name.Name{})
	if ses.Err == nil || ses.Err.Reason != starttls.TooManyConnections || server.Sessions() != 1 {
		t.Errorf("%v after %d sessions", ses.Err, server.Sessions())
	}
	other.Wait()
}

// TestTimeoutHoldsForTheGreeting has a server that never greets and a caller that is in a hurry.
func TestTimeoutHoldsForTheGreeting(t *testing.T) {
	w := newWorld(t)
	w.serve("192.0.2.1", scannertest.SMTP{BannerDelay: time.Hour})
	w.opts.Timeout, w.opts.HostTimeout = 100*time.Millisecond, 10*time.Second
	r := w.scanner().Domain(t.Context(), "[192.0.2.1]")
	if e := r.Facts.Servers[0].Session.Err; e == nil || e.Reason != starttls.GreetingTimeout {
		t.Errorf("%v", e)
	}
}

// TestWantedVisitsStay files more visits than are kept: the one that other domains keep asking for is not forgotten.
func TestWantedVisitsStay(t *testing.T) {
	t.Parallel()
	s := newSessions(Options{Concurrency: 1})
	at := func(i int) whom {
		return whom{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 25)}
	}
	for i := range 2 * keptSessions {
		v := &visit{done: make(chan struct{}), session: &starttls.Session{}}
		s.visits[at(i)] = v
		s.file(at(i), v)
		if i%1000 == 0 {
			s.begin(t.Context(), t.Context(), at(0), name.Name{})
		}
	}
	if s.visits[at(0)] == nil || s.visits[at(1)] != nil {
		t.Errorf("the wanted visit is kept: %v, the other: %v", s.visits[at(0)] != nil, s.visits[at(1)] != nil)
	}
}
