package postfix

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDefaults compares with "postconf -d" of Postfix 3.7.11.
func TestDefaults(t *testing.T) {
	t.Parallel()
	c := NewConfig(nil, Options{})
	for _, check := range []struct {
		what      string
		got, want any
	}{
		{"releases", [2]Version{c.Postfix, c.OpenSSL}, [2]Version{{3, 7}, {3, 0}}},
		{"level", c.Level, None},
		{"trust", c.Trusts(), false},
		{"ciphers", [2]string{c.Ciphers, c.MandatoryCiphers}, [2]string{"medium", "medium"}},
		{"secure match", c.SecureMatch, []string{"nexthop", "dot-nexthop"}},
		{"verify match", c.VerifyMatch, []string{"hostname"}},
		{"digest", c.FingerprintDigest, "md5"},
		{"insecure MX", c.InsecureMXPolicy, May},
		{"families", [2]bool{c.IPv4, c.IPv6}, [2]bool{true, true}},
		{"preference", c.AddressPreference, "any"},
		{"limits", [2]int{c.AddressLimit, c.SessionLimit}, [2]int{5, 2}},
		{"balance", c.Balance, true},
		{"shuffle", c.Shuffle, true},
		{"skip 5xx", c.Skip5xxGreeting, true},
		{"timeouts", [3]time.Duration{c.ConnectTimeout, c.HeloTimeout, c.StartTLSTimeout},
			[3]time.Duration{30 * time.Second, 300 * time.Second, 300 * time.Second}},
		{"queue", [2]time.Duration{c.MinimalBackoff, c.MaximalQueueLifetime},
			[2]time.Duration{300 * time.Second, 120 * time.Hour}},
		{"TLS 1.0, SSL 3", [2]bool{c.Protocols.Allows(0x0301), c.MandatoryProtocols.Allows(0x0300)}, [2]bool{true, false}},
		{"remarks", codes(c), []string{LevelNone, NoAnchors, LoglevelZero}},
	} {
		if diff := cmp.Diff(check.want, check.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", check.what, diff)
		}
	}
}

func codes(c *Config) []string {
	var all []string
	for _, r := range c.Remarks() {
		all = append(all, r.Code)
	}
	return all
}

func TestReleases(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v     Version
		lines []string
		level Level
		mxs   Level
		print string
	}{
		{Version{3, 5}, nil, None, Dane, "md5"},
		{Version{3, 7}, []string{"compatibility_level = 3.6"}, None, May, "sha256"},
		{Version{3, 7}, []string{"smtp_tls_security_level = dane"}, Dane, Dane, "md5"},
		{Version{3, 11}, []string{"compatibility_level = 3.6"}, None, May, "sha256"},
		{Version{3, 11}, []string{"compatibility_level = 3.11"}, May, May, "sha256"},
		{Version{3, 11}, []string{"compatibility_level = 9999"}, May, May, "sha256"},
	} {
		c := configured(t, tt.v, tt.lines...)
		if c.Level != tt.level || c.InsecureMXPolicy != tt.mxs || c.FingerprintDigest != tt.print {
			t.Errorf("%s %v: level %s, insecure MX %s, digest %s", tt.v, tt.lines, c.Level, c.InsecureMXPolicy,
				c.FingerprintDigest)
		}
	}
}

func TestRemarks(t *testing.T) {
	t.Parallel()
	const fine = "smtp_tls_security_level = may\nsmtp_tls_loglevel = 1\n"
	for _, tt := range []struct {
		name  string
		lines string
		want  []string
		say   string // a part of the first one's text
	}{
		{"nothing amiss", fine, nil, ""},
		{"log level", "smtp_tls_security_level = may", []string{LoglevelZero}, "no TLS lines at all"},
		{"no CAfile", fine + "smtp_tls_CAfile =", []string{NoAnchors}, "no fault of the servers"},
		{"default CAs", fine + "tls_append_default_CA = yes", nil, ""},
		{"default CAs alone", fine + "smtp_tls_CAfile =\ntls_append_default_CA = yes", []string{NoAnchors}, "nothing alone"},
		{"relayhost", fine + "relayhost = [relay.example]:587", []string{RelayhostSet},
			"name [relay.example]:587 as the destination"},
		{"other routes", fine + "transport_maps = hash:/t\nfallback_relay = [b.example]\ndefault_transport = uucp:x",
			[]string{OtherRoutes, OtherRoutes, OtherRoutes}, "transport_maps = hash:/t was not read"},
		{"fallback", fine + "smtp_fallback_relay = [b.example]", []string{OtherRoutes}, "goes there instead"},
		{"senders' relays", fine + "sender_dependent_relayhost_maps = hash:/s", []string{OtherRoutes}, "was not read"},
		{"a relay by another name", fine + "default_transport = smtp:[relay.example]", []string{RelayhostSet},
			"name [relay.example] as"},
		{"trust anchor file", fine + "smtp_tls_trust_anchor_file = /ta.pem", []string{TAFileSet}, "was not read"},
		{"trust anchor file alone", fine + "smtp_tls_CAfile=\nsmtp_tls_trust_anchor_file = /ta.pem",
			[]string{NoAnchors, TAFileSet}, "no fault of the servers"},
		{"wrapper mode", fine + "smtp_tls_wrappermode = yes", []string{WrapperMode}, "as on port 465"},
		{"dane, no DNSSEC", fine + "smtp_tls_security_level = dane", []string{DaneWithoutDNSSEC}, "works as may"},
		{"dane-only, no DNSSEC", fine + "smtp_tls_security_level = dane-only", []string{DaneWithoutDNSSEC},
			"defers all mail"},
		{"dane", fine + "smtp_tls_security_level = dane\nsmtp_dns_support_level = dnssec", nil, ""},
		{"dane, hosts file", fine + "smtp_tls_security_level = dane\nsmtp_dns_support_level = dnssec\n" +
			"smtp_host_lookup = native",
			[]string{DaneWithoutDNSSEC}, "dns in smtp_host_lookup"},
		{"no such level", fine + "smtp_tls_security_level = maximal", []string{UnknownLevel}, "does not start"},
		{"level in capitals", fine + "smtp_tls_security_level = EnCrypt", nil, ""},
		{"fingerprint", fine + "smtp_tls_security_level = fingerprint", []string{FingerprintNothing}, "defers all mail"},
		{"legacy may", "smtp_tls_loglevel = 1\nsmtp_use_tls = yes", []string{LegacyTLS}, "= may"},
		{"legacy encrypt", "smtp_tls_loglevel = 1\nsmtp_enforce_tls = yes\nsmtp_tls_enforce_peername = no",
			[]string{LegacyTLS}, "= encrypt"},
		{"legacy verify", "smtp_tls_loglevel = 1\nsmtp_enforce_tls = yes", []string{LegacyTLS}, "= verify"},
		{"legacy overridden", fine + "smtp_enforce_tls = yes", nil, ""},
		{"SNI", fine + "smtp_tls_servername = hostname", []string{ServernameSet}, "hostname"},
		{"per site", fine + "smtp_tls_per_site = hash:/x", []string{PolicyIgnored}, "smtp_tls_policy_maps replaces it"},
		{"protocols", fine + "smtp_tls_protocols = TLSv9", []string{BadValue}, "every TLS handshake fail"},
		{"grade", fine + "smtp_tls_mandatory_ciphers = extreme", []string{BadValue}, "every TLS handshake fail"},
		{"a name that is none", fine + "smtp_tls_secure_cert_match = -x-:nexthop", []string{BadValue},
			"no certificate has it"},
		{"number", fine + "smtp_mx_address_limit = many", []string{BadValue}, "it was taken to be 5"},
		{"yes or no", fine + "smtp_skip_5xx_greeting = maybe", []string{BadValue}, "it was taken to be yes"},
		{"time", fine + "minimal_backoff_time = soon", []string{BadValue}, "it was taken to be 300s"},
		{"too long", fine + "maximal_queue_lifetime = 99999999d", []string{BadValue}, "it was taken to be 5d"},
		{"preference", fine + "smtp_address_preference = ipx", []string{BadValue}, "it was taken to be any"},
		{"insecure MX", fine + "smtp_tls_dane_insecure_mx_policy = secure", []string{BadValue}, "it was taken to be dane"},
		{"byte order mark", "\ufeffsmtp_tls_ciphers = low\n" + fine, []string{BadValue}, "smtp_tls_ciphers is not set"},
		{"no end", fine + "smtp_tls_CApath = ${a", []string{BadValue}, "smtp(8) does not start with it"},
		{"undefined", fine + "smtp_tls_CApath = $mydomain", []string{UndefinedName}, "$mydomain"},
		{"tables of no text", fine + "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix, " +
			"regexp:/etc/postfix/tls_policy.regexp",
			[]string{UnreadableMap, UnreadableMap}, "socketmap"},
		{"tables in main.cf", fine + "smtp_tls_policy_maps = inline:{ {a = may}, b=may }, static:{secure match=nexthop}",
			nil, ""},
		{"bad tables in main.cf", fine + "smtp_tls_policy_maps = inline:{ {a = whatever} } static:none static:x",
			[]string{PolicySyntax, PolicySyntax}, "line 1, a"},
		{"nobody to open it", fine + "smtp_tls_policy_maps = hash:/etc/postfix/tls_policy",
			[]string{UnreadableMap}, "hash:/etc/postfix/tls_policy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := configured(t, Version{}, strings.Split(tt.lines, "\n")...)
			if diff := cmp.Diff(tt.want, codes(c)); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			if tt.say != "" && !strings.Contains(c.Remarks()[0].Text, tt.say) {
				t.Errorf("%q does not say %q", c.Remarks()[0].Text, tt.say)
			}
		})
	}
}

// TestRemarkOrder: every code has its place, and the engine comes before the log level.
func TestRemarkOrder(t *testing.T) {
	t.Parallel()
	c := configured(t, Version{}, "relayhost = x", "smtp_tls_protocols = x")
	c.EngineOff = "/ca.pem:12: broken"
	want := []string{BadValue, RemarkEngineOff, RelayhostSet, LevelNone, LoglevelZero}
	if diff := cmp.Diff(want, codes(c)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(remarkOrder)))
	if slices.Contains(remarkOrder, "") || len(distinct) != len(remarkOrder) {
		t.Error("codes are empty or stand twice")
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	policy := filepath.Join(dir, "policy")
	if err := os.WriteFile(policy, []byte("example.test encrypt\nbad.test nosuch\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(name string) (io.ReadCloser, error) { return os.Open(name) }
	s, err := ParseMainCF(strings.NewReader("config_directory = " + dir + "\nsmtp_tls_CAfile = x\n" +
		"smtp_tls_loglevel = 1\n" +
		"smtp_tls_security_level = may\n" +
		"smtp_tls_policy_maps = texthash:$config_directory/policy, proxy:lmdb:" + policy +
		" hash:" + dir + "/gone $default_database_type:" + policy))
	if err != nil {
		t.Fatal(err)
	}
	c := NewConfig(s, Options{Open: open})
	if len(c.Policies) != 3 || len(c.Policies[0].Entries) != 2 {
		t.Fatalf("%d tables", len(c.Policies))
	}
	want := []string{UnreadableMap, UnmadeMap, UnmadeMap, PolicySyntax, PolicySyntax, PolicySyntax}
	if diff := cmp.Diff(want, codes(c)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(c.Remarks()[0].Text,
		fs.ErrNotExist.Error()) && !strings.Contains(c.Remarks()[0].Text, "no such file") {
		t.Errorf("%q", c.Remarks()[0].Text)
	}
	if p, policy := Current(c, destination(t, at(10, well())), 0); policy.Level != Encrypt || p.Outcome != Encrypted {
		t.Errorf("by the table: %s at %s", brief(p), policy.Level)
	}
	for key, want := range map[string]string{"bad.test": "deferred 4.7.5 policy_invalid",
		"other.test": "encrypted Trusted"} {
		d := destination(t, at(10, well()))
		d.Target = target(t, key)
		if p, _ := Current(c, d, 0); brief(p) != want {
			t.Errorf("%s: %s, want %s", key, brief(p), want)
		}
	}
	c.Level = LevelUnknown
	d := destination(t, at(10, well()))
	d.Target = target(t, "other.test")
	if p, _ := Current(c, d, 0); brief(p) != "unknown unknown_level" {
		t.Errorf("no level at all: %s", brief(p))
	}
}

// files are tables by path, for Options.Open.
func files(all map[string]string) func(string) (io.ReadCloser, error) {
	return func(name string) (io.ReadCloser, error) {
		text, ok := all[name]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return io.NopCloser(strings.NewReader(text)), nil
	}
}

// TestTablePaths: where Postfix 3.7.11 looks for a table, and what is said of one that is not there.
func TestTablePaths(t *testing.T) {
	t.Parallel()
	open := files(map[string]string{
		"/etc/out/policy": "example.test encrypt", "/my/policy": "example.test encrypt",
		"/var/spool/postfix/policy": "example.test encrypt", "/gone.db": "\x00", "/gone.lmdb": "\x00",
	})
	for _, tt := range []struct {
		lines string
		level Level  // that the table gives
		say   string // in the remark
	}{
		{"smtp_tls_policy_maps = texthash:$config_directory/policy", Encrypt, ""},
		{"config_directory = /my\nsmtp_tls_policy_maps = hash:$config_directory/policy", Encrypt, ""},
		{"smtp_tls_policy_maps = hash:policy", Encrypt, ""},
		{"queue_directory = /other\nsmtp_tls_policy_maps = hash:policy", None, "open /other/policy: file does not exist"},
		{"smtp_tls_policy_maps = hash:/gone", None, `"postmap -s hash:/gone >FILE" brings it back`},
		{"smtp_tls_policy_maps = lmdb:/gone", None, `"postmap -s lmdb:/gone >FILE" brings it back`},
		{"smtp_tls_policy_maps = texthash:/gone", None, "a Postfix that cannot open it either defers all mail"},
	} {
		s, err := ParseMainCF(strings.NewReader(tt.lines))
		if err != nil {
			t.Fatal(err)
		}
		c := NewConfig(s, Options{Open: open, Directory: "/etc/out"})
		if _, policy := Current(c, destination(t, at(10, well())), 0); policy.Level != tt.level {
			t.Errorf("%s: level %s", tt.lines, policy.Level)
		}
		said := slices.ContainsFunc(c.Remarks(), func(r Remark) bool {
			return r.Code == UnreadableMap && strings.Contains(r.Text, tt.say)
		})
		if said != (tt.say != "") {
			t.Errorf("%s: %v", tt.lines, c.Remarks())
		}
	}
}

// TestDirectory: main.cf may stand in a directory whose name looks like a parameter.
func TestDirectory(t *testing.T) {
	t.Parallel()
	s, err := ParseMainCF(strings.NewReader("smtp_tls_policy_maps = texthash:$config_directory/policy"))
	if err != nil {
		t.Fatal(err)
	}
	c := NewConfig(s, Options{Open: files(map[string]string{"/my$dir/policy": "a.test may"}), Directory: "/my$dir"})
	if len(c.Policies) != 1 || hasRemark(c, UnreadableMap) {
		t.Errorf("%v", c.Remarks())
	}
}

// TestRefusedTable: a texthash: table in which a key stands twice costs all mail, as seen with Postfix 3.7.11; postmap
// only warns of it.
func TestRefusedTable(t *testing.T) {
	t.Parallel()
	open := files(map[string]string{
		"/one": "example.test encrypt\n.parent.test encrypt", "/twice": "a.test may\nA.Test may",
	})
	for _, tt := range []struct{ tables, target, want string }{
		{"texthash:/twice", "example.test", "deferred 4.7.5 policy_invalid"},
		{"texthash:/one, texthash:/twice", "example.test", "encrypted Trusted"},
		{"texthash:/one, texthash:/twice", "x.parent.test", "deferred 4.7.5 policy_invalid"},
		{"texthash:/twice texthash:/one", "example.test", "deferred 4.7.5 policy_invalid"},
		{"hash:/twice", "example.test", "encrypted Trusted"},
	} {
		s, err := ParseMainCF(strings.NewReader("smtp_tls_security_level = may\nsmtp_tls_CAfile = x\n" +
			"smtp_tls_policy_maps = " + tt.tables))
		if err != nil {
			t.Fatal(err)
		}
		c := NewConfig(s, Options{Open: open})
		d := destination(t, at(10, well()))
		d.Target = target(t, tt.target)
		if p, _ := Current(c, d, 0); brief(p) != tt.want {
			t.Errorf("%s: %s: %s, want %s", tt.tables, tt.target, brief(p), tt.want)
		}
		if refused := strings.Contains(tt.tables, "texthash:/twice"); hasRemark(c, RefusedMap) != refused {
			t.Errorf("%s: %v", tt.tables, c.Remarks())
		}
	}
}

// TestMadeTable: of an indexed table Postfix reads what postmap made of the text.
func TestMadeTable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func(name string) (io.ReadCloser, error) { return os.Open(name) }
	text, made := filepath.Join(dir, "policy"), filepath.Join(dir, "policy.db")
	then := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	write := func(name string, at time.Time) {
		if err := os.WriteFile(name, []byte("example.test encrypt"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	s, err := ParseMainCF(strings.NewReader("smtp_tls_policy_maps = hash:" + text))
	if err != nil {
		t.Fatal(err)
	}
	said := func() string {
		for _, r := range NewConfig(s, Options{Open: open}).Remarks() {
			if r.Code == UnmadeMap {
				return r.Text
			}
		}
		return ""
	}
	write(text, then)
	if got := said(); !strings.Contains(got, "has no "+made+" beside it") {
		t.Errorf("not made: %q", got)
	}
	write(made, then.Add(-time.Second))
	if got := said(); !strings.Contains(got, "Postfix has the older entries still") {
		t.Errorf("not made again: %q", got)
	}
	write(made, then)
	if got := said(); got != "" {
		t.Errorf("made: %q", got)
	}
}

// TestKeyOrder: a longer key in a later table counts before a shorter one in an earlier table.
func TestKeyOrder(t *testing.T) {
	t.Parallel()
	s, err := ParseMainCF(strings.NewReader("smtp_tls_policy_maps = hash:/parents hash:/hosts"))
	if err != nil {
		t.Fatal(err)
	}
	c := NewConfig(s, Options{Open: files(map[string]string{"/parents": ".test may", "/hosts": "example.test encrypt"})})
	for next, want := range map[string]Level{"example.test": Encrypt, "other.test": May, "other.example": None} {
		d := destination(t, at(10, well()))
		d.Target = target(t, next)
		if _, policy := Current(c, d, 0); policy.Level != want || c.Listed(d) != (want != None) {
			t.Errorf("%s: level %s, listed %v", next, policy.Level, c.Listed(d))
		}
	}
}

func TestBinaryTable(t *testing.T) {
	t.Parallel()
	if _, err := ParseMap(strings.NewReader("\x00\x06\x15\x61"), "policy.db", Version{}); err == nil {
		t.Error("an indexed file was read as text")
	}
	_, err := ParseMap(strings.NewReader("a.test may\n"+strings.Repeat("# "+strings.Repeat("x", 1<<16)+"\n",
		1<<10)), "big", Version{})
	var bad *SyntaxError
	if !errors.As(err, &bad) {
		t.Errorf("a table without an end: %v", err)
	}
}
