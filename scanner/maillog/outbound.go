package maillog

import (
	"bytes"

	"mxtls/scanner/truth"
)

// outbound takes in an event of a client.
func (c *Collector) outbound(l *Line, e *Event, s *source) {
	switch e.Kind {
	case TLSLine:
		s.instance.speaks(Outbound)
		c.encrypted(c.process(l, e, s), e)
	case TLSTrust:
		s.instance.speaks(Outbound)
		c.process(l, e, s).trust = e.Word
	case TLSTrace:
		s.instance.speaks(Outbound)
	case TLSProblem:
		p := c.process(l, e, s)
		switch e.Reason {
		case NotOffered, Refused, HandshakeFailed, CertificateNotVerified:
		default:
			p.problem = e.Reason
		}
	case Lost: // what comes next on its behalf goes over another connection, maybe in plain text
		c.process(l, e, s).tls = false
	case QueuedToRemote:
		c.starting[string(e.QueueID)] = bytes.Clone(e.Domain)
	case OfferedTLS:
		c.aside(&c.info.Offered, l.Unix)
	case PolicyReport:
		c.aside(&c.info.PolicyReports, l.Unix)
	case Delivery:
		c.delivery(l, e, s)
	}
}

// delivery counts a recipient.
func (c *Collector) delivery(l *Line, e *Event, s *source) {
	if e.Software == Qmail {
		domain, remote := c.starting[string(e.QueueID)]
		delete(c.starting, string(e.QueueID))
		if !remote { // a local delivery, or one that began before the log
			return
		}
		e.Domain = domain
	}
	if e.Peer.Local() && !c.opts.Loopback {
		c.aside(&c.info.Local, l.Unix)
		return
	}
	if e.Status == Sent && e.relayNone && e.Software != Qmail { // a delivery to a file or program
		c.aside(&c.info.Local, l.Unix)
		return
	}
	p := c.process(l, e, s)
	o := c.outcome(p, l, e, s.instance)
	if !c.within(l.Unix) {
		return
	}
	for more := true; more; more = nextRecipient(e) {
		c.count(e, l.Unix, &o, p)
	}
	p.problem = ReasonNone
}

// nextRecipient goes on to the next of a sendmail line's recipients.
func nextRecipient(e *Event) bool {
	to, more, ok := sendmailAddress(e.More)
	if !ok {
		return false
	}
	e.Domain, e.More = domainOf(to), nil
	if len(more) > 1 && more[0] == ',' && more[1] != ' ' {
		e.More = more[1:]
	}
	return true
}

// count adds a recipient to its row, its day and its reason.
func (c *Collector) count(e *Event, unix int64, o *outcome, p *process) {
	dest := c.destination(Outbound, e.Domain, e.Peer.Host)
	dest.tally.at(unix)
	days := c.daily(Outbound, unix)
	switch e.Status {
	case Sent:
		dest.tally.delivered(o)
		days.delivered(o)
		return
	case Deferred:
		dest.tally.deferred++
		days.deferred++
	case Bounced:
		dest.tally.bounced++
		days.bounced++
	}
	reason := e.Reason
	if reason == ReasonNone {
		return
	}
	if (reason == CertificateNotVerified || reason == CertificateNotTrusted) && p.problem != ReasonNone {
		reason = p.problem
	}
	c.failed(reason, e.Status, dest.domain)
}

// namedDomains is how many domains a reason keeps.
const namedDomains = 100

func (c *Collector) failed(r Reason, s Status, domain string) {
	f := c.failures[r]
	if f == nil {
		f = &failure{domains: map[string]int64{}}
		c.failures[r] = f
	}
	if s == Bounced {
		f.bounced++
	} else {
		f.deferred++
	}
	if _, known := f.domains[domain]; known || len(f.domains) < namedDomains {
		f.domains[domain]++
	}
}

// outcome tells how a delivery travelled: as its own line says, else as the TLS line of its connection. One TLS line of
// Postfix is for one message with all its recipients: a connection that serves another has another line ("reused"), and
// one that does so without ("conn_use" alone) is in plain text.
func (c *Collector) outcome(p *process, l *Line, e *Event, in *instance) outcome {
	o := outcome{encrypted: e.Encrypted, way: c.ways.number(e.Word, e.Version, e.Cipher)}
	if e.Software == Exim && e.Encrypted == truth.Yes {
		in.speaks(Outbound)
		return o
	}
	joined := p.tls && p.samePeer(e.Peer) &&
		(len(p.queueID) == 0 || bytes.Equal(p.queueID, e.QueueID) || e.Software == Sendmail)
	if joined {
		p.queueID = append(p.queueID[:0], e.QueueID...)
	}
	switch {
	case e.Level != nil && e.Encrypted != truth.Yes:
		return outcome{encrypted: e.Encrypted}
	case joined:
		return outcome{encrypted: truth.Yes, way: p.way}
	case e.Encrypted != truth.Unknown, e.Software == Qmail:
		return o
	case e.Domain == nil && e.Peer.Host == nil: // nobody's (see parseStatus)
		return outcome{}
	}
	if e.Took >= 0 && l.Unix-e.Took <= c.begin && !in.started { // its connection may have begun before the log
		c.aside(&c.info.Cut, l.Unix)
		return outcome{}
	}
	if e.Status != Sent {
		return outcome{}
	}
	return in.open(Outbound)
}
