package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/received"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// hop is one of the fixture's, seconds after the first.
func hop(from, by, protocol string, reason received.Reason, seconds int) received.Hop {
	h := received.Hop{
		From: from, Checked: true, Helo: from, Address: netip.MustParseAddr("192.0.2.7"), By: by, Protocol: protocol, Reason: reason,
		Time: at.Add(time.Duration(seconds) * time.Second),
	}
	switch reason {
	case received.StatedTLS:
		h.Encrypted, h.Version, h.Cipher, h.Bits, h.Verified = truth.Yes, received.TLSv13, "TLS_AES_256_GCM_SHA384", 256, truth.No
	case received.SecureWord:
		h.Encrypted = truth.Yes
	case received.PlainWord:
		h.Encrypted = truth.No
	case received.NullCipher:
		h.Encrypted, h.Version, h.Cipher = truth.No, received.SSLv3OrTLSv1, "NULL-SHA"
	}
	return h
}

// traces are messages with every reason, every kind of doubt, and nothing.
func traces() []Trace {
	verified := hop("relay.example.org", "mx.example.net", "ESMTPS", received.StatedTLS, 65)
	verified.Verified = truth.Yes
	nobody := received.Hop{Reason: received.Internal}
	addressed := received.Hop{Address: netip.MustParseAddr("2001:db8::7"), By: "mx.example.net", Reason: received.NotStated}
	return []Trace{
		{Source: "inbox.mbox", Number: 1, Asked: true, Reach: 2, Message: received.Message{Hops: []received.Hop{
			hop("laptop.example.org", "out.example.org", "ESMTPSA", received.SecureWord, 0),
			hop("out.example.org", "relay.example.org", "Microsoft SMTP Server", received.PlainWord, 62), verified,
			hop("localhost", "mx.example.net", "ESMTP", received.Internal, 63),
		}}},
		{Source: "inbox.mbox", Number: 2, Asked: true, Message: received.Message{More: 2, Hops: []received.Hop{
			hop("a.example", "b.example", "ESMTP", received.Ambiguous, 0), hop("b.example", "c.example", "ESMTPS", received.TooLong, 7200),
			hop("c.example", "d.example", "ESMTPS", received.StatedTLS, 7201),
		}}},
		{Source: "(stdin)", Number: 1, Message: received.Message{Cut: true, Hops: []received.Hop{
			nobody, addressed, hop("a.example", "b.example", "ESMTPS", received.NullCipher, 0), hop("c.example", "d.example", "SMTP", received.PlainWord, 0),
		}}},
		{Source: "empty.eml", Number: 1, Asked: true},
		{Source: "good.eml", Number: 1, Asked: true, Reach: 1, Message: received.Message{Hops: []received.Hop{verified}}},
	}
}

// writeTraces is their report.
func writeTraces(t testing.TB, f Format, o Options, all []Trace) string {
	t.Helper()
	var b bytes.Buffer
	w, err := NewTraces(f, &b, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Begin(); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if err := w.Add(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTraceGolden(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file   string
		format Format
		opts   Options
	}{
		{"received.txt", Table, Options{}},
		{"received-80.txt", Table, Options{Width: 80}},
		{"received-120-v.txt", Table, Options{Width: 120, Verbose: 1, Color: true}},
		{"received-200-ascii.txt", Table, Options{Width: 200, ASCII: true}},
		{"received.csv", CSV, Options{}},
		{"received-raw.csv", CSV, Options{CSVRaw: true, CRLF: true, BOM: true}},
		{"received.jsonl", JSONL, Options{}},
		{"received.json", JSON, Options{}},
		{"received.md", Markdown, Options{}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			got := writeTraces(t, tt.format, tt.opts, traces())
			file := filepath.Join("testdata", tt.file)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s differs (-want +got); -update rewrites:\n%s", file, diff)
			}
		})
	}
}

func TestTraceSentences(t *testing.T) {
	t.Parallel()
	yes, no := hop("a.example", "b.example", "ESMTPS", received.StatedTLS, 0), hop("b.example", "c.example", "SMTP", received.PlainWord, 1)
	internal, silent := hop("c.example", "d.example", "LMTP", received.Internal, 2), hop("d.example", "e.example", "HTTP", received.NotStated, 3)
	for _, tt := range []struct {
		hops []received.Hop
		want string
	}{
		{nil, "no Received: line"},
		{[]received.Hop{yes, yes}, "encrypted on every hop"},
		{[]received.Hop{yes, internal}, "encrypted on every hop that says; 1 hop is within one system"},
		{[]received.Hop{yes, internal, silent, silent}, "encrypted on every hop that says; 2 hops do not say"},
		{[]received.Hop{yes, no, silent}, "not encrypted between b.example and c.example"},
		{[]received.Hop{no, no, yes, no}, "not encrypted between b.example and c.example, nor on 2 other hops"},
		{[]received.Hop{internal, silent}, "no hop says whether it was encrypted"},
	} {
		trace := Trace{Message: received.Message{Hops: tt.hops}}
		if got := trace.sentence(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	part := Trace{Message: received.Message{Hops: []received.Hop{yes}, More: 2, Cut: true}}
	if got, want := part.sentence(), "encrypted on every hop that was read; 2 lines more were left out; "+
		"the header is longer than what was read of it"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	three := []received.Hop{yes, no, internal}
	for reach, want := range []string{
		"every line may be forged: the last one was not written by a host that you trust",
		"believe nothing above the line by d.example: 2 lines above it may be forged",
		"believe nothing above the line by c.example: the line above it may be forged", "",
	} {
		trace := Trace{Message: received.Message{Hops: three}, Asked: true, Reach: reach}
		if got := trace.doubt(); got != want {
			t.Errorf("reach %d: %q, want %q", reach, got, want)
		}
		if trace.Asked = false; trace.doubt() != "" {
			t.Errorf("doubts that nobody asked for: %q", trace.doubt())
		}
	}
}

// TestTraceAnswers: every reason has words, and each a class that fits.
func TestTraceAnswers(t *testing.T) {
	t.Parallel()
	for r := received.StatedTLS; r <= received.TooLong; r++ {
		h := hop("a.example", "b.example", "SMTP", r, 0)
		if want := h.Encrypted.String(); !strings.HasPrefix(traceAnswers[r], want) {
			t.Errorf("%v: %q does not begin with %q", r, traceAnswers[r], want)
		}
		if class := traceClass(&h); (class == verdict.ClassFull) != (h.Encrypted == truth.Yes) || (class == verdict.ClassPlain) != (h.Encrypted == truth.No) {
			t.Errorf("%v has class %v", r, class)
		}
	}
}

// TestTraceCSVIsJSON holds each column to the JSON field that its documentation names.
func TestTraceCSVIsJSON(t *testing.T) {
	t.Parallel()
	records, err := csv.NewReader(strings.NewReader(writeTraces(t, CSV, Options{}, traces()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var want [][]string
	for line := range strings.Lines(writeTraces(t, JSONL, Options{}, traces())) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		hops, _ := m["hops"].([]any)
		if m["type"] == "message" && len(hops) == 0 {
			hops = []any{nil}
		}
		for _, h := range hops {
			want = append(want, jsonCells(t, m, h))
		}
	}
	if diff := cmp.Diff(want, records[1:]); diff != "" {
		t.Errorf("(-JSON +CSV):\n%s", diff)
	}
	if names := slices.Collect(func(yield func(string) bool) {
		for _, c := range TraceColumns() {
			if c.Doc == "" || !yield(c.Name) {
				return
			}
		}
	}); !slices.Equal(names, records[0]) {
		t.Errorf("header %v, documented %v", records[0], names)
	}
}

// jsonCells are the values of a message and its hop by the columns' paths.
func jsonCells(t *testing.T, message map[string]any, hop any) []string {
	t.Helper()
	var cells []string
	for _, c := range TraceColumns() {
		path, ofHop := strings.CutPrefix(c.JSON, "hops[].")
		var value any = message
		if ofHop {
			value = hop
		}
		for step := range strings.SplitSeq(path, ".") {
			if value == nil {
				break
			}
			inner, ok := value.(map[string]any)[step]
			if !ok {
				t.Fatalf("no %s in %v", c.JSON, value)
			}
			value = inner
		}
		text, _ := json.Marshal(value)
		cell := strings.Trim(string(text), `"`)
		if cell == "null" || c.Name == "tls_bits" && cell == "0" {
			cell = ""
		}
		cells = append(cells, cell)
	}
	return cells
}

// TestTraceHostile: whatever stands in a message, nothing but what shows, and LF, comes out, and the same lines.
func TestTraceHostile(t *testing.T) {
	t.Parallel()
	poisoned := func(p string) []Trace {
		h := hop(p, p, p, received.StatedTLS, 0)
		h.Helo, h.Cipher = p, p
		plain := hop(p, p, p, received.PlainWord, 0)
		return []Trace{
			{Source: p, Number: 1, Asked: true, Reach: 1, Message: received.Message{Hops: []received.Hop{plain, h, h}}},
			{Source: p, Number: 2, Message: received.Message{Hops: []received.Hop{h, plain}}},
		}
	}
	for _, tt := range []struct {
		name   string
		format Format
		opts   Options
	}{
		{"table", Table, Options{Verbose: 1}}, {"table 80", Table, Options{Width: 80, Verbose: 1}}, {"ascii", Table, Options{ASCII: true}},
		{"csv", CSV, Options{}}, {"jsonl", JSONL, Options{}}, {"json", JSON, Options{}}, {"markdown", Markdown, Options{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			lines := strings.Count(writeTraces(t, tt.format, tt.opts, poisoned("harmless")), "\n")
			for _, p := range payloads() {
				got := writeTraces(t, tt.format, tt.opts, poisoned(p))
				if bad := firstHidden(got, tt.opts.ASCII); bad != "" {
					t.Errorf("%q: %s came out", p, bad)
				}
				if n := strings.Count(got, "\n"); tt.opts.Width == 0 && p != "" && n != lines {
					t.Errorf("%q: %d lines, want %d", p, n, lines)
				}
				if tt.format == JSON && !json.Valid([]byte(got)) {
					t.Errorf("%q: not JSON:\n%s", p, got)
				}
				if tt.format == Markdown && strings.ContainsAny(withoutCode(got), "<>[]&\\") {
					t.Errorf("%q: live markup:\n%s", p, got)
				}
			}
		})
	}
}

// full fails after some octets.
type full struct{ left int }

var errFull = errors.New("disk full")

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestTraceOutputFails(t *testing.T) {
	t.Parallel()
	for _, f := range []Format{Table, CSV, JSONL, JSON, Markdown} {
		w, err := NewTraces(f, &full{}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		err = w.Begin()
		for all := traces(); err == nil && len(all) > 0; all = all[1:] {
			err = w.Add(&all[0])
		}
		if err == nil {
			err = w.End()
		}
		if !errors.Is(err, errFull) {
			t.Errorf("%v: %v", f, err)
		}
	}
	if _, err := NewTraces(Markdown+1, &full{}, Options{}); err == nil {
		t.Error("a format that does not exist was taken")
	}
}

// TestTraceJSONFields: every field is always there.
func TestTraceJSONFields(t *testing.T) {
	t.Parallel()
	for _, of := range []any{TraceJSON{}, TraceHopJSON{}, TraceTLSJSON{}, TraceSummaryJSON{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(of)) {
			if tag := f.Tag.Get("json"); tag == "" || strings.Contains(tag, "omit") {
				t.Errorf("%T.%s has the tag %q", of, f.Name, tag)
			}
		}
	}
}
