package main

import (
	"cmp"
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
	flag   string // that names it
	path   string
	file   *os.File
	writer *runfile.Writer
	failed error
	ended  bool // the last line is written

	beside string   // where the file is as yet, in place of path; "" = at path
	scrap  bool     // all that is in it is elsewhere too, or of no use: it goes when it is closed
	place  *os.File // the empty file at path that keeps the name; nil = there is none
}

// openSave makes the file. One that holds something is left alone, and so is one that another process writes to.
func openSave(path string) (*saver, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		return nil, hinted{errors.New("--save -: a run is kept in a file"),
			"/dev/stdout stands for stdout, ./- for a file of that name"}
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("--save %s: %w", path, cause(err))
	}
	s := &saver{flag: "--save", path: path, file: file}
	if err := s.vacant(); err != nil {
		file.Close()
		return nil, err
	}
	return s, nil
}

// openWhole makes a file that takes its name only once it is whole: see settle. A device is written to as it is.
func openWhole(path string) (*saver, error) {
	place, err := openSave(path)
	if err != nil {
		return nil, err
	}
	if !place.keeps() {
		return place, nil
	}
	s, err := openBeside(place.flag, realPath(path), ".part")
	if err != nil {
		place.close()
		return nil, err
	}
	s.place = place.file
	return s, nil
}

// openBeside makes a file beside another that is to take its name and rights, and is of no use before. What a killed
// run left of such a file is lost, but not what another one is writing, nor what a link of that name leads to: the name
// can be guessed.
func openBeside(flag, path, suffix string) (*saver, error) {
	s := &saver{flag: flag, path: path, scrap: true, beside: hiddenBeside(path, suffix)}
	failed := func(err error) error {
		return hinted{fmt.Errorf("%s %s: %s: %w", flag, path, s.beside, cause(err)),
			"what goes there is written to a file beside it first"}
	}
	var err error
	if s.file, err = os.OpenFile(s.beside, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600); err != nil {
		return nil, failed(err)
	}
	if err = s.lock(); err != nil {
		s.file.Close()
		return nil, err
	}
	if err = s.file.Truncate(0); err != nil {
		s.file.Close()
		return nil, failed(err)
	}
	return s, nil
}

// hiddenBeside is the name of a file beside another.
func hiddenBeside(path, suffix string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+suffix)
}

// realPath is what stands behind a link, which is to stay one.
func realPath(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	return path
}

// keeps reports whether what is written can be read again: a pipe or a device passes it on.
func (s *saver) keeps() bool {
	if s == nil {
		return false
	}
	info, err := s.file.Stat()
	return err == nil && info.Mode().IsRegular()
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
	now, gone := os.Stat(cmp.Or(s.beside, s.path))
	switch {
	case errors.Is(err, unix.EWOULDBLOCK), gone != nil, !os.SameFile(info, now): // another took its name meanwhile
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
		s.ended, s.failed = true, s.sync()
	}
}

// flush hands over what is still in memory, for a run that ends without a last line.
func (s *saver) flush() {
	if s != nil && s.writer != nil && s.failed == nil && !s.ended {
		s.failed = s.writer.Flush()
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
	return fmt.Errorf("%s %s: %w", s.flag, s.path, cause(s.failed))
}

// settle gives a file that was written beside another the name of that one, all of which is in it, with the rights of
// the file that it is to be in the end.
func (s *saver) settle(path string) {
	if s.flush(); s.failed != nil {
		return
	}
	err := s.file.Sync()
	if old, e := os.Stat(s.path); err == nil && e == nil {
		err = s.file.Chmod(old.Mode().Perm())
	}
	if err == nil {
		err = os.Rename(s.beside, path)
	}
	if err == nil {
		s.beside, s.scrap = path, false
		if path == s.path {
			s.beside = ""
		}
		err = syncDir(filepath.Dir(path))
	}
	s.failed = err
}

// close closes the file, which also gives the lock back. One that holds nothing goes.
func (s *saver) close() {
	if s == nil {
		return
	}
	info, err := s.file.Stat()
	switch {
	case s.scrap:
		os.Remove(s.beside)
		if s.place != nil {
			os.Remove(s.path)
		}
	case s.beside == "" && err == nil && info.Mode().IsRegular() && info.Size() == 0:
		os.Remove(s.path)
	}
	s.file.Close()
	if s.place != nil {
		s.place.Close()
	}
}
