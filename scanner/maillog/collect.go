package maillog

import (
	"bytes"
	"strings"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/postfix"
	"mxtls/scanner/truth"
)

// Options say what to count. The zero value counts all that leaves or enters the machine.
type Options struct {
	Since    time.Time // only what happened then or later; zero = from the begin
	Until    time.Time // only what happened before; zero = to the end
	Loopback bool      // also what goes to or comes from this machine itself
	Zone     *time.Location
}

// Collector counts the events of one log or of several that follow one another. It is for one goroutine. Its memory
// grows with the destinations and with the connections that are open, not with the lines.
type Collector struct {
	opts         Options
	since, until int64

	names        *names
	destinations map[string]*destination // by direction, domain and provider
	known        map[string]*destination // by direction, domain and host as written: a short cut, emptied when it is full
	vias         map[string]string       // registrable domain of a host; likewise
	days         map[dayKey]*tally
	failures     map[Reason]*failure

	processes map[string]*process
	instances map[string]*instance
	queue     map[string]*arrival // messages that came in and whose sender has not been told
	starting  map[string][]byte   // qmail: domains of the deliveries under way
	now       int64               // the latest line's time
	begin     int64               // the first line's
	sweepAt   int

	key, lower []byte // scratch
	event      Event
	info       Info
}

// Bounds on what is kept of things under way: above them what has not been heard of for an hour goes.
const (
	maxKnown    = 1 << 17
	maxLive     = 1 << 15
	liveSeconds = 3600
	maxHosts    = 1 << 16
)

type dayKey struct {
	day       int64 // since 1970, in the zone of Options
	direction Direction
}

// destination is one row in the making.
type destination struct {
	direction   Direction
	domain, via string
	tally       tally
}

// failure counts one reason.
type failure struct {
	deferred, bounced int64
	domains           map[string]int64
}

// instance is one mail server on one host: all daemons with the same first part of the syslog_name.
type instance struct {
	started bool // its start stands in the log
	epochs  [Inbound + 1]*epoch
	spoke   [Inbound + 1]bool
}

// process is a daemon's, and what is known of its connection.
type process struct {
	instance  *instance
	connected bool // its connection's begin stands in the log
	tls       bool
	peer      []byte
	queueID   []byte // of the message that the TLS connection carried; nil before the first
	word      postfix.Word
	trust     postfix.Word // of a line of its own, before Postfix 2.5
	version   uint16
	cipher    uint16
	problem   Reason // of the certificate last looked at
	seen      int64
}

// arrival is a message that came in.
type arrival struct {
	outcome outcome
	host    []byte
	at      int64
}

// outcome is how a message travelled. Open is set where that depends on whether the log speaks of TLS at all.
type outcome struct {
	encrypted       truth.Truth
	word            postfix.Word
	version, cipher uint16
	open            *epoch
}

// NewCollector is a Collector that has counted nothing.
func NewCollector(o Options) *Collector {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	c := &Collector{opts: o, since: -1 << 62, until: 1 << 62, names: newNames(),
		destinations: map[string]*destination{}, known: map[string]*destination{}, vias: map[string]string{},
		days: map[dayKey]*tally{}, failures: map[Reason]*failure{}, processes: map[string]*process{},
		instances: map[string]*instance{}, queue: map[string]*arrival{}, starting: map[string][]byte{}, sweepAt: maxLive}
	if !o.Since.IsZero() {
		c.since = o.Since.Unix()
	}
	if !o.Until.IsZero() {
		c.until = o.Until.Unix()
	}
	return c
}

// Add counts a line. Lines of one process have to come in their order.
func (c *Collector) Add(l *Line) {
	c.info.Lines++
	if c.begin == 0 || l.Unix < c.begin {
		c.begin = l.Unix
	}
	c.now = max(c.now, l.Unix)
	e := &c.event
	if !Parse(l, e) {
		return
	}
	c.info.Events++
	c.info.Software[e.Software]++
	in := c.instance(l)
	if e.Kind == Started {
		in.epochs, in.started = [Inbound + 1]*epoch{}, true
		return
	}
	if len(c.processes)+len(c.queue)+len(c.starting) > c.sweepAt {
		c.sweep()
	}
	if e.Direction == Inbound || e.Kind == Sender {
		c.inbound(l, e, in)
	} else {
		c.outbound(l, e, in)
	}
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
		}
		in = &instance{}
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

// speaks notes a line on TLS.
func (in *instance) speaks(d Direction) {
	in.epoch(d).speaks = true
	in.spoke[d] = true
}

// process finds a daemon's process, or begins one. One process of sendmail may take messages and pass them on.
func (c *Collector) process(l *Line, e *Event, in *instance) *process {
	c.key = append(append(append(append(append(c.key[:0], l.Host...), 0), l.Program...), 0), l.PID...)
	if e.Software == Sendmail {
		c.key = append(c.key, 0, byte(e.Direction))
	}
	p := c.processes[string(c.key)]
	if p == nil {
		p = &process{instance: in}
		c.processes[string(c.key)] = p
	}
	p.seen = l.Unix
	return p
}

// sweep forgets what has not been heard of for long, and all of it where that is not enough.
func (c *Collector) sweep() {
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
	p.tls, p.word = true, e.Word
	if p.word == postfix.WordNone {
		p.word = p.trust
	}
	p.peer, p.queueID = appendPeer(p.peer[:0], e.Peer), p.queueID[:0]
	p.version, p.cipher = c.names.number(e.Version, true), c.names.number(e.Cipher, false)
	p.trust = postfix.WordNone
}

func appendPeer(dst []byte, p Peer) []byte {
	return append(append(append(dst, p.Host...), 0), p.Addr...)
}

// samePeer reports whether a TLS line was for that peer; one of Postfix before 2.5 names the host alone. Postfix writes
// the host in lower case in TLS lines, and as the MX record has it in deliveries.
func (p *process) samePeer(peer Peer) bool {
	host, addr, _ := bytes.Cut(p.peer, []byte{0})
	return bytes.EqualFold(host, peer.Host) && (len(addr) == 0 || len(peer.Addr) == 0 || bytes.Equal(addr, peer.Addr))
}

// within reports whether a time counts.
func (c *Collector) within(unix int64) bool { return unix >= c.since && unix < c.until }

// destination finds a row. The domain is nil for one that cannot be told; host is a provider's as written.
func (c *Collector) destination(d Direction, domain, host []byte) *destination {
	c.lower = appendLower(append(append(appendLower(append(c.lower[:0], byte(d)), domain), 0), host...), nil)
	if dest := c.known[string(c.lower)]; dest != nil {
		return dest
	}
	parsed, via := domainName(domain), c.via(string(host))
	key := string([]byte{byte(d)}) + parsed + "\x00" + via
	dest := c.destinations[key]
	if dest == nil {
		dest = &destination{direction: d, domain: parsed, via: via}
		c.destinations[key] = dest
	}
	if len(c.known) >= maxKnown {
		clear(c.known)
	}
	c.known[string(c.lower)] = dest
	return dest
}

func appendLower(dst, b []byte) []byte {
	for _, ch := range b {
		if ch >= 'A' && ch <= 'Z' {
			ch += 'a' - 'A'
		}
		dst = append(dst, ch)
	}
	return dst
}

// domainName is a domain as an A-label or an address in brackets; "" for what is none, so that no forged text becomes a
// row.
func domainName(b []byte) string {
	if len(b) == 0 || len(b) > 255 {
		return ""
	}
	t, err := name.ParseTarget(string(b))
	if err != nil || t.Port != 0 { // a next hop may have a port, a recipient's domain has none
		return ""
	}
	return t.String()
}

// via is the provider that a host belongs to; "" for one without a name.
func (c *Collector) via(host string) string {
	if via, ok := c.vias[host]; ok {
		return via
	}
	via := ""
	if n, err := name.ParseHost(strings.ToLower(host)); err == nil && host != "unknown" {
		via = n.Registrable().String()
	}
	if len(c.vias) >= maxHosts {
		clear(c.vias)
	}
	c.vias[host] = via
	return via
}

// daily is the tally of a day.
func (c *Collector) daily(d Direction, unix int64) *tally {
	_, offset := time.Unix(unix, 0).In(c.opts.Zone).Zone()
	key := dayKey{floorDiv(unix+int64(offset), day), d}
	t := c.days[key]
	if t == nil {
		t = &tally{}
		c.days[key] = t
	}
	return t
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
