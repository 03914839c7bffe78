package verdict

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
)

const (
	// expiresSoon is what Let's Encrypt's clients leave at the least when renewal works: a certificate with less is stuck.
	expiresSoon = 14 * 24 * time.Hour
	// greetPause is above any slow greeting that is not meant: postscreen_greet_wait is 6 s, sendmail's greet_pause 5 s.
	greetPause = 3 * time.Second
	// namesShown bounds how many of a certificate's names a sentence quotes.
	namesShown = 3
)

// Judge says what the facts come to at a time. It changes nothing and asks nobody.
func Judge(f *Facts, at time.Time) Verdict {
	j := &judge{facts: f, at: at}
	j.servers()
	j.domain()
	for i := range f.Servers {
		j.server(&f.Servers[i], &j.Servers[i])
	}
	j.hosts()
	j.policies()
	j.Effective = EffectiveOf(f)
	slices.SortStableFunc(j.Findings, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	return j.Verdict
}

// Invalid is the verdict on an input that is no mail domain.
func Invalid(err *name.Error) Verdict {
	return Verdict{Findings: []Finding{{Code: InvalidInput, Severity: Error, Text: err.Error()}}}
}

// Defect is the verdict on a domain that a panic kept from being judged; it said what.
func Defect(what string) Verdict {
	text := "a defect of this program, please report it: " + what
	return Verdict{Findings: []Finding{{Code: starttls.InternalError.String(), Severity: Error, Text: text}}}
}

// judge collects one domain's verdict.
type judge struct {
	Verdict
	facts *Facts
	at    time.Time
}

func (j *judge) servers() {
	if len(j.facts.Servers) > 0 {
		j.Servers = make([]Answers, len(j.facts.Servers))
	}
	for i := range j.facts.Servers {
		a := answer(&j.facts.Servers[i])
		j.Servers[i] = a
		switch a.Encrypted {
		case truth.Yes:
			j.Encrypted.Yes++
		case truth.No:
			j.Encrypted.No++
		default:
			j.Encrypted.Unknown++
		}
	}
}

func (j *judge) add(code, host, address, format string, args ...any) {
	j.addAs(code, severityOf(code), host, address, fmt.Sprintf(format, args...))
}

func (j *judge) addAs(code string, sev Severity, host, address, text string) {
	j.Findings = append(j.Findings, Finding{code, sev, host, address, text})
}

// domain finds what the DNS alone shows.
func (j *judge) domain() {
	set := &j.facts.MX
	if set.Reason != mx.ReasonNone {
		sev := mxSeverity(set.Reason)
		if j.facts.Legacy && sev == Error {
			sev = Info // a list marked it as a name of the past: that it is gone is no fault
		}
		j.addAs(set.Reason.String(), sev, "", "", orElse(set.Detail, mxTitles[set.Reason].title))
	}
	if n := len(set.Aliases); n > 0 {
		j.add(DomainIsAlias, "", "", "the domain is an alias of %s", set.Aliases[n-1])
	}
	if set.Dropped > 0 {
		j.add(MXTooMany, "", "", "%s not looked at, beyond the first %d", count(set.Dropped, "mail host was", "mail hosts were"),
			len(set.Hosts))
	}
	for i := range set.Hosts {
		j.host(&set.Hosts[i])
	}
}

// host finds what the DNS shows of one mail host.
func (j *judge) host(h *mx.Host) {
	if n := len(h.Aliases); n > 0 {
		j.add(MXIsAlias, h.Raw, "", "the mail host is an alias of %s", h.Aliases[n-1])
	}
	if h.Literal.IsValid() && !j.facts.Direct {
		j.add(MXIsAddress, h.Raw, "", "the MX record names the address %s, not a host", h.Literal)
	}
	if h.Reason != mx.ReasonNone {
		text := noAddressText(h.Reason)
		if h.Err != nil {
			text += ": " + h.Err.Error()
		}
		j.addAs(h.Reason.String(), mxSeverity(h.Reason), h.Raw, "", text)
	} else if h.Err != nil {
		j.add(AddressLookupFailed, h.Raw, "", "%v", h.Err)
	}
	if h.Dropped > 0 {
		j.add(AddressesTooMany, h.Raw, "", "%s not tried, beyond the first %d",
			count(h.Dropped, "address was", "addresses were"), len(h.Addrs))
	}
}

// server finds what one session showed.
func (j *judge) server(s *Server, a *Answers) {
	ses := s.Session
	if ses == nil {
		return
	}
	address := s.Addr.Addr().String()
	if a.Negotiated {
		j.add(NegotiatedNotCompleted, s.Label, address, "%s", a.Detail)
	}
	// What kept us from going on is no fault of a server that Postfix gets on with, unless it is the certificate; of
	// that, the verdict on the chain tells more.
	badCert := ses.Err != nil && ses.Err.Reason == starttls.TLSCertificate
	if ses.Err != nil && (!a.Negotiated && !badCert || badCert && s.Chain == nil) {
		text := orElse(ses.Err.Text, sessionTitles[ses.Err.Reason].title)
		if a.Negotiated {
			text = "strict senders cannot read it, and TLS 1.3 hides it from us: " + text
		}
		j.addAs(ses.Err.Reason.String(), sessionSeverity(ses.Err.Reason), s.Label, address, text)
	}
	if len(ses.Injected) > 0 && (ses.Err == nil || ses.Err.Reason != starttls.ResponseInjection) {
		j.addAs(starttls.ResponseInjection.String(), sessionSeverity(starttls.ResponseInjection), s.Label, address,
			sessionTitles[starttls.ResponseInjection].title+"; Postfix drops it and goes on")
	}
	if d := ses.Took[starttls.Greeted]; d >= greetPause {
		j.add(GreetPause, s.Label, address, "it waited %.0f s before its greeting", d.Seconds())
	}
	if ses.PQIntolerant {
		j.add(PQIntolerant, s.Label, address, "it does not answer a ClientHello that has a key share of X25519MLKEM768")
	}
	if f := flight(ses); f != nil {
		why := f.Refused(0)
		if why == "" && unreadable(s) {
			why = orElse(s.Chain.Text, chainTitles[s.Chain.Reason].title)
		}
		if why != "" {
			j.add(OpenSSLRefuses, s.Label, address, "Postfix with OpenSSL 3 breaks the handshake off: %s", why)
		}
	}
	j.requireTLS(s, address)
	j.sni(s, address)
	h := ses.Agreed()
	if h == nil {
		return
	}
	j.handshake(h, s.Label, address)
	if slices.ContainsFunc(ses.After, isSTARTTLS) {
		j.add(STARTTLSInTLS, s.Label, address, "STARTTLS is offered again inside TLS")
	}
	if s.Chain != nil {
		j.certificate(s, a, address)
	}
}

func isSTARTTLS(capability string) bool {
	word, _, _ := strings.Cut(capability, " ")
	return strings.EqualFold(word, "STARTTLS")
}

// flight is the handshake as OpenSSL would see it: the answer to Postfix's own hello, else to ours; nil without either.
func flight(ses *starttls.Session) *clienthello.Flight {
	switch {
	case ses.Raw != nil && ses.Raw.Complete:
		return ses.Raw
	case ses.TLS != nil:
		return ses.TLS.Flight()
	}
	return nil
}

// handshake finds weak parameters.
func (j *judge) handshake(h *starttls.Handshake, label, address string) {
	if h.Version < tls.VersionTLS12 {
		j.add(OldTLSVersion, label, address, "%s was negotiated", starttls.VersionName(h.Version))
	}
	cipher := starttls.CipherName(h.Suite)
	switch {
	case strings.Contains(cipher, "RC4") || strings.Contains(cipher, "DES-CBC3"):
		j.add(WeakCipher, label, address, "the broken cipher %s was negotiated", cipher)
	case h.Flight().Anonymous():
		j.add(AnonymousTLS, label, address, "%s uses no certificate", cipher)
	case h.Version < tls.VersionTLS13 && !strings.HasPrefix(cipher, "ECDHE-") && !strings.HasPrefix(cipher, "DHE-"):
		j.add(NoForwardSecrecy, label, address, "%s has no forward secrecy", cipher)
	}
}

// certificate finds what the chain and its names show.
func (j *judge) certificate(s *Server, a *Answers, address string) {
	c := s.Chain
	if c.Reason != pkix.ReasonNone {
		j.addAs(c.Reason.String(), Warning, s.Label, address, orElse(c.Text, chainTitles[c.Reason].title))
	}
	if s.NameMatch == truth.No {
		j.add(CertificateHostMismatch, s.Label, address, "%s", mismatchText(s))
	}
	for _, n := range c.Notes {
		j.addAs(n.String(), Info, s.Label, address, noteTitles[n].title)
	}
	if left := c.NotAfter.Sub(j.at); a.Established == truth.Yes && left >= 0 && left < expiresSoon {
		j.add(CertificateExpiresSoon, s.Label, address, "the certificate ends in %s, on %s",
			count(int(left.Hours()/24), "day", "days"), c.NotAfter.UTC().Format(time.DateOnly))
	}
}

// hosts finds what shows only when one host's addresses are held beside each other.
func (j *judge) hosts() {
	type seen struct {
		encrypted truth.Truth
		issuer    string
		addr      netip.Addr
	}
	first := map[string]seen{}
	told := map[string]bool{}
	for i := range j.facts.Servers {
		s, a := &j.facts.Servers[i], &j.Servers[i]
		if a.Encrypted == truth.Unknown {
			continue
		}
		now := seen{encrypted: a.Encrypted, addr: s.Addr.Addr()}
		if s.Chain != nil {
			now.issuer = s.Chain.Issuer
		}
		was, ok := first[s.Label]
		switch {
		case !ok:
			first[s.Label] = now
		case told[s.Label]:
		case was.encrypted != now.encrypted:
			told[s.Label] = true
			j.add(AnswersDiffer, s.Label, "", "mail to %s would be encrypted (%s), mail to %s not (%s)",
				pick(was.encrypted == truth.Yes, was.addr, now.addr), "STARTTLS works",
				pick(was.encrypted == truth.Yes, now.addr, was.addr), "see its reason")
		case was.issuer != now.issuer:
			told[s.Label] = true
			j.add(CertificatesDiffer, s.Label, "", "%s and %s show certificates from different issuers", was.addr, now.addr)
		}
	}
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// mismatchText names the host and the first few names that the certificate does vouch for.
func mismatchText(s *Server) string {
	names := s.Chain.Names
	switch {
	case len(names) == 0:
		return fmt.Sprintf("the certificate holds no name, so it cannot be for %s", s.Label)
	case len(names) > namesShown:
		return fmt.Sprintf("the certificate is not for %s but for %s and %d more", s.Label,
			strings.Join(names[:namesShown], ", "), len(names)-namesShown)
	default:
		return fmt.Sprintf("the certificate is not for %s but for %s", s.Label, strings.Join(names, ", "))
	}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// count is a number with the noun that agrees with it.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
