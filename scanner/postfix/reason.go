package postfix

// Reasons of predictions that no other package has a word for; the others are those of starttls, mx and pkix. RFC 8460
// 4.3's words have hyphens, our own underscores.
const (
	DaneNotChecked      = "dane_not_checked"          // dane, dane-only: TLSA records were not looked up
	NoDNSSEC            = "dnssec_not_enabled"        // dane, dane-only: smtp_dns_support_level is not dnssec
	MXInsecure          = "mx_insecure"               // dane, dane-only: the MX answer is not signed
	DependsOnOrder      = "depends_on_order"          // servers of equal preference differ, and Postfix shuffles them
	NotCompleted        = "not_completed"             // negotiated as Postfix would, the handshake not finished by us
	NotRouted           = "not_routed"                // the input is no destination
	HostMismatch        = "certificate-host-mismatch" // the chain holds, the names do not match
	NotTrusted          = "certificate-not-trusted"   // the chain does not hold, and no better word is known
	FingerprintMismatch = "fingerprint_mismatch"      // the certificate is none of those listed
	FingerprintsMissing = "fingerprints_missing"      // fingerprint: nothing is listed to compare with
	NoTrustAnchors      = "no_trust_anchors"          // verify, secure: there is no CAfile or CApath to trust anybody by
	PolicyInvalid       = "policy_invalid"            // the entry of smtp_tls_policy_maps is refused by Postfix
	EngineOff           = "tls_engine_off"            // Postfix has no TLS at all, since it cannot load its CAfile
	TLSRefused          = "tls_refused"               // OpenSSL breaks off a handshake that others would finish
	ProtocolNotAllowed  = "protocol_not_allowed"      // smtp_tls_protocols or smtp_tls_mandatory_protocols
	CipherNotAllowed    = "cipher_not_allowed"        // smtp_tls_ciphers, smtp_tls_exclude_ciphers and their kin
	HandshakeNotSeen    = "handshake_not_seen"        // nothing is known of the handshake that Postfix would make
	NotStarted          = "not_started"               // main.cf has a value that smtp(8) does not start with
	FallbackRelay       = "fallback_relay"            // no server takes it, so it goes to smtp_fallback_relay
	NoMXLookup          = "no_mx_lookup"              // main.cf forbids to look MX records up, which we did
	Wrapped             = "wrappermode"               // smtp_tls_wrappermode: TLS from the first octet
	ServernameInvalid   = "servername_invalid"        // smtp_tls_servername is no host name
	ChainTooLong        = "chain_too_long"            // perhaps longer than smtp_tls_scert_verifydepth allows
	WaitedLess          = "waited_less"               // the server was silent, but Postfix waits longer than we did
	TAFileNotRead       = "tafile_not_read"           // the policy has trust anchors of its own, which were not loaded
)
