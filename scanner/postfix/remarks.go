package postfix

import (
	"fmt"
	"slices"
	"strings"
)

// Remark is something about a configuration that an operator should know before reading predictions.
type Remark struct {
	Code string // stable
	Text string // one sentence; it may quote main.cf
}

// Codes of remarks.
const (
	UnknownLevel       = "unknown_level"       // smtp_tls_security_level is no level
	RemarkEngineOff    = "engine_off"          // the CAfile cannot be loaded, so there is no TLS at all
	RelayhostSet       = "relayhost"           // mail goes to a relay, whose TLS is the only one that counts
	OtherRoutes        = "other_routes"        // some mail goes where other settings say
	WrapperMode        = "wrappermode"         // TLS begins with the connection, and not with STARTTLS
	LevelNone          = "level_none"          // TLS is off
	DaneWithoutDNSSEC  = "dane_without_dnssec" // dane and dane-only ask nobody for TLSA records
	NoAnchors          = "no_trust_anchors"    // no CAfile, so everything is Untrusted
	TAFileSet          = "trust_anchor_file"   // trust anchors that were not read
	FingerprintNothing = "no_fingerprints"     // level fingerprint without any
	LoglevelZero       = "loglevel_zero"       // no TLS lines in the log
	RefusedMap         = "refused_map"         // a policy table that Postfix refuses, and so defers all mail
	UnreadableMap      = "unreadable_map"      // a policy table that was not read
	UnmadeMap          = "unmade_map"          // a policy table whose text postmap has not seen
	PolicySyntax       = "policy_syntax"       // a policy table with entries that Postfix refuses
	ServernameSet      = "servername"          // the handshake names a server, and ours did not
	NotModelled        = "not_modelled"        // a setting that bears on mail, and that predictions do without
	LegacyTLS          = "legacy_tls"          // smtp_use_tls and smtp_enforce_tls
	PolicyIgnored      = "per_site_table"      // smtp_tls_per_site
	BadValue           = "bad_value"           // a value that cannot be read
	UndefinedName      = "undefined_name"      // a value that names a parameter which is not set
	VersionMismatch    = "version_mismatch"    // the settings are another release's
)

// remarkOrder is what to say first.
var remarkOrder = []string{
	UnknownLevel, BadValue, RemarkEngineOff, RefusedMap, RelayhostSet, WrapperMode, LevelNone, DaneWithoutDNSSEC,
	NoAnchors, TAFileSet, FingerprintNothing, UnreadableMap, UnmadeMap, PolicySyntax, LoglevelZero, OtherRoutes,
	ServernameSet, NotModelled, LegacyTLS, PolicyIgnored, UndefinedName, VersionMismatch,
}

// Remarks are what makes predictions moot or is wrong with the configuration, the weightiest first.
func (c *Config) Remarks() []Remark {
	all := slices.Clone(c.remarks)
	switch {
	case c.noDigest:
		all = append(all, Remark{RemarkEngineOff, c.engineOff() + ", without which Postfix has no TLS at all: it sends all " +
			"mail in plain text at level may, and none at the levels above"})
	case c.EngineOff != "":
		all = append(all, Remark{RemarkEngineOff,
			"Postfix cannot load its CAfile and so sends all mail in plain text at level " +
				"may, and none at the levels above: " + c.EngineOff})
	}
	slices.SortStableFunc(all, func(a, b Remark) int {
		return slices.Index(remarkOrder, a.Code) - slices.Index(remarkOrder, b.Code)
	})
	return all
}

// consequences are the remarks on values that can be read and do not do what they seem to.
func (c *Config) consequences(r *reader) []Remark {
	var all []Remark
	add := func(code, format string, args ...any) { all = append(all, Remark{code, fmt.Sprintf(format, args...)}) }
	if c.Relayhost != "" {
		add(RelayhostSet, "relayhost = %[1]s: all mail goes there, so only the TLS between here and there is this "+
			"Postfix's, and what happens behind it is the relay's to decide; to ask about it, name %[1]s as the destination",
			excerpt(c.Relayhost))
	}
	all = append(all, r.routes()...)
	if c.Level == None {
		add(LevelNone, "smtp_tls_security_level is none: no mail is encrypted, except where a policy table says so")
	}
	if (c.Level == Dane || c.Level == DaneOnly) && !c.DNSSEC {
		does := "works as may"
		if c.Level == DaneOnly {
			does = "defers all mail"
		}
		add(DaneWithoutDNSSEC, "smtp_tls_security_level = %s %s without smtp_dns_support_level = dnssec and dns in "+
			"smtp_host_lookup: no TLSA record is looked up", c.Level, does)
	}
	if c.TAFile != "" {
		add(TAFileSet, "smtp_tls_trust_anchor_file = %s was not read: it replaces CAfile and CApath at the levels verify "+
			"and secure, so what becomes of mail there is not known", excerpt(c.TAFile))
	}
	if !c.Trusts() {
		beside, deliver := "", ", and the levels verify and secure deliver nothing"
		if c.AppendDefaultCA {
			beside = " (tls_append_default_CA = yes adds to these, and does nothing alone)"
		}
		if c.TAFile != "" {
			deliver = ""
		}
		add(NoAnchors, "no smtp_tls_CAfile, no smtp_tls_CApath%s: Postfix trusts no certificate, so every one is logged as "+
			"Untrusted, which is no fault of the servers%s", beside, deliver)
	}
	if c.Level == Fingerprint && len(c.Fingerprints) == 0 {
		add(FingerprintNothing, "smtp_tls_security_level = fingerprint without smtp_tls_fingerprint_cert_match: Postfix "+
			"defers all mail that no policy table has a fingerprint for")
	}
	if c.Loglevel == 0 {
		add(LoglevelZero, "smtp_tls_loglevel = 0: the log has no TLS lines at all, so it cannot show whether mail is "+
			"encrypted")
	}
	if site := r.text("smtp_tls_per_site"); site != "" {
		add(PolicyIgnored, "smtp_tls_per_site = %s is obsolete and was not read; smtp_tls_policy_maps replaces it",
			excerpt(site))
	}
	if c.Servername != "" {
		add(ServernameSet, "smtp_tls_servername = %s: Postfix names a server in the handshake, predictions rest on "+
			"handshakes that name none, and some servers choose their certificate by it", excerpt(c.Servername))
	}
	all = append(all, c.namedServers()...)
	all = append(all, c.notModelled(r)...)
	return append(all, c.badEntries()...)
}

// routes are remarks on settings that send mail elsewhere than to the MX hosts of its domain.
func (r *reader) routes() []Remark {
	var all []Remark
	add := func(code, format string, args ...any) { all = append(all, Remark{code, fmt.Sprintf(format, args...)}) }
	for _, parameter := range []string{"transport_maps", "sender_dependent_relayhost_maps",
		"sender_dependent_default_transport_maps"} {
		if value := r.text(parameter); value != "" {
			add(OtherRoutes, "%s = %s was not read: what becomes of the mail that it sends elsewhere, only a look at that "+
				"destination tells", parameter, excerpt(value))
		}
	}
	switch kind, hop, _ := strings.Cut(r.text("default_transport"), ":"); {
	case kind != "smtp":
		add(OtherRoutes, "default_transport = %s: mail is not left to the transport smtp, whose settings these are",
			excerpt(r.text("default_transport")))
	case hop != "":
		add(RelayhostSet, "default_transport = smtp:%[1]s sends all mail there; to ask about it, name %[1]s as the "+
			"destination", excerpt(hop))
	}
	if value := r.text("smtp_fallback_relay"); value != "" {
		add(OtherRoutes, "smtp_fallback_relay = %s: mail that would be deferred here, or bounced for want of a server, goes "+
			"there instead, which was not looked at: unknown", excerpt(value))
	}
	if r.yes("smtp_tls_wrappermode") {
		add(WrapperMode, "smtp_tls_wrappermode = yes: TLS begins with the connection, as on port 465, which is not tried "+
			"here; at the levels below encrypt no mail is sent at all")
	}
	return all
}

// badEntries are remarks on the policy tables' entries that Postfix refuses or leaves out.
func (c *Config) badEntries() []Remark {
	const most = 10 // of a table; Map.Check has them all
	var all []Remark
	for _, m := range c.Policies {
		bad := slices.DeleteFunc(slices.Clone(m.Problems), func(p Problem) bool {
			return p.Kind != BadPolicy && p.Kind != SyntaxProblem
		})
		for _, p := range bad[:min(len(bad), most)] {
			text := fmt.Sprintf("%s, line %d, %s: %s", m.Name, p.Line, excerpt(p.Key), p.Text)
			all = append(all, Remark{PolicySyntax, text})
		}
		if more := len(bad) - most; more > 0 {
			all = append(all, Remark{PolicySyntax, fmt.Sprintf("%s: %d entries more that Postfix refuses", m.Name, more)})
		}
	}
	return all
}
