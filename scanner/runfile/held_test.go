package runfile

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner"
)

// TestHeld: a file that never forgets does not fill the memory, and one that forgets goes on.
func TestHeld(t *testing.T) {
	t.Parallel()
	var results []scanner.Result
	for i := range 16 {
		r := full(t)
		r.Index = i
		r.Facts.Servers[0].Session.Started = day.Add(time.Duration(i) * time.Second)
		results = append(results, r)
	}
	for _, forgets := range []bool{false, true} {
		var file bytes.Buffer
		w, err := NewWriter(&file, true, testHead())
		if err != nil {
			t.Fatal(err)
		}
		if forgets {
			w.hosts.limit, w.sessions.limit, w.certificates.limit = 0, 0, 0
		}
		for i := range results {
			if err := w.Add("", &results[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.End(Tail{}); err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(&file)
		if err != nil {
			t.Fatal(err)
		}
		r.limit = 64 << 10
		n := 0
		for _, e := range r.Results() {
			if err = e; err == nil {
				n++
			}
		}
		r.Close()
		if whole := err == nil && n == len(results); whole != forgets || !forgets && !strings.Contains(err.Error(), "to keep in mind") {
			t.Errorf("forgetting %t: %d results, %v", forgets, n, err)
		}
		if forgets && r.held != 0 {
			t.Errorf("%d octets are held", r.held)
		}
	}
}

// TestHeldItems: what a file makes the reader hold is bounded by what its items take, not by how short they can be
// written.
func TestHeldItems(t *testing.T) {
	t.Parallel()
	const n = 1000
	items := func(item string) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }
	session := `{"type":"session","session":1,"address":"192.0.2.1:25","stage":"connected",`
	hosts := `{"type":"hosts","number":1,"mx":{"kind":"listed","hosts":[{"preference":0,"raw":"mx","addresses":`
	for _, tt := range []struct {
		name, line string
		takes      int
	}{
		{"a dialogue", session + `"dialogue":` + items("{}") + "}", takesExchange},
		{"texts", session + `"dialogue":[{"lines":` + items(`""`) + "}]}", takesText},
		{"keywords", session + `"after":` + items(`""`) + "}", takesText},
		{"records", hosts + `[],"tlsa":{"records":` + items("{}") + "}}]}}", takesTLSA},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := string(write(t, false, nil)) + tt.line + "\n"
			r, err := NewReader(strings.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			for _, err := range r.Results() {
				t.Fatal(err)
			}
			if want := n*tt.takes + len(tt.line); r.held < want {
				t.Errorf("%d octets are counted, %d are held", r.held, want)
			}
		})
	}
}

// TestServersKept: servers are made anew for each domain where memory is short, and are the same.
func TestServersKept(t *testing.T) {
	t.Parallel()
	first := full(t)
	second := first
	second.Index++
	head := testHead()
	head.Port = 587
	var file bytes.Buffer
	w, err := NewWriter(&file, false, head)
	for _, result := range []*scanner.Result{&first, &second} {
		if err == nil {
			err = w.Add("", result)
		}
	}
	if err == nil {
		err = w.End(Tail{})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{maxHeld, 100 << 10} {
		r, err := NewReader(bytes.NewReader(file.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		r.limit = limit
		var got []scanner.Result
		for saved, err := range r.Results() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, saved.Result)
		}
		kept := false
		for _, h := range r.hosts {
			kept = kept || h.servers != nil
		}
		if len(got) != 2 || kept != (limit == maxHeld) {
			t.Fatalf("limit %d, of which %d are held: %d results, kept: %t", limit, r.held, len(got), kept)
		}
		if diff := cmp.Diff(got[0].Facts.Servers, got[1].Facts.Servers, same); diff != "" {
			t.Errorf("limit %d (-first +second):\n%s", limit, diff)
		}
	}
}
