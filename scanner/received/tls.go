package received

import (
	"strconv"
	"strings"

	"mxtls/scanner/truth"
)

// session is what the comments of a line say of TLS.
type session struct {
	stated   bool
	version  Version
	cipher   string
	bits     int
	verified truth.Truth
}

// add takes what is new in another comment: the first to say something is believed.
func (s *session) add(o session) {
	s.stated = s.stated || o.stated
	if s.version == VersionUnknown {
		s.version = o.version
	}
	if s.cipher == "" {
		s.cipher = o.cipher
	}
	if s.bits == 0 {
		s.bits = o.bits
	}
	if s.verified == truth.Unknown {
		s.verified = o.verified
	}
}

// readEarly reads a comment that stands before "by": Postfix's and Courier's forms alone.
func readEarly(c string) session {
	for _, read := range []func(string) (session, bool){readUsing, readCourier} {
		if s, ok := read(c); ok {
			return s
		}
	}
	return session{verified: clientCertificate(c)}
}

// readLate reads a comment that stands behind "by", in any form.
func readLate(c string) session {
	for _, read := range []func(string) (session, bool){readPairs, readColons, readEncrypted, readBare} {
		if s, ok := read(c); ok {
			return s
		}
	}
	return readEarly(c)
}

// readUsing reads Postfix's form (smtpd/smtpd.c), which others have taken over, with fewer parts:
//
//	using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature ...
func readUsing(c string) (session, bool) {
	f := strings.Fields(c)
	if len(f) < 4 || !strings.EqualFold(f[0], "using") {
		return session{}, false
	}
	s := session{stated: true}
	var ok bool
	if s.version, ok = parseVersion(f[1]); !ok {
		return session{}, false
	}
	for i := 2; i+1 < len(f); i++ {
		if strings.EqualFold(f[i], "cipher") {
			s.cipher = cipherName(f[i+1])
			if i+3 < len(f) && strings.HasPrefix(f[i+3], "bits") {
				s.bits = leadingNumber(strings.TrimPrefix(f[i+2], "("))
			}
			return s, true
		}
	}
	return session{}, false
}

// readCourier reads the form of Courier's courieresmtpd, alone or behind the authenticated user:
//
//	TLS: TLSv1.3,256bits,TLS_AES_256_GCM_SHA384
func readCourier(c string) (session, bool) {
	i := max(strings.LastIndex(c, "TLS: "), strings.LastIndex(c, "SSL: "))
	if i < 0 || i > 0 && !strings.HasPrefix(c, "AUTH") && !strings.HasPrefix(c, "IDENT") {
		return session{}, false
	}
	s := session{stated: true}
	for part := range strings.SplitSeq(c[i+len("TLS: "):], ",") {
		part = strings.TrimSpace(part)
		v, ok := parseVersion(part)
		switch {
		case ok && s.version == VersionUnknown:
			s.version = v
		case strings.HasSuffix(part, "bits"):
			s.bits = leadingNumber(part)
		case s.cipher == "":
			s.cipher = cipherName(part)
		}
	}
	return s, true
}

// readPairs reads KEY=VALUE pairs, as Gmail, Exchange (with commas), sendmail (cf/m4/cfhead.m4, _REC_TLS_) and Haraka
// write them:
//
//	version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256
//	version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=NO
//
// Bits alone are not TLS's: sendmail writes "(authenticated bits=0)".
func readPairs(c string) (session, bool) {
	var s session
	for f := range strings.FieldsFuncSeq(c, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' }) {
		key, value, ok := strings.Cut(f, "=")
		if !ok {
			continue
		}
		switch strings.ToLower(key) {
		case "version":
			if v, ok := parseVersion(value); ok {
				s.version, s.stated = v, true
			}
		case "cipher":
			s.cipher = cipherName(value)
			s.stated = s.stated || s.cipher != ""
		case "bits":
			s.bits = leadingNumber(value)
		case "verify":
			s.verified = verifyWord(value)
		}
	}
	return s, s.stated
}

// readColons reads VERSION:CIPHER:BITS of Exim up to 4.92 ($tls_cipher in its received_header_text), and the same with a
// word on the client's certificate behind it, as OpenSMTPD writes it (smtpd/smtp_session.c).
func readColons(c string) (session, bool) {
	parts := strings.Split(strings.TrimPrefix(c, "Cipher "), ":")
	if len(parts) < 2 || len(parts) > 4 || strings.ContainsAny(parts[0], " \t") {
		return session{}, false
	}
	v, ok := parseVersion(parts[0])
	if !ok || strings.ContainsAny(parts[1], " \t") {
		return session{}, false
	}
	s := session{stated: true, version: v, cipher: cipherName(parts[1])}
	if len(parts) > 2 {
		s.bits = leadingNumber(parts[2])
	}
	if len(parts) > 3 {
		s.verified = verifyWord(parts[3])
	}
	return s, true
}

// readEncrypted reads the form of qmail's TLS patch and of qpsmtpd, which stands between "with" and its word:
//
//	with (ECDHE-RSA-AES256-GCM-SHA384 encrypted) ESMTPS
func readEncrypted(c string) (session, bool) {
	f := strings.Fields(c)
	if len(f) < 2 || len(f) > 3 || f[len(f)-1] != "encrypted" {
		return session{}, false
	}
	s := session{stated: true}
	for _, part := range f[:len(f)-1] {
		if v, ok := parseVersion(part); ok {
			s.version = v
		} else {
			s.cipher = cipherName(part)
		}
	}
	return s, true
}

// readBare reads a version alone, or "TLS": Exim since 4.93, whose cipher stands in a tls clause, and Exchange 2010.
// Google writes three words within its own network.
func readBare(c string) (session, bool) {
	if c == "Google Transport Security" {
		return session{stated: true}, true
	}
	v, ok := parseVersion(c)
	return session{stated: ok, version: v}, ok
}

// clientCertificate reads what Postfix says of the client's certificate. The issuer's and subject's names are in quotes
// before the word, which ends the comment, so no name can pass for it.
func clientCertificate(c string) truth.Truth {
	switch {
	case strings.HasPrefix(c, "Client CN ") && strings.HasSuffix(c, "(verified OK)"):
		return truth.Yes
	case strings.HasPrefix(c, "Client CN ") && strings.HasSuffix(c, "(not verified)"),
		strings.EqualFold(c, "No client certificate requested"),
		strings.EqualFold(c, "Client did not present a certificate"),
		strings.EqualFold(c, "Client certificate not present"): // Yandex
		return truth.No
	}
	return truth.Unknown
}

// verifyWord is what sendmail's ${verify} and OpenSMTPD's last part say of the client's certificate.
func verifyWord(s string) truth.Truth {
	switch strings.ToUpper(s) {
	case "OK", "YES", "TRUSTED":
		return truth.Yes
	case "NO", "NOT", "NONE", "FAIL":
		return truth.No
	}
	return truth.Unknown
}

// cipherName is a cipher if s can be the name of one, else "".
func cipherName(s string) string {
	if len(s) > maxName || strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune("-_+./", r))
	}) {
		return ""
	}
	return s
}

// isNull reports whether a cipher encrypts nothing: NULL-SHA256, TLS_RSA_WITH_NULL_SHA, ECDHE-RSA-NULL-SHA, and TLS
// 1.3's TLS_SHA256_SHA256 (RFC 9150).
func isNull(cipher string) bool {
	upper := strings.ToUpper(cipher)
	if upper == "TLS_SHA256_SHA256" || upper == "TLS_SHA384_SHA384" {
		return true
	}
	for part := range strings.FieldsFuncSeq(upper, func(r rune) bool { return r == '-' || r == '_' }) {
		if part == "NULL" {
			return true
		}
	}
	return false
}

// leadingNumber is the number at the beginning of s: 256 of "256/256" and "256bits"; 0 where there is none.
func leadingNumber(s string) int {
	end := 0
	for end < len(s) && end < 6 && '0' <= s[end] && s[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(s[:end])
	if err != nil {
		return 0
	}
	return n
}
