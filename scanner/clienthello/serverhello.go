package clienthello

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// retryRandom marks a HelloRetryRequest (RFC 8446 4.1.3): the SHA-256 of "HelloRetryRequest".
var retryRandom = []byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

// serverHello is RFC 8446 4.1.3 and RFC 5246 7.4.1.3; h is the hello that it answers, nil for another's.
func (f *Flight) serverHello(b cryptobyte.String, h *Hello) *Error {
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
	seen := map[uint16]bool{}
	for !extensions.Empty() {
		var kind uint16
		var body cryptobyte.String
		if !extensions.ReadUint16(&kind) || !extensions.ReadUint16LengthPrefixed(&body) || !f.extension(kind, body) {
			return malformed("the ServerHello's extension %d is broken", kind)
		}
		if seen[kind] {
			return malformed("the ServerHello has the extension %d twice", kind) // RFC 8446 4.2
		}
		seen[kind] = true
		if h != nil && h.unasked(kind) {
			return unoffered("extension %d", kind)
		}
	}
	if f.Version == 0 {
		return malformed("the ServerHello chose no version")
	}
	if err := f.consistent(seen); err != nil {
		return err
	}
	f.Complete = f.Version >= tls.VersionTLS13
	if h == nil {
		return nil
	}
	return h.goesWith(f, random)
}

// Extensions of a ServerHello that say something here.
const (
	extendedMasterSecret = 23
	preSharedKey         = 41
	supportedVersions    = 43
	cookie               = 44
	keyShare             = 51
	renegotiationInfo    = 0xff01
)

// older are the extensions that OpenSSL knows in a ServerHello up to TLS 1.2 (extensions.c ext_defs), newer those of
// TLS 1.3. What it does not know it passes by.
var (
	older = []uint16{0, 1, 5, 10, 11, 14, 16, 18, 22, extendedMasterSecret, 35, 13172, renegotiationInfo}
	newer = []uint16{preSharedKey, supportedVersions, cookie, keyShare}
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
	case keyShare:
		var key cryptobyte.String
		if !b.ReadUint16(&f.Group) {
			return false
		}
		// A HelloRetryRequest names the group alone.
		return (f.Retry || b.ReadUint16LengthPrefixed(&key) && !key.Empty()) && b.Empty()
	}
	return true
}

// consistent holds the extensions against the version.
func (f *Flight) consistent(seen map[uint16]bool) *Error {
	strange := newer
	if f.Version >= tls.VersionTLS13 {
		strange = older
	}
	for _, kind := range strange {
		if seen[kind] && (kind != supportedVersions || f.Version == tls.VersionTLS12) {
			return malformed("the ServerHello has the extension %d, which has no place in %s", kind, VersionName(f.Version))
		}
	}
	switch {
	case f.Retry && f.Version < tls.VersionTLS13:
		return malformed("a HelloRetryRequest of %s", VersionName(f.Version))
	case f.Retry && f.Group == 0 && !seen[cookie]:
		return malformed("a HelloRetryRequest that asks for nothing")
	case f.Version >= tls.VersionTLS13 && !f.Retry && f.Group == 0:
		return malformed("no key share, though %s wants one", VersionName(f.Version))
	}
	return nil
}

// goesWith says what OpenSSL would not take for an answer to the hello, nil for nothing.
func (h *Hello) goesWith(f *Flight, random []byte) *Error {
	newest := h.newest()
	switch {
	case f.Version < h.oldest() || f.Version > newest:
		return unoffered("version %s", VersionName(f.Version))
	case !h.Offers(f.Suite), (kindOf(f.Suite).exchange == byTLS13) != (f.Version == tls.VersionTLS13):
		return unoffered("suite %s with %s", CipherName(f.Suite), VersionName(f.Version))
	case f.Group != 0 && !slices.Contains(h.groups(), f.Group):
		return unoffered("group %s", GroupName(f.Group))
	case f.Version < newest && downgraded(f.Version, random):
		return malformed("the server knows a newer version than %s, and of no client that offers it",
			VersionName(f.Version))
	case f.Version < tls.VersionTLS13:
		return nil
	case f.Retry && f.Group == h.groups()[0]:
		return malformed("a HelloRetryRequest for the key share that it has, %s", GroupName(f.Group))
	case !f.Retry && f.Group != h.groups()[0]:
		return unoffered("a key share of %s", GroupName(f.Group))
	}
	return nil
}

// downgraded reports whether a server of TLS 1.2 or 1.3 says that it was not offered that (RFC 8446 4.1.3).
func downgraded(version uint16, random []byte) bool {
	mark := "DOWNGRD\x01"
	if version < tls.VersionTLS12 {
		mark = "DOWNGRD\x00"
	}
	return bytes.HasSuffix(random, []byte(mark))
}

// unoffered is the error about what the server chose and the hello did not offer; OpenSSL breaks off over it.
func unoffered(format string, args ...any) *Error {
	return &Error{Kind: Unoffered, Text: "the server chose what was not offered: " + fmt.Sprintf(format, args...)}
}
