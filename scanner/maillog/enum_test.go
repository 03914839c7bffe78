package maillog

import (
	"encoding"
	"testing"
)

// TestEnums: every value has a word of its own, which reads back as that value.
func TestEnums(t *testing.T) {
	t.Parallel()
	each(t, "direction", directionWords, func(i int) encoding.TextMarshaler { return Direction(i) }, new(Direction))
	each(t, "status", statusWords, func(i int) encoding.TextMarshaler { return Status(i) }, new(Status))
	each(t, "kind", kindWords, func(i int) encoding.TextMarshaler { return Kind(i) }, new(Kind))
	each(t, "software", softwareWords, func(i int) encoding.TextMarshaler { return Software(i) }, new(Software))
	each(t, "reason", reasonWords, func(i int) encoding.TextMarshaler { return Reason(i) }, new(Reason))
}

func each(t *testing.T, name string, words []string, value func(int) encoding.TextMarshaler, back interface {
	encoding.TextUnmarshaler
	String() string
}) {
	t.Helper()
	seen := map[string]bool{}
	for i, want := range words {
		text, err := value(i).MarshalText()
		if err != nil || string(text) != want || seen[want] {
			t.Errorf("%s %d: %q, %v, want %q and no other", name, i, text, err, want)
		}
		seen[want] = true
		if err := back.UnmarshalText(text); err != nil || back.String() != want {
			t.Errorf("%s %q reads back as %q, %v", name, want, back, err)
		}
	}
	if _, err := value(len(words)).MarshalText(); err == nil {
		t.Errorf("%s has a value %d without a word", name, len(words))
	}
}

// TestReasonsAreExplained: every reason has its words, and Reasons names each.
func TestReasonsAreExplained(t *testing.T) {
	t.Parallel()
	if len(reasonWords) != int(reasonEnd) || len(reasonTexts) != int(reasonEnd) || len(Reasons()) != int(reasonEnd)-1 {
		t.Fatalf("%d words, %d texts for %d reasons", len(reasonWords), len(reasonTexts), reasonEnd)
	}
	for _, r := range Reasons() {
		if r.Meaning() == "" || r.Fix() == "" {
			t.Errorf("%v has no words", r)
		}
	}
	if reasonEnd.Meaning() != "" || ReasonNone.Fix() != "" {
		t.Error("there are words for no reason")
	}
}
