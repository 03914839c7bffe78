package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sort"
	"sync"

	"github.com/spf13/cobra"

	"mxtls/scanner/list"
	"mxtls/scanner/runfile"
)

// sourceFlags name the lists of a run.
type sourceFlags struct {
	files   []string
	column  string
	presets []string
}

func (f *sourceFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringArrayVarP(&f.files, "file", "f", nil, "read domains from this `FILE`, one a line or CSV; - is stdin; repeatable")
	fl.StringVar(&f.column, "column", "", "the `COLUMN` of a CSV list that holds the domains: its number or its name")
	fl.StringArrayVar(&f.presets, "preset", nil, "scan a list that comes with the program, by `NAME`; repeatable")
}

// none reports whether no list is named.
func (f *sourceFlags) none() bool { return len(f.files)+len(f.presets) == 0 }

// open opens every list before anything is scanned, so that a wrong name costs nothing. Arguments come first, then
// files, then presets. An argument "-" is stdin, as -f - is.
func (f *sourceFlags) open(ctx context.Context, args []string, stdin io.Reader) (*sources, error) {
	s := newSources()
	domains := make([]string, 0, len(args))
	files := f.files
	for _, a := range args {
		if a == "-" {
			files = append(files, a)
			continue
		}
		domains = append(domains, a)
	}
	if len(domains) > 0 {
		s.addDomains(domains)
	}
	for _, path := range files {
		if err := s.addFile(ctx, path, f.column, stdin); err != nil {
			s.close()
			return nil, err
		}
	}
	for _, name := range f.presets {
		p, err := list.FindPreset(name)
		if err != nil {
			s.close()
			return nil, hinted{err, "mxtls scan --list-presets prints them all"}
		}
		s.lists = append(s.lists, source{group: p.Name, items: noErrors(s.reader.Preset(p))})
	}
	if len(s.lists) == 0 {
		return nil, hinted{errors.New("nothing to scan"), "name domains, -f FILE, - for stdin, or --preset NAME"}
	}
	return s, nil
}

// interruptible is a reader that ends when ctx does, which a read of a terminal or a pipe may not.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	out, in := io.Pipe()
	context.AfterFunc(ctx, func() { in.Close() })
	go func() { // lasts as long as the read, at most to the end of the process
		_, err := io.Copy(in, r)
		in.CloseWithError(err)
	}()
	return out
}

// interruptibleFile is that of a file, unless it is one whose reading ends anyway.
func interruptibleFile(ctx context.Context, file *os.File) io.Reader {
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		return file
	}
	return interruptible(ctx, file)
}

// sources are the lists of one run, read one after the other as the scan asks for more.
type sources struct {
	reader list.Reader
	lists  []source
	files  []*os.File

	lines int // of the files and arguments, which is about how many items they hold

	ahead []list.Item // read before the scan asked
	next  func() (list.Item, error, bool)
	stop  func()

	mu     sync.Mutex
	begins []groupStart // by index
	read   int
	done   bool
	failed error
}

// source is one list.
type source struct {
	group string
	items iter.Seq2[list.Item, error]
}

// groupStart says that items from index on belong to a group.
type groupStart struct {
	index int
	group string
}

func newSources() *sources { return &sources{} }

// addFile takes a file or stdin in. Stdin is left alone unless it is named: it may be somebody else's, as in a shell's
// "while read" loop.
func (s *sources) addFile(ctx context.Context, path, column string, stdin io.Reader) error {
	if path == "-" {
		s.add("stdin", column, interruptible(ctx, stdin))
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("-f: %w", err)
	}
	s.files = append(s.files, file)
	info, err := file.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("-f: %w", err)
	case info.IsDir():
		return fmt.Errorf("-f: %s is a directory", path)
	case info.Mode().IsRegular() && isSavedRun(file):
		return hinted{fmt.Errorf("-f %s: it is a saved run, not a list of domains", path), "--from FILE judges it again"}
	case info.Mode().IsRegular():
		s.lines += countLines(file)
		s.add(filepath.Base(path), column, file)
	default:
		s.add(filepath.Base(path), column, interruptible(ctx, file))
	}
	return nil
}

// isSavedRun reports whether a file is what --save writes. The file is left at its beginning.
func isSavedRun(file *os.File) bool {
	run, err := runfile.NewReader(file)
	if err == nil {
		run.Close()
	}
	_, failed := file.Seek(0, io.SeekStart)
	return err == nil && failed == nil
}

// addDomains takes domains in.
func (s *sources) addDomains(domains []string) {
	s.lines += len(domains)
	s.lists = append(s.lists, source{items: noErrors(s.reader.Args(domains, ""))})
}

// countLines is the number of lines of a regular file, for the progress line alone. The file is left at its beginning.
func countLines(file *os.File) (lines int) {
	buf := make([]byte, 64<<10)
	for {
		n, err := file.Read(buf)
		lines += bytes.Count(buf[:n], []byte{'\n'})
		if err != nil {
			break
		}
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0 // reading it will fail, and say so
	}
	return lines
}

// add takes a list in.
func (s *sources) add(group, column string, r io.Reader) {
	s.lists = append(s.lists, source{group, s.reader.Read(r, list.Options{Group: group, Column: column})})
}

func noErrors(items iter.Seq[list.Item]) iter.Seq2[list.Item, error] {
	return func(yield func(list.Item, error) bool) {
		for i := range items {
			if !yield(i, nil) {
				return
			}
		}
	}
}

// close closes the files.
func (s *sources) close() {
	if s.stop != nil {
		s.stop()
	}
	for _, f := range s.files {
		f.Close()
	}
}

// pull is the next item of all lists.
func (s *sources) pull() (list.Item, error, bool) {
	if s.next == nil {
		s.next, s.stop = iter.Pull2(s.everything)
	}
	return s.next()
}

func (s *sources) everything(yield func(list.Item, error) bool) {
	for _, l := range s.lists {
		for item, err := range l.items {
			if !yield(item, err) {
				return
			}
			if err != nil {
				return
			}
		}
	}
}

// exceeds reads ahead to tell whether the lists hold more than n items. An error among them comes first, before
// anything is scanned.
func (s *sources) exceeds(n int) (bool, error) {
	for len(s.ahead) <= n {
		item, err, ok := s.pull()
		if !ok {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		s.ahead = append(s.ahead, item)
	}
	return true, nil
}

// all yields the items' texts. It may be called from another goroutine than the rest.
func (s *sources) all() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, item := range s.ahead {
			s.note(item)
			if !yield(item.Input) {
				return
			}
		}
		s.ahead = nil
		for {
			item, err, ok := s.pull()
			if !ok || err != nil {
				s.finish(err)
				return
			}
			s.note(item)
			if !yield(item.Input) {
				return
			}
		}
	}
}

// note counts an item and remembers where its group begins.
func (s *sources) note(item list.Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.begins); n == 0 || s.begins[n-1].group != item.Group {
		s.begins = append(s.begins, groupStart{s.read, item.Group})
	}
	s.read++
}

func (s *sources) finish(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done, s.failed = true, err
}

// group is the group of the item at an index.
func (s *sources) group(index int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := sort.Search(len(s.begins), func(i int) bool { return s.begins[i].index > index })
	if i == 0 {
		return ""
	}
	return s.begins[i-1].group
}

// count is how many items there are: exactly when all were read, before that as far as can be told.
func (s *sources) count() (n int, final bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return s.read, true
	}
	return max(s.read, s.lines), false
}

// err is why a list could not be read to its end.
func (s *sources) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// duplicates is how many items were left out as named before. It is for after the scan.
func (s *sources) duplicates() int { return s.reader.Stats().Duplicates }
