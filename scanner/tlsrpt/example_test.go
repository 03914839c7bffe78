package tlsrpt_test

import (
	"fmt"

	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/tlsrpt"
)

func ExampleJudge() {
	answer := resolve.Answer{Status: resolve.Found, TXT: []string{
		"v=TLSRPTv1; rua=mailto:tls@example.com,https://reports.example.net/v1",
	}}
	o := tlsrpt.Judge(name.MustParse("example.com"), answer)
	fmt.Println(o.Status, o.RUA)
	for _, w := range o.Warnings {
		fmt.Println(w.Code, w.Text)
	}
	// Output:
	// valid [mailto:tls@example.com https://reports.example.net/v1]
	// external_report_domain reports go outside, to [reports.example.net]
}
