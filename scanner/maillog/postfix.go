package maillog

import (
	"bytes"

	"mxtls/scanner/postfix"
	"mxtls/scanner/truth"
)

// parsePostfix reads the text of a Postfix daemon; it reports whether the line tells anything.
func parsePostfix(daemon, text []byte, e *Event) bool {
	e.Software = Postfix
	switch string(daemon) {
	case "smtp", "lmtp":
		e.Direction = Outbound
		return parseClient(text, e)
	case "smtpd":
		e.Direction = Inbound
		return parseServer(text, e)
	case "error", "retry": // what the queue manager puts off without a try, since others failed
		e.Direction = Outbound
		return bytes.Contains(text, []byte(", relay=none, ")) && parseClient(text, e) && e.Kind == Delivery &&
			bytes.HasPrefix(e.Text, []byte("delivery temporarily suspended: "))
	case "qmgr", "nqmgr", "oqmgr":
		return parseQueue(text, e)
	case "master", "postfix-script":
		if bytes.HasPrefix(text, []byte("daemon started -- ")) || bytes.HasPrefix(text, []byte("reload -- ")) ||
			bytes.HasPrefix(text, []byte("reload configuration ")) { // of old releases: 2.3, 2.5
			e.Kind = Started
			return true
		}
	}
	return false
}

// parseClient reads a line of smtp(8) or lmtp(8).
func parseClient(text []byte, e *Event) bool {
	if parseTLS(text, " to ", e) {
		return true
	}
	if id, rest, ok := queueID(text); ok {
		e.QueueID = id
		if bytes.HasPrefix(rest, []byte("to=<")) {
			return parseDelivery(rest[len("to=<"):], e)
		}
		if bytes.HasPrefix(rest, []byte("lost connection with ")) || bytes.HasPrefix(rest, []byte("conversation with ")) {
			e.Kind = Lost
			return true
		}
		return clientProblem(rest, e)
	}
	switch {
	case bytes.HasPrefix(text, []byte("Verified: subject_CN=")):
		e.Kind, e.Word = TLSTrust, postfix.Verified
	case bytes.HasPrefix(text, []byte("Unverified: subject_CN=")):
		e.Kind, e.Word = TLSTrust, postfix.Untrusted
	case bytes.HasPrefix(text, []byte("setting up TLS connection to ")):
		e.Kind = TLSTrace
	case bytes.HasPrefix(text, []byte("re-using session with untrusted ")):
		e.Kind, e.Reused = TLSTrace, true
	case bytes.HasPrefix(text, []byte("Host offered STARTTLS: [")):
		e.Kind = OfferedTLS
		e.Peer.Host, _, _ = bytes.Cut(text[len("Host offered STARTTLS: ["):], []byte("]"))
	case bytes.HasPrefix(text, []byte("TLSRPT: status=")):
		e.Kind = PolicyReport
	default:
		return clientProblem(text, e)
	}
	return true
}

// clientProblem reads a line that says why TLS or a certificate failed.
func clientProblem(text []byte, e *Event) bool {
	const failed = "certificate verification failed for "
	text = bytes.TrimPrefix(text, []byte("warning: "))
	i := bytes.Index(text, []byte(failed))
	if i == 0 || i > 0 && (string(text[:i]) == "server " || string(text[:i]) == "CA ") {
		e.Kind = TLSProblem
		rest := text[i+len(failed):]
		if at := peerEnd(rest); at > 0 {
			e.Peer = parsePeer(rest[:at])
			rest = rest[at:]
		}
		e.Reason, e.Text = reasonOf(rest, verifyPatterns), bytes.TrimPrefix(rest, []byte(": "))
		return true
	}
	if !startsProblem(text) {
		return false
	}
	e.Kind, e.Reason, e.Text = TLSProblem, reasonOf(text, reasonPatterns), text
	for _, before := range []string{"SSL_connect error to ", "host "} {
		if i := bytes.Index(text, []byte(before)); i >= 0 {
			if at := peerEnd(text[i+len(before):]); at > 0 {
				e.Peer = parsePeer(text[i+len(before):][:at])
				break
			}
		}
	}
	return e.Reason != ReasonNone
}

// problemStarts are how the lines begin that tell of a problem, so that no text of a stranger further on is taken for one.
var problemStarts = []string{"SSL_connect error to ", "TLS library problem: ", "TLS is required, but ",
	"Cannot start TLS: ", "Server certificate not ", "TLS policy lookup for ", "DANE TLSA lookup problem: ", "TLSA lookup error for ",
	"DNSSEC validation may be unavailable", "MX name '"}

func startsProblem(text []byte) bool {
	for _, start := range problemStarts {
		if bytes.HasPrefix(text, []byte(start)) {
			return true
		}
	}
	return bytes.HasSuffix(text, []byte(": all TLSA records unusable, fallback to unauthenticated TLS"))
}

// parseServer reads a line of smtpd(8).
func parseServer(text []byte, e *Event) bool {
	if len(text) == 0 {
		return false
	}
	switch first := text[0]; { // it spares most of the comparisons
	case first == 'c' && bytes.HasPrefix(text, []byte("connect from ")):
		e.Kind, e.Peer = Connect, parsePeer(text[len("connect from "):])
	case first == 'd' && bytes.HasPrefix(text, []byte("disconnect from ")):
		client := text[len("disconnect from "):]
		if at := peerEnd(client); at > 0 {
			client = client[:at]
		}
		e.Kind, e.Peer = Disconnect, parsePeer(client)
	case parseTLS(text, " from ", e):
	case first == 's' && bytes.HasPrefix(text, []byte("setting up TLS connection from ")):
		e.Kind = TLSTrace
	case first == 'S' && bytes.HasPrefix(text, []byte("SSL_accept error from ")),
		first == 'w' && bytes.HasPrefix(text, []byte("warning: TLS library problem: ")),
		first == 'l' && bytes.HasPrefix(text, []byte("lost connection after STARTTLS from ")):
		e.Kind, e.Reason, e.Text = TLSProblem, HandshakeFailed, text
	default:
		id, rest, ok := queueID(text)
		if !ok || !bytes.HasPrefix(rest, []byte("client=")) {
			return false
		}
		client, more, _ := bytes.Cut(rest[len("client="):], []byte(", "))
		e.Kind, e.QueueID, e.Peer = Received, id, parsePeer(client)
		e.Login = bytes.HasPrefix(more, []byte("sasl_method="))
	}
	return true
}

// parseQueue reads "QID: from=<S>, size=N, nrcpt=N (queue active)" of qmgr(8).
func parseQueue(text []byte, e *Event) bool {
	id, rest, ok := queueID(text)
	if !ok || !bytes.HasPrefix(rest, []byte("from=<")) {
		return false
	}
	rest = rest[len("from=<"):]
	end := addressEnd(rest)
	if end < 0 || !bytes.HasPrefix(rest[end:], []byte(">, size=")) { // "status=expired" has none
		return false
	}
	e.Kind, e.QueueID, e.Null, e.Domain = Sender, id, end == 0, domainOf(rest[:end])
	return true
}

// parseDelivery reads what follows "to=<" (log_adhoc of src/global/log_adhoc.c).
func parseDelivery(rest []byte, e *Event) bool {
	end := addressEnd(rest)
	if end < 0 {
		return false
	}
	e.Domain, e.Took = domainOf(rest[:end]), -1
	rest = rest[end+1:]
	for bytes.HasPrefix(rest, []byte(", ")) {
		rest = rest[2:]
		equals := bytes.IndexByte(rest, '=')
		if equals < 0 {
			return false
		}
		key, value := rest[:equals], rest[equals+1:]
		switch string(key) {
		case "status":
			return parseStatus(value, e)
		case "orig_to":
			if end = addressEnd(value[min(1, len(value)):]); end < 0 {
				return false
			}
			rest = value[end+2:]
			continue
		}
		if end = bytes.IndexByte(value, ','); end < 0 {
			return false
		}
		value, rest = value[:end], value[end:]
		switch string(key) {
		case "relay":
			e.relayNone = string(value) == "none"
			if !e.relayNone {
				e.Peer = parsePeer(value)
			}
		case "conn_use":
			e.Reused = string(value) != "1"
		case "delays":
			e.Took = delaysTook(value)
		case "tls":
			e.Level, e.Encrypted = parseFeature(value)
		}
	}
	return false
}

// parseStatus reads "sent (TEXT)". A text with another address's end and field in it may be the rest of a forged local
// part, which older releases do not quote: whose delivery that is cannot be told.
func parseStatus(value []byte, e *Event) bool {
	word, text, _ := cut(value, ' ')
	switch string(word) {
	case "sent":
		e.Status = Sent
	case "deferred":
		e.Status = Deferred
	case "bounced":
		e.Status = Bounced
	default:
		return false
	}
	e.Kind = Delivery
	if n := len(text); n >= 2 && text[0] == '(' && text[n-1] == ')' {
		text = text[1 : n-1]
	}
	e.Text = text
	if i := bytes.IndexByte(text, '>'); i >= 0 &&
		(bytes.Contains(text[i:], []byte(">, relay=")) || bytes.Contains(text[i:], []byte(">, orig_to=<"))) {
		e.Domain, e.Peer, e.Encrypted = nil, Peer{}, truth.Unknown
	}
	if e.Status != Sent {
		e.Reason = statusReason(text)
	}
	return true
}

// parseFeature reads the value of "tls=": what counts is the first feature, the level and what it came down to.
func parseFeature(value []byte) (level []byte, encrypted truth.Truth) {
	feature, _, _ := bytes.Cut(value, []byte("/"))
	if bytes.HasPrefix(feature, []byte("!")) { // violated: the connection was not used
		return feature[1:], truth.Unknown
	}
	if bytes.HasSuffix(feature, []byte("?")) { // undecided: the connection ended before
		return feature[:len(feature)-1], truth.Unknown
	}
	level, final, down := bytes.Cut(feature, []byte(":"))
	if !down {
		final = level
	}
	switch string(final) {
	case "none", "noencryption", "nostarttls":
		return level, truth.No
	case "may", "encrypt", "fingerprint", "halfdane", "dane", "dane-only", "verify", "secure":
		return level, truth.Yes
	}
	return level, truth.Unknown
}
