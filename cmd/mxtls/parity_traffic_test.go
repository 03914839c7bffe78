//go:build parity

package main_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// taken is a delivery to one of the lab's servers, whose reply to the message says how they took it.
var taken = regexp.MustCompile(`(?m)/smtp\[\d+\]: \w+: to=<[\w-]+@[^>]+>, .*status=sent \(250 2\.0\.0 taken (over TLS|in plain text)\)$`)

// checkTraffic compares what `mxtls traffic` makes of Postfix' log with what the servers say of the same messages.
func checkTraffic(t *testing.T, binary, log string) {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for _, m := range taken.FindAllSubmatch(text, -1) {
		want[string(m[1])]++
	}
	records, err := csv.NewReader(bytes.NewReader(output(t, labPatience, binary, "traffic", "--loopback", "-q", "-o", "csv", log))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, r := range records[1:] {
		if r[0] == "outbound" {
			for i, how := range map[int]string{4: "over TLS", 5: "in plain text", 6: "unknown"} {
				n, err := strconv.Atoi(r[i])
				if err != nil {
					t.Fatal(err)
				}
				if n > 0 {
					got[how] += n
				}
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) != 2 {
		t.Errorf("messages (-servers +traffic):\n%s", diff)
	}
}
