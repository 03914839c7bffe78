package pkix

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
)

// A Warning is a part of a bundle that was left out, or that OpenSSL would trip over.
type Warning struct {
	Path string // the file or directory
	Line int    // where the PEM block begins, from 1; 0 when the warning concerns the whole file
	Text string

	Spoils bool // OpenSSL gives the whole file up here
}

// String is "path:line: text", or "path: text".
func (w Warning) String() string {
	if w.Line == 0 {
		return w.Path + ": " + w.Text
	}
	return fmt.Sprintf("%s:%d: %s", w.Path, w.Line, w.Text)
}

// pemFile is what one file came to.
type pemFile struct {
	anchors  []anchor
	warnings []Warning
	broken   string // the first block that OpenSSL cannot read, and with it the whole file
	blocks   int
	strange  int      // warnings that are about no certificate
	other    []string // labels of blocks that are no certificates, each once
}

var (
	pemBegin = []byte("-----BEGIN ")
	pemEnd   = []byte("-----END ")
)

// parsePEM reads every block of a CA file as OpenSSL's PEM_X509_INFO_read_bio does: text between blocks is ignored, the
// labels CERTIFICATE, X509 CERTIFICATE and TRUSTED CERTIFICATE hold certificates. OpenSSL gives the whole file up at a
// bad block, which is noted; we go on behind it with a warning. encoding/pem alone skips bad blocks in silence and
// knows no lines.
func parsePEM(path string, data []byte) (*pemFile, error) {
	f := &pemFile{}
	start, startLine := -1, 0
	unended := func() {
		if start >= 0 {
			f.spoil(path, startLine, "a PEM block without an END line")
		}
	}
	for off, line := 0, 1; off < len(data); line++ {
		next := len(data)
		if n := bytes.IndexByte(data[off:], '\n'); n >= 0 {
			next = off + n + 1
		}
		switch text := data[off:next]; {
		case bytes.HasPrefix(text, pemBegin):
			unended()
			start, startLine = off, line
			if f.blocks++; f.blocks > maxBlocks {
				return nil, fmt.Errorf("%s: more than %d PEM blocks", path, maxBlocks)
			}
		case start >= 0 && bytes.HasPrefix(text, pemEnd):
			f.block(path, startLine, data[start:next])
			start = -1
		}
		off = next
	}
	unended()
	return f, nil
}

// block takes in one block, from its BEGIN line to its END line.
func (f *pemFile) block(path string, line int, text []byte) {
	block, rest := pem.Decode(text)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		f.spoil(path, line, "a PEM block that cannot be decoded")
		return
	}
	switch block.Type {
	case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
		f.certificate(path, line, block)
	default:
		if spoils(block) {
			f.strange++
			f.spoil(path, line, "a "+block.Type+" that cannot be read")
		}
		if !slices.Contains(f.other, block.Type) && len(f.other) < maxLabels {
			f.other = append(f.other, block.Type)
		}
	}
}

// spoils reports whether OpenSSL would stumble over a block without a certificate: it reads revocation lists and
// private keys as well, and passes over what it does not know.
func spoils(block *pem.Block) bool {
	switch block.Type {
	case "X509 CRL", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY":
		d := der(block.Bytes)
		_, err := d.take(tagSequence)
		return err != nil
	}
	return false
}

// certificate takes in a block that holds one. What stands behind the certificate counts in a TRUSTED block alone.
func (f *pemFile) certificate(path string, line int, block *pem.Block) {
	rest := der(block.Bytes)
	first, err := rest.next()
	if err != nil {
		f.spoil(path, line, "a certificate that cannot be parsed: "+err.Error())
		return
	}
	cert, err := readCertificate(first.raw)
	if err != nil {
		f.spoil(path, line, "a certificate that cannot be parsed: "+err.Error())
		return
	}
	a := anchor{cert: cert, path: path, line: line, labelled: block.Type == "TRUSTED CERTIFICATE"}
	if a.labelled && len(rest) > 0 {
		if a.setting, err = parseSettings(rest); err == errSettings {
			f.spoil(path, line, err.Error())
			return
		} else if err != nil {
			f.warn(path, line, err.Error())
		}
	}
	if cert.std == nil {
		f.warn(path, line, "a certificate that only OpenSSL can read: "+plain(cert.stdErr))
	}
	f.anchors = append(f.anchors, a)
}

// spoil is warn for what makes OpenSSL refuse the file.
func (f *pemFile) spoil(path string, line int, text string) {
	w := Warning{Path: path, Line: line, Text: text, Spoils: true}
	if f.broken == "" {
		f.broken = w.String()
	}
	f.keep(w)
}

func (f *pemFile) warn(path string, line int, text string) {
	f.keep(Warning{Path: path, Line: line, Text: text})
}

// keep keeps a warning; those beyond the cap are dropped, since a file with so many is no CA file at all.
func (f *pemFile) keep(w Warning) {
	if len(f.warnings) < maxWarnings {
		f.warnings = append(f.warnings, w)
	}
}

// found says what is in a file that holds no certificate.
func (f *pemFile) found(data []byte) string {
	switch {
	case len(f.warnings) > f.strange:
		return fmt.Sprintf("line %d has %s", f.warnings[0].Line, f.warnings[0].Text)
	case len(f.other) > 0:
		return "found only " + strings.Join(f.other, ", ")
	case len(bytes.TrimSpace(data)) == 0:
		return "the file is empty"
	case data[0] == 0x30: // a DER SEQUENCE
		return "found DER, and PEM is wanted: openssl x509 -inform DER -in FILE"
	default:
		return fmt.Sprintf("found no PEM block in %d octets", len(data))
	}
}

// plain is an error's text without the package that it came from.
func plain(err error) string { return strings.TrimPrefix(err.Error(), "x509: ") }
