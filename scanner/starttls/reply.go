package starttls

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// A badReply is why what came is no SMTP reply, or none that we read to its end.
type badReply struct {
	reason Reason // ReplyTooLong or ReplyMalformed
	text   string
}

func (e *badReply) Error() string { return e.text }

// A replyReader reads the replies of one session. It is the only reader of them, before TLS and inside it, so that
// there is one idea of where a line ends: at LF. The CRs before it are dropped, as Postfix does (smtp_stream.c); a lone
// CR is text like any other.
type replyReader struct {
	br   *bufio.Reader
	left int // octets of replies that the session may still take
}

func newReplyReader(r io.Reader) *replyReader {
	return &replyReader{br: bufio.NewReaderSize(r, maxLine), left: maxReplies}
}

// reset goes on with another stream, within the same caps. What is buffered is dropped.
func (r *replyReader) reset(stream io.Reader) { r.br.Reset(stream) }

// buffered is what came behind the last reply, as far as it has been read from the connection.
func (r *replyReader) buffered() []byte {
	rest, _ := r.br.Peek(r.br.Buffered())
	return rest
}

// read is the next reply (RFC 5321 4.2). With an error, of type *badReply or the connection's, the code is 0 and the
// lines are those that came, the last one perhaps in part.
func (r *replyReader) read() (Reply, error) {
	var reply Reply
	var code int
	for {
		line, err := r.line()
		if err == nil && len(reply.Lines) == maxLines {
			err = &badReply{ReplyTooLong, fmt.Sprintf("a reply of more than %d lines", maxLines)}
		} else if err == nil || line != "" {
			reply.Lines = append(reply.Lines, line)
		}
		if err != nil {
			return reply, err
		}
		n, more, ok := splitCode(line)
		if !ok {
			return reply, &badReply{ReplyMalformed, "not a reply line: " + clip(line)}
		}
		if code != 0 && n != code {
			return reply, &badReply{ReplyMalformed, fmt.Sprintf("codes %d and %d in one reply", code, n)}
		}
		if code = n; !more {
			reply.Code = code
			return reply, nil
		}
	}
}

// line is the next line without its end; with an error, what there is of it.
func (r *replyReader) line() (string, error) {
	raw, err := r.br.ReadSlice('\n')
	r.left -= len(raw)
	switch {
	case err == bufio.ErrBufferFull:
		err = &badReply{ReplyTooLong, fmt.Sprintf("a line of more than %d octets", maxLine)}
	case r.left < 0:
		err = &badReply{ReplyTooLong, fmt.Sprintf("more than %d octets of replies", maxReplies)}
	}
	return string(bytes.TrimRight(raw, "\r\n")), err
}

// splitCode reads the code of a reply line: three digits, then a blank, "-" for more to come, or the end
// (RFC 5321 4.2: receivers accept a code without text).
func splitCode(line string) (code int, more, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !digit(line[1]) || !digit(line[2]) {
		return 0, false, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return code, false, true
	}
	return code, line[3] == '-', line[3] == '-' || line[3] == ' '
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// class is the first digit of the code (RFC 5321 4.2.1); 0 without a code.
func (r Reply) class() int { return r.Code / 100 }

// text is the reply in one line, clipped: its code and the text of its lines.
func (r Reply) text() string {
	if len(r.Lines) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(r.Lines[0])
	for _, line := range r.Lines[1:] {
		if b.Len() > maxText {
			break
		}
		b.WriteByte(' ')
		b.WriteString(textOf(line))
	}
	return clip(b.String())
}

// textOf is a reply line without its code and separator.
func textOf(line string) string { return line[min(4, len(line)):] }

// clip bounds a text that a server sent.
func clip(s string) string {
	if len(s) > maxText {
		return s[:maxText] + "..."
	}
	return s
}

// capabilities are the lines of an EHLO reply but the first, which is a greeting and no keyword (RFC 5321 4.1.1.1).
func (r Reply) capabilities() []string {
	var keywords []string
	for _, line := range r.Lines[1:] {
		if text := textOf(line); text != "" {
			keywords = append(keywords, text)
		}
	}
	return keywords
}

// offers reports whether STARTTLS is among the capabilities: the first word, in any case. Words end where Postfix
// ends them (smtp_proto.c), so "=" ends one too.
func offers(capabilities []string) bool {
	const starttls = "STARTTLS"
	for _, c := range capabilities {
		// The length keeps out what folds to it from beyond ASCII (U+017F).
		if word := keyword(c); len(word) == len(starttls) && strings.EqualFold(word, starttls) {
			return true
		}
	}
	return false
}

func keyword(capability string) string {
	word := strings.TrimLeft(capability, " \t=")
	if end := strings.IndexAny(word, " \t="); end >= 0 {
		word = word[:end]
	}
	return word
}
