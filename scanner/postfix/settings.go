package postfix

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
	"strings"
)

// Limits of what is read.
const (
	maxMainCF = 1 << 20  // octets of a main.cf; real ones have a few KB, a whole postconf listing 50
	maxTable  = 64 << 20 // octets of a policy table: a million entries, and some of them with a comment
	maxValue  = 64 << 10 // octets of an expanded value: "$a$a" in a row of parameters doubles at each step
	maxEntry  = 1 << 20  // entries of one; each takes some 200 octets
	maxDepth  = 50       // of parameters that name each other; Postfix's own limit is 100
	maxSteps  = 10_000   // names looked up for one value, for the same reason
)

// Settings are the parameters of a main.cf as they are written. The last assignment of a name holds.
type Settings struct {
	values map[string]string
}

// Get is a parameter's value as written, without its $names expanded, and whether it is set.
func (s *Settings) Get(parameter string) (value string, ok bool) {
	value, ok = s.values[parameter]
	return value, ok
}

// A SyntaxError is a line that Postfix would not start with.
type SyntaxError struct {
	Line int // from 1
	Text string
}

// Error is "line N: text".
func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// ParseMainCF reads a main.cf (postconf(5)): "name = value", lines that begin with blanks go on with the one before,
// empty lines and lines whose first character that is no blank is # count for nothing, not even as an end. The error
// is a *SyntaxError or r's.
func ParseMainCF(r io.Reader) (*Settings, error) { return parseSettings(r, nil) }

// ParsePostconf reads what "postconf -n", "postconf -x" or "postconf" prints, warnings included. The error is a
// *SyntaxError or r's.
func ParsePostconf(r io.Reader) (*Settings, error) {
	return parseSettings(r, func(line string) bool {
		program, _, ok := strings.Cut(line, ": warning: ")
		return ok && strings.HasSuffix(program, "postconf")
	})
}

func parseSettings(r io.Reader, skip func(line string) bool) (*Settings, error) {
	s := &Settings{values: map[string]string{}}
	for line, err := range logicalLines(r, maxMainCF) {
		if err != nil {
			return nil, err
		}
		if skip != nil && skip(line.text) {
			continue
		}
		name, value, ok := strings.Cut(line.text, "=")
		name = trimBlanks(name)
		switch {
		case name == "":
			return nil, &SyntaxError{line.number, fmt.Sprintf("missing attribute name: %q", excerpt(line.text))}
		case (!ok || strings.ContainsAny(name, blanks)) && strings.HasPrefix(name, byteOrderMark):
			return nil, &SyntaxError{line.number, fmt.Sprintf("missing '=' after attribute name: %q: the file begins with a "+
				"byte order mark, so this is no comment to Postfix", excerpt(line.text))}
		case !ok || strings.ContainsAny(name, blanks):
			return nil, &SyntaxError{line.number, fmt.Sprintf("missing '=' after attribute name: %q", excerpt(line.text))}
		}
		s.values[name] = trimBlanks(value)
	}
	return s, nil
}

// byteOrderMark is what some editors begin a file with. To Postfix it is the beginning of a name.
const byteOrderMark = "\ufeff"

// blanks are what isspace(3) takes for blanks in the C locale.
const blanks = " \t\n\v\f\r"

func trimBlanks(s string) string { return strings.Trim(s, blanks) }

// separators stand between the items of Postfix's lists.
const separators = ", \t\r\n"

func splitList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) })
}

// excerpt bounds what a message quotes of a file.
func excerpt(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// A logicalLine is a line with those that continue it, each without the blanks around it and parted by one. It ends at
// the first NUL, as a string does in C, those that continue it included.
type logicalLine struct {
	number int // of its first line, from 1
	text   string
}

// logicalLines are the lines of main.cf and of table sources (readlline.c). An error ends them.
func logicalLines(r io.Reader, limit int64) iter.Seq2[logicalLine, error] {
	return func(yield func(logicalLine, error) bool) {
		bounded := &io.LimitedReader{R: r, N: limit + 1}
		lines := bufio.NewReader(bounded)
		var line bytes.Buffer
		start := 0
		flush := func() bool {
			text, _, _ := strings.Cut(line.String(), "\x00")
			line.Reset()
			return start == 0 || yield(logicalLine{start, trimBlanks(text)}, nil)
		}
		for number := 1; ; number++ {
			raw, err := lines.ReadString('\n')
			if bounded.N <= 0 {
				yield(logicalLine{}, &SyntaxError{number, fmt.Sprintf("more than %d octets", limit)})
				return
			}
			text := trimBlanks(raw)
			switch {
			case text == "" || text[0] == '#':
			case strings.IndexByte(blanks, raw[0]) >= 0:
				if start > 0 { // Postfix drops a first line that continues nothing, with a warning
					line.WriteString(" " + text)
				}
			default:
				if !flush() {
					return
				}
				line.WriteString(text)
				start = number
			}
			if err != nil {
				if flush() && err != io.EOF {
					yield(logicalLine{}, err)
				}
				return
			}
		}
	}
}
