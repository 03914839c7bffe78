//go:build linux

package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
)

const (
	questionsInFlight = 100
	lookupLimit       = 40 * time.Microsecond // of processor time
	lookupRate        = 30_000                // a second, at least
	seenLimit         = 0.1                   // of a chain's first verification
)

// lookups compares MX lookups of names never asked for with a bare socket.
func (b *bench) lookups() ([]row, error) {
	f, err := b.farm(spec{})
	if err != nil {
		return nil, err
	}
	defer f.stop()
	n := b.pick(30_000, 100_000)
	var costs, walls [2][]time.Duration
	for round := range b.pick(3, 5) {
		domain := func(i int) string { return domainName(round*n+i, i) }
		for i, way := range []func() error{
			func() error { return bareLookups(f.DNS, n, questionsInFlight, domain) },
			func() error { return resolverLookups(f.DNS, n, questionsInFlight, domain) },
		} {
			start := time.Now()
			each, err := cost(n, way)
			if err != nil {
				return nil, err
			}
			costs[i] = append(costs[i], each)
			walls[i] = append(walls[i], time.Since(start))
		}
	}
	rate := func(i int) float64 { return float64(n) / median(walls[i]).Seconds() }
	return []row{
		within("CPU per MX lookup", median(costs[1]), median(costs[0]), micros, lookupLimit),
		{"MX lookups a second", fmt.Sprintf("%.0f", rate(1)), fmt.Sprintf("%.0f", rate(0)), rate(1) / rate(0),
			fmt.Sprintf(">= %d", lookupRate), rate(1) >= lookupRate},
	}, nil
}

func resolverLookups(server string, n, window int, domain func(i int) string) error {
	r, err := resolve.New(resolve.Config{Servers: []string{server}})
	if err != nil {
		return err
	}
	defer r.Close()
	var next atomic.Int64
	var failure atomic.Pointer[resolve.Answer]
	var all sync.WaitGroup
	for range window {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				d, err := name.ParseHost(domain(i))
				if err != nil {
					panic(err) // our own names
				}
				if a := r.MX(context.Background(), d); a.Status != resolve.Found {
					failure.Store(&a)
				}
			}
		})
	}
	all.Wait()
	if a := failure.Load(); a != nil {
		return fmt.Errorf("a lookup came to %v: %v", a.Status, a.Err)
	}
	return nil
}

// chains compares a chain that was seen before with one that was not.
func (b *bench) chains() ([]row, error) {
	const servers = 50
	f, err := b.farm(spec{Servers: servers})
	if err != nil {
		return nil, err
	}
	defer f.stop()
	roots, err := pkix.Load(f.roots)
	if err != nil {
		return nil, err
	}
	c := &starttls.Client{Dial: starttls.Dialer(true)}
	var chains [][][]byte
	for i := range servers {
		s := c.Probe(context.Background(), f.address(i), starttls.Ask{})
		if s.Err != nil {
			return nil, s.Err
		}
		chains = append(chains, s.TLS.Chain)
	}
	const rounds = 40
	var v *pkix.Verifier
	verifyAll := func() error {
		for _, chain := range chains {
			if c := v.Verify(chain); c.Status != pkix.Trusted {
				return fmt.Errorf("certificate: %s", c.Text)
			}
		}
		return nil
	}
	repeat := func(prepare func()) (time.Duration, error) {
		return cost(rounds*servers, func() error {
			for range rounds {
				prepare()
				if err := verifyAll(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	first, err := repeat(func() { v = pkix.NewVerifier(roots, time.Now()) })
	if err != nil {
		return nil, err
	}
	again, err := repeat(func() {})
	if err != nil {
		return nil, err
	}
	return []row{against("verifying a chain seen before, to a first time", again, first, micros, seenLimit)}, nil
}
