package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/postfix"
)

func TestParsePlanFailOn(t *testing.T) {
	t.Parallel()
	got, err := parsePlanFailOn(" deferred,,bounced,plaintext, unknown")
	if err != nil {
		t.Fatal(err)
	}
	want := map[postfix.Outcome]bool{postfix.Deferred: true, postfix.Bounced: true, postfix.Plaintext: true, postfix.Unknown: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []string{"encrypted", "Deferred", "bounced,late"} {
		if _, err := parsePlanFailOn(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestReadConfig: whose CAfile counts where several things name one.
// TestMissing: what can be said of a CAfile that cannot be opened.
func TestMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for file, want := range map[string]error{"": nil, dir: nil, filepath.Join(dir, "x"): fs.ErrNotExist} {
		if err := missing(file); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%q: %v", file, err)
		}
	}
}

func TestReadConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	named := file("main.cf", "smtp_tls_CAfile = /own.pem\nsmtp_tls_CApath = /own\ntls_append_default_CA = yes")
	by := func(f rootFlags) scanFlags { return scanFlags{rootFlags: f} }
	silent := file("silent.cf", "smtp_tls_security_level = encrypt")
	for _, tt := range []struct {
		name       string
		flags      planFlags
		file, path string
		append     bool
		level      postfix.Level
	}{
		{"main.cf alone", planFlags{mainCF: named}, "/own.pem", "/own", true, postfix.None},
		{"main.cf says nothing", planFlags{mainCF: silent}, "", "", false, postfix.Encrypt},
		{"--ca-file beside it", planFlags{mainCF: named, scanFlags: by(rootFlags{caFile: "/my$.pem"})}, "/my$.pem", "", false,
			postfix.None},
		{"--ca-path beside it", planFlags{mainCF: silent, scanFlags: by(rootFlags{caPath: "/my\ndir"})}, "", "/my dir", false,
			postfix.Encrypt},
		{"nothing but --ca-file", planFlags{scanFlags: by(rootFlags{caFile: "/my.pem"})}, "/my.pem", "", false, postfix.None},
		{"main.cf on stdin", planFlags{mainCF: "-"}, "/in.pem", "", false, postfix.Verify},
		{"a listing on stdin", planFlags{postconf: "-"}, "/in.pem", "", false, postfix.Verify},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			stdin := strings.NewReader("smtp_tls_security_level = verify\nsmtp_tls_CAfile = /in.pem\n")
			cfg, err := tt.flags.readConfig(stdin)
			if err != nil {
				t.Fatal(err)
			}
			if cfg.CAfile != tt.file || cfg.CApath != tt.path || cfg.AppendDefaultCA != tt.append || cfg.Level != tt.level {
				t.Errorf("CAfile %q, CApath %q, default %v, level %v", cfg.CAfile, cfg.CApath, cfg.AppendDefaultCA, cfg.Level)
			}
			if tt.flags.named != nil {
				t.Errorf("bundle %v", tt.flags.named.Path)
			}
		})
	}
	embedded := planFlags{mainCF: named, scanFlags: by(rootFlags{ca: "mozilla"})}
	cfg, err := embedded.readConfig(nil)
	if err != nil || embedded.named == nil || cfg.CAfile != embedded.named.Path || cfg.CApath != "" {
		t.Errorf("--ca mozilla: CAfile %q, bundle %v, error %v", cfg.CAfile, embedded.named, err)
	}
}
