// Package maillog reads what past deliveries did from the logs of mail servers, and counts it.
//
// In the order of the work:
//
//  1. [Plain] unpacks gzip, zstd and xz, which it tells by their first octets, and [LineReader] cuts the text into lines.
//     A line of more than 64 KiB is passed over and counted: no mail server writes one.
//  2. [Framer] takes a line apart: time, host, program, process and text. It knows RFC 3164, RFC 5424 and ISO stamps,
//     Postfix's own maillog_file, journalctl's short-iso and json, the tab-separated form of some collectors, Exim's main
//     log and multilog's TAI64N. An RFC 3164 stamp has no year: see [NewFramer].
//  3. [Parse] tells what the text says, as an [Event]: Postfix 2.2 to 3.12 (templates of src/tls/tls_misc.c,
//     src/tls/tls_client.c and src/global/log_adhoc.c), Exim (log_write of src/deliver.c), sendmail (deliver.c, tls.c)
//     and qmail-send as far as its text tells.
//  4. [Collector] joins the events of one process and counts them by recipient domain and provider.
//
// [Log] does 1 (but for unpacking) to 4 with a whole log, on two cores. Speed comes of what is not done: no text
// becomes a string but the first of its kind, most stamps and writers are those of a line just before and are compared
// only, and what tells nothing is dropped by its daemon's name.
//
// # Was this delivery encrypted?
//
// Postfix 3.11 and later say so in the delivery line ("tls="). For all others a line of the TLS engine has to stand before
// the delivery, in the same process and for the same server; it is written at smtp_tls_loglevel 1 or above, and never at
// 0, the default. So a delivery without one went in plain text only where the log would have said otherwise: where
// another delivery of the same Postfix instance, between the same two starts or reloads, has such a line, and where the
// connection began after the log did (a delivery says how long it took: "delays="). Everything else is unknown, and
// never plain text. The same holds for smtpd_tls_loglevel and mail that comes in, by connection.
//
// # What is left out
//
// Local parts of addresses are passed over and never kept. What goes over loopback or a socket in the file system (content
// filters, LMTP) does not travel and is counted apart, unless [Options] says so; mail that users submit after a login
// is no mail from another provider.
//
// A log holds what strangers said, so nothing is believed because of its form alone: a recipient's quoted local part is
// skipped as a whole, the remote server's reply is looked at only for its own place, and a line that can be read in two
// ways counts for nobody.
package maillog

import (
	"mxtls/scanner/internal/enum"
	"mxtls/scanner/postfix"
	"mxtls/scanner/truth"
)

// Direction is which way mail went.
type Direction uint8

// Directions.
const (
	DirectionUnknown Direction = iota
	Outbound                   // from this server to another
	Inbound                    // from another server to this one
)

var directionWords = enum.Words{"unknown", "outbound", "inbound"}

func (d Direction) String() string               { return enum.String("direction", directionWords, d) }
func (d Direction) MarshalText() ([]byte, error) { return enum.Marshal("direction", directionWords, d) }
func (d *Direction) UnmarshalText(text []byte) error {
	return enum.Unmarshal("direction", directionWords, d, text)
}

// Status is what became of a recipient.
type Status uint8

// Statuses.
const (
	StatusUnknown Status = iota
	Sent
	Deferred
	Bounced
)

var statusWords = enum.Words{"unknown", "sent", "deferred", "bounced"}

func (s Status) String() string               { return enum.String("status", statusWords, s) }
func (s Status) MarshalText() ([]byte, error) { return enum.Marshal("status", statusWords, s) }
func (s *Status) UnmarshalText(text []byte) error {
	return enum.Unmarshal("status", statusWords, s, text)
}

// Kind is what a line tells.
type Kind uint8

// Kinds.
const (
	KindUnknown    Kind = iota
	TLSLine             // a connection is encrypted: word, version, cipher
	TLSTrust            // Postfix 2.2 to 2.4: the word of the connection that the next line tells of
	TLSTrace            // something that only a log with TLS lines has
	Lost                // a connection broke off
	TLSProblem          // why TLS or a certificate failed: see Reason
	Delivery            // a recipient's delivery, or the lack of one
	Connect             // a client connected
	Disconnect          // it left
	Received            // a message from the client that is connected
	Sender              // the envelope sender of a message in the queue
	Started             // the mail system started, or read its configuration again
	OfferedTLS          // a server offered STARTTLS and it was not used, since the level is none
	PolicyReport        // a TLSRPT line
	QueuedToRemote      // qmail: a delivery begins
	Arrival             // Exim, sendmail: a message came in, and all about it
)

var kindWords = enum.Words{"unknown", "tls", "tls-trust", "tls-trace", "lost", "tls-problem", "delivery", "connect",
	"disconnect", "received", "sender", "started", "offered-tls", "policy-report", "queued-to-remote", "arrival"}

func (k Kind) String() string               { return enum.String("log line", kindWords, k) }
func (k Kind) MarshalText() ([]byte, error) { return enum.Marshal("log line", kindWords, k) }
func (k *Kind) UnmarshalText(text []byte) error {
	return enum.Unmarshal("log line", kindWords, k, text)
}

// Software is the mail server that wrote a line.
type Software uint8

// Softwares.
const (
	SoftwareUnknown Software = iota
	Postfix
	Exim
	Sendmail
	Qmail
)

var softwareWords = enum.Words{"unknown", "postfix", "exim", "sendmail", "qmail"}

func (s Software) String() string               { return enum.String("software", softwareWords, s) }
func (s Software) MarshalText() ([]byte, error) { return enum.Marshal("software", softwareWords, s) }
func (s *Software) UnmarshalText(text []byte) error {
	return enum.Unmarshal("software", softwareWords, s, text)
}

// Event is what one line says. Its texts are parts of the line and hold only as long as the line does.
type Event struct {
	Software  Software
	Kind      Kind
	Direction Direction
	Peer      Peer
	QueueID   []byte // Postfix and sendmail: of the message; qmail: the number of the delivery
	Domain    []byte // of the recipient, or of the sender where Kind is Sender or Arrival; nil = none, or not to be told
	Null      bool   // the sender is <>
	Status    Status
	Encrypted truth.Truth  // what the line itself says of it, by "tls=" or in Exim's X=
	Level     []byte       // of "tls=": the security level that was in force
	Word      postfix.Word // of a TLS line
	Version   []byte       // as OpenSSL writes it: TLSv1.3
	Cipher    []byte
	Reused    bool   // the connection served another message before; of a TLSTrace: its TLS session did
	Login     bool   // the client is a user who logged in
	Took      int64  // seconds, rounded up, from the begin of the connection to this line; -1 = not said
	Reason    Reason // why TLS or a policy stood in the way
	Text      []byte // what the line says in brackets
	More      []byte // sendmail: the rest of the list of recipients

	relayNone bool
}

// Peer is the other end of a connection, as written.
type Peer struct {
	Host []byte // "unknown" for a client without a name
	Addr []byte // without the brackets; nil where the release does not write it
	Port []byte // nil where it is not written
}

// Local reports whether mail that goes there stays on this machine: a loopback address, or a socket in the file system.
func (p Peer) Local() bool {
	a := string(p.Addr) // does not allocate: it is compared only
	switch {
	case a == "":
		return string(p.Host) == "localhost" || string(p.Host) == "local"
	case a == "::1", a[0] == '/', len(a) > 8 && a[:8] == "private/":
		return true
	}
	return len(a) > 4 && a[:4] == "127."
}
