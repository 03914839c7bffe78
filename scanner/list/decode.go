package list

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// decode is src as UTF-8 without a byte-order mark; without a mark it is taken as it is. Spreadsheets save UTF-16.
func decode(src io.Reader) io.Reader {
	buf := bufio.NewReader(src)
	head, _ := buf.Peek(3) // an error comes again with the first Read
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = buf.Discard(3) // they are in the buffer
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		_, _ = buf.Discard(2)
		return bufio.NewReader(&utf16Reader{src: buf, order: binary.LittleEndian})
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		_, _ = buf.Discard(2)
		return bufio.NewReader(&utf16Reader{src: buf, order: binary.BigEndian})
	}
	return buf
}

// utf16Reader decodes UTF-16; lone surrogates and a last odd octet become U+FFFD, which no domain has.
type utf16Reader struct {
	src   *bufio.Reader
	order binary.ByteOrder
}

// Read decodes what is buffered. It is for a bufio.Reader, which never asks for less than a rune.
func (u *utf16Reader) Read(p []byte) (n int, err error) {
	for n == 0 || u.src.Buffered() >= 4 && len(p)-n >= utf8.UTFMax {
		r, err := u.rune()
		if err != nil {
			return n, err
		}
		n += utf8.EncodeRune(p[n:], r)
	}
	return n, nil
}

func (u *utf16Reader) rune() (rune, error) {
	r, err := u.unit()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	low, err := u.src.Peek(2)
	if err == io.EOF {
		return utf8.RuneError, nil
	} else if err != nil {
		return 0, err
	}
	pair := utf16.DecodeRune(r, rune(u.order.Uint16(low)))
	if pair != utf8.RuneError {
		_, _ = u.src.Discard(2)
	}
	return pair, nil
}

// unit is the next 16 bits; the error is io.EOF only between two of them.
func (u *utf16Reader) unit() (rune, error) {
	var two [2]byte
	switch n, err := io.ReadFull(u.src, two[:]); {
	case n == 1 && err == io.ErrUnexpectedEOF:
		return utf8.RuneError, nil
	case err != nil:
		return 0, err
	}
	return rune(u.order.Uint16(two[:])), nil
}
