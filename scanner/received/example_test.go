package received_test

import (
	"fmt"
	"log"
	"strings"

	"mxtls/scanner/received"
)

func ExampleParse() {
	hop := received.Parse(`from out.example.org (out.example.org [192.0.2.7])
	by mx.example.net with ESMTPS id 1
	(version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256); Fri, 20 Nov 2026 08:11:02 +0900`)
	fmt.Println(hop.From, "to", hop.By)
	fmt.Println("encrypted:", hop.Encrypted, hop.Reason, hop.Version, hop.Cipher)
	// Output:
	// out.example.org to mx.example.net
	// encrypted: yes tls TLSv1.3 TLS_AES_256_GCM_SHA384
}

func ExampleRead() {
	header := `Received: from out.example.org (out.example.org [192.0.2.7])
	by mx.example.net (Postfix) with ESMTPS id 2; Fri, 20 Nov 2026 08:11:05 +0900
Received: from laptop.example.org (unknown [203.0.113.9])
	by out.example.org (Postfix) with ESMTPA id 1; Fri, 20 Nov 2026 08:11:02 +0900
`
	trusted, err := received.ParseTrusted([]string{"example.net"})
	if err != nil {
		log.Fatal(err)
	}
	for m, err := range received.Read(strings.NewReader(header)) {
		if err != nil {
			log.Fatal(err)
		}
		for _, h := range m.Hops {
			fmt.Println(h.From, "to", h.By+":", h.Encrypted)
		}
		fmt.Println("whole way:", m.Encrypted(), "- lines that can be believed:", trusted.Reach(m.Hops))
	}
	// Output:
	// laptop.example.org to out.example.org: no
	// out.example.org to mx.example.net: yes
	// whole way: no - lines that can be believed: 1
}
