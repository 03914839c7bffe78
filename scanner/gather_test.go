package scanner

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/postfix"
	"mxtls/scanner/scannertest"
	"mxtls/scanner/starttls"
	"mxtls/scanner/tlsrpt"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// keyRecord is the TLSA record 3 1 1 of a certificate at _PORT._tcp below a host.
func keyRecord(t *testing.T, host string, port int, cert tls.Certificate) string {
	t.Helper()
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("_%d._tcp.%s. 300 IN TLSA 3 1 1 %x", port, host, sha256.Sum256(leaf.RawSubjectPublicKeyInfo))
}

// wrongRecord is one that fits nobody.
func wrongRecord(host string) string {
	return "_25._tcp." + host + ". 300 IN TLSA 3 1 1 " + strings.Repeat("00", sha256.Size)
}

// dane is a domain whose one host has the TLSA record of its key.
func (w *world) dane(domain, addr string) *scannertest.Server {
	w.Helper()
	w.domain(domain, addr)
	cert := w.in.CA().Issue([]string{"mx." + domain})
	w.dns(keyRecord(w.T, "mx."+domain, 25, cert))
	return w.serve(addr, scannertest.SMTP{Certificate: &cert})
}

// asked reports whether the DNS was asked for a type of record at a name, or at any name that ends so.
func (w *world) asked(suffix, typ string) bool {
	return slices.ContainsFunc(w.in.DNS().Queries(), func(q scannertest.Query) bool {
		return q.Type == typ && strings.HasSuffix(strings.TrimSuffix(q.Name, "."), suffix)
	})
}

// codes are the codes of a result's findings, without those on names and chains of certificates.
func codes(r *Result) (all []string) {
	for _, f := range r.Verdict.Findings {
		all = append(all, f.Code)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestDANEOutcomes scans domains as they are out there: what TLSA records come to, for the server and for the domain.
func TestDANEOutcomes(t *testing.T) {
	w := newWorld(t)
	w.in.DNS().Insecure("plain.example.")
	w.dane("match.example", "192.0.2.1")
	cert := w.in.CA().Issue([]string{"mx.plain.example"})
	w.domain("plain.example", "192.0.2.2")
	w.dns(keyRecord(t, "mx.plain.example", 25, cert))
	w.healthy("mx.plain.example", "192.0.2.2")
	w.domain("mismatch.example", "192.0.2.3")
	w.dns(wrongRecord("mx.mismatch.example"))
	w.healthy("mx.mismatch.example", "192.0.2.3")
	w.domain("servfail.example", "192.0.2.4")
	w.in.DNS().Fail("_25._tcp.mx.servfail.example.", "TLSA", scannertest.Failure{Rcode: "SERVFAIL"})
	w.healthy("mx.servfail.example", "192.0.2.4")
	w.domain("bogus.example", "192.0.2.5")
	w.in.DNS().Bogus("_tcp.mx.bogus.example.")
	w.healthy("mx.bogus.example", "192.0.2.5")
	w.domain("notls.example", "192.0.2.6")
	w.dns(wrongRecord("mx.notls.example"))
	w.serve("192.0.2.6", scannertest.SMTP{NoSTARTTLS: true})
	w.domain("usage.example", "192.0.2.7")
	w.dns("_25._tcp.mx.usage.example. 300 IN TLSA 1 1 1 " + strings.Repeat("00", sha256.Size))
	w.healthy("mx.usage.example", "192.0.2.7")
	w.domain("port.example", "192.0.2.8")
	w.dns(keyRecord(t, "mx.port.example", 465, cert))
	w.healthy("mx.port.example", "192.0.2.8")
	w.domain("apex.example", "192.0.2.9")
	w.dns(keyRecord(t, "apex.example", 25, cert))
	w.healthy("mx.apex.example", "192.0.2.9")
	w.dns("mixed.example. 300 IN MX 10 mx.match.example.", "mixed.example. 300 IN MX 20 mx.port.example.",
		"down.example. 300 IN MX 10 mx.match.example.", "down.example. 300 IN MX 20 gone.down.example.",
		"gone.down.example. 300 IN A 192.0.2.99", wrongRecord("gone.down.example"),
		"half.plain.example. 300 IN MX 10 mx.match.example.",
		"implicit.example. 300 IN A 192.0.2.10", wrongRecord("implicit.example"))
	w.healthy("implicit.example", "192.0.2.10")
	s := w.scanner()
	for _, tt := range []struct {
		domain, level, servers, finding string
	}{
		{"match.example", "full", "match", "no_tlsrpt"},
		{"plain.example", "none", "insecure/address_insecure", ""},
		{"half.plain.example", "insecure_mx", "match", "dane_insecure_mx"},
		{"mismatch.example", "failing", "mismatch/tlsa-invalid", "tlsa-invalid"},
		{"servfail.example", "unknown", "lookup_failed/tlsa_lookup_failed", "tlsa_lookup_failed"},
		{"bogus.example", "unknown", "lookup_failed/dnssec-invalid", "dnssec-invalid"},
		{"notls.example", "failing", "unknown/no_certificate", "tlsa_without_tls"},
		{"usage.example", "tls_only", "unusable/no_usable_tlsa_record", "no_usable_tlsa_record"},
		{"port.example", "none", "none/no_tlsa_record", "tlsa_at_other_port"},
		{"apex.example", "none", "none/no_tlsa_record", "tlsa_at_mail_domain"},
		{"mixed.example", "partial", "match none/no_tlsa_record", "dane_partial"},
		{"down.example", "full", "match unknown/no_certificate", "connection_refused"},
		{"implicit.example", "failing", "mismatch/tlsa-invalid", "tlsa-invalid"},
	} {
		r := s.Domain(t.Context(), tt.domain)
		var servers []string
		for _, f := range r.Facts.Servers {
			word := f.DANE.Status.String()
			if f.DANE.Reason != dane.ReasonNone {
				word += "/" + f.DANE.Reason.String()
			}
			servers = append(servers, word)
		}
		got := strings.Join(servers, " ")
		if r.Facts.DANE.String() != tt.level || got != tt.servers {
			t.Errorf("%s: %v: %s, want %s: %s", tt.domain, r.Facts.DANE, got, tt.level, tt.servers)
		}
		if tt.finding != "" && !slices.Contains(codes(&r), tt.finding) {
			t.Errorf("%s: no %s among %q", tt.domain, tt.finding, codes(&r))
		}
	}
	if w.asked("mx.plain.example", "TLSA") {
		t.Error("a host without signatures was asked for TLSA records")
	}
}

// TestDANEOfAnotherPort: mail that goes to another port goes by that port's records, and no record is in a wrong place.
func TestDANEOfAnotherPort(t *testing.T) {
	w := newWorld(t)
	w.domain("example.com", "192.0.2.1")
	cert := w.in.CA().Issue([]string{"mx.example.com"})
	w.dns(wrongRecord("mx.example.com"), keyRecord(t, "mx.example.com", 587, cert))
	w.serve("192.0.2.1:587", scannertest.SMTP{Certificate: &cert})
	w.domain("other.example", "192.0.2.2")
	w.dns(keyRecord(t, "mx.other.example", 465, cert))
	w.serve("192.0.2.2:587", scannertest.SMTP{Certificate: &cert})
	s := w.scanner()
	for target, want := range map[string]dane.Status{
		"[mx.example.com]:587": dane.Match, "example.com:587": dane.Match, "other.example:587": dane.None,
	} {
		r := s.Domain(t.Context(), target)
		if got := r.Facts.Servers[0].DANE.Status; got != want || len(r.Facts.Misplaced) > 0 {
			t.Errorf("%s: %v, want %v; misplaced: %v", target, got, want, r.Facts.Misplaced)
		}
	}
}

// TestNamedSessions: which sessions are held with a server, and by which name it is asked for its certificate.
func TestNamedSessions(t *testing.T) {
	w := newWorld(t)
	match := w.dane("dane.example", "192.0.2.1")
	w.domain("none.example", "192.0.2.2")
	none := w.healthy("mx.none.example", "192.0.2.2")
	w.domain("notls.example", "192.0.2.3")
	w.dns(wrongRecord("mx.notls.example"))
	notls := w.serve("192.0.2.3", scannertest.SMTP{NoSTARTTLS: true})
	// A certificate of its own for who asks by the end of the alias, where the TLSA records are.
	w.dns("alias.example. 300 IN MX 10 mx.alias.example.", "mx.alias.example. 300 IN CNAME end.alias.example.",
		"end.alias.example. 300 IN A 192.0.2.4")
	usual, named := w.in.CA().Issue([]string{"mx.alias.example"}), w.in.CA().Issue([]string{"end.alias.example"})
	w.dns(keyRecord(t, "end.alias.example", 25, named))
	w.serve("192.0.2.4", scannertest.SMTP{Certificate: &usual, TLS: &tls.Config{
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if hello.ServerName == "end.alias.example" {
				return &tls.Config{Certificates: []tls.Certificate{named}}, nil
			}
			return nil, nil
		},
	}})
	s := w.scanner()
	for _, tt := range []struct {
		domain string
		server *scannertest.Server
		count  int // the third is for a certificate of the other kind
		sni    string
		level  dane.Level
	}{
		{"dane.example", match, 3, "mx.dane.example", dane.Full},
		{"none.example", none, 1, "", dane.Absent},
		{"notls.example", notls, 1, "", dane.Failing},
		{"alias.example", nil, 0, "end.alias.example", dane.Full},
	} {
		r := s.Domain(t.Context(), tt.domain)
		f := &r.Facts.Servers[0]
		if tt.server != nil && tt.server.Sessions() != tt.count {
			t.Errorf("%s: %d sessions, want %d", tt.domain, tt.server.Sessions(), tt.count)
		}
		sni := ""
		if f.Named != nil {
			sni = f.Named.Ask.SNI
		}
		if sni != tt.sni || f.Session.Ask.SNI != "" || r.Facts.DANE != tt.level {
			t.Errorf("%s: SNI %q and %q, %v", tt.domain, f.Session.Ask.SNI, sni, r.Facts.DANE)
		}
		if f.STS != nil {
			t.Errorf("%s: a session for a policy that there is not", tt.domain)
		}
	}
}

// TestTwoCertificates: a server with an RSA key and another, and a TLSA record for one of them. Whoever meets the other
// cannot deliver, and Postfix meets ECDSA.
func TestTwoCertificates(t *testing.T) {
	w := newWorld(t)
	w.opts.AsPostfix = true
	for i, tt := range []struct {
		domain string
		rsa    bool // the record is for this key
		want   postfix.Outcome
	}{{"rsa.example", true, postfix.Deferred}, {"ecdsa.example", false, postfix.Encrypted}} {
		addr := fmt.Sprintf("192.0.2.%d", i+1)
		host := "mx." + tt.domain
		rsa, ecdsa := w.in.CA().Issue([]string{host}, scannertest.RSA2048), w.in.CA().Issue([]string{host})
		record := ecdsa
		if tt.rsa {
			record = rsa
		}
		w.domain(tt.domain, addr)
		w.dns(keyRecord(t, host, 25, record))
		w.serve(addr, scannertest.SMTP{Certificate: &rsa, TLS: &tls.Config{Certificates: []tls.Certificate{ecdsa}}})
		s := w.scanner()
		r := s.Domain(t.Context(), tt.domain)
		f := &r.Facts.Servers[0]
		if f.DANE.Status != dane.Mismatch || !slices.Contains(f.DANE.Notes, dane.CertificateUncovered) || len(f.Shown) != 2 {
			t.Errorf("%s: %v %v of %d certificates", tt.domain, f.DANE.Status, f.DANE.Notes, len(f.Shown))
		}
		cfg := postfix.Default("ca.pem", postfix.Options{})
		for _, level := range []postfix.Level{postfix.Dane, postfix.DaneOnly} {
			if p := postfix.Predict(cfg, s.Judge().Destination(&r), level, 0); p.Outcome != tt.want {
				t.Errorf("%s at %v: %v, want %v", tt.domain, level, p.Outcome, tt.want)
			}
		}
	}
}

// TestResolverThatDoesNotValidate: then nothing is known of DANE, and that is what is said.
func TestResolverThatDoesNotValidate(t *testing.T) {
	w := newWorld(t)
	w.in.DNS().Insecure(".")
	w.dane("example.com", "192.0.2.1")
	for _, validating := range []truth.Truth{truth.No, truth.Yes} {
		s := w.scanner()
		s.Judge().Validating = validating
		r := s.Domain(t.Context(), "example.com")
		f := &r.Facts.Servers[0]
		if validating == truth.Yes { // the zone is not signed, and somebody looked
			if f.DANE.Status != dane.Insecure || r.Facts.DANE != dane.Absent {
				t.Errorf("validating: %v, %v", f.DANE.Status, r.Facts.DANE)
			}
			continue
		}
		if f.DANE.Status != dane.StatusUnknown || f.DANE.Reason != dane.ResolverNotTrusted ||
			!strings.Contains(f.DANE.Text, "not judged") || r.Facts.DANE != dane.LevelUnknown {
			t.Errorf("%v/%v %q, %v", f.DANE.Status, f.DANE.Reason, f.DANE.Text, r.Facts.DANE)
		}
		if e := r.Verdict.Effective; e != (verdict.Effective{}) {
			t.Errorf("effective %+v", e)
		}
		for _, code := range codes(&r) {
			if strings.Contains(code, "dane") || strings.Contains(code, "tlsa") {
				t.Errorf("a finding %s", code)
			}
		}
		p := postfix.Predict(postfix.Default("ca.pem", postfix.Options{}), s.Judge().Destination(&r), postfix.DaneOnly, 0)
		if p.Outcome != postfix.Unknown {
			t.Errorf("plan at dane-only: %+v", p)
		}
	}
}

// policy serves an MTA-STS policy for a domain.
func (w *world) policy(domain, addr, body string) *scannertest.HTTPSServer {
	w.Helper()
	w.dns("_mta-sts."+domain+`. 300 IN TXT "v=STSv1; id=1;"`, "mta-sts."+domain+". 300 IN A "+addr)
	cert := w.in.CA().Issue([]string{"mta-sts." + domain})
	server, err := w.in.ServeHTTPS(addr, scannertest.HTTPS{Certificate: &cert, Body: body})
	if err != nil {
		w.Fatal(err)
	}
	return server
}

// TestMTASTSSessions: a policy in force calls for a session by the MX name, and what it shows is held against it.
func TestMTASTSSessions(t *testing.T) {
	w := newWorld(t)
	const head = "version: STSv1\nmax_age: 1209600\n"
	for i, tt := range []struct {
		domain, policy string
		passes         truth.Truth
		sni            string
		finding        string
	}{
		{"enforce.example", "mode: enforce\nmx: *.enforce.example\n", truth.Yes, "mx.enforce.example", "no_tlsrpt"},
		{"testing.example", "mode: testing\nmx: mx.testing.example\n", truth.Yes, "mx.testing.example", "sts_not_enforced"},
		{"other.example", "mode: enforce\nmx: mx.elsewhere.example\n", truth.No, "mx.other.example", "sts_server_fails"},
		{"off.example", "mode: none\n", truth.Unknown, "", "sts_not_enforced"},
		{"broken.example", "mode: strict\n", truth.Unknown, "", "sts-policy-invalid"},
	} {
		w.domain(tt.domain, fmt.Sprintf("192.0.2.%d", 2*i+1))
		w.healthy("mx."+tt.domain, fmt.Sprintf("192.0.2.%d", 2*i+1))
		web := w.policy(tt.domain, fmt.Sprintf("192.0.2.%d", 2*i+2), head+tt.policy)
		r := w.scanner().Domain(t.Context(), tt.domain)
		f := &r.Facts.Servers[0]
		passes, sni := truth.Unknown, ""
		if f.Fit != nil {
			passes = f.Fit.Passes
		}
		if f.STS != nil {
			sni = f.STS.Ask.SNI
		}
		if passes != tt.passes || sni != tt.sni || !slices.Contains(codes(&r), tt.finding) || len(web.Requests()) != 1 {
			t.Errorf("%s: passes %v, SNI %q, findings %q, %d requests", tt.domain, passes, sni, codes(&r), len(web.Requests()))
		}
	}
}

// TestMTASTSWithoutTLS: a server without STARTTLS fails the policy, one that nobody reached does not.
func TestMTASTSWithoutTLS(t *testing.T) {
	w := newWorld(t)
	const policy = "version: STSv1\nmode: enforce\nmax_age: 1209600\nmx: *.example.com\n"
	w.dns("example.com. 300 IN MX 10 a.example.com.", "example.com. 300 IN MX 20 b.example.com.",
		"a.example.com. 300 IN A 192.0.2.1", "b.example.com. 300 IN A 192.0.2.2")
	w.serve("192.0.2.1", scannertest.SMTP{NoSTARTTLS: true})
	w.policy("example.com", "192.0.2.3", policy)
	r := w.scanner().Domain(t.Context(), "example.com")
	if a, b := r.Facts.Servers[0].Fit, r.Facts.Servers[1].Fit; a == nil || b == nil || a.Passes != truth.No ||
		a.Fault != mtasts.NoTLS || b.Passes != truth.Unknown {
		t.Errorf("%+v, %+v", a, b)
	}
}

// TestWithout: what a run is told to leave out is not asked for, and nothing is said of it.
func TestWithout(t *testing.T) {
	for _, tt := range []struct {
		name    string
		without Policies
	}{
		{"all asked for", Policies{}},
		{"dane", Policies{DANE: true}},
		{"mta-sts", Policies{MTASTS: true}},
		{"tlsrpt", Policies{TLSRPT: true}},
		{"all", Policies{true, true, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.opts.Without = tt.without
			server := w.dane("example.com", "192.0.2.1")
			w.dns(`_smtp._tls.example.com. 300 IN TXT "v=TLSRPTv1; rua=mailto:tls@example.com"`)
			w.policy("example.com", "192.0.2.2", "version: STSv1\nmode: enforce\nmax_age: 1209600\nmx: mx.example.com\n")
			r := w.scanner().Domain(t.Context(), "example.com")
			f := &r.Facts.Servers[0]
			for what, left := range map[string][4]bool{
				"DANE": {tt.without.DANE, w.asked("mx.example.com", "TLSA"), f.DANE.Status == dane.Match, f.Named != nil},
				"MTA-STS": {tt.without.MTASTS, w.asked("_mta-sts.example.com", "TXT"), r.Facts.Policy.Status == mtasts.Valid,
					f.STS != nil},
				"TLSRPT": {tt.without.TLSRPT, w.asked("_smtp._tls.example.com", "TXT"), r.Facts.Reports.Status == tlsrpt.Valid,
					r.Facts.TLSRPT != nil},
			} {
				if slices.Contains(left[1:], left[0]) {
					t.Errorf("%s: left out, asked, judged, facts: %v", what, left)
				}
			}
			sessions := 1
			if !tt.without.DANE {
				sessions = 3 // by the base domain, and for the other kind of key; the policy's has the same name
			} else if !tt.without.MTASTS {
				sessions = 2
			}
			if server.Sessions() != sessions {
				t.Errorf("%d sessions, want %d", server.Sessions(), sessions)
			}
			if tt.without.DANE && f.DANE.Reason != dane.ReasonNone {
				t.Errorf("DANE left out: %v", f.DANE.Reason)
			}
		})
	}
}

// TestTextsAreForMailDomains: a server that was named, and a domain that takes no mail, have no policies.
func TestTextsAreForMailDomains(t *testing.T) {
	w := newWorld(t)
	w.dns("null.example. 300 IN MX 0 .", "host.example. 300 IN A 192.0.2.1")
	w.healthy("host.example", "192.0.2.1")
	s := w.scanner()
	for _, target := range []string{"null.example", "[host.example]", "[192.0.2.1]", "gone.example"} {
		if r := s.Domain(t.Context(), target); r.Facts.STS != nil || r.Facts.TLSRPT != nil {
			t.Errorf("%s was asked for policies", target)
		}
	}
	if w.asked("null.example", "TXT") || w.asked("host.example", "TXT") || w.asked("gone.example", "TXT") {
		t.Error("the DNS was asked for policies")
	}
}

// TestStatuses: the servers that were reached count, and one that answers without TLS fails its records.
func TestStatuses(t *testing.T) {
	t.Parallel()
	at := func(stage starttls.Stage, o dane.Outcome) verdict.Server {
		return verdict.Server{Session: &starttls.Session{Stage: stage}, DANE: o}
	}
	match, bare := dane.Outcome{Status: dane.Match}, dane.Outcome{Reason: dane.NoCertificate}
	for _, tt := range []struct {
		name    string
		servers []verdict.Server
		want    []dane.Status
	}{
		{"reached", []verdict.Server{at(starttls.Done, match)}, []dane.Status{dane.Match}},
		{"one down", []verdict.Server{at(starttls.Done, match), at(starttls.StageNone, bare)}, []dane.Status{dane.Match}},
		{"all down", []verdict.Server{at(starttls.StageNone, bare)}, []dane.Status{dane.StatusUnknown}},
		{"without TLS", []verdict.Server{at(starttls.EHLO, bare)}, []dane.Status{dane.Mismatch}},
		{"421", []verdict.Server{at(starttls.Connected, bare)}, []dane.Status{dane.StatusUnknown}},
		{"no address", []verdict.Server{{DANE: match}}, nil},
	} {
		if got := statuses(tt.servers); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
