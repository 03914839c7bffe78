//go:build mta

package pkix

import (
	"bufio"
	"context"
	"crypto"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"mxtls/scanner/name"
)

// TestMTAChains asks a real posttls-finger about every case of parity, at may, at secure, and with a wrong name: the
// word for the connection and the complaint must be ours.
func TestMTAChains(t *testing.T) {
	t.Parallel()
	finger := newFinger(t)
	secure := mustMatcher(t, parityHost)
	agreed, asked := 0, 0
	for _, tc := range parityCases(t) {
		bundle := parityBundle(t, tc)
		v := NewVerifier(bundle, now)
		for level, flags := range [][]string{{"-l", "may"}, {"-l", "secure"}} {
			c := v.Postfix(tc.chain, level)
			_, named := secure.Match(c, name.Name{}, name.Name{})
			word := map[bool]string{true: "Trusted", false: "Untrusted"}[c.Status == Trusted]
			if level == 0 {
				named = true
			} else if c.Status == Trusted {
				word = map[bool]string{true: "Verified", false: "Untrusted"}[named]
			}
			got := finger.ask(t, tc, flags, parityHost)
			if want := (answer{word, c.Complaint(got.peer, named), got.peer}); got != want {
				t.Errorf("%s, level %d:\n got %+v\nwant %+v", tc.name, level, got, want)
				continue
			}
			agreed++
		}
		asked += 3
		c := v.Postfix(tc.chain, 1)
		got := finger.ask(t, tc, []string{"-l", "secure"}, "other.example")
		if want := (answer{"Untrusted", c.Complaint(got.peer, false), got.peer}); got != want {
			t.Errorf("%s, wrong name:\n got %+v\nwant %+v", tc.name, got, want)
			continue
		}
		agreed++
	}
	t.Logf("%d of %d answers agree", agreed, asked)
}

// TestMTANames asks posttls-finger which names fit which certificates.
func TestMTANames(t *testing.T) {
	t.Parallel()
	finger := newFinger(t)
	w := newWorld(t)
	agreed := 0
	for _, tc := range nameCases() {
		leaf := reissue(t, w.leaf, w.root, tc.edit)
		pc := w.same(tc.name, 0, Trusted, leaf)
		c := NewVerifier(parityBundle(t, pc), now).Postfix(pc.chain, 1)
		for _, word := range tc.words {
			_, named := mustMatcher(t, word).Match(c, name.Name{}, name.Name{})
			got := finger.ask(t, pc, []string{"-l", "secure"}, word)
			if want := map[bool]string{true: "Verified", false: "Untrusted"}[named]; got.word != want {
				t.Errorf("%s, %s: %+v, want %s", tc.name, word, got, want)
				continue
			}
			agreed++
		}
	}
	t.Logf("%d answers agree", agreed)
}

// TestMTABundles asks posttls-finger which CA files switch TLS off.
func TestMTABundles(t *testing.T) {
	t.Parallel()
	finger := newFinger(t)
	w := newWorld(t)
	for _, tc := range fileCases(t, w.root) {
		c := w.same(tc.name, 0, Trusted, w.leaf, w.inter)
		c.roots = tc.data
		got := finger.ask(t, c, []string{"-l", "may"}, parityHost)
		if off := got.word == ""; off != tc.off {
			t.Errorf("%s: TLS off: %t, want %t", tc.name, off, tc.off)
		}
	}
}

func mustMatcher(t *testing.T, words ...string) Matcher {
	t.Helper()
	m, err := NewMatcher(words...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A finger is an unpacked posttls-finger.
type finger struct{ binary, libraries, config string }

// An answer is what it says of a server.
type answer struct{ word, complaint, peer string }

// newFinger unpacks Debian's package postfix, once for all tests. Nothing is installed.
func newFinger(t *testing.T) finger {
	t.Helper()
	root, err := unpacked()
	if err != nil {
		t.Fatal(err)
	}
	config := t.TempDir()
	main := "compatibility_level=3.6\nqueue_directory=" + config + "\nshlib_directory=no\ninet_protocols=ipv4\n" +
		"mail_owner=daemon\nsetgid_group=mail\ndefault_privs=nobody\n"
	if err := os.WriteFile(filepath.Join(config, "main.cf"), []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	return finger{filepath.Join(root, "usr/sbin/posttls-finger"), filepath.Join(root, "usr/lib/postfix"), config}
}

var unpacked = sync.OnceValues(func() (string, error) {
	root := filepath.Join(os.TempDir(), fmt.Sprintf("mxtls-finger-%d", os.Getuid()))
	if _, err := os.Stat(filepath.Join(root, "usr/sbin/posttls-finger")); err == nil {
		return root, nil
	}
	script := `set -e; mkdir -p "$1"; cd "$1"; ls postfix_*.deb >/dev/null 2>&1 || apt-get download -q postfix
		dpkg-deb -x "$(ls postfix_*.deb | head -n 1)" .`
	if out, err := exec.Command("sh", "-c", script, "sh", root).CombinedOutput(); err != nil {
		return "", fmt.Errorf("unpack postfix: %w: %s", err, out)
	}
	return root, nil
})

var (
	fingerWord      = regexp.MustCompile(`(?m)^posttls-finger: (\w+) TLS connection established to `)
	fingerComplaint = regexp.MustCompile(`(?m)^posttls-finger: (.*certificate verification failed for .*)$`)
)

// ask starts a server with the case's chain and has posttls-finger look at it.
func (f finger) ask(t *testing.T, tc parityCase, flags []string, match string) answer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { serveOnce(l, tc.chain, tc.key) })
	port := l.Addr().(*net.TCPAddr).Port
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	args := append(append([]string{"-c", "-Lsummary,untrusted", "-F", write(t, "ca.pem", tc.roots)}, flags...),
		fmt.Sprintf("[127.0.0.1]:%d", port), match)
	cmd := exec.CommandContext(ctx, f.binary, args...)
	cmd.Env = []string{"MAIL_CONFIG=" + f.config, "LD_LIBRARY_PATH=" + f.libraries}
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("%s: %v: %s", tc.name, err, out)
	}
	_ = l.Close()
	got := answer{peer: fmt.Sprintf("127.0.0.1[127.0.0.1]:%d", port)}
	if m := fingerWord.FindSubmatch(out); m != nil {
		got.word = string(m[1])
	}
	if m := fingerComplaint.FindSubmatch(out); m != nil {
		got.complaint = string(m[1])
	}
	if testing.Verbose() && got.word == "" {
		t.Logf("%s: %s", tc.name, out)
	}
	return got
}

// serveOnce is an SMTP server with STARTTLS for one connection.
func serveOnce(l net.Listener, chain [][]byte, key crypto.Signer) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	r := bufio.NewReader(conn)
	for _, say := range []string{"220 x ESMTP\r\n", "250-x\r\n250 STARTTLS\r\n", "220 go\r\n"} {
		if _, err := conn.Write([]byte(say)); err != nil {
			return
		}
		if strings.HasPrefix(say, "220 go") {
			break
		}
		if _, err := r.ReadString('\n'); err != nil {
			return
		}
	}
	cert := tls.Certificate{Certificate: chain, PrivateKey: key}
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	if _, ok := key.(*plainRSA); ok { // it can sign in no other way
		config.Certificates[0].SupportedSignatureAlgorithms = []tls.SignatureScheme{tls.PKCS1WithSHA256}
		config.MaxVersion = tls.VersionTLS12
	}
	secured := tls.Server(conn, config)
	if secured.Handshake() != nil {
		return
	}
	r = bufio.NewReader(secured)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		if _, err := secured.Write([]byte("250 x\r\n")); err != nil || strings.HasPrefix(line, "QUIT") {
			return
		}
	}
}
