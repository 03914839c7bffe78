package pkix

import (
	"fmt"
	"strings"

	"mxtls/scanner/truth"
)

const dateFormat = "2006-01-02"

// checkExtensions is x509_vfy.c check_extensions for TLS servers, without -x509_strict.
func (t *trial) checkExtensions() {
	below := 0 // CAs below, self-issued ones aside
	for i, c := range t.path {
		if c.critical != "" {
			t.report(i, errCritical, CriticalExtension, has(i, c)+"a critical extension that is not understood: "+
				dotted(c.critical))
		}
		if c.proxy {
			t.report(i, errProxy, WrongPurpose, is(i, c)+"a proxy certificate (RFC 3820)")
		}
		if i > 0 && !c.mayIssue(i == len(t.path)-1) {
			t.report(i, errNotCA, NotACA, "issued by "+c.subject.title()+notCA(c))
		}
		if c.key.explicit && len(t.path) > 1 {
			t.report(i, errExplicitCurve, OtherInvalid, has(i, c)+"a key on a curve without a name")
		}
		if why := t.purpose(i, c); why != "" {
			t.report(i, errPurpose, WrongPurpose, why)
		}
		if i > 1 && c.pathLen >= 0 && below > c.pathLen {
			t.report(i, errPathLength, PathLength, fmt.Sprintf("%s may have %d CAs below it and has %d",
				c.subject.title(), c.pathLen, below))
		}
		if i > 0 && !c.selfIssued {
			below++
		}
	}
}

// mayIssue is v3_purp.c check_ca. Only the last of a path may be a CA by less than basicConstraints: a root of version
// 1, one with the right key usage, or with Netscape's word for it.
func (c *certificate) mayIssue(last bool) bool {
	switch {
	case c.invalid != "", c.forbids(usageCertSign):
		return false
	case c.basic:
		return c.ca
	}
	return last && (c.version1 && c.selfSigned || c.hasUsage || c.hasType && c.certType&typeCA != 0)
}

func notCA(c *certificate) string {
	if c.forbids(usageCertSign) {
		return ", whose key may not sign certificates"
	}
	return ", which is no CA"
}

// purpose says why a certificate is not for TLS servers (check_purpose, v3_purp.c check_purpose_ssl_server); "" when it
// is. What the bundle says of one of its own counts more. An invalid certificate is not asked (X509_check_purpose
// returns -1, which is good enough without -x509_strict).
func (t *trial) purpose(i int, c *certificate) string {
	if i >= t.untrusted {
		switch t.store.setting(c) {
		case trustedAnchor:
			return ""
		case rejectedAnchor:
			return is(i, c) + "set to be rejected for TLS servers in the bundle"
		}
	}
	switch {
	case c.invalid != "":
		return ""
	case !c.forServers():
		return is(i, c) + "not for TLS servers: its extended key usage is " + usages(c)
	case i > 0:
		return caPurpose(i, c)
	case c.hasType && c.certType&typeServer == 0:
		return "not for TLS servers: its Netscape type is another"
	case c.forbids(usageSignature | usageEncipherment | usageAgreement):
		return "not for TLS servers: its key usage allows neither signatures nor key exchange"
	}
	return ""
}

// caPurpose: an issuer is for TLS servers when it is a CA at all, by whatever sign, Netscape's type aside.
func caPurpose(i int, c *certificate) string {
	switch {
	case !c.mayIssue(true),
		!c.basic && !(c.version1 && c.selfSigned) && !c.hasUsage && c.certType&typeTLSCA == 0:
		return is(i, c) + "not for the issue of certificates for TLS servers"
	}
	return ""
}

// checkLevel is check_auth_level at level 1: keys and signatures of 80 bits of strength. The leaf's key was looked at
// before; the last of the path vouches for itself.
func (t *trial) checkLevel() {
	for i, c := range t.path {
		if i > 0 && c.key.weak() {
			t.report(i, errCAKey, WeakKey, has(i, c)+c.key.small())
		}
		if i < len(t.path)-1 && (c.algorithm.weak || c.algorithm.kind == keyUnknown) {
			t.report(i, errDigest, WeakSignature, is(i, c)+"signed with "+c.algorithm.name)
		}
	}
}

// small says what is weak about a key.
func (k publicKey) small() string {
	if k.kind == keyUnknown {
		return "a key that cannot be read"
	}
	if k.feeble {
		return "a weak key: " + k.text
	}
	return fmt.Sprintf("an RSA key of only %d bits", k.modulus.BitLen())
}

// checkSignatures is internal_verify: signatures and dates from the top down. A root's signature on itself is not
// looked at; where the last of the path did not sign itself, its dates are not either, but under a bare key.
func (t *trial) checkSignatures() {
	n := len(t.path) - 1
	parent := t.path[n]
	if !parent.selfSigned && t.bare == nil {
		if n > 0 {
			n--
		} else {
			t.report(0, errLeafUnverified, IncompleteChain, "issued by "+parent.issuer.title()+
				", which is neither sent nor among the roots")
		}
	}
	for ; n >= 0; n-- {
		c := t.path[n]
		if c != parent {
			t.checkSigned(n, c, parent)
		}
		t.checkDates(n, c)
		parent = c
	}
}

func (t *trial) checkSigned(n int, c, parent *certificate) {
	if parent.forbids(usageCertSign) {
		t.report(n+1, errNoCertSign, NotACA, "issued by "+parent.subject.title()+notCA(parent))
	}
	switch t.signed(c, parent, n) {
	case truth.Yes:
	case truth.No:
		t.report(n, errSignature, OtherInvalid, has(n, c)+"a signature that does not fit the key of "+
			parent.subject.title())
	default:
		t.report(n, 0, OtherInvalid, is(n, c)+"signed with an algorithm that we cannot check: "+c.algorithm.name)
	}
}

// checkDates: RFC 5280 6.1.3 (a) (2), and OpenSSL's errors for times that are none.
func (t *trial) checkDates(i int, c *certificate) {
	switch {
	case c.notBefore.IsZero():
		t.report(i, errNotBefore, OtherInvalid, has(i, c)+"no valid date from which it is valid")
	case t.at.Before(c.notBefore.Time):
		t.report(i, errNotYetValid, NotYetValid, is(i, c)+"not valid before "+c.notBefore.UTC().Format(dateFormat))
	}
	end := c.notAfter.UTC().Format(dateFormat)
	switch {
	case c.notAfter.IsZero():
		t.report(i, errNotAfter, OtherInvalid, has(i, c)+"no valid date until which it is valid")
	case t.at.Before(c.notAfter.Time):
	case i == 0:
		t.report(i, errExpired, Expired, "expired "+end)
	case i >= t.untrusted && c.selfSigned:
		t.report(i, errExpired, RootExpired, "the root "+c.subject.title()+" expired "+end)
	default:
		t.report(i, errExpired, IntermediateExpired, "its issuer "+c.subject.title()+" expired "+end)
	}
}

// checkNames is check_name_constraints: those of every CA against the names of all below, self-issued CAs aside.
func (t *trial) checkNames() {
	top := len(t.path) - 1
	for i := top; i >= 0; i-- {
		c := t.path[i]
		if i > 0 && c.selfIssued {
			continue
		}
		for j := top; j > i; j-- {
			limits := t.path[j].limits
			if limits == nil {
				continue
			}
			if num, what := limits.check(c, i == 0); num != 0 {
				t.report(i, num, NameConstraint, t.path[j].subject.title()+" may not vouch for "+clip(what))
			}
		}
	}
}

// usages names a certificate's extended key usages.
func usages(c *certificate) string {
	if len(c.purposes) == 0 {
		return "empty"
	}
	words := make([]string, 0, len(c.purposes))
	for _, oid := range c.purposes {
		word := usageNames[oid]
		if word == "" {
			word = dotted(oid)
		}
		words = append(words, word)
	}
	return clip(strings.Join(words, ", "))
}

// usageNames are the extended key usages of RFC 5280 4.2.1.12.
var usageNames = map[string]string{
	oidServerAuth: "serverAuth", oidAnyUsage: "anyExtendedKeyUsage",
	"\x2b\x06\x01\x05\x05\x07\x03\x02": "clientAuth", "\x2b\x06\x01\x05\x05\x07\x03\x03": "codeSigning",
	"\x2b\x06\x01\x05\x05\x07\x03\x04": "emailProtection", "\x2b\x06\x01\x05\x05\x07\x03\x08": "timeStamping",
	"\x2b\x06\x01\x05\x05\x07\x03\x09": "OCSPSigning",
}

// is and has begin a sentence on a certificate of the path. The leaf's does without a beginning, since the whole text
// is about it: "not valid before ...".
func is(i int, c *certificate) string {
	if i == 0 {
		return ""
	}
	return "its issuer " + c.subject.title() + " is "
}

func has(i int, c *certificate) string {
	if i == 0 {
		return "has "
	}
	return "its issuer " + c.subject.title() + " has "
}
