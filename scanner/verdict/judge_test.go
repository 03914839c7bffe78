package verdict

import (
	"crypto/tls"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
)

var (
	at   = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	good = &pkix.Chain{
		Status: pkix.Trusted, Issuer: "CN=CA", Names: []string{"mx.example.net"},
		NotBefore: at.AddDate(0, -1, 0), NotAfter: at.AddDate(0, 2, 0),
	}
)

// der is the outline of a certificate: OpenSSL goes on over it.
var der = []byte{0x30, 7, 0x30, 0, 0x30, 0, 0x03, 1, 0}

// raw is a session that crypto/tls could not finish, and where a server's answer to Postfix's hello was seen.
func raw(reason starttls.Reason, f clienthello.Flight) *starttls.Session {
	s := ended(starttls.StartTLS, reason)
	s.Raw = &f
	return s
}

// dhe is a flight that OpenSSL would finish, before an edit.
func dhe(edit func(*clienthello.Flight)) clienthello.Flight {
	f := clienthello.Flight{Version: tls.VersionTLS12, Suite: 0x009f, DHBits: 2048, Renegotiation: true,
		Chain: [][]byte{der}, Complete: true}
	if edit != nil {
		edit(&f)
	}
	return f
}

func broken(kind clienthello.Kind) clienthello.Flight {
	return clienthello.Flight{Err: &clienthello.Error{Kind: kind}}
}

// session is one that went well, before an edit makes it what a test needs.
func session(edit func(*starttls.Session)) *starttls.Session {
	s := &starttls.Session{
		Stage: starttls.Done, Offered: true, Before: []string{"PIPELINING", "STARTTLS"}, After: []string{"PIPELINING"},
		TLS: &starttls.Handshake{Version: tls.VersionTLS13, Suite: tls.TLS_AES_128_GCM_SHA256, Chain: [][]byte{der}},
	}
	if edit != nil {
		edit(s)
	}
	return s
}

// ended is a session that ended at a stage for a reason.
func ended(stage starttls.Stage, reason starttls.Reason) *starttls.Session {
	return session(func(s *starttls.Session) {
		s.Stage = stage
		s.Err = &starttls.Error{Stage: stage, Reason: reason, Text: "the evidence"}
		s.Offered = stage >= starttls.EHLO && reason != starttls.StartTLSNotSupported &&
			reason != starttls.StartTLSStripped && reason != starttls.HELOOnly
		if stage < starttls.TLS {
			s.TLS = nil
		}
	})
}

func server(s *starttls.Session, chain *pkix.Chain, match truth.Truth) Server {
	if s != nil && s.Agreed() == nil {
		chain, match = nil, truth.Unknown
	}
	return Server{
		Host: name.MustParse("mx.example.net"), Label: "mx.example.net", Preference: 10,
		Addr: netip.MustParseAddrPort("192.0.2.1:25"), Session: s, Chain: chain, NameMatch: match,
	}
}

// letters writes the answers as y, n or ? in the order offered, accepted, established, authenticated, encrypted.
func letters(a Answers) string {
	b := make([]byte, 0, 5)
	for _, t := range []truth.Truth{a.Offered, a.Accepted, a.Established, a.Authenticated, a.Encrypted} {
		b = append(b, "?ny"[t])
	}
	return string(b)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	expired := &pkix.Chain{Status: pkix.Untrusted, Reason: pkix.Expired, Text: "expired 2026-08-01"}
	malformed := &pkix.Chain{Status: pkix.StatusUnknown, Reason: pkix.CertificateMalformed}
	refused := &pkix.Chain{Status: pkix.StatusUnknown, Reason: pkix.CertificateMalformed, Unreadable: true}
	for _, tt := range []struct {
		name   string
		server Server
		want   string
		reason string
	}{
		{"all well", server(session(nil), good, truth.Yes), "yyyyy", ""},
		{"wrong name", server(session(nil), good, truth.No), "yyyny", "certificate-host-mismatch"},
		{"name could not be told", server(session(nil), good, truth.Unknown), "yyy?y", ""},
		{"expired", server(session(nil), expired, truth.Yes), "yyyny", "certificate-expired"},
		{"unreadable certificate", server(session(nil), malformed, truth.Unknown), "yyy?y", ""},

		{"refused connection", server(ended(starttls.StageNone, starttls.ConnectionRefused), nil, 0), "?????", "connection_refused"},
		{"time-out", server(ended(starttls.StageNone, starttls.ConnectTimeout), nil, 0), "?????", "connect_timeout"},
		{"421", server(ended(starttls.Connected, starttls.TooManyConnections), nil, 0), "?????", "too_many_connections"},
		{"554", server(ended(starttls.Connected, starttls.GreetingRefused), nil, 0), "?????", "greeting_refused"},
		{"no EHLO, no HELO", server(ended(starttls.Greeted, starttls.EHLORefused), nil, 0), "?????", "ehlo_refused"},

		{"not offered", server(ended(starttls.EHLO, starttls.StartTLSNotSupported), nil, 0), "nnnnn", "starttls-not-supported"},
		{"stripped", server(ended(starttls.EHLO, starttls.StartTLSStripped), nil, 0), "nnnnn", "starttls_stripped"},
		{"HELO only", server(ended(starttls.EHLO, starttls.HELOOnly), nil, 0), "nnnnn", "helo_only"},
		{"454", server(ended(starttls.EHLO, starttls.StartTLSTemporary), nil, 0), "ynnnn", "starttls_temporary"},
		{"502", server(ended(starttls.EHLO, starttls.StartTLSRefused), nil, 0), "ynnnn", "starttls_refused"},
		{"354", server(ended(starttls.EHLO, starttls.StartTLSBadReply), nil, 0), "ynnnn", "starttls_bad_reply"},
		{"421 to STARTTLS", server(ended(starttls.EHLO, starttls.TooManyConnections), nil, 0), "y????", "too_many_connections"},
		{"silent after STARTTLS", server(ended(starttls.EHLO, starttls.StartTLSTimeout), nil, 0), "y????", "starttls_timeout"},
		{"closed after STARTTLS", server(ended(starttls.EHLO, starttls.ConnectionClosed), nil, 0), "y????", "connection_closed"},

		{"injection, gone on", server(session(func(s *starttls.Session) {
			s.Injected = []byte("250 evil\r\n")
		}), good, truth.Yes), "yyyyy", ""},
		{"injection", server(ended(starttls.StartTLS, starttls.ResponseInjection), nil, 0), "yy???", "response_injection"},
		{"no TLS record", server(ended(starttls.StartTLS, starttls.TLSNotTLS), nil, 0), "yynnn", "tls_not_tls"},
		{"alert", server(ended(starttls.StartTLS, starttls.TLSAlert), nil, 0), "yynnn", "tls_alert"},
		{"SSLv3 only", server(ended(starttls.StartTLS, starttls.TLSVersion), nil, 0), "yynnn", "tls_version"},
		{"suites that Go lacks", server(ended(starttls.StartTLS, starttls.TLSNoCipher), nil, 0), "yy???", "tls_no_cipher"},
		{"certificate that Go cannot read", server(ended(starttls.StartTLS, starttls.TLSCertificate), nil, 0), "yy???",
			"certificate_malformed"},
		{"handshake time-out", server(ended(starttls.StartTLS, starttls.TLSTimeout), nil, 0), "yy???", "tls_timeout"},

		{"DHE", server(raw(starttls.TLSNoCipher, dhe(nil)), good, truth.Yes), "yyy?y", "negotiated_not_completed"},
		{"DHE, wrong name", server(raw(starttls.TLSNoCipher, dhe(nil)), good, truth.No), "yyyny",
			"negotiated_not_completed"},
		{"DHE, expired", server(raw(starttls.TLSNoCipher, dhe(nil)), expired, truth.Yes), "yyyny",
			"negotiated_not_completed"},
		{"anonymous", server(raw(starttls.TLSNoCipher, dhe(func(f *clienthello.Flight) { f.Suite, f.Chain = 0xa7, nil })),
			&pkix.Chain{Status: pkix.Anonymous}, 0), "yyyny", "negotiated_not_completed"},
		{"hidden by TLS 1.3", server(raw(starttls.TLSNoCipher, clienthello.Flight{Version: tls.VersionTLS13, Suite: 0x1302,
			Complete: true}), nil, 0), "yyy?y", "negotiated_not_completed"},
		{"certificate that OpenSSL can read", server(raw(starttls.TLSCertificate, dhe(nil)), malformed, 0), "yyy?y",
			"negotiated_not_completed"},
		{"certificate that OpenSSL refuses", server(raw(starttls.TLSCertificate, dhe(nil)), refused, 0), "yynnn",
			"certificate_malformed"},
		{"without renegotiation_info", server(raw(starttls.TLSNoCipher, dhe(func(f *clienthello.Flight) {
			f.Renegotiation = false
		})), nil, 0), "yynnn", "tls_no_cipher"},
		{"nothing in common with Postfix", server(raw(starttls.TLSNoCipher, broken(clienthello.Alert)), nil, 0), "yynnn",
			"tls_no_cipher"},
		{"hangs up on Postfix too", server(raw(starttls.TLSClosed, broken(clienthello.Closed)), nil, 0), "yy???",
			"tls_closed"},
		{"silent to Postfix", server(raw(starttls.TLSAlert, broken(clienthello.TimedOut)), nil, 0), "yynnn", "tls_alert"},

		{"hangs up inside TLS", server(ended(starttls.TLS, starttls.AfterTLSClosed), good, truth.Yes), "yyyyn", "after_tls_closed"},
		{"alert inside TLS", server(ended(starttls.TLS, starttls.TLSAlert), good, truth.Yes), "yyyyn", "tls_alert"},
		{"421 inside TLS", server(ended(starttls.TLS, starttls.AfterTLSTemporary), good, truth.Yes), "yyyy?", "after_tls_temporary"},
		{"silent inside TLS", server(ended(starttls.TLS, starttls.AfterTLSTimeout), good, truth.No), "yyyn?", "after_tls_timeout"},

		{"no such host", Server{Label: "mx.example.net", NoAddress: mx.HostNotFound}, "?????", "host_not_found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := answer(&tt.server)
			if got := letters(a); got != tt.want {
				t.Errorf("offered, accepted, established, authenticated, encrypted = %s, want %s", got, tt.want)
			}
			if a.Reason != tt.reason {
				t.Errorf("reason %q, want %q", a.Reason, tt.reason)
			}
			if a.Reason != "" && a.Detail == "" {
				t.Error("a reason without a word of detail")
			}
		})
	}
}

// TestFindings gives facts in and wants the codes out.
func TestFindings(t *testing.T) {
	t.Parallel()
	n := name.MustParse
	host := func(edit func(*mx.Host)) mx.Set {
		h := mx.Host{Preference: 10, Name: n("mx.example.net"), Raw: "mx.example.net", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}
		if edit != nil {
			edit(&h)
		}
		return mx.Set{Kind: mx.Listed, Hosts: []mx.Host{h}}
	}
	chain := func(edit func(*pkix.Chain)) *pkix.Chain {
		c := *good
		edit(&c)
		return &c
	}
	one := func(s *starttls.Session, c *pkix.Chain, m truth.Truth) []Server { return []Server{server(s, c, m)} }
	timeout := &resolve.Error{Kind: resolve.Timeout, Name: "mx.example.net", Type: "AAAA"}
	for _, tt := range []struct {
		name  string
		facts Facts
		want  []string
	}{
		{"all well", Facts{MX: host(nil), Servers: one(session(nil), good, truth.Yes)}, nil},
		{"gone", Facts{MX: mx.Set{Kind: mx.None, Reason: mx.NoSuchDomain}}, []string{"error no_such_domain"}},
		{"gone as expected", Facts{Legacy: true, MX: mx.Set{Kind: mx.None, Reason: mx.NoSuchDomain}}, []string{"info no_such_domain"}},
		{"null", Facts{MX: mx.Set{Kind: mx.Null, Reason: mx.NullMX}}, []string{"info null_mx"}},
		{"bogus", Facts{MX: mx.Set{Kind: mx.Failed, Reason: mx.LookupBogus}}, []string{"error dnssec-invalid"}},
		{"aliases", Facts{MX: func() mx.Set {
			s := host(func(h *mx.Host) { h.Aliases = []name.Name{n("real.example.net")} })
			s.Aliases, s.Dropped = []name.Name{n("other.example")}, 3
			return s
		}()}, []string{"warning mx_is_alias", "info domain_is_alias", "info mx_too_many"}},
		{"address as MX", Facts{MX: host(func(h *mx.Host) { h.Literal = netip.MustParseAddr("192.0.2.1") })},
			[]string{"warning mx_is_address"}},
		{"address as target", Facts{Direct: true, MX: host(func(h *mx.Host) { h.Literal = netip.MustParseAddr("192.0.2.1") })}, nil},
		{"one family failed", Facts{MX: host(func(h *mx.Host) { h.Err, h.Dropped = timeout, 1 })},
			[]string{"warning address_lookup_failed", "info addresses_too_many"}},
		{"no such host", Facts{MX: host(func(h *mx.Host) { h.Reason, h.Addrs = mx.HostNotFound, nil })},
			[]string{"error host_not_found"}},
		{"plain text", Facts{MX: host(nil), Servers: one(ended(starttls.EHLO, starttls.StartTLSNotSupported), nil, 0)},
			[]string{"error starttls-not-supported"}},
		{"later", Facts{MX: host(nil), Servers: one(ended(starttls.Connected, starttls.TooManyConnections), nil, 0)},
			[]string{"warning too_many_connections"}},
		{"untested", Facts{MX: host(nil), Servers: one(ended(starttls.StageNone, starttls.NoIPv6), nil, 0)},
			[]string{"info no_ipv6"}},
		{"slow greeting", Facts{MX: host(nil), Servers: one(session(func(s *starttls.Session) {
			s.Took[starttls.Greeted] = 6 * time.Second
		}), good, truth.Yes)}, []string{"info greet_pause"}},
		{"old TLS", Facts{MX: host(nil), Servers: one(session(func(s *starttls.Session) {
			s.TLS.Version, s.TLS.Suite = tls.VersionTLS10, tls.TLS_RSA_WITH_AES_128_CBC_SHA
			s.TLS.Renegotiation = true
		}), good, truth.Yes)}, []string{"warning old_tls_version", "warning no_forward_secrecy"}},
		{"broken cipher", Facts{MX: host(nil), Servers: one(session(func(s *starttls.Session) {
			s.TLS.Version, s.TLS.Suite = tls.VersionTLS12, tls.TLS_RSA_WITH_RC4_128_SHA
			s.TLS.Renegotiation = true
		}), good, truth.Yes)}, []string{"warning weak_cipher"}},
		{"DHE", Facts{MX: host(nil), Servers: one(raw(starttls.TLSNoCipher, dhe(nil)), good, truth.Yes)},
			[]string{"info negotiated_not_completed"}},
		{"anonymous", Facts{MX: host(nil), Servers: one(raw(starttls.TLSNoCipher, dhe(func(f *clienthello.Flight) {
			f.Suite, f.Chain = 0xa7, nil
		})), &pkix.Chain{Status: pkix.Anonymous}, 0)}, []string{"warning anonymous_tls", "info negotiated_not_completed"}},
		{"Camellia with RSA", Facts{MX: host(nil), Servers: one(raw(starttls.TLSNoCipher, dhe(func(f *clienthello.Flight) {
			f.Suite, f.DHBits = 0x84, 0
		})), good, truth.Yes)}, []string{"warning no_forward_secrecy", "info negotiated_not_completed"}},
		{"DHE of 768 bits", Facts{MX: host(nil), Servers: one(raw(starttls.TLSNoCipher, dhe(func(f *clienthello.Flight) {
			f.DHBits = 768
		})), nil, 0)}, []string{"warning tls_no_cipher", "warning openssl_refuses"}},
		{"certificate that Go cannot read", Facts{MX: host(nil), Servers: one(raw(starttls.TLSCertificate, dhe(nil)),
			chain(func(c *pkix.Chain) { c.Status, c.Reason = pkix.StatusUnknown, pkix.CertificateMalformed }), 0)},
			[]string{"warning certificate_malformed", "info negotiated_not_completed"}},
		{"certificate that OpenSSL refuses", Facts{MX: host(nil), Servers: one(raw(starttls.TLSCertificate, dhe(nil)),
			chain(func(c *pkix.Chain) {
				c.Status, c.Reason, c.Unreadable = pkix.StatusUnknown, pkix.CertificateMalformed, true
			}), 0)}, []string{"warning openssl_refuses", "warning certificate_malformed"}},
		{"the same, hidden", Facts{MX: host(nil), Servers: one(raw(starttls.TLSCertificate, clienthello.Flight{
			Version: tls.VersionTLS13, Suite: 0x1302, Complete: true}), nil, 0)},
			[]string{"warning certificate_malformed", "info negotiated_not_completed"}},
		{"without renegotiation_info", Facts{MX: host(nil), Servers: one(session(func(s *starttls.Session) {
			s.TLS.Version, s.TLS.Suite = tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
		}), good, truth.Yes)}, []string{"warning openssl_refuses"}},
		{"Postfix is offered less", Facts{MX: host(nil), Servers: one(session(func(s *starttls.Session) {
			f := dhe(func(f *clienthello.Flight) { f.DHBits = 512 })
			s.Raw = &f
		}), good, truth.Yes)}, []string{"warning openssl_refuses"}},
		{"post-quantum share", Facts{MX: host(nil), Servers: one(session(func(s *starttls.Session) {
			s.PQIntolerant = true
		}), good, truth.Yes)}, []string{"warning pq_intolerant"}},
		{"injection, gone on", Facts{MX: host(nil), Servers: one(session(func(s *starttls.Session) {
			s.Injected = []byte("250 evil\r\n")
		}), good, truth.Yes)}, []string{"error response_injection"}},
		{"injection, the end", Facts{MX: host(nil), Servers: one(session(func(s *starttls.Session) {
			*s = *ended(starttls.StartTLS, starttls.ResponseInjection)
			s.Injected = []byte("250 evil\r\n")
		}), nil, 0)}, []string{"error response_injection"}},
		{"STARTTLS twice", Facts{MX: host(nil), Servers: one(session(func(s *starttls.Session) {
			s.After = []string{"SIZE 10", "starttls"}
		}), good, truth.Yes)}, []string{"warning starttls_in_tls"}},
		{"self-signed for other names", Facts{MX: host(nil), Servers: one(session(nil), chain(func(c *pkix.Chain) {
			c.Status, c.Reason = pkix.Untrusted, pkix.SelfSigned
		}), truth.No)}, []string{"warning self_signed", "warning certificate-host-mismatch"}},
		{"ends tomorrow", Facts{MX: host(nil), Servers: one(session(nil), chain(func(c *pkix.Chain) {
			c.NotAfter = at.Add(36 * time.Hour)
		}), truth.Yes)}, []string{"warning certificate_expires_soon"}},
		{"addresses differ", Facts{MX: host(nil), Servers: []Server{
			server(session(nil), good, truth.Yes), server(ended(starttls.EHLO, starttls.StartTLSNotSupported), nil, 0),
		}}, []string{"error starttls-not-supported", "warning answers_differ"}},
		{"certificates differ", Facts{MX: host(nil), Servers: []Server{
			server(session(nil), good, truth.Yes),
			server(session(nil), chain(func(c *pkix.Chain) { c.Issuer = "CN=Other" }), truth.Yes),
		}}, []string{"info certificates_differ"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := Judge(&tt.facts, at)
			var got []string
			for _, f := range v.Findings {
				got = append(got, f.Severity.String()+" "+f.Code)
				if f.Text == "" {
					t.Errorf("%s has no text", f.Code)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if v.Encrypted.Total() != len(tt.facts.Servers) {
				t.Errorf("%+v counts other than %d servers", v.Encrypted, len(tt.facts.Servers))
			}
		})
	}
}

// TestCatalogue holds the catalogue together: each code once, each with all its words, and every code in reach of Judge.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	var codes []string
	for _, c := range Catalogue() {
		if c.Code == "" || c.Title == "" || c.Source == "" || c.Severity == SeverityUnknown {
			t.Errorf("incomplete: %+v", c)
		}
		if slices.Contains(codes, c.Code) {
			t.Errorf("%s stands twice", c.Code)
		}
		codes = append(codes, c.Code)
	}
	for r := mx.ReasonNone + 1; ; r++ {
		if _, err := r.MarshalText(); err != nil {
			break
		}
		if mxTitles[r].title == "" {
			t.Errorf("mx reason %s has no title", r)
		}
	}
	for r := starttls.ReasonNone + 1; ; r++ {
		if _, err := r.MarshalText(); err != nil {
			break
		}
		if sessionTitles[r].title == "" {
			t.Errorf("session reason %s has no title", r)
		}
	}
	for r := pkix.ReasonNone + 1; ; r++ {
		if _, err := r.MarshalText(); err != nil {
			break
		}
		if chainTitles[r].title == "" {
			t.Errorf("certificate reason %s has no title", r)
		}
	}
	for n := pkix.NoteUnknown + 1; ; n++ {
		if _, err := n.MarshalText(); err != nil {
			break
		}
		if noteTitles[n].title == "" {
			t.Errorf("certificate note %s has no title", n)
		}
	}
	for _, code := range []string{"starttls-not-supported", "certificate-expired", "certificate-host-mismatch", "null_mx"} {
		if !slices.Contains(codes, code) {
			t.Errorf("%s is missing", code)
		}
	}
}

func TestSeverityText(t *testing.T) {
	t.Parallel()
	for s := SeverityUnknown; s <= Error; s++ {
		text, err := s.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back Severity
		if err := back.UnmarshalText(text); err != nil || back != s {
			t.Errorf("%s became %s, %v", s, back, err)
		}
	}
}
