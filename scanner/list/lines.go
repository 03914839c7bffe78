package list

import (
	"bufio"
	"bytes"
	"io"

	"mxtls/scanner/name"
)

const (
	maxLine = 64 << 10 // a row of a spreadsheet fits; what is longer is no list of domains
	maxTail = 1 << 10  // what is kept of a longer one: its end, see line
)

// line is one line without its end. Of one over maxLine only the last octets are kept: where an at sign stands
// before them they hold nothing of the local part, and where it stands in them the parser drops it.
type line struct {
	text   []byte // valid until the next line
	number int
	long   bool
}

// lines reads a source line by line.
type lines struct {
	scan   *bufio.Scanner
	number int  // lines read
	long   bool // the line under way is over maxLine
	open   bool // the line that was read has no end
	again  []line
	err    error
}

func newLines(src io.Reader) *lines {
	l := &lines{scan: bufio.NewScanner(decode(src))}
	l.scan.Buffer(make([]byte, maxLine), 2*maxLine) // split never lets it fill up
	l.scan.Split(l.split)
	return l
}

// next is the next line; ok is false at the end and on an error, which is then in l.err. A last line that was cut off
// by an error is not a line: "example.co" may have been going to be example.com.
func (l *lines) next() (line, bool) {
	if len(l.again) > 0 {
		first := l.again[0]
		l.again = l.again[1:]
		return first, true
	}
	if !l.scan.Scan() || l.open && l.scan.Err() != nil {
		l.err = l.scan.Err()
		return line{}, false
	}
	l.number++
	read := line{text: l.scan.Bytes(), number: l.number, long: l.long}
	l.long = false
	return read, true
}

// unread gives lines back, to be read again in this order.
func (l *lines) unread(read []line) { l.again = append(read, l.again...) }

// split is a bufio.SplitFunc for LF, CRLF and CR.
func (l *lines) split(data []byte, atEOF bool) (advance int, token []byte, err error) {
	end := lineEnd(data)
	switch {
	case end < 0 && atEOF:
		l.open = len(data) > 0
		if !l.open {
			return 0, nil, nil
		}
		return len(data), l.tail(data), nil
	case end < 0 && len(data) <= maxLine:
		return 0, nil, nil
	case end < 0:
		l.long = true
		return len(data) - maxTail, nil, nil
	}
	next := end + 1
	if data[end] == '\r' {
		if next == len(data) && !atEOF {
			return 0, nil, nil // CR or CRLF?
		}
		if next < len(data) && data[next] == '\n' {
			next++
		}
	}
	return next, l.tail(data[:end]), nil
}

// tail is the whole text, or the end of one that is too long.
func (l *lines) tail(text []byte) []byte {
	if l.long = l.long || len(text) > maxLine; l.long {
		return text[max(0, len(text)-maxTail):]
	}
	return text
}

func lineEnd(data []byte) int {
	lf := bytes.IndexByte(data, '\n')
	if lf >= 0 {
		data = data[:lf]
	}
	if cr := bytes.IndexByte(data, '\r'); cr >= 0 {
		return cr
	}
	return lf
}

// item is the invalid item that a line over maxLine is. The dots say that it is the end of something.
func (l line) item() Item {
	text := "..." + name.Redact(string(l.text))
	return Item{Input: text, Line: l.number, Invalid: &name.Error{Input: text, Reason: name.TooLong}}
}
