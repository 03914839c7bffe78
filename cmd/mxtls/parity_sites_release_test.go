//go:build parity

package main_test

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"time"
)

// sitesReleases are those that releases of Postfix and OpenSSL are known to differ about, or might.
func sitesReleases() []site {
	ccm8 := func(name, about, args string, edits ...edit) site {
		return one("A", name, about, openssl("-tls1_2 "+args+":@SECLEVEL=0", edits...))
	}
	ffdhe := func(class, group string) site {
		return one(class, group+"-tls13", "TLS 1.3 over "+group+" alone", openssl("-tls1_3 -groups "+group))
	}
	address := func(name, about string, edits ...edit) site {
		return site{class: "T", name: name, about: "an address in place of a host, " + about, host: "$1",
			servers: []server{healthy(edits...)}, records: []string{"$D. 60 IN MX 10 $1."}}
	}
	return []site{
		ccm8("ccm8-ecdsa", "ECDHE-ECDSA-AES256-CCM8 alone", "-cipher ECDHE-ECDSA-AES256-CCM8"),
		ccm8("ccm8-dhe", "DHE-RSA-AES128-CCM8 alone", "-cipher DHE-RSA-AES128-CCM8", withRSA),
		ccm8("ccm8-preferred", "ECDHE-ECDSA-AES128-CCM8, because the server prefers it",
			"-serverpref -cipher ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-GCM-SHA256"),
		ccm8("dss-and-rsa", "a list that begins with a DSA suite that the server has no key for",
			"-serverpref -cipher DHE-DSS-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256", withRSA),
		ffdhe("A", "ffdhe3072"), ffdhe("B", "ffdhe4096"),
		one("B", "mlkem-tls13", "TLS 1.3 over X25519MLKEM768 alone", healthy(config(func(c *tls.Config) {
			c.MinVersion, c.CurvePreferences = tls.VersionTLS13, []tls.CurveID{tls.X25519MLKEM768}
		}))),
		one("C", "time-without-seconds-intermediate", "an intermediate whose dates are without seconds",
			healthy(intermediate(func(c *cert) { c.to = withoutSeconds() }))),
		one("C", "time-without-seconds-stray", "a certificate beside the chain whose dates are without seconds",
			healthy(func(a *authorities, l *leaf) {
				l.last = append(l.last, a.stray(func(c *cert) { c.to = withoutSeconds() }))
			})),
		one("C", "time-generalized-without-seconds", "a GeneralizedTime without seconds",
			healthy(func(a *authorities, l *leaf) {
				l.to = der(tagTime, []byte(a.now.AddDate(0, 1, 0).UTC().Format("200601021504Z")))
			})),
		address("mx-address-san", "which the certificate is for", func(_ *authorities, l *leaf) {
			ip := netip.MustParseAddr(l.host).As4()
			l.set(ext{idSAN, false, der(tagSequence, der(tagIP, ip[:]))})
		}),
		address("mx-address-both", "which the certificate is for, and for another name", func(_ *authorities, l *leaf) {
			ip := netip.MustParseAddr(l.host).As4()
			l.set(ext{idSAN, false, der(tagSequence, der(tagDNS, []byte("other.example")), der(tagIP, ip[:]))})
		}),
		address("mx-address-name", "which stands in the certificate as a DNS name"),
		one("T", "large-hello-silence", "silent after a ClientHello of more than 1,000 octets", short("silence")),
		one("T", "large-hello-close", "hangs up after a ClientHello of more than 1,000 octets", short("close")),
	}
}

// withoutSeconds is a date to come that RFC 5280 does not allow.
func withoutSeconds() []byte {
	return der(tagUTCTime, []byte(time.Now().AddDate(0, 1, 0).UTC().Format("0601021504Z")))
}

// short is a server that cannot take a ClientHello of more than 1,000 octets; what it does then is a word of front.
func short(word string) server {
	return func(a *authorities, host string) func(net.Conn) {
		upgrade := goTLS(a.leaf(host).config())
		return front{upgrade: func(conn net.Conn) (io.ReadWriteCloser, error) {
			first := bufio.NewReader(conn)
			header, err := first.Peek(5) // of a record: kind, version, length
			if err != nil {
				return nil, err
			}
			if binary.BigEndian.Uint16(header[3:]) > 1000 {
				front{}.say(conn, word)
				return nil, io.EOF
			}
			return upgrade(peeked{conn, first})
		}}.serve
	}
}

// peeked is a connection of which something was read ahead.
type peeked struct {
	net.Conn
	r io.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.r.Read(b) }
