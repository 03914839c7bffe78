// Mxtls tells whether mail to a list of domains travels encrypted, and to the right machine.
//
// Results go to stdout. All else goes to stderr, prefixed "mxtls:", lower case, without a final period, with a hint line
// where one helps. The exit status is 0 when the work is done, 1 when it found what was asked for (what --fail-on named, a
// change, a verdict of no), and 2 when it could not be done, or not to its end.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit statuses. They are part of the interface.
const (
	statusDone     = 0
	statusFindings = 1
	statusFailed   = 2
)

// errFindings ends a command that did its work and found what --fail-on named. It prints nothing.
var errFindings = errors.New("findings")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, stop, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}

// What a command may take before the collector hurries. It must leave room above what is held, or the collector never
// rests: scanning below 96 MiB, 2,000 sessions in flight cost three times the processor time.
const (
	memoryForList    = 96 << 20  // what is kept of a long list; 150 MB less what the runtime itself needs
	memoryForSession = 80 << 10  // twice what one holds when its handshake is done
	memoryForSaved   = 192 << 20 // of a saved run: its servers, their certificates and the verdicts on those
)

// tuneMemory trades memory for speed as long as there is some: the collector runs less often below the limit, and as
// often as it must near it. Whoever sets GOGC or GOMEMLIMIT knows better.
func tuneMemory(limit int64) {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(400)
		debug.SetMemoryLimit(limit)
	}
}

// streams are where a command reads and writes.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// run executes one command line and returns its exit status. The second signal ends the process at once, since
// release gives the signals back to the runtime as soon as the first one came.
func run(ctx context.Context, release func(), args []string, s streams) int {
	unwatch := context.AfterFunc(ctx, release)
	defer unwatch()
	root := newRoot(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return statusDone
	case errors.Is(err, errFindings):
		return statusFindings
	case strings.HasPrefix(err.Error(), "unknown command"): // cobra has no type for it
		err = hinted{err, "mxtls --help lists the commands"}
	}
	complain(s.err, err)
	return statusFailed
}

// hinted is an error with a line on what to do about it.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// complain prints an error, and the hint of the outermost error that has one. Errors that were joined have a line each.
func complain(w io.Writer, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			complain(w, e)
		}
		return
	}
	fmt.Fprintf(w, "mxtls: %s\n", oneLine(err.Error()))
	if h, ok := errors.AsType[hinted](err); ok {
		fmt.Fprintf(w, "mxtls: hint: %s\n", h.hint)
		return
	}
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok && h.Hint() != "" {
		fmt.Fprintf(w, "mxtls: hint: %s\n", h.Hint())
	}
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "mxtls",
		Short: "is mail to these domains encrypted on the way, and does it reach the right machine?",
		Long: `mxtls looks up the mail servers of a list of domains, speaks SMTP to them as a Postfix client would,
and tells which of them encrypt, with which TLS, and whose certificates hold (scan), and what your
Postfix would do at each security level (plan). It reads what has happened (traffic, received), and
judges what is at hand (verify, roots, diff) without the network.

It sends EHLO, STARTTLS and QUIT, and never any mail.

Exit status: 0 done; 1 something was found that --fail-on named, or changed, or does not hold;
2 could not run, or not to the end.`,
		Args:          cobra.NoArgs,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) (err error) {
			cmd.Flags().Visit(func(f *pflag.Flag) { err = cmp.Or(err, unnamed(f)) })
			return err
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetVersionTemplate("mxtls {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if text, words, number := strings.Cut(err.Error(), ": strconv."); number { // package strconv speaks to programmers
			text += ": it takes a number"
			if strings.HasSuffix(words, strconv.ErrRange.Error()) {
				text += ", and not such a large one"
			}
			err = errors.New(text)
		}
		return hinted{err, fmt.Sprintf("%q lists the flags", cmd.CommandPath()+" --help")}
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newScan(s), newPlan(s), newTraffic(s), newExplain(s), newReceived(s), newDiff(s), newMerge(s), newRoots(s),
		newVerify(s), newDemo(s))
	return root
}

// unnamed is the error of a flag for a file or a directory that was given none, as by a script in which a variable is not
// set: without that file the run would be another one.
func unnamed(f *pflag.Flag) error {
	what, _ := pflag.UnquoteUsage(f)
	if f.Value.Type() != "string" || f.Value.String() != "" || !slices.Contains([]string{"FILE", "DIR", "BUNDLE"}, what) {
		return nil
	}
	return hinted{fmt.Errorf("--%s: the name is empty", f.Name), "is a variable of the script not set? leave the flag out for none"}
}

// version is the module's version, or the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v != "" && v != "(devel)" {
		return v
	}
	for _, kv := range info.Settings {
		if kv.Key == "vcs.revision" && len(kv.Value) >= 12 {
			return "devel-" + kv.Value[:12]
		}
	}
	return "devel"
}
