package clienthello

import (
	"bufio"
	"encoding/binary"
	"io"

	"golang.org/x/crypto/cryptobyte"
)

// Limits. An honest flight is a few kibibytes in up to a handful of records.
const (
	maxRecord   = 16 << 10  // octets in plain text (RFC 8446 5.1)
	maxRecords  = 8192      // a flight in single octets is as good as any, up to this length
	maxMessage  = 256 << 10 // more than twice what OpenSSL takes, so that a chain beyond that is seen to be so
	maxFlight   = 2 * maxMessage
	maxWarnings = 5   // warning alerts in a row: OpenSSL's patience (rec_layer_s3.c MAX_WARN_ALERT_COUNT)
	maxChain    = 256 // certificates; maxMessage could hold tens of thousands that are no such thing
)

// Content types of records (RFC 8446 5.1), and types of handshake messages (RFC 5246 7.4).
const (
	alertRecord      = 21
	handshakeRecord  = 22
	applicationData  = 23
	changeCipherSpec = 20

	helloRequest       = 0
	serverHello        = 2
	certificate        = 11
	serverKeyExchange  = 12
	certificateRequest = 13
	serverHelloDone    = 14
)

// A message is one handshake message. Of one that is too long there is no body.
type message struct {
	kind uint8
	size int // as announced
	body cryptobyte.String
}

// A reader puts handshake messages together from records: a message may span records, a record hold messages.
type reader struct {
	r        *bufio.Reader
	pending  []byte // handshake octets not yet taken
	records  int
	octets   int
	warnings int // in a row
}

func newReader(r io.Reader) *reader { return &reader{r: bufio.NewReader(r)} }

// next is the next handshake message.
func (r *reader) next() (message, *Error) {
	const header = 4
	if err := r.fill(header); err != nil {
		return message{}, err
	}
	m := message{kind: r.pending[0], size: int(binary.BigEndian.Uint32(r.pending) & 0xffffff)}
	if m.size > maxMessage {
		return m, tooLong("a handshake message of %d octets", m.size)
	}
	if err := r.fill(header + m.size); err != nil {
		return m, err
	}
	m.body = r.pending[header : header+m.size : header+m.size]
	r.pending = r.pending[header+m.size:]
	return m, nil
}

// fill reads records until n handshake octets are pending. What is announced takes no memory before it has come.
func (r *reader) fill(n int) *Error {
	for len(r.pending) < n {
		if err := r.record(); err != nil {
			return err
		}
	}
	return nil
}

// record reads one record: its octets are pending then, or it was an alert.
func (r *reader) record() *Error {
	var header [5]byte
	if n, err := io.ReadFull(r.r, header[:]); err != nil {
		if n > 0 && header[0] != alertRecord && header[0] != handshakeRecord {
			return notTLS(header[:n])
		}
		return broken(err)
	}
	kind, length := header[0], int(binary.BigEndian.Uint16(header[3:]))
	if kind < changeCipherSpec || kind > applicationData || header[1] != 3 {
		return notTLS(header[:])
	}
	r.records++
	r.octets += length
	switch {
	case length > maxRecord:
		return tooLong("a record of %d octets", length)
	case r.records > maxRecords:
		return tooLong("more than %d records", maxRecords)
	case r.octets > maxFlight:
		return tooLong("more than %d octets", maxFlight)
	case kind == changeCipherSpec || kind == applicationData:
		return malformed("a record of type %d within the plaintext flight", kind)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r.r, body); err != nil {
		return broken(err)
	}
	if kind == alertRecord {
		return r.alert(body)
	}
	r.warnings = 0
	r.pending = append(r.pending, body...)
	return nil
}

// alert goes over a warning, a few times, and ends at anything else. A close_notify is the end whatever its level.
func (r *reader) alert(body []byte) *Error {
	const warning, closeNotify = 1, 0
	if len(body) != 2 {
		return malformed("an alert of %d octets", len(body))
	}
	if body[0] != warning || body[1] == closeNotify {
		return alerted(body[1])
	}
	if r.warnings++; r.warnings > maxWarnings {
		return tooLong("more than %d warning alerts in a row", maxWarnings)
	}
	return nil
}

func notTLS(header []byte) *Error {
	e := malformed("no TLS record but %q", header)
	e.Kind = NotTLS
	return e
}
