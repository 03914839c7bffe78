// Package clienthello says the first word of a TLS handshake as a Postfix client with OpenSSL would, reads what the
// server answers in plain text, and goes no further. It sees what crypto/tls cannot negotiate: DHE, anonymous suites,
// Camellia, ARIA, X448, keys and certificates that Go does not know.
//
// The steps, in order: one ClientHello (RFC 8446 4.1.2, RFC 5246 7.4.1.2) with Postfix's own suites, groups and
// signature algorithms in Postfix's own order (hello.go); then the server's flight. Up to TLS 1.2 that is ServerHello,
// Certificate, ServerKeyExchange, CertificateRequest and ServerHelloDone (RFC 5246 7.3), all of it in plain text. With
// TLS 1.3 it is the ServerHello alone, or a HelloRetryRequest in its place (RFC 8446 4.1.4), which names the group: the
// rest is encrypted for a key that nobody here has.
//
// So a Flight says what would have been agreed on, and no more. Nothing proves that the server holds the key of the
// chain that it shows, and no signature is checked. What OpenSSL refuses of what it sees in such a flight is told by
// Refused.
//
// All that a server sends is hostile. Records, messages and octets are bounded (records.go); time is the connection's
// deadline. Whatever goes wrong ends as a typed Error in a Flight that keeps what was read before.
package clienthello

import (
	"bytes"
	"crypto/tls"
	"io"
	"slices"
)

// Flight is what a server showed in plain text. One that ended early is as complete a value as any other.
type Flight struct {
	Version              uint16   // agreed on; 0 = there was no ServerHello
	Suite                uint16   // IANA number
	Group                uint16   // IANA number of the curve or group (also a HelloRetryRequest's); 0 = none
	DHBits               int      // length of the Diffie-Hellman prime; 0 = no DHE up to TLS 1.2
	Signature            uint16   // SignatureScheme of the ServerKeyExchange (RFC 8446 4.2.3); only TLS 1.2 has one
	Renegotiation        bool     // renegotiation_info was sent (RFC 5746); TLS 1.3 has none
	ExtendedMasterSecret bool     // RFC 7627; TLS 1.3 has none
	Retry                bool     // the server asks for a key share of Group first
	Chain                [][]byte // DER, as sent, leaf first; nil = not shown
	CertificateOctets    int      // length of the Certificate message, also of one that was too long to read
	ClientCertificate    bool     // the server asks for a certificate of the client
	Complete             bool     // all that is in plain text was read
	Err                  *Error   // why it is not complete; nil when it is
}

// Exchange sends a hello and reads the flight. It never returns nil. Deadlines are the connection's.
func Exchange(conn io.ReadWriter, h Hello) *Flight {
	// A server that hung up may have said why before, so its words are read even where ours did not get through.
	conn.Write(h.Record())
	return read(conn, &h)
}

// Parse reads a flight from a recording, which may end anywhere, of a handshake whose hello was another's.
func Parse(recorded []byte) *Flight { return read(bytes.NewReader(recorded), nil) }

func read(r io.Reader, h *Hello) *Flight {
	f := &Flight{}
	messages := newReader(r)
	last := uint8(0)
	for !f.Complete && f.Err == nil {
		m, err := messages.next()
		if err == nil {
			err = f.message(m, last, h)
		} else if m.kind == certificate {
			f.CertificateOctets = m.size // too long to read; that alone tells something
		}
		last = max(last, m.kind)
		if err != nil {
			f.Complete, f.Err = false, err
		}
	}
	return f
}

// Anonymous reports whether the server uses no certificate (RFC 5246 A.5).
func (f *Flight) Anonymous() bool { return kindOf(f.Suite).anonymous }

// ShortTag reports whether the suite is CCM with a tag of 8 octets (RFC 6655), which is not offered at security level 1
// since OpenSSL 3.2.
func (f *Flight) ShortTag() bool { return kindOf(f.Suite).shortTag }

// OpenSSL's limits, as of 3.0.
const (
	maxCertList = 100 << 10 // octets of the Certificate message (ssl.h SSL_MAX_CERT_LIST_DEFAULT)
	minDH       = 1024      // bits, even at security level 0 (ssl_cert.c ssl_security_default_callback)
	maxDH       = 10000     // bits (dh.h OPENSSL_DH_MAX_MODULUS_BITS)
)

// Refused says in OpenSSL's words why OpenSSL 3 would break this handshake off at a security level (Postfix uses 0 for
// may and encrypt, 1 where a match is required), or "" when nothing in the flight speaks against it.
func (f *Flight) Refused(level int) string {
	kind := kindOf(f.Suite)
	ephemeral := kind.exchange == byDHE || kind.exchange == byECDHE
	switch {
	case f.Version < tls.VersionTLS13 && !f.Renegotiation:
		return "unsafe legacy renegotiation disabled" // unless tls_ssl_options has LEGACY_SERVER_CONNECT
	case level > 0 && kind.anonymous:
		return "no shared cipher" // such suites are not offered where a match is required
	case f.CertificateOctets > maxCertList:
		return "excessive message size"
	case slices.ContainsFunc(f.Chain, notDER):
		return "asn1 encoding routines" // a part of it; which error depends on the octets
	case f.DHBits > 0 && f.DHBits < minDH:
		return "dh key too small"
	case f.DHBits > maxDH:
		return "modulus too large"
	case level > 0 && ephemeral && f.Version < tls.VersionTLS12:
		return "legacy sigalg disallowed or unsupported" // MD5 and SHA-1 together are worth 67 bits, level 1 asks for 80
	case level > 0 && weakSignature(f.Signature):
		return "wrong signature type"
	}
	return ""
}

// WeaklySigned reports whether the key exchange is signed with MD5 or SHA-1 at TLS 1.2: the hello of levels that
// require a match does not offer that, and a server may then do better or fail.
func (f *Flight) WeaklySigned() bool { return weakSignature(f.Signature) }

// weakSignature reports a hash of fewer than 80 bits of strength (RFC 5246 7.4.1.4.1: 1 is MD5, 2 is SHA-1).
func weakSignature(scheme uint16) bool { return scheme>>8 == 1 || scheme>>8 == 2 }
