package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

const (
	// escapeWidth is the widest that one piece of foreign text may be in a human format, in columns.
	escapeWidth = 120
	// maxMarks is how many combining marks may follow one another: no script of mail needs more, and a heap of them
	// paints over the lines above.
	maxMarks = 2
)

// Escape makes foreign text safe for a terminal or any other human reader: whatever is not plainly visible (control
// octets, C1, DEL, bidirectional and zero-width characters, octets that are not UTF-8) becomes `\xNN` or `\u{NNNN}`,
// and what is wider than 120 columns ends in "…". The result holds no line break. Escaping twice changes nothing.
func Escape(s string) string { return EscapeTo(s, escapeWidth) }

// EscapeTo is Escape with a width of its own; 0 = no limit.
func EscapeTo(s string, width int) string {
	if plain(s) && (width == 0 || len(s) <= width) {
		return s
	}
	if width > 0 && len(s) > 16*width {
		s = s[:16*width] // more cannot be seen, so a giant text costs nothing
	}
	out := string(appendEscaped(nil, s, false))
	if width > 0 && displaywidth.String(out) > width {
		out = displaywidth.TruncateString(out, width, ellipsis)
	}
	return out
}

// plain reports whether s is printable ASCII: almost every text is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// appendEscaped appends s with everything invisible spelled out, and everything beyond ASCII if ascii is set.
func appendEscaped(dst []byte, s string, ascii bool) []byte {
	marks := maxMarks // a mark at the very start has nothing to stand on
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1, r < ' ', r == 0x7f:
			dst = appendHex(append(dst, `\x`...), s[i])
			marks = maxMarks
		case r < 0x7f:
			dst = append(dst, byte(r))
			marks = 0
		case ascii || !visible(r) || unicode.Is(unicode.M, r) && marks >= maxMarks:
			dst = append(strconv.AppendInt(append(dst, `\u{`...), int64(r), 16), '}')
			marks = maxMarks
		default:
			dst = append(dst, s[i:i+n]...)
			if unicode.Is(unicode.M, r) {
				marks++
			} else {
				marks = 0
			}
		}
		i += n
	}
	return dst
}

// visible reports whether r, beyond ASCII, shows as itself: no control, format, private-use or unassigned character,
// no blank but the space, and none of the letters and marks that Unicode says to draw as nothing.
func visible(r rune) bool {
	return unicode.IsPrint(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) &&
		!unicode.Is(unicode.Variation_Selector, r) && r != brailleBlank
}

const brailleBlank = '\u2800'

func appendHex(dst []byte, b byte) []byte {
	const digits = "0123456789abcdef"
	return append(dst, digits[b>>4], digits[b&15])
}

// ascii turns text of ours and of others into ASCII: our own signs by their likeness, anything else spelled out.
func ascii(s string) string {
	if plain(s) {
		return s
	}
	return string(appendEscaped(nil, asciiSigns.Replace(s), true))
}

const ellipsis = "…"

var asciiSigns = strings.NewReplacer(ellipsis, "...", "–", "-", " · ", " | ", "·", "|", "→", "->")
