package tlsrpt

import (
	"errors"
	"fmt"
	"slices"

	"mxtls/scanner/internal/txtrecord"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
)

// Judge says what the answer to Lookup means for a domain. It is a pure function.
func Judge(domain name.Name, a resolve.Answer) Outcome {
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
	records, near := txtrecord.Select(a.TXT, version)
	if len(near) > 0 {
		o.warn(NearRecord, "a TXT record does not begin with "+version+" to the letter: "+txtrecord.Quote(near[0]))
	}
	switch {
	case len(records) > 1:
		o.fail(Invalid, SeveralRecords, fmt.Sprintf("%d TXT records begin with %s, where one is wanted", len(records),
			version))
	case a.Dropped > 0:
		o.fail(StatusUnknown, LookupCut, fmt.Sprintf("there are more TXT records than we take, %d were not seen", a.Dropped))
	case len(records) == 0:
		o.fail(None, NoRecord, "no TXT record begins with "+version)
	default:
		o.record(domain, records[0])
	}
	return o
}

func (o *Outcome) fail(s Status, r Reason, text string) { o.Status, o.Reason, o.Text = s, r, text }

func (o *Outcome) warn(c Code, text string) {
	if !slices.ContainsFunc(o.Warnings, func(w Warning) bool { return w.Code == c }) {
		o.Warnings = append(o.Warnings, Warning{c, text})
	}
}

// record judges the one record that there is.
func (o *Outcome) record(domain name.Name, text string) {
	record, warnings, err := ParseRecord(text)
	for _, w := range warnings {
		o.warn(w.Code, w.Text)
	}
	if broken, ok := errors.AsType[*Error](err); ok {
		o.fail(Invalid, broken.Reason, broken.Text)
		return
	}
	o.Status = Valid
	for _, u := range record.RUA {
		o.RUA = append(o.RUA, u.Text)
		outside := !u.Host.IsZero() && u.Host.Registrable() != domain.Registrable()
		if outside && !slices.Contains(o.External, u.Host) {
			o.External = append(o.External, u.Host)
		}
	}
	if len(o.External) > 0 {
		o.warn(External, fmt.Sprintf("reports go outside, to %v", o.External))
	}
}
