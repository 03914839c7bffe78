package main

import (
	"io/fs"
	"os"

	securejoin "github.com/cyphar/filepath-securejoin"
)

// container is the file system of another operating system below a directory of this one, which it is the path of. Its
// absolute symbolic links, by which Red Hat and SUSE name their bundles, begin at its own root, and none leads out of it.
type container string

// Open opens a file by its path from the root.
func (c container) Open(name string) (fs.File, error) {
	path, err := c.path("open", name)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: cause(err)}
	}
	return file, nil
}

// Stat describes a file without opening it, since it may be a pipe.
func (c container) Stat(name string) (fs.FileInfo, error) {
	path, err := c.path("stat", name)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(path) // there is no link left in it
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: cause(err)}
	}
	return info, nil
}

// path is where a file is on this machine.
func (c container) path(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	path, err := securejoin.SecureJoin(string(c), name)
	if err != nil {
		return "", &fs.PathError{Op: op, Path: name, Err: cause(err)}
	}
	return path, nil
}
