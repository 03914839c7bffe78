package postfix

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
)

// Exception is an entry for smtp_tls_policy_maps, without which a level would stop a destination's mail.
type Exception struct {
	Key    string
	Name   string // the domain for reading, where it is internationalized; "" else
	Policy Policy
	Why    string // the evidence: what would happen without it; one line, it may quote a server
}

// Exceptions are the fewest entries that let mail through at level where it would be deferred or bounced for want of
// TLS: the strongest policy that delivers, weaker level by level. Where verify or secure fails for the name alone, that
// is match= with a name of the provider's that the certificates have. What no level delivers gets no entry, nor does
// what cannot be told. Sorted by key.
func Exceptions(c *Config, level Level, ds []*Destination) []Exception {
	var all []Exception
	seen := map[string]bool{}
	for _, d := range ds {
		p := Predict(c, d, level, 0)
		if key := d.key(); p.Outcome == Deferred || p.Outcome == Bounced {
			if policy, ok := remedy(c, d, level); ok && !seen[key] {
				seen[key] = true
				all = append(all, Exception{Key: key, Name: readable(d), Policy: policy, Why: evidence(level, p)})
			}
		}
	}
	slices.SortFunc(all, func(a, b Exception) int { return strings.Compare(a.Key, b.Key) })
	return all
}

// readable is a destination's name as people write it; "" where that is the key.
func readable(d *Destination) string {
	if text := d.Target.Name.Unicode(); text != d.Target.Name.String() {
		return text
	}
	return ""
}

// remedy is the strongest policy below a level that delivers to a destination.
func remedy(c *Config, d *Destination, level Level) (Policy, bool) {
	var tries []Policy
	if level == Verify || level == Secure {
		if names := commonNames(d); len(names) > 0 {
			tries = append(tries, Policy{Level: Secure, Match: names})
		}
	}
	if level.required() {
		if level.matches() {
			tries = append(tries, Policy{Level: Encrypt})
		}
		tries = append(tries, Policy{Level: May}, Policy{Level: None})
	}
	for _, p := range tries {
		if o := PredictPolicy(c, d, p, 0).Outcome; o == Encrypted || o == Plaintext {
			return p, true
		}
	}
	return Policy{}, false
}

// commonNames are names for match= that cover every server whose chain holds: the provider's domains, as names below
// them. None where a server has no such name.
func commonNames(d *Destination) []string {
	var words []string
	for i := range d.Servers {
		s := &d.Servers[i]
		if s.Level1 == nil || s.Level1.Status != pkix.Trusted {
			continue
		}
		word := providerName(s)
		if word == "" {
			return nil
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return words
}

// providerName is a name to match for one server: ".provider.example" where the certificate has a name below the
// registrable domain of the MX host. A name that has nothing to do with the host proves nothing, and a host's own
// domain is the least that its operator has.
func providerName(s *Server) string {
	if s.Host.IsZero() {
		return ""
	}
	own := s.Host.Registrable()
	for domain := s.Host.Parent(); domain == own || domain.IsSubdomainOf(own); domain = domain.Parent() {
		word := "." + domain.String()
		m, err := pkix.NewMatcher(word)
		if err != nil {
			return ""
		}
		if _, ok := m.Match(s.Level1, s.Host, name.Name{}); ok {
			return word
		}
	}
	return ""
}

// evidence is a prediction in one line.
func evidence(level Level, p Prediction) string {
	text := fmt.Sprintf("%s at level %s", p.Outcome, level)
	if p.Host != "" {
		text += " by " + p.Host
	}
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	if p.Text != "" {
		text += " (" + p.Code + " " + p.Text + ")"
	}
	return text
}

// MapOptions say what stands in the comments of a policy table.
type MapOptions struct {
	Date   time.Time     // of the evidence
	Review time.Duration // after which an entry is to be looked at again; 0 = 90 days
	Type   string        // texthash, hash or lmdb; "" = texthash
	Path   string        // where the table is to stand, absolute; "" = /etc/postfix/tls_policy
	Tables []string      // those that smtp_tls_policy_maps has already (Config.PolicyTables), which go on to count
}

// policyMaps is what smtp_tls_policy_maps is to have: the table behind those that it has.
func (o *MapOptions) policyMaps() string {
	tables := slices.Clone(o.Tables)
	if table := o.Type + ":" + o.Path; !slices.Contains(tables, table) {
		tables = append(tables, table)
	}
	return strings.Join(tables, ", ")
}

// reviewAfter is as long as the certificates of most servers live: by then each has been replaced.
const reviewAfter = 90 * 24 * time.Hour

// WriteMap writes exceptions as the text of a policy table, each with a comment of its evidence and dates. The error
// is w's, or names a type that has no source text.
func WriteMap(w io.Writer, level Level, es []Exception, o MapOptions) error {
	if o.Type == "" {
		o.Type = "texthash"
	}
	if o.Type != "texthash" && o.Type != "hash" && o.Type != "lmdb" {
		return fmt.Errorf("no policy table of type %s can be written: texthash, hash and lmdb can", o.Type)
	}
	if o.Path == "" {
		o.Path = "/etc/postfix/tls_policy"
	}
	if o.Review <= 0 {
		o.Review = reviewAfter
	}
	b := bufio.NewWriter(w)
	date := o.Date.UTC().Format(time.DateOnly)
	fmt.Fprintf(b, "# Exceptions to smtp_tls_security_level = %s, as of %s.\n", level, date)
	fmt.Fprintf(b, "# main.cf: smtp_tls_policy_maps = %s\n", printable(o.policyMaps()))
	if o.Type == "texthash" {
		fmt.Fprintf(b, "# After a change: postfix reload\n")
	} else {
		fmt.Fprintf(b, "# After a change: postmap %s:%s\n", o.Type, o.Path)
	}
	review := o.Date.Add(o.Review).UTC().Format(time.DateOnly)
	for _, e := range es {
		why := printable(e.Why)
		if e.Name != "" {
			why = e.Name + ": " + why // a name has no characters but letters, digits and marks
		}
		fmt.Fprintf(b, "\n# %s\n# seen %s, review by %s\n%s %s\n", why, date, review, e.Key, e.Policy)
	}
	return b.Flush()
}

// printable keeps a text on its line: what a server said must not begin another.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
