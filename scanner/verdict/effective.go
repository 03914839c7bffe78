package verdict

import (
	"fmt"

	"mxtls/scanner/dane"
	"mxtls/scanner/internal/enum"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/mx"
	"mxtls/scanner/resolve"
)

// Rule is what a sender goes by when it delivers to a domain.
type Rule uint8

// Rules, from the strictest on.
const (
	RuleUnknown   Rule = iota
	ByDANE             // the TLSA records of every host
	ByDANEAndSTS       // the TLSA records of the hosts that have them, the policy for the others
	ByBoth             // the policy and the TLSA records, both must hold
	BySTS              // the policy
	ByDANEPartly       // the TLSA records of the hosts that have them, opportunistic TLS for the others
	Opportunistic      // TLS where it is offered, with whomever
	NoMail             // nothing is delivered: there is no mail host
)

var ruleWords = enum.Words{
	"unknown", "dane", "dane+mta-sts", "dane&mta-sts", "mta-sts", "dane_partly", "opportunistic", "none",
}

func (r Rule) String() string               { return enum.String("rule", ruleWords, r) }
func (r Rule) MarshalText() ([]byte, error) { return enum.Marshal("rule", ruleWords, r) }
func (r *Rule) UnmarshalText(t []byte) error {
	return enum.Unmarshal("rule", ruleWords, r, t)
}

// Effective is what senders of several kinds go by for one domain.
type Effective struct {
	RFC        Rule // RFC 7672 and 8461: the policy where there are no TLSA records (8461 2)
	Postfix    Rule // at level dane, with no plugin: it knows no MTA-STS
	PostfixMap Rule // with postfix-tlspol in smtp_tls_policy_maps: DANE first, else an enforced policy
	Mox        Rule // TLSA records under a signed MX answer only; a policy holds beside them
}

// EffectiveOf is what senders go by for a domain. It is unknown where the DNS does not tell.
func EffectiveOf(f *Facts) Effective {
	switch f.MX.Kind {
	case mx.Listed, mx.Implicit:
	case mx.Null, mx.None:
		return Effective{NoMail, NoMail, NoMail, NoMail}
	default:
		return Effective{}
	}
	all, some, known := tlsaCover(f.Servers)
	if !known {
		return Effective{}
	}
	enforced := f.Policy.Status == mtasts.Valid && f.Policy.Mode == mtasts.Enforce
	unclear := f.STS == nil || f.Policy.Status == mtasts.StatusUnknown
	alone := ruleFor(all, some, false)
	e := Effective{RFC: ruleFor(all, some, enforced), Postfix: alone, PostfixMap: alone, Mox: ruleFor(false, false, enforced)}
	if !some && enforced {
		e.PostfixMap = BySTS
	}
	if signed := f.MX.Trust == resolve.Secure || f.MX.Kind == mx.Implicit; signed && some {
		if e.Mox = alone; enforced {
			e.Mox = ByBoth
		}
	}
	if unclear { // a policy would have a say
		if e.RFC != ByDANE {
			e.RFC = RuleUnknown
		}
		if !some {
			e.PostfixMap = RuleUnknown
		}
		e.Mox = RuleUnknown
	}
	return e
}

// tlsaCover reports whether all servers, or some, have TLSA records that senders go by. Where none can be used, TLS is
// wanted with whomever, and a policy is not overruled (RFC 7672 2.2, RFC 8461 2).
func tlsaCover(servers []Server) (all, some, known bool) {
	all, known = true, true
	any := false
	for i := range servers {
		s := &servers[i]
		if !s.Addr.IsValid() {
			continue
		}
		any = true
		switch {
		case s.DANE.Status == dane.None || s.DANE.Status == dane.Insecure || s.DANE.Status == dane.Unusable:
			all = false
		case s.TLSA.Found:
			some = true
		default:
			known = false
		}
	}
	return all && any, some, known && any
}

func ruleFor(all, some, enforced bool) Rule {
	switch {
	case all:
		return ByDANE
	case some && enforced:
		return ByDANEAndSTS
	case enforced:
		return BySTS
	case some:
		return ByDANEPartly
	}
	return Opportunistic
}

// Text says in one line who goes by what, where they differ; "" where they do not.
func (e Effective) Text() string {
	if e.RFC == e.Postfix && e.RFC == e.PostfixMap && e.RFC == e.Mox {
		return ""
	}
	return fmt.Sprintf("by the RFCs %s, Postfix at dane %s, with postfix-tlspol %s, mox %s",
		e.RFC.inWords(), e.Postfix.inWords(), e.PostfixMap.inWords(), e.Mox.inWords())
}

func (r Rule) inWords() string {
	return [...]string{
		"cannot be told", "DANE", "DANE, and MTA-STS where there is none", "DANE and MTA-STS together", "MTA-STS",
		"DANE with some servers, any TLS with others", "any TLS", "no mail",
	}[r]
}
