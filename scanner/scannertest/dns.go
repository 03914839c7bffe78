package scannertest

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

const (
	maxLog        = 100_000 // queries and commands kept for assertions: a benchmark's millions must not fill the memory
	dnsUDPSize    = 1232    // octets; our EDNS buffer, the DNS flag day's size
	dnsSockBuffer = 1 << 20 // octets; a burst of thousands of questions waits here rather than being lost
	dnsPortTries  = 20      // the free UDP port that the system chose may be taken for TCP
)

// A DNS is a validating resolver that knows everything that was added to it: UDP and TCP on one loopback port. Names
// that hold records, or have names below them, answer NOERROR without records for other types; all other names are
// NXDOMAIN. CNAMEs are followed within the data and the answer holds the chain; a wildcard ("*.example.com.") answers
// for names that do not exist (RFC 4592). "." has an NS record from the start. An answer that does not fit in UDP
// (512 octets, or what the query's OPT record says) is cut and has the TC bit.
//
// Its methods may be called at any time and from any goroutine.
type DNS struct {
	data    zones
	addr    string
	servers [2]*dns.Server // UDP, TCP
	done    chan struct{}
	stopped atomic.Bool
	wg      sync.WaitGroup
	once    sync.Once

	mu       sync.Mutex
	failures map[question]*Failure
	queries  []Query
}

// Query is one question as it came in.
type Query struct {
	Name  string // lower case, without the final dot; "." for the root
	Type  string // "MX", "A", ...
	Proto string // "udp" or "tcp"
	EDNS  bool   // had an OPT record
	AD    bool   // asked for the AD bit (RFC 6840 section 5.7)
	DO    bool   // DNSSEC OK (RFC 3225)
	CD    bool   // checking disabled (RFC 4035 section 3.2.2)
}

// NewDNS starts a server on a loopback address, such as "127.0.0.1:0" or "127.0.0.53:5353", for UDP and TCP alike.
// The error says which socket could not be opened. Close it in the end.
func NewDNS(listen string) (*DNS, error) {
	pc, l, err := listenBoth(listen)
	if err != nil {
		return nil, fmt.Errorf("dns server on %s: %w", listen, err)
	}
	d := &DNS{addr: pc.LocalAddr().String(), done: make(chan struct{}), failures: make(map[question]*Failure)}
	d.data.init()
	handler := dns.HandlerFunc(d.serve)
	ready := make(chan struct{}, 2)
	started := func() { ready <- struct{}{} }
	d.servers = [2]*dns.Server{
		{PacketConn: pc, Handler: handler, UDPSize: dns.DefaultMsgSize, NotifyStartedFunc: started},
		{Listener: l, Handler: handler, MaxTCPQueries: -1, NotifyStartedFunc: started},
	}
	for _, s := range d.servers {
		d.wg.Go(func() { s.ActivateAndServe() }) // ends without error at Shutdown
	}
	for range d.servers {
		<-ready // before that, Shutdown would not find it running
	}
	return d, nil
}

// listenBoth opens UDP and TCP on the same port.
func listenBoth(listen string) (*net.UDPConn, net.Listener, error) {
	addr, err := netip.ParseAddrPort(listen)
	if err != nil {
		return nil, nil, err
	}
	if !addr.Addr().IsLoopback() {
		return nil, nil, errNotLoopback
	}
	for try := 0; ; try++ {
		pc, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
		if err != nil {
			return nil, nil, err
		}
		l, err := net.Listen("tcp", pc.LocalAddr().String())
		if err == nil {
			pc.SetReadBuffer(dnsSockBuffer) // more is a help only: the system may grant less
			return pc, l, nil
		}
		pc.Close()
		if addr.Port() != 0 || try == dnsPortTries {
			return nil, nil, err
		}
	}
}

// Addr is where the server listens, host:port.
func (d *DNS) Addr() string { return d.addr }

// Close stops the server and waits for its goroutines; answers that are delayed are not sent. A second Close does
// nothing.
func (d *DNS) Close() {
	d.once.Do(func() {
		close(d.done)
		for _, s := range d.servers {
			s.Shutdown()
		}
		d.wg.Wait()
	})
}

// Stop makes the server silent: it takes questions no more and answers none, as a resolver that died in mid-run.
func (d *DNS) Stop() { d.stopped.Store(true) }

// Start makes a server that was stopped answer again.
func (d *DNS) Start() { d.stopped.Store(false) }

// Queries are the questions that came in, in order, up to the first 100,000, without those that came while the server
// was stopped.
func (d *DNS) Queries() []Query {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Query(nil), d.queries...)
}

// serve answers one query.
func (d *DNS) serve(w dns.ResponseWriter, q *dns.Msg) {
	if d.stopped.Load() {
		return
	}
	_, udp := w.LocalAddr().(*net.UDPAddr)
	f := d.take(q, udp)
	f.Truncate = f.Truncate && udp
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-d.done:
			return
		}
	}
	if f.Drop || f.octets(w, q, udp) {
		return
	}
	m := d.answer(q, &f)
	opt := q.IsEdns0()
	if opt != nil && !f.NoEDNS {
		addOPT(m, opt, f)
	}
	if udp {
		size := dns.MinMsgSize
		if opt != nil {
			size = max(size, int(opt.UDPSize()))
		}
		m.Truncate(size)
	}
	m.Truncated = m.Truncated || f.Truncate
	w.WriteMsg(m) // an error is the client's: it has gone
}

// answer is the reply to a query but for its OPT record; for a bogus name it sets the extended error of f.
func (d *DNS) answer(q *dns.Msg, f *Failure) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(q)
	m.RecursionAvailable, m.Compress = true, true
	opt := q.IsEdns0()
	switch {
	case f.NoEDNS && opt != nil:
		m.Rcode = dns.RcodeFormatError
		return m
	case f.Rcode != "":
		m.Rcode = rcodes[f.Rcode]
		return m
	case f.Truncate:
		return m
	}
	answer, trust, rcode := d.data.lookup(q.Question[0].Name, q.Question[0].Qtype, opt != nil && opt.Do())
	if trust == bogus && !q.CheckingDisabled {
		m.Rcode = dns.RcodeServerFailure
		f.EDE = cmp.Or(f.EDE, dns.ExtendedErrorCodeDNSBogus)
		return m
	}
	m.Answer, m.Rcode = answer, rcode
	m.AuthenticatedData = trust == secure && (q.AuthenticatedData || opt != nil && opt.Do())
	return m
}

// take notes a query and returns what is to go wrong with its answer.
func (d *DNS) take(q *dns.Msg, udp bool) Failure {
	name, typ := dns.CanonicalName(q.Question[0].Name), q.Question[0].Qtype
	entry := Query{Name: strings.TrimSuffix(name, "."), Type: dns.Type(typ).String(), Proto: "tcp",
		AD: q.AuthenticatedData, CD: q.CheckingDisabled}
	if name == "." {
		entry.Name = name
	}
	if udp {
		entry.Proto = "udp"
	}
	if opt := q.IsEdns0(); opt != nil {
		entry.EDNS, entry.DO = true, opt.Do()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queries) < maxLog {
		d.queries = append(d.queries, entry)
	}
	return d.failure(name, typ)
}
