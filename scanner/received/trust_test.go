package received

import (
	"errors"
	"strings"
	"testing"

	"mxtls/scanner/name"
)

func TestReach(t *testing.T) {
	t.Parallel()
	const (
		mx       = "from out.example.org (out.example.org [192.0.2.7]) by mx.example.net (Postfix) with ESMTPS id 1"
		filter   = "from localhost (localhost [127.0.0.1]) by mx.example.net (Postfix) with ESMTP id 1"
		imap     = "from mx.example.net (mx.example.net [198.51.100.5]) by imap.example.net (Postfix) with ESMTPS id 1"
		unnamed  = "from mx.example.net (unknown [198.51.100.5]) by imap.example.net (Postfix) with ESMTPS id 1"
		exchange = "from mx.example.net (2001:db8::5) by imap.example.net (2001:db8::6) with Microsoft SMTP Server (TLS) id 14"
		gmail    = "by 2002:a05:1::2 with SMTP id 1"
		forged   = "from bank.example (bank.example [203.0.113.1]) by mx.example.net (Postfix) with ESMTPS id 1"
		other    = "from bank.example (bank.example [203.0.113.1]) by out.example.org (Postfix) with ESMTPS id 1"
		pickup   = "by mx.example.net (Postfix, from userid 33) id 1"
		numbered = "from out.example.org (out.example.org [192.0.2.7]) by 198.51.100.6 with ESMTPS id 1"
	)
	for _, tt := range []struct {
		name    string
		trusted string
		lines   []string // the reader's first
		want    int
	}{
		{"nobody", "", []string{mx}, 0},
		{"no lines", "example.net", nil, 0},
		{"one", "mx.example.net", []string{mx, other}, 1},
		{"a domain and what is below it", "example.net", []string{imap, filter, mx, other}, 3},
		{"other case, a dot before", ".EXAMPLE.net", []string{mx}, 1},
		{"only the whole label counts", "ample.net", []string{mx}, 0},
		{"a line that only says that it is by a trusted host", "example.net", []string{mx, forged}, 1},
		{"the same behind two trusted lines", "example.net", []string{imap, mx, forged, forged}, 2},
		{"everybody", "example.net example.org", []string{imap, mx, other}, 3},
		{"a client whose name the DNS does not bear out", "example.net", []string{unnamed, mx}, 1},
		{"unless its address is trusted", "example.net 198.51.100.0/24", []string{unnamed, mx}, 2},
		{"Exchange holds no name against the DNS", "example.net", []string{exchange, mx}, 1},
		{"unless the address is trusted, here one alone", "example.net 2001:db8::5", []string{exchange, mx}, 2},
		{"moves within a system are passed over", "example.net", []string{gmail, mx, other}, 2},
		{"but are no end in themselves", "example.org", []string{gmail, mx}, 0},
		{"a server known by its address", "198.51.100.6", []string{numbered, other}, 1},
		{"mail of the machine itself", "example.net", []string{imap, pickup}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			trusted, err := ParseTrusted(strings.Fields(tt.trusted))
			if err != nil {
				t.Fatal(err)
			}
			hops := make([]Hop, len(tt.lines))
			for i, line := range tt.lines {
				hops[len(hops)-1-i] = Parse(line)
			}
			if got := trusted.Reach(hops); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func TestParseTrusted(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "a b", "10.0.0.0/64", "http://x.example", "*.example.net"} {
		_, err := ParseTrusted([]string{"example.net", bad})
		if refused, ok := errors.AsType[*name.Error](err); !ok || refused.Input != bad {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range []string{"localhost", "[192.0.2.1]", "2001:db8::/32", "IPv6:2001:db8::1", "10.1.2.3/8"} {
		if _, err := ParseTrusted([]string{good}); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}
