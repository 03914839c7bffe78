package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mxtls/scanner/runfile"
)

const (
	gapKills  = 40
	gapEach   = 16 // items of the list for each that is in a gap
	gapWithin = 10 // kills that have to come while gaps are filled
)

// kept is what the files of a run hold.
type kept struct {
	items map[int]bool
	addrs map[netip.Addr]bool
	tail  *runfile.Tail // of the last one
}

// heldBy is what some files hold together.
func heldBy(t *testing.T, files ...string) kept {
	t.Helper()
	k := kept{items: map[int]bool{}, addrs: map[netip.Addr]bool{}}
	for _, file := range files {
		k.tail = readRun(t, file, func(s *runfile.Saved) {
			k.items[s.Result.Index] = true
			for i := range s.Result.Facts.Servers {
				k.addrs[s.Result.Facts.Servers[i].Addr.Addr()] = true
			}
		})
	}
	return k
}

// TestResumedRunIsKilled: a run that was interrupted has gaps. However often the run that fills them is killed or
// interrupted itself, nothing is lost that was there, and nobody is asked again whose session was kept.
func TestResumedRunIsKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := newWorld(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	list := w.populate(t, dir)
	lonely := w.lonely(t, list)
	binary := buildMxtls(t, dir)
	file := filepath.Join(dir, "run.jsonl")
	since := filepath.Join(dir, ".run.jsonl.resume")
	command := func(args ...string) *exec.Cmd {
		all := []string{"-q", "-f", list, "--rate", "0", "--per-provider", "0"}
		cmd := exec.Command(binary, slices.Concat([]string{"scan"}, w.flags(), all, args)...)
		cmd.Dir = dir
		return cmd
	}
	if out, err := command("--save", file, "--out", os.DevNull).CombinedOutput(); err != nil {
		t.Fatalf("the first one: %v\n%s", err, out)
	}
	gapped := withGaps(t, file, lonely)
	random := rand.New(rand.NewPCG(3, 4))
	within, finished := 0, 0
	begin := func() {
		if err := os.WriteFile(file, gapped, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	begin()
	killed := 0
	for ; killed < gapKills || within < gapWithin && killed < 10*gapKills; killed++ {
		old, all := heldBy(t, file), heldBy(t, since, file)
		asked := w.sessions(all.addrs)
		cmd := command("--resume", file, "--rate", "15", "--out", os.DevNull) // the gaps take about a second
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var signal os.Signal = os.Kill
		if random.IntN(3) == 0 {
			signal = os.Interrupt
		}
		after := time.Duration(random.Int64N(int64(1200 * time.Millisecond)))
		timer := time.AfterFunc(after, func() { cmd.Process.Signal(signal) })
		cmd.Wait() // killed or not: the files tell
		timer.Stop()
		if again := w.sessions(all.addrs) - asked; again != 0 {
			t.Fatalf("%d sessions with servers whose session was kept", again)
		}
		isOld, isAll := heldBy(t, file), heldBy(t, since, file)
		if n := lost(old.items, isOld.items); n >= 0 {
			t.Fatalf("%v took item %d from the run", signal, n)
		}
		if n := lost(all.items, isAll.items); n >= 0 {
			t.Fatalf("%v took item %d", signal, n)
		}
		_, err := os.Stat(since)
		if err == nil {
			within++
		}
		if isOld.tail != nil && isOld.tail.Partial == "" {
			if err == nil {
				t.Fatal("the run came to its end, and a file is left beside it")
			}
			if finished++; finished <= compared {
				compareRuns(t, binary, command, file, len(isOld.items))
			}
			begin()
		}
	}
	t.Logf("%d kills, after %d of them gaps were being filled; %d runs came to their end", killed, within, finished)
	if within < gapWithin || finished == 0 {
		t.Errorf("%d kills while gaps were filled, and %d runs that came to their end", within, finished)
	}
}

// lost is an item of one set that is not in another; -1 for none.
func lost(of, in map[int]bool) int {
	for item := range of {
		if !in[item] {
			return item
		}
	}
	return -1
}

// withGaps is a saved run without its last line and without the results of some domains, as an interrupt leaves it.
func withGaps(t *testing.T, file string, without map[string]bool) []byte {
	t.Helper()
	var out bytes.Buffer
	for line := range bytes.Lines(readFile(t, file)) {
		var record struct{ Type, Input string }
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatal(err)
		}
		if record.Type != "end" && !without[record.Input] {
			out.Write(line)
		}
	}
	return out.Bytes()
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// lonely adds domains to a list that have a server of their own each.
func (w *world) lonely(t *testing.T, list string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	var out bytes.Buffer
	for i, domain := range strings.Fields(string(readFile(t, list))) {
		fmt.Fprintln(&out, domain)
		if i%gapEach != gapEach/2 {
			continue
		}
		name := fmt.Sprintf("lonely%d.example", i)
		if err := w.host("mx."+name, "encrypting", []string{fmt.Sprintf("127.27.0.%d", i/gapEach+1)}); err != nil {
			t.Fatal(err)
		}
		if err := w.dns.Add(name + ". 300 IN MX 10 mx." + name + "."); err != nil {
			t.Fatal(err)
		}
		names[name] = true
		fmt.Fprintln(&out, name)
	}
	if err := os.WriteFile(list, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return names
}
