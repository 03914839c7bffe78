package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// outFile is where results go: stdout, or a file that takes its name only once it is whole, so that nobody ever reads
// half a report and a failed run leaves the old one.
type outFile struct {
	io.Writer
	tmp  *os.File // nil for stdout
	path string
}

// createOut opens the output. An empty path or "-" is stdout.
func createOut(path string, stdout io.Writer) (*outFile, error) {
	if path == "" || path == "-" {
		return &outFile{Writer: stdout}, nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return openSpecial(path)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, hinted{fmt.Errorf("--out %s: %w", path, err), "the report is written to a temporary file beside it first"}
	}
	return &outFile{Writer: tmp, tmp: tmp, path: path}, nil
}

// openSpecial opens what cannot be renamed over: a device or a named pipe.
func openSpecial(path string) (*outFile, error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("--out %s: %w", path, err)
	}
	return &outFile{Writer: f}, nil
}

// commit makes the file durable and gives it its name.
func (o *outFile) commit() error {
	if o.tmp == nil {
		return nil
	}
	err := o.tmp.Chmod(o.mode())
	if e := o.tmp.Sync(); err == nil {
		err = e
	}
	if e := o.tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(o.tmp.Name(), o.path)
	}
	if err != nil {
		os.Remove(o.tmp.Name())
		o.tmp = nil
		return o.failed(err)
	}
	o.tmp = nil
	return syncDir(filepath.Dir(o.path))
}

// discard removes what was not committed. It is harmless after commit.
func (o *outFile) discard() {
	if o.tmp != nil {
		o.tmp.Close()
		os.Remove(o.tmp.Name())
		o.tmp = nil
	}
}

// failed says which file could not be written.
func (o *outFile) failed(err error) error {
	if o.path == "" {
		return fmt.Errorf("writing the report: %w", err)
	}
	return hinted{fmt.Errorf("writing %s: %w", o.path, err), "the file that stood there before, if any, is untouched"}
}

// mode is the old file's, or what a new file gets.
func (o *outFile) mode() os.FileMode {
	if info, err := os.Stat(o.path); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}

// syncDir makes a rename durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
