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
	info, err := s.file.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("--save %s: %w", s.path, cause(err))
	case !info.Mode().IsRegular():
		return nil // a pipe or a device takes what comes
	}
	if err := unix.Flock(int(s.file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			return hinted{fmt.Errorf("--save %s: another mxtls is writing to it", s.path), "give each run a file of its own"}
		}
		return fmt.Errorf("--save %s: locking it: %w", s.path, err)
	}
	if info, err = s.file.Stat(); err == nil && info.Size() > 0 {
		return hinted{fmt.Errorf("--save %s: there is something in it already, which would be lost", s.path),
			"take another name, or remove it"}
	}
	return nil
}

func (s *saver) begin(h runfile.Head) {
	if s == nil {
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

// close closes the file, which also gives the lock back. One that holds nothing goes.
func (s *saver) close() {
	if s == nil {
		return
	}
	if info, err := s.file.Stat(); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		os.Remove(s.path)
	}
	s.file.Close()
}
