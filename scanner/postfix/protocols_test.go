package postfix

import "testing"

func TestProtocols(t *testing.T) {
	t.Parallel()
	const all = "SSLv3 TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"
	for _, tt := range []struct {
		v             Version
		setting, want string // the versions allowed; "!" = an error
	}{
		{Version{3, 7}, "", all},
		{Version{3, 7}, ">=TLSv1", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"},
		{Version{3, 7}, ">=tlsv1.2, <=TLSv1.2", "TLSv1.2"},
		{Version{3, 7}, ">=0303", "TLSv1.2 TLSv1.3"},
		{Version{3, 7}, ">=0x303:<=304", "TLSv1.2 TLSv1.3"},
		{Version{3, 7}, "!SSLv2, !SSLv3", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"},
		{Version{3, 5}, "!SSLv2:!SSLv3:!TLSv1:!TLSv1.1", "TLSv1.2 TLSv1.3"},
		{Version{3, 7}, "!SSLv2, !SSLv3, !TLSv1.1", "TLSv1"}, // postconf(5) says so
		{Version{3, 7}, "!TLSv1.2", "SSLv3 TLSv1 TLSv1.1"},   // 3.7.11 got no further with a TLS 1.3 server
		{Version{3, 7}, "TLSv1.2", "TLSv1.2"},
		{Version{3, 7}, "TLSv1.2 TLSv1.3", "TLSv1.2 TLSv1.3"},
		{Version{3, 7}, "TLSv1, TLSv1.3", "TLSv1"},
		{Version{3, 7}, "!TLSv1.3 >=TLSv1.1", "TLSv1.1 TLSv1.2"},
		{Version{3, 7}, ">=TLSv9", "!"},
		{Version{3, 7}, "TLSv9", "!"},
		{Version{3, 7}, "!", "!"},
		{Version{3, 7}, ">=0", "!"},
		{Version{3, 5}, ">=TLSv1", "!"},
	} {
		p, err := parseProtocols(tt.setting, tt.v)
		var got string
		for _, n := range protocolNames[1:] {
			if p.Allows(n.version) {
				got += " " + n.name
			}
		}
		if err != nil {
			got = "!" + got
		}
		if got != tt.want && got != " "+tt.want {
			t.Errorf("%s: %q allows %q, want %q", tt.v, tt.setting, got, tt.want)
		}
	}
}

// TestProtocolToCome: a range without an upper bound goes on above TLS 1.3.
func TestProtocolToCome(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]bool{">=TLSv1": true, "": true, "<=TLSv1.3": false, "!TLSv1.3": false} {
		p, err := parseProtocols(setting, Version{3, 7})
		if got := p.Allows(0x0305); err != nil || got != want {
			t.Errorf("%q: TLS 1.4 %v, %v", setting, got, err)
		}
	}
}

// TestCipherWords compares with what "openssl ciphers" lists for each word.
func TestCipherWords(t *testing.T) {
	t.Parallel()
	for suite, words := range map[string][2][]string{
		"ECDHE-RSA-AES256-GCM-SHA384": {{"ECDHE", "kECDHE", "EECDH", "aRSA", "AES", "AES256", "AESGCM",
			"ECDHE+AES", "aesgcm"},
			{"kRSA", "RSA", "DHE", "AES128", "SHA384", "SHA1", "3DES", "aNULL", "ECDHE+AES128", "aECDSA", "AES25"}},
		"ECDHE-ECDSA-AES128-SHA":      {{"aECDSA", "ECDSA", "AES128", "SHA", "SHA1"}, {"aRSA", "SHA256", "AESGCM"}},
		"AES256-SHA256":               {{"kRSA", "RSA", "aRSA", "AES256", "SHA256"}, {"ECDHE", "SHA", "SHA1", "AESGCM"}},
		"DES-CBC3-SHA":                {{"3DES", "kRSA", "SHA1", "DES-CBC3-SHA"}, {"AES", "RC4"}},
		"DHE-DSS-AES128-SHA":          {{"aDSS", "DSS", "DHE", "kEDH", "EDH"}, {"aRSA"}},
		"ADH-AES128-SHA":              {{"aNULL", "ADH"}, {"kRSA", "aRSA", "AECDH"}},
		"AECDH-AES128-SHA":            {{"aNULL", "AECDH"}, {"kRSA", "ADH"}},
		"RC4-MD5":                     {{"RC4", "MD5", "kRSA"}, {"SHA1"}},
		"DHE-RSA-CAMELLIA256-SHA":     {{"CAMELLIA", "CAMELLIA256", "DHE"}, {"AES"}},
		"ECDHE-ARIA128-GCM-SHA256":    {{"ARIA", "ARIA128", "ECDHE"}, {"AES", "SHA256"}},
		"ECDHE-RSA-CHACHA20-POLY1305": {{"CHACHA20", "ECDHE"}, {"AES", "AESGCM"}},
	} {
		for _, word := range words[0] {
			if !excluded(suite, []string{word}) {
				t.Errorf("%s has %s", suite, word)
			}
		}
		for _, word := range words[1] {
			if excluded(suite, []string{word}) {
				t.Errorf("%s has no %s", suite, word)
			}
		}
	}
	for suite, want := range map[string]string{"ECDHE-RSA-AES128-SHA": "128/128", "AES256-SHA": "256/256",
		"DES-CBC3-SHA":           "112/168",
		"TLS_AES_256_GCM_SHA384": "256/256", "TLS_AES_128_GCM_SHA256": "128/128", "TLS_CHACHA20_POLY1305_SHA256": "256/256",
		"DHE-RSA-CAMELLIA256-SHA": "256/256", "ECDHE-ARIA256-GCM-SHA384": "256/256"} {
		if got := cipherBits(suite); got != want {
			t.Errorf("%s: %s bits, want %s", suite, got, want)
		}
	}
}
