package pkix

import (
	"bytes"
	"context"
	"encoding/pem"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parityCases are all cases of parity with OpenSSL.
func parityCases(t testing.TB) []parityCase {
	t.Helper()
	w := newWorld(t)
	all := w.classC()
	for _, more := range [][]parityCase{w.classD(), w.classE(), w.classF(), w.limited(), w.odd(), weak(t)} {
		all = append(all, more...)
	}
	return all
}

// parityBundle is a case's roots, as Postfix would load them.
func parityBundle(t testing.TB, c parityCase) *Bundle {
	t.Helper()
	b := Locations(write(t, "ca.pem", c.roots), "")
	if b.TLSOff != "" {
		t.Fatalf("%s: %s", c.name, b.TLSOff)
	}
	return b
}

// TestPostfix judges every case at both levels, and as the web does.
func TestPostfix(t *testing.T) {
	t.Parallel()
	for _, tc := range parityCases(t) {
		v := NewVerifier(parityBundle(t, tc), now)
		for level, want := range []int{tc.level0, tc.level1} {
			c := v.Postfix(tc.chain, level)
			if c.Num != want || (c.Status == Trusted) != (want == 0) || c.Status == StatusUnknown {
				t.Errorf("%s, level %d: %s, %d, %s; want %d", tc.name, level, c.Status, c.Num, c.Text, want)
			}
			if (c.Status == Trusted) != (c.Text == "") || (c.Status == Trusted) != (c.Culprit == "") {
				t.Errorf("%s: %+v", tc.name, c)
			}
		}
		if c := v.WebPKI(tc.chain); c.Status != tc.web {
			t.Errorf("%s, web: %s, %s; want %s", tc.name, c.Status, c.Text, tc.web)
		}
		scan := v.Verify(tc.chain)
		if scan.Status == Trusted && tc.level1 != 0 {
			t.Errorf("%s: trusted, and by OpenSSL not", tc.name)
		}
	}
}

// An sslError is one line of openssl verify.
type sslError struct{ Num, Depth int }

// tolerated are the errors after which openssl verify goes on (apps/verify.c cb).
var tolerated = map[int]bool{
	errExpired: true, errSelfSigned: true, errNotCA: true, errPathLength: true, errCritical: true, errPurpose: true,
}

// TestOpenSSLVerify compares every error that OpenSSL finds, in its order, up to the first at which its command line
// gives up. The binary is wanted: without it the test fails.
func TestOpenSSLVerify(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range parityCases(t) {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := NewVerifier(parityBundle(t, tc), now)
			leaf := reread(t, tc.chain[0])
			trial := v.openssl(v.parseSent(leaf, tc.chain), nil)
			for level := range 2 {
				var want []sslError
				for _, f := range trial.faults {
					if level == 0 && f.strict() {
						continue
					}
					want = append(want, sslError{f.num, f.depth})
					if !tolerated[f.num] {
						break
					}
				}
				if d := cmp.Diff(opensslErrors(t, binary, tc, level), want); d != "" {
					t.Errorf("level %d: -openssl +ours:\n%s", level, d)
				}
			}
		})
	}
}

// opensslErrors runs openssl verify. It takes the same chain as a server's: the leaf among the untrusted too.
func opensslErrors(t *testing.T, binary string, tc parityCase, level int) []sslError {
	t.Helper()
	var sent bytes.Buffer
	for _, der := range tc.chain {
		_ = pem.Encode(&sent, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	leaf := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tc.chain[0]})
	cmd := exec.CommandContext(context.Background(), binary, "verify", "-purpose", "sslserver",
		"-auth_level", strconv.Itoa(level), "-verify_depth", "10", "-no-CApath", "-no-CAstore",
		"-attime", strconv.FormatInt(now.Unix(), 10), "-CAfile", write(t, "ca.pem", tc.roots),
		"-untrusted", write(t, "sent.pem", sent.Bytes()), write(t, "leaf.pem", leaf))
	cmd.Env = []string{}
	out, err := cmd.CombinedOutput()
	var found []sslError
	for _, m := range opensslError.FindAllSubmatch(out, -1) {
		num, _ := strconv.Atoi(string(m[1]))
		depth, _ := strconv.Atoi(string(m[2]))
		found = append(found, sslError{num, depth})
		if text := errorTexts[num]; text != "" && text != string(m[3]) {
			t.Errorf("OpenSSL's text for %d is %q", num, m[3])
		}
	}
	if err != nil && len(found) == 0 {
		t.Fatalf("%v: %s", err, out)
	}
	return found
}

var opensslError = regexp.MustCompile(`(?m)^error (\d+) at (\d+) depth lookup: (.*)$`)
