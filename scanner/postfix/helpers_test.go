package postfix

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
)

// brief is a prediction without host and text: "plaintext after 5m0s", "deferred Untrusted 4.7.5 self_signed".
func brief(p Prediction) string {
	words := []string{p.Outcome.String()}
	if p.After > 0 {
		words = append(words, "after "+p.After.String())
	}
	for _, w := range []string{p.Word.String(), p.Code, p.Reason} {
		if w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

func host(t testing.TB, s string) name.Name {
	t.Helper()
	n, err := name.ParseHost(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func target(t testing.TB, s string) name.Target {
	t.Helper()
	n, err := name.ParseTarget(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// said is a dialogue: "command|reply", replies in one line; "" for the banner's command.
func said(lines ...string) []starttls.Exchange {
	var all []starttls.Exchange
	for _, line := range lines {
		command, reply, _ := strings.Cut(line, "|")
		e := starttls.Exchange{Sent: command}
		if reply != "" {
			e.Reply.Lines = strings.Split(reply, "~")
			last := e.Reply.Lines[len(e.Reply.Lines)-1]
			fmt.Sscanf(last, "%3d", &e.Reply.Code)
		}
		all = append(all, e)
	}
	return all
}

const (
	greets = "|220 mx ESMTP"
	offers = "EHLO x|250-mx~250 STARTTLS"
	starts = "STARTTLS|220 go ahead"
	inside = "EHLO x|250 mx"
)

// talk is a session that ended at a stage for a reason.
func talk(stage starttls.Stage, reason starttls.Reason, lines ...string) *starttls.Session {
	s := &starttls.Session{Stage: stage, Dialogue: said(lines...), Duration: time.Second}
	for _, line := range lines {
		s.Offered = s.Offered || strings.Contains(line, "STARTTLS") && strings.HasPrefix(line, "EHLO")
		s.HELO = s.HELO || strings.HasPrefix(line, "HELO")
	}
	if reason != starttls.ReasonNone {
		s.Err = &starttls.Error{Stage: stage, Reason: reason}
	}
	if stage >= starttls.TLS {
		s.TLS = &starttls.Handshake{Version: tls.VersionTLS13, Suite: tls.TLS_AES_256_GCM_SHA384,
			Renegotiation: true,
			Chain:         [][]byte{empty}}
	}
	return s
}

// empty is the frame of a certificate with nothing in it.
var empty = []byte{0x30, 7, 0x30, 0, 0x30, 0, 3, 1, 0}

// well is a session where nothing went wrong.
func well() *starttls.Session {
	return talk(starttls.Done, starttls.ReasonNone, greets, offers, starts, inside)
}

// injected is a session that dropped what was injected.
func injected() *starttls.Session {
	s := well()
	s.Injected = []byte("250 evil\r\n")
	return s
}

// chain is a verdict on a certificate with some names.
func chain(status pkix.Status, reason pkix.Reason, names ...string) *pkix.Chain {
	return &pkix.Chain{Status: status, Reason: reason, Names: names}
}

// at makes a server of a session. Its certificate is trusted and has the names of its host and of the mail domain.
func at(preference uint16, s *starttls.Session) Server {
	good := chain(pkix.Trusted, pkix.ReasonNone, "*.example.test", "example.test")
	return Server{Preference: preference, Session: s, Level0: good, Level1: good}
}

// certified replaces the verdicts on a server's chain.
func certified(s Server, level0, level1 *pkix.Chain) Server {
	s.Level0, s.Level1 = level0, level1
	return s
}

// destination is example.test with these servers, each a host and an address of its own: mx1.example.test[192.0.2.1],
// and so on, unless the server says otherwise.
func destination(t testing.TB, servers ...Server) *Destination {
	t.Helper()
	d := &Destination{Target: target(t, "example.test"), MX: &mx.Set{Kind: mx.Listed}, Servers: servers}
	for i := range d.Servers {
		s := &d.Servers[i]
		if s.Label == "" {
			s.Label = fmt.Sprintf("mx%d.example.test", i+1)
			s.Host = host(t, s.Label)
		}
		if !s.Addr.IsValid() && s.NoAddress == mx.ReasonNone {
			s.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 25)
		}
	}
	return d
}

// debian is Debian 12's Postfix with a CAfile.
func debian() *Config { return Default("/etc/ssl/certs/ca-certificates.crt", Options{}) }

// configured is a configuration from lines of main.cf.
func configured(t testing.TB, v Version, lines ...string) *Config {
	t.Helper()
	lines = append([]string{"smtp_tls_CAfile = /ca.pem"}, lines...)
	s, err := ParseMainCF(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return NewConfig(s, Options{Postfix: v})
}
