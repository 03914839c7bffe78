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
