package pkix

import (
	"fmt"
	"slices"
	"time"

	"mxtls/scanner/truth"
)

// What Postfix has OpenSSL look for: smtp_tls_scert_verifydepth is 9, Postfix asks for one more, and the root does not
// count. A chain has at most a leaf, ten intermediates and a root.
const maxPath = 11

// Numbers of X509_V_ERR_* (x509_vfy.h).
const (
	errUnspecified       = 1
	errNoIssuer          = 2
	errSignature         = 7
	errNotYetValid       = 9
	errExpired           = 10
	errNotBefore         = 13
	errNotAfter          = 14
	errSelfSigned        = 18
	errSelfSignedInChain = 19
	errNoLocalIssuer     = 20
	errLeafUnverified    = 21
	errTooLong           = 22
	errPathLength        = 25
	errPurpose           = 26
	errRejected          = 28
	errNoCertSign        = 32
	errCritical          = 34
	errProxy             = 40
	errNotPermitted      = 47
	errExcluded          = 48
	errSubtreeRange      = 49
	errConstraintType    = 51
	errNameSyntax        = 53
	errHostname          = 62
	errNoMatch           = 65
	errLeafKey           = 66
	errCAKey             = 67
	errDigest            = 68
	errNotCA             = 79
	errExplicitCurve     = 94
)

// A fault is one error that OpenSSL reports, or one that we cannot be sure of.
type fault struct {
	num    int // X509_V_ERR_*; 0 = a check that Go cannot make
	depth  int // of the certificate, 0 = the leaf
	reason Reason
	text   string
	late   bool // found after the names were looked at
}

// strict reports whether the fault is one at security level 1 alone.
func (f fault) strict() bool { return f.num == errLeafKey || f.num == errCAKey || f.num == errDigest }

// A trial is OpenSSL's verification of one chain (x509_vfy.c X509_verify_cert) with a callback that never stops it, as
// Postfix's does not. Its faults are those of security level 1, in OpenSSL's order.
type trial struct {
	store     *Bundle
	anchors   *Anchors // in place of the store: see anchored.go
	bare      []byte   // the one of their keys that signed the last of the path
	at        time.Time
	signed    func(child, parent *certificate, depth int) truth.Truth
	path      []*certificate
	untrusted int // how many of the path were sent, and not taken from the store
	faults    []fault
	late      bool // what is found now comes after the names
}

// run verifies leaf with the help of what was sent.
func (t *trial) run(leaf *certificate, sent []*certificate) {
	t.path, t.untrusted = []*certificate{leaf}, 1
	if leaf.key.weak() {
		t.report(0, errLeafKey, WeakKey, has(0, leaf)+leaf.key.small())
	}
	t.build(sent)
	t.checkExtensions()
	t.checkLevel()
	t.late = true // here OpenSSL looks at the names that it was given
	t.checkSignatures()
	t.checkNames()
	if leaf.resources {
		t.report(0, 0, OtherInvalid, "has addresses or AS numbers (RFC 3779), which OpenSSL holds against its issuers'")
	}
}

func (t *trial) report(depth, num int, reason Reason, text string) {
	t.faults = append(t.faults, fault{num, depth, reason, text, t.late})
}

// build finds a path (build_chain): an issuer in the store comes first, one that was sent second; from the store there
// is no way back. Signatures have no say in it, and no choice is ever taken back.
func (t *trial) build(sent []*certificate) {
	if t.anchors != nil {
		t.buildAnchored(sent)
		return
	}
	fromSent := true
	for trusted := true; ; {
		last := t.path[len(t.path)-1]
		full := len(t.path) > maxPath
		if trusted && !full {
			switch done, grew := t.extend(last); {
			case done:
				return
			case grew:
				fromSent = false
				continue
			}
		}
		if !fromSent {
			break
		}
		issuer := (*certificate)(nil)
		if !last.selfSigned && !full {
			issuer = t.pick(last, sent)
		}
		if issuer == nil {
			// One more look into the store is OpenSSL's way; it finds what it has found before.
			break
		}
		t.path = append(t.path, issuer)
		t.untrusted++
	}
	t.reportEnd()
}

// extend takes the next certificate from the store. Done means that the path is a trusted one, grew that it is longer.
func (t *trial) extend(last *certificate) (done, grew bool) {
	a := t.store.issuerOf(last, t.at)
	switch {
	case a == nil:
		return false, false
	case !last.selfSigned:
		t.path = append(t.path, a.cert)
	case a.cert.sum != last.sum:
		return false, false // another one of that name
	default:
		t.path[len(t.path)-1] = a.cert
		t.untrusted--
	}
	switch a.standing() {
	case trustedAnchor:
		return true, true
	case rejectedAnchor:
		t.report(len(t.path)-1, errRejected, UnknownIssuer, is(len(t.path)-1, a.cert)+
			"set to be rejected for TLS servers in the bundle")
	}
	return false, !a.cert.selfSigned
}

// pick chooses an issuer among those sent: the first that is valid, else the one that expired last (find_issuer).
func (t *trial) pick(last *certificate, sent []*certificate) *certificate {
	var best *certificate
	for _, c := range sent {
		if slices.Contains(t.path, c) || !c.likelyIssued(last) {
			continue
		}
		if c.validAt(t.at) {
			return c
		}
		if best == nil || c.notAfter.later(best.notAfter) {
			best = c
		}
	}
	return best
}

// reportEnd says why the path is not a trusted one.
func (t *trial) reportEnd() {
	top := len(t.path) - 1
	c := t.path[top]
	switch {
	case len(t.path) > maxPath:
		t.report(top, errTooLong, ChainTooLong, fmt.Sprintf("more than %d certificates between the server's and the root",
			maxPath-1))
	case c.selfSigned && top == 0:
		t.report(0, errSelfSigned, SelfSigned, "signed by itself, and not among the roots")
	case c.selfSigned:
		t.report(top, errSelfSignedInChain, UnknownIssuer, "issued under "+c.subject.title()+
			", which is not among the roots")
	case t.untrusted < len(t.path):
		t.report(top, errNoIssuer, UnknownIssuer, "issued under "+c.subject.title()+
			", which is in the bundle and is no root; its issuer "+c.issuer.title()+" is not there")
	case top == 0:
		t.report(0, errNoLocalIssuer, IncompleteChain, "issued by "+c.issuer.title()+
			", which is neither sent nor among the roots")
	default:
		t.report(top, errNoLocalIssuer, UnknownIssuer, "issued by "+c.subject.title()+", whose issuer "+
			c.issuer.title()+" is neither sent nor among the roots")
	}
}

// nearest is the fault that Postfix keeps at a security level: the first of those nearest the leaf; nil for none.
func (t *trial) nearest(level int) *fault {
	var best *fault
	for i := range t.faults {
		f := &t.faults[i]
		if level < 1 && f.strict() || best != nil && (f.depth >= best.depth && best.num != 0 || f.num == 0) {
			continue
		}
		best = f
	}
	return best
}
