//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// farmArg makes this program a farm; a spec in JSON follows.
const farmArg = "farm"

// A spec says which mail servers a farm has. Each has an address and a certificate of its own.
type spec struct {
	Servers   int
	Hybrid    bool            // they take X25519MLKEM768; else X25519
	Latencies []time.Duration // before each reply, for the servers in turn; none = 0
	Hold      bool            // the reply to the EHLO inside TLS never comes
}

// ready is what a farm says when it stands.
type ready struct {
	DNS   string // host:port
	Port  uint16 // of all mail servers
	Roots string // PEM
}

// stats are what a farm has done so far.
type stats struct {
	CPU      time.Duration
	Sessions int // connections taken
	Commands int // command lines read
}

// A farm is the other process: mail servers and the DNS that leads to them.
type farm struct {
	ready
	roots string // the file with Roots
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *json.Decoder
}

// farm starts a farm.
func (b *bench) farm(s spec) (*farm, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	f := &farm{cmd: exec.Command(self, farmArg, string(text)), roots: filepath.Join(b.dir, "roots.pem")}
	f.cmd.Stderr = os.Stderr
	stdout, err := f.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if f.stdin, err = f.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := f.cmd.Start(); err != nil {
		return nil, err
	}
	f.out = json.NewDecoder(bufio.NewReader(stdout))
	if err := f.out.Decode(&f.ready); err != nil {
		f.stop()
		return nil, fmt.Errorf("starting the servers: %w", err)
	}
	if err := os.WriteFile(f.roots, []byte(f.Roots), 0o600); err != nil {
		f.stop()
		return nil, err
	}
	return f, nil
}

// stop ends the farm: it lives as long as its standard input.
func (f *farm) stop() {
	f.stdin.Close()
	f.cmd.Wait() // how it ended is of no interest, all was measured before
}

func (f *farm) stats() (s stats, err error) {
	if _, err = io.WriteString(f.stdin, "\n"); err == nil {
		err = f.out.Decode(&s)
	}
	return s, err
}

// address is where server i stands.
func (f *farm) address(i int) netip.AddrPort { return netip.AddrPortFrom(serverAddr(i), f.Port) }

// serverAddr is 127.64.0.0 and the server's number, in 22 bits.
func serverAddr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 64 | byte(i>>16)&0x3f, byte(i >> 8), byte(i)})
}

// serverName is the mail host of server i.
func serverName(i int) string { return fmt.Sprintf("mx%d.example", i) }

// domainName is mail domain i, served by a server: the DNS reads the number of the server from it, and so need not know
// the million domains.
func domainName(i, server int) string { return fmt.Sprintf("d%d-%d.example", i, server) }
