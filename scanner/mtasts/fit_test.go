package mtasts

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/truth"
)

func TestFit(t *testing.T) {
	t.Parallel()
	p := Policy{Enforce, week, mustPatterns("mx1.example.com", "*.example.net", "*.example.net", "gone.example.com")}
	chain := func(names ...string) *pkix.Chain { return &pkix.Chain{Status: pkix.Trusted, Names: names} }
	bad := func(s pkix.Status, r pkix.Reason) *pkix.Chain {
		return &pkix.Chain{Status: s, Reason: r, Names: []string{"mx1.example.com"}, Text: "because of " + r.String()}
	}
	const listed = "mx1.example.com"
	for _, tt := range []struct {
		name   string
		host   string
		tls    truth.Truth
		chain  *pkix.Chain
		listed bool
		passes truth.Truth
		fault  ServerFault
		text   string
	}{
		{"good", listed, truth.Yes, chain(listed), true, truth.Yes, ServerFaultNone, ""},
		{"wildcard certificate", listed, truth.Yes, chain("*.example.com"), true, truth.Yes, ServerFaultNone, ""},
		{"wildcard pattern", "a.example.net", truth.Yes, chain("a.example.net"), true, truth.Yes, ServerFaultNone, ""},
		{"two labels", "a.b.example.net", truth.Yes, chain("a.b.example.net"), false, truth.No, NotListed, "no pattern"},
		{"not listed", "mx2.example.com", truth.Yes, chain("mx2.example.com"), false, truth.No, NotListed, "no pattern"},
		{"not listed, not reached", "mx2.example.com", truth.Unknown, nil, false, truth.No, NotListed, "no pattern"},
		{"an address", "", truth.Yes, chain(), false, truth.No, NotListed, "names an address"},
		{"no TLS", listed, truth.No, nil, true, truth.No, NoTLS, "no TLS"},
		{"not reached", listed, truth.Unknown, nil, true, truth.Unknown, ServerFaultNone, "could not be told"},
		{"no chain seen", listed, truth.Yes, nil, true, truth.Unknown, ServerFaultNone, "not seen"},
		{"the domain's certificate", listed, truth.Yes, chain("example.com"), true, truth.No, CertificateMismatch,
			"no DNS name for mx1.example.com"},
		{"the pattern's certificate", "a.example.net", truth.Yes, chain("b.example.net"), true, truth.No,
			CertificateMismatch, "no DNS name for a.example.net"},
		{"expired", listed, truth.Yes, bad(pkix.Untrusted, pkix.Expired), true, truth.No, CertificateExpired,
			"because of certificate-expired"},
		{"self-signed", listed, truth.Yes, bad(pkix.Untrusted, pkix.SelfSigned), true, truth.No, CertificateUntrusted,
			"because of self_signed"},
		{"anonymous", listed, truth.Yes, bad(pkix.Anonymous, pkix.ReasonNone), true, truth.No, CertificateUntrusted, ""},
		{"not judged", listed, truth.Yes, bad(pkix.StatusUnknown, pkix.ChainTooLong), true, truth.Unknown,
			ServerFaultNone, "because of chain_too_long"},
		{"names cut", listed, truth.Yes, &pkix.Chain{Status: pkix.Trusted, Notes: []pkix.Note{pkix.NamesCut}}, true,
			truth.Unknown, ServerFaultNone, "more names than we keep"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := Server{TLS: tt.tls, Chain: tt.chain}
			if tt.host != "" {
				s.Host = name.MustParse(tt.host)
			}
			fits, _ := p.Fit([]Server{s})
			f := fits[0]
			if len(fits) != 1 || f.Host != s.Host || f.Listed != tt.listed || f.Passes != tt.passes || f.Fault != tt.fault ||
				!strings.Contains(f.Text, tt.text) || (f.Text == "") != (tt.passes == truth.Yes) {
				t.Errorf("%+v", f)
			}
			if f.Listed != (f.Pattern != Pattern{}) || f.Listed && !f.Pattern.Match(f.Host) {
				t.Errorf("listed as %v", f.Pattern)
			}
		})
	}
}

func TestFitUnused(t *testing.T) {
	t.Parallel()
	p := Policy{Testing, week,
		mustPatterns("a.example", "*.b.example", "c.example", "*.example", "a.example", "c.example")}
	fits, unused := p.Fit([]Server{{Host: name.MustParse("a.example")}, {Host: name.MustParse("d.example")}})
	if len(fits) != 2 || fits[0].Pattern.String() != "a.example" || fits[1].Pattern.String() != "*.example" {
		t.Errorf("%+v", fits)
	}
	if diff := cmp.Diff(mustPatterns("*.b.example", "c.example"), unused, patterns); diff != "" {
		t.Error(diff)
	}
	if fits, unused := (Policy{}).Fit(nil); len(fits) != 0 || len(unused) != 0 {
		t.Errorf("%v, %v", fits, unused)
	}
}
