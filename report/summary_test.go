package report

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mxtls/scanner"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

func TestClassOf(t *testing.T) {
	t.Parallel()
	c := chain(pkix.Trusted, pkix.ReasonNone, at, "mx.example.net")
	yes := encrypts(1, c, truth.Yes)
	no := fails(2, starttls.EHLO, starttls.StartTLSNotSupported, "")
	dunno := fails(3, starttls.StageNone, starttls.ConnectTimeout, "")
	for _, tt := range []struct {
		name   string
		result scanner.Result
		want   verdict.Class
	}{
		{"all encrypt", domain("a.example", "", yes, yes), verdict.ClassFull},
		{"none encrypts", domain("a.example", "", no, no), verdict.ClassPlain},
		{"some", domain("a.example", "", yes, no), verdict.ClassPartial},
		{"some, and one unknown", domain("a.example", "", yes, no, dunno), verdict.ClassPartial},
		{"one unknown beside yes is not all", domain("a.example", "", yes, dunno), verdict.ClassUnknown},
		{"one unknown beside no is not none", domain("a.example", "", no, dunno), verdict.ClassUnknown},
		{"all unknown", domain("a.example", "", dunno), verdict.ClassUnknown},
		{"no servers at all", domain("a.example", ""), verdict.ClassUnknown},
		{"no IPv6 here is no doubt", domain("a.example", "", yes, noIPv6(4)), verdict.ClassFull},
		{"nor a complaint", domain("a.example", "", no, noIPv6(4)), verdict.ClassPlain},
		{"but nothing is known of IPv6 alone", domain("a.example", "", noIPv6(4)), verdict.ClassUnknown},
		{"null MX", without("a.example", mx.Null, mx.NullMX, ""), verdict.ClassNull},
		{"none", without("a.example", mx.None, mx.NoSuchDomain, ""), verdict.ClassNone},
		{"failed", without("a.example", mx.Failed, mx.LookupTimeout, ""), verdict.ClassFailed},
		{"invalid", invalid("*", name.Wildcard), verdict.ClassInvalid},
	} {
		if got := tt.result.Class(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	s := testSummary()
	ignore := cmpopts.IgnoreUnexported(Tally{})
	want := Tally{
		Domains: 24, Full: 11, Partial: 2, Plain: 3, Unknown: 3, Null: 1, None: 1, Failed: 1, Invalid: 2,
		Servers: verdict.Counts{Yes: 31, No: 6, Unknown: 5}, Untested: 1, Trusted: 24, Untrusted: 7,
	}
	if diff := cmp.Diff(want, s.Total, ignore); diff != "" {
		t.Errorf("total (-want +got):\n%s", diff)
	}
	var sum Tally
	for _, g := range s.Groups {
		sum.Domains += g.Domains
		sum.Full += g.Full
		sum.Servers.Yes += g.Servers.Yes
	}
	if len(s.Groups) != 2 || s.Groups[0].Name != "jp-carrier" || sum.Domains != 24 || sum.Full != 11 ||
		sum.Servers.Yes != 31 {
		t.Errorf("groups %+v", s.Groups)
	}
}

// TestServersAreCountedOnce: a provider's server is one server, however many domains it serves.
func TestServersAreCountedOnce(t *testing.T) {
	t.Parallel()
	shared := encrypts(1, chain(pkix.Trusted, pkix.ReasonNone, at, "mx.example.net"), truth.Yes)
	var s Summary
	for _, text := range []string{"a.example", "b.example", "c.example"} {
		r := domain(text, "example.net", shared)
		s.Add("x", &r)
	}
	gone := domain("d.example", "", noAddress(), noAddress())
	s.Add("x", &gone)
	if got, want := s.Total.Servers, (verdict.Counts{Yes: 1, Unknown: 1}); got != want || s.Total.Trusted != 1 {
		t.Errorf("servers %+v, want %+v, %d trusted", got, want, s.Total.Trusted)
	}
}

// TestRefused counts the servers that turned us away by policy, each once.
func TestRefused(t *testing.T) {
	t.Parallel()
	var tally Tally
	for _, r := range []scanner.Result{
		domain("a.example", "", fails(1, starttls.Connected, starttls.RefusedByPolicy, "554 listed")),
		domain("b.example", "", fails(1, starttls.Connected, starttls.RefusedByPolicy, "554 listed")),
		domain("c.example", "", fails(2, starttls.Connected, starttls.GreetingRefused, "554 no")),
	} {
		tally.Add(&r)
	}
	if tally.Refused != 1 || tally.Servers.Total() != 2 {
		t.Errorf("%d of %d refused", tally.Refused, tally.Servers.Total())
	}
}

// TestOptedOut: a domain that was left alone on purpose is no failed lookup in the words.
func TestOptedOut(t *testing.T) {
	t.Parallel()
	var tally Tally
	for _, r := range []scanner.Result{
		without("a.example", mx.Failed, mx.OptedOut, "the opt-out file names it"),
		without("b.example", mx.Failed, mx.LookupTimeout, ""),
		without("c.example", mx.Failed, mx.LookupTimeout, ""),
	} {
		tally.Add(&r)
	}
	want := []string{"2 with a failed lookup", "1 on the opt-out list"}
	if diff := cmp.Diff(want, domainsParts(&tally)); diff != "" || tally.Failed != 3 {
		t.Errorf("%d failed; words (-want +got):\n%s", tally.Failed, diff)
	}
}

func TestHeadWords(t *testing.T) {
	t.Parallel()
	run := testRun()
	one := domain("a.example", "", encrypts(1, chain(pkix.Trusted, pkix.ReasonNone, at, "x"), truth.Yes))
	var s Summary
	s.Add("", &one)
	want := "Email encryption in transit · 1 domain, 1 mail server · 2026-11-23 10:29 UTC"
	if got := title(&run, &s); got != want {
		t.Errorf("title %q, want %q", got, want)
	}
	run.Roots = Roots{Source: "embedded", Count: 140, Date: time.Date(2026, 10, 30, 0, 0, 0, 0, time.UTC)}
	run.Validating, run.Port, run.Resolvers = truth.No, 2525, []string{"192.0.2.1:53", "[2001:db8::2]:53", "192.0.2.3:5353"}
	items := []string{"Roots: Mozilla's, embedded (140, of 2026-10-30)", "resolver 192.0.2.1, 2001:db8::2, 192.0.2.3:5353 (not validating)",
		"EHLO mx.example.org", "port 2525"}
	if diff := cmp.Diff(items, vantage(&run)); diff != "" {
		t.Errorf("head (-want +got):\n%s", diff)
	}
	s.Duplicates, s.Sessions, s.Partial = 2, 1, "interrupted\x1b"
	if diff := cmp.Diff([]string{"2 duplicates in the list, scanned once", "1 session held"}, remarks(&s)); diff != "" {
		t.Errorf("remarks (-want +got):\n%s", diff)
	}
	if got, want := partialText(&s), `Partial: interrupted\x1b; what follows is only what was done by then`; got != want {
		t.Errorf("partial %q, want %q", got, want)
	}
}
