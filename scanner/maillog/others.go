package maillog

import (
	"bytes"
	"strings"

	"mxtls/scanner/postfix"
	"mxtls/scanner/truth"
)

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
		fields := rest[end:relay]
		if i := bytes.LastIndex(fields, []byte(", proto=")); i >= 0 { // before it stands the msgid, which is a stranger's
			fields = fields[i+len(", proto="):]
			word, _, _ := bytes.Cut(fields, []byte(","))
			if protocolSays(word) == truth.Yes { // a plain word is no more than the lack of another
				e.Encrypted = truth.Yes
			}
		}
		e.Login = bytes.Contains(fields, []byte(", auth="))
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
	if bytes.HasPrefix(e.Text, []byte("Deferred: 403 4.7.0 TLS handshake")) { // its own words: no server says 403
		e.Reason = HandshakeFailed
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

// protocolSays is whether a protocol word (RFC 3848 and 6531) tells of TLS; unknown for any other word.
func protocolSays(word []byte) truth.Truth {
	switch strings.TrimPrefix(strings.ToUpper(string(word)), "UTF8") {
	case "ESMTPS", "ESMTPSA", "SMTPS", "SMTPSA":
		return truth.Yes
	case "ESMTP", "ESMTPA", "SMTP", "SMTPA":
		return truth.No
	}
	return truth.Unknown
}
