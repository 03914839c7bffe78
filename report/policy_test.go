package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner"
	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/tlsrpt"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// withDANE gives a server a TLSA record of its key, and a judgement on it.
func withDANE(s verdict.Server, status dane.Status) verdict.Server {
	record := resolve.TLSA{Usage: 3, Selector: 1, Matching: 1, Data: []byte(strings.Repeat("\xab", 32))}
	s.TLSA = dane.Records{Found: true, Base: s.Host, TLSA: []resolve.TLSA{record}, Expires: at.AddDate(0, 0, 9)}
	s.DANE = dane.Outcome{Status: status, Base: s.Host, By: -1, Records: []dane.Record{{TLSA: record, Usability: dane.Usable, Fits: -1}}}
	switch status {
	case dane.Match:
		s.DANE.By, s.DANE.Records[0].Fits, s.DANE.Notes = 0, 0, []dane.Note{dane.NoSpareRecord}
		s.DANE.Chain.Chain.Key = "ECDSA P-256"
	case dane.Mismatch:
		s.DANE.Reason, s.DANE.Text = dane.TLSAInvalid, "no TLSA record fits"
	}
	s.Shown = []dane.Outcome{s.DANE}
	return s
}

// policied are results of domains that publish something.
func policied() []grouped {
	trusted := chain(pkix.Trusted, pkix.ReasonNone, at.AddDate(0, 1, 20), "mx.example.net")
	signed := domain("signed.example", "example.net", withDANE(encrypts(50, trusted, truth.Yes), dane.Match),
		withDANE(encrypts(51, trusted, truth.Yes), dane.Mismatch))
	signed.Facts.DANE = dane.Degraded
	signed.Verdict.Effective = verdict.Effective{RFC: verdict.ByDANE, Postfix: verdict.ByDANE, PostfixMap: verdict.ByDANE, Mox: verdict.ByDANE}
	sts := domain("sts.example", "example.net", encrypts(52, trusted, truth.Yes), encrypts(53, trusted, truth.Yes))
	pattern, _ := mtasts.ParsePattern("*.example.org")
	sts.Facts.STS = &mtasts.Facts{}
	sts.Facts.Policy = mtasts.Outcome{Status: mtasts.Valid, ID: "20261101T0", Policy: mtasts.Policy{Mode: mtasts.Enforce,
		MaxAge: 7 * 24 * time.Hour, MX: []mtasts.Pattern{pattern}}}
	sts.Facts.Servers[0].Fit = &mtasts.Fit{Passes: truth.Yes}
	sts.Facts.Servers[1].Fit = &mtasts.Fit{Passes: truth.No, Fault: mtasts.NotListed}
	sts.Facts.Reports = tlsrpt.Outcome{Status: tlsrpt.Valid, RUA: []string{"mailto:tls@example.org", "https://example.org/|x|"}}
	sts.Verdict.Effective = verdict.Effective{RFC: verdict.BySTS, Postfix: verdict.Opportunistic, PostfixMap: verdict.BySTS, Mox: verdict.BySTS}
	return []grouped{{"list.txt", signed}, {"list.txt", sts}}
}

func TestPolicyText(t *testing.T) {
	t.Parallel()
	server := verdict.Server{Host: name.MustParse("mx.example.net")}
	found := server
	found.TLSA.Found = true
	unjudged := server
	unjudged.DANE.Reason = dane.ResolverNotTrusted
	enforce := mtasts.Policy{Mode: mtasts.Enforce}
	for want, f := range map[string]verdict.Facts{
		"DANE":          {DANE: dane.Full, Policy: mtasts.Outcome{Status: mtasts.None}},
		"DANE half":     {DANE: dane.Half},
		"DANE partial":  {DANE: dane.Partial},
		"DANE fails":    {DANE: dane.Failing},
		"DANE unusable": {DANE: dane.TLSOnly},
		"DANE ?":        {DANE: dane.LevelUnknown, Servers: []verdict.Server{found}},
		"DANE+STS":      {DANE: dane.Full, Policy: mtasts.Outcome{Status: mtasts.Valid, Policy: enforce}},
		"STS enforce":   {DANE: dane.Absent, Policy: mtasts.Outcome{Status: mtasts.Valid, Policy: enforce}},
		"STS testing":   {Policy: mtasts.Outcome{Status: mtasts.Valid, Policy: mtasts.Policy{Mode: mtasts.Testing}}},
		"STS broken":    {Policy: mtasts.Outcome{Status: mtasts.FetchError}},
		"?":             {STS: &mtasts.Facts{}},
		"":              {},
		"-":             {DANE: dane.Absent, Policy: mtasts.Outcome{Status: mtasts.None}},
	} {
		if f.Servers == nil {
			f.Servers = []verdict.Server{server}
		}
		if got := policyText(&scanner.Result{Facts: f}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f := verdict.Facts{Policy: mtasts.Outcome{Status: mtasts.None}, Servers: []verdict.Server{unjudged}}
	if got := policyText(&scanner.Result{Facts: f}); got != "-" {
		t.Errorf("where DANE is not judged at all: %q", got)
	}
}

// TestPolicyJSON: the names are the ones that are promised.
func TestPolicyJSON(t *testing.T) {
	t.Parallel()
	results := policied()
	line, err := marshal(newDomainJSON("", &results[0].result))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		DANELevel string `json:"dane_level"`
		Servers   []struct {
			DANE struct {
				Status, Reason string
				BaseDomain     string `json:"base_domain"`
				Records        []struct {
					Usage, Selector, Matching int
					Data                      string
					Usable, Matched           bool
					Matches                   []string
				}
			}
			REQUIRETLS string `json:"requiretls"`
		}
		MTASTS struct {
			Status         string
			ServersFailing []string `json:"servers_failing"`
		} `json:"mta_sts"`
	}
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	d := got.Servers[0].DANE
	if got.DANELevel != "degraded" || d.Status != "match" || d.BaseDomain != "mx50.example.net" || len(d.Records) != 1 ||
		d.Records[0].Usage != 3 || !d.Records[0].Usable || !d.Records[0].Matched ||
		!cmp.Equal(d.Records[0].Matches, []string{"ECDSA P-256"}) || len(d.Records[0].Data) != 64 {
		t.Errorf("%s", line)
	}
	if other := got.Servers[1].DANE; other.Status != "mismatch" || other.Reason != "tlsa-invalid" || other.Records[0].Matched {
		t.Errorf("%+v", other)
	}
	sts := newDomainJSON("", &results[1].result).MTASTS
	want := MTASTSJSON{Status: "valid", Mode: "enforce", ID: "20261101T0", MaxAge: 604800, MX: []string{"*.example.org"},
		ServersFailing: []string{"mx53.example.net"}}
	if diff := cmp.Diff(want, sts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
