package resolve

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	maxQuestions = 2000             // a socket's questions before its port changes: RFC 5452 9.2 wants ports to vary
	maxAge       = 20 * time.Second // the same for a slow run
	portTries    = 8                // random ports tried before the kernel is left to choose one
	lowestPort   = 1024             // ports below are not ours to take
	kernelBuffer = 1 << 20          // octets asked of the kernel: thousands of answers may come at once
	readBuffer   = 4096             // more than the 1,232 we ask for; what does not fit is cut and does not parse
)

// call is one question in flight: what is sent, and where its answer goes.
type call struct {
	query
	question question
	seen     []string     // the alias chain that led to it
	answer   chan outcome // holds one: the first response that fits ends the wait
}

// outcome is a parsed response, or why there is none; neither when the response was cut (TC).
type outcome struct {
	reply *reply
	err   *Error
}

// calls are reused: each holds a query of up to 300 octets and a channel.
var calls = sync.Pool{New: func() any { return &call{answer: make(chan outcome, 1)} }}

// socket is one connected UDP socket, so that the kernel drops what does not come from the resolver's address and port.
// Many calls share it, told apart by id and question.
type socket struct {
	conn net.Conn
	born time.Time

	mu      sync.Mutex
	waiting map[uint16]*call
	asked   int
	retired bool     // takes no more questions; closed when the last one is done
	random  [64]byte // octets for ids, drawn in one go
	left    int      // of random
}

// dialSocket opens a socket, from a random port unless the caller of the package dials. Its reader ends when the socket
// is closed.
func dialSocket(to netip.AddrPort, dial DialFunc, wg *sync.WaitGroup) (*socket, error) {
	conn, err := dialUDP(to, dial)
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, born: time.Now(), waiting: make(map[uint16]*call)}
	wg.Go(s.read)
	return s, nil
}

func dialUDP(to netip.AddrPort, dial DialFunc) (net.Conn, error) {
	if dial != nil {
		return dial(context.Background(), "udp", to.String()) // a datagram socket connects at once
	}
	conn, err := dialRandomPort(to)
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(kernelBuffer) // a kernel that grants less loses some, which are asked again
	return conn, nil
}

// dialRandomPort chooses the source port itself: not every kernel does it unpredictably.
func dialRandomPort(to netip.AddrPort) (conn *net.UDPConn, err error) {
	remote := net.UDPAddrFromAddrPort(to)
	for range portTries {
		var b [2]byte
		rand.Read(b[:])
		port := binary.BigEndian.Uint16(b[:])
		if port < lowestPort {
			continue
		}
		if conn, err = net.DialUDP("udp", &net.UDPAddr{Port: int(port)}, remote); err == nil {
			return conn, nil
		}
	}
	return net.DialUDP("udp", nil, remote)
}

// take lets c wait here under a free random id, unless the socket has failed, or has served its time and is not to
// serve overtime. Every take ends in a forget.
func (s *socket) take(c *call, now time.Time, overtime bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	worn := s.asked >= maxQuestions || now.Sub(s.born) >= maxAge
	if s.retired || worn && !overtime || len(s.waiting) >= maxQuestions {
		return false
	}
	c.setID(s.freeID())
	s.waiting[c.id()] = c
	s.asked++
	return true
}

// freeID draws an id that no waiting call has. The caller holds mu; at most maxQuestions of the 65,536 are taken.
func (s *socket) freeID() uint16 {
	for {
		if s.left == 0 {
			rand.Read(s.random[:])
			s.left = len(s.random)
		}
		s.left -= 2
		id := binary.BigEndian.Uint16(s.random[s.left:])
		if _, taken := s.waiting[id]; !taken {
			return id
		}
	}
}

// forget ends c's wait: nothing is delivered to it afterwards.
func (s *socket) forget(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, c.id())
	if s.retired && len(s.waiting) == 0 {
		s.conn.Close()
	}
}

// retire lets the calls in flight finish and closes the socket behind them.
func (s *socket) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = true
	if len(s.waiting) == 0 {
		s.conn.Close()
	}
}

// read delivers responses until the socket fails or is closed. What fits no call is dropped, and the calls wait on: a
// forged packet must not end the wait for the true one. An error, such as "connection refused", ends all calls at once.
func (s *socket) read() {
	defer s.conn.Close()
	buf := make([]byte, readBuffer)
	for {
		n, err := s.conn.Read(buf)
		if err != nil {
			s.failAll(err)
			return
		}
		if n >= headerLen {
			s.deliver(buf[:n])
		}
	}
}

// deliver parses a response for the call that it fits. That is done here because a reader's stack has grown for it long
// ago; a lookup's own goroutine would have to grow its stack each time, a tenth of the whole cost.
func (s *socket) deliver(msg []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.waiting[binary.BigEndian.Uint16(msg)]
	if c == nil || !c.answeredBy(msg) || len(c.answer) > 0 {
		return
	}
	var o outcome
	if !truncated(msg) {
		o.reply, o.err = parse(msg, c.question, c.seen)
	}
	c.answer <- o // has room: only the holder of mu sends
}

func (s *socket) failAll(err error) {
	if errors.Is(err, net.ErrClosed) {
		err = errClosed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = true
	for _, c := range s.waiting {
		if len(c.answer) == 0 {
			c.answer <- outcome{err: fail(Network, err)}
		}
	}
}
