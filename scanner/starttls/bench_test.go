package starttls

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The benchmarks compare a session with a bare loop over net, bufio and crypto/tls that has no limits, keeps nothing
// and recognises nothing. The server is another process; cpu-us/op is this process's time, user and system.

func BenchmarkProbe(b *testing.B) {
	addr, _ := startServer(b, "healthy")
	c := testClient()
	measure(b, func() error {
		if s := c.Probe(context.Background(), addr, Ask{}); s.Err != nil {
			return s.Err
		}
		return nil
	})
}

func BenchmarkBare(b *testing.B) {
	addr, _ := startServer(b, "healthy")
	measure(b, func() error { return bare(addr.String()) })
}

func measure(b *testing.B, session func() error) {
	b.ReportAllocs()
	b.ResetTimer()
	start := cpu(b)
	for range b.N {
		if err := session(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu(b)-start).Microseconds())/float64(b.N), "cpu-us/op")
}

func cpu(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// bare is the least that has to be done.
func bare(addr string) error {
	tcp, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer tcp.Close()
	r := bufio.NewReaderSize(tcp, maxLine)
	if err := await(r); err != nil {
		return err
	}
	for _, command := range []string{"EHLO client.example.org\r\n", "STARTTLS\r\n"} {
		io.WriteString(tcp, command)
		if err := await(r); err != nil {
			return err
		}
	}
	conn := tls.Client(tcp, tlsConfig)
	if err := conn.Handshake(); err != nil {
		return err
	}
	r.Reset(conn)
	io.WriteString(conn, "EHLO client.example.org\r\n")
	if err := await(r); err != nil {
		return err
	}
	_, err = io.WriteString(conn, "QUIT\r\n")
	return err
}

func await(r *bufio.Reader) error {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if !strings.HasPrefix(line, "2") {
			return fmt.Errorf("unexpected reply: %q", line)
		}
		if line[3] == ' ' {
			return nil
		}
	}
}
