package list_test

import (
	"fmt"
	"strings"

	"mxtls/scanner/list"
)

func ExampleReader() {
	var in list.Reader
	show := func(i list.Item) {
		if i.Invalid != nil {
			fmt.Printf("%s %d: %v\n", i.Group, i.Line, i.Invalid)
			return
		}
		fmt.Printf("%s %d: %v\n", i.Group, i.Line, i.Target)
	}
	for item := range in.Args([]string{"example.com"}, "arguments") {
		show(item)
	}
	file := "customer,mail domain\nOne,Example.ORG.\nTwo,user@example.com\nThree,https://example.net/\n"
	for item, err := range in.Read(strings.NewReader(file), list.Options{Group: "customers"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		show(item)
	}
	fmt.Printf("%+v\n", in.Stats())
	// Output:
	// arguments 1: example.com
	// customers 2: example.org
	// customers 4: "https://example.net" is a URL or a path: write the domain alone, as example.com
	// {Lines:4 Items:3 Duplicates:1}
}
