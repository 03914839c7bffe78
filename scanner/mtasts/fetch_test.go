package mtasts

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
)

const goodPolicy = "version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmax_age: 604800\r\n"

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

// row is one policy host and what its domain's MTA-STS comes to.
type row struct {
	name    string
	spec    scannertest.HTTPS
	cert    func(ca *scannertest.CA, host string) tls.Certificate // nil = a good one
	limit   time.Duration                                         // of the fetch; 0 = patient
	status  Status
	reason  Reason
	fault   Fault
	text    string // that Outcome.Text has
	warning Code   // 0 = none
}

func moved(status, location string) scannertest.HTTPS {
	return scannertest.HTTPS{Status: status, Header: []string{"Location: " + location}, Body: goodPolicy}
}

func typed(header string) scannertest.HTTPS {
	return scannertest.HTTPS{Header: []string{header}, Body: goodPolicy}
}

func body(text string) scannertest.HTTPS { return scannertest.HTTPS{Body: text} }

func verbatim(response string) scannertest.HTTPS { return scannertest.HTTPS{Response: response} }

var redirects = []row{ // M1
	{name: "redirect to http", spec: moved("301 Moved Permanently", "http://mta-sts.example.com/"), status: FetchError,
		reason: PolicyFetch, fault: Redirect, text: `redirects ("301 Moved Permanently") to "http://mta-sts.example.com/"`},
	{name: "redirect to another host", spec: moved("302 Found", "https://www.example.com/.well-known/mta-sts.txt"),
		status: FetchError, reason: PolicyFetch, fault: Redirect, text: `to "https://www.example.com/`},
	{name: "redirect to loopback", spec: moved("307 Temporary Redirect", "https://127.0.0.1/"), status: FetchError,
		reason: PolicyFetch, fault: Redirect, text: `to "https://127.0.0.1/"`},
	{name: "redirect to itself", spec: moved("308 Permanent Redirect", "/.well-known/mta-sts.txt"), status: FetchError,
		reason: PolicyFetch, fault: Redirect, text: "no sender may follow"},
	{name: "redirect to nowhere", spec: scannertest.HTTPS{Status: "300 Multiple Choices"}, status: FetchError,
		reason: PolicyFetch, fault: Redirect, text: `to ""`},
	{name: "redirect with escapes", spec: moved("301 A\x9bB", "https://a/\x9b"+strings.Repeat("x", 5000)),
		status: FetchError, reason: PolicyFetch, fault: Redirect, text: `"301 A\x9bB") to "https://a/\x9bxxx`},
}

var floods = []row{ // M2
	{name: "endless body", spec: scannertest.HTTPS{Body: strings.Repeat("mx: a.example\n", 1000), Endless: true},
		status: FetchError, reason: PolicyFetch, fault: BodyTooLarge, text: "more than 65536 octets"},
	{name: "endless chunks", spec: scannertest.HTTPS{Header: []string{"Transfer-Encoding: chunked"}, Body: "1\r\na\r\n",
		Endless: true}, status: FetchError, reason: PolicyFetch, fault: Flood, text: "more than 524288 octets"},
	{name: "64 KiB", spec: body(goodPolicy + "x: " + strings.Repeat("y", 65536-len(goodPolicy)-4) + "\n"), status: Valid},
	{name: "64 KiB and one octet", spec: body(goodPolicy + "x: " + strings.Repeat("y", 65536-len(goodPolicy)-3) + "\n"),
		status: FetchError, reason: PolicyFetch, fault: BodyTooLarge, text: "more than 65536 octets"},
	{name: "gzip", spec: scannertest.HTTPS{Header: []string{"Content-Type: text/plain", "Content-Encoding: gzip"},
		Body: gzipped(goodPolicy)}, status: FetchError, reason: PolicyFetch, fault: ContentEncoding, text: `as "gzip"`},
	{name: "gzip bomb", spec: scannertest.HTTPS{Header: []string{"Content-Type: text/plain", "Content-Encoding: GZIP"},
		Body: gzipped(strings.Repeat("mx: a\n", 1e6)), Endless: true}, status: FetchError, reason: PolicyFetch,
		fault: ContentEncoding, text: `as "GZIP"`},
	{name: "brotli", spec: scannertest.HTTPS{Header: []string{"Content-Encoding: br"}, Body: "\x0b\x02"},
		status: FetchError, reason: PolicyFetch, fault: ContentEncoding, text: `as "br"`},
	{name: "identity", spec: scannertest.HTTPS{Header: []string{"Content-Type: text/plain", "Content-Encoding: identity"},
		Body: goodPolicy}, status: Valid},
	{name: "gzip unsaid", spec: body(gzipped(goodPolicy)), status: Invalid, reason: PolicyInvalid, text: "no colon"},
	{name: "slow body", spec: scannertest.HTTPS{Body: goodPolicy, Trickle: true, Pause: short / 20}, limit: short,
		status: FetchError, reason: PolicyFetch, fault: Timeout, text: "no whole answer within 1s"},
	{name: "silence", spec: scannertest.HTTPS{Body: goodPolicy, Pause: time.Hour}, limit: short, status: FetchError,
		reason: PolicyFetch, fault: Timeout, text: "no whole answer within 1s"},
	{name: "1 MB of header", spec: scannertest.HTTPS{HeaderPadding: 1 << 20, Body: goodPolicy}, status: FetchError,
		reason: PolicyFetch, fault: HeaderTooLarge, text: "more than 16384 octets"},
	{name: "12 KiB of header", spec: scannertest.HTTPS{HeaderPadding: 12 << 10, Body: goodPolicy}, status: Valid},
	{name: "hints without end", spec: verbatim(strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 50_000)),
		status: FetchError, reason: PolicyFetch, fault: HeaderTooLarge, text: "more than 16384 octets"},
	{name: "one endless header line", spec: verbatim("HTTP/1.1 200 " + strings.Repeat("x", 1<<20)), status: FetchError,
		reason: PolicyFetch, fault: HeaderTooLarge, text: "more than 16384 octets"},
	{name: "body cut", spec: verbatim("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + goodPolicy), status: FetchError,
		reason: PolicyFetch, fault: BodyCut, text: fmt.Sprintf("broke off after %d octets", len(goodPolicy))},
	{name: "chunk cut", spec: verbatim("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nversion"),
		status: FetchError, reason: PolicyFetch, fault: BodyCut, text: "broke off after 7 octets"},
	{name: "no answer", spec: verbatim(" "), status: FetchError, reason: PolicyFetch, fault: NotHTTP},
	{name: "no HTTP", spec: verbatim("220 mx.example.com ESMTP\r\n"), status: FetchError, reason: PolicyFetch,
		fault: NotHTTP, text: "malformed HTTP"},
	{name: "HTTP/2 unasked", spec: verbatim("\x00\x00\x12\x04\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 64)),
		status: FetchError, reason: PolicyFetch, fault: NotHTTP, text: "malformed HTTP"},
	{name: "another protocol", spec: verbatim("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade" +
		"\r\n\r\n"), status: FetchError, reason: PolicyFetch, fault: HTTPStatus, text: "101"},
	{name: "plain text on 443", spec: scannertest.HTTPS{Plain: true, Response: "HTTP/1.1 400 Bad Request\r\n\r\n"},
		status: FetchError, reason: PolicyFetch, fault: TLSFailed, text: "does not look like a TLS handshake"},
}

var answers = []row{ // M3
	{name: "healthy", spec: body(goodPolicy), status: Valid},
	{name: "HTTP/1.0", spec: verbatim("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + goodPolicy), status: Valid},
	{name: "chunked", spec: verbatim("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n" +
		fmt.Sprintf("%x;x=y\r\n%s\r\n0\r\n\r\n", len(goodPolicy), goodPolicy)), status: Valid},
	{name: "404", spec: scannertest.HTTPS{Status: "404 Not Found", Body: goodPolicy}, status: FetchError,
		reason: PolicyFetch, fault: HTTPStatus, text: `answers "404 Not Found" instead of 200`},
	{name: "500", spec: scannertest.HTTPS{Status: "500 Internal Server Error"}, status: FetchError,
		reason: PolicyFetch, fault: HTTPStatus, text: "500 Internal Server Error"},
	{name: "203", spec: scannertest.HTTPS{Status: "203 Non-Authoritative", Body: goodPolicy}, status: FetchError,
		reason: PolicyFetch, fault: HTTPStatus, text: "203"},
	{name: "text/html", spec: typed("Content-Type: text/html; charset=utf-8"), status: Valid, warning: ContentType},
	{name: "no type", spec: typed("X-A: b"), status: Valid, warning: ContentType},
	{name: "type with charset", spec: typed("Content-Type: Text/Plain; charset=utf-8"), status: Valid},
	{name: "empty", spec: body(""), status: Invalid, reason: PolicyInvalid, text: "has no version"},
	{name: "a page", spec: body("<!DOCTYPE html>\n"), status: Invalid, reason: PolicyInvalid, text: "no colon"},
	{name: "BOM", spec: body("\ufeff" + goodPolicy), status: Invalid, reason: PolicyInvalid, text: "byte-order mark",
		warning: ByteOrderMark},
	{name: "CR only", spec: body(strings.ReplaceAll(goodPolicy, "\r\n", "\r")), status: Invalid, reason: PolicyInvalid,
		text: "CR alone", warning: BareCR},
	{name: "10^5 mx lines", spec: body(goodPolicy + strings.Repeat("mx: a.example\n", 1e5)), status: FetchError,
		reason: PolicyFetch, fault: BodyTooLarge, text: "more than 65536 octets"},
	{name: "4,000 mx lines", spec: body(goodPolicy + strings.Repeat("mx: a.example\n", 4000)), status: Valid,
		warning: ManyPatterns},
	{name: "duplicates", spec: body(goodPolicy + "mode: none\r\n"), status: Valid, warning: DuplicateKey},
	{name: "NULs", spec: body(strings.Repeat("\x00", 5000)), status: Invalid, reason: PolicyInvalid, text: `\x00`},
}

var certificates = []row{ // M3, RFC 8461 3.3
	{name: "wildcard", cert: func(ca *scannertest.CA, host string) tls.Certificate {
		return ca.Issue([]string{"*" + host[strings.IndexByte(host, '.'):]})
	}, status: Valid},
	{name: "another name", cert: func(ca *scannertest.CA, _ string) tls.Certificate {
		return ca.Issue([]string{"www.example.org"})
	}, status: FetchError, reason: WebPKIInvalid, text: "no DNS name for mta-sts."},
	{name: "the domain's name", cert: func(ca *scannertest.CA, host string) tls.Certificate {
		return ca.Issue([]string{strings.TrimPrefix(host, "mta-sts.")})
	}, status: FetchError, reason: WebPKIInvalid, text: "no DNS name for mta-sts."},
	{name: "CN only", cert: func(ca *scannertest.CA, host string) tls.Certificate {
		return ca.Issue([]string{host}, func(t *x509.Certificate) { t.DNSNames = nil })
	}, status: FetchError, reason: WebPKIInvalid, text: "no DNS name for mta-sts."},
	{name: "self-signed", cert: func(_ *scannertest.CA, host string) tls.Certificate {
		return scannertest.SelfSigned([]string{host})
	}, status: FetchError, reason: WebPKIInvalid},
	{name: "unknown root", cert: func(_ *scannertest.CA, host string) tls.Certificate {
		return scannertest.NewCA("Nobody's Root").Issue([]string{host})
	}, status: FetchError, reason: WebPKIInvalid},
	{name: "expired", cert: func(ca *scannertest.CA, host string) tls.Certificate {
		return ca.Issue([]string{host}, func(t *x509.Certificate) { t.NotAfter = t.NotBefore.Add(time.Minute) })
	}, status: FetchError, reason: WebPKIInvalid},
	{name: "for clients", cert: func(ca *scannertest.CA, host string) tls.Certificate {
		return ca.Issue([]string{host}, func(t *x509.Certificate) {
			t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		})
	}, status: FetchError, reason: WebPKIInvalid},
	{name: "unreadable", cert: func(ca *scannertest.CA, host string) tls.Certificate {
		return ca.Resign(ca.Issue([]string{host}), func(tbs []byte) []byte {
			return bytes.Replace(tbs, []byte{0x17, 13}, []byte{0x17, 12}, 1) // a date that is none
		})
	}, status: FetchError, reason: WebPKIInvalid, fault: CertificateMalformed, text: "failed to parse certificate"},
	{name: "a chain of 120", cert: func(ca *scannertest.CA, host string) tls.Certificate {
		cert := ca.Issue([]string{host})
		cert.Certificate = append(cert.Certificate, slices.Repeat([][]byte{ca.Certificate().Raw}, 119)...)
		return cert
	}, status: StatusUnknown, reason: WebPKIUnknown, text: "more than we take"},
	{name: "TLS 1.1", spec: scannertest.HTTPS{TLS: &tls.Config{MinVersion: 0x0301, MaxVersion: tls.VersionTLS11}},
		status: FetchError, reason: PolicyFetch, fault: TLSFailed, text: "protocol version"},
	{name: "TLS 1.2", spec: scannertest.HTTPS{TLS: &tls.Config{MaxVersion: tls.VersionTLS12}, Body: goodPolicy},
		status: Valid},
	{name: "client certificate wanted", spec: scannertest.HTTPS{TLS: &tls.Config{ClientAuth: tls.RequireAnyClientCert,
		MaxVersion: tls.VersionTLS12}}, status: FetchError, reason: PolicyFetch, fault: TLSFailed, text: "alert"},
}

// Hostile and broken hosts, all at once: none stands in another's way, and each is read no further than it must be.
func TestPolicyHosts(t *testing.T) {
	t.Parallel()
	for _, rows := range [][]row{redirects, floods, answers, certificates} {
		for _, tt := range rows {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				l := newLab(t)
				const domain = "example.com"
				l.publish(domain, "192.0.2.80")
				if tt.cert != nil {
					cert := tt.cert(l.CA(), "mta-sts."+domain)
					tt.spec.Certificate, tt.spec.Body = &cert, goodPolicy
				}
				server := l.host(domain, "192.0.2.80", tt.spec)
				c := l.client()
				if tt.limit > 0 {
					c.Timeout = tt.limit
				}
				facts := c.Look(context.Background(), name.MustParse(domain))
				o := Judge(facts, l.verifier)
				tt.check(t, o)
				if len(facts.Fetch.Body) > maxBody || facts.Fetch.Addr.String() != "192.0.2.80:443" {
					t.Errorf("%d octets from %v", len(facts.Fetch.Body), facts.Fetch.Addr)
				}
				// The limits, and the rest of what one read of a TLS record brings.
				bound := int64(maxHeader + maxBody + 32<<10)
				if tt.fault == Flood {
					bound = maxOctets
				}
				if read := l.read.Load(); read > bound {
					t.Errorf("%d octets were read", read)
				}
				if server.Sessions() != 1 {
					t.Errorf("%d connections", server.Sessions())
				}
			})
		}
	}
}

func (tt *row) check(t *testing.T, o Outcome) {
	t.Helper()
	checkOutcome(t, o)
	if o.Status != tt.status || o.Reason != tt.reason || o.Fault != tt.fault || !strings.Contains(o.Text, tt.text) {
		t.Errorf("%v, %v, %v, %q", o.Status, o.Reason, o.Fault, o.Text)
	}
	want := []Code{tt.warning}
	if tt.warning == CodeNone {
		want = nil
	}
	if !slices.Equal(codes(o.Warnings), want) && tt.status == Valid {
		t.Errorf("warnings %v", o.Warnings)
	}
	if tt.warning != CodeNone && !slices.Contains(codes(o.Warnings), tt.warning) {
		t.Errorf("warnings %v without %v", o.Warnings, tt.warning)
	}
}

// What a policy host hears: one request, and nothing that it has no need to know.
func TestRequest(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.publish("example.com", "192.0.2.80")
	server := l.host("example.com", "192.0.2.80", body(goodPolicy))
	for _, agent := range []string{"", "mxtls (+https://example.org/)"} {
		c := l.client()
		c.UserAgent = agent
		f := c.Fetch(context.Background(), name.MustParse("example.com"))
		if f.Err != nil || f.Code != 200 || string(f.Body) != goodPolicy || f.Type != "text/plain" || f.Duration <= 0 ||
			len(f.Chain) != 1 || f.TLS != tls.VersionTLS13 || f.URL() != "https://mta-sts.example.com/.well-known/mta-sts.txt" {
			t.Errorf("%+v", f)
		}
	}
	const request = "GET /.well-known/mta-sts.txt HTTP/1.1\nHost: mta-sts.example.com\nUser-Agent: %s\nConnection: close"
	want := []string{fmt.Sprintf(request, "mxtls"), fmt.Sprintf(request, "mxtls (+https://example.org/)")}
	if got := server.Requests(); !slices.Equal(got, want) {
		t.Errorf("requests %q", got)
	}
	if got := server.Names(); !slices.Equal(got, []string{"mta-sts.example.com", "mta-sts.example.com"}) {
		t.Errorf("server names %q", got)
	}
}

// Where the policy host is: the DNS's part and TCP's.
func TestReach(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	host := func(domain string, records ...string) {
		l.zone("_mta-sts." + domain + `. 300 IN TXT "v=STSv1; id=1;"`)
		for _, r := range records {
			l.zone("mta-sts." + domain + ". 300 IN " + r)
		}
	}
	host("absent.example")
	host("text.example", "TXT nothing")
	host("servfail.example")
	l.DNS().Fail("mta-sts.servfail.example", "", scannertest.Failure{Rcode: "SERVFAIL"})
	host("half.example", "AAAA 2001:db8::80")
	l.DNS().Fail("mta-sts.half.example", "A", scannertest.Failure{Rcode: "SERVFAIL"})
	host("refused.example", "A 192.0.2.1")
	host("hole.example", "A 192.0.2.2")
	l.Blackhole("192.0.2.2")
	host("unreachable.example", "A 192.0.2.3", "AAAA 2001:db8::1")
	l.Unreachable("192.0.2.3")
	host("second.example", "A 192.0.2.1", "A 192.0.2.4")
	host("v6.example", "A 192.0.2.1", "AAAA 2001:db8::80")
	host("alias.example", "CNAME policy.example.net.")
	l.zone("policy.example.net. 300 IN A 192.0.2.4")
	host("many.example", "A 192.0.2.1", "A 192.0.2.1", "A 192.0.2.5", "A 192.0.2.6", "A 192.0.2.4")
	cert := l.CA().Issue([]string{"mta-sts.second.example", "mta-sts.alias.example", "mta-sts.v6.example",
		"mta-sts.half.example", "mta-sts.many.example"})
	for _, addr := range []string{"192.0.2.4", "2001:db8::80"} {
		l.host("", addr, scannertest.HTTPS{Certificate: &cert, Body: goodPolicy})
	}
	for _, tt := range []struct {
		domain string
		row
	}{
		{"absent.example", row{status: FetchError, reason: PolicyFetch, fault: HostNotFound,
			text: "mta-sts.absent.example does not exist"}},
		{"text.example", row{status: FetchError, reason: PolicyFetch, fault: HostNoAddress, text: "has no address"}},
		{"servfail.example", row{status: FetchError, reason: PolicyFetch, fault: HostLookup, text: "SERVFAIL"}},
		{"half.example", row{status: Valid}},
		{"refused.example", row{status: FetchError, reason: PolicyFetch, fault: ConnectionRefused, text: "refused"}},
		{"hole.example", row{limit: short, status: FetchError, reason: PolicyFetch, fault: Timeout, text: "within 1s"}},
		{"unreachable.example", row{status: FetchError, reason: PolicyFetch, fault: Unreachable, text: "no route"}},
		{"second.example", row{status: Valid}},
		{"v6.example", row{status: Valid}},
		{"alias.example", row{status: Valid}},
		{"many.example", row{status: FetchError, reason: PolicyFetch, fault: ConnectionRefused, text: "refused"}},
		{"www." + strings.Repeat("a.", 120) + "example", row{status: None, reason: NoRecord, text: "no TXT record"}},
	} {
		t.Run(tt.domain, func(t *testing.T) {
			t.Parallel()
			c := l.client()
			if tt.limit > 0 {
				c.Timeout = tt.limit
			}
			tt.check(t, Judge(c.Look(context.Background(), name.MustParse(tt.domain)), l.verifier))
		})
	}
}

// Addresses that are no other party's are refused before the first packet, wherever they come from.
func TestReserved(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{}) // every address of this machine, both families
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).AddrPort().Port()
	for i, record := range []string{
		"A 127.0.0.1", "A 10.0.0.1", "A 169.254.169.254", "A 0.0.0.0", "AAAA ::1", "AAAA fe80::1", "AAAA ::ffff:127.0.0.1",
		"AAAA 64:ff9b::7f00:1", "AAAA 2002:7f00:1::1",
	} {
		domain := fmt.Sprintf("d%d.example", i)
		l.zone("_mta-sts."+domain+`. 300 IN TXT "v=STSv1; id=1;"`, "mta-sts."+domain+". 300 IN "+record)
		c := &Client{Resolver: l.resolver, Port: port}
		o := Judge(c.Look(context.Background(), name.MustParse(domain)), l.verifier)
		checkOutcome(t, o)
		if o.Status != StatusUnknown || o.Reason != NotFetched || o.Fault != ReservedAddress ||
			!strings.HasPrefix(o.Text, "not tried: reserved address: ") {
			t.Errorf("%s: %v, %v, %v, %q", record, o.Status, o.Reason, o.Fault, o.Text)
		}
	}
	listener.SetDeadline(time.Now().Add(100 * time.Millisecond))
	if conn, err := listener.Accept(); !os.IsTimeout(err) {
		t.Errorf("a connection came in: %v, %v", conn, err)
	}
}

// What is our own doing says nothing of the domain.
func TestOurDoing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.NoIPv6()
	l.publish("v6.example", "2001:db8::80")
	l.publish("silent.example", "192.0.2.80")
	server := l.host("silent.example", "192.0.2.80", scannertest.HTTPS{Pause: time.Hour})

	if o := l.look("v6.example"); o.Status != StatusUnknown || o.Reason != NotFetched || o.Fault != NoIPv6 {
		t.Errorf("%+v", o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		defer cancel()
		for end := time.Now().Add(patient); server.Sessions() == 0 && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}()
	o := Judge(l.client().Look(ctx, name.MustParse("silent.example")), l.verifier)
	if o.Status != StatusUnknown || o.Reason != NotFetched || o.Fault != Interrupted || o.Text != "the run was stopped" {
		t.Errorf("%+v", o)
	}
	checkOutcome(t, o)

	domain := name.MustParse("www." + strings.Repeat("a.", 120) + "example")
	if f := l.client().Fetch(context.Background(), domain); f.Err == nil || f.Err.Fault != NameTooLong {
		t.Errorf("%+v", f)
	}
	down := &Client{Resolver: downResolver{}, Dial: l.dial}
	if f := down.Fetch(context.Background(), name.MustParse("example.com")); f.Err == nil || f.Err.Fault != NotTested ||
		f.Addr != (netip.AddrPort{}) {
		t.Errorf("%+v", f)
	}
}

// downResolver is a resolver that has stopped to answer.
type downResolver struct{}

func (downResolver) TXT(context.Context, name.Name) resolve.Answer {
	return resolve.Answer{Status: resolve.Failed, Err: &resolve.Error{Kind: resolve.Down}}
}

func (d downResolver) Addrs(ctx context.Context, n name.Name, _ bool) resolve.Answer {
	return d.TXT(ctx, n)
}
