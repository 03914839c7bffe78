package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mxtls/scanner/maillog"
)

const connected = "Mar  1 12:00:00 mail postfix/smtpd[5]: connect from a.example[192.0.2.7]\n"

// followed is a follower of a log with one line, which it has read.
func followed(t *testing.T) *follower {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mail.log")
	appendTo(t, path, connected)
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	r := &logReader{collector: maillog.NewCollector(maillog.Options{}), zone: time.UTC, now: time.Now()}
	f := &follower{logReader: r, path: path, file: file, log: maillog.NewLog(file, time.UTC, time.Now())}
	t.Cleanup(func() { f.file.Close() })
	f.read(t)
	return f
}

// read reads what there is.
func (f *follower) read(t *testing.T) {
	t.Helper()
	if err := f.log.Read(t.Context(), f.collector); err != nil {
		t.Fatal(err)
	}
}

// rotated goes over to another file if there is one, and reads that.
func (f *follower) rotated(t *testing.T) {
	t.Helper()
	if err := f.rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.read(t)
}

// counts checks how many lines were counted, and how many were none.
func (f *follower) counts(t *testing.T, lines int64, strange int) {
	t.Helper()
	if got := f.collector.Result().Info.Lines; got != lines || f.strange+f.log.Strange() != strange {
		t.Errorf("%d lines and %d strange ones, want %d and %d", got, f.strange+f.log.Strange(), lines, strange)
	}
}

// appendTo appends to a file.
func appendTo(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err == nil {
		_, err = io.WriteString(file, text)
		file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestRotatedLate: a mail server goes on writing to the old file for a while after it was renamed, and what it writes
// between the last look and the new file counts.
func TestRotatedLate(t *testing.T) {
	t.Parallel()
	f := followed(t)
	if err := os.Rename(f.path, f.path+".1"); err != nil {
		t.Fatal(err)
	}
	f.rotated(t) // there is no other file as yet
	appendTo(t, f.path+".1", connected+connected)
	appendTo(t, f.path, connected)
	f.rotated(t)
	f.counts(t, 4, 0)
}

// TestCutInALine: a log that is cut to its begin while a line was half written begins with a line of its own.
func TestCutInALine(t *testing.T) {
	t.Parallel()
	f := followed(t)
	appendTo(t, f.path, "Mar  1 12:00:01 mail postf")
	f.read(t)
	if err := os.Truncate(f.path, 0); err != nil {
		t.Fatal(err)
	}
	appendTo(t, f.path, connected)
	f.rotated(t)
	f.counts(t, 2, 1)
}

// TestInterruptedPipe: a log that comes through a named pipe whose other end is silent does not keep the program.
func TestInterruptedPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	silent, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r := &logReader{collector: maillog.NewCollector(maillog.Options{}), zone: time.UTC, now: time.Now()}
	ended := make(chan error, 1)
	go func() { ended <- r.log(ctx, &logFile{path: path}, false, 0, nil) }()
	cancel()
	select {
	case err := <-ended:
		if err == nil || err.Error() != "interrupted before the log's end: nothing was written" {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it is read on")
	}
}
