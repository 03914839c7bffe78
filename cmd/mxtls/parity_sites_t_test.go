//go:build parity

package main_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

// errNoName makes crypto/tls end the handshake with an alert.
var errNoName = errors.New("no such name")

// After the 220 to STARTTLS.

// answering sends octets in answer to the ClientHello and hangs up.
func answering(octets string) server {
	return upgrading(func(conn net.Conn) (io.ReadWriteCloser, error) {
		conn.Read(make([]byte, 4096))
		io.WriteString(conn, octets)
		hangUp(conn, conn)
		return nil, io.EOF
	})
}

func silent(conn net.Conn) (io.ReadWriteCloser, error) {
	time.Sleep(sessionLimit / 2)
	return nil, io.EOF
}

func closing(net.Conn) (io.ReadWriteCloser, error) { return nil, io.EOF }

func resetting(conn net.Conn) (io.ReadWriteCloser, error) {
	conn.Read(make([]byte, 4096))
	conn.(*net.TCPConn).SetLinger(0)
	return nil, io.EOF
}

const (
	alertHandshake = "\x15\x03\x03\x00\x02\x02\x28"
	alertVersion   = "\x15\x03\x01\x00\x02\x02\x46"
)

// demanding wants a certificate of the client, and has no authority that could sign one.
func demanding(version uint16) server {
	return healthy(config(func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, version }))
}

func selfSigned(_ *authorities, l *leaf) {
	l.subject = dn(tagUTF8, l.host)
	l.issuer = &authority{name: l.subject, key: l.key}
}

// The servers that sites with several of them have.
var (
	withoutTLS = talking(front{noTLS: true})
	distrusted = healthy(strangers)
	misnamed   = healthy(names("else.example"))
	unshaken   = answering(alertHandshake)
	refusing5  = talking(front{starttls: "554 5.7.0 no TLS for you"})
	refusing4  = talking(front{starttls: "454 4.7.0 TLS not available"})
	dying      = talkingTLS(front{ehloTLS: "close"})
	unwelcome5 = talking(front{banner: "554 no mail here"})
	unwelcome4 = talking(front{banner: "450 come later"})
	nobody     server
)

// sitesT: every row of the table of what a client does.
func sitesT() []site {
	t := func(name, about string, s server) site { return one("T", name, about, s) }
	says := func(name, about string, f front) site { return t(name, about, talkingTLS(f)) }
	return slices.Concat([]site{
		t("good", "no fault", healthy()),
		t("plain", "STARTTLS is not offered", withoutTLS),
		says("helo-502", "502 to EHLO", front{ehlo: "502 5.5.1 what?"}),
		says("helo-500", "500 to EHLO", front{ehlo: "500 5.5.1 what?"}),
		says("ehlo-554", "554 to EHLO", front{ehlo: "554 5.7.1 go away"}),
		says("ehlo-450", "450 to EHLO", front{ehlo: "450 4.7.1 later"}),
		says("ehlo-421", "421 to EHLO", front{ehlo: "421 4.7.1 later"}),
		says("ehlo-close", "the session dies at EHLO", front{ehlo: "close"}),
		says("ehlo-helo-554", "502 to EHLO, 554 to HELO", front{ehlo: "502 what?", helo: "554 go away"}),
		says("ehlo-lower", "starttls in lower case", front{ehlo: "250-mail\r\n250-starttls\r\n250 size"}),
		says("ehlo-parameter", "STARTTLS with a parameter", front{ehlo: "250-mail\r\n250 STARTTLS now"}),
		says("ehlo-first-line", "STARTTLS in the first line of the answer", front{ehlo: "250 STARTTLS"}),
		says("ehlo-masked", "XXXXXXXA in place of STARTTLS", front{ehlo: "250-mail\r\n250 XXXXXXXA"}),
		t("starttls-454", "454 to STARTTLS", refusing4),
		t("starttls-554", "554 to STARTTLS", refusing5),
		t("starttls-502", "502 to STARTTLS", talking(front{starttls: "502 5.5.1 what?"})),
		t("starttls-421", "421 to STARTTLS", talking(front{starttls: "421 4.7.0 later"})),
		t("starttls-close", "the session dies at STARTTLS", talking(front{starttls: "close"})),
		t("starttls-silent", "no answer to STARTTLS", talking(front{starttls: "silence"})),
		t("starttls-250", "250 to STARTTLS", talking(front{starttls: "250 fine"})),
		t("starttls-354", "354 to STARTTLS", talking(front{starttls: "354 fine"})),
		t("handshake-alert", "handshake_failure", unshaken),
		t("handshake-version", "protocol_version", answering(alertVersion)),
		t("handshake-close", "hangs up after the 220", upgrading(closing)),
		t("handshake-reset", "resets the connection after the ClientHello", upgrading(resetting)),
		t("handshake-text", "plain text after the ClientHello", answering("500 5.5.1 what?\r\n")),
		t("handshake-silent", "silent after the ClientHello", upgrading(silent)),
		says("inside-close", "the session dies after the handshake", front{ehloTLS: "close"}),
		says("inside-silent", "silent after the handshake", front{ehloTLS: "silence"}),
		says("inside-421", "421 to EHLO within TLS", front{ehloTLS: "421 4.7.0 later"}),
		says("inside-450", "450 to EHLO within TLS", front{ehloTLS: "450 4.7.0 later"}),
		says("inside-554", "554 to EHLO within TLS", front{ehloTLS: "554 5.7.0 go away"}),
		says("inside-502", "502 to EHLO within TLS", front{ehloTLS: "502 5.5.1 what?"}),
		t("client-certificate-13", "demands a client certificate, TLS 1.3", demanding(tls.VersionTLS13)),
		t("client-certificate-12", "demands a client certificate, TLS 1.2", demanding(tls.VersionTLS12)),
		t("greeting-554", "554 for a greeting", unwelcome5),
		t("greeting-521", "521 for a greeting", talking(front{banner: "521 no mail here"})),
		t("greeting-450", "450 for a greeting", unwelcome4),
		t("greeting-421", "421 for a greeting", talking(front{banner: "421 too busy"})),
		t("greeting-close", "hangs up without a greeting", talking(front{banner: "close"})),
		t("greeting-silent", "no greeting", talking(front{banner: "silence"})),
		t("greeting-odd", "a greeting that is none", talking(front{banner: "hello there"})),
		says("greeting-lines", "a greeting of three lines", front{banner: "220-mail\r\n220-server\r\n220 ready"}),
		t("refused", "nobody listens", nobody),
		says("mail-530", "wants TLS before MAIL", front{mail: "530 5.7.0 must issue STARTTLS first"}),
		says("injected", "octets behind the 220", front{inject: "250 2.0.0 injected\r\n"}),
		t("expired", "an expired certificate", healthy(valid(-60, -1))),
		t("not-yet", "a certificate that is not yet valid", healthy(valid(1, 60))),
		t("self-signed", "a self-signed certificate", healthy(selfSigned)),
		t("wrong-name", "a certificate for another host", misnamed),
		t("untrusted", "a certificate of an unknown authority", distrusted),
		t("expired-wrong-name", "an expired certificate for another", healthy(valid(-60, -1), names("else.example"))),
		t("expired-untrusted", "an expired certificate of an unknown authority", healthy(valid(-60, -1), strangers)),
	}, sitesSeveral(), sitesDNS(), sitesNames(), sitesNoCAfile())
}

// sitesSeveral have more than one mail host.
func sitesSeveral() []site {
	several := func(name, about string, servers ...server) site {
		return site{class: "T", name: name, about: about, servers: servers}
	}
	good := healthy()
	return []site{
		several("first-refused", "nobody listens, then a good server", nobody, good),
		several("first-554", "554 for a greeting, then a good server", unwelcome5, good),
		several("first-450", "450 for a greeting, then a good server", unwelcome4, good),
		several("first-plain", "no STARTTLS, then a good server", withoutTLS, good),
		several("first-handshake", "the handshake fails, then a good server", unshaken, good),
		several("first-untrusted", "an untrusted certificate, then a good server", distrusted, good),
		several("first-wrong-name", "a wrong name, then a good server", misnamed, good),
		several("first-starttls-554", "554 to STARTTLS, then a good server", refusing5, good),
		several("first-starttls-454", "454 to STARTTLS, then a good server", refusing4, good),
		several("first-dying", "dies after the handshake, then a good server", dying, good),
		several("first-inside-421", "421 within TLS, then a good server",
			talkingTLS(front{ehloTLS: "421 4.7.0 later"}), good),
		several("first-starttls-close", "dies at STARTTLS, then a good server",
			talking(front{starttls: "close"}), good),
		several("last-plain", "a good server, then no STARTTLS", good, withoutTLS),
		several("handshake-plain", "the handshake fails, then no STARTTLS", unshaken, withoutTLS),
		several("untrusted-plain", "untrusted, then no STARTTLS", distrusted, withoutTLS),
		several("both-handshake", "the handshake fails at both", unshaken, unshaken),
		several("refused-handshake", "nobody listens, then the handshake fails", nobody, unshaken),
		several("fifth", "four where nobody listens, then a good server", nobody, nobody, nobody, nobody, good),
		several("sixth", "five where nobody listens, then a good server", nobody, nobody, nobody, nobody, nobody, good),
		several("third-greeting", "two greetings with 450, then a good server", unwelcome4, unwelcome4, good),
		several("third-plain", "two without STARTTLS, then a good server", withoutTLS, withoutTLS, good),
		several("third-untrusted", "two untrusted, then a good server", distrusted, distrusted, good),
		several("fourth-untrusted", "three untrusted, then a good server", distrusted, distrusted, distrusted, good),
		several("fourth-handshake", "three failing handshakes, then a good server", unshaken, unshaken, unshaken, good),
		several("fourth-dying", "three that die after the handshake, then a good server", dying, dying, dying, good),
		several("fourth-454", "three with 454 to STARTTLS, then a good server", refusing4, refusing4, refusing4, good),
		several("fourth-554", "three greetings with 554, then a good server", unwelcome5, unwelcome5, unwelcome5, good),
	}
}

// sitesDNS differ in what the resolver says.
func sitesDNS() []site {
	dns := func(name, about string, s server, records ...string) site {
		return site{class: "T", name: name, about: about, servers: []server{s}, records: records}
	}
	failing := func(s site, name string) site {
		s.fail = name
		return s
	}
	good := healthy()
	const mx, a = "$D. 60 IN MX 10 mx.$D.", "mx.$D. 60 IN A $1"
	return []site{
		dns("null-mx", "a null MX", nobody, "$D. 60 IN MX 0 ."),
		dns("null-mx-beside", "a null MX beside another", good, "$D. 60 IN MX 0 .", mx, a),
		dns("mx-nonexistent", "all mail hosts are nonexistent", nobody, mx, "$D. 60 IN MX 20 mx2.$D."),
		dns("mx-no-address", "the mail host has no address", nobody, mx, `mx.$D. 60 IN TXT "nothing"`),
		failing(dns("mx-servfail", "SERVFAIL for the MX records", good, mx, a), "$D"),
		failing(dns("a-servfail", "SERVFAIL for the addresses", good, mx, a), "mx.$D"),
		failing(dns("a-servfail-first", "SERVFAIL for the first host's addresses, then a good server", good,
			"$D. 60 IN MX 5 mx0.$D.", "mx0.$D. 60 IN A $1", mx, a), "mx0.$D"),
		dns("mx-nonexistent-first", "the first host is nonexistent, then a good server",
			good, "$D. 60 IN MX 5 mx0.$D.", mx, a),
		dns("nonexistent", "the domain does not exist", nobody, "other.$D.example. 60 IN A $1"),
		dns("no-mail", "the domain has no MX and no address", nobody, `$D. 60 IN TXT "nothing"`),
		dns("implicit", "no MX, the domain's address, a certificate for mx.DOMAIN", good, "$D. 60 IN A $1"),
		dns("implicit-name", "no MX, the domain's address, a certificate for it", healthy(dropMX), "$D. 60 IN A $1"),
		dns("implicit-plain", "no MX, the domain's address, no STARTTLS", withoutTLS, "$D. 60 IN A $1"),
		dns("mx-cname", "the MX is an alias, a certificate for the target", good, "$D. 60 IN MX 10 alias.$D.",
			"alias.$D. 60 IN CNAME mx.$D.", a),
		dns("mx-cname-alias", "the MX is an alias, a certificate for the alias", healthy(func(_ *authorities, l *leaf) {
			l.set(san("alias." + strings.TrimPrefix(l.host, "mx.")))
		}), "$D. 60 IN MX 10 alias.$D.", "alias.$D. 60 IN CNAME mx.$D.", a),
		dns("mx-cname-elsewhere", "the MX is an alias into another domain, a certificate for the target",
			healthy(names("mx.elsewhere-1.test")),
			"$D. 60 IN MX 10 alias.$D.", "alias.$D. 60 IN CNAME mx.elsewhere-1.test.",
			"mx.elsewhere-1.test. 60 IN A $1"),
		dns("mx-cname-loop", "the MX is an alias of itself",
			nobody, "$D. 60 IN MX 10 alias.$D.", "alias.$D. 60 IN CNAME alias.$D."),
		dns("domain-cname", "the domain is an alias, a certificate for the mail host",
			healthy(names("mx.elsewhere-2.test")),
			"$D. 60 IN CNAME elsewhere-2.test.", "elsewhere-2.test. 60 IN MX 10 mx.elsewhere-2.test.",
			"mx.elsewhere-2.test. 60 IN A $1"),
		dns("mx-address", "an address in place of a host", good, "$D. 60 IN MX 10 $1."),
		dns("mx-upper", "a mail host in capitals", good, "$D. 60 IN MX 10 MX.$D.", a),
		{class: "T", name: "addresses", about: "one host with two addresses, nobody listens at one",
			servers: []server{nobody, good},
			records: []string{mx, a, "mx.$D. 60 IN A $2"}, host: "mx.$D"},
		{class: "T", name: "addresses-plain", about: "one host with two addresses, neither offers STARTTLS",
			servers: []server{withoutTLS, withoutTLS}, records: []string{mx, a, "mx.$D. 60 IN A $2"}, host: "mx.$D",
			shuffled: true},
	}
}

// dropMX makes the certificate one for the domain in place of mx.DOMAIN.
func dropMX(_ *authorities, l *leaf) { l.set(san(strings.TrimPrefix(l.host, "mx."))) }

// sitesNames are about which names the levels verify and secure compare.
func sitesNames() []site {
	t := func(name, about string, host string, names func(d string) []string) site {
		s := one("T", name, about, healthy(func(_ *authorities,
			l *leaf) {
			l.set(san(names(name + ".parity.test")...))
		}))
		s.host = host
		return s
	}
	list := func(format ...string) func(string) []string {
		return func(d string) (all []string) {
			for _, f := range format {
				all = append(all, strings.ReplaceAll(f, "$D", d))
			}
			return all
		}
	}
	return []site{
		t("name-domain", "a host elsewhere, a certificate for the domain", "mx.provider-1.test", list("$D")),
		t("name-host", "a host elsewhere, a certificate for the host",
			"mx.provider-2.test", list("mx.provider-2.test")),
		t("name-both", "a host elsewhere, a certificate for both",
			"mx.provider-3.test", list("mx.provider-3.test", "$D")),
		t("name-below", "a host elsewhere, a certificate for a name deep below the domain",
			"mx.provider-4.test", list("a.b.c.$D")),
		t("name-wildcard", "a host elsewhere, a wildcard below the domain", "mx.provider-5.test", list("*.$D")),
		t("name-wildcard-deep", "a host deep below, a wildcard below the domain", "mx.deep.$D", list("*.$D")),
		t("name-wildcard-host", "a host elsewhere, a wildcard for the host",
			"mx.provider-6.test", list("*.provider-6.test")),
		t("name-parent", "a certificate for the domain above", "", list("parity.test")),
		t("name-parent-wildcard", "a wildcard for the domain itself", "mx.provider-7.test", list("*.parity.test")),
		t("name-partial", "a host elsewhere, m*.DOMAIN", "mx.provider-8.test", list("m*.$D")),
		t("name-upper", "a host elsewhere, the domain in capitals", "mx.provider-9.test", func(d string) []string {
			return []string{strings.ToUpper(d)}
		}),
		t("name-deep-host", "a host deep below, a certificate for it", "mx.a.b.$D", list("mx.a.b.$D")),
	}
}

// sitesNoCAfile are seen by a client without a CAfile, which is Postfix' default.
func sitesNoCAfile() []site {
	t := func(name, about string, s server) site {
		return site{class: "T", name: name, about: about + "; no CAfile", zone: "nocafile.test", servers: []server{s}}
	}
	return []site{
		t("good", "no fault", healthy()),
		t("self-signed", "a self-signed certificate", healthy(selfSigned)),
		t("plain", "STARTTLS is not offered", withoutTLS),
		t("anonymous", "anonymous TLS", openssl(tls12+"AECDH-AES256-SHA:@SECLEVEL=0", withRSA)),
	}
}

// allSites are all of them. Their order gives them their addresses.
func allSites() []site {
	return slices.Concat(sitesT(), sitesA(), sitesB(), sitesC(), sitesD(), sitesE(), sitesF(), sitesReleases())
}
