package runfile

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// many yields n results of domains that share 5,000 servers, as a list of customers does.
func many(n int, yield func(*scanner.Result)) {
	const servers = 5000
	sessions := make([]*starttls.Session, servers)
	for i := range n {
		at := i * i % servers
		if sessions[at] == nil {
			sessions[at] = &starttls.Session{
				Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(at >> 8), byte(at)}), 25), Started: day, Stage: starttls.Done,
				Before: []string{"PIPELINING", "SIZE 10240000", "STARTTLS"}, Offered: true,
				TLS: &starttls.Handshake{Version: 0x304, Suite: 0x1301, Group: 29, Chain: [][]byte{bytes.Repeat([]byte{byte(at), byte(at >> 8)}, 500), {1}}},
			}
		}
		host, _ := name.ParseHost(fmt.Sprintf("mx%d.provider.example", at))
		r := scanner.Result{Index: i, Input: fmt.Sprintf("domain-%d.example", i), Started: day, Duration: 5 * time.Millisecond}
		r.Target, _ = name.ParseTarget(r.Input)
		r.Facts = verdict.Facts{Domain: r.Target.Name, MX: mx.Set{Kind: mx.Listed, Trust: resolve.Insecure, Hosts: []mx.Host{{
			Preference: 10, Name: host, Raw: host.String(), Addrs: []netip.Addr{sessions[at].Addr.Addr()}, Trust: resolve.Insecure,
		}}}}
		r.Facts.Servers = scanner.Servers(&r.Facts.MX, 25)
		r.Facts.Servers[0].Session = sessions[at]
		yield(&r)
	}
}

// benchHead is that of a run at the servers' port.
func benchHead() Head {
	h := testHead()
	h.Port = 25
	return h
}

func BenchmarkWrite(b *testing.B) {
	for _, compress := range []bool{false, true} {
		b.Run(fmt.Sprintf("zstd=%v", compress), func(b *testing.B) {
			w, err := NewWriter(io.Discard, compress, benchHead())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			many(b.N, func(r *scanner.Result) {
				if err := w.Add("list", r); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, compress := range []bool{false, true} {
		b.Run(fmt.Sprintf("zstd=%v", compress), func(b *testing.B) {
			var file bytes.Buffer
			w, err := NewWriter(&file, compress, benchHead())
			if err != nil {
				b.Fatal(err)
			}
			many(b.N, func(r *scanner.Result) {
				if err := w.Add("list", r); err != nil {
					b.Fatal(err)
				}
			})
			if err := w.End(Tail{}); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ReportMetric(float64(file.Len())/float64(b.N), "octets/domain")
			b.ResetTimer()
			r, err := NewReader(&file)
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			for _, err := range r.Results() {
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
