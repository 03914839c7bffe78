// Package postfix predicts what a Postfix SMTP client does with a message: a pure function of what was seen of the
// servers, of Postfix's configuration and of the message's age. It opens no socket and asks no clock.
//
// The order of a delivery attempt, as smtp(8) has it (src/smtp of Postfix 3.7, checked against 3.7.11
// and 3.10.13):
//
//  1. Routing (smtp_addr.c): a null MX bounces (5.1.0); no mail host at all bounces (5.4.4); a lookup that failed
//     defers (4.4.3) unless another host has an address.
//  2. Addresses by MX preference, shuffled where that is equal, at most smtp_mx_address_limit of them, neither address
//     family crowding out the other (smtp_balance_inet_protocols).
//  3. At each address (smtp_proto.c): connect, greeting, EHLO (HELO after any refusal but 421), STARTTLS, handshake,
//     certificate, EHLO again. What is soft goes on to the next address, and defers when there is none; what is hard
//     bounces at once, whatever other addresses there are.
//  4. At level may, a handshake or session that broke is tried again in plain text on the same address, once the
//     message is older than minimal_backoff_time: the first attempt defers.
//
// A greeting of 5yz is soft (smtp_skip_5xx_greeting), a greeting of 3yz hard. A refusal of STARTTLS is plain text at
// may and takes its own code above. What a server says to MAIL and after is not predicted: it is taken to accept.
//
// At the levels dane and dane-only, TLSA records say for each server at which level it is tried, or that it is not
// (smtp_tls_policy.c dane_init): dane.go. Without them being looked up, a domain that has servers is Unknown there.
package postfix

import (
	"net/netip"
	"slices"
	"time"

	"mxtls/scanner/internal/enum"
)

// Level is a TLS security level (smtp_tls_security_level). The order is that of reports, not of strength.
type Level uint8

// Levels of a Postfix SMTP client (TLS_README).
const (
	LevelUnknown Level = iota
	None
	May
	Encrypt
	Dane
	DaneOnly
	Fingerprint
	Verify
	Secure
)

var levelWords = enum.Words{
	"unknown", "none", "may", "encrypt", "dane", "dane-only", "fingerprint", "verify", "secure",
}

func (l Level) String() string               { return enum.String("security level", levelWords, l) }
func (l Level) MarshalText() ([]byte, error) { return enum.Marshal("security level", levelWords, l) }
func (l *Level) UnmarshalText(text []byte) error {
	return enum.Unmarshal("security level", levelWords, l, text)
}

// Levels are all levels but LevelUnknown, in the order of a report's columns.
func Levels() []Level {
	return []Level{None, May, Encrypt, Dane, DaneOnly, Fingerprint, Verify, Secure}
}

// strength orders levels from the weakest to the strongest (tls.h).
var strength = []Level{LevelUnknown, None, May, Encrypt, Fingerprint, Dane, DaneOnly, Verify, Secure}

// stronger reports whether l asks for more than other.
func (l Level) stronger(other Level) bool {
	return slices.Index(strength, l) > slices.Index(strength, other)
}

// required reports whether mail is not sent without TLS (TLS_REQUIRED in tls.h).
func (l Level) required() bool { return l > May }

// matches reports whether mail is not sent unless the certificate matches (TLS_MUST_MATCH in tls.h).
func (l Level) matches() bool { return l > Encrypt }

// Outcome is what becomes of a message.
type Outcome uint8

// Outcomes.
const (
	Unknown   Outcome = iota // cannot be told, see the reason
	Encrypted                // delivered over TLS
	Plaintext                // delivered in plain text
	Deferred                 // kept and tried again, until maximal_queue_lifetime has passed
	Bounced                  // returned to the sender at once
)

var outcomeWords = enum.Words{"unknown", "encrypted", "plaintext", "deferred", "bounced"}

func (o Outcome) String() string               { return enum.String("outcome", outcomeWords, o) }
func (o Outcome) MarshalText() ([]byte, error) { return enum.Marshal("outcome", outcomeWords, o) }
func (o *Outcome) UnmarshalText(text []byte) error {
	return enum.Unmarshal("outcome", outcomeWords, o, text)
}

// badness orders outcomes from the best to the worst.
var badness = []Outcome{Encrypted, Unknown, Plaintext, Deferred, Bounced}

// Worse reports whether o is worse news than other: bounced, deferred, plaintext, unknown, encrypted.
func (o Outcome) Worse(other Outcome) bool {
	return slices.Index(badness, o) > slices.Index(badness, other)
}

// Word is the first word of the line "... TLS connection established to ..." in Postfix's log.
type Word uint8

// Words, from the worst to the best.
const (
	WordNone  Word = iota // no TLS connection was established, or its certificate was not seen
	Anonymous             // the server sent no certificate
	Untrusted             // its chain did not hold, or there is no CAfile to hold it against
	Trusted               // its chain held; its name was not looked at, or did not match
	Verified              // what the level asks for was matched
)

var wordWords = enum.Words{"", "Anonymous", "Untrusted", "Trusted", "Verified"}

func (w Word) String() string               { return enum.String("trust word", wordWords, w) }
func (w Word) MarshalText() ([]byte, error) { return enum.Marshal("trust word", wordWords, w) }
func (w *Word) UnmarshalText(text []byte) error {
	return enum.Unmarshal("trust word", wordWords, w, text)
}

// Prediction is what becomes of a message to one destination at one level.
//
// Where MX preferences are equal Postfix shuffles the addresses. If the order decides, the worst outcome is told, with
// the reason DependsOnOrder; if one of the orders cannot be told, the outcome is Unknown.
type Prediction struct {
	Outcome Outcome
	After   time.Duration  // Plaintext only: it is deferred first and goes out from this age on; 0 = at once
	Word    Word           // of the server named by Host, where TLS was established with it
	Host    string         // the server that takes the message or, if none does, the last one that was tried
	Address netip.AddrPort // its address
	Code    string         // Deferred and Bounced: the enhanced status code (RFC 3463), "4.7.5"
	Text    string         // the log line as far as "bits)", or what stands in "status=deferred (text)"
	Reason  string         // stable code of the first thing amiss, "" when nothing is; see the constants
}
