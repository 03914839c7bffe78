package list_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"mxtls/scanner/list"
)

// BenchmarkRead reads a million lines, a tenth of them duplicates, in the shapes that people keep. heap-B/domain is
// what is still held behind it: the duplicate set.
func BenchmarkRead(b *testing.B) {
	const lines, distinct = 1_000_000, 900_000
	var file bytes.Buffer
	for i := range lines {
		n := i % distinct
		switch i % 4 {
		case 0:
			fmt.Fprintf(&file, "mail-%d.example.com\n", n)
		case 1:
			fmt.Fprintf(&file, "user.name@mail-%d.example.net\r\n", n)
		case 2:
			fmt.Fprintf(&file, "%d,Mail-%d.Example.ORG,remark\n", n, n)
		case 3:
			fmt.Fprintf(&file, "mail-%d.example.jp. # remark\n", n)
		}
	}
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	before := heap()
	var r list.Reader
	for b.Loop() {
		r = list.Reader{}
		for item, err := range r.Read(bytes.NewReader(file.Bytes()), list.Options{}) {
			if err != nil || item.Invalid != nil {
				b.Fatal(item, err)
			}
		}
	}
	held := heap() - before
	s := r.Stats()
	if s.Lines != lines || s.Items != distinct || s.Duplicates != lines-distinct {
		b.Fatalf("read %+v", s)
	}
	runtime.KeepAlive(r)
	runtime.KeepAlive(file)
	b.ReportMetric(float64(held)/float64(s.Items), "heap-B/domain")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
