package dane

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"mxtls/scanner/pkix"
)

// Judge says what a server's chain, DER as sent, leaf first, comes to under the records of its host. An empty chain is
// that of a server with which no handshake was made; then the status is unknown where records call for a certificate.
func Judge(f Records, chain [][]byte, names Names, at time.Time) Outcome {
	if !f.Found {
		return Outcome{Status: f.Status, Reason: f.Reason, Base: f.Base, By: -1, Text: f.text()}
	}
	o := Outcome{Status: f.Status, Reason: f.Reason, Base: f.Base, By: -1}
	j := &judge{Outcome: &o, chain: chain, names: names, at: at}
	o.Records = Classify(f.TLSA)
	j.order()
	switch {
	case len(j.usable) == 0:
		o.Status, o.Reason = Unusable, NoUsableRecord
		o.Text = "none of the TLSA records can be used: " + o.useless()
	case len(chain) == 0:
		o.Status, o.Reason, o.Text = StatusUnknown, NoCertificate, "no certificate was seen"
	default:
		o.Status = Match
		j.fit()
		j.judge()
	}
	if f.Dropped > 0 && (o.Status == Mismatch || o.Status == Unusable) {
		o.Status, o.Reason = StatusUnknown, CannotTell
		o.Text = fmt.Sprintf("the record that fits may be among the %d that are beyond our limits", f.Dropped)
	}
	j.note(f.Dropped)
	return o
}

// text is why there are no records, in words.
func (f *Records) text() string {
	if f.Err != nil {
		return f.Err.Error()
	}
	return noRecords[f.Reason]
}

var noRecords = map[Reason]string{
	NoRecord:           "the host has no TLSA records",
	NoHostName:         "the mail host is an address, which can have no TLSA records",
	AddressInsecure:    "the host's addresses are not signed with DNSSEC: TLSA records would count for nothing",
	RecordInsecure:     "the host's TLSA records are not signed with DNSSEC",
	ResolverNotTrusted: "no resolver that is trusted says whether the host's addresses are signed",
	NoAddress:          "the host has no address",
}

// useless says what is wrong with the records.
func (o *Outcome) useless() string {
	var words []string
	for _, r := range o.Records {
		if word := fmt.Sprintf("%d %d %d (%s)", r.Usage, r.Selector, r.Matching,
			strings.ReplaceAll(r.Usability.String(), "_", " ")); !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	const most = 5
	if more := len(words) - most; more > 0 {
		words = append(words[:most], fmt.Sprintf("and %d more kinds", more))
	}
	return strings.Join(words, ", ")
}

// A judge holds what one Judge works with.
type judge struct {
	*Outcome
	chain  [][]byte
	names  Names
	at     time.Time
	usable []int // Records that count, in OpenSSL's order
}

// order lists the records that count.
func (j *judge) order() {
	for i := range j.Records {
		if r := &j.Records[i]; r.Usability == Usable && !r.Ignored {
			j.usable = append(j.usable, i)
		}
	}
	slices.SortStableFunc(j.usable, func(a, b int) int { return j.Records[a].before(&j.Records[b]) })
}

// fit finds the certificates that the records name.
func (j *judge) fit() {
	for at, cert := range j.chain {
		key, err := pkix.PublicKeyInfo(cert)
		if err != nil && key == nil {
			continue
		}
		for i := range j.Records {
			if r := &j.Records[i]; r.Fits < 0 && r.names(cert, key) {
				r.Fits = at
			}
		}
	}
}

// judge is steps 5 and 6 of the package comment.
func (j *judge) judge() {
	for _, i := range j.usable {
		if r := &j.Records[i]; r.Usage == usageEE && r.Fits == 0 {
			j.Named = true // RFC 7672 3.1.1: whatever its names
			j.settle(pkix.VerifyAnchored(j.chain, pkix.Anchors{Leaf: true}, j.at), i)
			return
		}
	}
	by := -1
	c := pkix.VerifyAnchored(j.chain, j.anchors(&by), j.at)
	if c.Key != nil {
		j.BareKey = true
		by = slices.IndexFunc(j.Records, func(r Record) bool { return r.bare() && bytes.Equal(r.Data, c.Key) })
	}
	j.Named = j.named(c)
	j.settle(c, by)
}

// bare reports whether a record is a key that may sign without a certificate.
func (r *Record) bare() bool {
	return r.Usage == usageTA && r.Selector == selectSPKI && r.Matching == matchFull
}

// Matches reports whether the record at an index of Records counts and fits the certificate that the outcome is about.
func (o *Outcome) Matches(i int) bool {
	r := &o.Records[i]
	switch {
	case i == o.By:
		return true
	case r.Usability != Usable || r.Ignored:
		return false
	case r.Usage == usageEE:
		return r.Fits == 0
	}
	return r.Fits > 0
}

// anchors are the records of usage 2 as trust anchors; the index of the one that fits goes to by.
func (j *judge) anchors(by *int) pkix.Anchors {
	var a pkix.Anchors
	for _, i := range j.usable {
		r := &j.Records[i]
		if r.Usage != usageTA {
			continue
		}
		switch {
		case r.bare():
			a.Keys = append(a.Keys, r.Data)
		case r.Matching == matchFull:
			a.Certs = append(a.Certs, r.Data)
		}
		a.Is = func(cert, key []byte) bool {
			for _, i := range j.usable {
				if r := &j.Records[i]; r.Usage == usageTA && r.names(cert, key) {
					*by = i
					return true
				}
			}
			return false
		}
	}
	return a
}

// named looks for a name of the certificate that fits (RFC 7672 3.2.2). Postfix compares the next hop under an insecure
// MX answer as well (smtp_tls_policy.c dane_init), where it proves nothing.
func (j *judge) named(c *pkix.Anchored) bool {
	var ok bool
	if j.Name, ok = c.MatchHost(j.Base); ok {
		return true
	}
	for _, n := range j.names.NextHop {
		if j.Name, ok = c.MatchHost(n); ok {
			return true
		}
	}
	return false
}

// settle writes the verdict; by is the record that fits.
func (j *judge) settle(c *pkix.Anchored, by int) {
	j.Chain = *c
	switch {
	case c.Status == pkix.StatusUnknown:
		j.Status, j.Reason, j.Text = StatusUnknown, CannotTell, c.Text
	case c.Status == pkix.Trusted && j.Named:
		j.By, j.Depth = by, c.Top
		return
	case !c.Found:
		j.Status, j.Reason, j.Text = Mismatch, TLSAInvalid, j.mismatch()
	case !j.Named && (c.Num == 0 || c.Depth > 0 || c.AfterNames): // as pkix.Chain.Complaint
		j.Status, j.Reason = Mismatch, HostMismatch
		j.Text = "the certificate is for " + first(c.Names) + ", not for " + j.Base.String()
	default:
		j.Status, j.Reason, j.Text = Mismatch, chainReason(c.Reason), c.Text
	}
	j.Name, j.BareKey = "", false
}

// mismatch says what fits nothing.
func (j *judge) mismatch() string {
	for i := range j.Records {
		switch r := &j.Records[i]; {
		case r.Ignored && r.Fits == 0 && r.Usage == usageEE:
			return fmt.Sprintf("the certificate fits only the record %d %d %d, which does not count beside %d %d %d",
				r.Usage, r.Selector, r.Matching, r.Usage, r.Selector, matchSHA512)
		case !r.Ignored && r.Fits == 0 && r.Usage == usageTA:
			return "the server's own certificate is what a record of usage 2 names, and no certificate above it"
		}
	}
	if !slices.ContainsFunc(j.usable, func(i int) bool { return j.Records[i].Usage == usageTA }) {
		return "the server's certificate is that of no TLSA record"
	}
	return j.Chain.Text
}

// first is the first of a certificate's names; the rest are counted.
func first(names []string) string {
	switch len(names) {
	case 0:
		return "no host at all"
	case 1:
		return names[0]
	}
	return fmt.Sprintf("%s and %d more", names[0], len(names)-1)
}

// chainReason is a chain's reason in RFC 8460's words.
func chainReason(r pkix.Reason) Reason {
	switch r {
	case pkix.Expired, pkix.IntermediateExpired, pkix.RootExpired:
		return Expired
	}
	return NotTrusted
}

// Log is what Postfix logs of the record that a server was authenticated by, where its log level shows it, and
// posttls-finger always (src/tls/tls_dane.c tls_dane_log); peer is "HOST[ADDRESS]:PORT". "" without a match.
func (o *Outcome) Log(peer string) string {
	if o.Status != Match {
		return ""
	}
	what := "EE certificate"
	switch {
	case o.BareKey:
		what = "TA public key verified certificate"
	case o.Depth > 0:
		what = "TA certificate"
	}
	return fmt.Sprintf("%s: Matched DANE %s at depth %d: %s", peer, what, o.Depth, o.Records[o.By])
}
