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
	case "=>", "->":
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

// eximFields reads " H=host [addr] X=... CV=yes A=login ..."; what the other side said, in C="...", comes last.
func eximFields(fields []byte, e *Event) {
	for _, quote := range []string{" C=\"", " T=\"", ": "} { // T= of an arrival is the message's subject
		if i := bytes.Index(fields, []byte(quote)); i >= 0 {
			if quote == ": " {
				e.Text = fields[i+2:]
				e.Reason = eximReason(e.Text)
			}
			fields = fields[:i]
		}
	}
	for field := range bytes.FieldsSeq(fields) {
		key, value, ok := bytes.Cut(field, []byte("="))
		switch {
		case !ok && len(field) > 2 && field[0] == '[' && e.Peer.Addr == nil && e.Peer.Host != nil:
			e.Peer.Addr, _, _ = bytes.Cut(field[1:], []byte("]"))
		case string(key) == "H":
			e.Peer.Host = value
			if len(value) > 2 && value[0] == '[' { // no name
				e.Peer.Host, e.Peer.Addr = []byte("unknown"), value[1:len(value)-1]
			}
		case string(key) == "X":
			version, cipher, _ := bytes.Cut(value, []byte(":"))
			e.Version, e.Encrypted = eximVersion(version), truth.Yes
			e.Cipher, _, _ = bytes.Cut(cipher, []byte(":"))
		case string(key) == "CV":
			e.Word = eximWord(value)
		case string(key) == "A":
			e.Login = true
		}
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

// parseSendmail reads "STARTTLS=client, relay=..., version=..., verify=..., cipher=..." (sendmail/tls.c), written at
// LogLevel 9 or above and without a message's identifier, "QID: to=..., relay=..., stat=..." (sendmail/deliver.c) and
// "QID: from=..." (sendmail/queue.c).
func parseSendmail(text []byte, e *Event) bool {
	e.Software, e.Took = Sendmail, -1
	rest := text
	if id, after, ok := queueID(text); ok {
		e.QueueID, rest = id, after
	}
	switch {
	case bytes.HasPrefix(rest, []byte("STARTTLS=client, relay=")):
		return sendmailTLS(rest[len("STARTTLS=client, "):], Outbound, e)
	case bytes.HasPrefix(rest, []byte("STARTTLS=server, relay=")):
		return sendmailTLS(rest[len("STARTTLS=server, "):], Inbound, e)
	case bytes.HasPrefix(rest, []byte("to=")):
		return sendmailDelivery(rest[len("to="):], e)
	case bytes.HasPrefix(rest, []byte("from=<")):
		rest = rest[len("from=<"):]
		end := addressEnd(rest)
		relay := bytes.LastIndex(rest, []byte(", relay="))
		if end < 0 || relay < end {
			return false
		}
		e.Kind, e.Direction, e.Null, e.Domain = Arrival, Inbound, end == 0, domainOf(rest[:end])
		e.Peer = sendmailPeer(rest[relay+len(", relay="):])
		e.Login = bytes.Contains(rest[end:relay], []byte(", auth="))
		return true
	}
	return false
}

func sendmailTLS(rest []byte, way Direction, e *Event) bool {
	relay, fields, ok := bytes.Cut(rest[len("relay="):], []byte(", version="))
	if !ok {
		return false
	}
	version, fields, _ := bytes.Cut(fields, []byte(", "))
	e.Kind, e.Direction, e.Version, e.Encrypted, e.Peer = TLSLine, way, version, truth.Yes, sendmailPeer(relay)
	e.Cipher = cutField(fields, "cipher=")
	switch string(cutField(fields, "verify=")) {
	case "TRUSTED": // DANE
		e.Word = postfix.Verified
	case "OK":
		e.Word = postfix.Trusted
	case "FAIL":
		e.Word = postfix.Untrusted
	}
	return true
}

// sendmailDelivery reads "<a@b>,<c@d>, ctladdr=..., relay=host. [addr], dsn=..., stat=...": its first recipient. The rest
// of them stands in More.
func sendmailDelivery(rest []byte, e *Event) bool {
	to, more, ok := sendmailAddress(rest)
	fields, text, told := bytes.Cut(more, []byte(", stat="))
	if !ok || !told {
		return false
	}
	if string(text) == "queued" && !bytes.Contains(fields, []byte(", dsn=")) { // nobody tried (DeliveryMode=queueonly)
		return false
	}
	e.Text = text
	e.Kind, e.Direction, e.Domain = Delivery, Outbound, domainOf(to)
	if len(fields) > 1 && fields[1] != ' ' {
		e.More = more[1:]
	}
	relay := bytes.LastIndex(fields, []byte(", relay="))
	if relay < 0 {
		e.relayNone = true
	} else {
		e.Peer = sendmailPeer(fields[relay+len(", relay="):])
	}
	switch {
	case bytes.HasPrefix(e.Text, []byte("Sent")):
		e.Status = Sent
	case bytes.HasPrefix(e.Text, []byte("Deferred")), bytes.HasPrefix(e.Text, []byte("queued")):
		e.Status = Deferred
	default:
		e.Status = Bounced
	}
	return true
}

// sendmailAddress cuts the first address of a list: "<a@b>", or "a@b" where a program of this machine handed the
// message in. A bare name is a user of the machine.
func sendmailAddress(b []byte) (address, rest []byte, ok bool) {
	if len(b) > 0 && b[0] == '<' {
		end := addressEnd(b[1:])
		if end < 0 {
			return nil, nil, false
		}
		return b[1 : 1+end], b[end+2:], true
	}
	end := bytes.IndexByte(b, ',')
	if end < 1 || bytes.ContainsAny(b[:end], "<>\"\\ ") || bytes.IndexByte(b[:end], '@') < 0 {
		return nil, nil, false
	}
	return b[:end], b[end:], true
}

// sendmailPeer reads "mx.example. [192.0.2.1]" or "[192.0.2.1]" up to a comma.
func sendmailPeer(b []byte) Peer {
	b, _, _ = bytes.Cut(b, []byte(", "))
	host, rest, _ := bytes.Cut(b, []byte(" "))
	p := Peer{Host: bytes.TrimSuffix(host, []byte("."))}
	if bytes.IndexByte(host, '@') >= 0 { // "user@localhost" handed it in
		p.Host = []byte("localhost")
	}
	if len(host) > 0 && host[0] == '[' {
		p.Host, rest = []byte("unknown"), b
	}
	if _, after, ok := bytes.Cut(rest, []byte{'['}); ok {
		p.Addr, _, _ = bytes.Cut(after, []byte("]"))
	}
	return p
}

// parseQmail reads qmail-send's log: "starting delivery N: msg M to remote a@b" and "delivery N: success: ...". Only some
// patches to qmail-remote say of TLS; without their words it is unknown.
func parseQmail(text []byte, e *Event) bool {
	e.Software, e.Direction, e.Took = Qmail, Outbound, -1
	if i := bytes.IndexByte(text, ' '); i > 0 && text[0] >= '0' && text[0] <= '9' { // splogger's own stamp
		text = text[i+1:]
	}
	if rest, ok := bytes.CutPrefix(text, []byte("starting delivery ")); ok {
		id, rest, ok := bytes.Cut(rest, []byte(": msg "))
		_, address, remote := bytes.Cut(rest, []byte(" to remote "))
		e.Kind, e.QueueID, e.Domain = QueuedToRemote, id, domainOf(address)
		return ok && remote
	}
	rest, ok := bytes.CutPrefix(text, []byte("delivery "))
	id, rest, more := bytes.Cut(rest, []byte(": "))
	word, said, last := bytes.Cut(rest, []byte(": "))
	if !ok || !more || !last {
		return false
	}
	switch string(word) {
	case "success":
		e.Status = Sent
	case "deferral":
		e.Status = Deferred
	case "failure":
		e.Status = Bounced
	default:
		return false
	}
	e.Kind, e.QueueID, e.Text = Delivery, id, said
	own, _, _ := bytes.Cut(said, []byte("Remote_host_said:"))
	switch {
	case bytes.Contains(own, []byte("_TLS_transmitted_message_accepted")), bytes.Contains(own, []byte("_encrypted)")):
		e.Encrypted = truth.Yes
	case bytes.Contains(own, []byte("TLS_connect_failed")):
		e.Reason = HandshakeFailed
	case bytes.Contains(own, []byte("No_TLS_achieved")):
		e.Reason = NotOffered
	}
	if i := bytes.IndexByte(own, '_'); i > 0 && own[0] >= '0' && own[0] <= '9' {
		e.Peer.Addr = own[:i]
	}
	e.relayNone = e.Peer.Addr == nil
	return true
}
