package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"time"

	"mxtls/scanner/scannertest"
)

// slowness is how long a server of the kind "slow" holds a session: long enough for all that may come meanwhile.
const slowness = 400 * time.Millisecond

// busy is the banner of servers that send their clients away for now.
const busy = "421 4.7.0 too many connections, try again later"

// kinds are the mail servers of the stories, by what is peculiar about them. "nobody" is an address without a server.
var kinds = map[string]func(w *world, host string) scannertest.SMTP{
	"encrypting": func(w *world, host string) scannertest.SMTP { return w.issue(60, host) },
	"oldtls": func(w *world, host string) scannertest.SMTP {
		s := w.issue(60, host)
		s.TLS = &tls.Config{MaxVersion: tls.VersionTLS12}
		return s
	},
	"expiring":  func(w *world, host string) scannertest.SMTP { return w.issue(6, host) },
	"expired":   func(w *world, host string) scannertest.SMTP { return w.issue(-20, host) },
	"othername": func(w *world, _ string) scannertest.SMTP { return w.issue(60, "host17.cheaphosting.example") },
	"selfsigned": func(_ *world, host string) scannertest.SMTP {
		cert := scannertest.SelfSigned([]string{host}, lasting(60))
		return scannertest.SMTP{Certificate: &cert}
	},
	"plaintext": func(*world, string) scannertest.SMTP { return scannertest.SMTP{} },
	// Offers STARTTLS, and says no for good.
	"refusing": func(w *world, host string) scannertest.SMTP {
		s := w.issue(60, host)
		s.StartTLS = "554 5.7.0 no TLS today"
		return s
	},
	// Breaks the handshake off: it wants a client certificate.
	"alerting": func(w *world, host string) scannertest.SMTP {
		s := w.issue(60, host)
		s.TLS = &tls.Config{MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert}
		return s
	},
	// Its certificate has a common name and no other.
	"commonname": func(w *world, host string) scannertest.SMTP {
		cert := w.ca.Issue([]string{host}, lasting(60), func(c *x509.Certificate) {
			c.Subject.CommonName, c.DNSNames = host, nil
		})
		return scannertest.SMTP{Certificate: &cert}
	},
	"stripped": func(*world, string) scannertest.SMTP {
		return scannertest.SMTP{Capabilities: []string{"SIZE 10240000", "XXXXXXXA"}}
	},
	// Takes the connection and says nothing.
	"silent": func(*world, string) scannertest.SMTP { return scannertest.SMTP{Script: "SLEEP 60s"} },
	// Says one octet in a while, so that no silence is ever long.
	"dripping": func(*world, string) scannertest.SMTP {
		return scannertest.SMTP{Script: "TRICKLE 100ms " + strings.Repeat("2", 600)}
	},
	"busy": func(*world, string) scannertest.SMTP { return scannertest.SMTP{Banner: busy} },
	"busyonce": func(w *world, host string) scannertest.SMTP {
		s := w.issue(60, host)
		s.First = []scannertest.SMTP{{Name: host, Banner: busy}}
		return s
	},
	// Encrypts once, and never again.
	"lapsing": func(w *world, host string) scannertest.SMTP {
		first := w.issue(60, host)
		first.Name = host
		return scannertest.SMTP{First: []scannertest.SMTP{first}}
	},
	// Shows a good certificate once, and one that it signed itself from then on.
	"forgetful": func(w *world, host string) scannertest.SMTP {
		first, cert := w.issue(60, host), scannertest.SelfSigned([]string{host}, lasting(60))
		first.Name = host
		return scannertest.SMTP{Certificate: &cert, First: []scannertest.SMTP{first}}
	},
	// Its words are a spreadsheet's formula and a terminal's command.
	"formula": func(_ *world, host string) scannertest.SMTP {
		return scannertest.SMTP{
			Banner: "220 \x1b]0;owned\a\x1b[31m",
			EHLO:   "250-" + host + "\r\n250-=cmd|' /C calc'!A0\r\n250 @SUM(1;2)",
		}
	},
	"slow": func(w *world, host string) scannertest.SMTP {
		return scannertest.SMTP{Handle: func(c net.Conn) { w.slow(c, host) }}
	},
}

// slow holds a session without STARTTLS and counts it, up to the last reply that its client waits for: what the
// client does from then on may overlap.
func (w *world) slow(c net.Conn, host string) {
	c.SetDeadline(time.Now().Add(10 * time.Second))
	w.gauge.add(1)
	time.Sleep(slowness)
	fmt.Fprintf(c, "220 %s ESMTP\r\n", host)
	lines := bufio.NewScanner(c)
	lines.Scan()
	w.gauge.add(-1)
	fmt.Fprintf(c, "250 %s\r\n", host)
	lines.Scan()
	fmt.Fprint(c, "221 2.0.0 Bye\r\n")
}
