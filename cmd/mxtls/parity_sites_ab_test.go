//go:build parity

package main_test

import (
	"crypto/tls"
)

// Arguments of openssl genpkey for keys that crypto/tls or crypto/x509 cannot have.
func rsaBits(bits string, more ...string) edit {
	return func(a *authorities, l *leaf) {
		opensslKey(append([]string{"genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:" + bits},
			more...)...)(a, l)
		l.set(ext{idKU, true, bitsRSA})
	}
}

var (
	bitsRSA = bits(5, 0xa0)
	pssKey  = opensslKey("genpkey", "-quiet", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048")
	ed448   = opensslKey("genpkey", "-quiet", "-algorithm", "ED448")
	dsaKey  = opensslKey("dsaparam", "-genkey", "1024")
)

func curve(name string) edit {
	return opensslKey("genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:"+name)
}

// one is a site with one server.
func one(class, name, about string, s server) site {
	return site{class: class, name: name, about: about, servers: []server{s}}
}

const tls12 = "-tls1_2 -cipher "

// sitesA: OpenSSL can, crypto/tls cannot.
func sitesA() []site {
	cipher := func(name, suite string, edits ...edit) site {
		return one("A", name, suite+" alone", openssl(tls12+suite+":@SECLEVEL=0", edits...))
	}
	return []site{
		cipher("dhe-gcm", "DHE-RSA-AES256-GCM-SHA384", withRSA),
		cipher("dhe-cbc", "DHE-RSA-AES128-SHA", withRSA),
		cipher("dhe-chacha", "DHE-RSA-CHACHA20-POLY1305", withRSA),
		cipher("dhe-dss", "DHE-DSS-AES256-GCM-SHA384", dsaKey),
		cipher("rsa-sha256", "AES256-SHA256", withRSA),
		cipher("rsa-ccm", "AES128-CCM", withRSA),
		cipher("ecdhe-sha384", "ECDHE-RSA-AES256-SHA384", withRSA),
		cipher("ecdsa-sha384", "ECDHE-ECDSA-AES256-SHA384"),
		cipher("ecdsa-ccm", "ECDHE-ECDSA-AES256-CCM"),
		cipher("camellia", "CAMELLIA256-SHA", withRSA),
		cipher("dhe-camellia", "DHE-RSA-CAMELLIA128-SHA256", withRSA),
		cipher("ecdhe-camellia", "ECDHE-ECDSA-CAMELLIA256-SHA384"),
		cipher("aria", "ARIA256-GCM-SHA384", withRSA),
		cipher("ecdhe-aria", "ECDHE-ECDSA-ARIA128-GCM-SHA256"),
		cipher("adh", "ADH-AES256-GCM-SHA384", withRSA),
		cipher("aecdh", "AECDH-AES256-SHA", withRSA),
		cipher("anonymous-first", "AECDH-AES256-SHA:ECDHE-ECDSA-AES128-GCM-SHA256"),
		one("A", "anonymous-server", "anonymous, because the server chooses it of a list with certificates",
			openssl(tls12+"AECDH-AES256-SHA:ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0 -serverpref")),
		one("A", "dhe-1024", "DHE of 1024 bits alone",
			openssl(tls12+"DHE-RSA-AES256-SHA256:@SECLEVEL=0", withRSA, dh1024)),
		one("A", "x448-tls12", "ECDHE over X448 alone, TLS 1.2",
			openssl(tls12+"ECDHE-ECDSA-AES128-GCM-SHA256 -groups X448")),
		one("A", "x448-tls13", "X448 alone, TLS 1.3", openssl("-tls1_3 -groups X448")),
		one("A", "pss-tls12", "a certificate with an RSA-PSS key, TLS 1.2", openssl("-tls1_2", pssKey)),
		one("A", "pss-tls13", "a certificate with an RSA-PSS key, TLS 1.3", openssl("-tls1_3", pssKey)),
		one("A", "ed448-tls12", "a certificate with an Ed448 key, TLS 1.2", openssl("-tls1_2", ed448)),
		one("A", "ed448-tls13", "a certificate with an Ed448 key, TLS 1.3", openssl("-tls1_3", ed448)),
		one("A", "sha224", "the server signs with SHA-224 alone",
			openssl(tls12+"ECDHE -sigalgs ECDSA+SHA224:RSA+SHA224", withRSA)),
		one("A", "sha1-handshake", "the server signs with SHA-1 alone",
			openssl(tls12+"ECDHE:@SECLEVEL=0 -sigalgs ECDSA+SHA1:RSA+SHA1", withRSA)),
		one("A", "sha1-ecdsa", "the server signs with ECDSA and SHA-1 alone",
			openssl(tls12+"ECDHE:@SECLEVEL=0 -sigalgs ECDSA+SHA1")),
		one("A", "rsa-8200", "an RSA key of 8200 bits", openssl("", rsaLong)),
		one("A", "rsa-768", "an RSA key of 768 bits", openssl(tls12+"ALL:!aNULL:@SECLEVEL=0", rsaBits("768"))),
		one("A", "rsa-512", "an RSA key of 512 bits", openssl(tls12+"ALL:!aNULL:@SECLEVEL=0", rsaBits("512"))),
		one("A", "rsa-1000", "an RSA key of 1000 bits, and anonymous suites",
			openssl(tls12+"ALL:@SECLEVEL=0", rsaBits("1000"))),
		one("A", "rsa-exponent", "an RSA key with an exponent above 2^31",
			openssl("", rsaBits("2048", "-pkeyopt", "rsa_keygen_pubexp:4294967297"))),
	}
}

// dh1024 gives openssl s_server a group of that size.
func dh1024(_ *authorities, l *leaf) { l.more = []string{"-dhparam", parityData + "dh1024.pem"} }

// rsaLong is a key too slow to make for each run.
func rsaLong(_ *authorities, l *leaf) { l.fileFrom(parityData + "rsa8200.key") }

// sitesB: crypto/tls can, Postfix fails; and what neither side of Debian's builds can.
func sitesB() []site {
	old := func(name, version, cipher string, edits ...edit) site {
		return one("B", name, "TLS "+version+" with "+cipher,
			openssl("-"+map[string]string{"1.0": "tls1", "1.1": "tls1_1"}[version]+" -cipher "+cipher+":@SECLEVEL=0",
				edits...))
	}
	broken := func(name, about string, s server) site {
		return site{class: "B", name: name, about: about + "; CAfile with a broken block", zone: "broken.test",
			servers: []server{s}}
	}
	return []site{
		one("B", "no-renegotiation-info", "no renegotiation_info (RFC 5746), TLS 1.2", forged(ecdhe, false)),
		one("B", "renegotiation-info", "the same server with renegotiation_info", forged(ecdhe, true)),
		one("B", "no-renegotiation-info-untrusted", "no renegotiation_info, untrusted",
			forged(ecdhe, false, strangers)),
		one("B", "certificates-100k", "a Certificate message of 110 KB, TLS 1.2",
			healthy(stuffed(110), maxVersion(tls.VersionTLS12))),
		one("B", "certificates-100k-13", "a Certificate message of 110 KB, TLS 1.3", healthy(stuffed(110))),
		one("B", "certificates-90k", "a Certificate message of 90 KB", healthy(stuffed(90))),
		old("tls10-ecdhe-rsa", "1.0", "ECDHE-RSA-AES128-SHA", withRSA),
		old("tls10-ecdhe-ecdsa", "1.0", "ECDHE-ECDSA-AES128-SHA"),
		old("tls10-dhe", "1.0", "DHE-RSA-AES128-SHA", withRSA),
		old("tls10-rsa", "1.0", "AES128-SHA", withRSA),
		old("tls10-adh", "1.0", "ADH-AES128-SHA", withRSA),
		old("tls11-ecdhe-rsa", "1.1", "ECDHE-RSA-AES256-SHA", withRSA),
		old("tls11-dhe", "1.1", "DHE-RSA-AES256-SHA", withRSA),
		old("tls11-rsa", "1.1", "AES256-SHA", withRSA),
		one("B", "rsa-1016", "an RSA key of 1016 bits", openssl(tls12+"ALL:!aNULL:@SECLEVEL=0", rsaBits("1016"))),
		one("B", "rsa-1023", "an RSA key of 1023 bits", openssl(tls12+"ALL:!aNULL:@SECLEVEL=0", rsaBits("1023"))),
		one("B", "dhe-1023", "DHE of 1023 bits alone", forged(dhe(1023), true, withRSA)),
		one("B", "dhe-2048", "the same server with DHE of 2048 bits", forged(dhe(2048), true, withRSA)),
		one("B", "dhe-768", "DHE of 768 bits alone", forged(dhe(768), true, withRSA)),
		one("B", "dhe-512", "DHE of 512 bits alone", forged(dhe(512), true, withRSA)),
		one("B", "secp256k1", "a certificate on secp256k1", openssl("", curve("secp256k1"))),
		one("B", "brainpool", "a certificate on brainpoolP256r1", openssl("-tls1_2", curve("brainpoolP256r1"))),
		one("B", "p224", "a certificate on P-224", openssl("-tls1_2", curve("secp224r1"))),
		one("B", "brainpool-ecdhe", "ECDHE over brainpoolP256r1 alone",
			openssl(tls12+"ECDHE -groups brainpoolP256r1", withRSA)),
		one("B", "ccm-tls13", "TLS 1.3 with AES-CCM alone", openssl("-tls1_3 -ciphersuites TLS_AES_128_CCM_SHA256")),
		one("B", "ffdhe-tls13", "TLS 1.3 over ffdhe2048 alone", openssl("-tls1_3 -groups ffdhe2048")),
		broken("good", "a server without fault", healthy()),
		broken("plain", "STARTTLS is not offered", talking(front{noTLS: true})),
		broken("untrusted", "a certificate of strangers", healthy(strangers)),
		broken("greeting-554", "554 for a greeting", talking(front{banner: "554 no mail here"})),
	}
}
