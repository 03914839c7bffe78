package pkix

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What OpenSSL and Postfix ask of a path.
const (
	minRSA           = 1024 // bits: 80 bits of strength, OpenSSL's security level 1 (and the least that Go's RSA takes)
	maxIntermediates = 10   // smtp_tls_scert_verifydepth (9) and the one that OpenSSL grants beyond it
	dateFormat       = "2006-01-02"
)

// A flaw is why a path is not good.
type flaw struct {
	reason Reason
	text   string
	unsure bool // crypto/x509 cannot do it; OpenSSL might
}

// bad is a flaw that we are sure of.
func bad(reason Reason, text string) *flaw { return &flaw{reason: reason, text: text} }

// A certPath runs from the leaf up. It is anchored when its last certificate is a root of ours.
type certPath struct {
	certs    []*x509.Certificate
	anchored bool
	forged   int // the position, from 1, of a certificate that its issuer's key did not sign; 0 for none
}

// flaw returns the flaw nearest the leaf, nil when there is none. The order on one certificate is OpenSSL's.
func (v *Verifier) flaw(p certPath) *flaw {
	for i, c := range p.certs {
		for _, check := range []func(certPath, int, *x509.Certificate) *flaw{
			v.checkIssuer, checkCritical, checkCA, checkPurpose, checkPathLength,
			checkKey, checkAlgorithm, checkSigned, v.checkDates,
		} {
			if f := check(p, i, c); f != nil {
				return f
			}
		}
	}
	return nil
}

// checkIssuer looks at the end of the path: X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, SELF_SIGNED_CERT_IN_CHAIN,
// UNABLE_TO_GET_ISSUER_CERT_LOCALLY, CERT_CHAIN_TOO_LONG.
func (v *Verifier) checkIssuer(p certPath, i int, c *x509.Certificate) *flaw {
	if i < len(p.certs)-1 {
		return nil
	}
	switch {
	case p.anchored && len(p.certs)-2 > maxIntermediates:
		return bad(ChainTooLong, fmt.Sprintf("%d certificates between the server's and the root, more than %d",
			len(p.certs)-2, maxIntermediates))
	case p.anchored:
		limit := v.bundle.limits[sha256.Sum256(c.Raw)]
		if limit == nil {
			return nil
		}
		if err := limit(p.certs[:i]); err != nil {
			return bad(UnknownIssuer, "issued under "+title(c)+", which Mozilla trusts for older ones only: "+err.Error())
		}
		return nil
	case i == 0 && selfIssued(c):
		return bad(SelfSigned, "signed by itself, and not among the roots")
	case i == 0:
		return bad(IncompleteChain, "issued by "+issuer(c)+", which is neither sent nor among the roots")
	case selfIssued(c):
		return bad(UnknownIssuer, "issued under "+title(c)+", which is not among the roots")
	default:
		return bad(UnknownIssuer, "issued by "+title(c)+", whose issuer "+issuer(c)+
			" is neither sent nor among the roots")
	}
}

// checkCritical: RFC 5280 4.2.
func checkCritical(_ certPath, i int, c *x509.Certificate) *flaw {
	if len(c.UnhandledCriticalExtensions) == 0 {
		return nil
	}
	return bad(CriticalExtension, who(i, c)+"has a critical extension that is not understood: "+
		c.UnhandledCriticalExtensions[0].String())
}

// checkCA: RFC 5280 6.1.4 (k), (n). A root of version 1 has no extensions to say so.
func checkCA(p certPath, i int, c *x509.Certificate) *flaw {
	switch {
	case i == 0:
		return nil
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return bad(NotACA, "issued by "+title(c)+", whose key may not sign certificates")
	case c.BasicConstraintsValid && c.IsCA, c.Version < 3 && p.anchored && i == len(p.certs)-1:
		return nil
	}
	return bad(NotACA, "issued by "+title(c)+", which is no CA")
}

// checkPurpose: OpenSSL's check_purpose_ssl_server. Every certificate with an extended key usage must have serverAuth
// or Server Gated Crypto; the leaf's key usage, if any, must fit a TLS server's key exchange of one kind or another.
func checkPurpose(_ certPath, i int, c *x509.Certificate) *flaw {
	const tlsServer = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement
	if hasExtension(c, oidExtKeyUsage) && !slices.ContainsFunc(c.ExtKeyUsage, func(u x509.ExtKeyUsage) bool {
		return u == x509.ExtKeyUsageServerAuth || u == x509.ExtKeyUsageNetscapeServerGatedCrypto ||
			u == x509.ExtKeyUsageMicrosoftServerGatedCrypto
	}) {
		return bad(WrongPurpose, whoIs(i, c)+"not for TLS servers: its extended key usage is "+usages(c))
	}
	if i == 0 && hasExtension(c, oidKeyUsage) && c.KeyUsage&tlsServer == 0 {
		return bad(WrongPurpose, "not for TLS servers: its key usage allows neither signatures nor key exchange")
	}
	return nil
}

// checkPathLength: RFC 5280 6.1.4 (m), counted as crypto/x509 does, self-issued certificates included.
func checkPathLength(_ certPath, i int, c *x509.Certificate) *flaw {
	if i == 0 || !c.BasicConstraintsValid || c.MaxPathLen < 0 || i-1 <= c.MaxPathLen {
		return nil
	}
	return bad(PathLength, fmt.Sprintf("%s may have %d CAs below it and has %d", title(c), c.MaxPathLen, i-1))
}

// checkKey: OpenSSL's security level 1.
func checkKey(_ certPath, i int, c *x509.Certificate) *flaw {
	if bits := rsaBits(c); bits > 0 && bits < minRSA {
		return bad(WeakKey, fmt.Sprintf("%shas an RSA key of only %d bits", who(i, c), bits))
	}
	return nil
}

// checkAlgorithm: SHA-1 and MD5, but for a root's signature on itself, which nobody looks at.
func checkAlgorithm(p certPath, i int, c *x509.Certificate) *flaw {
	switch {
	case i > 0 && c.PublicKey == nil:
		return &flaw{OtherInvalid, who(i, c) + "has a key of a kind that we cannot use", true}
	case i == len(p.certs)-1 && (p.anchored || selfIssued(c)):
		return nil
	case weakSignature(c):
		return bad(WeakSignature, whoIs(i, c)+"signed with "+c.SignatureAlgorithm.String())
	case c.SignatureAlgorithm == x509.UnknownSignatureAlgorithm, c.SignatureAlgorithm == x509.DSAWithSHA256:
		return &flaw{OtherInvalid, whoIs(i, c) + "signed with an algorithm that we cannot check", true}
	}
	return nil
}

// checkSigned: X509_V_ERR_CERT_SIGNATURE_FAILURE.
func checkSigned(p certPath, i int, c *x509.Certificate) *flaw {
	if p.forged != i+1 {
		return nil
	}
	return bad(OtherInvalid, who(i, c)+"has a signature that does not fit the key of "+title(p.certs[i+1]))
}

// checkDates: RFC 5280 6.1.3 (a) (2).
func (v *Verifier) checkDates(p certPath, i int, c *x509.Certificate) *flaw {
	end := c.NotAfter.UTC().Format(dateFormat)
	switch {
	case v.at.Before(c.NotBefore):
		return bad(NotYetValid, whoIs(i, c)+"not valid before "+c.NotBefore.UTC().Format(dateFormat))
	case !v.at.After(c.NotAfter):
		return nil
	case i == 0:
		return bad(Expired, "expired "+end)
	case p.anchored && i == len(p.certs)-1:
		return bad(RootExpired, "the root "+title(c)+" expired "+end)
	default:
		return bad(IntermediateExpired, "its issuer "+title(c)+" expired "+end)
	}
}

// goFlaw translates what only crypto/x509 checks: name constraints, policies, and its own limits, beyond which nothing
// is known.
func goFlaw(err error) *flaw {
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case err == nil:
		return bad(OtherInvalid, "the key identifiers of issuer and issued do not fit")
	case !ok:
		return &flaw{OtherInvalid, clip(plain(err)), true}
	case invalid.Reason == x509.CANotAuthorizedForThisName, invalid.Reason == x509.TooManyConstraints:
		return bad(NameConstraint, "an issuer may not vouch for its names: "+clip(invalid.Detail))
	}
	return bad(OtherInvalid, clip(plain(err)))
}

// selfIssued tells what OpenSSL takes for self-signed (EXFLAG_SS): it names itself as issuer.
func selfIssued(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && keyIDFits(c, c)
}

// keyIDFits reports whether the key identifiers, where both are there, allow parent to have issued child.
func keyIDFits(child, parent *x509.Certificate) bool {
	return len(child.AuthorityKeyId) == 0 || len(parent.SubjectKeyId) == 0 ||
		bytes.Equal(child.AuthorityKeyId, parent.SubjectKeyId)
}

func weakSignature(c *x509.Certificate) bool {
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// rsaBits is the size of an RSA key, 0 for other keys.
func rsaBits(c *x509.Certificate) int {
	if key, ok := c.PublicKey.(*rsa.PublicKey); ok {
		return key.N.BitLen()
	}
	return 0
}

var (
	oidKeyUsage          = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidNameConstraints   = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidPolicyConstraints = asn1.ObjectIdentifier{2, 5, 29, 36}
	oidExtKeyUsage       = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidInhibitAnyPolicy  = asn1.ObjectIdentifier{2, 5, 29, 54}
)

func hasExtension(c *x509.Certificate, id asn1.ObjectIdentifier) bool {
	for i := range c.Extensions {
		if c.Extensions[i].Id.Equal(id) {
			return true
		}
	}
	return false
}

// usages names a certificate's extended key usages.
func usages(c *x509.Certificate) string {
	var words []string
	for _, u := range c.ExtKeyUsage {
		words = append(words, u.String())
	}
	for _, o := range c.UnknownExtKeyUsage {
		words = append(words, o.String())
	}
	if len(words) == 0 {
		return "empty"
	}
	return clip(strings.Join(words, ", "))
}

// who begins a sentence on a certificate of the path: with nothing for the leaf, which the whole text is about.
func who(i int, c *x509.Certificate) string {
	if i == 0 {
		return ""
	}
	return "its issuer " + title(c) + " "
}

// whoIs is who with the verb that the leaf's sentence does without: "not valid before ...".
func whoIs(i int, c *x509.Certificate) string {
	if i == 0 {
		return ""
	}
	return who(i, c) + "is "
}
