package scanner

import (
	"bytes"
	"crypto/tls"
	"net/netip"
	"slices"
	"strings"

	"mxtls/scanner/dane"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
)

// Case is a certificate chain and what to hold it against: a question to a [Judge] that no network has a part in.
type Case struct {
	Chain   [][]byte       // DER, as a server would send it, leaf first; empty = the server shows none
	Names   []name.Name    // of the server, any will do; the first is its TLSA base domain
	NextHop name.Name      // the mail domain; zero = the server is asked for by itself, "[host]"
	TLSA    []resolve.TLSA // the secure records of the first name; nil = not known, empty = there are none

	// Level is the security level of a Postfix to foretell the delivery of; LevelUnknown = no prediction. A prediction
	// needs a name.
	Level  postfix.Level
	Config *postfix.Config // of that Postfix, whose trust anchors are the Judge's roots
}

// Ruling is what a Case comes to.
type Ruling struct {
	Chain       *pkix.Chain // by pkix.Verifier.Verify
	NameMatch   truth.Truth // any of the names, as Postfix compares at level verify; unknown without one, or a certificate
	MatchedBy   string      // the certificate's name that fits
	DomainMatch truth.Truth // the next hop, as Postfix compares at level secure; unknown without one, or a certificate

	WebPKI       *pkix.Chain // by pkix.Verifier.WebPKI
	WebNameMatch truth.Truth // any of the names, as the web compares

	Level0, Level1 *pkix.Chain  // by pkix.Verifier.Postfix
	DANE           dane.Outcome // status unknown where nothing is known of TLSA records

	Prediction *postfix.Prediction // nil where no level was asked for
}

// Rule judges a case, by the roots and the time of the Judge. It asks nobody.
func (j *Judge) Rule(c *Case) Ruling {
	v := j.verifier
	r := Ruling{
		Chain: v.Verify(c.Chain), WebPKI: v.WebPKI(c.Chain), Level0: v.Postfix(c.Chain, 0), Level1: v.Postfix(c.Chain, 1),
	}
	var host name.Name
	r.NameMatch, host, r.MatchedBy = anyName(r.Chain, c.Names, r.Chain.MatchHost)
	r.WebNameMatch, _, _ = anyName(r.WebPKI, c.Names, r.WebPKI.MatchSAN)
	if !c.NextHop.IsZero() {
		r.DomainMatch, _, _ = anyName(r.Chain, []name.Name{c.NextHop}, r.Chain.MatchDomain)
	}
	r.DANE = dane.Judge(c.records(), c.Chain, c.daneNames(), j.at)
	if c.Level != postfix.LevelUnknown && len(c.Names) > 0 {
		p := postfix.Predict(c.Config, c.destination(&r, host), c.Level, 0)
		if p.Outcome == postfix.Encrypted {
			p.Text, _, _ = strings.Cut(p.Text, "[") // behind it are an address and a cipher, which nobody has seen
		}
		r.Prediction = &p
	}
	return r
}

// anyName looks for the first of the names that a certificate has. No answer is sure where the certificate cannot be
// read, and no "no" where it has more names than are kept.
func anyName(c *pkix.Chain, names []name.Name, match func(name.Name) (string, bool)) (truth.Truth, name.Name, string) {
	unreadable := c.Reason == pkix.CertificateMalformed || c.Reason == pkix.ChainTooLong
	if len(names) == 0 || c.Status == pkix.Anonymous || unreadable {
		return truth.Unknown, name.Name{}, ""
	}
	for _, n := range names {
		if by, ok := match(n); ok {
			return truth.Yes, n, by
		}
	}
	if slices.Contains(c.Notes, pkix.NamesCut) {
		return truth.Unknown, name.Name{}, ""
	}
	return truth.No, name.Name{}, ""
}

// records are the TLSA records as a lookup would have found them: each once.
func (c *Case) records() dane.Records {
	switch {
	case c.TLSA == nil || len(c.Names) == 0:
		return dane.Records{}
	case len(c.TLSA) == 0:
		return dane.Records{Status: dane.None, Reason: dane.NoRecord}
	}
	f := dane.Records{Found: true, Base: c.Names[0]}
	for _, r := range c.TLSA {
		same := func(o resolve.TLSA) bool {
			return o.Usage == r.Usage && o.Selector == r.Selector && o.Matching == r.Matching && bytes.Equal(o.Data, r.Data)
		}
		if !slices.ContainsFunc(f.TLSA, same) {
			f.TLSA = append(f.TLSA, r)
		}
	}
	return f
}

func (c *Case) daneNames() dane.Names {
	names := dane.Names{Secure: true}
	if !c.NextHop.IsZero() {
		names.NextHop = []name.Name{c.NextHop}
	}
	return names
}

// destination is a mail domain with one server, with which a session went well to the end. Host is the name that the
// certificate has; zero = none of them, and the first one stands for all.
func (c *Case) destination(r *Ruling, host name.Name) *postfix.Destination {
	if host.IsZero() {
		host = c.Names[0]
	}
	d := &postfix.Destination{
		Target: name.Target{Name: c.NextHop},
		MX:     &mx.Set{Kind: mx.Listed, Trust: resolve.Secure},
		Servers: []postfix.Server{{
			Host: host, Label: host.String(), Addr: netip.AddrPortFrom(somewhere, dane.Port),
			Session: c.session(), Level0: r.Level0, Level1: r.Level1, DANE: &r.DANE,
		}},
	}
	if c.NextHop.IsZero() {
		d.Target, d.MX.Kind = name.Target{Name: host, Direct: true}, mx.Implicit
	}
	return d
}

// somewhere is the address of a server that nobody has seen (RFC 5737); no ruling shows it.
var somewhere = netip.AddrFrom4([4]byte{192, 0, 2, 1})

// session is one in which everything goes well that does not hang on the chain.
func (c *Case) session() *starttls.Session {
	said := func(sent string, lines ...string) starttls.Exchange {
		code := 250
		if strings.HasPrefix(lines[0], "220") {
			code = 220
		}
		return starttls.Exchange{Sent: sent, Reply: starttls.Reply{Code: code, Lines: lines}}
	}
	s := &starttls.Session{
		Stage: starttls.Done, Offered: true,
		Dialogue: []starttls.Exchange{said("", "220 mx ESMTP"), said("EHLO mxtls", "250-mx", "250 STARTTLS"),
			said("STARTTLS", "220 go ahead"), said("EHLO mxtls", "250 mx")},
		TLS: &starttls.Handshake{Version: tls.VersionTLS13, Suite: tls.TLS_AES_256_GCM_SHA384, Chain: c.Chain,
			CertificateOctets: 3},
	}
	for _, der := range c.Chain {
		s.TLS.CertificateOctets += 3 + len(der) // RFC 5246 7.4.2
	}
	if len(c.Chain) == 0 {
		s.TLS.Version, s.TLS.Suite = tls.VersionTLS12, anonymousSuite
		s.TLS.Renegotiation, s.TLS.ExtendedMasterSecret = true, true
	}
	return s
}

// anonymousSuite is what a server without a certificate agrees on: TLS_DH_anon_WITH_AES_256_GCM_SHA384 (RFC 5288 3).
const anonymousSuite = 0x00a7
