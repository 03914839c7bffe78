package maillog

import (
	"bytes"
	"fmt"
	"strings"

	"mxtls/scanner/postfix"
	"mxtls/scanner/truth"
)

// Explanation says in plain words what a line means. Its texts may quote the line, and never hold a local part.
type Explanation struct {
	What string // what happened
	Mean string // what that means; "" where there is no more to say
	Fix  string // what to do; "" where nothing is to be done
}

// Explain explains an event.
func Explain(e *Event) Explanation {
	switch e.Kind {
	case TLSLine:
		return explainTLS(e)
	case TLSTrust:
		what := "the certificate of the connection that the next line tells of is " + e.Word.String()
		return Explanation{What: what, Mean: wordMeaning(e)}
	case Delivery:
		return explainDelivery(e)
	case TLSProblem:
		if e.Direction == Inbound {
			return Explanation{"a client could not begin TLS", HandshakeFailed.Meaning(),
				"if it is one client, only its operator can mend it, and most send in plain text then; if it is many, mxtls scan " +
					"your own domain: it may be your certificate, smtpd_tls_protocols or smtpd_tls_ciphers"}
		}
		what := "a TLS connection failed, or its certificate did not hold"
		if e.Peer.Host != nil {
			what += ": " + string(e.Peer.Host)
		}
		return Explanation{what, e.Reason.Meaning(), e.Reason.Fix()}
	case TLSTrace:
		if e.Reused {
			return Explanation{"a TLS session is used again whose certificate did not hold when it began",
				"why stands in an earlier line on the same server, \"certificate verification failed\"", ""}
		}
	case Arrival:
		return explainArrival(e)
	case OfferedTLS:
		return Explanation{"the server " + string(e.Peer.Host) + " offered STARTTLS, and your Postfix did not take it up",
			"mail to it goes in plain text, since smtp_tls_security_level is none there", "set smtp_tls_security_level = may"}
	}
	return Explanation{What: kindMeanings[e.Kind]}
}

// kindMeanings are the kinds of which there is no more to say than that.
var kindMeanings = [...]string{
	KindUnknown:    "the line tells nothing of how mail travelled",
	TLSTrace:       "TLS is being set up; whether it succeeded stands in a later line",
	Lost:           "the connection broke off; what is sent after it goes over another one",
	Connect:        "a client connected; whether it uses TLS stands in a later line, if smtpd_tls_loglevel is 1 or above",
	Disconnect:     "the client left",
	Received:       "a message begins to come in over the client's connection, encrypted if that is",
	Sender:         "the message is in the queue; how it came in stands in smtpd's lines",
	Started:        "the mail system started or read its configuration again: from here on another log level may hold",
	PolicyReport:   "the outcome was noted for a report to the domain's owner (TLSRPT, RFC 8460)",
	QueuedToRemote: "a delivery to another server begins",
	Arrival:        "",
}

func explainTLS(e *Event) Explanation {
	way := "from"
	if e.Direction == Outbound {
		way = "to"
	}
	what := fmt.Sprintf("the connection %s %s is encrypted, with %s and %s", way, e.Peer.Host, e.Version, e.Cipher)
	x := Explanation{What: what}
	if e.Reused {
		x.What += "; it served another message before"
	}
	x.Mean = wordMeaning(e)
	switch {
	case strings.HasPrefix(string(e.Version), "SSL"), string(e.Version) == "TLSv1", string(e.Version) == "TLSv1.1":
		x.Fix = "the version is obsolete (RFC 8996): better than plain text, and only the other side can change it"
	case e.Direction == Outbound && e.Word == postfix.Untrusted:
		x.Fix = "set smtp_tls_CAfile to your system's bundle: it is empty by default, and then every certificate is Untrusted"
	}
	return x
}

// wordMeaning is what Postfix's word means (src/tls/tls_client.c).
func wordMeaning(e *Event) string {
	if e.Direction == Inbound {
		if e.Word == postfix.Anonymous {
			return "Anonymous says only that the client showed no certificate, as almost none does"
		}
		return ""
	}
	switch e.Word {
	case postfix.Verified:
		return "Verified: what your security level asks for was matched, so it is the right machine too"
	case postfix.Trusted:
		return "Trusted: an authority that you trust signed the certificate; the name was not looked at, or did not match"
	case postfix.Untrusted:
		return "Untrusted: encrypted, but whose machine it is was not established; a passive listener reads nothing, " +
			"an active one may"
	case postfix.Anonymous:
		return "Anonymous: encrypted, and the server showed no certificate at all"
	}
	return ""
}

func explainDelivery(e *Event) Explanation {
	domain := "a recipient"
	if d := domainName(e.Domain); d != "" { // what is none may be a piece of a local part
		domain = "a recipient at " + d
	}
	x := Explanation{What: "mail to " + domain + " was " + e.Status.String()}
	if e.Peer.Host != nil {
		x.What += " by way of " + string(e.Peer.Host)
	}
	if e.Status != Sent {
		x.Mean, x.Fix = e.Reason.Meaning(), e.Reason.Fix()
		if e.Reason == ReasonNone {
			x.Mean = "the reason has nothing to do with TLS"
		}
		return x
	}
	switch {
	case e.Encrypted == truth.Yes:
		x.Mean = "it travelled encrypted"
	case e.Encrypted == truth.No:
		x.Mean = "it travelled in plain text"
	case e.Software == Postfix && e.Level == nil:
		x.Mean = "whether it was encrypted stands in a line of the same process before it, if smtp_tls_loglevel is 1 or above"
		x.Fix = "mxtls traffic joins these lines over a whole log"
	default:
		x.Mean = "the line does not tell whether it was encrypted"
	}
	if e.Level != nil {
		x.Mean += "; the security level was " + string(bytes.TrimSpace(e.Level))
	}
	return x
}

func explainArrival(e *Event) Explanation {
	x := Explanation{What: "a message came in"}
	if e.Peer.Host != nil {
		x.What += " from " + string(e.Peer.Host)
	}
	switch {
	case e.Encrypted == truth.Yes && e.Version != nil:
		x.Mean = fmt.Sprintf("it travelled encrypted, with %s", e.Version)
	case e.Encrypted == truth.Yes:
		x.Mean = "it travelled encrypted"
	case e.Encrypted == truth.No:
		x.Mean = "it travelled in plain text"
	default:
		x.Mean = "the line says nothing of TLS"
	}
	return x
}
