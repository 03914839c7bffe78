package scannertest

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// acceptPause is how long a server rests when it cannot take a connection, for want of descriptors mostly.
const acceptPause = 10 * time.Millisecond

var errNotLoopback = errors.New("not a loopback address")

// A Server is an SMTP server that runs. What it saw can be asked at any time, also after Close.
type Server struct {
	addr     netip.AddrPort
	first    []*behaviour // of the first sessions, one each
	rest     *behaviour
	listener net.Listener
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	wg       sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]struct{}
	sessions int
	pregreet int
	commands []string
	errs     []error
}

// newServer starts a server that listens on one address and calls itself by another; a zero port of addr becomes the
// listener's.
func newServer(listen string, addr netip.AddrPort, spec SMTP) (*Server, error) {
	var all []*behaviour
	for _, spec := range append(slices.Clone(spec.First), spec) {
		b, err := spec.behaviour(addr.Addr())
		if err != nil {
			return nil, fmt.Errorf("smtp server at %s: %w", addr, err)
		}
		all = append(all, b)
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("smtp server at %s: %w", addr, err)
	}
	port := cmp.Or(addr.Port(), l.Addr().(*net.TCPAddr).AddrPort().Port())
	s := &Server{
		addr:     netip.AddrPortFrom(addr.Addr(), port),
		first:    all[:len(all)-1],
		rest:     all[len(all)-1],
		listener: l,
		conns:    make(map[net.Conn]struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.wg.Go(s.accept)
	return s, nil
}

// Addr is the address that clients dial: the documentation address of [Internet.Serve], the real one of [NewSMTP].
func (s *Server) Addr() netip.AddrPort { return s.addr }

// Sessions is the number of connections taken.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions
}

// Pregreet is the number of octets that clients sent before the banner (RFC 5321 section 3.1 has them wait for it),
// over all sessions. They can be seen only while the server waits: with a BannerDelay, or a SLEEP at the head of a
// Script.
func (s *Server) Pregreet() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pregreet
}

// Commands are the command lines that clients sent, in the order of their coming over all sessions, without line ends,
// up to the first 100,000. The text of a message after DATA is left out.
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

// Errors are what went otherwise than described: scripts that their client did not follow, handshakes that failed.
func (s *Server) Errors() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.errs)
}

// Close stops the server, cuts its connections and waits until all of them have ended. A second Close does nothing.
func (s *Server) Close() {
	s.mu.Lock()
	s.cancel()
	s.listener.Close()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func (s *Server) closed() bool { return s.ctx.Err() != nil }

// listening is the address of the socket.
func (s *Server) listening() netip.AddrPort { return s.listener.Addr().(*net.TCPAddr).AddrPort() }

// accept takes connections until the server is closed, each into a goroutine of its own.
func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			if s.closed() {
				return
			}
			time.Sleep(acceptPause)
			continue
		}
		b := s.enter(c)
		if b == nil {
			c.Close()
			return
		}
		s.wg.Go(func() {
			defer s.leave(c)
			s.serve(c.(*net.TCPConn), b)
		})
	}
}

// enter counts a connection, keeps it for Close and says how to treat it; nil: the server has been closed.
func (s *Server) enter(c net.Conn) *behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed() {
		return nil
	}
	s.sessions++
	s.conns[c] = struct{}{}
	if s.sessions <= len(s.first) {
		return s.first[s.sessions-1]
	}
	return s.rest
}

func (s *Server) leave(c net.Conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

func (s *Server) serve(c *net.TCPConn, b *behaviour) {
	if b.Handle != nil {
		b.Handle(c)
		return
	}
	t := &session{Server: s, spec: b, tcp: c, conn: c, r: bufio.NewReaderSize(c, maxLine)}
	if b.steps != nil {
		t.follow(b.steps)
		return
	}
	t.converse()
}

// fail records an error of a session, unless it comes from the server's own Close.
func (s *Server) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed() && len(s.errs) < maxLog {
		s.errs = append(s.errs, err)
	}
}

func (s *Server) command(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.commands) < maxLog {
		s.commands = append(s.commands, line)
	}
}
