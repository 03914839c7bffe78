//go:build parity

package main_test

import (
	"slices"
	"strings"
)

// settingsNames are about the names that are compared and the one that is named.
func settingsNames() []setting {
	to := []string{"good", "wrong-name", "name-domain", "name-host", "name-both", "name-below", "name-wildcard",
		"name-wildcard-deep", "name-wildcard-host", "name-parent", "name-upper", "cn", "cn-wrong", "mx-cname",
		"mx-cname-alias", "implicit", "implicit-name"}
	n := func(name, mainCF string) setting {
		return setting{class: "names", name: name, about: strings.ReplaceAll(strings.TrimSpace(mainCF), "\n", "; "),
			mainCF: mainCF, to: to}
	}
	secure := func(name, words string) setting {
		return n(name, "smtp_tls_security_level = secure\nsmtp_tls_secure_cert_match = "+words+"\n")
	}
	sni := func(name, level, word string) setting {
		return n(name, "smtp_tls_security_level = "+level+"\nsmtp_tls_servername = "+word+"\n").
			sending("by-name", "good", "server-name-needed", "name-host", "[mx.by-name.parity.test]")
	}
	return []setting{
		secure("na_hostname", "hostname"),
		secure("na_nexthop", "nexthop"),
		secure("na_dot", "dot-nexthop"),
		secure("na_both", "hostname:nexthop, dot-nexthop"),
		secure("na_literal", ".provider-1.test, mx.provider-2.test .parity.test"),
		secure("na_case", "HostName Parity.Test"),
		secure("na_odd", "*.parity.test, mx..good.test good.parity.test"),
		secure("na_empty", ""),
		n("na_verify", "smtp_tls_security_level = verify\nsmtp_tls_verify_cert_match = nexthop, dot-nexthop\n"),
		n("na_verify_both", "smtp_tls_security_level = verify\nsmtp_tls_verify_cert_match = hostname nexthop\n"),
		n("na_other", "smtp_tls_security_level = verify\nsmtp_tls_secure_cert_match = nowhere.test\n"),
		sni("na_sni_host", "verify", "hostname"),
		sni("na_sni_nexthop", "secure", "nexthop"),
		sni("na_sni_literal", "encrypt", "mx.by-name.parity.test"),
		sni("na_sni_bad", "encrypt", "no_host!"),
	}
}

// settingsTrust are about trust anchors.
func settingsTrust() []setting {
	to := []string{"good", "untrusted", "wrong-name", "rsa-2048", "chain", "intermediates-9", "plain"}
	t := func(name, about, lines string) setting {
		return setting{class: "trust", name: name, about: about,
			mainCF: "smtp_tls_security_level = verify\n" + lines + "\n", to: to}
	}
	may := func(s setting) setting {
		s.name += "_may"
		s.about += "; may"
		s.mainCF += "smtp_tls_security_level = may\n"
		return s
	}
	none := t("tr_none", "no CAfile", "smtp_tls_CAfile =")
	broken := t("tr_broken", "a CAfile with a broken block", "smtp_tls_CAfile = /lab/pki/broken.pem")
	bundle := func(name, about string) setting {
		return t("tr_"+strings.ReplaceAll(name, "-", "_"), about, "smtp_tls_CAfile = /lab/pki/"+name+".pem")
	}
	return []setting{
		none, may(none), broken, may(broken),
		bundle("trusted", "TRUSTED CERTIFICATE: one root for servers, another not"),
		bundle("mail-only", "TRUSTED CERTIFICATE: one root for mail's own signatures"),
		bundle("text", "a CAfile with 4 MB of text"), bundle("twice", "a root twice"),
		bundle("ended", "a root that ended"), bundle("ended-fresh", "a root that ended, and its successor"),
		bundle("leaf", "a server's certificate for a root"),
		t("tr_der", "a CAfile in DER", "smtp_tls_CAfile = /lab/pki/root.der"),
		may(t("tr_der", "a CAfile in DER", "smtp_tls_CAfile = /lab/pki/root.der")),
		t("tr_default", "the system's trust anchors", "smtp_tls_CAfile =\ntls_append_default_CA = yes"),
		t("tr_default_too", "a stranger's CAfile and the system's trust anchors",
			"smtp_tls_CAfile = /lab/pki/stranger.pem\ntls_append_default_CA = yes"),
		t("tr_default_path", "a CApath without anything and the system's trust anchors",
			"smtp_tls_CAfile =\nsmtp_tls_CApath = /lab/pki/flat\ntls_append_default_CA = yes"),
		t("tr_stranger", "a stranger's CAfile", "smtp_tls_CAfile = /lab/pki/stranger.pem"),
		t("tr_one", "one root of two", "smtp_tls_CAfile = /lab/pki/root0.pem"),
		t("tr_empty", "an empty CAfile", "smtp_tls_CAfile = /lab/pki/empty.pem"),
		may(t("tr_empty", "an empty CAfile", "smtp_tls_CAfile = /lab/pki/empty.pem")),
		t("tr_path", "a CApath", "smtp_tls_CAfile =\nsmtp_tls_CApath = /lab/pki/hashed"),
		t("tr_path_listed", "a CApath, as postconf prints it", "smtp_tls_CAfile =\nsmtp_tls_CApath = /lab/pki/hashed").
			listed(),
		t("tr_path_flat", "a CApath that is not hashed", "smtp_tls_CAfile =\nsmtp_tls_CApath = /lab/pki/flat"),
		t("tr_path_missing", "a CApath that is not there", "smtp_tls_CAfile =\nsmtp_tls_CApath = /lab/pki/missing"),
		t("tr_path_beside", "a stranger's CAfile and a CApath",
			"smtp_tls_CAfile = /lab/pki/stranger.pem\nsmtp_tls_CApath = /lab/pki/hashed"),
		t("tr_anchor", "trust anchors in place of the CAfile", "smtp_tls_trust_anchor_file = /lab/pki/root0.pem"),
		t("tr_anchor_stranger", "a stranger's trust anchors in place of the CAfile",
			"smtp_tls_trust_anchor_file = /lab/pki/stranger.pem"),
		may(t("tr_anchor", "trust anchors do not count at may", "smtp_tls_trust_anchor_file = /lab/pki/stranger.pem")),
		t("tr_depth_0", "verifydepth 0", "smtp_tls_scert_verifydepth = 0"),
		t("tr_depth_1", "verifydepth 1", "smtp_tls_scert_verifydepth = 1"),
		t("tr_named", "a CAfile by a parameter", "my_dir = /lab/pki\nsmtp_tls_CAfile = ${my_dir}/ca.pem"),
		t("tr_ccert", "a client certificate that is not there", "smtp_tls_cert_file = /lab/pki/missing.pem"),
	}
}

// settingsOrder are about which address is tried.
func settingsOrder() []setting {
	several := []string{"first-refused", "first-554", "first-450", "first-plain", "first-handshake", "first-untrusted",
		"first-starttls-554", "fifth", "sixth", "third-greeting", "third-plain", "third-untrusted", "fourth-handshake"}
	o := func(name, lines string) setting {
		level := "smtp_tls_security_level = verify\n"
		return setting{class: "order", name: name, about: strings.ReplaceAll(strings.TrimSpace(lines), "\n", "; "),
			mainCF: level + lines + "\n", to: several}
	}
	may := func(s setting) setting {
		s.name += "_may"
		s.about += "; may"
		s.mainCF += "smtp_tls_security_level = may\n"
		return s
	}
	return []setting{
		o("or_address_1", "smtp_mx_address_limit = 1"),
		o("or_address_2", "smtp_mx_address_limit = 2"),
		may(o("or_address_2", "smtp_mx_address_limit = 2")),
		o("or_address_all", "smtp_mx_address_limit = 0"),
		may(o("or_session_1", "smtp_mx_session_limit = 1")),
		o("or_greeting", "smtp_skip_5xx_greeting = no"),
		o("or_bad_number", "smtp_mx_address_limit = five").sending("good", "plain", "null-mx"),
		o("or_bad_word", "smtp_address_preference = ipv5").sending("good", "plain", "null-mx"),
		o("or_no_address", "smtp_defer_if_no_mx_address_found = yes").
			sending("mx-nonexistent", "mx-no-address", "null-mx", "nonexistent", "mx-cname-loop", "mx-nonexistent-first"),
		o("or_fallback", "smtp_fallback_relay = [mx.good.parity.test]").
			sending("plain", "refused", "nonexistent", "null-mx", "good", "starttls-554"),
		o("or_mx_error", "ignore_mx_lookup_error = yes").sending("mx-servfail", "a-servfail", "good", "nonexistent"),
		o("or_no_dns", "smtp_dns_support_level = disabled").sending("apart", "good", "implicit-name", "nonexistent"),
		may(o("or_no_dns_old", "disable_dns_lookups = yes").sending("apart", "good", "implicit-name", "nonexistent")),
		o("or_native", "smtp_host_lookup = native").sending("good", "apart", "plain", "nonexistent", "mx-nonexistent"),
		o("or_dns_native", "smtp_host_lookup = dns, native").sending("good", "apart", "nonexistent", "mx-nonexistent"),
	}
}

// settingsRelay are about relayhost: all mail goes there.
func settingsRelay() []setting {
	r := func(name, level, relay, other string) setting {
		return setting{class: "relay", name: name, about: level + " with relayhost = " + relay,
			mainCF: "smtp_tls_security_level = " + level + "\nrelayhost = " + relay + "\n" + other,
			to:     []string{"anything.test via " + relay}}
	}
	return []setting{
		r("re_domain", "secure", "good.parity.test", ""),
		r("re_host", "secure", "[mx.good.parity.test]", ""),
		r("re_host_port", "verify", "[mx.wrong-name.parity.test]:2525", ""),
		r("re_domain_port", "may", "good.parity.test:2525", ""),
		r("re_address", "may", "[127.26.1.1]", ""),
		r("re_address_v6", "may", "[fd00:26::1:1]:2525", ""),
		r("re_address_tag", "may", "[IPv6:fd00:26::1:1]", ""),
		r("re_address_secure", "secure", "[127.26.1.1]", ""),
		r("re_nonexistent", "may", "nonexistent.parity.test", ""),
		r("re_host_nonexistent", "may", "[mx.nonexistent.parity.test]", ""),
		r("re_null", "may", "null-mx.parity.test", ""),
		r("re_servfail", "may", "mx-servfail.parity.test", ""),
		r("re_554", "encrypt", "starttls-554.parity.test", ""),
		r("re_sasl", "may", "handshake-alert.parity.test", `
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = inline:{handshake-alert.parity.test=user:secret}
`),
		r("re_soft", "may", "null-mx.parity.test", "soft_bounce = yes\n"),
		r("re_policy", "may", "[mx.good.parity.test]:2525",
			"smtp_tls_policy_maps = inline:{[mx.good.parity.test]:2525=secure}\n"),
	}
}

// settingsIPv6 are about the two families of addresses.
func settingsIPv6() []setting {
	alone := []string{"v6", "v6-plain", "v6-handshake", "v6-untrusted", "v6-wrong-name", "v6-anonymous", "v6-refused",
		"v6-554", "v6-dying", "v6-implicit", "v6-cname", "[fd00:26::1:1]", "[mx.v6.parity.test]", "[mx.v6.parity.test]:2525"}
	both := []string{"both", "both-v4-dead", "both-v6-dead", "both-v6-plain", "both-v4-untrusted", "both-v6-handshake",
		"v6-first", "v4-first", "v6-first-dead", "crowded", "crowded-v4", "good"}
	i := func(name, lines string, to ...string) setting {
		return setting{class: "ipv6", name: name, about: strings.ReplaceAll(strings.TrimSpace(lines), "\n", "; "),
			mainCF: lines, to: to}
	}
	all := slices.Concat(alone, slices.DeleteFunc(slices.Clone(both), func(s string) bool {
		return strings.HasPrefix(s, "crowded") // chance chooses among many addresses
	}))
	return []setting{
		i("v6_none", "smtp_tls_security_level = none\n", alone...),
		i("v6_may", "smtp_tls_security_level = may\n", alone...),
		i("v6_encrypt", "smtp_tls_security_level = encrypt\n", alone...),
		i("v6_verify", "smtp_tls_security_level = verify\n", alone...),
		i("v6_secure", "smtp_tls_security_level = secure\n", alone...),
		i("v6_prefer_6", "smtp_tls_security_level = verify\nsmtp_address_preference = ipv6\n", both...),
		i("v6_prefer_4", "smtp_tls_security_level = verify\nsmtp_address_preference = ipv4\n", both...),
		i("v6_prefer_6_may", "smtp_tls_security_level = may\nsmtp_address_preference = IPv6\n", both...),
		i("v6_prefer_4_may", "smtp_tls_security_level = may\nsmtp_address_preference = ipv4\n", both...),
		i("v6_prefer_6_two", "smtp_tls_security_level = may\nsmtp_address_preference = ipv6\nsmtp_mx_address_limit = 2\n",
			both...),
		i("v6_prefer_4_one", "smtp_tls_security_level = may\nsmtp_address_preference = ipv4\nsmtp_mx_address_limit = 1\n",
			all...),
		i("v6_crowd", "smtp_tls_security_level = may\nsmtp_address_preference = ipv6\nsmtp_balance_inet_protocols = no\n",
			"both", "both-v4-dead", "both-v6-plain", "v6-first-dead", "crowded", "good"),
		i("v6_only_4", "smtp_tls_security_level = verify\ninet_protocols = ipv4\n", all...),
		i("v6_only_6", "smtp_tls_security_level = verify\ninet_protocols = ipv6\n", all...),
		i("v6_only_4_may", "smtp_tls_security_level = may\ninet_protocols = ipv4\n", all...),
		i("v6_only_6_may", "smtp_tls_security_level = may\ninet_protocols = ipv6\n", all...),
		i("v6_both_words", "smtp_tls_security_level = may\ninet_protocols = ipv6, ipv4\nsmtp_address_preference = ipv4\n",
			both...),
		i("v6_any", "smtp_tls_security_level = verify\n", "v6-first", "v4-first", "v6-first-dead"),
	}
}

// allSettings are all of them.
func allSettings() []setting {
	return slices.Concat(settingsFingerprint(), settingsProtocols(), settingsCiphers(), settingsLevels(),
		settingsPolicies(), settingsNames(), settingsTrust(), settingsOrder(), settingsRelay(), settingsIPv6())
}
