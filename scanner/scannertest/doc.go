// Package scannertest is a small false internet on loopback, for tests and demonstrations of programs that look mail up
// and deliver it: a DNS server, a certification authority, and SMTP and web servers at documentation addresses, healthy,
// broken or hostile. It is to a mail scanner what net/http/httptest is to an HTTP client.
//
// An [Internet] holds all of it. Its servers stand at the addresses that RFC 5737 and RFC 3849 keep for documentation
// (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32), so that what a program prints looks real; its
// [Internet.Dial] leads those addresses to listeners on 127.0.0.1 and refuses to dial anything else.
//
//	in, err := scannertest.NewInternet()
//	if err != nil { ... }
//	defer in.Close()
//	cert := in.CA().Issue([]string{"mx.example.com"})
//	in.Serve("192.0.2.10", scannertest.SMTP{Name: "mx.example.com", Certificate: &cert})
//	in.DNS().Add(
//		"example.com. 300 IN MX 10 mx.example.com.",
//		"mx.example.com. 300 IN A 192.0.2.10",
//	)
//	// The program under test: DNS at in.DNS().Addr(), connections through in.Dial, root in.CA().Certificate().
//
// An [SMTP] value describes a server in three degrees: fields for the usual variations, a [SMTP.Script] for a
// conversation written down line by line, and [SMTP.Handle] for whatever else an enemy may do. An [HTTPS] value describes
// a web server with one answer to everything, such as the policy host of a domain with MTA-STS. [NewDNS], [NewSMTP] and
// [NewHTTPS] stand on real addresses of the loopback network for programs that cannot be given a dial function.
//
// Nothing here imports testing, nothing leaves the machine, and nothing needs a privileged port. Close waits for every
// goroutine that was started.
package scannertest
