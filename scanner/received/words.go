package received

import (
	"strings"

	"mxtls/scanner/internal/enum"
)

// Version is a version of TLS. Its words are OpenSSL's names.
type Version uint8

// Versions. Programs that print what OpenSSL says of a cipher, not of the session, write "TLSv1/SSLv3" for all
// versions from SSLv3 to TLSv1.2 (Gmail and sendmail of about 2010).
const (
	VersionUnknown Version = iota
	SSLv2
	SSLv3
	SSLv3OrTLSv1
	TLSv1
	TLSv11
	TLSv12
	TLSv13
)

var versionWords = enum.Words{
	"unknown", "SSLv2", "SSLv3", "TLSv1/SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3",
}

// String is OpenSSL's name, or "unknown".
func (v Version) String() string { return enum.String("version", versionWords, v) }

// MarshalText is String's word.
func (v Version) MarshalText() ([]byte, error) { return enum.Marshal("version", versionWords, v) }

// UnmarshalText takes String's words.
func (v *Version) UnmarshalText(text []byte) error {
	return enum.Unmarshal("version", versionWords, v, text)
}

// versions are all spellings, in lower case and without their dots, underscores, "v" and blanks.
var versions = map[string]Version{
	"ssl2": SSLv2, "ssl20": SSLv2, "ssl3": SSLv3, "ssl30": SSLv3, "tls1/ssl3": SSLv3OrTLSv1,
	"tls1": TLSv1, "tls10": TLSv1, "tls11": TLSv11, "tls12": TLSv12, "tls13": TLSv13,
	"tls": VersionUnknown, "ssl": VersionUnknown,
}

var versionSpelling = strings.NewReplacer("v", "", ".", "", "_", "", "-", "", " ", "")

// parseVersion reads TLSv1.3, TLS1.3 (Exim with GnuTLS), TLS1_3 (Gmail, Exchange), TLSv1_3 (Stalwart) and their kin,
// and a bare TLS, which tells that there was some. False for anything else.
func parseVersion(s string) (Version, bool) {
	if len(s) > 16 {
		return VersionUnknown, false
	}
	v, ok := versions[versionSpelling.Replace(strings.ToLower(s))]
	return v, ok
}

// Reason is a stable code for why a hop is encrypted, is not, or does not tell.
type Reason uint8

// Reasons.
const (
	ReasonUnknown Reason = iota
	StatedTLS            // yes: the line has details of TLS
	SecureWord           // yes: the protocol word says so
	PlainWord            // no: a protocol word that would say so does not
	NullCipher           // no: TLS, with a cipher that encrypts nothing
	Internal             // unknown: within one machine or a private network, and nothing is said of TLS
	NotStated            // unknown: what wrote the line never says
	Ambiguous            // unknown: the line can be read in several ways; part of it may be a forged HELO name
	TooLong              // unknown: the line is longer than what is read of it
)

var reasonWords = enum.Words{
	"unknown", "tls", "protocol_word", "plain_word", "null_cipher", "internal", "not_stated", "ambiguous", "too_long",
}

// String is the code, "plain_word" for one.
func (r Reason) String() string { return enum.String("received reason", reasonWords, r) }

// MarshalText is String's code.
func (r Reason) MarshalText() ([]byte, error) { return enum.Marshal("received reason", reasonWords, r) }

// UnmarshalText takes String's codes.
func (r *Reason) UnmarshalText(text []byte) error {
	return enum.Unmarshal("received reason", reasonWords, r, text)
}

// wordKind is what a protocol word says of TLS.
type wordKind uint8

const (
	silent  wordKind = iota // nothing
	plainly                 // no TLS
	secure                  // TLS
	local                   // there was no network
)

// kindOf reads a protocol: those registered for "with" (IANA, Mail Parameters: RFC 3848, 4356, 5321, 6531), those of
// Exim in lower case, Yahoo's SMTPs, and what other programs write there.
func kindOf(protocol string) wordKind {
	word, behind, slash := strings.Cut(strings.ToUpper(protocol), "/")
	switch {
	case slash && strings.HasPrefix(behind, "TLS"): // IronPort: ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384
		return secure
	case slash:
		return silent
	case word == "MICROSOFT SMTP SERVER": // Exchange 2007 and later write "(TLS)" or "(version=..." behind it
		return plainly
	case word == "HTTPS":
		return secure
	case word == "ASMTP": // Exim before 4.0, in the place of ESMTPA
		return plainly
	case word == "LOCAL", strings.HasPrefix(word, "LOCAL-"), word == "MAPI", word == "BSMTP", word == "PIPE":
		return local
	}
	word = strings.TrimPrefix(strings.TrimPrefix(word, "UTF8"), "E")
	switch word {
	case "SMTP", "SMTPA", "LMTP", "LMTPA":
		return plainly
	case "SMTPS", "SMTPSA", "LMTPS", "LMTPSA":
		return secure
	}
	return silent
}

// tellsNothing reports whether a server writes a plain word whether there was TLS or not: Amazon SES, whose SMTP
// endpoints refuse mail without TLS and write "with SMTP" all the same, and Yahoo's submission service, likewise, with
// ESMTPA.
func tellsNothing(by string, comments []string) bool {
	by = strings.ToLower(strings.TrimSuffix(by, "."))
	if strings.HasSuffix(by, ".amazonaws.com") || strings.HasSuffix(by, ".amazonses.com") {
		return true
	}
	for _, c := range comments {
		if strings.HasPrefix(c, "SimpleEmailService") || strings.Contains(c, "Hermes SMTP Server") {
			return true
		}
	}
	return false
}
