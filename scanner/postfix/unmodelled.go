package postfix

import (
	"fmt"
	"strings"
)

// unmodelled are parameters that decide whether mail travels encrypted or where it goes, and that predictions do not
// know; with the value that does nothing, and with what another one does.
var unmodelled = []struct{ parameter, idle, does string }{
	{"use_srv_lookup", "", "servers are looked up by SRV records there"},
	{"ignore_mx_lookup_error", "no", "where MX records cannot be looked up, mail goes to the domain's own address"},
	{"smtp_tcp_port", "smtp", "servers were looked at on their usual port"},
	{"smtp_dns_reply_filter", "", "Postfix may not see some of the DNS records that we saw"},
	{"smtp_reply_filter", "", "Postfix may take servers' replies for others"},
	{"smtp_discard_ehlo_keyword_address_maps", "", "STARTTLS of the servers in it may be ignored"},
	{"smtp_delivery_status_filter", "$default_delivery_status_filter", "what is deferred or bounces may be changed"},
	{"default_delivery_status_filter", "", "what bounces or is deferred may be changed"},
	{"smtp_tls_cert_file", "", clientCertificate},
	{"smtp_tls_eccert_file", "", clientCertificate},
	{"smtp_tls_dcert_file", "", clientCertificate},
	{"smtp_tls_chain_files", "", clientCertificate},
	{"tls_config_file", "default", "OpenSSL may offer other versions and ciphers"},
	{"tls_config_name", "", "OpenSSL may offer other versions and ciphers"},
	{"tls_high_cipherlist", "", "the grade high has other ciphers than it has by default"},
	{"tls_medium_cipherlist", "", "the grade medium has other ciphers than it has by default"},
	{"tls_low_cipherlist", "", "the grade low has other ciphers than it has by default"},
	{"tls_export_cipherlist", "", "the grade export has other ciphers than it has by default"},
	{"tls_null_cipherlist", "", "the grade null has other ciphers than it has by default"},
	{"tls_eecdh_auto_curves", "", "Postfix offers other curves than it does by default"},
	{"tls_ffdhe_auto_groups", "", "Postfix offers other groups than it does by default"},
}

const clientCertificate = "our handshakes showed no client certificate, and servers that ask for one may act otherwise; " +
	"where Postfix cannot load it, it has no TLS at all"

// notModelled are remarks on settings of which predictions know less than smtp(8) does.
func (c *Config) notModelled(r *reader) []Remark {
	var all []Remark
	add := func(when bool, format string, args ...any) {
		if when {
			all = append(all, Remark{NotModelled, fmt.Sprintf(format, args...)})
		}
	}
	for _, u := range unmodelled {
		value, set := r.settings.Get(u.parameter)
		add(set && value != "" && !strings.EqualFold(value, u.idle), "%s = %s is set, and predictions do without it: %s",
			u.parameter, excerpt(value), u.does)
	}
	add(c.NoDNS, "MX records are not looked up (smtp_dns_support_level, disable_dns_lookups): mail goes to each domain's "+
		"own address, which was not looked at: unknown")
	add(c.Credentials, "smtp_sasl_password_maps was not read: where it has a password, mail at level may is not sent in "+
		"plain text after TLS broke, which predictions take for granted of relayhost alone")
	add(c.VerifyDepth < defaultVerifyDepth, "smtp_tls_scert_verifydepth = %d: chains with more than %d certificates above "+
		"the server's are not judged: unknown", c.VerifyDepth, c.VerifyDepth+1)
	return all
}

// namedServers tell of policies by which the handshake names a server, as ours did not.
func (c *Config) namedServers() []Remark {
	const most = 10 // as in badEntries
	var keys []string
	for _, m := range c.Policies {
		for _, e := range m.Entries {
			if e.Err == nil && e.Policy.Servername != "" {
				keys = append(keys, excerpt(e.Key))
			}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	more := ""
	if len(keys) > most {
		keys, more = keys[:most], fmt.Sprintf(" and %d others", len(keys)-most)
	}
	return []Remark{{ServernameSet, fmt.Sprintf("servername= in the policies of %s%s: Postfix names a server in the "+
		"handshake, predictions rest on handshakes that name none, and some servers choose their certificate by it",
		strings.Join(keys, ", "), more)}}
}
