package truth_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"mxtls/scanner/truth"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for value, want := range map[truth.Truth]string{truth.Unknown: "unknown", truth.No: "no", truth.Yes: "yes"} {
		if got := value.String(); got != want {
			t.Errorf("%d.String() = %q, want %q", value, got, want)
		}
		text, err := json.Marshal(value)
		if err != nil || string(text) != `"`+want+`"` {
			t.Errorf("%v as JSON = %s, %v", value, text, err)
		}
		back := truth.Truth(99)
		if err := json.Unmarshal(text, &back); err != nil || back != value {
			t.Errorf("%s from JSON = %v, %v", text, back, err)
		}
	}
}

func TestOutside(t *testing.T) {
	t.Parallel()
	beyond := truth.Yes + 1
	if got, want := beyond.String(), "truth(3)"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	if text, err := beyond.MarshalText(); err == nil {
		t.Errorf("MarshalText() = %q, want an error", text)
	}
	value := truth.Yes
	if err := value.UnmarshalText([]byte("true")); err == nil || value != truth.Yes {
		t.Errorf("UnmarshalText: %v, %v; want an error and the value left alone", value, err)
	}
}

func TestZeroIsUnknown(t *testing.T) {
	t.Parallel()
	var zero truth.Truth
	if zero != truth.Unknown {
		t.Errorf("zero value = %v", zero)
	}
}

func ExampleOf() {
	fmt.Println(truth.Of(true), truth.Of(false))
	// Output: yes no
}
