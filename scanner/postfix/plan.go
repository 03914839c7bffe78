package postfix

import (
	"slices"
	"strings"
	"time"

	"mxtls/scanner/pkix"
)

// A plan is what holds for one delivery: a policy with main.cf's settings where it says nothing.
type plan struct {
	cfg       *Config
	policy    Policy
	level     Level
	age       time.Duration
	protocols Protocols
	grade     string
	exclude   []string
	names     pkix.Matcher
	wildcards []string // those of the names to match
	prints    []string // fingerprints to match
	tafile    bool
	// credentials says that there is a password for the destination, which is not to go out in plain text.
	credentials bool
	half        bool // level dane under an insecure MX answer
	late        bool // level dane with records that OpenSSL alone finds unusable
}

// newPlan puts a policy and the configuration together (set_cipher and policy_create in smtp_tls_policy.c).
func newPlan(c *Config, p Policy, age time.Duration) plan {
	n := plan{cfg: c, policy: p, level: p.Level, age: age, protocols: c.Protocols, grade: c.Ciphers}
	n.tafile = len(p.TAFiles) > 0 || c.TAFile != ""
	n.exclude = append(n.exclude, c.Exclude...)
	if p.Level.required() {
		n.protocols, n.grade = c.MandatoryProtocols, c.MandatoryCiphers
		n.exclude = append(n.exclude, c.MandatoryExclude...)
	}
	if p.ExcludeSet {
		n.exclude = append(n.exclude[:0:0], p.Exclude...)
	}
	if p.Protocols != "" {
		n.protocols, _ = parseProtocols(p.Protocols, c.Postfix)
	}
	if p.Ciphers != "" {
		n.grade = strings.ToLower(p.Ciphers)
	}
	if c.Postfix.AtLeast(3, 8) {
		n.exclude = append(n.exclude, goneMedium...)
	}
	if p.Level.matches() {
		n.exclude = append(n.exclude, "aNULL")
	}
	switch {
	case p.Level == Fingerprint:
		if n.prints = p.Match; len(n.prints) == 0 {
			n.prints = c.Fingerprints
		}
	case len(p.Match) > 0:
		n.names, _ = newMatcher(p.Match)
		n.wildcards = wildcards(p.Match)
	case p.Level == Verify:
		n.names, n.wildcards = c.verify, wildcards(c.VerifyMatch)
	case p.Level == Secure:
		n.names, n.wildcards = c.secure, wildcards(c.SecureMatch)
	}
	return n
}

// wildcards are the words that begin with "*.".
func wildcards(words []string) (all []string) {
	for _, w := range words {
		if strings.HasPrefix(w, "*.") {
			all = append(all, w)
		}
	}
	return all
}

// anonymous reports whether suites without a certificate are offered.
func (n *plan) anonymous() bool { return slices.ContainsFunc(anonymousSuites, n.offers) }

// offers reports whether a suite is offered.
func (n *plan) offers(suite string) bool { return !n.forbids(suite) }

// futile is why no handshake can succeed, whatever the server: a setting that Postfix cannot read; "" when one can.
func (n *plan) futile() string {
	switch {
	case n.protocols.bad:
		return ProtocolNotAllowed
	case !slices.Contains(grades, n.grade), n.nothing():
		return CipherNotAllowed
	}
	return ""
}

// nothing reports whether no suite is left to offer, which is an error even where TLS 1.3 would do without: its suites
// are no part of the list (SSL_CTX_set_cipher_list(3)).
func (n *plan) nothing() bool {
	if n.grade == "null" {
		return n.level == Encrypt || excluded("NULL-SHA", n.exclude) // which adds eNULL to what is excluded
	}
	return !slices.ContainsFunc(olderSuites, n.offers)
}

// fallsBack reports whether a message is old enough to be sent in plain text after TLS broke (RETRY_AS_PLAINTEXT in
// smtp_proto.c; Postfix 2.11 and before did so at once).
func (n *plan) fallsBack() bool {
	return n.level == May && !n.credentials && (n.age >= n.cfg.MinimalBackoff || !n.cfg.Postfix.AtLeast(3, 0))
}
