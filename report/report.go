// Package report lays results out: a table for a person, CSV and JSON for a program, Markdown for a ticket. It never
// touches the network and never judges; it words what package verdict decided.
//
// A Writer is told of the run once, of each result as it comes, and of the summary at the end. CSV, JSON lines, JSON
// and Markdown are written as the results come and keep nothing but the findings' counts; the table keeps its rows'
// texts until the end (some 200 octets a domain), because its columns are as wide as their widest cell.
//
// Everything that came from a server, a resolver or the input is hostile. The human formats pass it through Escape;
// CSV writes control octets the same way and defuses spreadsheet formulas (CWE-1236); JSON is always valid UTF-8.
package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"mxtls/scanner"
)

// Format is a way to write a report.
type Format uint8

// Formats; the zero Format is a table.
const (
	FormatDefault Format = iota
	Table
	CSV
	JSONL
	JSON
	Markdown
)

var formatWords = words{"default", "table", "csv", "jsonl", "json", "markdown"}

func (f Format) String() string                { return formatWords.word(uint8(f)) }
func (f Format) MarshalText() ([]byte, error)  { return []byte(f.String()), nil }
func (f *Format) UnmarshalText(t []byte) error { return formatWords.value((*uint8)(f), t) }

// Rows says what a row stands for in the table, in CSV and in Markdown; JSON nests servers in their domain.
type Rows uint8

// Rows values; the zero Rows is one row a domain.
const (
	RowsDefault Rows = iota
	ByDomain
	ByServer
)

var rowsWords = words{"default", "domain", "server"}

func (r Rows) String() string                { return rowsWords.word(uint8(r)) }
func (r Rows) MarshalText() ([]byte, error)  { return []byte(r.String()), nil }
func (r *Rows) UnmarshalText(t []byte) error { return rowsWords.value((*uint8)(r), t) }

// words are an enum's texts, indexed by its values; the first is the default's.
type words []string

func (w words) word(i uint8) string {
	if int(i) >= len(w) {
		return strconv.Itoa(int(i))
	}
	return w[i]
}

// value sets i to the value whose word is text; the error lists the words.
func (w words) value(i *uint8, text []byte) error {
	n := slices.Index(w, string(text))
	if n < 0 {
		return fmt.Errorf("%q is none of %s", text, strings.Join(w[1:], ", "))
	}
	*i = uint8(n)
	return nil
}

// Options say how to lay out. The zero value is a table without colour, as wide as its content.
type Options struct {
	Rows    Rows
	Width   int  // columns of the terminal; 0 = no limit: nothing is cut or wrapped. Below 60 counts as 60
	Color   bool // table: ANSI colours; a glyph always says the same
	ASCII   bool // table and Markdown: nothing but ASCII
	Verbose int  // table: 1 each server's stages and informational findings, 2 whole transcripts
	CSVRaw  bool // CSV: foreign text as it came, control octets and formulas included
	CRLF    bool // CSV: lines end in CR LF
	BOM     bool // CSV: a byte order mark first, for spreadsheets that take UTF-8 for something else
	// Now is the clock by which buffered rows are flushed; nil = time.Now. No output depends on it.
	Now func() time.Time
}

// Writer writes one report: Begin, Add for each result in input order, End. An error is the output's own, wrapped, and
// ends the report; the report is whole only when End returned nil.
type Writer interface {
	Begin(Run) error
	Add(group string, r scanner.Result) error
	End(Summary) error
}

// New is a Writer of the format to w. The error is a format or row kind that does not exist.
func New(f Format, w io.Writer, o Options) (Writer, error) {
	if o.Rows > ByServer {
		return nil, fmt.Errorf("report: no rows by %v", o.Rows)
	}
	if o.Width > 0 {
		o.Width = max(o.Width, minWidth)
	}
	out := newOutput(w, o.Now)
	switch f {
	case FormatDefault, Table:
		return &tableWriter{out: out, opts: o, style: newStyle(o), findings: newFindings()}, nil
	case CSV:
		line := csvLine{raw: o.CSVRaw, ciphers: map[uint16]string{}, groups: map[uint16]string{}}
		return &csvWriter{out: out, opts: o, columns: csvColumns(o.Rows), line: line}, nil
	case JSONL:
		return &jsonlWriter{out: out}, nil
	case JSON:
		return &jsonWriter{out: out}, nil
	case Markdown:
		return &markdownWriter{out: out, opts: o, style: newStyle(o), findings: newFindings()}, nil
	default:
		return nil, fmt.Errorf("report: no format %v", f)
	}
}

const (
	bufferSize = 64 << 10    // few system calls for a million rows
	flushAfter = time.Second // a reader of a pipe sees rows while a slow run lasts
)

// output is the one buffer of a report, flushed when it is full, and when a row comes a second after the last flush.
type output struct {
	*bufio.Writer
	now     func() time.Time
	flushed time.Time
}

func newOutput(w io.Writer, now func() time.Time) *output {
	if now == nil {
		now = time.Now
	}
	return &output{Writer: bufio.NewWriterSize(w, bufferSize), now: now, flushed: now()}
}

// row writes whole lines.
func (o *output) row(line []byte) error {
	if _, err := o.Write(line); err != nil {
		return err
	}
	if now := o.now(); now.Sub(o.flushed) >= flushAfter {
		o.flushed = now
		return o.end()
	}
	return nil
}

// end flushes.
func (o *output) end() error {
	if err := o.Flush(); err != nil {
		return err
	}
	return nil
}
