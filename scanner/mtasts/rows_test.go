package mtasts

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

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
	{name: "another name, and no HTTP", cert: func(ca *scannertest.CA, _ string) tls.Certificate {
		return ca.Issue([]string{"www.example.org"})
	}, spec: verbatim("220 mx.example.com ESMTP\r\n"), status: FetchError, reason: WebPKIInvalid,
		text: "no DNS name for"},
	{name: "self-signed", cert: func(_ *scannertest.CA, host string) tls.Certificate {
		return scannertest.SelfSigned([]string{host})
	}, status: FetchError, reason: WebPKIInvalid},
	{name: "unknown root", cert: func(_ *scannertest.CA, host string) tls.Certificate {
		return scannertest.NewCA("Nobody's Root").Issue([]string{host})
	}, status: FetchError, reason: WebPKIInvalid},
	{name: "expired", cert: func(ca *scannertest.CA, host string) tls.Certificate {
		return ca.Issue([]string{host}, func(t *x509.Certificate) { t.NotAfter = t.NotBefore.Add(time.Minute) })
	}, status: FetchError, reason: WebPKIInvalid},
	{name: "a large one, then a header octet by octet", cert: func(ca *scannertest.CA, host string) tls.Certificate {
		names := []string{host}
		for i := range 9000 {
			names = append(names, fmt.Sprintf("host%04d.example.com", i))
		}
		return ca.Issue(names)
	}, spec: scannertest.HTTPS{Trickle: true, HeaderPadding: 15 << 10}, status: FetchError,
		reason: PolicyFetch, fault: Flood,
		text: "more than 524288 octets"},
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
