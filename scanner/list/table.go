package list

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"mxtls/scanner/name"
)

// maxRow bounds the lines of one row: a remark of some paragraphs fits.
const maxRow = 100

// separators stand between cells where no header says which one does; the first wins where two are as common.
const separators = ",;\t"

// table reads the rows of one source.
type table struct {
	lines  *lines
	column string // Options.Column
	err    error

	begun     bool
	separator byte // 0: any
	index     int  // of the domains' column; -1: the first cell that is a domain
	multiline bool // quoted cells may hold line ends

	at    line     // of the row
	cells [][]byte // of the row
}

// next goes to the next row: not a blank line, not a comment, not the header. At the end and on an error it is false.
func (t *table) next() bool {
	for {
		read, ok := t.lines.next()
		if !ok {
			t.err = t.lines.err
			return false
		}
		t.at, t.cells = read, t.cells[:0]
		if read.long {
			return true
		}
		if t.isComment(read.text) {
			continue
		}
		if !t.begun {
			t.begun = true
			if header, err := t.begin(read.text); err != nil {
				t.err = err
				return false
			} else if header {
				continue
			}
		}
		t.row()
		return true
	}
}

// isComment also takes blank lines. A semicolon that separates may stand behind an empty first cell.
func (t *table) isComment(text []byte) bool {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	return len(text) == 0 || text[0] == '#' || text[0] == ';' && t.separator != ';'
}

// begin looks at the first row, which may be a header, and settles how the rest is read.
func (t *table) begin(text []byte) (header bool, err error) {
	t.index = -1
	most := 1
	for i := range len(separators) {
		if cells, _ := split(nil, text, separators[i]); len(cells) > most {
			most, t.separator = len(cells), separators[i]
		}
	}
	cells, _ := split(nil, text, t.separator)
	names := make([]string, len(cells))
	for i, cell := range cells {
		names[i] = strings.TrimSpace(string(cell))
	}
	if t.column == "" {
		t.index = domainColumn(names)
		header = t.index >= 0
	} else {
		t.index, err = findColumn(t.column, names)
		header = err == nil && isHeading(names[t.index])
	}
	t.multiline = t.index >= 0
	if !t.multiline {
		t.separator = 0
	}
	return header, err
}

// domainColumn is the column that is called "domain", or else the first one with that in its name, also in Japanese;
// -1 without one.
func domainColumn(names []string) int {
	found := -1
	for i, s := range names {
		switch s = strings.ToLower(s); {
		case s == "domain":
			return i
		case found < 0 && isHeading(s) && (strings.Contains(s, "domain") || strings.Contains(s, "ドメイン")):
			found = i
		}
	}
	return found
}

// findColumn is the index of the column with this number or name.
func findColumn(column string, names []string) (int, error) {
	if n, err := strconv.Atoi(column); err == nil {
		if n < 1 || n > len(names) {
			return 0, fmt.Errorf("no column %d: the first row has %d", n, len(names))
		}
		return n - 1, nil
	}
	for i, s := range names {
		if strings.EqualFold(s, strings.TrimSpace(column)) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no column %q: the first row has %s", column, quoted(names))
}

// isHeading reports whether a cell of the first row can be a column's name: it is made of words. What looks like a
// domain, an address, a URL or a server is none.
func isHeading(s string) bool {
	return s != "" && !strings.ContainsAny(s, ".@/:*[]。．｡＠\x00\uFFFD")
}

// quoted are the cells of the first row for a message; it may be no header, so they are treated as input.
func quoted(names []string) string {
	const most = 20 // names; a wide spreadsheet's columns beyond are counted
	var b strings.Builder
	for i, s := range names[:min(len(names), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%.40q", name.Redact(s))
	}
	if len(names) > most {
		fmt.Fprintf(&b, " and %d more", len(names)-most)
	}
	return b.String()
}

// row splits the line that was read, and those behind it as long as a quote is open. Where nothing closes it within
// maxRow lines it was no quote, and no cell of the source goes over line ends from there on: nothing is swallowed, and
// lines are read twice only once.
func (t *table) row() {
	var open bool
	if t.cells, open = split(t.cells, t.at.text, t.separator); !open || !t.multiline {
		return
	}
	t.at.text = bytes.Clone(t.at.text)
	joined := bytes.Clone(t.at.text)
	var behind []line
	for len(behind) < maxRow && len(joined) <= maxLine {
		read, ok := t.lines.next()
		if !ok {
			break
		}
		read.text = bytes.Clone(read.text)
		behind = append(behind, read)
		joined = append(append(joined, '\n'), read.text...)
		if cells, open := split(nil, joined, t.separator); !open && !read.long {
			t.cells = cells
			return
		}
	}
	t.multiline = false
	t.lines.unread(behind)
	t.cells, _ = split(t.cells[:0], t.at.text, t.separator)
}

// item is the row's domain.
func (t *table) item() Item {
	if t.at.long {
		return t.at.item()
	}
	var item Item
	switch {
	case t.index < 0:
		item = t.firstDomain()
	case t.index < len(t.cells):
		item = parse(string(t.cells[t.index]))
	default:
		item = parse("") // the row has no such column
	}
	item.Line = t.at.number
	return item
}

// firstDomain is the first cell that is a target, or the invalid item that says most.
func (t *table) firstDomain() Item {
	best := parse("")
	for _, cell := range t.cells {
		item := parse(string(cell))
		if item.Invalid == nil {
			return item
		}
		if informs(item.Invalid.Reason) > informs(best.Invalid.Reason) {
			best = item
		}
	}
	return best
}

// informs ranks the reasons why a cell is no domain: numbers, dates and names are words, an attempt at a domain is not.
func informs(r name.Reason) int {
	switch r {
	case name.Empty:
		return 0
	case name.SingleLabel:
		return 1
	default:
		return 2
	}
}
