package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"mxtls/scanner/maillog"
)

// headLines is how many lines of a log are read to find out when it begins.
const headLines = 1000

// followPause is how long a log that is followed is left alone once it was read to its end.
const followPause = 500 * time.Millisecond

// logFile is one log of several.
type logFile struct {
	path   string // "" = stdin
	stdin  io.Reader
	info   os.FileInfo // nil for stdin
	latest time.Time   // none of its lines is later
	begins int64
}

// openLogs looks at each log that is named and puts them into the order of time; stdin keeps its place at the end.
func openLogs(paths []string, stdin io.Reader, zone *time.Location, now time.Time) ([]logFile, error) {
	var logs []logFile
	for i, path := range paths {
		if path == "-" {
			if slices.Contains(paths[:i], "-") {
				return nil, errors.New("stdin is named twice")
			}
			logs = append(logs, logFile{stdin: stdin, latest: now, begins: 1 << 62})
			continue
		}
		l, err := lookAtLog(path, zone)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(logs, func(o logFile) bool { return o.info != nil && os.SameFile(o.info, l.info) }); i >= 0 {
			return nil, fmt.Errorf("%s and %s are the same log: its mail would count twice", oneLine(logs[i].path), oneLine(path))
		}
		logs = append(logs, l)
	}
	slices.SortStableFunc(logs, func(a, b logFile) int {
		switch {
		case a.begins < b.begins:
			return -1
		case a.begins > b.begins:
			return 1
		}
		return 0
	})
	return logs, nil
}

// lookAtLog finds out when a log begins. One without a line begins at the time of its last change.
func lookAtLog(path string, zone *time.Location) (logFile, error) {
	l := logFile{path: path}
	file, info, err := openLog(path)
	if err != nil {
		return l, err
	}
	defer file.Close()
	l.info, l.latest, l.begins = info, info.ModTime(), info.ModTime().Unix()
	if !info.Mode().IsRegular() {
		return l, nil // a pipe can be read but once
	}
	plain, err := maillog.Plain(file)
	if err != nil {
		return l, unreadable(path, err)
	}
	defer plain.Close()
	lines, framer := maillog.NewLineReader(plain), maillog.NewFramer(zone, l.latest)
	for range headLines {
		text, err := lines.Next()
		if err != nil {
			text = lines.Rest()
		}
		var line maillog.Line
		if framer.Frame(text, &line) {
			l.begins = line.Unix
			return l, nil
		}
		if err != nil {
			break
		}
	}
	return l, nil
}

func openLog(path string) (*os.File, os.FileInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the log: %w", err)
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("is a directory")
	}
	if err != nil {
		file.Close()
		return nil, nil, unreadable(path, err)
	}
	return file, info, nil
}

func unreadable(path string, err error) error {
	if path == "" {
		path = "stdin"
	}
	return fmt.Errorf("reading the log %s: %w", oneLine(path), cause(err))
}

// logReader counts logs one after the other.
type logReader struct {
	collector *maillog.Collector
	zone      *time.Location
	now       time.Time
	strange   int // lines that are none of a log
	tooLong   int
}

// read counts all logs; the last one goes on to be read as it grows if it is followed, and report is called now and then.
func (r *logReader) read(ctx context.Context, logs []logFile, follow bool, every time.Duration, report func() error) error {
	for i := range logs {
		last := follow && i == len(logs)-1
		if err := r.log(ctx, &logs[i], last, every, report); err != nil {
			return err
		}
	}
	return nil
}

// log counts one log.
func (r *logReader) log(ctx context.Context, l *logFile, follow bool, every time.Duration, report func() error) error {
	in := l.stdin
	var file *os.File
	if l.path != "" {
		var err error
		if file, _, err = openLog(l.path); err != nil {
			return err
		}
		defer func() { file.Close() }()
		if in = file; !follow {
			in = interruptibleFile(ctx, file)
		}
	} else {
		in = interruptible(ctx, in)
	}
	plain, err := maillog.Plain(in)
	if err != nil {
		return unreadable(l.path, err)
	}
	defer plain.Close()
	log := maillog.NewLog(plain, r.zone, l.latest)
	err = log.Read(ctx, r.collector)
	if err == nil && follow && file != nil {
		f := follower{r, l.path, file, log, every, report}
		file, err = f.follow(ctx)
		log = f.log
	}
	r.rest(log)
	switch {
	case err != nil && ctx.Err() != nil && follow:
		return nil // that is how following ends
	case ctx.Err() != nil:
		return errors.New("interrupted before the log's end: nothing was written")
	case err != nil:
		return unreadable(l.path, err)
	}
	return nil
}

// rest counts a last line without a line feed, and what was left out.
func (r *logReader) rest(log *maillog.Log) {
	log.Rest(r.collector)
	r.strange += log.Strange()
	r.tooLong += log.TooLong()
}

// follower reads a log as it grows, and the next one of its name when it is rotated.
type follower struct {
	*logReader
	path   string
	file   *os.File
	log    *maillog.Log
	every  time.Duration
	report func() error
}

// follow ends with the context's error, and returns the file that is open then.
func (f *follower) follow(ctx context.Context) (*os.File, error) {
	pause := time.NewTicker(followPause)
	defer pause.Stop()
	due := time.Now()
	for {
		if !time.Now().Before(due) {
			if err := f.report(); err != nil {
				return f.file, err
			}
			due = time.Now().Add(f.every)
		}
		select {
		case <-ctx.Done():
			return f.file, ctx.Err()
		case <-pause.C:
		}
		if err := f.log.Read(ctx, f.collector); err != nil {
			return f.file, err
		}
		if err := f.rotate(ctx); err != nil {
			return f.file, err
		}
	}
}

// rotate goes over to the file that has the name now, once it has something in it: until then the one who writes may
// still have the old one open, which is read to its end first. A file that was cut to its begin (logrotate's
// copytruncate) is read from there.
func (f *follower) rotate(ctx context.Context) error {
	old, err := f.file.Stat()
	if err != nil {
		return err
	}
	if at, err := f.file.Seek(0, io.SeekCurrent); err == nil && old.Size() < at {
		if _, err := f.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		f.begin(f.file)
	}
	info, err := os.Stat(f.path)
	if err != nil || os.SameFile(old, info) || info.Size() == 0 {
		return nil // between two files there may be none for a while
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil // not yet ours to read
	}
	if err := f.log.Read(ctx, f.collector); err != nil { // what was written to the old one since it was read
		file.Close()
		return err
	}
	f.file.Close()
	f.begin(file)
	return nil
}

// begin goes on with a file's begin.
func (f *follower) begin(file *os.File) {
	f.rest(f.log)
	f.file, f.log = file, maillog.NewLog(file, f.zone, time.Now())
}
