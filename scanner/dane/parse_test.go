package dane_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/dane"
	"mxtls/scanner/resolve"
)

func TestParseTLSA(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       resolve.TLSA
		err        string
	}{
		{"as in a zone", "3 1 1 0aFF", resolve.TLSA{Usage: 3, Selector: 1, Matching: 1, Data: []byte{10, 255}}, ""},
		{"blanks in the data", " 2\t0 2  0a ff 01 ", resolve.TLSA{Usage: 2, Matching: 2, Data: []byte{10, 255, 1}}, ""},
		{"the largest numbers", "255 255 255 00",
			resolve.TLSA{Usage: 255, Selector: 255, Matching: 255, Data: []byte{0}}, ""},
		{"nothing", "", resolve.TLSA{}, "is not of the form \"3 1 1 d6a1\": usage, selector, matching type, data in hex"},
		{"no data", "3 1 1", resolve.TLSA{}, "is not of the form \"3 1 1 d6a1\": usage, selector, matching type, data in hex"},
		{"usage too large", "256 1 1 00", resolve.TLSA{}, `has the usage "256", which is no number from 0 to 255`},
		{"selector in words", "3 SPKI 1 00", resolve.TLSA{}, `has the selector "SPKI", which is no number from 0 to 255`},
		{"negative matching type", "3 1 -1 00", resolve.TLSA{},
			`has the matching type "-1", which is no number from 0 to 255`},
		{"half an octet", "3 1 1 abc", resolve.TLSA{}, "has 3 hex digits, and an octet takes two"},
		{"base64", "3 1 1 q7x=", resolve.TLSA{}, "has data that is not in hex"},
		{"too much", "3 0 0 " + strings.Repeat("00", 65533), resolve.TLSA{},
			"has more data than a record can hold, 65532 octets"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := dane.ParseTLSA(tt.text)
			if text := fmt.Sprint(err); tt.err == "" && err != nil || tt.err != "" && text != tt.err {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, err := dane.ParseTLSA("3 0 0 " + strings.Repeat("00", 65532)); err != nil {
		t.Errorf("as much as a record can hold: %v", err)
	}
}

// FuzzParseTLSA: what was read, written as a zone file has it, is read as the same.
func FuzzParseTLSA(f *testing.F) {
	for _, seed := range []string{"3 1 1 0aFF", "2 0 2 0a ff", "3 1 1", "256 1 1 00", "3 1 1 abc", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := dane.ParseTLSA(text)
		if err != nil {
			return
		}
		again, err := dane.ParseTLSA(fmt.Sprintf("%d %d %d %x", r.Usage, r.Selector, r.Matching, r.Data))
		if diff := cmp.Diff(r, again); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
	})
}
