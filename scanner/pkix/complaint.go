package pkix

import "fmt"

// errorTexts are OpenSSL 3.0's texts for its errors (x509_txt.c), of those that Postfix logs by number.
var errorTexts = map[int]string{
	errUnspecified:    "unspecified certificate verification error",
	errNoIssuer:       "unable to get issuer certificate",
	errSignature:      "certificate signature failure",
	errLeafUnverified: "unable to verify the first certificate",
	errPathLength:     "path length constraint exceeded",
	errRejected:       "certificate rejected",
	errNoCertSign:     "key usage does not include certificate signing",
	errCritical:       "unhandled critical extension",
	errProxy:          "proxy certificates not allowed, please set the appropriate flag",
	errNotPermitted:   "permitted subtree violation",
	errExcluded:       "excluded subtree violation",
	errSubtreeRange:   "name constraints minimum and maximum not supported",
	errConstraintType: "unsupported name constraint type",
	errNameSyntax:     "unsupported or invalid name syntax",
	errHostname:       "hostname mismatch",
	errNoMatch:        "no matching DANE TLSA records",
	errLeafKey:        "EE certificate key too weak",
	errCAKey:          "CA certificate key too weak",
	errDigest:         "CA signature digest algorithm too weak",
	errNotCA:          "invalid CA certificate",
	errExplicitCurve:  "certificate public key has explicit ECC parameters",
}

// Complaint is what Postfix logs about a chain at smtp_tls_loglevel 1 where a match is required (tls_verify.c
// tls_log_verify_error); peer is "HOST[ADDRESS]:PORT", and named says whether the names match or do not matter. It is
// "" where Postfix has nothing to say, and where it cannot be told. OpenSSL compares names before it checks signatures
// and dates: a wrong name hides that the certificate of a server is expired, and no more.
func (c *Chain) Complaint(peer string, named bool) string {
	num, depth := c.Num, c.Depth
	switch {
	case c.Status != Trusted && num == 0:
		return ""
	case !named && (num == 0 || depth > 0 || c.AfterNames):
		num, depth = errHostname, 0
	case num == 0:
		return ""
	}
	who := "server"
	if depth > 0 {
		who = "CA"
	}
	failed := "certificate verification failed for " + peer + ": "
	switch num {
	case errSelfSigned:
		return failed + "self-signed certificate"
	case errSelfSignedInChain, errNoLocalIssuer:
		return failed + "untrusted issuer " + c.Culprit
	case errPurpose:
		return failed + "not designated for use as a " + who + " certificate"
	case errTooLong:
		return fmt.Sprintf("%scertificate chain longer than limit(%d)", failed, depth-1)
	case errNotYetValid, errNotBefore:
		return who + " " + failed + "certificate not yet valid"
	case errExpired, errNotAfter:
		return who + " " + failed + "certificate has expired"
	}
	return fmt.Sprintf("%s %snum=%d:%s", who, failed, num, errorTexts[num])
}
