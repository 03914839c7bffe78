package starttls

import (
	"net"

	"mxtls/scanner/clienthello"
)

// maxRecorded is how much of a handshake is kept to be read beside crypto/tls: ServerHello, a chain of the usual
// length and the signature behind it. What is beyond stays unknown.
const maxRecorded = 16 << 10

// A recorder counts the octets that come in beneath TLS, to tell a handshake that crawls from one that never began,
// and keeps the first of them until the handshake is over.
type recorder struct {
	net.Conn
	n        int
	recorded []byte
	over     bool
}

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.n += n
	if !r.over {
		r.recorded = append(r.recorded, b[:min(n, maxRecorded-len(r.recorded))]...)
	}
	return n, err
}

// flight ends the recording and reads it.
func (r *recorder) flight() *clienthello.Flight {
	f := clienthello.Parse(r.recorded)
	r.recorded, r.over = nil, true
	return f
}

// add takes over what crypto/tls does not tell.
func (h *Handshake) add(shown *clienthello.Flight) {
	h.Signature, h.Renegotiation = shown.Signature, shown.Renegotiation
	h.ExtendedMasterSecret = shown.ExtendedMasterSecret
	h.CertificateOctets = 3 // RFC 5246 7.4.2: the list's length, and each certificate's
	for _, der := range h.Chain {
		h.CertificateOctets += 3 + len(der)
	}
}
