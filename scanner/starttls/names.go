package starttls

import (
	"crypto/tls"
	"fmt"
	"strings"
)

// VersionName is a TLS version as Postfix and OpenSSL print it: "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"; "" for 0 and
// the number in hexadecimal for any other.
func VersionName(version uint16) string {
	switch version {
	case 0:
		return ""
	case tls.VersionTLS10:
		return "TLSv1"
	case tls.VersionTLS11:
		return "TLSv1.1"
	case tls.VersionTLS12:
		return "TLSv1.2"
	case tls.VersionTLS13:
		return "TLSv1.3"
	}
	return hexadecimal(version)
}

// CipherName is a cipher suite of crypto/tls as OpenSSL names it ("ECDHE-RSA-AES128-GCM-SHA256", and IANA's name for
// those of TLS 1.3); "" for 0 and the number in hexadecimal for any other.
func CipherName(suite uint16) string {
	name := tls.CipherSuiteName(suite)
	exchange, cipher, old := strings.Cut(name, "_WITH_") // the suites of TLS 1.3 name no key exchange
	switch {
	case suite == 0:
		return ""
	case strings.HasPrefix(name, "0x"):
		return hexadecimal(suite)
	case !old:
		return name
	}
	cipher = opensslCipher.Replace(cipher)
	if exchange == "TLS_RSA" {
		return cipher // OpenSSL leaves RSA key exchange unsaid
	}
	return strings.ReplaceAll(strings.TrimPrefix(exchange, "TLS_"), "_", "-") + "-" + cipher
}

// opensslCipher turns IANA's words for cipher and MAC into OpenSSL's (ciphers(1)), longest first.
var opensslCipher = strings.NewReplacer(
	"3DES_EDE_CBC_SHA", "DES-CBC3-SHA",
	"CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305",
	"AES_128_CBC", "AES128", "AES_256_CBC", "AES256",
	"AES_128_GCM", "AES128-GCM", "AES_256_GCM", "AES256-GCM",
	"RC4_128", "RC4",
	"_", "-",
)

// GroupName is a key exchange group as OpenSSL names it: "X25519", "prime256v1", "X25519MLKEM768"; "" for 0 and the
// number in hexadecimal for one that crypto/tls does not have.
func GroupName(group uint16) string {
	switch id := tls.CurveID(group); id {
	case 0:
		return ""
	case tls.CurveP256:
		return "prime256v1"
	case tls.CurveP384:
		return "secp384r1"
	case tls.CurveP521:
		return "secp521r1"
	case tls.X25519, tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024:
		return id.String()
	}
	return hexadecimal(group)
}

func hexadecimal(n uint16) string { return fmt.Sprintf("0x%04X", n) }
