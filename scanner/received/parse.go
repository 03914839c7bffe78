package received

import (
	"net/mail"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"mxtls/scanner/name"
	"mxtls/scanner/truth"
)

// Parse reads the body of one Received: line, folded or not. It never fails: what cannot be read is not said.
func Parse(line string) Hop {
	var h Hop
	if len(line) > maxField {
		h.Reason = TooLong
		line = line[:maxField]
	}
	l := read(line)
	h.Time = l.date
	h.By = clean(l.by)
	h.Protocol = clean(l.protocol)
	l.client(&h)
	s := l.session()
	h.Version, h.Cipher, h.Bits, h.Verified = s.version, s.cipher, s.bits, s.verified
	if h.Reason == ReasonUnknown {
		h.Encrypted, h.Reason = l.judge(&h, &s)
	}
	return h
}

// clauses are a line's parts.
type clauses struct {
	from     string  // the word behind "from"; "" where there is none
	hasFrom  bool    // there is a "from"
	told     []token // between "from" and "by"
	said     []token // behind "by"
	by       string
	protocol string
	startTLS bool   // "with STARTTLS" (Mimecast)
	cipher   string // of a tls clause (RFC 8314 4.3)
	date     time.Time

	clear bool // can be read in one way only
}

// read finds the clauses.
func read(line string) *clauses {
	tokens, whole := lex(line)
	l := &clauses{clear: whole}
	last := -1
	for i := range tokens {
		if tokens[i].kind == semicolon {
			last = i
		}
	}
	behind := []token(nil)
	if last >= 0 {
		l.date = parseDate(line[tokens[last].end:])
		tokens, behind = tokens[:last], tokens[last+1:]
	}
	start := l.readFrom(tokens)
	by := -1
	for i := start; i < len(tokens); i++ {
		if tokens[i].is("by") {
			l.clear = l.clear && by < 0
			by = i
			i++ // its value, which may be called by
		}
	}
	if by < 0 {
		l.told = tokens[start:]
		return l
	}
	l.told, l.said = tokens[start:by], tokens[by+1:]
	l.readBy()
	for _, t := range behind {
		if isEnvelope(t) { // sendmail, as FreeBSD has it
			break
		}
		if t.kind == comment { // Yandex: its TLS comments stand behind the date
			l.said = append(l.said, t)
		}
	}
	return l
}

// is reports whether a token is a clause's name.
func (t token) is(keyword string) bool { return t.kind == word && strings.EqualFold(t.text, keyword) }

// readFrom reads the first clause, and is where the rest begins.
func (l *clauses) readFrom(tokens []token) int {
	if len(tokens) == 0 || !tokens[0].is("from") {
		return 0
	}
	l.hasFrom = true
	if len(tokens) > 1 && tokens[1].kind == word {
		l.from = tokens[1].text
		return 2
	}
	return 1
}

// readBy reads the clauses behind "by".
func (l *clauses) readBy() {
	if len(l.said) > 0 && l.said[0].kind == word && !l.said[0].is("with") {
		l.by = l.said[0].text
		l.said = l.said[1:]
	}
	for i := 0; i < len(l.said); i++ {
		switch t := l.said[i]; {
		case t.is("with") && i+1 < len(l.said) && l.said[i+1].is("STARTTLS"):
			l.startTLS = true
		case t.is("with") && l.protocol == "":
			l.protocol = protocolWords(l.said[i+1:])
		case t.is("tls") && i+1 < len(l.said) && l.said[i+1].kind == word && l.cipher == "":
			i++
			l.cipher = cipherName(l.said[i].text)
		case t.is("id"), t.is("for"):
			i++ // the value may be called anything
		case isEnvelope(t):
			l.said = l.said[:i]
		}
	}
}

// isEnvelope reports whether a comment has the envelope's sender, whose local part may hold anything, and end the
// comment by a parenthesis: what Exim says itself stands before it.
func isEnvelope(t token) bool { return t.kind == comment && strings.HasPrefix(t.text, "envelope-from") }

// protocolWords are the words of "with" up to the next clause, four at most. Comments may stand before the first
// (qmail) and end it behind.
func protocolWords(tokens []token) string {
	var words []string
	for _, t := range tokens {
		if t.kind != word && len(words) == 0 {
			continue
		}
		if t.kind != word || len(words) == 4 ||
			t.is("id") || t.is("for") || t.is("via") || t.is("with") || t.is("tls") {
			break
		}
		words = append(words, t.text)
	}
	return strings.Join(words, " ")
}

// session collects what the line says of TLS.
func (l *clauses) session() session {
	var s session
	for _, t := range l.said {
		if t.kind == comment {
			s.add(readLate(t.text))
		}
	}
	address := -1
	for i, t := range l.told {
		if t.kind == comment && parseClient(t.text).addr.IsValid() {
			address = i
		}
	}
	for _, t := range l.told[address+1:] {
		if address < 0 {
			break // both write the address; without it the comment is a HELO name's
		}
		if t.kind == comment && strings.HasPrefix(t.text, authenticated) {
			break // a user's name may end the comment; what Postfix says of TLS stands before it
		}
		if t.kind == comment {
			s.add(readEarly(t.text))
		}
	}
	if _, cipher, ok := strings.Cut(l.protocol, "/TLS/"); ok { // IronPort
		s.add(session{stated: true, cipher: cipherName(cipher)})
	}
	if l.cipher != "" {
		s.add(session{stated: true, cipher: l.cipher})
	}
	s.stated = s.stated || l.startTLS
	return s
}

// judge is whether the hop was encrypted, and why it is thought so.
func (l *clauses) judge(h *Hop, s *session) (truth.Truth, Reason) {
	kind := kindOf(h.Protocol)
	switch {
	case !l.clear:
		return truth.Unknown, Ambiguous
	case s.stated && isNull(s.cipher):
		return truth.No, NullCipher
	case s.stated:
		return truth.Yes, StatedTLS
	case kind == secure:
		return truth.Yes, SecureWord
	case kind == local || l.internal(h):
		return truth.Unknown, Internal
	case kind == plainly && !tellsNothing(h.By, l.comments()):
		return truth.No, PlainWord
	}
	return truth.Unknown, NotStated
}

// internal reports whether a hop is within one machine or a private network: its client is, or there is none, or it is
// one of LMTP (RFC 2033 5: not for wide area networks) without an address.
func (l *clauses) internal(h *Hop) bool {
	if h.Address.IsValid() {
		return h.Address.IsLoopback() || h.Address.IsPrivate() || h.Address.IsLinkLocalUnicast() ||
			h.Address.IsUnspecified()
	}
	return !l.hasFrom || strings.EqualFold(h.From, "localhost") ||
		strings.Contains(strings.ToUpper(h.Protocol), "LMTP")
}

func (l *clauses) comments() []string {
	var all []string
	for _, t := range l.said {
		if t.kind == comment {
			all = append(all, t.text)
		}
	}
	return all
}

// parseDate reads a date (RFC 5322 3.3) up to the first comment.
func parseDate(s string) time.Time {
	s, _, _ = strings.Cut(s, "(")
	s = strings.Join(strings.Fields(s), " ")
	const longest = 64
	if len(s) > longest {
		return time.Time{}
	}
	at, err := mail.ParseDate(s)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// clean is a word as it may be kept: without a local part, a trailing dot and brackets around it, at most maxName
// octets.
func clean(s string) string {
	s = name.Redact(s)
	s = strings.TrimSuffix(strings.Trim(s, "<>[]\""), ".")
	if len(s) <= maxName {
		return s
	}
	end := maxName
	for end > maxName-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// parseAddr reads an address as the programs write it: in brackets or bare, with IPv6: before it, with a port or an
// identity behind or before it, mapped from IPv4.
func parseAddr(s string) (netip.Addr, bool) {
	s = s[strings.LastIndexByte(s, '@')+1:] // qmail: the client's identity (RFC 1413)
	if inner, behind, ok := strings.Cut(strings.TrimPrefix(s, "["), "]"); ok && (behind == "" || behind[0] == ':') {
		s = inner
	}
	const tag = "IPv6:"
	if len(s) > len(tag) && strings.EqualFold(s[:len(tag)], tag) {
		s = s[len(tag):]
	}
	const longest = 80
	if len(s) < 2 || len(s) > longest {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(s)
	return addr.Unmap().WithZone(""), err == nil
}
