//go:build parity

package main_test

import (
	"crypto/tls"
	"net"
	"strings"
)

// byName shows a certificate for another host to who names no server, one for the mail host or for the domain to who
// names that.
func byName(a *authorities, host string) func(net.Conn) {
	domain := strings.TrimPrefix(host, "mx.")
	certificates := make(map[string]*tls.Certificate)
	for name, edits := range map[string][]edit{"": {names("else.example")}, domain: {names(domain)}, host: nil} {
		certificates[name] = &a.leaf(host, edits...).config().Certificates[0]
	}
	config := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if c := certificates[hello.ServerName]; c != nil {
			return c, nil
		}
		return certificates[""], nil
	}}
	return front{upgrade: goTLS(config)}.serve
}

// sitesSettings are those that only settings tell apart, or that have IPv6 addresses: @1 is that of the first server.
func sitesSettings() []site {
	good := healthy()
	set := func(name, about string, servers []server, records ...string) site {
		return site{class: "S", name: name, about: about, servers: servers, records: records}
	}
	two := func(s ...server) []server { return s }
	const mx, a, aaaa = "$D. 60 IN MX 10 mx.$D.", "mx.$D. 60 IN A $1", "mx.$D. 60 IN AAAA @1"
	host := func(s site) site {
		s.host = "mx.$D"
		return s
	}
	corp := func(name string) site {
		s := set(name, "below a domain", two(good))
		s.zone = "corp.test"
		return s
	}
	return []site{
		set("by-name", "the certificate depends on SNI", two(byName)),
		set("second-pinned", "another key, then one's own", two(healthy(withKey(p384)), good)),
		corp("a"), corp("b.a"), corp("plain"),
		set("v6", "an AAAA record alone", two(good), mx, aaaa),
		set("v6-plain", "an AAAA record alone, no STARTTLS", two(withoutTLS), mx, aaaa),
		set("v6-handshake", "an AAAA record alone, the handshake fails", two(unshaken), mx, aaaa),
		set("v6-untrusted", "an AAAA record alone, untrusted", two(distrusted), mx, aaaa),
		set("v6-wrong-name", "an AAAA record alone, a wrong name", two(misnamed), mx, aaaa),
		set("v6-anonymous", "an AAAA record alone, anonymous", two(openssl(tls12+"AECDH-AES256-SHA:@SECLEVEL=0", withRSA)),
			mx, aaaa),
		set("v6-refused", "an AAAA record alone, nobody listens", two(nobody), mx, aaaa),
		set("v6-554", "an AAAA record alone, 554 for a greeting", two(unwelcome5), mx, aaaa),
		set("v6-dying", "an AAAA record alone, dies after the handshake", two(dying), mx, aaaa),
		set("v6-implicit", "no MX, the domain's AAAA record", two(healthy(dropMX)), "$D. 60 IN AAAA @1"),
		set("v6-cname", "an alias of a host with an AAAA record", two(good), "$D. 60 IN MX 10 alias.$D.",
			"alias.$D. 60 IN CNAME mx.$D.", aaaa),
		set("both", "A and AAAA", two(good), mx, a, aaaa),
		host(set("both-v4-dead", "A and AAAA, nobody listens on IPv4", two(good, nobody), mx, "mx.$D. 60 IN A $2", aaaa)),
		host(set("both-v6-dead", "A and AAAA, nobody listens on IPv6", two(good, nobody), mx, a, "mx.$D. 60 IN AAAA @2")),
		host(set("both-v6-plain", "A and AAAA, no STARTTLS on IPv6", two(good, withoutTLS), mx, a,
			"mx.$D. 60 IN AAAA @2")),
		host(set("both-v4-untrusted", "A and AAAA, untrusted on IPv4", two(good, distrusted), mx,
			"mx.$D. 60 IN A $2", aaaa)),
		host(set("both-v6-handshake", "A and AAAA, the handshake fails on IPv6", two(good, unshaken), mx, a,
			"mx.$D. 60 IN AAAA @2")),
		host(set("both-dead", "A and AAAA, nobody listens", two(nobody), mx, a, aaaa)),
		set("v6-first", "IPv6 at the first host, IPv4 at the second", two(good, good), "$D. 60 IN MX 10 mx1.$D.",
			"mx1.$D. 60 IN AAAA @1", "$D. 60 IN MX 20 mx2.$D.", "mx2.$D. 60 IN A $2"),
		set("v4-first", "IPv4 at the first host, IPv6 at the second", two(good, good), "$D. 60 IN MX 10 mx1.$D.",
			"mx1.$D. 60 IN A $1", "$D. 60 IN MX 20 mx2.$D.", "mx2.$D. 60 IN AAAA @2"),
		set("v6-first-dead", "nobody at the first host's IPv6, then IPv4", two(nobody, good), "$D. 60 IN MX 10 mx1.$D.",
			"mx1.$D. 60 IN AAAA @1", "$D. 60 IN MX 20 mx2.$D.", "mx2.$D. 60 IN A $2"),
		host(set("crowded", "one AAAA record where all is well, five A records where nobody listens",
			two(good, nobody, nobody, nobody, nobody, nobody), mx, "mx.$D. 60 IN A $2", "mx.$D. 60 IN A $3",
			"mx.$D. 60 IN A $4", "mx.$D. 60 IN A $5", "mx.$D. 60 IN A $6", aaaa)),
		host(set("crowded-v4", "one A record where all is well, five AAAA records where nobody listens",
			two(good, nobody, nobody, nobody, nobody, nobody), mx, "mx.$D. 60 IN AAAA @2", "mx.$D. 60 IN AAAA @3",
			"mx.$D. 60 IN AAAA @4", "mx.$D. 60 IN AAAA @5", "mx.$D. 60 IN AAAA @6", a)),
		host(set("apart", "an address of its own beside the mail host", two(good, withoutTLS), mx, a,
			"$D. 60 IN A $2")),
	}
}
