package name

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	maxName  = 253 // RFC 1035 2.3.4: 255 octets on the wire, less the length of the first label and the root
	maxLabel = 63  // RFC 1035 2.3.4

	// maxText is the longest text from people that is looked at: four labels of 59 four-octet runes make an A-label
	// form of 253 octets, so that anything longer is too long however it is written.
	maxText = 1024
)

// The profiles follow UTS 46 for lookup, non-transitional, with the Bidi rule. idna.Lookup itself refuses underscores
// anywhere, so the whole name is mapped without STD3 rules (and without CheckHyphens: "r3---sn" exists) and each
// A-label that comes out is then held to all rules.
var (
	mapping = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false), idna.CheckHyphens(false))
	strict  = idna.New(idna.MapForLookup(), idna.BidiRule())
)

// Parse reads a mail domain that people wrote. The error is an [*Error] with any Reason but BadPort and BadBrackets;
// an address is BadCharacter, see [ParseTarget] for those.
func Parse(s string) (Name, error) {
	in, isAddress := redact(s)
	n, reason := parsePeople(narrow(in), false)
	if isAddress && reason == ReasonNone {
		n, reason = Name{}, BadCharacter
	}
	if reason != ReasonNone {
		return Name{}, &Error{Input: in, Reason: reason}
	}
	return n, nil
}

// MustParse is [ParseHost] for names that the program itself holds: it panics on an error.
func MustParse(s string) Name {
	n, err := ParseHost(s)
	if err != nil {
		panic(err)
	}
	return n
}

// ParseHost reads a host name as the DNS gives it, in presentation form (RFC 1035 5.1): a trailing dot, underscores and
// a single label are taken, A-labels as they are. What is no host name is an [*Error]: Empty (also for the root),
// TooLong, IPAddress, URL, Wildcard, BadLabel, or BadCharacter, which is also the answer to every escape, since nothing
// that has to be escaped can be part of a host name.
func ParseHost(s string) (Name, error) {
	in := capped(s, maxText+utf8.UTFMax)
	host := strings.TrimSuffix(in, ".")
	reason := checkText(host)
	if reason == ReasonNone && !isASCII(host) {
		reason = BadCharacter // before ToLower, which makes ASCII letters of the Kelvin sign and others
	}
	if reason == ReasonNone {
		host = strings.ToLower(host)
		reason = checkLabels(host)
	}
	if reason == ReasonNone && isNumeric(host) {
		reason = IPAddress // as Postfix's valid_hostname
	}
	if reason != ReasonNone {
		return Name{}, &Error{Input: in, Reason: reason}
	}
	return Name{host}, nil
}

// parsePeople reads a domain, or a host where single is set, as people write them; s is narrow.
func parsePeople(s string, single bool) (Name, Reason) {
	s = strings.TrimSuffix(s, ".")
	if reason := checkText(s); reason != ReasonNone {
		return Name{}, reason
	}
	ascii, reason := toASCII(s)
	if reason != ReasonNone {
		return Name{}, reason
	}
	if reason := checkLabels(ascii); reason != ReasonNone {
		return Name{}, reason
	}
	dot := strings.LastIndexByte(ascii, '.')
	switch tld := ascii[dot+1:]; {
	case dot < 0 && !single:
		return Name{}, SingleLabel
	case isNumeric(ascii):
		return Name{}, IPAddress // a mistyped one: 192.0.2, 192.0.2.256
	case dot >= 0 && isDigits(tld):
		return Name{}, BadLabel
	case strings.Contains(tld, "_"):
		return Name{}, BadCharacter
	}
	return Name{ascii}, ReasonNone
}

// checkText finds what is no name as a whole, before its labels are looked at.
func checkText(s string) Reason {
	switch {
	case s == "":
		return Empty
	case len(s) > maxText:
		return TooLong
	case isAddress(s):
		return IPAddress
	case strings.Contains(s, "/"):
		return URL
	case strings.Contains(s, "*"):
		return Wildcard
	}
	return ReasonNone
}

// isAddress reports whether s is an IP address or a network.
func isAddress(s string) bool {
	if strings.IndexByte(s, ':') < 0 && !isDigits(s[len(s)-1:]) {
		return false // the usual case, and netip's errors cost an allocation
	}
	address, length, network := strings.Cut(s, "/")
	if network && !isDigits(length) {
		return false
	}
	_, err := netip.ParseAddr(address)
	return err == nil
}

// toASCII maps s to lower-case A-labels.
func toASCII(s string) (string, Reason) {
	lower := strings.ToLower(s)
	if isASCII(s) && !strings.Contains(lower, "xn--") {
		return lower, ReasonNone
	}
	if strings.ContainsFunc(s, func(r rune) bool {
		return r == utf8.RuneError || r <= ' ' || unicode.IsSpace(r) || unicode.IsControl(r)
	}) {
		return "", BadCharacter
	}
	ascii, err := mapping.ToASCII(s)
	if err != nil {
		return "", BadIDNA
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if !strings.HasPrefix(label, "xn--") {
			continue
		}
		if again, err := strict.ToASCII(label); err != nil || again != label {
			return "", BadIDNA
		}
	}
	return strings.TrimSuffix(ascii, "."), ReasonNone
}

// checkLabels holds lower-case ASCII to host-name syntax, underscores allowed.
func checkLabels(s string) Reason {
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c != '-' && c != '_' && c != '.' {
			return BadCharacter
		}
	}
	if len(s) > maxName {
		return TooLong
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return BadLabel
		}
	}
	return ReasonNone
}

// narrow turns full-width ASCII and ideographic blanks and stops into ASCII. UTS 46 would do so as well, but brackets,
// colons and digits of addresses are read before it.
func narrow(s string) string {
	if isASCII(s) {
		return s
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '。' || r == '｡':
			return '.'
		case r == '\u3000':
			return ' '
		}
		return r
	}, s))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func isNumeric(name string) bool { return strings.Trim(name, "0123456789.") == "" }

func isAlnum(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
