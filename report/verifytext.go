package report

import (
	"fmt"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"mxtls/scanner/dane"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
	"mxtls/scanner/truth"
)

// labelled is one line of a verdict for a person. Equal labels in a row are written once.
type labelled struct{ label, text string }

// layLabelled sets the texts beside their labels, wrapped where the width is limited.
func layLabelled(lines []labelled, o Options) string {
	s := newStyle(o)
	wide := 0
	for _, l := range lines {
		wide = max(wide, displaywidth.String(l.label))
	}
	width := 0
	if o.Width > 0 {
		width = max(o.Width, minWidth) - wide - gap
	}
	var out strings.Builder
	last := ""
	for _, l := range lines {
		for _, part := range wrap(s.text(l.text), width, 0, s.ellipsis()) {
			label := l.label
			if label == last {
				label = ""
			}
			last = l.label
			out.WriteString(strings.TrimRight(pad(label, wide+gap, false)+part, " ") + "\n")
		}
	}
	return out.String()
}

// lines are the verdict for a person.
func (v *Verdict) lines() []labelled {
	c, r := v.Case, v.Ruling
	var lines []labelled
	if r.Chain.SHA256 != "" {
		lines = append(lines, labelled{"Certificate", certificateLine(r.Chain)})
	}
	lines = append(lines, labelled{"Chain", chainLine(r.Chain)})
	if len(c.Names) > 0 {
		lines = append(lines, labelled{"Name", v.nameLine()})
	}
	if !c.NextHop.IsZero() {
		lines = append(lines, labelled{"Next hop", c.NextHop.String() + matchWords(r.DomainMatch)})
	}
	web := chainLine(r.WebPKI)
	if r.WebPKI.Status == pkix.Trusted && len(c.Names) > 0 {
		web += ", name" + matchWords(r.WebNameMatch)
	}
	lines = append(lines, labelled{"Web", web})
	if low, high := opensslLine(r.Level0), opensslLine(r.Level1); low == high {
		lines = append(lines, labelled{"Postfix", low})
	} else {
		lines = append(lines, labelled{"Postfix", "at may and encrypt: " + low},
			labelled{"Postfix", "where a match is required: " + high})
	}
	if r.DANE.Reason != dane.ReasonNone || r.DANE.Status != dane.StatusUnknown {
		lines = append(lines, labelled{"DANE", daneLine(&r.DANE)})
	}
	if r.Prediction != nil {
		lines = append(lines, labelled{"At " + c.Level.String(), predictionLine(r.Prediction)})
	}
	return lines
}

// certificateLine is who the certificate is of.
func certificateLine(c *pkix.Chain) string {
	parts := []string{"no subject"}
	if c.Subject != "" {
		parts[0] = Escape(c.Subject)
	}
	if c.Key != "" {
		parts = append(parts, Escape(c.Key))
	}
	if c.Issuer != "" {
		parts = append(parts, "by "+Escape(c.Issuer))
	}
	if writable(c.NotAfter) {
		parts = append(parts, "until "+date(c.NotAfter))
	}
	return strings.Join(parts, ", ")
}

// chainLine is a verdict on a chain with its reason.
func chainLine(c *pkix.Chain) string {
	switch {
	case c.Text != "":
		return c.Status.String() + ": " + Escape(c.Text)
	case c.Reason != pkix.ReasonNone:
		return c.Status.String() + ": " + inWords(c.Reason.String())
	}
	return c.Status.String()
}

// opensslLine is chainLine with OpenSSL's number.
func opensslLine(c *pkix.Chain) string {
	if c.Num == 0 {
		return chainLine(c)
	}
	return fmt.Sprintf("%s (OpenSSL's error %d at depth %d)", chainLine(c), c.Num, c.Depth)
}

// nameLine is whether the certificate has one of the names.
func (v *Verdict) nameLine() string {
	names := make([]string, len(v.Case.Names))
	for i, n := range v.Case.Names {
		names[i] = n.String()
	}
	line := strings.Join(names, " or ") + matchWords(v.Ruling.NameMatch)
	switch v.Ruling.NameMatch {
	case truth.Yes:
		return line + ", by " + Escape(v.Ruling.MatchedBy)
	case truth.No:
		return line + quoted(v.Ruling.Chain.Names)
	}
	return line
}

func matchWords(t truth.Truth) string {
	switch t {
	case truth.Yes:
		return " matches"
	case truth.No:
		return " does not match"
	}
	return ": could not be told"
}

// daneLine is the verdict under TLSA records, and those that fit.
func daneLine(o *dane.Outcome) string {
	line := strings.ReplaceAll(o.Status.String(), "_", " ")
	var fit []string
	for i := range o.Records {
		if o.Matches(i) {
			fit = append(fit, o.Records[i].String())
		}
	}
	if len(fit) > 0 {
		line += ", by " + strings.Join(fit, " and ")
	}
	if o.Text != "" {
		line += ": " + Escape(o.Text)
	}
	return line
}

// predictionLine is what becomes of mail.
func predictionLine(p *postfix.Prediction) string {
	line := p.Outcome.String()
	if p.Word != postfix.WordNone {
		line += ", " + p.Word.String()
	}
	if p.Code != "" {
		line += ", " + p.Code
	}
	if p.Text != "" && p.Outcome != postfix.Encrypted {
		line += " " + Escape(p.Text)
	}
	if p.Reason != "" && p.Outcome != postfix.Encrypted {
		line += " (" + inWords(p.Reason) + ")"
	}
	return line
}
