package mtasts

import (
	"mxtls/scanner/internal/enum"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/truth"
)

// Server is a live mail server as a sender with MTA-STS meets it: with its MX name as SNI.
type Server struct {
	Host  name.Name   // as written in the MX record; zero when the record names an address
	TLS   truth.Truth // STARTTLS and the handshake work; unknown: could not be told
	Chain *pkix.Chain // what it showed, by Verifier.WebPKI; nil = not seen
}

// ServerFault is a stable code for what a policy has against a server, in RFC 8460 4.3's words.
type ServerFault uint8

// Faults of servers.
const (
	ServerFaultNone      ServerFault = iota
	NotListed                        // "validation-failure": the policy has no pattern for it
	NoTLS                            // "starttls-not-supported"
	CertificateMismatch              // "certificate-host-mismatch": no DNS name of the SAN covers the MX name
	CertificateExpired               // "certificate-expired": the leaf
	CertificateUntrusted             // "certificate-not-trusted": anything else that is wrong with the chain
)

var serverFaultWords = enum.Words{
	"", "validation-failure", "starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
	"certificate-not-trusted",
}

func (f ServerFault) String() string { return enum.String("mta-sts server fault", serverFaultWords, f) }
func (f ServerFault) MarshalText() ([]byte, error) {
	return enum.Marshal("mta-sts server fault", serverFaultWords, f)
}
func (f *ServerFault) UnmarshalText(t []byte) error {
	return enum.Unmarshal("mta-sts server fault", serverFaultWords, f, t)
}

// Fit is how a server stands with a policy, were its mode enforce.
type Fit struct {
	Host    name.Name
	Listed  bool        // the policy has a pattern for it
	Pattern Pattern     // the first one that has
	Passes  truth.Truth // mail may go there; no: it fails, and in mode enforce gets no mail; unknown: could not be told
	Fault   ServerFault // when Passes is no
	Text    string      // the same in words, or why it could not be told
}

// Fit holds mail servers against a policy (RFC 8461 4.1 and 4.2), in their order: the name in the policy, TLS, a chain
// of the web and the server's own name, that of the MX record and not the domain's. Unused are the policy's patterns
// that fit none of them: a server that is gone, or yet to come.
//
// Whether the policy is in force is for its Outcome and Mode to say.
func (p Policy) Fit(servers []Server) (fits []Fit, unused []Pattern) {
	used := make(map[Pattern]bool)
	for _, s := range servers {
		f := Fit{Host: s.Host}
		for _, pattern := range p.MX {
			if !pattern.Match(s.Host) {
				continue
			}
			if used[pattern] = true; !f.Listed {
				f.Listed, f.Pattern = true, pattern
			}
		}
		f.judge(s)
		fits = append(fits, f)
	}
	for _, pattern := range p.MX {
		if !used[pattern] {
			used[pattern] = true // once
			unused = append(unused, pattern)
		}
	}
	return fits, unused
}

// judge fills in whether a server passes.
func (f *Fit) judge(s Server) {
	switch {
	case s.Host.IsZero():
		f.fail(NotListed, "the MX record names an address, for which no policy can have a pattern")
	case !f.Listed:
		f.fail(NotListed, "the policy has no pattern for it")
	case s.TLS == truth.No:
		f.fail(NoTLS, "it has no TLS that works")
	case s.TLS == truth.Unknown:
		f.Text = "whether it has TLS could not be told"
	case s.Chain == nil:
		f.Text = "its certificate was not seen"
	default:
		f.chain(s)
	}
}

func (f *Fit) chain(s Server) {
	switch c := s.Chain; c.Status {
	case pkix.Trusted:
		switch f.Passes = nameOf(c, s.Host); f.Passes {
		case truth.No:
			f.fail(CertificateMismatch, "its certificate has no DNS name for "+s.Host.String())
		case truth.Unknown:
			f.Text = "its certificate has more names than we keep"
		}
	case pkix.Untrusted, pkix.Anonymous:
		fault := CertificateUntrusted
		if c.Reason == pkix.Expired {
			fault = CertificateExpired
		}
		f.fail(fault, c.Text)
	default:
		f.Text = c.Text
	}
}

func (f *Fit) fail(fault ServerFault, text string) { f.Passes, f.Fault, f.Text = truth.No, fault, text }
