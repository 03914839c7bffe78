package mtasts_test

import (
	"context"
	"fmt"
	"time"

	"mxtls/scanner/mtasts"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
	"mxtls/scanner/truth"
)

// A domain's policy, and what it means for the servers that its mail goes to.
func ExampleClient_Look() {
	in, err := scannertest.NewInternet()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer in.Close()
	cert := in.CA().Issue([]string{"mta-sts.example.com"})
	policy := "version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n"
	if _, err := in.ServeHTTPS("192.0.2.80", scannertest.HTTPS{Certificate: &cert, Body: policy}); err != nil {
		fmt.Println(err)
		return
	}
	if err := in.DNS().Add(
		`_mta-sts.example.com. 300 IN TXT "v=STSv1; id=20261125;"`,
		"mta-sts.example.com. 300 IN A 192.0.2.80",
	); err != nil {
		fmt.Println(err)
		return
	}
	resolver, err := resolve.New(resolve.Config{Servers: []string{in.DNS().Addr()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resolver.Close()
	roots, err := pkix.Parse("documentation", in.CA().PEM())
	if err != nil {
		fmt.Println(err)
		return
	}

	client := &mtasts.Client{Resolver: resolver, Dial: in.Dial, UserAgent: "example (+https://example.org/)"}
	facts := client.Look(context.Background(), name.MustParse("example.com"))
	o := mtasts.Judge(facts, pkix.NewVerifier(roots, time.Now()))
	fmt.Println(o.Status, o.ID, o.Mode, o.MX, o.MaxAge)

	fits, unused := o.Fit([]mtasts.Server{
		{Host: name.MustParse("mx1.example.com"), TLS: truth.No},
		{Host: name.MustParse("mx2.example.com"), TLS: truth.Yes},
	})
	for _, f := range fits {
		fmt.Println(f.Host, f.Passes, f.Fault, "-", f.Text)
	}
	fmt.Println("unused:", unused)
	// Output:
	// valid 20261125 testing [mx1.example.com *.example.net] 168h0m0s
	// mx1.example.com no starttls-not-supported - it has no TLS that works
	// mx2.example.com no validation-failure - the policy has no pattern for it
	// unused: [*.example.net]
}

func ExampleParsePolicy() {
	_, warnings, err := mtasts.ParsePolicy([]byte("version: STSv1\nmode: enforce\nmx: .example.com\nmax_age: 300"))
	fmt.Println(err)
	for _, w := range warnings {
		fmt.Println(w.Code, "-", w)
	}
	// Output:
	// policy line 3: the pattern ".example.com" begins with a dot: *.example.com is for all servers one label below
	// no_final_newline - line 4: the last line does not end
	// max_age_below_day - the max_age is 300 s, less than a day: who blocks the policy host so long undoes the policy
}

func ExamplePolicy_LegacyMatch() {
	p, _, _ := mtasts.ParsePolicy([]byte("version: STSv1\nmode: enforce\nmx: mx.example.com\nmx: *.example.net\n" +
		"max_age: 604800\n"))
	fmt.Println(p.LegacyMatch())
	// Output: secure match=mx.example.com:.example.net servername=hostname
}
