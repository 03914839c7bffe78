package scannertest_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"

	"mxtls/scanner/scannertest"
)

// One socket with 100 questions in flight, as a fast resolver client asks: what an answer costs here.
func BenchmarkDNS(b *testing.B) {
	d := newDNS(b)
	var questions [][]byte
	for i := range 1000 {
		name := fmt.Sprintf("d%d.example.com", i)
		if err := d.Add(name + ". 300 IN MX 10 mx." + name + "."); err != nil {
			b.Fatal(err)
		}
		questions = append(questions, query(b, name, "MX"))
	}
	c, err := net.Dial("udp", d.Addr())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	const window = 100
	answer := make([]byte, 1500)
	asked := 0
	for i := 0; b.Loop(); i++ {
		for ; asked < i+window; asked++ {
			if _, err := c.Write(questions[asked%len(questions)]); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := c.Read(answer); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
}

// A session without TLS and one with it, client and server together.
func BenchmarkSession(b *testing.B) {
	ca := scannertest.NewCA("Root")
	cert := ca.Issue([]string{"mx.example.com"})
	config := trusting(ca, "mx.example.com")
	config.CurvePreferences = []tls.CurveID{tls.X25519}
	for _, secure := range []bool{false, true} {
		b.Run(fmt.Sprintf("tls=%t", secure), func(b *testing.B) {
			server := serve(b, scannertest.SMTP{Certificate: &cert})
			buffer := make([]byte, 1024)
			talk := func(c net.Conn, line string) {
				if _, err := io.WriteString(c, line); err != nil {
					b.Fatal(err)
				}
				if _, err := c.Read(buffer); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				c, err := net.Dial("tcp", server.Addr().String())
				if err != nil {
					b.Fatal(err)
				}
				talk(c, "")
				talk(c, "EHLO a\r\n")
				if secure {
					talk(c, "STARTTLS\r\n")
					t := tls.Client(c, config)
					talk(t, "EHLO a\r\n")
				}
				c.Close()
			}
		})
	}
}
