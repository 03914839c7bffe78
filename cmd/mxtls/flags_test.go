package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestEveryFlagIsInAStory: a flag that no story uses is one that nobody has tried, so neither name may be missing.
func TestEveryFlagIsInAStory(t *testing.T) {
	t.Parallel()
	lines := storyLines(t)
	root := newRoot(streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard})
	flags := 0
	for _, command := range root.Commands() {
		of := regexp.MustCompile(`(^|mxtls )` + command.Name() + ` `)
		var uses []string
		for _, line := range lines {
			if of.MatchString(line) {
				uses = append(uses, line)
			}
		}
		all := strings.Join(uses, "\n")
		command.InitDefaultHelpFlag()
		command.Flags().VisitAll(func(f *pflag.Flag) {
			flags++
			if !regexp.MustCompile(`(?m) --` + f.Name + `([ =']|$)`).MatchString(all) {
				t.Errorf("no story uses mxtls %s --%s", command.Name(), f.Name)
			}
			if f.Shorthand != "" && !regexp.MustCompile(`(?m) -[a-z0-9]*`+f.Shorthand+`[a-z0-9]*([ ']|$)`).MatchString(all) {
				t.Errorf("no story uses mxtls %s -%s", command.Name(), f.Shorthand)
			}
		})
	}
	if flags < 40 {
		t.Errorf("only %d flags were found", flags)
	}
}

// storyLines are the commands of all scripts, without their files and comments.
func storyLines(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var lines []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "# ") {
			t.Errorf("%s does not begin with a comment that says what the user wants", path)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "-- ") {
				break
			}
			if !strings.HasPrefix(line, "#") {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
	}
	return lines
}
