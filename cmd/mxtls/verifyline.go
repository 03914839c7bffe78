package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"mxtls/scanner"
	"mxtls/scanner/postfix"
)

// maxBatchLine bounds a line: a chain of 256 KiB and a bundle as large as Mozilla's, both in PEM.
const maxBatchLine = 2 << 20

// pemMark is what tells PEM from the name of a file.
const pemMark = "-----BEGIN "

// batchLine is a line of a batch.
type batchLine struct {
	Chain   json.RawMessage `json:"chain"`    // a string of PEM, the name of a file, or an array of base64 (DER)
	Names   []string        `json:"names"`    // of the server
	NextHop string          `json:"next_hop"` // mail domain
	CA      string          `json:"ca"`       // the name of a file, or PEM; "" = as the flags say
	TLSA    []string        `json:"tlsa"`     // missing or null = not known, [] = there are none
	At      string          `json:"at"`       // "" = as the flags say
	Level   string          `json:"level"`    // likewise
}

// parseBatchLine reads a line. A field that nobody knows is an error: it would be a wish that is passed over.
func parseBatchLine(line []byte) (*batchLine, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	l := &batchLine{}
	if err := d.Decode(l); err != nil {
		return nil, inJSON(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is something behind the object")
	}
	if string(bytes.TrimSpace(line)) == "null" {
		return nil, errors.New("null is no object")
	}
	return l, nil
}

// inJSON words an error of encoding/json for whoever wrote the line.
func inJSON(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field == "" {
			return fmt.Errorf("the line is no object but a JSON %s", wrong.Value)
		}
		return fmt.Errorf("%s: a JSON %s has no place there", wrong.Field, wrong.Value)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON breaks off")
	}
	return fmt.Errorf("the line is no JSON object of this kind: %s", strings.TrimPrefix(err.Error(), "json: "))
}

// parse makes a case of the line, with what the flags say for all lines.
func (l *batchLine) parse(f *verifyFlags) (*scanner.Case, error) {
	q := question{names: l.Names, nextHop: l.NextHop, tlsa: l.TLSA, level: f.level}
	if l.Level != "" {
		if err := (levelValue{&q.level}).UnmarshalText([]byte(l.Level)); err != nil {
			return nil, fmt.Errorf("level: %w", err)
		}
	}
	switch {
	case len(l.Names) > 0:
	case q.level != postfix.LevelUnknown:
		return nil, errors.New("level: it needs the server's name, in names")
	case len(l.TLSA) > 0:
		return nil, errors.New("tlsa: it needs the name that has the record, in names")
	}
	c, err := q.parse("")
	if err != nil {
		return nil, err
	}
	if c.Chain, err = l.chain(); err != nil {
		return nil, fmt.Errorf("chain: %w", err)
	}
	return c, nil
}

// chain is the chain in one of its three forms.
func (l *batchLine) chain() ([][]byte, error) {
	var list [][]byte
	if json.Unmarshal(l.Chain, &list) == nil && l.Chain[0] == '[' {
		for i, cert := range list {
			if len(cert) == 0 {
				return nil, fmt.Errorf("certificate %d is empty", i+1)
			}
		}
		return list, nil
	}
	var text string
	if err := json.Unmarshal(l.Chain, &text); err != nil || text == "" {
		return nil, errors.New("PEM, the name of a file or an array of certificates in base64 is wanted")
	}
	if strings.Contains(text, pemMark) {
		return parseChain([]byte(text))
	}
	return readChain(text)
}

// readChain reads the chain in a file.
func readChain(path string) ([][]byte, error) {
	if err := regular(path); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxChainFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxChainFile:
		return nil, fmt.Errorf("%s: more than %d octets", path, maxChainFile)
	}
	chain, err := parseChain(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return chain, nil
}

// regular refuses what is no file: a pipe would keep the batch waiting, a device has no end.
func regular(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", path, cause(err))
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", path)
	}
	return nil
}

// errLongLine is a line over the limit.
var errLongLine = fmt.Errorf("the line has more than %d octets", maxBatchLine)

// batchLines reads lines that end in LF; the last one need not.
type batchLines struct {
	in     *bufio.Reader
	number int
}

func newBatchLines(r io.Reader) *batchLines { return &batchLines{in: bufio.NewReaderSize(r, 64<<10)} }

// next is the next line that is not blank, and its number from 1. Of one over the limit only the error comes,
// errLongLine, and the next call goes on behind it; any other error ends the lines, io.EOF at their end.
func (b *batchLines) next() (number int, line []byte, err error) {
	for {
		b.number++
		line, err := b.read()
		if err != nil || len(bytes.TrimSpace(line)) > 0 {
			return b.number, line, err
		}
	}
}

// read reads up to the next LF, or the end.
func (b *batchLines) read() ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := b.in.ReadSlice('\n')
		if long = long || len(line)+len(part) > maxBatchLine; !long {
			line = append(line, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err != nil && (err != io.EOF || len(line) == 0 && !long):
			return nil, err
		case long:
			return nil, errLongLine
		}
		return line, nil
	}
}
