package scannertest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"
)

// endlessChunk is how much of an endless reply goes into one write, in octets: enough to fill a client's memory fast.
const endlessChunk = 4096

// step is one line of a script.
type step struct {
	line int
	do   func(*session) error
}

// errOver ends a script without being recorded: the connection is closed, or the client has gone during a silence.
var errOver = errors.New("script over")

// parseScript reads a script as described at SMTP.Script; an empty one is nil.
func parseScript(text string) ([]step, error) {
	var steps []step
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimLeft(strings.TrimSuffix(line, "\r"), " \t")
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		do, err := parseStep(line)
		if err != nil {
			return nil, fmt.Errorf("script line %d: %q: %w", i+1, line, err)
		}
		steps = append(steps, step{i + 1, do})
	}
	return steps, nil
}

func parseStep(line string) (func(*session) error, error) {
	verb, arg, _ := strings.Cut(line, " ")
	switch verb {
	case "S:":
		return sending(arg + "\r\n"), nil
	case "S*:":
		return endlessly(arg + "\r\n"), nil
	case "S~:":
		return sending(arg), nil
	case "S~*:":
		return endlessly(arg), nil
	case "C:":
		_, err := path.Match(arg, "")
		return awaiting(arg), err
	case "SLEEP":
		d, err := time.ParseDuration(strings.TrimSpace(arg))
		return sleeping(d), err
	case "TLS":
		return (*session).handshake, nil
	case "HELLO":
		return awaitHello, nil
	case "RAW", "RAW*":
		octets, err := unquote(arg)
		return raw(octets, verb == "RAW*"), err
	case "TRICKLE", "TRICKLE*":
		return parseTrickle(arg, verb == "TRICKLE*")
	case "CLOSE":
		return func(t *session) error { t.tcp.Close(); return errOver }, nil
	case "RESET":
		return func(t *session) error { t.tcp.SetLinger(0); t.tcp.Close(); return errOver }, nil
	}
	return nil, errors.New("no such step")
}

func parseTrickle(arg string, endless bool) (func(*session) error, error) {
	interval, text, _ := strings.Cut(arg, " ")
	d, err := time.ParseDuration(interval)
	if err != nil {
		return nil, err
	}
	octets, err := unquote(text)
	if err == nil && octets == "" {
		err = errors.New("nothing to send")
	}
	return trickling(d, octets, endless), err
}

// unquote reads the escapes of a Go string; the quotes around it may be left out.
func unquote(s string) (string, error) {
	if !strings.HasPrefix(s, `"`) {
		s = `"` + s + `"`
	}
	return strconv.Unquote(s)
}

// follow goes through a script to its end or to where the client leaves it.
func (t *session) follow(script []step) {
	for _, s := range script {
		if err := s.do(t); err != nil {
			if !errors.Is(err, errOver) {
				t.fail(fmt.Errorf("script line %d, client %s: %w", s.line, t.tcp.RemoteAddr(), err))
			}
			return
		}
	}
	t.linger()
}

func sending(text string) func(*session) error {
	return func(t *session) error {
		if !t.pause(t.spec.Latency) {
			return errOver
		}
		return t.send(text)
	}
}

func endlessly(text string) func(*session) error {
	chunk := repeated(text)
	return func(t *session) error {
		for t.send(chunk) == nil {
		}
		return errOver
	}
}

func raw(octets string, endless bool) func(*session) error {
	if !endless {
		return func(t *session) error { return t.write(t.tcp, octets) }
	}
	chunk := repeated(octets)
	return func(t *session) error {
		for t.write(t.tcp, chunk) == nil {
		}
		return errOver
	}
}

// repeated is text so many times that it fills a chunk.
func repeated(text string) string {
	return strings.Repeat(text, 1+endlessChunk/max(1, len(text)))
}

func trickling(d time.Duration, octets string, endless bool) func(*session) error {
	return func(t *session) error {
		for {
			for i := range len(octets) {
				if err := t.send(octets[i : i+1]); err != nil || !t.pause(d) {
					return errOver
				}
			}
			if !endless {
				return nil
			}
		}
	}
}

func sleeping(d time.Duration) func(*session) error {
	return func(t *session) error {
		if !t.wait(d) {
			return errOver
		}
		return nil
	}
}

func awaiting(pattern string) func(*session) error {
	return func(t *session) error {
		line, err := t.readLine()
		if err != nil {
			return fmt.Errorf("awaiting %q: %w", pattern, err)
		}
		if ok, _ := path.Match(pattern, line); !ok && line != pattern {
			return fmt.Errorf("client said %q, not %q", line, pattern)
		}
		return nil
	}
}

// awaitHello takes the client's first TLS record (RFC 8446 section 5.1) off the stream.
func awaitHello(t *session) error {
	t.tcp.SetReadDeadline(time.Now().Add(handshaking))
	var header [5]byte
	if _, err := io.ReadFull(t.r, header[:]); err != nil {
		return fmt.Errorf("awaiting a ClientHello: %w", err)
	}
	if header[0] != 22 || header[1] != 3 {
		return fmt.Errorf("client said %q, not a ClientHello", header)
	}
	_, err := t.r.Discard(int(binary.BigEndian.Uint16(header[3:])))
	return err
}
