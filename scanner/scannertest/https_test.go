package scannertest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mxtls/scanner/scannertest"
)

const policy = "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 604800\n"

// webClient trusts the internet's CA and finds every host at 192.0.2.80.
func webClient(t *testing.T, in *scannertest.Internet) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(in.CA().Certificate())
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return in.Dial(ctx, network, "192.0.2.80:443")
		},
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		DisableKeepAlives: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

const policyURL = "https://mta-sts.example.com/.well-known/mta-sts.txt"

func TestHTTPS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		spec   scannertest.HTTPS
		code   int
		header string // "Name: value" that the answer has
		body   string
	}{
		{"healthy", scannertest.HTTPS{Body: policy}, 200, "Content-Type: text/plain", policy},
		{"missing", scannertest.HTTPS{Status: "404 Not Found", Header: []string{"Content-Type: text/html"}, Body: "no"}, 404,
			"Content-Type: text/html", "no"},
		{"redirect", scannertest.HTTPS{Status: "301 Moved", Header: []string{"Location: http://127.0.0.1/"}}, 301,
			"Location: http://127.0.0.1/", ""},
		{"padding", scannertest.HTTPS{HeaderPadding: 10_000, Body: policy}, 200, "", policy},
		{"trickle", scannertest.HTTPS{Trickle: true, Pause: time.Microsecond, Body: "x"}, 200, "", "x"},
		{"verbatim", scannertest.HTTPS{Response: "HTTP/1.0 204 Nothing\r\nX-A: b\r\n\r\n"}, 204, "X-A: b", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := newInternet(t)
			cert := in.CA().Issue([]string{"mta-sts.example.com"})
			tt.spec.Certificate = &cert
			server, err := in.ServeHTTPS("192.0.2.80", tt.spec)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := webClient(t, in).Get(policyURL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.code || err != nil || string(body) != tt.body {
				t.Errorf("code %d, body %q, %v", resp.StatusCode, body, err)
			}
			if name, value, _ := strings.Cut(tt.header, ": "); name != "" && resp.Header.Get(name) != value {
				t.Errorf("header %q, want %q", resp.Header, tt.header)
			}
			requests := server.Requests()
			if len(requests) != 1 || !strings.HasPrefix(requests[0], "GET /.well-known/mta-sts.txt HTTP/1.1\nHost: mta-sts.") {
				t.Errorf("requests %q", requests)
			}
			if names := server.Names(); !slices.Equal(names, []string{"mta-sts.example.com"}) {
				t.Errorf("names asked for %q", names)
			}
			if min := int64(len(tt.body)); server.Sent() <= min {
				t.Errorf("%d octets sent, with a body of %d", server.Sent(), min)
			}
			if errs := server.Errors(); len(errs) > 0 {
				t.Error(errs)
			}
		})
	}
}

func TestHTTPSEndless(t *testing.T) {
	t.Parallel()
	in := newInternet(t)
	cert := in.CA().Issue([]string{"mta-sts.example.com"})
	server, err := in.ServeHTTPS("192.0.2.80", scannertest.HTTPS{Certificate: &cert, Body: strings.Repeat("mx: a\n", 1000),
		Endless: true})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := webClient(t, in).Get(policyURL)
	if err != nil {
		t.Fatal(err)
	}
	const much = 1 << 20
	if n, err := io.CopyN(io.Discard, resp.Body, much); n != much || err != nil {
		t.Errorf("%d octets, %v", n, err)
	}
	resp.Body.Close()
	server.Close() // has to end it, too
	if sent := server.Sent(); sent < much {
		t.Errorf("%d octets sent", sent)
	}
}

func TestHTTPSErrors(t *testing.T) {
	t.Parallel()
	in := newInternet(t)
	cert := scannertest.SelfSigned([]string{"mta-sts.example.com"})
	server, err := in.ServeHTTPS("192.0.2.80:443", scannertest.HTTPS{Certificate: &cert})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := webClient(t, in).Get(policyURL); err == nil {
		t.Error("a certificate of nobody's was trusted")
	}
	eventually(t, "the failed handshake is recorded", func() bool { return len(server.Errors()) == 1 })
	for addr, want := range map[string]string{
		"192.0.2.80": "in use",
		"10.0.0.1":   `https server at "10.0.0.1:443": not a documentation address`,
		"x":          `https server at "x": `,
	} {
		if _, err := in.ServeHTTPS(addr, scannertest.HTTPS{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", addr, err, want)
		}
	}
	if _, err := scannertest.NewHTTPS("192.0.2.1:443", scannertest.HTTPS{}); err == nil {
		t.Error("a server outside of loopback")
	}
	plain, err := scannertest.NewHTTPS("127.0.0.1:0", scannertest.HTTPS{Plain: true, Response: "HTTP/1.1 400 No\r\n\r\n"})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	c := dial(t, plain.Server)
	c.expect("HTTP/1.1 400 No\r\n\r\n")
	c.expectEnd()
}
