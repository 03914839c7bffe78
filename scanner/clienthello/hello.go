package clienthello

import (
	"crypto/rand"
	"crypto/tls"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"mxtls/scanner/internal/enum"
)

// Release is whose hello it is: that of a Postfix and an OpenSSL as a release of Debian builds them, with their default
// settings. What they send stands in testdata/posttls-finger.txt.
type Release uint8

// Releases. What Postfix offers changed in 3.8: no DSA, P-384 before P-521, and ffdhe groups. OpenSSL's part changed
// little by little, with 3.1 (no TLS below 1.2 at security level 1), 3.2 (CCM with a short tag is weak, certificates may
// be compressed) and 3.5 (ML-DSA).
const (
	Postfix37  Release = iota // Postfix 3.7 with OpenSSL 3.0, Debian 12
	Postfix310                // Postfix 3.10 with OpenSSL 3.5, Debian 13
)

var releaseWords = enum.Words{"postfix-3.7", "postfix-3.10"}

func (r Release) String() string               { return enum.String("release", releaseWords, r) }
func (r Release) MarshalText() ([]byte, error) { return enum.Marshal("release", releaseWords, r) }
func (r *Release) UnmarshalText(text []byte) error {
	return enum.Unmarshal("release", releaseWords, r, text)
}

// Profile is at which level a hello is said.
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
	Release    Release
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
			return s.since <= h.Release && (!s.sha1 || h.Profile == May)
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

// oldest is the lowest version offered.
func (h *Hello) oldest() uint16 {
	if h.Release >= Postfix310 && h.Profile == Match {
		return tls.VersionTLS12
	}
	return tls.VersionTLS10
}

// offered are the suites of the hello, in its order.
func (h *Hello) offered() []uint16 {
	var ids []uint16
	for _, s := range suites {
		kind := kindOf(s.id)
		switch {
		case h.Profile == ProfileNone, kind.anonymous && h.Profile != May, kind.exchange == byTLS13 && !h.tls13():
		case h.Release < Postfix310:
			ids = append(ids, s.id)
		case kind.dsa, kind.shortTag:
		default:
			ids = append(ids, s.id)
		}
	}
	if h.Release >= Postfix310 && h.Profile == May {
		ids = append(ids, shortTags...)
	}
	return ids
}

// Offers reports whether the hello has a suite, by its IANA number.
func (h *Hello) Offers(suite uint16) bool { return slices.Contains(h.offered(), suite) }

// groups are X25519, X448, P-256 and the larger curves (postconf(5) tls_eecdh_auto_curves); since Postfix 3.8 there are
// ffdhe2048 and ffdhe3072 too (tls_ffdhe_auto_groups), which OpenSSL offers for TLS 1.3 alone.
func (h *Hello) groups() []uint16 {
	switch {
	case h.Release < Postfix310:
		return []uint16{29, 30, 23, 25, 24}
	case !h.tls13():
		return []uint16{29, 30, 23, 24, 25}
	}
	return []uint16{29, 30, 23, 24, 25, 256, 257}
}

// signatures of OpenSSL (t1_lib.c tls12_sigalgs), those with SHA-1 apart.
var signatures = []struct {
	scheme uint16
	since  Release
	sha1   bool
}{
	// ML-DSA
	{scheme: 0x0905, since: Postfix310}, {scheme: 0x0906, since: Postfix310}, {scheme: 0x0904, since: Postfix310},
	{scheme: 0x0403}, {scheme: 0x0503}, {scheme: 0x0603}, // ECDSA with SHA-256, -384, -512
	{scheme: 0x0807}, {scheme: 0x0808}, // Ed25519, Ed448
	// Brainpool, for TLS 1.3
	{scheme: 0x081a, since: Postfix310}, {scheme: 0x081b, since: Postfix310}, {scheme: 0x081c, since: Postfix310},
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
	if h.oldest() < tls.VersionTLS12 {
		offered = append(offered, 0x00ff) // TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 3.3)
	}
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addAll(b, offered) })
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint8(0) }) // no compression
	extensions := h.extensions()
	const fixed = 4 + 2 + 32 + 1 + 2 + 2 + 2 // octets of the message but for session id, suites and extensions
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
	if h.oldest() >= tls.VersionTLS12 {
		addExtension(&b, renegotiationInfo, func(b *cryptobyte.Builder) { b.AddUint8(0) })
	}
	if h.ServerName != "" {
		addExtension(&b, 0, list16(func(b *cryptobyte.Builder) {
			b.AddUint8(0) // host_name
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(h.ServerName)) })
		}))
	}
	addExtension(&b, 11, list8(func(b *cryptobyte.Builder) { b.AddBytes([]byte{0, 1, 2}) })) // point formats: all
	addExtension(&b, 10, list16(func(b *cryptobyte.Builder) { addAll(b, h.groups()) }))
	addExtension(&b, 35, func(*cryptobyte.Builder) {}) // session tickets are known
	addExtension(&b, 22, func(*cryptobyte.Builder) {}) // encrypt-then-MAC
	addExtension(&b, extendedMasterSecret, func(*cryptobyte.Builder) {})
	addExtension(&b, 13, list16(func(b *cryptobyte.Builder) {
		for _, s := range signatures {
			if s.since <= h.Release && (!s.sha1 || h.Profile == May) {
				b.AddUint16(s.scheme)
			}
		}
	}))
	if !h.tls13() {
		return b.BytesOrPanic()
	}
	addExtension(&b, supportedVersions, list8(func(b *cryptobyte.Builder) {
		for version := uint16(tls.VersionTLS13); version >= h.oldest(); version-- {
			b.AddUint16(version)
		}
	}))
	addExtension(&b, 45, list8(func(b *cryptobyte.Builder) { b.AddUint8(1) })) // PSK with (EC)DHE
	addExtension(&b, keyShare, list16(func(b *cryptobyte.Builder) {
		b.AddUint16(h.groups()[0])
		// Any 32 octets are an X25519 public key (RFC 7748 5); nobody will need the private one.
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(random(32)) })
	}))
	if h.Release >= Postfix310 {
		addExtension(&b, 27, list8(func(b *cryptobyte.Builder) { addAll(b, []uint16{1, 3}) })) // zlib, zstd (RFC 8879)
	}
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
