package received

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

const (
	maxLine   = 64 << 10 // octets of one line that are read; RFC 5322 2.1.1 allows 998
	maxHeader = 8 << 20  // octets of one header that are read: 10,000 lines with much in each
	endless   = 64 << 20 // octets of one line that are skipped; a body in one line is smaller
)

// Read yields the messages of r: of an mbox (RFC 4155: it begins with "From ") each, of anything else the one whose
// header it begins with; what is behind that is not read. Blank lines before a header, one indentation that all its
// lines share, lines that lost theirs (as pasted ones do) and any line end are taken. A message without a Received:
// line is yielded too. The error is r's own, wrapped, and ends the messages.
func Read(r io.Reader) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		s := &source{in: bufio.NewReaderSize(r, maxLine)}
		text, err := s.skipBlank()
		mbox := err == nil && isFromLine(text)
		if mbox {
			text, err = s.line()
		}
		for {
			var m Message
			if err == nil {
				m, err = s.header(text)
			}
			if err != nil && !errors.Is(err, io.EOF) {
				yield(Message{}, fmt.Errorf("reading a message: %w", err))
				return
			}
			if !yield(m, nil) || !mbox || err != nil {
				return
			}
			if err = s.skipBody(); errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				text, err = s.line()
			}
		}
	}
}

// source is what messages are read from.
type source struct {
	in     *bufio.Reader
	indent int // blanks before every line of pasted headers
}

// line is the next line without its end, up to maxLine octets. It is valid until the next call. At the end of the input
// it is nil, with io.EOF.
func (s *source) line() ([]byte, error) {
	text, err := s.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		text = bytes.Clone(text)
		for skipped := 0; errors.Is(err, bufio.ErrBufferFull); skipped += maxLine {
			if skipped > endless {
				return nil, errEndless
			}
			_, err = s.in.ReadSlice('\n')
		}
	}
	if err != nil && (!errors.Is(err, io.EOF) || len(text) == 0) {
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r")), nil
}

// errEndless ends what cannot be mail: a device, a disk image.
var errEndless = fmt.Errorf("a line has more than %d MiB", endless>>20)

// skipBlank is the first line with anything in it. It learns the indentation.
func (s *source) skipBlank() ([]byte, error) {
	for skipped := 0; ; {
		text, err := s.line()
		if err != nil {
			return nil, err
		}
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
		if inner := bytes.TrimLeft(text, " \t"); len(inner) > 0 {
			s.indent = len(text) - len(inner)
			return inner, nil
		}
		if skipped += len(text) + 1; skipped > maxHeader {
			return nil, io.EOF
		}
	}
}

// dedent is a line without the indentation of all.
func (s *source) dedent(text []byte) []byte {
	n := 0
	for n < s.indent && n < len(text) && isBlank(text[n]) {
		n++
	}
	return text[n:]
}

// header reads the header that begins with the line text. With io.EOF the message is the last.
func (s *source) header(text []byte) (Message, error) {
	var m Message
	var field strings.Builder // the Received: line being read
	open := false
	add := func() {
		switch {
		case open && len(m.Hops) == maxHops:
			m.More++
		case open:
			m.Hops = append(m.Hops, Parse(field.String()))
		}
		open = false
		field.Reset()
	}
	var err error
	for size := 0; err == nil && len(text) > 0; {
		if size += len(text) + 1; size > maxHeader {
			m.Cut = true
			break
		}
		if body, is, begins := fieldLine(text); begins {
			add()
			if open = is; open {
				field.Write(body[:min(len(body), maxField+1)])
			}
		} else if open && field.Len() <= maxField {
			field.WriteByte(' ')
			field.Write(text[:min(len(text), maxField)])
		}
		if text, err = s.line(); err == nil {
			text = s.dedent(text)
		}
	}
	add()
	slices.Reverse(m.Hops)
	return m, err
}

// fieldLine splits a line that begins a field (RFC 5322 2.2), and says whether the field is Received. Names that do
// not begin with a letter are not used: that is a time or an address in a line that lost its indentation.
func fieldLine(text []byte) (body []byte, is, begins bool) {
	before, body, ok := bytes.Cut(text, []byte(":"))
	before = bytes.TrimRight(before, " \t") // RFC 5322 4.5.8, the obsolete form
	if !ok || len(before) == 0 || !isLetter(before[0]) {
		return nil, false, false
	}
	for _, c := range before {
		if c <= ' ' || c > '~' {
			return nil, false, false
		}
	}
	return body, bytes.EqualFold(before, []byte("Received")), true
}

// skipBody goes on to behind the next separator of an mbox: a "From " line behind an empty one.
func (s *source) skipBody() error {
	empty := true
	for {
		text, err := s.line()
		if err != nil {
			return err
		}
		if empty && isFromLine(text) {
			return nil
		}
		empty = len(text) == 0
	}
}

// isFromLine reports whether a line parts the messages of an mbox: "From ", an address and a date in the style of
// asctime. Text that merely begins with the word has no time of day and no year in it.
func isFromLine(text []byte) bool {
	const longest = 1024
	if !bytes.HasPrefix(text, []byte("From ")) || len(text) > longest {
		return false
	}
	clock, year := false, false
	for _, f := range bytes.Fields(text)[1:] {
		digits := isDigit(f[0]) && isDigit(f[len(f)-1])
		clock = clock || digits && len(f) >= len("1:02") && bytes.IndexByte(f, ':') > 0
		year = year || digits && len(f) == len("2006") && isDigit(f[1]) && isDigit(f[2])
	}
	return clock && year
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
