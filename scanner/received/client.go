package received

import (
	"net/netip"
	"strings"
)

// authenticated begins the comment in which Postfix names the user.
const authenticated = "Authenticated sender: "

// clientInfo is what one comment says of the client.
type clientInfo struct {
	addr   netip.Addr
	name   string // as looked up
	helo   string
	forged bool // sendmail: the name's addresses are others
}

// parseClient reads the comment behind the client's name, in the forms
//
//	rdns.example [192.0.2.1]                     Postfix, sendmail, Gmail, OpenSMTPD, Courier
//	rdns.example [192.0.2.1] (may be forged)     sendmail
//	[192.0.2.1] helo=helo.example                Exim, also with a port in either place
//	[192.0.2.1]:61336 "EHLO helo.example" ...    ZMailer
//	HELO helo.example, EHLO helo.example         qmail, Yahoo
//	192.0.2.1                                    qmail, Exchange
func parseClient(c string) clientInfo {
	var info clientInfo
	for _, other := range []string{"using ", "Client ", authenticated, "AUTH", "TLS: "} {
		if strings.HasPrefix(c, other) { // Postfix's and Courier's, in which names stand that may hold anything
			return info
		}
	}
	info.forged = strings.Contains(c, "may be forged")
	if before, behind, ok := strings.Cut(c, "["); ok && !strings.ContainsAny(before, "= ") {
		c = before + " [" + behind // rdns.example[192.0.2.1]
	}
	fields := strings.Fields(c)
	for i, f := range fields {
		f = strings.Trim(f, `"`)
		helo, said := strings.CutPrefix(f, "helo=")
		verb := strings.EqualFold(f, "HELO") || strings.EqualFold(f, "EHLO")
		addr, ok := parseAddr(f)
		switch {
		case said:
			info.helo = helo
		case verb && i+1 < len(fields) && info.helo == "":
			info.helo = strings.Trim(fields[i+1], `"`)
		case ok && !info.addr.IsValid():
			info.addr = addr
		case i == 0 && !verb && !strings.ContainsAny(f, "=:") && len(fields) > 1:
			info.name = f
		}
	}
	return info
}

// client says who handed the message over.
func (l *clauses) client(h *Hop) {
	if !l.hasFrom {
		return
	}
	var info clientInfo
	for _, t := range l.told {
		if t.kind != comment {
			continue
		}
		c := parseClient(t.text)
		if c.addr.IsValid() || info.helo == "" && c.helo != "" { // the last address is the one that the server wrote
			helo := info.helo
			info = c
			if info.helo == "" {
				info.helo = helo
			}
		}
	}
	if addr, ok := parseAddr(l.from); ok && !info.addr.IsValid() { // Yahoo; Exim where there is no name
		info.addr = addr
	}
	h.Address, h.Helo = info.addr, clean(info.helo)
	h.From, h.Checked = l.clientName(&info)
	if h.Helo == "" && !l.person(clean(l.from), &info) {
		h.Helo = clean(l.from)
	}
}

// clientName is the name to call the client by, and whether the server held it against the DNS.
func (l *clauses) clientName(info *clientInfo) (string, bool) {
	from := clean(l.from)
	if _, ok := parseAddr(l.from); ok {
		from = ""
	}
	switch looked := clean(info.name); {
	case looked != "" && !strings.EqualFold(looked, "unknown") && strings.Contains(looked, ".") && !info.forged:
		// OpenSMTPD writes down what the address's owner says, without asking whether the name has the address.
		return looked, !l.signed("OpenSMTPD")
	case info.helo != "" && strings.Contains(from, ".") && info.name == "":
		// Exim's client has this name when it said another. So has qmail's, but that is what the address's owner says.
		return from, l.signed("Exim ")
	case l.person(from, info):
		return clean(info.helo), false
	case strings.EqualFold(from, "unknown"), from == "":
		return clean(info.helo), false
	}
	return from, false
}

// signed reports whether a program signed the line.
func (l *clauses) signed(program string) bool {
	for _, t := range l.said {
		if t.kind == comment && strings.HasPrefix(t.text, program) {
			return true
		}
	}
	return false
}

// person reports whether the word behind "from" may be a user's name: Exim and others put one there for mail of their
// own machine. A host has a dot or an address.
func (l *clauses) person(from string, info *clientInfo) bool {
	if info.addr.IsValid() || info.helo != "" || strings.EqualFold(from, "localhost") {
		return false
	}
	return kindOf(l.protocol) == local || l.signed("Exim ") || !strings.ContainsAny(from, ".:")
}
