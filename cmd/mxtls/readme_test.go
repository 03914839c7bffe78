package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestREADME replays the terminal sessions in README.md: what stands there is what a reader gets. With -update it
// writes what a reader would get.
func TestREADME(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "README.md")
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replayed, err := replay(string(readme), func(command string) (string, error) {
		sh := exec.CommandContext(t.Context(), "sh", "-c", command)
		sh.Dir = dir
		out, err := sh.CombinedOutput() // a terminal shows both
		if _, failed := errors.AsType[*exec.ExitError](err); failed {
			return string(out), nil // a session may show a failure
		}
		return string(out), err
	})
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, []byte(replayed), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(readme), "\n"), strings.Split(replayed, "\n")); diff != "" {
		t.Errorf("README.md, and what its commands print now (-README +now):\n%s", diff)
	}
}

const (
	fence  = "```"
	prompt = "$ "
)

// replay runs the commands in the console blocks of a Markdown text, those behind a "$ ", and returns the text with
// what they print now in the place of what stood below them.
func replay(text string, run func(command string) (string, error)) (string, error) {
	var out strings.Builder
	commands, inside, above := 0, false, false // above: a command stands above in this block
	for number, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		opens := strings.TrimSpace(line) == fence+"console"
		command, isCommand := strings.CutPrefix(line, prompt)
		switch {
		case !inside:
			inside, above = opens, false
		case line == fence && !above:
			return "", fmt.Errorf("line %d: a console block without a command", number+1)
		case line == fence:
			inside = false
		case isCommand:
			printed, err := run(command)
			if err != nil {
				return "", fmt.Errorf("line %d: %w", number+1, err)
			}
			if printed = strings.TrimSuffix(printed, "\n"); printed != "" {
				line += "\n" + printed
			}
			commands, above = commands+1, true
		case above:
			continue // what it printed when this was written
		default:
			return "", fmt.Errorf("line %d: output without a command above", number+1)
		}
		out.WriteString(line + "\n")
	}
	switch {
	case inside:
		return "", errors.New("a console block has no end")
	case commands == 0:
		return "", errors.New("no console block")
	}
	return out.String(), nil
}

func TestReplay(t *testing.T) {
	t.Parallel()
	run := func(command string) (string, error) {
		switch command {
		case "false":
			return "", errors.New("no shell")
		case "true":
			return "", nil
		case "printf x":
			return "x", nil
		}
		return "one\n\ntwo $ of\n", nil
	}
	for _, tt := range []struct{ name, text, want, err string }{
		{"output is replaced",
			"a\n```console\n$ cmd\nold\n\nolder\n```\nb\n",
			"a\n```console\n$ cmd\none\n\ntwo $ of\n```\nb\n", ""},
		{"two commands", "```console\n$ true\n$ printf x\n```\n", "```console\n$ true\n$ printf x\nx\n```\n", ""},
		{"silence where there was output", "```console\n$ true\nold\n```\n", "```console\n$ true\n```\n", ""},
		{"other blocks stay",
			"```\n$ no\n```\n```console\n$ true\n```\n```go\nx\n```\n",
			"```\n$ no\n```\n```console\n$ true\n```\n```go\nx\n```\n", ""},
		{"no block", "text\n```sh\n$ no\n```\n", "", "no console block"},
		{"block without command", "```console\n```\n", "", "line 2: a console block without a command"},
		{"second block without command",
			"```console\n$ true\n```\n```console\n```\n", "", "line 5: a console block without a command"},
		{"output first", "```console\nold\n$ true\n```\n", "", "line 2: output without a command above"},
		{"no end", "```console\n$ true\n", "", "a console block has no end"},
		{"command that cannot run", "```console\n$ false\n```\n", "", "line 2: no shell"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := replay(tt.text, run)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if text := fmt.Sprint(err); tt.err == "" && err != nil || tt.err != "" && text != tt.err {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}
