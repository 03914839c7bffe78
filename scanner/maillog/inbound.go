package maillog

import (
	"bytes"

	"mxtls/scanner/truth"
)

// inbound takes in an event of a server, or of the queue that its messages go to.
func (c *Collector) inbound(l *Line, e *Event, in *instance) {
	switch e.Kind {
	case Connect:
		p := c.process(l, e, in)
		p.connected, p.tls, p.queueID = true, false, p.queueID[:0]
	case Disconnect:
		p := c.process(l, e, in)
		p.connected, p.tls = false, false
	case TLSLine:
		in.speaks(Inbound)
		c.encrypted(c.process(l, e, in), e)
	case TLSTrace:
		in.speaks(Inbound)
	case Received:
		c.received(l, e, in)
	case Sender:
		key := c.queueKey(l, e)
		if a := c.queue[string(key)]; a != nil {
			delete(c.queue, string(key))
			c.arrived(a, e.Domain, e.Null)
		}
	case Arrival:
		c.arrival(l, e, in)
	}
}

// queueKey is a message's on its host; identifiers of two instances hardly ever meet within a second.
func (c *Collector) queueKey(l *Line, e *Event) []byte {
	c.key = append(append(append(c.key[:0], l.Host...), 0), e.QueueID...)
	return c.key
}

// received notes a message that smtpd(8) is taking in. Its sender's domain stands in the line of the queue manager that
// follows; a message that is refused after all never gets there.
func (c *Collector) received(l *Line, e *Event, in *instance) {
	if string(e.QueueID) != "NOQUEUE" && c.foreign(e) { // else a proxy filter takes it, and gives it back over loopback
		p := c.process(l, e, in)
		key := string(c.queueKey(l, e))
		c.queue[key] = &arrival{connection(p, in), bytes.Clone(e.Peer.Host), l.Unix}
	}
}

// connection is how what comes over a server's connection travels.
func connection(p *process, in *instance) outcome {
	switch {
	case p.tls:
		return outcome{encrypted: truth.Yes, word: p.word, version: p.version, cipher: p.cipher}
	case p.connected:
		return outcome{open: in.epoch(Inbound)}
	}
	return outcome{} // it began before the log
}

// foreign reports whether a message comes from another server, and counts what does not.
func (c *Collector) foreign(e *Event) bool {
	switch {
	case e.Login:
		c.info.Submitted++
	case e.Peer.Local() && !c.opts.Loopback:
		c.info.Local++
	default:
		return true
	}
	return false
}

// arrival counts a message of Exim or sendmail, whose line says all about it. Sendmail's server wrote a TLS line before.
func (c *Collector) arrival(l *Line, e *Event, in *instance) {
	if e.Peer.Host == nil { // submitted by a program of this machine
		c.info.Local++
		return
	}
	if !c.foreign(e) {
		return
	}
	o := outcome{encrypted: e.Encrypted, word: e.Word, version: c.names.number(e.Version, true),
		cipher: c.names.number(e.Cipher, false)}
	if e.Encrypted == truth.Yes {
		in.speaks(Inbound)
	} else {
		o = outcome{open: in.epoch(Inbound)}
		if e.Software == Sendmail {
			p := c.process(l, e, in)
			if p.tls && p.samePeer(e.Peer) {
				o = outcome{encrypted: truth.Yes, word: p.word, version: p.version, cipher: p.cipher}
			}
		}
	}
	c.arrived(&arrival{o, e.Peer.Host, l.Unix}, e.Domain, e.Null)
}

// arrived counts a message that came in.
func (c *Collector) arrived(a *arrival, domain []byte, null bool) {
	if !c.within(a.at) {
		return
	}
	if null {
		c.info.NullSender++
	}
	dest := c.destination(Inbound, domain, a.host)
	dest.tally.at(a.at)
	dest.tally.delivered(&a.outcome)
	c.daily(Inbound, a.at).delivered(&a.outcome)
}
