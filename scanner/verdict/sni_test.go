package verdict

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/starttls"
)

// TestCertificateDiffersBySNI: what a server shows to who names it is told apart from what Postfix is shown by default.
func TestCertificateDiffersBySNI(t *testing.T) {
	t.Parallel()
	shows := func(sni, leaf string) *starttls.Session {
		s := &starttls.Session{Ask: starttls.Ask{SNI: sni}, Stage: starttls.Done, Offered: true}
		if leaf != "" {
			s.TLS = &starttls.Handshake{Version: 0x0304, Chain: [][]byte{[]byte(leaf), []byte("issuer")}}
		}
		return s
	}
	for _, tt := range []struct {
		name              string
		plain, named, sts *starttls.Session
		want              bool
	}{
		{"the same", shows("", "a"), shows("mx.example", "a"), nil, false},
		{"another by the base domain", shows("", "a"), shows("mx.example", "b"), nil, true},
		{"another by the MX name", shows("", "a"), nil, shows("mx.example", "b"), true},
		{"no handshake", shows("", "a"), shows("mx.example", ""), nil, false},
		{"nobody named it", shows("", "a"), nil, nil, false},
	} {
		host := name.MustParse("mx.example.net")
		f := Facts{MX: mx.Set{Kind: mx.Listed}, Servers: []Server{{
			Host: host, Label: host.String(), Addr: netip.MustParseAddrPort("192.0.2.1:25"),
			Session: tt.plain, Named: tt.named, STS: tt.sts,
		}}}
		v := Judge(&f, time.Now())
		got := slices.ContainsFunc(v.Findings, func(f Finding) bool {
			return f.Code == CertificateDiffersBySNI && f.Severity == Info && f.Address == "192.0.2.1"
		})
		if got != tt.want {
			t.Errorf("%s: %v", tt.name, v.Findings)
		}
	}
}
