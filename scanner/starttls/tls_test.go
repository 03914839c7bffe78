package starttls

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/scannertest"
)

// octets reads hexadecimal digits with blanks between them.
func octets(digits string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// serverHello is a record with a ServerHello for the version and suite, in hexadecimal, without extensions.
func serverHello(version, suite string) string {
	return octets("16" + version + "002a" + "02000026" + version + strings.Repeat("11", 32) + "00" + suite + "00")
}

// answering is a server that gives its own answer to the ClientHello, not before it has begun to come in, and then
// waits for the client to hang up.
func answering(answer func(*net.TCPConn)) scannertest.SMTP {
	return startTLSFront(func(c net.Conn, r *bufio.Reader) {
		r.Peek(1)
		answer(c.(*net.TCPConn))
		io.Copy(io.Discard, r)
	})
}

func saying(text string) func(*net.TCPConn) {
	return func(c *net.TCPConn) { io.WriteString(c, text) }
}

func repeating(text string, every time.Duration) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		for err := error(nil); err == nil; time.Sleep(every) {
			_, err = io.WriteString(c, text)
		}
	}
}

// TestHandshakeFailures lets servers break the handshake in their ways, with octets on the wire where crypto/tls has no
// such server in it.
func TestHandshakeFailures(t *testing.T) {
	t.Parallel()
	alert := func(level, number string) func(*net.TCPConn) { return saying(octets("15 0301 0002" + level + number)) }
	cut := func(c *net.TCPConn) {
		io.WriteString(c, octets("16 0303 1000"))
		c.CloseWrite()
	}
	reset := func(c *net.TCPConn) {
		c.SetLinger(0)
		c.Close()
	}
	tests := []struct {
		name   string
		answer func(*net.TCPConn)
		reason Reason
		text   string
	}{
		{"plain text", saying("454 4.7.0 TLS not available due to local problem\r\n"), TLSNotTLS, `"454 4"`},
		{"HTTP", saying("HTTP/1.1 400 Bad Request\r\n"), TLSNotTLS, "does not look like a TLS handshake"},
		{"no record", saying(octets("17 0303 ffff")), TLSNotTLS, ""},
		{"SSLv2", saying(octets("80 04 00 00 02 00 00")), TLSVersion, "SSLv2"},
		{"SSLv3", saying(serverHello("0300", "0035")), TLSVersion, "unsupported protocol version 300"},
		{"DHE", func(c *net.TCPConn) {
			io.WriteString(c, serverHello("0303", "009f"))
			c.CloseWrite()
		}, TLSNoCipher, "unconfigured cipher suite"},
		{"closed", func(c *net.TCPConn) { c.CloseWrite() }, TLSClosed, "closed"},
		{"reset", reset, TLSClosed, "reset"},
		{"closed in mid-record", cut, TLSClosed, "closed"},
		{"close_notify", alert("01", "00"), TLSClosed, ""},
		{"alert protocol_version", alert("02", "46"), TLSVersion, "protocol version not supported"},
		{"alert handshake_failure", alert("02", "28"), TLSNoCipher, "handshake failure"},
		{"alert insufficient_security", alert("02", "47"), TLSNoCipher, "insufficient security level"},
		{"alert internal_error", alert("02", "50"), TLSAlert, "internal error"},
		{"alert without a name", alert("02", "c8"), TLSAlert, "alert(200)"},
		{"endless warnings", repeating(octets("15 0301 0002 01 70"), 0), TLSFailed, "too many ignored records"},
		{"endless empty records", repeating(octets("16 0301 0000"), 0), TLSFailed, ""},
		{"oversized message", saying(octets("16 0303 0004 02 ffffff")), TLSFailed, "exceeds maximum"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := probeServer(t, testClient(), answering(tt.answer))
			checkEnd(t, s, StartTLS, tt.reason)
			if s.Err != nil && !strings.Contains(s.Err.Text, tt.text) {
				t.Errorf("text %q, want %q in it", s.Err.Text, tt.text)
			}
		})
	}
}

// TestHandshakeCrawls: a handshake that gets on too slowly is told from one that never begins (TestLimits).
func TestHandshakeCrawls(t *testing.T) {
	t.Parallel()
	c := testClient()
	c.Timeout = short
	s, _ := probeServer(t, c, answering(repeating("\x16\x03\x03", 20*time.Millisecond)))
	checkEnd(t, s, StartTLS, Tarpit)
}

// TestCertificates: what cannot be read ends the handshake, anything else is written down as sent.
func TestCertificates(t *testing.T) {
	t.Parallel()
	cut := testCA().Resign(*testCert(), func(tbs []byte) []byte { return tbs[:len(tbs)/2] })
	garbage := tls.Certificate{Certificate: [][]byte{[]byte("garbage")}, PrivateKey: testCert().PrivateKey}
	huge := testCA().Issue([]string{"mx.example.com"}, scannertest.RSA16384)
	expired := testCA().Issue([]string{"mx.example.com"}, func(t *x509.Certificate) { t.NotAfter = t.NotBefore })
	odd := testCA().Intermediate("Intermediate").Issue([]string{"mx.example.com"})
	odd.Certificate = append(slices.Clone(odd.Certificate), odd.Certificate[0], testCA().Certificate().Raw)
	slices.Reverse(odd.Certificate[1:])
	long := testCA().Issue([]string{"mx.example.com"})
	for size := 0; size < 200<<10; size += len(long.Certificate[0]) {
		long.Certificate = append(long.Certificate, long.Certificate[0])
	}
	tooLong := long
	tooLong.Certificate = slices.Concat(long.Certificate, long.Certificate)

	tests := []struct {
		name   string
		cert   tls.Certificate
		stage  Stage
		reason Reason
	}{
		{"leaf cut short", cut, StartTLS, TLSCertificate},
		{"leaf is garbage", garbage, StartTLS, TLSCertificate},
		{"RSA of 16,384 bits, not its own", huge, StartTLS, TLSFailed},
		{"expired", expired, Done, ReasonNone},
		{"odd order, leaf twice, root included", odd, Done, ReasonNone},
		{"200 KiB", long, Done, ReasonNone},
		{"400 KiB", tooLong, StartTLS, TLSFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := probeServer(t, testClient(), scannertest.SMTP{Certificate: &tt.cert})
			checkEnd(t, s, tt.stage, tt.reason)
			if s.TLS != nil && !cmp.Equal(s.TLS.Chain, tt.cert.Certificate) {
				t.Errorf("chain of %d, sent %d", len(s.TLS.Chain), len(tt.cert.Certificate))
			}
		})
	}
}

// TestNegotiation: old and new stacks, each with what was agreed on.
func TestNegotiation(t *testing.T) {
	t.Parallel()
	only := func(version uint16, suites ...uint16) *tls.Config {
		return &tls.Config{MinVersion: version, MaxVersion: version, CipherSuites: suites}
	}
	group := func(id tls.CurveID, version uint16) *tls.Config {
		return &tls.Config{CurvePreferences: []tls.CurveID{id}, MinVersion: version, MaxVersion: version}
	}
	type agreed struct{ Version, Cipher, Group string }
	tests := []struct {
		name string
		tls  *tls.Config
		want agreed
	}{
		{"TLS 1.0", only(tls.VersionTLS10, tls.TLS_RSA_WITH_AES_128_CBC_SHA), agreed{"TLSv1", "AES128-SHA", ""}},
		{"3DES", only(tls.VersionTLS11, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA), agreed{"TLSv1.1", "DES-CBC3-SHA", ""}},
		{"RC4", only(tls.VersionTLS12, tls.TLS_RSA_WITH_RC4_128_SHA), agreed{"TLSv1.2", "RC4-SHA", ""}},
		{"P-256", group(tls.CurveP256, tls.VersionTLS12),
			agreed{"TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", "prime256v1"}},
		{"P-521", group(tls.CurveP521, tls.VersionTLS13), agreed{"TLSv1.3", "TLS_AES_128_GCM_SHA256", "secp521r1"}},
		{"X25519", group(tls.X25519, tls.VersionTLS13), agreed{"TLSv1.3", "TLS_AES_128_GCM_SHA256", "X25519"}},
		{"defaults", &tls.Config{}, agreed{"TLSv1.3", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := probeServer(t, testClient(), scannertest.SMTP{Certificate: testRSA(), TLS: tt.tls})
			checkEnd(t, s, Done, ReasonNone)
			if s.TLS == nil {
				return
			}
			got := agreed{VersionName(s.TLS.Version), CipherName(s.TLS.Suite), GroupName(s.TLS.Group)}
			if strings.HasPrefix(got.Cipher, "TLS_") { // the order depends on the processor
				got.Cipher = tt.want.Cipher
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("agreed (-want +got):\n%s", diff)
			}
		})
	}
}

// TestClientCertificate: a server that asks for one gets none, and decides.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		auth    tls.ClientAuthType
		version uint16
		stage   Stage
		reason  Reason
	}{
		{"asked, 1.2", tls.RequestClientCert, tls.VersionTLS12, Done, ReasonNone},
		{"asked, 1.3", tls.RequestClientCert, tls.VersionTLS13, Done, ReasonNone},
		{"required, 1.2", tls.RequireAnyClientCert, tls.VersionTLS12, StartTLS, TLSAlert},
		{"required, 1.3", tls.RequireAnyClientCert, tls.VersionTLS13, TLS, TLSAlert}, // refused after our Finished
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			config := &tls.Config{ClientAuth: tt.auth, MinVersion: tt.version, MaxVersion: tt.version}
			s, _ := probeServer(t, testClient(), scannertest.SMTP{Certificate: testCert(), TLS: config})
			checkEnd(t, s, tt.stage, tt.reason)
		})
	}
}

// TestHello looks at what the client says first: the name if there is one, no ticket, no ALPN, every suite, TLS 1.0 up.
func TestHello(t *testing.T) {
	t.Parallel()
	for _, sni := range []string{"", "mx.example.com"} {
		var hello tls.ClientHelloInfo
		srv := serve(t, scannertest.SMTP{Certificate: testCert(), TLS: &tls.Config{
			GetConfigForClient: func(info *tls.ClientHelloInfo) (*tls.Config, error) {
				hello = *info
				return nil, nil
			},
		}})
		s := testClient().Probe(t.Context(), srv.Addr(), Ask{SNI: sni})
		checkEnd(t, s, Done, ReasonNone)
		srv.Close()
		if hello.ServerName != sni || s.Ask.SNI != sni {
			t.Errorf("server name %q, session says %q, want %q", hello.ServerName, s.Ask.SNI, sni)
		}
		if hello.SupportedProtos != nil {
			t.Errorf("ALPN %q", hello.SupportedProtos)
		}
		if slices.Contains(hello.Extensions, 35) {
			t.Error("session ticket extension sent")
		}
		for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			if !slices.Contains(hello.CipherSuites, suite.ID) {
				t.Errorf("%s not offered", suite.Name)
			}
		}
		if slices.Min(hello.SupportedVersions) != tls.VersionTLS10 {
			t.Errorf("versions %x", hello.SupportedVersions)
		}
	}
}
