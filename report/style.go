package report

import "mxtls/scanner/verdict"

// glyphs stand for classes; colour says the same and is never alone.
var (
	glyphs      = [...]string{"?", "●", "◐", "○", "–", "–", "?", "✗"}
	asciiGlyphs = [...]string{"?", "+", "~", "-", ".", ".", "?", "x"}
	legends     = [...]string{"could not be told", "all servers encrypt", "some do, some do not", "none encrypts",
		"takes no mail, or does not exist", "takes no mail, or does not exist", "could not be told", "invalid"}
	colors = [...]string{magenta, green, yellow, red, dim, dim, magenta, red}
)

// ANSI SGR parameters: the eight basic colours, which follow the reader's own palette.
const (
	bold    = "1"
	dim     = "2"
	red     = "31"
	green   = "32"
	yellow  = "33"
	magenta = "35"
)

// style is how the table and Markdown draw.
type style struct{ color, ascii bool }

func newStyle(o Options) style { return style{color: o.Color, ascii: o.ASCII} }

// ellipsis stands for what was cut off.
func (s style) ellipsis() string {
	if s.ascii {
		return "..."
	}
	return ellipsis
}

// glyph is the sign of a class, one column wide. (Terminals set to wide "ambiguous" characters draw some of them in
// two; --ascii is for these.)
func (s style) glyph(c verdict.Class) string {
	if s.ascii {
		return asciiGlyphs[c]
	}
	return glyphs[c]
}

// paint colours text that is already laid out.
func (s style) paint(sgr, text string) string {
	if !s.color || text == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

// text is the last step of every piece of a human format: nothing invisible, and ASCII where that is wanted. Foreign
// text within it has been through Escape for its width; this makes sure of all the rest.
func (s style) text(t string) string {
	if s.ascii {
		return ascii(t)
	}
	return EscapeTo(t, 0)
}

// legend explains the signs that occur, each once.
func (s style) legend(t *Tally, rows Rows) []string {
	counts := [...]int{verdict.ClassFull: t.Full, verdict.ClassPartial: t.Partial, verdict.ClassPlain: t.Plain, verdict.ClassUnknown: t.Unknown + t.Failed,
		verdict.ClassNull: t.Null + t.None, verdict.ClassInvalid: t.Invalid}
	words := legends
	if rows == ByServer {
		words[verdict.ClassFull], words[verdict.ClassPlain] = "encrypts", "does not"
		counts[verdict.ClassFull], counts[verdict.ClassPartial], counts[verdict.ClassPlain] = t.Servers.Yes, 0, t.Servers.No
		counts[verdict.ClassUnknown] = t.Servers.Unknown + t.Untested + t.Failed
	}
	var items []string
	for _, c := range []verdict.Class{verdict.ClassFull, verdict.ClassPartial, verdict.ClassPlain, verdict.ClassUnknown, verdict.ClassNull, verdict.ClassInvalid} {
		if counts[c] > 0 {
			items = append(items, s.glyph(c)+" "+words[c])
		}
	}
	return items
}
