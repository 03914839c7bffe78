package received

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"mxtls/scanner/truth"
)

// hops2 is a header with two hops, the reader's first.
const hops2 = `Return-Path: <jo@example.org>
Received: from out.example.org (out.example.org [192.0.2.7])
	(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))
	by mx.example.net (Postfix) with ESMTPS id 1
	for <somebody@example.net>; Fri, 20 Nov 2026 08:11:05 +0900 (JST)
X-Received: by 2002:a05::1 with SMTP id 2
Received-SPF: pass
RECEIVED : from laptop.example.org (unknown [10.0.0.5])
	by out.example.org (Postfix) with ESMTPSA id 0;
	Fri, 20 Nov 2026 00:11:02 +0100 (CET)
Subject: Received: from nobody
`

func readAll(t *testing.T, r io.Reader) []Message {
	t.Helper()
	var all []Message
	for m, err := range Read(r) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// route is a message's hops as "from>by,from>by".
func route(m *Message) string {
	var parts []string
	for _, h := range m.Hops {
		parts = append(parts, h.From+">"+h.By)
	}
	return strings.Join(parts, ",")
}

func TestRead(t *testing.T) {
	t.Parallel()
	const both = "laptop.example.org>out.example.org,out.example.org>mx.example.net"
	indented := "    " + strings.ReplaceAll(strings.TrimSpace(hops2), "\n", "\n    ")
	flat := strings.NewReplacer("\n\t", "\n").Replace(hops2)
	mbox := "From jo@example.org Fri Nov 20 08:11:05 2026\n" + hops2 + "\nbody\nReceived: from body by body\n>From x\nFrom jo Fri Nov 20 08:11:05 2026\nFrom here on 10:20 it is text\n" +
		"\nFrom the desk of somebody\n\nFrom - Fri Nov 20 08:11:05 2026\n" + hops2 + "\n\nFrom x Fri Nov 20 8:11 2026\n\nbody"
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"a message", hops2 + "\nbody\nReceived: from body by body\n", []string{both}},
		{"CRLF", strings.ReplaceAll(hops2, "\n", "\r\n") + "\r\nReceived: by body\r\n", []string{both}},
		{"pasted, no end of line", strings.TrimSpace(hops2), []string{both}},
		{"pasted, indented", "\n\n" + indented + "\n\nReceived: by body", []string{both}},
		{"pasted, continuation lines lost their indentation", flat, []string{both}},
		{"byte order mark", "\ufeff" + hops2[strings.Index(hops2, "Received:"):], []string{both}},
		{"pasted, with a line that begins with a time", strings.ReplaceAll(flat, " 00:11:02", "\n00:11:02"), []string{both}},
		{"an mbox", mbox, []string{both, both, ""}},
		{"an mbox that ends with its separator", "From x Fri Nov 20 08:11:05 2026\n", []string{""}},
		{"nothing", "", []string{""}},
		{"blank lines alone", "\n\n \n", []string{""}},
		{"no header", "Dear Jo,\n\nReceived: by body\n", []string{""}},
		{"binary", "\x00\xff\xfe\n\x01:\n", []string{""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{strings.NewReader(tt.text), iotest.OneByteReader(strings.NewReader(tt.text))} {
				all := readAll(t, r)
				if len(all) != len(tt.want) {
					t.Fatalf("%d messages, not %d", len(all), len(tt.want))
				}
				for i := range all {
					if got := route(&all[i]); got != tt.want[i] {
						t.Errorf("message %d: %q, want %q", i, got, tt.want[i])
					}
					for _, h := range all[i].Hops {
						if h.Time.IsZero() {
							t.Errorf("message %d: a hop without a time: %+v", i, h)
						}
					}
				}
			}
		})
	}
}

func TestReadTimes(t *testing.T) {
	t.Parallel()
	m := readAll(t, strings.NewReader(hops2))[0]
	if d, ok := m.Delay(1); !ok || d != 3*time.Second {
		t.Errorf("delay %v, %v", d, ok)
	}
	for _, i := range []int{-1, 0, 2} {
		if _, ok := m.Delay(i); ok {
			t.Errorf("hop %d has a delay", i)
		}
	}
	m.Hops[0].Time = time.Time{}
	if _, ok := m.Delay(1); ok {
		t.Error("a delay without a time")
	}
}

// TestReadBounds: a header may have any number of lines of any length, and what is kept of it has an end.
func TestReadBounds(t *testing.T) {
	t.Parallel()
	line := "Received: from a.example (a.example [192.0.2.7]) by b.example with ESMTPS id 1; Fri, 20 Nov 2026 08:11:02 +0900\n"
	m := readAll(t, strings.NewReader(strings.Repeat(line, 10_000)))[0]
	if len(m.Hops) != maxHops || m.More != 9000 || m.Cut || m.Encrypted() != truth.Unknown {
		t.Errorf("%d hops, %d more, cut %v", len(m.Hops), m.More, m.Cut)
	}
	m = readAll(t, strings.NewReader(line+strings.Repeat("X: "+strings.Repeat("x", 900)+"\n", 10_000)+line))[0]
	if len(m.Hops) != 1 || !m.Cut || m.Encrypted() != truth.Unknown {
		t.Errorf("%d hops, cut %v", len(m.Hops), m.Cut)
	}
	m = readAll(t, strings.NewReader("Received: from x by "+strings.Repeat("y", 3*maxLine)+"\n"+line))[0]
	if len(m.Hops) != 2 || m.Hops[0].By != "b.example" || m.Hops[1].Reason != TooLong {
		t.Errorf("long line: %+v", m.Hops)
	}
	m = readAll(t, strings.NewReader("Received: from x by y\n"+strings.Repeat(" "+strings.Repeat("z", 500)+"\n", 100)+line))[0]
	if len(m.Hops) != 2 || m.Hops[1].Reason != TooLong {
		t.Errorf("long field: %+v", m.Hops)
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// blanks neither.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '\n'
	}
	return len(p), nil
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken disk")
	for _, r := range []io.Reader{
		iotest.ErrReader(broken),
		io.MultiReader(strings.NewReader(hops2), iotest.ErrReader(broken)),
		io.MultiReader(strings.NewReader("From x Fri Nov 20 08:11:05 2026\n"), iotest.ErrReader(broken)),
	} {
		for _, err := range Read(r) {
			if !errors.Is(err, broken) || err.Error() != "reading a message: broken disk" {
				t.Errorf("error %v", err)
			}
		}
	}
	seen := 0
	for _, err := range Read(io.MultiReader(strings.NewReader("From x Fri Nov 20 08:11:05 2026\n"+hops2+"\nbody"), iotest.ErrReader(broken))) {
		if seen++; (err != nil) != (seen == 2) {
			t.Errorf("item %d: %v", seen, err)
		}
	}
	if seen != 2 {
		t.Errorf("%d items", seen)
	}
	for _, err := range Read(zeros{}) {
		if !errors.Is(err, errEndless) {
			t.Errorf("endless line: %v", err)
		}
	}
	if all := readAll(t, blanks{}); len(all) != 1 || len(all[0].Hops) != 0 {
		t.Errorf("endless blank lines: %v", all)
	}
}

func TestStopReading(t *testing.T) {
	t.Parallel()
	separator := "From x Fri Nov 20 08:11:05 2026\n"
	for range Read(strings.NewReader(separator + hops2 + "\n" + separator + hops2)) {
		break // a second yield would panic
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	yes, no := Hop{Encrypted: truth.Yes}, Hop{Encrypted: truth.No}
	internal, unknown := Hop{Reason: Internal}, Hop{Reason: NotStated}
	for _, tt := range []struct {
		name string
		m    Message
		want truth.Truth
	}{
		{"none", Message{}, truth.Unknown},
		{"all", Message{Hops: []Hop{yes, yes}}, truth.Yes},
		{"within one system", Message{Hops: []Hop{yes, internal}}, truth.Yes},
		{"within one system alone", Message{Hops: []Hop{internal}}, truth.Unknown},
		{"one does not say", Message{Hops: []Hop{yes, unknown}}, truth.Unknown},
		{"one not", Message{Hops: []Hop{yes, no, unknown}}, truth.No},
		{"more", Message{Hops: []Hop{yes}, More: 1}, truth.Unknown},
		{"cut", Message{Hops: []Hop{yes}, Cut: true}, truth.Unknown},
	} {
		if got := tt.m.Encrypted(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	m := Message{Hops: []Hop{yes, no, no, internal, internal, internal, unknown}}
	if got, want := m.Count(), (Counts{Encrypted: 1, Plain: 2, Internal: 3, Unknown: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
