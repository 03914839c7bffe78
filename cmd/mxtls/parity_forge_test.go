//go:build parity

package main_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
)

// forged is a server whose TLS is written out here, since no library leaves renegotiation_info out or takes small
// groups: TLS 1.2 (RFC 5246) with one key exchange, AES128-GCM-SHA256 and nothing else, for clients that offer it.
func forged(agree agreement, renegotiationInfo bool, edits ...edit) server {
	return func(a *authorities, host string) func(net.Conn) {
		l := a.leaf(host, edits...)
		return front{upgrade: func(conn net.Conn) (io.ReadWriteCloser, error) {
			f := &forgedConn{Conn: conn}
			return f, f.handshake(l, agree(), renegotiationInfo)
		}}.serve
	}
}

// agreement makes the server's half of a key exchange.
type agreement func() exchange

type exchange struct {
	suite     uint16
	signature uint16 // algorithm
	params    []byte // of ServerKeyExchange
	prefix    int    // octets before the client's public key in ClientKeyExchange, with the head of the message
	secret    func(peer []byte) ([]byte, error)
}

// ecdhe is ECDHE-ECDSA over P-256.
func ecdhe() exchange {
	key := must(ecdh.P256().GenerateKey(rand.Reader))
	return exchange{0xc02b, 0x0403, slices.Concat([]byte{3, 0, 23}, vector(1, key.PublicKey().Bytes())), 5,
		func(b []byte) ([]byte, error) {
			peer, err := ecdh.P256().NewPublicKey(b)
			if err != nil {
				return nil, err
			}
			return key.ECDH(peer)
		}}
}

// dhe is DHE-RSA in a group of that size.
func dhe(bits int) agreement {
	p, g := must(rand.Prime(rand.Reader, bits)), big.NewInt(2)
	return func() exchange {
		x := must(rand.Int(rand.Reader, p))
		public := new(big.Int).Exp(g, x, p)
		params := slices.Concat(vector(2, p.Bytes()), vector(2, g.Bytes()), vector(2, public.Bytes()))
		return exchange{0x009e, 0x0401, params, 6, func(peer []byte) ([]byte, error) {
			return new(big.Int).Exp(new(big.Int).SetBytes(peer), x, p).Bytes(), nil
		}}
	}
}

const (
	recordCCS, recordAlert, recordHandshake, recordData = 20, 21, 22, 23
	helloRandom                                         = 6 // octets before the client's random in a ClientHello
)

// forgedConn is the server's side of a connection.
type forgedConn struct {
	net.Conn
	transcript []byte
	in, out    *gcm // nil: in plain text
	rest       []byte
}

// gcm is one direction's protection (RFC 5288).
type gcm struct {
	aead cipher.AEAD
	salt []byte
	seq  uint64
}

func newGCM(key, salt []byte) *gcm {
	return &gcm{must(cipher.NewGCM(must(aes.NewCipher(key)))), salt, 0}
}

// aad is what is authenticated beside a record's contents; it counts the record.
func (g *gcm) aad(kind byte, size int) []byte {
	b := binary.BigEndian.AppendUint64(nil, g.seq)
	g.seq++
	return append(b, kind, 3, 3, byte(size>>8), byte(size))
}

func (f *forgedConn) handshake(l *leaf, kx exchange, renegotiationInfo bool) error {
	hello, err := f.readHandshake()
	if err != nil {
		return err
	}
	clientRandom, serverRandom := hello[helloRandom:helloRandom+32], make([]byte, 32)
	rand.Read(serverRandom)
	serverHello := slices.Concat([]byte{3, 3}, serverRandom, []byte{0}, twoOctets(kx.suite), []byte{0})
	if renegotiationInfo {
		serverHello = append(serverHello, 0, 5, 0xff, 1, 0, 1, 0)
	}
	var chain []byte
	for _, c := range l.chain {
		chain = append(chain, vector(3, c)...)
	}
	digest := sha256.Sum256(slices.Concat(clientRandom, serverRandom, kx.params))
	signature := must(l.key.Sign(rand.Reader, digest[:], crypto.SHA256))
	flight := slices.Concat(message(2, serverHello), message(11, vector(3, chain)),
		message(12, slices.Concat(kx.params, twoOctets(kx.signature), vector(2, signature))), message(14, nil))
	if err := f.writeHandshake(flight); err != nil {
		return err
	}
	answer, err := f.readHandshake()
	if err != nil {
		return err
	}
	secret, err := kx.secret(answer[kx.prefix:])
	if err != nil {
		return err
	}
	master := prf(secret, "master secret", slices.Concat(clientRandom, serverRandom), 48)
	keys := prf(master, "key expansion", slices.Concat(serverRandom, clientRandom), 40)
	if kind, _, err := f.readRecord(); err != nil || kind != recordCCS {
		return errors.Join(err, errors.New("no ChangeCipherSpec"))
	}
	f.in = newGCM(keys[:16], keys[32:36])
	if _, err := f.readHandshake(); err != nil { // the client's Finished is not checked: it is no enemy
		return err
	}
	if err := f.writeRecord(recordCCS, []byte{1}); err != nil {
		return err
	}
	f.out = newGCM(keys[16:32], keys[36:40])
	sum := sha256.Sum256(f.transcript)
	return f.writeHandshake(message(20, prf(master, "server finished", sum[:], 12)))
}

func twoOctets(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }

// vector is octets with their length in so many octets before them.
func vector(size int, b []byte) []byte {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(b)))
	return append(length[4-size:], b...)
}

func message(kind byte, body []byte) []byte { return append([]byte{kind}, vector(3, body)...) }

// prf is TLS 1.2's pseudorandom function (RFC 5246 section 5).
func prf(secret []byte, label string, seed []byte, size int) (out []byte) {
	mac := func(b ...[]byte) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write(slices.Concat(b...))
		return h.Sum(nil)
	}
	seed = append([]byte(label), seed...)
	for a := mac(seed); len(out) < size; a = mac(a) {
		out = append(out, mac(a, seed)...)
	}
	return out[:size]
}

// readHandshake reads one message, which has to fill a record.
func (f *forgedConn) readHandshake() ([]byte, error) {
	kind, body, err := f.readRecord()
	if err == nil && (kind != recordHandshake || len(body) < helloRandom) {
		err = fmt.Errorf("record of type %d", kind)
	}
	f.transcript = append(f.transcript, body...)
	return body, err
}

func (f *forgedConn) writeHandshake(flight []byte) error {
	f.transcript = append(f.transcript, flight...)
	return f.writeRecord(recordHandshake, flight)
}

func (f *forgedConn) readRecord() (kind byte, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(f.Conn, head[:]); err != nil {
		return 0, nil, err
	}
	body = make([]byte, binary.BigEndian.Uint16(head[3:]))
	if _, err := io.ReadFull(f.Conn, body); err != nil || f.in == nil {
		return head[0], body, err
	}
	if len(body) < 24 {
		return 0, nil, errors.New("short record")
	}
	nonce := append(slices.Clone(f.in.salt), body[:8]...)
	body, err = f.in.aead.Open(nil, nonce, body[8:], f.in.aad(head[0], len(body)-24))
	return head[0], body, err
}

func (f *forgedConn) writeRecord(kind byte, body []byte) error {
	if f.out != nil {
		explicit := binary.BigEndian.AppendUint64(nil, f.out.seq)
		nonce := append(slices.Clone(f.out.salt), explicit...)
		body = append(explicit, f.out.aead.Seal(nil, nonce, body, f.out.aad(kind, len(body)))...)
	}
	_, err := f.Conn.Write(append([]byte{kind, 3, 3}, vector(2, body)...))
	return err
}

// Read gives what the client says; an alert, such as its goodbye, is the end.
func (f *forgedConn) Read(b []byte) (int, error) {
	for len(f.rest) == 0 {
		kind, body, err := f.readRecord()
		if err != nil {
			return 0, err
		}
		if kind != recordData {
			return 0, io.EOF
		}
		f.rest = body
	}
	n := copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func (f *forgedConn) Write(b []byte) (int, error) { return len(b), f.writeRecord(recordData, b) }
