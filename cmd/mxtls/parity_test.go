//go:build parity

// What `mxtls plan` says of mail to some 300 domains of our own, against what a real Postfix does with that mail, of two
// releases. The domains, their DNS and their mail servers are in this process, on addresses of 127.26.0.0/16; Postfix
// runs beside it, each release in name spaces of its own (testdata/parity). To each domain it delivers a message at each
// security level, twice where it first deferred it, and posttls-finger looks at the domain at each level. What they did
// is kept in testdata/parity/observed.txt, and what the newer release did otherwise in observed-3.10.txt; a prediction
// that differs fails the test, unless it stands in exceptions.txt, or in exceptions-RELEASE.txt for one release alone.
package main_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parityData is where the lab is described.
const parityData = "../../testdata/parity/"

func TestParity(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("the lab binds port 25 and mounts file systems: run this test as root")
	}
	data, err := filepath.Abs(parityData)
	if err != nil {
		t.Fatal(err)
	}
	state := os.Getenv("MXTLS_PARITY_STATE")
	if state == "" {
		state = "/var/tmp/mxtls-parity"
	}
	pkiDir := filepath.Join(state, "pki")
	if err := firstError(os.RemoveAll(pkiDir), os.MkdirAll(pkiDir, 0o755)); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, pkiDir)
	senders := startSenders(t, filepath.Join(data, "lab.sh"), state)
	seen := make([][]observation, len(senders))
	t.Run("observe", func(t *testing.T) {
		for i, s := range senders {
			t.Run(s.postfix, func(t *testing.T) {
				t.Parallel()
				seen[i] = s.observe(t, w.sites)
			})
		}
	})
	if t.Failed() {
		return
	}
	checkGolden(t, filepath.Join(data, "observed.txt"), table(w, seen[0]))
	for i, s := range senders[1:] {
		checkGolden(t, filepath.Join(data, "observed-"+s.postfix+".txt"), changes(w, s.release, seen[0], seen[1+i]))
	}
	binary := filepath.Join(t.TempDir(), "mxtls")
	output(t, labPatience, "go", "build", "-o", binary, ".")
	counts, versions := make([]map[string]*tally, len(senders)), make([]string, len(senders))
	t.Run("plan", func(t *testing.T) {
		for i, s := range senders {
			t.Run(s.postfix, func(t *testing.T) {
				exceptions := readExceptions(t, data, s.postfix)
				versions[i] = s.version(t)
				t.Parallel()
				counts[i] = compare(t, w, seen[i], plan(t, binary, w, s.release), exceptions)
			})
		}
	})
	if !slices.ContainsFunc(counts, func(c map[string]*tally) bool { return c == nil }) {
		t.Logf("agreement of mxtls plan with a real Postfix:\n%s", agreementTable(versions, counts))
	}
	checkTraffic(t, binary, filepath.Join(state, "log/postfix/output"))
	for _, complaint := range w.complaints() {
		t.Errorf("openssl s_server: %s", complaint) // it goes on, and is not the server that we meant
	}
}

// checkGolden compares what was observed with the file of the last time, which -update rewrites.
func checkGolden(t *testing.T, file string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(file)
	if flag.Lookup("update").Value.String() == "true" {
		err = os.WriteFile(file, got, 0o644)
		want = got
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(bytes.TrimSpace(want)), string(bytes.TrimSpace(got))); diff != "" {
		t.Errorf("Postfix did otherwise than in %s (-then +now):\n%s", file, diff)
	}
}
