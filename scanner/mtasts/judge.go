package mtasts

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"

	"mxtls/scanner/internal/txtrecord"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/truth"
)

// Judge says what facts mean, with the roots and the time of a Verifier. It is a pure function of them.
func Judge(f *Facts, v *pkix.Verifier) Outcome {
	o := judgeRecord(f.Record)
	if o.Reason != ReasonNone {
		return o
	}
	if f.Fetch == nil {
		o.Reason, o.Text = NotFetched, "the policy was not asked for"
		return o
	}
	o.fetched(f.Fetch, v)
	return o
}

// judgeRecord is all that the record alone can say; without a Reason it is good.
func judgeRecord(a resolve.Answer) Outcome {
	var o Outcome
	switch {
	case a.Status == resolve.Failed && a.Err != nil && a.Err.Kind == resolve.BogusAnswer:
		o.Reason, o.Text = LookupBogus, a.Err.Error()
		return o
	case a.Status == resolve.Failed && a.Err != nil:
		o.Reason, o.Text = LookupFailed, a.Err.Error()
		return o
	case a.Status == resolve.Failed || a.Status == resolve.StatusUnknown:
		o.Reason, o.Text = LookupFailed, "no answer about the record"
		return o
	}
	records, near := txtrecord.Select(a.TXT, "v="+version)
	if len(near) > 0 {
		o.Warnings = append(o.Warnings, Warning{Code: NearRecord,
			Text: "a TXT record does not begin with v=STSv1 to the letter: " + txtrecord.Quote(near[0])})
	}
	switch {
	case len(records) > 1:
		o.fail(Invalid, SeveralRecords, fmt.Sprintf("%d TXT records begin with v=STSv1, where one is wanted", len(records)))
	case a.Dropped > 0:
		o.fail(StatusUnknown, LookupCut, fmt.Sprintf("there are more TXT records than we take, %d were not seen", a.Dropped))
	case len(records) == 0:
		o.fail(None, NoRecord, "no TXT record begins with v=STSv1")
	default:
		record, warnings, err := ParseRecord(records[0])
		o.ID, o.Warnings = record.ID, append(o.Warnings, warnings...)
		if err != nil {
			o.fail(Invalid, RecordInvalid, err.Error())
		}
	}
	return o
}

func (o *Outcome) fail(s Status, r Reason, text string) { o.Status, o.Reason, o.Text = s, r, text }

// fetched judges a fetch in the order in which a sender would stumble: the connection, the certificate, the answer.
func (o *Outcome) fetched(f *Fetch, v *pkix.Verifier) {
	o.Took = f.Duration
	if len(f.Chain) > 0 && !o.authentic(f, v) {
		return
	}
	if f.Err != nil {
		o.Fault = f.Err.Fault
	}
	switch {
	case f.Err != nil && f.Err.Fault == CertificateMalformed:
		o.fail(FetchError, WebPKIInvalid, f.Err.Text)
	case f.Err != nil && f.Err.Fault.Ours():
		o.fail(StatusUnknown, NotFetched, f.Err.Text)
	case f.Err != nil:
		o.fail(FetchError, PolicyFetch, f.Err.Text)
	case f.Code >= 300 && f.Code <= 399:
		o.Fault = Redirect
		o.fail(FetchError, PolicyFetch, fmt.Sprintf("the policy host redirects (%s) to %s, which no sender may follow",
			txtrecord.Quote(f.Status), txtrecord.Quote(f.Location)))
	case f.Code != http.StatusOK:
		o.Fault = HTTPStatus
		o.fail(FetchError, PolicyFetch, "the policy host answers "+txtrecord.Quote(f.Status)+" instead of 200")
	case encoded(f.Encoding):
		o.Fault = ContentEncoding
		o.fail(FetchError, PolicyFetch, "the policy comes as "+txtrecord.Quote(f.Encoding)+", which nobody asked for")
	default:
		o.policy(f)
	}
}

// authentic judges the policy host's certificate (RFC 8461 3.3: a path to a root, and a DNS name of the SAN).
func (o *Outcome) authentic(f *Fetch, v *pkix.Verifier) bool {
	c := v.WebPKI(f.Chain)
	o.Certificate = c
	switch c.Status {
	case pkix.Trusted:
		return o.named(c, f.Host)
	case pkix.Untrusted:
		o.fail(FetchError, WebPKIInvalid, c.Text)
	default:
		o.fail(StatusUnknown, WebPKIUnknown, c.Text)
	}
	return false
}

// named judges the names of a certificate whose chain is good.
func (o *Outcome) named(c *pkix.Chain, host name.Name) bool {
	switch nameOf(c, host) {
	case truth.Yes:
		return true
	case truth.No:
		o.fail(FetchError, WebPKIInvalid, "the certificate has no DNS name for "+host.String())
	default:
		o.fail(StatusUnknown, WebPKIUnknown, "the certificate has more names than we keep: "+host.String()+" may be one")
	}
	return false
}

// nameOf reports whether a DNS name of the leaf's SAN covers a host (RFC 8461 3.3 and 4.2), which cannot be told where
// names were left out.
func nameOf(c *pkix.Chain, host name.Name) truth.Truth {
	_, ok := c.MatchSAN(host)
	if !ok && slices.Contains(c.Notes, pkix.NamesCut) {
		return truth.Unknown
	}
	return truth.Of(ok)
}

// policy judges a body that came with code 200.
func (o *Outcome) policy(f *Fetch) {
	sum := sha256.Sum256(f.Body)
	o.BodySHA256 = hex.EncodeToString(sum[:])
	if media, _, _ := mime.ParseMediaType(f.Type); media != "text/plain" {
		o.Warnings = append(o.Warnings, Warning{Code: ContentType,
			Text: "the policy comes as " + txtrecord.Quote(f.Type) + ", not as text/plain: some senders refuse it"})
	}
	policy, warnings, err := ParsePolicy(f.Body)
	o.Policy, o.Warnings = policy, append(o.Warnings, warnings...)
	if broken, ok := errors.AsType[*SyntaxError](err); ok {
		o.fail(Invalid, PolicyInvalid, broken.Rule)
		o.Line, o.Disputed = broken.Line, broken.Disputed
		return
	}
	o.Status = Valid
}
