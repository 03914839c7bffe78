package postfix

import (
	"encoding"
	"fmt"
	"slices"
	"testing"
)

// enumerated is a pointer to a value of an enum.
type enumerated[T any] interface {
	*T
	encoding.TextUnmarshaler
}

func roundTrip[T interface {
	~uint8
	fmt.Stringer
	encoding.TextMarshaler
}, P enumerated[T]](t *testing.T, words ...string) {
	t.Helper()
	for i, want := range words {
		value := T(i)
		text, err := value.MarshalText()
		if err != nil || string(text) != want || value.String() != want {
			t.Errorf("%T %d is %q, %q, %v; want %q", value, i, value.String(), text, err, want)
		}
		var back T
		if err := P(&back).UnmarshalText(text); err != nil || back != value {
			t.Errorf("%q is %v, %v", text, back, err)
		}
	}
	if text, err := T(len(words)).MarshalText(); err == nil {
		t.Errorf("%T has a value more: %s", T(0), text)
	}
	var back T
	if err := P(&back).UnmarshalText([]byte("nonsense")); err == nil {
		t.Errorf("%T takes nonsense", back)
	}
}

func TestEnums(t *testing.T) {
	t.Parallel()
	roundTrip[Level](t, "unknown", "none", "may", "encrypt", "dane", "dane-only", "fingerprint", "verify", "secure")
	roundTrip[Outcome](t, "unknown", "encrypted", "plaintext", "deferred", "bounced")
	roundTrip[Word](t, "", "Anonymous", "Untrusted", "Trusted", "Verified")
	roundTrip[ProblemKind](t, "", "syntax_error", "invalid_policy", "duplicate_key", "never_matched",
		"stale", "useless", "contradictory")
}

func TestLevels(t *testing.T) {
	t.Parallel()
	if len(Levels()) != len(levelWords)-1 || len(strength) != len(levelWords) || len(badness) != len(outcomeWords) {
		t.Error("a level or an outcome has no place")
	}
	for i, l := range Levels() {
		if l != Level(i+1) || !slices.Contains(strength, l) {
			t.Errorf("%s is out of place", l)
		}
	}
	if !Bounced.Worse(Deferred) || !Plaintext.Worse(Unknown) || Encrypted.Worse(Unknown) || Deferred.Worse(Deferred) {
		t.Error("outcomes are out of order")
	}
	if Fingerprint.stronger(Dane) || !Secure.stronger(Verify) || !Encrypt.stronger(May) {
		t.Error("levels are out of order")
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Version{"3.7.11": {3, 7}, "3.10": {3, 10}, "3.0.17": {3, 0}, "1.1.1n": {1, 1},
		" 2.11 ": {2, 11}, "3.11-20260101": {3, 11}} {
		v, err := ParseVersion(s)
		if err != nil || v != want {
			t.Errorf("%q: %v, %v", s, v, err)
		}
		if back, err := ParseVersion(v.String()); err != nil || back != v {
			t.Errorf("%s again: %v, %v", v, back, err)
		}
	}
	for _, s := range []string{"", "3", "three.seven", "3.", ".7", "-3.7", "0.9", "3.70000", "99999999.1"} {
		if v, err := ParseVersion(s); err == nil {
			t.Errorf("%q is %v", s, v)
		}
	}
	v := Version{3, 10}
	if !v.AtLeast(3, 9) || !v.AtLeast(2, 11) || v.AtLeast(3, 11) || v.AtLeast(4, 0) || !v.AtLeast(3, 10) {
		t.Error("3.10 is out of order")
	}
	if (Version{}).String() != "" {
		t.Error("no version has a text")
	}
}
