package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestContainer: links begin at the container's root, wherever that is, and none leads out of it.
func TestContainer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	outside := filepath.Join(dir, "secret")
	box := filepath.Join(dir, "box")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(box, "etc", "pki", "tls"), 0o755))
	must(os.MkdirAll(filepath.Join(box, "usr", "certs"), 0o755))
	must(os.WriteFile(outside, []byte("outside"), 0o644))
	must(os.WriteFile(filepath.Join(box, "usr", "certs", "ca.pem"), []byte("inside"), 0o644))
	for link, target := range map[string]string{
		"etc/absolute": "/usr/certs/ca.pem", "etc/relative": "../usr/certs/ca.pem", "etc/twice": "/etc/absolute",
		"etc/dir": "/usr/certs", "etc/above": "../../../../usr/certs/ca.pem", "etc/out": outside,
		"etc/escape": "../../secret", "etc/loop": "/etc/loop", "etc/dangling": "/nowhere", "etc/.here": "/./etc//relative",
	} {
		must(os.Symlink(target, filepath.Join(box, filepath.FromSlash(link))))
	}
	must(syscall.Mkfifo(filepath.Join(box, "etc", "pipe"), 0o644))
	root, err := os.OpenRoot(box)
	must(err)
	defer root.Close()
	c := container{root}
	for _, name := range []string{
		"usr/certs/ca.pem", "etc/absolute", "etc/relative", "etc/twice", "etc/dir/ca.pem", "etc/above", "etc/.here",
	} {
		if got, err := fs.ReadFile(c, name); err != nil || string(got) != "inside" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if info, err := fs.Stat(c, name); err != nil || info.Size() != int64(len("inside")) {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	for name, want := range map[string]error{
		"etc/out": fs.ErrNotExist, "etc/escape": fs.ErrNotExist, "etc/loop": syscall.ELOOP, "etc/dangling": fs.ErrNotExist,
		"../secret": fs.ErrInvalid, "/etc/absolute": fs.ErrInvalid, "nosuch": fs.ErrNotExist,
		"usr/certs/ca.pem/x": syscall.ENOTDIR,
	} {
		if got, err := fs.ReadFile(c, name); !errors.Is(err, want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if entries, err := fs.ReadDir(c, "etc/dir"); err != nil || len(entries) != 1 || entries[0].Name() != "ca.pem" {
		t.Errorf("%v, %v", entries, err)
	}
	if info, err := fs.Stat(c, "etc/pipe"); err != nil || info.Mode().IsRegular() {
		t.Errorf("a pipe: %v, %v", info, err)
	}
}
