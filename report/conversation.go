package report

import (
	"fmt"
	"strings"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// below is one line under a row: what comes first, and a text that is wrapped beside it.
type below struct{ head, text string }

// conversation are the lines under a domain: each server's session, in brief or whole.
func conversation(r *scanner.Result, verbose int) []below {
	var lines []below
	for i := range r.Facts.Servers {
		s, a := &r.Facts.Servers[i], &r.Verdict.Servers[i]
		lines = append(lines, below{text: serverLine(s)})
		aside := aside
		if verbose > 1 {
			aside = bracketed
		}
		if s.Session == nil {
			if a.Reason != "" {
				lines = append(lines, aside("not tried", a.Reason+": "+answerText(a)))
			}
			continue
		}
		if verbose > 1 {
			lines = append(lines, transcript(s)...)
		} else {
			lines = append(lines, stages(s)...)
		}
		if e := s.Session.Err; e != nil {
			lines = append(lines, aside("ended", e.Reason.String()+": "+Escape(e.Text)))
		}
	}
	return lines
}

// serverLine heads one server.
func serverLine(s *verdict.Server) string {
	line := fmt.Sprintf("%d %s", s.Preference, Escape(s.Label))
	if !s.Addr.IsValid() {
		return line + " (no address)"
	}
	line += fmt.Sprintf(" [%s]:%d", s.Addr.Addr(), s.Addr.Port())
	if s.Session != nil && s.Session.Duration > 0 {
		line += ", " + millis(s.Session.Duration)
	}
	return line
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

// stages are one line for each stage that a session reached.
func stages(s *verdict.Server) []below {
	var lines []below
	ses := s.Session
	for st := starttls.Connected; st <= ses.Stage; st++ {
		word, said := stageLine(s.Session, st)
		lines = append(lines, below{fmt.Sprintf("    %-11s%8s  ", word, millis(ses.Took[st])), said})
		if st == starttls.TLS {
			lines = append(lines, certificateLines(s, aside)...)
		}
	}
	if ses.Negotiated() != nil {
		lines = append(append(lines, aside("TLS", tlsLine(ses))), certificateLines(s, aside)...)
	}
	return lines
}

// certificateLines are the verdict on a server's chain, and who issued its certificate.
func certificateLines(s *verdict.Server, aside func(word, said string) below) []below {
	if s.Chain == nil {
		return nil
	}
	lines := []below{aside("certificate", join([]similar{judged(s)}))}
	if s.Chain.Issuer != "" {
		lines = append(lines, aside("", "issued by "+Escape(s.Chain.Issuer)))
	}
	return lines
}

// aside is a line that took no time, among stages.
func aside(word, said string) below { return below{fmt.Sprintf("    %-11s%8s  ", word, ""), said} }

// bracketed is the same in a transcript, where neither side said it.
func bracketed(word, said string) below {
	if word != "" {
		word = "[" + word + "]"
	}
	return below{fmt.Sprintf("    %8s  %-13s ", "", word), said}
}

// stageLine is a stage's name, and what the server had to say to it.
func stageLine(ses *starttls.Session, st starttls.Stage) (word, said string) {
	switch st {
	case starttls.Connected:
		return "connect", ""
	case starttls.Greeted:
		return "banner", replyText(ses, "")
	case starttls.EHLO:
		if ses.HELO {
			return "HELO", replyText(ses, "HELO")
		}
		return "EHLO", Escape(strings.Join(ses.Before, ", "))
	case starttls.StartTLS:
		return "STARTTLS", replyText(ses, "STARTTLS")
	case starttls.TLS:
		return "TLS", tlsLine(ses)
	default:
		return "EHLO", Escape(strings.Join(ses.After, ", "))
	}
}

// replyText is the first line of the reply to a command, in plain text; "" is the banner's.
func replyText(ses *starttls.Session, command string) string {
	for i := range ses.Dialogue {
		e := &ses.Dialogue[i]
		word, _, _ := strings.Cut(e.Sent, " ")
		if !e.Encrypted && strings.TrimSpace(word) == command && len(e.Reply.Lines) > 0 {
			return Escape(e.Reply.Lines[0])
		}
	}
	return ""
}

// transcript is every line of a session, uncut but for giant ones, with the time at which each reply was complete.
func transcript(s *verdict.Server) []below {
	var lines []below
	ses := s.Session
	said := func(at, who, text string) {
		lines = append(lines, below{fmt.Sprintf("    %8s  %s: ", at, who), EscapeTo(clip(text), 0)})
	}
	inTLS := ses.Agreed() == nil
	handshake := func() {
		inTLS = true
		lines = append(append(lines, bracketed("TLS", tlsLine(ses))), certificateLines(s, bracketed)...)
	}
	for i := range ses.Dialogue {
		e := &ses.Dialogue[i]
		if e.Encrypted && !inTLS {
			handshake()
		}
		if e.Sent != "" {
			said("", "C", strings.TrimRight(e.Sent, "\r\n"))
		}
		for j, l := range e.Reply.Lines {
			at := ""
			if j == len(e.Reply.Lines)-1 {
				at = millis(e.At)
			}
			said(at, "S", l)
		}
		if e.Sent == "STARTTLS" && len(ses.Injected) > 0 {
			lines = append(lines, bracketed("injected", EscapeTo(clip(string(ses.Injected)), 0)))
		}
	}
	if !inTLS && ses.Agreed() != nil {
		handshake()
	}
	return lines
}

// tlsLine is what the handshake agreed on.
func tlsLine(ses *starttls.Session) string {
	h := ses.Agreed()
	if h == nil {
		return "handshake"
	}
	line := strings.TrimRight(starttls.VersionName(h.Version)+" "+starttls.CipherName(h.Suite)+" "+
		starttls.GroupName(h.Group), " ")
	if ses.TLS == nil {
		line += " (negotiated, not completed by us)"
	}
	return line
}
