package postfix

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
)

// Options say what a main.cf cannot.
type Options struct {
	Postfix Version // zero = mail_version, which a whole postconf listing has, else 3.7
	OpenSSL Version // zero = 3.0
	// Directory is where main.cf is, which $config_directory stands for; "" = /etc/postfix.
	Directory string
	// Open opens the policy tables that the configuration names; nil = none can be read.
	Open func(name string) (io.ReadCloser, error)
}

// Config is a Postfix SMTP client's configuration, as far as it bears on TLS and on which server takes a message. It is
// not changed after NewConfig, except for EngineOff.
type Config struct {
	Postfix, OpenSSL Version

	// EngineOff is why Postfix cannot load its CAfile and so has no TLS at all (pkix.Bundle.TLSOff); "" = it can. The
	// caller sets it, who reads the bundle.
	EngineOff string
	// NotStarted is why smtp(8) does not start; "" = it does. What mail to the levels would come to if it did is
	// predicted all the same, with defaults for what cannot be read.
	NotStarted string

	Level              Level  // smtp_tls_security_level or its ancestors; LevelUnknown when it is no level
	CAfile, CApath     string // smtp_tls_CAfile, smtp_tls_CApath
	AppendDefaultCA    bool   // tls_append_default_CA
	TAFile             string // smtp_tls_trust_anchor_file, in whose place nothing else counts at verify and secure
	Protocols          Protocols
	MandatoryProtocols Protocols
	Ciphers            string // smtp_tls_ciphers, a grade
	MandatoryCiphers   string
	Exclude            []string // smtp_tls_exclude_ciphers
	MandatoryExclude   []string
	Servername         string   // smtp_tls_servername
	Loglevel           int      // smtp_tls_loglevel
	PolicyTables       []string // smtp_tls_policy_maps, each "type:name"
	Policies           []*Map   // of those, the ones that could be read
	SecureMatch        []string
	VerifyMatch        []string
	Fingerprints       []string // smtp_tls_fingerprint_cert_match
	FingerprintDigest  string   // smtp_tls_fingerprint_digest
	VerifyDepth        int      // smtp_tls_scert_verifydepth
	Wrapper            bool     // smtp_tls_wrappermode: TLS from the first octet
	InsecureMXPolicy   Level    // smtp_tls_dane_insecure_mx_policy
	DNSSEC             bool     // smtp_dns_support_level = dnssec, with dns in smtp_host_lookup
	HostLookupDNS      bool     // dns in smtp_host_lookup

	Relayhost         string
	FallbackRelay     string // smtp_fallback_relay: gets what no server takes
	NoDNS             bool   // smtp_dns_support_level = disabled, disable_dns_lookups: no MX records
	Credentials       bool   // smtp_sasl_auth_enable, with smtp_sasl_password_maps
	SoftBounce        bool   // soft_bounce: what would bounce is deferred
	IPv4, IPv6        bool   // inet_protocols
	AddressPreference string // smtp_address_preference: any, ipv4 or ipv6
	Balance           bool   // smtp_balance_inet_protocols
	Shuffle           bool   // smtp_randomize_addresses
	AddressLimit      int    // smtp_mx_address_limit; 0 = none
	SessionLimit      int    // smtp_mx_session_limit: of sessions that got to MAIL, so it decides nothing here
	DeferNoAddress    bool   // smtp_defer_if_no_mx_address_found
	Skip5xxGreeting   bool   // smtp_skip_5xx_greeting
	LegacyConnect     bool   // tls_ssl_options has LEGACY_SERVER_CONNECT
	DiscardSTARTTLS   bool   // smtp_discard_ehlo_keywords
	NeverEHLO         bool   // smtp_never_send_ehlo

	ConnectTimeout, HeloTimeout, StartTLSTimeout time.Duration // smtp_*_timeout; 0 = the system's for ConnectTimeout

	MinimalBackoff       time.Duration // minimal_backoff_time: from this age on, level may falls back to plain text
	MaximalQueueLifetime time.Duration // maximal_queue_lifetime: from this age on, what would be deferred bounces

	secure, verify pkix.Matcher
	relay          name.Target // Relayhost; zero when it is none
	noDigest       bool        // FingerprintDigest is no algorithm, which costs Postfix its TLS as well
	insecureMXSet  bool        // smtp_tls_dane_insecure_mx_policy is not left to its default
	remarks        []Remark
}

// Default is the configuration of a Postfix whose main.cf says nothing but smtp_tls_CAfile; "" = not that either.
func Default(caFile string, o Options) *Config {
	return NewConfig(&Settings{values: map[string]string{"smtp_tls_CAfile": caFile}}, o)
}

// Trusts reports whether Postfix has any trust anchors. Without, every certificate is Untrusted. AppendDefaultCA adds
// to those that there are, and does nothing alone (tls_certkey.c tls_set_ca_certificate_info).
func (c *Config) Trusts() bool { return c.CAfile != "" || c.CApath != "" }

// engineOff is why Postfix has no TLS at all; "" = it has.
func (c *Config) engineOff() string {
	if c.noDigest {
		return fmt.Sprintf("smtp_tls_fingerprint_digest = %s is no algorithm", excerpt(c.FingerprintDigest))
	}
	return c.EngineOff
}

// NewConfig gives settings their types, with the defaults of the Postfix release for what is not set. It never fails:
// a value that cannot be read is replaced by the default and told in Remarks.
func NewConfig(s *Settings, o Options) *Config {
	r := newReader(s, o)
	c := &Config{Postfix: r.postfix, OpenSSL: o.OpenSSL}
	if c.OpenSSL.IsZero() {
		c.OpenSSL = defaultOpenSSL
	}
	r.trust(c)
	r.strengths(c)
	r.routing(c)
	r.times(c)
	r.tables(c, o.Open)
	r.firstName()
	c.NotStarted = r.notStarted
	c.remarks = append(r.remarks, c.consequences(r)...)
	return c
}

// trust reads what decides whom Postfix believes.
func (r *reader) trust(c *Config) {
	c.Level = r.level()
	c.CAfile, c.CApath = r.text("smtp_tls_CAfile"), r.text("smtp_tls_CApath")
	c.AppendDefaultCA = r.yes("tls_append_default_CA")
	c.VerifyDepth = r.number("smtp_tls_scert_verifydepth")
	if r.postfix.AtLeast(2, 11) {
		c.TAFile = r.text("smtp_tls_trust_anchor_file")
	}
	c.Servername = r.text("smtp_tls_servername")
	c.Loglevel = r.number("smtp_tls_loglevel")
	c.SecureMatch, c.secure = r.matcher("smtp_tls_secure_cert_match")
	c.VerifyMatch, c.verify = r.matcher("smtp_tls_verify_cert_match")
	c.Fingerprints = splitList(r.text("smtp_tls_fingerprint_cert_match"))
	c.FingerprintDigest = strings.ToLower(r.required("smtp_tls_fingerprint_digest"))
	c.noDigest = digests[c.FingerprintDigest] == nil && !slices.Contains(otherDigests, c.FingerprintDigest)
	c.InsecureMXPolicy = r.levelOf("smtp_tls_dane_insecure_mx_policy", May, Encrypt, Dane)
	_, c.insecureMXSet = r.settings.Get("smtp_tls_dane_insecure_mx_policy")
	c.HostLookupDNS = r.lists("smtp_host_lookup", "dns")
	c.DNSSEC = strings.EqualFold(r.text("smtp_dns_support_level"), "dnssec") && c.HostLookupDNS
}

// strengths reads which versions and ciphers are offered.
func (r *reader) strengths(c *Config) {
	c.Protocols = r.protocols("smtp_tls_protocols")
	c.MandatoryProtocols = r.protocols("smtp_tls_mandatory_protocols")
	c.Ciphers, c.MandatoryCiphers = r.grade("smtp_tls_ciphers"), r.grade("smtp_tls_mandatory_ciphers")
	c.Exclude = splitCiphers(r.text("smtp_tls_exclude_ciphers"))
	c.MandatoryExclude = splitCiphers(r.text("smtp_tls_mandatory_exclude_ciphers"))
	c.DiscardSTARTTLS = r.lists("smtp_discard_ehlo_keywords", "starttls")
	c.NeverEHLO = r.yes("smtp_never_send_ehlo")
	c.Wrapper = r.yes("smtp_tls_wrappermode")
	c.Credentials = r.yes("smtp_sasl_auth_enable") && r.text("smtp_sasl_password_maps") != ""
	c.LegacyConnect = r.lists("tls_ssl_options", "LEGACY_SERVER_CONNECT")
}

// routing reads what decides which address is tried.
func (r *reader) routing(c *Config) {
	c.Relayhost = r.text("relayhost")
	c.relay, _ = name.ParseTarget(c.Relayhost) // one that cannot be read is nobody's target
	c.FallbackRelay = r.text("smtp_fallback_relay")
	c.NoDNS = r.yes("disable_dns_lookups") && r.text("smtp_dns_support_level") == "" ||
		strings.EqualFold(r.text("smtp_dns_support_level"), "disabled")
	c.SoftBounce = r.yes("soft_bounce")
	c.IPv4 = r.lists("inet_protocols", "ipv4") || r.lists("inet_protocols", "all")
	c.IPv6 = r.lists("inet_protocols", "ipv6") || r.lists("inet_protocols", "all")
	c.AddressPreference = r.oneOf("smtp_address_preference", "any", "ipv4", "ipv6")
	c.Balance = r.yes("smtp_balance_inet_protocols") && r.postfix.AtLeast(3, 3)
	c.Shuffle = r.yes("smtp_randomize_addresses")
	c.AddressLimit = r.number("smtp_mx_address_limit")
	c.SessionLimit = r.number("smtp_mx_session_limit")
	c.DeferNoAddress = r.yes("smtp_defer_if_no_mx_address_found")
	c.Skip5xxGreeting = r.yes("smtp_skip_5xx_greeting")
}

func (r *reader) times(c *Config) {
	c.ConnectTimeout = r.duration("smtp_connect_timeout", time.Second)
	c.HeloTimeout = r.duration("smtp_helo_timeout", time.Second)
	c.StartTLSTimeout = r.duration("smtp_starttls_timeout", time.Second)
	c.MinimalBackoff = r.duration("minimal_backoff_time", time.Second)
	c.MaximalQueueLifetime = r.duration("maximal_queue_lifetime", 24*time.Hour)
}
