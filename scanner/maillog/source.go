package maillog

import (
	"bytes"
	"hash/maphash"

	"mxtls/scanner/postfix"
)

// source is who writes a line.
type source struct {
	host, program, pid []byte
	instance           *instance
	process            *process // nil until it is asked for
}

// instance is one mail server on one host: all daemons with the same first part of the syslog_name.
type instance struct {
	host    uint64 // a hash of its name
	started bool   // its start stands in the log
	epochs  [Inbound + 1]*epoch
	spoke   [Inbound + 1]bool
	postfix bool
	asked   [Inbound + 1]bool // it has mail of which only a line on TLS could have told
}

// process is a daemon's, and what is known of its connection.
type process struct {
	connected bool // its connection's begin stands in the log
	tls       bool
	way       uint16
	host      []byte // of the TLS connection's other end
	addr      []byte
	queueID   []byte       // of the message that the TLS connection carried; nil before the first
	trust     postfix.Word // of a line of its own, before Postfix 2.5
	problem   Reason       // of the certificate last looked at
	seen      int64
}

// source finds who wrote a line: most often one of those that wrote the latest ones.
func (c *Collector) source(l *Line) *source {
	slot := uint32(len(l.Program))
	for _, digit := range l.PID[max(0, len(l.PID)-4):] {
		slot = slot*10 + uint32(digit)
	}
	s := &c.recent[slot*2654435769>>(32-recentBits)] // Knuth's multiplicative hash, 6.4
	if s.instance == nil ||
		!bytes.Equal(s.pid, l.PID) || !bytes.Equal(s.program, l.Program) || !bytes.Equal(s.host, l.Host) {
		s.instance, s.process = c.instance(l), nil
		s.host, s.program = append(s.host[:0], l.Host...), append(s.program[:0], l.Program...)
		s.pid = append(s.pid[:0], l.PID...)
	}
	return s
}

// instance finds the mail server that wrote a line.
func (c *Collector) instance(l *Line) *instance {
	prefix := l.Program
	if i := bytes.IndexByte(prefix, '/'); i >= 0 {
		prefix = prefix[:i]
	}
	c.key = append(append(append(c.key[:0], l.Host...), 0), prefix...)
	in := c.instances[string(c.key)]
	if in == nil {
		if len(c.instances) >= maxHosts {
			clear(c.instances)
			clear(c.recent[:])
		}
		in = &instance{host: maphash.Bytes(c.seed, l.Host), postfix: len(prefix) < len(l.Program)}
		c.instances[string(c.key)] = in
	}
	return in
}

// epoch is what an instance's log level for a direction holds in.
func (in *instance) epoch(d Direction) *epoch {
	if in.epochs[d] == nil {
		in.epochs[d] = &epoch{}
	}
	return in.epochs[d]
}

// open is how mail travelled over a connection without a line on TLS.
func (in *instance) open(d Direction) outcome {
	in.asked[d] = true
	return outcome{open: in.epoch(d)}
}

// speaks notes a line on TLS.
func (in *instance) speaks(d Direction) {
	in.epoch(d).speaks = true
	in.spoke[d] = true
}

// process finds a daemon's process, or begins one. One of sendmail takes messages and passes them on, and keeps the
// connections with several hosts, each of which has one line on TLS: it is one process for each of them here.
func (c *Collector) process(l *Line, e *Event, s *source) *process {
	if s.process != nil && e.Software != Sendmail {
		s.process.seen = l.Unix
		return s.process
	}
	c.key = append(append(append(append(append(c.key[:0], l.Host...), 0), l.Program...), 0), l.PID...)
	if e.Software == Sendmail {
		c.key = append(append(c.key, 0, byte(e.Direction)), e.Peer.Host...)
	}
	p := c.processes[string(c.key)]
	if p == nil {
		p = &process{}
		c.processes[string(c.key)] = p
	}
	p.seen, s.process = l.Unix, p
	return p
}

// sweep forgets what has not been heard of for long, and all of it where that is not enough.
func (c *Collector) sweep() {
	for i := range c.recent {
		c.recent[i].process = nil
	}
	for {
		limit := c.now - liveSeconds
		for key, p := range c.processes {
			if p.seen < limit {
				delete(c.processes, key)
			}
		}
		for key, a := range c.queue {
			if a.at < limit {
				delete(c.queue, key)
			}
		}
		if len(c.starting) > maxLive {
			clear(c.starting)
		}
		live := len(c.processes) + len(c.queue) + len(c.starting)
		if live <= 8*maxLive {
			c.sweepAt = max(maxLive, 2*live)
			return
		}
		clear(c.processes)
		clear(c.queue)
	}
}

// encrypted notes the connection that a TLS line tells of.
func (c *Collector) encrypted(p *process, e *Event) {
	word := e.Word
	if word == postfix.WordNone {
		word = p.trust
	}
	p.tls, p.way = true, c.ways.number(word, e.Version, e.Cipher)
	p.host, p.addr, p.queueID = append(p.host[:0], e.Peer.Host...), append(p.addr[:0], e.Peer.Addr...), p.queueID[:0]
	p.trust = postfix.WordNone
}

// samePeer reports whether a TLS line was for that peer; one of Postfix before 2.5 names the host alone. Postfix writes
// the host in lower case in TLS lines, and as the MX record has it in deliveries.
func (p *process) samePeer(peer Peer) bool {
	return (bytes.Equal(p.host, peer.Host) || bytes.EqualFold(p.host, peer.Host)) &&
		(len(p.addr) == 0 || len(peer.Addr) == 0 || bytes.Equal(p.addr, peer.Addr))
}
