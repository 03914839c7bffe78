package maillog

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

const (
	// maxLine is more than any mail server writes in a line: Postfix cuts texts at 2,000 octets, syslogd at 8 KiB.
	maxLine = 64 << 10
	// readAhead is a reader's buffer: few system calls for a large log, and it stays in a processor's second cache.
	readAhead = 256 << 10
	// headAhead is the buffer that a stream's first octets are looked at in. What is read into more room than that
	// passes it by.
	headAhead = 32 << 10
	// zstdWindow bounds the memory that a compressed log may ask for.
	zstdWindow = 128 << 20
)

// Plain is a reader of r's text: unpacked where r begins as gzip (RFC 1952), zstd (RFC 8878) or xz do. The error is r's,
// or that of a compressed head that is damaged. Close ends what unpacks; it does not close r.
func Plain(r io.Reader) (io.ReadCloser, error) {
	in := bufio.NewReaderSize(r, headAhead)
	head, err := in.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		return z, nil
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return z.IOReadCloser(), nil
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		z, err := xz.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("xz: %w", err)
		}
		return io.NopCloser(z), nil
	}
	return io.NopCloser(in), nil
}

// LineReader cuts a stream into lines.
type LineReader struct {
	r       io.Reader
	buf     []byte
	from    int // of the first octet that was not given out
	to      int
	skip    bool // the rest of a line that is too long is still to come
	TooLong int  // lines that were passed over
}

// NewLineReader is a LineReader of r.
func NewLineReader(r io.Reader) *LineReader { return &LineReader{r: r, buf: make([]byte, readAhead)} }

// Next is the next line without its line feed, good until the next call. At the end of the stream it is io.EOF; what
// came without a line feed stays for a later call, which a stream that grows may answer (see Rest).
func (l *LineReader) Next() ([]byte, error) {
	for {
		if line, ok := l.buffered(); ok {
			return line, nil
		}
		if err := l.fill(l.buf); err != nil {
			return nil, err
		}
	}
}

// buffered is the next of the lines that were read already, good until the next fill.
func (l *LineReader) buffered() (line []byte, ok bool) {
	for {
		i := bytes.IndexByte(l.buf[l.from:l.to], '\n')
		if i < 0 {
			return nil, false
		}
		line := l.buf[l.from : l.from+i]
		l.from += i + 1
		switch {
		case l.skip:
			l.skip = false
		case len(line) > maxLine:
			l.TooLong++
		default:
			return line, true
		}
	}
}

// fill reads more, behind what is left, into buf, of readAhead octets: the same buffer as before, or another one, and
// then the lines given out stay good. Like bufio it gives up on a reader that again and again returns nothing.
func (l *LineReader) fill(buf []byte) error {
	if l.to-l.from > maxLine {
		if !l.skip {
			l.TooLong++
		}
		l.skip, l.from = true, l.to
	}
	l.to = copy(buf, l.buf[l.from:l.to])
	l.buf, l.from = buf, 0
	for range 100 {
		n, err := l.r.Read(l.buf[l.to:])
		l.to += n
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// Rest is a last line that has no line feed; nil where there is none.
func (l *LineReader) Rest() []byte {
	if l.skip || l.from == l.to {
		return nil
	}
	line := l.buf[l.from:l.to]
	l.from = l.to
	return line
}
