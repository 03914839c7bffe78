package resolve

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	socketsPerServer = 4                // ports in use at a time; also spreads the readers over the processors
	missesToDemote   = 3                // unanswered tries in a row before a resolver is asked last
	demotion         = 30 * time.Second // how long, before one question may find out whether it is back
)

// server is one resolver and the sockets to it.
type server struct {
	addr    netip.AddrPort
	text    string // addr, as errors print it
	trusted bool   // its AD bit is believed
	timeout time.Duration
	dial    DialFunc        // nil = sockets of our own
	readers *sync.WaitGroup // the sockets' goroutines

	plain   atomic.Bool  // it cannot read EDNS
	misses  atomic.Int32 // tries unanswered in a row
	retryAt atomic.Int64 // Unix nanoseconds; asked last until then; 0 = not demoted

	mu      sync.Mutex
	sockets [socketsPerServer]*socket
	next    int
	closed  bool
}

// socket gives c a place on the next socket in turn, a fresh one where the old one has served its time.
func (s *server) socket(c *call) (*socket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	now := time.Now()
	s.next = (s.next + 1) % len(s.sockets)
	old := s.sockets[s.next]
	if old != nil && old.take(c, now, false) {
		return old, nil
	}
	fresh, err := dialSocket(s.addr, s.dial, s.readers)
	if err != nil {
		// Without a descriptor or a port to spare, a port that has served its time serves on.
		if old != nil && old.take(c, now, true) {
			return old, nil
		}
		return nil, err
	}
	if old != nil {
		old.retire()
	}
	s.sockets[s.next] = fresh
	if !fresh.take(c, now, false) {
		return nil, net.ErrClosed // its reader failed within these microseconds
	}
	return fresh, nil
}

// close closes all sockets and opens no more.
func (s *server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, sock := range s.sockets {
		if sock != nil {
			sock.conn.Close()
		}
	}
}

// exchange asks the resolver one question once: over UDP, over TCP where the answer was cut, and without EDNS where the
// resolver cannot read it. The reply has the rcode NOERROR or NXDOMAIN; everything else is an error.
func (s *server) exchange(ctx context.Context, q question, seen []string, checkingDisabled bool) (*reply, *Error) {
	edns := !s.plain.Load()
	r, err := s.once(ctx, q, seen, edns, checkingDisabled)
	if err == nil && edns && r.ednsRefused() {
		r, err = s.once(ctx, q, seen, false, checkingDisabled)
		if err == nil && !r.ednsRefused() {
			s.plain.Store(true)
		}
	}
	if err == nil {
		err = r.verdict()
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ended(ctx) // whatever the sockets said of it
		}
		err.Resolver = cmp.Or(err.Resolver, s.text) // of all resolvers when they are down
		return nil, err
	}
	if s.trusted {
		r.Trust = Insecure
		if r.ad {
			r.Trust = Secure
		}
	}
	return r, nil
}

// once sends one query and parses its response.
func (s *server) once(ctx context.Context, q question, seen []string, edns, checkingDisabled bool) (*reply, *Error) {
	c := calls.Get().(*call)
	defer calls.Put(c)
	c.question, c.seen = q, seen
	c.encode(q, edns, checkingDisabled)
	r, err := s.overUDP(ctx, c)
	if r != nil || err != nil {
		return r, err
	}
	msg, err := s.overTCP(ctx, &c.query)
	if err != nil {
		return nil, err
	}
	return parse(msg, q, seen)
}

// overUDP sends c and waits for the response that fits it. There is neither a reply nor an error when it was cut.
func (s *server) overUDP(ctx context.Context, c *call) (*reply, *Error) {
	sock, err := s.socket(c)
	if err != nil {
		return nil, fail(Network, err)
	}
	defer func() {
		sock.forget(c)
		select {
		case <-c.answer: // came too late; the next user of c must not see it
		default:
		}
	}()
	if _, err := sock.conn.Write(c.wire); err != nil {
		return nil, fail(Network, err)
	}
	timer := time.NewTimer(s.timeout)
	defer timer.Stop()
	select {
	case o := <-c.answer:
		return o.reply, o.err
	case <-timer.C:
		return nil, fail(Timeout, nil)
	case <-ctx.Done():
		return nil, ended(ctx)
	}
}

// overTCP asks the same again on a connection of its own (RFC 7766): answers that need it are too few to share one.
func (s *server) overTCP(ctx context.Context, w *query) ([]byte, *Error) {
	limit, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	msg, err := s.stream(limit, w)
	switch {
	case err == nil && !w.answeredBy(msg):
		return nil, fail(Malformed, errors.New("the answer over TCP does not fit the question"))
	case err == nil:
		return msg, nil
	case ctx.Err() != nil:
		return nil, ended(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded), limit.Err() != nil:
		return nil, fail(Timeout, err)
	}
	return nil, fail(Network, err)
}

// stream sends w under a new id and reads one message, each behind its length (RFC 1035 4.2.2).
func (s *server) stream(ctx context.Context, w *query) ([]byte, error) {
	dial := s.dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", s.addr.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	rand.Read(w.wire[:2])
	framed := binary.BigEndian.AppendUint16(nil, uint16(len(w.wire)))
	if _, err := conn.Write(append(framed, w.wire...)); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	msg := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err = io.ReadFull(conn, msg)
	return msg, err
}

// answered notes that the resolver is alive.
func (s *server) answered() {
	if s.misses.Load() != 0 {
		s.misses.Store(0)
		s.retryAt.Store(0)
	}
}

// missed notes a try without an answer.
func (s *server) missed(now time.Time) {
	if s.misses.Add(1) >= missesToDemote {
		s.retryAt.Store(now.Add(demotion).UnixNano())
	}
}

// preferred reports whether the resolver keeps its place in the order. When a demotion runs out, one caller is told so
// and finds out for all.
func (s *server) preferred(now time.Time) bool {
	at := s.retryAt.Load()
	return at == 0 || now.UnixNano() >= at && s.retryAt.CompareAndSwap(at, now.Add(demotion).UnixNano())
}
