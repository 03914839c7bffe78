//go:build parity

// What `mxtls plan` says of mail to some 300 domains of our own, against what a real Postfix does with that mail. The
// domains, their DNS and their mail servers are in this process, on addresses of 127.26.0.0/16; Postfix runs beside it,
// in name spaces of its own (testdata/parity). To each domain it delivers a message at each security level, twice where
// it first deferred it, and posttls-finger looks at the domain at each level. What they did is kept in
// testdata/parity/observed.txt; a prediction that differs fails the test, unless it stands in exceptions.txt.
package main_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
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
	exceptions, err := readExceptions(filepath.Join(data, "exceptions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, pkiDir)
	s := startSender(t, filepath.Join(data, "lab.sh"), state)
	seen := s.observe(t, w.sites)
	checkGolden(t, filepath.Join(data, "observed.txt"), table(w, seen))
	binary := filepath.Join(t.TempDir(), "mxtls")
	output(t, labPatience, "go", "build", "-o", binary, ".")
	compare(t, w, seen, plan(t, binary, w), exceptions)
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
