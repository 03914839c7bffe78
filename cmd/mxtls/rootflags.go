package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mxtls/scanner/pkix"
)

// rootFlags say by which roots and as of when certificates are judged.
type rootFlags struct {
	caFile string
	caPath string
	ca     string
	at     string
}

// registerRoots adds the flags that say by whose roots certificates are judged.
func (f *rootFlags) registerRoots(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.caFile, "ca-file", "", "judge certificates by the roots in this `FILE`, as smtp_tls_CAfile")
	fl.StringVar(&f.caPath, "ca-path", "", "or by those in this `DIR`ectory, as smtp_tls_CApath")
	fl.StringVar(&f.ca, "ca", "", "or by a named `BUNDLE`: system, mozilla (embedded)\n(default: system, else mozilla)")
}

// registerTime adds the flag that says as of when.
func (f *rootFlags) registerTime(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.at, "at", "", "judge certificates as of this `TIME` (RFC 3339 or YYYY-MM-DD)")
}

// given reports whether the flags name a bundle.
func (f *rootFlags) given() bool { return nonEmpty(f.caFile, f.caPath, f.ca) > 0 }

// load loads the bundle that the flags name, or the one that holds without them.
func (f *rootFlags) load() (*pkix.Bundle, error) {
	switch {
	case nonEmpty(f.caFile, f.caPath, f.ca) > 1:
		return nil, fmt.Errorf("--ca-file, --ca-path and --ca exclude each other")
	case f.caFile != "":
		return named("--ca-file")(pkix.Load(f.caFile))
	case f.caPath != "":
		return named("--ca-path")(pkix.LoadDir(f.caPath))
	case f.ca == "mozilla":
		return pkix.Mozilla()
	case f.ca == "system":
		return pkix.System()
	case f.ca != "":
		return nil, fmt.Errorf("--ca %q is no bundle: it is system or mozilla", f.ca)
	}
	b, err := pkix.System()
	if err != nil {
		return pkix.Mozilla()
	}
	return b, nil
}
