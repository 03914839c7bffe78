//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

const (
	savedPeakLimit = 250 << 20 // octets, for a run of any length
	savedLimit     = 1.0 / 20  // of the time of the scan that saved it
)

// saved keeps a run, goes on with it where it was cut off, judges it again, compares two, and judges it by other roots:
// how long that takes beside the scan, and in what memory.
func (b *bench) saved() ([]row, error) {
	// Long enough that neither the start nor the verification of each chain, which both sides do, is what is measured.
	servers, n := b.pick(250, 5000), b.pick(200_000, 1_000_000)
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
	cut := filepath.Join(b.dir, "cut.jsonl.zst")
	defer os.Remove(cut)
	if err := cutOff(path, cut, info.Size()*19/20); err != nil {
		return nil, err
	}
	resumed, err := b.scan(f, list, n, listInFlight, "--resume", cut)
	if err != nil {
		return nil, err
	}
	diff, err := b.mxtls("diff", path, cut) // nothing has changed
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
		within("peak memory, resume it behind 19 of 20 parts", resumed.peak, 0, mebibytes, savedPeakLimit),
		within("peak memory, judge them again", again.peak, 0, mebibytes, savedPeakLimit),
		within("peak memory, compare two such runs", diff.peak, 0, mebibytes, savedPeakLimit),
		within("peak memory, judge them by two bundles", roots.peak, 0, mebibytes, savedPeakLimit),
		against("time, judge again, to the scan", again.wall, scan.wall, seconds, savedLimit),
		beside("CPU of that", again.cpu, scan.cpu, seconds),
		{what: "size of the saved run, compressed", ours: mebibytes(info.Size())},
	}, nil
}

// cutOff copies so many octets of a file.
func cutOff(path, to string, octets int64) error {
	whole, err := os.Open(path)
	if err != nil {
		return err
	}
	defer whole.Close()
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.CopyN(file, whole, octets); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
