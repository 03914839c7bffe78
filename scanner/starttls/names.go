package starttls

import "mxtls/scanner/clienthello"

// VersionName is a TLS version as Postfix and OpenSSL print it: clienthello.VersionName.
func VersionName(version uint16) string { return clienthello.VersionName(version) }

// CipherName is a cipher suite as OpenSSL names it: clienthello.CipherName.
func CipherName(suite uint16) string { return clienthello.CipherName(suite) }

// GroupName is a key exchange group as OpenSSL names it: clienthello.GroupName.
func GroupName(group uint16) string { return clienthello.GroupName(group) }
