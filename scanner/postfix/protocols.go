package postfix

import (
	"crypto/tls"
	"fmt"
	"strconv"
	"strings"
)

// Protocols is which TLS versions a setting allows. The zero value allows all.
type Protocols struct {
	min, max uint16  // 0 = no bound
	bad      bool    // it cannot be read, and every handshake fails
	off      [7]bool // SSLv2, SSLv3, TLSv1 to TLSv1.3, by place in protocolNames; [0] is not used
}

// protocolNames are Postfix's names (tls_misc.c), and the versions on the wire.
var protocolNames = []struct {
	name    string
	version uint16
}{
	{}, {"SSLv2", 0x0002}, {"SSLv3", 0x0300}, {"TLSv1", tls.VersionTLS10}, {"TLSv1.1", tls.VersionTLS11},
	{"TLSv1.2", tls.VersionTLS12}, {"TLSv1.3", tls.VersionTLS13},
}

// parseProtocols reads smtp_tls_protocols in both syntaxes: ">=TLSv1, <=TLSv1.2" of Postfix 3.6 and later, and the
// older "!SSLv2, !SSLv3" or "TLSv1.2, TLSv1.3". Items are parted by blanks, commas or colons. With an error, the value
// is one that no handshake succeeds with, as in Postfix.
func parseProtocols(s string, v Version) (Protocols, error) {
	var p Protocols
	var named [7]bool
	some := false
	for _, item := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(": "+separators, r) }) {
		bound := len(item) > 2 && (item[:2] == ">=" || item[:2] == "<=")
		switch {
		case bound && !v.AtLeast(3, 6):
			return Protocols{bad: true}, fmt.Errorf("%q is for Postfix 3.6 and later", item)
		case bound:
			version, ok := protocolBound(item[2:])
			if !ok {
				return Protocols{bad: true}, fmt.Errorf("%q names no TLS version", item)
			}
			if item[0] == '>' {
				p.min = version
			} else {
				p.max = version
			}
		default:
			word, excluded := strings.CutPrefix(item, "!")
			i := protocolIndex(word)
			if i == 0 {
				return Protocols{bad: true}, fmt.Errorf("%q names no TLS version", item)
			}
			if excluded {
				p.off[i] = true
			} else {
				named[i], some = true, true
			}
		}
	}
	for i := range p.off {
		p.off[i] = p.off[i] || some && !named[i]
	}
	return p, nil
}

// protocolBound reads a version by name or in hexadecimal, also without "0x".
func protocolBound(s string) (uint16, bool) {
	if i := protocolIndex(s); i > 0 {
		return protocolNames[i].version, true
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 16)
	return uint16(n), err == nil && n > 0
}

func protocolIndex(s string) int {
	for i := 1; i < len(protocolNames); i++ {
		if strings.EqualFold(s, protocolNames[i].name) {
			return i
		}
	}
	return 0
}

// Allows reports whether TLS of a version may be used. A version switched off among others switches off all above it:
// OpenSSL offers one range.
func (p Protocols) Allows(version uint16) bool {
	if p.bad || p.min > 0 && version < p.min || p.max > 0 && version > p.max {
		return false
	}
	begun := false
	for i := 1; i < len(protocolNames); i++ {
		v := protocolNames[i].version
		inside := !p.off[i] && v >= p.min && (p.max == 0 || v <= p.max) && v >= 0x0300 // OpenSSL has had no SSLv2 since 1.1
		if v == version {
			return inside
		}
		if begun && !inside {
			return false
		}
		begun = begun || inside
	}
	return begun // a version to come, above a range that reaches up to here
}

// above reports whether a version is beyond all that are allowed: the server may then be content with a lower one.
func (p Protocols) above(version uint16) bool {
	for i := 1; i < len(protocolNames); i++ {
		if v := protocolNames[i].version; v < version && p.Allows(v) {
			return true
		}
	}
	return false
}
