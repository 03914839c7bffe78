package clienthello

import (
	"crypto/tls"
	"fmt"
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

// CipherName is a cipher suite as OpenSSL names it ("ECDHE-RSA-AES128-GCM-SHA256", and IANA's name for those of TLS
// 1.3), of those that Postfix or crypto/tls may agree on; "" for 0 and the number in hexadecimal for any other.
func CipherName(suite uint16) string {
	if name := suiteNames[suite]; name != "" || suite == 0 {
		return name
	}
	return hexadecimal(suite)
}

// groupNames are OpenSSL's (t1_lib.c, and since 3.5 the hybrid ones of draft-ietf-tls-ecdhe-mlkem).
var groupNames = map[uint16]string{
	23: "prime256v1", 24: "secp384r1", 25: "secp521r1", 29: "X25519", 30: "X448", 256: "ffdhe2048", 257: "ffdhe3072",
	uint16(tls.X25519MLKEM768): "X25519MLKEM768", uint16(tls.SecP256r1MLKEM768): "SecP256r1MLKEM768",
	uint16(tls.SecP384r1MLKEM1024): "SecP384r1MLKEM1024",
}

// GroupName is a key exchange group as OpenSSL names it: "X25519", "prime256v1", "X448", "X25519MLKEM768"; "" for 0
// and the number in hexadecimal for one that neither Postfix nor crypto/tls offers.
func GroupName(group uint16) string {
	if name := groupNames[group]; name != "" || group == 0 {
		return name
	}
	return hexadecimal(group)
}

func hexadecimal(n uint16) string { return fmt.Sprintf("0x%04X", n) }
