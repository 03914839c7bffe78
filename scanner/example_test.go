package scanner_test

import (
	"context"
	"fmt"
	"slices"

	"mxtls/scanner"
	"mxtls/scanner/pkix"
	"mxtls/scanner/scannertest"
)

// internet is a false internet with one healthy mail server, for the examples.
func internet() (*scannertest.Internet, scanner.Options) {
	in, err := scannertest.NewInternet()
	if err != nil {
		panic(err)
	}
	cert := in.CA().Issue([]string{"mx.example.com"})
	if _, err := in.Serve("192.0.2.10", scannertest.SMTP{Name: "mx.example.com", Certificate: &cert}); err != nil {
		panic(err)
	}
	err = in.DNS().Add("example.com. 300 IN MX 10 mx.example.com.", "mx.example.com. 300 IN A 192.0.2.10")
	if err != nil {
		panic(err)
	}
	roots, err := pkix.Parse("example", in.CA().PEM())
	if err != nil {
		panic(err)
	}
	return in, scanner.Options{
		Resolvers: []string{in.DNS().Addr()}, Roots: roots, EHLO: "scan.example.org", Dial: in.Dial,
	}
}

func ExampleScanner_Domain() {
	in, options := internet()
	defer in.Close()
	s, err := scanner.New(options)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	r := s.Domain(context.Background(), "postmaster@example.com")
	for i, server := range r.Facts.Servers {
		fmt.Println(server.Label, server.Addr, "encrypted:", r.Verdict.Servers[i].Encrypted)
	}
	// Output: mx.example.com 192.0.2.10:25 encrypted: yes
}

func ExampleScanner_Scan() {
	in, options := internet()
	defer in.Close()
	s, err := scanner.New(options)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	list := slices.Values([]string{"example.com", "gone.example", "not a domain"})
	for r := range s.Scan(context.Background(), list) {
		fmt.Printf("%s: %v, %d of %d encrypted\n", r.Input, r.Facts.MX.Kind, r.Verdict.Encrypted.Yes, r.Verdict.Encrypted.Total())
	}
	// Output:
	// example.com: listed, 1 of 1 encrypted
	// gone.example: none, 0 of 0 encrypted
	// not a domain: invalid, 0 of 0 encrypted
}
