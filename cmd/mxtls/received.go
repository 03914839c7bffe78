package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mxtls/report"
	"mxtls/scanner/received"
)

// receivedFlags are the flags of received.
type receivedFlags struct {
	trusted []string
	failOn  string
	output  outputFlags
}

func newReceived(s streams) *cobra.Command {
	f := &receivedFlags{}
	cmd := &cobra.Command{
		Use:   "received [flags] [MESSAGE...]",
		Short: "say whether a message was encrypted on its way, hop by hop",
		Long: `Read the Received: lines of each MESSAGE and print a row for each hop, from the sender to the reader:
who handed the message to whom, with which protocol and TLS, whether that was encrypted, and how long it took.

A MESSAGE is a file with a message, an mbox or pasted headers, a Maildir, or - for stdin, which is
read when there is none. Nobody is asked anything, and no local part is kept or printed.

Whoever passes a message on can write any line. --trusted names the hosts whose lines you believe:
your own, and your provider's. The report then says above which line nothing can be believed.`,
		Example: `  mxtls received message.eml
  mxtls received --trusted mx.example.com ~/Maildir
  mxtls received -o csv --fail-on plaintext inbox.mbox`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.output.columns {
				return listColumns(s.out, report.TraceColumns())
			}
			return f.run(cmd.Context(), s, args)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringArrayVar(&f.trusted, "trusted", nil,
		"believe the lines of this `HOST`: a name and all below it, an address or a network;\nrepeatable")
	fl.StringVar(&f.failOn, "fail-on", "",
		"exit with 1 if a message has one of these (`LIST` with commas): plaintext, a hop that\n"+
			"was not encrypted; unknown, a hop that does not say and is not within one system,\n"+
			"or no hop at all that says")
	f.output.registerFormat(cmd)
	f.output.registerLayout(cmd)
	fl.Lookup("verbose").Usage = "table: show each client's address and greeting, and the reason's code"
	fl.BoolVar(&f.output.columns, "list-columns", false, "print the columns of CSV with their meaning, and stop")
	return cmd
}

// parseReceivedFailOn reads the comma list of --fail-on.
func parseReceivedFailOn(text string) (plaintext, unknown bool, err error) {
	for word := range strings.SplitSeq(text, ",") {
		switch strings.TrimSpace(word) {
		case "":
		case "plaintext":
			plaintext = true
		case "unknown":
			unknown = true
		default:
			return false, false, hinted{fmt.Errorf("--fail-on %q is no condition", strings.TrimSpace(word)),
				"the conditions are plaintext, unknown"}
		}
	}
	return plaintext, unknown, nil
}

// run reads the messages and writes their report.
func (f *receivedFlags) run(ctx context.Context, s streams, args []string) error {
	if err := f.output.check(); err != nil {
		return err
	}
	t := &tracer{streams: s, asked: len(f.trusted) > 0, quiet: f.output.quiet}
	var err error
	if t.failPlain, t.failUnknown, err = parseReceivedFailOn(f.failOn); err != nil {
		return err
	}
	if t.trusted, err = received.ParseTrusted(f.trusted); err != nil {
		return hinted{fmt.Errorf("--trusted: %w", err),
			"it takes host names, addresses and networks such as 192.0.2.0/24"}
	}
	if len(args) == 0 {
		args = []string{"-"}
	}
	files, err := messageFiles(args)
	if err != nil {
		return err
	}
	out, err := createOut("--out", f.output.path, s.out)
	if err != nil {
		return err
	}
	defer out.discard()
	if t.w, err = report.NewTraces(f.output.format, out, f.output.options(out.Writer)); err != nil {
		return err
	}
	if err := t.write(ctx, files); err != nil {
		if _, ok := errors.AsType[unread](err); ok {
			return err
		}
		return out.failed(err)
	}
	if err := out.commit(); err != nil {
		return err
	}
	return t.end()
}

// messageFiles are the files that the arguments stand for: of a Maildir all messages, by name. What is not there or
// cannot be meant is an error before anything is read.
func messageFiles(args []string) ([]string, error) {
	if err := onlyOnce(args); err != nil {
		return nil, err
	}
	var files []string
	for _, arg := range args {
		if arg == "-" {
			files = append(files, arg)
			continue
		}
		info, err := os.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", arg, cause(err))
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		in, err := maildir(arg)
		if err != nil {
			return nil, err
		}
		files = append(files, in...)
	}
	return files, nil
}

// maildir are the messages of a Maildir, in the order in which they came: a name begins with the time.
func maildir(dir string) ([]string, error) {
	var files []string
	found := false
	for _, sub := range []string{"cur", "new"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if errors.Is(err, os.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, sub), cause(err))
		}
		found = true
		for _, e := range entries {
			if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
				files = append(files, filepath.Join(dir, sub, e.Name()))
			}
		}
	}
	if !found {
		return nil, hinted{fmt.Errorf("%s is a directory and no Maildir", dir),
			"a Maildir has cur and new in it; name the files of any other directory"}
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	return files, nil
}

// tracer passes messages on to a report.
type tracer struct {
	streams
	w       report.TraceWriter
	trusted received.Trusted
	asked   bool // whom to trust
	quiet   bool

	failPlain, failUnknown bool
	found                  bool // something that --fail-on names
	silent                 int  // messages without a Received: line
	messages               int
	stopped                bool // by a signal
}

// unread is an error of the input.
type unread struct{ error }

func (u unread) Unwrap() error { return u.error }

func (t *tracer) write(ctx context.Context, files []string) error {
	if err := t.w.Begin(); err != nil {
		return err
	}
	for _, file := range files {
		if ctx.Err() != nil {
			break // what was done is written
		}
		if err := t.file(ctx, file); err != nil {
			return err
		}
	}
	t.stopped = ctx.Err() != nil
	return t.w.End()
}

// file passes the messages of one file on.
func (t *tracer) file(ctx context.Context, path string) error {
	in, source := t.in, path
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return unread{fmt.Errorf("%s: %w", path, cause(err))}
		}
		defer f.Close()
		in = f
	} else if source = "(stdin)"; !t.quiet && isTerminal(t.in) {
		fmt.Fprintln(t.err, "mxtls: paste the headers of a message, then an empty line")
	}
	number := 0
	reading, stop := context.WithCancel(ctx)
	defer stop() // a reader that is not read to its end ends too
	for m, err := range received.Read(interruptible(reading, in)) {
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return unread{fmt.Errorf("%s: %w", source, err)}
		}
		number++
		trace := report.Trace{
			Source: source, Number: number, Message: m, Asked: t.asked, Reach: t.trusted.Reach(m.Hops),
		}
		t.judge(&m)
		if err := t.w.Add(&trace); err != nil {
			return err
		}
	}
	return nil
}

func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// judge notes what --fail-on and the remarks are about.
func (t *tracer) judge(m *received.Message) {
	c := m.Count()
	t.messages++
	if len(m.Hops) == 0 {
		t.silent++
	}
	t.found = t.found || t.failPlain && c.Plain > 0 || t.failUnknown && (c.Unknown > 0 || c.Encrypted+c.Plain == 0)
}

// end turns the run into remarks and an exit status.
func (t *tracer) end() error {
	switch {
	case t.stopped:
		return hinted{errors.New("the report is partial: interrupted"), "what was done by then is in the report"}
	case t.silent == t.messages && t.messages > 0:
		return hinted{errors.New("no message has a Received: line"),
			"it takes a message with its whole header: \"Show original\" in Gmail, \"View source\" elsewhere"}
	case t.silent > 0 && !t.quiet:
		fmt.Fprintf(t.err, "mxtls: %s without a Received: line\n", plural(t.silent, "message", "messages"))
	}
	if !t.asked && !t.quiet {
		fmt.Fprintln(t.err, "mxtls: any of these lines may be forged by whoever passed the message on; "+
			"--trusted HOST says whose to believe")
	}
	if t.found {
		return errFindings
	}
	return nil
}
