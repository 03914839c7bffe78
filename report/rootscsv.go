package report

import (
	"mxtls/scanner/pkix"
)

// InventoryColumns are the columns of an inventory's CSV, in order: a row for each certificate or broken block of the
// bundle, then one for each root that it lacks.
func InventoryColumns() []Column { return documented(inventoryColumns) }

var inventoryColumns = []csvColumn{
	{Column{"schema_version", "schema_version", "version of these columns and of the JSON"},
		func(l *csvLine) { l.number(SchemaVersion) }},
	{Column{"type", "type", "what the row is about: root_certificate"}, func(l *csvLine) { l.word("root_certificate") }},
	{Column{"path", "path", "the file that it stands in; empty for what is missing"},
		func(l *csvLine) { l.text(l.item.Path) }},
	{Column{"line", "line", "where its PEM block begins, from 1; 0 where it stands in no file"},
		func(l *csvLine) { l.number(l.item.Line) }},
	{Column{"subject", "subject", "distinguished name (RFC 2253); empty for a broken block"},
		func(l *csvLine) { l.text(l.item.Subject) }},
	{Column{"sha256", "sha256", "of the certificate, hex; empty for a broken block"},
		func(l *csvLine) { l.word(l.item.SHA256) }},
	{Column{"not_before", "not_before", "begin of validity"}, func(l *csvLine) { l.time(l.item.NotBefore) }},
	{Column{"not_after", "not_after", "end of validity"}, func(l *csvLine) { l.time(l.item.NotAfter) }},
	{Column{"key", "key", "kind and size of its key"}, func(l *csvLine) { l.text(l.item.Key) }},
	{Column{"signature", "signature", "algorithm that it is signed with"}, func(l *csvLine) { l.text(l.item.Signature) }},
	{Column{"root", "root", "whether a path may end in it: true or false"}, func(l *csvLine) { l.flag(l.item.Root) }},
	{Column{"issues", "issues", "codes of what is to be said of it, the gravest first, as a list"},
		func(l *csvLine) { l.list(issueCodes(l.item)) }},
	{Column{"distrust_after", "distrust_after",
		"after which Mozilla no longer believes what it issues; empty for no such date"},
		func(l *csvLine) { l.time(l.item.DistrustAfter) }},
	{Column{"removed", "removed", "by when Mozilla had taken it out; empty where it did not, or no day is known"},
		func(l *csvLine) { l.time(l.item.Removed) }},
	{Column{"text", "text", "evidence in words; may quote the file"}, func(l *csvLine) { l.text(l.item.Text) }},
}

// flag appends true or false.
func (l *csvLine) flag(b bool) {
	if b {
		l.word("true")
	} else {
		l.word("false")
	}
}

// issueCodes are an item's issues as programs read them.
func issueCodes(item *pkix.Item) []string {
	codes := make([]string, len(item.Issues))
	for i, issue := range item.Issues {
		codes[i] = issue.String()
	}
	return codes
}

func (inv *Inventory) csv(out *output, o Options) error {
	w := &csvWriter{out: out, opts: o, columns: inventoryColumns, line: csvLine{raw: o.CSVRaw}}
	if err := w.Begin(Run{}); err != nil {
		return err
	}
	for i := range inv.Audit.Items {
		w.line.item = &inv.Audit.Items[i]
		if err := w.row(); err != nil {
			return err
		}
	}
	return w.End(Summary{})
}
