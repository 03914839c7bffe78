package maillog

import (
	"bytes"

	"mxtls/scanner/postfix"
	"mxtls/scanner/truth"
)

// parseTLS reads the summary line of src/tls/tls_misc.c (tls_log_summary), and its forms before 3.0. Way is " to " for
// a client and " from " for a server.
func parseTLS(text []byte, way string, e *Event) bool {
	word, rest, ok := tlsStart(text)
	if !ok {
		return false
	}
	rest, reused := bytes.CutPrefix(rest, []byte("reused"))
	if !reused {
		if rest, ok = bytes.CutPrefix(rest, []byte("established")); !ok {
			return false
		}
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(way)); !ok {
		return false
	}
	const with = " with cipher "
	colon, blank := -1, bytes.IndexByte(rest, ' ') // the last ": " before the first with
	first := blank
	for ; !bytes.HasPrefix(rest[max(blank, 0):], []byte(with)); blank = nextByte(rest, blank+1, ' ') {
		if blank < 0 {
			return false
		}
		if blank > 0 && rest[blank-1] == ':' {
			colon = blank - 1
		}
	}
	if colon < 0 {
		return false
	}
	peer := rest[:colon]
	if first < colon { // a server's line: the name that the client asked for by SNI
		if i := bytes.Index(peer, []byte("] to ")); i >= 0 {
			peer = peer[:i+1]
		}
	}
	e.Kind, e.Word, e.Peer, e.Version, e.Reused = TLSLine, word, parsePeer(peer), rest[colon+2:blank], reused
	e.Cipher, _, _ = cut(rest[blank+len(with):], ' ')
	e.Encrypted = truth.Yes
	return true
}

// tlsStarts are how a summary line begins, by its word.
var tlsStarts = [...]string{
	postfix.WordNone:  "TLS connection ",
	postfix.Anonymous: "Anonymous TLS connection ",
	postfix.Untrusted: "Untrusted TLS connection ",
	postfix.Trusted:   "Trusted TLS connection ",
	postfix.Verified:  "Verified TLS connection ",
}

func tlsStart(text []byte) (w postfix.Word, rest []byte, ok bool) {
	for w, start := range tlsStarts {
		if len(text) > len(start) && text[0] == start[0] && string(text[:len(start)]) == start {
			return postfix.Word(w), text[len(start):], true
		}
	}
	return 0, nil, false
}
