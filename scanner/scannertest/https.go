package scannertest

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// HTTPS describes a web server that has one answer to every request, such as the policy host of RFC 8461 section 3.3.
// The zero value with a Certificate and a Body serves that text, and is healthy. It speaks HTTP/1.1, one request a
// connection.
type HTTPS struct {
	// Certificate is what the server shows, with its chain, whatever name the client asks for.
	Certificate *tls.Certificate
	// TLS is the base of the configuration, as in [SMTP].
	TLS *tls.Config
	// Status is the status line's code and phrase; default "200 OK".
	Status string
	// Header are header lines, "Name: value"; default: "Content-Type: text/plain". A Content-Length is added to none.
	Header []string
	// HeaderPadding is a number of octets that further header lines fill.
	HeaderPadding int
	// Body is sent behind the header, and then the connection is closed, which ends it (RFC 9112 section 6.3).
	Body string
	// Endless sends Body over and over until the client hangs up.
	Endless bool
	// Pause passes before the header, and with Trickle before each of its octets and of the body's.
	Pause time.Duration
	// Trickle sends everything octet by octet.
	Trickle bool
	// Response is sent in place of all of that, as it is.
	Response string
	// Plain leaves TLS out: the answer comes as plain text, unasked for.
	Plain bool
}

// An HTTPSServer is a web server that runs.
type HTTPSServer struct {
	*Server
	spec HTTPS
	tls  *tls.Config

	mu       sync.Mutex
	requests []string
	names    []string
	sent     int64
}

// ServeHTTPS starts a web server at port 443 of a documentation address, or at another port where one is given. The
// errors are those of [Internet.Serve].
func (in *Internet) ServeHTTPS(addr string, spec HTTPS) (*HTTPSServer, error) {
	s := newHTTPS(spec)
	if _, err := netip.ParseAddr(addr); err == nil {
		addr = net.JoinHostPort(addr, "443")
	}
	return s.start(addr, in.Serve)
}

// NewHTTPS starts a web server on a real address of the loopback network, as [NewSMTP] does.
func NewHTTPS(listen string, spec HTTPS) (*HTTPSServer, error) {
	return newHTTPS(spec).start(listen, NewSMTP)
}

func newHTTPS(spec HTTPS) *HTTPSServer {
	spec.Status = cmp.Or(spec.Status, "200 OK")
	if spec.Header == nil {
		spec.Header = []string{"Content-Type: text/plain"}
	}
	base := SMTP{Certificate: spec.Certificate, TLS: spec.TLS}
	s := &HTTPSServer{spec: spec, tls: base.tlsConfig()}
	s.tls.NextProtos = []string{"http/1.1"}
	return s
}

// start has a server take connections for s. None is served before the server has its place in s.
func (s *HTTPSServer) start(addr string, run func(string, SMTP) (*Server, error)) (*HTTPSServer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	server, err := run(addr, SMTP{Handle: s.serve})
	if err != nil {
		return nil, fmt.Errorf("https server at %q: %w", addr, errors.Unwrap(err))
	}
	s.Server = server
	return s, nil
}

// Requests are the heads of the requests that came, in order: lines with LF between, the blank one left out.
func (s *HTTPSServer) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Names are the server names that clients asked for in their handshakes (RFC 6066 section 3), "" for none.
func (s *HTTPSServer) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.names)
}

// Sent is the number of octets of answers, headers included, that connections took.
func (s *HTTPSServer) Sent() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// serve is one connection.
func (s *HTTPSServer) serve(c net.Conn) {
	s.started()
	c.SetDeadline(time.Now().Add(idle))
	if s.spec.Plain {
		s.answer(c)
		return
	}
	t := tls.Server(c, s.tls)
	if err := t.Handshake(); err != nil {
		s.fail(fmt.Errorf("https client %s: handshake: %w", c.RemoteAddr(), err))
		return
	}
	head, err := readHead(bufio.NewReaderSize(t, maxLine))
	s.mu.Lock()
	if len(s.requests) < maxLog {
		s.requests = append(s.requests, head)
		s.names = append(s.names, t.ConnectionState().ServerName)
	}
	s.mu.Unlock()
	if err != nil {
		s.fail(fmt.Errorf("https client %s: request: %w", c.RemoteAddr(), err))
		return
	}
	s.answer(t)
	t.Close()
}

// started waits for start to end.
func (s *HTTPSServer) started() {
	s.mu.Lock()
	defer s.mu.Unlock()
}

// readHead reads a request as far as the blank line.
func readHead(r *bufio.Reader) (string, error) {
	var lines []string
	for range maxCommands {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return strings.Join(lines, "\n"), err
		}
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			break
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n"), nil
}

// answer sends what the server is there to send. A client that hangs up is no error.
func (s *HTTPSServer) answer(w io.Writer) {
	if s.spec.Response != "" {
		s.send(w, s.spec.Response)
		return
	}
	if !s.pause() {
		return
	}
	for ok := s.send(w, s.spec.head()) && s.send(w, s.spec.Body); ok && s.spec.Endless; {
		ok = s.spec.Body != "" && s.send(w, s.spec.Body)
	}
}

// head is the header of the answer, with its blank line.
func (spec *HTTPS) head() string {
	lines := append([]string{"HTTP/1.1 " + spec.Status, "Connection: close"}, spec.Header...)
	const filler = "X-Padding: "
	for left := spec.HeaderPadding; left > 0; left -= maxLine {
		lines = append(lines, filler+strings.Repeat("x", max(0, min(left, maxLine)-len(filler)-len("\r\n"))))
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// send writes text as the server does; false: the client has gone.
func (s *HTTPSServer) send(w io.Writer, text string) bool {
	size := len(text)
	if s.spec.Trickle {
		size = 1
	}
	for part := range slices.Chunk([]byte(text), max(size, 1)) {
		if s.spec.Trickle && !s.pause() {
			return false
		}
		n, err := w.Write(part)
		s.mu.Lock()
		s.sent += int64(n)
		s.mu.Unlock()
		if err != nil {
			return false
		}
	}
	return true
}

// pause waits; false: the server was closed meanwhile.
func (s *HTTPSServer) pause() bool {
	if s.spec.Pause <= 0 {
		return true
	}
	timer := time.NewTimer(s.spec.Pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}
