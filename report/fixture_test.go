package report

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// at is when the fixture's run began.
var at = time.Date(2026, 11, 23, 10, 29, 0, 0, time.UTC)

func testRun() Run {
	return Run{
		Version: "v0.1.0", Started: at,
		Roots: Roots{Source: "system", Path: "/etc/ssl/certs/ca-certificates.crt", Count: 142, Expired: 3,
			Date: at.AddDate(-3, -8, -12), SHA256: "5b2c7e01"},
		Resolvers: []string{"127.0.0.1:53"}, Validating: truth.Yes, EHLO: "mx.example.org", Port: 25,
		Limits: Limits{Concurrency: 200, Rate: 100, PerProvider: 4, Timeout: 30 * time.Second,
			HostTimeout: 2 * time.Minute, Families: []string{"ipv4", "ipv6"}},
	}
}

// grouped is a result and the list that it came from.
type grouped struct {
	group  string
	result scanner.Result
}

// testResults have every kind of row that there is.
func testResults() []grouped {
	trusted := chain(pkix.Trusted, pkix.ReasonNone, at.AddDate(0, 1, 20), "mx.example.net")
	wild := chain(pkix.Trusted, pkix.ReasonNone, at.AddDate(0, 0, 9), "*.mail.example", "mail.example")
	expired := chain(pkix.Untrusted, pkix.Expired, at.AddDate(0, -3, -22), "mx.example.net")
	self := chain(pkix.Untrusted, pkix.SelfSigned, at.AddDate(9, 0, 0), "localhost.localdomain")
	other := chain(pkix.Trusted, pkix.ReasonNone, at.AddDate(0, 2, 0), "a.example", "b.example", "c.example", "d.example",
		"e.example")
	ok, no, dunno := truth.Yes, truth.No, truth.Unknown
	const stripped = "STARTTLS was overwritten on the way (XXXXXXXA)"
	busy := func(i int) verdict.Server { return fails(i, starttls.Connected, starttls.TooManyConnections, busyText) }
	return append([]grouped{
		{"jp-carrier", domain("gmail.com", "google.com", encrypts(1, trusted, ok), encrypts(2, trusted, ok),
			encrypts(3, trusted, ok), encrypts(4, trusted, ok), encrypts(5, trusted, ok))},
		{"jp-carrier", domain("ezweb.ne.jp", "au.com", encrypts(6, expired, ok),
			fails(7, starttls.EHLO, starttls.StartTLSNotSupported, "STARTTLS is not offered"))},
		{"jp-carrier", domain("yahoo.co.jp", "yahoo.co.jp",
			fails(8, starttls.EHLO, starttls.StartTLSNotSupported, "STARTTLS is not offered"),
			fails(9, starttls.EHLO, starttls.StartTLSNotSupported, "STARTTLS is not offered"))},
		{"jp-carrier", domain("docomo.ne.jp", "docomo.ne.jp", busy(10), busy(11))},
		{"jp-carrier", domain("stripped.example", "isp.example",
			fails(12, starttls.EHLO, starttls.StartTLSStripped, stripped))},
		{"jp-carrier", domain("slow.example", "slow.example", encrypts(13, trusted, ok),
			fails(14, starttls.StageNone, starttls.ConnectTimeout, "no answer to the connection within 30 s"))},
		{"jp-carrier", without("vodafone.ne.jp", mx.None, mx.NoSuchDomain, "the domain does not exist")},
		{"list.txt", without("null.example", mx.Null, mx.NullMX, "")},
		{"list.txt", without("broken.example", mx.Failed, mx.LookupServFail,
			"mx lookup for broken.example: SERVFAIL from 127.0.0.1:53")},
		{"list.txt", invalid("http://example.com/<script>|x|`y`", name.URL)},
		{"list.txt", invalid("=cmd|' /C calc'!A0", name.BadCharacter)},
		{"list.txt", domain("xn--wgv71a119e.jp", "xn--wgv71a119e.jp", encrypts(15, trusted, ok))},
		{"list.txt", domain("münchen.example", "mail.example", encrypts(16, wild, ok))},
		{"list.txt", domain("self.example", "self.example", encrypts(17, self, no))},
		{"list.txt", domain("wrong-name.example", "hosting.example", encrypts(18, other, no))},
		{"list.txt", domain("injected.example", "injected.example", injected(19))},
		{"list.txt", domain("anonymous.example", "anonymous.example",
			encrypts(20, chain(pkix.Anonymous, pkix.ReasonNone, time.Time{}), dunno))},
		{"list.txt", domain("a-very-long-subdomain-for-a-mail-domain.of.a.department.example.com",
			"a-provider-with-a-long-name.example",
			encrypts(21, trusted, ok), encrypts(22, expired, ok), encrypts(23, self, no))},
		{"list.txt", domain("dual-stack.example", "dual-stack.example", encrypts(24, trusted, ok), noIPv6(25))},
		{"list.txt", domain("no-address.example", "no-address.example", noAddress())},
		{"list.txt", domain("twelve.example", "twelve.example", twelve(trusted, expired)...)},
		{"list.txt", domain("[192.0.2.99]:2525", "", encrypts(99, trusted, dunno))},
	}, policied()...)
}

const busyText = "421 4.7.0 too many connections (try again later)\x1b]0;owned\x07"

// testSummary is what the fixture comes to.
func testSummary() Summary {
	var s Summary
	for _, g := range testResults() {
		s.Add(g.group, &g.result)
	}
	s.Duplicates, s.Sessions = 1, 40
	return s
}

// domain is a result for a domain with servers, with a finding for each thing that is not well.
func domain(text, via string, servers ...verdict.Server) scanner.Result {
	target, err := name.ParseTarget(text)
	if err != nil {
		panic(err)
	}
	r := scanner.Result{Input: text, Target: target, Via: via, Started: at, Duration: 1234 * time.Millisecond}
	r.Facts.Domain = target.Name
	r.Facts.MX = mx.Set{Kind: mx.Listed, Trust: resolve.Insecure}
	r.Facts.Servers = servers
	for i := range servers {
		s := &r.Facts.Servers[i]
		a := answers(s)
		r.Verdict.Servers = append(r.Verdict.Servers, a)
		switch a.Encrypted {
		case truth.Yes:
			r.Verdict.Encrypted.Yes++
		case truth.No:
			r.Verdict.Encrypted.No++
		default:
			r.Verdict.Encrypted.Unknown++
		}
		if a.Reason != "" {
			severity := verdict.Warning
			if a.Encrypted == truth.No {
				severity = verdict.Error
			}
			r.Verdict.Findings = append(r.Verdict.Findings,
				verdict.Finding{Code: a.Reason, Severity: severity, Host: s.Label, Address: address(s.Addr), Text: a.Detail})
		}
	}
	return r
}

// answers judge as package verdict does, in brief.
func answers(s *verdict.Server) verdict.Answers {
	if s.Session == nil {
		return verdict.Answers{Reason: s.NoAddress.String(), Detail: "this mail host does not exist"}
	}
	a := verdict.Answers{}
	if e := s.Session.Err; e != nil {
		a.Reason, a.Detail = e.Reason.String(), e.Text
		if s.Session.Stage >= starttls.EHLO {
			a.Offered, a.Established, a.Encrypted = truth.Of(s.Session.Offered), truth.No, truth.No
		}
		return a
	}
	a.Offered, a.Accepted, a.Established, a.Encrypted = truth.Yes, truth.Yes, truth.Yes, truth.Yes
	a.Authenticated = truth.Of(s.Chain.Status == pkix.Trusted && s.NameMatch == truth.Yes)
	switch {
	case s.Chain.Reason != pkix.ReasonNone:
		a.Reason, a.Detail = s.Chain.Reason.String(), s.Chain.Text
	case s.NameMatch == truth.No:
		a.Reason, a.Detail = verdict.CertificateHostMismatch, "the certificate is not for "+s.Label
	}
	return a
}

// without is a result for a domain that has no servers.
func without(text string, kind mx.Kind, reason mx.Reason, detail string) scanner.Result {
	r := domain(text, "")
	r.Facts.MX = mx.Set{Kind: kind, Reason: reason, Detail: detail}
	severity := verdict.Error
	if kind == mx.Null {
		severity = verdict.Info
	}
	r.Verdict.Findings = []verdict.Finding{{Code: reason.String(), Severity: severity, Text: detail}}
	return r
}

// invalid is a result for an input that is no domain.
func invalid(input string, reason name.Reason) scanner.Result {
	err := &name.Error{Input: input, Reason: reason}
	return scanner.Result{Input: input, Invalid: err, Started: at, Facts: verdict.Facts{MX: mx.Set{Kind: mx.Invalid}},
		Verdict: verdict.Verdict{Findings: []verdict.Finding{
			{Code: verdict.InvalidInput, Severity: verdict.Error, Text: err.Error()}}}}
}

func chain(status pkix.Status, reason pkix.Reason, until time.Time, names ...string) *pkix.Chain {
	c := &pkix.Chain{Status: status, Reason: reason, Names: names, NotAfter: until}
	if len(names) > 0 {
		c.Subject, c.Issuer, c.SHA256 = "CN="+names[0], "CN=R11,O=Let's Encrypt,C=US", fmt.Sprintf("%064x", len(names))
		c.NotBefore, c.Key, c.Signature, c.Sent = until.AddDate(0, -3, 0), "ECDSA P-256", "SHA256-RSA", 2
	}
	if reason == pkix.Expired {
		c.Text = "the certificate ended on " + date(until)
	}
	return c
}

// session is the n-th server: mxN.example.net at 192.0.2.N.
func session(n int) verdict.Server {
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), 25)
	label := fmt.Sprintf("mx%d.example.net", n)
	ms := time.Millisecond
	s := &starttls.Session{Addr: addr, Started: at, Duration: 93 * ms}
	s.Took = [starttls.Done + 1]time.Duration{0, 12 * ms, 20 * ms, 8 * ms, 7 * ms, 31 * ms, 9 * ms}
	say(s, "", 220, 32*ms, "220 "+label+" ESMTP")
	say(s, "EHLO mx.example.org", 250, 40*ms, "250-"+label, "250-PIPELINING", "250-SIZE 10240000", "250 STARTTLS")
	s.Before, s.Offered, s.Stage = []string{"PIPELINING", "SIZE 10240000", "STARTTLS"}, true, starttls.EHLO
	return verdict.Server{Host: name.MustParse(label), Label: label, Preference: uint16(10 * n), Addr: addr, Session: s}
}

func say(s *starttls.Session, sent string, code int, when time.Duration, lines ...string) {
	s.Dialogue = append(s.Dialogue, starttls.Exchange{Sent: sent, Reply: starttls.Reply{Code: code, Lines: lines},
		Encrypted: s.TLS != nil, At: when})
}

// encrypts is a server that works.
func encrypts(n int, c *pkix.Chain, match truth.Truth) verdict.Server {
	s := session(n)
	ses := s.Session
	say(ses, "STARTTLS", 220, 47*time.Millisecond, "220 2.0.0 Ready to start TLS")
	ses.TLS = &starttls.Handshake{Version: tls.VersionTLS13, Suite: tls.TLS_AES_128_GCM_SHA256,
		Group: uint16(tls.X25519MLKEM768)}
	if n%3 == 0 {
		ses.TLS = &starttls.Handshake{Version: tls.VersionTLS12, Suite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			Group: uint16(tls.X25519)}
	}
	say(ses, "EHLO mx.example.org", 250, 87*time.Millisecond, "250-"+s.Label, "250 PIPELINING")
	ses.After, ses.Stage = []string{"PIPELINING"}, starttls.Done
	s.Chain, s.NameMatch = c, match
	return s
}

// fails is a server whose session ended early.
func fails(n int, stage starttls.Stage, reason starttls.Reason, text string) verdict.Server {
	s := session(n)
	s.Session.Stage, s.Session.Offered = stage, false
	s.Session.Before = s.Session.Before[:2]
	s.Session.Err = &starttls.Error{Stage: stage, Reason: reason, Text: text}
	if stage < starttls.EHLO {
		s.Session.Dialogue, s.Session.Before = nil, nil
	}
	if stage == starttls.Connected {
		say(s.Session, "", 421, 40*time.Millisecond, text)
	}
	return s
}

// injected is a server that sent plain text behind the 220, with escape codes in its banner.
func injected(n int) verdict.Server {
	s := session(n)
	s.Session.Dialogue[0].Reply.Lines[0] = "220 \x1b[2J\x9b31m evil\u202etxt.exe\u200b \xff|`<b>`"
	say(s.Session, "STARTTLS", 220, 47*time.Millisecond, "220 2.0.0 Ready to start TLS")
	s.Session.Injected = []byte("250 evil\r\n")
	s.Session.Err = &starttls.Error{Stage: starttls.StartTLS, Reason: starttls.ResponseInjection,
		Text: "plain text behind the 220 to STARTTLS: \"250 evil\r\n\""}
	return s
}

func noIPv6(n int) verdict.Server {
	s := fails(n, starttls.StageNone, starttls.NoIPv6, "no route to IPv6 on this machine")
	s.Addr = netip.MustParseAddrPort("[2001:db8::19]:25")
	s.Session.Addr = s.Addr
	return s
}

func noAddress() verdict.Server {
	return verdict.Server{Host: name.MustParse("gone.example.net"), Label: "gone.example.net", Preference: 10,
		NoAddress: mx.HostNotFound}
}

func twelve(good, bad *pkix.Chain) []verdict.Server {
	var all []verdict.Server
	for n := 30; n < 40; n++ {
		c := good
		if n%4 == 0 {
			c = bad
		}
		all = append(all, encrypts(n, c, truth.Yes))
	}
	return append(all, fails(40, starttls.EHLO, starttls.StartTLSNotSupported, "STARTTLS is not offered"),
		fails(41, starttls.StageNone, starttls.ConnectTimeout, "no answer to the connection within 30 s"))
}
