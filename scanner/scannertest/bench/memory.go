//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"time"

	"mxtls/scanner/pkix"
)

// inFlightLimit is how much memory a session in flight may hold.
const inFlightLimit = 64 << 10

// memory compares what a session in flight holds, at its largest: TLS stands and the last reply does not come.
func (b *bench) memory() ([]row, error) {
	n := b.pick(500, 2000)
	bare, err := b.inFlight(n, func(ctx context.Context, f *farm) error {
		c := newBareClient(f.Roots)
		for i := range n {
			go c.session(f.address(i), serverName(i), func(conn *tls.Conn) error { // it ends with the farm
				io.WriteString(conn, "EHLO bench.example\r\n")
				return await(bufio.NewReaderSize(conn, 2048))
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	ours, err := b.inFlight(n, func(ctx context.Context, f *farm) error {
		roots, err := pkix.Load(f.roots)
		if err != nil {
			return err
		}
		s, err := newScanner(f, roots, n)
		if err != nil {
			return err
		}
		go func() {
			defer s.Close()
			for range s.Scan(ctx, domains(n)) { // nothing comes: it is held
			}
		}()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []row{within("live memory per session in flight", ours, bare, kibibytes, inFlightLimit)}, nil
}

// inFlight is the memory per session once all of n sessions wait for their last reply.
func (b *bench) inFlight(n int, start func(context.Context, *farm) error) (int64, error) {
	f, err := b.farm(spec{Servers: n, Hold: true})
	if err != nil {
		return 0, err
	}
	defer f.stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	before := live()
	if err := start(ctx, f); err != nil {
		return 0, err
	}
	const commands = 3 // EHLO, STARTTLS, EHLO
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		s, err := f.stats()
		switch {
		case err != nil:
			return 0, err
		case s.Commands == n*commands:
			return (live() - before) / int64(n), nil
		case time.Now().After(deadline):
			return 0, fmt.Errorf("%d commands of %d sessions after a minute", s.Commands, n)
		}
	}
}
