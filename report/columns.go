package report

import (
	"slices"
	"strconv"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// Column is one column of the CSV, as its documentation has it. New columns are only ever appended.
type Column struct {
	Name string // as in the header line
	JSON string // where the same stands in a line of JSON; "" when it is not there as such
	Doc  string
}

// Columns are the columns of the CSV by domain or by server, in order.
func Columns(rows Rows) []Column { return documented(csvColumns(rows)) }

func documented(columns []csvColumn) []Column {
	docs := make([]Column, len(columns))
	for i, c := range columns {
		docs[i] = c.Column
	}
	return docs
}

// csvColumn is a column and how its value is appended to a line.
type csvColumn struct {
	Column
	value func(*csvLine)
}

func csvColumns(rows Rows) []csvColumn {
	if rows == ByServer {
		return slices.Concat(serverColumns, publishedColumns, serverPolicyColumns)
	}
	return slices.Concat(domainColumns, publishedColumns)
}

// csvLine is the line being written and what it is about.
type csvLine struct {
	buf    []byte
	raw    bool
	group  string
	result *scanner.Result
	server *verdict.Server  // nil in a row by domain, and for a domain without servers
	answer *verdict.Answers // never nil in a row by server
	chain  *pkix.Chain      // likewise; the zero chain where there is none
	tls    *starttls.Handshake

	forecast *Forecast    // nil but in a plan
	item     *pkix.Item   // nil but in an inventory
	trust    *ServerTrust // nil but in a comparison of bundles

	scratch         []byte
	ciphers, groups map[uint16]string
}

func (l *csvLine) word(s string)    { l.buf = append(l.buf, s...) }
func (l *csvLine) number(n int)     { l.buf = strconv.AppendInt(l.buf, int64(n), 10) }
func (l *csvLine) text(s string)    { l.buf = appendText(l.buf, clip(s), l.raw) }
func (l *csvLine) time(t time.Time) { l.buf = appendTime(l.buf, t) }

// domainColumns are fixed, in this order.
var domainColumns = []csvColumn{
	{Column{"domain", "domain",
		"the mail domain as an A-label; [host] or [address] for a server named directly; the input as given " +
			"where mx_kind is invalid"},
		func(l *csvLine) { l.text(domainOrInput(l.result)) }},
	{Column{"via", "via",
		"the provider: registrable domain of the first mail host"}, func(l *csvLine) { l.text(l.result.Via) }},
	{Column{"group", "group", "the preset or list that the domain came from"}, func(l *csvLine) { l.text(l.group) }},
	{Column{"mx_kind", "mx.kind", "listed, implicit, null, none, failed or invalid"},
		func(l *csvLine) { l.word(mxKind(l.result).String()) }},
	{Column{"servers", "", "number of servers, that is of the mail hosts' addresses"},
		func(l *csvLine) { l.number(l.result.Verdict.Encrypted.Total()) }},
	{Column{"encrypted", "encrypted.yes", "servers to which mail goes encrypted"},
		func(l *csvLine) { l.number(l.result.Verdict.Encrypted.Yes) }},
	{Column{"not_encrypted", "encrypted.no", "servers to which mail does not go encrypted"},
		func(l *csvLine) { l.number(l.result.Verdict.Encrypted.No) }},
	{Column{"unknown", "encrypted.unknown", "servers of which it could not be told"},
		func(l *csvLine) { l.number(l.result.Verdict.Encrypted.Unknown) }},
	{Column{"encrypted_percent", "",
		"100 x encrypted / (encrypted + not_encrypted), one decimal at most: of the servers of which it could " +
			"be told; empty when there is none"},
		func(l *csvLine) { l.buf = appendPercent(l.buf, l.result.Verdict.Encrypted) }},
	{Column{"tls_versions", "servers[].tls.version",
		"TLS versions agreed on, oldest first, as a list"}, (*csvLine).versions},
	{Column{"certificate_status", "servers[].certificate.status",
		"trusted, untrusted or anonymous where all servers with TLS agree, else mixed; unknown where no chain " +
			"was judged"},
		func(l *csvLine) { l.word(certificateStatus(l.result)) }},
	{Column{"certificate_reason", "servers[].certificate.reason", "why chains are not trusted: codes, as a list"},
		func(l *csvLine) { l.list(certificateReasons(l.result)) }},
	{Column{"earliest_expiry", "servers[].certificate.not_after", "the earliest end of a server's certificate"},
		func(l *csvLine) { l.time(earliestExpiry(l.result)) }},
	{Column{"findings", "findings[].code", "codes of the findings, worst first, each once, as a list"},
		func(l *csvLine) { l.findings(nil) }},
}

// serverColumns are the fields of a JSON line in its order, flattened; a server's own fields without a prefix.
var serverColumns = []csvColumn{
	{Column{"schema_version", "schema_version", "version of these columns and of the JSON"},
		func(l *csvLine) { l.number(SchemaVersion) }},
	{Column{"type", "type", "what the row is about: domain"}, func(l *csvLine) { l.word("domain") }},
	{Column{"domain", "domain",
		"the mail domain as an A-label; [host] or [address] for a server named directly; empty where mx_kind " +
			"is invalid"},
		func(l *csvLine) { l.text(l.result.Target.String()) }},
	{Column{"input", "input",
		"the item as given, without a local part"}, func(l *csvLine) { l.text(l.result.Input) }},
	{Column{"via", "via",
		"the provider: registrable domain of the first mail host"}, func(l *csvLine) { l.text(l.result.Via) }},
	{Column{"group", "group", "the preset or list that the domain came from"}, func(l *csvLine) { l.text(l.group) }},
	{Column{"mx_kind", "mx.kind", "listed, implicit, null, none, failed or invalid"},
		func(l *csvLine) { l.word(mxKind(l.result).String()) }},
	{Column{"mx_trust", "mx.trust", "what DNSSEC makes of the MX answer: secure, insecure, bogus or unknown"},
		func(l *csvLine) { l.word(l.result.Facts.MX.Trust.String()) }},
	{Column{"mx_reason", "mx.reason", "code of why the kind is not listed; empty when all is well"},
		func(l *csvLine) { l.word(mxReason(l.result)) }},
	{Column{"host", "servers[].host", "the mail host as in the MX record; empty for a domain without servers"},
		ofServer(func(l *csvLine) { l.text(l.server.Label) })},
	{Column{"preference", "servers[].preference", "of the MX record; 0 when implicit"},
		ofServer(func(l *csvLine) { l.number(int(l.server.Preference)) })},
	{Column{"address", "servers[].address", "IPv4 or IPv6 address; empty when the host has none"},
		ofServer((*csvLine).address)},
	{Column{"port", "servers[].port", "TCP port; empty without an address"}, ofServer((*csvLine).port)},
	{Column{"stage", "servers[].stage",
		"how far the session got: none, connected, greeted, ehlo, starttls, tls, done"},
		ofServer(func(l *csvLine) { l.word(stage(l.server).String()) })},
	{Column{"starttls_offered", "servers[].starttls_offered", "yes, no or unknown"},
		ofServer(func(l *csvLine) { l.word(l.answer.Offered.String()) })},
	{Column{"starttls_accepted", "servers[].starttls_accepted", "yes, no or unknown"},
		ofServer(func(l *csvLine) { l.word(l.answer.Accepted.String()) })},
	{Column{"tls_established", "servers[].tls_established", "yes, no or unknown"},
		ofServer(func(l *csvLine) { l.word(l.answer.Established.String()) })},
	{Column{"authenticated", "servers[].authenticated",
		"yes where the chain is trusted and the MX host's name matches, no where TLS stands without that or " +
			"there is none, unknown where it could not be told"},
		ofServer(func(l *csvLine) { l.word(l.answer.Authenticated.String()) })},
	{Column{"reason", "servers[].reason", "code of the last answer that is not yes; empty when all is well"},
		ofServer(func(l *csvLine) { l.word(l.answer.Reason) })},
	{Column{"detail", "servers[].detail", "the reason in words; may quote the server"},
		ofServer(func(l *csvLine) { l.text(l.answer.Detail) })},
	{Column{"banner", "servers[].banner", "the greeting as it came, lines joined by LF (\\x0a in CSV that is not raw)"},
		ofServer(func(l *csvLine) { l.joined(banner(l.server.Session), '\n') })},
	{Column{"capabilities", "servers[].capabilities", "EHLO keywords before TLS, as a list"},
		ofServer(func(l *csvLine) { l.list(capabilities(l.server.Session)) })},
	{Column{"tls_version", "servers[].tls.version", "TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3"},
		ofTLS(func(l *csvLine) { l.word(starttls.VersionName(l.tls.Version)) })},
	{Column{"tls_cipher", "servers[].tls.cipher", "the cipher suite as OpenSSL names it"},
		ofTLS(func(l *csvLine) { l.named(l.ciphers, l.tls.Suite, starttls.CipherName) })},
	{Column{"tls_group", "servers[].tls.group", "the key exchange group as OpenSSL names it"},
		ofTLS(func(l *csvLine) { l.named(l.groups, l.tls.Group, starttls.GroupName) })},
	{Column{"certificate_status", "servers[].certificate.status",
		"of the chain alone: trusted, untrusted, anonymous or unknown"},
		ofServer(func(l *csvLine) { l.word(l.chain.Status.String()) })},
	{Column{"certificate_reason", "servers[].certificate.reason", "code of why the chain is not trusted"},
		ofServer(func(l *csvLine) { l.word(chainReason(l.chain)) })},
	{Column{"certificate_name_match", "servers[].certificate.name_match",
		"whether the certificate is for the mail host: yes, no or unknown"},
		ofServer(func(l *csvLine) { l.word(l.server.NameMatch.String()) })},
	{Column{"certificate_names", "servers[].certificate.names", "the certificate's names, at most 20, as a list"},
		ofServer(func(l *csvLine) { l.list(l.chain.Names[:min(len(l.chain.Names), maxNames)]) })},
	{Column{"certificate_subject", "servers[].certificate.subject", "distinguished name (RFC 2253)"},
		ofServer(func(l *csvLine) { l.text(l.chain.Subject) })},
	{Column{"certificate_issuer", "servers[].certificate.issuer", "distinguished name (RFC 2253)"},
		ofServer(func(l *csvLine) { l.text(l.chain.Issuer) })},
	{Column{"certificate_not_before", "servers[].certificate.not_before", "begin of validity"},
		ofServer(func(l *csvLine) { l.time(l.chain.NotBefore) })},
	{Column{"certificate_not_after", "servers[].certificate.not_after", "end of validity"},
		ofServer(func(l *csvLine) { l.time(l.chain.NotAfter) })},
	{Column{"certificate_sha256", "servers[].certificate.sha256",
		"of the certificate in DER, lower-case hexadecimal"},
		ofServer(func(l *csvLine) { l.word(l.chain.SHA256) })},
	{Column{"certificate_key", "servers[].certificate.key",
		"kind and size of the key: RSA 2048, ECDSA P-256, Ed25519"},
		ofServer(func(l *csvLine) { l.text(l.chain.Key) })},
	{Column{"certificate_signature", "servers[].certificate.signature", "signature algorithm: SHA256-RSA, ..."},
		ofServer(func(l *csvLine) { l.text(l.chain.Signature) })},
	{Column{"encrypted_yes", "encrypted.yes", "of the whole domain: servers to which mail goes encrypted"},
		func(l *csvLine) { l.number(l.result.Verdict.Encrypted.Yes) }},
	{Column{"encrypted_no", "encrypted.no", "of the whole domain: servers to which it does not"},
		func(l *csvLine) { l.number(l.result.Verdict.Encrypted.No) }},
	{Column{"encrypted_unknown", "encrypted.unknown", "of the whole domain: servers of which it could not be told"},
		func(l *csvLine) { l.number(l.result.Verdict.Encrypted.Unknown) }},
	{Column{"findings", "findings[].code",
		"codes of the findings that concern this server, its host or the whole domain, worst first, each " +
			"once, as a list"},
		func(l *csvLine) { l.findings(l.server) }},
	{Column{"started", "started", "when work on the domain began"}, func(l *csvLine) { l.time(l.result.Started) }},
	{Column{"duration_ms", "duration_ms", "how long it took, in milliseconds"},
		func(l *csvLine) { l.number(int(l.result.Duration.Milliseconds())) }},
}

// ofServer leaves a column empty where the domain has no servers.
func ofServer(value func(*csvLine)) func(*csvLine) {
	return func(l *csvLine) {
		if l.server != nil {
			value(l)
		}
	}
}

// ofTLS leaves a column empty where there was no handshake.
func ofTLS(value func(*csvLine)) func(*csvLine) {
	return func(l *csvLine) {
		if l.tls != nil {
			value(l)
		}
	}
}
