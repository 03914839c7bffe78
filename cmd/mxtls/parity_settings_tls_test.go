//go:build parity

package main_test

import "strings"

// settingsFingerprint are about the level fingerprint.
func settingsFingerprint() []setting {
	f := func(name, about, mainCF string, to ...string) setting {
		return setting{class: "fingerprint", name: name, about: about,
			mainCF: "\nsmtp_tls_security_level = fingerprint\n" + mainCF, to: to}
	}
	few := []string{"good", "p384", "rsa-2048", "plain", "handshake-alert"}
	with := func(s setting, policy string) setting {
		s.mainCF += "smtp_tls_policy_maps = texthash:{dir}/policy\n"
		s.tables = map[string]string{"policy": policy}
		return s
	}
	return []setting{
		f("fp_cert", "digests of certificates", `
smtp_tls_fingerprint_cert_match = {cert:sha256:good}, {cert:sha256:wrong-name} {cert:sha256:untrusted}
	{cert:sha256:self-signed} {cert:sha256:expired} {cert:sha256:p384} {cert:sha256:anonymous-first}
	{cert:sha256:tls12} {cert:sha256:tls10-rsa} {cert:sha256:tls10-ecdhe-rsa} {cert:sha256:sha1-leaf}
	{cert:sha256:rsa-768} {cert:sha256:client-certificate} {cert:sha256:no-renegotiation-info}
	{cert:sha256:serial-negative} {cert:sha256:san-ip-5} {cert:sha256:duplicate-extension} {cert:sha256:v1}
	{cert:sha256:dhe-768} {cert:sha256:dhe-1024} {cert:sha256:eku-client} {cert:sha256:sha1-handshake}
	{cert:sha256:mx2.second-pinned.parity.test} {cert:sha256:intermediates-12} {cert:sha256:signature-wrong}
	{cert:sha256:inside-close} {cert:sha256:inside-421} {cert:sha256:critical-unknown}
`, "good", "wrong-name", "untrusted", "self-signed", "expired", "p384", "anonymous-first", "tls12", "tls10-rsa",
			"tls10-ecdhe-rsa", "sha1-leaf", "rsa-768", "client-certificate", "no-renegotiation-info", "serial-negative",
			"san-ip-5", "duplicate-extension", "v1", "dhe-768", "dhe-1024", "eku-client", "sha1-handshake", "second-pinned",
			"intermediates-12", "signature-wrong", "inside-close", "inside-421", "critical-unknown", "rsa-2048", "tls13",
			"plain", "handshake-alert", "handshake-close", "anonymous-server", "adh", "starttls-554", "starttls-454",
			"starttls-close", "helo-502", "refused", "greeting-554", "first-plain", "last-plain", "null-mx", "nonexistent"),
		f("fp_key", "the digest of a public key", "smtp_tls_fingerprint_cert_match = {key:sha256:p384}\n",
			"p384", "good", "tls12", "second-pinned", "rsa-2048"),
		f("fp_shared_key", "the digest of a public key that many have",
			"smtp_tls_fingerprint_cert_match = {key:sha256:good}\n", "good", "tls12", "wrong-name", "expired", "p384"),
		f("fp_sha1", "SHA-1", "smtp_tls_fingerprint_digest = sha1\n"+
			"smtp_tls_fingerprint_cert_match = {cert:sha1:good} {key:sha1:p384}\n", few...),
		f("fp_md5", "MD5, which was the default",
			"compatibility_level = 3.5\nsmtp_tls_fingerprint_cert_match = {cert:md5:good} {key:md5:p384}\n", few...),
		f("fp_sha512", "SHA-512", "smtp_tls_fingerprint_digest = SHA512\n"+
			"smtp_tls_fingerprint_cert_match = {cert:sha512:good} {key:sha512:p384}\n", few...),
		f("fp_digest_unlike", "digests of another algorithm than the configured one",
			"smtp_tls_fingerprint_digest = sha1\nsmtp_tls_fingerprint_cert_match = {cert:sha256:good}\n", few...),
		f("fp_digest_unknown", "an unknown algorithm", "smtp_tls_fingerprint_digest = sha257\n"+
			"smtp_tls_fingerprint_cert_match = {cert:sha256:good}\n", few...),
		{class: "fingerprint", name: "fp_digest_unknown_may", about: "an unknown algorithm, at level may",
			mainCF: "smtp_tls_security_level = may\nsmtp_tls_fingerprint_digest = sha257\n", to: few},
		f("fp_none", "nothing to match", "", "good", "plain", "refused", "null-mx", "nonexistent", "mx-servfail"),
		f("fp_malformed", "nothing that is a digest", "smtp_tls_fingerprint_cert_match = zz, 12:34, {cert:sha1:good}\n",
			"good", "plain"),
		f("fp_forms", "digests in all their forms, one is none",
			"smtp_tls_fingerprint_cert_match = zz 12:3 {cert:sha256:good}\n", "good", "p384"),
		with(f("fp_policy", "a policy table", "smtp_tls_fingerprint_cert_match = {cert:sha256:tls12}\n"), `
good.parity.test        fingerprint match={cert:sha256:p384}|{cert:sha256:good}
p384.parity.test        fingerprint match={key:sha256:p384}
tls12.parity.test       fingerprint
tls13.parity.test       fingerprint
rsa-2048.parity.test    fingerprint match={cert:sha256:p384}
wrong-name.parity.test  fingerprint match=zz
expired.parity.test     fingerprint match={cert:sha256:p384} match={cert:sha256:expired}
untrusted.parity.test   fingerprint match=
self-signed.parity.test secure match={cert:sha256:self-signed}
plain.parity.test       fingerprint match={cert:sha256:good}
tls10-rsa.parity.test   fingerprint match={cert:sha256:tls10-rsa} protocols=>=TLSv1.2
ed25519.parity.test     fingerprint match={cert:sha256:ed25519}:{cert:sha256:good}
chain.parity.test       fingerprint match={cert:sha256:chain}|zz|
adh.parity.test         fingerprint match={cert:sha256:good} ciphers=high exclude=kEECDH
v1.parity.test          fingerprint match={cert:sha256:v1} tafile=/lab/pki/ca.pem
`).sending("good", "p384", "tls12", "tls13", "rsa-2048", "wrong-name", "expired", "untrusted", "self-signed", "plain",
			"tls10-rsa", "ed25519", "chain", "adh", "v1"),
	}
}

// sending is the setting with other destinations.
func (s setting) sending(to ...string) setting {
	s.to = to
	return s
}

// settingsProtocols are about the TLS versions.
func settingsProtocols() []setting {
	to := []string{"good", "tls12", "tls12-rsa", "tls13", "tls10-rsa", "tls10-ecdhe-rsa", "tls10-adh", "tls11-rsa", "adh",
		"plain"}
	p := func(name, level, protocols string) setting {
		parameter := "smtp_tls_mandatory_protocols"
		if level == "may" {
			parameter = "smtp_tls_protocols"
		}
		return setting{class: "protocols", name: name, about: level + " with " + protocols,
			mainCF: "smtp_tls_security_level = " + level + "\n" + parameter + " = " + protocols + "\n", to: to}
	}
	return []setting{
		p("pr_from12_may", "may", ">=TLSv1.2"),
		p("pr_from12", "encrypt", ">=TLSv1.2"),
		p("pr_from12_verify", "verify", ">=TLSv1.2"),
		p("pr_from13", "encrypt", ">=TLSv1.3"),
		p("pr_not13", "encrypt", "!SSLv2, !SSLv3, !TLSv1.3"),
		p("pr_not13_may", "may", "!TLSv1.3"),
		p("pr_to12", "encrypt", ">=TLSv1, <=TLSv1.2"),
		p("pr_to12_secure", "secure", "<=TLSv1.2"),
		p("pr_only12", "encrypt", "TLSv1.2"),
		p("pr_only10", "encrypt", "TLSv1"),
		p("pr_hole", "encrypt", "!TLSv1.1"),
		p("pr_hex", "encrypt", ">=0303"),
		p("pr_old", "encrypt", "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1"),
		p("pr_bad", "encrypt", ">=TLSv9").sending("good", "tls12", "plain"),
		p("pr_bad_may", "may", "TLSv1.2 tls1.2").sending("good", "tls12", "plain"),
		p("pr_bad_secure", "secure", "!TLSv9").sending("good", "tls12", "plain"),
		{class: "protocols", name: "pr_other", about: "each of the two settings counts at its levels alone",
			mainCF: "smtp_tls_security_level = may\nsmtp_tls_mandatory_protocols = >=TLSv1.3\n", to: to},
		{class: "protocols", name: "pr_empty", about: "nothing is said of versions",
			mainCF: "smtp_tls_security_level = encrypt\nsmtp_tls_mandatory_protocols =\n", to: to},
	}
}

// settingsCiphers are about grades and exclusions.
func settingsCiphers() []setting {
	to := []string{"good", "tls12", "tls13", "tls12-rsa", "rsa-2048", "dhe-gcm", "dhe-cbc", "adh", "anonymous-server",
		"anonymous-first", "camellia", "rsa-sha256", "rsa-ccm", "ecdhe-sha384", "ecdsa-sha384", "aria", "tls10-rsa", "plain"}
	c := func(name, level, lines string) setting {
		return setting{class: "ciphers", name: name, about: level + " with " + strings.ReplaceAll(lines, "\n", "; "),
			mainCF: "smtp_tls_security_level = " + level + "\nsmtp_tls_" + lines + "\n", to: to}
	}
	few := []string{"good", "tls12", "plain"}
	return []setting{
		c("ci_high", "encrypt", "mandatory_ciphers = high"),
		c("ci_high_may", "may", "ciphers = HIGH"),
		c("ci_high_verify", "verify", "mandatory_ciphers = high"),
		c("ci_low", "encrypt", "mandatory_ciphers = low"),
		c("ci_export", "encrypt", "mandatory_ciphers = export"),
		c("ci_null", "encrypt", "mandatory_ciphers = null").sending(few...),
		c("ci_null_may", "may", "ciphers = null").sending(few...),
		c("ci_null_verify", "verify", "mandatory_ciphers = null").sending(few...),
		c("ci_bad", "encrypt", "mandatory_ciphers = strong").sending(few...),
		c("ci_bad_may", "may", "ciphers = strong").sending(few...),
		c("ci_not_anonymous", "encrypt", "exclude_ciphers = aNULL"),
		c("ci_not_anonymous_rsa", "may", "exclude_ciphers = aNULL, kRSA"),
		c("ci_mandatory", "encrypt", "mandatory_exclude_ciphers = aNULL:kDHE\nsmtp_tls_exclude_ciphers = CAMELLIA"),
		c("ci_mandatory_may", "may", "mandatory_exclude_ciphers = aNULL:kDHE:kRSA:CAMELLIA"),
		c("ci_usual", "encrypt", "exclude_ciphers = aNULL, MD5, DES, 3DES, RC4, LOW, EXP, eNULL"),
		c("ci_aes256", "encrypt", "exclude_ciphers = AES256, SHA384"),
		c("ci_ecdsa", "encrypt", "exclude_ciphers = ECDSA"),
		c("ci_auth", "secure", "mandatory_exclude_ciphers = aECDSA"),
		c("ci_sha1", "encrypt", "exclude_ciphers = SHA1"),
		c("ci_names", "encrypt", "exclude_ciphers = AES128-SHA DHE-RSA-AES256-GCM-SHA384, AES256-SHA256"),
		c("ci_and", "encrypt", "exclude_ciphers = kRSA+AES, EDH+AESGCM"),
		c("ci_grade_word", "encrypt", "exclude_ciphers = MEDIUM, CBC3, AESCCM"),
		c("ci_high_word", "encrypt", "exclude_ciphers = HIGH"),
		c("ci_pfs", "encrypt", "exclude_ciphers = kECDHE, DH"),
		c("ci_all", "encrypt", "exclude_ciphers = ALL"),
	}
}
