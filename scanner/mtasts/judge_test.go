package mtasts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
	"mxtls/scanner/starttls"
)

// The record as the DNS has it: RFC 8461 3.1.
func TestJudgeRecord(t *testing.T) {
	t.Parallel()
	found := func(texts ...string) resolve.Answer { return resolve.Answer{Status: resolve.Found, TXT: texts} }
	failed := func(k resolve.Kind) resolve.Answer {
		return resolve.Answer{Status: resolve.Failed, Err: &resolve.Error{Kind: k, Name: "_mta-sts.example.com", Type: "TXT"}}
	}
	cut := found("v=spf1 -all")
	cut.Dropped = 3
	cutTwo := found("v=STSv1; id=1", "v=STSv1; id=2")
	cutTwo.Dropped = 3
	for _, tt := range []struct {
		name     string
		answer   resolve.Answer
		status   Status
		reason   Reason
		text     string
		warnings []Code
	}{
		{"good", found("v=STSv1; id=1"), StatusUnknown, ReasonNone, "", nil},
		{"unrelated beside it", found("google-site-verification=x", "v=STSv1; id=1", "v=spf1 -all"), StatusUnknown,
			ReasonNone, "", nil},
		{"blank before the semicolon", found("v=STSv1 ; id=1"), StatusUnknown, ReasonNone, "", []Code{BlankDelimiter}},
		{"none", resolve.Answer{Status: resolve.NoData}, None, NoRecord, "no TXT record begins with v=STSv1", nil},
		{"no name", resolve.Answer{Status: resolve.NXDomain}, None, NoRecord, "no TXT record", nil},
		{"unrelated", found("v=spf1 -all", ""), None, NoRecord, "no TXT record", nil},
		{"near", found("v=stsv1; id=1", `"v=STSv1; id=1"`), None, NoRecord, "no TXT record", []Code{NearRecord}},
		{"later version", found("v=STSv2; id=1"), None, NoRecord, "no TXT record", nil},
		{"two", found("v=STSv1; id=1", "v=STSv1; id=2"), Invalid, SeveralRecords, "2 TXT records", nil},
		{"two, one malformed", found("v=STSv1; id=1", "v=STSv1"), Invalid, SeveralRecords, "2 TXT records", nil},
		{"malformed", found("v=STSv1; id=a-b"), Invalid, RecordInvalid, "the record has the id", nil},
		{"cut", cut, StatusUnknown, LookupCut, "3 were not seen", nil},
		{"cut, two seen", cutTwo, Invalid, SeveralRecords, "2 TXT records", nil},
		{"SERVFAIL", failed(resolve.ServFail), StatusUnknown, LookupFailed, "TXT lookup for _mta-sts.example.com", nil},
		{"timeout", failed(resolve.Timeout), StatusUnknown, LookupFailed, "no answer", nil},
		{"bogus", failed(resolve.BogusAnswer), StatusUnknown, LookupBogus, "DNSSEC", nil},
		{"not asked", resolve.Answer{}, StatusUnknown, LookupFailed, "no answer about the record", nil},
		{"failed without a word", resolve.Answer{Status: resolve.Failed}, StatusUnknown, LookupFailed, "no answer", nil},
	} {
		o := judgeRecord(tt.answer)
		if o.Status != tt.status || o.Reason != tt.reason || !strings.Contains(o.Text, tt.text) ||
			!slices.Equal(codes(o.Warnings), tt.warnings) {
			t.Errorf("%s: %v, %v, %q, %v", tt.name, o.Status, o.Reason, o.Text, o.Warnings)
		}
		full := Judge(&Facts{Record: tt.answer}, nil)
		checkOutcome(t, full)
		if tt.reason == ReasonNone {
			if full.Status != StatusUnknown || full.Reason != NotFetched || full.ID != "1" {
				t.Errorf("%s, without a fetch: %+v", tt.name, full)
			}
		} else if full.Reason != tt.reason {
			t.Errorf("%s: reason %v", tt.name, full.Reason)
		}
	}
}

// A record of several strings behind an alias, and nobody asked for a policy where there is no record.
func TestLook(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.zone(
		"_mta-sts.example.com. 300 IN CNAME records.example.net.",
		`records.example.net. 300 IN TXT "v=STS" "v1; id=2026" "1125;"`,
		`records.example.net. 300 IN TXT "unrelated"`,
		"mta-sts.example.com. 300 IN A 192.0.2.80",
		`_mta-sts.none.example. 300 IN TXT "v=spf1 -all"`,
		"mta-sts.none.example. 300 IN A 192.0.2.80",
		`_mta-sts.bad.example. 300 IN TXT "v=STSv1"`,
		"mta-sts.bad.example. 300 IN A 192.0.2.80",
	)
	server := l.host("example.com", "192.0.2.80", body(goodPolicy))
	o := l.look("example.com")
	sum := sha256.Sum256([]byte(goodPolicy))
	want := Policy{Enforce, week, mustPatterns("mx.example.com")}
	if diff := cmp.Diff(want, o.Policy, patterns); diff != "" || o.Status != Valid || o.ID != "20261125" ||
		o.BodySHA256 != hex.EncodeToString(sum[:]) || o.Certificate == nil || o.Certificate.Status != pkix.Trusted ||
		o.Took <= 0 {
		t.Errorf("%+v\n%s", o, diff)
	}
	checkOutcome(t, o)
	if o := l.look("none.example"); o.Status != None {
		t.Errorf("%+v", o)
	}
	if o := l.look("bad.example"); o.Status != Invalid || o.Reason != RecordInvalid {
		t.Errorf("%+v", o)
	}
	if n := server.Sessions(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// Modes are reported and nothing is enforced; a policy that changed under the same id shows (RFC 8461 3.3).
func TestModes(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	hashes := map[string]bool{}
	for i, mode := range []Mode{ModeNone, Testing, Enforce} {
		domain, addr := mode.String()+".example", fmt.Sprintf("192.0.2.%d", 81+i)
		l.publish(domain, addr)
		l.host(domain, addr, body(strings.Replace(goodPolicy, "enforce", mode.String(), 1)))
		o := l.look(domain)
		if o.Status != Valid || o.Mode != mode || o.ID != "1" || len(o.Warnings) > 0 {
			t.Errorf("%v: %+v", mode, o)
		}
		hashes[o.BodySHA256] = true
	}
	if len(hashes) != 3 {
		t.Errorf("hashes %v", hashes)
	}
}

// Recorded facts are judged again: at another time, with other roots. The same facts give the same outcome.
func TestJudgeAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.publish("example.com", "192.0.2.80")
	l.host("example.com", "192.0.2.80", body(goodPolicy+"\n"))
	facts := l.client().Look(context.Background(), name.MustParse("example.com"))

	o := Judge(facts, l.verifier)
	if o.Status != Invalid || o.Reason != PolicyInvalid || !o.Disputed || o.Line != 5 || o.Mode != Enforce {
		t.Errorf("%+v", o)
	}
	if diff := cmp.Diff(o, Judge(facts, l.verifier), patterns, cmp.AllowUnexported(name.Name{}),
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	bundle, err := pkix.Parse("lab", l.CA().PEM())
	if err != nil {
		t.Fatal(err)
	}
	late := pkix.NewVerifier(bundle, time.Now().AddDate(1, 0, 0))
	if o := Judge(facts, late); o.Status != FetchError || o.Reason != WebPKIInvalid ||
		o.Certificate.Reason != pkix.Expired || o.BodySHA256 != "" {
		t.Errorf("a year later: %+v", o)
	}
	other, err := pkix.Parse("other", scannertest.NewCA("Other Root").PEM())
	if err != nil {
		t.Fatal(err)
	}
	if o := Judge(facts, pkix.NewVerifier(other, time.Now())); o.Status != FetchError || o.Reason != WebPKIInvalid ||
		o.Certificate.Status != pkix.Untrusted || o.Mode != ModeUnknown {
		t.Errorf("other roots: %+v", o)
	}
}

// A name that may be among those which were not kept is no mismatch.
func TestNamesCut(t *testing.T) {
	t.Parallel()
	cut := &pkix.Chain{Status: pkix.Trusted, Names: []string{"a.example"}, Notes: []pkix.Note{pkix.NamesCut}}
	var o Outcome
	if o.named(cut, name.MustParse("mta-sts.example.com")) || o.Status != StatusUnknown || o.Reason != WebPKIUnknown {
		t.Errorf("%+v", o)
	}
}

// Every reason for which package starttls cannot connect has a fault here, and a body that comes to no harm.
func TestConnectFault(t *testing.T) {
	t.Parallel()
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	for _, tt := range []struct {
		err  error
		addr netip.Addr
		want Fault
		ours bool
	}{
		{starttls.ErrReserved, v4, ReservedAddress, true},
		{syscall.ENETUNREACH, v6, NoIPv6, true},
		{syscall.EMFILE, v4, NotTested, true},
		{context.DeadlineExceeded, v4, ConnectTimeout, false},
		{syscall.ETIMEDOUT, v4, ConnectTimeout, false},
		{syscall.ECONNREFUSED, v4, ConnectionRefused, false},
		{syscall.EHOSTUNREACH, v4, Unreachable, false},
		{syscall.ECONNRESET, v4, ConnectFailed, false},
		{syscall.EACCES, v4, ConnectFailed, false},
	} {
		e := connectError(tt.err, tt.addr)
		if e.Fault != tt.want || e.Text == "" || e.Unwrap() != tt.err || e.Fault.Ours() != tt.ours ||
			e.Error() != tt.want.String()+": "+e.Text || strings.Contains(e.Text, "banner") {
			t.Errorf("%v: %v, %v", tt.err, e, e.Fault.Ours())
		}
	}
}
