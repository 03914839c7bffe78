package report

import (
	"slices"

	"mxtls/scanner"
	"mxtls/scanner/maillog"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// ScanText says beside what the log tells of mail to a domain what a scan of it saw; "" where they agree, and for mail
// that came in, of which a scan says nothing.
func ScanText(row *maillog.Row, r *scanner.Result) string {
	if row.Direction != maillog.Outbound || r.Invalid != nil || row.Messages == 0 && row.Deferred+row.Bounced == 0 {
		return ""
	}
	offers := offered(r)
	switch class := r.Class(); {
	case class == verdict.ClassFull || class == verdict.ClassPartial:
		return logAgainstTLS(row, r, offers)
	case stripped(r) && row.Encrypted > 0:
		return "log: TLS, scan: STARTTLS was stripped on the path from where it was made"
	case class == verdict.ClassPlain && stripped(r):
		return "scan: STARTTLS was stripped on the path, the server may well offer it"
	case class == verdict.ClassPlain && row.Encrypted > 0:
		return "log: TLS, scan: no server encrypts"
	case class == verdict.ClassPlain && row.Deferred+row.Bounced > 0 && row.Messages == 0:
		return "log: held back, scan: no server encrypts"
	case class == verdict.ClassNull || class == verdict.ClassNone:
		return "scan: the domain takes no mail, or does not exist"
	}
	return ""
}

// logAgainstTLS compares with servers that offer TLS.
func logAgainstTLS(row *maillog.Row, r *scanner.Result, offers string) string {
	switch {
	case row.Plaintext > 0 && row.Encrypted == 0:
		return "log: plain text until " + row.Last.Format("2006-01-02") + ", scan: the server offers " + offers
	case row.Plaintext > 0:
		return "log: some in plain text, scan: the server offers " + offers
	case row.Encrypted == 0 && row.Unknown > 0:
		return "the log does not tell, scan: the server offers " + offers
	case row.Words.Of("Untrusted") > 0 && row.Words.Of("Trusted")+row.Words.Of("Verified") == 0 && trustedChain(r):
		return "log: Untrusted, scan: the certificate is trusted; no CAfile is set, or it is an old one"
	case row.Messages == 0:
		return "log: held back, scan: the server offers " + offers
	}
	return ""
}

// offered is the best TLS version of a domain's servers.
func offered(r *scanner.Result) string {
	if all := versions(r); len(all) > 0 {
		return starttls.VersionName(slices.Max(all))
	}
	return "TLS"
}

func stripped(r *scanner.Result) bool {
	return slices.ContainsFunc(r.Verdict.Servers, func(a verdict.Answers) bool { return a.Reason == "starttls_stripped" })
}

// trusted reports whether all chains that were judged are trusted, and there are some.
func trustedChain(r *scanner.Result) bool {
	status := certificateStatus(r)
	return status == pkix.Trusted.String()
}
