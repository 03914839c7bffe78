package report

import (
	"fmt"
	"time"

	"mxtls/scanner/pkix"
)

// BundleJSON is a root bundle: the first line of an inventory or a comparison in JSON lines, and "bundle" in the JSON
// document.
type BundleJSON struct {
	SchemaVersion int         `json:"schema_version"`
	Type          string      `json:"type"` // "bundle"
	Version       string      `json:"version"`
	At            *time.Time  `json:"at"`
	Roots         RootsJSON   `json:"roots"`
	Others        int         `json:"others"` // certificates that are no roots
	NewestRoot    *time.Time  `json:"newest_root"`
	TLSOff        string      `json:"tls_off"` // why Postfix cannot load it and then has no TLS for any mail
	Warnings      []string    `json:"warnings"`
	Against       RootsJSON   `json:"against"`
	AgainstTLSOff string      `json:"against_tls_off"` // likewise, of the other bundle
	Places        []PlaceJSON `json:"places"`
}

// PlaceJSON is where operating systems keep their roots. Problem is what was found there instead; "" where it is good,
// or where there is nothing.
type PlaceJSON struct {
	Path    string    `json:"path"`
	Exists  bool      `json:"exists"`
	Used    bool      `json:"used"`
	Problem string    `json:"problem"`
	Roots   RootsJSON `json:"roots"`
}

// RootCertificateJSON is a certificate or a broken block of the bundle, or a root that it lacks.
type RootCertificateJSON struct {
	SchemaVersion int        `json:"schema_version"`
	Type          string     `json:"type"` // "root_certificate"
	Path          string     `json:"path"`
	Line          int        `json:"line"`
	Subject       string     `json:"subject"`
	SHA256        string     `json:"sha256"`
	NotBefore     *time.Time `json:"not_before"`
	NotAfter      *time.Time `json:"not_after"`
	Key           string     `json:"key"`
	Signature     string     `json:"signature"`
	Root          bool       `json:"root"`
	Issues        []string   `json:"issues"`
	DistrustAfter *time.Time `json:"distrust_after"`
	Removed       *time.Time `json:"removed"`
	Text          string     `json:"text"`
}

// InventorySummaryJSON is the last line of an inventory in JSON lines, and "summary" in the JSON document.
type InventorySummaryJSON struct {
	SchemaVersion int            `json:"schema_version"`
	Type          string         `json:"type"`   // "inventory_summary"
	Issues        map[string]int `json:"issues"` // certificates by issue; every issue has its number
}

func (inv *Inventory) jsonl(w *jsonlWriter) error {
	if err := w.line(inv.bundleJSON()); err != nil {
		return err
	}
	for i := range inv.Audit.Items {
		if err := w.line(newRootCertificateJSON(&inv.Audit.Items[i])); err != nil {
			return err
		}
	}
	if err := w.line(newInventorySummaryJSON(inv.Audit)); err != nil {
		return err
	}
	return w.out.end()
}

// json writes one document: {"schema_version", "bundle", "certificates", "summary"}.
func (inv *Inventory) json(w *jsonWriter) error {
	before := fmt.Sprintf("{\"schema_version\":%d,\n\"bundle\":", SchemaVersion)
	if err := w.part(before, inv.bundleJSON(), ",\n\"certificates\":["); err != nil {
		return err
	}
	for i := range inv.Audit.Items {
		if err := w.element(newRootCertificateJSON(&inv.Audit.Items[i])); err != nil {
			return err
		}
	}
	if err := w.part("\n],\n\"summary\":", newInventorySummaryJSON(inv.Audit), "}\n"); err != nil {
		return err
	}
	return w.out.end()
}

func (inv *Inventory) bundleJSON() *BundleJSON {
	out := newBundleJSON(inv.Version, inv.Audit.Bundle, inv.Audit.Against, inv.Audit.At)
	for i := range inv.Places {
		p := &inv.Places[i]
		place := PlaceJSON{Path: text(p.Path), Exists: p.Exists(), Used: p.Used}
		if p.Exists() && p.Err != nil {
			place.Problem = text(p.Err.Error())
		}
		if p.Bundle != nil {
			place.Roots = rootsJSON(p.Bundle, inv.Audit.At)
		}
		out.Places = append(out.Places, place)
	}
	return out
}

func newBundleJSON(version string, b, against *pkix.Bundle, at time.Time) *BundleJSON {
	out := &BundleJSON{SchemaVersion: SchemaVersion, Type: "bundle", Version: text(version), At: utc(at),
		NewestRoot: utc(b.Newest(at)), Roots: rootsJSON(b, at), Others: b.Others, TLSOff: text(b.TLSOff),
		Warnings: make([]string, len(b.Warnings)),
		Places:   []PlaceJSON{}}
	for i, w := range b.Warnings {
		out.Warnings[i] = text(w.String())
	}
	if against != nil {
		out.Against, out.AgainstTLSOff = rootsJSON(against, at), text(against.TLSOff)
	}
	return out
}

func rootsJSON(b *pkix.Bundle, at time.Time) RootsJSON {
	return RootsJSON{b.From.String(), text(b.Path), b.Roots, b.Expired(at), utc(b.Date), b.SHA256}
}

func newRootCertificateJSON(item *pkix.Item) *RootCertificateJSON {
	return &RootCertificateJSON{
		SchemaVersion: SchemaVersion, Type: "root_certificate", Path: text(item.Path), Line: item.Line,
		Subject: text(item.Subject), SHA256: item.SHA256, NotBefore: utc(item.NotBefore), NotAfter: utc(item.NotAfter),
		Key: text(item.Key), Signature: text(item.Signature), Root: item.Root, Issues: issueCodes(item),
		DistrustAfter: utc(item.DistrustAfter), Removed: utc(item.Removed), Text: text(item.Text),
	}
}

func newInventorySummaryJSON(a *pkix.Audit) *InventorySummaryJSON {
	out := &InventorySummaryJSON{SchemaVersion: SchemaVersion, Type: "inventory_summary", Issues: map[string]int{}}
	for _, issue := range pkix.Issues() {
		out.Issues[issue.String()] = a.Count(issue)
	}
	return out
}
