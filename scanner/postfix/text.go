package postfix

import (
	"fmt"
	"strings"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/starttls"
)

// status is the enhanced status code of a reply (RFC 3463): the one in its text where that begins with one of its
// class, else one of no meaning (smtp_chat_resp). A reply of 3yz where none belongs is 5.5.0.
func status(r starttls.Reply) string {
	class := byte('0' + r.Code/100)
	if class != '2' && class != '4' && class != '5' {
		return "5.5.0"
	}
	// Postfix takes the last line's.
	if code, ok := enhanced(strings.TrimLeft(textOf(r.Lines[len(r.Lines)-1]), " ")); ok && code[0] == class {
		return code
	}
	return string(class) + ".0.0"
}

// enhanced is the status code that a text begins with: three numbers, the first of one digit, the others of up to
// three (dsn_valid in dsn_util.c).
func enhanced(text string) (string, bool) {
	end := strings.IndexAny(text, blanks)
	if end < 0 {
		end = len(text)
	}
	parts := strings.Split(text[:end], ".")
	if len(parts) != 3 || len(parts[0]) != 1 || !isNumber(parts[0]) {
		return "", false
	}
	for _, part := range parts[1:] {
		if len(part) > 3 || !isNumber(part) {
			return "", false
		}
	}
	return text[:end], true
}

// textOf is a reply line without its code and separator.
func textOf(line string) string { return line[min(4, len(line)):] }

// words are a reply in one line, as the log has it: all its lines, codes included.
func words(r starttls.Reply) string {
	const most = 500 // a log line has no more use for a server's eloquence
	text := strings.Join(r.Lines, " ")
	if len(text) > most {
		text = text[:most] + "..."
	}
	return text
}

// line is the summary that Postfix logs at smtp_tls_loglevel 1 (tls_log_summary), as far as "bits)": what follows at
// TLS 1.3 names keys and digests that were not asked for. The cipher is the one that we agreed on with the server.
func (a *attempt) line(w Word, h shake) string {
	suite := clienthello.CipherName(h.flight.Suite)
	peer := fmt.Sprintf("%s:%d", a.server.peer(), a.server.Addr.Port())
	word := w.String() + " "
	if !a.cfg.Postfix.AtLeast(2, 5) {
		word, peer = "", a.server.Label
	}
	if w == WordNone {
		word = ""
	}
	return fmt.Sprintf("%sTLS connection established to %s: %s with cipher %s (%s bits)", word, peer,
		clienthello.VersionName(h.flight.Version), suite, cipherBits(suite))
}
