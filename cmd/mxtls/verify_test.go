package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/scannertest"
)

func TestParseChain(t *testing.T) {
	t.Parallel()
	one, two := []byte{0x30, 1, 0}, []byte{0x30, 2, 5, 0}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	for _, tt := range []struct {
		name, text string
		want       [][]byte
		err        string
	}{
		{"PEM", block("CERTIFICATE", one) + block("CERTIFICATE", two), [][]byte{one, two}, ""},
		{"text around it",
			"subject=x\n" + block("CERTIFICATE", two) + "---\nServer\n" + block("X509 CERTIFICATE", one),
			[][]byte{two, one}, ""},
		{"twice the same", block("CERTIFICATE", one) + block("CERTIFICATE", one), [][]byte{one, one}, ""},
		{"CRLF", strings.ReplaceAll(block("CERTIFICATE", one), "\n", "\r\n"), [][]byte{one}, ""},
		{"settings of OpenSSL's behind it",
			block("TRUSTED CERTIFICATE", append(bytes.Clone(one), two...)), [][]byte{one}, ""},
		{"no certificate at all in it", block("CERTIFICATE", []byte("garbage")), [][]byte{[]byte("garbage")}, ""},
		{"a key beside it", block("PRIVATE KEY", two) + block("CERTIFICATE", one), [][]byte{one}, ""},
		{"DER", string(one) + string(two), [][]byte{one, two}, ""},
		{"nothing", "", nil, "the file is empty"},
		{"text", "no chain", nil, "there is neither PEM nor DER in it"},
		{"DER and more", string(one) + "\n", nil, "behind certificate 1 there is something else"},
		{"DER cut short", string(two[:3]), nil, "there is neither PEM nor DER in it"},
		{"only keys", block("PRIVATE KEY", two) + block("PRIVATE KEY", two) + block("X", one), nil,
			"there is no certificate in it, only PRIVATE KEY, X"},
		{"a block without an end", block("CERTIFICATE", one) + "-----BEGIN CERTIFICATE-----\nMAEA\n", nil,
			"1 of 2 PEM blocks cannot be decoded"},
		{"a block that is not base64", "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n", nil,
			"1 of 1 PEM block cannot be decoded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseChain([]byte(tt.text))
			if text := fmt.Sprint(err); tt.err == "" && err != nil || tt.err != "" && text != tt.err {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzParseChain: a chain that was read, written as PEM, is read as the same.
func FuzzParseChain(f *testing.F) {
	f.Add([]byte{0x30, 1, 0, 0x30, 2, 5, 0})
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMAEA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte("-----BEGIN TRUSTED CERTIFICATE-----\nMAEAMAEA\n-----END TRUSTED CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		chain, err := parseChain(data)
		if err != nil {
			return
		}
		var text []byte
		for _, der := range chain {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
		again, err := parseChain(text)
		if err != nil || len(again) != len(chain) {
			t.Fatalf("%d certificates, then %d: %v", len(chain), len(again), err)
		}
		for i := range chain {
			if !bytes.Equal(chain[i], again[i]) {
				t.Errorf("certificate %d is another one", i)
			}
		}
	})
}

// readLines are the lines of a batch, each as its number and text or error.
func readLines(t testing.TB, r io.Reader) (all []string, end error) {
	t.Helper()
	lines := newBatchLines(r)
	for {
		number, line, err := lines.next()
		if err != nil && err != errLongLine {
			return all, err
		}
		all = append(all, fmt.Sprintf("%d %.20q %v", number, line, err))
	}
}

func TestBatchLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxBatchLine)
	tooLong := `"" the line has more than 2097152 octets`
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"blank", "\n \t\r\n", nil},
		{"three", "a\n\nb\r\nc", []string{`1 "a\n" <nil>`, `3 "b\r\n" <nil>`, `4 "c" <nil>`}},
		{"just short enough", long[1:] + "\nb", []string{`1 "xxxxxxxxxxxxxxxxxxxx" <nil>`, `2 "b" <nil>`}},
		{"too long", long + "\nb\n", []string{"1 " + tooLong, `2 "b\n" <nil>`}},
		{"too long, and the last", "a\n" + long + long, []string{`1 "a\n" <nil>`, "2 " + tooLong}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := readLines(t, strings.NewReader(tt.text))
			if diff := cmp.Diff(tt.want, got); diff != "" || err != io.EOF {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
	broken := errors.New("broken")
	got, err := readLines(t, io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)))
	if diff := cmp.Diff([]string{`1 "a\n" <nil>`}, got); diff != "" || err != broken {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

// runBatch is what verify --batch makes of a text.
func runBatch(t testing.TB, ctx context.Context, text io.Reader) (out, complaints string, status int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args := []string{"verify", "--batch", "-", "--ca", "mozilla", "--at", "2026-11-26"}
	status = run(ctx, func() {}, args, streams{text, &stdout, &stderr})
	return stdout.String(), stderr.String(), status
}

// TestBatchOrder: verdicts come in the order of the lines, whatever each of them costs.
func TestBatchOrder(t *testing.T) {
	t.Parallel()
	var in strings.Builder
	const n = 300
	for i := range n {
		chain := `[]`
		if i%3 == 0 { // these have to be judged, and the others not
			c, _ := json.Marshal(scannertest.SelfSigned([]string{"mx.example.net"}).Certificate)
			chain = string(c)
		}
		fmt.Fprintf(&in, `{"chain":%s,"names":["mx%d.example.net"]}`+"\n", chain, i)
	}
	out, complaints, status := runBatch(t, t.Context(), strings.NewReader(in.String()))
	if status != statusDone || complaints != "" {
		t.Fatalf("status %d: %s", status, complaints)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != n {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		want := fmt.Sprintf(`"line":%d,"at":"2026-11-26T00:00:00Z","names":["mx%d.example.net"]`, i+1, i)
		if !strings.Contains(line, want) {
			t.Fatalf("line %d is %.200s", i+1, line)
		}
	}
}

// TestBatchEnds: a batch that is stopped, or whose input breaks, says so and keeps what was done.
func TestBatchEnds(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	in, questions := io.Pipe()
	go func() {
		io.WriteString(questions, `{"chain":[]}`+"\n")
		stop()
	}()
	_, complaints, status := runBatch(t, ctx, in)
	if status != statusFailed || !strings.Contains(complaints, "the batch was interrupted, ") {
		t.Errorf("stopped: status %d, %s", status, complaints)
	}
	broken := io.MultiReader(strings.NewReader(`{"chain":[]}`+"\n"), iotest.ErrReader(errors.New("no more")))
	out, complaints, status := runBatch(t, t.Context(), broken)
	if status != statusFailed || complaints != "mxtls: --batch: no more\n" ||
		!strings.Contains(out, `"status":"anonymous"`) {
		t.Errorf("broken: status %d, %s%s", status, complaints, out)
	}
}

// FuzzBatchLine: whatever a line is, its answer is one line of JSON, and no file outside is read for it.
func FuzzBatchLine(f *testing.F) {
	for _, seed := range []string{
		`{"chain":["MAEA"],"names":["mx.example.net"],"tlsa":["3 1 1 00"],"level":"dane","at":"2026-11-26"}`,
		`{"chain":"-----BEGIN CERTIFICATE-----\nMAEA\n-----END CERTIFICATE-----\n","next_hop":"example.net"}`,
		`{"chain":[],"ca":"-----BEGIN CERTIFICATE-----"}`, `{"chain":null}`,
		`[]`, `null`, `{}{}`, `"`, "{\"chain\":\"\x00\"}",
	} {
		f.Add(seed)
	}
	courts, err := (&verifyFlags{rootFlags: rootFlags{ca: "mozilla", at: "2026-11-26"}}).courts()
	if err != nil {
		f.Fatal(err)
	}
	b := &batch{courts: courts}
	f.Fuzz(func(t *testing.T, line string) {
		if l, err := parseBatchLine([]byte(line)); err == nil {
			var text string
			if json.Unmarshal(l.Chain, &text) == nil && text != "" && !strings.Contains(text, pemMark) ||
				l.CA != "" && !strings.Contains(l.CA, pemMark) {
				return // names a file
			}
		}
		a := b.answer(1, []byte(line), nil)
		if !json.Valid(a.text) || bytes.Count(a.text, []byte("\n")) != 1 || !bytes.HasSuffix(a.text, []byte("\n")) {
			t.Errorf("%q: %q", line, a.text)
		}
		if strings.Contains(string(a.text), "a defect of this program") {
			t.Errorf("%q: %s", line, a.text)
		}
	})
}

func TestRecent(t *testing.T) {
	t.Parallel()
	r := recent[string, string]{most: 2}
	var made []string
	get := func(key string) {
		v, err := r.get(key, func() (string, error) {
			made = append(made, key)
			return "value of " + key, nil
		})
		if err != nil || v != "value of "+key {
			t.Errorf("%s: %q, %v", key, v, err)
		}
	}
	for _, key := range []string{"a", "b", "a", "c", "a", "b"} {
		get(key)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "b"}, made); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	if len(r.values) != 2 || len(r.keys) != 2 {
		t.Errorf("%d values of %d keys are kept", len(r.values), len(r.keys))
	}
	fails := errors.New("fails")
	for range 2 {
		if _, err := r.get("d", func() (string, error) { return "", fails }); err != fails {
			t.Errorf("error %v", err)
		}
	}
}
