package scanner

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
	"mxtls/scanner/scannertest"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// TestDestination: the facts of a result are those of its destination, and predictions follow from them.
func TestDestination(t *testing.T) {
	w := newWorld(t)
	w.domain("good.example", "192.0.2.1")
	w.healthy("mx.good.example", "192.0.2.1")
	w.domain("plain.example", "192.0.2.2")
	w.serve("192.0.2.2", scannertest.SMTP{Name: "mx.plain.example"})
	w.domain("self.example", "192.0.2.3")
	self := scannertest.SelfSigned([]string{"mx.self.example"})
	w.serve("192.0.2.3", scannertest.SMTP{Name: "mx.self.example", Certificate: &self})
	w.dns("null.example. 300 IN MX 0 .")
	w.opts.AsPostfix = true
	s := w.scanner()
	cfg := postfix.Default("ca.pem", postfix.Options{})
	for _, tt := range []struct {
		domain               string
		may, encrypt, verify postfix.Outcome
		word                 postfix.Word // at may
	}{
		{"good.example", postfix.Encrypted, postfix.Encrypted, postfix.Encrypted, postfix.Trusted},
		{"plain.example", postfix.Plaintext, postfix.Deferred, postfix.Deferred, postfix.WordNone},
		{"self.example", postfix.Encrypted, postfix.Encrypted, postfix.Deferred, postfix.Untrusted},
		{"null.example", postfix.Bounced, postfix.Bounced, postfix.Bounced, postfix.WordNone},
	} {
		r := s.Domain(t.Context(), tt.domain)
		d := s.Judge().Destination(&r)
		if d.Target != r.Target || len(d.Servers) != len(r.Facts.Servers) {
			t.Errorf("%s: target %v, %d servers", tt.domain, d.Target, len(d.Servers))
		}
		for i, f := range r.Facts.Servers {
			if got := d.Servers[i]; got.Addr != f.Addr || got.Session != f.Session || got.Label != f.Label {
				t.Errorf("%s: server %+v of %+v", tt.domain, got, f)
			}
		}
		may := postfix.Predict(cfg, d, postfix.May, 0)
		got := []postfix.Outcome{may.Outcome, postfix.Predict(cfg, d, postfix.Encrypt, 0).Outcome,
			postfix.Predict(cfg, d, postfix.Verify, 0).Outcome}
		if want := []postfix.Outcome{tt.may, tt.encrypt, tt.verify}; !slices.Equal(got, want) || may.Word != tt.word {
			t.Errorf("%s: %v %v, want %v %v", tt.domain, got, may.Word, want, tt.word)
		}
	}
}

// TestReleases: whose words a server hears, and whose verifier judges, hangs on the client's releases.
func TestReleases(t *testing.T) {
	for _, tt := range []struct {
		postfix, openssl postfix.Version
		hello            clienthello.Release
		seconds          bool
	}{
		{postfix.Version{}, postfix.Version{}, clienthello.Postfix37, false},
		{postfix.Version{Major: 3, Minor: 7}, postfix.Version{Major: 3, Minor: 2}, clienthello.Postfix37, false},
		{postfix.Version{Major: 3, Minor: 10}, postfix.Version{Major: 3, Minor: 0}, clienthello.Postfix310, false},
		{postfix.Version{Major: 3, Minor: 10}, postfix.Version{Major: 3, Minor: 5}, clienthello.Postfix310, true},
	} {
		s, err := New(Options{Resolvers: []string{"127.0.0.1"}, AsPostfix: true, Postfix: tt.postfix, OpenSSL: tt.openssl})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if s.sessions.client.Release != tt.hello || s.judge.verifier.Seconds != tt.seconds {
			t.Errorf("Postfix %s, OpenSSL %s: %s, %t", tt.postfix, tt.openssl, s.sessions.client.Release, s.judge.verifier.Seconds)
		}
	}
}

// TestAsPostfixAsksOnceMore: a server that ends a TLS 1.2 handshake is asked in Postfix's own words too, and the
// session is counted; a plain scan does neither.
func TestAsPostfixAsksOnceMore(t *testing.T) {
	for _, tt := range []struct {
		name      string
		asPostfix bool
		sessions  int
	}{{"scan", false, 1}, {"plan", true, 2}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.domain("old.example", "192.0.2.1")
			cert := w.in.CA().Issue([]string{"mx.old.example"})
			server := w.serve("192.0.2.1", scannertest.SMTP{Name: "mx.old.example", Certificate: &cert,
				TLS: &tls.Config{MaxVersion: tls.VersionTLS12}})
			w.opts.AsPostfix = tt.asPostfix
			s := w.scanner()
			r := s.Domain(t.Context(), "old.example")
			if got := server.Sessions(); got != tt.sessions || s.Sessions() != int64(tt.sessions) {
				t.Errorf("%d sessions, %d told, want %d", got, s.Sessions(), tt.sessions)
			}
			if raw := r.Facts.Servers[0].Session.Raw; (raw != nil) != tt.asPostfix {
				t.Errorf("raw flight %+v", raw)
			}
			if d := s.Judge().Destination(&r).Servers[0]; d.Level0.Status != pkix.Trusted || d.Level1.Status != pkix.Trusted {
				t.Errorf("verdicts %v and %v", d.Level0.Status, d.Level1.Status)
			}
		})
	}
}

// TestShown: which of the chains that were seen is the one that Postfix is shown.
func TestShown(t *testing.T) {
	t.Parallel()
	const anonymous = 0x0034 // TLS_DH_anon_WITH_AES_128_CBC_SHA
	chain := func(name string) [][]byte { return [][]byte{[]byte(name)} }
	for _, tt := range []struct {
		name           string
		session        *starttls.Session
		level0, level1 [][]byte
	}{
		{"no session", nil, nil, nil},
		{"no handshake", &starttls.Session{}, nil, nil},
		{"our handshake", &starttls.Session{TLS: &starttls.Handshake{Chain: chain("ours")}}, chain("ours"), chain("ours")},
		{"another suite, another certificate", &starttls.Session{TLS: &starttls.Handshake{Chain: chain("ours")},
			Raw: &clienthello.Flight{Chain: chain("raw"), Complete: true}}, chain("raw"), chain("raw")},
		{"TLS 1.3 hides the chain", &starttls.Session{TLS: &starttls.Handshake{Chain: chain("ours")},
			Raw: &clienthello.Flight{Version: tls.VersionTLS13, Complete: true}}, chain("ours"), chain("ours")},
		{"anonymous, and a certificate where a match is required", &starttls.Session{
			TLS:   &starttls.Handshake{Chain: chain("ours")},
			Raw:   &clienthello.Flight{Version: tls.VersionTLS12, Suite: anonymous, Complete: true},
			Match: &clienthello.Flight{Chain: chain("match"), Complete: true}}, chain("match"), chain("match")},
		{"anonymous, and no other answer", &starttls.Session{TLS: &starttls.Handshake{Chain: chain("ours")},
			Raw: &clienthello.Flight{Version: tls.VersionTLS12, Suite: anonymous, Complete: true}}, chain("ours"), chain("ours")},
		{"anonymous alone", &starttls.Session{
			Raw:   &clienthello.Flight{Version: tls.VersionTLS12, Suite: anonymous, Complete: true},
			Match: &clienthello.Flight{Err: &clienthello.Error{}}}, nil, nil},
	} {
		if diff := cmp.Diff([][][]byte{tt.level0, tt.level1}, [][][]byte{shown(tt.session, 0), shown(tt.session, 1)}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestDifferences: certificates on which Postfix and a strict WebPKI sender differ, in either direction.
func TestDifferences(t *testing.T) {
	w := newWorld(t)
	commonName := func(c *x509.Certificate) { c.Subject.CommonName, c.DNSNames = "mx.cn.example", nil }
	noUse := func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }
	serve := func(domain, addr string, names []string, edit ...func(*x509.Certificate)) {
		w.domain(domain, addr)
		cert := w.in.CA().Issue(names, edit...)
		w.serve(addr, scannertest.SMTP{Name: "mx." + domain, Certificate: &cert})
	}
	serve("good.example", "192.0.2.1", []string{"mx.good.example"})
	serve("cn.example", "192.0.2.2", []string{"mx.cn.example"}, commonName)
	serve("usage.example", "192.0.2.3", []string{"mx.usage.example"}, noUse)
	serve("both.example", "192.0.2.4", []string{"elsewhere.example"}, noUse)
	s := w.scanner()
	for _, tt := range []struct {
		domain string
		want   []Difference
	}{
		{"good.example", nil},
		{"cn.example", []Difference{{Host: "mx.cn.example", Address: netip.MustParseAddrPort("192.0.2.2:25"), Postfix: true,
			Reason: verdict.CertificateHostMismatch, Text: "its name stands in the CN alone"}}},
		{"usage.example", []Difference{{Host: "mx.usage.example", Address: netip.MustParseAddrPort("192.0.2.3:25"),
			Reason: pkix.WrongPurpose.String()}}},
		{"both.example", nil}, // both refuse it
		{"[192.0.2.2]", nil},  // an address has no name to compare
		{"gone.example", nil},
	} {
		r := s.Domain(t.Context(), tt.domain)
		got := s.Judge().Differences(&r)
		for i := range got {
			if got[i].Reason != verdict.CertificateHostMismatch {
				got[i].Text = "" // it is worded elsewhere
			}
		}
		if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.domain, diff)
		}
	}
}

// TestCompleted: which sessions have a chain to judge.
func TestCompleted(t *testing.T) {
	t.Parallel()
	const anonymous = 0x0034
	chain := [][]byte{{1}}
	for _, tt := range []struct {
		name    string
		session starttls.Session
		chain   int // certificates
		ok      bool
	}{
		{"nothing", starttls.Session{}, 0, false},
		{"handshake", starttls.Session{TLS: &starttls.Handshake{Chain: chain}}, 1, true},
		{"negotiated", starttls.Session{Raw: &clienthello.Flight{Chain: chain, Complete: true}}, 1, true},
		{"broken off", starttls.Session{Raw: &clienthello.Flight{Chain: chain}}, 0, false},
		{"hidden by TLS 1.3", starttls.Session{Raw: &clienthello.Flight{Version: tls.VersionTLS13, Complete: true}}, 0, false},
		{"anonymous", starttls.Session{
			Raw: &clienthello.Flight{Version: tls.VersionTLS12, Suite: anonymous, Complete: true}}, 0, true},
	} {
		if got, ok := completed(&tt.session); len(got) != tt.chain || ok != tt.ok {
			t.Errorf("%s: %d certificates, %v", tt.name, len(got), ok)
		}
	}
}
