package main

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// container is the file system of another operating system below a directory of this one. Its absolute symbolic links,
// by which Red Hat and SUSE name their bundles, begin at its own root, and nothing leads out of it.
type container struct{ root *os.Root }

// maxLinks is as many as Linux follows.
const maxLinks = 40

// Open opens a file by its path from the root.
func (c container) Open(name string) (fs.File, error) {
	found, err := c.follow("open", name)
	if err != nil {
		return nil, err
	}
	return c.root.FS().Open(found)
}

// Stat describes a file without opening it, since it may be a pipe.
func (c container) Stat(name string) (fs.FileInfo, error) {
	found, err := c.follow("stat", name)
	if err != nil {
		return nil, err
	}
	return c.root.Lstat(found)
}

// follow is the path of what a path leads to, in which there is no link left.
func (c container) follow(op, name string) (string, error) {
	fail := func(err error) (string, error) { return "", &fs.PathError{Op: op, Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	at, links := ".", 0
	for left := strings.Split(name, "/"); len(left) > 0; {
		next := left[0]
		left = left[1:]
		switch next {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at) // of the root, the root
			continue
		}
		found := path.Join(at, next)
		info, err := c.root.Lstat(found)
		if err != nil {
			return fail(cause(err))
		}
		if info.Mode().Type() != fs.ModeSymlink {
			at = found
			continue
		}
		if links++; links > maxLinks {
			return fail(syscall.ELOOP)
		}
		target, err := c.root.Readlink(found)
		if err != nil {
			return fail(cause(err))
		}
		if path.IsAbs(target) {
			at = "."
		}
		left = append(strings.Split(target, "/"), left...)
	}
	return at, nil
}
