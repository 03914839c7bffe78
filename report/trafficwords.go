package report

import (
	"fmt"
	"strconv"
	"strings"

	"mxtls/scanner/maillog"
	"mxtls/scanner/name"
	"mxtls/scanner/postfix"
	"mxtls/scanner/verdict"
)

// thousands writes n with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// messages is a number with its noun.
func messages(n int64) string {
	if n == 1 {
		return "1 message"
	}
	return thousands(n) + " messages"
}

// trafficClass is the class whose sign a row has.
func trafficClass(c *maillog.Counts) verdict.Class {
	switch {
	case c.Plaintext > 0 && c.Encrypted > 0:
		return verdict.ClassPartial
	case c.Plaintext > 0:
		return verdict.ClassPlain
	case c.Encrypted > 0:
		return verdict.ClassFull
	case c.Messages == 0 && c.Deferred+c.Bounced > 0:
		return verdict.ClassInvalid
	}
	return verdict.ClassUnknown
}

// trafficLegend explains the signs of the rows that are shown.
func (s style) trafficLegend(t *Traffic) (items []string) {
	occurs := map[verdict.Class]bool{}
	for _, d := range directions {
		shown, _ := t.shownRows(d)
		for _, r := range shown {
			occurs[trafficClass(&r.Counts)] = true
		}
	}
	for _, l := range [...]struct {
		class verdict.Class
		words string
	}{
		{verdict.ClassFull, "none in plain text"}, {verdict.ClassPartial, "some in plain text"},
		{verdict.ClassPlain, "all in plain text"},
		{verdict.ClassUnknown, "the log does not tell"}, {verdict.ClassInvalid, "nothing was delivered"},
	} {
		if occurs[l.class] {
			items = append(items, s.glyph(l.class)+" "+l.words)
		}
	}
	return items
}

// headline is a direction in a sentence's parts.
func headline(c *maillog.Counts) []string {
	if c.Messages == 0 {
		return []string{"no message"}
	}
	told := c.Attributed()
	parts := []string{"not known how much is encrypted"}
	if told > 0 {
		parts[0] = percentOf(c.Encrypted, told) + " encrypted (" + thousands(c.Encrypted) + " of " + thousands(told) + ")"
	}
	if c.Plaintext > 0 {
		parts = append(parts, thousands(c.Plaintext)+" in plain text")
	}
	if c.Unknown > 0 {
		parts = append(parts, thousands(c.Unknown)+" unknown")
	}
	return append(parts, AttributedText(c))
}

// AttributedText is the share of messages of which the log tells whether they were encrypted; "" where there is none.
func AttributedText(c *maillog.Counts) string {
	if c.Messages == 0 {
		return ""
	}
	return "the log tells of " + percentOf(c.Attributed(), c.Messages) + " of " + messages(c.Messages)
}

// nameShares are names by their share, most frequent first, without a prefix that goes without saying where there are
// several: "1.3 90 %, 1.2 10 %", or "TLSv1.3" alone.
func nameShares(names maillog.Names, prefix string) string {
	var total int64
	for _, n := range names {
		total += n.N
	}
	var parts []string
	for _, n := range names.ByCount() {
		if len(names) == 1 {
			return Escape(n.Name)
		}
		parts = append(parts, fmt.Sprintf("%s %d %%", Escape(strings.TrimPrefix(n.Name, prefix)), percent(int(n.N), int(total))))
	}
	return strings.Join(parts, ", ")
}

// trafficDomain is a row's domain for a person.
func (s style) trafficDomain(r *TrafficRow) string {
	switch {
	case r.Domain == "" && r.Direction == maillog.Inbound:
		return "(no sender domain)"
	case r.Domain == "":
		return "(cannot be told)"
	}
	return s.shownName(r.Domain)
}

// shownName is a domain in Unicode where that is safe.
func (s style) shownName(text string) string {
	if n, err := name.ParseHost(text); err == nil && !s.ascii {
		return n.Unicode()
	}
	return Escape(text)
}

// sparks are the levels of a spark line; in ASCII digits are.
var (
	sparks      = []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}
	asciiSparks = []string{"0", "1", "2", "3", "4", "5", "6", "7"}
)

// spark draws a direction's encrypted share by period, from the lowest to the highest; a blank is a period of which the
// log tells nothing. It has at most the last width periods.
func (s style) spark(periods []maillog.Period, d maillog.Direction, width int) (line, low, high string) {
	var of []*maillog.Period
	for i := range periods {
		if periods[i].Direction == d {
			of = append(of, &periods[i])
		}
	}
	of = of[max(0, len(of)-width):]
	var least, most *maillog.Period
	for _, p := range of {
		if p.Attributed() == 0 {
			continue
		}
		if least == nil || fraction(p) < fraction(least) {
			least = p
		}
		if most == nil || fraction(p) > fraction(most) {
			most = p
		}
	}
	if len(of) < 2 || least == nil {
		return "", "", ""
	}
	levels := sparks
	if s.ascii {
		levels = asciiSparks
	}
	for _, p := range of {
		switch {
		case p.Attributed() == 0:
			line += " "
		case fraction(most) == fraction(least):
			line += levels[len(levels)-1]
		default:
			line += levels[int((fraction(p)-fraction(least))/(fraction(most)-fraction(least))*float64(len(levels)-1)+0.5)]
		}
	}
	return line, percentOf(least.Encrypted, least.Attributed()), percentOf(most.Encrypted, most.Attributed())
}

func fraction(p *maillog.Period) float64 { return float64(p.Encrypted) / float64(p.Attributed()) }

// SilentText says that a log, or an instance of Postfix in it, has no line on TLS, and what to set; "" where all have, or
// have no mail.
func SilentText(info *maillog.Info, d maillog.Direction) string {
	parameter, otherwise := "smtp_tls_loglevel", "no server offered TLS"
	if d == maillog.Inbound {
		parameter, otherwise = "smtpd_tls_loglevel", "no client used TLS"
	}
	switch mute := info.Mute[d]; {
	case info.Silent[d]:
	case mute == 1:
		return fmt.Sprintf("one of several Postfix instances has no line on TLS for %s mail, which is unknown: "+
			"%s is 0 there, or %s; set it to 1", d, parameter, otherwise)
	case mute > 1:
		return fmt.Sprintf("%d Postfix instances have no line on TLS for %s mail, which is unknown: "+
			"%s is 0 there, or %s; set it to 1", mute, d, parameter, otherwise)
	default:
		return ""
	}
	which := maillog.SoftwareUnknown
	for s := range info.Software {
		if info.Software[s] > 0 && (which == maillog.SoftwareUnknown || info.Software[s] > info.Software[which]) {
			which = maillog.Software(s)
		}
	}
	text := fmt.Sprintf("no line tells of TLS for %s mail, so nothing is known of it: ", d)
	switch which {
	case maillog.Postfix:
		return text + parameter + " is 0, or " + otherwise + "; set it with \"postconf -e " + parameter + "=1\" and \"postfix reload\""
	case maillog.Exim:
		return text + "add +tls_cipher +tls_certificate_verified to log_selector"
	case maillog.Sendmail:
		return text + "set LogLevel to 9 or above"
	default:
		return text + "this mail server logs nothing of it"
	}
}

// trafficRemarks are what else there is to say of a log.
func trafficRemarks(info *maillog.Info) []string {
	var out []string
	add := func(n int64, one, many string) {
		if n > 0 {
			out = append(out, thousands(n)+" "+map[bool]string{true: one, false: many}[n == 1])
		}
	}
	add(info.Local, "delivery within this machine, not counted", "deliveries within this machine, not counted")
	add(info.Submitted, "message of a user who logged in, not counted", "messages of users who logged in, not counted")
	add(info.Cut, "delivery began before the log did", "deliveries began before the log did")
	add(info.Offered, "offer of STARTTLS was not taken up: level none", "offers of STARTTLS were not taken up: level none")
	return out
}

// trustWords are Postfix's words, best first.
var trustWords = []postfix.Word{postfix.Verified, postfix.Trusted, postfix.Untrusted, postfix.Anonymous}
