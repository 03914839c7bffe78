package runfile

import (
	"errors"
	"fmt"

	"mxtls/scanner"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/verdict"
)

// domainOf is a result's line, without its hosts.
func domainOf(group string, r *scanner.Result) *domainRecord {
	d := &domainRecord{
		Type: typeDomain, Index: r.Index, Legacy: r.Facts.Legacy, Misplaced: misplacedOf(r.Facts.Misplaced),
		Defect: text(r.Defect), Started: r.Started, Duration: r.Duration,
	}
	d.Group, d.GroupOctets = encoded(group)
	d.Input, d.InputOctets = encoded(r.Input)
	if d.NoTLSRPT = absenceOf(r.Facts.TLSRPT); d.NoTLSRPT == "" {
		d.TLSRPT = textsOf(r.Facts.TLSRPT)
	}
	if r.Invalid != nil {
		d.Input, d.InputOctets = encoded(r.Invalid.Input)
		d.Invalid = r.Invalid.Reason.String()
	} else if target := r.Target.String(); target != r.Input {
		d.Target = target
	}
	return d
}

// result is the line's result, without its hosts and its policy.
func (d *domainRecord) result(shared absences) (scanner.Result, error) {
	r := scanner.Result{
		Index: d.Index, Input: decoded(d.Input, d.InputOctets), Defect: string(d.Defect), Started: d.Started,
		Duration: d.Duration,
	}
	if d.Invalid != "" {
		r.Invalid = &name.Error{Input: r.Input}
		r.Facts.MX.Kind = mx.Invalid
		return r, r.Invalid.Reason.UnmarshalText([]byte(d.Invalid))
	}
	target := d.Target
	if target == "" {
		target = r.Input
	}
	var err error
	if r.Target, err = name.ParseTarget(target); err != nil {
		return r, fmt.Errorf("target: %w", err)
	}
	r.Facts = verdict.Facts{
		Domain: r.Target.Name, Direct: r.Target.Direct, Legacy: d.Legacy, Misplaced: misplaced(d.Misplaced),
		TLSRPT: d.TLSRPT.answer(),
	}
	if d.NoTLSRPT != "" {
		none, err := shared.of(d.NoTLSRPT)
		if err != nil {
			return r, fmt.Errorf("no_tlsrpt: %w", err)
		}
		r.Facts.TLSRPT = &none.Record
	}
	if d.NoSTS != "" {
		if r.Facts.STS, err = shared.of(d.NoSTS); err != nil {
			return r, fmt.Errorf("no_mta_sts: %w", err)
		}
	}
	return r, nil
}

func mxOf(s *mx.Set) mxRecord {
	m := mxRecord{
		Kind: s.Kind, Reason: s.Reason, Detail: text(s.Detail), Trust: s.Trust, Aliases: s.Aliases, Dropped: s.Dropped,
		NullBeside: s.NullBeside, Err: lookupErrOf(s.Err),
	}
	for i := range s.Hosts {
		h := &s.Hosts[i]
		m.Hosts = append(m.Hosts, hostRecord{
			Preference: h.Preference, Name: h.Name, Raw: text(h.Raw), Literal: h.Literal, Aliases: h.Aliases,
			Addrs: h.Addrs, Dropped: h.Dropped, Trust: h.Trust, Reason: h.Reason, Err: lookupErrOf(h.Err),
		})
	}
	return m
}

func (m *mxRecord) set() mx.Set {
	s := mx.Set{
		Kind: m.Kind, Reason: m.Reason, Detail: string(m.Detail), Trust: m.Trust, Aliases: m.Aliases, Dropped: m.Dropped,
		NullBeside: m.NullBeside, Err: m.Err.err(),
	}
	for i := range m.Hosts {
		h := &m.Hosts[i]
		s.Hosts = append(s.Hosts, mx.Host{
			Preference: h.Preference, Name: h.Name, Raw: string(h.Raw), Literal: h.Literal, Aliases: h.Aliases,
			Addrs: h.Addrs, Dropped: h.Dropped, Trust: h.Trust, Reason: h.Reason, Err: h.Err.err(),
		})
	}
	return s
}

func lookupErrOf(e *resolve.Error) *lookupErrRecord {
	if e == nil {
		return nil
	}
	l := &lookupErrRecord{
		Kind: e.Kind, Name: text(e.Name), Type: e.Type, Resolver: e.Resolver, Rcode: e.Rcode, EDE: text(e.EDE),
	}
	if cause := e.Cause(); cause != nil {
		l.Cause = text(cause.Error())
	}
	return l
}

func (l *lookupErrRecord) err() *resolve.Error {
	if l == nil {
		return nil
	}
	e := &resolve.Error{
		Kind: l.Kind, Name: string(l.Name), Type: l.Type, Resolver: l.Resolver, Rcode: l.Rcode, EDE: string(l.EDE),
	}
	if l.Cause != "" {
		e.Err = errors.New(string(l.Cause))
	}
	return e
}
