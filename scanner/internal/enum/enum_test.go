package enum

import "testing"

type colour uint8

const (
	unknown colour = iota
	red
	green
)

var words = Words{"unknown", "red", "green"}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for i, want := range words {
		c := colour(i)
		if got := String("colour", words, c); got != want {
			t.Errorf("String(%d) = %q, want %q", i, got, want)
		}
		text, err := Marshal("colour", words, c)
		if err != nil || string(text) != want {
			t.Errorf("Marshal(%d) = %q, %v, want %q", i, text, err, want)
		}
		back := colour(99)
		if err := Unmarshal("colour", words, &back, text); err != nil || back != c {
			t.Errorf("Unmarshal(%q) = %d, %v, want %d", text, back, err, c)
		}
	}
}

func TestOutside(t *testing.T) {
	t.Parallel()
	const beyond = green + 1
	if got, want := String("colour", words, beyond), "colour(3)"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	text, err := Marshal("colour", words, beyond)
	if want := "colour: no value 3"; err == nil || err.Error() != want || text != nil {
		t.Errorf("Marshal = %q, %v, want error %q", text, err, want)
	}
	for _, word := range []string{"", "blue", "Red", "red ", "colour(1)", "1"} {
		c := red
		err := Unmarshal("colour", words, &c, []byte(word))
		if err == nil || c != red {
			t.Errorf("Unmarshal(%q): value %d, error %v; want an error and the value left alone", word, c, err)
		}
	}
	var c colour
	err = Unmarshal("colour", words, &c, []byte("\x1b[2J"))
	if want := `colour: no value "\x1b[2J"`; err == nil || err.Error() != want || c != unknown {
		t.Errorf("Unmarshal = %v, want %q", err, want)
	}
}
