package report

import (
	"mxtls/scanner/pkix"
)

// trustCSV writes a comparison as CSV, a row for each server.
type trustCSV struct {
	csvWriter
}

func (w *trustCSV) Begin() error { return w.csvWriter.Begin(Run{}) }

func (w *trustCSV) Add(group string, d *DomainTrust) error {
	w.line.group, w.line.result = group, d.Result
	servers := d.Servers
	if len(servers) == 0 {
		servers = []ServerTrust{{}}
	}
	for i := range servers {
		w.line.trust = &servers[i]
		if err := w.row(); err != nil {
			return err
		}
	}
	return nil
}

func (w *trustCSV) End(string) error { return w.out.end() }

// ComparisonColumns are the columns of a comparison's CSV, in order: a row for each server of each domain.
func ComparisonColumns() []Column { return documented(comparisonColumns) }

var comparisonColumns = []csvColumn{
	{Column{"schema_version", "schema_version", "version of these columns and of the JSON"},
		func(l *csvLine) { l.number(SchemaVersion) }},
	{Column{"type", "type", "what the row is about: domain_trust"}, func(l *csvLine) { l.word("domain_trust") }},
	{Column{"domain", "domain", "the mail domain as an A-label; the input as given where it is none"},
		func(l *csvLine) { l.text(domainOrInput(l.result)) }},
	{Column{"via", "via", "the provider: registrable domain of the first mail host"},
		func(l *csvLine) { l.text(l.result.Via) }},
	{Column{"group", "group", "the preset or list that the domain came from"}, func(l *csvLine) { l.text(l.group) }},
	{Column{"host", "servers[].host", "the mail host as in the MX record; empty for a domain without servers"},
		ofTrust(func(l *csvLine) { l.text(l.trust.Server.Label) })},
	{Column{"address", "servers[].address", "IPv4 or IPv6 address; empty when the host has none"},
		ofTrust(func(l *csvLine) { l.word(address(l.trust.Server.Addr)) })},
	{Column{"port", "servers[].port", "TCP port; 0 without an address"},
		ofTrust(func(l *csvLine) { l.number(int(l.trust.Server.Addr.Port())) })},
	{Column{"now", "servers[].now", "by the bundle: trusted, untrusted, anonymous or unknown"},
		func(l *csvLine) { l.word(status(l.trust.Now).String()) }},
	{Column{"now_reason", "servers[].now_reason", "code of why it is not trusted"},
		func(l *csvLine) { l.word(reason(l.trust.Now)) }},
	{Column{"then", "servers[].then", "by the other bundle, likewise"},
		func(l *csvLine) { l.word(status(l.trust.Then).String()) }},
	{Column{"then_reason", "servers[].then_reason", "code of why it is not trusted"},
		func(l *csvLine) { l.word(reason(l.trust.Then)) }},
	{Column{"changed", "servers[].changed", "whether the two disagree: true or false"},
		func(l *csvLine) { l.flag(l.trust.Changed()) }},
	{Column{"fails", "servers[].fails",
		"when the chain fails by the bundle if nothing is renewed; empty where it is not trusted"},
		func(l *csvLine) { l.time(l.trust.fails().Until) }},
	{Column{"fails_depth", "servers[].fails_depth",
		"where the certificate that ends then stands in the path: 0 = the server's own"},
		func(l *csvLine) { l.number(l.trust.fails().Depth) }},
	{Column{"fails_subject", "servers[].fails_subject", "its distinguished name (RFC 2253)"},
		func(l *csvLine) { l.text(l.trust.fails().Subject) }},
	{Column{"certificate_subject", "servers[].subject", "distinguished name of the server's certificate (RFC 2253)"},
		func(l *csvLine) { l.text(chainOrNone(l.trust.Now).Subject) }},
	{Column{"certificate_issuer", "servers[].issuer", "distinguished name (RFC 2253)"},
		func(l *csvLine) { l.text(chainOrNone(l.trust.Now).Issuer) }},
	{Column{"certificate_sha256", "servers[].sha256", "of the server's certificate, hex"},
		func(l *csvLine) { l.word(chainOrNone(l.trust.Now).SHA256) }},
}

// ofTrust leaves a column empty for a domain without servers.
func ofTrust(value func(*csvLine)) func(*csvLine) {
	return func(l *csvLine) {
		if l.trust.Server != nil {
			value(l)
		}
	}
}

// reason is the code for why a chain is not trusted; "" when it is, and without one.
func reason(c *pkix.Chain) string {
	if c == nil {
		return ""
	}
	return c.Reason.String()
}

func chainOrNone(c *pkix.Chain) *pkix.Chain {
	if c == nil {
		return &noChain
	}
	return c
}
