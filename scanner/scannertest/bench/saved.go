//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

const (
	savedPeakLimit = 250 << 20 // octets, for a run of any length
	savedLimit     = 1.0 / 20  // of the time of the scan that saved it
)

// saved keeps a run, judges it again, compares two, and judges it by other roots: how long that takes beside the scan,
// and in what memory.
func (b *bench) saved() ([]row, error) {
	servers, n := b.pick(1000, 5000), b.pick(50_000, 1_000_000)
	f, err := b.farm(spec{Servers: servers})
	if err != nil {
		return nil, err
	}
	defer f.stop()
	z := newZipf(servers)
	list, err := b.list(n, z.server)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(b.dir, "run.jsonl.zst")
	defer os.Remove(path)
	scan, err := b.scan(f, list, n, listInFlight, "--save", path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	again, err := b.mxtls("scan", "-o", "csv", "--quiet", "--from", path)
	if err == nil && again.lines != n+1 {
		err = fmt.Errorf("%d lines of CSV for %d saved domains", again.lines, n)
	}
	if err != nil {
		return nil, err
	}
	diff, err := b.mxtls("diff", path, path)
	if err != nil {
		return nil, err
	}
	// By Mozilla's roots all of them change, and the table keeps what it names.
	roots, err := b.mxtls("roots", f.roots, "--from", path)
	if err != nil {
		return nil, err
	}
	what := strconv.Itoa(n) + " domains"
	return []row{
		within("peak memory, scan and save "+what, scan.peak, 0, mebibytes, savedPeakLimit),
		within("peak memory, judge them again", again.peak, 0, mebibytes, savedPeakLimit),
		within("peak memory, compare two such runs", diff.peak, 0, mebibytes, savedPeakLimit),
		within("peak memory, judge them by two bundles", roots.peak, 0, mebibytes, savedPeakLimit),
		against("time, judge again, to the scan", again.wall, scan.wall, seconds, savedLimit),
		beside("CPU of that", again.cpu, scan.cpu, seconds),
		{what: "size of the saved run, compressed", ours: mebibytes(info.Size())},
	}, nil
}
