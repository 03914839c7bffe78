package pkix_test

import (
	"fmt"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
)

// The names of one certificate, as Postfix compares them at its levels verify and secure.
func ExampleChain_MatchHost() {
	chain := &pkix.Chain{Names: []string{"*.mail.example.com"}}
	host, domain := name.MustParse("mx1.mail.example.com"), name.MustParse("example.com")
	fmt.Println(chain.MatchHost(host))
	fmt.Println(chain.MatchHost(domain))
	fmt.Println(chain.MatchDomain(domain))
	// Output:
	// *.mail.example.com true
	//  false
	// *.mail.example.com true
}

// A run judges all its chains against one bundle at one time.
func ExampleVerifier_Verify() {
	bundle, err := pkix.Mozilla()
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier := pkix.NewVerifier(bundle, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	chain := verifier.Verify([][]byte{[]byte("not a certificate")})
	fmt.Println(chain.Status, chain.Reason)
	// Output: unknown certificate_malformed
}
