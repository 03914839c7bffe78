package scannertest_test

import (
	"io"
	"net"
	"testing"
	"time"

	"mxtls/scanner/scannertest"
)

// Whatever a client sends, the server must end the session and serve the next client.
func FuzzClient(f *testing.F) {
	for _, seed := range []string{
		"", "EHLO a\r\nQUIT\r\n", "\x16\x03\x01\x00\x05hello", "STARTTLS\r\n\x16\x03\x01\x00\x00",
		"DATA\r\n.\r\n.\r\n", "\n\n\n\r\r\n",
		"STARTTLS\r\nEHLO a\r\n", "MAIL FROM:<>\r\nDATA\r\nno end", " \r\n", "QUIT\r\nQUIT\r\n",
	} {
		f.Add([]byte(seed))
	}
	cert := scannertest.SelfSigned([]string{"mx.example.com"})
	server, err := scannertest.NewSMTP("127.0.0.1:0", scannertest.SMTP{Banner: "220 mx", Certificate: &cert})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(server.Close)
	f.Fuzz(func(t *testing.T, said []byte) {
		c, err := net.DialTimeout("tcp", server.Addr().String(), 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		c.Write(said)
		c.(*net.TCPConn).CloseWrite()
		if _, err := io.Copy(io.Discard, c); err != nil && !isReset(err) {
			t.Errorf("the session goes on: %v", err)
		}
	})
}

// A script is taken or refused, never more.
func FuzzScript(f *testing.F) {
	for _, seed := range []string{
		"S: 220 a\nC: EHLO *\nTLS", "S*: a\nS~: b\nS~*: c", `RAW \x00` + "\nRAW* \"a\"",
		"TRICKLE 1s a", "SLEEP 1s\nCLOSE\nRESET", "# x\r\n\t S:",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		server, err := scannertest.NewSMTP("127.0.0.1:0", scannertest.SMTP{Script: script})
		if (server == nil) != (err != nil) {
			t.Fatalf("server %v, error %v", server, err)
		}
		if server != nil {
			server.Close()
		}
	})
}
