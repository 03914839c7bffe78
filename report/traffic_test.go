package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner"
	"mxtls/scanner/maillog"
	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// trafficResult is a log's result with something of everything.
func trafficResult() *maillog.Result {
	day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
	counts := func(encrypted, plaintext, unknown int64) maillog.Counts {
		c := maillog.Counts{Messages: encrypted + plaintext + unknown, Encrypted: encrypted, Plaintext: plaintext, Unknown: unknown}
		if encrypted > 0 {
			c.Words = maillog.Names{{Name: "Trusted", N: encrypted - encrypted/3}, {Name: "Untrusted", N: encrypted / 3}}
			c.Versions = maillog.Names{{Name: "TLSv1.3", N: encrypted - encrypted/10}}
			if old := encrypted / 10; old > 0 {
				c.Versions = append(c.Versions, maillog.Named{Name: "TLSv1.2", N: old})
			}
			c.Ciphers = maillog.Names{{Name: "TLS_AES_256_GCM_SHA384", N: encrypted}}
		}
		return c
	}
	row := func(d maillog.Direction, domain, via string, c maillog.Counts) maillog.Row {
		return maillog.Row{Direction: d, Domain: domain, Via: via, Counts: c, First: day(1), Last: day(9)}
	}
	held := counts(0, 0, 0)
	held.Deferred, held.Bounced = 7, 2
	r := &maillog.Result{
		Info: maillog.Info{Lines: 1234567, Events: 400000, Software: [5]int64{maillog.Postfix: 400000}, Local: 5, Submitted: 1, Cut: 2, Offered: 3,
			First: day(1), Last: day(9).Add(time.Hour)},
		Rows: []maillog.Row{
			row(maillog.Outbound, "gmail.com", "google.com", counts(12000, 0, 30)),
			row(maillog.Outbound, "half.example", "provider.example", counts(5, 5, 0)),
			row(maillog.Outbound, "held.example", "", held),
			row(maillog.Outbound, "nearly.example", "provider.example", counts(9999, 1, 0)),
			row(maillog.Outbound, "plain.example", "plain.example", counts(0, 40, 0)),
			row(maillog.Outbound, "silent.example", "silent.example", counts(0, 0, 3)),
			row(maillog.Outbound, "xn--mnchen-3ya.example", "xn--mnchen-3ya.example", counts(30, 0, 0)),
			row(maillog.Outbound, "", "provider.example", counts(0, 0, 1)),
			row(maillog.Inbound, "", "google.com", counts(3, 0, 0)),
			row(maillog.Inbound, "list.example", "sender.example", counts(100, 2, 0)),
		},
		Failures: []maillog.Failure{{Reason: maillog.NotOffered, Deferred: 7, Domains: []string{"held.example", "b.example", "c.example", "d.example", "e.example", "f.example"}},
			{Reason: maillog.PolicyMismatch, Bounced: 2, Domains: []string{}}},
	}
	for d := range 9 {
		r.Days = append(r.Days, maillog.Day{Date: day(d + 1), Direction: maillog.Outbound, Counts: counts(int64(10*d), int64(90-10*d), 0)})
	}
	r.Days = append(r.Days, maillog.Day{Date: day(1), Direction: maillog.Inbound, Counts: counts(1, 0, 0)},
		maillog.Day{Date: day(5), Direction: maillog.Inbound, Counts: counts(1, 1, 0)})
	return r
}

func testTraffic() *Traffic {
	t := NewTraffic(trafficResult(), maillog.Daily, WorstFirst)
	t.Rows[0].Scan = "log: plain text until 2026-03-09, scan: the server offers TLSv1.3"
	t.Top = 6
	return t
}

func writeTraffic(t testing.TB, f TrafficFormat, o Options, traffic *Traffic) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteTraffic(f, &b, o, traffic); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTrafficGolden(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file   string
		format TrafficFormat
		opts   Options
	}{
		{"traffic.txt", TrafficDefault, Options{}},
		{"traffic-80-ascii.txt", TrafficTable, Options{Width: 80, ASCII: true}},
		{"traffic-120-color.txt", TrafficTable, Options{Width: 120, Color: true, Verbose: 1}},
		{"traffic.csv", TrafficCSV, Options{}},
		{"traffic-google.csv", TrafficGoogle, Options{BOM: true, CRLF: true}},
		{"traffic.jsonl", TrafficJSONL, Options{}},
		{"traffic.md", TrafficMarkdown, Options{}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			traffic := testTraffic()
			if tt.format == TrafficCSV || tt.format == TrafficGoogle || tt.format == TrafficJSONL {
				traffic.Top = 0
			}
			got := writeTraffic(t, tt.format, tt.opts, traffic)
			file := filepath.Join("testdata", tt.file)
			if *update {
				if err := os.WriteFile(file, got, 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s differs (-want +got), -update rewrites:\n%s", file, diff)
			}
		})
	}
	if err := WriteTraffic(TrafficGoogle+1, &bytes.Buffer{}, Options{}, testTraffic()); err == nil {
		t.Error("a format that does not exist was written")
	}
	if err := WriteTraffic(TrafficTable, &full{}, Options{}, testTraffic()); !errors.Is(err, errFull) {
		t.Errorf("to a full disk: %v", err)
	}
}

// TestTrafficHostile: whatever a log has in the place of names, no reader is harmed.
func TestTrafficHostile(t *testing.T) {
	t.Parallel()
	for _, p := range payloads() {
		r := trafficResult()
		r.Rows[1].Domain, r.Rows[1].Via = p, p
		r.Rows[1].Words, r.Rows[1].Versions, r.Rows[1].Ciphers = maillog.Names{{Name: p, N: 1}}, maillog.Names{{Name: p, N: 1}, {Name: "x", N: 1}}, maillog.Names{{Name: p, N: 1}}
		r.Failures[0].Domains = []string{p, p}
		traffic := NewTraffic(r, maillog.Daily, Alphabetical)
		traffic.Rows[1].Scan = p
		for _, f := range []TrafficFormat{TrafficTable, TrafficMarkdown, TrafficCSV, TrafficGoogle} {
			for i, c := range writeTraffic(t, f, Options{Verbose: 1}, traffic) {
				if c < ' ' && c != '\n' || c == 0x7f {
					t.Fatalf("%v: octet %#x at %d for %q", f, c, i, p)
				}
			}
		}
		for line := range bytes.Lines(writeTraffic(t, TrafficJSONL, Options{}, traffic)) {
			if !json.Valid(line) {
				t.Fatalf("%q: no JSON: %s", p, line)
			}
		}
		for _, f := range []TrafficFormat{TrafficCSV, TrafficGoogle} {
			records, err := csv.NewReader(bytes.NewReader(writeTraffic(t, f, Options{}, traffic))).ReadAll()
			if err != nil {
				t.Fatalf("%v: %q: %v", f, p, err)
			}
			for _, field := range slices.Concat(records...) {
				if formula(field) {
					t.Fatalf("%v: field %q begins a formula", f, field)
				}
			}
		}
		if lines, want := bytes.Count(writeTraffic(t, TrafficCSV, Options{}, traffic), []byte("\n")), len(traffic.Rows)+1; lines != want {
			t.Fatalf("%q: %d lines, not %d", p, lines, want)
		}
	}
}

func TestTrafficEnums(t *testing.T) {
	t.Parallel()
	for i, word := range trafficFormatWords {
		var f TrafficFormat
		if text, err := TrafficFormat(i).MarshalText(); err != nil || string(text) != word || f.UnmarshalText(text) != nil || int(f) != i {
			t.Errorf("format %d: %q, %v, back %d", i, text, err, f)
		}
	}
	for i, word := range trafficOrderWords {
		var o TrafficOrder
		if text, err := TrafficOrder(i).MarshalText(); err != nil || string(text) != word || o.UnmarshalText(text) != nil || int(o) != i {
			t.Errorf("order %d: %q, %v, back %d", i, text, err, o)
		}
	}
}

func TestPercentOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		part, whole int64
		want        string
	}{{0, 0, "?"}, {0, 5, "0 %"}, {5, 5, "100 %"}, {1, 3, "33.3 %"}, {1, 2, "50 %"}, {1, 1e6, "< 0.1 %"}, {999999, 1e6, "> 99.9 %"}, {1, 1000, "0.1 %"}, {999, 1000, "99.9 %"},
		{7, 1000, "0.7 %"}, {1, 1 << 40, "< 0.1 %"}, {1<<40 - 1, 1 << 40, "> 99.9 %"}, {1 << 62, 1<<62 + 1<<61, "66.7 %"}} {
		if got := percentOf(tt.part, tt.whole); got != tt.want {
			t.Errorf("%d of %d is %q, not %q", tt.part, tt.whole, got, tt.want)
		}
	}
	for _, tt := range []struct {
		part, whole int64
		want        string
	}{{0, 0, ""}, {0, 5, "0"}, {5, 5, "100"}, {1, 3, "33.3"}, {1, 1e6, "0.1"}, {999999, 1e6, "99.9"}} {
		if got := percentNumber(tt.part, tt.whole); got != tt.want {
			t.Errorf("%d of %d is %q, not %q", tt.part, tt.whole, got, tt.want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is %q, not %q", n, got, want)
		}
	}
}

func TestSilentText(t *testing.T) {
	t.Parallel()
	for software, want := range map[maillog.Software]string{maillog.Postfix: "smtpd_tls_loglevel=1", maillog.Exim: "log_selector", maillog.Sendmail: "LogLevel",
		maillog.Qmail: "logs nothing", maillog.SoftwareUnknown: "logs nothing"} {
		info := maillog.Info{Silent: [3]bool{maillog.Inbound: true}}
		info.Software[software] = 3
		if got := SilentText(&info, maillog.Inbound); !strings.Contains(got, want) {
			t.Errorf("%v: %q", software, got)
		}
		if got := SilentText(&info, maillog.Outbound); got != "" {
			t.Errorf("%v: outbound is not silent: %q", software, got)
		}
	}
	for mute, want := range []string{"", "one of several Postfix instances has no line on TLS for outbound mail", "2 Postfix instances have no"} {
		info := maillog.Info{Mute: [3]int{maillog.Outbound: mute}}
		if got := SilentText(&info, maillog.Outbound); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%d mute: %q", mute, got)
		}
	}
}

// TestJoin: what the log tells beside what a scan saw.
func TestJoin(t *testing.T) {
	t.Parallel()
	encrypts := domain("example.com", "example.com", encrypts(1, chain(pkix.Trusted, pkix.ReasonNone, at, "a", "b", "c"), truth.Yes))
	encrypts.Verdict.Encrypted = verdict.Counts{Yes: 1}
	plain, gone := encrypts, without("example.com", mx.Null, mx.ReasonNone, "")
	plain.Verdict.Encrypted = verdict.Counts{No: 1}
	plain.Verdict.Servers = []verdict.Answers{{Encrypted: truth.No, Reason: "starttls_not_offered"}}
	cut := plain
	cut.Verdict.Servers = []verdict.Answers{{Encrypted: truth.No, Reason: "starttls_stripped"}}
	dark, lost := encrypts, without("example.com", mx.Failed, mx.LookupTimeout, "")
	dark.Verdict.Encrypted = verdict.Counts{Unknown: 1}
	dark.Verdict.Servers = []verdict.Answers{{Encrypted: truth.Unknown, Reason: "connect_timeout"}}
	row := func(encrypted, plaintext, unknown, deferred int64, word string) maillog.Row {
		return maillog.Row{Direction: maillog.Outbound, Last: at, Counts: maillog.Counts{Messages: encrypted + plaintext + unknown, Encrypted: encrypted,
			Plaintext: plaintext, Unknown: unknown, Deferred: deferred, Words: maillog.Names{{Name: word, N: encrypted}}}}
	}
	for _, tt := range []struct {
		name   string
		row    maillog.Row
		result *scanner.Result
		want   string
	}{
		{"plain text, and TLS now", row(0, 1, 0, 0, ""), &encrypts, "log: plain text until"},
		{"some in plain text", row(1, 1, 0, 0, "Trusted"), &encrypts, "log: some in plain text, scan: the server offers TLS"},
		{"not told", row(0, 0, 1, 0, ""), &encrypts, "the log does not tell, scan: the server offers TLS"},
		{"held back", row(0, 0, 0, 1, ""), &encrypts, "log: held back, scan: the server offers TLS"},
		{"no CAfile", row(1, 0, 0, 0, "Untrusted"), &encrypts,
			"log: nothing but Untrusted, scan: the certificate is trusted; our CAfile is missing"},
		{"agreed", row(1, 0, 0, 0, "Trusted"), &encrypts, ""},
		{"stripped", row(1, 0, 0, 0, "Trusted"), &cut, "log: TLS, scan: STARTTLS was stripped"},
		{"stripped, and plain", row(0, 1, 0, 0, ""), &cut, "scan: STARTTLS was stripped on the path, the server may well offer it"},
		{"no longer", row(1, 0, 0, 0, "Trusted"), &plain, "log: TLS, scan: no server encrypts"},
		{"held back, rightly", row(0, 0, 0, 1, ""), &plain, "log: held back, scan: no server encrypts"},
		{"plain and plain", row(0, 1, 0, 0, ""), &plain, ""},
		{"gone", row(0, 1, 0, 0, ""), &gone, "scan: the domain takes no mail, or does not exist"},
		{"no answer", row(0, 1, 0, 0, ""), &dark, "scan: it could not be told: nobody answers at the address"},
		{"no resolver", row(0, 1, 0, 0, ""), &lost, "scan: it could not be told: the mail hosts could not be looked up"},
	} {
		text := func(row maillog.Row) string {
			row.Domain = "example.com"
			traffic := NewTraffic(&maillog.Result{Rows: []maillog.Row{row}}, maillog.Daily, OrderDefault)
			traffic.Join(map[string]Seen{"example.com": NewSeen(tt.result)})
			return traffic.Rows[0].Scan
		}
		got := text(tt.row)
		if tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %q, not %q", tt.name, got, tt.want)
		}
		tt.row.Direction = maillog.Inbound
		if got := text(tt.row); got != "" {
			t.Errorf("%s: of mail that came in: %q", tt.name, got)
		}
	}
}

// TestJoinByDomain: a CAfile that knows some root is not missing, and a domain that was not scanned has nothing beside it.
func TestJoinByDomain(t *testing.T) {
	t.Parallel()
	encrypts := domain("example.com", "example.com", encrypts(1, chain(pkix.Trusted, pkix.ReasonNone, at, "a", "b", "c"), truth.Yes))
	encrypts.Verdict.Encrypted = verdict.Counts{Yes: 1}
	row := func(domain, word string) maillog.Row {
		return maillog.Row{Direction: maillog.Outbound, Domain: domain, Last: at,
			Counts: maillog.Counts{Messages: 1, Encrypted: 1, Words: maillog.Names{{Name: word, N: 1}}}}
	}
	traffic := NewTraffic(&maillog.Result{Rows: []maillog.Row{row("a.example", "Trusted"), row("b.example", "Untrusted"),
		row("[2001:db8::1]", "Untrusted"), row("c.example", "Untrusted")}}, maillog.Daily, OrderDefault)
	seen := NewSeen(&encrypts)
	traffic.Join(map[string]Seen{"a.example": seen, "b.example": seen, "[2001:db8::1]": seen})
	old := "log: Untrusted, scan: the certificate is trusted; our CAfile is old, or the certificate is new"
	for i, want := range []string{"", old, old, ""} {
		if got := traffic.Rows[i].Scan; got != want {
			t.Errorf("%s: %q, not %q", traffic.Rows[i].Domain, got, want)
		}
	}
}

// TestDestinations: the domains that are shown, most messages first, whatever the order of the rows.
func TestDestinations(t *testing.T) {
	t.Parallel()
	row := func(domain, via string, messages, plaintext, deferred int64) maillog.Row {
		return maillog.Row{Direction: maillog.Outbound, Domain: domain, Via: via, Counts: maillog.Counts{
			Messages: messages, Plaintext: plaintext, Encrypted: messages - plaintext, Deferred: deferred}}
	}
	inbound := row("sender.example", "", 9, 9, 0)
	inbound.Direction = maillog.Inbound
	traffic := NewTraffic(&maillog.Result{Rows: []maillog.Row{row("", "", 50, 0, 0), row("a.example", "one", 3, 1, 0),
		row("a.example", "two", 3, 0, 0), row("b.example", "", 5, 0, 0), row("c.example", "", 0, 0, 1),
		row("d.example", "", 0, 0, 2), inbound}}, maillog.Daily, WorstFirst)
	if diff := cmp.Diff([]string{"a.example", "b.example", "d.example", "c.example"}, traffic.Destinations()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	traffic.Top = 2
	if diff := cmp.Diff([]string{"a.example", "d.example"}, traffic.Destinations()); diff != "" {
		t.Errorf("of the two rows that are shown (-want +got):\n%s", diff)
	}
}

// TestTrafficTop: the rows for machines are cut as those for people are.
func TestTrafficTop(t *testing.T) {
	t.Parallel()
	traffic := testTraffic()
	traffic.Top = 1
	for f, want := range map[TrafficFormat]int{TrafficCSV: 3, TrafficGoogle: 3} {
		if got := bytes.Count(writeTraffic(t, f, Options{}, traffic), []byte("\n")); got != want {
			t.Errorf("%v has %d lines with one row of each direction, not %d", f, got, want)
		}
	}
	if got := bytes.Count(writeTraffic(t, TrafficJSONL, Options{}, traffic), []byte(`"destination"`)); got != 2 {
		t.Errorf("JSON lines have %d rows with one of each direction", got)
	}
}
