package starttls

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/scannertest"
)

// This file holds sessions with servers of OpenSSL's, which agree on things that crypto/tls does not have.

// startTLSFront speaks SMTP up to the 220 to STARTTLS and hands the connection on.
func startTLSFront(secured func(net.Conn, *bufio.Reader)) scannertest.SMTP {
	return scannertest.SMTP{Handle: func(c net.Conn) {
		r := bufio.NewReader(c)
		for _, reply := range []string{"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n"} {
			io.WriteString(c, reply)
			r.ReadString('\n')
		}
		io.WriteString(c, "220 go\r\n")
		secured(c, r)
	}}
}

// openSSL is an SMTP server whose TLS is "openssl s_server" with these arguments. Inside TLS it says every line
// backwards.
func openSSL(t *testing.T, args ...string) scannertest.SMTP {
	t.Helper()
	cmd := exec.Command("openssl", append([]string{"s_server", "-accept", "127.0.0.1:0", "-rev"}, args...)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := &strings.Builder{}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(stdout)
	addr := ""
	for addr == "" {
		line, err := out.ReadString('\n')
		if err != nil {
			cmd.Wait()
			t.Fatalf("openssl %q: %v\n%s", args, err, stderr)
		}
		addr, _ = strings.CutPrefix(strings.TrimSpace(line), "ACCEPT ")
		if !strings.Contains(addr, ":") {
			addr = ""
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-drained
		cmd.Wait()
	})
	return startTLSFront(func(c net.Conn, r *bufio.Reader) { relay(c, r, addr) })
}

// relay passes octets on both ways until both sides have hung up.
func relay(c net.Conn, r io.Reader, addr string) {
	inner, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { io.Copy(inner, r); inner.(*net.TCPConn).CloseWrite() })
	both.Go(func() { io.Copy(c, inner); c.(*net.TCPConn).CloseWrite() })
	both.Wait()
	inner.Close()
}

// selfSigned makes a key and a certificate with openssl, and returns s_server's arguments for them.
func selfSigned(t *testing.T, args ...string) []string {
	t.Helper()
	dir := t.TempDir()
	key, cert := filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.pem")
	runOpenSSL(t, append([]string{"req", "-x509", "-nodes", "-subj", "/CN=mx.example.com", "-days", "2", "-keyout", key,
		"-out", cert, "-newkey"}, args...)...)
	return []string{"-key", key, "-cert", cert}
}

func runOpenSSL(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
		t.Fatalf("openssl %q: %v\n%s", args, err, out)
	}
}

// agreement is what a test wants of a flight or a handshake, in words.
type agreement struct{ Version, Cipher, Group string }

func agreed(version, suite, group uint16) agreement {
	return agreement{VersionName(version), CipherName(suite), GroupName(group)}
}

// TestBeyondGo: what crypto/tls cannot finish is negotiated by Postfix's hello, and said to be no more than that.
func TestBeyondGo(t *testing.T) {
	t.Parallel()
	rsa := selfSigned(t, "rsa:2048")
	pss := selfSigned(t, "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048")
	ed448 := selfSigned(t, "ed448")
	old := func(cipher string, more ...string) []string {
		return append([]string{"-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"}, more...)
	}
	for _, tt := range []struct {
		name        string
		key         []string
		args        []string
		reason      Reason
		want        agreement
		chain       int
		connections int
	}{
		{"DHE", rsa, old("DHE-RSA-AES256-GCM-SHA384"), TLSNoCipher, agreement{"TLSv1.2", "DHE-RSA-AES256-GCM-SHA384", ""},
			1, 2},
		{"AES256-SHA256", rsa, old("AES256-SHA256"), TLSNoCipher, agreement{"TLSv1.2", "AES256-SHA256", ""}, 1, 2},
		{"ECDHE-RSA-AES256-SHA384", rsa, old("ECDHE-RSA-AES256-SHA384"), TLSNoCipher,
			agreement{"TLSv1.2", "ECDHE-RSA-AES256-SHA384", "X25519"}, 1, 2},
		{"Camellia", rsa, old("CAMELLIA256-SHA"), TLSNoCipher, agreement{"TLSv1.2", "CAMELLIA256-SHA", ""}, 1, 2},
		{"ARIA", rsa, old("ARIA128-GCM-SHA256"), TLSNoCipher, agreement{"TLSv1.2", "ARIA128-GCM-SHA256", ""}, 1, 2},
		{"ADH", rsa, old("ADH-AES256-GCM-SHA384"), TLSNoCipher, agreement{"TLSv1.2", "ADH-AES256-GCM-SHA384", ""}, 0, 2},
		{"AECDH", rsa, old("AECDH-AES256-SHA"), TLSNoCipher, agreement{"TLSv1.2", "AECDH-AES256-SHA", "X25519"}, 0, 2},
		{"X448 and TLS 1.2", rsa, old("ECDHE", "-groups", "X448"), TLSNoCipher,
			agreement{"TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "X448"}, 1, 2},
		{"X448 and TLS 1.3 alone", rsa, []string{"-tls1_3", "-groups", "X448"}, TLSNoCipher,
			agreement{"TLSv1.3", "TLS_AES_256_GCM_SHA384", "X448"}, 0, 3},
		{"RSA-PSS key", pss, old("ECDHE"), TLSNoCipher, agreement{"TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "X25519"}, 1, 2},
		{"Ed448 key", ed448, nil, TLSNoCipher, agreement{"TLSv1.3", "TLS_AES_256_GCM_SHA384", "X25519"}, 1, 3},
		{"SHA-224", rsa, old("ECDHE", "-sigalgs", "RSA+SHA224"), TLSNoCipher,
			agreement{"TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "X25519"}, 1, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := probeServer(t, testClient(), openSSL(t, append(tt.key, tt.args...)...))
			checkEnd(t, s, StartTLS, tt.reason)
			if s.Raw == nil || !s.Raw.Complete {
				t.Fatalf("raw %+v", s.Raw)
			}
			if diff := cmp.Diff(tt.want, agreed(s.Raw.Version, s.Raw.Suite, s.Raw.Group)); diff != "" {
				t.Errorf("agreed (-want +got):\n%s", diff)
			}
			if len(s.Raw.Chain) != tt.chain || s.Connections != tt.connections {
				t.Errorf("%d certificates, %d connections; want %d, %d", len(s.Raw.Chain), s.Connections, tt.chain, tt.connections)
			}
			if h := s.Agreed(); h == nil || !cmp.Equal(h, s.Negotiated()) || h.Flight().Refused(0) != "" {
				t.Errorf("agreed %+v, negotiated %+v", h, s.Negotiated())
			}
			if s.Match != nil || s.PQIntolerant {
				t.Errorf("match %+v, intolerant %v", s.Match, s.PQIntolerant)
			}
		})
	}
}

// TestWithinGo: what only GODEBUG lets crypto/tls finish (go.mod), with what is recorded beside it.
func TestWithinGo(t *testing.T) {
	t.Parallel()
	rsa, short := selfSigned(t, "rsa:2048"), selfSigned(t, "rsa:768")
	const sha1 = uint16(tls.PKCS1WithSHA1)
	for _, tt := range []struct {
		name      string
		key       []string
		args      []string
		want      agreement
		signature uint16
		match     string // OpenSSL's word at level 1
	}{
		{"RSA of 768 bits", short, []string{"-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"},
			agreement{"TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", "X25519"}, uint16(tls.PSSWithSHA256), ""},
		{"SHA-1", rsa, []string{"-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"},
			agreement{"TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", "X25519"}, sha1, "wrong signature type"},
		{"TLS 1.0", rsa, []string{"-tls1", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"},
			agreement{"TLSv1", "ECDHE-RSA-AES128-SHA", "X25519"}, 0, "legacy sigalg disallowed or unsupported"},
		{"TLS 1.0 without ECDHE", rsa, []string{"-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"},
			agreement{"TLSv1", "AES128-SHA", ""}, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := probeServer(t, testClient(), openSSL(t, append(tt.key, tt.args...)...))
			checkEnd(t, s, TLS, ReplyMalformed) // EHLO comes back in reverse
			if s.TLS == nil {
				return
			}
			if diff := cmp.Diff(tt.want, agreed(s.TLS.Version, s.TLS.Suite, s.TLS.Group)); diff != "" {
				t.Errorf("agreed (-want +got):\n%s", diff)
			}
			f := s.TLS.Flight()
			if s.TLS.Signature != tt.signature || f.Refused(0) != "" || f.Refused(1) != tt.match {
				t.Errorf("signature %04x, refused %q and %q; want %04x and %q", s.TLS.Signature, f.Refused(0), f.Refused(1),
					tt.signature, tt.match)
			}
			if !s.TLS.Renegotiation || !s.TLS.ExtendedMasterSecret || s.Raw != nil || s.Connections != 1 {
				t.Errorf("handshake %+v, raw %+v, %d connections", s.TLS, s.Raw, s.Connections)
			}
		})
	}
}

// TestAsPostfix asks Postfix's own hellos where the answer may differ from crypto/tls's.
func TestAsPostfix(t *testing.T) {
	t.Parallel()
	rsa := selfSigned(t, "rsa:2048")
	const ecdhe = "ECDHE-RSA-AES128-GCM-SHA256"
	const ccm8, dhe = "DHE-RSA-AES128-CCM8", "DHE-RSA-AES128-GCM-SHA256"
	for _, tt := range []struct {
		name        string
		release     clienthello.Release
		args        []string
		raw, match  string // suites; "-" = not asked, "!" = an alert
		connections int
	}{
		{"TLS 1.3", clienthello.Postfix37, nil, "-", "-", 1},
		{"TLS 1.2", clienthello.Postfix37, []string{"-tls1_2", "-cipher", ecdhe}, ecdhe, "-", 2},
		{"DHE first", clienthello.Postfix37, []string{"-tls1_2", "-serverpref", "-cipher", dhe + ":" + ecdhe},
			dhe, "-", 2},
		{"anonymous for who asks", clienthello.Postfix37, []string{"-tls1_2", "-cipher", ecdhe + ":ADH-AES256-GCM-SHA384:@SECLEVEL=0"},
			"ADH-AES256-GCM-SHA384", ecdhe, 3},
		{"anonymous alone", clienthello.Postfix37, []string{"-tls1_2", "-cipher", "ADH-AES256-GCM-SHA384:@SECLEVEL=0"},
			"ADH-AES256-GCM-SHA384", "!", 3},
		{"SHA-1 alone", clienthello.Postfix37, []string{"-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", ecdhe + ":@SECLEVEL=0"}, ecdhe, "!", 3},
		{"CCM8 first", clienthello.Postfix37,
			[]string{"-tls1_2", "-serverpref", "-cipher", ccm8 + ":" + dhe + ":@SECLEVEL=0"}, ccm8, "-", 2},
		{"CCM8 first", clienthello.Postfix310,
			[]string{"-tls1_2", "-serverpref", "-cipher", ccm8 + ":" + dhe + ":@SECLEVEL=0"}, ccm8, dhe, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := testClient()
			c.AsPostfix, c.Release = true, tt.release
			s, _ := probeServer(t, c, openSSL(t, append(rsa, tt.args...)...))
			if raw, match := suiteOf(s.Raw), suiteOf(s.Match); raw != tt.raw || match != tt.match {
				t.Errorf("raw %s, match %s; want %s, %s", raw, match, tt.raw, tt.match)
			}
			if s.Connections != tt.connections {
				t.Errorf("%d connections, want %d", s.Connections, tt.connections)
			}
		})
	}
}

func suiteOf(f *clienthello.Flight) string {
	switch {
	case f == nil:
		return "-"
	case f.Err != nil && f.Err.Kind == clienthello.Alert:
		return "!"
	}
	return CipherName(f.Suite)
}
