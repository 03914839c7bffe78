package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// outFile is where results go: stdout, or a file that takes its name only once it is whole, so that nobody ever reads
// half a report and a failed run leaves the old one.
type outFile struct {
	io.Writer
	tmp  *os.File // nil for stdout
	path string

	special bool // not a file: written to as it is
}

// createOut opens the output that a flag names. An empty path or "-" is stdout.
func createOut(flag, path string, stdout io.Writer) (*outFile, error) {
	if path == "" || path == "-" {
		return &outFile{Writer: stdout}, nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return openSpecial(flag, path)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link stays one
	}
	name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%08x.tmp", filepath.Base(path), rand.Uint32()))
	tmp, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) // the umask decides, as for any file
	if err != nil {
		return nil, hinted{fmt.Errorf("%s %s: %w", flag, path, cause(err)),
			"what goes there is written to a temporary file beside it first"}
	}
	return &outFile{Writer: tmp, tmp: tmp, path: path}, nil
}

// sameFile reports whether two paths are one file, or would be once it is there. Devices take what comes.
func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return filepath.Clean(a) == filepath.Clean(b)
	}
	other, err := os.Stat(b)
	return err == nil && one.Mode().IsRegular() && os.SameFile(one, other)
}

// openSpecial opens what cannot be renamed over: a device or a named pipe.
func openSpecial(flag, path string) (*outFile, error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, path, cause(err))
	}
	return &outFile{Writer: f, path: path, special: true}, nil
}

// commit makes the file durable and gives it its name.
func (o *outFile) commit() error {
	if o.tmp == nil {
		return nil
	}
	var err error
	if old, e := os.Stat(o.path); e == nil {
		err = o.tmp.Chmod(old.Mode().Perm())
	}
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
		return fmt.Errorf("writing the report: %w", cause(err))
	}
	err = fmt.Errorf("writing %s: %w", o.path, cause(err))
	if o.special {
		return err
	}
	return hinted{err, "the file that stood there before, if any, is untouched"}
}

// cause is an error of package os without the path, which is the temporary file's and means nothing to the user.
func cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	if link, ok := errors.AsType[*os.LinkError](err); ok {
		return link.Err
	}
	return err
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
