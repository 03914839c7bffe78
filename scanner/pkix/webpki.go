package pkix

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"
)

// webRSA is the least RSA key of the web's CAs (CA/Browser Forum Baseline Requirements 6.1.5, which want P-256 or more
// of curves).
const webRSA = 2048

// goPaths asks crypto/x509 for all paths from the leaf to a root (RFC 5280 6.1: signatures, dates, CA bits, lengths,
// name constraints, policies). Extended key usage is looked at elsewhere.
func (v *Verifier) goPaths(s *sent) ([][]*x509.Certificate, error) {
	if s.leaf.std == nil {
		return nil, s.leaf.stdErr
	}
	if paths := v.shortcut(s); paths != nil {
		return paths, nil
	}
	pool := v.bundle.helpers.Clone()
	for _, c := range s.others {
		if c.refused() == nil {
			pool.AddCert(c.std)
		}
	}
	paths, err := verify(s.leaf.std, v.at, v.bundle.pool, pool)
	for _, p := range paths {
		if webFlaw(p) == nil {
			v.remember(s, p)
			break
		}
	}
	return paths, err
}

// shortcut looks for a path to an intermediate that this run has found good: the leaf's signature is then all that is
// left to check. The whole saving is one signature per chain, of a root over an intermediate.
func (v *Verifier) shortcut(s *sent) [][]*x509.Certificate {
	if len(s.others)+1 > plainChain || reachesDown(s.leaf.std) {
		return nil // in a small chain crypto/x509 cannot run into its limits: the verdict is the same on both ways
	}
	for _, c := range s.others {
		v.mu.Lock()
		known := v.issuers[c.sum]
		v.mu.Unlock()
		if known == nil {
			continue
		}
		pool := x509.NewCertPool()
		pool.AddCert(c.std)
		if paths, err := verify(s.leaf.std, v.at, pool, nil); err == nil {
			return paths
		}
	}
	return nil
}

// remember keeps the intermediate that issued the leaf of a good path, if it was sent and nothing above it looks at
// what is below: then whatever it issues has a good path too, at the same time and depth. What looks below are name
// constraints, policy constraints and Mozilla's distrust-after dates.
func (v *Verifier) remember(s *sent, path []*x509.Certificate) {
	if len(path) < 3 || v.bundle.limits[sha256.Sum256(path[len(path)-1].Raw)] != nil {
		return
	}
	if slices.ContainsFunc(path[1:], reachesDown) {
		return
	}
	at := slices.IndexFunc(s.others, func(c *certificate) bool { return c.std == path[1] })
	if at < 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.issuers) < maxIssuers {
		v.issuers[s.others[at].sum] = s.others[at]
	}
}

// Extensions that crypto/x509 looks at and that reach down a path, in decimals as it has them.
var reaching = []asn1.ObjectIdentifier{
	{2, 5, 29, 30}, // nameConstraints
	{2, 5, 29, 36}, // policyConstraints
	{2, 5, 29, 54}, // inhibitAnyPolicy
}

// reachesDown reports whether a certificate has one of them.
func reachesDown(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if slices.ContainsFunc(reaching, e.Id.Equal) {
			return true
		}
	}
	return false
}

// verify asks crypto/x509 for all paths to roots, whatever they are for.
func verify(leaf *x509.Certificate, at time.Time, roots, others *x509.CertPool) ([][]*x509.Certificate, error) {
	return leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: others, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
}

// goFlaw translates what only crypto/x509 checks: name constraints, policies, distrust-after dates, and its own limits,
// beyond which nothing is known.
func (v *Verifier) goFlaw(s *sent, t *trial, err error) *flaw {
	if s.leaf.std == nil {
		return &flaw{reason: CertificateMalformed,
			text: "OpenSSL trusts it, strict senders cannot read it: " + clip(plain(err))}
	}
	root := t.path[len(t.path)-1]
	if limit := v.bundle.limits[root.sum]; limit != nil {
		var below []*x509.Certificate
		for _, c := range t.path[:len(t.path)-1] {
			below = append(below, c.std)
		}
		if !slices.Contains(below, nil) && limit(below) != nil {
			return &flaw{reason: UnknownIssuer, text: "issued under " + root.subject.title() +
				", which Mozilla trusts for older ones only: " + limit(below).Error()}
		}
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok && s.bad != nil {
		if s.costly || s.unreadable > 0 {
			return &flaw{CertificateMalformed, s.cannotUse(), true}
		}
		return &flaw{reason: CertificateMalformed, text: "OpenSSL trusts it, strict senders do not: " + s.cannotUse()}
	} else if ok {
		return &flaw{reason: OtherInvalid, text: "OpenSSL trusts it, strict senders do not: " + clip(plain(err))}
	}
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case !ok:
		return &flaw{OtherInvalid, clip(plain(err)), true}
	case invalid.Reason == x509.CANotAuthorizedForThisName, invalid.Reason == x509.TooManyConstraints:
		return &flaw{reason: NameConstraint, text: "an issuer may not vouch for its names: " + clip(invalid.Detail)}
	}
	return &flaw{reason: OtherInvalid, text: clip(plain(err))}
}

// web writes the verdict of WebPKI: a path of crypto/x509's that is good enough. Without any, what OpenSSL has found
// wrong serves to name it.
func (c *Chain) web(s *sent, ours *flaw, paths [][]*x509.Certificate, err error) {
	switch {
	case s.leaf.std == nil:
		c.apply(&flaw{reason: CertificateMalformed, text: "the server's certificate cannot be parsed: " +
			plain(s.leaf.stdErr)})
		return
	case err != nil:
		strict := *ours
		strict.unsure = ours.unsure && ours.reason != CertificateMalformed // a strict sender's reader is strict
		c.apply(&strict)
		return
	}
	var first *flaw
	for _, p := range paths {
		f := webFlaw(p)
		if f == nil {
			c.apply(nil)
			return
		}
		if first == nil {
			first = f
		}
	}
	c.apply(first)
}

// webFlaw is what a strict sender has against a path, nil for nothing.
func webFlaw(path []*x509.Certificate) *flaw {
	for i, c := range path {
		if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < webRSA {
			return &flaw{reason: WeakKey, text: fmt.Sprintf("%sRSA key has only %d bits", whose(i, c), key.N.BitLen())}
		}
		if key, ok := c.PublicKey.(*ecdsa.PublicKey); ok && key.Curve == elliptic.P224() {
			return &flaw{reason: WeakKey, text: whose(i, c) + "key is on the curve P-224"}
		}
		if !forWeb(c, i == 0) {
			return &flaw{reason: WrongPurpose, text: whose(i, c) + "extended key usage is not for TLS servers"}
		}
	}
	return nil
}

var extKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

// forWeb reports whether extended key usage, where there is one, has serverAuth; for a CA any usage will do.
func forWeb(c *x509.Certificate, leaf bool) bool {
	if !slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(extKeyUsage) }) {
		return true
	}
	return slices.ContainsFunc(c.ExtKeyUsage, func(u x509.ExtKeyUsage) bool {
		return u == x509.ExtKeyUsageServerAuth || u == x509.ExtKeyUsageAny && !leaf
	})
}

// whose begins a sentence on a part of a certificate of a path.
func whose(i int, c *x509.Certificate) string {
	if i == 0 {
		return "its "
	}
	subject, _ := parseDN(c.RawSubject) // what crypto/x509 can read, we can
	return "its issuer " + subject.title() + "'s "
}
