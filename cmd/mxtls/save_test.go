package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReplacedBeforeItIsLocked: who opened a file that another run has put its own in the place of since does not take
// the old one for the run.
func TestReplacedBeforeItIsLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, other := filepath.Join(dir, "run.jsonl"), filepath.Join(dir, "other")
	for _, replace := range []func() error{
		func() error { return os.Rename(other, path) },
		func() error { return os.Remove(path) },
	} {
		for _, name := range []string{path, other} {
			if err := os.WriteFile(name, []byte("{}\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		s := saver{path: path, file: file}
		if err := s.lock(); err != nil {
			t.Errorf("a file that nobody replaced: %v", err)
		}
		if err := replace(); err != nil {
			t.Fatal(err)
		}
		if err := s.lock(); err == nil || !strings.Contains(err.Error(), "another mxtls is writing to it") {
			t.Errorf("a file that was replaced: %v", err)
		}
	}
}

// TestBesideSomethingElse: a file beside the one that is written spoils neither what another process has in it nor what a
// link of its name leads to.
func TestBesideSomethingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	path := filepath.Join(dir, "run.jsonl")
	first, err := openBeside("--save", path, ".part")
	if err != nil {
		t.Fatal(err)
	}
	defer first.close()
	if _, err := first.file.WriteString("first"); err != nil {
		t.Fatal(err)
	}
	if _, err := openBeside("--save", path, ".part"); err == nil || !strings.Contains(err.Error(), "another mxtls is writing to it") {
		t.Errorf("a file that another process writes to: %v", err)
	}
	if got := read(first.beside); got != "first" {
		t.Errorf("it holds %q now", got)
	}
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(dir, ".linked.jsonl.part")); err != nil {
		t.Fatal(err)
	}
	if _, err := openBeside("--save", filepath.Join(dir, "linked.jsonl"), ".part"); err == nil {
		t.Error("a link was followed")
	}
	if got := read(other); got != "other" {
		t.Errorf("what the link leads to holds %q now", got)
	}
}
