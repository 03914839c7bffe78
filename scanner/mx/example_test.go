package mx_test

import (
	"context"
	"fmt"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
)

func ExampleLookup() {
	dns, err := scannertest.NewDNS("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dns.Close()
	if err := dns.Add(
		"example.com. 300 IN MX 20 mx2.example.net.",
		"example.com. 300 IN MX 10 mx1.example.net.",
		"mx1.example.net. 300 IN A 192.0.2.1",
		"mx1.example.net. 300 IN AAAA 2001:db8::1",
	); err != nil {
		fmt.Println(err)
		return
	}
	r, err := resolve.New(resolve.Config{Servers: []string{dns.Addr()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()

	for _, domain := range []string{"example.com", "example.org"} {
		set := mx.Lookup(context.Background(), r, name.Target{Name: name.MustParse(domain)}, mx.Limits{})
		fmt.Println(domain, set.Kind)
		for _, h := range set.Hosts {
			fmt.Println(" ", h.Preference, h.Name, h.Addrs)
		}
	}
	// Output:
	// example.com listed
	//   10 mx1.example.net [192.0.2.1 2001:db8::1]
	//   20 mx2.example.net []
	// example.org none
}
