// Package name parses mail domains and host names into one comparable form: A-labels, lower case, no trailing dot.
//
// A mail domain (RFC 5321 2.3.5) comes from people and is held to RFC 1123 2.1 host-name syntax after IDNA (UTS 46,
// non-transitional); a host name comes from the DNS (an MX target, a CNAME). Underscores pass in both, except in a mail
// domain's TLD: real zones have them and Postfix takes them. Only parsed names are compared.
//
// How a text from people is read, in this order:
//
//  1. Blanks and byte-order marks around it go; of an address ("user@domain", "Name <user@domain>") all up to the last
//     at sign goes at once, so that no local part is stored or printed, in errors neither (see [Redact]).
//  2. Full-width ASCII, the ideographic space and the ideographic full stops become ASCII; Japanese input methods write
//     them without being asked.
//  3. URLs, networks, addresses without brackets and wildcards are told apart: each is an [Error] with its own
//     [Reason]. [ParseTarget] then reads brackets and ports as Postfix does (transport(5), "host:port" and "[host]").
//  4. U-labels become A-labels; A-labels that were given are decoded and must be what their U-label encodes to.
//  5. Labels have 1 to 63 octets of letters, digits, hyphens and underscores without a hyphen at an edge, a name at
//     most 253 (RFC 1035 2.3.4), a mail domain at least two labels and no all-numeric TLD (RFC 3696 2).
package name

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Name is a parsed domain or host name. The zero Name is no name. Names compare with ==.
type Name struct{ ascii string }

// String is the A-label form: lower case, no trailing dot; "" for the zero Name.
func (n Name) String() string { return n.ascii }

// IsZero reports whether n is no name.
func (n Name) IsZero() bool { return n.ascii == "" }

// MarshalText is String's text.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.ascii), nil }

// UnmarshalText takes what [ParseHost] takes, and "" for the zero Name. The error is an [*Error].
func (n *Name) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = Name{}
		return nil
	}
	parsed, err := ParseHost(string(text))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}

// Parent is n without its left-most label; the zero Name where n has one label or none.
func (n Name) Parent() Name {
	_, parent, _ := strings.Cut(n.ascii, ".")
	return Name{parent}
}

// IsSubdomainOf reports whether n is strictly below other.
func (n Name) IsSubdomainOf(other Name) bool {
	head, ok := strings.CutSuffix(n.ascii, other.ascii)
	return ok && other.ascii != "" && strings.HasSuffix(head, ".")
}

// Registrable is the name that somebody registered with a registry: one label more than the public suffix, or n itself
// where n is a public suffix. Only registries' own suffixes count (the list's ICANN part): in "amazonaws.com" and
// "uk.com", which hand out names below them in private, a mail host belongs to the one who runs the suffix, so that a
// provider is one name however many suffixes it has had listed.
func (n Name) Registrable() Name {
	suffix, icann := publicsuffix.PublicSuffix(n.ascii)
	for !icann {
		_, above, below := strings.Cut(suffix, ".")
		if !below {
			break
		}
		suffix, icann = publicsuffix.PublicSuffix(above)
	}
	if len(suffix) >= len(n.ascii) {
		return n
	}
	head := n.ascii[:len(n.ascii)-len(suffix)-1]
	return Name{n.ascii[strings.LastIndexByte(head, '.')+1:]}
}

// MatchWildcard reports whether a certificate's DNS name is host's: the same name, or "*." for exactly one whole
// left-most label (RFC 6125 6.4.3), letter case aside. As in OpenSSL's valid_star and wildcard_match
// (crypto/x509/v3_utl.c) the star needs two labels behind it and no underscore, there or in the label that it stands
// for. A pattern with a trailing dot, a partial wildcard or a U-label matches nothing.
func MatchWildcard(pattern string, host Name) bool {
	if host.IsZero() {
		return false
	}
	behind, wild := strings.CutPrefix(pattern, "*.")
	if !wild {
		return equalASCII(pattern, host.ascii)
	}
	_, parent, _ := strings.Cut(host.ascii, ".")
	return strings.Contains(parent, ".") && !strings.Contains(host.ascii, "_") && equalASCII(behind, parent)
}

// equalASCII is RFC 4343 equality: strings.EqualFold would also take U+212A, the Kelvin sign, for a k.
func equalASCII(pattern, lower string) bool {
	if len(pattern) != len(lower) {
		return false
	}
	for i := range len(lower) {
		if toLower(pattern[i]) != lower[i] {
			return false
		}
	}
	return true
}

func toLower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
