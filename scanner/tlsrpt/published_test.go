package tlsrpt

import (
	"strings"
	"testing"

	"mxtls/testdata/published"
)

func TestPublishedRecords(t *testing.T) {
	t.Parallel()
	for _, p := range published.TLSRPTRecords(t) {
		r, _, err := ParseRecord(p.Text)
		texts := make([]string, len(r.RUA))
		for i, u := range r.RUA {
			texts[i] = u.Text
		}
		got := strings.Join(texts, " ")
		if err != nil {
			got = published.Invalid(err)
		}
		if got != p.Want {
			t.Errorf("%s: %s\nwant %s", p.Name, got, p.Want)
		}
	}
}
