package verdict

import (
	"crypto/tls"
	"fmt"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
)

// answer turns what one server showed into the facts that are kept apart. A server that was not reached, or that put
// us off until later, leaves every question open.
func answer(s *Server) Answers {
	if s.Session == nil {
		return noAddress(s)
	}
	a := progress(s.Session)
	if s.Session.TLS == nil && s.Session.Raw != nil && s.Session.Err != nil {
		a.asPostfix(s)
	}
	if err := s.Session.Err; err != nil {
		a.Reason, a.Detail = err.Reason.String(), err.Text
		if a.Negotiated {
			a.Reason, a.Detail = NegotiatedNotCompleted, negotiatedText(s)
		}
		if a.Encrypted == truth.No && a.Established != truth.Yes {
			a.Authenticated = truth.No
		}
	}
	if a.Established == truth.Yes {
		authenticate(&a, s)
	}
	return a
}

// negotiatedText says what Postfix would get that we could not finish.
func negotiatedText(s *Server) string {
	h := s.Session.Negotiated()
	text := fmt.Sprintf("negotiated, not completed by us: %s with %s", starttls.VersionName(h.Version),
		starttls.CipherName(h.Suite))
	if group := starttls.GroupName(h.Group); group != "" {
		text += ", " + group
	}
	switch {
	case h.Version < tls.VersionTLS13:
	case len(h.Chain) == 0:
		text += "; TLS 1.3 hides the certificate"
	default:
		text += "; the certificate is the one shown with TLS 1.2"
	}
	if s.Session.Err.Reason == starttls.TLSCertificate {
		text += "; Postfix completes it, strict senders cannot read the certificate"
	}
	return text
}

// noAddress answers for a mail host that the DNS gives no address for. A host that does not exist takes no mail at
// all, so nothing can be said of its TLS; neither can it of one whose lookup failed.
func noAddress(s *Server) Answers {
	return Answers{Reason: s.NoAddress.String(), Detail: noAddressText(s.NoAddress)}
}

func noAddressText(r mx.Reason) string {
	switch r {
	case mx.HostNotFound:
		return "this mail host does not exist"
	case mx.HostNoAddress:
		return "this mail host has no address"
	case mx.HostMalformed:
		return "this MX record names no host"
	default:
		return "the address of this mail host could not be looked up"
	}
}

// progress reads the answers off the stage that a session reached. A session that ended early answers the questions
// before its end; those after it are No only where the server itself decided them.
func progress(s *starttls.Session) Answers {
	var a Answers
	if s.Stage >= starttls.EHLO {
		a.Offered = truth.Of(s.Offered)
		if !s.Offered {
			a.Accepted, a.Established, a.Encrypted = truth.No, truth.No, truth.No
			return a
		}
	}
	if s.Stage >= starttls.StartTLS {
		a.Accepted = truth.Yes
	}
	if s.Stage >= starttls.TLS {
		a.Established = truth.Yes
	}
	if s.Stage == starttls.Done {
		a.Encrypted = truth.Yes
	}
	if s.Err == nil {
		return a
	}
	switch s.Err.Reason {
	case starttls.StartTLSTemporary, starttls.StartTLSRefused, starttls.StartTLSBadReply:
		// Postfix at level may goes on in plain text in the same session (smtp_proto.c), so mail sent now is not encrypted.
		a.Accepted, a.Established, a.Encrypted = truth.No, truth.No, truth.No
	case starttls.TLSNotTLS, starttls.TLSAlert, starttls.TLSVersion:
		// The server broke the handshake for every client. The other handshake failures may be crypto/tls's own limits
		// (suites and certificates that OpenSSL knows and Go does not), so they leave the question open. What comes once
		// the handshake is done (TLS 1.3 refuses a client without a certificate only then) does not undo it.
		if a.Encrypted = truth.No; s.Stage < starttls.TLS {
			a.Established = truth.No
		}
	case starttls.AfterTLSClosed:
		a.Encrypted = truth.No // it takes handshakes, never mail
	}
	return a
}

// asPostfix answers for a server whose handshake crypto/tls could not finish, from its answer to Postfix's own hello.
// What the two would have agreed on stands for the handshake, since it is Postfix that delivers. A server that Postfix
// cannot agree with either, and that said so, has no TLS for it; one that hung up or fell silent proves nothing.
func (a *Answers) asPostfix(s *Server) {
	raw := s.Session.Raw
	switch {
	case s.Session.Negotiated() != nil && !unreadable(s):
		a.Established, a.Encrypted, a.Negotiated = truth.Yes, truth.Yes, true
	case raw.Complete, raw.Err.Kind == clienthello.Alert, raw.Err.Kind == clienthello.Unoffered,
		raw.Err.Kind == clienthello.NotTLS, raw.Err.Kind == clienthello.Malformed, raw.Err.Kind == clienthello.TooLong:
		a.Established, a.Encrypted = truth.No, truth.No
	}
}

// unreadable reports whether OpenSSL is known to refuse the certificates that were sent, and with them the handshake.
func unreadable(s *Server) bool { return s.Chain != nil && s.Chain.Unreadable }

// authenticate answers whether the server proved to be the MX host, and gives the reason if it did not.
func authenticate(a *Answers, s *Server) {
	if s.Chain == nil || s.Chain.Status == pkix.StatusUnknown {
		return
	}
	a.Authenticated = truth.No
	if s.Chain.Status != pkix.Trusted {
		if a.Reason == "" {
			a.Reason, a.Detail = s.Chain.Reason.String(), s.Chain.Text
		}
		return
	}
	a.Authenticated = s.NameMatch
	if a.Negotiated && s.NameMatch == truth.Yes {
		a.Authenticated = truth.Unknown // the chain is good, but whether the server holds its key was not seen
	}
	if s.NameMatch == truth.No && a.Reason == "" {
		a.Reason, a.Detail = CertificateHostMismatch, mismatchText(s)
	}
}
