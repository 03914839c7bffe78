package mtasts

import (
	"testing"

	"mxtls/scanner/name"
)

func TestLegacyMatch(t *testing.T) {
	t.Parallel()
	domain := name.MustParse("example.com")
	for _, tt := range []struct {
		policy            Policy
		match, attributes string
	}{
		{Policy{Mode: Enforce, MX: mustPatterns("MX.example.com", "*.example.net")},
			"secure match=mx.example.com:.example.net servername=hostname",
			"policy_type=sts policy_domain=example.com mx_host_pattern=mx.example.com mx_host_pattern=*.example.net"},
		{Policy{Mode: Testing, MX: mustPatterns("mx.example.com")}, "", ""},
		{Policy{Mode: ModeNone, MX: mustPatterns("mx.example.com")}, "", ""},
		{Policy{Mode: Enforce}, "", ""},
		{Policy{}, "", ""},
	} {
		if got := tt.policy.LegacyMatch(); got != tt.match {
			t.Errorf("%+v: %q", tt.policy, got)
		}
		if got := tt.policy.PostfixAttributes(domain); got != tt.attributes {
			t.Errorf("%+v: %q", tt.policy, got)
		}
	}
}
