package mtasts

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mxtls/testdata/published"
)

// readPolicy is a policy in the words of testdata/published.
func readPolicy(text string) string {
	p, _, err := ParsePolicy([]byte(text))
	if broken, ok := errors.AsType[*SyntaxError](err); ok {
		return "invalid " + broken.Rule
	}
	words := []string{p.Mode.String(), fmt.Sprint(int64(p.MaxAge.Seconds()))}
	for _, pattern := range p.MX {
		words = append(words, pattern.String())
	}
	return strings.Join(words, " ")
}

func TestPublishedPolicies(t *testing.T) {
	t.Parallel()
	for _, p := range published.Policies(t) {
		if got := readPolicy(p.Text); got != p.Want {
			t.Errorf("%s: %s\nwant %s", p.Name, got, p.Want)
		}
	}
}

func TestPublishedRecords(t *testing.T) {
	t.Parallel()
	for _, p := range published.STSRecords(t) {
		r, _, err := ParseRecord(p.Text)
		got := r.ID
		if err != nil {
			got = published.Invalid(err)
		}
		if got != p.Want {
			t.Errorf("%s: %s\nwant %s", p.Name, got, p.Want)
		}
	}
}
