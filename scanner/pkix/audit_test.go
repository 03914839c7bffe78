package pkix

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The bundles and chains that testdata/roots/make.sh made.
const (
	bundles = "../../testdata/roots"
	halfAge = 180 * day
)

func inspect(t testing.TB, name string) *Bundle {
	t.Helper()
	b, err := Inspect(filepath.Join(bundles, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// found is an audit in short: a line for each item with its issues.
func found(a *Audit) []string {
	var out []string
	for _, i := range a.Items {
		var words []string
		for _, issue := range i.Issues {
			words = append(words, issue.String())
		}
		name := strings.TrimPrefix(strings.SplitN(i.Subject, ",", 2)[0], "CN=")
		if i.SHA256 == "" {
			name = "line " + strconv.Itoa(i.Line)
		}
		out = append(out, strings.TrimSpace(name+": "+strings.Join(words, " ")))
	}
	return out
}

// TestAudit: what is said of each certificate of each bundle, beside the fresh one.
func TestAudit(t *testing.T) {
	t.Parallel()
	fresh := inspect(t, "fresh.pem")
	for _, tc := range []struct {
		file string
		off  bool // it switches TLS off
		want []string
	}{
		{"fresh.pem", false, []string{"Root One:", "Root Two:", "Root Three:"}},
		{"of-2011.pem", false, []string{"Older Root: expired extra weak_signature",
			"Old Root: expired extra short_key weak_signature",
			"Root One:", "Root Three: missing", "Root Two: missing"}},
		{"lacking.pem", false, []string{"Root One:", "Root Three:", "Root Two: missing"}},
		{"broken.pem", true, []string{"Root One:", "line 12: broken", "Root Two:", "Root Three: missing"}},
		{"trusted.pem", false, []string{"Root One: trusted_label", "Root Two: rejected trusted_label",
			"Root Three: rejected trusted_label", "Between: expiring extra trusted_label", "Root Three: missing",
			"Root Two: missing"}},
		{"odd.pem", false, []string{"Root One:", "Root That Ends: expiring extra", "Root To Come: not_yet_valid extra",
			"Tiny Root: weak_key extra weak_signature", "Between: no_root expiring", "Root One: duplicate",
			"Root Three: missing", "Root Two: missing"}},
		{"der.crt", true, []string{"Root One: missing", "Root Three: missing", "Root Two: missing"}},
		{"empty.pem", true, []string{"Root One: missing", "Root Three: missing", "Root Two: missing"}},
		{"hashed", false, []string{"Root Two:", "Root One:", "Root Three: missing"}},
	} {
		b := inspect(t, tc.file)
		a := NewAudit(b, fresh, now, halfAge)
		if d := cmp.Diff(tc.want, found(a)); d != "" {
			t.Errorf("%s: -want +got:\n%s", tc.file, d)
		}
		if (b.TLSOff != "") != tc.off {
			t.Errorf("%s: TLS off: %q", tc.file, b.TLSOff)
		}
		for _, issue := range Issues() {
			n := 0
			for i := range a.Items {
				if a.Items[i].Has(issue) {
					n++
				}
			}
			if n != a.Count(issue) {
				t.Errorf("%s: %d items are %s, %d are counted", tc.file, n, issue, a.Count(issue))
			}
		}
	}
	if a := NewAudit(fresh, nil, now, halfAge); len(a.Items) != 3 {
		t.Errorf("alone: %v", found(a))
	}
	for file, want := range map[string]time.Time{
		"fresh.pem": time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC),
		"odd.pem":   time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), "empty.pem": {},
	} {
		if got := inspect(t, file).Newest(now); !got.Equal(want) {
			t.Errorf("%s: newest of %s", file, got)
		}
	}
}

// TestAuditPlaces: an item says where it stands, and a duplicate where it stood before.
func TestAuditPlaces(t *testing.T) {
	t.Parallel()
	file := filepath.Join(bundles, "odd.pem")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	a := NewAudit(inspect(t, "odd.pem"), nil, now, 0)
	lines := strings.Split(string(text), "\n")
	for _, i := range a.Items {
		if i.Path != file || i.Line < 1 || !strings.HasPrefix(lines[i.Line-1], "-----BEGIN") {
			t.Errorf("%s is at %s:%d", i.Subject, i.Path, i.Line)
		}
		if i.Has(IssueDuplicate) != (i.Text == "first in line 1") {
			t.Errorf("%s: %q", i.Subject, i.Text)
		}
	}
}

// TestEdgeOfEnds: a root is over at the moment of its end, as OpenSSL has it, and expiring in all the time before it.
func TestEdgeOfEnds(t *testing.T) {
	t.Parallel()
	b := bundleOf(t, newCA(t, "Root", nil, dates(-time.Hour, time.Hour)))
	for _, tc := range []struct {
		at   time.Duration
		soon time.Duration
		want string
	}{
		{0, time.Hour, "Root:"}, {time.Second, time.Hour, "Root: expiring"},
		{time.Hour - time.Second, time.Hour, "Root: expiring"},
		{time.Hour, time.Hour, "Root: expired"}, {-time.Hour, 0, "Root:"},
		{-time.Hour - time.Second, 0, "Root: not_yet_valid"},
	} {
		if got := found(NewAudit(b, nil, now.Add(tc.at), tc.soon)); got[0] != tc.want {
			t.Errorf("%s: %v, want %s", tc.at, got, tc.want)
		}
	}
}

// TestUnlinked: in a directory only what a hash link leads to is seen, whatever the order of the names.
func TestUnlinked(t *testing.T) {
	t.Parallel()
	a, b, c := newCA(t, "A", nil), newCA(t, "B", nil), newCA(t, "C", nil)
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"0a.pem": pemOf(a), "0b1b2c3d.0": pemOf(a), "b.pem": pemOf(b), "c.pem": pemOf(c), "f0e1d2c3.0": pemOf(c),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bundle, err := Inspect(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"A:", "B: unlinked", "C:"}, found(NewAudit(bundle, nil, now, 0))); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// FuzzAudit: no bundle breaks the audit, and every certificate, copy and broken block is an item.
func FuzzAudit(f *testing.F) {
	for _, file := range []string{"hashed/one.pem", "lacking.pem", "broken.pem"} { // small: large seeds take long to minimize
		data, err := os.ReadFile(filepath.Join(bundles, file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	fresh := inspect(f, "fresh.pem")
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Parse("f", data)
		if err != nil {
			return
		}
		a := NewAudit(b, fresh, now, halfAge)
		items := len(b.order) + len(b.copies) + a.Count(IssueBroken) + a.Count(IssueMissing)
		if len(a.Items) != items || a.Count(IssueDuplicate) != len(b.copies) {
			t.Errorf("%d items for %d", len(a.Items), items)
		}
		roots := 0
		for _, i := range a.Items {
			if !slices.IsSorted(i.Issues) || i.Line > bytes.Count(data, []byte("\n"))+1 {
				t.Errorf("%+v", i)
			}
			if i.Root && !i.Has(IssueDuplicate) {
				roots++
			}
		}
		if roots != b.Roots {
			t.Errorf("%d items are roots, the bundle has %d", roots, b.Roots)
		}
	})
}

// TestRenewedRoot: a root that was issued anew with the same name and key is the same root, unless it ends sooner.
func TestRenewedRoot(t *testing.T) {
	t.Parallel()
	short := newCA(t, "Root", nil, dates(-300*day, 100*day))
	long := newCA(t, "Root", nil, dates(-300*day, 3000*day))
	if got := found(NewAudit(bundleOf(t, long), bundleOf(t, short), now, 0)); len(got) != 1 || got[0] != "Root:" {
		t.Errorf("the longer one: %v", got)
	}
	want := []string{"Root:", "Root: missing"}
	if d := cmp.Diff(want, found(NewAudit(bundleOf(t, short), bundleOf(t, long), now, 0))); d != "" {
		t.Errorf("the shorter one: -want +got:\n%s", d)
	}
}

// TestDistrustDates: the day found by asking is the one up to which Mozilla's limit lets certificates be made.
func TestDistrustDates(t *testing.T) {
	t.Parallel()
	m, err := Mozilla()
	if err != nil {
		t.Fatal(err)
	}
	dated := 0
	for sum, limit := range m.limits {
		for _, c := range m.roots {
			if c.sum != sum {
				continue
			}
			after := m.distrustAfter(c)
			if after.IsZero() || limit([]*x509.Certificate{{NotBefore: after}}) != nil ||
				limit([]*x509.Certificate{{NotBefore: after.Add(time.Second)}}) == nil {
				t.Errorf("%s: %s", c.subject.text(), after)
			}
			dated++
		}
	}
	if dated != len(m.limits) {
		t.Errorf("%d of %d limits", dated, len(m.limits))
	}
	root := newCA(t, "Root", nil)
	after := time.Date(2024, 11, 30, 23, 59, 59, 0, time.UTC)
	for _, tc := range []struct {
		name  string
		limit func([]*x509.Certificate) error
		want  time.Time
	}{
		{"none", nil, time.Time{}},
		{"always", func([]*x509.Certificate) error { return errors.New("no") }, time.Time{}},
		{"never", func([]*x509.Certificate) error { return nil }, time.Time{}},
		{"a day", func(chain []*x509.Certificate) error {
			if chain[0].NotBefore.After(after) {
				return errors.New("too late")
			}
			return nil
		}, after},
	} {
		b := newBundle(Embedded, "m")
		b.add(anchor{cert: reread(t, root.Raw)}, tc.limit)
		b.finish()
		if got := b.distrustAfter(b.roots[0]); !got.Equal(tc.want) {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
		a := NewAudit(bundleOf(t, root), b, now, 0)
		if got := a.Items[0].Text; strings.Contains(got, "until 2024-11-30") == tc.want.IsZero() {
			t.Errorf("%s: %q", tc.name, got)
		}
	}
}

// TestDepartures: each root is there once, with a day that can be read, and none of them is Mozilla's today.
func TestDepartures(t *testing.T) {
	t.Parallel()
	m, err := Mozilla()
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, c := range m.roots {
		there[fingerprint(c.raw)] = true
	}
	for _, d := range departures {
		for _, root := range d.roots {
			if len(root) != 64 || strings.Trim(root, "0123456789abcdef") != "" || there[root] {
				t.Errorf("%s is wrong, twice there, or Mozilla's", root)
			}
			there[root] = true
			var sum [32]byte
			for i := range sum {
				b, _ := strconv.ParseUint(root[2*i:2*i+2], 16, 8)
				sum[i] = byte(b)
			}
			after, removed := history(sum)
			if after.IsZero() == removed.IsZero() || after.Year() < 2022 && removed.Year() < 2022 {
				t.Errorf("%s: %s, %s", root, after, removed)
			}
		}
	}
	if after, removed := history([32]byte{1}); !after.IsZero() || !removed.IsZero() {
		t.Error("something is known of no root")
	}
}

// TestInspectJunk: 10 MB that are no bundle, and what cannot be read at all.
func TestInspectJunk(t *testing.T) {
	t.Parallel()
	lines := bytes.Repeat([]byte("-----BEGIN CERTIFICATE-----\n%%%%%%%%\n-----END CERTIFICATE-----\nx\n"), 10<<20/70)
	for name, data := range map[string][]byte{
		"text":  bytes.Repeat([]byte("no roots here\n"), 10<<20/14),
		"zeros": make([]byte, 10<<20), "one line": bytes.Repeat([]byte("-"), 10<<20),
	} {
		b, err := Inspect(write(t, "junk", data))
		if err != nil || b.TLSOff == "" || b.Roots != 0 || len(b.Warnings) != 0 {
			t.Errorf("%s: %+v, %v", name, b, err)
		}
	}
	_, err := Inspect(write(t, "blocks", lines))
	if err == nil || !strings.Contains(err.Error(), "more than 100000 PEM blocks") {
		t.Errorf("blocks: %v", err)
	}
	b, err := Inspect(write(t, "fewer", lines[:4<<20]))
	if err != nil || len(b.Warnings) != maxWarnings || b.TLSOff == "" {
		t.Errorf("fewer blocks: %v", err)
	}
	if _, err := Inspect(filepath.Join(t.TempDir(), "nosuch")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	b, err = Inspect(t.TempDir())
	if err != nil || b.Roots != 0 || b.TLSOff != "" || len(b.Warnings) != 1 || b.Warnings[0].Text != "no certificate in any of its files (0)" {
		t.Errorf("empty directory: %+v, %v", b, err)
	}
}

// TestSurvey: places that are not there, that are of no use, and that come too late.
func TestSurvey(t *testing.T) {
	t.Parallel()
	a := newCA(t, "A", nil)
	places := Survey(fstest.MapFS{
		"etc/ssl/certs/ca-certificates.crt": {Data: []byte("x")}, "etc/pki/tls/cert.pem": {Data: pemOf(a), ModTime: now},
		"etc/ssl/ca-bundle.pem": {Data: pemOf(a)}, "usr/share/certs/trusted/README": {},
	})
	if len(places) != len(systemFiles)+len(systemDirs) {
		t.Errorf("%d places", len(places))
	}
	want := map[string]string{
		"/etc/ssl/certs/ca-certificates.crt": "bad", "/etc/pki/tls/cert.pem": "used", "/etc/ssl/ca-bundle.pem": "good",
		"/etc/ssl/certs": "bad", "/usr/share/certs/trusted": "bad",
	}
	for _, p := range places {
		got := "good"
		switch {
		case !p.Exists():
			got = ""
		case p.Err != nil:
			got = "bad"
		case p.Used:
			got = "used"
		}
		if got != want[p.Path] || (p.Bundle == nil) != (p.Err != nil) {
			t.Errorf("%s: %q, %v", p.Path, got, p.Err)
		}
	}
}

// TestBundlesAsOpenSSL: over each pair of a chain and a bundle, openssl verify and we agree on whether it is trusted,
// and on whether the bundle can be loaded at all.
func TestBundlesAsOpenSSL(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal(err)
	}
	chains, err := filepath.Glob(filepath.Join(bundles, "chains", "*.pem"))
	if err != nil || len(chains) < 8 {
		t.Fatalf("%d chains, %v", len(chains), err)
	}
	pairs, trusted := 0, 0
	for _, name := range []string{"fresh.pem", "of-2011.pem", "lacking.pem", "broken.pem", "trusted.pem",
		"odd.pem", "der.crt", "empty.pem", "hashed"} {
		b := inspect(t, name)
		v := NewVerifier(b, now)
		store := []string{"-no-CApath", "-CAfile", filepath.Join(bundles, name)}
		if b.From == Directory {
			store = []string{"-no-CAfile", "-CApath", filepath.Join(bundles, name)}
		}
		for _, chain := range chains {
			args := slices.Concat([]string{"verify", "-purpose", "sslserver", "-auth_level", "1", "-no-CAstore",
				"-attime", strconv.FormatInt(now.Unix(), 10), "-untrusted", chain}, store, []string{chain})
			out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
			ours := b.TLSOff == "" && v.Postfix(sentIn(t, chain), 1).Status == Trusted
			if (err == nil) != ours {
				t.Errorf("%s by %s: trusted %v, and openssl says %s", filepath.Base(chain), name, ours, out)
			}
			if unloadable := bytes.Contains(out, []byte("Error loading file")); unloadable != (b.TLSOff != "") {
				t.Errorf("%s: %q, and openssl says %s", name, b.TLSOff, out)
			}
			pairs++
			if ours {
				trusted++
			}
		}
	}
	if pairs < 20 || trusted < 10 {
		t.Errorf("only %d pairs, %d of them trusted", pairs, trusted)
	}
}

// sentIn is the chain in a file, as a server sends it.
func sentIn(t testing.TB, file string) (chain [][]byte) {
	t.Helper()
	rest, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return chain
		}
		chain = append(chain, block.Bytes)
	}
}

// TestSystemAudit prints what there is to say of this machine's own bundle. All its blocks are accounted for.
func TestSystemAudit(t *testing.T) {
	t.Parallel()
	b, err := System()
	if err != nil || b.From != File {
		t.Logf("no bundle file here: %v", err)
		return
	}
	text, err := os.ReadFile(b.Path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Mozilla()
	if err != nil {
		t.Fatal(err)
	}
	a := NewAudit(b, m, now, halfAge)
	for _, issue := range Issues() {
		t.Logf("%s: %d %s", b.Path, a.Count(issue), issue)
	}
	if blocks := bytes.Count(text, []byte("-----BEGIN ")); len(a.Items)-a.Count(IssueMissing) != blocks {
		t.Errorf("%d items, %d of them missing, for %d blocks", len(a.Items), a.Count(IssueMissing), blocks)
	}
	if a.Count(IssueExpired) < b.Expired(now) {
		t.Errorf("%d expired, %d by the bundle", a.Count(IssueExpired), b.Expired(now))
	}
}
