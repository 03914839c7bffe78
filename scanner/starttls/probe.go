package starttls

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"mxtls/scanner/clienthello"
)

// A probe is a session under way.
type probe struct {
	*Client
	ctx context.Context // of the one Probe call that this value lives in
	s   *Session

	conn    net.Conn  // TCP
	stream  io.Writer // conn, or TLS over it
	replies *replyReader

	received *recorder           // of the octets beneath TLS
	shown    *clienthello.Flight // what the server showed in plain text in the handshake; nil before it
	classic  bool                // offer no large key share

	last   time.Time // when the last stage was reached
	end    time.Time // of the session's time
	limit  time.Duration
	final  bool  // the limit in force is the session's, not the stage's
	noTurn error // why there is no further connection; see Client.Turn
	ready  bool  // the last reply was whole and the server awaits a command: it would understand QUIT
}

// run takes the steps of a session.
func (p *probe) run() *Error {
	return p.steps(p.greeting, p.ehlo, p.startTLS, p.handshake, p.ehloAgain)
}

// steps connects and takes the steps in order until one fails.
func (p *probe) steps(steps ...func() *Error) *Error {
	if err := p.connect(); err != nil {
		return err
	}
	defer p.conn.Close()
	// Closing, unlike a deadline in the past, cannot be undone by the next stage's deadline.
	defer context.AfterFunc(p.ctx, func() { p.conn.Close() })()
	defer p.quit()
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (p *probe) connect() *Error {
	deadline := p.begin(p.stageLimit())
	ctx, cancel := context.WithDeadline(p.ctx, deadline)
	defer cancel()
	conn, err := p.dial()(ctx, "tcp", p.s.Addr.String())
	if err != nil {
		if p.ctx.Err() != nil {
			return p.interrupted(err)
		}
		reason := connectReason(err, p.s.Addr.Addr())
		return p.fail(reason, connectText(reason, err, p.limit), err)
	}
	p.s.Connections++
	p.conn, p.stream, p.replies = conn, conn, newReplyReader(conn)
	p.reached(Connected)
	return nil
}

func (p *probe) greeting() *Error {
	reply, err := p.exchange(bannerWait, "")
	if err != nil {
		if len(reply.Lines) > 0 && err.Reason != Interrupted {
			if what := notSMTP(reply.Lines[0]); what != "" {
				return p.fail(NotSMTP, what+": "+reply.text(), err.Err)
			}
		}
		return err
	}
	switch {
	case reply.class() == 2:
		p.reached(Greeted)
		return nil
	case refusedByPolicy(reply):
		return p.refused(RefusedByPolicy, reply)
	case reply.Code == 421:
		return p.refused(TooManyConnections, reply)
	case reply.class() == 4:
		return p.refused(GreetingTemporary, reply)
	case reply.class() == 5:
		return p.refused(GreetingRefused, reply)
	}
	return p.refused(ReplyMalformed, reply) // 3yz is no greeting (RFC 5321 4.3.2)
}

// introduce says EHLO and, where that is refused, HELO (RFC 5321 3.2). Like Postfix (smtp_proto.c, smtp_helo) it takes
// every reply but 421 for the refusal of a server of another age. helo says that the reply is the one to HELO.
func (p *probe) introduce(forEHLO, forHELO wait) (reply Reply, helo bool, err *Error) {
	reply, err = p.exchange(forEHLO, "EHLO "+p.hello())
	if err != nil || reply.class() == 2 || reply.Code == 421 {
		return reply, false, err
	}
	reply, err = p.exchange(forHELO, "HELO "+p.hello())
	return reply, true, err
}

func (p *probe) ehlo() *Error {
	reply, helo, err := p.introduce(ehloWait, heloWait)
	p.s.HELO = helo
	switch {
	case err != nil:
		return err
	case reply.class() == 2:
		if !p.s.HELO {
			p.s.Before = reply.capabilities()
			p.s.Offered = offers(p.s.Before)
		}
		p.reached(EHLO)
		return nil
	case refusedByPolicy(reply):
		return p.refused(RefusedByPolicy, reply)
	case reply.class() == 4:
		return p.refused(EHLOTemporary, reply)
	case reply.class() == 5:
		return p.refused(EHLORefused, reply)
	}
	return p.refused(ReplyMalformed, reply)
}

func (p *probe) startTLS() *Error {
	if !p.s.Offered {
		return p.notOffered()
	}
	reply, err := p.exchange(startTLSWait, "STARTTLS")
	switch {
	case err != nil:
		return err
	case reply.Code == 421: // it closes the session, so no mail follows in plain text either
		return p.refused(TooManyConnections, reply)
	case reply.class() == 4:
		return p.refused(StartTLSTemporary, reply)
	case reply.class() == 5:
		return p.refused(StartTLSRefused, reply)
	case reply.class() != 2: // RFC 3207 4 has 220 alone; like Postfix we go on after any 2yz
		return p.refused(StartTLSBadReply, reply)
	}
	p.reached(StartTLS)
	p.ready = false
	// What is here already was sent in plain text, by whoever is on the way, and must not be taken for the server's
	// answers inside TLS (CVE-2011-0411 and its kin). It is evidence, and the end of this connection; Postfix drops it
	// and goes on. The handshake reads from the connection, not from this buffer, and empties it when it is done.
	if injected := p.replies.buffered(); len(injected) > 0 {
		p.s.Injected = bytes.Clone(injected[:min(len(injected), maxInjected)])
		if p.AsPostfix {
			return nil
		}
		return p.fail(ResponseInjection, fmt.Sprintf("plain text injected behind the 220 to STARTTLS: %d octets", len(injected)), nil)
	}
	return nil
}

// notOffered says why there is no STARTTLS in the reply to EHLO.
func (p *probe) notOffered() *Error {
	if word := overwritten(p.s.Before); word != "" {
		return p.fail(StartTLSStripped, "STARTTLS is overwritten on the way: "+clip(word)+" stands in its place", nil)
	}
	if banner := p.s.Dialogue[0].Reply; masked(banner) {
		return p.fail(StartTLSStripped, "the banner is overwritten on the way: "+banner.text(), nil)
	}
	if p.s.HELO {
		return p.fail(HELOOnly, "it knows only HELO; EHLO was answered "+p.s.Dialogue[1].Reply.text(), nil)
	}
	return p.fail(StartTLSNotSupported, "STARTTLS is not offered", nil)
}

func (p *probe) handshake() *Error {
	p.begin(p.stageLimit())
	p.received = &recorder{Conn: p.conn}
	conn := tls.Client(p.received, configFor(p.s.Ask, p.classic || p.AsPostfix))
	err := conn.Handshake()
	p.shown = p.received.flight()
	if err != nil {
		if p.ctx.Err() != nil || timedOut(err) {
			return p.broken(handshakeWait, p.received.n > 0, err)
		}
		if header, ok := errors.AsType[tls.RecordHeaderError](err); ok {
			header.Conn = nil // a Session may be kept for long
			err = header
		}
		reason, text := handshakeReason(err, p.received.n)
		return p.fail(reason, clip(text), err)
	}
	state := conn.ConnectionState()
	h := &Handshake{Version: state.Version, Suite: state.CipherSuite, Group: uint16(state.CurveID)}
	for i, cert := range state.PeerCertificates {
		der := cert.Raw
		if i == 0 {
			// Raw lies in the server's whole Certificate message. The issuers' come from crypto/tls's cache, where
			// servers share them, so without the leaf's hold on it the message goes.
			der = bytes.Clone(der)
		}
		h.Chain = append(h.Chain, der)
	}
	h.add(p.shown)
	p.s.TLS = h
	p.stream = conn
	p.replies.reset(conn)
	p.reached(TLS)
	return nil
}

// ehloAgain asks for the capabilities that count: those from before TLS are void (RFC 3207 4.2). HELO will do, since
// mail follows it as well.
func (p *probe) ehloAgain() *Error {
	reply, helo, err := p.introduce(ehloTLSWait, heloTLSWait)
	switch {
	case err != nil:
		return err
	case reply.class() == 2:
		if !helo {
			p.s.After = reply.capabilities()
		}
		p.reached(Done)
		return nil
	case reply.class() == 4:
		return p.refused(AfterTLSTemporary, reply)
	case reply.class() == 5:
		return p.refused(AfterTLSRefused, reply)
	}
	return p.refused(ReplyMalformed, reply)
}

// quit says goodbye where it would be understood. See Probe for why nobody listens to the answer.
func (p *probe) quit() {
	if !p.ready || p.ctx.Err() != nil {
		return
	}
	p.conn.SetWriteDeadline(time.Now().Add(quitTimeout))
	if _, err := io.WriteString(p.stream, "QUIT\r\n"); err == nil {
		p.note("QUIT", Reply{})
	}
}

// A wait is what is waited for, and the Reasons for its not coming.
type wait struct {
	what                   string
	timeout, closed, reset Reason
}

var (
	bannerWait    = wait{"the banner", GreetingTimeout, GreetingClosed, GreetingClosed}
	ehloWait      = wait{"the reply to EHLO", EHLOTimeout, ConnectionClosed, ConnectionReset}
	heloWait      = wait{"the reply to HELO", EHLOTimeout, ConnectionClosed, ConnectionReset}
	startTLSWait  = wait{"the reply to STARTTLS", StartTLSTimeout, ConnectionClosed, ConnectionReset}
	handshakeWait = wait{"the handshake", TLSTimeout, TLSClosed, TLSClosed}
	ehloTLSWait   = wait{"the reply to EHLO inside TLS", AfterTLSTimeout, AfterTLSClosed, AfterTLSClosed}
	heloTLSWait   = wait{"the reply to HELO inside TLS", AfterTLSTimeout, AfterTLSClosed, AfterTLSClosed}
)

// exchange sends one command, none for the banner, reads the reply and writes both down.
func (p *probe) exchange(w wait, command string) (Reply, *Error) {
	p.ready = false
	limit := p.stageLimit()
	if w == bannerWait {
		limit = p.greetLimit()
	}
	p.begin(limit)
	if command != "" {
		// A server that hung up may have said why before, so its words are read even where ours did not get through.
		io.WriteString(p.stream, command+"\r\n")
	}
	reply, err := p.replies.read()
	p.note(command, reply)
	if err != nil {
		return reply, p.broken(w, len(reply.Lines) > 0, err)
	}
	p.ready = reply.Code != 421 // the server closes after that one (RFC 5321 3.8)
	return reply, nil
}

func (p *probe) note(sent string, reply Reply) {
	_, encrypted := p.stream.(*tls.Conn)
	e := Exchange{Sent: sent, Reply: reply, Encrypted: encrypted, At: time.Since(p.s.Started)}
	p.s.Dialogue = append(p.s.Dialogue, e)
}

// begin starts the clock of a stage: its limit or what is left of the session's, which no progress extends.
func (p *probe) begin(limit time.Duration) (deadline time.Time) {
	deadline, p.limit, p.final = time.Now().Add(limit), limit, false
	if p.end.Before(deadline) {
		deadline, p.limit, p.final = p.end, p.end.Sub(p.s.Started), true
	}
	if p.conn != nil {
		p.conn.SetDeadline(deadline)
	}
	return deadline
}

func (p *probe) reached(stage Stage) {
	now := time.Now()
	p.s.Stage = stage
	p.s.Took[stage] = max(now.Sub(p.last), 1) // 0 would say that it was not reached
	p.last = now
}

// broken is a wait that ended without what was waited for; some says that a part of it came.
func (p *probe) broken(w wait, some bool, err error) *Error {
	if bad, ok := errors.AsType[*badReply](err); ok {
		return p.fail(bad.reason, bad.text, err)
	}
	switch {
	case p.ctx.Err() != nil:
		return p.interrupted(err)
	case timedOut(err) && p.final:
		return p.fail(HostTimeout, fmt.Sprintf("the session's %v ran out before %s", p.limit, w.what), err)
	case timedOut(err) && some:
		return p.fail(Tarpit, fmt.Sprintf("only a part of %s within %v", w.what, p.limit), err)
	case timedOut(err):
		return p.fail(w.timeout, fmt.Sprintf("nothing of %s within %v", w.what, p.limit), err)
	case closed(err):
		return p.fail(w.closed, "the server closed the connection before "+w.what, err)
	case reset(err):
		return p.fail(w.reset, "the server reset the connection before "+w.what, err)
	case p.s.Stage >= TLS:
		reason, text := handshakeReason(err, p.received.n) // an alert, or a record that cannot be read
		return p.fail(reason, clip(text), err)
	}
	return p.fail(w.closed, fmt.Sprintf("the connection broke before %s: %v", w.what, err), err)
}

func (p *probe) fail(reason Reason, text string, err error) *Error {
	return &Error{Stage: p.s.Stage, Reason: reason, Text: text, Err: err}
}

// refused is an end that the server gave in words.
func (p *probe) refused(reason Reason, reply Reply) *Error { return p.fail(reason, reply.text(), nil) }

func (p *probe) interrupted(err error) *Error {
	return p.fail(Interrupted, "the run was stopped: "+p.stopped().Error(), err)
}
