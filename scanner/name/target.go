package name

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Target is what one item of a list asks for, in the forms of Postfix's transport(5) next-hop: a mail domain,
// domain:port, [host], [host]:port, [address], [address]:port. Targets compare with ==.
type Target struct {
	Name   Name       // the mail domain or host; zero when Addr is set
	Addr   netip.Addr // an address literal; invalid when Name is set
	Port   uint16     // 0 = the run's port (25)
	Direct bool       // in brackets: no MX lookup, the host itself is the mail server
}

// String is the target in the form that [ParseTarget] reads; "" for the zero Target.
func (t Target) String() string {
	s := t.Name.ascii
	if t.Addr.IsValid() {
		s = t.Addr.String()
	}
	if t.Direct {
		s = "[" + s + "]"
	}
	if t.Port != 0 {
		s += ":" + strconv.Itoa(int(t.Port))
	}
	return s
}

// ParseTarget reads one item of a list: a target in one of its forms, also with "IPv6:" before an address (RFC 5321
// 4.1.3), or a mail address, of which only the domain is kept. A host in brackets may be a single label. An IPv4-mapped
// IPv6 address is the IPv4 address. The error is an [*Error] with any Reason.
func ParseTarget(s string) (Target, error) {
	in, _ := redact(s)
	t, reason := parseTarget(narrow(in))
	if reason != ReasonNone {
		return Target{}, &Error{Input: in, Reason: reason}
	}
	return t, nil
}

func parseTarget(s string) (Target, Reason) {
	if strings.HasPrefix(s, "[") {
		return parseDirect(s)
	}
	host, port, hasPort := strings.Cut(s, ":")
	if !hasPort || strings.Contains(s, "/") || isAddress(s) {
		n, reason := parsePeople(s, false)
		return Target{Name: n}, reason
	}
	number, reason := parsePort(port)
	if reason != ReasonNone {
		if isScheme(host) && !strings.Contains(host, ".") {
			return Target{}, URL // http:example.com
		}
		return Target{}, BadPort
	}
	n, reason := parsePeople(host, false)
	if reason != ReasonNone {
		return Target{}, reason
	}
	return Target{Name: n, Port: number}, ReasonNone
}

// parseDirect reads [host], [address] and either with a port behind.
func parseDirect(s string) (Target, Reason) {
	t := Target{Direct: true}
	inner, behind, ok := strings.Cut(s[1:], "]")
	if !ok || inner == "" {
		return Target{}, BadBrackets
	}
	if behind != "" {
		port, ok := strings.CutPrefix(behind, ":")
		if !ok {
			return Target{}, BadBrackets
		}
		var reason Reason
		if t.Port, reason = parsePort(port); reason != ReasonNone {
			return Target{}, reason
		}
	}
	const tag = "IPv6:"
	tagged := len(inner) > len(tag) && strings.EqualFold(inner[:len(tag)], tag)
	if tagged {
		inner = inner[len(tag):]
	}
	addr, err := netip.ParseAddr(inner)
	switch {
	case err == nil && addr.Zone() == "" && (addr.Is6() || !tagged):
		t.Addr = addr.Unmap()
		return t, ReasonNone
	case err == nil || tagged || strings.Contains(inner, ":"):
		return Target{}, BadBrackets // also a zone, which means nothing elsewhere, and IPv4 with the tag of IPv6
	}
	n, reason := parsePeople(inner, true)
	if reason == IPAddress {
		reason = BadBrackets
	}
	if reason != ReasonNone {
		return Target{}, reason
	}
	t.Name = n
	return t, ReasonNone
}

func parsePort(s string) (uint16, Reason) {
	port, err := strconv.ParseUint(s, 10, 16)
	if err != nil || port == 0 {
		return 0, BadPort
	}
	return uint16(port), ReasonNone
}

// Redact is what of an item may be stored and shown: the text without blanks around it, capped, and without anything
// that tells a person. Of an address only what is behind the last at sign stays (full-width ones and %40 are at signs
// too), whether or not a domain follows; of a URL only scheme and host. Parsing the redacted text comes to the same as
// parsing the text.
func Redact(s string) string {
	s, _ = redact(s)
	return s
}

// redact also reports whether there was a local part.
func redact(s string) (text string, isAddress bool) {
	s = trim(s)
	if scheme, rest, ok := strings.Cut(s, "://"); ok && isScheme(scheme) {
		if end := strings.IndexAny(rest, "/?#"); end >= 0 {
			rest = rest[:end]
		}
		_, end := lastAt(rest)
		return capped(scheme+"://"+rest[end:], maxText+utf8.UTFMax), false
	}
	start, end := lastAt(s)
	if end == 0 {
		return capped(s, maxText+utf8.UTFMax), false
	}
	domain := s[end:]
	if strings.ContainsAny(s[:start], "<＜") { // Name <user@domain>
		if i := strings.IndexAny(domain, ">＞"); i >= 0 {
			domain = domain[:i]
		}
	}
	return capped(trim(domain), maxText+utf8.UTFMax), true
}

// lastAt is where the last at sign of s begins and ends; 0, 0 without one.
func lastAt(s string) (start, end int) {
	if isASCII(s) {
		start = strings.LastIndexByte(s, '@')
		end = start + 1
	} else if start = strings.LastIndexAny(s, "@＠﹫"); start >= 0 {
		_, size := utf8.DecodeRuneInString(s[start:])
		end = start + size
	}
	if i := strings.LastIndex(s, "%40"); i >= end {
		start, end = i, i+len("%40")
	}
	return max(start, 0), end
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := toLower(s[i])
		if !('a' <= c && c <= 'z' || i > 0 && (isAlnum(c) || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

// trim drops blanks and byte-order marks, which also stand where files were joined.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r == '\ufeff' || unicode.IsSpace(r) })
}

// capped is s cut to at most limit octets at a rune's edge.
func capped(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for end := limit; end > limit-utf8.UTFMax; end-- {
		if utf8.RuneStart(s[end]) {
			return s[:end]
		}
	}
	return s[:limit] // no UTF-8
}
