package maillog

import (
	"hash/maphash"
	"time"

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

	ways         *ways
	destinations index             // by direction, domain and provider
	known        index             // by direction, domain and host as written: a short cut, emptied when it is full
	vias         map[string]string // registrable domain of a host; likewise
	days         map[dayKey]*tally
	failures     map[Reason]*failure

	recent    [1 << recentBits]source // of the latest lines: a short cut
	today     [Inbound + 1]dayTally   // likewise
	processes map[string]*process
	instances map[string]*instance
	queue     map[message]*arrival // messages that came in and whose sender has not been told
	spare     []*arrival           // what was in the queue, to be used again
	starting  map[string][]byte    // qmail: domains of the deliveries under way
	seed      maphash.Seed
	now       int64 // the latest line's time
	begin     int64 // the first line's
	sweepAt   int

	key   []byte // scratch
	event Event
	info  Info
}

// Bounds on what is kept of things under way: above them what has not been heard of for an hour goes.
const (
	maxKnown    = 1 << 17 // or twice the destinations
	maxLive     = 1 << 15
	liveSeconds = 3600
	maxHosts    = 1 << 16
	recentBits  = 11 // of the number of sources that are found fastest: more than a mail server has processes
)

type dayKey struct {
	day       int64 // since 1970, in the zone of Options
	direction Direction
}

// failure counts one reason.
type failure struct {
	deferred, bounced int64
	domains           map[string]int64
}

// message is one of the queue, on its host: identifiers of two instances hardly ever meet within a second.
type message struct {
	host uint64
	id   [32]byte // no Postfix's is longer than 25
}

// arrival is a message that came in.
type arrival struct {
	outcome outcome
	host    []byte
	at      int64
}

// outcome is how a message travelled. Open is set where that depends on whether the log speaks of TLS at all.
type outcome struct {
	encrypted truth.Truth
	way       uint16
	open      *epoch
}

// dayTally is the tally of a day, from its first second to before its last. Until = 0: none.
type dayTally struct {
	from, until int64
	tally       *tally
}

// NewCollector is a Collector that has counted nothing.
func NewCollector(o Options) *Collector {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	c := &Collector{opts: o, since: -1 << 62, until: 1 << 62, ways: newWays(),
		destinations: newIndex(), known: newIndex(), vias: map[string]string{},
		days: map[dayKey]*tally{}, failures: map[Reason]*failure{}, processes: map[string]*process{},
		instances: map[string]*instance{}, queue: map[message]*arrival{}, starting: map[string][]byte{},
		sweepAt: maxLive, seed: maphash.MakeSeed()}
	if !o.Since.IsZero() {
		c.since = o.Since.Unix()
	}
	if !o.Until.IsZero() {
		c.until = o.Until.Unix()
	}
	return c
}

// Add counts a line. Lines of one process have to come in their order. See [Log] for a faster way.
func (c *Collector) Add(l *Line) { c.add(l, &c.event, Parse(l, &c.event)) }

// add counts a line and, if it tells anything, its event.
func (c *Collector) add(l *Line, e *Event, tells bool) {
	c.info.Lines++
	if c.begin == 0 || l.Unix < c.begin {
		c.begin = l.Unix
	}
	c.now = max(c.now, l.Unix)
	if !tells {
		return
	}
	c.info.Events++
	c.info.Software[e.Software]++
	s := c.source(l)
	if e.Kind == Started {
		s.instance.epochs, s.instance.started = [Inbound + 1]*epoch{}, true
		return
	}
	if len(c.processes)+len(c.queue)+len(c.starting) > c.sweepAt {
		c.sweep()
	}
	if e.Direction == Inbound || e.Kind == Sender {
		c.inbound(l, e, s)
	} else {
		c.outbound(l, e, s)
	}
}

// within reports whether a time counts.
func (c *Collector) within(unix int64) bool { return unix >= c.since && unix < c.until }

// aside counts what has no row, where its time counts.
func (c *Collector) aside(n *int64, unix int64) {
	if c.within(unix) {
		*n++
	}
}

// span is the time that the counts are of: the log's, as far as it is within that asked for; zero where it is not.
func (c *Collector) span() (first, last time.Time) {
	from, to := max(c.begin, c.since), min(c.now, c.until-1)
	if c.begin == 0 || from > to {
		return time.Time{}, time.Time{}
	}
	return timeOf(from), timeOf(to)
}

// daily is the tally of a day.
func (c *Collector) daily(d Direction, unix int64) *tally {
	today := &c.today[d]
	if unix >= today.from && unix < today.until {
		return today.tally
	}
	at := time.Unix(unix, 0).In(c.opts.Zone)
	_, offset := at.Zone()
	key := dayKey{floorDiv(unix+int64(offset), day), d}
	t := c.days[key]
	if t == nil {
		t = &tally{}
		c.days[key] = t
	}
	midnight := key.day*day - int64(offset)
	*today = dayTally{midnight, midnight + day, t}
	changed, changes := at.ZoneBounds() // the offset is another one before and after
	if !changed.IsZero() {
		today.from = max(today.from, changed.Unix())
	}
	if !changes.IsZero() {
		today.until = min(today.until, changes.Unix())
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
