package postfix

import (
	"slices"

	"mxtls/scanner/dane"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
)

// supposing is the configuration with what main.cf would mean if it said level. With dane or dane-only comes
// smtp_dns_support_level = dnssec, without which they are nothing (Advice says so); a main.cf that has one of them is
// taken at its word.
func (c *Config) supposing(level Level) *Config {
	if !level.dane() || c.Level.dane() {
		return c
	}
	with := *c
	with.DNSSEC = true
	if !c.insecureMXSet {
		with.InsecureMXPolicy = Dane // the default beside level dane; dane-only never comes to it
	}
	return &with
}

// dane reports whether the level looks for TLSA records.
func (l Level) dane() bool { return l == Dane || l == DaneOnly }

// attemptDANE foretells what comes of one address at the levels dane and dane-only: TLSA records decide at what level
// it is tried, if at all (dane_init in smtp_tls_policy.c).
func (n *plan) attemptDANE(d *Destination, s *Server, nexthop name.Name) step {
	unsigned := d.MX.Kind == mx.Listed && d.MX.Trust == resolve.Insecure
	insecureMX := n.cfg.InsecureMXPolicy
	if !n.cfg.Postfix.AtLeast(3, 1) {
		insecureMX = May // before there was the parameter
	}
	o := s.DANE
	switch {
	case !n.cfg.DNSSEC:
		return n.without(s, nexthop, May, NoDNSSEC, "client TLS configuration problem")
	case o == nil:
		return n.ended(s, unknown(DaneNotChecked))
	case o.Reason == dane.ResolverNotTrusted: // who says that nothing is signed may not have looked
		return n.ended(s, unknown(o.Reason.String()))
	case unsigned && (n.level == DaneOnly || insecureMX == May):
		return n.without(s, nexthop, May, MXInsecure, "non DNSSEC destination")
	case d.MX.Kind == mx.Listed && d.MX.Trust != resolve.Secure && !unsigned:
		return n.ended(s, unknown(dane.ResolverNotTrusted.String()))
	}
	switch o.Status {
	case dane.Failed:
		return n.ended(s, skip("4.7.5", o.Reason.String(), "TLSA lookup error for %s:%d", s.Label, s.Addr.Port()))
	case dane.None, dane.Insecure:
		return n.without(s, nexthop, May, o.Reason.String(), "no TLSA records found")
	case dane.Unusable:
		if !n.tooLate(o) {
			return n.without(s, nexthop, Encrypt, o.Reason.String(), "TLSA records unusable")
		}
	case dane.StatusUnknown:
		if len(o.Records) == 0 {
			return n.ended(s, unknown(orElse(o.Reason.String(), DaneNotChecked)))
		}
	}
	if unsigned && insecureMX == Encrypt {
		return n.at(Encrypt).attempt(s, nexthop)
	}
	m := *n
	m.half, m.late = unsigned, o.Status == dane.Unusable && n.level == Dane
	if s.DANESession == nil {
		return m.attempt(s, nexthop)
	}
	named := *s
	named.Session = s.DANESession
	st := m.attempt(&named, nexthop)
	st.server = s
	return st
}

// tooLate reports whether Postfix finds only in the handshake that no record can be used: since 3.6 (tls_dane.c) it
// looks at no more than the usage, and for the matching type of private use, when it reads a record, and leaves the rest
// to OpenSSL (SSL_dane_tlsa_add).
func (n *plan) tooLate(o *dane.Outcome) bool {
	const private = 255 // RFC 7218 2.3
	return n.cfg.Postfix.AtLeast(3, 6) && slices.ContainsFunc(o.Records, func(r dane.Record) bool {
		return r.Usability > dane.UnknownUsage && r.Matching != private
	})
}

// without is a server at which there is no DANE: level dane makes do with another level, dane-only goes on to the next
// server without a connection.
func (n *plan) without(s *Server, nexthop name.Name, level Level, reason, text string) step {
	if n.level == DaneOnly {
		return n.ended(s, skip("4.7.5", reason, "%s", text))
	}
	return n.at(level).attempt(s, nexthop)
}

// ended is a step that was decided before there was a connection.
func (n *plan) ended(s *Server, st *step) step {
	st.server = s
	return *st
}

// at is the plan at another level: what the policy says beside its level stands.
func (n *plan) at(level Level) *plan {
	p := n.policy
	p.Level = level
	m := newPlan(n.cfg, p, n.age)
	return &m
}

// matchDANE judges at the levels dane and dane-only. Since 3.1 a server that an insecure MX answer named is held to its
// records all the same and not called Verified (TLS_LEV_HALF_DANE).
func (n *plan) matchDANE(s *Server, nexthop name.Name) belief {
	o := s.DANE
	switch o.Status {
	case dane.Match:
		if n.half {
			return belief{word: Trusted}
		}
		return belief{word: Verified}
	case dane.Mismatch:
	case dane.Unusable:
		return n.fallback(s, nexthop)
	default:
		return belief{unknown: true, reason: orElse(o.Reason.String(), HandshakeNotSeen)}
	}
	b := belief{word: Untrusted, refused: true, reason: o.Reason.String()}
	if o.Reason == dane.HostMismatch && o.Chain.Status == pkix.Trusted && n.cfg.Postfix.AtLeast(3, 9) {
		b.word = Trusted // as in match
	}
	return b
}

// fallback is a session that began in the belief that there are usable records. Level dane goes on without: at OpenSSL's
// security level of encrypt, with the suites and the names to match of dane ("all TLSA records unusable, fallback to
// unauthenticated TLS", tls_client.c).
func (n *plan) fallback(s *Server, nexthop name.Name) belief {
	if n.level == DaneOnly {
		return belief{word: Untrusted, refused: true, reason: s.DANE.Reason.String()}
	}
	c := s.Level0
	if c == nil { // with suites that need no certificate there is none
		c = s.Level1
	}
	b := belief{word: n.word(c)}
	if b.word != Trusted || n.cfg.Postfix.AtLeast(3, 9) { // as in match
		return b
	}
	_, base := c.MatchHost(s.DANE.Base)
	if _, next := c.MatchHost(nexthop); !base && !next {
		b.word = Untrusted
	}
	return b
}
