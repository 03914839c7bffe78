package pkix

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mxtls/scanner/internal/enum"
)

// Limits of a bundle. Mozilla's has 0.2 MB and some 140 roots.
const (
	maxBundle   = 64 << 20 // octets of a file, and of all files of a directory
	maxBlocks   = 100_000  // PEM blocks of a file: 64 MiB of the smallest certificates are about as many
	maxFiles    = 20_000   // entries looked at in a directory
	maxWarnings = 100      // of a file; more say nothing new
	maxCopies   = 1000     // noted of certificates that stand twice
	maxLabels   = 8        // PEM labels named in an error
)

// Source is where a bundle came from.
type Source uint8

// Sources.
const (
	SourceUnknown Source = iota
	File
	Directory
	Embedded
)

var sourceWords = enum.Words{"unknown", "file", "directory", "embedded"}

func (s Source) String() string               { return enum.String("root source", sourceWords, s) }
func (s Source) MarshalText() ([]byte, error) { return enum.Marshal("root source", sourceWords, s) }
func (s *Source) UnmarshalText(t []byte) error {
	return enum.Unmarshal("root source", sourceWords, s, t)
}

// A Bundle is a set of root certificates. It is not changed after it was loaded.
type Bundle struct {
	From     Source
	Path     string    // the file or directory; for Embedded the Go module and its version
	Date     time.Time // of the file, of a directory's newest certificate file, of the module; zero when unknown
	Roots    int       // different root certificates
	Others   int       // certificates that are no roots: they help to build paths and end none, as in OpenSSL
	SHA256   string    // over the roots' SHA-256 fingerprints (32 octets each), sorted: equal for equal sets; hex
	Warnings []Warning // what was left out and why
	TLSOff   string    // why Postfix cannot load this as CAfile, and then has no TLS for any mail; "" when it can

	roots   []*certificate
	anchors map[string][]*anchor                         // roots and others by their subject, in the order of the files
	limits  map[[32]byte]func([]*x509.Certificate) error // by fingerprint: Mozilla's distrust-after dates
	seen    map[[32]byte]*anchor
	order   []*anchor         // all of anchors, in the order of the files
	linked  map[[32]byte]bool // of a directory: what hash links lead to
	copies  []anchor          // certificates that stand twice in one file, from the second on, without their content
	pool    *x509.CertPool    // roots that crypto/x509 can read, with their limits
	helpers *x509.CertPool    // others that it can read
}

// Load reads a PEM file of root certificates, as smtp_tls_CAfile does. The error is an fs.PathError, or says what was
// found instead of a root. A certificate that did not issue itself is no root (OpenSSL without -partial_chain).
func Load(file string) (*Bundle, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return load(f, file)
}

// load reads the bundle in an open file.
func load(f fs.File, name string) (*Bundle, error) {
	data, date, err := read(f, name, maxBundle)
	if err != nil {
		return nil, err
	}
	b, err := Parse(name, data)
	if err != nil {
		return nil, err
	}
	b.Date = date
	return b, nil
}

// Parse reads a bundle from PEM text that is called name in what is said of it. Its Date is unknown.
func Parse(name string, data []byte) (*Bundle, error) {
	b := newBundle(File, name)
	p, err := parsePEM(name, data)
	if err != nil {
		return nil, err
	}
	if len(p.anchors) == 0 {
		return nil, fmt.Errorf("%s: no certificate: %s", name, p.found(data))
	}
	b.take(p)
	b.TLSOff = p.broken
	return b.seal()
}

// LoadDir reads a directory of root certificates: hash links (0a1b2c3d.0), *.pem and *.crt. smtp_tls_CApath follows the
// hash links alone; a directory without any gets a warning.
func LoadDir(dir string) (*Bundle, error) { return loadDir(os.DirFS(dir), ".", dir) }

// loadDir reads the directory dir of fsys and calls it name.
func loadDir(fsys fs.FS, dir, name string) (*Bundle, error) {
	b, files, err := readDir(fsys, dir, name)
	if err != nil {
		return nil, err
	}
	if b.Roots+b.Others == 0 {
		return nil, fmt.Errorf("%s: "+noCertificate, name, files)
	}
	return b.seal()
}

// readDir is loadDir for a directory that may hold nothing of use; files counts what is in it.
func readDir(fsys fs.FS, dir, name string) (b *Bundle, files int, err error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, cause(err))
	}
	if len(entries) > maxFiles {
		return nil, 0, fmt.Errorf("%s: more than %d files", name, maxFiles)
	}
	b = newBundle(Directory, name)
	links, err := b.addFiles(fsys, dir, entries, isCertificateFile)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case b.Roots+b.Others == 0:
		b.warn(name, fmt.Sprintf(noCertificate, len(entries)))
	case links == 0:
		b.warn(name, noLinks)
	}
	return b, len(entries), nil
}

// noCertificate is what is wrong with a directory of so many files none of which holds one.
const noCertificate = "no certificate in any of its files (%d)"

// noLinks is what is wrong with a directory that nobody made ready.
const noLinks = "no hash links: OpenSSL and Postfix see nothing here before openssl rehash was run"

// addFiles takes in a directory's files whose names are wanted, and counts the hash links among them.
func (b *Bundle) addFiles(
	fsys fs.FS, dir string, entries []fs.DirEntry, wanted func(string) bool,
) (links int, err error) {
	budget := int64(maxBundle)
	for _, e := range entries {
		if !wanted(e.Name()) {
			continue
		}
		if isHashLink(e.Name()) {
			links++
		}
		n, err := b.addFile(fsys, path.Join(dir, e.Name()), filepath.Join(b.Path, e.Name()), budget)
		if err != nil {
			return links, err
		}
		budget -= n
	}
	return links, nil
}

// isCertificateFile tells the names of files that are looked into.
func isCertificateFile(name string) bool {
	return isHashLink(name) || path.Ext(name) == ".pem" || path.Ext(name) == ".crt"
}

// addFile takes in one file of a directory and returns its size. A file that cannot be read is a warning.
func (b *Bundle) addFile(fsys fs.FS, file, name string, budget int64) (int64, error) {
	info, err := fs.Stat(fsys, file) // follows the hash link
	if err == nil && !info.Mode().IsRegular() {
		return 0, nil // a directory, or a pipe that would never end
	}
	if err != nil {
		b.warn(name, cause(err).Error())
		return 0, nil
	}
	f, err := fsys.Open(file)
	if err != nil {
		b.warn(name, cause(err).Error())
		return 0, nil
	}
	defer f.Close()
	data, date, err := read(f, name, budget)
	if err != nil {
		return 0, err
	}
	p, err := parsePEM(name, data)
	if err != nil {
		return 0, err
	}
	if len(p.anchors) > 0 && date.After(b.Date) {
		b.Date = date
	}
	if isHashLink(path.Base(file)) {
		for _, a := range p.anchors {
			b.linked[a.cert.sum] = true
		}
	}
	b.take(p)
	return int64(len(data)), nil
}

// read reads a file of at most limit octets and its time.
func read(f fs.File, name string, limit int64) ([]byte, time.Time, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, time.Time{}, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, time.Time{}, err
	}
	if int64(len(data)) > limit {
		return nil, time.Time{}, fmt.Errorf("%s: more than %d MiB of certificates", name, maxBundle>>20)
	}
	return data, info.ModTime().UTC(), nil
}

// cause is a file error without its own words on what was tried.
func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// isHashLink tells the names that openssl rehash makes for certificates: eight hexadecimal digits, a point, a number.
func isHashLink(name string) bool {
	hash, number, ok := strings.Cut(name, ".")
	return ok && len(hash) == 8 && strings.Trim(hash, "0123456789abcdef") == "" &&
		number != "" && strings.Trim(number, "0123456789") == ""
}

func newBundle(from Source, name string) *Bundle {
	return &Bundle{From: from, Path: name, seen: map[[32]byte]*anchor{}, anchors: map[string][]*anchor{},
		linked: map[[32]byte]bool{},
		limits: map[[32]byte]func([]*x509.Certificate) error{}, pool: x509.NewCertPool(), helpers: x509.NewCertPool()}
}

// take adds what a file holds.
func (b *Bundle) take(p *pemFile) {
	for _, a := range p.anchors {
		b.add(a, nil)
	}
	for _, w := range p.warnings {
		if len(b.Warnings) < maxWarnings {
			b.Warnings = append(b.Warnings, w)
		}
	}
}

// add takes in a certificate unless it is there already, which is common: a directory has each at least twice. Only
// twice in one file is worth a note.
func (b *Bundle) add(a anchor, limit func([]*x509.Certificate) error) {
	c := a.cert
	if first := b.seen[c.sum]; first != nil {
		if first.path == a.path && len(b.copies) < maxCopies {
			b.copies = append(b.copies, anchor{cert: first.cert, path: a.path, line: a.line, labelled: a.labelled})
		}
		return
	}
	b.seen[c.sum] = &a
	b.order = append(b.order, &a)
	b.anchors[c.subject.canonical] = append(b.anchors[c.subject.canonical], &a)
	switch a.standing() {
	case trustedAnchor:
		b.roots = append(b.roots, c)
		b.Roots++
		b.addTo(b.pool, c, limit)
	case neutralAnchor:
		b.Others++
		b.addTo(b.helpers, c, nil)
	}
}

// addTo puts a certificate into one of crypto/x509's pools, if it can read it.
func (b *Bundle) addTo(pool *x509.CertPool, c *certificate, limit func([]*x509.Certificate) error) {
	switch {
	case c.std == nil:
	case limit == nil:
		pool.AddCert(c.std)
	default:
		b.limits[c.sum] = limit
		pool.AddCertWithConstraint(c.std, limit)
	}
}

func (b *Bundle) warn(name, text string) {
	if len(b.Warnings) < maxWarnings {
		b.Warnings = append(b.Warnings, Warning{Path: name, Text: text})
	}
}

// seal computes what depends on all roots; a bundle without any is an error.
func (b *Bundle) seal() (*Bundle, error) {
	if b.Roots == 0 {
		return nil, fmt.Errorf("%s: no root: others issued what is in it (certificates: %d), and a path must end in one "+
			"that issued itself", b.Path, b.Others)
	}
	b.finish()
	return b, nil
}

// finish computes what depends on all roots.
func (b *Bundle) finish() {
	sums := make([][]byte, 0, b.Roots)
	for _, c := range b.roots {
		sums = append(sums, c.sum[:])
	}
	slices.SortFunc(sums, bytes.Compare)
	all := sha256.Sum256(bytes.Join(sums, nil))
	b.SHA256 = hex.EncodeToString(all[:])
	b.seen = nil
}

// Linked reports whether each root has a hash link, so that Postfix sees it in its smtp_tls_CApath.
func (b *Bundle) Linked() bool {
	return b.Roots > 0 && !slices.ContainsFunc(b.roots, func(c *certificate) bool { return !b.linked[c.sum] })
}

// Unready is why Postfix sees nothing in a directory, as where it has no hash links; "" where it does, and for a file.
func (b *Bundle) Unready() string {
	for _, w := range b.Warnings {
		if b.From == Directory && w.Path == b.Path {
			return w.String()
		}
	}
	return ""
}

// Newest is the begin of the newest root that is valid by then: the bundle is no older in substance, whatever its date.
// It is zero without one.
func (b *Bundle) Newest(at time.Time) (newest time.Time) {
	for _, c := range b.roots {
		if c.notBefore.After(newest) && !c.notBefore.After(at) {
			newest = c.notBefore.UTC()
		}
	}
	return newest
}

// Expired counts the roots that are past their end at a time.
func (b *Bundle) Expired(at time.Time) int {
	n := 0
	for _, c := range b.roots {
		if at.After(c.notAfter.Time) {
			n++
		}
	}
	return n
}
