package starttls

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mxtls/scanner/scannertest"
)

// Some tests need a second process, which is this binary again with a task in its environment: a server whose memory
// and time are not the client's, or a client with limits of its own.
const childTask = "STARTTLS_TEST_CHILD"

var childTasks = map[string]func(){
	"healthy": func() { childServer(scannertest.SMTP{TLS: classic}) },
	"silent":  func() { childServer(scannertest.SMTP{Script: secured + silence}) },
	"poor":    childPoor,
}

var classic = &tls.Config{CurvePreferences: []tls.CurveID{tls.X25519}}

func child(t testing.TB, task string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childTask+"="+task)
	cmd.Stderr = os.Stderr
	return cmd
}

// childServer serves until its input ends. It writes its address first, and then the number of sessions whose last
// command has come whenever that grows.
func childServer(spec scannertest.SMTP) {
	spec.Certificate = testCert()
	srv, err := scannertest.NewSMTP("127.0.0.1:0", spec)
	if err != nil {
		panic(err)
	}
	fmt.Println(srv.Addr())
	over := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(over)
	}()
	for before := 0; ; {
		select {
		case <-over:
			srv.Close()
			return
		case <-time.After(10 * time.Millisecond):
		}
		if now := len(srv.Commands()) / 3; spec.Script != "" && now > before {
			before = now
			fmt.Println(now)
		}
	}
}

// startServer runs a server in a process of its own until the test ends.
func startServer(t testing.TB, task string) (netip.AddrPort, *bufio.Scanner) {
	t.Helper()
	cmd := child(t, task)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("server process: %v", err)
		}
	})
	lines := bufio.NewScanner(out)
	lines.Scan()
	addr, err := netip.ParseAddrPort(lines.Text())
	if err != nil {
		t.Fatal(err)
	}
	return addr, lines
}

// TestMemory parks sessions at their fullest, inside TLS and waiting for a reply, and weighs them.
func TestMemory(t *testing.T) {
	const sessions, bar = 100, 64 << 10
	addr, lines := startServer(t, "silent")
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()

	c := testClient()
	c.Probe(ctx, netip.AddrPort{}, Ask{}) // what the first session costs once
	before := memory()
	for range sessions {
		wg.Go(func() {
			if s := c.Probe(ctx, addr, Ask{}); s.Stage != TLS || s.Err.Reason != Interrupted {
				t.Errorf("ended at %v: %v", s.Stage, s.Err)
			}
		})
	}
	for want := fmt.Sprint(sessions); lines.Text() != want && lines.Scan(); {
	}
	each := (memory() - before) / sessions
	t.Logf("%d octets a session", each)
	if each > bar {
		t.Errorf("%d octets a session, at most %d", each, bar)
	}
}

func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// TestPoor: a machine that ran out of descriptors says nothing of the server.
func TestPoor(t *testing.T) {
	t.Parallel()
	out, err := child(t, "poor").Output()
	if got := strings.TrimSpace(string(out)); err != nil || got != "none not_tested true" {
		t.Errorf("%q, %v", got, err)
	}
}

func childPoor() {
	l, err := net.Listen("tcp", "127.0.0.1:0") // the runtime needs a descriptor of its own for the first socket
	if err != nil {
		panic(err)
	}
	limit := syscall.Rlimit{Cur: 64, Max: 64}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		panic(err)
	}
	for {
		if _, err := syscall.Open(os.DevNull, syscall.O_RDONLY, 0); err != nil {
			break
		}
	}
	s := testClient().Probe(context.Background(), l.Addr().(*net.TCPAddr).AddrPort(), Ask{})
	fmt.Println(s.Stage, s.Err.Reason, s.Err.Reason.Temporary())
}
