// Package change says what is different between runs over the same domains: what an operator wants to know at seven in
// the morning, worst first, and nothing else.
//
// A State is what counts of one judged result. Between compares two of them; it is pure. What one address of many did, a
// server that was busy and a certificate that was renewed by the same issuer are noise: a Change says so, and is left out
// unless it is asked for.
//
// What could not be told in one of the two runs is no change, with two exceptions by which mail waits: signatures of
// DNSSEC that do not hold, since senders that validate do not deliver then and nothing can be told, and TLSA records
// that fit no server, since senders with DANE do not. They are news unless the first run has them: what could not be
// told there may have been good, and to be told twice of lost mail is better than not at all.
//
// A Joiner brings the results of several runs together by domain, whatever their order; where the order is the same it
// holds next to nothing.
package change

import (
	"slices"
	"strings"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/dane"
	"mxtls/scanner/internal/enum"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/verdict"
)

// Code is a stable code for a kind of change.
type Code uint8

// Codes, in the order of the catalogue.
const (
	CodeUnknown Code = iota
	DomainGone
	NewlyPlaintext
	PartlyPlaintext
	BecameUntrusted
	NameNoLongerFits
	DNSSECBroken
	DANEBroken
	DANEGone
	STSBroken
	STSGone
	STSWeaker
	STSServersFail
	STSSameID
	WillExpire
	ProviderChanged
	NoLongerTold
	IssuerChanged
	CertificateRenewed
	NewlyEncrypted
	BecameTrusted
	DNSSECMended
	DANENew
	STSNew
	DomainBack
	Added
	Removed
)

var codeWords = enum.Words{
	"unknown", "domain_gone", "newly_plaintext", "partly_plaintext", "became_untrusted", "name_no_longer_fits",
	"dnssec_broken", "dane_broken", "dane_gone", "sts_broken", "sts_gone", "sts_weaker", "sts_servers_fail",
	"sts_same_id", "will_expire", "provider_changed", "no_longer_told", "issuer_changed", "certificate_renewed",
	"newly_encrypted", "became_trusted", "dnssec_mended", "dane_new", "sts_new", "domain_back", "added", "removed",
}

func (c Code) String() string               { return enum.String("change", codeWords, c) }
func (c Code) MarshalText() ([]byte, error) { return enum.Marshal("change", codeWords, c) }
func (c *Code) UnmarshalText(t []byte) error {
	return enum.Unmarshal("change", codeWords, c, t)
}

// Severity is the code's: an error where mail is less safe or lost, a warning where it may be soon, information else.
func (c Code) Severity() verdict.Severity {
	switch {
	case c == CodeUnknown:
		return verdict.SeverityUnknown
	case c <= DANEBroken && c != PartlyPlaintext, c == STSServersFail:
		return verdict.Error
	case c <= IssuerChanged:
		return verdict.Warning
	}
	return verdict.Info
}

// Change is one difference between two runs.
type Change struct {
	Domain string // as scanner.Result.Target has it, or the input where that is no domain
	Code   Code
	Old    string // what was, in a word or two
	New    string // what is
	Noise  bool   // not worth anybody's attention
}

// State is what counts of one result.
type State struct {
	class       verdict.Class
	via         string
	servers     int // that were told of, one way or the other
	plain       int
	untrusted   int
	reasons     []string // why they are untrusted, sorted, each once
	misnamed    int
	chains      int
	issuers     []string // organizations, sorted, each once
	leaves      []string // SHA-256, sorted, each once
	earliest    time.Time
	dane        dane.Level
	sts         mtasts.Status
	mode        mtasts.Mode
	policyID    string
	policyBody  string
	stsFailing  int
	bogusMX     bool
	bogus       int // addresses, and hosts without, of which DNSSEC says that the answers are forged or broken
	places      int // of all
	expiresSoon bool
}

// soon is when a certificate is about to expire: what clients of Let's Encrypt leave at the least when renewal works.
const soon = 14 * 24 * time.Hour

// Of is what counts of a judged result, as of the time that it was judged at.
func Of(r *scanner.Result, at time.Time) State {
	f := &r.Facts
	s := State{
		class: r.Class(), via: r.Via, dane: f.DANE, sts: f.Policy.Status, mode: f.Policy.Mode, policyID: f.Policy.ID,
		policyBody: f.Policy.BodySHA256, bogusMX: f.MX.Reason == mx.LookupBogus, places: len(f.Servers),
		servers: r.Verdict.Encrypted.Yes + r.Verdict.Encrypted.No, plain: r.Verdict.Encrypted.No,
	}
	for i := range f.Servers {
		s.add(&f.Servers[i])
	}
	for _, list := range []*[]string{&s.reasons, &s.issuers, &s.leaves} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	s.expiresSoon = !s.earliest.IsZero() && s.earliest.After(at) && s.earliest.Sub(at) < soon
	return s
}

func (s *State) add(server *verdict.Server) {
	if server.Fit != nil && server.Fit.Fault != mtasts.ServerFaultNone {
		s.stsFailing++
	}
	if server.DANE.Reason == dane.DNSSECInvalid || server.NoAddress == mx.LookupBogus {
		s.bogus++
	}
	c := server.Chain
	if c == nil || c.Status == pkix.StatusUnknown || c.SHA256 == "" {
		return
	}
	s.chains++
	if c.Status != pkix.Trusted {
		s.untrusted++
		if c.Reason != pkix.ReasonNone {
			s.reasons = append(s.reasons, c.Reason.String())
		}
	} else if !server.Host.IsZero() && server.MatchedBy == "" {
		s.misnamed++
	}
	s.issuers, s.leaves = append(s.issuers, organization(c.Issuer)), append(s.leaves, c.SHA256)
	if s.earliest.IsZero() || c.NotAfter.Before(s.earliest) {
		s.earliest = c.NotAfter
	}
}

// organization is the issuer as people know it: an authority signs with one intermediate certificate this month and with
// another the next, and some with several in turn. A name that has no organization stands for itself.
func organization(issuer string) string {
	escaped, begin := false, 0
	for i := 0; i <= len(issuer); i++ {
		switch {
		case i < len(issuer) && escaped:
			escaped = false
		case i < len(issuer) && issuer[i] == '\\':
			escaped = true
		case i == len(issuer) || issuer[i] == ',' || issuer[i] == '+':
			if o, ok := strings.CutPrefix(issuer[begin:i], "O="); ok && o != "" {
				return o
			}
			begin = i + 1
		}
	}
	return issuer
}
