package report

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"

	"mxtls/scanner/verdict"
)

// parseCSV reads a report as any other program would.
func parseCSV(t *testing.T, text string) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var rows []map[string]string
	for _, record := range all[1:] {
		row := map[string]string{}
		for i, column := range all[0] {
			row[column] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func TestCSVColumnsAreFixed(t *testing.T) {
	t.Parallel()
	const published = "policy,dane_level,mta_sts_status,mta_sts_mode,mta_sts_id,mta_sts_max_age,mta_sts_mx,mta_sts_reason," +
		"mta_sts_text,mta_sts_line,mta_sts_servers_failing,tlsrpt_status,tlsrpt_rua,tlsrpt_reason,tlsrpt_text," +
		"effective_policy_rfc,effective_policy_postfix,effective_policy_postfix_map,effective_policy_mox,effective_policy_text"
	for rows, want := range map[Rows]string{
		RowsDefault: "domain,via,group,mx_kind,servers,encrypted,not_encrypted,unknown,encrypted_percent,tls_versions," +
			"certificate_status,certificate_reason,earliest_expiry,findings," + published,
		ByServer: "schema_version,type,domain,input,via,group,mx_kind,mx_trust,mx_reason,host,preference,address,port,stage," +
			"starttls_offered,starttls_accepted,tls_established,authenticated,reason,detail,banner,capabilities," +
			"tls_version,tls_cipher,tls_group,certificate_status,certificate_reason,certificate_name_match," +
			"certificate_names,certificate_subject,certificate_issuer,certificate_not_before,certificate_not_after," +
			"certificate_sha256,certificate_key,certificate_signature,encrypted_yes,encrypted_no,encrypted_unknown," +
			"findings,started,duration_ms," + published + ",dane_status,dane_reason,dane_text,dane_base_domain,dane_records," +
			"dane_notes,dane_signatures_end,requiretls,mta_sts_passes,address_trust,dane_certificate_sha256",
	} {
		var names []string
		for _, c := range Columns(rows) {
			names = append(names, c.Name)
			if c.Doc == "" {
				t.Errorf("column %s has no documentation", c.Name)
			}
		}
		if got := strings.Join(names, ","); got != want {
			t.Errorf("columns by %v:\n got %s\nwant %s", rows, got, want)
		}
		header, _, _ := strings.Cut(string(write(t, CSV, Options{Rows: rows})), "\n")
		if header != want {
			t.Errorf("header by %v is %s", rows, header)
		}
	}
}

func TestCSVNeverBeginsAFormula(t *testing.T) {
	t.Parallel()
	for _, p := range payloads() {
		for _, rows := range []Rows{ByDomain, ByServer} {
			for _, row := range parseCSV(t, report(t, CSV, Options{Rows: rows}, testRun(), poisoned(p))) {
				for column, value := range row {
					if formula(value) || strings.HasPrefix(value, "\t") || strings.HasPrefix(value, "\r") {
						t.Errorf("%q: column %s begins a formula: %q", p, column, value)
					}
				}
			}
		}
	}
}

func TestCSVRawKeepsEveryOctet(t *testing.T) {
	t.Parallel()
	for _, p := range payloads() {
		if strings.Contains(p, "\r") {
			continue // encoding/csv reads CR LF in a quoted field as LF
		}
		row := parseCSV(t, report(t, CSV, Options{Rows: ByServer, CSVRaw: true}, testRun(), poisoned(p)))[0]
		for column, want := range map[string]string{"input": p, "via": p, "host": p, "detail": p, "banner": p + "\n" + p,
			"capabilities": p + "|" + p, "certificate_names": p + "|" + p + "|" + p, "certificate_subject": p} {
			if row[column] != want {
				t.Errorf("column %s is %q, want %q", column, row[column], want)
			}
		}
	}
}

func TestCSVDefused(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "plain text": "plain text", "=1+1": "'=1+1", "-x": "'-x", "＠x": "'＠x", "\t=1": `\x09=1`,
		"\x00=1": `\x00=1`, "日本": "日本",
		`say "hi"`: `"say ""hi"""`, "a,b": `"a,b"`, "a;b": `"a;b"`, " a": `" a"`, "a\nb": `a\x0ab`, "\xff": `\xff`,
	} {
		if got := string(appendText(nil, in, false)); got != want {
			t.Errorf("appendText(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestCSVLineEnds(t *testing.T) {
	t.Parallel()
	got := write(t, CSV, Options{CRLF: true, BOM: true})
	if !bytes.HasPrefix(got, []byte("\ufeffdomain,")) {
		t.Errorf("no byte order mark: %q", got[:20])
	}
	want := len(testResults()) + 1
	if n, crlf := bytes.Count(got, []byte("\n")), bytes.Count(got, []byte("\r\n")); n != crlf || n != want {
		t.Errorf("%d lines, %d of them with CR LF, want %d", n, crlf, want)
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		c    verdict.Counts
		want string
	}{
		{verdict.Counts{}, ""}, {verdict.Counts{Unknown: 3}, ""}, {verdict.Counts{Yes: 2}, "100"},
		{verdict.Counts{No: 2}, "0"}, {verdict.Counts{Yes: 1, No: 2}, "33.3"},
		{verdict.Counts{Yes: 1, No: 1, Unknown: 5}, "50"}, {verdict.Counts{Yes: 2, No: 1}, "66.7"},
	} {
		if got := string(appendPercent(nil, tt.c)); got != tt.want {
			t.Errorf("%+v is %q %%, want %q", tt.c, got, tt.want)
		}
	}
}

func BenchmarkCSVServer(b *testing.B) { benchmarkRow(b, CSV, Options{Rows: ByServer}) }
func BenchmarkCSVDomain(b *testing.B) { benchmarkRow(b, CSV, Options{}) }
func BenchmarkJSONL(b *testing.B)     { benchmarkRow(b, JSONL, Options{}) }

// benchmarkRow writes one domain with one server.
func benchmarkRow(b *testing.B, f Format, o Options) {
	w, err := New(f, io.Discard, o)
	if err != nil {
		b.Fatal(err)
	}
	r := testResults()[11].result
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Add("list.txt", r); err != nil {
			b.Fatal(err)
		}
	}
}
