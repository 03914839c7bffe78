package report_test

import (
	"fmt"
	"os"
	"time"

	"mxtls/report"
	"mxtls/scanner"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// A report is begun once, takes each result as it comes, and is ended with their summary.
func ExampleNew() {
	w, err := report.New(report.Table, os.Stdout, report.Options{Width: 80})
	if err != nil {
		fmt.Println(err)
		return
	}
	target, _ := name.ParseTarget("example.com")
	result := scanner.Result{Input: "example.com", Target: target,
		Facts: verdict.Facts{Domain: target.Name, MX: mx.Set{Kind: mx.Null, Reason: mx.NullMX}}}

	var summary report.Summary
	summary.Add("", &result)
	w.Begin(report.Run{Started: time.Date(2026, 11, 23, 10, 29, 0, 0, time.UTC), EHLO: "mx.example.org",
		Roots: report.Roots{Source: "embedded", Count: 140}, Resolvers: []string{"127.0.0.1:53"}, Validating: truth.Yes})
	w.Add("", result)
	if err := w.End(summary); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Email encryption in transit · 1 domain, 0 mail servers · 2026-11-23 10:29 UTC
	// Roots: Mozilla's, embedded (140) · resolver 127.0.0.1 (validating)
	//   EHLO mx.example.org
	//
	//     Domain       Via  Encrypted  TLS  Certificate
	//   – example.com                  takes no mail (null MX)
	//
	// Domains  1 with a null MX
	//
	// – takes no mail, or does not exist
}

func ExampleEscape() {
	fmt.Println(report.Escape("220 mx.example.com \x1b[2J ESMTP"))
	// Output: 220 mx.example.com \x1b[2J ESMTP
}
