package pkix

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Warning is a part of a bundle that was left out, or that OpenSSL would trip over.
type Warning struct {
	Path string // the file or directory
	Line int    // where the PEM block begins, from 1; 0 when the warning concerns the whole file
	Text string
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
	certs    []*x509.Certificate
	warnings []Warning
	blocks   int
	other    []string // labels of blocks that are no certificates, each once
}

var (
	pemBegin = []byte("-----BEGIN ")
	pemEnd   = []byte("-----END ")
)

// parsePEM reads every block of a CA file as OpenSSL's PEM_X509_INFO_read_bio does: text between blocks is ignored, the
// labels CERTIFICATE, X509 CERTIFICATE and TRUSTED CERTIFICATE hold certificates. Unlike OpenSSL it goes on behind a
// bad block, with a warning. encoding/pem alone skips bad blocks in silence and knows no lines.
func parsePEM(path string, data []byte) (*pemFile, error) {
	f := &pemFile{}
	start, startLine := -1, 0
	unended := func() {
		if start >= 0 {
			f.warn(path, startLine, "a PEM block without an END line")
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
		f.warn(path, line, "a PEM block that cannot be decoded")
		return
	}
	der := block.Bytes
	switch block.Type {
	case "CERTIFICATE", "X509 CERTIFICATE":
	case "TRUSTED CERTIFICATE":
		var err error
		if der, err = trustedDER(der); err != nil {
			f.warn(path, line, err.Error())
			return
		}
	default:
		if !slices.Contains(f.other, block.Type) && len(f.other) < maxLabels {
			f.other = append(f.other, block.Type)
		}
		return
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		f.warn(path, line, "a certificate that cannot be parsed: "+plain(err))
		return
	}
	f.certs = append(f.certs, cert)
}

// warn keeps a warning; those beyond the cap are dropped, since a file with so many is no CA file at all.
func (f *pemFile) warn(path string, line int, text string) {
	if len(f.warnings) < maxWarnings {
		f.warnings = append(f.warnings, Warning{Path: path, Line: line, Text: text})
	}
}

// found says what is in a file that holds no certificate.
func (f *pemFile) found(data []byte) string {
	switch {
	case len(f.warnings) > 0:
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

// certAux is OpenSSL's trust setting behind the certificate in a TRUSTED CERTIFICATE block (x_x509a.c).
type certAux struct {
	Trust  []asn1.ObjectIdentifier `asn1:"optional"`
	Reject []asn1.ObjectIdentifier `asn1:"optional,tag:0"`
}

var (
	oidServerAuth  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	oidAnyExtUsage = asn1.ObjectIdentifier{2, 5, 29, 37, 0}
)

// trustedDER returns the certificate of a TRUSTED CERTIFICATE block, or why its settings keep it from vouching for TLS
// servers: a trust list without them, or a reject list with them (x509_trust.c obj_trust).
func trustedDER(der []byte) ([]byte, error) {
	var cert asn1.RawValue
	rest, err := asn1.Unmarshal(der, &cert)
	if err != nil {
		return nil, errors.New("a trusted certificate that is not DER")
	}
	if len(rest) == 0 {
		return cert.FullBytes, nil
	}
	var aux certAux
	if _, err := asn1.Unmarshal(rest, &aux); err != nil {
		return nil, errors.New("a trusted certificate with bad trust settings")
	}
	serverAuth := func(o asn1.ObjectIdentifier) bool { return o.Equal(oidServerAuth) || o.Equal(oidAnyExtUsage) }
	if slices.ContainsFunc(aux.Reject, serverAuth) {
		return nil, errors.New("a certificate that is set to be rejected for TLS servers")
	}
	if len(aux.Trust) > 0 && !slices.ContainsFunc(aux.Trust, serverAuth) {
		return nil, errors.New("a certificate that is not trusted for TLS servers")
	}
	return cert.FullBytes, nil
}

// plain is an error's text without the package that it came from.
func plain(err error) string { return strings.TrimPrefix(err.Error(), "x509: ") }
