package report

import (
	"slices"

	"mxtls/scanner"
	"mxtls/scanner/maillog"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// Seen is what a scan saw of a domain as far as it is put beside a log: little, since a log may name many domains.
type Seen struct {
	class    verdict.Class
	offers   string // the best TLS version of its servers
	reason   string // code of why nothing could be told; "" = none
	stripped bool   // the way to one of them takes STARTTLS out
	trusted  bool   // all chains that were judged are trusted, and there are some
}

// NewSeen is what a result comes to.
func NewSeen(r *scanner.Result) Seen {
	s := Seen{class: r.Class(), offers: "TLS"}
	if all := versions(r); len(all) > 0 {
		s.offers = starttls.VersionName(slices.Max(all))
	}
	s.stripped = slices.ContainsFunc(r.Verdict.Servers, func(a verdict.Answers) bool {
		return a.Reason == starttls.StartTLSStripped.String()
	})
	s.reason = untold(r)
	status := certificateStatus(r)
	s.trusted = status == pkix.Trusted.String()
	return s
}

// untold is the code of why whether a domain's servers encrypt could not be told.
func untold(r *scanner.Result) string {
	for i := range r.Verdict.Servers {
		if a := &r.Verdict.Servers[i]; a.Encrypted == truth.Unknown && a.Reason != "" {
			return a.Reason
		}
	}
	return mxReason(r)
}

// Join puts beside the rows of mail that was sent what a scan saw of their domains, by the texts of its targets.
func (t *Traffic) Join(seen map[string]Seen) {
	words := t.Totals[maillog.Outbound].Words
	anchored := words.Of("Trusted")+words.Of("Verified") > 0
	for i := range t.Rows {
		r := &t.Rows[i]
		if r.Direction != maillog.Outbound || r.Messages+r.Deferred+r.Bounced == 0 {
			continue
		}
		if s, ok := seen[r.Domain]; ok {
			r.Scan = s.beside(r.Row, anchored)
		}
	}
}

// beside says what was seen where the log says something else; "" where they agree. Where no certificate of the log was
// ever trusted, anchored is false.
func (s *Seen) beside(row *maillog.Row, anchored bool) string {
	switch s.class {
	case verdict.ClassFull, verdict.ClassPartial:
		return s.besideTLS(row, anchored)
	case verdict.ClassPlain:
		return s.besidePlain(row)
	case verdict.ClassNull, verdict.ClassNone:
		return "scan: the domain takes no mail, or does not exist"
	case verdict.ClassUnknown, verdict.ClassFailed:
		if s.reason == "" {
			return "scan: it could not be told"
		}
		return "scan: it could not be told: " + inWords(s.reason)
	}
	return ""
}

// besidePlain compares with servers that offer no TLS, or seem to.
func (s *Seen) besidePlain(row *maillog.Row) string {
	switch {
	case s.stripped && row.Encrypted > 0:
		return "log: TLS, scan: STARTTLS was stripped on the path from where it was made"
	case s.stripped:
		return "scan: STARTTLS was stripped on the path, the server may well offer it"
	case row.Encrypted > 0:
		return "log: TLS, scan: no server encrypts"
	case row.Messages == 0:
		return "log: held back, scan: no server encrypts"
	}
	return ""
}

// besideTLS compares with servers that offer TLS.
func (s *Seen) besideTLS(row *maillog.Row, anchored bool) string {
	untrusted := row.Words.Of("Untrusted") > 0 && row.Words.Of("Trusted")+row.Words.Of("Verified") == 0 && s.trusted
	switch {
	case row.Plaintext > 0 && row.Encrypted == 0:
		return "log: plain text until " + row.Last.Format("2006-01-02") + ", scan: the server offers " + s.offers
	case row.Plaintext > 0:
		return "log: some in plain text, scan: the server offers " + s.offers
	case row.Encrypted == 0 && row.Unknown > 0:
		return "the log does not tell, scan: the server offers " + s.offers
	case untrusted && !anchored:
		return "log: nothing but Untrusted, scan: the certificate is trusted; our CAfile is missing"
	case untrusted:
		return "log: Untrusted, scan: the certificate is trusted; our CAfile is old, or the certificate is new"
	case row.Messages == 0:
		return "log: held back, scan: the server offers " + s.offers
	}
	return ""
}
