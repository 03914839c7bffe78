// Package enum gives small integer enums their text form: one table of words per type, used by String, MarshalText
// and UnmarshalText alike, so that the three cannot disagree.
package enum

import (
	"fmt"
	"slices"
)

// Words are an enum's texts, indexed by its values; value zero is "unknown" or "not checked".
type Words []string

// String is the word of value i, or "kind(i)" for a value outside the table.
func String[T ~uint8](kind string, w Words, i T) string {
	if int(i) >= len(w) {
		return fmt.Sprintf("%s(%d)", kind, i)
	}
	return w[i]
}

// Marshal is the word of value i as text; a value outside the table is an error.
func Marshal[T ~uint8](kind string, w Words, i T) ([]byte, error) {
	if int(i) >= len(w) {
		return nil, fmt.Errorf("%s: no value %d", kind, i)
	}
	return []byte(w[i]), nil
}

// Unmarshal sets i to the value whose word is text; an unknown word is an error and leaves i alone.
func Unmarshal[T ~uint8](kind string, w Words, i *T, text []byte) error {
	n := slices.Index(w, string(text))
	if n < 0 {
		return fmt.Errorf("%s: no value %q", kind, text)
	}
	*i = T(n)
	return nil
}
