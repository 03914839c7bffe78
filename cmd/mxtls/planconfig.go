package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
)

const (
	// maxConfig bounds what is read of a main.cf: the limit of package postfix, and one octet to go beyond it.
	maxConfig = 1<<20 + 1
	// defaultCADir is what tls_append_default_CA stands for beside a CAfile, on Debian and most others.
	defaultCADir = "/etc/ssl/certs"
)

// readConfig is the Postfix in question: the one whose main.cf or postconf listing the flags name, else one that has
// only roots to trust. Behind what is read stands what --ca-file and its kin mean in main.cf, where it counts as the
// last assignment.
func (f *planFlags) readConfig(stdin io.Reader) (*postfix.Config, error) {
	o := postfix.Options{Open: openTable, Directory: f.directory()}
	for _, v := range []struct {
		flag, text string
		version    *postfix.Version
	}{{"--postfix-version", f.postfix, &o.Postfix}, {"--openssl-version", f.openssl, &o.OpenSSL}} {
		if v.text == "" {
			continue
		}
		var err error
		if *v.version, err = postfix.ParseVersion(v.text); err != nil {
			return nil, fmt.Errorf("%s: %w", v.flag, err)
		}
	}
	text, err := f.mainCFText(stdin)
	if err != nil {
		return nil, err
	}
	if f.postconf != "" && strings.TrimSpace(string(text)) == "" {
		return nil, hinted{errors.New("--postconf: there is not one setting"), "\"postconf -n\" prints them"}
	}
	override, err := f.override()
	if err != nil {
		return nil, err
	}
	parse := postfix.ParseMainCF
	if f.postconf != "" {
		parse = postfix.ParsePostconf
	}
	s, err := parse(io.MultiReader(bytes.NewReader(text), strings.NewReader(override)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.source(), err)
	}
	return postfix.NewConfig(s, o), nil
}

// directory is where main.cf is; "" where that is not known.
func (f *planFlags) directory() string {
	if f.mainCF == "" || f.mainCF == "-" {
		return ""
	}
	dir, err := filepath.Abs(filepath.Dir(f.mainCF))
	if err != nil {
		return ""
	}
	return dir
}

// openTable opens a policy table that main.cf names.
func openTable(path string) (io.ReadCloser, error) { return os.Open(path) }

// mainCFText is the text that --main-cf or --postconf names; nothing without either.
func (f *planFlags) mainCFText(stdin io.Reader) ([]byte, error) {
	flag, path := "--main-cf", f.mainCF
	if f.postconf != "" {
		flag, path = "--postconf", f.postconf
	}
	r := stdin
	switch path {
	case "":
		return nil, nil
	case "-":
	default:
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		defer file.Close()
		r = file
	}
	text, err := io.ReadAll(io.LimitReader(r, maxConfig))
	switch err = wrap(flag, err); {
	case errors.Is(err, syscall.EISDIR) && flag == "--main-cf":
		return nil, hinted{err, "it wants the file itself: --main-cf " + filepath.Join(path, "main.cf")}
	case err != nil:
		return nil, err
	}
	return text, nil
}

// wrap says which flag an error is about; nil stays nil.
func wrap(flag string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", flag, err)
}

// onStdin is what a configuration that was read from stdin is called.
const onStdin = "stdin"

// source is where the settings come from, for a reader; "" when nothing was read.
func (f *planFlags) source() string {
	switch {
	case f.mainCF == "-" || f.postconf == "-":
		return onStdin
	case f.mainCF != "":
		return f.mainCF
	}
	return f.postconf
}

// override are the lines of main.cf that mean the same as --ca-file, --ca-path or --ca, and as the roots that a scan
// would take where nothing says anything; "" where main.cf alone has the word.
func (f *planFlags) override() (string, error) {
	file, dir := f.caFile, f.caPath
	switch n := nonEmpty(f.caFile, f.caPath, f.ca); {
	case n == 0 && f.source() != "":
		return "", nil
	case n != 1 || f.ca != "":
		var err error
		if f.named, err = f.roots(); err != nil {
			return "", err
		}
		if f.named.From == pkix.Directory {
			dir = f.named.Path
		} else {
			file = f.named.Path
		}
	}
	quote := strings.NewReplacer("$", "$$", "\n", " ", "\r", " ")
	return fmt.Sprintf("\nsmtp_tls_CAfile = %s\nsmtp_tls_CApath = %s\ntls_append_default_CA = no\n",
		quote.Replace(file), quote.Replace(dir)), nil
}

// anchors are the roots that Postfix trusts. A CAfile that it cannot load costs it all TLS, which the configuration is
// told; one that is not on this machine is an error, since main.cf may be another's, and so is one that Postfix may
// read and we may not.
func (f *planFlags) anchors(cfg *postfix.Config) (*pkix.Bundle, error) {
	b := f.named
	if b == nil {
		file, dir := cfg.CAfile, cfg.CApath
		if err := missing(file); err != nil {
			return nil, err
		}
		switch {
		case cfg.AppendDefaultCA && file == "" && dir != "":
			file, _ = systemBundle()
		case cfg.AppendDefaultCA && file != "" && dir == "":
			dir = defaultCADir
		}
		b = pkix.Locations(file, dir)
	}
	cfg.EngineOff = b.TLSOff
	return b, nil
}

// missing is the error of a CAfile of which nothing can be said here; nil when there is one or none is set.
func missing(file string) error {
	if file == "" {
		return nil
	}
	f, err := os.Open(file)
	switch {
	case err == nil:
		return f.Close()
	case errors.Is(err, fs.ErrNotExist):
		return hinted{fmt.Errorf("smtp_tls_CAfile: %w", err),
			"without that file Postfix has no TLS at all; if it is only not on this machine, --ca-file FILE names one that is"}
	case errors.Is(err, fs.ErrPermission):
		return hinted{fmt.Errorf("smtp_tls_CAfile: %w", err),
			"Postfix reads it as root; --ca-file FILE names a copy to judge by"}
	}
	return nil // Postfix cannot read it either
}

// systemBundle is the root bundle of this operating system as a CAfile, or where it has none as a CApath; "" without one.
func systemBundle() (file, dir string) {
	b, err := pkix.System()
	switch {
	case err != nil:
		return "", ""
	case b.From == pkix.File && b.TLSOff == "":
		return b.Path, ""
	}
	return loadable(pkix.Survey(os.DirFS("/")))
}

// loadable is the first file among places that Postfix can load as its CAfile, since another one would cost it all TLS,
// or else the first directory in which it sees all roots.
func loadable(places []pkix.Place) (file, dir string) {
	for i := range places {
		switch p := &places[i]; {
		case p.Bundle == nil:
		case p.Source == pkix.File && p.Bundle.TLSOff == "":
			return p.Path, ""
		case p.Source == pkix.Directory && dir == "" && p.Bundle.Linked():
			dir = p.Path
		}
	}
	return "", dir
}
