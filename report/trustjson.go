package report

import (
	"fmt"
	"time"
)

// DomainTrustJSON is what two bundles make of a domain's servers. Now and then are mixed where servers differ.
type DomainTrustJSON struct {
	SchemaVersion int               `json:"schema_version"`
	Type          string            `json:"type"` // "domain_trust"
	Domain        string            `json:"domain"`
	Input         string            `json:"input"`
	Via           string            `json:"via"`
	Group         string            `json:"group"`
	Now           string            `json:"now"`
	Then          string            `json:"then"`
	Changed       bool              `json:"changed"`
	Fails         *time.Time        `json:"fails"` // the first of its servers
	Servers       []ServerTrustJSON `json:"servers"`
}

// ServerTrustJSON is one address of one mail host. Fails is when the chain, trusted now, is so no more if nothing is
// renewed; fails_depth says which certificate of its path ends then, 0 = the server's own.
type ServerTrustJSON struct {
	Host         string     `json:"host"`
	Address      string     `json:"address"`
	Port         uint16     `json:"port"`
	Now          string     `json:"now"`
	NowReason    string     `json:"now_reason"`
	NowText      string     `json:"now_text"`
	Then         string     `json:"then"`
	ThenReason   string     `json:"then_reason"`
	ThenText     string     `json:"then_text"`
	Changed      bool       `json:"changed"`
	Fails        *time.Time `json:"fails"`
	FailsDepth   int        `json:"fails_depth"`
	FailsSubject string     `json:"fails_subject"`
	Subject      string     `json:"subject"`
	Issuer       string     `json:"issuer"`
	SHA256       string     `json:"sha256"`
}

// ComparisonSummaryJSON is the last line of a comparison in JSON lines, and "summary" in the JSON document. Servers are
// those with a certificate, counted for each domain.
type ComparisonSummaryJSON struct {
	SchemaVersion int    `json:"schema_version"`
	Type          string `json:"type"` // "comparison_summary"
	Domains       int    `json:"domains"`
	Changed       int    `json:"changed"` // of the domains
	Servers       int    `json:"servers"`
	Lost          int    `json:"lost"`   // of the servers: no longer trusted
	Gained        int    `json:"gained"` // newly trusted
	Unsure        int    `json:"unsure"` // other changes
	Partial       bool   `json:"partial"`
	PartialReason string `json:"partial_reason"`
}

// trustJSONL writes a comparison as one object a line.
type trustJSONL struct {
	jsonlWriter
	about Comparison
	tally trustTally
}

func (w *trustJSONL) Begin() error { return w.line(w.about.json()) }

func (w *trustJSONL) Add(group string, d *DomainTrust) error {
	w.tally.add(d)
	return w.line(newDomainTrustJSON(group, d))
}

func (w *trustJSONL) End(partial string) error {
	if err := w.line(w.tally.json(partial)); err != nil {
		return err
	}
	return w.out.end()
}

// trustJSON writes one document: {"schema_version", "bundle", "domains", "summary"}.
type trustJSON struct {
	jsonWriter
	about Comparison
	tally trustTally
}

func (w *trustJSON) Begin() error {
	return w.part(fmt.Sprintf("{\"schema_version\":%d,\n\"bundle\":", SchemaVersion), w.about.json(), ",\n\"domains\":[")
}

func (w *trustJSON) Add(group string, d *DomainTrust) error {
	w.tally.add(d)
	return w.element(newDomainTrustJSON(group, d))
}

func (w *trustJSON) End(partial string) error {
	if err := w.part("\n],\n\"summary\":", w.tally.json(partial), "}\n"); err != nil {
		return err
	}
	return w.out.end()
}

func (c *Comparison) json() *BundleJSON { return newBundleJSON(c.Version, c.Bundle, c.Against, c.At) }

func (t *trustTally) json(partial string) *ComparisonSummaryJSON {
	return &ComparisonSummaryJSON{SchemaVersion: SchemaVersion, Type: "comparison_summary", Domains: t.domains,
		Changed: t.changed, Servers: t.servers, Lost: t.lost, Gained: t.gained, Unsure: t.unsure,
		Partial: partial != "", PartialReason: text(partial)}
}

func newDomainTrustJSON(group string, d *DomainTrust) *DomainTrustJSON {
	out := &DomainTrustJSON{SchemaVersion: SchemaVersion, Type: "domain_trust", Domain: text(domainOrInput(d.Result)),
		Input: text(d.Result.Input), Via: text(d.Result.Via), Group: text(group), Now: d.word((*ServerTrust).now),
		Then: d.word((*ServerTrust).then), Changed: d.Changed(), Fails: utc(d.fails().Until),
		Servers: make([]ServerTrustJSON, len(d.Servers))}
	for i := range d.Servers {
		s := &d.Servers[i]
		now, fails := chainOrNone(s.Now), s.fails()
		out.Servers[i] = ServerTrustJSON{
			Host: text(s.Server.Label), Address: address(s.Server.Addr), Port: s.Server.Addr.Port(),
			Now: status(s.Now).String(), NowReason: reason(s.Now), NowText: text(now.Text),
			Then: status(s.Then).String(), ThenReason: reason(s.Then), ThenText: text(chainOrNone(s.Then).Text),
			Changed: s.Changed(), Fails: utc(fails.Until), FailsDepth: fails.Depth, FailsSubject: text(fails.Subject),
			Subject: text(now.Subject), Issuer: text(now.Issuer), SHA256: now.SHA256,
		}
	}
	return out
}
