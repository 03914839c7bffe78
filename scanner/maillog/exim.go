package maillog

import (
	"bytes"

	"mxtls/scanner/postfix"
	"mxtls/scanner/truth"
)

// parseExim reads a line of Exim's main log, behind its stamp: "[pid] ID FLAG ADDRESS FIELDS" (log_write in
// src/deliver.c and src/receive.c). X= stands there unless log_selector turns tls_cipher off.
func parseExim(text []byte, e *Event) bool {
	if len(text) > 0 && text[0] == '[' { // log_selector = +pid
		_, rest, ok := bytes.Cut(text, []byte("] "))
		if !ok {
			return false
		}
		text = rest
	}
	id, rest, ok := bytes.Cut(text, []byte(" "))
	if !ok || len(rest) < 4 || rest[2] != ' ' || !eximID(id) {
		return false
	}
	flag, rest := string(rest[:2]), rest[3:]
	e.Software, e.QueueID, e.Took = Exim, id, -1
	switch flag {
	case "=>", "->", ">>": // to the first address, to more over the same connection, while the message comes in
		e.Kind, e.Direction, e.Status = Delivery, Outbound, Sent
	case "==":
		e.Kind, e.Direction, e.Status = Delivery, Outbound, Deferred
	case "**":
		e.Kind, e.Direction, e.Status = Delivery, Outbound, Bounced
	case "<=":
		e.Kind, e.Direction = Arrival, Inbound
	default:
		return false
	}
	address, fields, _ := bytes.Cut(rest, []byte(" "))
	if len(address) > 0 && address[0] == '"' { // a quoted local part, blanks and all
		end := addressEnd(append(rest[:len(rest):len(rest)], '>'))
		if end < 0 {
			return false
		}
		at := bytes.IndexByte(rest[bytes.LastIndexByte(rest[:end], '@')+1:], ' ')
		if i := bytes.LastIndexByte(rest[:end], '@'); i > 0 && at > 0 {
			address, fields = rest[:i+1+at], rest[i+1+at+1:]
		}
	}
	e.Null = string(address) == "<>"
	e.Domain = domainOf(address)
	if i := bytes.Index(fields, []byte("<")); i == 0 { // "=> local <address as it was>"
		end := addressEnd(fields[1:])
		if end < 0 || len(fields) < end+3 {
			return false
		}
		if e.Domain == nil {
			e.Domain = domainOf(fields[1 : 1+end])
		}
		fields = fields[end+3:]
	}
	eximFields(fields, e)
	e.relayNone = e.Peer.Host == nil
	return true
}

// eximFields reads " H=host [addr] X=... CV=yes A=login ..."; what the other side said comes last: its reply in C="...", a
// message's identifier in id=.
func eximFields(fields []byte, e *Event) {
	for _, quote := range []string{" id=", " C=\"", " T=\""} { // T= of an arrival is the message's subject
		fields, _, _ = bytes.Cut(fields, []byte(quote))
	}
	if before, dn, ok := bytes.Cut(fields, []byte(" DN=\"")); ok { // of the other side's certificate (+tls_peerdn)
		for field := range bytes.FieldsSeq(before) {
			eximField(field, e)
		}
		_, fields, _ = bytes.Cut(dn, []byte("\""))
	}
	fields, text, ok := bytes.Cut(fields, []byte(": "))
	if ok {
		e.Text, e.Reason = text, eximReason(text)
	}
	for field := range bytes.FieldsSeq(fields) {
		eximField(field, e)
	}
}

// eximField reads one field. The first of a name counts: what a stranger chose comes later.
func eximField(field []byte, e *Event) {
	key, value, ok := bytes.Cut(field, []byte("="))
	switch {
	case !ok && len(field) > 2 && field[0] == '[' && e.Peer.Addr == nil && e.Peer.Host != nil:
		e.Peer.Addr, _, _ = bytes.Cut(field[1:], []byte("]"))
	case string(key) == "H" && e.Peer.Host == nil:
		e.Peer.Host = value
		if len(value) > 2 && value[0] == '[' { // no name
			e.Peer.Host, e.Peer.Addr = []byte("unknown"), value[1:len(value)-1]
		}
	case string(key) == "X" && e.Version == nil:
		version, cipher, _ := bytes.Cut(value, []byte(":"))
		e.Version, e.Encrypted = eximVersion(version), truth.Yes
		e.Cipher, _, _ = bytes.Cut(cipher, []byte(":"))
	case string(key) == "P" && e.Direction == Inbound && e.Encrypted == truth.Unknown:
		e.Encrypted = protocolSays(value)
	case string(key) == "CV" && e.Word == postfix.WordNone:
		e.Word = eximWord(value)
	case string(key) == "A":
		e.Login = true
	}
}

// eximVersion is OpenSSL's word for Exim's, which is GnuTLS's in some builds: "TLS1.3" or "TLSv1.3".
func eximVersion(v []byte) []byte {
	switch string(v) {
	case "TLS1.3":
		return []byte("TLSv1.3")
	case "TLS1.2":
		return []byte("TLSv1.2")
	case "TLS1.1":
		return []byte("TLSv1.1")
	case "TLS1.0", "TLS1":
		return []byte("TLSv1")
	}
	return v
}

// eximWord puts Postfix's word for CV=: "dane" was matched, "yes" is a chain that holds.
func eximWord(v []byte) postfix.Word {
	switch string(v) {
	case "dane":
		return postfix.Verified
	case "yes":
		return postfix.Trusted
	case "no":
		return postfix.Untrusted
	}
	return postfix.WordNone
}

func eximReason(text []byte) Reason {
	switch {
	case bytes.HasPrefix(text, []byte("SMTP error from remote mail server")): // whose words follow
	case bytes.Contains(text, []byte("TLS session is required, but an attempt to start TLS failed")),
		bytes.HasPrefix(text, []byte("TLS session: ")):
		return HandshakeFailed
	case bytes.Contains(text, []byte("TLS session is required, but the server did not offer TLS")):
		return NotOffered
	case bytes.Contains(text, []byte("DANE error: tlsa lookup")):
		return TLSALookup
	}
	return ReasonNone
}

// eximID reports whether id is a message's: "1aeCkS-0005pR-8D", or with longer parts since 4.97.
func eximID(id []byte) bool {
	return len(id) == 16 && id[6] == '-' && id[13] == '-' || len(id) == 23 && id[6] == '-' && id[18] == '-'
}
