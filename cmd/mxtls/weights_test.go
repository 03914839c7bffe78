package main

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseWeights(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       weights
		err        string
	}{
		{"nothing", "", weights{}, ""},
		{"CSV", "example.com,3\nexample.org,4\n", weights{"example.com": 3, "example.org": 4}, ""},
		{"header, quotes, byte order mark, CRLF", "\ufeffDomain;Count\r\n\"Example.COM\";\"3\"\r\n",
			weights{"example.com": 3}, ""},
		{"byte order mark without a header", "\ufeffexample.com,3", weights{"example.com": 3}, ""},
		{"uniq -c", "     12 example.com\n      1 example.org\n", weights{"example.com": 12, "example.org": 1}, ""},
		{"TAB, comment, empty lines", "# sent in May\n\nexample.com\t7\n", weights{"example.com": 7}, ""},
		{"addresses and other spellings add up", "a@example.com,1\nEXAMPLE.com.,2\n", weights{"example.com": 3}, ""},
		{"next-hops", "[mx.example.com]:587,2\n", weights{"[mx.example.com]:587": 2}, ""},
		{"IDN", "münchen.example,2\n", weights{"xn--mnchen-3ya.example": 2}, ""},
		{"as many as there can be", "a.example,9223372036854775807\na.example,5\n", weights{"a.example": math.MaxInt64}, ""},
		{"more than there can be", "a.example,9223372036854775808\n", nil, "line 1: the count is larger"},
		{"no count below the header", "domain,count\nexample.com\n", nil, "line 2: no count"},
		{"negative", "example.com,1\nexample.com,-1\n", nil, "line 2: no count"},
		{"no domain", "5\n", nil, "line 1: "},
		{"thousands", "a.example,1,234\n", nil, "line 1: two numbers"},
		{"thousands in quotes", "domain,count\na.example,\"1,234\"\n", nil, "line 2: two numbers"},
		{"a line without an end", "a.example,1\n" + strings.Repeat("x", 1<<17), nil, "a line has more than 65536 octets"},
		{"no domain either", "no/domain,6\n", nil, "line 1: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseWeights(strings.NewReader(tt.text))
			if tt.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParseWeights(f *testing.F) {
	f.Add("example.com,3\n")
	f.Add("\ufeffDomain;Count\r\n\"Example.COM\";\"3\"\r\n 5 example.org")
	f.Fuzz(func(t *testing.T, text string) {
		w, err := parseWeights(strings.NewReader(text))
		if (w == nil) == (err == nil) {
			t.Fatalf("%v and %v", w, err)
		}
		for domain, count := range w {
			if count < 0 || domain == "" {
				t.Errorf("%q has %d", domain, count)
			}
		}
	})
}
