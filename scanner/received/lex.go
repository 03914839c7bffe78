package received

import "strings"

// tokenKind is what a token is.
type tokenKind uint8

const (
	word      tokenKind = iota // an atom, a domain, an address literal, a path in angle brackets
	quoted                     // a quoted string, with its quotes
	comment                    // without its own parentheses, those within it kept
	semicolon                  // outside of all others
)

type token struct {
	kind tokenKind
	text string
	end  int // where the text behind it begins
}

// lex splits a line, folded or not, into tokens that are not. A comment, a quoted string or a path without an end
// reaches to the end of the line, and whole is false: that cannot be what the server meant to write.
func lex(s string) (tokens []token, whole bool) {
	whole = true
	for i := 0; i < len(s); {
		c := s[i]
		if isBlank(c) {
			i++
			continue
		}
		t := token{kind: word}
		closed := true
		switch c {
		case '(':
			t.end, closed = commentEnd(s, i)
			t.kind, t.text = comment, strings.TrimSuffix(s[i+1:t.end], ")")
			if !closed {
				t.text = s[i+1 : t.end]
			}
		case '"':
			t.end, closed = quoteEnd(s, i)
			t.kind, t.text = quoted, s[i:t.end]
		case ';':
			t.end = i + 1
			t.kind, t.text = semicolon, ";"
		default:
			t.end, closed = wordEnd(s, i)
			t.text = s[i:t.end]
		}
		t.text = unfold(t.text)
		tokens = append(tokens, t)
		whole = whole && closed
		i = t.end
	}
	return tokens, whole
}

// unfold makes one space of each run of blanks and line ends, and nothing of those around all.
func unfold(s string) string {
	if !strings.ContainsAny(s, "\t\r\n") && !strings.Contains(s, "  ") {
		return strings.Trim(s, " ")
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < 0x80 && isBlank(byte(r)) }), " ")
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// commentEnd is behind the parenthesis that closes the one at i (RFC 5322 3.2.2: nested, with quoted pairs).
func commentEnd(s string, i int) (end int, closed bool) {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1, true
			}
		}
	}
	return len(s), false
}

// quoteEnd is behind the quote that closes the one at i.
func quoteEnd(s string, i int) (end int, closed bool) {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1, true
		}
	}
	return len(s), false
}

// wordEnd is the end of the word that begins at i. A path is one word with all that is in it: its local part may be a
// quoted string with anything (RFC 5321 4.1.2). So is a word with a quoted string in it.
func wordEnd(s string, i int) (end int, closed bool) {
	path := s[i] == '<'
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			if end, closed = quoteEnd(s, i); !closed {
				return end, false
			}
			i = end - 1
		case path && c == '>':
			return i + 1, true
		case path && c != '\t' && c != ' ':
		case isBlank(c), c == '(', c == ';':
			return i, !path
		}
	}
	return i, !path
}
