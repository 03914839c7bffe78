package clienthello

import (
	"slices"
	"strings"
)

// A suite is a cipher suite: its IANA number and OpenSSL's name for it (ciphers(1)).
type suite struct {
	id   uint16
	name string
}

// suites are those that Postfix 3.7 offers with OpenSSL's defaults (smtp_tls_ciphers = medium), in its order: TLS 1.3,
// then by length of key, anonymous ones first (tls_misc.c: "aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH"). Later releases
// offer fewer of them.
var suites = []suite{
	{0x1302, "TLS_AES_256_GCM_SHA384"}, {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
	{0x1301, "TLS_AES_128_GCM_SHA256"}, {0x00a7, "ADH-AES256-GCM-SHA384"}, {0x006d, "ADH-AES256-SHA256"},
	{0x00c5, "ADH-CAMELLIA256-SHA256"}, {0xc019, "AECDH-AES256-SHA"}, {0x003a, "ADH-AES256-SHA"},
	{0x0089, "ADH-CAMELLIA256-SHA"}, {0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384"},
	{0xc030, "ECDHE-RSA-AES256-GCM-SHA384"}, {0x00a3, "DHE-DSS-AES256-GCM-SHA384"},
	{0x009f, "DHE-RSA-AES256-GCM-SHA384"}, {0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"},
	{0xcca8, "ECDHE-RSA-CHACHA20-POLY1305"}, {0xccaa, "DHE-RSA-CHACHA20-POLY1305"},
	{0xc0af, "ECDHE-ECDSA-AES256-CCM8"}, {0xc0ad, "ECDHE-ECDSA-AES256-CCM"}, {0xc0a3, "DHE-RSA-AES256-CCM8"},
	{0xc09f, "DHE-RSA-AES256-CCM"}, {0xc05d, "ECDHE-ECDSA-ARIA256-GCM-SHA384"},
	{0xc061, "ECDHE-ARIA256-GCM-SHA384"}, {0xc057, "DHE-DSS-ARIA256-GCM-SHA384"},
	{0xc053, "DHE-RSA-ARIA256-GCM-SHA384"}, {0xc024, "ECDHE-ECDSA-AES256-SHA384"},
	{0xc028, "ECDHE-RSA-AES256-SHA384"}, {0x006b, "DHE-RSA-AES256-SHA256"}, {0x006a, "DHE-DSS-AES256-SHA256"},
	{0xc073, "ECDHE-ECDSA-CAMELLIA256-SHA384"}, {0xc077, "ECDHE-RSA-CAMELLIA256-SHA384"},
	{0x00c4, "DHE-RSA-CAMELLIA256-SHA256"}, {0x00c3, "DHE-DSS-CAMELLIA256-SHA256"},
	{0xc00a, "ECDHE-ECDSA-AES256-SHA"}, {0xc014, "ECDHE-RSA-AES256-SHA"}, {0x0039, "DHE-RSA-AES256-SHA"},
	{0x0038, "DHE-DSS-AES256-SHA"}, {0x0088, "DHE-RSA-CAMELLIA256-SHA"}, {0x0087, "DHE-DSS-CAMELLIA256-SHA"},
	{0x009d, "AES256-GCM-SHA384"}, {0xc0a1, "AES256-CCM8"}, {0xc09d, "AES256-CCM"},
	{0xc051, "ARIA256-GCM-SHA384"}, {0x003d, "AES256-SHA256"}, {0x00c0, "CAMELLIA256-SHA256"},
	{0x0035, "AES256-SHA"}, {0x0084, "CAMELLIA256-SHA"}, {0x00a6, "ADH-AES128-GCM-SHA256"},
	{0x006c, "ADH-AES128-SHA256"}, {0x00bf, "ADH-CAMELLIA128-SHA256"}, {0xc018, "AECDH-AES128-SHA"},
	{0x0034, "ADH-AES128-SHA"}, {0x0046, "ADH-CAMELLIA128-SHA"}, {0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"},
	{0xc02f, "ECDHE-RSA-AES128-GCM-SHA256"}, {0x00a2, "DHE-DSS-AES128-GCM-SHA256"},
	{0x009e, "DHE-RSA-AES128-GCM-SHA256"}, {0xc0ae, "ECDHE-ECDSA-AES128-CCM8"},
	{0xc0ac, "ECDHE-ECDSA-AES128-CCM"}, {0xc0a2, "DHE-RSA-AES128-CCM8"}, {0xc09e, "DHE-RSA-AES128-CCM"},
	{0xc05c, "ECDHE-ECDSA-ARIA128-GCM-SHA256"}, {0xc060, "ECDHE-ARIA128-GCM-SHA256"},
	{0xc056, "DHE-DSS-ARIA128-GCM-SHA256"}, {0xc052, "DHE-RSA-ARIA128-GCM-SHA256"},
	{0xc023, "ECDHE-ECDSA-AES128-SHA256"}, {0xc027, "ECDHE-RSA-AES128-SHA256"},
	{0x0067, "DHE-RSA-AES128-SHA256"}, {0x0040, "DHE-DSS-AES128-SHA256"},
	{0xc072, "ECDHE-ECDSA-CAMELLIA128-SHA256"}, {0xc076, "ECDHE-RSA-CAMELLIA128-SHA256"},
	{0x00be, "DHE-RSA-CAMELLIA128-SHA256"}, {0x00bd, "DHE-DSS-CAMELLIA128-SHA256"},
	{0xc009, "ECDHE-ECDSA-AES128-SHA"}, {0xc013, "ECDHE-RSA-AES128-SHA"}, {0x0033, "DHE-RSA-AES128-SHA"},
	{0x0032, "DHE-DSS-AES128-SHA"}, {0x0045, "DHE-RSA-CAMELLIA128-SHA"}, {0x0044, "DHE-DSS-CAMELLIA128-SHA"},
	{0x009c, "AES128-GCM-SHA256"}, {0xc0a0, "AES128-CCM8"}, {0xc09c, "AES128-CCM"},
	{0xc050, "ARIA128-GCM-SHA256"}, {0x003c, "AES128-SHA256"}, {0x00ba, "CAMELLIA128-SHA256"},
	{0x002f, "AES128-SHA"}, {0x0041, "CAMELLIA128-SHA"},
}

// shortTags are the suites of CCM with a tag of 8 octets (RFC 6655). To OpenSSL 3.2 they are worth 64 bits: last in the
// order, and nothing for security level 1.
var shortTags = []uint16{0xc0af, 0xc0ae, 0xc0a3, 0xc0a2, 0xc0a1, 0xc0a0}

// oldSuites are those beside them that crypto/tls has and Debian's OpenSSL is built without.
var oldSuites = []suite{
	{0x0005, "RC4-SHA"}, {0x000a, "DES-CBC3-SHA"}, {0xc007, "ECDHE-ECDSA-RC4-SHA"},
	{0xc011, "ECDHE-RSA-RC4-SHA"}, {0xc012, "ECDHE-RSA-DES-CBC3-SHA"},
}

// exchange is how a suite agrees on a key.
type exchange uint8

const (
	byRSA   exchange = iota // with the certificate's key
	byDHE                   // Diffie-Hellman over a prime of the server's
	byECDHE                 // over a curve
	byTLS13                 // the suite does not say
)

// A kind is what a suite's name says of it.
type kind struct {
	exchange  exchange
	anonymous bool
	dsa       bool // signed with a DSA key
	shortTag  bool // one of shortTags
}

// prefixes of OpenSSL's names; a name that has none of them is of RSA key exchange.
var prefixes = []struct {
	prefix string
	kind   kind
}{
	{"TLS_", kind{exchange: byTLS13}}, {"ECDHE-", kind{exchange: byECDHE}},
	{"DHE-DSS-", kind{exchange: byDHE, dsa: true}}, {"DHE-", kind{exchange: byDHE}},
	{"AECDH-", kind{exchange: byECDHE, anonymous: true}}, {"ADH-", kind{exchange: byDHE, anonymous: true}},
}

func kindOf(id uint16) kind {
	name := suiteNames[id]
	var k kind
	for _, p := range prefixes {
		if strings.HasPrefix(name, p.prefix) {
			k = p.kind
			break
		}
	}
	k.shortTag = slices.Contains(shortTags, id)
	return k
}

var suiteNames = func() map[uint16]string {
	names := map[uint16]string{}
	for _, list := range [][]suite{suites, oldSuites} {
		for _, s := range list {
			names[s.id] = s.name
		}
	}
	return names
}()
