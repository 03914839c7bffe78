package postfix

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
)

// Predict foretells what becomes of a message of an age to a destination, if main.cf said level and no policy table had
// an entry for it.
func Predict(c *Config, d *Destination, level Level, age time.Duration) Prediction {
	return PredictPolicy(c.supposing(level), d, Policy{Level: level}, age)
}

// Current is the prediction for the configuration as it is: by the entry of its policy tables where there is one, else
// by its level. A table that could not be read is passed over; Remarks tells.
//
// Where smtp(8) does not start, mail waits in the queue until somebody mends main.cf.
func Current(c *Config, d *Destination, age time.Duration) (Prediction, Policy) {
	if c.NotStarted != "" {
		return Prediction{Outcome: Deferred, Reason: NotStarted, Text: "smtp(8) does not start: " + c.NotStarted},
			Policy{Level: c.Level}
	}
	switch e, ok := c.entry(d); {
	case !ok:
		p := Policy{Level: c.Level}
		return PredictPolicy(c, d, p, age), p
	case e.Err != nil:
		return refused(c, d, PolicyInvalid, age), *e.Policy
	default:
		return PredictPolicy(c, d, *e.Policy, age), *e.Policy
	}
}

// Listed reports whether a policy table decides what becomes of mail to a destination: the level of main.cf has no say
// there then.
func (c *Config) Listed(d *Destination) bool {
	_, ok := c.entry(d)
	return ok
}

// entry is what the policy tables say of a destination. Each key is looked for in all tables before the next, shorter
// key is (maps_find in maps.c), and a table that Postfix refuses ends the search with an error.
func (c *Config) entry(d *Destination) (Entry, bool) {
	for key := range keys(d.Target) {
		for _, m := range c.Policies {
			if m.Refused != "" {
				return Entry{Policy: &Policy{}, Err: errors.New(m.Refused)}, true
			}
			if i, ok := m.byKey[key]; ok {
				return m.Entries[i], true
			}
			if m.all != nil {
				return *m.all, true
			}
		}
	}
	return Entry{}, false
}

// PredictPolicy foretells what becomes of a message of an age to a destination under a policy.
func PredictPolicy(c *Config, d *Destination, p Policy, age time.Duration) Prediction {
	return c.elsewhere(predict(c, d, p, age))
}

// elsewhere is what the settings make of an attempt that came to nothing: a relay of last resort gets the message,
// about whose TLS nothing is known here, and nothing bounces.
func (c *Config) elsewhere(p Prediction) Prediction {
	// A server's own refusal, which names it, is final.
	if c.FallbackRelay != "" && (p.Outcome == Deferred || p.Outcome == Bounced && p.Host == "") {
		return Prediction{Reason: FallbackRelay}
	}
	if c.SoftBounce && p.Outcome == Bounced && strings.HasPrefix(p.Code, "5") {
		p.Outcome, p.Code = Deferred, "4"+p.Code[1:]
	}
	return p
}

func predict(c *Config, d *Destination, p Policy, age time.Duration) Prediction {
	if end := route(c, d); end != nil {
		return expire(c, *end, age)
	}
	switch {
	case c.Wrapper && p.Level != LevelUnknown && !p.Level.required():
		return expire(c, Prediction{Outcome: Deferred, Code: "4.3.0", Reason: Wrapped,
			Text: "server unavailable or unable to receive mail"}, age)
	case p.Level > None && p.Servername == "" && c.Servername != "" && !validHostname(c.Servername):
		return refused(c, d, ServernameInvalid, age)
	case p.Level == LevelUnknown:
		return Prediction{Reason: UnknownLevel}
	}
	n := newPlan(c, p, age)
	n.credentials = c.Credentials && d.Target == c.relay
	if p.Level == Fingerprint && len(n.prints) == 0 {
		return refused(c, d, FingerprintsMissing, age)
	}
	first := n.deliver(d)
	if first.Outcome != Deferred || p.Level != May && p.Level != Dane || n.fallsBack() {
		return expire(c, first, age)
	}
	n.age = c.MinimalBackoff
	if later := n.deliver(d); later.Outcome == Plaintext && c.MinimalBackoff < c.MaximalQueueLifetime {
		later.After = c.MinimalBackoff
		return later
	}
	return expire(c, first, age)
}

// refused is what Postfix does where it cannot make sense of the destination's policy: no connection.
func refused(c *Config, d *Destination, reason string, age time.Duration) Prediction {
	if end := route(c, d); end != nil {
		return expire(c, *end, age)
	}
	p := Prediction{Outcome: Deferred, Code: "4.7.5", Text: "client TLS configuration problem", Reason: reason}
	return c.elsewhere(expire(c, p, age))
}

// expire bounces what would be deferred once too often (qmgr(8)).
func expire(c *Config, p Prediction, age time.Duration) Prediction {
	if p.Outcome == Deferred && age >= c.MaximalQueueLifetime {
		p.Outcome = Bounced
	}
	return p
}

// route is the end of a message that finds no address to go to (smtp_domain_addr in smtp_addr.c); nil when it does. A
// relay that is not found is taken for a mistake of main.cf's, which nobody's mail is to bounce for (smtp_connect.c).
func route(c *Config, d *Destination) *Prediction {
	end := routeEnd(c, d)
	if end != nil && end.Outcome == Bounced && d.Target == c.relay {
		end.Outcome, end.Code = Deferred, "4.3.5"
	}
	return end
}

func routeEnd(c *Config, d *Destination) *Prediction {
	switch {
	case d.MX == nil:
		return &Prediction{Reason: NotRouted}
	case c.NoDNS && !d.Target.Direct:
		return &Prediction{Reason: NoMXLookup} // mail goes to the domain's own address, where we did not look
	}
	domain := d.Target.Name.String()
	reason := d.MX.Reason.String()
	switch d.MX.Kind {
	case mx.Listed, mx.Implicit:
		return unreachable(c, d)
	case mx.Null:
		return &Prediction{Outcome: Bounced, Code: "5.1.0", Reason: reason,
			Text: "Domain " + domain + " does not accept mail (nullMX)"}
	case mx.None:
		found := "Host not found"
		if d.MX.Reason == mx.NoMailHost {
			found = "Host found but no data record of requested type"
		}
		return &Prediction{Outcome: Bounced, Code: "5.4.4", Reason: reason, Text: nameError(domain, c.addressType(), found)}
	case mx.Failed:
		if d.MX.Reason == mx.LookupCNAMELoop {
			return &Prediction{Outcome: Bounced, Code: "5.4.4", Reason: reason, Text: "Name server loop for " + domain}
		}
		if !temporary(d.MX.Reason) {
			return &Prediction{Reason: reason}
		}
		asked := "MX"
		if d.Target.Direct {
			asked = c.addressType()
		}
		return &Prediction{Outcome: Deferred, Code: "4.4.3", Reason: reason,
			Text: nameError(domain, asked, "Host not found, try again")}
	}
	return &Prediction{Reason: orElse(reason, NotRouted)}
}

// unreachable is the end where mail hosts are named and none has an address that Postfix may use; nil when one does or
// may have one. Every host that does not exist is a hard error, one that could not be looked up makes it soft.
func unreachable(c *Config, d *Destination) *Prediction {
	end := Prediction{Outcome: Bounced, Code: "5.4.4", Reason: mx.HostMalformed.String(), Text: fmt.Sprintf(
		"Name service error for name=%s type=MX: Malformed or unexpected name server reply", d.Target.Name)}
	soft, unclear := false, false
	for i := range d.Servers {
		s := &d.Servers[i]
		switch {
		case s.Addr.IsValid() && c.uses(s.Addr.Addr()):
			return nil
		case s.NoAddress == mx.HostMalformed:
			continue // Postfix drops the record
		case s.NoAddress == mx.HostNotFound:
			end.Code, end.Text = "5.4.4", nameError(s.Label, c.addressType(), "Host not found")
		case s.NoAddress == mx.LookupCNAMELoop:
			end.Code, end.Text = "5.4.4", "Name server loop for "+s.Label
		case temporary(s.NoAddress):
			soft = true
			end.Code, end.Text = "5.4.3", nameError(s.Label, c.addressType(), "Host not found, try again")
		case s.NoAddress == mx.HostNoAddress || s.Addr.IsValid():
			end.Code = "5.4.4"
			end.Text = nameError(s.Label, c.addressType(), "Host found but no data record of requested type")
		default:
			unclear = true
		}
		end.Reason = cmp.Or(s.NoAddress, mx.HostNoAddress).String()
	}
	switch {
	case unclear || d.MX.Dropped > 0:
		return &Prediction{Reason: end.Reason}
	case soft || c.DeferNoAddress:
		end.Outcome, end.Code = Deferred, "4"+end.Code[1:]
	}
	return &end
}

// nameError is how Postfix words a lookup that failed.
func nameError(name, kind, found string) string {
	return fmt.Sprintf("Host or domain name not found. Name service error for name=%s type=%s: %s", name, kind, found)
}

// addressType is the kind of address record that is looked up last, which the log names.
func (c *Config) addressType() string {
	if c.IPv6 {
		return "AAAA"
	}
	return "A"
}

// temporary reports whether a lookup that failed for us would make Postfix try again later. What only we ran into, or
// what its resolver may see otherwise, is not among them.
func temporary(r mx.Reason) bool {
	switch r {
	case mx.LookupTimeout, mx.LookupServFail, mx.LookupRefused, mx.LookupBogus:
		return true
	}
	return false
}

// deliver is one delivery attempt: the steps at all addresses, in any order that Postfix may try them in.
func (n *plan) deliver(d *Destination) Prediction {
	var nexthop name.Name
	if nexthop = d.Target.Name; d.Target.Addr.IsValid() {
		nexthop = name.Name{}
	}
	var steps []step
	for i := range d.Servers {
		s := &d.Servers[i]
		switch {
		case s.Addr.IsValid() && n.cfg.uses(s.Addr.Addr()):
			if n.level.dane() {
				steps = append(steps, n.attemptDANE(d, s, nexthop))
				continue
			}
			steps = append(steps, n.attempt(s, nexthop))
		case !s.Addr.IsValid() && !settled(s.NoAddress):
			steps = append(steps, step{server: s, outcome: Unknown, reason: s.NoAddress.String()})
		}
	}
	p := settle(n.cfg, steps)
	hosts, addresses := d.MX.Dropped > 0, slices.ContainsFunc(d.MX.Hosts, func(h mx.Host) bool { return h.Dropped > 0 })
	switch {
	case addresses && !n.cfg.Balance:
		return Prediction{Reason: p.Reason} // which were looked at was chosen as if it were set
	case p.Outcome == Deferred && (hosts || addresses) && (n.cfg.AddressLimit == 0 || len(steps) < n.cfg.AddressLimit):
		return Prediction{Reason: p.Reason} // those that were not looked at come next
	}
	return p
}

// settled reports whether it is known that Postfix finds no address for a host either.
func settled(r mx.Reason) bool {
	switch r {
	case mx.HostMalformed, mx.HostNotFound, mx.HostNoAddress, mx.LookupCNAMELoop:
		return true
	}
	return temporary(r)
}
