package dane

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
	words(t, Failed, Status.MarshalText)
	words(t, CannotTell, Reason.MarshalText)
	words(t, BadKey, Usability.MarshalText)
	words(t, AtDomain, Note.MarshalText)
	words(t, Absent, Level.MarshalText)
}

// Every note comes with advice, and every lookup that found nothing with words.
func TestAdvice(t *testing.T) {
	t.Parallel()
	for n := NoteUnknown + 1; n <= AtDomain; n++ {
		if n.Advice() == "" {
			t.Errorf("%v: no advice", n)
		}
	}
	if text := NoteUnknown.Advice() + (AtDomain + 1).Advice(); text != "" {
		t.Errorf("advice on no note: %q", text)
	}
	for r := NoRecord; r <= NoAddress; r++ {
		f := Records{Status: None, Reason: r}
		if text := f.text(); (text == "") != (r == LookupFailed) { // which has an error's words
			t.Errorf("%v: %q", r, text)
		}
	}
}
