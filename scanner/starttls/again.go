package starttls

import (
	"context"
	"crypto/tls"
	"slices"
	"strings"
	"time"

	"mxtls/scanner/clienthello"
)

// again asks the address again where crypto/tls's handshake leaves open what Postfix would get. All of a session's
// connections share its time, and each is as polite as the first: banner, EHLO, STARTTLS.
func (p *probe) again() {
	choked := !p.AsPostfix && p.choked()
	if choked && p.classically() {
		return
	}
	undecided := p.undecided()
	switch {
	case undecided:
		p.s.Raw = p.negotiated()
	case p.AsPostfix && p.s.TLS != nil && p.s.TLS.Version < tls.VersionTLS13:
		p.s.Raw = p.ask(p.words(clienthello.May))
	}
	match := p.words(clienthello.Match)
	if raw := p.s.Raw; p.AsPostfix && raw != nil && raw.Complete && (!match.Offers(raw.Suite) || raw.WeaklySigned()) {
		p.s.Match = p.ask(match)
	}
	if (choked || undecided) && p.s.Raw == nil && p.stopped() != nil {
		p.s.Err = p.interrupted(p.s.Err) // what crypto/tls could not do is not all that there was to know
	}
}

// await waits until one more connection may be made, and reports whether it may.
func (p *probe) await() bool {
	if p.Turn == nil || p.stopped() != nil {
		return p.stopped() == nil
	}
	began := time.Now()
	p.noTurn = p.Turn(p.ctx)
	p.end = p.end.Add(time.Since(began))
	return p.stopped() == nil
}

// stopped is why no more is to be asked, nil while there may be.
func (p *probe) stopped() error {
	if err := context.Cause(p.ctx); err != nil {
		return err
	}
	return p.noTurn
}

// choked reports whether the server gave no answer at all to the ClientHello: a large one may be more than it can
// take, in two segments or in general.
func (p *probe) choked() bool {
	e := p.s.Err
	return e != nil && (e.Reason == TLSTimeout || e.Reason == TLSClosed) && p.received.n == 0
}

// classically holds the session once more with a small hello, and reports whether that settled what there is to know:
// a handshake that works, which is then the session, or silence once more.
func (p *probe) classically() bool {
	if !p.await() {
		return false
	}
	second := p.another()
	second.classic = true
	err := second.run()
	p.s.Connections += second.s.Connections
	if second.s.Stage < TLS {
		return p.s.Err.Reason == TLSTimeout && p.stopped() == nil
	}
	second.s.Err, second.s.Connections, second.s.PQIntolerant = err, p.s.Connections, true
	*p.s = *second.s
	return true
}

// another is a probe of the same address with a record of its own and what is left of the session's time.
func (p *probe) another() *probe {
	s := &Session{Addr: p.s.Addr, Ask: p.s.Ask, Started: p.s.Started}
	return &probe{Client: p.Client, ctx: p.ctx, s: s, last: time.Now(), end: p.end}
}

// goLimits are crypto/tls's words for what it does not go along with and OpenSSL may.
var goLimits = []string{
	"server's certificate contains an unsupported type of public key", // Ed448, DSA
	"server sent certificate containing RSA key larger than",          // GODEBUG tlsmaxrsasize
	"keys are insecure",                                 // RSA below 1,024 bits: GODEBUG rsa1024min
	"public exponent too large",                         // RSA
	"certificate used with invalid signature algorithm", // SHA-1 and SHA-224 unasked: GODEBUG tlssha1
	"server echoed TLS 1.3 compatibility session ID",    // RFC 8446 D.4, OpenSSL does not look
	"handshake message of length",                       // a chain that OpenSSL refuses too: worth knowing
}

// undecided reports whether the handshake ended at a limit of crypto/tls, so that OpenSSL might have finished it:
// before the ServerHello by any word of the server's, behind it by one of ours.
func (p *probe) undecided() bool {
	e := p.s.Err
	if e == nil || p.s.Stage != StartTLS || p.shown == nil {
		return false
	}
	switch e.Reason {
	case TLSCertificate:
		return true
	case TLSNoCipher, TLSVersion, TLSAlert, TLSClosed:
		_, remote := remoteAlert(e.Err)
		return p.shown.Version == 0 || !remote && e.Reason != TLSClosed
	case TLSFailed:
		return slices.ContainsFunc(goLimits, func(limit string) bool { return strings.Contains(e.Err.Error(), limit) })
	}
	return false
}

// negotiated is what the server would agree on with Postfix. TLS 1.3 hides the chain, so that is asked for by a hello
// for TLS 1.2; where crypto/tls came as far as TLS 1.3 and it need not be exact, that hello alone. Where the server does
// not come to it a second time, what it showed to crypto/tls stands, if that is whole.
func (p *probe) negotiated() *clienthello.Flight {
	hello := p.words(clienthello.May)
	raw := p.shown
	if raw.Version != tls.VersionTLS13 || p.AsPostfix {
		raw = p.ask(hello)
	}
	if raw == nil && p.shown.Complete && hello.Offers(p.shown.Suite) && p.stopped() == nil {
		raw = p.shown
	}
	if raw == nil || raw.Version != tls.VersionTLS13 {
		return raw
	}
	hello.MaxVersion = tls.VersionTLS12
	if old := p.ask(hello); old != nil && old.Version != 0 && !old.Anonymous() {
		raw.Chain, raw.CertificateOctets = old.Chain, old.CertificateOctets
	}
	return raw
}

// words are Postfix's hello.
func (p *probe) words(profile clienthello.Profile) clienthello.Hello {
	return clienthello.Hello{Release: p.Release, Profile: profile, ServerName: p.s.Ask.SNI}
}

// ask sends a hello and nothing more behind STARTTLS; nil when it did not come to that.
func (p *probe) ask(hello clienthello.Hello) (f *clienthello.Flight) {
	if !p.await() {
		return nil
	}
	second := p.another()
	err := second.steps(second.greeting, second.ehlo, second.startTLS, func() *Error {
		second.begin(second.stageLimit())
		f = clienthello.Exchange(second.conn, hello)
		return nil
	})
	p.s.Connections += second.s.Connections
	if err != nil || p.stopped() != nil {
		return nil
	}
	return f
}
