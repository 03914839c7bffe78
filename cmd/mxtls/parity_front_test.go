//go:build parity

package main_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

// What a server says when it took a message. Postfix logs it: that is how the log shows whether it went encrypted.
const (
	tookEncrypted = "250 2.0.0 taken over TLS"
	tookPlain     = "250 2.0.0 taken in plain text"
)

const sessionLimit = 20 * time.Second // longer than any client of the lab waits

// front is a mail server's SMTP side. Replies that are not set are those of a healthy server; a reply that begins with
// 421 ends the session, "close" ends it without a word and "silence" says nothing more.
type front struct {
	banner, ehlo, helo, starttls string
	ehloTLS                      string // the reply to EHLO within TLS
	mail                         string // the reply to MAIL in plain text
	inject                       string // sent behind the 220 to STARTTLS, in the same write
	noTLS                        bool   // STARTTLS is not offered
	// upgrade puts TLS over a connection; nil: STARTTLS is answered with 502.
	upgrade func(net.Conn) (io.ReadWriteCloser, error)
}

func (f front) serve(conn net.Conn) {
	conn.SetDeadline(time.Now().Add(sessionLimit))
	if !f.say(conn, cmp.Or(f.banner, "220 mail server ready")) || !f.converse(conn, conn, false) {
		return
	}
	secured, err := f.upgrade(conn)
	if err != nil {
		return
	}
	defer secured.Close()
	f.converse(conn, secured, true)
}

// say sends a reply; false: the session is over.
func (f front) say(w io.Writer, reply string) bool {
	switch reply {
	case "close":
		return false
	case "silence":
		time.Sleep(sessionLimit / 2)
		return false
	}
	_, err := io.WriteString(w, reply+"\r\n")
	return err == nil && !strings.HasPrefix(reply, "421")
}

// converse speaks until the session is over (false) or TLS is to begin (true).
func (f front) converse(conn net.Conn, rw io.ReadWriter, secured bool) (upgrade bool) {
	lines := bufio.NewReader(rw)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		reply := f.answer(verb, secured)
		if verb == "STARTTLS" && strings.HasPrefix(reply, "220") {
			return f.say(rw, reply+f.inject)
		}
		if !f.say(rw, reply) || verb == "QUIT" {
			hangUp(conn, rw)
			return false
		}
		if verb == "DATA" && !f.message(lines, rw, secured) {
			return false
		}
	}
}

// hangUp ends our side and waits for the other to do the same: an early close would be a reset that may overtake what
// was said last. A process does it by itself.
func hangUp(conn net.Conn, rw io.ReadWriter) {
	switch rw := rw.(type) {
	case *process:
		return
	case *tls.Conn:
		rw.CloseWrite()
	}
	conn.(*net.TCPConn).CloseWrite()
	conn.SetReadDeadline(time.Now().Add(time.Second))
	io.Copy(io.Discard, conn)
}

func (f front) answer(verb string, secured bool) string {
	switch verb {
	case "EHLO":
		if secured {
			return cmp.Or(f.ehloTLS, "250-mail server\r\n250 8BITMIME")
		}
		if f.noTLS {
			return cmp.Or(f.ehlo, "250-mail server\r\n250 8BITMIME")
		}
		return cmp.Or(f.ehlo, "250-mail server\r\n250-STARTTLS\r\n250 8BITMIME")
	case "HELO":
		return cmp.Or(f.helo, "250 mail server")
	case "STARTTLS":
		if f.upgrade == nil {
			return cmp.Or(f.starttls, "502 5.5.1 no TLS here")
		}
		return cmp.Or(f.starttls, "220 2.0.0 go ahead")
	case "MAIL":
		if !secured {
			return cmp.Or(f.mail, "250 2.1.0 ok")
		}
		return "250 2.1.0 ok"
	case "DATA":
		return "354 go on"
	case "QUIT":
		return "221 2.0.0 bye"
	}
	return "250 2.0.0 ok"
}

func (f front) message(lines *bufio.Reader, w io.Writer, secured bool) bool {
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
	}
	if secured {
		return f.say(w, tookEncrypted)
	}
	return f.say(w, tookPlain)
}

// goTLS is an upgrade by crypto/tls.
func goTLS(config *tls.Config) func(net.Conn) (io.ReadWriteCloser, error) {
	return func(conn net.Conn) (io.ReadWriteCloser, error) {
		c := tls.Server(conn, config)
		return c, c.Handshake()
	}
}

// processes counts the openssl s_servers of this run: each has an address of its own.
var processes atomic.Int64

const processPort = 4433

// opensslTLS is an upgrade by a process openssl s_server of its own for each connection. What the client says within
// TLS is the process's output, what it reads is sent. What it wrote to stderr is told to complain in the end.
func opensslTLS(args []string, complain func(string)) func(net.Conn) (io.ReadWriteCloser, error) {
	return func(conn net.Conn) (io.ReadWriteCloser, error) {
		n := processes.Add(1)
		at := fmt.Sprintf("127.26.%d.%d:%d", 128+n/200%100, 1+n%200, processPort)
		ctx, cancel := context.WithTimeout(context.Background(), sessionLimit)
		base := []string{"s_server", "-quiet", "-no-CAfile", "-no-CApath", "-accept", at, "-naccept", "1"}
		cmd := exec.CommandContext(ctx, "openssl", append(base, args...)...)
		p := &process{conn: conn, cancel: cancel, cmd: cmd, complain: complain}
		cmd.Stderr = &p.stderr
		var err error
		if p.in, err = cmd.StdinPipe(); err == nil {
			if p.out, err = cmd.StdoutPipe(); err == nil {
				err = cmd.Start()
			}
		}
		if err != nil {
			cancel()
			return nil, err
		}
		for p.socket == nil { // until it listens
			if p.socket, err = net.Dial("tcp", at); err != nil {
				p.socket = nil
				if ctx.Err() != nil {
					return nil, errors.Join(err, p.end())
				}
				time.Sleep(2 * time.Millisecond)
			}
		}
		go relay(p.socket, conn)
		go relay(conn, p.socket)
		return p, nil
	}
}

// relay sends on what comes, to the end.
func relay(to, from net.Conn) {
	io.Copy(to, from)
	to.(*net.TCPConn).CloseWrite()
}

// process is a running openssl s_server as a stream of what is said within TLS.
type process struct {
	in     io.WriteCloser
	out    io.ReadCloser
	conn   net.Conn
	socket net.Conn
	cmd    *exec.Cmd
	cancel context.CancelFunc

	stderr   bytes.Buffer
	complain func(stderr string)
}

func (p *process) Read(b []byte) (int, error)  { return p.out.Read(b) }
func (p *process) Write(b []byte) (int, error) { return p.in.Write(b) }

// Close ends the process when the client has hung up, or soon: what was written may still be on its way.
func (p *process) Close() error {
	p.in.Close()
	p.conn.SetReadDeadline(time.Now().Add(time.Second))
	io.Copy(io.Discard, p.out) // ends with the session
	return p.end()
}

func (p *process) end() error {
	p.cancel()
	if p.socket != nil {
		p.socket.Close()
	}
	err := p.cmd.Wait()
	p.complain(p.stderr.String())
	return err
}
