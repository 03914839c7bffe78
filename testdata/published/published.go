// Package published is texts that domains publish for senders of mail, good ones and bad ones, and what they come to:
// the tests of packages mtasts and tlsrpt hold their parsers to it, and those of testdata/mox compare mox's with them.
package published

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

//go:embed *.tsv
var files embed.FS

// Text is one policy or record.
type Text struct {
	Name string
	Text string
	Want string // what is read of it, fields with blanks between; or "invalid" and what the error says
}

// Policies are texts of MTA-STS policies.
func Policies(t testing.TB) []Text { return read(t, "policies.tsv") }

// STSRecords are texts of MTA-STS records.
func STSRecords(t testing.TB) []Text { return read(t, "sts-records.tsv") }

// TLSRPTRecords are texts of TLSRPT records.
func TLSRPTRecords(t testing.TB) []Text { return read(t, "tlsrpt-records.tsv") }

// read reads a file of lines "NAME TAB QUOTED TAB WANT"; lines that begin with # are comments.
func read(t testing.TB, file string) []Text {
	t.Helper()
	data, err := files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []Text
	seen := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 || seen[fields[0]] {
			t.Fatalf("%s: %q is no line of three fields with a name of its own", file, line)
		}
		seen[fields[0]] = true
		text, err := strconv.Unquote(fields[1])
		if err != nil {
			t.Fatalf("%s: %s: %v", file, fields[0], err)
		}
		all = append(all, Text{fields[0], text, fields[2]})
	}
	return all
}

// Invalid is the Want of a text that is refused.
func Invalid(err error) string { return fmt.Sprintf("invalid %v", err) }
