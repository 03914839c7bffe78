package scannertest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

const (
	maxLine     = 4096             // octets: far above RFC 5321 4.5.3.1.4, and one small buffer a connection
	maxCommands = 200              // a session: no client of ours has so much to say, and nothing is to go on for ever
	maxMessage  = 1 << 20          // octets after DATA
	idle        = 2 * time.Minute  // without a word from the client; shorter than 4.5.3.2.7's 5 min: tests end sooner
	handshaking = 30 * time.Second // for the whole handshake
	lingering   = 2 * time.Second  // for the client to hang up after we ended our side
)

// session is one connection, in the one goroutine that serves it.
type session struct {
	*Server
	spec  *behaviour
	tcp   *net.TCPConn
	conn  net.Conn // tcp, or TLS over it
	r     *bufio.Reader
	spoke bool // something was sent: octets from the client are no longer early
}

// converse is the normal conversation.
func (t *session) converse() {
	if !t.wait(t.spec.BannerDelay) || !t.reply(t.spec.Banner) {
		t.linger()
		return
	}
	refusing := t.spec.Banner[0] == '4' || t.spec.Banner[0] == '5'
	for range maxCommands {
		line, err := t.readLine()
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		var more bool
		switch {
		case refusing && verb != "QUIT":
			more = t.reply("503 5.5.1 No service here")
		case verb == "STARTTLS":
			more = t.startTLS()
		case verb == "DATA":
			more = t.data()
		default:
			more = t.reply(t.answer(verb)) && verb != "QUIT"
		}
		if !more {
			break
		}
	}
	t.linger()
}

// answer is the reply to a command that changes nothing.
func (t *session) answer(verb string) string {
	switch verb {
	case "EHLO":
		if t.encrypted() {
			return t.spec.AfterTLS
		}
		return t.spec.EHLO
	case "HELO":
		return t.spec.HELO
	case "MAIL", "RSET", "NOOP":
		return "250 2.0.0 Ok"
	case "RCPT":
		return "250 2.1.5 Ok"
	case "VRFY":
		return "252 2.0.0 Try and see"
	case "QUIT":
		return "221 2.0.0 Bye"
	case "AUTH", "EXPN", "HELP", "BDAT", "ETRN":
		return "502 5.5.1 Command not implemented"
	}
	return "500 5.5.2 Command not recognized"
}

// data takes a message and forgets it.
func (t *session) data() bool {
	if !t.reply("354 End data with <CR><LF>.<CR><LF>") {
		return false
	}
	for size := 0; size < maxMessage; {
		line, err := t.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return false
		}
		if string(line) == ".\r\n" {
			return t.reply("250 2.0.0 Ok: thrown away")
		}
		size += len(line)
	}
	return t.reply("421 4.3.4 Message too big")
}

// startTLS answers STARTTLS and does the handshake; false: the connection is of no more use.
func (t *session) startTLS() bool {
	switch {
	case t.encrypted():
		return t.reply("503 5.5.1 TLS is there already")
	case !strings.HasPrefix(t.spec.StartTLS, "220"):
		return t.reply(t.spec.StartTLS)
	case !t.spec.offersTLS():
		return t.reply("502 5.5.1 STARTTLS not implemented")
	}
	if !t.pause(t.spec.Latency) || t.send(t.spec.StartTLS+"\r\n"+t.spec.Inject) != nil || !t.pause(t.spec.Latency) {
		return false
	}
	err := t.handshake()
	if err != nil {
		t.fail(fmt.Errorf("client %s: %w", t.tcp.RemoteAddr(), err))
	}
	return err == nil
}

func (t *session) encrypted() bool { return t.conn != net.Conn(t.tcp) }

// handshake puts TLS over the connection.
func (t *session) handshake() error {
	c := tls.Server(&buffered{t.tcp, t.r}, t.spec.tls)
	t.tcp.SetDeadline(time.Now().Add(handshaking))
	// The context frees callbacks of the configuration that wait; the deadline of the socket does the rest.
	if err := c.HandshakeContext(t.ctx); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	t.conn, t.r = c, bufio.NewReaderSize(c, maxLine)
	return nil
}

// buffered is a connection with what was read ahead of it: a ClientHello may have come while we waited.
type buffered struct {
	*net.TCPConn
	r *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

// readLine reads a line, without its end, and records it as a command.
func (t *session) readLine() (string, error) {
	t.conn.SetDeadline(time.Now().Add(idle))
	b, err := t.r.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	line := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	t.command(line)
	return line, nil
}

// reply sends a whole reply after the latency; false: the session is over.
func (t *session) reply(text string) bool {
	return t.pause(t.spec.Latency) && t.send(text+"\r\n") == nil && !strings.HasPrefix(text, "421")
}

func (t *session) send(text string) error { return t.write(t.conn, text) }

func (t *session) write(w net.Conn, text string) error {
	t.spoke = true
	w.SetWriteDeadline(time.Now().Add(idle))
	_, err := io.WriteString(w, text)
	return err
}

// pause lets time pass without reading; false: the server was closed.
func (t *session) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-t.ctx.Done():
		return false
	}
}

// wait is silent for a time, but listens: it ends early when the client hangs up (false), and counts what the client
// says before anything was said to it.
func (t *session) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	end := time.Now().Add(d)
	t.conn.SetReadDeadline(end)
	var err error
	for err == nil {
		_, err = t.r.Peek(t.r.Buffered() + 1)
	}
	if !t.spoke {
		t.mu.Lock()
		t.pregreet += t.r.Buffered()
		t.mu.Unlock()
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		return t.pause(time.Until(end))
	}
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// linger ends our side and hears the client out. A plain Close with octets unread would be a reset, which can overtake
// the reply that was sent last.
func (t *session) linger() {
	if c, ok := t.conn.(*tls.Conn); ok {
		c.SetWriteDeadline(time.Now().Add(lingering))
		c.CloseWrite()
	}
	t.tcp.CloseWrite()
	end := time.Now().Add(lingering)
	for range maxCommands {
		t.conn.SetReadDeadline(end)
		line, err := t.r.ReadSlice('\n')
		if err != nil {
			return
		}
		t.command(strings.TrimRight(string(line), "\r\n"))
	}
}
