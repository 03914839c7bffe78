package starttls

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// endless sends the same for ever and counts.
type endless struct {
	text string
	n    int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[(e.n+i)%len(e.text)]
	}
	e.n += len(p)
	return len(p), nil
}

// TestReplyCaps: an endless reply is given up after no more octets than the cap and one buffer.
func TestReplyCaps(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"lines":      "250-x\r\n",
		"long lines": "250-" + strings.Repeat("a", 2000) + "\n",
		"one line":   "a",
		"NULs":       "\x00",
		"line ends":  "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := &endless{text: text}
			reply, err := newReplyReader(stream).read()
			if _, ok := errors.AsType[*badReply](err); !ok || reply.Code != 0 {
				t.Errorf("code %d, error %v", reply.Code, err)
			}
			if stream.n > maxReplies+maxLine || len(reply.Lines) > maxLines {
				t.Errorf("%d octets taken, %d lines kept", stream.n, len(reply.Lines))
			}
		})
	}
}

// TestReplyBudget: the cap of octets is the session's, over all of its replies and both of its streams.
func TestReplyBudget(t *testing.T) {
	t.Parallel()
	stream := &endless{text: "250 " + strings.Repeat("a", 1000) + "\r\n"}
	r := newReplyReader(stream)
	var replies int
	for err := error(nil); err == nil; replies++ {
		if replies == 10 {
			stream.n = 0 // at a line's beginning
			r.reset(stream)
		}
		_, err = r.read()
	}
	if want := maxReplies/len(stream.text) + 1; replies != want {
		t.Errorf("ended at reply %d, want %d", replies, want)
	}
}

func TestReplyPieces(t *testing.T) {
	t.Parallel()
	stream := "220-a b\r\n220\r\n250 c\rd\r\n"
	want := []Reply{{220, []string{"220-a b", "220"}}, {250, []string{"250 c\rd"}}, {0, nil}}
	r := newReplyReader(iotest.OneByteReader(strings.NewReader(stream)))
	var got []Reply
	var err error
	for err == nil {
		var reply Reply
		reply, err = r.read()
		got = append(got, reply)
	}
	if err != io.EOF {
		t.Errorf("error %v at the end", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
}

func TestReplyText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lines []string
		want  string
	}{
		{nil, ""},
		{[]string{"220"}, "220"},
		{[]string{"421-4.7.0 too many", "421 4.7.0 connections"}, "421-4.7.0 too many 4.7.0 connections"},
		{[]string{strings.Repeat("a", maxText+1)}, strings.Repeat("a", maxText) + "..."},
	} {
		if got := (Reply{Lines: tt.lines}).text(); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.lines, got, tt.want)
		}
	}
	if n := len((Reply{Lines: slices.Repeat([]string{"250-aaaa"}, 100)}).text()); n > maxText+3 {
		t.Errorf("a long reply is %d octets of text", n)
	}
}

func TestOffers(t *testing.T) {
	t.Parallel()
	for capability, want := range map[string]bool{
		"STARTTLS": true, "starttls": true, "StartTLS ": true, "STARTTLS REQUIRED": true, "STARTTLS\t": true,
		"STARTTLS=x": true, "  STARTTLS": true,
		"": false, "NOSTARTTLS": false, "XSTARTTLS": false, "STARTTLSX": false, "X STARTTLS": false,
		"STARTTLS\r250": false,
		"STARTTLS\x00":  false, "-STARTTLS": false, "ſtarttls": false,
	} {
		if got := offers([]string{"SIZE", capability}); got != want {
			t.Errorf("%q: %v", capability, got)
		}
	}
}

func TestRefusedByPolicy(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org": true,
		"550 SC-001 rejected for policy reasons: poor reputation":                               true,
		"421 4.7.0 [192.0.2.1] Our system has detected poor traffic":                            true,
		"553 your address is listed":                                                            true,
		"554 Blacklisted":                                                                       true,
		"rblsmtpd":                                                                              false,
		"451 rblsmtpd.local":                                                                    true,
		"550 b.barracudacentral.org":                                                            true,
		"550 rejected (#5.7.1)":                                                                 true,
		"421 4.7.0 Try again later, closing connection":                                         false,
		"421 too many connections from a poor man":                                              false,
		"450 4.7.1 Greylisted, come back later":                                                 false,
		"554 unlisted recipient":                                                                false,
		"554 No SMTP service here":                                                              false,
		"220 spamhaus.org ESMTP":                                                                false,
		"554 5.7.10 encryption needed":                                                          false,
		"500 unblocked":                                                                         false,
		"550 corbl is a name that holds a list's letters":                                       false,
	} {
		code, _, _ := splitCode(text)
		if got := refusedByPolicy(Reply{Code: code, Lines: []string{text}}); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	second := Reply{Code: 421, Lines: []string{"421-4.7.0 poor", "421 sender"}}
	if !refusedByPolicy(second) {
		t.Errorf("%q: not refused by policy", second.Lines)
	}
}

func TestOverwritten(t *testing.T) {
	t.Parallel()
	for capability, want := range map[string]bool{
		"XXXXXXXA": true, "XXXXXXXX": true, "xxxxxxxb": true, "XXXXXXXC 10": true,
		"XXXXXXX": false, "XXXXXXXXA": false, "XXXXXXX1": false, "XFORWARD": false, "X": false, "": false,
	} {
		if got := overwritten([]string{"SIZE", capability}) != ""; got != want {
			t.Errorf("%q: %v", capability, got)
		}
	}
}

// FuzzReplies reads a whole stream, in the pieces that a network makes of it.
func FuzzReplies(f *testing.F) {
	for _, seed := range []string{
		"", "220 mx ESMTP\r\n", "220-a\n220 b\n250", "250-x\r\n550 y\r\n", "2200 x\r\n", "\x16\x03\x01\x00\x02ab",
		"250 a\r250 b\n", "220\r\r\n", "250-STARTTLS\r\n250-XXXXXXXA\r\n250 starttls=\r\n",
		"\xff\xfe\n", "354\n", "25\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole := readAll(t, bytes.NewReader(stream))
		pieces := readAll(t, iotest.OneByteReader(bytes.NewReader(stream)))
		if diff := cmp.Diff(whole, pieces); diff != "" {
			t.Errorf("the pieces matter (-whole +pieces):\n%s", diff)
		}
	})
}

// readAll reads replies until one fails and checks what holds for each of them.
func readAll(t *testing.T, stream io.Reader) (replies []Reply) {
	r := newReplyReader(stream)
	for {
		reply, err := r.read()
		replies = append(replies, reply)
		if len(reply.Lines) > maxLines || len(reply.text()) > maxText+3 {
			t.Fatalf("over the caps: %d lines", len(reply.Lines))
		}
		for _, line := range reply.Lines {
			if strings.Contains(line, "\n") || len(line) > maxLine {
				t.Fatalf("line %q", line)
			}
			notSMTP(line)
		}
		if err != nil {
			if reply.Code != 0 {
				t.Fatalf("code %d with error %v", reply.Code, err)
			}
			return replies
		}
		if reply.Code < 200 || reply.Code > 599 || len(reply.Lines) == 0 {
			t.Fatalf("reply %+v", reply)
		}
	}
}

// FuzzCapabilities takes an EHLO reply apart: nothing is made up, and STARTTLS is found only where its letters stand.
func FuzzCapabilities(f *testing.F) {
	for _, seed := range []string{
		"250-mx\n250 STARTTLS", "250-STARTTLS\n250 X", "250-mx\n250-XXXXXXXA\n250 SIZE", "250-mx\n250- \t= \n250 ==",
		"250",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reply := Reply{Code: 250, Lines: strings.Split(text, "\n")}
		capabilities := reply.capabilities()
		if len(capabilities) >= len(reply.Lines) {
			t.Errorf("%d capabilities in %d lines", len(capabilities), len(reply.Lines))
		}
		for _, c := range capabilities {
			if c == "" || !strings.Contains(text, c) || !strings.Contains(c, keyword(c)) {
				t.Errorf("capability %q, keyword %q", c, keyword(c))
			}
		}
		if offers(capabilities) && !strings.Contains(strings.ToLower(text), "starttls") {
			t.Error("STARTTLS out of nothing")
		}
		overwritten(capabilities)
		refusedByPolicy(reply)
		masked(reply)
	})
}
