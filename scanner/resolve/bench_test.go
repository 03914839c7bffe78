package resolve

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// benchServer names the environment variable that makes the test binary a DNS server, so that its time is not counted
// as the resolver's.
const benchServer = "RESOLVE_BENCH_SERVER"

// serveBench answers every query with one MX record, made by hand, until its stdin ends.
func serveBench(listen string) {
	pc, err := net.ListenPacket("udp", listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = pc.(*net.UDPConn).SetReadBuffer(kernelBuffer)
	fmt.Println(pc.LocalAddr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	answer := []byte{0xc0, headerLen, 0, 15, 0, 1, 0, 0, 1, 44, 0, 7, 0, 10, 2, 'm', 'x', 0xc0, headerLen}
	buf := make([]byte, readBuffer)
	for {
		n, from, err := pc.(*net.UDPConn).ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		msg := response(buf[:n])
		msg[7] = 1
		binary.BigEndian.PutUint16(answer[10:], uint16(len(answer)-12))
		pc.(*net.UDPConn).WriteToUDPAddrPort(append(msg, answer...), from)
	}
}

// startBenchServer runs the server in a process of its own.
func startBenchServer(b *testing.B) string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), benchServer+"=127.0.0.1:0")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// BenchmarkMX looks up a different domain each time, 256 at a time, on a server in another process.
func BenchmarkMX(b *testing.B) {
	r := newResolver(b, Config{Servers: []string{startBenchServer(b)}})
	if a := r.MX(b.Context(), host("warm.example")); a.Status != Found {
		b.Fatal(a.Err)
	}
	var next, lost atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(256 / runtime.GOMAXPROCS(0))
	start, before := time.Now(), processorTime(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := host(fmt.Sprintf("d%d.example", next.Add(1)))
			if a := r.MX(context.Background(), n); a.Status != Found {
				lost.Add(1)
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "lookups/s")
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-us/lookup")
	if n := lost.Load(); n > 0 {
		b.Errorf("%d of %d lookups failed", n, b.N)
	}
}

// BenchmarkCached looks up what is known.
func BenchmarkCached(b *testing.B) {
	r := newResolver(b, Config{Servers: []string{startBenchServer(b)}})
	n := host("warm.example")
	r.MX(b.Context(), n)
	b.ReportAllocs()
	for b.Loop() {
		r.MX(b.Context(), n)
	}
}

// processorTime is the user and system time of this process.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
