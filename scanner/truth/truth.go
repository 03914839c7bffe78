// Package truth is the three-valued answer that every fact and judgement of this project uses: yes, no, or could not
// tell. A time-out, a 421 or a resolver that does not validate is Unknown, never No.
package truth

import "mxtls/scanner/internal/enum"

// Truth is yes, no or unknown; the zero value is Unknown.
type Truth uint8

// The three values.
const (
	Unknown Truth = iota
	No
	Yes
)

var words = enum.Words{"unknown", "no", "yes"}

// Of turns a fact that was established into Yes or No.
func Of(b bool) Truth {
	if b {
		return Yes
	}
	return No
}

// String is "yes", "no" or "unknown".
func (t Truth) String() string { return enum.String("truth", words, t) }

// MarshalText is String's word.
func (t Truth) MarshalText() ([]byte, error) { return enum.Marshal("truth", words, t) }

// UnmarshalText takes String's words.
func (t *Truth) UnmarshalText(text []byte) error { return enum.Unmarshal("truth", words, t, text) }
