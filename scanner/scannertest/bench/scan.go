//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"runtime"
	"time"

	"mxtls/scanner/starttls"
)

const (
	peakLimit    = 150 << 20              // octets, for a list of any length
	flatLimit    = 1.2                    // of the memory for a list a tenth as long
	wideLimit    = 1.3                    // of the time that latency or the processors allow
	fewLimit     = 1.2                    // of the time of the slowest server's session
	startLimit   = 50 * time.Millisecond  // from the command line to its end
	latency      = 100 * time.Millisecond // of each reply
	listInFlight = 200                    // sessions, mxtls's default
)

// lists scans many domains on few servers: each server is visited once, and memory does not grow with the list.
func (b *bench) lists() ([]row, error) {
	servers := b.pick(1000, 5000)
	sizes := []int{b.pick(50_000, 100_000), b.pick(250_000, 1_000_000)}
	var rows []row
	var peaks [2]int64
	for i, n := range sizes {
		p, held, distinct, err := b.listRun(n, servers)
		if err != nil {
			return nil, err
		}
		peaks[i] = p.peak
		rows = append(rows,
			row{fmt.Sprintf("sessions, %d domains on %d servers, Zipf", n, servers), plain(held), plain(distinct),
				float64(held) / float64(distinct), "1 x", held == distinct},
			within(fmt.Sprintf("peak memory, %d domains", n), p.peak, 0, mebibytes, peakLimit))
	}
	return append(rows, against(fmt.Sprintf("peak memory, %d domains to %d", sizes[1], sizes[0]), peaks[1], peaks[0],
		mebibytes, flatLimit)), nil
}

// listRun scans n domains and also counts the sessions that the servers saw and the addresses that there were.
func (b *bench) listRun(n, servers int) (p process, held, distinct int, err error) {
	f, err := b.farm(spec{Servers: servers})
	if err != nil {
		return p, 0, 0, err
	}
	defer f.stop()
	z := newZipf(servers)
	list, err := b.list(n, z.server)
	if err != nil {
		return p, 0, 0, err
	}
	if p, err = b.scan(f, list, n, listInFlight); err != nil {
		return p, 0, 0, err
	}
	s, err := f.stats()
	return p, s.Sessions, len(z.drawn), err
}

// wide scans many servers far away, most of them at once.
func (b *bench) wide() ([]row, error) {
	servers, concurrency := b.pick(1500, 5000), b.pick(600, 2000)
	each, err := b.bareCost()
	if err != nil {
		return nil, err
	}
	f, err := b.farm(spec{Servers: servers, Latencies: []time.Duration{latency}})
	if err != nil {
		return nil, err
	}
	defer f.stop()
	lone, err := loneSession(f, 0)
	if err != nil {
		return nil, err
	}
	list, err := b.list(servers, func(i int) int { return i })
	if err != nil {
		return nil, err
	}
	before, err := f.stats()
	if err != nil {
		return nil, err
	}
	p, err := b.scan(f, list, servers, concurrency)
	if err != nil {
		return nil, err
	}
	after, err := f.stats()
	if err != nil {
		return nil, err
	}
	// What the processors cannot do faster: bare sessions, and the servers' side, which runs on the same ones.
	busy := (each*time.Duration(servers) + after.CPU - before.CPU) / time.Duration(runtime.NumCPU())
	far := time.Duration(float64(lone) * float64(servers) / float64(concurrency))
	what := fmt.Sprintf("%d servers at %s, %d at once, to ", servers, millis(latency), concurrency)
	if busy > far {
		what += "bare sessions' and servers' CPU"
	} else {
		what += "the round trips"
	}
	cpu := fmt.Sprintf("CPU per session of that, whole mxtls scan, %d at once", concurrency)
	return []row{
		against(what, p.wall, max(busy, far), seconds, wideLimit),
		against(cpu, p.cpu/time.Duration(servers), each, micros, sessionLimit),
		{what: "peak memory of that, whole mxtls scan", ours: mebibytes(p.peak)},
	}, nil
}

// bareCost is the processor time of a bare session, alone and without latency.
func (b *bench) bareCost() (time.Duration, error) {
	servers := b.pick(200, 500)
	f, err := b.farm(spec{Servers: servers})
	if err != nil {
		return 0, err
	}
	defer f.stop()
	var costs []time.Duration
	for range 3 {
		each, err := cost(servers, func() error { return bareLoop(f, servers, tls.X25519) })
		if err != nil {
			return 0, err
		}
		costs = append(costs, each)
	}
	return median(costs), nil
}

// loneSession is how long a session takes that has the machine to itself.
func loneSession(f *farm, server int) (time.Duration, error) {
	c := &starttls.Client{Dial: starttls.Dialer(true), Hello: "bench.example"}
	var all []time.Duration
	for range 3 {
		s := c.Probe(context.Background(), f.address(server), starttls.Ask{})
		if s.Err != nil {
			return 0, fmt.Errorf("session with %s: %w", s.Addr, s.Err)
		}
		all = append(all, s.Duration)
	}
	return median(all), nil
}

// few scans five domains, and measures how long the command takes to do nothing.
func (b *bench) few() ([]row, error) {
	latencies := []time.Duration{10, 20, 50, 100, 200}
	for i := range latencies {
		latencies[i] *= time.Millisecond
	}
	f, err := b.farm(spec{Servers: len(latencies), Latencies: latencies})
	if err != nil {
		return nil, err
	}
	defer f.stop()
	slowest, err := loneSession(f, len(latencies)-1)
	if err != nil {
		return nil, err
	}
	list, err := b.list(len(latencies), func(i int) int { return i })
	if err != nil {
		return nil, err
	}
	p, err := b.scan(f, list, len(latencies), listInFlight)
	if err != nil {
		return nil, err
	}
	rows := []row{against("5 domains, to the slowest server's session", p.wall, slowest, millis, fewLimit)}
	for _, args := range [][]string{{"--version"}, {"scan", "--list-presets"}} {
		var walls []time.Duration
		for range 11 {
			p, err := b.mxtls(args...)
			if err != nil {
				return nil, err
			}
			walls = append(walls, p.wall)
		}
		what := "start-up, mxtls " + args[len(args)-1]
		rows = append(rows, within(what, median(walls), 0, millis, startLimit))
	}
	return rows, nil
}
