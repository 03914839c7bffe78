package postfix

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzMainCF: any main.cf becomes a configuration that predicts something, within bounds, and settings that were
// written out again are the same settings.
func FuzzMainCF(f *testing.F) {
	f.Add("smtp_tls_security_level = may\nsmtp_tls_CAfile = ${a?{b}:{c}}\n",
		"example.test encrypt protocols=!SSLv2:>=TLSv1")
	f.Add("a = $b$b\nb = $a$a\nsmtp_tls_protocols = $a\n", "")
	f.Add("smtp_tls_policy_maps = inline:{ {a = b} }, hash:$x\nminimal_backoff_time = 9999999w", ".")
	f.Add("smtp_mx_address_limit = 0\nmaximal_queue_lifetime = ${{1} == {1} ? {0} : {9}}", "x\n y")
	f.Fuzz(func(t *testing.T, text, policy string) {
		s, err := ParseMainCF(strings.NewReader(text))
		if err != nil {
			return
		}
		var b strings.Builder
		for name, value := range s.values {
			b.WriteString(name + " = " + value + "\n")
		}
		again, err := ParseMainCF(strings.NewReader(b.String()))
		if err != nil {
			if strings.ContainsAny(b.String(), "\n#") { // a name that begins with # cannot be written twice
				return
			}
			t.Fatalf("its own settings: %v", err)
		}
		for name, value := range again.values {
			if s.values[name] != value {
				t.Fatalf("%q was %q and is %q", name, s.values[name], value)
			}
		}
		c := NewConfig(s, Options{})
		for _, r := range c.Remarks() {
			if r.Code == "" || len(r.Text) > 4*maxValue {
				t.Fatalf("remark %.200q", r)
			}
		}
		p, err := parsePolicy(policy, c.Postfix)
		if err == nil {
			PredictPolicy(c, destination(t, at(10, well())), p, 0)
		}
		for _, level := range Levels() {
			got := Predict(c, destination(t, at(10, well()), broken(10), plain(20)), level, time.Minute)
			if got.Outcome == Unknown && got.Reason == "" {
				t.Fatalf("%s: unknown without a reason", level)
			}
		}
	})
}

// FuzzPolicyMap: any text is a table whose entries can be found again, and whose policies read the same when written.
func FuzzPolicyMap(f *testing.F) {
	f.Add("example.test secure match=.example:nexthop servername=hostname\n.example.test may ciphers=high\n")
	f.Add("# c\n a\nb.test\n none\n[::1]:25 fingerprint match=AA|BB\n[x]:26 verify tafile=/a\n")
	f.Add("x.test encrypt exclude= protocols=>=TLSv1.2 { a = b }\n@ may\n\x00\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMap(strings.NewReader(text), "fuzz", Version{3, 10})
		if err != nil {
			return
		}
		for i, e := range m.Entries {
			if m.byKey[e.Key] != i || e.Line < 1 {
				t.Fatalf("entry %d, %q, cannot be found", i, e.Key)
			}
			if e.Err != nil {
				continue
			}
			back, err := parsePolicy(e.Policy.String(), Version{3, 10})
			if err != nil {
				t.Fatalf("%q as %q: %v", e.Value, *e.Policy, err)
			}
			if back.String() != e.Policy.String() {
				t.Fatalf("%q, then %q", *e.Policy, back)
			}
		}
		if !slices.IsSortedFunc(m.Check(debian(), May, nil), func(a, b Problem) int { return a.Line - b.Line }) {
			t.Fatal("problems out of order")
		}
		d := destination(t, at(10, well()))
		if e, ok := m.Lookup(d.Target); ok && cmp.Diff(e.Key, d.Target.String()) != "" && e.Key[0] != '.' {
			t.Fatalf("%s was found for %s", e.Key, d.Target)
		}
	})
}
