package resolve

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"mxtls/scanner/scannertest"
)

// The same question is asked once, however many ask for it at a time or later; failures are remembered too.
func TestAskedOnce(t *testing.T) {
	t.Parallel()
	d := newDNS(t, zone...)
	d.Fail("listed.example", "MX", scannertest.Failure{Delay: 50 * time.Millisecond})
	d.Fail("broken.example", "MX", scannertest.Failure{Rcode: "NOTZONE"})
	r := newResolver(t, Config{Servers: []string{d.Addr()}, Tries: 1})
	for _, n := range []string{"listed.example", "gone.example", "broken.example"} {
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { r.MX(t.Context(), host(n)) })
		}
		wg.Wait()
		r.MX(t.Context(), host(n))
		if got := asked(d, n, "MX"); got != 1 {
			t.Errorf("%s was asked %d times", n, got)
		}
	}
}

// One caller's end is not the others' (and the last one's ends the work).
func TestCanceledCaller(t *testing.T) {
	t.Parallel()
	d := newDNS(t, zone...)
	d.Fail("listed.example", "MX", scannertest.Failure{Delay: 300 * time.Millisecond})
	d.Fail("null.example", "MX", scannertest.Failure{Drop: true})
	r := newResolver(t, Config{Servers: []string{d.Addr()}})

	short, cancel := context.WithCancel(t.Context())
	first := make(chan Answer)
	go func() { first <- r.MX(short, host("listed.example")) }()
	for asked(d, "listed.example", "MX") == 0 {
		time.Sleep(time.Millisecond)
	}
	second := make(chan Answer)
	go func() { second <- r.MX(t.Context(), host("listed.example")) }()
	for r.waiting("listed.example") < 2 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if a := <-first; a.Err == nil || a.Err.Kind != Canceled || !errors.Is(a.Err, context.Canceled) {
		t.Errorf("canceled caller: %+v", a)
	}
	if a := <-second; a.Status != Found {
		t.Errorf("the other caller: %v", a.Err)
	}

	limit, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	a := r.MX(limit, host("null.example"))
	if a.Err == nil || a.Err.Kind != Canceled || !errors.Is(a.Err, context.DeadlineExceeded) {
		t.Errorf("deadline: %+v", a)
	}
	if took := time.Since(start); took > patient/2 {
		t.Errorf("the caller was let go after %v", took)
	}
	if n := r.waiting("null.example"); n != 0 {
		t.Errorf("a lookup that nobody waits for goes on for %d callers", n)
	}
	d.Fail("null.example", "MX", scannertest.Failure{})
	if a := r.MX(t.Context(), host("null.example")); a.Status != Found {
		t.Errorf("a lookup that was given up was remembered: %v", a.Err)
	}
}

// waiting is how many callers wait for a domain's MX records.
func (r *Resolver) waiting(domain string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.flights[question{domain, 15}]; f != nil {
		return f.waiting
	}
	return 0
}

// Close ends what is under way, and goleak sees that nothing is left.
func TestClose(t *testing.T) {
	t.Parallel()
	d := newDNS(t)
	d.Fail("*", "", scannertest.Failure{Drop: true})
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	results := make(chan Answer, 100)
	for i := range cap(results) {
		go func() { results <- r.MX(t.Context(), host(fmt.Sprintf("n%d.example", i))) }()
	}
	for len(d.Queries()) < cap(results)/2 {
		time.Sleep(time.Millisecond)
	}
	r.Close()
	for range cap(results) {
		if a := <-results; a.Err == nil || a.Err.Kind != Canceled {
			t.Errorf("%+v", a)
		}
	}
	if a := r.MX(t.Context(), host("later.example")); a.Err == nil || a.Err.Kind != Canceled {
		t.Errorf("after Close: %+v", a)
	}
	if err := r.Down(); err != nil {
		t.Errorf("closed is not down: %v", err)
	}
}

func TestCache(t *testing.T) {
	t.Parallel()
	const size = 100
	c := newCache(size)
	now := time.Now()
	q := func(i int) question { return question{fmt.Sprint(i), 1} }
	for i := range 10 * size {
		c.put(q(i), Answer{Dropped: i}, now.Add(time.Hour))
		c.get(q(0), now) // in use all the time
		if n := len(c.young) + len(c.old); n > size {
			t.Fatalf("%d entries", n)
		}
	}
	for _, tt := range []struct {
		i    int
		at   time.Time
		want bool
	}{
		{0, now, true},
		{10*size - 1, now, true},
		{1, now, false},
		{10*size - 1, now.Add(2 * time.Hour), false},
		{10*size - 1, now, false}, // gone for good
	} {
		a, ok := c.get(q(tt.i), tt.at)
		if ok != tt.want || ok && a.Dropped != tt.i {
			t.Errorf("entry %d at %v: %v, %v", tt.i, tt.at.Sub(now), a.Dropped, ok)
		}
	}
	none := newCache(-1)
	none.put(q(1), Answer{}, now.Add(time.Hour))
	if _, ok := none.get(q(1), now); ok {
		t.Error("a cache of size -1 keeps answers")
	}
}

func TestLifetime(t *testing.T) {
	t.Parallel()
	r := newResolver(t, Config{Servers: []string{"127.0.0.1"}, MinTTL: time.Minute, MaxTTL: time.Hour})
	for _, tt := range []struct {
		answer Answer
		want   time.Duration
	}{
		{Answer{Status: Found, TTL: time.Second}, time.Minute},
		{Answer{Status: Found, TTL: 10 * time.Minute}, 10 * time.Minute},
		{Answer{Status: NXDomain, TTL: 48 * time.Hour}, time.Hour},
		{Answer{Status: NoData}, time.Minute},
		{Answer{Status: Failed, Err: fail(ServFail, nil)}, failureTTL},
		{Answer{Status: Failed, Err: fail(Timeout, nil)}, failureTTL},
		{Answer{Status: Failed, Err: fail(Canceled, nil)}, 0},
		{Answer{Status: Failed, Err: fail(Down, nil)}, 0},
	} {
		if got := r.lifetime(tt.answer); got != tt.want {
			t.Errorf("%v %v: %v, want %v", tt.answer.Status, tt.answer.Err, got, tt.want)
		}
	}
}
