package runfile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/verdict"
)

// withTexts is a domain without mail hosts, with answers about its MTA-STS and its TLSRPT records; nil = not asked.
func withTexts(t *testing.T, sts, tlsrpt *resolve.Answer) scanner.Result {
	t.Helper()
	r := scanner.Result{Input: "a.example", Started: day}
	var err error
	if r.Target, err = name.ParseTarget(r.Input); err != nil {
		t.Fatal(err)
	}
	r.Facts = verdict.Facts{Domain: r.Target.Name, MX: mx.Set{Kind: mx.None}, TLSRPT: tlsrpt}
	if sts != nil {
		r.Facts.STS = &mtasts.Facts{Record: *sts}
	}
	return r
}

// TestAbsent: of each answer that a domain has in place of records there is the same after reading, and the usual ones take
// two words.
func TestAbsent(t *testing.T) {
	t.Parallel()
	answers := []*resolve.Answer{
		nil, {},
		{Status: resolve.NoData, Trust: resolve.Secure, Expires: day},
		{Status: resolve.NXDomain, Trust: resolve.Insecure, Aliases: []name.Name{name.MustParse("b.example")}},
		{Status: resolve.Failed, Err: &resolve.Error{Kind: resolve.Timeout, Name: "a.example", Type: "TXT"}},
		{Status: resolve.Found, Trust: resolve.Insecure, TXT: []string{"v=spf1 -all"}, TTL: time.Hour},
	}
	for _, status := range []resolve.Status{resolve.NoData, resolve.NXDomain} {
		for trust := resolve.TrustUnknown; trust <= resolve.Bogus; trust++ {
			answers = append(answers, &resolve.Answer{Status: status, Trust: trust})
		}
	}
	var want []scanner.Result
	for _, sts := range answers {
		for _, tlsrpt := range answers {
			want = append(want, withTexts(t, sts, tlsrpt))
		}
	}
	file := write(t, false, &Tail{}, listed(want...)...)
	_, got, _, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	const each = `"no_mta_sts":"nodata insecure","no_tlsrpt":"nxdomain secure",`
	if n := strings.Count(string(file), each); n != 1 {
		t.Errorf("%s is there %d times", each, n)
	}
}

// TestAbsentDamaged: words that are none are an error with the line.
func TestAbsentDamaged(t *testing.T) {
	t.Parallel()
	none := &resolve.Answer{Status: resolve.NoData, Trust: resolve.Insecure}
	good := string(write(t, false, &Tail{}, withTexts(t, none, none)))
	for _, field := range []string{"no_mta_sts", "no_tlsrpt"} {
		for words, want := range map[string]string{
			"nodata": "it takes a status and a trust", "absent insecure": `status: no value "absent"`,
			"nodata sure": `trust: no value "sure"`, " ": `status: no value ""`,
		} {
			bad := strings.Replace(good, fmt.Sprintf(`"%s":"nodata insecure"`, field), fmt.Sprintf(`"%s":"%s"`, field, words), 1)
			_, _, _, err := read([]byte(bad))
			if want := "line 3: " + field + ": " + want; err == nil || err.Error() != want {
				t.Errorf("%s %q: %v, want %q", field, words, err, want)
			}
		}
	}
}
