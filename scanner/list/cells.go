package list

import "bytes"

// split appends text's cells to cells: between separators, or any of them where separator is 0, up to a comment. A cell
// that is quoted as a whole is unquoted; one that only begins with a quoted part stays as it is. An opening quote that
// nothing closes is an octet like others, and open is set.
func split(cells [][]byte, text []byte, separator byte) (_ [][]byte, open bool) {
	begin, fresh := 0, true // fresh: nothing but blanks in the cell yet
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '"' && fresh && !open:
			end := closing(text[i+1:])
			if open = end < 0 || !closes(text[i+1:], end, separator); !open {
				i += 1 + end
			}
			fresh = false
		case c == '#' && i > 0 && isBlank(text[i-1]):
			if begin < i || len(cells) == 0 {
				cells = append(cells, unquote(text[begin:i]))
			}
			return cells, open
		case isSeparator(c, separator):
			cells = append(cells, unquote(text[begin:i]))
			begin, fresh = i+1, true
		case !isBlank(c):
			fresh = false
		}
	}
	return append(cells, unquote(text[begin:])), open
}

// closing is the place of the quote that closes what begins with text: not one of a pair, which stands for one.
func closing(text []byte) int {
	for i := 0; i < len(text); i++ {
		if text[i] != '"' {
			continue
		}
		if i+1 == len(text) || text[i+1] != '"' {
			return i
		}
		i++
	}
	return -1
}

// closes reports whether the quote at text[end] may close a cell. A quoted part of one line may be followed by
// anything, as in "a,b"@example.com; one that goes over a line end has to end the cell (RFC 4180 2), so that two stray
// quotes on two lines do not swallow the second.
func closes(text []byte, end int, separator byte) bool {
	if bytes.IndexByte(text[:end], '\n') < 0 {
		return true
	}
	behind := bytes.TrimLeft(text[end+1:], " \t")
	return len(behind) == 0 || isSeparator(text[end+1], separator) || isSeparator(behind[0], separator) || behind[0] == '#'
}

// unquote is what a cell that is quoted as a whole holds; others are returned as they are.
func unquote(cell []byte) []byte {
	bare := bytes.TrimSpace(cell)
	if len(bare) < 2 || bare[0] != '"' || closing(bare[1:]) != len(bare)-2 {
		return cell
	}
	return bytes.ReplaceAll(bare[1:len(bare)-1], []byte(`""`), []byte(`"`))
}

func isSeparator(c, separator byte) bool {
	if separator != 0 {
		return c == separator
	}
	return c == ',' || c == ';' || c == '\t'
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
