package pkix

import (
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// mozillaModule carries Mozilla's roots (NSS, websites). Its package fallback would change crypto/x509 for the whole
// process; its package bundle does not.
const mozillaModule = "golang.org/x/crypto/x509roots/fallback"

// Mozilla is the embedded bundle: Mozilla's roots as of the Go module's version, including the dates after which
// Mozilla no longer believes what some of them issued. They are parsed here, not at start-up: 2 to 4 ms.
func Mozilla() (*Bundle, error) {
	b := newBundle(Embedded, mozillaModule)
	if info, ok := debug.ReadBuildInfo(); ok {
		if version := moduleVersion(info, mozillaModule); version != "" {
			b.Path += "@" + version
			b.Date = pseudoTime(version)
		}
	}
	for root := range bundle.Roots() {
		cert, err := readCertificate(root.Certificate)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.Path, err)
		}
		b.add(anchor{cert: cert}, root.Constraint)
	}
	return b.seal()
}

// moduleVersion is the version of a module in this program, "" when unknown.
func moduleVersion(info *debug.BuildInfo, module string) string {
	for _, dep := range info.Deps {
		if dep.Path != module {
			continue
		}
		if dep.Replace != nil {
			return dep.Replace.Version
		}
		return dep.Version
	}
	return ""
}

// pseudoTime is the time in a pseudo-version (v0.0.0-20260102150405-abcdefabcdef, go.dev/ref/mod#pseudo-versions),
// zero for any other version.
func pseudoTime(version string) time.Time {
	parts := strings.Split(version, "-")
	if len(parts) < 3 {
		return time.Time{}
	}
	stamp := parts[len(parts)-2]
	t, err := time.Parse("20060102150405", stamp[strings.LastIndexByte(stamp, '.')+1:])
	if err != nil {
		return time.Time{}
	}
	return t
}
