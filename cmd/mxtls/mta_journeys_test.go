//go:build mta

package main_test

// journey is mail that our own Postfix sends from one recipient's domain of its own, and what becomes of it.
type journey struct {
	level  string // of smtp_tls_policy_maps
	to     string // NAME of NAME.kept.mta-signed.test (testdata/mta/nsd), or a domain with TLSA records
	became string // Postfix' word for what goes over TLS, "plain", or "deferred" or "bounced" with a reason, if that is TLS

	by                   string // the transport, if it is another than smtp: see testdata/mta/own/master.cf
	messages, recipients int    // 0 = 1
	mass                 bool   // sent in one message with all others of the kind
}

// journeys is all that is sent: to each server of the lab, at each level, whatever it comes to.
var journeys = []journey{
	{level: "none", to: "postfix", became: "plain"},
	{level: "none", to: "courier", became: "plain", mass: true},
	{level: "none", to: "opensmtpd", became: "plain"},

	{level: "may", to: "postfix", became: "Trusted", recipients: 3},
	{level: "may", to: "postfix", became: "Trusted", mass: true},
	{level: "may", to: "postfix-none", became: "plain", recipients: 2},
	{level: "may", to: "postfix-none", became: "plain", mass: true},
	{level: "may", to: "postfix-expired", became: "Untrusted"},
	{level: "may", to: "postfix-selfsigned", became: "Untrusted", mass: true},
	{level: "may", to: "postfix-wrongname", became: "Trusted"},
	{level: "may", to: "postfix-anonymous", became: "Anonymous"},
	{level: "may", to: "postfix-nokey", became: "plain"}, // 454 to STARTTLS
	{level: "may", to: "postfix-reqcert", became: "deferred"},
	{level: "may", to: "postfix-521", became: "deferred"},
	{level: "may", to: "postfix-450", became: "deferred"},
	{level: "may", to: "postfix-tls12", became: "Anonymous"}, // which is what it prefers
	{level: "may", to: "postfix-incomplete", became: "Untrusted"},
	{level: "may", to: "postfix-chain", became: "Trusted"},
	{level: "may", to: "postfix-clientcert", became: "Trusted"},
	{level: "may", to: "postfix-tls10", became: "Anonymous"},
	{level: "may", to: "postfix-stranger", became: "Untrusted"},
	{level: "may", to: "exim", became: "Trusted", recipients: 2},
	{level: "may", to: "exim", became: "Trusted", mass: true},
	{level: "may", to: "exim-none", became: "plain"},
	{level: "may", to: "exim-helo", became: "plain"},
	{level: "may", to: "exim-starttls-5xx", became: "plain"},
	{level: "may", to: "exim-starttls-4xx", became: "plain", mass: true},
	{level: "may", to: "exim-delay", became: "Trusted"}, // TLS 1.2
	{level: "may", to: "sendmail", became: "Trusted", recipients: 2},
	{level: "may", to: "sendmail-none", became: "plain"},
	{level: "may", to: "courier", became: "Trusted", recipients: 2},
	{level: "may", to: "opensmtpd", became: "deferred handshake-failed"},
	{level: "may", to: "opensmtpd-tls", became: "Trusted", recipients: 2},
	{level: "may", to: "expired-good", became: "Untrusted"},
	{level: "may", to: "broken-none", became: "plain"}, // the first host's handshake fails
	{level: "may", to: "late-none", became: "plain"},   // the first host's session ends behind it
	{level: "may", to: "late-good", became: "Trusted"},

	{level: "encrypt", to: "postfix", became: "Trusted"},
	{level: "encrypt", to: "postfix-none", became: "deferred starttls-not-supported"},
	{level: "encrypt", to: "postfix-nokey", became: "deferred starttls-refused"},
	{level: "encrypt", to: "postfix-expired", became: "Untrusted"},
	{level: "encrypt", to: "postfix-anonymous", became: "Anonymous"},
	{level: "encrypt", to: "exim", became: "Trusted"},
	{level: "encrypt", to: "exim-starttls-5xx", became: "bounced starttls-refused"},
	{level: "encrypt", to: "exim-starttls-4xx", became: "deferred starttls-refused"},
	{level: "encrypt", to: "sendmail", became: "Trusted"},
	{level: "encrypt", to: "sendmail-none", became: "deferred starttls-not-supported", recipients: 2},
	{level: "encrypt", to: "courier", became: "Trusted"},
	{level: "encrypt", to: "opensmtpd", became: "deferred handshake-failed"},
	{level: "encrypt", to: "opensmtpd-tls", became: "Trusted"},
	{level: "encrypt", to: "broken-none", became: "deferred starttls-not-supported"},

	{level: "verify", to: "postfix", became: "Verified"},
	{level: "verify", to: "postfix-expired", became: "deferred certificate-expired"},
	{level: "verify", to: "postfix-selfsigned", became: "deferred certificate-not-trusted"},
	{level: "verify", to: "postfix-wrongname", became: "deferred certificate-host-mismatch"},
	{level: "verify", to: "postfix-stranger", became: "deferred certificate-not-trusted"},
	{level: "verify", to: "postfix-incomplete", became: "deferred certificate-not-trusted"},
	{level: "verify", to: "postfix-anonymous", became: "deferred handshake-failed"},
	{level: "verify", to: "postfix-none", became: "deferred starttls-not-supported"},
	{level: "verify", to: "postfix-tls12", became: "Verified"},
	{level: "verify", to: "postfix-chain", became: "Verified"},
	{level: "verify", to: "exim", became: "Verified"},
	{level: "verify", to: "sendmail", became: "Verified"},
	{level: "verify", to: "courier", became: "Verified"},
	{level: "verify", to: "opensmtpd-tls", became: "Verified"},
	{level: "verify", to: "expired-good", became: "Verified"}, // the second host
	{level: "secure", to: "postfix", became: "Verified"},

	{level: "dane", to: "postfix", became: "Trusted"}, // no TLSA records: as may
	{level: "dane", to: "postfix-none", became: "plain"},
	{level: "dane-only", to: "postfix", became: "deferred tlsa-missing"},
	{level: "dane", to: "ee-311.mta-dane.test", became: "Verified"},
	{level: "dane", to: "ee-expired.mta-dane.test", became: "Verified"},
	{level: "dane", to: "ee-selfsigned.mta-dane.test", became: "Verified"},
	{level: "dane", to: "ta-inter.mta-dane.test", became: "Verified"},
	{level: "dane", to: "ee-wrong.mta-dane.test", became: "deferred validation-failure"},
	{level: "dane", to: "ta-wrongname.mta-dane.test", became: "deferred certificate-host-mismatch"},
	{level: "dane", to: "ee-notls.mta-dane.test", became: "deferred starttls-not-supported"},
	{level: "dane", to: "usage-1.mta-dane.test", became: "Trusted"}, // unusable: as encrypt
	{level: "dane", to: "usage-1-notls.mta-dane.test", became: "deferred starttls-not-supported"},
	{level: "dane", to: "none-notls.mta-dane.test", became: "plain"},
	{level: "dane", to: "half.mta-plain.test", became: "Trusted"}, // enforced, but the MX record is not signed

	{level: "may", to: "postfix", became: "Trusted", by: "quiet", recipients: 2},
	{level: "may", to: "exim-none", became: "plain", by: "quiet"},
	{level: "verify", to: "courier", became: "Verified", by: "quiet"},
	{level: "encrypt", to: "postfix-none", became: "deferred starttls-not-supported", by: "quiet"},

	{level: "may", to: "postfix", became: "Trusted", by: "reuse", messages: 4, recipients: 2},
	{level: "none", to: "postfix", became: "plain", by: "reuse", messages: 4},
	{level: "may", to: "postfix-none", became: "plain", by: "reuse", messages: 4},
	{level: "verify", to: "exim", became: "Verified", by: "reuse", messages: 4},
	{level: "encrypt", to: "opensmtpd-tls", became: "Trusted", by: "reuse", messages: 3},

	{level: "may", to: "sendmail", became: "Trusted", by: "one", messages: 2},
	{level: "none", to: "sendmail", became: "plain", by: "one", messages: 2},
	{level: "encrypt", to: "postfix", became: "Trusted", by: "one"},
	{level: "encrypt", to: "postfix-nokey", became: "deferred starttls-refused", by: "one"},
	{level: "none", to: "postfix", became: "plain", by: "one", recipients: 2},
}
