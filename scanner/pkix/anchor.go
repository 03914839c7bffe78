package pkix

import (
	"errors"
	"time"
)

// A standing is what a bundle makes of one of its certificates.
type standing uint8

const (
	neutralAnchor  standing = iota // helps to build a path
	trustedAnchor                  // ends it
	rejectedAnchor                 // spoils it
)

// An anchor is a certificate of a bundle with OpenSSL's trust settings, if it has some.
type anchor struct {
	cert    *certificate
	setting standing // of a TRUSTED CERTIFICATE block; neutral means that it says nothing on TLS servers

	path     string // the file it stands in; "" in the embedded bundle
	line     int    // where its PEM block begins
	labelled bool   // in a TRUSTED CERTIFICATE block
}

// standing is x509_trust.c's X509_check_trust without -partial_chain: settings count first, and without any a
// certificate is trusted if it signed itself.
func (a anchor) standing() standing {
	if a.setting == neutralAnchor && a.cert.selfSigned {
		return trustedAnchor
	}
	return a.setting
}

// What is wrong with the settings of a certificate that should vouch for TLS servers.
var (
	errSetRejected = errors.New("a certificate that is set to be rejected for TLS servers")
	errNotTrusted  = errors.New("a certificate that is not trusted for TLS servers")
	errSettings    = errors.New("a trusted certificate with bad trust settings")
)

// parseSettings reads what stands behind the certificate in a TRUSTED CERTIFICATE block (x_x509a.c X509_CERT_AUX): a
// list of usages to trust for, and one to reject for. Reject counts first; a list of trust without TLS servers rejects
// as well (x509_trust.c obj_trust).
func parseSettings(d der) (standing, error) {
	seq, err := d.take(tagSequence)
	if err != nil {
		return neutralAnchor, errSettings
	}
	trust, hasTrust, err := seq.body.optional(tagSequence)
	if err != nil {
		return neutralAnchor, errSettings
	}
	reject, _, err := seq.body.optional(tagConstructed + 0)
	if err != nil {
		return neutralAnchor, errSettings
	}
	trusts, err := lists(trust.body)
	if err != nil {
		return neutralAnchor, errSettings
	}
	rejects, err := lists(reject.body)
	switch {
	case err != nil:
		return neutralAnchor, errSettings
	case rejects:
		return rejectedAnchor, errSetRejected
	case trusts:
		return trustedAnchor, nil
	case hasTrust:
		return rejectedAnchor, errNotTrusted
	}
	return neutralAnchor, nil
}

// lists reports whether a list of usages has TLS servers in it, by name or as any usage.
func lists(usages der) (bool, error) {
	found := false
	err := usages.each(func(e element) error {
		if e.tag != tagOID {
			return errDER
		}
		found = found || string(e.body) == oidServerAuth || string(e.body) == oidAnyUsage
		return nil
	})
	return found, err
}

// issuerOf finds an issuer as OpenSSL does (x509_lu.c X509_STORE_CTX_get1_issuer): the first that is valid, else the
// one that expired last; nil for none.
func (b *Bundle) issuerOf(c *certificate, at time.Time) *anchor {
	var best *anchor
	for _, a := range b.anchors[c.issuer.canonical] {
		switch {
		case !a.cert.likelyIssued(c):
		case a.cert.validAt(at):
			return a
		case best == nil || a.cert.notAfter.later(best.cert.notAfter):
			best = a
		}
	}
	return best
}

// setting is what the bundle's settings say of a certificate in it.
func (b *Bundle) setting(c *certificate) standing {
	for _, a := range b.anchors[c.subject.canonical] {
		if a.cert == c {
			return a.setting
		}
	}
	return neutralAnchor
}
