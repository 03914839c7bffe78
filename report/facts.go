package report

import (
	"slices"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// maxNames is how many of a certificate's names the machine formats hold: some have thousands.
const maxNames = 20

// domainOrInput is the domain, or the input where it is none.
func domainOrInput(r *scanner.Result) string {
	if r.Invalid != nil {
		return r.Input
	}
	return r.Target.String()
}

// stage is how far the session with s got.
func stage(s *verdict.Server) starttls.Stage {
	if s.Session == nil {
		return starttls.StageNone
	}
	return s.Session.Stage
}

// banner is the lines of a session's first reply as they came.
func banner(s *starttls.Session) []string {
	if s == nil || len(s.Dialogue) == 0 || s.Dialogue[0].Sent != "" {
		return nil
	}
	return s.Dialogue[0].Reply.Lines
}

// capabilities are the EHLO keywords of a session before TLS.
func capabilities(s *starttls.Session) []string {
	if s == nil {
		return nil
	}
	return s.Before
}

// handshake is what TLS agreed on with s, completed by us or not; nil without.
func handshake(s *verdict.Server) *starttls.Handshake {
	if s.Session == nil {
		return nil
	}
	return s.Session.Agreed()
}

// noChain stands for the chain of a server that showed none.
var noChain pkix.Chain

// chainOf is the verdict on s's chain; a zero one without.
func chainOf(s *verdict.Server) *pkix.Chain {
	if s.Chain == nil {
		return &noChain
	}
	return s.Chain
}

// chainReason is the code of why a chain is not trusted.
func chainReason(c *pkix.Chain) string {
	if c.Reason == pkix.ReasonNone {
		return ""
	}
	return c.Reason.String()
}

// certificateStatus sums a domain's chains up: the status of all, or "mixed".
func certificateStatus(r *scanner.Result) string {
	status, first := pkix.StatusUnknown.String(), true
	for i := range r.Facts.Servers {
		c := r.Facts.Servers[i].Chain
		if c == nil {
			continue
		}
		switch word := c.Status.String(); {
		case first:
			status, first = word, false
		case status != word:
			status = "mixed"
		}
	}
	return status
}

// certificateReasons are why a domain's chains are not trusted, each once.
func certificateReasons(r *scanner.Result) (reasons []string) {
	for i := range r.Facts.Servers {
		if c := r.Facts.Servers[i].Chain; c != nil {
			if code := chainReason(c); code != "" && !slices.Contains(reasons, code) {
				reasons = append(reasons, code)
			}
		}
	}
	return reasons
}

// earliestExpiry is when the first of a domain's certificates ends; zero without any.
func earliestExpiry(r *scanner.Result) (expiry time.Time) {
	for i := range r.Facts.Servers {
		c := r.Facts.Servers[i].Chain
		if c != nil && !c.NotAfter.IsZero() && (expiry.IsZero() || c.NotAfter.Before(expiry)) {
			expiry = c.NotAfter
		}
	}
	return expiry
}

// concerns reports whether a finding is about s, its host or the whole domain; all are, for no server in particular.
func concerns(f *verdict.Finding, s *verdict.Server) bool {
	return s == nil || (f.Host == "" || f.Host == s.Label) && (f.Address == "" || f.Address == address(s.Addr))
}
