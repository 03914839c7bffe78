package mtasts

import (
	"strconv"

	"mxtls/scanner/internal/enum"
)

// Warning is something that a domain's operator should know, once for each Code.
type Warning struct {
	Code Code
	Line int    // of the policy, the first one that it is about; 0 = the record, or no line
	Text string // in words, may quote the other side
}

// String is "line 3: TEXT".
func (w Warning) String() string {
	if w.Line == 0 {
		return w.Text
	}
	return "line " + strconv.Itoa(w.Line) + ": " + w.Text
}

// Code is a stable code for a Warning.
type Code uint8

// Codes.
const (
	CodeNone Code = iota

	// Of the record.
	NearRecord     // a TXT record that meant to be v=STSv1 and is not
	BlankDelimiter // "v=STSv1 ;": RFC 8461 contradicts itself (erratum 6285)
	DuplicateField // the first one counts
	UpperCaseField // "ID=": another field, by the letter

	// Of the answer to the fetch.
	ContentType // not text/plain: senders should refuse it (RFC 8461 3.2)

	// Of the policy's form.
	ByteOrderMark  // nobody skips it
	BareCR         // CR alone ends no line
	BlankLine      // not in the grammar, some senders skip it
	BlankAroundKey // likewise
	TrailingBlank  // allowed
	NoFinalNewline // allowed
	DuplicateKey   // the first one counts (RFC 8461 3.2), and some senders take the last
	UpperCaseKey   // "Mode:": another key, by the letter

	// Of the policy's content.
	ManyPatterns   // no domain has so many mail servers
	MaxAgeTooLarge // above the limit: senders cut it, or refuse the policy (erratum 7282)
	MaxAgeDay      // below one day: the policy is hardly ever in force
	MaxAgeWeek     // below one week, where RFC 8461 3.2 expects weeks or more
)

var codeWords = enum.Words{
	"", "near_record", "blank_delimiter", "duplicate_field", "upper_case_field", "content_type", "byte_order_mark",
	"bare_cr", "blank_line", "blank_around_key", "trailing_blank", "no_final_newline", "duplicate_key",
	"upper_case_key", "many_patterns", "max_age_too_large", "max_age_below_day", "max_age_below_week",
}

func (c Code) String() string               { return enum.String("mta-sts warning", codeWords, c) }
func (c Code) MarshalText() ([]byte, error) { return enum.Marshal("mta-sts warning", codeWords, c) }
func (c *Code) UnmarshalText(t []byte) error {
	return enum.Unmarshal("mta-sts warning", codeWords, c, t)
}
