package report

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	stdpkix "crypto/x509/pkix"
	"encoding/csv"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mxtls/scanner/pkix"
)

// bundleOf reads bundles of testdata/roots, one behind the other, as one that is called name.
func bundleOf(t testing.TB, name string, files ...string) *pkix.Bundle {
	t.Helper()
	var all []byte
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join("..", "testdata", "roots", file))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	b, err := pkix.Parse(name, all)
	if err != nil {
		t.Fatal(err)
	}
	b.Date = time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	return b
}

// testInventory has every issue but those of Mozilla's bundle and of directories.
func testInventory(t testing.TB) *Inventory {
	t.Helper()
	b := bundleOf(t, "/etc/ssl/cert.pem", "odd.pem", "of-2011.pem", "broken.pem", "trusted.pem")
	fresh := bundleOf(t, "fresh.pem", "fresh.pem")
	return &Inventory{Version: "v1.2.3", Audit: pkix.NewAudit(b, fresh, at, 180*24*time.Hour), Places: []pkix.Place{
		{Path: "/etc/ssl/certs/ca-certificates.crt", Source: pkix.File,
			Err: errors.New("/etc/ssl/certs/ca-certificates.crt: no certificate: the file is empty")},
		{Path: "/etc/pki/tls/certs/ca-bundle.crt", Source: pkix.File, Err: fs.ErrNotExist},
		{Path: "/etc/ssl/cert.pem", Source: pkix.File, Bundle: b, Used: true},
		{Path: "/etc/ssl/certs", Source: pkix.Directory, Bundle: fresh},
		{Path: "/usr/share/certs/trusted", Source: pkix.Directory, Err: fs.ErrNotExist},
	}}
}

func writeInventory(t testing.TB, f Format, o Options, inv *Inventory) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteInventory(f, &b, o, inv); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestInventoryGolden(t *testing.T) {
	t.Parallel()
	inv := testInventory(t)
	for _, tt := range []struct {
		file   string
		format Format
		opts   Options
	}{
		{"roots.txt", Table, Options{}}, {"roots-80.txt", Table, Options{Width: 80}},
		{"roots-80-color.txt", Table, Options{Width: 80, Color: true}},
		{"roots-100-v-ascii.txt", Table, Options{Width: 100, Verbose: 1, ASCII: true}},
		{"roots.csv", CSV, Options{}}, {"roots.jsonl", JSONL, Options{}}, {"roots.json", JSON, Options{}},
		{"roots.md", Markdown, Options{}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			compare(t, tt.file, writeInventory(t, tt.format, tt.opts, inv))
		})
	}
}

// TestInventoryWidths: no line is wider than it may be.
func TestInventoryWidths(t *testing.T) {
	t.Parallel()
	for _, width := range []int{60, 80, 133} {
		out := string(writeInventory(t, Table, Options{Width: width, ASCII: true}, testInventory(t)))
		for line := range strings.Lines(out) {
			if n := len(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns in %d: %s", n, width, line)
			}
		}
	}
}

// TestIssuesAreWorded: every issue has a title and a meaning, and shows in the fixture's table.
func TestIssuesAreWorded(t *testing.T) {
	t.Parallel()
	out := string(writeInventory(t, Table, Options{}, testInventory(t)))
	elsewhere := []pkix.Issue{pkix.IssueDistrusted, pkix.IssueOnlyOpenSSL, pkix.IssueUnlinked}
	for _, issue := range pkix.Issues() {
		text := issueTexts[issue]
		if text.title == "" || text.text == "" {
			t.Errorf("%s has no words", issue)
		}
		shows := strings.Contains(out, "\n"+text.title+": ")
		if ours := !slices.Contains(elsewhere, issue); shows != ours {
			t.Errorf("%s shows: %v", issue, shows)
		}
	}
}

// TestPlainInventory: of a bundle without a flaw nothing is said, and without the system's places none are.
func TestPlainInventory(t *testing.T) {
	t.Parallel()
	fresh := bundleOf(t, "fresh.pem", "fresh.pem")
	inv := &Inventory{Audit: pkix.NewAudit(fresh, fresh, at, 0)}
	for _, f := range []Format{Table, Markdown} {
		out := string(writeInventory(t, f, Options{}, inv))
		if !strings.Contains(out, "Nothing to say against it\n") || strings.Contains(out, "Where") ||
			strings.Contains(out, "!") {
			t.Errorf("%s:\n%s", f, out)
		}
	}
	inv.Places = []pkix.Place{{Path: "/etc/ssl/cert.pem", Err: fs.ErrNotExist}}
	out := string(writeInventory(t, Table, Options{}, inv))
	if !strings.Contains(out, "It keeps none: install its ca-certificates package.") ||
		!strings.Contains(out, "Nothing to say") {
		t.Error(out)
	}
	if err := WriteInventory(Format(99), &bytes.Buffer{}, Options{}, inv); err == nil {
		t.Error("there is a format 99")
	}
}

// TestInventoryCSVEqualsJSON: each column stands in the JSON where it says so, with the same value.
func TestInventoryCSVEqualsJSON(t *testing.T) {
	t.Parallel()
	rows := readCSV(t, writeInventory(t, CSV, Options{CSVRaw: true}, testInventory(t)))
	lines := bytes.Split(bytes.TrimSpace(writeInventory(t, JSONL, Options{}, testInventory(t))), []byte("\n"))
	if len(lines) != len(rows)+1 {
		t.Fatalf("%d lines of JSON for %d rows", len(lines), len(rows))
	}
	for i, row := range rows[1:] {
		var object map[string]any
		decode(t, lines[i+1], &object)
		if len(object) != len(row) {
			t.Errorf("%d fields for %d columns", len(object), len(row))
		}
		for k, c := range InventoryColumns() {
			if want := cell(t, object[c.JSON]); row[k] != want {
				t.Errorf("%s of row %d: %q in CSV, %q in JSON", c.Name, i+1, row[k], want)
			}
		}
	}
}

func readCSV(t testing.TB, data []byte) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// cell is a value of JSON as CSV writes it.
func cell(t testing.TB, v any) string {
	t.Helper()
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = cell(t, v[i])
		}
		return strings.Join(parts, "|")
	}
	t.Fatalf("%T in JSON", v)
	return ""
}

// TestBundleColumns: names are fixed, lower case and each there once, with a meaning.
func TestBundleColumns(t *testing.T) {
	t.Parallel()
	for want, columns := range map[string][]Column{
		"schema_version,type,path,line,subject,sha256,not_before,not_after,key,signature,root,issues,distrust_after," +
			"removed,text": InventoryColumns(),
		"schema_version,type,domain,via,group,host,address,port,now,now_reason,then,then_reason,changed,fails,fails_depth," +
			"fails_subject,certificate_subject,certificate_issuer,certificate_sha256": ComparisonColumns(),
	} {
		var names []string
		for _, c := range columns {
			if names = append(names, c.Name); c.Doc == "" || c.JSON == "" {
				t.Errorf("%+v", c)
			}
		}
		if got := strings.Join(names, ","); got != want {
			t.Errorf("columns %s, want %s", got, want)
		}
	}
}

// TestHostileBundle: nothing that a certificate or a path says reaches a reader as it came.
func TestHostileBundle(t *testing.T) {
	t.Parallel()
	evil := "=cmd|' /C'!A0\x1b[31m\u202e<script>|`x`\r\n"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: stdpkix.Name{CommonName: evil},
		NotBefore: at.AddDate(-2, 0, 0), NotAfter: at.AddDate(-1, 0, 0), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), "-----BEGIN CERTIFICATE-----\n"...)
	b, err := pkix.Parse(evil, text)
	if err != nil {
		t.Fatal(err)
	}
	inv := &Inventory{Audit: pkix.NewAudit(b, bundleOf(t, evil, "fresh.pem"), at, 0),
		Places: []pkix.Place{{Path: evil, Bundle: b, Used: true}, {Path: "/x", Err: errors.New(evil)}}}
	for _, f := range []Format{Table, CSV, JSONL, JSON, Markdown} {
		for _, o := range []Options{{}, {Width: 80, Verbose: 1}, {ASCII: true}} {
			out := string(writeInventory(t, f, o, inv))
			if bad := firstHidden(strings.ReplaceAll(out, "\n", ""), false); bad != "" {
				t.Errorf("%s: %s passes", f, bad)
			}
			switch {
			case f == CSV && strings.Contains(out, ",="):
				t.Error("a formula in CSV")
			case f == JSON && !json.Valid([]byte(out)):
				t.Error("no JSON")
			}
			for line := range strings.Lines(out) {
				if f == Markdown && strings.Contains(withoutCode(line), "<script>") {
					t.Errorf("live markup: %s", line)
				}
			}
		}
	}
}

// TestAgeText: how old something is, in the unit that fits.
func TestAgeText(t *testing.T) {
	t.Parallel()
	for days, want := range map[int]string{-5: "", 0: "", 1: "1 day", 59: "59 days", 60: "2 months", 729: "24 months",
		730: "2 years", 5000: "13 years"} {
		if got := ageText(time.Duration(days) * 24 * time.Hour); got != want {
			t.Errorf("%d days: %q, want %q", days, got, want)
		}
	}
}

// TestPlaces: what each place is good for.
func TestPlaces(t *testing.T) {
	t.Parallel()
	good, off := bundleOf(t, "a", "fresh.pem"), bundleOf(t, "b", "broken.pem")
	for want, p := range map[string]pkix.Place{
		"3 roots: used; the smtp_tls_CAfile of this system":              {Source: pkix.File, Bundle: good, Used: true},
		"3 roots: used; a directory, for smtp_tls_CApath":                {Source: pkix.Directory, Bundle: good, Used: true},
		"2 roots: used here; as smtp_tls_CAfile it would switch TLS off": {Source: pkix.File, Bundle: off, Used: true},
		"3 roots, not used": {Source: pkix.File, Bundle: good},
		"odd":               {Path: "/x", Err: fmt.Errorf("/x: odd")},
		"permission denied": {Path: "/x", Err: &fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}},
	} {
		if p.Bundle != nil {
			undated := *p.Bundle
			undated.Date, p.Bundle = time.Time{}, &undated
		}
		if got := placeText(&p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestCommonNameFirst: by what people know a root is what a narrow column shows of it.
func TestCommonNameFirst(t *testing.T) {
	t.Parallel()
	for dn, want := range map[string]string{
		"": "", "O=Own": "O=Own", "CN=A,O=B,C=DE": "CN=A,O=B,C=DE",
		"C=DE,O=Atos,CN=Atos Root": "CN=Atos Root,C=DE,O=Atos",
		`1.2.840.113549.1.9.1=#0c10,CN=e-Szigno,L=Budapest,2.5.4.97=#130f`: "CN=e-Szigno,L=Budapest,1.2.840.113549.1.9.1=#0c10,2.5.4.97=#130f",
		`O=Own\,CN=none,CN=A\\,C=DE`:                                       `CN=A\\,O=Own\,CN=none,C=DE`,
		`O=ends in\`:                                                       `O=ends in\`,
	} {
		if got := commonNameFirst(dn); got != want {
			t.Errorf("%s: %s, want %s", dn, got, want)
		}
	}
}
