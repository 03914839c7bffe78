package scanner

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mxtls/scanner/pkix"
	"mxtls/scanner/scannertest"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// unreadable are ways to make a certificate that OpenSSL takes and crypto/tls does not parse: octets of the signed part,
// and others of the same number. With the first, Go's handshake is finished, since go.mod's GODEBUG has it so.
var unreadable = []struct{ name, from, to string }{
	{"negative serial number", "\x02\x04\x7f\x7e\x7d\x7c", "\x02\x04\xff\x7e\x7d\x7c"},
	{"SAN with a letter beyond ASCII", "second.", "sec\xf6nd."},
	{"SAN with a URI that is none", "http://a.example/", "http://a b:c/....."[:17]},
	{"SAN with an address of 14 octets", "\x82\x0esecond.example", "\x87\x0esecond.example"},
	{"PrintableString with an underscore", "Odd Name", "Odd_Name"},
}

// TestUnreadableCertificates: a server whose certificate Go cannot parse has TLS, with all that can be known of it.
func TestUnreadableCertificates(t *testing.T) {
	for _, tt := range unreadable {
		for version, limits := range map[string]*tls.Config{
			"TLS 1.2":         {MaxVersion: tls.VersionTLS12},
			"TLS 1.2 and 1.3": {},
			"TLS 1.3":         {MinVersion: tls.VersionTLS13},
		} {
			t.Run(tt.name+", "+version, func(t *testing.T) {
				w := newWorld(t)
				w.domain("odd.example", "192.0.2.1")
				good := w.in.CA().Issue([]string{"mx.odd.example", "second.example"}, func(c *x509.Certificate) {
					c.SerialNumber.SetInt64(0x7f7e7d7c)
					c.Subject.Organization = []string{"Odd Name"}
					c.URIs = []*url.URL{{Scheme: "http", Host: "a.example", Path: "/"}}
				})
				odd := w.in.CA().Resign(good, func(tbs []byte) []byte {
					if bytes.Count(tbs, []byte(tt.from)) != 1 {
						t.Fatalf("%q is there %d times", tt.from, bytes.Count(tbs, []byte(tt.from)))
					}
					return bytes.Replace(tbs, []byte(tt.from), []byte(tt.to), 1)
				})
				w.serve("192.0.2.1", scannertest.SMTP{Certificate: &odd, TLS: limits})
				r := w.scanner().Domain(t.Context(), "odd.example")
				completed := tt.name == unreadable[0].name
				checkUnreadable(t, &r, good.Leaf.NotAfter, odd.Certificate[0], completed, version == "TLS 1.3" && !completed)
			})
		}
	}
}

// checkUnreadable checks what is told of a server with such a certificate.
func checkUnreadable(t *testing.T, r *Result, end time.Time, der []byte, completed, hidden bool) {
	t.Helper()
	server, answers := r.Facts.Servers[0], r.Verdict.Servers[0]
	if r.Verdict.Encrypted.Yes != 1 || answers.Established != truth.Yes || answers.Negotiated == completed {
		t.Errorf("%+v\n%+v", r.Verdict.Encrypted, answers)
	}
	found := func(code, text string) bool {
		return slices.ContainsFunc(r.Verdict.Findings, func(f verdict.Finding) bool {
			return f.Code == code && strings.Contains(f.Text, text)
		})
	}
	if !completed && !found(verdict.NegotiatedNotCompleted,
		"Postfix completes it, strict senders cannot read the certificate") {
		t.Errorf("findings %+v", r.Verdict.Findings)
	}
	if hidden {
		if server.Chain != nil || answers.Authenticated != truth.Unknown ||
			!found("certificate_malformed", "strict senders cannot read it, and TLS 1.3 hides it from us: ") {
			t.Errorf("chain %+v\n%+v\nfindings %+v", server.Chain, answers, r.Verdict.Findings)
		}
		return
	}
	c := server.Chain
	if c == nil || c.Status != pkix.Untrusted || c.Reason != pkix.CertificateMalformed ||
		!found("certificate_malformed", "OpenSSL trusts it, strict senders cannot read it: ") {
		t.Fatalf("%+v\nfindings %+v", c, r.Verdict.Findings)
	}
	if c.SHA256 != fmt.Sprintf("%x", sha256.Sum256(der)) || !c.NotAfter.Equal(end) || c.Names[0] != "mx.odd.example" ||
		server.NameMatch != truth.Yes || answers.Authenticated != truth.No {
		t.Errorf("%+v, name %v, authenticated %v", c, server.NameMatch, answers.Authenticated)
	}
	if h := server.Session.Negotiated(); h != nil && h.Version == tls.VersionTLS13 &&
		!found(verdict.NegotiatedNotCompleted, "the certificate is the one shown with TLS 1.2") {
		t.Errorf("findings %+v", r.Verdict.Findings)
	}
}
