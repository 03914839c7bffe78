package scanner

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"mxtls/scanner/scannertest"
	"mxtls/scanner/truth"
)

func TestCheckResolver(t *testing.T) {
	t.Run("validating", func(t *testing.T) {
		w := newWorld(t)
		if v, err := w.scanner().CheckResolver(t.Context()); v != truth.Yes || err != nil {
			t.Errorf("%v, %v", v, err)
		}
	})
	t.Run("not validating", func(t *testing.T) {
		w := newWorld(t)
		w.in.DNS().Insecure(".")
		if v, err := w.scanner().CheckResolver(t.Context()); v != truth.No || err != nil {
			t.Errorf("%v, %v", v, err)
		}
	})
	t.Run("for a lab alone", func(t *testing.T) {
		w := newWorld(t)
		w.in.DNS().Fail(".", "", scannertest.Failure{Rcode: "REFUSED"})
		if v, err := w.scanner().CheckResolver(t.Context()); v != truth.Unknown || err != nil {
			t.Errorf("%v, %v", v, err)
		}
	})
	t.Run("failing", func(t *testing.T) {
		w := newWorld(t)
		w.in.DNS().Fail(".", "", scannertest.Failure{Rcode: "SERVFAIL"})
		if v, err := w.scanner().CheckResolver(t.Context()); v != truth.Unknown || err == nil {
			t.Errorf("%v, %v", v, err)
		}
	})
}

// TestVet scans seven domains from places that are more or less good, with a control domain of a server of its own.
func TestVet(t *testing.T) {
	plain := scannertest.SMTP{NoSTARTTLS: true}
	stripped := scannertest.SMTP{Capabilities: []string{"XXXXXXXA"}}
	for _, tt := range []struct {
		name    string
		servers func(w *world, addr, host string)
		control func(w *world) // nil = the control domain does not exist
		results int
		err     error
	}{
		{"free", func(w *world, addr, host string) { w.healthy(host, addr) }, nil, 7, nil},
		{"all plain, but reached", func(w *world, addr, _ string) { w.serve(addr, plain) }, nil, 7, nil},
		{"some refuse, some are plain", func(w *world, addr, _ string) {
			if addr != "192.0.2.1" {
				w.serve(addr, plain)
			}
		}, nil, 7, nil},
		{"all refuse, control works", func(*world, string, string) {},
			func(w *world) { w.healthy("mx.control.example", "203.0.113.1") }, 7, nil},
		{"all refuse, control too", func(*world, string, string) {}, func(*world) {}, 0, ErrPortBlocked},
		{"all refuse, no control", func(*world, string, string) {}, nil, 0, ErrPortBlocked},
		{"all dropped", func(w *world, addr, _ string) { w.in.Blackhole(addr) }, nil, 0, ErrPortBlocked},
		{"all stripped, control too", func(w *world, addr, _ string) { w.serve(addr, stripped) },
			func(w *world) { w.serve("203.0.113.1", stripped) }, 0, ErrStripped},
		{"all stripped, control not", func(w *world, addr, _ string) { w.serve(addr, stripped) },
			func(w *world) { w.healthy("mx.control.example", "203.0.113.1") }, 7, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.opts.Timeout = 200 * time.Millisecond
			var names []string
			for i := range 7 {
				domain, addr := fmt.Sprintf("d%d.example", i), fmt.Sprintf("192.0.2.%d", i+1)
				w.domain(domain, addr)
				tt.servers(w, addr, "mx."+domain)
				names = append(names, domain)
			}
			if tt.control != nil {
				w.domain("control.example", "203.0.113.1")
				tt.control(w)
			}
			s := w.scanner()
			results := collect(s.Vet(t.Context(), s.Scan(t.Context(), slices.Values(names)), []string{"control.example"}))
			if len(results) != tt.results || s.Err() != tt.err {
				t.Errorf("%d results and %v, want %d and %v", len(results), s.Err(), tt.results, tt.err)
			}
			for i, r := range results {
				if r.Index != i {
					t.Errorf("result %d is item %d", i, r.Index)
				}
			}
		})
	}
}

// TestVetSmallRun has too few domains to blame the way out for.
func TestVetSmallRun(t *testing.T) {
	w := newWorld(t)
	w.domain("example.com", "192.0.2.1")
	s := w.scanner()
	if n := len(collect(s.Vet(t.Context(), s.Scan(t.Context(), slices.Values([]string{"example.com"})), nil))); n != 1 || s.Err() != nil {
		t.Errorf("%d results, %v", n, s.Err())
	}
}

// TestVetHoldsLittle begins with domains that nobody serves: they do not pile up.
func TestVetHoldsLittle(t *testing.T) {
	w := newWorld(t)
	s := w.scanner()
	invalid := func(yield func(Result) bool) {
		for range vantageHeld {
			if !yield(Result{}) {
				return
			}
		}
		t.Error("every result was held back")
	}
	for range s.Vet(t.Context(), invalid, nil) {
		break
	}
}
