package postfix

import (
	"crypto/tls"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/starttls"
)

// A shake is the TLS handshake that Postfix would make with a server.
type shake struct {
	done   bool // it comes about; flight says what it agrees on
	silent bool // the server fell silent
	flight *clienthello.Flight
	reason string // why it does not come about, or why that cannot be told
	known  bool   // it is known whether it comes about
}

// handshake foretells the handshake from the session: from the answers to hellos of Postfix's own, where they were
// asked for, else from ours.
func (n *plan) handshake(s *starttls.Session) shake {
	if reason := n.futile(); reason != "" {
		return shake{known: true, reason: reason}
	}
	f := s.Raw
	if !n.anonymous() && s.Match != nil {
		f = s.Match
	}
	if s.TLS != nil && (f == nil || unclear(f) || f.Complete && f.Anonymous() && !n.anonymous()) {
		f = s.TLS.Flight()
	}
	if f == nil {
		return unseen(s)
	}
	if !f.Complete {
		return shake{known: true, reason: flightReason(s, f), silent: f.Err != nil && f.Err.Kind == clienthello.TimedOut}
	}
	return n.judge(f)
}

// unclear reports whether a flight broke off in a way that may be the network's doing or that of a server which
// counts connections, and so says less than a handshake of ours that was finished.
func unclear(f *clienthello.Flight) bool {
	if f.Complete || f.Err == nil {
		return false
	}
	switch f.Err.Kind {
	case clienthello.Closed, clienthello.TimedOut, clienthello.Broken:
		return true
	}
	return false
}

// unseen is what to say where no answer to Postfix's hello was seen. Where none was asked for, there was no doubt about
// what it would be; a second connection that brought none leaves the doubt.
func unseen(s *starttls.Session) shake {
	h := shake{known: true, reason: errorReason(s)}
	if s.Err == nil {
		return shake{reason: HandshakeNotSeen}
	}
	switch s.Err.Reason {
	case starttls.TLSNotTLS, starttls.TLSAlert, starttls.TLSVersion, starttls.TLSNoCipher, starttls.TLSClosed,
		starttls.TLSFailed:
		h.known = s.Connections < 2
	case starttls.TLSTimeout:
		h.silent = true
	default:
		h.known = false
	}
	return h
}

// flightReason is why a flight ended early. Where it is the answer to our own trouble, the session's word tells more.
func flightReason(s *starttls.Session, f *clienthello.Flight) string {
	if f == s.Raw && s.Err != nil && s.TLS == nil {
		return s.Err.Reason.String()
	}
	reason := starttls.TLSFailed
	if f.Err != nil {
		switch f.Err.Kind {
		case clienthello.Alert:
			reason = starttls.TLSAlert
		case clienthello.NotTLS:
			reason = starttls.TLSNotTLS
		case clienthello.Closed:
			reason = starttls.TLSClosed
		case clienthello.TimedOut:
			reason = starttls.TLSTimeout
		}
	}
	return reason.String()
}

// errorReason is why the session ended.
func errorReason(s *starttls.Session) string {
	if s.Err == nil {
		return HandshakeNotSeen
	}
	return s.Err.Reason.String()
}

// judge says whether Postfix finishes the handshake that a flight begins.
func (n *plan) judge(f *clienthello.Flight) shake {
	h := shake{flight: f, known: true}
	switch {
	case !n.protocols.Allows(f.Version):
		// The server took its best: below what is allowed it has nothing, above it may have more.
		h.reason, h.known = ProtocolNotAllowed, !n.protocols.above(f.Version)
		return h
	case f.Version < tls.VersionTLS13 && f.Anonymous() && !n.anonymous():
		return shake{reason: HandshakeNotSeen} // offered other suites, it may take one
	case f.Version < tls.VersionTLS13 && n.forbids(clienthello.CipherName(f.Suite)):
		return shake{reason: CipherNotAllowed} // likewise
	case n.level.matches() && n.cfg.OpenSSL.AtLeast(3, 2) && f.ShortTag():
		return shake{reason: HandshakeNotSeen} // likewise
	}
	if n.refuses(f) {
		h.reason = TLSRefused
		return h
	}
	h.done = true
	return h
}

// forbids reports whether a suite is not offered.
func (n *plan) forbids(suite string) bool {
	return !graded(suite, n.grade) || excluded(suite, n.exclude)
}

// refuses reports whether OpenSSL breaks the handshake off: at security level 1 where a match is required, which
// forbids more since OpenSSL 3.0; that also wants RFC 5746 of every server, unless told otherwise.
func (n *plan) refuses(f *clienthello.Flight) bool {
	seen := *f
	modern := n.cfg.OpenSSL.AtLeast(3, 0)
	seen.Renegotiation = f.Renegotiation || n.cfg.LegacyConnect || !modern
	level := 0
	if n.level.matches() && modern && !n.late {
		level = 1
	}
	if level > 0 && n.cfg.OpenSSL.AtLeast(3, 1) && f.Version < tls.VersionTLS12 {
		return true // not even with RSA key exchange (ssl_cert.c ssl_security_default_callback)
	}
	return seen.Refused(level) != ""
}
