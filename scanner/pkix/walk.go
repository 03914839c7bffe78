package pkix

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
)

// walk goes from the leaf to the issuer that OpenSSL would have taken (x509_vfy.c build_chain: roots before what was
// sent, valid before expired, nothing above a self-signed certificate), step by step and never back. It serves to name
// what is wrong.
func (v *Verifier) walk(s *sent) certPath {
	p := certPath{certs: []*x509.Certificate{s.leaf}, anchored: slices.ContainsFunc(v.bundle.roots, s.leaf.Equal)}
	for checks := maxChecks; !p.anchored; {
		child := p.certs[len(p.certs)-1]
		found := v.candidates(s, p.certs)
		if len(found) == 0 || selfIssued(child) && !found[0].root {
			break
		}
		best := slices.IndexFunc(found, func(c candidate) bool { return signed(child, c.cert, &checks) })
		if best < 0 {
			best = 0
			if p.forged == 0 {
				p.forged = len(p.certs)
			}
		}
		p.certs = append(p.certs, found[best].cert)
		p.anchored = found[best].root
	}
	return p
}

// A candidate bears the name of a certificate's issuer.
type candidate struct {
	cert  *x509.Certificate
	root  bool // a root of ours
	valid bool // at the run's time
}

// rank is what speaks for a candidate before its signature is looked at.
func (c candidate) rank() int {
	rank := 0
	if c.root {
		rank += 2
	}
	if c.valid {
		rank++
	}
	return rank
}

// candidates are the possible issuers of the last of a path, the likeliest first.
func (v *Verifier) candidates(s *sent, path []*x509.Certificate) []candidate {
	child := path[len(path)-1]
	var found []candidate
	add := func(certs []*x509.Certificate, root bool) {
		for _, c := range certs {
			if bytes.Equal(c.RawSubject, child.RawIssuer) && keyIDFits(child, c) && !slices.ContainsFunc(path, c.Equal) {
				found = append(found, candidate{c, root, !v.at.Before(c.NotBefore) && !v.at.After(c.NotAfter)})
			}
		}
	}
	add(v.bundle.roots, true)
	add(s.others, false)
	add(v.bundle.others, false)
	slices.SortStableFunc(found, func(a, b candidate) int { return b.rank() - a.rank() })
	return found
}

// signed reports whether parent signed child, as far as that can be told: Go checks no SHA-1, no MD5, no small RSA key
// and no exotic algorithm, and those have flaws of their own. Beyond the cap it is believed, and verify finds out.
func signed(child, parent *x509.Certificate, checks *int) bool {
	if bits := rsaBits(parent); weakSignature(child) || bits > 0 && bits < minRSA {
		return true
	}
	if *checks--; *checks < 0 {
		return true
	}
	err := parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	return err == nil || errors.Is(err, x509.ErrUnsupportedAlgorithm)
}
