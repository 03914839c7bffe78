//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strconv"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	headerLen  = 12      // RFC 1035 4.1.1
	sockBuffer = 4 << 20 // octets, asked of the kernel: a burst of questions is to wait, not to be lost
	dnsReaders = 2       // goroutines on the one socket
	answerTTL  = 3600    // seconds
)

// serveDNS answers on a UDP port of loopback until the process ends. It makes answers up from the question, by hand,
// since it shares the machine with what is measured.
func serveDNS() (addr string, err error) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return "", fmt.Errorf("dns server: %w", err)
	}
	conn.SetReadBuffer(sockBuffer) // more is a help only: the system may grant less
	conn.SetWriteBuffer(sockBuffer)
	for range dnsReaders {
		go func() {
			in, out := make([]byte, 1500), make([]byte, 0, 1500)
			for {
				n, from, err := conn.ReadFromUDPAddrPort(in)
				if err != nil {
					fmt.Fprintln(os.Stderr, "bench: dns server:", err)
					return
				}
				if msg := answer(out, in[:n]); msg != nil {
					conn.WriteToUDPAddrPort(msg, from) // a client that has gone misses nothing
				}
			}
		}()
	}
	return conn.LocalAddr().String(), nil
}

// answer appends the response to a query to dst; nil for what is no query. The first label tells it all:
// "d<number>-<server>" has the MX mx<server>, and "mx<server>" an IPv4 address; nothing else is known.
func answer(dst, query []byte) []byte {
	if len(query) < headerLen+6 || query[2]&0x80 != 0 {
		return nil
	}
	first := query[headerLen+1:]
	end := headerLen
	for end < len(query) && query[end] != 0 {
		end += 1 + int(query[end])
	}
	end += 5 // root, type, class
	if end > len(query) || int(query[headerLen]) > len(first) {
		return nil
	}
	first = first[:query[headerLen]]
	m := append(dst, query[:end]...)
	m[2] |= 0x80 // QR
	m[3] = 0x80  // RA, NOERROR
	copy(m[4:headerLen], []byte{0, 1, 0, 0, 0, 0, 0, 0})
	typ := dnsmessage.Type(binary.BigEndian.Uint16(query[end-4:]))
	if data := record(first, typ); data != nil {
		m[7] = 1
		m = append(m, 0xc0, headerLen, 0, byte(typ), 0, byte(dnsmessage.ClassINET))
		m = binary.BigEndian.AppendUint32(m, answerTTL)
		m = binary.BigEndian.AppendUint16(m, uint16(len(data)))
		m = append(m, data...)
	}
	if query[11] > 0 { // an OPT record: root, type, our size, no flags, no options (RFC 6891 6.1.2)
		m[11] = 1
		m = append(m, 0, 0, byte(dnsmessage.TypeOPT), 0x04, 0xd0, 0, 0, 0, 0, 0, 0)
	}
	return m
}

// record is the data of the one record, or nil.
func record(label []byte, typ dnsmessage.Type) []byte {
	_, domain, ok := bytes.Cut(label, []byte("-"))
	if ok && typ == dnsmessage.TypeMX {
		host := append([]byte("mx"), domain...)
		data := append([]byte{0, 10, byte(len(host))}, host...)
		return append(append(data, 7), "example\x00"...)
	}
	number, ok := bytes.CutPrefix(label, []byte("mx"))
	if ok && typ == dnsmessage.TypeA {
		if i, err := strconv.Atoi(string(number)); err == nil {
			addr := serverAddr(i).As4()
			return addr[:]
		}
	}
	return nil
}
