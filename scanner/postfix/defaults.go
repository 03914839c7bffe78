package postfix

// builtin are the defaults of the parameters that are read here, as "postconf -d" of Postfix 3.7.11 prints them, but
// for those that hang on the release (see defaultOf).
var builtin = map[string]string{
	"compatibility_level":                     "0",
	"default_transport":                       "smtp",
	"disable_dns_lookups":                     "no",
	"fallback_relay":                          "",
	"inet_protocols":                          "all",
	"maximal_queue_lifetime":                  "5d",
	"minimal_backoff_time":                    "300s",
	"relayhost":                               "",
	"sender_dependent_relayhost_maps":         "",
	"sender_dependent_default_transport_maps": "",
	"smtp_fallback_relay":                     "$fallback_relay",
	"smtp_never_send_ehlo":                    "no",
	"smtp_sasl_auth_enable":                   "no",
	"smtp_sasl_password_maps":                 "",
	"smtp_tls_scert_verifydepth":              "9",
	"smtp_tls_trust_anchor_file":              "",
	"smtp_tls_wrappermode":                    "no",
	"soft_bounce":                             "no",
	"transport_maps":                          "",
	"smtp_address_preference":                 "any",
	"smtp_balance_inet_protocols":             "yes",
	"smtp_connect_timeout":                    "30s",
	"smtp_defer_if_no_mx_address_found":       "no",
	"smtp_discard_ehlo_keywords":              "",
	"smtp_dns_support_level":                  "",
	"smtp_enforce_tls":                        "no",
	"smtp_helo_timeout":                       "300s",
	"smtp_host_lookup":                        "dns",
	"smtp_mx_address_limit":                   "5",
	"smtp_mx_session_limit":                   "2",
	"smtp_randomize_addresses":                "yes",
	"smtp_skip_5xx_greeting":                  "yes",
	"smtp_starttls_timeout":                   "300s",
	"smtp_tls_CAfile":                         "",
	"smtp_tls_CApath":                         "",
	"smtp_tls_ciphers":                        "medium",
	"smtp_tls_enforce_peername":               "yes",
	"smtp_tls_exclude_ciphers":                "",
	"smtp_tls_fingerprint_cert_match":         "",
	"smtp_tls_loglevel":                       "0",
	"smtp_tls_mandatory_ciphers":              "medium",
	"smtp_tls_mandatory_exclude_ciphers":      "",
	"smtp_tls_policy_maps":                    "",
	"smtp_tls_per_site":                       "",
	"smtp_tls_secure_cert_match":              "nexthop, dot-nexthop",
	"smtp_tls_servername":                     "",
	"smtp_tls_verify_cert_match":              "hostname",
	"smtp_use_tls":                            "no",
	"smtpd_tls_CAfile":                        "", // the receiving side's, which clients' settings like to name
	"smtpd_tls_CApath":                        "",
	"smtpd_tls_security_level":                "",
	"stress":                                  "",
	"tls_append_default_CA":                   "no",
	"tls_ssl_options":                         "",
	// Directories that tables stand in: main.cf names them as $config_directory/tls_policy.
	"config_directory": "/etc/postfix",
	"daemon_directory": "/usr/lib/postfix/sbin",
	"data_directory":   "/var/lib/postfix",
	"meta_directory":   "/etc/postfix",
	"queue_directory":  "/var/spool/postfix",
	// main.cf names tables as $default_database_type:/etc/postfix/tls_policy.
	"default_database_type": "hash",
}

// defaultOf is a parameter's default at a release, which may name other parameters.
func defaultOf(parameter string, v Version) (string, bool) {
	switch parameter {
	case "smtp_tls_protocols", "smtp_tls_mandatory_protocols":
		if v.AtLeast(3, 6) {
			return ">=TLSv1", true
		}
		return "!SSLv2, !SSLv3", true
	case "smtp_tls_security_level":
		if v.AtLeast(3, 11) {
			return "${{$compatibility_level} >=level {3.11} ? {may}}", true
		}
		return "", true
	case "smtp_tls_dane_insecure_mx_policy":
		if v.AtLeast(3, 6) {
			return "${{$smtp_tls_security_level} == {dane} ? {dane} : {may}}", true
		}
		return "dane", true
	case "smtp_tls_fingerprint_digest":
		if v.AtLeast(3, 6) {
			return "${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}", true
		}
		return "md5", true
	case "mail_version":
		return v.String(), true
	}
	value, ok := builtin[parameter]
	return value, ok
}
