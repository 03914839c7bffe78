package clienthello

import (
	"crypto/tls"
	"testing"
)

// body is a message without its header.
func body(message []byte) []byte { return message[4:] }

// FuzzServerHello: no ServerHello makes the reader panic, and what it takes for an answer to a hello was offered there.
func FuzzServerHello(f *testing.F) {
	for _, seed := range [][]byte{
		hello(tls12, dheRSA, secure, master), hello(tls12, suite13, version13, share), hello(tls10, plainRSA),
		retry(version13, extension(keyShare, 0, x448)), retry(version13, extension(cookie, 0, 1, 9)),
		hello(tls12, dheRSA, secure, secure), handshake(serverHello, helloBody(tls12, dheRSA, marked(1))),
	} {
		f.Add(body(seed))
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		h := Hello{Profile: May}
		var asked, seen Flight
		err := asked.serverHello(octets, &h)
		if other := seen.serverHello(octets, nil); other != nil && err == nil {
			t.Errorf("%v, but not as an answer", other)
		}
		if err != nil {
			return
		}
		tls13 := asked.Version == tls.VersionTLS13
		if asked.Version < tls10 || asked.Version > tls.VersionTLS13 || !h.Offers(asked.Suite) ||
			asked.Complete != tls13 || !tls13 && (asked.Group != 0 || asked.Retry) ||
			tls13 && !asked.Retry && asked.Group != h.groups()[0] {
			t.Errorf("%+v", asked)
		}
	})
}

// FuzzCertificate: no Certificate message makes the reader panic, or keep an octet that was not sent.
func FuzzCertificate(f *testing.F) {
	for _, seed := range [][]byte{
		chain(certificate1, certificate1), chain(), chain(nil), {0, 0, 0, 9, 0, 0, 9, 0, 0, 9, 1},
	} {
		f.Add(body(seed))
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		flight := Flight{Version: tls12, Suite: dheRSA}
		err := flight.certificate(octets)
		sent := 3
		for _, der := range flight.Chain {
			sent += 3 + len(der)
			if len(der) == 0 {
				t.Error("a certificate of no octets")
			}
		}
		if sent > len(octets) && len(flight.Chain) > 0 || err == nil && sent != len(octets) || len(flight.Chain) > maxChain {
			t.Errorf("%d octets kept of %d, %v", sent, len(octets), err)
		}
		flight.Refused(1)
	})
}

// FuzzKeyExchange: no ServerKeyExchange makes the reader panic, of whatever suite and version, and what it takes has
// what the suite asks for.
func FuzzKeyExchange(f *testing.F) {
	for _, seed := range []struct {
		message        []byte
		version, suite uint16
	}{
		{dheExchange(2048, 0x0401), tls12, dheRSA}, {ecdheExchange(29, 0x0804), tls12, ecdheRSA},
		{dheExchange(1024, 0), tls10, 0x39}, {handshake(serverKeyExchange, []byte{3, 0, x448, 2, 4, 5}), tls12, aecdh},
		{dheExchange(512, 0), tls12, adh}, {dheExchange(512, 0x0401), tls12, plainRSA},
	} {
		f.Add(body(seed.message), seed.version, seed.suite)
	}
	f.Fuzz(func(t *testing.T, octets []byte, version, suite uint16) {
		flight := Flight{Version: version, Suite: suite}
		h := Hello{Profile: May}
		if flight.keyExchange(octets, &h) != nil {
			return
		}
		kind := kindOf(suite)
		if (kind.exchange == byDHE) != (flight.DHBits > 0) || (kind.exchange == byECDHE) != (flight.Group != 0) ||
			(version == tls12 && !kind.anonymous) != (flight.Signature != 0) || flight.DHBits > 8*len(octets) {
			t.Errorf("%s: %+v", CipherName(suite), flight)
		}
	})
}
