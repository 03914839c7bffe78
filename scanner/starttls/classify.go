package starttls

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// otherProtocols are how servers greet that speak first but no SMTP, or that answer a port scanner in their own way.
var otherProtocols = []struct{ prefix, name string }{
	{"HTTP/", "HTTP"}, {"<", "HTML"}, {"SSH-", "SSH"}, {"+OK", "POP3"}, {"* ", "IMAP"}, {"RFB ", "VNC"},
	{"\x15\x03", "a TLS alert"}, {"\x16\x03", "a TLS handshake"},
}

// notSMTP says what the first line of a banner is that could not be read as a reply, or "" when it may be broken SMTP.
func notSMTP(line string) string {
	for _, p := range otherProtocols {
		if strings.HasPrefix(line, p.prefix) {
			return p.name
		}
	}
	if line == "" || digit(line[0]) {
		return ""
	}
	control := func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' }
	if !utf8.ValidString(line) || strings.ContainsFunc(line, control) {
		return "binary data"
	}
	return ""
}

// Words of replies that refuse us for what others say of our address: names of block lists, and what is said there.
var (
	policyStems = []string{
		"spamhaus", "barracuda", "spamcop", "dnsbl", "rbl", "blacklist", "blocklist", "denylist", "reputation",
	}
	policyWords = []string{"blocked", "listed"} // whole words: "greylisted" and "unlisted" are something else
)

// refusedByPolicy reports whether a 4yz or 5yz reply to our banner wait, EHLO or HELO speaks of our address rather
// than of the server: it has a word of the lists above, or the enhanced code 5.7.1 (RFC 3463 3.8: not authorized), or
// 4.7.0 with "poor", as big providers say of new addresses.
func refusedByPolicy(r Reply) bool {
	if r.class() != 4 && r.class() != 5 {
		return false
	}
	var poor, security bool
	for _, line := range r.Lines {
		text := strings.ToLower(textOf(line))
		for field := range strings.FieldsSeq(text) {
			switch strings.Trim(field, "#():;,.") { // qmail writes "(#5.7.1)"
			case "5.7.1":
				return true
			case "4.7.0":
				security = true
			}
		}
		for _, word := range strings.FieldsFunc(text, notAlphanumeric) {
			stem := func(s string) bool { return strings.HasPrefix(word, s) }
			if slices.ContainsFunc(policyStems, stem) || slices.Contains(policyWords, word) {
				return true
			}
			poor = poor || word == "poor"
		}
	}
	return poor && security
}

func notAlphanumeric(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }

// overwritten is the keyword that stands where STARTTLS stood before a firewall wrote over it, or "". Cisco's PIX and
// ASA ("fixup protocol smtp", "inspect esmtp") keep the length and so leave seven X and a letter.
func overwritten(capabilities []string) string {
	for _, c := range capabilities {
		word := strings.ToUpper(keyword(c))
		if len(word) == len("STARTTLS") && strings.HasPrefix(word, "XXXXXXX") && word[7] >= 'A' && word[7] <= 'Z' {
			return c
		}
	}
	return ""
}

// masked reports whether a whole banner was written over by such a firewall: at least eight asterisks, and at least
// half of the text ("220 ****************0*2******").
func masked(banner Reply) bool {
	text := textOf(banner.Lines[0])
	stars := strings.Count(text, "*")
	return stars >= 8 && 2*stars >= len(strings.ReplaceAll(text, " ", ""))
}
