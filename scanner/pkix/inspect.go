package pkix

import (
	"errors"
	"io/fs"
	"os"
)

// Inspect loads a file or a directory for a report on it. Unlike Load and LoadDir it takes what has no root: TLSOff
// then says of a file why Postfix cannot load it, as of one with a broken block, and a directory has Warnings. The error
// is that of a path that cannot be read, or of something over our limits.
func Inspect(name string) (*Bundle, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		b, _, err := readDir(os.DirFS(name), ".", name)
		if err != nil {
			return nil, err
		}
		b.finish()
		return b, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return inspectFile(f, name)
}

// inspectFile loads an open file.
func inspectFile(f fs.File, name string) (*Bundle, error) {
	data, date, err := read(f, name, maxBundle)
	if err != nil {
		return nil, err
	}
	p, err := parsePEM(name, data)
	if err != nil {
		return nil, err
	}
	b := newBundle(File, name)
	b.Date = date
	b.load(name, data, p)
	b.finish()
	return b, nil
}

// A Place is where some operating system keeps its roots, and what is there.
type Place struct {
	Path   string // absolute, in the operating system that was looked at
	Source Source // File or Directory
	Err    error  // why it cannot be taken: fs.ErrNotExist, or what was found instead of roots; nil = it can
	Used   bool   // the one that Find takes, and so System
	Bundle *Bundle
}

// Exists reports whether there is something, usable or not.
func (p *Place) Exists() bool { return !errors.Is(p.Err, fs.ErrNotExist) }

// Survey looks at every place that Find knows, in its order: where the operating system with the root directory fsys
// has its roots. A place that can be taken has a Bundle.
func Survey(fsys fs.FS) []Place {
	var places []Place
	used := false
	add := func(name string, from Source, load func() (*Bundle, error)) {
		b, err := load()
		p := Place{Path: "/" + name, Source: from, Bundle: b, Err: err, Used: err == nil && !used}
		used = used || p.Used
		places = append(places, p)
	}
	for _, name := range systemFiles {
		add(name, File, func() (*Bundle, error) { return loadFrom(fsys, name) })
	}
	for _, name := range systemDirs {
		add(name, Directory, func() (*Bundle, error) { return loadDir(fsys, name, "/"+name) })
	}
	return places
}
