package pkix

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// systemFiles are the bundles of operating systems, in the order in which they are looked for. A system with several
// has the same roots in all of them.
var systemFiles = []string{
	"etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Gentoo; Alpine with ca-certificates
	"etc/pki/tls/certs/ca-bundle.crt",                  // Red Hat, CentOS, Fedora
	"etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Red Hat 7 and later, Fedora 43 and later
	"etc/pki/tls/cert.pem",                             // Amazon Linux
	"etc/ssl/cert.pem",                                 // Alpine, FreeBSD 12.2 and later, OpenBSD, macOS
	"etc/ssl/ca-bundle.pem",                            // SUSE
	"var/lib/ca-certificates/ca-bundle.pem",            // SUSE, where the above points to
	"usr/local/share/certs/ca-root-nss.crt",            // FreeBSD with the port ca_root_nss
}

// systemDirs are looked into where there is no file.
var systemDirs = []string{
	"etc/ssl/certs",               // Debian, SUSE, FreeBSD 12.2 and later
	"etc/pki/tls/certs",           // Red Hat
	"usr/share/certs/trusted",     // FreeBSD
	"var/lib/ca-certificates/pem", // SUSE
}

// System loads the operating system's root bundle. Environment variables (SSL_CERT_FILE) are not looked at. The error
// is fs.ErrNotExist when there is none; Mozilla's bundle is at hand then.
func System() (*Bundle, error) { return Find(os.DirFS("/")) }

// Find loads the root bundle of the operating system whose root directory is fsys: the first file of a list that has
// roots, else the first directory. Files that are there and have none are warnings of the one that is taken.
func Find(fsys fs.FS) (*Bundle, error) {
	var passed []Warning
	try := func(name string, load func(name string) (*Bundle, error)) *Bundle {
		b, err := load(name)
		if err == nil {
			b.Warnings = append(passed, b.Warnings...)
			return b
		}
		if !errors.Is(err, fs.ErrNotExist) {
			passed = append(passed, Warning{Path: "/" + name, Text: strings.TrimPrefix(err.Error(), "/"+name+": ")})
		}
		return nil
	}
	for _, name := range systemFiles {
		if b := try(name, func(name string) (*Bundle, error) { return loadFrom(fsys, name) }); b != nil {
			return b, nil
		}
	}
	for _, name := range systemDirs {
		if b := try(name, func(name string) (*Bundle, error) { return loadDir(fsys, name, "/"+name) }); b != nil {
			return b, nil
		}
	}
	if len(passed) > 0 {
		return nil, fmt.Errorf("no root bundle of the operating system can be used: %w: %s", fs.ErrNotExist, passed[0])
	}
	return nil, fmt.Errorf("no root bundle of the operating system: %w: /%s and %d other places",
		fs.ErrNotExist, systemFiles[0], len(systemFiles)+len(systemDirs)-1)
}

func loadFrom(fsys fs.FS, name string) (*Bundle, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return load(f, "/"+name)
}
