package runfile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"
)

const (
	// program is what tells a saved run from others' files.
	program = "mxtls"
	// maxLine is above any line that a Writer writes: a chain of 256 KiB in base64, or 64 KiB of replies in it.
	maxLine = 4 << 20
	// maxHosts bounds the hosts of one line and their addresses: each domain that refers to them makes servers of them.
	// It bounds the misplaced records of a domain too, since each is a finding.
	maxHosts = 1000
	// maxMemory bounds what a compressed file may make the reader allocate for its window.
	maxMemory = 64 << 20
)

// zstdMagic are a compressed file's first octets (RFC 8878 3.1.1).
var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// Reader reads one run. It is for one goroutine.
type Reader struct {
	head Head
	tail *Tail

	in   *bufio.Reader
	zip  *zstd.Decoder // nil = plain
	line int
	buf  []byte

	connections int
	octets      int64  // of the lines so far
	before, sum uint32 // of the lines before the last one, and with it
	order       order

	hosts        map[uint64]*hosts
	sessions     map[uint64]*heldSession
	certificates map[string][]byte
	absences     absences
	held, limit  int // octets that they take

	domainLine domainRecord // here so that they are not allocated for each
	saved      Saved
}

// NewReader reads the first line of a run's file. The error is ErrEmpty, ErrForeign, ErrNewer, an *Error about a line,
// or the file's own. Close it after use.
func NewReader(file io.Reader) (*Reader, error) {
	r := &Reader{
		in:    bufio.NewReaderSize(file, bufferSize),
		hosts: map[uint64]*hosts{}, sessions: map[uint64]*heldSession{}, certificates: map[string][]byte{},
		absences: absences{}, limit: maxHeld,
	}
	if start, _ := r.in.Peek(len(zstdMagic)); bytes.Equal(start, zstdMagic) {
		zip, err := zstd.NewReader(r.in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxMemory))
		if err != nil {
			return nil, err
		}
		r.zip, r.in = zip, bufio.NewReaderSize(zip, bufferSize)
	}
	if err := r.readHead(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) readHead() error {
	line, err := r.next()
	switch {
	case errors.Is(err, io.EOF) && len(r.buf) == 0:
		return ErrEmpty
	case errors.Is(err, io.EOF):
		return ErrForeign
	case err != nil:
		if bad, ok := errors.AsType[*Error](err); ok && errors.Is(bad.Err, errLongLine) {
			return ErrForeign
		}
		return err
	}
	var kind struct {
		Type          string `json:"type"`
		Program       string `json:"program"`
		SchemaVersion int    `json:"schema_version"`
	}
	if json.Unmarshal(line, &kind, form) != nil || kind.Type != typeRun || kind.Program != program {
		return ErrForeign
	}
	if kind.SchemaVersion > SchemaVersion {
		return ErrNewer
	}
	var h runRecord
	if err := json.Unmarshal(line, &h, form); err != nil {
		return &Error{r.line, plain(err)}
	}
	r.head = Head{
		Version: h.Version, Started: h.Started, At: h.At, Resolvers: h.Resolvers, Validating: h.Validating, EHLO: h.EHLO,
		Port: h.Port, Limits: h.Limits, Roots: h.Roots, AsPostfix: h.AsPostfix, Hello: h.Hello, MXOnly: h.MXOnly, Shard: h.Shard,
	}
	return nil
}

// Head is what the first line says.
func (r *Reader) Head() Head { return r.head }

// Tail is what the last line says, known once Results is through; nil where the run was cut off before it.
func (r *Reader) Tail() *Tail { return r.tail }

// Connections is how many connections the sessions took that were read so far.
func (r *Reader) Connections() int { return r.connections }

// Octets is how many octets the lines have that were read so far.
func (r *Reader) Octets() int64 { return r.octets }

// Close releases what decompression holds.
func (r *Reader) Close() {
	if r.zip != nil {
		r.zip.Close()
	}
}

// Results are the results as they were written, in order, facts alone, which those with the same mail hosts share: their
// Facts.Servers are one slice, for nobody to change. An error is the last pair: an *Error about a
// line, or the file's own. That the file ends without its last line is none; see Tail.
func (r *Reader) Results() iter.Seq2[Saved, error] {
	return func(yield func(Saved, error) bool) {
		for r.tail == nil {
			line, err := r.next()
			if errors.Is(err, io.EOF) {
				return
			}
			var saved *Saved
			if err == nil {
				saved, err = r.record(line)
			}
			if err != nil {
				yield(Saved{}, err)
				return
			}
			if saved != nil && !yield(*saved, nil) {
				return
			}
		}
		switch _, err := r.next(); { // to the very end: there is the checksum of what is compressed
		case err == nil:
			yield(Saved{}, &Error{r.line, errors.New("the run ended on the line before, and here is more")})
		case !errors.Is(err, io.EOF):
			yield(Saved{}, err)
		}
	}
}

var errLongLine = fmt.Errorf("the line is longer than %d MiB", maxLine>>20)

// next is the next whole line. io.EOF stands for the end of what was written whole, wherever it breaks off.
func (r *Reader) next() ([]byte, error) {
	r.buf = r.buf[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		r.buf = append(r.buf, part...)
		switch {
		case err == nil:
			r.line++
			r.octets += int64(len(r.buf))
			r.before, r.sum = r.sum, crc32.Update(r.sum, castagnoli, r.buf)
			return r.buf, nil
		case len(r.buf) > maxLine:
			return nil, &Error{r.line + 1, errLongLine}
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF), r.zip != nil && errors.Is(err, io.ErrUnexpectedEOF):
			return nil, io.EOF
		case r.zip != nil:
			return nil, &Error{r.line + 1, fmt.Errorf("decompressing: %w", err)}
		default:
			return nil, err
		}
	}
}

// record takes a line in. It is a result where the line is a domain's, until the next is read.
func (r *Reader) record(line []byte) (*Saved, error) {
	var saved *Saved
	kind, err := typeOf(line)
	if err == nil {
		switch string(kind) {
		case typeCertificate:
			err = r.certificate(line)
		case typeSession:
			err = r.session(line)
		case typeHosts:
			err = r.mailHosts(line)
		case typeDomain:
			saved, err = r.domain(line)
		case typeEnd:
			err = r.end(line)
		case typeRun:
			err = errors.New("another run begins here")
		default: // what is added within a version are fields
			err = fmt.Errorf("there is no line of type %.32q: the file is damaged", kind)
		}
	}
	if err != nil {
		return nil, &Error{r.line, plain(err)}
	}
	return saved, nil
}

// plain is an error without the words in which JSON's library speaks of Go.
func plain(err error) error {
	if bad, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return errors.New("it is no JSON: " + strings.TrimPrefix(bad.Error(), "jsontext: "))
	}
	bad, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return err
	}
	cause := bad.Err
	if cause == nil { // the library's own text is not the same in each process
		cause = fmt.Errorf("a JSON %s has no place here", bad.JSONKind)
	}
	if at := strings.Trim(string(bad.JSONPointer), "/"); at != "" {
		return fmt.Errorf("%s: %w", at, cause)
	}
	return cause
}

// typeOf is a line's type, read without the rest where it stands first, as a Writer has it.
func typeOf(line []byte) ([]byte, error) {
	if rest, ok := bytes.CutPrefix(line, []byte(`{"type":"`)); ok {
		if kind, _, ok := bytes.Cut(rest, []byte(`"`)); ok {
			return kind, nil
		}
	}
	var t struct {
		Type string `json:"type"`
	}
	err := json.Unmarshal(line, &t, form)
	return []byte(t.Type), err
}

func (r *Reader) certificate(line []byte) error {
	var c certificateRecord
	if err := json.Unmarshal(line, &c, form); err != nil {
		return err
	}
	if sum := sha256.Sum256(c.DER); hex.EncodeToString(sum[:]) != c.SHA256 {
		return fmt.Errorf("the certificate is not the one with SHA-256 %.64q", c.SHA256)
	}
	if _, known := r.certificates[c.SHA256]; known {
		return nil
	}
	r.certificates[c.SHA256] = c.DER
	return r.hold(len(c.DER) + takesCertificate)
}

func (r *Reader) session(line []byte) error {
	var s sessionRecord
	if err := json.Unmarshal(line, &s, form); err != nil {
		return err
	}
	ses, err := s.session(r.chain)
	if err != nil {
		return err
	}
	if _, known := r.sessions[s.Session]; known || s.Session == 0 {
		return fmt.Errorf("number %d is no new session's", s.Session)
	}
	octets := len(line) + s.takes()
	r.sessions[s.Session] = &heldSession{ses, octets}
	r.connections += ses.Connections
	return r.hold(octets)
}

func (r *Reader) chain(refs []string) ([][]byte, error) {
	if refs == nil {
		return nil, nil
	}
	chain := make([][]byte, len(refs))
	for i, ref := range refs {
		der, ok := r.certificates[ref]
		if !ok {
			return nil, fmt.Errorf("the certificate with SHA-256 %.64q is not in the file", ref)
		}
		chain[i] = der
	}
	return chain, nil
}

func (r *Reader) domain(line []byte) (*Saved, error) {
	d := &r.domainLine
	*d = domainRecord{}
	if err := json.Unmarshal(line, d, form); err != nil {
		return nil, err
	}
	if len(d.Misplaced) > maxHosts {
		return nil, fmt.Errorf("%d TLSA records of one domain are misplaced", len(d.Misplaced))
	}
	err := r.order.add(d.Index)
	if err != nil {
		return nil, err
	}
	if r.saved.Result, err = d.result(r.absences); err != nil {
		return nil, err
	}
	r.saved.Group = decoded(d.Group, d.GroupOctets)
	if result := &r.saved.Result; result.Invalid == nil {
		if err := r.serve(result, d.Hosts); err != nil {
			return nil, err
		}
		if d.STS != nil {
			if result.Facts.STS, err = d.STS.facts(r.chain); err != nil {
				return nil, err
			}
		}
	}
	r.forget(&d.Forget)
	return &r.saved, nil
}
