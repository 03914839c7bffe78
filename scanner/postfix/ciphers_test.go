package postfix

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestCipherWordsOfOpenSSL: each word takes away what openssl ciphers says that it names, of all that Postfix offers.
func TestCipherWordsOfOpenSSL(t *testing.T) {
	t.Parallel()
	words := []string{"kRSA", "RSA", "aRSA", "kECDHE", "kEECDH", "ECDHE", "EECDH", "ECDH", "AECDH", "kDHE", "kEDH", "DHE",
		"EDH", "DH", "ADH", "aNULL", "aECDSA", "ECDSA", "aDSS", "DSS", "AES", "AES128", "AES256", "AESGCM", "AESCCM",
		"AESCCM8", "CAMELLIA", "CAMELLIA128", "CAMELLIA256", "ARIA", "ARIA128", "ARIA256", "ARIAGCM", "CHACHA20", "SHA",
		"SHA1", "SHA256", "SHA384", "HIGH", "MEDIUM", "ALL", "3DES", "RC4", "SEED", "IDEA", "MD5", "eNULL", "NULL", "LOW",
		"EDH+AESGCM", "kRSA+AES256", "ECDHE+ECDSA", "AES256-SHA"}
	for _, word := range words {
		out, err := exec.Command("openssl", "ciphers", word+":@SECLEVEL=0").Output()
		named := strings.Split(strings.TrimSpace(string(out)), ":")
		if err != nil && len(out) > 0 { // it fails where it knows none
			t.Fatal(err)
		}
		for _, suite := range olderSuites {
			if got, want := excluded(suite, []string{word}), slices.Contains(named, suite); got != want {
				t.Errorf("%s names %s: %v, openssl says %v", word, suite, got, want)
			}
		}
	}
}
