package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"mxtls/scanner"
	"mxtls/scanner/dane"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
)

const (
	// maxChainFile bounds a file with a chain: a chain has at most 256 KiB, PEM makes 350 of them, and s_client writes
	// as much again around it.
	maxChainFile = 1 << 20
	maxQuestions = 100 // names, and TLSA records: no server has so many
)

// newCourt judges by a bundle; the Postfix that it knows has that as its smtp_tls_CAfile, and nothing else set.
func newCourt(bundle *pkix.Bundle, at time.Time) *court {
	config := postfix.Default(bundle.Path, postfix.Options{})
	config.EngineOff = bundle.TLSOff
	return &court{judge: scanner.NewJudge(bundle, at.UTC()), config: config}
}

// question is what to hold a chain against, as texts.
type question struct {
	names   []string
	nextHop string
	tlsa    []string // nil = not known, empty = there are none
	level   postfix.Level
}

// parse reads the texts; errors name the field with a prefix: "--" for flags.
func (q *question) parse(prefix string) (*scanner.Case, error) {
	c := &scanner.Case{Level: q.level}
	if len(q.names) > maxQuestions || len(q.tlsa) > maxQuestions {
		return nil, fmt.Errorf("more than %d names or TLSA records", maxQuestions)
	}
	for _, text := range q.names {
		n, err := parseHost(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field(prefix, "name", "names"), err)
		}
		c.Names = append(c.Names, n)
	}
	if q.nextHop != "" {
		var err error
		if c.NextHop, err = name.Parse(q.nextHop); err != nil {
			return nil, fmt.Errorf("%s: %w", field(prefix, "next-hop", "next_hop"), err)
		}
	}
	if q.tlsa != nil {
		c.TLSA = slices.Grow(c.TLSA[:0:0], len(q.tlsa)+1) // not nil
	}
	for _, text := range q.tlsa {
		r, err := dane.ParseTLSA(text)
		if err != nil {
			return nil, fmt.Errorf("%stlsa %.60q %w", prefix, text, err)
		}
		c.TLSA = append(c.TLSA, r)
	}
	return c, nil
}

// field is a text's name where it comes from: a flag, or with no prefix a field of a batch's line.
func field(prefix, flag, inJSON string) string {
	if prefix == "" {
		return inJSON
	}
	return prefix + flag
}

// parseHost reads a host name that people wrote: as a mail domain is read, but one label will do.
func parseHost(text string) (name.Name, error) {
	n, err := name.Parse(text)
	if e, ok := errors.AsType[*name.Error](err); ok && e.Reason == name.SingleLabel {
		return name.ParseHost(text)
	}
	return n, err
}

// parseChain reads a chain in PEM, with any text around the blocks, or in DER, one certificate after another. What is
// in the certificates is not looked at: a server may send anything. The error's words follow the file.
func parseChain(data []byte) ([][]byte, error) {
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		return parsePEMChain(data)
	}
	var chain [][]byte
	for rest := cryptobyte.String(data); len(rest) > 0; {
		var cert cryptobyte.String
		if !rest.ReadASN1Element(&cert, asn1.SEQUENCE) {
			if len(chain) == 0 {
				return nil, errors.New("there is neither PEM nor DER in it")
			}
			return nil, fmt.Errorf("behind certificate %d there is something else", len(chain))
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return nil, errors.New("the file is empty")
	}
	return chain, nil
}

// parsePEMChain takes the certificates; other blocks are passed over. A block that cannot be decoded is an error:
// encoding/pem would leave it out, and the chain would be another one.
func parsePEMChain(data []byte) ([][]byte, error) {
	begins := 0
	for line := range bytes.Lines(data) {
		if bytes.HasPrefix(line, []byte("-----BEGIN ")) {
			begins++
		}
	}
	var chain [][]byte
	var other []string
	blocks := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		blocks++
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
			chain = append(chain, certificateIn(block))
		default:
			if !slices.Contains(other, block.Type) {
				other = append(other, block.Type)
			}
		}
	}
	switch {
	case blocks < begins:
		return nil, fmt.Errorf("%d of %s cannot be decoded", begins-blocks, plural(begins, "PEM block", "PEM blocks"))
	case len(chain) == 0:
		return nil, errors.New("there is no certificate in it, only " + strings.Join(other, ", "))
	}
	return chain, nil
}

// certificateIn is a block's certificate; a TRUSTED one has settings of OpenSSL's behind it.
func certificateIn(block *pem.Block) []byte {
	der := cryptobyte.String(block.Bytes)
	var cert cryptobyte.String
	if block.Type == "TRUSTED CERTIFICATE" && der.ReadASN1Element(&cert, asn1.SEQUENCE) {
		return cert
	}
	return block.Bytes
}

// readInput reads the file that a flag names, or stdin, up to a limit.
func readInput(ctx context.Context, flag, path string, stdin io.Reader, most int64) ([]byte, error) {
	r := stdin
	if path == "-" {
		r = interruptible(ctx, stdin)
	} else {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		defer file.Close()
		r = file
	}
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", flag, err)
	case int64(len(data)) > most:
		return nil, fmt.Errorf("%s %s: more than %d octets", flag, shownInput(path), most)
	}
	return data, nil
}

// shownInput is a file's name for a message.
func shownInput(path string) string {
	if path == "-" {
		return onStdin
	}
	return path
}
