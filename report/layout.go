package report

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// The layout is our own because rows carry lines between them (a conversation under its domain), texts that run over
// the last columns, and names that are cut in their middle; table libraries do none of the three. Widths are terminal
// columns: an East Asian wide character takes two.

const (
	minWidth  = 60  // below this nothing is readable; lines then run over the edge
	compact   = 100 // below this a table has the compact set of columns
	indent    = 2   // before every row
	gap       = 2   // between columns
	wrapLines = 4   // a cell that needs more ends in "…"
	narrowest = 8   // of a column that is cut

	// wantWide and wantCompact are what the last column gets before names are cut: the usual text in one line,
	// "trusted, name matches until 2027-01-12" and "trusted until 2027-01-12".
	wantWide    = 38
	wantCompact = 24
)

// field is one column of a table. The last one is wrapped into what the others leave.
type field struct {
	title    string
	right    bool // numbers
	fair     int  // may be cut, down to this before the others suffer; 0 = it is never cut
	most     int  // the widest that it gets when the width is limited; 0 = any
	middle   bool // cut in the middle: both ends of a name tell
	optional bool // left out where no row has anything to say in it
	yields   bool // left out where an optional one has
}

// widths are the columns' widths for the cells' natural widths and a limit (0 = none). What is too much is taken from
// the column that has the most above its fair share, again and again, so that one long name costs the others nothing.
func widths(fields []field, natural []int, limit int) []int {
	w := make([]int, len(fields))
	last := len(fields) - 1
	used := indent + gap*last
	for i, f := range fields {
		w[i] = max(natural[i], displaywidth.String(f.title)+glyphWidth(i))
		if limit > 0 && f.most > 0 {
			w[i] = min(w[i], f.most)
		}
		if i < last {
			used += w[i]
		}
	}
	if limit == 0 {
		return w
	}
	want := wantWide
	if limit < compact {
		want = wantCompact
	}
	for want = min(want, w[last]); used+want > limit; used-- {
		richest := -1
		for i, f := range fields[:last] {
			if f.fair > 0 && w[i] > narrowest && (richest < 0 || w[i]-f.fair > w[richest]-fields[richest].fair) {
				richest = i
			}
		}
		if richest < 0 {
			break
		}
		w[richest]--
	}
	w[last] = max(limit-used, 1)
	return w
}

// pad fills s up to width columns.
func pad(s string, width int, right bool) string {
	blank := strings.Repeat(" ", max(0, width-displaywidth.String(s)))
	if right {
		return blank + s
	}
	return s + blank
}

// cut shortens s to width columns at its end.
func cut(s string, width int, tail string) string {
	if displaywidth.String(s) <= width {
		return s
	}
	s = displaywidth.TruncateString(s, width-displaywidth.String(tail), "")
	return strings.TrimRight(s, " ") + tail
}

// cutMiddle shortens s to width columns and keeps a third of them for its end.
func cutMiddle(s string, width int, mark string) string {
	if displaywidth.String(s) <= width {
		return s
	}
	tail := ""
	for skip := range len(s) {
		if utf8Start(s[skip]) && displaywidth.String(s[skip:]) <= width/3 {
			tail = s[skip:]
			break
		}
	}
	head := displaywidth.TruncateString(s, width-displaywidth.String(tail), mark)
	return head + tail
}

func utf8Start(b byte) bool { return b&0xC0 != 0x80 }

// wrap breaks s at blanks into lines of at most width columns (0 = no limit), at most lines of them (0 = any number).
func wrap(s string, width, lines int, mark string) []string {
	if width <= 0 || displaywidth.String(s) <= width {
		return []string{s}
	}
	var out []string
	for s != "" {
		if lines > 0 && len(out) == lines-1 {
			return append(out, cut(s, width, mark))
		}
		head := breakAt(s, width)
		out = append(out, strings.TrimRight(s[:head], " "))
		s = strings.TrimLeft(s[head:], " ")
	}
	return out
}

// breakAt is where the first line of s ends: behind the last blank that fits, else where the width ends.
func breakAt(s string, width int) int {
	used, blank := 0, 0
	for g, i := displaywidth.StringGraphemes(s), 0; g.Next(); i += len(g.Value()) {
		if g.Value() == " " {
			blank = i
		}
		if used += g.Width(); used > width {
			switch {
			case blank > 0:
				return blank
			case i > 0:
				return i
			default:
				return len(g.Value())
			}
		}
	}
	return len(s)
}

// flow sets items one after another with a separator between, in lines of at most width columns (0 = no limit); a
// line after the first begins with as many blanks as hang says. A comma stays at the end of its line, a separator with
// blanks around it goes. An item that is wider than a line is cut.
func flow(items []string, sep string, width, hang int, mark string) []string {
	comma := ""
	if sep[0] != ' ' {
		comma, sep = strings.TrimRight(sep, " "), " "
	}
	var out []string
	line := ""
	for i, item := range items {
		if i < len(items)-1 {
			item += comma
		}
		switch {
		case i == 0:
			line = item
		case width > 0 && displaywidth.String(line+sep+item) > width:
			out = append(out, line)
			line = strings.Repeat(" ", hang) + item
		default:
			line += sep + item
		}
		if width > 0 {
			line = cut(line, width, mark)
		}
	}
	return append(out, line)
}
