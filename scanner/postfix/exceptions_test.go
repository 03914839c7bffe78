package postfix

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
)

// hosted is a domain whose mail is with a provider: the certificate has the MX host's name and not the domain's.
func hosted(t *testing.T, domain string, hosts ...string) *Destination {
	t.Helper()
	d := destination(t, make([]Server, len(hosts))...)
	d.Target = target(t, domain)
	for i, h := range hosts {
		c := chain(pkix.Trusted, pkix.ReasonNone, h)
		s := certified(at(10, well()), c, c)
		s.Label, s.Host, s.Addr = h, host(t, h), d.Servers[i].Addr
		d.Servers[i] = s
	}
	return d
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	named := func(s string, servers ...Server) *Destination {
		d := destination(t, servers...)
		d.Target = target(t, s)
		return d
	}
	null := named("null.test")
	null.MX = &mx.Set{Kind: mx.Null, Reason: mx.NullMX}
	self := chain(pkix.Untrusted, pkix.SelfSigned, "mx1.example.test")
	ds := []*Destination{
		hosted(t, "b.test", "mx1.mail.provider.example", "mx2.mail.provider.example"),
		hosted(t, "a.test", "mx.one.example", "mx.two.example"),
		named("plain.test", plain(10)),
		named("plain.test", plain(10)),
		named("self.test", certified(at(10, well()), self, self)),
		named("example.test", at(10, well())),
		named("[mx.bracket.test]:25", plain(10)),
		named("untested.test", untested(10)),
		named("down.test", busy(10)),
		named("broken.test", broken(10)),
		null,
	}
	list := func(level Level) (all []string) {
		for _, e := range Exceptions(debian(), level, ds) {
			all = append(all, e.Key+" "+e.Policy.String())
		}
		return all
	}
	for level, want := range map[Level][]string{
		May:     nil,
		Encrypt: {"[mx.bracket.test]:25 may", "broken.test may", "plain.test may"},
		Secure: {"[mx.bracket.test]:25 may", "a.test secure match=.one.example:.two.example",
			"b.test secure match=.mail.provider.example", "broken.test may", "plain.test may", "self.test encrypt"},
		Verify: {"[mx.bracket.test]:25 may", "broken.test may", "plain.test may", "self.test encrypt"},
	} {
		if diff := cmp.Diff(want, list(level)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", level, diff)
		}
	}
}

// TestExceptionsReadable: a key that nobody can read has its name beside it.
func TestExceptionsReadable(t *testing.T) {
	t.Parallel()
	d := destination(t, plain(10))
	d.Target = target(t, "\u65e5\u672c\u8a9e.jp")
	es := Exceptions(debian(), Encrypt, []*Destination{d})
	var b strings.Builder
	if err := WriteMap(&b, Encrypt, es, MapOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n# \u65e5\u672c\u8a9e.jp: deferred at level encrypt by ",
		"\nxn--wgv71a119e.jp may\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// TestExceptionsSuffice: with the entries written and read again, what they are for is delivered.
func TestExceptionsSuffice(t *testing.T) {
	t.Parallel()
	ds := []*Destination{hosted(t, "b.test", "mx1.provider.example"), destination(t, plain(10), refusing(20))}
	for _, kind := range []string{"", "texthash", "hash", "lmdb"} {
		es := Exceptions(debian(), Secure, ds)
		var b strings.Builder
		if err := WriteMap(&b, Secure, es, MapOptions{Date: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC),
			Type: kind}); err != nil {
			t.Fatal(err)
		}
		m := table(t, b.String())
		if len(es) != 2 || len(m.Entries) != 2 || len(m.Check(debian(), Secure, ds)) != 0 {
			t.Errorf("%d exceptions, %d entries, %v", len(es), len(m.Entries), m.Check(debian(), Secure, ds))
		}
		for _, d := range ds {
			e, _ := m.Lookup(d.Target)
			if got := PredictPolicy(debian(), d, *e.Policy, 0).Outcome; got != Encrypted && got != Plaintext {
				t.Errorf("%s %s: %s", e.Key, *e.Policy, got)
			}
		}
	}
}

func TestWriteMap(t *testing.T) {
	t.Parallel()
	es := []Exception{{Key: "a.test", Policy: Policy{Level: May},
		Why: "deferred at level encrypt (450 \x1b[2J\nb.test none)"}}
	at := time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC)
	var b strings.Builder
	if err := WriteMap(&b, Encrypt, es, MapOptions{Date: at, Type: "hash", Path: "/etc/postfix/x",
		Review: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	want := `# Exceptions to smtp_tls_security_level = encrypt, as of 2026-11-23.
# main.cf: smtp_tls_policy_maps = hash:/etc/postfix/x
# After a change: postmap hash:/etc/postfix/x

# deferred at level encrypt (450 ?[2J?b.test none)
# seen 2026-11-23, review by 2026-11-24
a.test may
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		tables []string
		want   string
	}{
		{nil, "texthash:/etc/postfix/tls_policy"},
		{[]string{"hash:/a", "inline:{ a = may }"}, "hash:/a, inline:{ a = may }, texthash:/etc/postfix/tls_policy"},
		{[]string{"texthash:/etc/postfix/tls_policy", "hash:/a"}, "texthash:/etc/postfix/tls_policy, hash:/a"},
	} {
		b.Reset()
		err := WriteMap(&b, Encrypt, nil, MapOptions{Tables: tt.tables})
		if want := "# main.cf: smtp_tls_policy_maps = " + tt.want + "\n"; err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("beside %v: %v\n%s", tt.tables, err, b.String())
		}
	}
	if err := WriteMap(io.Discard, Encrypt, nil, MapOptions{Type: "cidr"}); err == nil {
		t.Error("a CIDR table was written")
	}
	if err := WriteMap(failing{}, Encrypt, es, MapOptions{}); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, iotest.ErrTimeout }

func TestAdvice(t *testing.T) {
	t.Parallel()
	const bundle = "/etc/ssl/certs/ca-certificates.crt"
	settings := func(lines []string) (all []string) {
		for _, l := range lines {
			if !strings.HasPrefix(l, "#") {
				all = append(all, l)
			}
		}
		return all
	}
	broken := configured(t, Version{}, "smtp_tls_security_level = may", "smtp_tls_loglevel = 1")
	broken.EngineOff = "/ca.pem:3: broken"
	for _, tt := range []struct {
		name        string
		bundle, dir string
		cfg         *Config
		want        []string
	}{
		{"nothing known", bundle, "/hashed", nil, []string{"smtp_tls_CAfile = " + bundle, "smtp_tls_security_level = may",
			"smtp_tls_loglevel = 1"}},
		{"no bundle here", "", "", nil, []string{"smtp_tls_security_level = may", "smtp_tls_loglevel = 1"}},
		{"all set", bundle, "/hashed", configured(t, Version{}, "smtp_tls_security_level = encrypt", "smtp_tls_loglevel = 1"), nil},
		{"dane", bundle, "", configured(t, Version{}, "smtp_tls_security_level = dane", "smtp_tls_loglevel = 1"),
			[]string{"smtp_dns_support_level = dnssec"}},
		{"dane, hosts file", bundle, "", configured(t, Version{}, "smtp_tls_security_level = dane", "smtp_tls_loglevel = 1",
			"smtp_host_lookup = native"), []string{"smtp_dns_support_level = dnssec", "smtp_host_lookup = dns"}},
		{"broken CAfile", bundle, "/hashed", broken, []string{"smtp_tls_CAfile = " + bundle}},
		{"a directory alone", "", "/hashed", nil, []string{"smtp_tls_CApath = /hashed", "smtp_tls_security_level = may",
			"smtp_tls_loglevel = 1"}},
		{"broken CAfile, a directory alone", "", "/hashed", broken, []string{"smtp_tls_CAfile =", "smtp_tls_CApath = /hashed"}},
	} {
		lines := Advice(tt.bundle, tt.dir, tt.cfg)
		if diff := cmp.Diff(tt.want, settings(lines)); diff != "" || len(lines) == 0 {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		s, err := ParseMainCF(strings.NewReader(strings.Join(lines, "\n")))
		if err != nil || len(s.values) != len(tt.want) {
			t.Errorf("%s: as main.cf: %v, %v", tt.name, s, err)
		}
	}
	none := Advice("", "", nil)
	if !strings.Contains(none[0], "No file of root certificates") || !strings.Contains(none[1], "set smtp_tls_CAfile") {
		t.Errorf("without a bundle: %q", none)
	}
	again := configured(t, Version{}, Advice(bundle, "", nil)...)
	if left := settings(Advice(bundle, "", again)); left != nil || len(again.Remarks()) > 0 {
		t.Errorf("after the advice was taken: %v, %v", left, again.Remarks())
	}
}
