package received

import (
	"encoding"
	"fmt"
	"testing"
)

// TestEnums walks every value of every enum: a word of its own that comes back, and none beyond the last.
func TestEnums(t *testing.T) {
	t.Parallel()
	walk(t, len(versionWords), TLSv13, func() *Version { return new(Version) })
	walk(t, len(reasonWords), TooLong, func() *Reason { return new(Reason) })
}

type enumValue interface {
	~uint8
	fmt.Stringer
	encoding.TextMarshaler
}

func walk[T enumValue, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, words int, last T, zero func() P) {
	t.Helper()
	if words != int(last)+1 {
		t.Errorf("%T: %d words for %d values", last, words, int(last)+1)
	}
	seen := map[string]bool{}
	for i := range last + 1 {
		text, err := i.MarshalText()
		if err != nil || string(text) != i.String() || len(text) == 0 || seen[string(text)] {
			t.Errorf("%T %d: %q, %q, %v", i, uint8(i), text, i, err)
		}
		seen[string(text)] = true
		back := zero()
		if err := back.UnmarshalText(text); err != nil || *back != i {
			t.Errorf("%q came back as %v, %v", text, *back, err)
		}
	}
	if _, err := (last + 1).MarshalText(); err == nil {
		t.Errorf("%T has a word for %d", last, last+1)
	}
	if err := zero().UnmarshalText([]byte("no such word")); err == nil {
		t.Errorf("%T takes any word", last)
	}
}
