package scanner_test

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner"
	"mxtls/scanner/dane"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
	"mxtls/scanner/truth"
)

// brief is a ruling in one line: chain, name, next hop, web and its name, OpenSSL's errors, DANE, delivery.
func brief(r *scanner.Ruling) string {
	s := fmt.Sprintf("%s %s %s, web %s %s, openssl %d %d, dane %s", r.Chain.Status, r.NameMatch, r.DomainMatch,
		r.WebPKI.Status, r.WebNameMatch, r.Level0.Num, r.Level1.Num, r.DANE.Status)
	if p := r.Prediction; p != nil {
		s += strings.TrimRight(fmt.Sprintf(", %s %s %s", p.Outcome, p.Word, p.Reason), " ")
	}
	return s
}

func TestRule(t *testing.T) {
	t.Parallel()
	ca := scannertest.NewCA("Rule CA")
	roots, err := pkix.Parse("ca.pem", ca.PEM())
	if err != nil {
		t.Fatal(err)
	}
	names := func(all ...string) (list []name.Name) {
		for _, n := range all {
			list = append(list, name.MustParse(n))
		}
		return list
	}
	good := ca.Issue([]string{"mx.example.net", "example.net"}).Certificate
	cnOnly := ca.Issue(nil, func(c *x509.Certificate) {
		c.Subject.CommonName, c.DNSNames = "mx.example.net", nil
	}).Certificate
	weak := ca.Issue([]string{"mx.example.net"}, scannertest.RSA2048).Certificate
	expired := ca.Issue([]string{"mx.example.net"}, func(c *x509.Certificate) {
		c.NotAfter = time.Now().Add(-time.Hour)
	}).Certificate
	foreign := scannertest.SelfSigned([]string{"mx.example.net"}).Certificate
	garbage := [][]byte{[]byte("no certificate")}
	leaf, err := x509.ParseCertificate(good[0])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	ee := resolve.TLSA{Usage: 3, Selector: 1, Matching: 1, Data: sum[:]}
	many := make([]string, 10_100)
	for i := range many {
		many[i] = fmt.Sprintf("m%d.e", i)
	}
	large := ca.Issue(many).Certificate
	none, one := []resolve.TLSA{}, []resolve.TLSA{ee}
	host, domain := names("mx.example.net"), name.MustParse("example.net")

	for _, tt := range []struct {
		name string
		c    scanner.Case
		want string
	}{
		{"all is well", scanner.Case{Chain: good, Names: host, NextHop: domain, Level: postfix.Secure},
			"trusted yes yes, web trusted yes, openssl 0 0, dane unknown, encrypted Verified"},
		{"no name asked for", scanner.Case{Chain: good},
			"trusted unknown unknown, web trusted unknown, openssl 0 0, dane unknown"},
		{"no name, so no prediction", scanner.Case{Chain: good, Level: postfix.May},
			"trusted unknown unknown, web trusted unknown, openssl 0 0, dane unknown"},
		{"any name will do", scanner.Case{Chain: good, Names: names("a.example", "mx.example.net"), Level: postfix.Verify},
			"trusted yes unknown, web trusted yes, openssl 0 0, dane unknown, encrypted Verified"},
		{"none of the names", scanner.Case{Chain: good, Names: names("a.example", "b.example"), Level: postfix.Verify},
			"trusted no unknown, web trusted no, openssl 0 0, dane unknown, deferred Untrusted certificate-host-mismatch"},
		{"secure wants the next hop", scanner.Case{Chain: good, Names: host, NextHop: name.MustParse("example.org"),
			Level: postfix.Secure},
			"trusted yes no, web trusted yes, openssl 0 0, dane unknown, deferred Untrusted certificate-host-mismatch"},
		{"secure, and the server is asked for by itself", scanner.Case{Chain: good, Names: host, Level: postfix.Secure},
			"trusted yes unknown, web trusted yes, openssl 0 0, dane unknown, encrypted Verified"},
		{"a CN counts for Postfix alone", scanner.Case{Chain: cnOnly, Names: host, Level: postfix.Verify},
			"trusted yes unknown, web trusted no, openssl 0 0, dane unknown, encrypted Verified"},
		{"an RSA key", scanner.Case{Chain: weak, Names: host, Level: postfix.Encrypt},
			"trusted yes unknown, web trusted yes, openssl 0 0, dane unknown, encrypted Trusted"},
		{"expired", scanner.Case{Chain: expired, Names: host, Level: postfix.May},
			"untrusted yes unknown, web untrusted yes, openssl 10 10, dane unknown, encrypted Untrusted"},
		{"self-signed", scanner.Case{Chain: foreign, Names: host, Level: postfix.Verify},
			"untrusted yes unknown, web untrusted yes, openssl 18 18, dane unknown, deferred Untrusted self_signed"},
		{"no certificate", scanner.Case{Names: host, Level: postfix.Encrypt},
			"anonymous unknown unknown, web anonymous unknown, openssl 0 0, dane unknown, encrypted Anonymous"},
		{"no certificate where one is needed", scanner.Case{Names: host, Level: postfix.Verify},
			"anonymous unknown unknown, web anonymous unknown, openssl 0 0, dane unknown, unknown  handshake_not_seen"},
		{"garbage", scanner.Case{Chain: garbage, Names: host, Level: postfix.Encrypt},
			"unknown unknown unknown, web untrusted unknown, openssl 0 0, dane unknown, deferred  tls_refused"},
		{"more names than are kept", scanner.Case{Chain: large, Names: names("n1.e")},
			"trusted unknown unknown, web trusted unknown, openssl 0 0, dane unknown"},
		{"more octets than OpenSSL takes", scanner.Case{Chain: append(large[:1:1], large[0]), Names: names("m1.e"),
			Level: postfix.May}, "trusted yes unknown, web trusted yes, openssl 0 0, dane unknown, plaintext  tls_refused"},
		{"the record fits, the chain does not", scanner.Case{Chain: good, Names: names("other.example"),
			TLSA: []resolve.TLSA{ee, ee}, Level: postfix.Dane},
			"trusted no unknown, web trusted no, openssl 0 0, dane match, encrypted Verified"},
		{"another key's record", scanner.Case{Chain: foreign, Names: host, TLSA: one, Level: postfix.Dane},
			"untrusted yes unknown, web untrusted yes, openssl 18 18, dane mismatch, deferred Untrusted tlsa-invalid"},
		{"no records", scanner.Case{Chain: good, Names: host, TLSA: none, Level: postfix.Dane},
			"trusted yes unknown, web trusted yes, openssl 0 0, dane none, encrypted Trusted"},
		{"no records where they are needed", scanner.Case{Chain: good, Names: host, NextHop: domain, TLSA: none,
			Level: postfix.DaneOnly},
			"trusted yes yes, web trusted yes, openssl 0 0, dane none, deferred  no_tlsa_record"},
		{"records not known", scanner.Case{Chain: good, Names: host, Level: postfix.DaneOnly},
			"trusted yes unknown, web trusted yes, openssl 0 0, dane unknown, unknown  dane_not_checked"},
		{"records without a name", scanner.Case{Chain: good, TLSA: one},
			"trusted unknown unknown, web trusted unknown, openssl 0 0, dane unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.c.Config = postfix.Default("ca.pem", postfix.Options{})
			r := scanner.NewJudge(roots, time.Now()).Rule(&tt.c)
			if diff := cmp.Diff(tt.want, brief(&r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if p := r.Prediction; p != nil && strings.Contains(p.Text, "192.0.2.") {
				t.Errorf("the text names an address that nobody has seen: %s", p.Text)
			}
		})
	}
}

// TestRuleUsageTA: under usage 2 the certificate needs a name, the first one's or the next hop's; records count once.
func TestRuleUsageTA(t *testing.T) {
	t.Parallel()
	ca := scannertest.NewCA("Rule CA")
	sum := sha256.Sum256(ca.Certificate().Raw)
	ta := resolve.TLSA{Usage: 2, Selector: 0, Matching: 1, Data: sum[:]}
	roots, err := pkix.Mozilla()
	if err != nil {
		t.Fatal(err)
	}
	j := scanner.NewJudge(roots, time.Now())
	for _, tt := range []struct {
		names   []string
		nextHop string
		want    dane.Status
		match   truth.Truth
	}{
		{[]string{"mx.example.net"}, "", dane.Match, truth.Yes},
		{[]string{"a.example", "mx.example.net"}, "", dane.Mismatch, truth.Yes}, // the second is no TLSA base domain
		{[]string{"a.example"}, "mx.example.net", dane.Match, truth.No},
	} {
		c := scanner.Case{Chain: append(ca.Issue([]string{"mx.example.net"}).Certificate[:1:1], ca.Certificate().Raw),
			TLSA: []resolve.TLSA{ta, ta}}
		for _, n := range tt.names {
			c.Names = append(c.Names, name.MustParse(n))
		}
		if tt.nextHop != "" {
			c.NextHop = name.MustParse(tt.nextHop)
		}
		r := j.Rule(&c)
		if r.DANE.Status != tt.want || r.NameMatch != tt.match || len(r.DANE.Records) != 1 || r.DANE.Base != c.Names[0] {
			t.Errorf("%v %s: %s %s, name %s, %d records of %s", tt.names, tt.nextHop, r.DANE.Status, r.DANE.Text, r.NameMatch,
				len(r.DANE.Records), r.DANE.Base)
		}
	}
}
