package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"time"

	"mxtls/scanner/scannertest"
)

// demoTime is when the demonstration happens: the same report for everybody, today and in ten years.
var demoTime = time.Date(2026, 11, 23, 10, 29, 0, 0, time.UTC)

// demoLists are the lists of the demonstration, in the order of the report.
var demoLists = []struct{ group, text string }{
	{"free-mail", `bigmail.example
postbox.example
freebox.example
bigmail.example
携帯.example
`},
	{"partners", `shop@bakery.example
carrier.example
oldcarrier.example
university.example
lawyer.example
startup.example
clinic.example
museum.example
antique.example
hotel.example
airline.example
fax.example
ministry.example
bank.example
isp.example
farm.example
tiny.example
newsletter.example
gone.example
broken.example
https://portal.example/login
`},
}

// cast builds the false internet of the demonstration: a domain for every row that the table can have.
type cast struct {
	in   *scannertest.Internet
	root *scannertest.CA
	ca   *scannertest.CA // the intermediate that healthy servers have their certificates from
	err  error
}

// newCast starts the internet. The error is a loopback socket that cannot be opened, or a slip in the cast itself.
func newCast() (*cast, error) {
	in, err := scannertest.NewInternet()
	if err != nil {
		return nil, err
	}
	c := &cast{in: in}
	c.root = scannertest.NewCA("Example Root CA", valid(-10, 10))
	c.ca = c.root.Intermediate("Example CA E1", valid(-2, 3))
	in.DNS().Secure(".")
	c.providers()
	c.encrypting()
	c.distrusted()
	c.unencrypted()
	c.untold()
	c.mailless()
	c.policies()
	if c.err != nil {
		in.Close()
		return nil, c.err
	}
	return c, nil
}

// valid is a certificate from so many years before the demonstration to so many after it.
func valid(from, to int) func(*x509.Certificate) {
	return dates(demoTime.AddDate(from, 0, 0), demoTime.AddDate(to, 0, 0))
}

func dates(from, to time.Time) func(*x509.Certificate) {
	return func(t *x509.Certificate) { t.NotBefore, t.NotAfter = from, to }
}

// until is a certificate that ends so many days after the demonstration.
func until(days int) func(*x509.Certificate) {
	return dates(demoTime.AddDate(0, -2, 0), demoTime.AddDate(0, 0, days))
}

func (c *cast) dns(records ...string) {
	if err := c.in.DNS().Add(records...); err != nil && c.err == nil {
		c.err = err
	}
}

func (c *cast) serve(addr string, s scannertest.SMTP) {
	if _, err := c.in.Serve(addr, s); err != nil && c.err == nil {
		c.err = err
	}
}

// domain gives a domain one mail host, "mx." below it, at one address.
func (c *cast) domain(name, addr string, s scannertest.SMTP) {
	host := "mx." + name
	c.dns(name+". 300 IN MX 10 "+host+".", host+". 300 IN A "+addr)
	if s.Name == "" {
		s.Name = host
	}
	c.serve(addr, s)
}

func (c *cast) issue(days int, names ...string) *tls.Certificate {
	cert := c.ca.Issue(names, until(days))
	return &cert
}

// providers are those whose servers serve many domains.
func (c *cast) providers() {
	cert := c.issue(50, "*.mx.bigmail.example", "mx.bigmail.example")
	hosts := map[string][]string{
		"a.mx.bigmail.example": {"192.0.2.11", "2001:db8::11"},
		"b.mx.bigmail.example": {"192.0.2.12", "2001:db8::12"},
		"c.mx.bigmail.example": {"192.0.2.13"},
	}
	for host, addrs := range hosts {
		for _, addr := range addrs {
			c.serve(addr, scannertest.SMTP{Name: host, Certificate: cert})
			if net.ParseIP(addr).To4() == nil {
				c.dns(host + ". 300 IN AAAA " + addr)
			} else {
				c.dns(host + ". 300 IN A " + addr)
			}
		}
	}
	for domain, first := range map[string]string{"bigmail.example": "a", "bakery.example": "b", "postbox.example": "c"} {
		c.dns(domain + ". 300 IN MX 10 " + first + ".mx.bigmail.example.")
	}
	c.dns("bigmail.example. 300 IN MX 20 b.mx.bigmail.example.", "bigmail.example. 300 IN MX 30 c.mx.bigmail.example.")
}

// encrypting are those with nothing to say against.
func (c *cast) encrypting() {
	c.domain("freebox.example", "198.51.100.20", scannertest.SMTP{
		Certificate: c.issue(6, "mx.freebox.example"), TLS: &tls.Config{MaxVersion: tls.VersionTLS12}})
	c.dns("tiny.example. 300 IN A 198.51.100.21")
	tiny := c.issue(80, "tiny.example")
	c.tlsa("tiny.example", tiny)
	c.serve("198.51.100.21", scannertest.SMTP{Name: "tiny.example", Certificate: tiny})
}

// tlsa publishes the key of a certificate as the host's.
func (c *cast) tlsa(host string, cert *tls.Certificate) {
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		c.err = err
		return
	}
	c.dns(fmt.Sprintf("_25._tcp.%s. 300 IN TLSA 3 1 1 %x", host, sha256.Sum256(leaf.RawSubjectPublicKeyInfo)))
}

// policies are published by those who want senders to rely on more than luck.
func (c *cast) policies() {
	c.sts("bigmail.example", "198.51.100.80", "version: STSv1\nmode: enforce\nmx: *.mx.bigmail.example\nmax_age: 2592000\n")
	c.dns(`_smtp._tls.bigmail.example. 300 IN TXT "v=TLSRPTv1; rua=mailto:tls@bigmail.example"`)
	c.sts("lawyer.example", "198.51.100.81", "version: STSv1\nmode: testing\nmx: mx.lawyer.example\nmax_age: 86400\n")
	c.sts("clinic.example", "198.51.100.82", "version: STSv1\nmode: enforce\nmx mx.clinic.example\nmax_age: 604800\n")
}

// sts gives a domain an MTA-STS policy and a host that serves it.
func (c *cast) sts(domain, addr, policy string) {
	c.dns("_mta-sts."+domain+`. 300 IN TXT "v=STSv1; id=20261101"`, "mta-sts."+domain+". 300 IN A "+addr)
	if _, err := c.in.ServeHTTPS(addr, scannertest.HTTPS{Certificate: c.issue(60, "mta-sts."+domain), Body: policy}); err != nil && c.err == nil {
		c.err = err
	}
}

// distrusted are those who encrypt with a certificate that proves nothing.
func (c *cast) distrusted() {
	c.domain("xn--iut87k.example", "198.51.100.30", scannertest.SMTP{Certificate: c.issue(-20, "mx.xn--iut87k.example")})

	self := scannertest.SelfSigned([]string{"mx.university.example"}, valid(-3, 7))
	c.domain("university.example", "198.51.100.31", scannertest.SMTP{Certificate: &self})
	c.tlsa("mx.university.example", &self)

	c.domain("lawyer.example", "198.51.100.32", scannertest.SMTP{
		Certificate: c.issue(40, "host17.cheaphosting.example", "cheaphosting.example")})

	short := *c.issue(60, "mx.startup.example")
	short.Certificate = short.Certificate[:1]
	c.tlsa("mx.startup.example", c.issue(9, "mx.startup.example")) // that of the key before this one
	c.domain("startup.example", "198.51.100.33", scannertest.SMTP{Certificate: &short})

	private := scannertest.NewCA("Clinic Internal CA", valid(-4, 6))
	foreign := private.Issue([]string{"mx.clinic.example"}, until(200))
	foreign.Certificate = append(foreign.Certificate, private.Certificate().Raw)
	c.domain("clinic.example", "198.51.100.34", scannertest.SMTP{Certificate: &foreign})

	c.domain("museum.example", "198.51.100.35", scannertest.SMTP{
		Certificate: c.issue(30, "mx.museum.example"),
		TLS:         &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}})
}

// unencrypted are those to whom mail goes in plain text.
func (c *cast) unencrypted() {
	c.dns("carrier.example. 300 IN MX 10 mx1.carrier.example.", "carrier.example. 300 IN MX 20 mx2.carrier.example.",
		"mx1.carrier.example. 300 IN A 203.0.113.1", "mx2.carrier.example. 300 IN A 203.0.113.2")
	first := c.issue(90, "mx1.carrier.example")
	c.tlsa("mx1.carrier.example", first)
	c.serve("203.0.113.1", scannertest.SMTP{Name: "mx1.carrier.example", Certificate: first})
	c.serve("203.0.113.2", scannertest.SMTP{Name: "mx2.carrier.example", NoSTARTTLS: true})

	c.domain("oldcarrier.example", "203.0.113.3", scannertest.SMTP{})
	c.domain("antique.example", "203.0.113.4", scannertest.SMTP{
		Certificate: c.issue(30, "mx.antique.example"),
		TLS:         &tls.Config{MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert}})
	c.domain("hotel.example", "203.0.113.5", scannertest.SMTP{Capabilities: []string{"SIZE 10240000", "XXXXXXXA"}})
	c.domain("airline.example", "203.0.113.6", scannertest.SMTP{
		Banner: "220 mx.airline.example \x1b]0;fly with us\a", Certificate: c.issue(30, "mx.airline.example"),
		Inject: "250 mx.airline.example trust me\r\n"})
	c.domain("fax.example", "203.0.113.7", scannertest.SMTP{EHLO: "502 5.5.1 unknown command"})
	c.domain("ministry.example", "203.0.113.8", scannertest.SMTP{
		Certificate: c.issue(30, "mx.ministry.example"), StartTLS: "454 4.7.0 TLS not available due to local problem"})
}

// untold are those of whom this visit cannot tell.
func (c *cast) untold() {
	c.domain("bank.example", "203.0.113.20", scannertest.SMTP{Banner: "421 4.7.0 too many connections, try again later"})
	c.domain("isp.example", "203.0.113.21", scannertest.SMTP{
		Banner: "554 5.7.1 203.0.113.99 is listed in a block list, see https://blocklist.example/"})
	c.dns("farm.example. 300 IN MX 10 mx.farm.example.", "mx.farm.example. 300 IN A 203.0.113.22")
	c.in.Blackhole("203.0.113.22")
	c.in.DNS().Bogus("broken.example")
	c.dns("broken.example. 300 IN MX 10 mx.broken.example.")
}

// mailless are those who take no mail; gone.example is not even there.
func (c *cast) mailless() {
	c.dns("newsletter.example. 300 IN MX 0 .")
}
