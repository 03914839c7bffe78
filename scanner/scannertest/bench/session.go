//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
)

// sessionLimit is how much more than a bare client's a session may cost.
const sessionLimit = 1.3

// sessions compares the processor time of one session: a bare loop, starttls and pkix alone, and the whole scanner.
func (b *bench) sessions() ([]row, error) {
	var rows []row
	for _, hybrid := range []bool{false, true} {
		f, err := b.farm(spec{Servers: b.pick(200, 500), Hybrid: hybrid})
		if err != nil {
			return nil, err
		}
		more, err := b.sessionCost(f, b.pick(200, 500), hybrid)
		f.stop()
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// sessionCost measures in turns, so that what the machine does besides meets all alike.
func (b *bench) sessionCost(f *farm, servers int, hybrid bool) ([]row, error) {
	roots, err := pkix.Load(f.roots)
	if err != nil {
		return nil, err
	}
	group := tls.X25519
	if hybrid {
		group = tls.X25519MLKEM768
	}
	ways := []func() error{
		func() error { return bareLoop(f, servers, group) },
		func() error { return probeLoop(f, roots, servers) },
		func() error { return scanAll(f, roots, servers) },
	}
	costs := make([][]time.Duration, len(ways))
	for range b.pick(3, 7) {
		for i, way := range ways {
			each, err := cost(servers, way)
			if err != nil {
				return nil, err
			}
			costs[i] = append(costs[i], each)
		}
	}
	floor, what := median(costs[0]), fmt.Sprintf("CPU per session, %s: ", group)
	return []row{
		against(what+"starttls and pkix", median(costs[1]), floor, micros, sessionLimit),
		against(what+"whole scan with DNS", median(costs[2]), floor, micros, sessionLimit),
	}, nil
}

func bareLoop(f *farm, servers int, group tls.CurveID) error {
	c := newBareClient(f.Roots)
	for i := range servers {
		err := c.session(f.address(i), serverName(i), func(conn *tls.Conn) error {
			if got := conn.ConnectionState().CurveID; got != group {
				return fmt.Errorf("key exchange %v, not %v", got, group)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("bare session with %s: %w", f.address(i), err)
		}
	}
	return nil
}

func probeLoop(f *farm, roots *pkix.Bundle, servers int) error {
	c := &starttls.Client{Dial: starttls.Dialer(true), Hello: "bench.example"}
	v := pkix.NewVerifier(roots, time.Now())
	for i := range servers {
		s := c.Probe(context.Background(), f.address(i), starttls.Ask{})
		if s.Err != nil {
			return fmt.Errorf("session with %s: %w", s.Addr, s.Err)
		}
		if chain := v.Verify(s.TLS.Chain); chain.Status != pkix.Trusted {
			return fmt.Errorf("certificate of %s: %s", s.Addr, chain.Text)
		}
	}
	return nil
}

// newScanner is a scanner of the farm without any manners.
func newScanner(f *farm, roots *pkix.Bundle, concurrency int) (*scanner.Scanner, error) {
	return scanner.New(scanner.Options{
		Resolvers: []string{f.DNS}, Roots: roots, EHLO: "bench.example", Port: f.Port, Concurrency: concurrency,
		Rate: -1, PerProvider: -1, AllowReserved: true,
	})
}

// domains are n mail domains, each with a server of its own.
func domains(n int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(domainName(i, i)) {
				return
			}
		}
	}
}

func scanAll(f *farm, roots *pkix.Bundle, servers int) error {
	s, err := newScanner(f, roots, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	n := 0
	for r := range s.Scan(context.Background(), domains(servers)) {
		if r.Verdict.Encrypted.Yes != 1 || r.Facts.Servers[0].Chain.Status != pkix.Trusted {
			return fmt.Errorf("result of %s: %+v", r.Input, r.Verdict)
		}
		n++
	}
	if n != servers {
		return fmt.Errorf("%d results of %d domains", n, servers)
	}
	return nil
}
