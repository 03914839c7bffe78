package resolve

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"mxtls/scanner/scannertest"
)

// forgeries are the packets of one who cannot see the query and guesses, or who sees it and is careless: a true-looking
// answer with one thing wrong each. 50 of them come ahead of the true answer.
func forgeries(query []byte) (packets [][]byte) {
	good := response(query)
	end := len(good)
	poison := append(bytes.Clone(good), 0xc0, headerLen, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 203, 0, 113, 66)
	poison[7] = 1
	edit := func(f func(msg []byte)) {
		msg := bytes.Clone(poison)
		f(msg)
		packets = append(packets, msg)
	}
	id := binary.BigEndian.Uint16(query)
	for i := range 40 {
		edit(func(m []byte) { binary.BigEndian.PutUint16(m, id+1+uint16(i)*1600) })
	}
	edit(func(m []byte) { m[2] &^= 0x80 })          // a query
	edit(func(m []byte) { m[2] |= 0x28 })           // an update
	edit(func(m []byte) { m[headerLen+1] ^= 0x01 }) // another name
	edit(func(m []byte) { m[end-3] = 28 })          // another type
	edit(func(m []byte) { m[end-1] = 3 })           // another class
	edit(func(m []byte) { m[5] = 0 })               // no question, with records
	edit(func(m []byte) { m[5] = 2 })               // two questions
	packets = append(packets,
		poison[:headerLen-1], // no header
		poison[:headerLen],   // nothing but a header that says NOERROR
		poison[:headerLen+3]) // half a question
	return packets
}

// 1,000 forged packets, none believed. One name at a time, so that the kernel's buffer loses no true
// answer.
func TestForgedPackets(t *testing.T) {
	t.Parallel()
	const names = 20
	d := newDNS(t)
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	var forged atomic.Int32
	for i := range names {
		n := fmt.Sprintf("victim%d.example", i)
		want := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		if err := d.Add(n + ". 300 IN A " + want.String()); err != nil {
			t.Fatal(err)
		}
		d.Fail(n, "A", scannertest.Failure{Forge: func(query []byte) [][]byte {
			packets := forgeries(query)
			forged.Add(int32(len(packets)))
			return packets
		}})
		a := r.Addrs(t.Context(), host(n), false)
		if a.Status != Found || len(a.Addrs) != 1 || a.Addrs[0] != want {
			t.Errorf("%s: %+v", n, a)
		}
		if tries := asked(d, n, "A"); tries != 1 {
			t.Errorf("%s was asked %d times: a forged packet ended the wait", n, tries)
		}
	}
	if n := forged.Load(); n != 50*names {
		t.Errorf("%d packets forged", n)
	}
}

// Records that do not belong to the question or its chain are no answer, though the message fits.
func TestUnrelatedRecords(t *testing.T) {
	t.Parallel()
	d := newDNS(t, "x.example. 300 IN A 192.0.2.1")
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	d.Fail("x.example", "A", scannertest.Failure{Raw: func(query []byte) []byte {
		msg := response(query)
		msg[7] = 2
		// Another name's address, and this name's record of another class.
		msg = append(msg, 1, 'y', 0, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 203, 0, 113, 66)
		return append(msg, 0xc0, headerLen, 0, 1, 0, 3, 0, 0, 1, 44, 0, 4, 203, 0, 113, 66)
	}})
	if a := r.Addrs(t.Context(), host("x.example"), false); a.Status != NoData || len(a.Addrs) != 0 {
		t.Errorf("%+v", a)
	}
}

// Ids and ports are not to be guessed: they vary over questions and sockets.
func TestIDsAndPorts(t *testing.T) {
	t.Parallel()
	const questions = 400
	d := newDNS(t)
	var mu sync.Mutex
	ids := make(map[uint16]bool)
	d.Fail("*", "", scannertest.Failure{Raw: func(query []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		ids[binary.BigEndian.Uint16(query)] = true
		return response(query)
	}})
	r := newResolver(t, Config{Servers: []string{d.Addr()}})
	ports := make(map[string]bool)
	for i := range questions {
		r.MX(t.Context(), host(fmt.Sprintf("n%d.example", i)))
		for _, s := range r.servers[0].sockets {
			if s != nil {
				ports[s.conn.LocalAddr().String()] = true
			}
		}
		if i == questions/2 {
			for _, s := range r.servers[0].sockets {
				s.mu.Lock()
				s.asked = maxQuestions // worn out
				s.mu.Unlock()
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(ids) < questions*95/100 {
		t.Errorf("%d ids in %d questions", len(ids), questions)
	}
	if len(ports) != 2*socketsPerServer {
		t.Errorf("%d ports, want %d", len(ports), 2*socketsPerServer)
	}
}
