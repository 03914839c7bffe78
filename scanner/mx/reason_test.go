package mx

import (
	"encoding"
	"fmt"
	"strings"
	"testing"

	"mxtls/scanner/resolve"
)

// Every kind of failure there is or will be has a reason, and none says that something does not exist.
func TestReasonOf(t *testing.T) {
	t.Parallel()
	want := map[resolve.Kind]Reason{
		resolve.KindNone:     LookupFailed,
		resolve.Timeout:      LookupTimeout,
		resolve.ServFail:     LookupServFail,
		resolve.Refused:      LookupRefused,
		resolve.BogusAnswer:  LookupBogus,
		resolve.OtherRcode:   LookupFailed,
		resolve.Malformed:    LookupMalformed,
		resolve.CNAMELoop:    LookupCNAMELoop,
		resolve.CNAMETooLong: LookupCNAMELoop,
		resolve.TooLarge:     LookupTooLarge,
		resolve.Network:      LookupFailed,
		resolve.Down:         ResolverDown,
		resolve.Canceled:     LookupFailed,
	}
	kinds := 0
	for k := resolve.Kind(0); ; k++ {
		if _, err := k.MarshalText(); err != nil {
			break
		}
		kinds++
		reason, ok := want[k]
		if got := ReasonOf(&resolve.Error{Kind: k}); !ok || got != reason {
			t.Errorf("%v: %v, want %v", k, got, reason)
		}
	}
	if kinds != len(want) {
		t.Errorf("%d kinds, %d in the table", kinds, len(want))
	}
	if got := ReasonOf(nil); got != ReasonNone {
		t.Errorf("no failure: %v", got)
	}
}

// words walks an enum's values up to the last: each has a word of its own that reads back as itself.
func words[T ~uint8, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, last T, marshal func(T) ([]byte, error)) {
	t.Helper()
	seen := make(map[string]bool)
	for v := T(0); v <= last; v++ {
		text, err := marshal(v)
		if err != nil || seen[string(text)] || fmt.Sprint(v) != string(text) || strings.Contains(string(text), " ") {
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
	words(t, Invalid, Kind.MarshalText)
	words(t, OptedOut, Reason.MarshalText)
}
