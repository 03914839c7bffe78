package report

import (
	"fmt"
	"io"
	"strings"

	"mxtls/scanner/change"
	"mxtls/scanner/name"
	"mxtls/scanner/verdict"
)

// RunChangeJSON is one difference between runs: a line of JSON lines, an element of "changes" in the JSON document.
type RunChangeJSON struct {
	SchemaVersion int         `json:"schema_version"`
	Type          string      `json:"type"` // "change"
	Domain        string      `json:"domain"`
	Code          change.Code `json:"code"`
	Severity      string      `json:"severity"`
	Old           string      `json:"old"`
	New           string      `json:"new"`
	Text          string      `json:"text"`
	Noise         bool        `json:"noise"`
}

// changeTitles are the changes in words.
var changeTitles = map[change.Code]string{
	change.DomainGone:         "the domain takes no mail any more, or does not exist",
	change.NewlyPlaintext:     "mail goes in plain text now",
	change.PartlyPlaintext:    "mail to some of its servers goes in plain text now",
	change.BecameUntrusted:    "a certificate is not trusted any more",
	change.NameNoLongerFits:   "a certificate is not for the mail host any more",
	change.DNSSECBroken:       "DNSSEC is broken now, and senders that go by it do not deliver",
	change.DANEBroken:         "certificates do not fit the TLSA records now",
	change.DANEGone:           "TLSA records no longer hold for all its servers",
	change.STSBroken:          "the MTA-STS policy cannot be had, or is wrong now",
	change.STSGone:            "the MTA-STS policy is gone",
	change.STSWeaker:          "the MTA-STS policy enforces less now",
	change.STSServersFail:     "servers fail the domain's own MTA-STS policy now",
	change.STSSameID:          "the MTA-STS policy changed and its id did not: senders keep the old one",
	change.WillExpire:         "a certificate ends within 14 days",
	change.ProviderChanged:    "the mail hosts are another provider's",
	change.IssuerChanged:      "a certificate is from another issuer",
	change.CertificateRenewed: "a certificate was renewed",
	change.NoLongerTold:       "it can no longer be told whether mail is encrypted",
	change.NewlyEncrypted:     "mail goes encrypted now",
	change.BecameTrusted:      "certificates are trusted now",
	change.DNSSECMended:       "DNSSEC is mended",
	change.DANENew:            "TLSA records hold now",
	change.STSNew:             "there is an MTA-STS policy now",
	change.DomainBack:         "the domain takes mail again",
	change.Added:              "the domain is new in the list",
	change.Removed:            "the domain is not in the list any more",
}

// ChangeColumns are the columns of the CSV of changes.
func ChangeColumns() []Column {
	return []Column{
		{"domain", "domain", "the mail domain as an A-label"},
		{"code", "code", "of the change"},
		{"severity", "severity", "error, warning or info"},
		{"old", "old", "what was, in a word or two"},
		{"new", "new", "what is"},
		{"text", "text", "the change in words"},
		{"noise", "noise", "true for what only --all shows"},
	}
}

// Changes writes changes in their order. There is something to write even where there are none.
func Changes(f Format, w io.Writer, o Options, changes []change.Change) error {
	out := newOutput(w, o.Now)
	var err error
	switch f {
	case FormatDefault, Table:
		err = changeTable(out, o, changes)
	case CSV:
		err = changeCSV(out, o, changes)
	case JSONL, JSON:
		err = changeJSON(out, f == JSON, changes)
	case Markdown:
		err = changeMarkdown(out, o, changes)
	default:
		return fmt.Errorf("report: no format %v", f)
	}
	if err != nil {
		return err
	}
	return out.end()
}

// changeTable has two lines for each change: how grave and where, and what.
func changeTable(out *output, o Options, changes []change.Change) error {
	if o.Width > 0 {
		o.Width = max(o.Width, minWidth)
	}
	w := &tableWriter{out: out, opts: o, style: newStyle(o)}
	width := limited(o.Width, findingIndent)
	for i := range changes {
		c := &changes[i]
		severity, domain := c.Code.Severity(), w.style.text(w.style.readable(c.Domain))
		if width > 0 {
			domain = cutMiddle(domain, width, w.style.ellipsis())
		}
		w.line("  " + w.style.paint(colors[severityClass[severity]], severity.String()) +
			strings.Repeat(" ", findingIndent-len("  ")-len(severity.String())) + domain)
		for _, l := range wrap(w.style.text(changeText(c)), width, 0, w.style.ellipsis()) {
			w.line(strings.Repeat(" ", findingIndent) + w.style.paint(dim, l))
		}
	}
	return out.row(w.buf)
}

// readable is a domain as a person reads it.
func (s style) readable(domain string) string {
	t, err := name.ParseTarget(domain)
	if err != nil {
		return Escape(domain)
	}
	return s.shownTarget(t)
}

// changeText is a change in words, with what was and what is.
func changeText(c *change.Change) string {
	text := changeTitles[c.Code]
	switch {
	case c.Old != "" && c.New != "":
		text += ": " + Escape(c.Old) + " → " + Escape(c.New)
	case c.New != "":
		text += ": " + Escape(c.New)
	}
	return text
}

func changeCSV(out *output, o Options, changes []change.Change) error {
	line := csvLine{raw: o.CSVRaw}
	if o.BOM {
		line.word(byteOrderMark)
	}
	end := func() error {
		if o.CRLF {
			line.buf = append(line.buf, '\r')
		}
		err := out.row(append(line.buf, '\n'))
		line.buf = line.buf[:0]
		return err
	}
	var names []string
	for _, c := range ChangeColumns() {
		names = append(names, c.Name)
	}
	line.word(strings.Join(names, ","))
	if err := end(); err != nil {
		return err
	}
	for i := range changes {
		c := &changes[i]
		for k, cell := range []string{
			c.Domain, c.Code.String(), c.Code.Severity().String(), c.Old, c.New, changeTitles[c.Code], fmt.Sprint(c.Noise),
		} {
			if k > 0 {
				line.word(",")
			}
			line.text(cell)
		}
		if err := end(); err != nil {
			return err
		}
	}
	return nil
}

func changeJSON(out *output, document bool, changes []change.Change) error {
	if document {
		if err := out.row([]byte("{\"schema_version\":1,\"changes\":[\n")); err != nil {
			return err
		}
	}
	for i := range changes {
		c := &changes[i]
		value, err := marshal(RunChangeJSON{
			SchemaVersion, "change", text(c.Domain), c.Code, c.Code.Severity().String(), text(c.Old), text(c.New),
			changeTitles[c.Code], c.Noise,
		})
		if err != nil {
			return err
		}
		if document && i < len(changes)-1 {
			value = append(value, ',')
		}
		if err := out.row(append(value, '\n')); err != nil {
			return err
		}
	}
	if document {
		return out.row([]byte("]}\n"))
	}
	return nil
}

func changeMarkdown(out *output, o Options, changes []change.Change) error {
	m := &markdownWriter{out: out, opts: o, style: newStyle(o)}
	lines := []string{"|   | Domain | Change |", "|---|---|---|"}
	for i := range changes {
		c := &changes[i]
		severity := c.Code.Severity()
		mark := severity.String()
		if severity == verdict.Error {
			mark = "**" + mark + "**"
		}
		lines = append(lines, "| "+mark+" | "+m.cell(m.style.readable(c.Domain))+" | "+m.cell(changeText(c))+" |")
	}
	return m.lines(lines...)
}
