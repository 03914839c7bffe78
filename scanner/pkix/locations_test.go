package pkix

import (
	"bytes"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A fileCase is a CA file, and whether OpenSSL refuses it, and Postfix with it all TLS.
type fileCase struct {
	name string
	data []byte
	off  bool
}

func fileCases(t testing.TB, root *issued) []fileCase {
	t.Helper()
	good := pemOf(root)
	block := func(label string, der []byte) []byte { return []byte(pemText(label, string(der))) }
	with := func(more ...[]byte) []byte { return slices.Concat(append([][]byte{good}, more...)...) }
	negative := reissue(t, root, nil, func(c *tbs) { c.serial = []byte{2, 1, 0x80} })
	return []fileCase{
		{"good", good, false},
		{"text around", with([]byte("\n# comment\nCA\r\n=====\n")), false},
		{"CRLF", bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), false},
		{"twice", with(good), false},
		{"empty", nil, true},
		{"text", []byte("<html>404</html>\n"), true},
		{"DER", root.Raw, true},
		{"not base64", with([]byte("-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n")), true},
		{"junk", with(block("CERTIFICATE", []byte("junk"))), true},
		{"junk first", append(block("CERTIFICATE", []byte("junk")), good...), true},
		{"no END", with([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n")), true},
		{"no END before another", append([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n"), good...), true},
		{"END of another", with([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n")), true},
		{"cut", good[:len(good)/2], true},
		{"key beside", with(block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(root.key)))), false},
		{"bad key beside", with(block("PRIVATE KEY", []byte("x"))), true},
		{"unknown label", with(block("SOMETHING", []byte("x"))), false},
		{"key alone", block("PRIVATE KEY", []byte("x")), true},
		{"bad revocation list", with(block("X509 CRL", []byte("x"))), true},
		{"trailing octets", block("CERTIFICATE", append(slices.Clone(root.Raw), 1, 2, 3)), false},
		{"bad settings", block("TRUSTED CERTIFICATE", append(slices.Clone(root.Raw), 2, 1, 7)), true},
		{"negative serial", with(block("CERTIFICATE", negative.Raw)), false},
		{"intermediate alone", pemOf(newCA(t, "Intermediate", root, longLived)), false},
	}
}

// TestLocations: what switches TLS off, asked of openssl verify too, which loads its CAfile in the same way.
func TestLocations(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal(err)
	}
	root := newCA(t, "Root", nil, longLived)
	leaf := write(t, "leaf.pem", pemOf(newLeaf(t, parityHost, root, longLived)))
	for _, tc := range fileCases(t, root) {
		file := write(t, "ca.pem", tc.data)
		b := Locations(file, "")
		if (b.TLSOff != "") != tc.off || tc.off && !strings.HasPrefix(b.TLSOff, file+":") {
			t.Errorf("%s: %q, want %t", tc.name, b.TLSOff, tc.off)
		}
		if loaded, err := Load(file); err == nil && loaded.TLSOff != b.TLSOff {
			t.Errorf("%s: %q, %q", tc.name, loaded.TLSOff, b.TLSOff)
		}
		out, _ := exec.CommandContext(t.Context(), binary, "verify", "-no-CApath", "-no-CAstore", "-CAfile", file,
			leaf).CombinedOutput()
		if refused := bytes.Contains(out, []byte("Error loading file")); refused != tc.off {
			t.Errorf("%s: openssl: %s", tc.name, out)
		}
	}
}

// TestLocationsTogether: file and directory add up, a missing file switches TLS off, a missing directory does not.
func TestLocationsTogether(t *testing.T) {
	t.Parallel()
	a, b := newCA(t, "A", nil), newCA(t, "B", nil)
	file, dir, none := write(t, "a.pem", pemOf(a)), t.TempDir(), filepath.Join(t.TempDir(), "none")
	for name, c := range map[string]*issued{"0a1b2c3d.0": b, "c.pem": newCA(t, "C", nil)} {
		if err := os.WriteFile(filepath.Join(dir, name), pemOf(c), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name, file, dir string
		from            Source
		path            string
		roots, warnings int
		off             bool
	}{
		{"neither", "", "", SourceUnknown, "", 0, 0, false},
		{"file", file, "", File, file, 1, 0, false},
		{"directory", "", dir, Directory, dir, 1, 0, false},
		{"both", file, dir, File, file, 2, 0, false},
		{"no such file", none, "", File, none, 0, 0, true},
		{"no such file, directory", none, dir, File, none, 1, 0, true},
		{"no such directory", "", none, SourceUnknown, "", 0, 1, false},
		{"no hash links", "", filepath.Dir(file), Directory, filepath.Dir(file), 0, 1, false},
	} {
		got := Locations(tc.file, tc.dir)
		if got.From != tc.from || got.Path != tc.path || got.Roots != tc.roots || len(got.Warnings) != tc.warnings ||
			(got.TLSOff != "") != tc.off {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
	leaf := ders(newLeaf(t, parityHost, a))
	if c := NewVerifier(Locations("", ""), now).Postfix(leaf, 0); c.Status != Untrusted || c.Num != errNoLocalIssuer {
		t.Errorf("without roots: %+v", c)
	}
	if c := NewVerifier(Locations(file, dir), now).Postfix(leaf, 0); c.Status != Trusted {
		t.Errorf("with both: %+v", c)
	}
}
