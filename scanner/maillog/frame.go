package maillog

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// Line is a log line taken apart. Its texts are parts of the line, but for journalctl's json.
type Line struct {
	Unix    int64  // seconds since 1970
	Host    []byte // that wrote it; nil where the form has none
	Program []byte // "postfix/smtp": the syslog_name and the daemon
	PID     []byte // nil where there is none
	Text    []byte
}

// Programs of forms that name none.
var programQmail, programExim = []byte("qmail"), []byte("exim")

// Bounds on the names of who writes a line, since they are kept (RFC 5424 6 has 255, 48 and 128 octets).
const maxHost, maxProgram, maxPID = 255, 128, 128

// named reports whether there is a program, and the names are no longer than anybody's.
func (l *Line) named() bool {
	return len(l.Program) > 0 && len(l.Program) <= maxProgram && len(l.Host) <= maxHost && len(l.PID) <= maxPID
}

// Framer takes the lines of one stream apart. It is for one goroutine.
type Framer struct {
	clock   clock
	journal journalLine
}

// NewFramer is a Framer for a stream whose stamps without a zone are of the zone given (nil = UTC), and none of whose
// lines is later than latest (a file's modification time, or now): of RFC 3164 stamps, which have no year, the first is
// of the latest year in which it is not later, and the others follow it.
func NewFramer(zone *time.Location, latest time.Time) *Framer {
	if zone == nil {
		zone = time.UTC
	}
	return &Framer{clock: clock{zone: zone, latest: latest.Unix()}}
}

// Frame takes a line without its line feed apart; it reports whether it has a log line's form.
func (f *Framer) Frame(b []byte, l *Line) bool {
	*l = Line{}
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	if len(b) < 20 {
		return false
	}
	if b[0] == '<' { // RFC 3164 4.1.1 and RFC 5424 6.2.1: the priority
		i := bytes.IndexByte(b[:6], '>')
		if i < 2 {
			return false
		}
		b = b[i+1:]
		if len(b) > 2 && b[0] == '1' && b[1] == ' ' {
			return f.rfc5424(b[2:], l)
		}
	}
	var ok bool
	switch c := b[0]; {
	case c >= 'A' && c <= 'Z':
		if l.Unix, b, ok = f.clock.bsd(b); !ok {
			return false
		}
	case c == '{':
		return f.json(b, l)
	case c == '@':
		l.Unix, l.Text, ok = tai64n(b)
		l.Program = programQmail
		return ok
	case c >= '0' && c <= '9':
		exim := len(b) > 10 && b[10] == ' '
		if l.Unix, b, ok = f.clock.iso(b); !ok || len(b) < 2 {
			return false
		}
		if exim {
			l.Program, l.Text = programExim, b[1:]
			return true
		}
		if b[0] == '\t' {
			return tabbed(b[1:], l)
		}
		b = b[1:]
	default:
		return false
	}
	return tagged(b, l)
}

// tagged reads "HOST PROGRAM[PID]: TEXT", or that without the host.
func tagged(b []byte, l *Line) bool {
	i := bytes.IndexByte(b, ' ')
	if i < 1 {
		return false
	}
	if b[i-1] != ':' { // else the first word is the program already
		l.Host, b = b[:i], b[i+1:]
		i = bytes.IndexByte(b, ' ')
		if i > 2 && b[i-1] != ':' && bytes.IndexByte(b[:i], '.') > 0 { // BusyBox's syslogd: FACILITY.SEVERITY
			b = b[i+1:]
			i = bytes.IndexByte(b, ' ')
		}
		if i < 2 || b[i-1] != ':' {
			return false
		}
	}
	l.Text = b[i+1:]
	return program(b[:i-1], l)
}

// program reads "PROGRAM[PID]" or "PROGRAM".
func program(b []byte, l *Line) bool {
	l.Program = b
	if n := len(b) - 1; n > 1 && b[n] == ']' {
		if i := bytes.LastIndexByte(b, '['); i > 0 {
			l.Program, l.PID = b[:i], b[i+1:n]
		}
	}
	return l.named()
}

// tabbed reads "PROGRAM[PID]: \t FACILITY \t SEVERITY \t TEXT".
func tabbed(b []byte, l *Line) bool {
	tag, rest, ok := bytes.Cut(b, []byte("\t"))
	for range 2 {
		_, after, more := bytes.Cut(rest, []byte("\t"))
		ok, rest = ok && more, after
	}
	if !ok || len(tag) < 2 || tag[len(tag)-1] != ':' {
		return false
	}
	l.Text = rest
	return program(tag[:len(tag)-1], l)
}

// rfc5424 reads what follows the version: STAMP HOST APP PROCID MSGID DATA TEXT.
func (f *Framer) rfc5424(b []byte, l *Line) (ok bool) {
	if l.Unix, b, ok = f.clock.iso(b); !ok || len(b) == 0 || b[0] != ' ' {
		return false
	}
	b = b[1:]
	var fields [4][]byte // host, program, process, message id
	for i := range fields {
		if fields[i], b, ok = bytes.Cut(b, []byte(" ")); !ok {
			return false
		}
	}
	l.Host, l.Program, l.PID = fields[0], fields[1], fields[2]
	l.Text, ok = pastData(b)
	return ok && l.named()
}

// pastData is what stands behind structured data (RFC 5424 6.3): "-", or elements in brackets whose values are quoted.
func pastData(b []byte) ([]byte, bool) {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '"':
			quoted = !quoted
		case b[i] == '\\' && quoted:
			i++
		case b[i] == ' ' && !quoted && i > 0 && (b[i-1] == ']' || i == 1 && b[0] == '-'):
			return bytes.TrimPrefix(b[i+1:], []byte("\ufeff")), true
		}
	}
	return nil, false
}

// journalLine is what counts of a line of journalctl -o json. A field that is not UTF-8 is an array of octets, and one
// that is there more than once an array of texts.
type journalLine struct {
	Time       string          `json:"__REALTIME_TIMESTAMP"`
	Host       string          `json:"_HOSTNAME"`
	Identifier string          `json:"SYSLOG_IDENTIFIER"`
	SyslogPID  string          `json:"SYSLOG_PID"`
	PID        string          `json:"_PID"`
	Message    json.RawMessage `json:"MESSAGE"`
}

// json reads a line of journalctl -o json.
func (f *Framer) json(b []byte, l *Line) bool {
	f.journal = journalLine{}
	if err := json.Unmarshal(b, &f.journal); err != nil {
		return false
	}
	micro, err := strconv.ParseInt(f.journal.Time, 10, 64)
	if err != nil || micro <= 0 {
		return false
	}
	var text string
	if json.Unmarshal(f.journal.Message, &text) != nil {
		var octets []byte
		var numbers []uint8Number
		if json.Unmarshal(f.journal.Message, &numbers) != nil {
			return false
		}
		for _, n := range numbers {
			octets = append(octets, byte(n))
		}
		text = string(octets)
	}
	pid := f.journal.SyslogPID
	if pid == "" {
		pid = f.journal.PID
	}
	l.Unix, l.Host, l.Program = micro/1e6, []byte(f.journal.Host), []byte(f.journal.Identifier)
	l.PID, l.Text = []byte(pid), []byte(text)
	return l.named()
}

// uint8Number is an octet in an array: encoding/json would take []byte for base64.
type uint8Number uint8
