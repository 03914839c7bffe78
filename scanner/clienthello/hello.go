package clienthello

import (
	"crypto/rand"
	"crypto/tls"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"mxtls/scanner/internal/enum"
)

// Profile is whose hello it is: of which release, at which level. Both are Postfix 3.7 with OpenSSL 3.0 as Debian 12
// builds them and with their default settings; what they send stands in testdata/posttls-finger.txt.
type Profile uint8

// Profiles.
const (
	ProfileNone Profile = iota // offers nothing
	May                        // at may and encrypt: OpenSSL's security level 0, anonymous suites first
	Match                      // at levels that require a match: security level 1, no anonymous suites, no SHA-1
)

var profileWords = enum.Words{"none", "may", "match"}

func (p Profile) String() string               { return enum.String("profile", profileWords, p) }
func (p Profile) MarshalText() ([]byte, error) { return enum.Marshal("profile", profileWords, p) }
func (p *Profile) UnmarshalText(text []byte) error {
	return enum.Unmarshal("profile", profileWords, p, text)
}

// Hello is one ClientHello.
type Hello struct {
	Profile    Profile
	MaxVersion uint16 // 0 = TLS 1.3
	ServerName string // of the server_name extension (RFC 6066 3); "" = none, as Postfix does by default
}

func (h *Hello) tls13() bool { return h.newest() >= tls.VersionTLS13 }

func (h *Hello) newest() uint16 {
	if h.MaxVersion == 0 {
		return tls.VersionTLS13
	}
	return h.MaxVersion
}

// takes reports whether the hello has a signature algorithm.
func (h *Hello) takes(scheme uint16) bool {
	for _, s := range signatures {
		if s.scheme == scheme {
			return !s.sha1 || h.Profile == May
		}
	}
	return false
}

// unasked reports whether an extension of a ServerHello answers none of ours, though it should. A renegotiation_info is
// asked for by its SCSV, a cookie by nobody; a certificate's timestamps (18) may be sent by accident.
func (h *Hello) unasked(kind uint16) bool {
	switch kind {
	case 10, 11, 22, extendedMasterSecret, 35, renegotiationInfo, 18:
		return false
	case 0:
		return h.ServerName == ""
	case supportedVersions, keyShare, cookie:
		return !h.tls13()
	}
	return slices.Contains(older, kind) || slices.Contains(newer, kind)
}

// offered are the suites of the hello, in its order.
func (h *Hello) offered() []uint16 {
	var ids []uint16
	for _, s := range suites {
		kind := kindOf(s.id)
		if h.Profile == ProfileNone || kind.anonymous && h.Profile != May || kind.exchange == byTLS13 && !h.tls13() {
			continue
		}
		ids = append(ids, s.id)
	}
	return ids
}

// Offers reports whether the hello has a suite.
func (h *Hello) Offers(suite uint16) bool { return slices.Contains(h.offered(), suite) }

// groups are X25519, X448, P-256, P-521 and P-384 (postconf(5) tls_eecdh_auto_curves; ffdhe groups came with 3.8).
var groups = []uint16{29, 30, 23, 25, 24}

// signatures of OpenSSL 3.0 (t1_lib.c tls12_sigalgs), those with SHA-1 apart.
var signatures = []struct {
	scheme uint16
	sha1   bool
}{
	{scheme: 0x0403}, {scheme: 0x0503}, {scheme: 0x0603}, // ECDSA with SHA-256, -384, -512
	{scheme: 0x0807}, {scheme: 0x0808}, // Ed25519, Ed448
	{scheme: 0x0809}, {scheme: 0x080a}, {scheme: 0x080b}, // RSA-PSS keys
	{scheme: 0x0804}, {scheme: 0x0805}, {scheme: 0x0806}, // RSA-PSS with RSA keys
	{scheme: 0x0401}, {scheme: 0x0501}, {scheme: 0x0601}, // RSA PKCS #1
	{scheme: 0x0303}, {scheme: 0x0203, sha1: true}, // ECDSA with SHA-224, SHA-1
	{scheme: 0x0301}, {scheme: 0x0201, sha1: true}, // RSA
	{scheme: 0x0302}, {scheme: 0x0202, sha1: true}, // DSA
	{scheme: 0x0402}, {scheme: 0x0502}, {scheme: 0x0602}, // DSA with SHA-256, -384, -512
}

// Record is the hello as it goes out: one record with one handshake message.
func (h *Hello) Record() []byte {
	var b cryptobyte.Builder
	b.AddUint8(handshakeRecord)
	b.AddUint16(tls.VersionTLS10) // whatever the versions offered (RFC 8446 5.1)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(1) // client_hello
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { h.body(b) })
	})
	return b.BytesOrPanic() // nothing in it can outgrow its length's octets but a server name of 64 KiB
}

// body is RFC 8446 4.1.2 with OpenSSL's order of extensions (extensions.c ext_defs).
func (h *Hello) body(b *cryptobyte.Builder) {
	b.AddUint16(tls.VersionTLS12)
	b.AddBytes(random(32))
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
		if h.tls13() {
			b.AddBytes(random(32)) // for middleboxes (RFC 8446 D.4)
		}
	})
	offered := h.offered()
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		addAll(b, offered)
		b.AddUint16(0x00ff) // TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 3.3)
	})
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint8(0) }) // no compression
	extensions := h.extensions()
	const fixed = 4 + 2 + 32 + 1 + 2 + 2 + 2 + 2 // octets of the message but for session id, suites and extensions
	written := fixed + 2*len(offered) + len(extensions)
	if h.tls13() {
		written += 32
	}
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddBytes(extensions)
		pad(b, written)
	})
}

// pad keeps the message out of the lengths from 256 to 511, which some old servers hang on (RFC 7685 4).
func pad(b *cryptobyte.Builder, written int) {
	const low, high, header = 0xff, 0x200, 4
	if written > low && written < high {
		addExtension(b, 21, func(b *cryptobyte.Builder) { b.AddBytes(make([]byte, max(high-written-header, 0))) })
	}
}

// extensions are all but the padding.
func (h *Hello) extensions() []byte {
	var b cryptobyte.Builder
	if h.ServerName != "" {
		addExtension(&b, 0, list16(func(b *cryptobyte.Builder) {
			b.AddUint8(0) // host_name
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(h.ServerName)) })
		}))
	}
	addExtension(&b, 11, list8(func(b *cryptobyte.Builder) { b.AddBytes([]byte{0, 1, 2}) })) // point formats: all
	addExtension(&b, 10, list16(func(b *cryptobyte.Builder) { addAll(b, groups) }))
	addExtension(&b, 35, func(*cryptobyte.Builder) {}) // session tickets are known
	addExtension(&b, 22, func(*cryptobyte.Builder) {}) // encrypt-then-MAC
	addExtension(&b, extendedMasterSecret, func(*cryptobyte.Builder) {})
	addExtension(&b, 13, list16(func(b *cryptobyte.Builder) {
		for _, s := range signatures {
			if !s.sha1 || h.Profile == May {
				b.AddUint16(s.scheme)
			}
		}
	}))
	if !h.tls13() {
		return b.BytesOrPanic()
	}
	addExtension(&b, supportedVersions, list8(func(b *cryptobyte.Builder) {
		addAll(b, []uint16{tls.VersionTLS13, tls.VersionTLS12, tls.VersionTLS11, tls.VersionTLS10})
	}))
	addExtension(&b, 45, list8(func(b *cryptobyte.Builder) { b.AddUint8(1) })) // PSK with (EC)DHE
	addExtension(&b, keyShare, list16(func(b *cryptobyte.Builder) {
		b.AddUint16(groups[0])
		// Any 32 octets are an X25519 public key (RFC 7748 5); nobody will need the private one.
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(random(32)) })
	}))
	return b.BytesOrPanic()
}

func addExtension(b *cryptobyte.Builder, kind uint16, body cryptobyte.BuilderContinuation) {
	b.AddUint16(kind)
	b.AddUint16LengthPrefixed(body)
}

func list8(items cryptobyte.BuilderContinuation) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) { b.AddUint8LengthPrefixed(items) }
}

func list16(items cryptobyte.BuilderContinuation) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) { b.AddUint16LengthPrefixed(items) }
}

func addAll(b *cryptobyte.Builder, numbers []uint16) {
	for _, n := range numbers {
		b.AddUint16(n)
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}
