package clienthello

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
	"golang.org/x/crypto/cryptobyte"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shot is handshake messages or records, to be joined.
type shot = []byte

func build(f cryptobyte.BuilderContinuation) shot {
	var b cryptobyte.Builder
	f(&b)
	return b.BytesOrPanic()
}

// handshake is one handshake message.
func handshake(kind uint8, body []byte) shot {
	return build(func(b *cryptobyte.Builder) {
		b.AddUint8(kind)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(body) })
	})
}

// records puts octets into records of a type, at most size octets each.
func records(kind uint8, size int, octets ...[]byte) shot {
	var out []byte
	for part := range slices.Chunk(slices.Concat(octets...), size) {
		out = append(out, build(func(b *cryptobyte.Builder) {
			b.AddUint8(kind)
			b.AddUint16(tls.VersionTLS12)
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(part) })
		})...)
	}
	return out
}

func extension(kind uint16, body ...byte) shot {
	return build(func(b *cryptobyte.Builder) {
		addExtension(b, kind, func(b *cryptobyte.Builder) { b.AddBytes(body) })
	})
}

// hello is a ServerHello.
func hello(version, suite uint16, extensions ...[]byte) shot {
	return handshake(serverHello, helloBody(version, suite, bytes.Repeat([]byte{1}, 32), extensions...))
}

func helloBody(version, suite uint16, random []byte, extensions ...[]byte) []byte {
	return build(func(b *cryptobyte.Builder) {
		b.AddUint16(version)
		b.AddBytes(random)
		b.AddUint8(0)
		b.AddUint16(suite)
		b.AddUint8(0)
		if len(extensions) > 0 {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(slices.Concat(extensions...)) })
		}
	})
}

// retry is a HelloRetryRequest.
func retry(extensions ...[]byte) shot {
	return handshake(serverHello, helloBody(tls12, suite13, retryRandom, extensions...))
}

// marked is the random of a server that was kept from choosing a newer version (RFC 8446 4.1.3).
func marked(last byte) []byte { return append(make([]byte, 24), "DOWNGRD"+string(last)...) }

// chain is a Certificate message.
func chain(certificates ...[]byte) shot {
	return handshake(certificate, build(func(b *cryptobyte.Builder) {
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, der := range certificates {
				b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(der) })
			}
		})
	}))
}

// Key exchanges: DHE with a prime of so many bits, ECDHE over a curve; scheme 0 is one of before TLS 1.2.
func dheExchange(bits int, scheme uint16) shot {
	prime := make([]byte, 1+(bits+7)/8) // a leading zero does not count
	prime[1] = 1 << ((bits - 1) % 8)
	prime[len(prime)-1] |= 1 // which is all that OpenSSL asks for at first
	return handshake(serverKeyExchange, build(func(b *cryptobyte.Builder) {
		for _, number := range [][]byte{prime, {2}, {3}} {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(number) })
		}
		sign(b, scheme)
	}))
}

func ecdheExchange(curve, scheme uint16) shot {
	return handshake(serverKeyExchange, build(func(b *cryptobyte.Builder) {
		b.AddUint8(3)
		b.AddUint16(curve)
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddBytes(point.Bytes())
		})
		sign(b, scheme)
	}))
}

// point is on the curve P-256.
var point = func() *ecdh.PublicKey {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key.PublicKey()
}()

func sign(b *cryptobyte.Builder, scheme uint16) {
	if scheme != 0 {
		b.AddUint16(scheme)
	}
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte("signature")) })
}

var (
	done         = handshake(serverHelloDone, nil)
	secure       = extension(renegotiationInfo, 0)
	master       = extension(extendedMasterSecret)
	version13    = extension(supportedVersions, 3, 4)
	share        = extension(keyShare, 0, 29, 0, 1, 9)
	certificate1 = []byte{0x30, 7, 0x30, 0, 0x30, 0, 0x03, 1, 0} // the outline of one
)

const (
	dheRSA   = 0x009f
	ecdheRSA = 0xc030
	plainRSA = 0x003d
	adh      = 0x00a7
	aecdh    = 0xc019
	suite13  = 0x1302
	tls10    = tls.VersionTLS10
	tls12    = tls.VersionTLS12
	x448     = 30
)

// whole is an honest flight of TLS 1.2.
var whole = slices.Concat(hello(tls12, dheRSA, secure, master), chain(certificate1, certificate1),
	dheExchange(2048, 0x0401), handshake(certificateRequest, []byte{1, 2, 3}), done)

func TestFlight(t *testing.T) {
	t.Parallel()
	anonymousExchange := handshake(serverKeyExchange, []byte{3, 0, x448, 2, 4, 5})
	again := retry(version13, extension(keyShare, 0, x448))
	want := Flight{Version: tls12, Suite: dheRSA, DHBits: 2048, Signature: 0x0401, Renegotiation: true,
		ExtendedMasterSecret: true, Chain: [][]byte{certificate1, certificate1}, CertificateOctets: 27,
		ClientCertificate: true, Complete: true}
	huge, empty := want, []byte{handshakeRecord, 3, 3, 0, 0}
	huge.DHBits = 16384
	for _, tt := range []struct {
		name   string
		octets []byte
		want   Flight
	}{
		{"coalesced", records(handshakeRecord, maxRecord, whole), want},
		{"a record for each octet", records(handshakeRecord, 1, whole), want},
		{"odd fragments", records(handshakeRecord, 7, whole), want},
		{"empty records between", slices.Concat(empty, records(handshakeRecord, 9, whole[:50]), empty, empty,
			records(handshakeRecord, 9, whole[50:])), want},
		{"DH of 16,384 bits", records(handshakeRecord, maxRecord, hello(tls12, dheRSA, secure, master),
			chain(certificate1, certificate1), dheExchange(16384, 0x0401), handshake(certificateRequest, nil), done), huge},
		{"extensions that nobody knows", records(handshakeRecord, maxRecord, hello(tls12, dheRSA, extension(9999, 1), secure,
			extension(18), master), whole[len(hello(tls12, dheRSA, secure, master)):]), want},
		{"warnings and HelloRequests between", slices.Concat(records(alertRecord, 2, []byte{1, 112}),
			records(handshakeRecord, 9, handshake(helloRequest, nil), whole[:50]),
			records(alertRecord, 2, []byte{1, 90}), records(handshakeRecord, 9, whole[50:])), want},
		{"RSA", records(handshakeRecord, maxRecord, hello(tls10, plainRSA), chain(certificate1), done),
			Flight{Version: tls10, Suite: plainRSA, Chain: [][]byte{certificate1}, CertificateOctets: 15, Complete: true}},
		{"ECDHE before TLS 1.2", records(handshakeRecord, maxRecord, hello(tls10, 0xc014), chain(certificate1),
			ecdheExchange(23, 0), done), Flight{Version: tls10, Suite: 0xc014, Group: 23, Chain: [][]byte{certificate1},
			CertificateOctets: 15, Complete: true}},
		{"anonymous", records(handshakeRecord, maxRecord, hello(tls12, aecdh, secure), anonymousExchange, done),
			Flight{Version: tls12, Suite: aecdh, Group: x448, Renegotiation: true, Complete: true}},
		{"TLS 1.3", records(handshakeRecord, maxRecord, hello(tls12, suite13, version13,
			extension(keyShare, 0, 29, 0, 1, 9))),
			Flight{Version: tls.VersionTLS13, Suite: suite13, Group: 29, Complete: true}},
		{"HelloRetryRequest", records(handshakeRecord, maxRecord, again),
			Flight{Version: tls.VersionTLS13, Suite: suite13, Group: x448, Retry: true, Complete: true}},
		{"HelloRetryRequest for a cookie", records(handshakeRecord, maxRecord, retry(version13, extension(cookie, 0, 1, 9))),
			Flight{Version: tls.VersionTLS13, Suite: suite13, Retry: true, Complete: true}},
		{"HelloRetryRequest twice, of which the second has no hello", records(handshakeRecord, maxRecord, again, again),
			Flight{Version: tls.VersionTLS13, Suite: suite13, Group: x448, Retry: true, Complete: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := answered(tt.octets)
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("flight (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(got, Parse(tt.octets)); diff != "" {
				t.Errorf("a recording (-answered +parsed):\n%s", diff)
			}
		})
	}
}

// server is a connection to one who says something whatever he hears.
type server struct {
	io.Reader
	io.Writer
}

func answered(answer []byte) *Flight {
	return Exchange(server{bytes.NewReader(answer), io.Discard}, Hello{Profile: May})
}

// TestHostile: whatever a server sends ends with an error of a kind, and what was read before is kept.
func TestHostile(t *testing.T) {
	t.Parallel()
	start := records(handshakeRecord, maxRecord, hello(tls12, dheRSA))
	for _, tt := range hostileFlights() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := answered(tt.octets)
			if f.Complete || f.Err == nil {
				t.Fatalf("complete: %+v", f)
			}
			if f.Err.Kind != tt.kind || !strings.Contains(f.Err.Error(), tt.text) {
				t.Errorf("%v: %v, want %v: %q", f.Err.Kind, f.Err, tt.kind, tt.text)
			}
			if bytes.HasPrefix(tt.octets, start[5:]) && f.Suite != dheRSA {
				t.Errorf("the suite is lost: %+v", f)
			}
		})
	}
}

// TestCutAnywhere: a flight that ends at any octet keeps what came, and is not complete.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	octets := records(handshakeRecord, 40, whole)
	for n := range octets {
		f := answered(octets[:n])
		if f.Complete || f.Err == nil || f.Err.Kind != Closed || !errors.Is(f.Err, f.Err.Err) {
			t.Fatalf("after %d octets: %+v", n, f)
		}
	}
}

// TestTooLongChain: how long a Certificate message is shows also when it is not read.
func TestTooLongChain(t *testing.T) {
	t.Parallel()
	f := answered(records(handshakeRecord, maxRecord, hello(tls12, dheRSA, secure),
		handshake(certificate, make([]byte, 300<<10))))
	if f.CertificateOctets != 300<<10 || f.Refused(0) != "excessive message size" {
		t.Errorf("%d octets, %q", f.CertificateOctets, f.Refused(0))
	}
}

func TestConnectionErrors(t *testing.T) {
	t.Parallel()
	reset := errors.New("reset")
	for _, tt := range []struct {
		err  error
		kind Kind
	}{{io.ErrUnexpectedEOF, Closed}, {os.ErrDeadlineExceeded, TimedOut}, {reset, Broken}} {
		f := Exchange(server{iotest.ErrReader(tt.err), io.Discard}, Hello{Profile: May})
		if f.Err == nil || f.Err.Kind != tt.kind || !errors.Is(f.Err, tt.err) {
			t.Errorf("%v: %+v", tt.err, f.Err)
		}
	}
}

// TestDeadline: a server that sends an octet now and then is left when the connection's time is up.
func TestDeadline(t *testing.T) {
	t.Parallel()
	client, srv := net.Pipe()
	defer client.Close()
	go func() {
		defer srv.Close()
		io.ReadFull(srv, make([]byte, 517))
		for _, octet := range records(handshakeRecord, 1, whole) {
			time.Sleep(10 * time.Millisecond)
			if _, err := srv.Write([]byte{octet}); err != nil {
				return
			}
		}
	}()
	client.SetDeadline(time.Now().Add(200 * time.Millisecond))
	if f := Exchange(client, Hello{Profile: May}); f.Err == nil || f.Err.Kind != TimedOut {
		t.Errorf("%+v", f)
	}
}

// TestRefused goes through what OpenSSL breaks off over, at both levels.
func TestRefused(t *testing.T) {
	t.Parallel()
	good := Flight{Version: tls12, Suite: dheRSA, DHBits: 2048, Signature: 0x0401, Renegotiation: true, Complete: true,
		Chain: [][]byte{certificate1}, CertificateOctets: 15}
	for _, tt := range []struct {
		name       string
		edit       func(*Flight)
		may, match string
	}{
		{"good", func(*Flight) {}, "", ""},
		{"TLS 1.3", func(f *Flight) { *f = Flight{Version: tls.VersionTLS13, Suite: suite13} }, "", ""},
		{"no renegotiation_info", func(f *Flight) { f.Renegotiation = false }, "unsafe legacy renegotiation disabled",
			"unsafe legacy renegotiation disabled"},
		{"anonymous", func(f *Flight) { f.Suite, f.Chain, f.Signature = adh, nil, 0 }, "", "no shared cipher"},
		{"100 KiB", func(f *Flight) { f.CertificateOctets = 102400 }, "", ""},
		{"more", func(f *Flight) { f.CertificateOctets = 102401 }, "excessive message size",
			"excessive message size"},
		{"no DER", func(f *Flight) { f.Chain = [][]byte{certificate1, []byte("garbage")} },
			"asn1 encoding routines", "asn1 encoding routines"},
		{"DH 1024", func(f *Flight) { f.DHBits = 1024 }, "", ""},
		{"DH 1023", func(f *Flight) { f.DHBits = 1023 }, "dh key too small", "dh key too small"},
		{"DH 10240", func(f *Flight) { f.DHBits = 10240 }, "modulus too large", "modulus too large"},
		{"TLS 1.0 with DHE", func(f *Flight) { f.Version, f.Suite, f.Signature = tls10, 0x39, 0 }, "",
			"legacy sigalg disallowed or unsupported"},
		{"TLS 1.0 with RSA", func(f *Flight) { f.Version, f.Suite, f.Signature, f.DHBits = tls10, 0x35, 0, 0 }, "", ""},
		{"SHA-1", func(f *Flight) { f.Signature = 0x0201 }, "", "wrong signature type"},
		{"SHA-224", func(f *Flight) { f.Signature = 0x0301 }, "", ""},
	} {
		f := good
		tt.edit(&f)
		if may, match := f.Refused(0), f.Refused(1); may != tt.may || match != tt.match {
			t.Errorf("%s: %q, %q, want %q, %q", tt.name, may, match, tt.may, tt.match)
		}
	}
}

// FuzzParse: no octets make the reader panic or keep more than came, and what is complete has what it takes.
func FuzzParse(f *testing.F) {
	f.Add(records(handshakeRecord, maxRecord, whole))
	f.Add(records(handshakeRecord, 3, whole))
	f.Add(records(handshakeRecord, maxRecord, hello(tls10, plainRSA), chain(certificate1), done))
	f.Add(records(handshakeRecord, maxRecord, hello(tls12, ecdheRSA, secure), chain(certificate1),
		ecdheExchange(29, 0x0804), done))
	f.Add(records(handshakeRecord, maxRecord, hello(tls12, suite13, version13, extension(keyShare, 0, 29, 0, 1, 9))))
	f.Add(slices.Concat(records(alertRecord, 2, []byte{1, 112}), records(alertRecord, 2, []byte{2, 40})))
	f.Add([]byte("454 4.7.0 no TLS\r\n"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		flight := answered(octets)
		kept := 0
		for _, der := range flight.Chain {
			kept += len(der)
		}
		if kept > len(octets) || flight.Complete == (flight.Err != nil) {
			t.Errorf("%d octets of certificates from %d: %+v", kept, len(octets), flight)
		}
		if flight.Complete && flight.Version < tls.VersionTLS13 && len(flight.Chain) == 0 && !flight.Anonymous() {
			t.Errorf("complete without a chain: %+v", flight)
		}
		flight.Refused(0)
		// What is read does not depend on how it comes in.
		again := Exchange(server{iotest.OneByteReader(bytes.NewReader(octets)), io.Discard}, Hello{Profile: May})
		if diff := cmp.Diff(flight, again, cmpopts.IgnoreFields(Error{}, "Err")); diff != "" {
			t.Errorf("octet by octet (-whole +single):\n%s", diff)
		}
	})
}
