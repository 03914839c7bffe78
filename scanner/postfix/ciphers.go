package postfix

import (
	"slices"
	"strings"

	"mxtls/scanner/clienthello"
)

// olderSuites are what Postfix offers beside TLS 1.3's by default, by OpenSSL's name; anonymousSuites are those of them
// without a certificate.
var olderSuites, anonymousSuites = func() (all, anonymous []string) {
	for _, suite := range clienthello.Suites() {
		if strings.HasPrefix(suite, "TLS_") {
			continue
		}
		if all = append(all, suite); slices.Contains(cipherTraits(suite), "aNULL") {
			anonymous = append(anonymous, suite)
		}
	}
	return all, anonymous
}()

// cipherTraits are the words of ciphers(1) that apply to a TLS 1.2 suite by OpenSSL's name.
//
// Only what operators exclude is known: key exchange, authentication, cipher and MAC. A word that is not known matches
// nothing.
func cipherTraits(suite string) []string {
	traits := []string{suite, "ALL"}
	add := func(words ...string) { traits = append(traits, words...) }
	parts := strings.Split(suite, "-")
	switch parts[0] {
	case "ECDHE":
		add("kECDHE", "kEECDH", "ECDHE", "EECDH", "ECDH")
	case "DHE", "EDH":
		add("kDHE", "kEDH", "DHE", "EDH", "DH")
	case "NULL":
		add("eNULL", "NULL", "kRSA", "RSA", "aRSA")
	case "ADH":
		add("aNULL", "ADH", "DH", "kDHE", "kEDH")
	case "AECDH":
		add("aNULL", "AECDH", "ECDH", "kECDHE", "kEECDH")
	default:
		add("kRSA", "RSA", "aRSA")
	}
	for i, part := range parts {
		switch {
		case part == "RSA" && i == 1:
			add("aRSA")
		case part == "ECDSA":
			add("aECDSA", "ECDSA")
		case part == "DSS":
			add("aDSS", "DSS")
		case strings.HasPrefix(part, "AES"):
			add("AES", part)
		case part == "CAMELLIA128", part == "CAMELLIA256":
			add("CAMELLIA", part)
		case part == "ARIA128", part == "ARIA256":
			add("ARIA", part)
		case part == "CHACHA20":
			add("CHACHA20")
		case part == "CBC3":
			add("3DES", "DES")
		case part == "RC4", part == "SEED", part == "IDEA", part == "MD5":
			add(part)
		}
	}
	switch last := parts[len(parts)-1]; last {
	case "SHA":
		add("SHA", "SHA1")
	case "SHA256", "SHA384":
		if !strings.Contains(suite, "GCM") && !strings.Contains(suite, "CHACHA20") && !strings.Contains(suite, "ARIA") {
			add(last)
		}
	}
	switch {
	case strings.Contains(suite, "ARIA"):
		add("ARIAGCM")
	case strings.Contains(suite, "GCM"):
		add("AESGCM")
	case strings.HasSuffix(suite, "CCM8"):
		add("AESCCM", "AESCCM8")
	case strings.HasSuffix(suite, "CCM"):
		add("AESCCM")
	}
	signed := slices.ContainsFunc([]string{"aECDSA", "aDSS", "aRSA"}, func(a string) bool {
		return slices.Contains(traits, a)
	})
	if !signed && (parts[0] == "ECDHE" || parts[0] == "DHE") {
		add("aRSA") // ECDHE-ARIA128-GCM-SHA256
	}
	return append(traits, strengthOf(traits))
}

// strengthOf is the class of a suite (ciphers(1)).
func strengthOf(traits []string) string {
	for _, weak := range []string{"3DES", "RC4", "SEED", "IDEA"} {
		if slices.Contains(traits, weak) {
			return "MEDIUM"
		}
	}
	if slices.Contains(traits, "eNULL") {
		return "NULL"
	}
	return "HIGH"
}

// excluded reports whether one of the words takes a suite away. "A+B" is what is A and B (ciphers(1)).
func excluded(suite string, words []string) bool {
	traits := cipherTraits(suite)
	has := func(word string) bool {
		for _, t := range traits {
			if strings.EqualFold(t, word) {
				return true
			}
		}
		return false
	}
	for _, word := range words {
		all := true
		for part := range strings.SplitSeq(word, "+") {
			all = all && has(part)
		}
		if all {
			return true
		}
	}
	return false
}

// graded reports whether a cipher grade has a suite: high has OpenSSL's HIGH, null what does not encrypt; medium, low
// and export have all that OpenSSL 3 offers.
func graded(suite, grade string) bool {
	switch strings.ToLower(grade) {
	case "high":
		return excluded(suite, []string{"HIGH"})
	case "null":
		return excluded(suite, []string{"eNULL"})
	}
	return true
}

// goneMedium are what Postfix 3.8 took out of the grade medium for good.
var goneMedium = []string{"SEED", "IDEA", "3DES", "RC2", "RC4", "RC5", "aDSS", "MD5"}

// cipherBits is the strength of a suite as the log has it, "used/algorithm".
func cipherBits(suite string) string {
	for _, of := range []struct{ part, bits string }{
		{"DES-CBC3", "112/168"}, {"CHACHA20", "256/256"}, {"AES256", "256/256"}, {"AES_256", "256/256"},
		{"CAMELLIA256", "256/256"}, {"ARIA256", "256/256"},
	} {
		if strings.Contains(suite, of.part) {
			return of.bits
		}
	}
	return "128/128"
}
