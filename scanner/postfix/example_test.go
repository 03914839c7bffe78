package postfix_test

import (
	"fmt"
	"strings"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/postfix"
)

func ExamplePredict() {
	settings, err := postfix.ParseMainCF(strings.NewReader("smtp_tls_security_level = may\nsmtp_tls_loglevel = 1\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := postfix.NewConfig(settings, postfix.Options{})
	for _, r := range cfg.Remarks() {
		fmt.Println(r.Code)
	}
	domain, err := name.ParseTarget("example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	d := &postfix.Destination{Target: domain, MX: &mx.Set{Kind: mx.Null, Reason: mx.NullMX}}
	p := postfix.Predict(cfg, d, postfix.Encrypt, 0)
	fmt.Println(p.Outcome, p.Code, p.Text)
	// Output:
	// no_trust_anchors
	// bounced 5.1.0 Domain example.com does not accept mail (nullMX)
}
