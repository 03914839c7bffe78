package change

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

var day = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// server is one that encrypts, with a certificate by an issuer for so many days, or "" for plain text.
func server(issuer string, days int) verdict.Server {
	s := verdict.Server{Host: name.MustParse("mx.example.net"), Label: "mx.example.net", Session: &starttls.Session{},
		Addr: netip.MustParseAddrPort("192.0.2.1:25")}
	if issuer != "" {
		s.Chain = &pkix.Chain{Status: pkix.Trusted, Issuer: issuer, SHA256: fmt.Sprintf("%s%d", issuer, days), NotAfter: day.AddDate(0, 0, days)}
		s.MatchedBy = "mx.example.net"
	}
	return s
}

// result is a domain with servers.
func result(servers ...verdict.Server) scanner.Result {
	r := scanner.Result{Via: "example.net"}
	r.Facts.MX.Kind = mx.Listed
	r.Facts.Servers = servers
	r.Facts.DANE = dane.Absent
	r.Facts.Policy.Status = mtasts.None
	for i := range servers {
		if servers[i].Chain != nil {
			r.Verdict.Encrypted.Yes++
		} else {
			r.Verdict.Encrypted.No++
		}
	}
	return r
}

func with(r scanner.Result, do func(*scanner.Result)) scanner.Result {
	r.Facts.Servers = slices.Clone(r.Facts.Servers)
	for i := range r.Facts.Servers {
		if c := r.Facts.Servers[i].Chain; c != nil {
			clone := *c
			r.Facts.Servers[i].Chain = &clone
		}
	}
	do(&r)
	return r
}

func TestBetween(t *testing.T) {
	t.Parallel()
	good, plain := server("R3", 60), server("", 0)
	full := result(good)
	gone := scanner.Result{}
	gone.Facts.MX.Kind = mx.None
	bogusMX, failedMX := scanner.Result{}, scanner.Result{}
	bogusMX.Facts.MX = mx.Set{Kind: mx.Failed, Reason: mx.LookupBogus}
	failedMX.Facts.MX = mx.Set{Kind: mx.Failed, Reason: mx.LookupTimeout}
	bogus := func(r scanner.Result, n int) scanner.Result {
		return with(r, func(r *scanner.Result) {
			for i := range n {
				r.Facts.Servers[i].DANE = dane.Outcome{Status: dane.Failed, Reason: dane.DNSSECInvalid}
			}
		})
	}
	four := result(good, good, good, good)
	level := func(l dane.Level) scanner.Result { return with(full, func(r *scanner.Result) { r.Facts.DANE = l }) }
	policy := func(s mtasts.Status, m mtasts.Mode, id, body string) scanner.Result {
		return with(full, func(r *scanner.Result) {
			r.Facts.Policy = mtasts.Outcome{Status: s, ID: id, BodySHA256: body, Policy: mtasts.Policy{Mode: m}}
		})
	}
	enforced := policy(mtasts.Valid, mtasts.Enforce, "1", "a")
	untrusted := func(r scanner.Result, n int) scanner.Result {
		return with(r, func(r *scanner.Result) {
			for i := range n {
				r.Facts.Servers[i].Chain.Status = pkix.Untrusted
			}
		})
	}
	misnamed := func(r scanner.Result, n int) scanner.Result {
		return with(r, func(r *scanner.Result) {
			for i := range n {
				r.Facts.Servers[i].MatchedBy = ""
			}
		})
	}
	failing := func(r scanner.Result) scanner.Result {
		return with(r, func(r *scanner.Result) { r.Facts.Servers[0].Fit = &mtasts.Fit{Fault: mtasts.NotListed} })
	}
	untold := with(full, func(r *scanner.Result) { r.Verdict.Encrypted = verdict.Counts{Unknown: 1} })
	for _, tt := range []struct {
		name    string
		was, is scanner.Result
		want    string // codes; in brackets: noise
	}{
		{"the same", full, full, ""},
		{"gone", full, gone, "domain_gone"},
		{"back", gone, full, "domain_back"},
		{"plain text", full, result(plain), "newly_plaintext"},
		{"one of two in plain text", result(good, good), result(good, plain), "partly_plaintext"},
		{"one of four in plain text", four, result(good, good, good, plain), "(partly_plaintext)"},
		{"two of four in plain text", four, result(good, good, plain, plain), "partly_plaintext"},
		{"from some to none", result(good, plain), result(plain, plain), "newly_plaintext"},
		{"encrypted", result(plain), full, "newly_encrypted"},
		{"from none to some", result(plain, plain), result(good, plain), "newly_encrypted"},
		{"busy", full, untold, "(no_longer_told)"},
		{"told again", untold, full, ""},
		{"untrusted", full, with(full, func(r *scanner.Result) { r.Facts.Servers[0].Chain.Status = pkix.Untrusted }), "became_untrusted"},
		{"one of four untrusted", four, with(four, func(r *scanner.Result) { r.Facts.Servers[2].Chain.Status = pkix.Untrusted }), "(became_untrusted)"},
		{"trusted", with(full, func(r *scanner.Result) { r.Facts.Servers[0].Chain.Status = pkix.Untrusted }), full, "became_trusted"},
		{"other names", full, with(full, func(r *scanner.Result) { r.Facts.Servers[0].MatchedBy = "" }), "name_no_longer_fits"},
		{"renewed", full, result(server("R3", 90)), "(certificate_renewed)"},
		{"another issuer", full, result(server("E5", 60)), "issuer_changed"},
		{"another intermediate of the issuer", result(server("CN=R12,O=Let's Encrypt,C=US", 60)),
			result(server("CN=E7,O=Let's Encrypt,C=US", 90)), "(certificate_renewed)"},
		{"another organization", result(server("CN=R12,O=Let's Encrypt,C=US", 60)),
			result(server(`CN=R12,OU=x\,O=Let's Encrypt+O=Sectigo\, Ltd,C=US`, 60)), "issuer_changed"},
		{"two of four untrusted after one", untrusted(four, 1), untrusted(four, 2), "became_untrusted"},
		{"one of four untrusted after two", untrusted(four, 2), untrusted(four, 1), ""},
		{"two of four for other names after one", misnamed(four, 1), misnamed(four, 2), "name_no_longer_fits"},
		{"two of four in plain text after one", result(good, good, good, plain), result(good, good, plain, plain), "partly_plaintext"},
		{"one of four in plain text after two", result(good, good, plain, plain), result(good, good, good, plain), ""},
		{"one of three in plain text after all", result(plain, plain, plain), result(good, good, plain), "newly_encrypted"},
		{"TLSA new and broken", level(dane.Absent), level(dane.Failing), "dane_broken"},
		{"policy new and broken", full, policy(mtasts.Invalid, mtasts.ModeUnknown, "1", ""), "sts_broken"},
		{"policy that failed is enforced now", failing(policy(mtasts.Valid, mtasts.Testing, "1", "a")),
			failing(policy(mtasts.Valid, mtasts.Enforce, "2", "b")), "sts_servers_fail"},
		{"policy that failed fails on", failing(enforced), failing(enforced), ""},
		{"soon expired", full, result(server("R3", 10)), "will_expire (certificate_renewed)"},
		{"still soon expired", result(server("R3", 10)), result(server("R3", 10)), ""},
		{"another provider", full, with(full, func(r *scanner.Result) { r.Via = "example.org" }), "provider_changed"},
		{"TLSA broken", level(dane.Full), level(dane.Failing), "dane_broken"},
		{"TLSA partly broken", level(dane.Partial), level(dane.Degraded), "dane_broken"},
		{"TLSA gone", level(dane.Full), level(dane.Absent), "dane_gone"},
		{"TLSA at some alone", level(dane.Full), level(dane.Partial), "dane_gone"},
		{"TLSA new", level(dane.Absent), level(dane.Full), "dane_new"},
		{"TLSA mended", level(dane.Failing), level(dane.Full), "dane_new"},
		{"TLSA not told", level(dane.Full), level(dane.LevelUnknown), ""},
		{"TLSA broken as soon as it is told", level(dane.LevelUnknown), level(dane.Failing), "dane_broken"},
		{"TLSA broken still", level(dane.Failing), level(dane.Failing), ""},
		{"TLSA broken at all and not at some alone", level(dane.Degraded), level(dane.Failing), "dane_broken"},
		{"TLSA of no use as soon as it is told", level(dane.LevelUnknown), level(dane.TLSOnly), ""},
		{"TLSA fits some as soon as it is told", level(dane.LevelUnknown), level(dane.Degraded), ""},
		{"MX answer bogus", full, bogusMX, "dnssec_broken (no_longer_told)"},
		{"MX answer bogus after it failed otherwise", failedMX, bogusMX, "dnssec_broken"},
		{"MX answer bogus still", bogusMX, bogusMX, ""},
		{"MX answer bogus, and then not to be had", bogusMX, failedMX, ""},
		{"MX answer valid again", bogusMX, full, "dnssec_mended"},
		{"MX answer bogus after its hosts", bogus(four, 4), bogusMX, "dnssec_broken (no_longer_told)"},
		{"hosts bogus after the MX answer", bogusMX, bogus(four, 4), ""},
		{"domain gone instead of bogus", bogusMX, gone, "dnssec_mended"},
		{"TLSA bogus", level(dane.Full), bogus(level(dane.LevelUnknown), 1), "dnssec_broken"},
		{"TLSA bogus still", bogus(full, 1), bogus(full, 1), ""},
		{"TLSA bogus at one of four", four, bogus(four, 1), "(dnssec_broken)"},
		{"TLSA bogus at two of four after one", bogus(four, 1), bogus(four, 2), "dnssec_broken"},
		{"TLSA valid again", bogus(level(dane.LevelUnknown), 1), level(dane.Full), "dnssec_mended"},
		{"address bogus", full, with(full, func(r *scanner.Result) { r.Facts.Servers[0].NoAddress = mx.LookupBogus }), "dnssec_broken"},
		{"policy broken", enforced, policy(mtasts.FetchError, mtasts.ModeUnknown, "1", ""), "sts_broken"},
		{"policy gone", enforced, policy(mtasts.None, mtasts.ModeUnknown, "", ""), "sts_gone"},
		{"policy new", full, enforced, "sts_new"},
		{"policy weaker", enforced, policy(mtasts.Valid, mtasts.Testing, "2", "b"), "sts_weaker"},
		{"policy stronger", policy(mtasts.Valid, mtasts.Testing, "1", "b"), policy(mtasts.Valid, mtasts.Enforce, "2", "a"), ""},
		{"policy with its old id", enforced, policy(mtasts.Valid, mtasts.Enforce, "1", "b"), "sts_same_id"},
		{"policy not told", enforced, policy(mtasts.StatusUnknown, mtasts.ModeUnknown, "", ""), ""},
		{"policy failed", enforced, with(enforced, func(r *scanner.Result) {
			r.Facts.Servers[0].Fit = &mtasts.Fit{Fault: mtasts.NotListed}
		}), "sts_servers_fail"},
	} {
		was, is := Of(&tt.was, day), Of(&tt.is, day)
		var got []string
		for _, c := range Between("example.com", &was, &is) {
			word := c.Code.String()
			if c.Noise {
				word = "(" + word + ")"
			}
			got = append(got, word)
			if c.Domain != "example.com" || c.Old == "" && c.New == "" {
				t.Errorf("%s: %+v", tt.name, c)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}

// TestDistrustSaysWhy: that a certificate ran out is mended in another way than that it is another's.
func TestDistrustSaysWhy(t *testing.T) {
	t.Parallel()
	untrusted := func(reasons ...pkix.Reason) State {
		var servers []verdict.Server
		for i, reason := range reasons {
			s := server("R3", i)
			if reason != pkix.ReasonNone {
				s.Chain.Status, s.Chain.Reason = pkix.Untrusted, reason
			}
			servers = append(servers, s)
		}
		r := result(servers...)
		return Of(&r, day)
	}
	good, bad := untrusted(pkix.ReasonNone, pkix.ReasonNone, pkix.ReasonNone),
		untrusted(pkix.SelfSigned, pkix.Expired, pkix.Expired)
	worse, better := Between("example.com", &good, &bad), Between("example.com", &bad, &good)
	const all = "3 of 3 untrusted: certificate-expired, self_signed"
	if len(worse) != 1 || worse[0].Old != "trusted" || worse[0].New != all {
		t.Errorf("%+v", worse)
	}
	if len(better) != 1 || better[0].Old != all || better[0].New != "trusted" {
		t.Errorf("%+v", better)
	}
}

func TestEveryCodeHasASeverityAndAWord(t *testing.T) {
	t.Parallel()
	for i, word := range codeWords {
		var c Code
		if err := c.UnmarshalText([]byte(word)); err != nil || c != Code(i) {
			t.Errorf("%q is %v: %v", word, c, err)
		}
		if (c == CodeUnknown) != (c.Severity() == verdict.SeverityUnknown) {
			t.Errorf("%v has severity %v", c, c.Severity())
		}
	}
	if Removed.String() != "removed" || NewlyPlaintext.Severity() != verdict.Error || PartlyPlaintext.Severity() != verdict.Warning ||
		WillExpire.Severity() != verdict.Warning || NewlyEncrypted.Severity() != verdict.Info || STSServersFail.Severity() != verdict.Error {
		t.Error("severities are others")
	}
}

func TestJoiner(t *testing.T) {
	t.Parallel()
	full, plain := result(server("R3", 60)), result(server("", 0))
	f, p := Of(&full, day), Of(&plain, day)
	j := NewJoiner(3)
	if j.Add(0, "a.example", f) != nil || j.Add(2, "a.example", p) != nil {
		t.Error("joined too early")
	}
	states := j.Add(1, "a.example", p)
	if len(states) != 3 || len(j.pending) != 0 {
		t.Fatalf("%v, %d pending", states, len(j.pending))
	}
	if got := Confirmed("a.example", states); len(got) != 1 || got[0].Code != NewlyPlaintext || got[0].Noise {
		t.Errorf("%v", got)
	}
	if got := Confirmed("a.example", []*State{&f, &f, &p}); len(got) != 0 {
		t.Errorf("one bad night: %v", got)
	}
	away := with(full, func(r *scanner.Result) { r.Verdict.Encrypted = verdict.Counts{Unknown: 1} })
	a := Of(&away, day)
	for _, tt := range []struct {
		states []*State
		want   int // changes that are no noise
	}{
		{[]*State{&f, &a}, 0}, {[]*State{&f, &a, &a}, 1}, {[]*State{&f, &a, &a, &a}, 1}, {[]*State{&f, &f, &a}, 0},
		{[]*State{&f, &a, &f}, 0}, {[]*State{&a, &a, &a}, 0},
	} {
		got := slices.DeleteFunc(Confirmed("a.example", tt.states), func(c Change) bool { return c.Noise })
		if len(got) != tt.want || tt.want == 1 && got[0].Code != NoLongerTold {
			t.Errorf("%d runs: %v, want %d", len(tt.states), got, tt.want)
		}
	}
	j.Add(1, "new.example", f)
	j.Add(0, "old.example", f)
	var rest []string
	j.Rest(func(domain string, states []*State) bool {
		for _, c := range Between(domain, states[0], states[1]) {
			rest = append(rest, domain+" "+c.Code.String())
		}
		return true
	})
	if got := strings.Join(rest, ", "); got != "new.example added, old.example removed" {
		t.Errorf("%s", got)
	}
}

func TestSort(t *testing.T) {
	t.Parallel()
	changes := []Change{{Domain: "b", Code: NewlyEncrypted}, {Domain: "c", Code: WillExpire}, {Domain: "b", Code: NewlyPlaintext}, {Domain: "a", Code: NewlyPlaintext}}
	Sort(changes)
	var got []string
	for _, c := range changes {
		got = append(got, c.Domain+" "+c.Code.String())
	}
	if want := "a newly_plaintext, b newly_plaintext, c will_expire, b newly_encrypted"; strings.Join(got, ", ") != want {
		t.Errorf("%v", got)
	}
}
