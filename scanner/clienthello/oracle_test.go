package clienthello

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// selfSigned is a certificate of an RSA or an ECDSA key.
func selfSigned(t *testing.T, ec bool) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	if ec {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// complaint is what "openssl s_client" says of a flight: the reason in the last line of its error queue. It gets the
// session id of its hello back, if the flight is to have one.
func complaint(t *testing.T, level string, flight []byte) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		conn.Read(make([]byte, 2048))
		conn.Write(flight)
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn)
	}()
	out, _ := exec.Command("openssl", "s_client", "-connect", listener.Addr().String(), "-min_protocol", "TLSv1",
		"-cipher", "ALL:@SECLEVEL="+level).CombinedOutput() // it always fails: nobody can finish such a handshake
	<-done
	for line := range strings.Lines(string(out)) {
		if fields := strings.Split(line, ":"); len(fields) > 5 && fields[1] == "error" {
			return fields[3] + ": " + fields[5]
		}
	}
	return ""
}

// TestRefusedByOpenSSL shows made-up flights to a real OpenSSL, which is right about what it refuses. Where it goes on,
// it comes to the signature, which is none.
func TestRefusedByOpenSSL(t *testing.T) {
	t.Parallel()
	rsaKey, ecKey := selfSigned(t, false), selfSigned(t, true)
	const ecdheECDSA, dheRSAOld, rsaOld = 0xc02c, 0x0039, 0x0035
	pss := uint16(tls.PSSWithSHA256)
	fits := (maxCertList - 3) / (3 + len(rsaKey)) // certificates
	for _, tt := range []struct {
		name     string
		messages [][]byte
	}{
		{"DHE", [][]byte{hello(tls12, dheRSA, secure), chain(rsaKey), dheExchange(2048, pss), done}},
		{"no renegotiation_info", [][]byte{hello(tls12, dheRSA), chain(rsaKey), dheExchange(2048, pss), done}},
		{"DH of 1,024 bits", [][]byte{hello(tls12, dheRSA, secure), chain(rsaKey), dheExchange(1024, pss), done}},
		{"DH of 1,016 bits", [][]byte{hello(tls12, dheRSA, secure), chain(rsaKey), dheExchange(1016, pss), done}},
		{"DH of 10,000 bits", [][]byte{hello(tls12, dheRSA, secure), chain(rsaKey), dheExchange(10000, pss), done}},
		{"DH of 10,240 bits", [][]byte{hello(tls12, dheRSA, secure), chain(rsaKey), dheExchange(10240, pss), done}},
		{"100 KiB", [][]byte{hello(tls12, dheRSA, secure), chain(slices.Repeat([][]byte{rsaKey}, fits)...),
			dheExchange(2048, pss), done}},
		{"over 100 KiB", [][]byte{hello(tls12, dheRSA, secure), chain(slices.Repeat([][]byte{rsaKey}, fits+1)...),
			dheExchange(2048, pss), done}},
		{"no certificate in the chain", [][]byte{hello(tls12, dheRSA, secure), chain(rsaKey, []byte("garbage")),
			dheExchange(2048, pss), done}},
		{"SHA-1", [][]byte{hello(tls12, ecdheECDSA, secure), chain(ecKey), ecdheExchange(23, 0x0203), done}},
		{"TLS 1.0 and DHE", [][]byte{hello(tls10, dheRSAOld, secure), chain(rsaKey), dheExchange(2048, 0), done}},
	} {
		for level, name := range []string{"0", "1"} {
			t.Run(tt.name+" at "+name, func(t *testing.T) {
				t.Parallel()
				octets := records(handshakeRecord, maxRecord, tt.messages...)
				f := Parse(octets)
				if !f.Complete {
					t.Fatalf("%+v", f.Err)
				}
				want := f.Refused(level)
				got := complaint(t, name, octets)
				signature := strings.HasPrefix(got, "rsa routines") || strings.HasSuffix(got, "bad signature")
				if !strings.Contains(got, want) || (want == "") != signature {
					t.Errorf("openssl: %q, we say %q", got, want)
				}
			})
		}
	}
}

// TestHostileToOpenSSL: what ends a flight for us ends a handshake for OpenSSL, before it comes to the signature.
func TestHostileToOpenSSL(t *testing.T) {
	t.Parallel()
	for _, tt := range hostileFlights() {
		switch {
		case tt.kind == Closed, tt.kind == TooLong, // which is the network's or our doing
			tt.name == "close_notify",            // which leaves nothing to complain of
			tt.name == "unknown extension twice": // which OpenSSL does not look at
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := complaint(t, "0", tt.octets)
			more := tt.kind != NotTLS && strings.Contains(got, "unexpected eof") // it would have read on
			if got == "" || more || strings.HasPrefix(got, "rsa routines") || strings.HasSuffix(got, "bad signature") {
				t.Errorf("openssl goes on: %q", got)
			}
		})
	}
}
