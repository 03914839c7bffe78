package starttls

import (
	"encoding"
	"errors"
	"slices"
	"strings"
	"testing"
)

// roundTrip walks every value of an enum through its text and back.
func roundTrip[T interface {
	~uint8
	String() string
	encoding.TextMarshaler
}, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, words []string) {
	t.Helper()
	for n := range words {
		v := T(n)
		text, err := v.MarshalText()
		if err != nil || string(text) != v.String() {
			t.Errorf("value %d: text %q, string %q, %v", n, text, v, err)
		}
		var back T
		if err := P(&back).UnmarshalText(text); err != nil || back != v {
			t.Errorf("%q: back as %v, %v", text, back, err)
		}
		if slices.Index(words, v.String()) != n {
			t.Errorf("value %d: %q stands for another value too", n, v)
		}
	}
	beyond := T(len(words))
	if text, err := beyond.MarshalText(); err == nil {
		t.Errorf("a value beyond the last is %q", text)
	}
	if err := P(&beyond).UnmarshalText([]byte("no such word")); err == nil {
		t.Errorf("no such word is %v", beyond)
	}
}

func TestEnums(t *testing.T) {
	t.Parallel()
	roundTrip[Stage](t, stageWords)
	roundTrip[Reason](t, reasonWords)
	if len(stageWords) != int(Done)+1 || len(reasonWords) != int(InternalError)+1 {
		t.Errorf("%d words for stages, %d for reasons", len(stageWords), len(reasonWords))
	}
	for _, word := range reasonWords {
		if strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			t.Errorf("%q is no code", word)
		}
	}
}

func TestTemporary(t *testing.T) {
	t.Parallel()
	want := []Reason{
		NotTested, ConnectTimeout, GreetingTimeout, GreetingClosed, TooManyConnections, GreetingTemporary,
		EHLOTemporary, StartTLSTemporary, AfterTLSTemporary,
	}
	for r := range Reason(len(reasonWords)) {
		if got := r.Temporary(); got != slices.Contains(want, r) {
			t.Errorf("%v: temporary %v", r, got)
		}
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := error(&Error{Stage: EHLO, Reason: StartTLSNotSupported, Text: "why", Err: cause})
	if got, want := err.Error(), "ehlo: starttls-not-supported: why"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
}
