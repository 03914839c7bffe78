package resolve

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/miekg/dns"
)

// question is what is asked: a name in name.Name's form ("" is the root) and a type. The class is always IN.
type question struct {
	name string
	typ  uint16
}

func (q question) typeName() string { return dns.TypeToString[q.typ] }

const (
	headerLen = 12   // RFC 1035 4.1.1
	bufferLen = 1232 // the UDP payload that no path fragments (DNS Flag Day 2020)

	flagsRD = 0x0100
	flagsAD = 0x0020 // in a query: tell me whether the answer is authentic (RFC 6840 5.7)
	flagsCD = 0x0010 // do not check it (RFC 4035 3.2.2)
	ednsDO  = 0x8000 // RFC 3225
)

// query is one question as octets, ready to be sent under any id.
type query struct {
	wire []byte
	end  int // where the question section ends
}

// encode writes q's query into q.wire with id 0: 60 octets for most names, so it is not left to a general encoder.
func (w *query) encode(q question, edns, checkingDisabled bool) {
	flags, extra := uint16(flagsRD|flagsAD), byte(0)
	if checkingDisabled {
		flags |= flagsCD
	}
	if edns {
		extra = 1
	}
	b := append(w.wire[:0], 0, 0, byte(flags>>8), byte(flags), 0, 1, 0, 0, 0, 0, 0, extra)
	for rest := q.name; rest != ""; {
		var label string
		label, rest, _ = strings.Cut(rest, ".")
		b = append(b, byte(len(label)))
		b = append(b, label...)
	}
	b = append(b, 0)
	b = binary.BigEndian.AppendUint16(b, q.typ)
	b = binary.BigEndian.AppendUint16(b, dns.ClassINET)
	w.end = len(b)
	if edns { // RFC 6891 6.1.2: root name, type, size, extended rcode and flags, no options
		b = append(b, 0, 0, byte(dns.TypeOPT))
		b = binary.BigEndian.AppendUint16(b, bufferLen)
		b = binary.BigEndian.AppendUint32(b, ednsDO)
		b = append(b, 0, 0)
	}
	w.wire = b
}

func (w *query) setID(id uint16) { binary.BigEndian.PutUint16(w.wire, id) }

func (w *query) id() uint16 { return binary.BigEndian.Uint16(w.wire) }

// answeredBy reports whether msg is a response to w: id, QR, opcode, and the question with its type and class (RFC 5452
// 9.1). Servers that cannot read a query may answer with a bare header; such a one is taken for its error alone.
func (w *query) answeredBy(msg []byte) bool {
	if len(msg) < headerLen || !bytes.Equal(msg[:2], w.wire[:2]) {
		return false
	}
	if isResponse, opcode := msg[2]&0x80 != 0, int(msg[2]>>3&0xf); !isResponse || opcode != dns.OpcodeQuery {
		return false
	}
	if binary.BigEndian.Uint16(msg[4:]) == 0 {
		rcode := int(msg[3] & 0xf)
		return len(msg) == headerLen && rcode != dns.RcodeSuccess && rcode != dns.RcodeNameError
	}
	if binary.BigEndian.Uint16(msg[4:]) != 1 || len(msg) < w.end {
		return false
	}
	name := w.end - 4
	return equalFold(msg[headerLen:name], w.wire[headerLen:name]) && bytes.Equal(msg[name:w.end], w.wire[name:w.end])
}

// equalFold compares two names of equal length in wire form; length octets are below 64 and are no letters.
func equalFold(a, b []byte) bool {
	for i, c := range a {
		if lower(c) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// truncated reports the TC bit.
func truncated(msg []byte) bool { return msg[2]&0x02 != 0 }
