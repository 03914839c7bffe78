package pkix

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"time"

	"mxtls/scanner/internal/enum"
)

// Issue is one thing to say of a certificate in a bundle, of one that it lacks, or of a PEM block.
type Issue uint8

// Issues, the gravest first.
const (
	IssueUnknown       Issue = iota
	IssueBroken              // a PEM block at which OpenSSL gives the whole file up
	IssueExpired             // past its end
	IssueMissing             // a root of the other bundle that is not in this one
	IssueDistrusted          // a root that Mozilla took out on a known day, or believes only for what is older than a day
	IssueWeakKey             // too weak for OpenSSL's security level 1
	IssueRejected            // its trust settings refuse it for TLS servers
	IssueUnlinked            // in a directory, and no hash link leads to it: Postfix does not see it
	IssueNotRoot             // issued by another, so no path ends in it
	IssueExpiring            // past its end soon
	IssueNotYetValid         // its begin is to come
	IssueExtra               // a root that the other bundle does not have, and no day is known
	IssueShortKey            // RSA with fewer than 2,048 bits
	IssueWeakSignature       // MD5 or SHA-1; on a root it harms nobody, as nobody checks it
	IssueDuplicate           // it stands in the file before
	IssueTrustedLabel        // a TRUSTED CERTIFICATE block, which OpenSSL alone understands
	IssueOnlyOpenSSL         // crypto/x509 cannot read it
)

var issueWords = enum.Words{
	"unknown", "broken", "expired", "missing", "distrusted", "weak_key", "rejected", "unlinked", "no_root", "expiring",
	"not_yet_valid", "extra", "short_key", "weak_signature", "duplicate", "trusted_label", "only_openssl",
}

func (i Issue) String() string               { return enum.String("bundle issue", issueWords, i) }
func (i Issue) MarshalText() ([]byte, error) { return enum.Marshal("bundle issue", issueWords, i) }
func (i *Issue) UnmarshalText(t []byte) error {
	return enum.Unmarshal("bundle issue", issueWords, i, t)
}

// Issues are all that there are, the gravest first.
func Issues() []Issue {
	all := make([]Issue, 0, len(issueWords)-1)
	for i := IssueBroken; i <= IssueOnlyOpenSSL; i++ {
		all = append(all, i)
	}
	return all
}

// Audit is what is to be said of a bundle at a time, beside another one.
type Audit struct {
	Bundle  *Bundle
	Against *Bundle // nil = none: nothing is missing, nothing extra
	At      time.Time
	Soon    time.Duration // what ends within this is expiring
	Items   []Item        // of the bundle in its order, then what is missing by subject
	counts  [IssueOnlyOpenSSL + 1]int
}

// Count is how many items have an issue.
func (a *Audit) Count(i Issue) int { return a.counts[i] }

// Item is a certificate or a broken block of a bundle, or a root that it lacks. Of a broken block nothing is known but
// its place.
type Item struct {
	Path      string // of the file; "" in what is embedded
	Line      int    // where the PEM block begins, from 1; 0 = not in a file
	SHA256    string // of the certificate, lower-case hex; "" for a broken block
	Subject   string // RFC 2253
	NotBefore time.Time
	NotAfter  time.Time
	Key       string // as in Chain
	Signature string
	Root      bool    // a path may end in it; not so for what is missing
	Issues    []Issue // the gravest first
	Text      string  // the evidence that the issues rest on, in words; "" where they say all

	// DistrustAfter is the day after which Mozilla no longer believes what the root issues, Removed the one on which it
	// took the root out; zero = it does not or did not, or we know of none.
	DistrustAfter, Removed time.Time
}

// Has reports whether the item has an issue.
func (i *Item) Has(issue Issue) bool { return slices.Contains(i.Issues, issue) }

// NewAudit says what is to be said of a bundle: each of its certificates and broken blocks, and each root that it lacks
// beside another bundle. A root with the name and the key of another, and no sooner end, does for it.
func NewAudit(b, against *Bundle, at time.Time, soon time.Duration) *Audit {
	a := &Audit{Bundle: b, Against: against, At: at, Soon: soon}
	for _, anchor := range b.order {
		a.certificate(anchor)
	}
	for i := range b.copies {
		c := &b.copies[i]
		issues := []Issue{IssueDuplicate}
		if c.labelled {
			issues = append(issues, IssueTrustedLabel)
		}
		a.add(describe(c), fmt.Sprintf("first in line %d", b.firstLine(c.cert)), issues...)
	}
	for _, w := range b.Warnings {
		if w.Spoils {
			a.add(Item{Path: w.Path, Line: w.Line}, w.Text, IssueBroken)
		}
	}
	inOrder := func(x, y Item) int { return cmp.Or(cmp.Compare(x.Path, y.Path), x.Line-y.Line) }
	if b.From == File {
		slices.SortStableFunc(a.Items, inOrder)
	}
	if against != nil {
		a.missing()
	}
	return a
}

func (a *Audit) add(item Item, text string, issues ...Issue) {
	slices.Sort(issues)
	item.Issues, item.Text = issues, text
	for _, i := range issues {
		a.counts[i]++
	}
	a.Items = append(a.Items, item)
}

// describe is what a certificate says of itself.
func describe(a *anchor) Item {
	c := a.cert
	return Item{
		Path: a.path, Line: a.line, SHA256: hex.EncodeToString(c.sum[:]), Subject: c.subject.text(),
		NotBefore: c.notBefore.UTC(), NotAfter: c.notAfter.UTC(), Key: c.key.text, Signature: c.algorithm.name,
		Root: a.standing() == trustedAnchor,
	}
}

// certificate adds one certificate of the bundle.
func (a *Audit) certificate(of *anchor) {
	c, item := of.cert, describe(of)
	var issues []Issue
	text := ""
	note := func(is bool, issue Issue) {
		if is {
			issues = append(issues, issue)
		}
	}
	over := !a.At.Before(c.notAfter.Time)
	note(over, IssueExpired)
	note(!over && c.notAfter.Sub(a.At) < a.Soon, IssueExpiring)
	note(a.At.Before(c.notBefore.Time), IssueNotYetValid)
	note(c.key.weak(), IssueWeakKey)
	note(!c.key.weak() && c.key.modulus != nil && c.key.modulus.BitLen() < shortRSA, IssueShortKey)
	note(c.algorithm.weak, IssueWeakSignature)
	note(of.setting == rejectedAnchor, IssueRejected)
	note(a.Bundle.From == Directory && !a.Bundle.linked[c.sum], IssueUnlinked)
	note(of.standing() == neutralAnchor, IssueNotRoot)
	note(of.labelled, IssueTrustedLabel)
	note(c.std == nil, IssueOnlyOpenSSL)
	if item.Root && a.Against != nil {
		extra := a.Against.has(c, time.Time{}) == nil
		item.DistrustAfter, item.Removed = a.distrust(c, extra)
		dated := !item.DistrustAfter.IsZero() || !item.Removed.IsZero()
		note(dated, IssueDistrusted)
		note(extra && !dated, IssueExtra)
		if dated {
			text = distrustText(&item, extra)
		}
	}
	if c.std == nil {
		text = cmp.Or(text, plain(c.stdErr))
	}
	a.add(item, text, issues...)
}

// distrustText says since when Mozilla does not believe a root, which it has or has no more.
func distrustText(item *Item, gone bool) string {
	after := item.DistrustAfter.Format(time.DateOnly)
	switch {
	case !item.Removed.IsZero():
		return "gone from Mozilla's bundle by " + item.Removed.Format(time.DateOnly)
	case gone:
		return "gone from Mozilla's bundle, which in the end believed only what it issued until " + after
	}
	return "Mozilla believes only what it issued until " + after
}

// missing adds the roots of the other bundle that the bundle has nothing for.
func (a *Audit) missing() {
	from := len(a.Items)
	for _, other := range a.Against.order {
		if other.standing() != trustedAnchor || a.Bundle.has(other.cert, other.cert.notAfter.Time) != nil {
			continue
		}
		item := describe(other)
		item.Root = false
		item.Path, item.Line = "", 0
		item.DistrustAfter = a.Against.distrustAfter(other.cert)
		issues := []Issue{IssueMissing}
		if !a.At.Before(item.NotAfter) {
			issues = append(issues, IssueExpired)
		}
		text := ""
		if !item.DistrustAfter.IsZero() {
			text = distrustText(&item, false)
		}
		a.add(item, text, issues...)
	}
	slices.SortStableFunc(a.Items[from:], func(x, y Item) int { return cmp.Compare(x.Subject, y.Subject) })
}

// has is the root of the bundle that does for c: c itself, or one with its name and key that lasts at least until then.
func (b *Bundle) has(c *certificate, until time.Time) *certificate {
	for _, a := range b.anchors[c.subject.canonical] {
		if a.standing() != trustedAnchor || !bytes.Equal(a.cert.spki, c.spki) {
			continue
		}
		if a.cert.sum == c.sum || !a.cert.notAfter.Before(until) {
			return a.cert
		}
	}
	return nil
}

// firstLine is the line in which a certificate stands that stands twice.
func (b *Bundle) firstLine(c *certificate) int {
	for _, a := range b.anchors[c.subject.canonical] {
		if a.cert == c {
			return a.line
		}
	}
	return 0
}

// distrust is what Mozilla holds of a root, where the bundle is compared with Mozilla's.
func (a *Audit) distrust(c *certificate, extra bool) (after, removed time.Time) {
	if a.Against.From != Embedded {
		return time.Time{}, time.Time{}
	}
	if extra {
		return history(c.sum)
	}
	return a.Against.distrustAfter(c), time.Time{}
}

// Between these every distrust-after date lies: NSS has them since 2019.
var (
	firstDistrust = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	lastDistrust  = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// distrustAfter is the last second of which the bundle still believes what a root issues; zero without such a limit.
// The module that has the limits gives them as functions, so that the date is found by asking.
func (b *Bundle) distrustAfter(c *certificate) time.Time {
	limit := b.limits[c.sum]
	if limit == nil {
		return time.Time{}
	}
	seconds := int(lastDistrust.Sub(firstDistrust) / time.Second)
	after := sort.Search(seconds, func(s int) bool {
		made := firstDistrust.Add(time.Duration(s) * time.Second)
		return limit([]*x509.Certificate{{NotBefore: made}}) != nil
	})
	if after == 0 || after == seconds {
		return time.Time{}
	}
	return firstDistrust.Add(time.Duration(after-1) * time.Second)
}
