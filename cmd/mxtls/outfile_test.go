package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// write goes through a whole outFile, up to commit or discard.
func write(t *testing.T, path, text string, commit bool) {
	t.Helper()
	o, err := createOut("--out", path, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer o.discard()
	if _, err := io.WriteString(o, text); err != nil {
		t.Fatal(err)
	}
	if commit {
		if err := o.commit(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOutFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link := filepath.Join(dir, "report"), filepath.Join(dir, "latest")
	if err := os.Symlink("report", link); err != nil {
		t.Fatal(err)
	}
	write(t, path, "one", true)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	write(t, link, "two", true)
	write(t, path, "lost", false)
	if got, err := os.ReadFile(path); err != nil || string(got) != "two" {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
