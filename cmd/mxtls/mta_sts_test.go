//go:build mta

package main_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// stsCases are domains with MTA-STS, whose policies nginx serves (testdata/mta/nginx/nginx.conf): status, mode and
// reason; whether the server passes; what the RFCs' sender goes by; the findings that speak of the policy.
var stsCases = map[string]string{
	"sts-good":      "valid enforce yes mta-sts",
	"sts-dane":      "valid enforce yes dane no_tlsrpt",
	"sts-testing":   "valid testing no opportunistic no_tlsrpt sts_not_enforced sts_server_fails",
	"sts-off":       "valid none unknown opportunistic sts_not_enforced",
	"sts-other":     "valid enforce no mta-sts no_tlsrpt sts_server_fails",
	"sts-wrongname": "valid enforce no mta-sts no_tlsrpt sts_server_fails",
	"sts-short":     "valid enforce yes mta-sts no_tlsrpt sts_max_age_below_day",
	"sts-html":      "valid enforce yes mta-sts no_tlsrpt sts_content_type",
	"sts-syntax":    "invalid enforce sts-policy-invalid unknown opportunistic sts-policy-invalid",
	"sts-redirect":  "fetch_error sts-policy-fetch-error unknown opportunistic sts-policy-fetch-error",
	"sts-missing":   "fetch_error sts-policy-fetch-error unknown opportunistic sts-policy-fetch-error",
	"sts-gone":      "fetch_error sts-policy-fetch-error unknown opportunistic sts-policy-fetch-error",
	"sts-elsewhere": "fetch_error sts-webpki-invalid unknown opportunistic sts-webpki-invalid",
	"sts-stranger":  "fetch_error sts-webpki-invalid unknown opportunistic sts-webpki-invalid",
	"sts-expired":   "fetch_error sts-webpki-invalid unknown opportunistic sts-webpki-invalid",
	"sts-record":    "invalid several_records unknown opportunistic sts_record_invalid",
}

// checkSTS compares with the table what scan says of domains with MTA-STS.
func (l *lab) checkSTS(t *testing.T, _ []string, _ []domainLine) {
	var domains []string
	for _, name := range slices.Sorted(maps.Keys(stsCases)) {
		domains = append(domains, name+".mta-dane.test")
	}
	decoder := json.NewDecoder(bytes.NewReader(l.scan(t, domains, "-o", "jsonl", "--https-port", "8443")))
	seen := 0
	for decoder.More() {
		var line struct {
			Type, Domain string
			STS          struct{ Status, Mode, Reason string } `json:"mta_sts"`
			Servers      []struct {
				Passes string `json:"mta_sts_passes"`
			}
			Effective struct{ RFC string } `json:"effective_policy"`
			Findings  []findingLine
		}
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.Type != "domain" {
			continue
		}
		seen++
		words := []string{line.STS.Status, line.STS.Mode, line.STS.Reason}
		for _, s := range line.Servers {
			words = append(words, s.Passes)
		}
		words = append(words, line.Effective.RFC)
		var codes []string
		for _, f := range line.Findings {
			if strings.HasPrefix(f.Code, "sts") || strings.Contains(f.Code, "tlsrpt") {
				codes = append(codes, f.Code)
			}
		}
		slices.Sort(codes)
		got := strings.Join(slices.DeleteFunc(append(words, codes...), func(s string) bool { return s == "" }), " ")
		name, _, _ := strings.Cut(line.Domain, ".")
		if want := stsCases[name]; got != want {
			t.Errorf("%s:\n got %s\nwant %s", line.Domain, got, want)
		}
	}
	if seen != len(stsCases) {
		t.Errorf("%d domains of %d", seen, len(stsCases))
	}
}
