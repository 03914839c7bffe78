package scanner

import (
	"crypto/tls"
	"net/netip"

	"mxtls/scanner/dane"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// Destination is what package postfix predicts deliveries from: the facts of r, and what Postfix's OpenSSL makes of its
// servers' chains with this Judge's roots as smtp_tls_CAfile. It is worked out anew at each call, so a scan that does
// not ask pays nothing; it shares r's sessions and is not changed. Predictions are sure where Options.AsPostfix was set.
func (j *Judge) Destination(r *Result) *postfix.Destination {
	set := r.Facts.MX
	names := dane.NamesOf(r.Target, &set)
	d := &postfix.Destination{Target: r.Target, MX: &set, Servers: make([]postfix.Server, len(r.Facts.Servers))}
	for i := range r.Facts.Servers {
		f := &r.Facts.Servers[i]
		d.Servers[i] = postfix.Server{
			Host: f.Host, Label: f.Label, Preference: f.Preference, Addr: f.Addr, NoAddress: f.NoAddress, Session: f.Session,
			Level0: j.postfixChain(f.Session, 0), Level1: j.postfixChain(f.Session, 1),
		}
		if asked(&f.TLSA) {
			o := j.met(f, names)
			d.Servers[i].DANE, d.Servers[i].DANESession = &o, f.Named
		}
	}
	return d
}

// asked reports whether TLSA records were looked for.
func asked(r *dane.Records) bool {
	return r.Found || r.Status != dane.StatusUnknown || r.Reason != dane.ReasonNone
}

// met is what DANE makes of the one certificate that Postfix meets, where the verdict is on all that the server has.
// In TLS 1.3 the client's order of signature algorithms decides: crypto/tls has RSA first, OpenSSL all others, so that a
// server which showed RSA to us and has ECDSA shows that.
func (j *Judge) met(f *verdict.Server, names dane.Names) dane.Outcome {
	chain := shown(f.Named, 1)
	if chain == nil || !f.TLSA.Found {
		return f.DANE
	}
	modern := f.Named.TLS != nil && f.Named.TLS.Version == tls.VersionTLS13
	if other := f.OtherKey; modern && other != nil && other.Ask.Key == starttls.ECDSAKey && other.TLS != nil {
		chain = other.TLS.Chain
	}
	return dane.Judge(f.TLSA, chain, names, j.at)
}

// postfixChain is the verdict on the chain that a Postfix client is shown at OpenSSL's security level; nil where none
// was seen.
func (j *Judge) postfixChain(ses *starttls.Session, level int) *pkix.Chain {
	chain := shown(ses, level)
	if chain == nil {
		return nil
	}
	return j.verifier.Postfix(chain, level)
}

// shown is the chain that a server shows to a Postfix client: at level 0 (may, encrypt), where anonymous suites are
// offered too, or at level 1 (a match is required), where they are not. Suites are chosen in another order than with
// crypto/tls, and with the suite the certificate, so the answer to a hello of Postfix's own comes first. Where the server
// chose an anonymous suite, it is the chain for clients whose settings leave those out.
func shown(ses *starttls.Session, level int) [][]byte {
	switch {
	case ses == nil:
		return nil
	case level > 0 && ses.Match != nil:
		return ses.Match.Chain
	case ses.Raw != nil && len(ses.Raw.Chain) > 0:
		return ses.Raw.Chain
	case ses.Match != nil && len(ses.Match.Chain) > 0:
		return ses.Match.Chain
	case ses.TLS != nil:
		return ses.TLS.Chain
	}
	return nil
}

// Difference is a server whose certificate Postfix at level verify and a strict WebPKI sender (Gmail, or anybody who
// follows MTA-STS) judge differently, by the same roots and at the same time.
type Difference struct {
	Host    string         // the mail host, as it is printed
	Address netip.AddrPort // its address
	Postfix bool           // Postfix is the one that takes the certificate for the host's
	Reason  string         // stable code for why the other one does not
	Text    string         // the same in words, where there are any; may quote the certificate
}

// Differences are the servers of r on which Postfix and a strict WebPKI sender differ. Where one of the two verdicts
// cannot be told, or an address is all that is known of the server, there is none.
func (j *Judge) Differences(r *Result) []Difference {
	var all []Difference
	for i := range r.Facts.Servers {
		f := &r.Facts.Servers[i]
		chain := shown(f.Session, 1)
		if chain == nil || f.Host.IsZero() {
			continue
		}
		lax, strict := judgeLax(j.verifier.Postfix(chain, 1), f.Host), judgeStrict(j.verifier.WebPKI(chain), f.Host)
		if !lax.known || !strict.known || lax.takes == strict.takes {
			continue
		}
		refusal := strict
		if strict.takes {
			refusal = lax
		}
		all = append(all, Difference{f.Label, f.Addr, lax.takes, refusal.reason, refusal.text})
	}
	return all
}

// opinion is whether somebody takes a certificate for a host's, and if not, why.
type opinion struct {
	known, takes bool
	reason, text string
}

// judgeLax is Postfix's opinion at level verify, where a CN counts if there is no DNS name beside it.
func judgeLax(c *pkix.Chain, host name.Name) opinion {
	_, ok := hostname.Match(c, host, name.Name{})
	return judge(c, ok)
}

// judgeStrict is the opinion of who follows RFC 9525.
func judgeStrict(c *pkix.Chain, host name.Name) opinion {
	_, ok := c.MatchSAN(host)
	return judge(c, ok)
}

func judge(c *pkix.Chain, match bool) opinion {
	o := opinion{known: c.Status != pkix.StatusUnknown, takes: c.Status == pkix.Trusted && match}
	switch {
	case c.Status != pkix.Trusted:
		o.reason, o.text = c.Reason.String(), c.Text
	case !match && c.CNOnly:
		o.reason, o.text = verdict.CertificateHostMismatch, "its name stands in the CN alone"
	case !match:
		o.reason = verdict.CertificateHostMismatch
	}
	return o
}

// hostname is what Postfix matches at level verify by default (smtp_tls_verify_cert_match).
var hostname = func() pkix.Matcher {
	m, err := pkix.NewMatcher("hostname")
	if err != nil {
		panic(err) // the word is a constant
	}
	return m
}()
