package clienthello

import (
	"bytes"
	"crypto/tls"
	"math/bits"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// message takes the next message of the flight.
func (f *Flight) message(m message) *Error {
	switch {
	case m.kind == helloRequest && m.size == 0:
		return nil // may come at any time and means nothing here (RFC 5246 7.4.1.1)
	case (m.kind == serverHello) != (f.Version == 0):
		return malformed("a handshake message of type %d out of place", m.kind)
	}
	switch m.kind {
	case serverHello:
		return f.serverHello(m.body)
	case certificate:
		f.CertificateOctets = m.size
		return f.certificate(m.body)
	case serverKeyExchange:
		return f.keyExchange(m.body)
	case certificateRequest:
		f.ClientCertificate = true
		return nil
	case serverHelloDone:
		return f.done(m)
	}
	return malformed("a handshake message of type %d", m.kind)
}

// retryRandom marks a HelloRetryRequest (RFC 8446 4.1.3): the SHA-256 of "HelloRetryRequest".
var retryRandom = []byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

// serverHello is RFC 8446 4.1.3 and RFC 5246 7.4.1.3.
func (f *Flight) serverHello(b cryptobyte.String) *Error {
	var random, session, extensions cryptobyte.String
	var version, suite uint16
	var compression uint8
	const randomOctets, maxSession = 32, 32
	if !b.ReadUint16(&version) || !b.ReadBytes((*[]byte)(&random), randomOctets) ||
		!b.ReadUint8LengthPrefixed(&session) || len(session) > maxSession ||
		!b.ReadUint16(&suite) || !b.ReadUint8(&compression) {
		return malformed("the ServerHello is cut short")
	}
	if compression != 0 {
		return malformed("the ServerHello chose compression %d", compression)
	}
	if !b.Empty() && (!b.ReadUint16LengthPrefixed(&extensions) || !b.Empty()) {
		return malformed("the ServerHello's extensions do not fill it")
	}
	f.Version, f.Suite, f.Retry = version, suite, bytes.Equal(random, retryRandom)
	for !extensions.Empty() {
		var kind uint16
		var body cryptobyte.String
		if !extensions.ReadUint16(&kind) || !extensions.ReadUint16LengthPrefixed(&body) || !f.extension(kind, body) {
			return malformed("the ServerHello's extension %d is broken", kind)
		}
	}
	if f.Version == 0 {
		return malformed("the ServerHello chose no version")
	}
	if f.Version < tls.VersionTLS13 {
		f.Group = 0 // a key share means nothing there
	}
	f.Complete = f.Version >= tls.VersionTLS13
	return nil
}

// Extensions of a ServerHello that say something here.
const (
	extendedMasterSecret = 23
	supportedVersions    = 43
	keyShare             = 51
	renegotiationInfo    = 0xff01
)

// extension takes one extension of the ServerHello, and reports whether it could be read.
func (f *Flight) extension(kind uint16, b cryptobyte.String) bool {
	switch kind {
	case extendedMasterSecret:
		f.ExtendedMasterSecret = true
	case renegotiationInfo:
		f.Renegotiation = true
	case supportedVersions:
		return b.ReadUint16(&f.Version) && b.Empty()
	case keyShare: // a HelloRetryRequest names the group alone
		return b.ReadUint16(&f.Group)
	}
	return true
}

// certificate is RFC 5246 7.4.2.
func (f *Flight) certificate(b cryptobyte.String) *Error {
	var list cryptobyte.String
	if f.Chain != nil {
		return malformed("a second Certificate message")
	}
	if !b.ReadUint24LengthPrefixed(&list) || !b.Empty() {
		return malformed("the Certificate message is cut short")
	}
	for !list.Empty() {
		var der cryptobyte.String
		if !list.ReadUint24LengthPrefixed(&der) || der.Empty() {
			return malformed("certificate %d is cut short", len(f.Chain)+1)
		}
		if len(f.Chain) == maxChain {
			return tooLong("more than %d certificates", maxChain)
		}
		f.Chain = append(f.Chain, bytes.Clone(der)) // the message need not outlive it
	}
	return nil
}

// keyExchange is RFC 5246 7.4.3 (DHE) and RFC 8422 5.4 (ECDHE).
func (f *Flight) keyExchange(b cryptobyte.String) *Error {
	kind := kindOf(f.Suite)
	var prime, generator, public cryptobyte.String
	switch kind.exchange {
	case byECDHE:
		var curveType uint8
		const namedCurve = 3
		if !b.ReadUint8(&curveType) || curveType != namedCurve || !b.ReadUint16(&f.Group) ||
			!b.ReadUint8LengthPrefixed(&public) {
			return malformed("the ServerKeyExchange names no curve")
		}
	case byDHE:
		if !b.ReadUint16LengthPrefixed(&prime) || !b.ReadUint16LengthPrefixed(&generator) ||
			!b.ReadUint16LengthPrefixed(&public) {
			return malformed("the ServerKeyExchange is cut short")
		}
		if f.DHBits = bitLength(prime); f.DHBits == 0 {
			return malformed("the ServerKeyExchange has no prime")
		}
	default:
		return malformed("a ServerKeyExchange with %s", CipherName(f.Suite))
	}
	if kind.anonymous {
		return nil
	}
	if f.Version == tls.VersionTLS12 && !b.ReadUint16(&f.Signature) {
		return malformed("the ServerKeyExchange has no signature algorithm")
	}
	var signature cryptobyte.String
	if !b.ReadUint16LengthPrefixed(&signature) || signature.Empty() || !b.Empty() {
		return malformed("the ServerKeyExchange's signature is cut short")
	}
	return nil
}

// bitLength is the length of a big-endian number without its leading zeros.
func bitLength(number []byte) int {
	number = bytes.TrimLeft(number, "\x00")
	if len(number) == 0 {
		return 0
	}
	return 8*(len(number)-1) + bits.Len8(number[0])
}

// done ends the flight, if all is there that the suite asks for.
func (f *Flight) done(m message) *Error {
	kind := kindOf(f.Suite)
	switch {
	case m.size != 0:
		return malformed("a ServerHelloDone of %d octets", m.size)
	case len(f.Chain) == 0 && !kind.anonymous:
		return malformed("no certificate, though %s wants one", CipherName(f.Suite))
	case kind.exchange == byECDHE && f.Group == 0, kind.exchange == byDHE && f.DHBits == 0:
		return malformed("no ServerKeyExchange, though %s wants one", CipherName(f.Suite))
	}
	f.Complete = true
	return nil
}

// notDER reports whether something that was sent as a certificate is none at the first glance: no SEQUENCE of a
// SEQUENCE, a SEQUENCE and a BIT STRING (RFC 5280 4.1). OpenSSL breaks the handshake off over it; most other faults of
// a certificate it only notes.
func notDER(der []byte) bool {
	b := cryptobyte.String(der)
	var outer cryptobyte.String
	return !b.ReadASN1(&outer, asn1.SEQUENCE) || !b.Empty() || !outer.SkipASN1(asn1.SEQUENCE) ||
		!outer.SkipASN1(asn1.SEQUENCE) || !outer.SkipASN1(asn1.BIT_STRING) || !outer.Empty()
}
