//go:build linux

package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A bareClient does the least that has to be done to learn whether a server is who it should be: it has no limits,
// keeps nothing and recognises nothing.
type bareClient struct {
	roots *x509.CertPool
}

func newBareClient(pem string) *bareClient {
	c := &bareClient{x509.NewCertPool()}
	c.roots.AppendCertsFromPEM([]byte(pem))
	return c
}

// bareConfig sends no SNI, as the scanner, and so leaves the verification to the client.
var bareConfig = &tls.Config{InsecureSkipVerify: true}

// session goes through banner, EHLO, STARTTLS, handshake and the verification of the chain. then is called with the
// connection before it is closed.
func (c *bareClient) session(addr netip.AddrPort, host string, then func(*tls.Conn) error) error {
	tcp, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(addr))
	if err != nil {
		return err
	}
	defer tcp.Close()
	r := bufio.NewReaderSize(tcp, 2048)
	if err := await(r); err != nil {
		return err
	}
	for _, command := range []string{"EHLO bench.example\r\n", "STARTTLS\r\n"} {
		if _, err := io.WriteString(tcp, command); err != nil {
			return err
		}
		if err := await(r); err != nil {
			return err
		}
	}
	conn := tls.Client(tcp, bareConfig)
	if err := conn.Handshake(); err != nil {
		return err
	}
	if err := c.verify(conn.ConnectionState().PeerCertificates, host); err != nil || then == nil {
		return err
	}
	return then(conn)
}

func (c *bareClient) verify(chain []*x509.Certificate, host string) error {
	others := x509.NewCertPool()
	for _, cert := range chain[1:] {
		others.AddCert(cert)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{DNSName: host, Roots: c.roots, Intermediates: others})
	return err
}

// await reads one reply, which must be a good one.
func await(r *bufio.Reader) error {
	for {
		line, err := r.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case len(line) < 4 || line[0] != '2':
			return fmt.Errorf("unexpected reply %q", line)
		case line[3] == ' ':
			return nil
		}
	}
}

// bareLookups asks n MX questions on one socket, window of them in flight.
func bareLookups(server string, n, window int, domain func(i int) string) error {
	conn, err := net.Dial("udp", server)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.(*net.UDPConn).SetReadBuffer(sockBuffer) // as above: a help only
	query, answer := make([]byte, 0, 512), make([]byte, 1500)
	for asked, answered := 0, 0; answered < n; {
		for ; asked < n && asked < answered+window; asked++ {
			name, err := dnsmessage.NewName(domain(asked) + ".")
			if err != nil {
				return err
			}
			b := dnsmessage.NewBuilder(query, dnsmessage.Header{ID: uint16(asked), RecursionDesired: true})
			if err := errors.Join(b.StartQuestions(), b.Question(dnsmessage.Question{
				Name: name, Type: dnsmessage.TypeMX, Class: dnsmessage.ClassINET,
			})); err != nil {
				return err
			}
			msg, err := b.Finish()
			if err != nil {
				return err
			}
			if _, err := conn.Write(msg); err != nil {
				return err
			}
		}
		conn.SetReadDeadline(time.Now().Add(3 * time.Second))
		size, err := conn.Read(answer)
		if err != nil {
			return fmt.Errorf("after %d of %d answers: %w", answered, n, err)
		}
		if size < headerLen || answer[7] != 1 {
			return fmt.Errorf("answer %d: %x", answered, answer[:size])
		}
		answered++
	}
	return nil
}
