package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mxtls/report"
	"mxtls/scanner/maillog"
)

func newExplain(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain LOG LINE",
		Short: "say in plain words what a line of a mail server's log means",
		Long: `Say in plain words what a line of a mail server's log means for the encryption of mail, and what to
do about it. The line is given as one argument or as several, with its time and host or without, or on
stdin for -, one a line.`,
		Example: `  mxtls explain 'postfix/smtp[7]: 4Bq0: Cannot start TLS: handshake failure'
  grep 'status=deferred' /var/log/mail.log | tail -1 | mxtls explain -`,
		RunE: func(_ *cobra.Command, args []string) error { return explain(s, args) },
	}
	cmd.Flags().SetInterspersed(false) // a line may hold what looks like a flag
	return cmd
}

// explain explains its arguments as one line, or the lines of stdin.
func explain(s streams, args []string) error {
	if len(args) == 0 {
		return hinted{errors.New("no line to explain"), "name it in quotes, or - for stdin"}
	}
	if len(args) > 1 || args[0] != "-" {
		return explainLine(s.out, strings.Join(args, " "))
	}
	lines := maillog.NewLineReader(s.in)
	for first := true; ; first = false {
		text, err := lines.Next()
		if errors.Is(err, io.EOF) {
			if text = lines.Rest(); text == nil {
				return nil
			}
		} else if err != nil {
			return unreadable("", err)
		}
		if !first {
			fmt.Fprintln(s.out)
		}
		if err := explainLine(s.out, string(text)); err != nil {
			return err
		}
	}
}

// explainLine explains one line. What is no line of a log may be the text of one.
func explainLine(w io.Writer, text string) error {
	x := maillog.Explain(understand(text))
	for _, part := range []struct{ label, text string }{{"", x.What}, {"meaning: ", x.Mean}, {"fix: ", x.Fix}} {
		if part.text == "" {
			continue
		}
		if _, err := fmt.Fprintln(w, part.label+report.EscapeTo(part.text, maxError)); err != nil {
			return err
		}
	}
	return nil
}

// understand parses a line with or without its head.
func understand(text string) *maillog.Event {
	var e maillog.Event
	var line maillog.Line
	text = strings.TrimSpace(text)
	program, rest, ok := strings.Cut(text, ": ")
	switch {
	case maillog.NewFramer(nil, time.Now()).Frame([]byte(text), &line):
	case ok && !strings.Contains(program, " "):
		program, _, _ = strings.Cut(program, "[")
		line = maillog.Line{Program: []byte(program), Text: []byte(rest)}
	}
	if maillog.Parse(&line, &e) {
		return &e
	}
	if p := line.Program; bytes.HasSuffix(p, []byte("/tlsproxy")) || string(p) == "posttls-finger" {
		text = string(line.Text) // in the words of smtp(8) and smtpd(8)
	}
	programs := []string{"postfix/smtp", "postfix/smtpd", "postfix/qmgr", "postfix/master", "exim", "sendmail", "qmail"}
	for _, program := range programs {
		if maillog.Parse(&maillog.Line{Program: []byte(program), Text: []byte(text)}, &e) {
			return &e
		}
	}
	return &maillog.Event{}
}
