package dane_test

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"time"

	"mxtls/scanner/dane"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
)

// A server whose key is the one that its host's TLSA record names.
func ExampleJudge() {
	ca := scannertest.NewCA("Any CA")
	server := ca.Issue([]string{"mx.example.net"})
	leaf, _ := x509.ParseCertificate(server.Certificate[0])
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)

	records := dane.Records{
		Found: true,
		Base:  name.MustParse("mx.example.net"),
		TLSA:  []resolve.TLSA{{Usage: 3, Selector: 1, Matching: 1, Data: sum[:]}},
	}
	o := dane.Judge(records, server.Certificate, dane.Names{}, time.Now())
	fmt.Println(o.Status, "at depth", o.Depth)
	for _, n := range o.Notes {
		fmt.Println(n)
	}

	o = dane.Judge(records, ca.Issue([]string{"mx.example.net"}).Certificate, dane.Names{}, time.Now())
	fmt.Println(o.Status, o.Reason)
	// Output:
	// match at depth 0
	// tlsa_no_spare_record
	// tlsa_raw_key_possible
	// mismatch tlsa-invalid
}

func ExampleDomain() {
	set := &mx.Set{Kind: mx.Listed, Trust: resolve.Secure}
	fmt.Println(dane.Domain(set, []dane.Status{dane.Match}))
	fmt.Println(dane.Domain(set, []dane.Status{dane.Match, dane.None}))
	// Output:
	// full
	// partial
}
