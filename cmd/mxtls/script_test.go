package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mxtls/scanner/pkix"
)

// update rewrites the expected output in the scripts: go test ./cmd/mxtls -run TestScript -update.
var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

// stopLimit is how long a run may last after a signal.
const stopLimit = 5 * time.Second

// storiesAtOnce is how many tests run at a time: most of a story is waiting, which asks for no processor.
const storiesAtOnce = "6"

// programs are what the scripts can run besides the machine's own.
var programs = map[string]func(){"mxtls": main}

// TestMain makes the test binary be mxtls itself, under that name, for the scripts and for the README's sessions.
func TestMain(m *testing.M) {
	testscript.Main(patient{m}, programs)
}

// patient runs storiesAtOnce tests at a time, unless the command line says how many.
type patient struct{ *testing.M }

func (p patient) Run() int {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		flag.Set("test.parallel", storiesAtOnce) // cannot fail: it is a number
	}
	return p.M.Run()
}

// TestScript runs the stories in testdata/script. Each is what one user wants, told on the command line, in an internet
// of its own (see world). Besides testscript's own commands there are, with what they do:
//
//	scan STATUS ARGS...      mxtls scan $SCAN ARGS, which must end with exit status STATUS
//	plan STATUS ARGS...      mxtls plan, likewise
//	traffic STATUS ARGS...   mxtls traffic, likewise: for --scan live
//	status STATUS PROGRAM... likewise, any program
//	nosocket PROGRAM...      a program, on Linux, that is killed if it asks for a socket: its exit status is -1 then
//	signal NAME ADDR...      once all those servers have a session, signal the process whose number is in the file "pid"
//	lasted MIN [MAX]         the last scan or status took at least and at most that
//	json FILE PATH VALUE     the value at PATH, as in 0.servers.1.host or domains.len; several documents are one array
//	masked                   the last stdout with the resolver, the port and all that is of now made the same each time
//
// and those that build and question the world, described at worldCommands.
func TestScript(t *testing.T) {
	t.Parallel()
	commands := map[string]func(*testscript.TestScript, bool, []string){
		"scan": cmdOf("scan"), "plan": cmdOf("plan"), "traffic": cmdOf("traffic"),
		"status": cmdStatus, "signal": cmdSignal, "lasted": cmdLasted, "json": cmdJSON, "masked": cmdMasked,
	}
	for name, c := range worldCommands {
		commands[name] = c.run
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), Setup: setup, Cmds: commands,
		Condition: hasRoots, UpdateScripts: *update, RequireUniqueNames: true, RequireExplicitExec: true,
	})
}

// hasRoots knows the condition [roots]: the machine has a root bundle.
func hasRoots(name string) (bool, error) {
	if name != "roots" {
		return false, fmt.Errorf("no condition %q", name)
	}
	_, err := pkix.System()
	return err == nil, nil
}

// setup gives a script its world.
func setup(env *testscript.Env) error {
	w, err := newWorld(filepath.Join(env.WorkDir, "ca.pem"))
	if err != nil {
		return err
	}
	env.Defer(w.close)
	env.Values[worldKey{}] = w
	roots, err := filepath.Abs(filepath.Join("..", "..", "testdata", "roots"))
	if err != nil {
		return err
	}
	env.Setenv("ROOTS", roots)
	env.Setenv("RESOLVER", w.dns.Addr())
	env.Setenv("PORT", w.port)
	env.Setenv("CA", filepath.Join(env.WorkDir, "ca.pem"))
	env.Setenv("SCAN", strings.Join(w.flags(), " "))
	return nil
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// wantArgs ends the script when a command is used in another way than described.
func wantArgs(ts *testscript.TestScript, ok bool, usage string) {
	if !ok {
		ts.Fatalf("usage: %s", usage)
	}
}

// cmdOf runs one of mxtls's commands in the world of the script.
func cmdOf(name string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		wantArgs(ts, !neg && len(args) > 0, name+" STATUS ARGS...")
		cmdStatus(ts, false, slices.Concat([]string{args[0], "mxtls", name}, worldOf(ts).flags(), args[1:]))
	}
}

func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, !neg && len(args) > 1, "status STATUS PROGRAM ARGS...")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	w := worldOf(ts)
	begun := time.Now()
	err = ts.Exec(args[1], args[2:]...)
	w.lasted = time.Since(begun)
	w.stdout = ts.ReadFile("stdout")
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, not %d", got, want)
	}
	if late := w.sinceSignal(); late > stopLimit {
		ts.Fatalf("ended %s after the signal", late)
	}
}

func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, !neg && len(args) > 1, "signal NAME ADDR...")
	worldOf(ts).signalAt(ts, args[0], args[1:], ts.MkAbs("pid"))
}

func cmdLasted(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, !neg && (len(args) == 1 || len(args) == 2), "lasted MIN [MAX]")
	got := worldOf(ts).lasted
	for i, text := range args {
		limit, err := time.ParseDuration(text)
		ts.Check(err)
		if (i == 0) == (got < limit) {
			ts.Fatalf("took %s", got)
		}
	}
}

// Parts of a report that differ from run to run.
var (
	headTime    = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d UTC`)
	instant     = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	fingerprint = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	duration    = regexp.MustCompile(`(NOW,|"duration_ms":)\d+\b`)
	fraction    = regexp.MustCompile(` *\b\d+(\.\d+)? ?(ms|µs|s)\b`)
)

// mask puts words for the parts of a report that differ from run to run. Only times of today can be the run's own.
func mask(text string) string {
	text = headTime.ReplaceAllString(text, "NOW UTC")
	text = instant.ReplaceAllStringFunc(text, func(s string) string {
		if at, err := time.Parse(time.RFC3339, s); err == nil && time.Since(at).Abs() < 10*time.Minute {
			return "NOW"
		}
		return s
	})
	text = fingerprint.ReplaceAllString(text, "SHA256")
	text = duration.ReplaceAllString(text, "${1}DURATION")
	return fraction.ReplaceAllString(text, " DURATION")
}

func cmdMasked(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, !neg && len(args) == 0, "masked")
	w := worldOf(ts)
	fmt.Fprint(ts.Stdout(), mask(strings.NewReplacer(w.dns.Addr(), "RESOLVER", w.port, "PORT").Replace(w.stdout)))
}

func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, len(args) == 3, "json FILE PATH VALUE")
	document, err := parseJSON(ts.ReadFile(args[0]))
	ts.Check(err)
	got, err := valueAt(document, args[1])
	ts.Check(err)
	if (got == args[2]) == neg {
		ts.Fatalf("%s is %q, not %q", args[1], got, args[2])
	}
}

// parseJSON reads one document, or an array of all when there are several.
func parseJSON(text string) (any, error) {
	var all []any
	for d := json.NewDecoder(strings.NewReader(text)); d.More(); {
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	switch len(all) {
	case 0:
		return nil, errors.New("no JSON")
	case 1:
		return all[0], nil
	}
	return all, nil
}

// valueAt goes down a path and returns what is there: a string as it is, anything else as JSON.
func valueAt(v any, path string) (string, error) {
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			inner, ok := x[step]
			if !ok {
				return "", fmt.Errorf("no %q in %s: %v", step, path, x)
			}
			v = inner
		case []any:
			if step == "len" {
				return strconv.Itoa(len(x)), nil
			}
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(x) {
				return "", fmt.Errorf("no %q in the %d elements at %s", step, len(x), path)
			}
			v = x[i]
		default:
			return "", fmt.Errorf("nothing below %v for %q in %s", v, step, path)
		}
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSpace(out.String()), err
}
