package starttls

import (
	"crypto/tls"
	"strings"

	"mxtls/scanner/internal/enum"
)

// Ask is what a handshake asks the server for. The zero Ask is what Postfix says by default.
type Ask struct {
	SNI string // the server's name (RFC 6066 3); "" = none is named
	Key Key    // the only kind of certificate that will do; zero = any
}

// Key is a kind of certificate, by its key. crypto/tls cannot be told which signatures to offer, but up to TLS 1.2 the
// suite says what the server signs with, so a session that asks for one kind is of TLS 1.2 at most: a server with TLS
// 1.3 alone shows only what it prefers.
type Key uint8

// Keys.
const (
	AnyKey Key = iota
	RSAKey
	ECDSAKey // also EdDSA, which has no suites of its own (RFC 8422 5.10)
)

var keyWords = enum.Words{"any", "rsa", "ecdsa"}

func (k Key) String() string                   { return enum.String("key", keyWords, k) }
func (k Key) MarshalText() ([]byte, error)     { return enum.Marshal("key", keyWords, k) }
func (k *Key) UnmarshalText(text []byte) error { return enum.Unmarshal("key", keyWords, k, text) }

// suitesFor are the suites of TLS 1.2 that come with a kind of certificate.
func suitesFor(k Key) []uint16 {
	var ids []uint16
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if ecdsa := strings.Contains(suite.Name, "_ECDSA_"); ecdsa == (k == ECDSAKey) && suite.SupportedVersions[0] < tls.VersionTLS13 {
			ids = append(ids, suite.ID)
		}
	}
	return ids
}
