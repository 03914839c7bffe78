package report

import (
	"fmt"
	"io"
	"strings"

	"mxtls/scanner/mtasts"
	"mxtls/scanner/name"
	"mxtls/scanner/tlsrpt"
	"mxtls/scanner/truth"
)

// Published is a text that a domain publishes for senders, and what it comes to without a network.
type Published struct {
	json PublishedJSON
}

// PublishedJSON is the verdict on a policy or a record. Line is the policy's that breaks a rule, 0 for none.
type PublishedJSON struct {
	SchemaVersion int            `json:"schema_version"`
	Type          string         `json:"type"`   // "sts_policy", "sts_record" or "tlsrpt_record"
	Status        string         `json:"status"` // "valid" or "invalid"
	Reason        string         `json:"reason"`
	Text          string         `json:"text"`
	Line          int            `json:"line"`
	Disputed      bool           `json:"disputed"` // an invalid policy that senders in wide use take all the same
	Warnings      []WarningJSON  `json:"warnings"`
	Mode          string         `json:"mode"`    // of a policy; "" where it could not be read
	MaxAge        int64          `json:"max_age"` // likewise, in seconds
	MX            []string       `json:"mx"`      // likewise
	ID            string         `json:"id"`      // of an MTA-STS record
	RUA           []string       `json:"rua"`     // of a TLSRPT record
	Servers       []ListedMXJSON `json:"servers"` // the hosts asked about
}

// WarningJSON is something that the domain's operator should know. Line is the policy's, 0 for none.
type WarningJSON struct {
	Code string `json:"code"`
	Line int    `json:"line"`
	Text string `json:"text"`
}

// ListedMXJSON is whether a policy lists a mail server; unknown where senders do not go by the policy.
type ListedMXJSON struct {
	Host    string      `json:"host"`
	Listed  truth.Truth `json:"listed"`
	Pattern string      `json:"pattern"` // of the policy, the first that fits
}

func newPublished(kind string) *Published {
	return &Published{PublishedJSON{
		SchemaVersion: SchemaVersion, Type: kind, Status: mtasts.Valid.String(), Warnings: []WarningJSON{}, MX: []string{},
		RUA: []string{}, Servers: []ListedMXJSON{},
	}}
}

// PublishedPolicy is the verdict on an MTA-STS policy as package mtasts judged it, and on hosts that it may list.
func PublishedPolicy(o *mtasts.Outcome, hosts []name.Name) *Published {
	p := newPublished("sts_policy")
	p.sts(o)
	if o.Mode != mtasts.ModeUnknown {
		p.json.Mode = o.Mode.String()
	}
	p.json.MaxAge = int64(o.MaxAge.Seconds())
	for _, pattern := range o.MX {
		p.json.MX = append(p.json.MX, pattern.String())
	}
	servers := make([]mtasts.Server, len(hosts))
	for i, host := range hosts {
		servers[i].Host = host
	}
	fits, _ := o.Policy.Fit(servers)
	for _, fit := range fits {
		listed := ListedMXJSON{Host: fit.Host.String()}
		if o.Status == mtasts.Valid || o.Disputed {
			listed.Listed = truth.Of(fit.Listed)
			listed.Pattern = fit.Pattern.String()
		}
		p.json.Servers = append(p.json.Servers, listed)
	}
	return p
}

// PublishedSTSRecord is the verdict on an MTA-STS record as package mtasts judged it.
func PublishedSTSRecord(o *mtasts.Outcome) *Published {
	p := newPublished("sts_record")
	p.sts(o)
	p.json.ID = text(o.ID)
	return p
}

// sts takes over what an outcome of MTA-STS says of itself. A text that is no record at all is not a valid one.
func (p *Published) sts(o *mtasts.Outcome) {
	if o.Status != mtasts.Valid {
		p.fail(o.Reason.String(), o.Text)
	}
	p.json.Line, p.json.Disputed = o.Line, o.Disputed
	for _, w := range o.Warnings {
		p.json.Warnings = append(p.json.Warnings, WarningJSON{w.Code.String(), w.Line, text(w.Text)})
	}
}

// PublishedTLSRPT is the verdict on a TLSRPT record as package tlsrpt judged it.
func PublishedTLSRPT(o *tlsrpt.Outcome) *Published {
	p := newPublished("tlsrpt_record")
	if o.Status != tlsrpt.Valid {
		p.fail(o.Reason.String(), o.Text)
	}
	p.json.RUA = texts(o.RUA)
	for _, w := range o.Warnings {
		p.json.Warnings = append(p.json.Warnings, WarningJSON{w.Code.String(), 0, text(w.Text)})
	}
	return p
}

func (p *Published) fail(reason, why string) {
	p.json.Status, p.json.Reason, p.json.Text = mtasts.Invalid.String(), reason, text(why)
}

// Valid reports whether senders go by the text.
func (p *Published) Valid() bool { return p.json.Status == mtasts.Valid.String() }

// Write writes the verdict to w, as [Verdict.Write] does.
func (p *Published) Write(w io.Writer, f Format, o Options) error {
	return writeOne(w, f, o, func() any { return &p.json }, p.lines)
}

// publishedLabels are the kinds in words.
var publishedLabels = map[string]string{
	"sts_policy": "MTA-STS policy", "sts_record": "MTA-STS record", "tlsrpt_record": "TLSRPT record",
}

// lines are the verdict for a person.
func (p *Published) lines() []labelled {
	j := &p.json
	status := j.Status
	if j.Text != "" {
		status += ": "
		if j.Line > 0 {
			status += fmt.Sprintf("line %d: ", j.Line)
		}
		status += Escape(j.Text)
	}
	if j.Disputed {
		status += " (senders in wide use read past it)"
	}
	lines := []labelled{{publishedLabels[j.Type], status}}
	add := func(label, what string) {
		if what != "" {
			lines = append(lines, labelled{label, what})
		}
	}
	add("Mode", j.Mode)
	if j.MaxAge > 0 {
		add("Max age", fmt.Sprintf("%d s, %s", j.MaxAge, count(int(j.MaxAge/86400), "day", "days")))
	}
	add("MX", strings.Join(j.MX, ", "))
	add("Id", Escape(j.ID))
	for _, u := range j.RUA {
		add("Reports to", Escape(u))
	}
	for _, s := range j.Servers {
		add("Server", s.Host+listedWords(s))
	}
	for _, w := range j.Warnings {
		where := ""
		if w.Line > 0 {
			where = fmt.Sprintf("line %d: ", w.Line)
		}
		add("Warning", where+Escape(w.Text))
	}
	return lines
}

func listedWords(s ListedMXJSON) string {
	switch s.Listed {
	case truth.Yes:
		return " is listed, by " + s.Pattern
	case truth.No:
		return " is not listed"
	}
	return ": senders do not go by this policy"
}
