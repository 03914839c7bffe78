package mtasts

import (
	"fmt"
	"strings"

	"mxtls/scanner/internal/txtrecord"
)

const (
	version = "STSv1"
	maxID   = 32 // RFC 8461 3.1
)

// Record is the TXT record of a domain with MTA-STS (RFC 8461 3.1).
type Record struct {
	ID string // changes with each policy: 1 to 32 letters and digits
}

// String is the record as ParseRecord reads it.
func (r Record) String() string { return "v=" + version + "; id=" + r.ID + ";" }

// ParseRecord reads the text of a record that begins with v=STSv1; its strings are joined with nothing between them.
// Fields that nobody knows are skipped. The error names the rule of RFC 8461 3.1 that is broken.
func ParseRecord(text string) (Record, []Warning, error) {
	fields, blank, err := txtrecord.Parse(text, "v="+version)
	if err != nil {
		return Record{}, nil, fmt.Errorf("the record %w", err)
	}
	var (
		r        Record
		warnings []Warning
		seen     = map[string]bool{}
		warned   = map[Code]bool{}
	)
	warn := func(c Code, text string) {
		if !warned[c] {
			warned[c] = true
			warnings = append(warnings, Warning{Code: c, Text: text})
		}
	}
	if blank {
		warn(BlankDelimiter, "a blank stands between v=STSv1 and its semicolon: some senders see no record")
	}
	for _, f := range fields {
		switch {
		case seen[f.Name]:
			warn(DuplicateField, "the record has the field "+f.Name+" twice: the first one counts")
		case f.Name == "id" && !isID(f.Value):
			return Record{}, warnings, fmt.Errorf("the record has the id %s: 1 to %d letters and digits are wanted",
				txtrecord.Quote(f.Value), maxID)
		case f.Name == "id":
			r.ID = f.Value
		case !txtrecord.IsValue(f.Value):
			return Record{}, warnings, fmt.Errorf("the record has the field %s with the value %s", f.Name,
				txtrecord.Quote(f.Value))
		case strings.EqualFold(f.Name, "id"):
			warn(UpperCaseField, "the record has the field "+f.Name+", which is not id: names are in lower case")
		}
		seen[f.Name] = true
	}
	if r.ID == "" {
		return Record{}, warnings, fmt.Errorf("the record has no id")
	}
	return r, warnings, nil
}

func isID(s string) bool {
	return len(s) <= maxID && s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
}
