//go:build linux

package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"mxtls/scanner/scannertest"
)

// held is a conversation that stops inside TLS.
const held = `S: 220 mx.example ESMTP
C: EHLO *
S: 250-mx.example
S: 250 STARTTLS
C: STARTTLS
S: 220 go ahead
TLS
C: EHLO *
SLEEP 1h`

// runFarm is the farm's process: it says that it is ready, answers each line of its input with its stats, and ends with
// it. The system takes the sockets back.
func runFarm(text string, in io.Reader, out io.Writer) error {
	var s spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return fmt.Errorf("farm %s: %w", text, err)
	}
	root := scannertest.NewCA("Bench Root")
	servers, port, err := s.serve(root.Intermediate("Bench Intermediate"))
	if err != nil {
		return err
	}
	dns, err := serveDNS()
	if err != nil {
		return err
	}
	say := json.NewEncoder(out)
	if err := say.Encode(ready{DNS: dns, Port: port, Roots: string(root.PEM())}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		now := stats{CPU: cpuTime()}
		for _, server := range servers {
			now.Sessions += server.Sessions()
			now.Commands += len(server.Commands())
		}
		if err := say.Encode(now); err != nil {
			return err
		}
	}
	return nil
}

// serve starts the mail servers, all on the port that the first one got.
func (s *spec) serve(ca *scannertest.CA) (servers []*scannertest.Server, port uint16, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, 0, err
	}
	oneKey := func(t *x509.Certificate) { t.PublicKey = key } // thousands of keys would take their time
	group := tls.X25519
	if s.Hybrid {
		group = tls.X25519MLKEM768
	}
	for i := range s.Servers {
		cert := ca.Issue([]string{serverName(i)}, oneKey)
		server := scannertest.SMTP{
			Name:        serverName(i),
			Certificate: &cert,
			TLS:         &tls.Config{CurvePreferences: []tls.CurveID{group}},
			Latency:     s.latency(i),
		}
		if s.Hold {
			server.Script = strings.TrimSpace(held)
		}
		started, err := scannertest.NewSMTP(netip.AddrPortFrom(serverAddr(i), port).String(), server)
		if err != nil {
			return nil, 0, err
		}
		port = started.Addr().Port()
		servers = append(servers, started)
	}
	return servers, port, nil
}

func (s *spec) latency(i int) time.Duration {
	if len(s.Latencies) == 0 {
		return 0
	}
	return s.Latencies[i%len(s.Latencies)]
}
