package postfix

import (
	"crypto/tls"
	"testing"
	"time"

	"mxtls/scanner/dane"
	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
)

// under puts a server's TLSA outcome beside it.
func under(s Server, status dane.Status, reason dane.Reason) Server {
	s.DANE = &dane.Outcome{Status: status, Reason: reason}
	switch status {
	case dane.Match, dane.Mismatch, dane.Unusable:
		s.DANE.Records = make([]dane.Record, 1)
	}
	return s
}

// trusted gives a destination's MX answer a trust.
func trusted(d *Destination, trust resolve.Trust) *Destination {
	set := *d.MX
	set.Trust = trust
	d.MX = &set
	return d
}

// validating is a configuration at level dane that looks TLSA records up.
func validating(t *testing.T, v Version, lines ...string) *Config {
	t.Helper()
	lines = append([]string{"smtp_tls_security_level = dane", "smtp_dns_support_level = dnssec"}, lines...)
	return configured(t, v, lines...)
}

// TestDANETable walks what dane and dane-only do: one server, by its TLSA outcome and by what goes wrong with it.
func TestDANETable(t *testing.T) {
	t.Parallel()
	c := validating(t, Version{3, 10})
	bare := talk(starttls.Done, starttls.StartTLSNotSupported, greets, "EHLO x|250 mx")
	refused4 := talk(starttls.EHLO, starttls.StartTLSTemporary, greets, offers, "STARTTLS|454 4.7.0 no")
	refused5 := talk(starttls.EHLO, starttls.StartTLSRefused, greets, offers, "STARTTLS|502 no")
	broken := talk(starttls.StartTLS, starttls.TLSClosed, greets, offers, starts)
	died := talk(starttls.TLS, starttls.AfterTLSClosed, greets, offers, starts, "EHLO x|")
	untrusted := certified(at(10, well()), chain(pkix.Untrusted, pkix.SelfSigned), chain(pkix.Untrusted, pkix.SelfSigned))
	absent := under(at(10, bare), dane.StatusUnknown, dane.NoCertificate)
	absent.DANE.Records = make([]dane.Record, 1)
	misnamed := under(at(10, well()), dane.Mismatch, dane.HostMismatch)
	misnamed.DANE.Chain.Status = pkix.Trusted
	misnamed.DANE.Chain.Found = true
	for _, tt := range []struct {
		name           string
		server         Server
		dane, daneOnly string
	}{
		{"match", under(at(10, well()), dane.Match, 0), "encrypted Verified", "encrypted Verified"},
		{"match, untrusted to the bundle", under(untrusted, dane.Match, 0), "encrypted Verified", "encrypted Verified"},
		{"no STARTTLS", under(at(10, bare), dane.Match, 0), "deferred 4.7.4 starttls-not-supported",
			"deferred 4.7.4 starttls-not-supported"},
		{"no STARTTLS, so no certificate", absent, "deferred 4.7.4 starttls-not-supported",
			"deferred 4.7.4 starttls-not-supported"},
		{"STARTTLS refused 4xx", under(at(10, refused4), dane.Match, 0), "deferred 4.7.0 starttls_temporary",
			"deferred 4.7.0 starttls_temporary"},
		{"STARTTLS refused 5xx", under(at(10, refused5), dane.Match, 0), "bounced 5.0.0 starttls_refused",
			"bounced 5.0.0 starttls_refused"},
		{"handshake fails", under(at(10, broken), dane.Match, 0), "deferred 4.7.5 tls_closed", "deferred 4.7.5 tls_closed"},
		{"session dies after the handshake", under(at(10, died), dane.Match, 0), "deferred Verified 4.4.2 after_tls_closed",
			"deferred Verified 4.4.2 after_tls_closed"},
		{"records that do not fit", under(at(10, well()), dane.Mismatch, dane.TLSAInvalid),
			"deferred Untrusted 4.7.5 tlsa-invalid", "deferred Untrusted 4.7.5 tlsa-invalid"},
		{"anchor's certificate expired", under(at(10, well()), dane.Mismatch, dane.Expired),
			"deferred Untrusted 4.7.5 certificate-expired", "deferred Untrusted 4.7.5 certificate-expired"},
		{"anchor's certificate for another", misnamed, "deferred Trusted 4.7.5 certificate-host-mismatch",
			"deferred Trusted 4.7.5 certificate-host-mismatch"},
		{"lookup failed", under(at(10, well()), dane.Failed, dane.LookupFailed), "deferred 4.7.5 tlsa_lookup_failed",
			"deferred 4.7.5 tlsa_lookup_failed"},
		{"bogus", under(at(10, well()), dane.Failed, dane.DNSSECInvalid), "deferred 4.7.5 dnssec-invalid",
			"deferred 4.7.5 dnssec-invalid"},
		{"no records", under(at(10, well()), dane.None, dane.NoRecord), "encrypted Trusted", "deferred 4.7.5 no_tlsa_record"},
		{"no records, no STARTTLS", under(at(10, bare), dane.None, dane.NoRecord), "plaintext starttls-not-supported",
			"deferred 4.7.5 no_tlsa_record"},
		{"no records, handshake fails", under(at(10, broken), dane.None, dane.NoRecord), "plaintext after 5m0s tls_closed",
			"deferred 4.7.5 no_tlsa_record"},
		{"insecure host", under(at(10, untrusted.Session), dane.Insecure, dane.AddressInsecure), "encrypted Trusted",
			"deferred 4.7.5 address_insecure"},
		{"none usable", under(untrusted, dane.Unusable, dane.NoUsableRecord), "encrypted Untrusted",
			"deferred 4.7.5 no_usable_tlsa_record"},
		{"none usable, no STARTTLS", under(at(10, bare), dane.Unusable, dane.NoUsableRecord),
			"deferred 4.7.4 starttls-not-supported", "deferred 4.7.5 no_usable_tlsa_record"},
		{"none usable, handshake fails", under(at(10, broken), dane.Unusable, dane.NoUsableRecord),
			"deferred 4.7.5 tls_closed", "deferred 4.7.5 no_usable_tlsa_record"},
		{"not looked up", at(10, well()), "unknown dane_not_checked", "unknown dane_not_checked"},
		{"nobody to believe", under(at(10, well()), dane.StatusUnknown, dane.ResolverNotTrusted),
			"unknown resolver_not_trusted", "unknown resolver_not_trusted"},
		{"the judge could not tell", under(at(10, well()), dane.StatusUnknown, dane.CannotTell), "unknown cannot_tell",
			"unknown cannot_tell"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := trusted(destination(t, tt.server), resolve.Secure)
			for level, want := range map[Level]string{Dane: tt.dane, DaneOnly: tt.daneOnly} {
				if got := brief(Predict(c, d, level, 0)); got != want {
					t.Errorf("%s: %s, want %s", level, got, want)
				}
			}
		})
	}
}

// TestInsecureMX: what an insecure MX answer does to a server that its records authenticate.
func TestInsecureMX(t *testing.T) {
	t.Parallel()
	good := under(at(10, well()), dane.Match, 0)
	bad := under(at(10, well()), dane.Mismatch, dane.TLSAInvalid)
	policy := "smtp_tls_dane_insecure_mx_policy = "
	for _, tt := range []struct {
		name                string
		c                   *Config
		level               Level
		match, mismatch     string
		matchAlone, unknown string // without MX records; with an MX answer of unknown trust
	}{
		{"dane", validating(t, Version{3, 10}), Dane, "encrypted Trusted", "deferred Untrusted 4.7.5 tlsa-invalid",
			"encrypted Verified", "unknown resolver_not_trusted"},
		{"encrypt", validating(t, Version{3, 10}, policy+"encrypt"), Dane, "encrypted Trusted", "encrypted Trusted",
			"encrypted Verified", "unknown resolver_not_trusted"},
		{"may", validating(t, Version{3, 10}, policy+"may"), Dane, "encrypted Trusted", "encrypted Trusted",
			"encrypted Verified", "unknown resolver_not_trusted"},
		{"before 3.1", validating(t, Version{3, 0}), Dane, "encrypted Trusted", "encrypted Trusted",
			"encrypted Verified", "unknown resolver_not_trusted"},
		{"dane-only", validating(t, Version{3, 10}), DaneOnly, "deferred 4.7.5 mx_insecure", "deferred 4.7.5 mx_insecure",
			"encrypted Verified", "unknown resolver_not_trusted"},
		{"supposing dane", debian(), Dane, "encrypted Trusted", "deferred Untrusted 4.7.5 tlsa-invalid",
			"encrypted Verified", "unknown resolver_not_trusted"},
		{"supposing dane, policy set", configured(t, Version{3, 10}, policy+"may"), Dane, "encrypted Trusted",
			"encrypted Trusted", "encrypted Verified", "unknown resolver_not_trusted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			blind := under(at(10, well()), dane.StatusUnknown, dane.ResolverNotTrusted)
			got := brief(Predict(tt.c, trusted(destination(t, blind), resolve.Insecure), tt.level, 0))
			if got != "unknown resolver_not_trusted" {
				t.Errorf("by a resolver that does not validate: %s", got)
			}
			alone := destination(t, good)
			alone.MX = &mx.Set{Kind: mx.Implicit}
			for d, want := range map[*Destination]string{
				trusted(destination(t, good), resolve.Insecure): tt.match,
				trusted(destination(t, bad), resolve.Insecure):  tt.mismatch,
				alone:                tt.matchAlone,
				destination(t, good): tt.unknown,
			} {
				if got := brief(Predict(tt.c, d, tt.level, 0)); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			}
		})
	}
}

// TestDANEServers: each server is tried by its own records, and the next one after a soft end.
func TestDANEServers(t *testing.T) {
	t.Parallel()
	c := validating(t, Version{3, 10})
	bad := under(at(10, well()), dane.Mismatch, dane.TLSAInvalid)
	mute := under(at(10, well()), dane.Failed, dane.LookupFailed)
	none := under(at(20, well()), dane.None, dane.NoRecord)
	good := under(at(20, well()), dane.Match, 0)
	for _, tt := range []struct {
		servers        []Server
		dane, daneOnly string
	}{
		{[]Server{bad, good}, "encrypted Verified", "encrypted Verified"},
		{[]Server{mute, good}, "encrypted Verified", "encrypted Verified"},
		{[]Server{bad, none}, "encrypted Trusted", "deferred 4.7.5 no_tlsa_record"},
		{[]Server{mute, bad}, "deferred Untrusted 4.7.5 tlsa-invalid", "deferred Untrusted 4.7.5 tlsa-invalid"},
	} {
		d := trusted(destination(t, tt.servers...), resolve.Secure)
		for level, want := range map[Level]string{Dane: tt.dane, DaneOnly: tt.daneOnly} {
			if got := brief(Predict(c, d, level, 0)); got != want {
				t.Errorf("%s: %s, want %s", level, got, want)
			}
		}
	}
}

// TestDANEWords: status texts, the session under the TLSA base domain, main.cf without DNSSEC, and the end of the queue.
func TestDANEWords(t *testing.T) {
	t.Parallel()
	c := validating(t, Version{3, 10})
	for status, want := range map[dane.Status]string{
		dane.Failed:   "TLSA lookup error for mx1.example.test:25",
		dane.None:     "no TLSA records found",
		dane.Unusable: "TLSA records unusable",
		dane.Mismatch: "Server certificate not verified",
	} {
		d := trusted(destination(t, under(at(10, well()), status, dane.NoRecord)), resolve.Secure)
		if got := Predict(c, d, DaneOnly, 0); got.Text != want || got.Host != "mx1.example.test" {
			t.Errorf("%s: %q, host %q", status, got.Text, got.Host)
		}
		if got := Predict(c, d, DaneOnly, 5*24*time.Hour); got.Outcome != Bounced {
			t.Errorf("%s, five days old: %s", status, got.Outcome)
		}
	}
	s := under(at(10, well()), dane.Match, 0)
	s.DANESession = talk(starttls.StartTLS, starttls.TLSClosed, greets, offers, starts)
	d := trusted(destination(t, s), resolve.Secure)
	if got := brief(Predict(c, d, Dane, 0)); got != "deferred 4.7.5 tls_closed" {
		t.Errorf("under the base domain's name: %s", got)
	}
	if got := brief(Predict(c, d, Encrypt, 0)); got != "encrypted Trusted" {
		t.Errorf("without a name: %s", got)
	}
	for line, want := range map[string]string{
		"dane": "encrypted Trusted", "dane-only": "deferred 4.7.5 dnssec_not_enabled",
	} {
		unsure := configured(t, Version{3, 10}, "smtp_tls_security_level = "+line)
		if got, _ := Current(unsure, d, 0); brief(got) != want {
			t.Errorf("%s without DNSSEC: %s, want %s", line, brief(got), want)
		}
	}
}

// TestUnusableLate: records that Postfix takes for usable until OpenSSL says otherwise. As seen on Postfix 3.7: level
// dane goes on without authentication, with the suites of dane, the security level of encrypt and a word that heeds
// names.
func TestUnusableLate(t *testing.T) {
	t.Parallel()
	unusable := func(s Server, why ...dane.Usability) Server {
		s.DANE = &dane.Outcome{Status: dane.Unusable, Reason: dane.NoUsableRecord, Base: host(t, "mx1.example.test")}
		for _, u := range why {
			r := dane.Record{Usability: u}
			if u == dane.UnknownMatching {
				r.Matching = 255
			}
			s.DANE.Records = append(s.DANE.Records, r)
		}
		return s
	}
	named := func(names ...string) Server {
		c := chain(pkix.Trusted, pkix.ReasonNone, names...)
		return certified(at(10, well()), c, c)
	}
	// TLS 1.0 with an ephemeral key is refused at security level 1 alone.
	old := well()
	old.TLS.Version, old.TLS.Suite = tls.VersionTLS10, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA
	anonymous := certified(at(10, old), nil, chain(pkix.Untrusted, pkix.SelfSigned))
	mine, other := named("mx1.example.test"), named("elsewhere.test")
	for _, tt := range []struct {
		name           string
		release        Version
		server         Server
		dane, daneOnly string
	}{
		{"a digest cut short", Version{3, 7}, unusable(mine, dane.WrongLength), "encrypted Trusted",
			"deferred Untrusted 4.7.5 no_usable_tlsa_record"},
		{"beside another usage", Version{3, 7}, unusable(other, dane.PKIXUsage, dane.BadKey), "encrypted Untrusted",
			"deferred Untrusted 4.7.5 no_usable_tlsa_record"},
		{"another usage alone", Version{3, 7}, unusable(other, dane.PKIXUsage), "encrypted Trusted",
			"deferred 4.7.5 no_usable_tlsa_record"},
		{"a matching type of private use", Version{3, 7}, unusable(other, dane.UnknownMatching), "encrypted Trusted",
			"deferred 4.7.5 no_usable_tlsa_record"},
		{"an unknown selector", Version{3, 7}, unusable(other, dane.UnknownSelector), "encrypted Untrusted",
			"deferred Untrusted 4.7.5 no_usable_tlsa_record"},
		{"wrong name", Version{3, 7}, unusable(other, dane.BadCertificate), "encrypted Untrusted",
			"deferred Untrusted 4.7.5 no_usable_tlsa_record"},
		{"wrong name, newer", Version{3, 10}, unusable(other, dane.BadCertificate), "encrypted Trusted",
			"deferred Untrusted 4.7.5 no_usable_tlsa_record"},
		{"the domain's name", Version{3, 7}, unusable(named("example.test"), dane.WrongLength), "encrypted Trusted",
			"deferred Untrusted 4.7.5 no_usable_tlsa_record"},
		{"wrong name, before OpenSSL had a say", Version{3, 5}, unusable(other, dane.WrongLength), "encrypted Trusted",
			"deferred 4.7.5 no_usable_tlsa_record"},
		{"TLS 1.0", Version{3, 7}, unusable(anonymous, dane.WrongLength), "encrypted Untrusted",
			"deferred 4.7.5 tls_refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := validating(t, tt.release, "smtp_tls_CAfile = /roots")
			d := trusted(destination(t, tt.server), resolve.Secure)
			for level, want := range map[Level]string{Dane: tt.dane, DaneOnly: tt.daneOnly} {
				if got := brief(Predict(c, d, level, 0)); got != want {
					t.Errorf("%s: %s, want %s", level, got, want)
				}
			}
		})
	}
}
