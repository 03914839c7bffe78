package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"mxtls/scanner"
	"mxtls/scanner/runfile"
)

// saver writes a run's facts beside its report, in place, so that all that was seen by then survives a crash. Its first
// error ends the saving and not the run: the report goes on. A nil saver keeps nothing.
type saver struct {
	path   string
	file   *os.File
	writer *runfile.Writer
	failed error

	unnamed string // where the file is as yet, in place of path; "" = at path
}

// openSave makes the file. One that holds something is left alone, and so is one that another process writes to.
func openSave(path string) (*saver, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("--save %s: %w", path, cause(err))
	}
	s := &saver{path: path, file: file}
	if err := s.vacant(); err != nil {
		file.Close()
		return nil, err
	}
	return s, nil
}

// vacant takes the file for this process alone and makes sure that nothing is lost.
func (s *saver) vacant() error {
	if err := s.lock(); err != nil {
		return err
	}
	info, err := s.file.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("--save %s: %w", s.path, cause(err))
	case info.Mode().IsRegular() && info.Size() > 0:
		return hinted{fmt.Errorf("--save %s: there is something in it already, which would be lost", s.path),
			"take another name, or remove it; mxtls scan --resume goes on with a run that was cut off"}
	}
	return nil
}

// lock takes the file for this process alone, as long as it is open. A pipe or a device takes what comes.
func (s *saver) lock() error {
	info, err := s.file.Stat()
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, cause(err))
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	err = unix.Flock(int(s.file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return hinted{fmt.Errorf("%s: another mxtls is writing to it", s.path), "give each run a file of its own"}
	case err != nil:
		return fmt.Errorf("%s: locking it: %w", s.path, err)
	}
	return nil
}

// begin writes the first line, unless it stands there.
func (s *saver) begin(h runfile.Head) {
	if s == nil || s.writer != nil || s.failed != nil {
		return
	}
	s.writer, s.failed = runfile.NewWriter(s.file, strings.HasSuffix(s.path, ".zst"), h)
}

func (s *saver) add(group string, r *scanner.Result) {
	if s == nil || s.failed != nil {
		return
	}
	s.failed = s.writer.Add(group, r)
}

func (s *saver) end(t runfile.Tail) {
	if s == nil || s.failed != nil {
		return
	}
	if s.failed = s.writer.End(t); s.failed == nil {
		s.failed = s.sync()
	}
}

// sync makes the file durable; what is no file cannot be.
func (s *saver) sync() error {
	err := s.file.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	if err == nil {
		err = syncDir(filepath.Dir(s.path))
	}
	return err
}

// err is why the facts are not kept, or not whole.
func (s *saver) err() error {
	if s == nil || s.failed == nil {
		return nil
	}
	return hinted{fmt.Errorf("--save %s: %w", s.path, cause(s.failed)), "the report is whole; the saved run is not"}
}

// settle gives a file its name that was written beside it: all that stood there is in it.
func (s *saver) settle() error {
	if s.failed != nil {
		return s.err()
	}
	err := s.writer.Flush()
	if err == nil {
		err = s.file.Sync()
	}
	if err == nil {
		err = os.Rename(s.unnamed, s.path)
	}
	if err == nil {
		s.unnamed = ""
		err = syncDir(filepath.Dir(s.path))
	}
	if err != nil {
		return fmt.Errorf("--resume %s: %w", s.path, cause(err))
	}
	return nil
}

// close closes the file, which also gives the lock back. One that holds nothing, or has no name of its own, goes.
func (s *saver) close() {
	if s == nil {
		return
	}
	if s.unnamed != "" {
		os.Remove(s.unnamed)
	} else if info, err := s.file.Stat(); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		os.Remove(s.path)
	}
	s.file.Close()
}
