package postfix

import (
	"fmt"
	"strconv"
	"strings"

	"mxtls/scanner/clienthello"
)

// Version is a release of Postfix or OpenSSL: its first two numbers, on which behaviour hangs. The zero Version is
// unknown.
type Version struct{ Major, Minor int }

// Releases that stand for what was not said: Debian 12's, which the tests compare with.
var (
	defaultPostfix = Version{3, 7}
	defaultOpenSSL = Version{3, 0}
)

// maxVersionPart bounds each number of a version, since a number that long is a typing error.
const maxVersionPart = 9999

// ParseVersion reads "3.7.11", "3.10", "3.0.17" or "1.1.1n". Snapshots ("3.11-20260101") are the release to come.
func ParseVersion(s string) (Version, error) {
	major, rest, ok := strings.Cut(strings.TrimSpace(s), ".")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	a, errA := strconv.ParseUint(major, 10, 16)
	b, errB := strconv.ParseUint(rest[:end], 10, 16)
	if !ok || errA != nil || errB != nil || a == 0 || a > maxVersionPart || b > maxVersionPart {
		return Version{}, fmt.Errorf("%q is no version, such as 3.7 or 3.7.11", s)
	}
	return Version{int(a), int(b)}, nil
}

// AtLeast reports whether v is release major.minor or a later one.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

// Hello is whose hellos come nearest to those of this release of Postfix.
func (v Version) Hello() clienthello.Release {
	if v.AtLeast(3, 8) {
		return clienthello.Postfix310
	}
	return clienthello.Postfix37
}

// IsZero reports whether v is unknown.
func (v Version) IsZero() bool { return v == Version{} }

// String is "3.7"; "" when unknown.
func (v Version) String() string {
	if v.IsZero() {
		return ""
	}
	return strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor)
}
