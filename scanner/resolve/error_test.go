package resolve

import (
	"errors"
	"io"
	"testing"
)

func TestErrorText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err        *Error
		want, hint string
	}{
		{
			&Error{Kind: Timeout, Name: "a.example", Type: "MX", Resolver: "192.0.2.1:53"},
			"MX lookup for a.example: no answer from 192.0.2.1:53",
			"is a resolver running at 192.0.2.1:53? try --resolver 127.0.0.1",
		},
		{
			&Error{Kind: Network, Name: "a.example", Type: "A", Resolver: "192.0.2.1:53", Err: io.ErrUnexpectedEOF},
			"A lookup for a.example: no way to get an answer from 192.0.2.1:53: unexpected EOF",
			"is a resolver running at 192.0.2.1:53? try --resolver 127.0.0.1",
		},
		{
			&Error{Kind: ServFail, Name: "a.example", Type: "MX", Resolver: "192.0.2.1:53", Rcode: "SERVFAIL"},
			"MX lookup for a.example: SERVFAIL from 192.0.2.1:53",
			"the domain's name servers may be out of reach; ask again later",
		},
		{
			&Error{Kind: BogusAnswer, Name: "a.example", Type: "MX", Rcode: "SERVFAIL", EDE: "DNSSEC Bogus: \x1b[31m"},
			`MX lookup for a.example: SERVFAIL (DNSSEC) "DNSSEC Bogus: \x1b[31m"`,
			"the zone's DNSSEC is broken, or the resolver's clock or trust anchor is wrong",
		},
		{
			&Error{Kind: Refused, Name: ".", Type: "NS", Resolver: "192.0.2.1:53", Rcode: "REFUSED"},
			"NS lookup for .: REFUSED from 192.0.2.1:53",
			"does the resolver allow queries from this machine, unfiltered? try --resolver 127.0.0.1",
		},
		{
			&Error{Kind: Down, Name: "a.example", Type: "MX", Resolver: "192.0.2.1:53",
				Err: &Error{Kind: Timeout, Resolver: "192.0.2.1:53"}},
			"MX lookup for a.example: no resolver answers any more: no answer from 192.0.2.1:53",
			"is a resolver running at 192.0.2.1:53? try --resolver 127.0.0.1",
		},
		{
			&Error{Kind: CNAMELoop, Name: "a.example", Type: "MX",
				Err: errors.New("b.example is an alias of a.example")},
			"MX lookup for a.example: cname loop: b.example is an alias of a.example", "",
		},
		{&Error{Kind: TooLarge, Resolver: "192.0.2.1:53"}, "answer too large from 192.0.2.1:53", ""},
		{&Error{Kind: Malformed}, "malformed answer", ""},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("text %q, want %q", got, tt.want)
		}
		if got := tt.err.Hint(); got != tt.hint {
			t.Errorf("%s: hint %q, want %q", tt.want, got, tt.hint)
		}
	}
	if err := fail(Network, io.EOF); !errors.Is(err, io.EOF) {
		t.Error("the underlying error is lost")
	}
}
