package clienthello

import (
	"bytes"
	"crypto/tls"
	"math/bits"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// message takes the next message of the flight, which answers h if that is not nil. Messages come in the order of their
// numbers, each once (RFC 5246 7.3); last is the one before.
func (f *Flight) message(m message, last uint8, h *Hello) *Error {
	switch {
	case m.kind == helloRequest && m.size == 0:
		return nil // may come at any time and means nothing here (RFC 5246 7.4.1.1)
	case (m.kind == serverHello) != (f.Version == 0), m.kind <= last:
		return malformed("a handshake message of type %d out of place", m.kind)
	}
	switch m.kind {
	case serverHello:
		return f.serverHello(m.body, h)
	case certificate:
		f.CertificateOctets = m.size
		return f.certificate(m.body)
	case serverKeyExchange:
		return f.keyExchange(m.body, h)
	case certificateRequest:
		if f.Anonymous() {
			return malformed("a CertificateRequest with %s", CipherName(f.Suite)) // RFC 5246 7.4.4
		}
		f.ClientCertificate = true
		return nil
	case serverHelloDone:
		return f.done(m)
	}
	return malformed("a handshake message of type %d", m.kind)
}

// certificate is RFC 5246 7.4.2.
func (f *Flight) certificate(b cryptobyte.String) *Error {
	var list cryptobyte.String
	if f.Anonymous() {
		return malformed("a Certificate message with %s", CipherName(f.Suite))
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
func (f *Flight) keyExchange(b cryptobyte.String, h *Hello) *Error {
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
		if h != nil && !slices.Contains(h.groups(), f.Group) {
			return unoffered("group %s", GroupName(f.Group))
		}
	case byDHE:
		if !b.ReadUint16LengthPrefixed(&prime) || !b.ReadUint16LengthPrefixed(&generator) ||
			!b.ReadUint16LengthPrefixed(&public) {
			return malformed("the ServerKeyExchange is cut short")
		}
		if f.DHBits = bitLength(prime); f.DHBits == 0 {
			return malformed("the ServerKeyExchange has no prime")
		}
		if prime[len(prime)-1]&1 == 0 || bitLength(generator) < 2 || bitLength(public) < 2 {
			return malformed("the ServerKeyExchange has numbers that are of no use") // OpenSSL's "bad dh value"
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
	if h != nil && f.Signature != 0 && !h.takes(f.Signature) {
		return unoffered("signature algorithm 0x%04X", f.Signature)
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
