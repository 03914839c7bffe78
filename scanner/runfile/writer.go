package runfile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"io"
	"net/netip"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/klauspost/compress/zstd"

	"mxtls/scanner"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

const (
	bufferSize = 64 << 10
	flushAfter = 100 * time.Millisecond // what a crash may cost, in time
	flushEach  = 64                     // and in results
	zstdWindow = 1 << 20                // of which the writer holds a few; servers repeat themselves within it
)

// castagnoli is the polynomial of the checksum over all lines, which processors know.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Writer writes one run. It is for one goroutine. An error is the file's own and ends the writing. What was added is in
// the file a tenth of a second later at the latest, also where nothing follows.
type Writer struct {
	mu      sync.Mutex    // between the goroutine that adds and the timer's
	zip     *zstd.Encoder // nil = plain
	out     *bufio.Writer
	line    bytes.Buffer
	flushed time.Time
	waiting int         // results since then
	late    *time.Timer // flushes them
	failed  error       // what came of that
	results int         // so far
	sum     uint32      // of the lines so far

	hosts        *dictionary[[sha256.Size]byte]
	sessions     *dictionary[sessionKey]
	certificates *dictionary[[sha256.Size]byte]
	numbers      uint64 // given to hosts and sessions
}

// sessionKey is what one session is known by. One that never began has no time, but a reason for that.
type sessionKey struct {
	addr    netip.AddrPort
	ask     starttls.Ask
	started int64
	why     string
}

// NewWriter begins a run's file and writes its first line.
func NewWriter(file io.Writer, compress bool, h Head) (*Writer, error) {
	w := &Writer{
		flushed: time.Now(),
		hosts:   newDictionary[[sha256.Size]byte](keptHosts), sessions: newDictionary[sessionKey](keptSessions),
		certificates: newDictionary[[sha256.Size]byte](keptCertificates),
	}
	if compress {
		zip, err := zstd.NewWriter(file, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow))
		if err != nil {
			return nil, err
		}
		w.zip, file = zip, zip
	}
	w.out = bufio.NewWriterSize(file, bufferSize)
	w.late = time.AfterFunc(time.Hour, w.flushLate)
	w.late.Stop()
	record := runRecord{
		Type: typeRun, SchemaVersion: SchemaVersion, Program: program, Version: h.Version, Started: h.Started.UTC(), At: h.At.UTC(),
		Resolvers: h.Resolvers, Validating: h.Validating, EHLO: h.EHLO, Port: h.Port, Limits: h.Limits, Roots: h.Roots,
		AsPostfix: h.AsPostfix, Hello: h.Hello, MXOnly: h.MXOnly, Shard: h.Shard,
	}
	if _, err := w.write(record); err != nil {
		return nil, err
	}
	return w, w.Flush()
}

// Add writes one result. What is judgement in it is left out.
func (w *Writer) Add(group string, r *scanner.Result) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return w.failed
	}
	d := domainOf(group, r)
	if r.Invalid == nil {
		var err error
		if d.Hosts, err = w.hostsOf(&r.Facts); err != nil {
			return err
		}
		if sts := r.Facts.STS; sts != nil && sts.Fetch == nil {
			d.NoSTS = absenceOf(&sts.Record)
		}
		if d.NoSTS == "" {
			d.STS = stsOf(r.Facts.STS, w.referring(&err))
		}
		if err != nil {
			return err
		}
	}
	_, d.Forget.Hosts = w.hosts.shrink()
	_, d.Forget.Sessions = w.sessions.shrink()
	sums, _ := w.certificates.shrink()
	for _, sum := range sums {
		d.Forget.Certificates = append(d.Forget.Certificates, hex.EncodeToString(sum[:]))
	}
	if _, err := w.write(d); err != nil {
		return err
	}
	w.results++
	w.waiting++
	since := time.Since(w.flushed)
	switch {
	case w.waiting >= flushEach || since >= flushAfter:
		return w.flush()
	case w.waiting == 1:
		w.late.Reset(flushAfter - since)
	}
	return nil
}

// End writes the last line and all that is still in memory. The file is the caller's to close.
func (w *Writer) End(t Tail) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return w.failed
	}
	if _, err := w.write(endRecord{typeEnd, &w.results, &w.sum, t}); err != nil {
		return err
	}
	if err := w.flush(); err != nil {
		return err
	}
	if w.zip != nil {
		return w.zip.Close()
	}
	return nil
}

// Flush hands all that was written over to the file.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return w.failed
	}
	return w.flush()
}

// flushLate is the timer's.
func (w *Writer) flushLate() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting > 0 && w.failed == nil {
		w.failed = w.flush()
	}
}

func (w *Writer) flush() error {
	w.late.Stop()
	w.flushed, w.waiting = time.Now(), 0
	if err := w.out.Flush(); err != nil {
		return err
	}
	if w.zip != nil {
		return w.zip.Flush()
	}
	return nil
}

// hostsOf is the number of a domain's hosts; their line is written before the first use of that. They are the same where
// their lines are.
func (w *Writer) hostsOf(f *verdict.Facts) (uint64, error) {
	record := hostsRecord{Type: typeHosts, MX: mxOf(&f.MX)}
	tlsa := tlsaByHost(f.Servers)
	for i := range record.MX.Hosts {
		record.MX.Hosts[i].TLSA = tlsa[record.MX.Hosts[i].Name]
	}
	for i := range f.Servers {
		if !f.Servers[i].Addr.IsValid() {
			continue
		}
		var numbers [4]uint64
		for k, ses := range f.Servers[i].Sessions() {
			var err error
			if numbers[k], err = w.session(ses); err != nil {
				return 0, err
			}
		}
		record.Sessions = append(record.Sessions, shownRecord{numbers[0], numbers[1], numbers[2], numbers[3]})
	}
	if err := w.encode(record); err != nil {
		return 0, err
	}
	key := sha256.Sum256(w.line.Bytes())
	if number, known := w.hosts.number(key); known {
		return number, nil
	}
	w.numbers++
	record.Number = w.numbers
	octets, err := w.write(record)
	w.hosts.add(key, record.Number, octets+held)
	return record.Number, err
}

// session is a session's number, 0 for none; its line is written before the first use of that.
func (w *Writer) session(ses *starttls.Session) (uint64, error) {
	if ses == nil {
		return 0, nil
	}
	key := sessionKey{addr: ses.Addr, ask: ses.Ask}
	if !ses.Started.IsZero() {
		key.started = ses.Started.UnixNano()
	} else if ses.Err != nil {
		key.why = ses.Err.Error()
	}
	if number, known := w.sessions.number(key); known {
		return number, nil
	}
	w.numbers++
	var err error
	record := sessionOf(ses, w.referring(&err))
	if err != nil {
		return 0, err
	}
	record.Session = w.numbers
	octets, err := w.write(record)
	w.sessions.add(key, record.Session, octets+held)
	return record.Session, err
}

// referring is refer with its first error put aside.
func (w *Writer) referring(first *error) func([][]byte) []string {
	return func(chain [][]byte) []string {
		refs, err := w.refer(chain)
		if *first == nil {
			*first = err
		}
		return refs
	}
}

// refer writes the certificates of a chain that are not in the file, or no longer known from it.
func (w *Writer) refer(chain [][]byte) ([]string, error) {
	var refs []string
	for _, der := range chain {
		sum := sha256.Sum256(der)
		ref := hex.EncodeToString(sum[:])
		refs = append(refs, ref)
		if _, known := w.certificates.number(sum); known {
			continue
		}
		octets, err := w.write(certificateRecord{typeCertificate, ref, der})
		if err != nil {
			return nil, err
		}
		w.certificates.add(sum, 0, octets)
	}
	return refs, nil
}

// write appends one line and says how long it is.
func (w *Writer) write(record any) (octets int, err error) {
	if err := w.encode(record); err != nil {
		return 0, err
	}
	w.sum = crc32.Update(w.sum, castagnoli, w.line.Bytes())
	return w.out.Write(w.line.Bytes())
}

// encode makes a record the line.
func (w *Writer) encode(record any) error {
	w.line.Reset()
	if err := json.MarshalWrite(&w.line, record, form); err != nil {
		return err
	}
	return w.line.WriteByte('\n')
}
