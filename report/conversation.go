package report

import (
	"fmt"
	"strings"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// conversation are the lines under a domain: each server's session, in brief or whole.
func conversation(r *scanner.Result, verbose int) []string {
	var lines []string
	for i := range r.Facts.Servers {
		s := &r.Facts.Servers[i]
		lines = append(lines, serverLine(s))
		if s.Session == nil {
			continue
		}
		if verbose > 1 {
			lines = append(lines, transcript(s.Session)...)
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
func stages(s *verdict.Server) []string {
	var lines []string
	ses := s.Session
	for st := starttls.Connected; st <= ses.Stage; st++ {
		word, said := stageLine(s.Session, st)
		line := fmt.Sprintf("    %-11s%8s", word, millis(ses.Took[st]))
		if said != "" {
			line += "  " + said
		}
		lines = append(lines, line)
		if st == starttls.TLS && s.Chain != nil {
			lines = append(lines, aside("certificate", join([]similar{judged(s)})))
			if s.Chain.Issuer != "" {
				lines = append(lines, aside("", "issued by "+Escape(s.Chain.Issuer)))
			}
		}
	}
	return lines
}

// aside is a line that took no time.
func aside(word, said string) string { return fmt.Sprintf("    %-11s%8s  %s", word, "", said) }

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

// transcript is every line of a session, with the time at which each reply was complete.
func transcript(ses *starttls.Session) []string {
	var lines []string
	inTLS := false
	for i := range ses.Dialogue {
		e := &ses.Dialogue[i]
		if e.Encrypted && !inTLS {
			inTLS = true
			lines = append(lines, fmt.Sprintf("    %8s  [TLS] %s", "", tlsLine(ses)))
		}
		if e.Sent != "" {
			lines = append(lines, fmt.Sprintf("    %8s  C: %s", "", Escape(strings.TrimRight(e.Sent, "\r\n"))))
		}
		for j, l := range e.Reply.Lines {
			at := ""
			if j == len(e.Reply.Lines)-1 {
				at = millis(e.At)
			}
			lines = append(lines, fmt.Sprintf("    %8s  S: %s", at, Escape(l)))
		}
	}
	if len(ses.Injected) > 0 {
		lines = append(lines,
			fmt.Sprintf("    %8s  S: %s  (behind the 220, in plain text)", "", Escape(string(ses.Injected))))
	}
	if ses.TLS != nil && !inTLS {
		lines = append(lines, fmt.Sprintf("    %8s  [TLS] %s", "", tlsLine(ses)))
	}
	return lines
}

// tlsLine is what the handshake agreed on.
func tlsLine(ses *starttls.Session) string {
	if ses.TLS == nil {
		return "handshake"
	}
	return strings.TrimRight(starttls.VersionName(ses.TLS.Version)+" "+starttls.CipherName(ses.TLS.Suite)+" "+
		starttls.GroupName(ses.TLS.Group), " ")
}
