package pkix

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Woods of chance, and servers in each: together the chains that TestRandomChains compares.
const (
	woods   = 50
	servers = 12
)

// TestRandomChains builds chains by chance out of all mutations and asks OpenSSL about each at both levels: every error
// must be ours, in its order, up to the first at which its command line gives up. The same seed makes the same chains
// but for the keys. The binary is wanted: without it the test fails.
func TestRandomChains(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(woods) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			w := grow(t, seed)
			bundle := Locations(write(t, "ca.pem", w.store), "")
			if bundle.TLSOff != "" {
				t.Fatal(bundle.TLSOff)
			}
			v := NewVerifier(bundle, now)
			for level := range 2 {
				found := w.ask(t, binary, level)
				for i, leaf := range w.leaves {
					if reread(t, leaf.Raw).key.kind == keyUnknown {
						continue // there is no handshake, so no verification
					}
					chain := append([][]byte{leaf.Raw}, ders(w.sent...)...)
					trial := v.openssl(v.parseSent(reread(t, leaf.Raw), chain), nil)
					want := told(trial, level)
					if n := len(want) - 1; n >= 0 && want[n].Num == 0 {
						want, found[i] = want[:n], found[i][:min(n, len(found[i]))] // what comes there we do not claim to know
					}
					if d := cmp.Diff(found[i], want, cmpopts.EquateEmpty()); d != "" {
						t.Errorf("server %d, level %d: -openssl +ours:\n%s%s", i, level, d, w.story(leaf, trial))
					}
				}
			}
		})
	}
}

// told are a trial's errors at a level, up to the first at which openssl verify gives up, or of which we are not sure.
func told(t *trial, level int) []sslError {
	var all []sslError
	for _, f := range t.faults {
		if level == 0 && f.strict() {
			continue
		}
		all = append(all, sslError{f.num, f.depth})
		if !tolerated[f.num] {
			break
		}
	}
	return all
}

// ask runs openssl verify once for all servers of the wood. Its errors stand on stderr, and behind those about one file
// that this one failed.
func (w *wood) ask(t *testing.T, binary string, level int) [][]sslError {
	t.Helper()
	args := []string{"verify", "-purpose", "sslserver", "-auth_level", strconv.Itoa(level), "-verify_depth", "10",
		"-no-CApath", "-no-CAstore", "-attime", strconv.FormatInt(now.Unix(), 10), "-CAfile", write(t, "ca.pem", w.store),
		"-untrusted", write(t, "sent.pem", pemOf(w.sent...))}
	files := map[string]int{}
	for i, leaf := range w.leaves {
		file := write(t, "leaf.pem", pemOf(leaf))
		files[file] = i
		args = append(args, file)
	}
	cmd := exec.CommandContext(context.Background(), binary, args...)
	cmd.Env = []string{}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // it fails where any of them does
	found := make([][]sslError, len(w.leaves))
	var errors []sslError
	for line := range strings.Lines(stderr.String()) {
		file, failed := strings.CutSuffix(strings.TrimSpace(line), ": verification failed")
		if failed {
			i, ok := files[strings.TrimPrefix(file, "error ")]
			if !ok || found[i] != nil {
				t.Fatalf("%s", stderr.String())
			}
			found[i], errors = append(errors, sslError{}), nil // one more, which tells failures without a word from success
		} else if m := opensslError.FindStringSubmatch(line); m != nil {
			num, _ := strconv.Atoi(m[1])
			depth, _ := strconv.Atoi(m[2])
			errors = append(errors, sslError{num, depth})
		}
	}
	answers := strings.Count(stdout.String(), ": OK\n")
	for i, e := range found {
		if n := len(e) - 1; n >= 0 {
			found[i] = e[:n]
			answers++
		}
	}
	if answers != len(w.leaves) {
		t.Fatalf("an answer about %d of %d:\n%s", answers, len(w.leaves), stderr.String())
	}
	return found
}

// story is how a chain came about, for whoever has to find the fault.
func (w *wood) story(leaf *issued, t *trial) string {
	var b strings.Builder
	fmt.Fprintf(&b, "server: %s\n", w.tales[sha256.Sum256(leaf.Raw)])
	for i, c := range t.path {
		fmt.Fprintf(&b, "path %d: %s, sent %t\n", i, w.tales[c.sum], i < t.untrusted)
	}
	for _, f := range t.faults {
		fmt.Fprintf(&b, "fault %d at %d: %s\n", f.num, f.depth, f.text)
	}
	return b.String()
}

// stored is a certificate in the store's form: one in eight has settings of trust beside it.
func (w *wood) stored(c *issued) []byte {
	if !w.one(8) {
		return pemOf(c)
	}
	usage := tlv(tagOID, []byte(pickOne(w, oidServerAuth, oidAnyUsage, clientAuth)))
	settings := pickOne(w, tlv(tagSequence, tlv(tagSequence, usage)), tlv(tagSequence, tlv(tagConstructed+0, usage)),
		tlv(tagSequence), nil)
	return pem.EncodeToMemory(&pem.Block{Type: "TRUSTED CERTIFICATE", Bytes: append(bytes.Clone(c.Raw), settings...)})
}
