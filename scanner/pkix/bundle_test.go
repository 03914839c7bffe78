package pkix

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	a, b := newCA(t, "A", nil), newCA(t, "B", nil, dates(-9*day, -day))
	inter := newCA(t, "Intermediate", a)
	file := write(t, "ca.pem", slices.Concat([]byte("# A\n"), pemOf(a), []byte("B\r\n=====\r\n"),
		bytes.ReplaceAll(pemOf(b), []byte("\n"), []byte("\r\n")), pemOf(inter, a)))
	date := time.Date(2023, 3, 11, 10, 0, 0, 0, time.UTC)
	if err := os.Chtimes(file, date, date); err != nil {
		t.Fatal(err)
	}
	got, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	sums := []string{fingerprint(a.Raw), fingerprint(b.Raw)}
	slices.Sort(sums)
	raw, _ := hex.DecodeString(sums[0] + sums[1])
	sum := sha256.Sum256(raw)
	want := &Bundle{From: File, Path: file, Date: date, Roots: 2, Others: 1, SHA256: hex.EncodeToString(sum[:])}
	if d := cmp.Diff(want, got, cmp.FilterPath(unexported, cmp.Ignore())); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for at, want := range map[time.Time]int{now: 1, now.Add(-2 * day): 0, now.Add(5000 * day): 2} {
		if n := got.Expired(at); n != want {
			t.Errorf("%d expired at %s, want %d", n, at, want)
		}
	}
}

// unexported skips a Bundle's working parts.
func unexported(p cmp.Path) bool {
	f, ok := p.Last().(cmp.StructField)
	return ok && strings.ToLower(f.Name()[:1]) == f.Name()[:1]
}

func TestLoadSameSetSameHash(t *testing.T) {
	t.Parallel()
	a, b := newCA(t, "A", nil), newCA(t, "B", nil)
	if x, y := bundleOf(t, a, b, a), bundleOf(t, b, a); x.SHA256 != y.SHA256 {
		t.Errorf("%s, %s", x.SHA256, y.SHA256)
	}
	if x, y := bundleOf(t, a, b), bundleOf(t, b); x.SHA256 == y.SHA256 {
		t.Error("two sets, one hash")
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	keyPEM := "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	for _, tc := range []struct{ name, data, want string }{
		{"empty", "", "no certificate: the file is empty"},
		{"blank", " \n\n", "no certificate: the file is empty"},
		{"text", "<html>404</html>\n", "no certificate: found no PEM block in 17 octets"},
		{"key", keyPEM + keyPEM, "no certificate: found only PRIVATE KEY"},
		{"DER", string(root.Raw), "no certificate: found DER, and PEM is wanted"},
		{"cut", string(pemOf(root)[:200]), "no certificate: line 1 has a PEM block without an END line"},
		{"broken", "\n" + pemText("CERTIFICATE", "0123"), "no certificate: line 2 has a certificate that cannot be parsed"},
		{"no root", string(pemOf(newCA(t, "Intermediate", root))), "no root: others issued what is in it (certificates: 1)"},
		{"too many", strings.Repeat("-----BEGIN X-----\n-----END X-----\n", maxBlocks+1), "more than 100000 PEM blocks"},
	} {
		file := write(t, tc.name, []byte(tc.data))
		_, err := Load(file)
		if err == nil || !strings.HasPrefix(err.Error(), file+": "+tc.want) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	big := write(t, "big", nil)
	if err := os.Truncate(big, maxBundle+1); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(big); err == nil || !strings.Contains(err.Error(), "more than 64 MiB") {
		t.Errorf("big file: %v", err)
	}
}

func pemText(label, data string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: []byte(data)}))
}

// TestLoadWarnings: a bad block costs itself, and is named with its line.
func TestLoadWarnings(t *testing.T) {
	t.Parallel()
	a, b := newCA(t, "A", nil), newCA(t, "B", nil)
	file := write(t, "ca.pem", slices.Concat(
		[]byte("-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n"), // 1
		pemOf(a), []byte("-----BEGIN CERTIFICATE-----\nAAAA\n"),
		[]byte(pemText("CERTIFICATE", "junk")), pemOf(b),
		[]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n")))
	bundle, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := func(certs ...*issued) int { return bytes.Count(pemOf(certs...), []byte("\n")) }
	n := 4 + lines(a)
	want := []Warning{
		{file, 1, "a PEM block that cannot be decoded", true},
		{file, n, "a PEM block without an END line", true},
		{file, n + 2, "a certificate that cannot be parsed: malformed DER", true},
		{file, n + 5 + lines(b), "a PEM block that cannot be decoded", true},
	}
	if d := cmp.Diff(want, bundle.Warnings); d != "" || bundle.Roots != 2 {
		t.Errorf("%d roots, warnings -want +got:\n%s", bundle.Roots, d)
	}
	if s := want[0].String(); s != file+":1: a PEM block that cannot be decoded" {
		t.Error(s)
	}
}

// TestTrustedCertificate: OpenSSL's own label carries trust settings, which count.
func TestTrustedCertificate(t *testing.T) {
	t.Parallel()
	root, plain := newCA(t, "Root", nil), newCA(t, "Plain", nil)
	serverAuth := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	clientAuth := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
	anyUsage := asn1.ObjectIdentifier{2, 5, 29, 37, 0}
	type certAux struct {
		Trust  []asn1.ObjectIdentifier `asn1:"optional,omitempty"`
		Reject []asn1.ObjectIdentifier `asn1:"optional,omitempty,tag:0"`
	}
	oids := func(o ...asn1.ObjectIdentifier) []asn1.ObjectIdentifier { return o }
	for _, tc := range []struct {
		name    string
		label   string
		aux     any
		warning string
	}{
		{"old label", "X509 CERTIFICATE", nil, ""},
		{"no settings", "TRUSTED CERTIFICATE", nil, ""},
		{"trusted", "TRUSTED CERTIFICATE", certAux{Trust: oids(clientAuth, serverAuth)}, ""},
		{"trusted for any", "TRUSTED CERTIFICATE", certAux{Trust: oids(anyUsage)}, ""},
		{"not trusted", "TRUSTED CERTIFICATE", certAux{Trust: oids(clientAuth)}, "not trusted for TLS servers"},
		{"rejected", "TRUSTED CERTIFICATE", certAux{Reject: oids(serverAuth)}, "rejected for TLS servers"},
		{"other rejected", "TRUSTED CERTIFICATE", certAux{Reject: oids(clientAuth)}, ""},
		{"bad settings", "TRUSTED CERTIFICATE", 7, "bad trust settings"},
	} {
		der := slices.Clone(root.Raw)
		if tc.aux != nil {
			aux, err := asn1.Marshal(tc.aux)
			if err != nil {
				t.Fatal(err)
			}
			der = append(der, aux...)
		}
		b, err := Load(write(t, "ca.pem", append([]byte(pemText(tc.label, string(der))), pemOf(plain)...)))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case tc.warning == "" && (b.Roots != 2 || len(b.Warnings) != 0):
			t.Errorf("%s: %d roots, %q", tc.name, b.Roots, b.Warnings)
		case tc.warning != "" && (b.Roots != 1 || len(b.Warnings) != 1 || !strings.Contains(b.Warnings[0].Text, tc.warning)):
			t.Errorf("%s: %d roots, %q, want %q", tc.name, b.Roots, b.Warnings, tc.warning)
		}
	}
}

func TestLoadDir(t *testing.T) {
	t.Parallel()
	a, b, c := newCA(t, "A", nil), newCA(t, "B", nil), newCA(t, "C", nil)
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"a.pem": pemOf(a), "b.crt": pemOf(b), "all.pem": pemOf(a, b), "0a1b2c3d.1": pemOf(c), "README": []byte("x"),
		"notes.txt": pemOf(newCA(t, "D", nil)), "0a1b2c3d.r0": pemOf(newCA(t, "E", nil)),
		"bad.pem": []byte(pemText("CERTIFICATE", "x")),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		old := now.Add(-900 * day)
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"deadbeef.0": "a.pem", "deadbeef.1": "gone.pem", "loop.pem": "."} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	newest := now.Add(-3 * day)
	if err := os.Chtimes(filepath.Join(dir, "b.crt"), newest, newest); err != nil {
		t.Fatal(err)
	}
	got, err := LoadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got.From != Directory || got.Path != dir || got.Roots != 3 || !got.Date.Equal(newest) {
		t.Errorf("%+v", got)
	}
	want := []string{
		filepath.Join(dir, "bad.pem") + ":1: a certificate that cannot be parsed: malformed DER",
		filepath.Join(dir, "deadbeef.1") + ": no such file or directory",
	}
	if d := cmp.Diff(want, texts(got.Warnings)); d != "" {
		t.Errorf("warnings -want +got:\n%s", d)
	}
	if file := bundleOf(t, c, b, a); file.SHA256 != got.SHA256 {
		t.Error("the same roots in a file have another hash")
	}
}

func texts(warnings []Warning) []string {
	var out []string
	for _, w := range warnings {
		out = append(out, w.String())
	}
	return out
}

func TestLoadDirErrors(t *testing.T) {
	t.Parallel()
	if _, err := LoadDir(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	dir := t.TempDir()
	if _, err := LoadDir(dir); err == nil || err.Error() != dir+": no certificate in any of its files (0)" {
		t.Errorf("empty: %v", err)
	}
	plain := filepath.Dir(write(t, "a.pem", pemOf(newCA(t, "A", nil))))
	if b, err := LoadDir(plain); err != nil || len(b.Warnings) != 1 || !strings.Contains(b.Warnings[0].Text, "rehash") {
		t.Errorf("without hash links: %+v, %v", b, err)
	}
	big := fstest.MapFS{}
	for i := range 3 {
		big[string(rune('a'+i))+".pem"] = &fstest.MapFile{Data: make([]byte, maxBundle/3+1)}
	}
	if _, err := loadDir(big, ".", "big"); err == nil || !strings.Contains(err.Error(), "more than 64 MiB") {
		t.Errorf("big: %v", err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	a, b := newCA(t, "A", nil), newCA(t, "B", nil)
	file := func(data []byte) *fstest.MapFile { return &fstest.MapFile{Data: data, ModTime: now} }
	for _, tc := range []struct {
		name     string
		fsys     fstest.MapFS
		path     string
		warnings []string
	}{
		{"Debian", fstest.MapFS{"etc/ssl/certs/ca-certificates.crt": file(pemOf(a)), "etc/ssl/certs/a.pem": file(pemOf(b))},
			"/etc/ssl/certs/ca-certificates.crt", nil},
		{"CentOS", fstest.MapFS{"etc/pki/tls/certs/ca-bundle.crt": file(pemOf(a)), "etc/pki/tls/cert.pem": file(pemOf(b))},
			"/etc/pki/tls/certs/ca-bundle.crt", nil},
		{"Fedora", fstest.MapFS{"etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem": file(pemOf(a))},
			"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", nil},
		{"Amazon Linux", fstest.MapFS{"etc/pki/tls/cert.pem": file(pemOf(a))}, "/etc/pki/tls/cert.pem", nil},
		{"Alpine", fstest.MapFS{"etc/ssl/cert.pem": file(pemOf(a))}, "/etc/ssl/cert.pem", nil},
		{"SUSE", fstest.MapFS{"etc/ssl/ca-bundle.pem": file(pemOf(a))}, "/etc/ssl/ca-bundle.pem", nil},
		{"SUSE without link", fstest.MapFS{"var/lib/ca-certificates/ca-bundle.pem": file(pemOf(a))},
			"/var/lib/ca-certificates/ca-bundle.pem", nil},
		{"FreeBSD", fstest.MapFS{"usr/local/share/certs/ca-root-nss.crt": file(pemOf(a))},
			"/usr/local/share/certs/ca-root-nss.crt", nil},
		{"directory", fstest.MapFS{"etc/ssl/certs/0a1b2c3d.0": file(pemOf(a))}, "/etc/ssl/certs", nil},
		{"empty file before a good one", fstest.MapFS{"etc/ssl/certs/ca-certificates.crt": file(nil),
			"etc/ssl/cert.pem": file(pemOf(a))}, "/etc/ssl/cert.pem",
			[]string{"/etc/ssl/certs/ca-certificates.crt: no certificate: the file is empty"}},
	} {
		got, err := Find(tc.fsys)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		used := slices.IndexFunc(Survey(tc.fsys), func(p Place) bool { return p.Used })
		if used < 0 || Survey(tc.fsys)[used].Path != tc.path {
			t.Errorf("%s: the survey has place %d as the one that is used", tc.name, used)
		}
		if got.Path != tc.path || got.Roots != 1 || !got.Date.Equal(now) || got.roots[0].subject.text() != "CN=A" {
			t.Errorf("%s: %+v", tc.name, got)
		}
		if d := cmp.Diff(tc.warnings, texts(got.Warnings)); d != "" {
			t.Errorf("%s: warnings -want +got:\n%s", tc.name, d)
		}
	}
	for _, fsys := range []fstest.MapFS{{}, {"etc/ssl/cert.pem": file([]byte("x"))}} {
		_, err := Find(fsys)
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "/etc/ssl/cert") {
			t.Errorf("%d files: %v", len(fsys), err)
		}
	}
}

// TestSystem loads what this machine has, or says that it has nothing.
func TestSystem(t *testing.T) {
	t.Parallel()
	b, err := System()
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		return
	}
	if !filepath.IsAbs(b.Path) || b.Roots == 0 || b.Date.IsZero() || b.Expired(time.Unix(0, 0)) != 0 {
		t.Errorf("%+v", b)
	}
}

func TestMozilla(t *testing.T) {
	t.Parallel()
	b, err := Mozilla()
	if err != nil {
		t.Fatal(err)
	}
	if b.From != Embedded || b.Roots < 100 || b.Others != 0 || len(b.Warnings) != 0 || len(b.SHA256) != 64 {
		t.Errorf("%+v", b)
	}
	if len(b.limits) == 0 {
		t.Error("no root with a distrust-after date: the test of Constraint below tests nothing")
	}
}

// TestMozillaDate: a program knows the bundle's date. The go command leaves the modules out of test binaries, so the
// test builds a program.
func TestMozillaDate(t *testing.T) {
	t.Parallel()
	main := write(t, "main.go", []byte(`package main

import (
	"fmt"
	"os"

	"mxtls/scanner/pkix"
)

func main() {
	b, err := pkix.Mozilla()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(b.Date.Year(), b.Path)
}
`))
	program := filepath.Join(t.TempDir(), "program")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, main)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), program).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var year int
	var path string
	_, err = fmt.Sscan(string(out), &year, &path)
	if err != nil || year < 2026 || !strings.HasPrefix(path, mozillaModule+"@v") {
		t.Errorf("the program does not know its bundle's date: %q, %v", out, err)
	}
}

func TestPseudoTime(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 10, 30, 15, 31, 54, 0, time.UTC)
	for version, want := range map[string]time.Time{
		"v0.0.0-20261030153154-30a33513ff6d":       date,
		"v1.2.4-0.20261030153154-30a33513ff6d":     date,
		"v1.2.3-pre.0.20261030153154-30a33513ff6d": date,
		"v1.2.3": {}, "": {}, "(devel)": {}, "v1.2.3-rc-1": {},
	} {
		if got := pseudoTime(version); !got.Equal(want) {
			t.Errorf("%q: %s, want %s", version, got, want)
		}
	}
}

// TestDistrustAfter: what a root issued after Mozilla's date is not trusted, though the chain is sound.
func TestDistrustAfter(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	inter := newCA(t, "Intermediate", root)
	b := newBundle(Embedded, "test")
	b.add(anchor{cert: reread(t, root.Raw)}, func(chain []*x509.Certificate) error {
		if chain[0].NotBefore.After(now.Add(-10 * day)) {
			return errors.New("too young")
		}
		return nil
	})
	b, err := b.seal()
	if err != nil {
		t.Fatal(err)
	}
	v := NewVerifier(b, now)
	if c := v.Verify(ders(newLeaf(t, "mx.example.com", inter), inter)); c.Status != Trusted {
		t.Errorf("older: %+v", c)
	}
	c := v.Verify(ders(newLeaf(t, "mx.example.com", inter, dates(-day, day)), inter))
	if c.Status != Untrusted || c.Reason != UnknownIssuer || !strings.Contains(c.Text, "too young") {
		t.Errorf("younger: %+v", c)
	}
}
