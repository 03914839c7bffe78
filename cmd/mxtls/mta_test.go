//go:build mta

// The binary against real mail servers (testdata/mta): Postfix, Exim, Sendmail, Courier and OpenSMTPD behind a
// validating resolver, all on loopback. What it says is compared field by field with the tables of mta_cases_test.go,
// and with what openssl, Postfix' own posttls-finger and a bare TCP client find on the same servers. Mail travels between
// them, too: what mxtls makes of its log lines and headers is compared with what the two sides of each session have.
package main_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	labResolver = "127.25.0.53"
	labEHLO     = "lab.mta-signed.test"
	signed      = ".mta-signed.test"
	unsigned    = ".mta-unsigned.test"

	scanPatience = time.Minute // the slowest server lets its clients wait 6 s
)

func TestMTA(t *testing.T) {
	lab := startLab(t)
	// By themselves: what postscreen says of a client depends on which of the other checks run at the same time.
	t.Run("mail", func(t *testing.T) {
		inParallel(t, map[string]func(*testing.T){"received": lab.checkReceived, "traffic": lab.checkTraffic})
	})
	domains := make([]string, 0, len(labServers)+len(labDomains))
	for name := range expectations() {
		domains = append(domains, name)
	}
	slices.Sort(domains)
	lines := lab.scanJSON(t, domains)
	checks := map[string]func(*testing.T){}
	for name, check := range map[string]func(*testing.T, []string, []domainLine){
		"fields": lab.checkFields, "openssl": lab.checkOpenSSL, "posttls-finger": lab.checkPosttlsFinger,
		"busy": lab.checkBusy, "csv": lab.checkCSV, "table": lab.checkTable, "dane": lab.checkDANE, "mta-sts": lab.checkSTS,
	} {
		checks[name] = func(t *testing.T) { check(t, domains, lines) }
	}
	inParallel(t, checks)
}

// inParallel runs tests at the same time.
func inParallel(t *testing.T, checks map[string]func(*testing.T)) {
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t)
		})
	}
}

// lab is the running lab and the binary to try on it.
type lab struct {
	script, state, pki, binary string
}

// startLab starts the servers, unless they run already, and stops what it started at the end of the test.
func startLab(t *testing.T) *lab {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("the lab binds port 25 and mounts file systems: run this test as root")
	}
	script, err := filepath.Abs("../../testdata/mta/lab.sh")
	if err != nil {
		t.Fatal(err)
	}
	state := os.Getenv("MXTLS_MTA_STATE")
	if state == "" {
		state = "/var/tmp/mxtls-mta"
	}
	l := &lab{script: script, state: state, pki: filepath.Join(state, "pki"), binary: filepath.Join(t.TempDir(), "mxtls")}
	if exec.Command(script, "status").Run() != nil {
		t.Cleanup(func() { output(t, time.Minute, script, "down") })
		t.Logf("%s", output(t, labPatience, "sh", "-c", `"$0" up 2>&1`, script))
	}
	output(t, labPatience, "go", "build", "-o", l.binary, ".")
	return l
}

// scan runs the binary on domains.
func (l *lab) scan(t *testing.T, domains []string, flags ...string) []byte {
	t.Helper()
	args := append([]string{"scan", "--resolver", labResolver, "--allow-reserved", "--ca-file", l.pki + "/ca.pem",
		"--ehlo", labEHLO, "--vantage-host", "postfix" + signed, "--rate", "0", "--per-provider", "0", "--quiet"}, flags...)
	return output(t, scanPatience, l.binary, append(args, domains...)...)
}

// scanJSON scans domains and returns their lines; run and summary must stand around them.
func (l *lab) scanJSON(t *testing.T, domains []string) []domainLine {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(l.scan(t, domains, "-o", "jsonl")))
	var lines []domainLine
	var types []string
	for decoder.More() {
		var line domainLine
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		types = append(types, line.Type)
		if line.Type == "domain" {
			lines = append(lines, line)
		}
	}
	want := slices.Concat([]string{"run"}, slices.Repeat([]string{"domain"}, len(domains)), []string{"summary"})
	if diff := cmp.Diff(want, types); diff != "" {
		t.Fatalf("types of lines (-want +got):\n%s", diff)
	}
	return lines
}

// domainLine is a line of JSONL as a reader of the documented schema sees it. No line of another type has its fields
// in other shapes, so run and summary decode into it as well.
type domainLine struct {
	SchemaVersion int    `json:"schema_version"`
	Type          string `json:"type"`
	Domain        string `json:"domain"`
	Input         string `json:"input"`
	Via           string `json:"via"`
	MX            struct {
		Kind   string `json:"kind"`
		Trust  string `json:"trust"`
		Reason string `json:"reason"`
	} `json:"mx"`
	Servers   []serverLine `json:"servers"`
	Encrypted struct {
		Yes     int `json:"yes"`
		No      int `json:"no"`
		Unknown int `json:"unknown"`
	} `json:"encrypted"`
	Findings []findingLine `json:"findings"`
	Started  string        `json:"started"`
	Duration int           `json:"duration_ms"`
}

type findingLine struct {
	Code string `json:"code"`
	Host string `json:"host"`
}

type serverLine struct {
	Host         string   `json:"host"`
	Preference   int      `json:"preference"`
	Address      string   `json:"address"`
	Port         int      `json:"port"`
	Stage        string   `json:"stage"`
	Offered      string   `json:"starttls_offered"`
	Accepted     string   `json:"starttls_accepted"`
	Established  string   `json:"tls_established"`
	Auth         string   `json:"authenticated"`
	Reason       string   `json:"reason"`
	Detail       string   `json:"detail"`
	Banner       string   `json:"banner"`
	Capabilities []string `json:"capabilities"`
	TLS          tlsLine  `json:"tls"`
	Certificate  certLine `json:"certificate"`
}

type tlsLine struct {
	Version string `json:"version"`
	Cipher  string `json:"cipher"`
	Group   string `json:"group"`
}

type certLine struct {
	Status    string   `json:"status"`
	Reason    string   `json:"reason"`
	NameMatch string   `json:"name_match"`
	Names     []string `json:"names"`
	Subject   string   `json:"subject"`
	Issuer    string   `json:"issuer"`
	NotBefore string   `json:"not_before"`
	NotAfter  string   `json:"not_after"`
	SHA256    string   `json:"sha256"`
	Key       string   `json:"key"`
	Signature string   `json:"signature"`
}

// checkBusy holds the one session that a server allows, so that the scanner's is the second.
func (l *lab) checkBusy(t *testing.T, _ []string, _ []domainLine) {
	conn, err := net.Dial("tcp", "127.25.1.10:25")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	banner, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(banner, "220 ") {
		t.Fatalf("the first session's banner is %q: %v", banner, err)
	}
	got := l.scanJSON(t, []string{"postfix-busy" + signed})[0]
	want := refusing("too_many_connections")
	if len(got.Servers) != 1 || got.Servers[0].Reason != want.reason || got.Servers[0].Stage != want.stage ||
		got.Servers[0].Offered != want.offered || !strings.HasPrefix(got.Servers[0].Banner, "421 4.7.0 ") {
		t.Errorf("while another session is held: %+v", got.Servers)
	}
}

// checkCSV reads the report by server as CSV and compares it with the JSON of the same servers.
func (l *lab) checkCSV(t *testing.T, domains []string, lines []domainLine) {
	rows, err := csv.NewReader(bytes.NewReader(l.scan(t, domains, "-o", "csv", "--rows", "server"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := []string{"domain", "mx_kind", "mx_trust", "host", "preference", "address", "stage", "starttls_offered",
		"starttls_accepted", "tls_established", "authenticated", "reason", "capabilities", "tls_version", "tls_cipher",
		"tls_group", "certificate_status", "certificate_reason", "certificate_sha256"}
	var got, want [][]string
	for _, row := range rows[1:] {
		cells := make([]string, len(columns))
		for i, c := range columns {
			at := slices.Index(rows[0], c)
			if at < 0 {
				t.Fatalf("no column %s in %q", c, rows[0])
			}
			cells[i] = row[at]
		}
		got = append(got, cells)
	}
	for _, d := range lines {
		if len(d.Servers) == 0 {
			want = append(want, append([]string{d.Domain, d.MX.Kind, d.MX.Trust}, make([]string, len(columns)-3)...))
		}
		for _, s := range d.Servers {
			want = append(want, []string{d.Domain, d.MX.Kind, d.MX.Trust, s.Host, strconv.Itoa(s.Preference), s.Address,
				s.Stage, s.Offered, s.Accepted, s.Established, s.Auth, s.Reason, strings.Join(s.Capabilities, "|"),
				s.TLS.Version, s.TLS.Cipher, s.TLS.Group, s.Certificate.Status, s.Certificate.Reason, s.Certificate.SHA256})
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CSV against JSON (-want +got):\n%s", diff)
	}
}

// checkTable looks for every domain, host and address in the table for people.
func (l *lab) checkTable(t *testing.T, domains []string, lines []domainLine) {
	table := string(l.scan(t, domains, "-o", "table", "--rows", "server"))
	for _, d := range lines {
		missing := !strings.Contains(table, d.Domain)
		for _, s := range d.Servers {
			missing = missing || !strings.Contains(table, s.Host) || !strings.Contains(table, s.Address)
		}
		if missing {
			t.Errorf("%s or its servers are not in the table", d.Domain)
		}
	}
	if t.Failed() {
		t.Logf("\n%s", table)
	}
}
