// Package verdict turns one domain's facts into answers and findings. It is pure: no sockets, no clock.
//
// It owns the catalogue of findings: each has a code, a severity, a title and the standard it rests on.
package verdict

import (
	"net/netip"

	"mxtls/scanner/dane"
	"mxtls/scanner/internal/enum"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
	"mxtls/scanner/tlsrpt"
	"mxtls/scanner/truth"
)

// Server is what is known of one address of one mail host: the facts that a domain's verdict rests on. Session and
// Chain are shared by every domain behind the address and are not changed.
type Server struct {
	Host       name.Name // as in the MX record; zero for an address target
	Label      string    // how to print the host: Host, or the MX record's raw text
	Preference uint16
	Addr       netip.AddrPort    // invalid when the host has no address
	NoAddress  mx.Reason         // why not
	Session    *starttls.Session // as Postfix asks by default; nil only when there is no address
	TLSA       dane.Records      // of Host; zero = not asked for
	Named      *starttls.Session // with the TLSA base domain as SNI; nil where no records call for it
	OtherKey   *starttls.Session // likewise, for a certificate of the other kind, RSA or ECDSA
	STS        *starttls.Session // with Host as SNI; nil where no MTA-STS policy calls for it

	// Judgement.
	Chain     *pkix.Chain    // nil without a handshake
	NameMatch truth.Truth    // the leaf's names against Host (verify's comparison)
	MatchedBy string         // the certificate's name that matched Host
	DANE      dane.Outcome   // the worse of Shown: what a sender may meet
	Shown     []dane.Outcome // of the certificate in Named, and of the one in OtherKey if any; nil without records
	Fit       *mtasts.Fit    // against the domain's policy; nil where none is in force
}

// Sessions are all that were held with the server, the one as Postfix asks by default first; nil stands for those that
// nothing called for.
func (s *Server) Sessions() []*starttls.Session {
	return []*starttls.Session{s.Session, s.Named, s.OtherKey, s.STS}
}

// Misplaced are TLSA records that a mail host does not have, and that stand where no mail server looks.
type Misplaced struct {
	Host name.Name
	At   dane.Place
}

// Facts is all that is known of one domain.
type Facts struct {
	Domain  name.Name // zero for an address literal
	Direct  bool      // the user named a server, not a mail domain
	Legacy  bool      // a list says that the domain is of the past
	MX      mx.Set
	Servers []Server // in the order in which mail would try them

	Misplaced []Misplaced
	STS       *mtasts.Facts   // nil = not asked for
	TLSRPT    *resolve.Answer // nil = not asked for

	// Judgement.
	DANE    dane.Level
	Policy  mtasts.Outcome
	Reports tlsrpt.Outcome
}

// Answers are the four facts that are kept apart, and why the last yes is the last.
type Answers struct {
	Offered       truth.Truth // STARTTLS in the EHLO reply
	Accepted      truth.Truth // 220 to STARTTLS
	Established   truth.Truth // handshake done, by us or, where Negotiated, as Postfix would have done it
	Authenticated truth.Truth // chain trusted and the MX host's name matches
	Encrypted     truth.Truth // would mail to this server be encrypted on the way
	Negotiated    bool        // not completed by us: we lack the cipher, key or curve that Postfix and the server agree on
	Reason        string      // stable code; "" when all is well
	Detail        string      // the reason in words; may quote the server
}

// Counts counts servers by whether mail to them would be encrypted.
type Counts struct{ Yes, No, Unknown int }

// Total is the number of servers counted.
func (c Counts) Total() int { return c.Yes + c.No + c.Unknown }

// Severity of a finding.
type Severity uint8

// Severities.
const (
	SeverityUnknown Severity = iota
	Info
	Warning
	Error
)

var severityWords = enum.Words{"unknown", "info", "warning", "error"}

func (s Severity) String() string               { return enum.String("severity", severityWords, s) }
func (s Severity) MarshalText() ([]byte, error) { return enum.Marshal("severity", severityWords, s) }
func (s *Severity) UnmarshalText(t []byte) error {
	return enum.Unmarshal("severity", severityWords, s, t)
}

// Finding is one thing that an operator should know of a domain.
type Finding struct {
	Code     string // from the catalogue
	Severity Severity
	Host     string // "" when it concerns the domain
	Address  string // "" when it concerns all of the host's
	Text     string // one sentence; may quote the server
}

// Verdict is what the facts of one domain come to.
type Verdict struct {
	Servers   []Answers // one for each of Facts.Servers
	Encrypted Counts
	Effective Effective
	Findings  []Finding // worst first, then in server order
}
