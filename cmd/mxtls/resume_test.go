package main

import (
	"bytes"
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
	kills      = 100
	killedList = 256 // domains
	killedOn   = 32  // servers
	compared   = 3   // runs that came to their end and are held against one of its own: it takes two more
)

// A killer says how long a run may live at most before it is killed. It follows what the machine can do: a run that nobody
// lets begin is as little of a test as one that nobody stops.
type killer struct {
	within time.Duration
	idle   int // kills in a row after which there was nothing new
}

// learn fits the time to what came of a run.
func (k *killer) learn(grew, whole bool) {
	switch {
	case whole:
		k.within, k.idle = max(k.within*3/4, 20*time.Millisecond), 0
	case grew:
		k.idle = 0
	default:
		if k.idle++; k.idle%4 == 0 {
			k.within = min(k.within*2, 10*time.Second)
		}
	}
}

// TestResumeAfterKill: a run that is killed a hundred times at random moments loses nothing that was written, asks no
// server again whose session was, and comes to the report of one that was left alone.
func TestResumeAfterKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := newWorld(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	list := w.populate(t, dir)
	binary := buildMxtls(t, dir)
	file := filepath.Join(dir, "run.jsonl")
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(binary, slices.Concat([]string{"scan"}, w.flags(), []string{"-q", "-f", list, "--rate", "0", "--per-provider", "0"}, args)...)
		cmd.Dir = dir
		return cmd
	}
	// The seed is fixed; what the machine makes of it is not.
	random := rand.New(rand.NewPCG(1, 2))
	begun := func() []string {
		if _, err := os.Stat(file); err != nil {
			return []string{"--save", file}
		}
		return []string{"--resume", file}
	}
	k := killer{within: 200 * time.Millisecond}
	kept, killed, finished, grew := 0, 0, 0, 0
	for killed < kills && finished < kills {
		before := sessionsIn(t, file)
		held := w.sessions(before)
		cmd := command(begun()...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(random.Int64N(int64(k.within))), func() { cmd.Process.Kill() })
		cmd.Wait() // killed or not: the file tells
		timer.Stop()
		if asked := w.sessions(before); asked != held {
			t.Fatalf("%d sessions with servers whose session was kept", asked-held)
		}
		n, whole := resultsIn(t, file)
		if n < kept {
			t.Fatalf("%d results were kept, and %d are left", kept, n)
		}
		if n > kept {
			grew++
		}
		k.learn(n > kept, whole)
		kept = n
		if whole { // it came to its end: the next one begins anew
			if finished++; finished <= compared {
				compareRuns(t, binary, command, file, killedList)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			kept = 0
		} else {
			killed++
		}
	}
	t.Logf("%d kills, after %d of them there was more; %d runs came to their end", killed, grew, finished)
	if grew < kills/10 {
		t.Errorf("only %d of %d runs came far enough to write anything", grew, kills)
	}
	if out, err := command(begun()...).CombinedOutput(); err != nil {
		t.Fatalf("the last one: %v\n%s", err, out)
	}
	compareRuns(t, binary, command, file, killedList)
}

// buildMxtls is not the test's own binary, which is a slow one where it looks for races: a run is to come far before it
// is killed.
func buildMxtls(t *testing.T, dir string) string {
	t.Helper()
	binary := filepath.Join(dir, "mxtls")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// populate makes domains on few servers and a list of them, and is the list's name.
func (w *world) populate(t *testing.T, dir string) string {
	t.Helper()
	var list bytes.Buffer
	for i := range killedList {
		host := fmt.Sprintf("mx%d.provider.example", i%killedOn)
		domain := fmt.Sprintf("d%d.example", i)
		if err := w.dns.Add(domain + ". 300 IN MX 10 " + host + "."); err != nil {
			t.Fatal(err)
		}
		if i < killedOn {
			if err := w.host(host, "encrypting", []string{fmt.Sprintf("127.26.0.%d", i+1)}); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Fprintln(&list, domain)
	}
	name := filepath.Join(dir, "list")
	if err := os.WriteFile(name, list.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// sessions is how many sessions the servers had.
func (w *world) sessions(addrs map[netip.Addr]bool) (n int) {
	for addr := range addrs {
		n += w.servers[addr].Sessions()
	}
	return n
}

// compareRuns holds the report of a file against that of a run of its own.
func compareRuns(t *testing.T, binary string, command func(...string) *exec.Cmd, file string, domains int) {
	t.Helper()
	cmd := exec.Command(binary, "scan", "-q", "-o", "csv", "--from", file)
	cmd.Dir = filepath.Dir(file)
	got, err := cmd.Output()
	if err != nil {
		t.Fatalf("--from: %v", err)
	}
	if lines := strings.Count(string(got), "\n"); lines != domains+1 {
		t.Errorf("%d lines", lines)
	}
	want, err := command("-o", "csv").Output()
	if err != nil {
		t.Fatalf("a run of its own: %v", err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the report of the resumed run is another one than that of a run that was left alone")
	}
}

// readRun passes over what a file holds, and is its last line, if it has that; a file that is not there yet holds
// nothing.
func readRun(t *testing.T, file string, see func(*runfile.Saved)) *runfile.Tail {
	t.Helper()
	f, err := os.Open(file)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() == 0 {
		if err := os.Remove(file); err != nil { // killed before the first line: --save takes it, --resume has nothing
			t.Fatal(err)
		}
		return nil
	}
	r, err := runfile.NewReader(f)
	if err != nil {
		t.Fatalf("after a kill: %v", err)
	}
	defer r.Close()
	for saved, err := range r.Results() {
		if err != nil {
			t.Fatalf("after a kill: %v", err)
		}
		see(&saved)
	}
	return r.Tail()
}

func resultsIn(t *testing.T, file string) (n int, whole bool) {
	t.Helper()
	tail := readRun(t, file, func(s *runfile.Saved) {
		if s.Result.Index != n {
			t.Fatalf("result %d has index %d", n, s.Result.Index)
		}
		n++
	})
	return n, tail != nil
}

func sessionsIn(t *testing.T, file string) map[netip.Addr]bool {
	t.Helper()
	addrs := map[netip.Addr]bool{}
	readRun(t, file, func(s *runfile.Saved) {
		for i := range s.Result.Facts.Servers {
			addrs[s.Result.Facts.Servers[i].Addr.Addr()] = true
		}
	})
	return addrs
}
