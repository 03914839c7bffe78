package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner"
	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/tlsrpt"
	"mxtls/scanner/truth"
)

// evil is text that must reach no terminal as it is.
const evil = "\x1b[31mO=\u202eevil\r\n\xff"

// goodVerdict is one where all goes well, but for a stale record.
func goodVerdict() *Verdict {
	c := &pkix.Chain{Status: pkix.Trusted, SHA256: strings.Repeat("ab", 32), Subject: "CN=mx.example.net",
		Issuer: "CN=Some CA", NotBefore: at.AddDate(0, -1, 0),
		NotAfter: at.AddDate(0, 2, 0), Names: []string{"*.example.net"}, Key: "ECDSA P-256",
		Signature: "ECDSA-SHA256", Sent: 2, Notes: []pkix.Note{pkix.Wildcard}}
	stale := resolve.TLSA{Usage: 3, Selector: 1, Matching: 1, Data: bytes.Repeat([]byte{1}, 32)}
	fits := resolve.TLSA{Usage: 3, Selector: 1, Matching: 1, Data: bytes.Repeat([]byte{0xab}, 32)}
	o := dane.Outcome{Status: dane.Match, Base: name.MustParse("mx.example.net"), By: 1, Named: true,
		Records: dane.Classify([]resolve.TLSA{stale, fits}), Notes: []dane.Note{dane.StaleRecord}}
	o.Records[1].Fits = 0
	o.Chain.Chain = *c
	return &Verdict{
		At: at,
		Case: &scanner.Case{Names: []name.Name{name.MustParse("mx.example.net"), name.MustParse("mx2.example.net")},
			NextHop: name.MustParse("example.net"), Level: postfix.Dane},
		Ruling: &scanner.Ruling{Chain: c, NameMatch: truth.Yes, MatchedBy: "*.example.net", DomainMatch: truth.No,
			WebPKI: c, WebNameMatch: truth.Yes, Level0: c, Level1: c, DANE: o,
			Prediction: &postfix.Prediction{Outcome: postfix.Encrypted, Word: postfix.Verified,
				Text: "Verified TLS connection established to mx.example.net"}},
	}
}

// badVerdict is one where nothing goes well, of a line of a batch, and the certificate is hostile.
func badVerdict() *Verdict {
	c := &pkix.Chain{Status: pkix.Untrusted, Reason: pkix.SelfSigned, Text: "issued by itself, " + evil,
		Subject: evil, SHA256: strings.Repeat("cd", 32), Issuer: evil, NotAfter: at,
		Names: []string{evil, "b.example", "c.example"}, Sent: 1}
	strong := *c
	strong.Reason, strong.Text, strong.Num, strong.Depth = pkix.WeakKey, "", 66, 0
	return &Verdict{
		Line: 7, At: at,
		Case: &scanner.Case{Names: []name.Name{name.MustParse("mx.example.net")}, Level: postfix.Verify},
		Ruling: &scanner.Ruling{Chain: c, NameMatch: truth.No, WebPKI: c, WebNameMatch: truth.No, Level0: c, Level1: &strong,
			DANE: dane.Outcome{Status: dane.Mismatch, Reason: dane.TLSAInvalid, Text: "that of no record, " + evil, By: -1},
			Prediction: &postfix.Prediction{Outcome: postfix.Deferred, Word: postfix.Untrusted, Code: "4.7.5",
				Text: "Server certificate not verified", Reason: pkix.SelfSigned.String()}},
	}
}

// bareVerdict is one of which hardly anything is known.
func bareVerdict() *Verdict {
	c := &pkix.Chain{Status: pkix.Anonymous, Text: "TLS without a certificate"}
	return &Verdict{At: time.Time{}, Case: &scanner.Case{Names: []name.Name{name.MustParse("mx")}},
		Ruling: &scanner.Ruling{Chain: c, WebPKI: c, Level0: c, Level1: c}}
}

func badPolicy() *Published {
	body := "version: STSv1\nmode: enforce\nmx: *.example.net\nmax_age: 1 day " + evil + "\n"
	p, warnings, err := mtasts.ParsePolicy([]byte(body))
	o := &mtasts.Outcome{Status: mtasts.Invalid, Reason: mtasts.PolicyInvalid, Policy: p, Warnings: warnings}
	if broken, ok := errors.AsType[*mtasts.SyntaxError](err); ok {
		o.Line, o.Text = broken.Line, broken.Rule
	}
	return PublishedPolicy(o, []name.Name{name.MustParse("mx.example.net")})
}

func goodPolicy() *Published {
	p, warnings, _ := mtasts.ParsePolicy([]byte("version: STSv1\nmode: testing\nmx: *.example.net\nmax_age: 86400"))
	return PublishedPolicy(&mtasts.Outcome{Status: mtasts.Valid, Policy: p, Warnings: warnings},
		[]name.Name{name.MustParse("mx.example.net"), name.MustParse("mx.example.com")})
}

// verdicts are all kinds of them.
func verdicts() []func(f Format, o Options) (string, error) {
	var all []func(Format, Options) (string, error)
	add := func(write func(b *bytes.Buffer, f Format, o Options) error) {
		all = append(all, func(f Format, o Options) (string, error) {
			var b bytes.Buffer
			err := write(&b, f, o)
			return b.String(), err
		})
	}
	for _, v := range []*Verdict{goodVerdict(), badVerdict(), bareVerdict()} {
		add(func(b *bytes.Buffer, f Format, o Options) error { return v.Write(b, f, o) })
	}
	for _, p := range []*Published{badPolicy(), goodPolicy(),
		PublishedSTSRecord(&mtasts.Outcome{Status: mtasts.Valid, ID: "20261123"}),
		PublishedTLSRPT(&tlsrpt.Outcome{Status: tlsrpt.Valid,
			RUA: []string{"mailto:tls@example.net", "https://example.com/" + evil}}),
		PublishedTLSRPT(&tlsrpt.Outcome{Status: tlsrpt.None, Reason: tlsrpt.NoRecord, Text: "no TXT record",
			Warnings: []tlsrpt.Warning{{Code: tlsrpt.NearRecord, Text: evil}}}),
	} {
		add(func(b *bytes.Buffer, f Format, o Options) error { return p.Write(b, f, o) })
	}
	return all
}

func TestGoldenVerdicts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file   string
		format Format
		opts   Options
	}{
		{"verify.txt", Table, Options{}},
		{"verify-60-ascii.txt", Table, Options{Width: 60, ASCII: true}},
		{"verify.json", JSON, Options{}},
		{"verify.jsonl", JSONL, Options{}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			var got strings.Builder
			for _, write := range verdicts() {
				text, err := write(tt.format, tt.opts)
				if err != nil {
					t.Fatal(err)
				}
				if hostile := strings.ContainsAny(text, "\x1b\r\u202e") || !utf8.ValidString(text); hostile {
					t.Errorf("hostile text came through:\n%q", text)
				}
				got.WriteString(text)
				if tt.format == Table {
					got.WriteByte('\n')
				}
			}
			file := filepath.Join("testdata", tt.file)
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s differs (-want +got); -update rewrites:\n%s", file, diff)
			}
		})
	}
}

func TestVerdictFormats(t *testing.T) {
	t.Parallel()
	for _, f := range []Format{CSV, Markdown, Format(99)} {
		for i, write := range verdicts() {
			if text, err := write(f, Options{}); err == nil || text != "" {
				t.Errorf("verdict %d as %v: %q, error %v", i, f, text, err)
			}
		}
	}
	full := failingWriter{errors.New("disk full")}
	for _, f := range []Format{Table, JSON, JSONL} {
		if err := goodVerdict().Write(full, f, Options{}); !errors.Is(err, full.err) {
			t.Errorf("%v to a full disk: %v", f, err)
		}
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestWriteBadLine(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteBadLine(&b, 3, errors.New("names: "+evil)); err != nil {
		t.Fatal(err)
	}
	want := `{"schema_version":1,"type":"error","line":3,"error":"names: \u001b[31mO=\u202eevil\r\n\\xff"}` + "\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
