package verdict

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/starttls"
	"mxtls/scanner/tlsrpt"
	"mxtls/scanner/truth"
)

// signaturesEnd is when the signatures over TLSA records are a worry: zones are signed again days before.
const signaturesEnd = 48 * time.Hour

// policies finds what the domain and its hosts publish for senders to rely on, and what is wrong with it.
func (j *judge) policies() {
	j.dane()
	j.mtasts()
	j.tlsrpt()
}

// dane finds what speaks of TLSA records: of each server and each host once, of the domain as a whole, of records in
// wrong places.
func (j *judge) dane() {
	told := map[string]bool{}
	for i := range j.facts.Servers {
		s := &j.facts.Servers[i]
		if !s.Addr.IsValid() {
			continue
		}
		if !told[s.Label] {
			told[s.Label] = true
			j.records(s)
		}
		j.tlsa(s)
	}
	switch j.facts.DANE {
	case dane.Partial:
		j.add(DANEPartial, "", "", "some of the mail hosts have TLSA records and others have none, so that whoever keeps mail "+
			"from the former can read it")
	case dane.Half:
		j.add(DANEInsecureMX, "", "", "the mail hosts have TLSA records and the MX records are not signed, so that whoever "+
			"forges those names hosts of his own")
	}
	for _, m := range j.facts.Misplaced {
		j.add(m.At.Note.String(), m.Host.String(), "", "there are TLSA records at _%d._tcp.%s, and none at _%d._tcp.%s",
			m.At.Port, m.At.Host, dane.Port, m.Host)
	}
}

// records finds what the DNS shows of a host's records, whichever of its addresses s is.
func (j *judge) records(s *Server) {
	o := &s.DANE
	switch {
	case o.Status == dane.Failed && o.Reason == dane.DNSSECInvalid:
		j.addAs(o.Reason.String(), Error, s.Label, "", o.Text)
	case o.Status == dane.Failed:
		j.add(TLSALookupFailed, s.Label, "", "%s", o.Text)
	}
	if left := s.TLSA.Expires.Sub(j.at); s.TLSA.Found && !s.TLSA.Expires.IsZero() && left < signaturesEnd {
		j.add(SignaturesEnd, s.Label, "", "the signatures over the TLSA records at %s end on %s", s.TLSA.Base,
			s.TLSA.Expires.UTC().Format("2006-01-02 15:04 UTC"))
	}
}

// tlsa finds what a server comes to under its host's records.
func (j *judge) tlsa(s *Server) {
	o, address := &s.DANE, s.Addr.Addr().String()
	switch {
	case o.Status == dane.Mismatch:
		j.add(TLSAInvalid, s.Label, address, "%s", o.Text)
	case o.Status == dane.Unusable:
		j.add(NoUsableTLSA, s.Label, address, "%s", o.Text)
	case s.TLSA.Found && withoutTLS(s.Session):
		j.add(TLSAWithoutTLS, s.Label, address, "the host has TLSA records, and the server does not do TLS")
	}
	if why := refusedByDANE(s); why != "" {
		j.add(OpenSSLRefuses, s.Label, address,
			"Postfix with OpenSSL 3 breaks the handshake off where it goes by TLSA records: %s", why)
	}
	for _, n := range o.Notes {
		j.add(n.String(), s.Label, address, "%s", noteText(n, o))
	}
}

// noteText is a note in words, with the records that it is about.
func noteText(n dane.Note, o *dane.Outcome) string {
	text := daneTitles[n].title
	var which []string
	for i := range o.Records {
		r := &o.Records[i]
		about := n == dane.StaleRecord && r.Usability == dane.Usable && r.Fits < 0 && i != o.By ||
			n == dane.UsageForWeb && r.Usability == dane.PKIXUsage || n == dane.DigestIgnored && r.Ignored
		if about {
			which = append(which, r.String())
		}
	}
	if len(which) == 0 {
		return text
	}
	return text + ": " + strings.Join(which, ", ")
}

// refusedByDANE is why OpenSSL breaks a handshake off at the security level that Postfix has for servers with usable TLSA
// records, and not at that for others; "" where it does not.
func refusedByDANE(s *Server) string {
	if s.Named == nil || s.DANE.Status == dane.Unusable {
		return ""
	}
	f := s.Named.Raw
	if s.Named.TLS != nil {
		f = s.Named.TLS.Flight()
	}
	if f == nil || !f.Complete || f.Refused(0) != "" {
		return ""
	}
	return f.Refused(1)
}

// withoutTLS reports whether a server answers and lets no mail through TLS.
func withoutTLS(ses *starttls.Session) bool {
	return ses != nil && ses.Stage >= starttls.EHLO && progress(ses).Established == truth.No
}

// mtasts finds what speaks of the domain's MTA-STS.
func (j *judge) mtasts() {
	if j.facts.STS == nil {
		return
	}
	o := &j.facts.Policy
	switch o.Reason {
	case mtasts.ReasonNone, mtasts.NoRecord, mtasts.NotFetched:
	case mtasts.SeveralRecords, mtasts.RecordInvalid:
		j.add(STSRecordInvalid, "", "", "%s", o.Text)
	case mtasts.LookupFailed, mtasts.LookupCut, mtasts.WebPKIUnknown:
		j.add(STSUnknown, "", "", "%s", o.Text)
	case mtasts.LookupBogus:
		j.addAs(o.Reason.String(), Error, "", "", o.Text)
	default:
		j.add(o.Reason.String(), "", "", "%s", o.Text)
	}
	for _, w := range o.Warnings {
		j.add(stsCode(w.Code), "", "", "%s", w.String())
	}
	if o.Status == mtasts.Valid && o.Mode != mtasts.Enforce {
		j.add(STSNotEnforced, "", "", "the policy's mode is %s: nothing is refused by it", o.Mode)
	}
	for i := range j.facts.Servers {
		s := &j.facts.Servers[i]
		if s.Fit == nil || s.Fit.Passes != truth.No {
			continue
		}
		severity, then := Warning, "; it would get no mail if the mode were enforce"
		if o.Mode == mtasts.Enforce {
			severity, then = Error, "; senders with MTA-STS deliver nothing here"
		}
		j.addAs(STSServerFails, severity, s.Label, s.Addr.Addr().String(), s.Fit.Text+then)
	}
}

// stsCode and tlsrptCode are the findings' codes for what the lower packages warn of: some of their words are the same.
func stsCode(c mtasts.Code) string    { return "sts_" + c.String() }
func tlsrptCode(c tlsrpt.Code) string { return "tlsrpt_" + c.String() }

// tlsrpt finds what speaks of the domain's wish for reports.
func (j *judge) tlsrpt() {
	if j.facts.TLSRPT == nil {
		return
	}
	o := &j.facts.Reports
	switch {
	case o.Status == tlsrpt.Invalid:
		j.add(TLSRPTInvalid, "", "", "%s", o.Text)
	case o.Reason == tlsrpt.LookupBogus:
		j.addAs(o.Reason.String(), Error, "", "", o.Text)
	case o.Status == tlsrpt.StatusUnknown:
		j.add(TLSRPTUnknown, "", "", "%s", o.Text)
	case o.Status == tlsrpt.None && j.relied():
		j.add(NoTLSRPT, "", "", "senders have nowhere to tell that mail by the domain's policy fails")
	}
	for _, w := range o.Warnings {
		j.add(tlsrptCode(w.Code), "", "", "%s", w.Text)
	}
}

// relied reports whether the domain publishes something that mail may fail by.
func (j *judge) relied() bool {
	return j.facts.Policy.InForce() || slices.ContainsFunc(j.facts.Servers, func(s Server) bool { return s.TLSA.Found })
}

// sni finds a server that shows another certificate to who names it than to who does not, as Postfix by default.
func (j *judge) sni(s *Server, address string) {
	plain := leaf(s.Session)
	for _, ses := range []*starttls.Session{s.Named, s.STS} {
		if other := leaf(ses); plain != nil && other != nil && !bytes.Equal(plain, other) {
			j.add(CertificateDiffersBySNI, s.Label, address, "it shows another certificate to who asks for %s by SNI", ses.Ask.SNI)
			return
		}
	}
}

// leaf is the certificate that a handshake showed; nil without one.
func leaf(ses *starttls.Session) []byte {
	if ses == nil || ses.TLS == nil || len(ses.TLS.Chain) == 0 {
		return nil
	}
	return ses.TLS.Chain[0]
}

// requireTLS finds an offer of REQUIRETLS that means nothing (RFC 8689 2: only inside TLS).
func (j *judge) requireTLS(s *Server, address string) {
	if offersREQUIRETLS(s.Session.Before) && !offersREQUIRETLS(s.Session.After) {
		j.add(REQUIRETLSOutside, s.Label, address, "REQUIRETLS is offered before TLS, where it means nothing, and not inside")
	}
}

func offersREQUIRETLS(capabilities []string) bool {
	return slices.ContainsFunc(capabilities, func(c string) bool {
		word, _, _ := strings.Cut(c, " ")
		return strings.EqualFold(word, "REQUIRETLS")
	})
}

// REQUIRETLS is whether a server takes mail that must not travel without TLS (RFC 8689): it says so inside TLS.
func (s *Server) REQUIRETLS() truth.Truth {
	if s.Session == nil || s.Session.Stage < starttls.EHLO {
		return truth.Unknown
	}
	if s.Session.Stage == starttls.Done {
		return truth.Of(offersREQUIRETLS(s.Session.After))
	}
	if withoutTLS(s.Session) {
		return truth.No
	}
	return truth.Unknown
}
