package scannertest_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/smtp"
	"time"

	"mxtls/scanner/scannertest"
)

// A whole internet: a domain, its mail server, and a client that finds it and checks its certificate.
func ExampleInternet() {
	in, err := scannertest.NewInternet()
	if err != nil {
		log.Fatal(err)
	}
	defer in.Close()
	cert := in.CA().Issue([]string{"mx.example.com"})
	server, err := in.Serve("192.0.2.10", scannertest.SMTP{Name: "mx.example.com", Certificate: &cert})
	if err != nil {
		log.Fatal(err)
	}
	in.DNS().Add("example.com. 300 IN MX 10 mx.example.com.", "mx.example.com. 300 IN A 192.0.2.10")

	ctx := context.Background()
	resolver := resolverOf(in.DNS())
	mx, _ := resolver.LookupMX(ctx, "example.com")
	addrs, _ := resolver.LookupHost(ctx, mx[0].Host)
	conn, err := in.Dial(ctx, "tcp", net.JoinHostPort(addrs[0], "25"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("connected to", conn.RemoteAddr())

	client, _ := smtp.NewClient(conn, "mx.example.com")
	roots := x509.NewCertPool()
	roots.AddCert(in.CA().Certificate())
	fmt.Println("starttls:", client.StartTLS(&tls.Config{ServerName: "mx.example.com", RootCAs: roots}))
	client.Quit()
	fmt.Printf("%q\n", server.Commands())
	// Output:
	// connected to 192.0.2.10:25
	// starttls: <nil>
	// ["EHLO localhost" "STARTTLS" "EHLO localhost" "QUIT"]
}

// resolverOf is Go's resolver, asking d.
func resolverOf(d *scannertest.DNS) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, d.Addr())
	}}
}

func ExampleInternet_Blackhole() {
	in, err := scannertest.NewInternet()
	if err != nil {
		log.Fatal(err)
	}
	defer in.Close()
	in.Blackhole("192.0.2.66")
	in.Unreachable("192.0.2.67")
	for _, address := range []string{"192.0.2.66:25", "192.0.2.67:25", "192.0.2.68:25", "127.0.0.1:25"} {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		_, err := in.Dial(ctx, "tcp", address)
		fmt.Println(err)
		cancel()
	}
	// Output:
	// dial tcp 192.0.2.66:25: context deadline exceeded
	// dial tcp 192.0.2.67:25: no route to host
	// dial tcp 192.0.2.68:25: connection refused
	// dial tcp 127.0.0.1:25: not a documentation address of the false internet
}

func ExampleDNS_Fail() {
	d, err := scannertest.NewDNS("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()
	d.Add("example.com. 300 IN MX 10 mx.example.com.")
	d.Fail("example.com", "MX", scannertest.Failure{Truncate: true}) // Go's resolver asks again over TCP

	mx, err := resolverOf(d).LookupMX(context.Background(), "example.com.")
	fmt.Println(mx[0].Host, err)
	for _, q := range d.Queries() {
		fmt.Println(q.Name, q.Type, q.Proto)
	}
	// Output:
	// mx.example.com. <nil>
	// example.com MX udp
	// example.com MX tcp
}

// Certificates with faults: the edit sees the template before it is signed.
func ExampleCA_Issue() {
	root := scannertest.NewCA("Example Root")
	cert := root.Intermediate("Example Intermediate").Issue([]string{"mx.example.com", "*.example.net"},
		scannertest.RSA2048,
		func(t *x509.Certificate) { t.NotAfter = time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC) },
		func(t *x509.Certificate) { t.NotBefore = t.NotAfter.AddDate(0, -3, 0) },
	)
	fmt.Println(cert.Leaf.Subject, cert.Leaf.DNSNames, cert.Leaf.PublicKeyAlgorithm)
	fmt.Println(cert.Leaf.NotAfter, "from", cert.Leaf.Issuer)
	fmt.Println(len(cert.Certificate), "certificates are sent")
	// Output:
	// CN=mx.example.com [mx.example.com *.example.net] RSA
	// 2026-08-01 00:00:00 +0000 UTC from CN=Example Intermediate
	// 2 certificates are sent
}

// A cross-certificate: the same CA, by name and key, below another root.
func ExampleCA_Intermediate() {
	isrg, dst := scannertest.NewCA("ISRG Root X1"), scannertest.NewCA("DST Root CA X3")
	cross := dst.Intermediate("ISRG Root X1", func(t *x509.Certificate) { t.PublicKey = isrg.Key() })
	cert := isrg.Intermediate("R3").Issue([]string{"mx.example.com"})
	cert.Certificate = append(cert.Certificate, cross.Certificate().Raw)

	pool := x509.NewCertPool()
	for _, der := range cert.Certificate[1:] {
		c, _ := x509.ParseCertificate(der)
		pool.AddCert(c)
	}
	for _, root := range []*scannertest.CA{isrg, dst} {
		roots := x509.NewCertPool()
		roots.AddCert(root.Certificate())
		chains, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: pool})
		fmt.Println(root.Certificate().Subject, len(chains[0]), err)
	}
	// Output:
	// CN=ISRG Root X1 3 <nil>
	// CN=DST Root CA X3 4 <nil>
}

// A negative serial number, which crypto/x509 neither makes nor reads.
func ExampleCA_Resign() {
	root := scannertest.NewCA("Example Root")
	cert := root.Issue([]string{"mx.example.com"}, func(t *x509.Certificate) { t.SerialNumber.SetInt64(0x1234567890) })
	bad := root.Resign(cert, func(tbs []byte) []byte {
		return bytes.Replace(tbs, []byte{0x12, 0x34, 0x56, 0x78, 0x90}, []byte{0x92, 0x34, 0x56, 0x78, 0x90}, 1)
	})
	leaf, err := x509.ParseCertificate(bad.Certificate[0]) // an error unless GODEBUG has x509negativeserial=1
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("serial number below zero:", leaf.SerialNumber.Sign() < 0)
	// Output: serial number below zero: true
}

// A server that is healthy but for what the fields say.
func ExampleSMTP() {
	server, err := scannertest.NewSMTP("127.0.0.1:0", scannertest.SMTP{
		Name:         "mx.example.com",
		Banner:       "220-mx.example.com ESMTP\r\n220 No spam, please",
		Capabilities: []string{"SIZE 1000"},
		EHLO:         "502 5.5.1 EHLO? What year is it?",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	c, err := smtp.Dial(server.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Println(c.Hello("client.example.net"), c.Quit())
	fmt.Printf("%q\n", server.Commands())
	// Output:
	// <nil> <nil>
	// ["EHLO client.example.net" "HELO client.example.net" "QUIT"]
}

// A conversation line by line: a server that fails every handshake.
func ExampleSMTP_script() {
	server, err := scannertest.NewSMTP("127.0.0.1:0", scannertest.SMTP{Script: `
		S: 220 mx.example.com ESMTP
		C: EHLO *
		S: 250-mx.example.com
		S: 250 STARTTLS
		C: STARTTLS
		S: 220 Ready
		HELLO
		# An alert: fatal, handshake_failure.
		RAW \x15\x03\x01\x00\x02\x02\x28
	`})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	c, err := smtp.Dial(server.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	c.Hello("client.example.net")
	fmt.Println(c.StartTLS(&tls.Config{ServerName: "mx.example.com"}))
	c.Close()
	// Output: remote error: tls: handshake failure
}

// Total control: a server that speaks HTTP.
func ExampleSMTP_handle() {
	server, err := scannertest.NewSMTP("127.0.0.1:0", scannertest.SMTP{Handle: func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n")
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	_, err = smtp.Dial(server.Addr().String())
	fmt.Println(err)
	// Output: short response: "HTTP/1.1 400 Bad Request"
}

// A server that turns the first visitor away, for tests of second tries.
func ExampleSMTP_first() {
	server, err := scannertest.NewSMTP("127.0.0.1:0", scannertest.SMTP{
		Banner: "220 mx.example.com ESMTP",
		First:  []scannertest.SMTP{{Banner: "421 4.7.0 Too many connections"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	for range 3 {
		c, err := net.Dial("tcp", server.Addr().String())
		if err != nil {
			log.Fatal(err)
		}
		banner, _, _ := bufio.NewReader(c).ReadLine()
		fmt.Printf("%s\n", banner)
		c.Close()
	}
	fmt.Println(server.Sessions(), "sessions")
	// Output:
	// 421 4.7.0 Too many connections
	// 220 mx.example.com ESMTP
	// 220 mx.example.com ESMTP
	// 3 sessions
}

// A client that speaks before the banner is found out, where the server takes its time.
func ExampleServer_Pregreet() {
	server, err := scannertest.NewSMTP("127.0.0.1:0", scannertest.SMTP{BannerDelay: time.Second})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	c, err := net.Dial("tcp", server.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "EHLO spam.example\r\n")
	bufio.NewReader(c).ReadLine() // the banner
	fmt.Println(server.Pregreet(), "octets came too early")
	// Output: 19 octets came too early
}
