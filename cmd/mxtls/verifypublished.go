package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mxtls/report"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/tlsrpt"
)

// maxPolicy is how much of a policy a sender reads (RFC 8461 3.3).
const maxPolicy = 64 << 10

// verifyPublished judges a text that a domain publishes.
func (f *verifyFlags) verifyPublished(ctx context.Context, s streams, subject string) error {
	var p *report.Published
	var err error
	switch subject {
	case "sts-policy":
		p, err = f.policy(ctx, s)
	case "sts-record":
		p = stsRecord(f.stsRecord)
	case "tlsrpt-record":
		p, err = f.tlsrptRecord()
	}
	if err != nil {
		return err
	}
	if err := f.write(s.out, p.Write); err != nil {
		return err
	}
	if !p.Valid() {
		return errFindings
	}
	return nil
}

// policy judges the policy of --sts-policy.
func (f *verifyFlags) policy(ctx context.Context, s streams) (*report.Published, error) {
	hosts := make([]name.Name, len(f.mx))
	for i, text := range f.mx {
		var err error
		if hosts[i], err = parseHost(text); err != nil {
			return nil, fmt.Errorf("--mx: %w", err)
		}
	}
	body, err := readInput(ctx, "--sts-policy", f.stsPolicy, s.in, 16*maxPolicy)
	if err != nil {
		return nil, err
	}
	return report.PublishedPolicy(judgePolicy(body), hosts), nil
}

// judgePolicy is what becomes of a policy that arrived well.
func judgePolicy(body []byte) *mtasts.Outcome {
	if len(body) > maxPolicy {
		return &mtasts.Outcome{Status: mtasts.Invalid, Reason: mtasts.PolicyFetch, Fault: mtasts.BodyTooLarge,
			Text: fmt.Sprintf("the policy has %d octets, more than the %d that senders read", len(body), maxPolicy)}
	}
	o := &mtasts.Outcome{Status: mtasts.Valid}
	var err error
	o.Policy, o.Warnings, err = mtasts.ParsePolicy(body)
	if broken, ok := errors.AsType[*mtasts.SyntaxError](err); ok {
		o.Status, o.Reason, o.Text = mtasts.Invalid, mtasts.PolicyInvalid, broken.Rule
		o.Line, o.Disputed = broken.Line, broken.Disputed
	}
	return o
}

// stsRecord judges a record as if it were all that the DNS has. A good one leads to a policy, which is not asked for.
func stsRecord(text string) *report.Published {
	o := mtasts.Judge(&mtasts.Facts{Record: answer(text)}, nil) // no policy, so no certificate
	if o.Reason == mtasts.NotFetched {
		o.Status, o.Reason, o.Text = mtasts.Valid, mtasts.ReasonNone, ""
	}
	return report.PublishedSTSRecord(&o)
}

// tlsrptRecord judges the record of --tlsrpt-record. Who is outside of the domain can be told with --next-hop.
func (f *verifyFlags) tlsrptRecord() (*report.Published, error) {
	q := question{nextHop: f.nextHop}
	c, err := q.parse("--")
	if err != nil {
		return nil, err
	}
	o := tlsrpt.Judge(c.NextHop, answer(f.tlsrpt))
	if c.NextHop.IsZero() {
		o.Warnings = slices.DeleteFunc(o.Warnings, func(w tlsrpt.Warning) bool { return w.Code == tlsrpt.External })
	}
	return report.PublishedTLSRPT(&o), nil
}

// answer is the DNS's that has one TXT record.
func answer(text string) resolve.Answer {
	return resolve.Answer{Status: resolve.Found, TXT: []string{text}}
}
