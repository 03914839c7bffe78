package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mxtls/scanner/pkix"
	"mxtls/scanner/scannertest"
)

// TestLoadable: what to advise is the first CAfile that Postfix can load, else the first CApath that was made ready.
func TestLoadable(t *testing.T) {
	t.Parallel()
	good, off := &pkix.Bundle{Roots: 1}, &pkix.Bundle{Roots: 1, TLSOff: "a PEM block that cannot be decoded"}
	absent := pkix.Place{Path: "/absent", Source: pkix.File, Err: fs.ErrNotExist}
	broken := pkix.Place{Path: "/broken", Source: pkix.File, Bundle: off, Used: true}
	dir := func(path string) pkix.Place {
		b, err := pkix.Inspect(path)
		if err != nil {
			t.Fatal(err)
		}
		return pkix.Place{Path: path, Source: pkix.Directory, Bundle: b}
	}
	const hashed = "../../testdata/roots/hashed"
	bare := t.TempDir()
	if err := os.WriteFile(filepath.Join(bare, "ca.pem"), scannertest.NewCA("Root").PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	file := pkix.Place{Path: "/file", Source: pkix.File, Bundle: good}
	for _, tc := range []struct {
		places    []pkix.Place
		file, dir string
	}{
		{nil, "", ""}, {[]pkix.Place{absent, broken, dir(bare)}, "", ""},
		{[]pkix.Place{absent, broken, dir(bare), dir(hashed)}, "", hashed},
		{[]pkix.Place{absent, broken, dir(hashed), file}, "/file", ""}, {[]pkix.Place{file, broken}, "/file", ""},
	} {
		if file, dir := loadable(tc.places); file != tc.file || dir != tc.dir {
			t.Errorf("%v: %q, %q, want %q, %q", tc.places, file, dir, tc.file, tc.dir)
		}
	}
}

func TestParseSpan(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"2y": 730 * day, "0d": 0, "180d": 180 * day, "3w": 21 * day, "36h": 36 * time.Hour, "255y": 255 * year,
	} {
		if got, err := parseSpan(text); err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "y", "-1y", "1.5y", "300y", "2 y", "-2d", "soon", "99999999d"} {
		if got, err := parseSpan(text); err == nil {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// TestStale: a bundle without a date is as old as its newest root, and one without either is not known to be stale.
func TestStale(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	fresh, err := pkix.Inspect("../../testdata/roots/fresh.pem") // its newest root is of 2025-06-01
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		date time.Time
		span time.Duration
		want bool
	}{
		{at.Add(-year), year, true}, {at.Add(-year + time.Second), year, false}, {at.Add(time.Hour), 0, false},
		{time.Time{}, year, true}, {time.Time{}, 2 * year, false},
	} {
		fresh.Date = tc.date
		if got := stale(pkix.NewAudit(fresh, nil, at, 0), tc.span); got != tc.want {
			t.Errorf("of %s, stale after %s: %v", tc.date, tc.span, got)
		}
	}
	if stale(pkix.NewAudit(&pkix.Bundle{}, nil, at, 0), 0) {
		t.Error("a bundle of no date is stale")
	}
}
