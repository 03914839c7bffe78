package postfix

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func table(t testing.TB, lines ...string) *Map {
	t.Helper()
	m, err := ParseMap(strings.NewReader(strings.Join(lines, "\n")), "policy", Version{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestParsePolicy has what smtp(8) 3.7.11 logged of the same policies, or its source says of later ones.
func TestParsePolicy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v      Version
		policy string
		want   string // of String; with "!", the error
	}{
		{Version{3, 7}, "may", "may"},
		{Version{3, 7}, "EnCrypt", "encrypt"},
		{Version{3, 7}, "secure match=.a.test:b.test match=nexthop", "secure match=.a.test:b.test:nexthop"},
		{Version{3, 7}, "secure, servername=hostname, protocols=!SSLv2:!SSLv3",
			"secure protocols=!SSLv2:!SSLv3 servername=hostname"},
		{Version{3, 7}, "encrypt ciphers=high exclude=aNULL:RC4 connection_reuse=yes",
			"encrypt ciphers=high exclude=aNULL:RC4"},
		{Version{3, 7}, "encrypt exclude=", "encrypt exclude="},
		{Version{3, 7}, "encrypt protocols=", "encrypt"},
		{Version{3, 7}, "encrypt protocols=foo", "encrypt protocols=foo"},
		{Version{3, 7}, "fingerprint match=AA:BB|CC:DD", "fingerprint match=AA:BB|CC:DD"},
		{Version{3, 7}, "verify tafile=/a tafile=/b", "verify tafile=/a tafile=/b"},
		{Version{3, 7}, "none whatever=else", "none"},
		{Version{3, 7}, "", "!invalid empty policy"},
		{Version{3, 7}, "nosuch", `!invalid security level "nosuch"`},
		{Version{3, 7}, "unknown", `!invalid security level "unknown"`},
		{Version{3, 7}, "may match=a", `!attribute "match" invalid at security level "may"`},
		{Version{3, 7}, "encrypt tafile=/a", `!attribute "tafile" invalid at security level "encrypt"`},
		{Version{3, 7}, "encrypt ciphers=high ciphers=high", `!attribute "ciphers" is specified multiple times`},
		{Version{3, 7}, "encrypt ciphers=", `!attribute "ciphers" has empty value`},
		{Version{3, 7}, "secure match=", `!attribute "match" has empty value`},
		{Version{3, 7}, "secure tafile=", `!attribute "tafile" has empty value`},
		{Version{3, 7}, "may servername=", `!"servername=" specifies an invalid hostname`},
		{Version{3, 7}, "may servername=a_b", "may servername=a_b"},
		{Version{3, 7}, "may servername=" + strings.Repeat("a", 64) + ".test",
			`!"servername=` + strings.Repeat("a", 64) + `.test" specifies an invalid hostname`},
		{Version{3, 7}, "may servername=" + strings.Repeat("a.", 128) + "b",
			`!"servername=` + strings.Repeat("a.", 40) + `..." specifies an invalid hostname`},
		{Version{3, 7}, "may servername=-x-", `!"servername=-x-" specifies an invalid hostname`},
		{Version{3, 7}, "may servername=x.y.", `!"servername=x.y." specifies an invalid hostname`},
		{Version{3, 7}, "may servername=127.0.0.1", `!"servername=127.0.0.1" specifies an invalid hostname`},
		{Version{3, 7}, "encrypt exclude= exclude=", `!attribute "exclude" is specified multiple times`},
		{Version{3, 7}, "encrypt protocols= protocols=TLSv1", `!attribute "protocols" is specified multiple times`},
		{Version{3, 7}, "may connection_reuse=yes connection_reuse=no", "may"},
		{Version{3, 7}, "encrypt protocols=>=TLSv1.2,<=TLSv1.3", `!invalid attribute name: "<"`},
		{Version{3, 7}, "encrypt protocols=>=TLSv1.2:<=TLSv1.3", "encrypt protocols=>=TLSv1.2:<=TLSv1.3"},
		{Version{3, 7}, "half-dane", `!invalid security level "half-dane"`},
		{Version{3, 7}, "{ encrypt }", `!invalid security level "{"`},
		{Version{3, 7}, "encrypt =x", `!malformed attribute/value pair "=x"`},
		{Version{3, 7}, "secure match=:", "secure match=:"},
		{Version{3, 7}, "secure match=: match=a.test match=:", "secure match=a.test"},
		{Version{3, 10}, "may policy_ttl=5", "!built-in policy has unexpected attribute policy_ttl"},
		{Version{3, 10}, "may policy_type=tlsa", `!attribute "policy_type" has an unexpected value: "tlsa"`},
		{Version{3, 10}, "may policy_type=sts policy_type=sts", `!attribute "policy_type" is specified multiple times`},
		{Version{3, 10}, "may policy_type=sts policy_domain=-", `!attribute "policy_domain" has a malformed value: "-"`},
		{Version{3, 10}, "may policy_type=sts policy_ttl=1d", `!attribute "policy_ttl" has a malformed value: "1d"`},
		{Version{3, 10}, "may policy_type=sts policy_domain=a.test policy_failure=sts-policy-invalid policy_ttl=9 " +
			"mx_host_pattern=a mx_host_pattern=b", "may"},
		{Version{3, 7}, "may connection_reuse=perhaps", `!attribute "connection_reuse" has bad value: "perhaps"`},
		{Version{3, 7}, "may high", `!malformed attribute/value pair "high"`},
		{Version{3, 7}, "may colour=red", `!invalid attribute name: "colour"`},
		{Version{3, 7}, "encrypt { protocols = TLSv1.2 }", `!malformed attribute/value pair "{"`},
		{Version{3, 3}, "secure servername=hostname", `!invalid attribute name: "servername"`},
		{Version{3, 9}, "secure policy_type=sts", `!invalid attribute name: "policy_type"`},
		{Version{3, 10}, "secure policy_type=sts { policy_string = mode: enforce } match=a.test", "secure match=a.test"},
	} {
		p, err := parsePolicy(tt.policy, tt.v)
		got := p.String()
		if err != nil {
			got = "!" + err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %q: %s, want %s", tt.v, tt.policy, got, tt.want)
		}
	}
}

// TestParseMap has what "postmap -q" 3.7.11 answers for the same text, and the complaints.
func TestParseMap(t *testing.T) {
	t.Parallel()
	m := table(t,
		"# comment",
		"a.test may",
		"A.test encrypt",
		"b.test",
		"  secure",
		"  # comment",
		" \tmatch=x.test",
		"c.test:  may",
		"alone",
		"user@d.test may",
		"*.e.test may",
		".f.test:25 may",
		".[g.test] may",
		"h.test. may",
		"[i.test]:25 encrypt",
		".j.test may",
		"test may",
		".test may",
		"k.test encrypt protocols=TLSv9",
		"l.test secure match=-x-",
		"m.test encrypt ciphers=most",
		"[2001:DB8::1] may",
		"n.test colourful",
		"http://o.test may",
		"m\u00fcnchen.test may",
	)
	var problems []string
	for _, p := range m.Problems {
		problems = append(problems, strings.Join([]string{p.Key, p.Kind.String()}, " "))
	}
	want := []string{"a.test duplicate_key", "c.test: syntax_error", "alone syntax_error", "user@d.test never_matched",
		"*.e.test never_matched", ".f.test:25 never_matched", ".[g.test] never_matched", "h.test. never_matched",
		"k.test invalid_policy", "l.test invalid_policy", "m.test invalid_policy", "n.test invalid_policy",
		"http://o.test never_matched", "m\u00fcnchen.test never_matched"}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if last := m.Problems[len(m.Problems)-1]; !strings.Contains(last.Text, "SMTPUTF8), else for xn--mnchen-3ya.test") {
		t.Errorf("%q", last.Text)
	}
	for _, tt := range []struct{ next, key, policy string }{
		{"a.test", "a.test", "may"},
		{"b.test", "b.test", "secure match=x.test"},
		{"i.test", ".test", "may"},
		{"[i.test]:25", "[i.test]:25", "encrypt"},
		{"[i.test]", "", ""},
		{"j.test", ".test", "may"},
		{"x.j.test", ".j.test", "may"},
		{"y.x.j.test", ".j.test", "may"},
		{"x.j.test:26", "", ""},
		{"elsewhere.example", "", ""},
		{"[2001:db8::1]", "[2001:db8::1]", "may"},
	} {
		e, ok := m.Lookup(target(t, tt.next))
		got := ""
		if ok {
			got = e.Policy.String()
		}
		if e.Key != tt.key || got != tt.policy {
			t.Errorf("%s: %q %s, want %q %s", tt.next, e.Key, got, tt.key, tt.policy)
		}
	}
	if m.Problems[0].Line != 3 || m.Entries[1].Line != 4 {
		t.Errorf("lines %d and %d, want 3 and 4", m.Problems[0].Line, m.Entries[1].Line)
	}
}

// TestParseMapLimit: a table has an end, and comments are not counted.
func TestParseMapLimit(t *testing.T) {
	t.Parallel()
	const text = "a.test may\n# comment\nb.test may\n"
	if m, err := parseMap(strings.NewReader(text), "policy", Version{}, 2); err != nil || len(m.Entries) != 2 {
		t.Errorf("two entries: %v", err)
	}
	_, err := parseMap(strings.NewReader(text+"\nc.test may"), "policy", Version{}, 2)
	if err == nil || err.Error() != "line 5: more than 2 entries" {
		t.Errorf("three entries: %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	named := func(s string, servers ...Server) *Destination {
		d := destination(t, servers...)
		d.Target = target(t, s)
		return d
	}
	m := table(t,
		"good.test encrypt",
		"same.test may",
		"stops.test secure",
		"needed.test may",
		"stale.test may",
		"weaker.test none",
		".below.test encrypt",
		"@bad may",
		"refused.test nosuch",
		"unknown.test encrypt",
	)
	ds := []*Destination{
		named("good.test", at(10, well())), named("same.test", at(10, well())), named("stops.test", mismatched(10)),
		named("needed.test", plain(10)), named("weaker.test", at(10, well())), named("x.below.test", at(10, well())),
		named("refused.test", at(10, well())), named("unknown.test", untested(10)),
	}
	list := func(level Level) []string {
		var all []string
		for _, p := range m.Check(debian(), level, ds) {
			all = append(all, p.Key+" "+p.Kind.String())
		}
		return all
	}
	want := []string{"same.test useless", "stops.test contradictory", "needed.test useless", "stale.test stale",
		"@bad never_matched", "refused.test invalid_policy"}
	if diff := cmp.Diff(want, list(May)); diff != "" {
		t.Errorf("at may (-want +got):\n%s", diff)
	}
	want = []string{"good.test useless", "same.test useless", "stops.test contradictory", "stale.test stale",
		".below.test useless", "@bad never_matched", "refused.test invalid_policy"}
	if diff := cmp.Diff(want, list(Encrypt)); diff != "" {
		t.Errorf("at encrypt (-want +got):\n%s", diff)
	}
}
