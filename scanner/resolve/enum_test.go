package resolve

import (
	"encoding"
	"fmt"
	"testing"
)

// words walks an enum's values up to the last: each has a word of its own that reads back as itself.
func words[T ~uint8, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, last T, marshal func(T) ([]byte, error)) {
	t.Helper()
	seen := make(map[string]bool)
	for v := T(0); v <= last; v++ {
		text, err := marshal(v)
		if err != nil || seen[string(text)] || fmt.Sprint(v) != string(text) {
			t.Errorf("%T %d: %q, %v", v, uint8(v), text, err)
		}
		seen[string(text)] = true
		var back T
		if err := P(&back).UnmarshalText(text); err != nil || back != v {
			t.Errorf("%q reads back as %v, %v", text, back, err)
		}
	}
	if text, err := marshal(last + 1); err == nil {
		t.Errorf("%T has a word beyond its last value: %q", last, text)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	words(t, Bogus, Trust.MarshalText)
	words(t, Failed, Status.MarshalText)
	words(t, Canceled, Kind.MarshalText)
}

func TestWeakest(t *testing.T) {
	t.Parallel()
	order := []Trust{Bogus, TrustUnknown, Insecure, Secure}
	for i, a := range order {
		for j, b := range order {
			if got := Weakest(a, b); got != order[min(i, j)] {
				t.Errorf("%v and %v: %v", a, b, got)
			}
		}
	}
}
