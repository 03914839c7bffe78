package change

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/verdict"
)

// Between are the changes from one state of a domain to a later one, in the order of their codes.
func Between(domain string, was, is *State) []Change {
	d := &differ{domain: domain, was: was, is: is}
	switch {
	case was == nil:
		d.add(Added, false, "", is.class.String())
		d.changes[0].Noise = true
		return d.changes
	case is == nil:
		d.add(Removed, true, was.class.String(), "")
		return d.changes
	}
	d.mail()
	d.certificates()
	d.dnssec()
	d.policies()
	slices.SortStableFunc(d.changes, func(a, b Change) int { return int(a.Code) - int(b.Code) })
	return d.changes
}

type differ struct {
	domain  string
	was, is *State
	changes []Change
}

func (d *differ) add(c Code, noise bool, was, is string) {
	d.changes = append(d.changes, Change{d.domain, c, was, is, noise})
}

// oneOfMany reports whether n of so many is what one machine does among its like.
func oneOfMany(n, of int) bool { return n == 1 && of >= 3 }

// worse reports whether n of so many is news: there were none before, or but one among many, which was noise then.
func worse(was, wasOf, is, isOf int) bool {
	return is > 0 && (was == 0 || oneOfMany(was, wasOf) && !oneOfMany(is, isOf) && is > was)
}

// orSome is a state in words where there are none, and how many there are else.
func orSome(none string, n, of int, some string) string {
	if n == 0 {
		return none
	}
	return fmt.Sprintf("%d of %d %s", n, of, some)
}

// takesMail are the classes of domains that have mail servers.
func takesMail(c verdict.Class) bool {
	switch c {
	case verdict.ClassFull, verdict.ClassPartial, verdict.ClassPlain, verdict.ClassUnknown:
		return true
	}
	return false
}

// told are the classes that say whether mail is encrypted.
func told(c verdict.Class) bool { return takesMail(c) && c != verdict.ClassUnknown }

// mail compares whether the domain takes mail, and encrypted.
func (d *differ) mail() {
	was, is := d.was.class, d.is.class
	gone := is == verdict.ClassNone || is == verdict.ClassNull
	switch {
	case takesMail(was) && gone:
		d.add(DomainGone, false, was.String(), is.String())
	case takesMail(is) && (was == verdict.ClassNone || was == verdict.ClassNull):
		d.add(DomainBack, false, was.String(), is.String())
	case told(was) && !told(is):
		d.add(NoLongerTold, true, was.String(), is.String())
	case !told(was) || !told(is):
	case is == verdict.ClassPartial && was != verdict.ClassPlain && worse(d.was.plain, d.was.servers, d.is.plain, d.is.servers):
		d.add(PartlyPlaintext, oneOfMany(d.is.plain, d.is.servers),
			orSome("all encrypt", d.was.plain, d.was.servers, "do not"), orSome("", d.is.plain, d.is.servers, "do not"))
	case was == is:
	case is == verdict.ClassPlain:
		d.add(NewlyPlaintext, false, was.String(), is.String())
	case is == verdict.ClassFull:
		d.add(NewlyEncrypted, oneOfMany(d.was.plain, d.was.servers), was.String(), is.String())
	case was == verdict.ClassPlain:
		d.add(NewlyEncrypted, false, was.String(), is.String())
	}
	if d.was.via != "" && d.is.via != "" && d.was.via != d.is.via {
		d.add(ProviderChanged, false, d.was.via, d.is.via)
	}
}

// certificates compares what servers show.
func (d *differ) certificates() {
	was, is := d.was, d.is
	if was.chains == 0 || is.chains == 0 {
		return
	}
	switch {
	case worse(was.untrusted, was.chains, is.untrusted, is.chains):
		d.add(BecameUntrusted, oneOfMany(is.untrusted, is.chains),
			was.distrust(), is.distrust())
	case was.untrusted > 0 && is.untrusted == 0:
		d.add(BecameTrusted, oneOfMany(was.untrusted, was.chains), was.distrust(), is.distrust())
	}
	if worse(was.misnamed, was.chains, is.misnamed, is.chains) {
		d.add(NameNoLongerFits, oneOfMany(is.misnamed, is.chains),
			orSome("name matches", was.misnamed, was.chains, "for other names"), orSome("", is.misnamed, is.chains, "for other names"))
	}
	if is.expiresSoon && !was.expiresSoon {
		d.add(WillExpire, false, until(was.earliest), until(is.earliest))
	}
	added := func(list, in []string) (more []string) {
		for _, s := range list {
			if !slices.Contains(in, s) {
				more = append(more, s)
			}
		}
		return more
	}
	same := (was.untrusted > 0) == (is.untrusted > 0) // else that is what there is to say
	switch issuers := added(is.issuers, was.issuers); {
	case len(issuers) > 0 && same:
		d.add(IssuerChanged, oneOfMany(len(issuers), is.chains), strings.Join(was.issuers, ", "), strings.Join(is.issuers, ", "))
	case len(added(is.leaves, was.leaves)) > 0:
		d.add(CertificateRenewed, true, until(was.earliest), until(is.earliest))
	}
}

// distrust is how many certificates are not trusted, and why, in words.
func (s *State) distrust() string {
	text := orSome("trusted", s.untrusted, s.chains, "untrusted")
	if len(s.reasons) > 0 {
		text += ": " + strings.Join(s.reasons, ", ")
	}
	return text
}

func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return "until " + t.UTC().Format(time.DateOnly)
}

// dnssec compares whether DNSSEC lets answers pass at all.
func (d *differ) dnssec() {
	was, is := d.was, d.is
	switch {
	case is.bogusMX && !was.bogusMX, !is.bogusMX && !was.bogusMX && worse(was.bogus, was.places, is.bogus, is.places):
		d.add(DNSSECBroken, !is.bogusMX && oneOfMany(is.bogus, is.places), was.dnssec(), is.dnssec())
	case (was.bogusMX || was.bogus > 0) && !is.bogusMX && is.bogus == 0 && is.class != verdict.ClassFailed:
		d.add(DNSSECMended, !was.bogusMX && oneOfMany(was.bogus, was.places), was.dnssec(), is.dnssec())
	}
}

// dnssec is what DNSSEC makes of the answers, in words.
func (s *State) dnssec() string {
	if s.bogusMX {
		return "MX answer bogus"
	}
	return orSome("none bogus", s.bogus, s.places, "bogus")
}

// policies compares what the domain publishes.
func (d *differ) policies() {
	was, is := d.was, d.is
	relied := func(l dane.Level) bool { return l == dane.Full || l == dane.Half || l == dane.Partial }
	broken := func(l dane.Level) bool { return l == dane.Degraded || l == dane.Failing || l == dane.TLSOnly }
	switch {
	case (relied(was.dane) || was.dane == dane.Absent) && broken(is.dane),
		was.dane != dane.Failing && is.dane == dane.Failing:
		d.add(DANEBroken, false, was.dane.String(), is.dane.String())
	case (relied(was.dane) || broken(was.dane)) && is.dane == dane.Absent, was.dane == dane.Full && (is.dane == dane.Half || is.dane == dane.Partial):
		d.add(DANEGone, false, was.dane.String(), is.dane.String())
	case (was.dane == dane.Absent || broken(was.dane)) && relied(is.dane):
		d.add(DANENew, false, was.dane.String(), is.dane.String())
	}
	invalid := func(s mtasts.Status) bool { return s == mtasts.Invalid || s == mtasts.FetchError }
	switch {
	case (was.sts == mtasts.Valid || was.sts == mtasts.None) && invalid(is.sts):
		d.add(STSBroken, false, was.policy(), is.sts.String())
	case was.sts == mtasts.Valid && is.sts == mtasts.None:
		d.add(STSGone, false, was.policy(), is.sts.String())
	case is.sts == mtasts.Valid && (was.sts == mtasts.None || invalid(was.sts)):
		d.add(STSNew, false, was.sts.String(), is.policy())
	case was.sts == mtasts.Valid && is.sts == mtasts.Valid && is.mode < was.mode:
		d.add(STSWeaker, false, was.policy(), is.policy())
	}
	if is.sts == mtasts.Valid && was.policyID == is.policyID && was.policyBody != "" && was.policyBody != is.policyBody {
		d.add(STSSameID, false, is.policyID, "another policy under the same id")
	}
	failed := was.stsFailing
	if was.mode != mtasts.Enforce {
		failed = 0 // mail went there all the same
	}
	if is.mode == mtasts.Enforce && worse(failed, was.servers, is.stsFailing, is.servers) {
		d.add(STSServersFail, oneOfMany(is.stsFailing, is.servers),
			orSome("all get mail", failed, was.servers, "fail"), orSome("", is.stsFailing, is.servers, "fail"))
	}
}

// policy is an MTA-STS policy in two words, or that there is none.
func (s *State) policy() string {
	if s.sts != mtasts.Valid {
		return s.sts.String()
	}
	return "mode " + s.mode.String()
}
