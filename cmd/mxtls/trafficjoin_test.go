package main

import (
	"slices"
	"testing"

	"mxtls/report"
	"mxtls/scanner/maillog"
)

// TestHide: neither a name nor the names' order is left of the domains of a failure.
func TestHide(t *testing.T) {
	t.Parallel()
	names := []string{"a.example", "b.example", "c.example", "d.example", "e.example", "f.example"}
	traffic := &report.Traffic{Failures: []maillog.Failure{{Domains: slices.Clone(names)}}}
	newHasher([]byte("a key of some octets")).hide(traffic)
	got := traffic.Failures[0].Domains
	if !slices.IsSorted(got) || slices.ContainsFunc(got, func(d string) bool { return slices.Contains(names, d) }) {
		t.Errorf("%q", got)
	}
}
