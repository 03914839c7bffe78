package report

import (
	"time"

	"mxtls/scanner/dane"
	"mxtls/scanner/resolve"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// SchemaVersion is the version of the JSON formats. Fields may be added within a version; none is renamed, moved or
// removed. Every field is always there: what is unknown or absent is "", 0, null for a time, [] for a list, and
// "unknown" where a word says so.
const SchemaVersion = 1

// DomainJSON is one result: a line of JSON lines, an element of "domains" in the JSON document. Text that is not UTF-8
// has its offending octets spelled `\xNN`, as in every other format, and text over 2,048 octets is cut.
type DomainJSON struct {
	SchemaVersion int           `json:"schema_version"`
	Type          string        `json:"type"` // "domain"
	Domain        string        `json:"domain"`
	Input         string        `json:"input"`
	Via           string        `json:"via"`
	Group         string        `json:"group"`
	MX            MXJSON        `json:"mx"`
	Servers       []ServerJSON  `json:"servers"`
	Encrypted     CountsJSON    `json:"encrypted"`
	Findings      []FindingJSON `json:"findings"`
	Started       *time.Time    `json:"started"`
	DurationMS    int64         `json:"duration_ms"`

	DANELevel       dane.Level    `json:"dane_level"` // of the domain as a whole
	MTASTS          MTASTSJSON    `json:"mta_sts"`
	TLSRPT          TLSRPTJSON    `json:"tlsrpt"`
	EffectivePolicy EffectiveJSON `json:"effective_policy"`
}

// MTASTSJSON is the domain's MTA-STS. Max_age is in seconds; line is the policy's that breaks a rule, 0 for none.
type MTASTSJSON struct {
	Status         string   `json:"status"`
	Mode           string   `json:"mode"`
	ID             string   `json:"id"`
	MaxAge         int64    `json:"max_age"`
	MX             []string `json:"mx"`
	Reason         string   `json:"reason"`
	Text           string   `json:"text"`
	Line           int      `json:"line"`
	ServersFailing []string `json:"servers_failing"` // hosts
}

// TLSRPTJSON is the domain's wish for reports on TLS.
type TLSRPTJSON struct {
	Status string   `json:"status"`
	RUA    []string `json:"rua"`
	Reason string   `json:"reason"`
	Text   string   `json:"text"`
}

// EffectiveJSON is what senders of several kinds go by; text says so in a line where they differ.
type EffectiveJSON struct {
	RFC        verdict.Rule `json:"rfc"`
	Postfix    verdict.Rule `json:"postfix"`
	PostfixMap verdict.Rule `json:"postfix_map"`
	Mox        verdict.Rule `json:"mox"`
	Text       string       `json:"text"`
}

// MXJSON is how a domain receives mail.
type MXJSON struct {
	Kind   string `json:"kind"`
	Trust  string `json:"trust"`
	Reason string `json:"reason"`
}

// ServerJSON is one address of one mail host.
type ServerJSON struct {
	Host             string          `json:"host"`
	Preference       uint16          `json:"preference"`
	Address          string          `json:"address"`
	Port             uint16          `json:"port"`
	Stage            string          `json:"stage"`
	STARTTLSOffered  truth.Truth     `json:"starttls_offered"`
	STARTTLSAccepted truth.Truth     `json:"starttls_accepted"`
	TLSEstablished   truth.Truth     `json:"tls_established"`
	Authenticated    truth.Truth     `json:"authenticated"`
	Reason           string          `json:"reason"`
	Detail           string          `json:"detail"`
	Banner           string          `json:"banner"`
	Capabilities     []string        `json:"capabilities"`
	TLS              TLSJSON         `json:"tls"`
	Certificate      CertificateJSON `json:"certificate"`
	DANE             DANEJSON        `json:"dane"`
	REQUIRETLS       truth.Truth     `json:"requiretls"`
	MTASTSPasses     truth.Truth     `json:"mta_sts_passes"` // whether mail may go there by the domain's policy
	AddressTrust     resolve.Trust   `json:"address_trust"`  // what DNSSEC makes of the host's addresses
}

// DANEJSON is what a server's certificate comes to under its TLSA records.
type DANEJSON struct {
	Status     string     `json:"status"`
	Reason     string     `json:"reason"`
	Text       string     `json:"text"`
	BaseDomain string     `json:"base_domain"`
	Records    []TLSAJSON `json:"records"`
	Notes      []string   `json:"notes"`
	Expires    *time.Time `json:"signatures_end"` // where the resolver gave it

	CertificateSHA256 string `json:"certificate_sha256"` // that is shown to who names the TLSA base domain
}

// TLSAJSON is one TLSA record. Data is in hex; matches says of which certificates it is, by their keys.
type TLSAJSON struct {
	Usage    uint8    `json:"usage"`
	Selector uint8    `json:"selector"`
	Matching uint8    `json:"matching"`
	Data     string   `json:"data"`
	Usable   bool     `json:"usable"`
	Ignored  bool     `json:"ignored"` // a stronger digest stands beside it
	Matched  bool     `json:"matched"`
	Matches  []string `json:"matches"`
}

// TLSJSON is what a handshake agreed on, in OpenSSL's words; all empty without one.
type TLSJSON struct {
	Version string `json:"version"`
	Cipher  string `json:"cipher"`
	Group   string `json:"group"`
}

// CertificateJSON is a server's certificate and the verdict on its chain.
type CertificateJSON struct {
	Status    string      `json:"status"`
	Reason    string      `json:"reason"`
	NameMatch truth.Truth `json:"name_match"`
	Names     []string    `json:"names"`
	Subject   string      `json:"subject"`
	Issuer    string      `json:"issuer"`
	NotBefore *time.Time  `json:"not_before"`
	NotAfter  *time.Time  `json:"not_after"`
	SHA256    string      `json:"sha256"`
	Key       string      `json:"key"`
	Signature string      `json:"signature"`
}

// CountsJSON counts servers by whether mail to them is encrypted.
type CountsJSON struct {
	Yes     int `json:"yes"`
	No      int `json:"no"`
	Unknown int `json:"unknown"`
}

// FindingJSON is one finding.
type FindingJSON struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Host     string `json:"host"`
	Address  string `json:"address"`
	Text     string `json:"text"`
}

// RunJSON is the first line of JSON lines, and "run" in the JSON document.
type RunJSON struct {
	SchemaVersion int         `json:"schema_version"`
	Type          string      `json:"type"` // "run"
	Version       string      `json:"version"`
	Started       *time.Time  `json:"started"`
	Roots         RootsJSON   `json:"roots"`
	Resolvers     []string    `json:"resolvers"`
	Validating    truth.Truth `json:"validating"`
	EHLO          string      `json:"ehlo"`
	Port          uint16      `json:"port"`
	Limits        LimitsJSON  `json:"limits"`
}

// RootsJSON is the root bundle.
type RootsJSON struct {
	Source  string     `json:"source"`
	Path    string     `json:"path"`
	Count   int        `json:"count"`
	Expired int        `json:"expired"`
	Date    *time.Time `json:"date"`
	SHA256  string     `json:"sha256"`
}

// LimitsJSON are the run's limits; 0 is none for rate and per_provider.
type LimitsJSON struct {
	Concurrency   int      `json:"concurrency"`
	Rate          float64  `json:"rate"`
	PerProvider   int      `json:"per_provider"`
	TimeoutMS     int64    `json:"timeout_ms"`
	HostTimeoutMS int64    `json:"host_timeout_ms"`
	Families      []string `json:"families"`
}

// SummaryJSON is the last line of JSON lines, and "summary" in the JSON document.
type SummaryJSON struct {
	SchemaVersion int         `json:"schema_version"`
	Type          string      `json:"type"` // "summary"
	Total         TallyJSON   `json:"total"`
	Groups        []GroupJSON `json:"groups"`
	Duplicates    int         `json:"duplicates"`
	Sessions      int         `json:"sessions"`
	Partial       bool        `json:"partial"`
	PartialReason string      `json:"partial_reason"`
}

// GroupJSON is the tally of one preset or list.
type GroupJSON struct {
	Name string `json:"name"`
	TallyJSON
}

// TallyJSON counts domains, and distinct servers.
type TallyJSON struct {
	Domains DomainsJSON `json:"domains"`
	Servers ServersJSON `json:"servers"`
}

// DomainsJSON counts domains by what they come to; the classes add up to total.
type DomainsJSON struct {
	Total     int `json:"total"`
	Full      int `json:"full"`
	Partial   int `json:"partial"`
	Plaintext int `json:"plaintext"`
	Unknown   int `json:"unknown"`
	Null      int `json:"null"`
	None      int `json:"none"`
	Failed    int `json:"failed"`
	Invalid   int `json:"invalid"`
}

// ServersJSON counts distinct servers. untested are those that only IPv6 leads to, from a machine without it.
type ServersJSON struct {
	CountsJSON
	Untested  int `json:"untested"`
	Trusted   int `json:"trusted"`
	Untrusted int `json:"untrusted"`
}
