package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"mxtls/scanner"
)

// Verdict is one chain and what it comes to, without a network.
type Verdict struct {
	Line   int // of the batch that it is of, from 1; 0 = of none
	At     time.Time
	Case   *scanner.Case
	Ruling *scanner.Ruling
}

// Write writes the verdict to w: a few lines for a person, or one object of JSON. The error is w's, or a format that
// verdicts do not come in.
func (v *Verdict) Write(w io.Writer, f Format, o Options) error {
	return writeOne(w, f, o, func() any { return newVerdictJSON(v) }, v.lines)
}

// writeOne writes one object, or the lines that say the same to a person.
func writeOne(w io.Writer, f Format, o Options, object func() any, lines func() []labelled) error {
	switch f {
	case FormatDefault, Table:
		_, err := io.WriteString(w, layLabelled(lines(), o))
		return err
	case JSON, JSONL:
		line, err := marshal(object())
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if f == JSONL {
			out.Write(line)
		} else if err := json.Indent(&out, line, "", "  "); err != nil {
			return fmt.Errorf("report: %w", err)
		}
		out.WriteByte('\n')
		_, err = w.Write(out.Bytes())
		return err
	default:
		return fmt.Errorf("report: a verdict has no format %v", f)
	}
}

// WriteBadLine writes the object that stands in the place of a batch's line that could not be judged.
func WriteBadLine(w io.Writer, line int, why error) error {
	bad := BadLineJSON{SchemaVersion: SchemaVersion, Type: "error", Line: line, Error: text(why.Error())}
	return writeOne(w, JSONL, Options{}, func() any { return bad }, nil)
}
