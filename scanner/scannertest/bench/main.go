//go:build linux

// Bench measures what mxtls costs: processor time, memory and time, each beside the least that it could be.
//
//	go run ./scanner/scannertest/bench [-short] [-only REGEXP]
//
// It prints one table. What counts in it are the ratios, since both sides of each are measured in the same run on the
// same machine; where they are processor times, in turns. It exits with 0 however the table reads: machines are noisy,
// and the table is for a person. A session that fails or a result that is wrong ends it with 2.
//
// The mail servers and the DNS run in another process, this program started again, so that their work is not counted
// as the scanner's. They stand on addresses of 127.64.0.0/10, hence Linux alone.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == farmArg {
		exitOn(runFarm(os.Args[2], os.Stdin, os.Stdout))
		return
	}
	short := flag.Bool("short", false, "measure less, in a minute")
	only := flag.String("only", "",
		"measure only what matches this `REGEXP`: session, lookup, chain, memory, list, saved, wide, few, traffic")
	flag.Parse()
	exitOn(run(*short, *only))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
}

// A bench is one run of this program.
type bench struct {
	short  bool
	dir    string // for what has to be a file
	binary string // mxtls
}

// pick is full, or less when the run is to be short.
func (b *bench) pick(less, full int) int {
	if b.short {
		return less
	}
	return full
}

// measurements in the order of the table.
var measurements = []struct {
	name string
	do   func(*bench) ([]row, error)
}{
	{"session", (*bench).sessions},
	{"lookup", (*bench).lookups},
	{"chain", (*bench).chains},
	{"memory", (*bench).memory},
	{"list", (*bench).lists},
	{"saved", (*bench).saved},
	{"wide", (*bench).wide},
	{"few", (*bench).few},
	{"traffic", (*bench).traffic},
}

func run(short bool, only string) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	dir, err := os.MkdirTemp("", "mxtls-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{short: short, dir: dir, binary: filepath.Join(dir, "mxtls")}
	build := exec.Command("go", "build", "-o", b.binary, "mxtls/cmd/mxtls")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building mxtls: %w", err)
	}
	// As the command does, for the bare loops too: a collector that runs less often is nobody's merit here.
	debug.SetGCPercent(400)

	fmt.Printf("%s %s/%s, %d processors\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	before, err := loadNow()
	if err != nil {
		return err
	}
	var rows []row
	for _, m := range measurements {
		if !wanted.MatchString(m.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "bench: %s\n", m.name)
		more, err := m.do(b)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		rows = append(rows, more...)
	}
	if err := printTable(os.Stdout, rows); err != nil {
		return err
	}
	after, err := loadNow()
	if err != nil {
		return err
	}
	fmt.Printf("\nOther programs took %.0f %% of the processors meanwhile; the more, the less the times mean.\n",
		100*after.others(before))
	return nil
}
