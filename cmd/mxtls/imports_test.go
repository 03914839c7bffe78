package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers are the packages in the order in which they may import each other: only what stands before.
var layers = []string{
	"mxtls/scanner/internal/enum",
	"mxtls/scanner/internal/txtrecord",
	"mxtls/scanner/truth",
	"mxtls/scanner/name",
	"mxtls/scanner/received",
	"mxtls/scanner/list",
	"mxtls/scanner/resolve",
	"mxtls/scanner/clienthello",
	"mxtls/scanner/pkix",
	"mxtls/scanner/starttls",
	"mxtls/scanner/mx",
	"mxtls/scanner/dane",
	"mxtls/scanner/mtasts",
	"mxtls/scanner/tlsrpt",
	"mxtls/scanner/postfix",
	"mxtls/scanner/maillog",
	"mxtls/scanner/verdict",
	"mxtls/scanner",
	"mxtls/scanner/runfile",
	"mxtls/scanner/change",
	"mxtls/report",
	"mxtls/scanner/scannertest",
	"mxtls/scanner/scannertest/bench",
	"mxtls/cmd/mxtls",
}

// only says which packages alone may import a module directly.
var only = map[string][]string{
	"github.com/miekg/dns":              {"mxtls/scanner/resolve", "mxtls/scanner/scannertest"},
	"github.com/olekukonko/tablewriter": {"mxtls/report"},
	"github.com/spf13/cobra":            {"mxtls/cmd/mxtls"},
}

// ofMaillog are the packages that maillog may import: the words that it shares with the rest.
var ofMaillog = []string{"mxtls/scanner/internal/enum", "mxtls/scanner/name", "mxtls/scanner/postfix", "mxtls/scanner/truth"}

func TestImportDirections(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "mxtls/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) < 10 {
		t.Fatalf("go list knows only %d packages", len(lines))
	}
	for _, line := range lines {
		fields := strings.Fields(line)
		pkg, imports := fields[0], fields[1:]
		place := slices.Index(layers, pkg)
		if place < 0 {
			t.Errorf("%s has no place in the order of the packages", pkg)
			continue
		}
		for _, imp := range imports {
			if strings.HasPrefix(imp, "mxtls/") && slices.Index(layers, imp) >= place {
				t.Errorf("%s must not import %s", pkg, imp)
			}
			if pkg == "mxtls/scanner/scannertest" && strings.HasPrefix(imp, "mxtls/") && imp != "mxtls/scanner/name" {
				t.Errorf("%s may import mxtls/scanner/name alone, not %s", pkg, imp)
			}
			if pkg == "mxtls/scanner/maillog" && strings.HasPrefix(imp, "mxtls/") && !slices.Contains(ofMaillog, imp) {
				t.Errorf("%s must not import %s: only %v", pkg, imp, ofMaillog)
			}
			for module, users := range only {
				if (imp == module || strings.HasPrefix(imp, module+"/")) && !slices.Contains(users, pkg) {
					t.Errorf("%s must not import %s: that is for %v", pkg, imp, users)
				}
			}
		}
	}
}
