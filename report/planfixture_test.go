package report

import (
	"net/netip"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
)

// testPlan is a change from may to secure.
func testPlan() Plan {
	return Plan{
		Source: "/etc/postfix/main.cf", Postfix: "3.7", OpenSSL: "3.0", Trusts: true, Level: postfix.May, To: postfix.Secure,
		Weighted: true, Match: map[postfix.Level]string{postfix.Secure: "nexthop, dot-nexthop"},
		Remarks: []postfix.Remark{
			{Code: "loglevel_zero", Text: "smtp_tls_loglevel is 0, so the log says nothing of TLS at all: nobody can tell " +
				"from it what was encrypted."},
			{Code: "relayhost", Text: "relayhost = [relay.\x1b[2Jexample]: only the relay's TLS counts."},
		},
		Advice: []string{"# The CAfile of this operating system:", "smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt",
			"smtp_tls_security_level = may", "smtp_tls_loglevel = 1"},
	}
}

// testForecasts have every outcome at every level that can have it, in an order that the table must change.
func testForecasts() []*Forecast {
	good := chain(pkix.Trusted, pkix.ReasonNone, at.AddDate(0, 2, 0), "mx1.example.net")
	plain := fails(2, starttls.EHLO, starttls.StartTLSNotSupported, "STARTTLS is not offered")
	cn := forecast(domain("common-name.example", "example.net", encrypts(7, good, truth.No)), "peeuuuee", 3)
	cn.Differences = []scanner.Difference{
		{Host: "mx7.example.net", Postfix: true, Reason: postfix.HostMismatch, Text: "its name stands in the CN alone"},
		{Host: "mx8.example.net", Postfix: true, Reason: postfix.HostMismatch}}
	anchored := forecast(domain("folded.example", "example.net", encrypts(8, good, truth.Yes)), "peeuuued", 0)
	anchored.Differences = []scanner.Difference{{Host: "mx8.example.net", Reason: "wrong_purpose"}}
	listed := forecast(domain("partner.example", "example.net", encrypts(9, good, truth.Yes)), "peeuuuee", 2)
	listed.NowLevel, listed.Now = postfix.Verify, listed.Levels[postfix.Verify]
	listed.Then = listed.Now
	return []*Forecast{
		forecast(domain("good.example", "example.net", encrypts(1, good, truth.Yes)), "peeuuuee", 900),
		forecast(invalid("http://example.com/|`x`", name.URL), "uuuuuuuu", 0),
		forecast(domain("plain.example", "example.net", plain), "ppduuddd", 60),
		forecast(domain("alert.example", "example.net", encrypts(3, good, truth.Yes)), "plduuddd", 5),
		forecast(domain("refused.example", "example.net", encrypts(4, good, truth.Yes)), "ppbuubbb", 1),
		forecast(without("null.example", mx.Null, mx.NullMX, ""), "bbbbbbbb", 0),
		forecast(domain("busy.example", "example.net", encrypts(5, good, truth.Yes)), "uuuuuuuu", 10),
		forecast(domain("xn--wgv71a119e.jp", "example.net", encrypts(6, good, truth.No)), "peeuuudd", 19),
		cn, anchored, listed,
		forecast(domain("a-very-long-subdomain-for-a-mail-domain.of.a.department.example.com", "example.net",
			encrypts(10, good, truth.Yes)), "peeuuued", 0),
	}
}

// forecast has the outcomes that the letters stand for, in the order of postfix.Levels.
func forecast(r scanner.Result, letters string, messages int64) *Forecast {
	f := &Forecast{Result: &r, NowLevel: postfix.May, Messages: messages}
	for i, l := range postfix.Levels() {
		f.Levels[l] = prediction(letters[i], r.Facts.MX.Kind == mx.Null)
	}
	f.Now, f.Then = f.Levels[postfix.May], f.Levels[postfix.Secure]
	return f
}

func prediction(letter byte, null bool) postfix.Prediction {
	p := postfix.Prediction{Host: "mx1.example.net", Address: netip.MustParseAddrPort("192.0.2.1:25")}
	switch letter {
	case 'e':
		p.Outcome, p.Word = postfix.Encrypted, postfix.Trusted
		p.Text = "Trusted TLS connection established to mx1.example.net[192.0.2.1]:25: TLSv1.3 with cipher " +
			"TLS_AES_256_GCM_SHA384 (256/256 bits)"
	case 'p', 'l':
		p.Outcome, p.Reason = postfix.Plaintext, starttls.StartTLSNotSupported.String()
		if letter == 'l' {
			p.After, p.Reason = 300*time.Second, starttls.TLSAlert.String()
		}
	case 'd':
		p.Outcome, p.Code, p.Reason = postfix.Deferred, "4.7.5", postfix.HostMismatch
		p.Text = "Server certificate not verified"
	case 'b':
		p.Outcome, p.Code, p.Reason = postfix.Bounced, "5.7.4", starttls.StartTLSRefused.String()
		p.Text = "TLS is required, but host mx1.example.net[192.0.2.1] refused to start TLS: 554 no \x1b[2J|`TLS`"
	default:
		p = postfix.Prediction{Reason: starttls.TooManyConnections.String()}
	}
	if null {
		p = postfix.Prediction{Outcome: postfix.Bounced, Code: "5.1.0", Reason: mx.NullMX.String(),
			Text: "Domain null.example does not accept mail (nullMX)"}
	}
	return p
}

func testCheck() MapCheck {
	return MapCheck{Name: "tls_policy", Problems: []postfix.Problem{
		{Line: 3, Key: "old.example", Kind: postfix.Stale, Text: "it fits none of the destinations of this run"},
		{Line: 12, Kind: postfix.SyntaxProblem, Text: "it has a key and no policy, so it is left out: \x1b[2J"},
	}}
}
