package resolve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseServer(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.1":          "192.0.2.1:53",
		"192.0.2.1:5353":     "192.0.2.1:5353",
		"2001:db8::1":        "[2001:db8::1]:53",
		"[2001:db8::1]":      "[2001:db8::1]:53",
		"[2001:db8::1]:5353": "[2001:db8::1]:5353",
		"::ffff:192.0.2.1":   "192.0.2.1:53",
		"fe80::1%eth0":       "[fe80::1%eth0]:53",
	} {
		got, err := parseServer(in)
		if err != nil || len(got) != 1 || got[0].String() != want {
			t.Errorf("%q: %v, %v, want %s", in, got, err, want)
		}
	}
	got, err := parseServer("localhost:5353")
	if err != nil || len(got) == 0 {
		t.Fatalf("localhost: %v, %v", got, err)
	}
	for _, a := range got {
		if !a.Addr().IsLoopback() || a.Port() != 5353 {
			t.Errorf("localhost: %v", a)
		}
	}
	for _, in := range []string{"", ":53", "192.0.2.1:0", "192.0.2.1:70000", "192.0.2.1:dns", "[]:53"} {
		if got, err := parseServer(in); err == nil || !strings.Contains(err.Error(), "resolver") {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}

func TestSystemServers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, conf string
		want       []string
	}{
		{"two", "# by hand\nsearch example.com\nnameserver 192.0.2.1\nnameserver 2001:db8::1\noptions trust-ad\n",
			[]string{"192.0.2.1", "2001:db8::1"}},
		{"none", "search example.com\n", []string{"127.0.0.1"}},
		{"empty", "", []string{"127.0.0.1"}},
	} {
		path := filepath.Join(t.TempDir(), "resolv.conf")
		if err := os.WriteFile(path, []byte(tt.conf), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := systemServers(path)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", tt.name, err, diff)
		}
	}
	if got, err := systemServers(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Errorf("no file: %v", got)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, servers := range [][]string{
		{"192.0.2.1:0"},
		strings.Split(strings.Repeat("192.0.2.1 ", maxServers)+"192.0.2.1", " "),
	} {
		if r, err := New(Config{Servers: servers}); err == nil {
			r.Close()
			t.Errorf("%v was taken", servers)
		}
	}
	r := newResolver(t, Config{Servers: []string{"192.0.2.1", "[::1]:5353"}})
	if diff := cmp.Diff([]string{"192.0.2.1:53", "[::1]:5353"}, r.Servers()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
