package pkix

// Object identifiers as they stand in DER, which is how they are compared.
const (
	oidCN    = "\x55\x04\x03"                         // commonName
	oidEmail = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01" // emailAddress, in a subject

	// Extensions (RFC 5280 4.2).
	oidSubjectKeyID      = "\x55\x1d\x0e"
	oidKeyUsage          = "\x55\x1d\x0f"
	oidSubjectAltName    = "\x55\x1d\x11"
	oidIssuerAltName     = "\x55\x1d\x12"
	oidBasicConstraints  = "\x55\x1d\x13"
	oidNameConstraints   = "\x55\x1d\x1e"
	oidCRLPoints         = "\x55\x1d\x1f"
	oidPolicies          = "\x55\x1d\x20"
	oidPolicyMappings    = "\x55\x1d\x21"
	oidAuthorityKeyID    = "\x55\x1d\x23"
	oidPolicyConstraints = "\x55\x1d\x24"
	oidExtKeyUsage       = "\x55\x1d\x25"
	oidInhibitAnyPolicy  = "\x55\x1d\x36"
	oidNetscapeCertType  = "\x60\x86\x48\x01\x86\xf8\x42\x01\x01"
	oidProxyCertInfo     = "\x2b\x06\x01\x05\x05\x07\x01\x0e"
	oidAddressBlocks     = "\x2b\x06\x01\x05\x05\x07\x01\x07" // RFC 3779
	oidASNumbers         = "\x2b\x06\x01\x05\x05\x07\x01\x08"
	oidOCSPNoCheck       = "\x2b\x06\x01\x05\x05\x07\x30\x01\x05"

	// Extended key usages.
	oidServerAuth   = "\x2b\x06\x01\x05\x05\x07\x03\x01"
	oidAnyUsage     = "\x55\x1d\x25\x00"
	oidNetscapeSGC  = "\x60\x86\x48\x01\x86\xf8\x42\x04\x01"
	oidMicrosoftSGC = "\x2b\x06\x01\x04\x01\x82\x37\x0a\x03\x03"

	// Keys (RFC 3279, 4055, 5480, 8410).
	oidRSA     = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
	oidRSAPSS  = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
	oidEC      = "\x2a\x86\x48\xce\x3d\x02\x01"
	oidEd25519 = "\x2b\x65\x70"
	oidEd448   = "\x2b\x65\x71"
	oidDSA     = "\x2a\x86\x48\xce\x38\x04\x01"
	oidMGF1    = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"
)

// handled are the extensions that OpenSSL knows what to do with when they are critical (v3_purp.c
// X509_supported_extension). The key identifiers are not among them.
var handled = map[string]bool{
	oidNetscapeCertType: true, oidKeyUsage: true, oidSubjectAltName: true, oidBasicConstraints: true, oidPolicies: true,
	oidCRLPoints: true, oidExtKeyUsage: true, oidAddressBlocks: true, oidASNumbers: true, oidOCSPNoCheck: true,
	oidPolicyConstraints: true, oidProxyCertInfo: true, oidNameConstraints: true, oidPolicyMappings: true,
	oidInhibitAnyPolicy: true,
}
