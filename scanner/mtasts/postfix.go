package mtasts

import (
	"strings"

	"mxtls/scanner/name"
)

// LegacyMatch is what the usual plugins put into Postfix's TLS policy for a domain, as postfix-mta-sts-resolver
// (responder.py) and postfix-tlspol (mta-sts.go) do: "secure match=.example.net:mx.example.com servername=hostname".
// It is "" where they answer with nothing, so that main.cf's own level holds: in modes other than enforce. (So they do
// for all that is not Valid, but see Outcome.Disputed.)
//
// It is laxer than RFC 8461. "*.example.net" becomes ".example.net", which Postfix takes for names at any depth; and
// any MX host will do whose certificate has any of the names. The resolver leaves servername out unless told.
func (p Policy) LegacyMatch() string {
	if p.Mode != Enforce || len(p.MX) == 0 {
		return ""
	}
	words := make([]string, len(p.MX))
	for i, mx := range p.MX {
		words[i] = strings.TrimPrefix(mx.String(), "*")
	}
	return "secure match=" + strings.Join(words, ":") + " servername=hostname"
}

// PostfixAttributes are what the plugins add for Postfix 3.10 and later when told to, but for the policy's text, which
// only reports (RFC 8460) have a use for. From 3.10.5 on
// they make Postfix hold MX hosts against the patterns as RFC 8461 4.1 has it (smtp_tls_enforce_sts_mx_patterns);
// releases before 3.10 refuse the whole policy for them. It is "" where LegacyMatch is.
func (p Policy) PostfixAttributes(domain name.Name) string {
	if p.LegacyMatch() == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString("policy_type=sts policy_domain=" + domain.String())
	for _, mx := range p.MX {
		b.WriteString(" mx_host_pattern=" + mx.String())
	}
	return b.String()
}
