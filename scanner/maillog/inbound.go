package maillog

import "mxtls/scanner/truth"

// inbound takes in an event of a server, or of the queue that its messages go to.
func (c *Collector) inbound(l *Line, e *Event, s *source) {
	switch e.Kind {
	case Connect:
		p := c.process(l, e, s)
		p.connected, p.tls, p.queueID = true, false, p.queueID[:0]
	case Disconnect:
		p := c.process(l, e, s)
		p.connected, p.tls = false, false
	case TLSLine:
		s.instance.speaks(Inbound)
		c.encrypted(c.process(l, e, s), e)
	case TLSTrace:
		s.instance.speaks(Inbound)
	case Received:
		c.received(l, e, s)
	case Sender:
		key := messageOf(s, e)
		if a := c.queue[key]; a != nil {
			delete(c.queue, key)
			c.arrived(a, e.Domain, e.Null)
			c.spare = append(c.spare, a)
		}
	case Arrival:
		c.arrival(l, e, s)
	}
}

func messageOf(s *source, e *Event) message {
	m := message{host: s.instance.host}
	copy(m.id[:], e.QueueID)
	return m
}

// received notes a message that smtpd(8) is taking in. Its sender's domain stands in the line of the queue manager that
// follows; a message that is refused after all never gets there.
func (c *Collector) received(l *Line, e *Event, s *source) {
	if string(e.QueueID) != "NOQUEUE" && c.foreign(l, e) { // else a proxy filter takes it, and gives it back over loopback
		var a *arrival
		if n := len(c.spare); n > 0 {
			a, c.spare = c.spare[n-1], c.spare[:n-1]
		} else {
			a = &arrival{}
		}
		*a = arrival{connection(c.process(l, e, s), s.instance), append(a.host[:0], e.Peer.Host...), l.Unix}
		c.queue[messageOf(s, e)] = a
	}
}

// connection is how what comes over a server's connection travels.
func connection(p *process, in *instance) outcome {
	switch {
	case p.tls:
		return outcome{encrypted: truth.Yes, way: p.way}
	case p.connected:
		return in.open(Inbound)
	}
	return outcome{} // it began before the log
}

// foreign reports whether a message comes from another server, and counts what does not.
func (c *Collector) foreign(l *Line, e *Event) bool {
	switch {
	case e.Login:
		c.aside(&c.info.Submitted, l.Unix)
	case e.Peer.Local() && !c.opts.Loopback:
		c.aside(&c.info.Local, l.Unix)
	default:
		return true
	}
	return false
}

// arrival counts a message of Exim or sendmail, whose line says all about it. Sendmail's server wrote a TLS line before.
func (c *Collector) arrival(l *Line, e *Event, s *source) {
	if e.Peer.Host == nil { // submitted by a program of this machine
		c.aside(&c.info.Local, l.Unix)
		return
	}
	if !c.foreign(l, e) {
		return
	}
	o := outcome{encrypted: e.Encrypted, way: c.ways.number(e.Word, e.Version, e.Cipher)}
	if e.Software == Sendmail {
		if p := c.process(l, e, s); p.tls && p.samePeer(e.Peer) {
			o = outcome{encrypted: truth.Yes, way: p.way}
		}
	}
	switch {
	case e.Encrypted == truth.Yes:
		s.instance.speaks(Inbound)
	case o.encrypted == truth.Unknown:
		o = s.instance.open(Inbound)
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
