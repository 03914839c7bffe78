package pkix

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// clientWoods are the woods of which one server each is asked by openssl s_client.
const clientWoods = 40

// TestRandomServers has openssl s_client, which goes on whatever it finds as Postfix does, ask servers that show random
// chains: the first of the errors nearest the leaf must be ours. openssl verify, which TestRandomChains asks, stops
// before it comes to signatures and names where anything else is wrong.
func TestRandomServers(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(clientWoods) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			w := grow(t, 1000+seed)
			v := NewVerifier(Locations(write(t, "ca.pem", w.store), ""), now)
			for _, leaf := range w.leaves {
				c := reread(t, leaf.Raw)
				if c.key.ec == nil || !c.key.ec.Equal(leaf.key.Public()) {
					continue // crypto/tls serves only keys that are of any use
				}
				if c.resources {
					continue // TestResources
				}
				chain := append([][]byte{leaf.Raw}, ders(w.sent...)...)
				trial := v.openssl(v.parseSent(c, chain), nil)
				for level := range 2 {
					want := sslError{}
					if f := trial.nearest(level); f != nil {
						want = sslError{f.num, f.depth}
						if f.num == 0 {
							continue
						}
					}
					if got := w.asClient(t, binary, chain, leaf.key, level); got != want {
						t.Errorf("level %d: openssl %v, we %v\n%s", level, got, want, w.story(leaf, trial))
					}
				}
				return
			}
		})
	}
}

// asClient is the first of the errors nearest the leaf that openssl s_client finds, a zero one for none.
func (w *wood) asClient(t *testing.T, binary string, chain [][]byte, key crypto.Signer, level int) sslError {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	defer func() { listener.Close(); <-done }()
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		server := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: key,
			Leaf: &x509.Certificate{PublicKey: key.Public(), PublicKeyAlgorithm: x509.ECDSA}}}})
		if server.Handshake() == nil {
			server.Read(make([]byte, 1))
		}
	}()
	cmd := exec.CommandContext(t.Context(), binary, "s_client", "-connect", listener.Addr().String(),
		"-auth_level", strconv.Itoa(level), "-cipher", "ALL:@SECLEVEL=0", "-verify_depth", "10", "-no-CApath", "-no-CAstore",
		"-attime", strconv.FormatInt(now.Unix(), 10), "-CAfile", write(t, "ca.pem", w.store))
	cmd.Env = []string{}
	out, _ := cmd.CombinedOutput()
	if !bytes.Contains(out, []byte("Verify return code:")) {
		t.Fatalf("%s", out)
	}
	nearest, depth := sslError{}, -1
	for _, m := range clientError.FindAllSubmatch(out, -1) {
		at, _ := strconv.Atoi(string(m[1]))
		if depth < 0 || at < depth {
			num, _ := strconv.Atoi(string(m[2]))
			nearest, depth = sslError{num, at}, at
		}
	}
	return nearest
}

var clientError = regexp.MustCompile(`(?m)^depth=(\d+) .*\nverify error:num=(\d+):`)
