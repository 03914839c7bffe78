package mtasts

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"mxtls/scanner/internal/txtrecord"
	"mxtls/scanner/name"
)

// Pattern is the name of a mail server, or "*." and a name for the servers one label below it (RFC 8461 4.1). The zero
// Pattern matches nothing. Patterns compare with ==.
type Pattern struct {
	base name.Name
	wild bool
}

// ParsePattern reads a policy's mx value: ["*."] Domain, with the Domain of RFC 5321 4.1.2, in A-labels (3.2). The
// error says what is wrong with it, in words that follow the pattern.
func ParsePattern(s string) (Pattern, error) {
	base, wild := strings.CutPrefix(s, "*.")
	if err := checkPattern(base); err != nil {
		return Pattern{}, fmt.Errorf("the pattern %s %w", txtrecord.Quote(s), err)
	}
	n, err := name.ParseHost(base)
	if err != nil {
		return Pattern{}, fmt.Errorf("the pattern %s is no host name", txtrecord.Quote(s))
	}
	return Pattern{n, wild}, nil
}

// checkPattern finds what name.ParseHost would take or have no fitting word for.
func checkPattern(base string) error {
	_, address := netip.ParseAddr(strings.Trim(base, "[]"))
	switch {
	case base == "":
		return errors.New("is empty")
	case address == nil || strings.ContainsAny(base, "[]"):
		return errors.New("is an address, where a name is wanted")
	case strings.HasPrefix(base, "."):
		return errors.New("begins with a dot: *.example.com is for all servers one label below")
	case strings.HasSuffix(base, "."):
		return errors.New("ends in a dot")
	case strings.Contains(base, "*"):
		return errors.New("has a star that is not the whole leftmost label")
	case strings.Contains(base, "_"):
		return errors.New("has an underscore, which RFC 5321 has in no name of a mail server")
	case strings.ContainsFunc(base, func(r rune) bool { return r > '~' }):
		return errors.New("is not in A-labels (xn--)")
	}
	return nil
}

// String is the pattern in lower case.
func (p Pattern) String() string {
	if p.wild {
		return "*." + p.base.String()
	}
	return p.base.String()
}

// MarshalText is String's text.
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText takes what ParsePattern takes, and "" for the zero Pattern.
func (p *Pattern) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = Pattern{}
		return nil
	}
	parsed, err := ParsePattern(string(text))
	if err == nil {
		*p = parsed
	}
	return err
}

// Match reports whether a mail server's name fits: the same name, or with "*." exactly one label more, letter case
// aside. "*.example.com" is neither for example.com nor for a.b.example.com (RFC 8461 4.1, RFC 6125 6.4.3).
func (p Pattern) Match(host name.Name) bool {
	if p.wild {
		host = host.Parent()
	}
	return !host.IsZero() && host == p.base
}
