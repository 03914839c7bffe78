package tlsrpt

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func codes(warnings []Warning) []Code {
	var out []Code
	for _, w := range warnings {
		out = append(out, w.Code)
	}
	return out
}

func found(texts ...string) resolve.Answer { return resolve.Answer{Status: resolve.Found, TXT: texts} }

var example = name.MustParse("example.com")

func TestValid(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text     string
		rua      []string
		external []string
		warnings []Code
	}{
		// RFC 8460 3.1's own.
		{"v=TLSRPTv1;rua=mailto:reports@example.com", []string{"mailto:reports@example.com"}, nil, nil},
		{"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt", []string{"https://reporting.example.com/v1/tlsrpt"}, nil,
			nil},
		{"v=TLSRPTv1; rua=mailto:a@example.com,https://example.com/?a=b&c=d ,\tmailto:b@mail.example.com;",
			[]string{"mailto:a@example.com", "https://example.com/?a=b&c=d", "mailto:b@mail.example.com"}, nil, nil},
		{"v=TLSRPTv1; rua=mailto:a%21b%2cc%3bd@example.com", []string{"mailto:a%21b%2cc%3bd@example.com"}, nil, nil},
		{"v=TLSRPTv1; rua=MAILTO:a@EXAMPLE.com?subject=x", []string{"MAILTO:a@EXAMPLE.com?subject=x"}, nil, nil},
		{"v=TLSRPTv1; x=y; rua=mailto:a@example.com", []string{"mailto:a@example.com"}, nil, nil},
		{"v=TLSRPTv1; rua=https://[2001:db8::1]:8443/", []string{"https://[2001:db8::1]:8443/"}, nil, nil},
		{"v=TLSRPTv1 ;rua=mailto:a@example.com", []string{"mailto:a@example.com"}, nil, []Code{BlankDelimiter}},
		{"v=TLSRPTv1; rua=mailto:a@example.com; rua=mailto:b@example.com", []string{"mailto:a@example.com",
			"mailto:b@example.com"}, nil, []Code{SeveralRUA}},
		{"v=TLSRPTv1; rua=mailto:a@example.com; RUA=mailto:b@example.com", []string{"mailto:a@example.com"}, nil,
			[]Code{UpperCaseField}},
		{"v=TLSRPTv1; rua=http://example.com/,mailto:a@example.com,ftp://b/", []string{"mailto:a@example.com"}, nil,
			[]Code{UnknownScheme}},
		{"v=TLSRPTv1; rua=mailto:x@reports.example.net,https://www.reports.example.net/,mailto:y@reports.example.net," +
			"mailto:z@example.com", []string{"mailto:x@reports.example.net", "https://www.reports.example.net/",
			"mailto:y@reports.example.net", "mailto:z@example.com"},
			[]string{"reports.example.net", "www.reports.example.net"}, []Code{External}},
	} {
		o := Judge(example, found("unrelated", tt.text))
		if o.Status != Valid || o.Reason != ReasonNone || o.Text != "" || !slices.Equal(o.RUA, tt.rua) ||
			fmt.Sprint(o.External) != fmt.Sprint(tt.external) || !slices.Equal(codes(o.Warnings), tt.warnings) {
			t.Errorf("%q: %+v", tt.text, o)
		}
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		reason Reason
		text   string
	}{
		"v=TLSRPTv1":                          {RecordInvalid, "has no field behind its version"},
		"v=TLSRPTv1;":                         {RecordInvalid, "has no field behind its version"},
		"v=TLSRPTv1; rua":                     {RecordInvalid, "without an equals sign"},
		"v=TLSRPTv1; rua=":                    {RecordInvalid, "without a value"},
		"v=TLSRPTv1 rua=mailto:a@example.com": {RecordInvalid, "where a semicolon is wanted"},
		"v=TLSRPTv1; x=a b; rua=mailto:a@example.com": {RecordInvalid, `the field x with the value "a b"`},
		"v=TLSRPTv1; x=y":                              {NoAddress, "has no rua"},
		"v=TLSRPTv1; RUA=y":                            {NoAddress, "has no rua"},
		"v=TLSRPTv1; rua=http://example.com/":          {NoAddress, "of the schemes mailto and https"},
		"v=TLSRPTv1; rua=reports@example.com":          {AddressInvalid, `the rua "reports@example.com" is no URI`},
		"v=TLSRPTv1; rua=mailto:a@example.com!10m":     {AddressInvalid, "an exclamation mark, which is written %21"},
		"v=TLSRPTv1; rua=mailto:a@example.com,":        {AddressInvalid, `the rua "" is empty`},
		"v=TLSRPTv1; rua=mailto:a@example.com b@c.com": {AddressInvalid, "a character that no URI has"},
		"v=TLSRPTv1; rua=mailto:\u00e4@example.com":    {AddressInvalid, `"mailto:\u00e4@example.com" has a character`},
		"v=TLSRPTv1; rua=mailto:a@example.com,b@d.com": {AddressInvalid, `the rua "b@d.com" is no URI`},
		"v=TLSRPTv1; rua=mailto:reports":               {AddressInvalid, "has no mail address"},
		"v=TLSRPTv1; rua=mailto:@example.com":          {AddressInvalid, "has no mail address"},
		"v=TLSRPTv1; rua=mailto:a@":                    {AddressInvalid, "has no mail address"},
		"v=TLSRPTv1; rua=mailto://a@example.com":       {AddressInvalid, "has no mail address"},
		"v=TLSRPTv1; rua=mailto:a%zz@example.com":      {AddressInvalid, "a percent sign without two digits"},
		"v=TLSRPTv1; rua=mailto:a@exa$mple.com":        {AddressInvalid, `the host "exa$mple.com", which is none`},
		"v=TLSRPTv1; rua=https:///reports":             {AddressInvalid, "has no host"},
		"v=TLSRPTv1; rua=https:reports":                {AddressInvalid, "has no host"},
		"v=TLSRPTv1; rua=https://-a.example/":          {AddressInvalid, `the host "-a.example", which is none`},
		"v=TLSRPTv1; rua=://":                          {AddressInvalid, "is no URI"},
		"v=TLSRPTv1; rua=mailto:a@example.com\x1b]0":   {AddressInvalid, `example.com\x1b]0" has a character`},
	} {
		o := Judge(example, found(text))
		if o.Status != Invalid || o.Reason != want.reason || !strings.Contains(o.Text, want.text) || len(o.RUA) > 0 {
			t.Errorf("%q: %+v", text, o)
		}
	}
}

func TestSelection(t *testing.T) {
	t.Parallel()
	failed := func(k resolve.Kind) resolve.Answer {
		return resolve.Answer{Status: resolve.Failed, Err: &resolve.Error{Kind: k}}
	}
	cut := resolve.Answer{Status: resolve.Found, Dropped: 2}
	const good = "v=TLSRPTv1; rua=mailto:a@example.com"
	for _, tt := range []struct {
		name     string
		answer   resolve.Answer
		status   Status
		reason   Reason
		warnings []Code
	}{
		{"none", resolve.Answer{Status: resolve.NoData}, None, NoRecord, nil},
		{"no name", resolve.Answer{Status: resolve.NXDomain}, None, NoRecord, nil},
		{"unrelated", found("v=spf1 -all", "v=TLSRPTv2; rua=mailto:a@example.com"), None, NoRecord, nil},
		{"near", found("v=tlsrptv1; rua=mailto:a@example.com", " "+good), None, NoRecord, []Code{NearRecord}},
		{"comma", found("v=TLSRPTv1, rua=mailto:a@example.com"), None, NoRecord, []Code{NearRecord}},
		{"one", found(good, "other"), Valid, ReasonNone, nil},
		{"two", found(good, good), Invalid, SeveralRecords, nil},
		{"cut", cut, StatusUnknown, LookupCut, nil},
		{"SERVFAIL", failed(resolve.ServFail), StatusUnknown, LookupFailed, nil},
		{"bogus", failed(resolve.BogusAnswer), StatusUnknown, LookupBogus, nil},
		{"failed without a word", resolve.Answer{Status: resolve.Failed}, StatusUnknown, LookupFailed, nil},
		{"not asked", resolve.Answer{}, StatusUnknown, LookupFailed, nil},
	} {
		o := Judge(example, tt.answer)
		if o.Status != tt.status || o.Reason != tt.reason || (o.Text == "") != (tt.status == Valid) ||
			!slices.Equal(codes(o.Warnings), tt.warnings) {
			t.Errorf("%s: %+v", tt.name, o)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	d, err := scannertest.NewDNS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	if err := d.Add(
		"_smtp._tls.example.com. 300 IN CNAME reports.example.net.",
		`reports.example.net. 300 IN TXT "v=TLSRPTv1; rua=mail" "to:a@example.com"`,
	); err != nil {
		t.Fatal(err)
	}
	r, err := resolve.New(resolve.Config{Servers: []string{d.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	ctx := context.Background()
	want := []string{"mailto:a@example.com"}
	if o := Judge(example, Lookup(ctx, r, example)); o.Status != Valid || !slices.Equal(o.RUA, want) {
		t.Errorf("%+v", o)
	}
	for _, none := range []string{"example.org", strings.Repeat("a.", 120) + "example.com"} {
		n := name.MustParse(none)
		if o := Judge(n, Lookup(ctx, r, n)); o.Status != None {
			t.Errorf("%s: %+v", none, o)
		}
	}
}

func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		"v=TLSRPTv1; rua=mailto:a@example.com,https://example.com/?a=b;", "v=TLSRPTv1 ;x=y;rua=\xff!,",
		"v=TLSRPTv1; rua=http://a; rua=mailto:%41@b.example", "v=TLSRPTv1; RUA=a; rua=https://[::1]/ , https://1.2.3.4",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		unfit := func(r rune) bool { return r < ' ' || r > '~' }
		r, warnings, err := ParseRecord(text)
		for _, w := range warnings {
			if w.Code == CodeNone || w.Text == "" || strings.ContainsFunc(w.Text, unfit) {
				t.Errorf("warning %+v", w)
			}
		}
		if err != nil {
			broken, ok := errors.AsType[*Error](err)
			if !ok || broken.Reason == ReasonNone || strings.ContainsFunc(err.Error(), unfit) || len(err.Error()) > 1200 {
				t.Errorf("error %q", err)
			}
			return
		}
		again, warnings, err := ParseRecord(r.String())
		if !slices.Equal(again.RUA, r.RUA) || err != nil || len(warnings) > 0 {
			t.Errorf("%+v came back as %+v, %v, %v", r, again, warnings, err)
		}
	})
}

// TestEnums walks every value of every enum: a word of its own that comes back, and none beyond the last.
func TestEnums(t *testing.T) {
	t.Parallel()
	walk(t, len(statusWords), Invalid, func() *Status { return new(Status) })
	walk(t, len(reasonWords), AddressInvalid, func() *Reason { return new(Reason) })
	walk(t, len(codeWords), External, func() *Code { return new(Code) })
}

type word interface {
	~uint8
	fmt.Stringer
	encoding.TextMarshaler
}

func walk[T word, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, words int, last T, zero func() P) {
	t.Helper()
	if words != int(last)+1 {
		t.Errorf("%T: %d words for %d values", last, words, int(last)+1)
	}
	seen := map[string]bool{}
	for i := range last + 1 {
		text, err := i.MarshalText()
		if err != nil || string(text) != i.String() || len(text) == 0 && i != 0 || seen[string(text)] {
			t.Errorf("%T %d: %q, %q, %v", i, uint8(i), text, i, err)
		}
		seen[string(text)] = true
		back := zero()
		if err := back.UnmarshalText(text); err != nil || *back != i {
			t.Errorf("%q came back as %v, %v", text, *back, err)
		}
	}
	if _, err := (last + 1).MarshalText(); err == nil {
		t.Errorf("%T has a word for %d", last, last+1)
	}
	if err := zero().UnmarshalText([]byte("no such word")); err == nil {
		t.Errorf("%T takes any word", last)
	}
}
