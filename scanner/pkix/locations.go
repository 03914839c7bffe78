package pkix

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Locations is what Postfix gets from smtp_tls_CAfile and smtp_tls_CApath together; "" is a parameter that is not set,
// and with neither every chain is untrusted. Unlike Load it takes files without a root, as Postfix does, and never
// fails: where Postfix would have no TLS at all because it cannot load them, TLSOff says why. Of a directory only the
// hash links count, which OpenSSL looks at when it needs them: what is wrong there is a warning.
func Locations(caFile, caPath string) *Bundle {
	b := newBundle(SourceUnknown, caFile)
	if caFile != "" {
		b.From = File
		b.readFile(caFile)
	}
	if caPath != "" {
		b.readLinks(caPath)
	}
	b.finish()
	return b
}

// readFile takes in a CAfile, or says why it switches TLS off.
func (b *Bundle) readFile(file string) {
	p, data, err := func() (*pemFile, []byte, error) {
		f, err := os.Open(file)
		if err != nil {
			return nil, nil, err
		}
		defer f.Close()
		var data []byte
		if data, b.Date, err = read(f, file, maxBundle); err != nil {
			return nil, nil, err
		}
		p, err := parsePEM(file, data)
		return p, data, err
	}()
	if err != nil {
		b.TLSOff = fmt.Sprintf("%s: %s", file, cause(err))
		return
	}
	b.load(file, data, p)
}

// load takes in the parsed text of a CAfile, or says why it switches TLS off.
func (b *Bundle) load(file string, data []byte, p *pemFile) {
	switch {
	case p.broken != "":
		b.TLSOff = p.broken
	case len(p.anchors) == 0:
		b.TLSOff = fmt.Sprintf("%s: no certificate: %s", file, p.found(data))
	}
	b.take(p)
}

// readLinks takes in a CApath.
func (b *Bundle) readLinks(dir string) {
	fsys := os.DirFS(dir)
	entries, err := fs.ReadDir(fsys, ".")
	if err == nil && len(entries) > maxFiles {
		err = fmt.Errorf("more than %d files", maxFiles)
	}
	if err != nil {
		b.warn(dir, cause(err).Error())
		return
	}
	if b.Path == "" {
		b.From, b.Path = Directory, dir
	}
	links, err := b.addFiles(fsys, ".", entries, isHashLink)
	if err == nil && links == 0 {
		err = errors.New(noLinks)
	}
	if err != nil {
		b.warn(dir, err.Error())
	}
}
