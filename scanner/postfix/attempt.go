package postfix

import (
	"fmt"
	"strings"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
)

// A step is what comes of one address: delivery (Encrypted, Plaintext), Bounced, or Deferred, which here means that the
// next address is tried; Unknown ends what can be told.
type step struct {
	server  *Server
	outcome Outcome
	word    Word
	code    string
	text    string
	reason  string
	later   bool // Deferred: when the message is older, plain text goes here
	absent  bool // Deferred for want of IPv6 on this machine, which Postfix's machine may have
}

// An attempt is one address that Postfix tries (smtp_proto.c), with the session that we held with it.
type attempt struct {
	plan
	server  *Server
	session *starttls.Session
	nexthop name.Name
	next    int // the first exchange of the dialogue that is not accounted for
}

// attempt foretells what comes of one address.
func (n *plan) attempt(s *Server, nexthop name.Name) step {
	a := &attempt{plan: *n, server: s, session: s.Session, nexthop: nexthop}
	st := a.run()
	st.server = s
	return st
}

func (a *attempt) run() step {
	if a.cfg.Wrapper {
		return a.wrapped()
	}
	for _, stage := range []func() *step{a.connect, a.greeting, a.helo, a.startTLS} {
		if st := stage(); st != nil {
			return *st
		}
	}
	return a.secured()
}

func unknown(reason string) *step { return &step{outcome: Unknown, reason: reason} }

// skip goes on to the next address.
func skip(code, reason, format string, args ...any) *step {
	return &step{outcome: Deferred, code: code, reason: reason, text: fmt.Sprintf(format, args...)}
}

// connect is the TCP connection.
func (a *attempt) connect() *step {
	s := a.session
	if s == nil {
		return unknown(starttls.NotTested.String())
	}
	if s.Stage >= starttls.Connected {
		return nil
	}
	if s.Err == nil {
		return unknown(starttls.NotTested.String())
	}
	reason := s.Err.Reason.String()
	failed := func(why string) *step {
		return skip("4.4.1", reason, "connect to %s:%d: %s", a.server.peer(), a.server.Addr.Port(), why)
	}
	switch s.Err.Reason {
	case starttls.ConnectionRefused:
		return failed("Connection refused")
	case starttls.Unreachable:
		return failed("No route to host")
	case starttls.NoIPv6:
		st := failed("Network is unreachable")
		st.absent = true
		return st
	case starttls.ConnectTimeout:
		if a.waited(a.cfg.ConnectTimeout) {
			return failed("Connection timed out")
		}
		return unknown(WaitedLess)
	case starttls.GreetingClosed: // the reset came before we knew of the connection
		return a.lost("receiving the initial server greeting")
	}
	return unknown(reason)
}

// wrapped is TLS from the first octet. A server that greets in plain text, as we saw it do, does not go along with
// that.
func (a *attempt) wrapped() step {
	switch st := a.connect(); {
	case st != nil:
		return *st
	case a.session.Stage < starttls.Greeted:
		return *unknown(Wrapped)
	}
	return *skip("4.7.5", Wrapped, "Cannot start TLS: handshake failure")
}

// greeting is the server's first word.
func (a *attempt) greeting() *step {
	reply, st := a.reply("", "receiving the initial server greeting", a.cfg.HeloTimeout)
	if st != nil {
		return st
	}
	switch {
	case reply.Code/100 == 2:
		return nil
	case reply.Code/100 == 5 && a.cfg.Skip5xxGreeting:
		return a.refusal(reply, "4"+status(reply)[1:])
	}
	return a.refusal(reply, status(reply))
}

// helo is EHLO and, after any refusal but 421, HELO.
func (a *attempt) helo() *step {
	if a.cfg.NeverEHLO {
		return nil // HELO was not tried: it is taken to be accepted
	}
	reply, st := a.reply("EHLO", "performing the EHLO handshake", a.cfg.HeloTimeout)
	switch {
	case st != nil:
		return st
	case reply.Code/100 == 2:
		return nil
	case reply.Code == 421:
		return a.refusal(reply, status(reply))
	}
	reply, st = a.reply("HELO", "performing the HELO handshake", a.cfg.HeloTimeout)
	switch {
	case st != nil:
		return st
	case reply.Code/100 == 2:
		return nil
	}
	return a.refusal(reply, status(reply))
}

// startTLS is the way to plain text, or to the handshake.
func (a *attempt) startTLS() *step {
	plain := &step{outcome: Plaintext, reason: a.because("")}
	switch {
	case a.level == None:
		return &step{outcome: Plaintext}
	case !a.session.Offered || a.cfg.DiscardSTARTTLS || a.cfg.NeverEHLO:
		if a.level.required() {
			return skip("4.7.4", a.because(starttls.StartTLSNotSupported.String()),
				"TLS is required, but was not offered by host %s", a.server.peer())
		}
		return plain
	case a.cfg.engineOff() != "":
		if a.level.required() {
			return skip("4.7.5", EngineOff, "TLS is required, but our TLS engine is unavailable")
		}
		return &step{outcome: Plaintext, reason: EngineOff}
	}
	reply, st := a.reply("STARTTLS", "receiving the STARTTLS response", a.cfg.StartTLSTimeout)
	switch {
	case st != nil:
		return st
	case reply.Code/100 == 2:
		return nil
	case a.level.required():
		code := status(reply)
		st := skip(code, a.because(""), "TLS is required, but host %s refused to start TLS: %s",
			a.server.peer(), words(reply))
		if code[0] != '4' {
			st.outcome = Bounced
		}
		return st
	case reply.Code == 421: // and the server hangs up (RFC 5321 3.8)
		return a.lost("sending MAIL FROM")
	}
	return plain
}

// secured is the handshake and what comes after it.
func (a *attempt) secured() step {
	h := a.handshake(a.session)
	switch {
	case !h.known:
		return *unknown(h.reason)
	case h.silent && !a.waited(a.cfg.StartTLSTimeout):
		return *unknown(WaitedLess)
	case !h.done:
		return a.broken(*skip("4.7.5", h.reason, "Cannot start TLS: handshake failure"))
	}
	switch c := a.server.Level0; {
	case h.flight.Version != 0 && h.flight.Anonymous(): // there is none to read
	case c != nil && c.Unreadable:
		return a.broken(*skip("4.7.5", pkix.CertificateMalformed.String(), "Cannot start TLS: handshake failure"))
	case a.session.TLS == nil && c != nil && c.Reason == pkix.CertificateMalformed && c.Status == pkix.StatusUnknown:
		// Neither crypto/tls nor we can read it, so whether OpenSSL can is open; if not, it ends the handshake.
		return *unknown(pkix.CertificateMalformed.String())
	}
	b := a.believe(a.server, h, a.nexthop)
	if b.unknown {
		return *unknown(b.reason)
	}
	if b.refused {
		st := skip("4.7.5", b.reason, "Server certificate not %s", a.missing(b))
		st.word = b.word
		return *st
	}
	if st := a.afterTLS(); st != nil {
		if st.outcome != Unknown {
			st.word = b.word
		}
		return a.broken(*st)
	}
	st := step{outcome: Encrypted, word: b.word, text: a.line(b.word, h)}
	if a.session.TLS == nil {
		st.reason = NotCompleted
	}
	return st
}

// missing is what Postfix says a certificate is not: before 3.6 it told two cases apart.
func (a *attempt) missing(b belief) string {
	if !a.cfg.Postfix.AtLeast(3, 6) && b.reason != HostMismatch && b.reason != FingerprintMismatch {
		return "trusted"
	}
	return "verified"
}

// afterTLS is the EHLO inside TLS, or the HELO, as far as we came; nil = it was accepted, or never tried.
func (a *attempt) afterTLS() *step {
	s := a.session
	if s.Stage != starttls.TLS || s.Err == nil {
		return nil
	}
	const what = "performing the EHLO handshake"
	switch s.Err.Reason {
	case starttls.AfterTLSTemporary, starttls.AfterTLSRefused, starttls.ReplyMalformed:
		last := s.Dialogue[len(s.Dialogue)-1]
		if len(s.Dialogue) > 1 && last.Sent == "QUIT" {
			last = s.Dialogue[len(s.Dialogue)-2]
		}
		if last.Reply.Code == 421 || last.Reply.Code != 0 && strings.HasPrefix(last.Sent, "HELO ") {
			return a.refusal(last.Reply, status(last.Reply))
		}
		return unknown(s.Err.Reason.String())
	case starttls.AfterTLSTimeout, starttls.Tarpit:
		if !a.waited(a.cfg.HeloTimeout) {
			return unknown(WaitedLess)
		}
		st := skip("4.4.2", a.because(""), "conversation with %s timed out while %s", a.server.peer(), what)
		st.later = a.level == May
		return st
	case starttls.AfterTLSClosed, starttls.TLSAlert, starttls.TLSClosed, starttls.TLSFailed, starttls.ConnectionReset,
		starttls.ConnectionClosed, starttls.TLSNotTLS:
		st := a.lost(what)
		st.later = a.level == May
		return st
	}
	return unknown(s.Err.Reason.String())
}

// broken is a step where TLS was begun and did not hold: at level may plain text is tried on the same address, when
// the message is old enough.
func (a *attempt) broken(st step) step {
	if st.outcome != Deferred || a.level != May || st.code != "4.7.5" && !st.later {
		return st
	}
	if a.fallsBack() {
		return step{outcome: Plaintext, reason: st.reason}
	}
	st.later = true
	return st
}

// reply is what the server answered to a command, or what comes of there being no answer.
func (a *attempt) reply(command, what string, patience time.Duration) (starttls.Reply, *step) {
	s := a.session
	if a.next < len(s.Dialogue) {
		e := s.Dialogue[a.next]
		verb, _, _ := strings.Cut(e.Sent, " ")
		if verb == command && e.Reply.Code != 0 {
			a.next++
			return e.Reply, nil
		}
	}
	if s.Err == nil {
		return starttls.Reply{}, unknown(starttls.NotTested.String())
	}
	switch s.Err.Reason {
	case starttls.GreetingClosed, starttls.ConnectionClosed, starttls.ConnectionReset:
		return starttls.Reply{}, a.lost(what)
	case starttls.GreetingTimeout, starttls.EHLOTimeout, starttls.StartTLSTimeout:
		if !a.waited(patience) {
			return starttls.Reply{}, unknown(WaitedLess)
		}
		return starttls.Reply{}, skip("4.4.2", a.because(""), "conversation with %s timed out while %s",
			a.server.peer(), what)
	case starttls.NotSMTP: // Postfix waits on for a reply, until the server hangs up or its patience ends
		return starttls.Reply{}, skip("4.4.2", a.because(""), "conversation with %s timed out while %s",
			a.server.peer(), what)
	}
	return starttls.Reply{}, unknown(s.Err.Reason.String())
}

// waited reports whether we waited for the server's next move as long as Postfix does; a second is given for clocks.
func (a *attempt) waited(patience time.Duration) bool {
	waited := a.session.Duration
	for _, took := range a.session.Took {
		waited -= took
	}
	return patience > 0 && waited+time.Second >= patience
}

// lost is a connection that the server closed.
func (a *attempt) lost(while string) *step {
	return skip("4.4.2", a.because(""), "lost connection with %s while %s", a.server.peer(), while)
}

// refusal is a reply that keeps us out, soft or hard by its status.
func (a *attempt) refusal(r starttls.Reply, code string) *step {
	st := skip(code, a.because(""), "host %s refused to talk to me: %s", a.server.peer(), words(r))
	if code[0] != '4' {
		st.outcome = Bounced
	}
	return st
}

// because is why the session ended, or what else there is to say.
func (a *attempt) because(otherwise string) string {
	if a.session.Err == nil {
		return otherwise
	}
	return a.session.Err.Reason.String()
}
